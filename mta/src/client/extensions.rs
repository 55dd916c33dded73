//! What a peer offers in its answer to EHLO.
//!
//! Each line is read on its own by `smtp-proto`, so a line that makes no sense costs that extension only.
//! Invariant: nothing is assumed that the peer did not say. What was said before TLS is forgotten after it.
//! Failure: none.

use smtp_proto::{
    EXT_8BIT_MIME, EXT_CHUNKING, EXT_DSN, EXT_ENHANCED_STATUS_CODES, EXT_PIPELINING, EXT_SIZE,
    EXT_SMTP_UTF8, EXT_START_TLS, EhloResponse,
};

use super::reply::RawReply;

/// The extensions of one session; each row is a capability and its standard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Extensions {
    /// STARTTLS.
    // RFC 3207 §3
    pub starttls: bool,
    /// PIPELINING: commands in groups.
    // RFC 2920 §3
    pub pipelining: bool,
    /// SIZE, with the limit in octets where the peer names one.
    // RFC 1870 §4
    pub size: bool,
    /// The limit of SIZE; none when absent or 0.
    pub size_limit: Option<u64>,
    /// 8BITMIME.
    // RFC 6152 §2
    pub eight_bit_mime: bool,
    /// SMTPUTF8.
    // RFC 6531 §3.1
    pub smtputf8: bool,
    /// CHUNKING: BDAT.
    // RFC 3030 §2
    pub chunking: bool,
    /// DSN: the peer takes over our duty to report.
    // RFC 3461 §4
    pub dsn: bool,
    /// ENHANCEDSTATUSCODES. Codes are read whether offered or not.
    // RFC 2034 §3
    pub enhanced_status_codes: bool,
}

impl Extensions {
    /// Reads an answer to EHLO.
    // RFC 5321 §4.1.1.1
    pub(super) fn read(reply: &RawReply) -> Self {
        let mut found = Self::default();
        for line in reply.lines.iter().skip(1) {
            let one = [b"250-h\r\n250 ", line.as_slice(), b"\r\n"].concat();
            if let Ok(answer) = EhloResponse::parse(&mut one.iter()) {
                found.add(&answer);
            }
        }
        found
    }

    fn add(&mut self, answer: &EhloResponse<String>) {
        let has = |capability| answer.has_capability(capability);
        self.starttls |= has(EXT_START_TLS);
        self.pipelining |= has(EXT_PIPELINING);
        self.eight_bit_mime |= has(EXT_8BIT_MIME);
        self.smtputf8 |= has(EXT_SMTP_UTF8);
        self.chunking |= has(EXT_CHUNKING);
        self.dsn |= has(EXT_DSN);
        self.enhanced_status_codes |= has(EXT_ENHANCED_STATUS_CODES);
        if has(EXT_SIZE) {
            self.size = true;
            self.size_limit = u64::try_from(answer.size).ok().filter(|limit| *limit > 0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::reply::ReplyReader;
    use super::*;

    fn read(lines: &[&str]) -> Extensions {
        let mut reader = ReplyReader::default();
        for line in lines {
            reader.push(format!("250-{line}\r\n").as_bytes()).unwrap();
        }
        reader.push(b"250 HELP\r\n").unwrap();
        Extensions::read(&reader.next().unwrap().unwrap())
    }

    #[test]
    fn every_extension_is_found_whatever_its_case() {
        let all = read(&[
            "mx.a.fr hello",
            "starttls",
            "PIPELINING",
            "SIZE 26214400",
            "8BITMIME",
            "SmtpUtf8",
            "CHUNKING",
            "DSN",
            "ENHANCEDSTATUSCODES",
        ]);
        let expected = Extensions {
            starttls: true,
            pipelining: true,
            size: true,
            size_limit: Some(26_214_400),
            eight_bit_mime: true,
            smtputf8: true,
            chunking: true,
            dsn: true,
            enhanced_status_codes: true,
        };
        assert_eq!(all, expected);
    }

    #[test]
    fn odd_lines_cost_themselves_only() {
        let odd = ["h", "SIZE many", "\u{1}\u{2}", "", "AUTH ???", "STARTTLSX", "DSN"];
        assert_eq!(read(&odd), Extensions { size: true, dsn: true, ..Extensions::default() });
        assert_eq!(read(&["STARTTLS"]), Extensions::default(), "the first line is the greeting");
        assert_eq!(read(&["h", "SIZE 0"]).size_limit, None);
        assert_eq!(read(&["h", "SIZE"]), Extensions { size: true, ..Extensions::default() });
    }
}
