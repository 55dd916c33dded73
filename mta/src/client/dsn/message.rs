//! A report as a message: `multipart/report` of a text, the delivery status and what is given back of the original.
//!
//! The original is not copied: [`DsnMessage::head`], then its octets as stored, then [`DsnMessage::tail`].
//!
//! Invariants: the boundary is random, so nothing in the original can end the part; all that is written here is ASCII
//! but a sender's or recipient's address that needs SMTPUTF8.
//! Failure: none.

use domain::ReversePath;

use super::super::envelope::MessageFacts;
use super::mime::{date, encoded_word, field, quoted_printable};
use super::{Dsn, fields, text};

/// What is given back of the original.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Returned {
    /// All its octets.
    FullMessage,
    /// Its header section, up to the empty line and without it.
    HeaderSection,
    /// None of them: the report has two parts.
    Nothing,
}

/// A report without the octets that it gives back.
#[derive(Clone)]
pub struct DsnMessage {
    /// Before them.
    pub head: Vec<u8>,
    /// Which they are.
    pub returned: Returned,
    /// After them.
    pub tail: Vec<u8>,
    eight_bit: bool,
    utf8_headers: bool,
}

impl DsnMessage {
    /// What the client needs to know to send it with that many octets given back.
    pub fn facts(&self, returned_octets: u64) -> MessageFacts {
        let own = u64::try_from(self.head.len() + self.tail.len()).unwrap_or(u64::MAX);
        MessageFacts {
            size: own.saturating_add(returned_octets),
            eight_bit: self.eight_bit,
            utf8_headers: self.utf8_headers,
        }
    }

    /// Its MAIL FROM.
    // RFC 3464 §2
    pub fn sender() -> ReversePath {
        ReversePath::Null
    }
}

impl Dsn {
    /// Writes the report.
    // RFC 6522 §3
    // RFC 3464 §2
    // MSS #35
    pub fn write(&self) -> DsnMessage {
        let returned = self.returned();
        let boundary = format!("=_pli_{:032x}", self.token);
        let utf8_part = self.original.utf8_headers && returned != Returned::Nothing;
        let full = returned == Returned::FullMessage;
        let eight_bit_part = utf8_part || (full && self.original.eight_bit);
        let utf8_headers = self.to.needs_smtputf8() || self.from.needs_smtputf8();

        let mut head = self.header(&boundary, eight_bit_part);
        head.push_str(&format!("\r\n--{boundary}\r\n"));
        head.push_str("Content-Type: text/plain; charset=utf-8\r\n");
        head.push_str("Content-Language: fr, en\r\n");
        head.push_str("Content-Transfer-Encoding: quoted-printable\r\n\r\n");
        head.push_str(&quoted_printable(&text::body(self)));
        head.push_str(&format!("\r\n--{boundary}\r\n"));
        head.push_str("Content-Type: message/delivery-status\r\n\r\n");
        head.push_str(&fields::delivery_status(self));
        if let Some(media_type) = media_type(returned, utf8_part) {
            let encoding = encoding(eight_bit_part);
            head.push_str(&format!("\r\n--{boundary}\r\nContent-Type: {media_type}\r\n"));
            head.push_str(&format!("Content-Transfer-Encoding: {encoding}\r\n\r\n"));
        }
        DsnMessage {
            head: head.into_bytes(),
            returned,
            tail: format!("\r\n--{boundary}--\r\n").into_bytes(),
            eight_bit: eight_bit_part || utf8_headers,
            utf8_headers: utf8_headers || utf8_part,
        }
    }

    fn header(&self, boundary: &str, eight_bit: bool) -> String {
        let mut out = field("Date", &date(self.now));
        out.push_str(&format!("From: MAILER-DAEMON <{}>\r\n", self.from));
        out.push_str(&format!("To: <{}>\r\n", self.to));
        out.push_str(&field("Subject", &encoded_word(text::subject(self.action()))));
        let host = super::mime::ascii(self.reporting_mta.as_str());
        out.push_str(&format!("Message-ID: <{:032x}.dsn@{host}>\r\n", self.token));
        if let Some(id) = self.original.message_id.as_deref().filter(|id| is_message_id(id)) {
            out.push_str(&format!("In-Reply-To: {id}\r\nReferences: {id}\r\n"));
        }
        // RFC 3834 §5
        out.push_str("Auto-Submitted: auto-replied\r\n");
        out.push_str("MIME-Version: 1.0\r\n");
        out.push_str("Content-Type: multipart/report; report-type=delivery-status;\r\n");
        out.push_str(&format!(" boundary=\"{boundary}\"\r\n"));
        out.push_str(&format!("Content-Transfer-Encoding: {}\r\n", encoding(eight_bit)));
        out
    }
}

// RFC 6522 §4
// RFC 6533 §5
fn media_type(returned: Returned, utf8: bool) -> Option<&'static str> {
    match (returned, utf8) {
        (Returned::FullMessage, false) => Some("message/rfc822"),
        (Returned::FullMessage, true) => Some("message/global"),
        (Returned::HeaderSection, false) => Some("text/rfc822-headers"),
        (Returned::HeaderSection, true) => Some("message/global-headers"),
        (Returned::Nothing, _) => None,
    }
}

fn encoding(eight_bit: bool) -> &'static str {
    if eight_bit { "8bit" } else { "7bit" }
}

/// Whether an identifier of somebody else may be repeated in a field.
fn is_message_id(id: &str) -> bool {
    let inner = id.strip_prefix('<').and_then(|id| id.strip_suffix('>'));
    inner.is_some_and(|inner| {
        (1..=900).contains(&inner.len())
            && inner.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>'))
    })
}
