//! The encodings that a report needs: quoted-printable text, encoded words, dates, folded fields.
//!
//! Invariant: what comes out is ASCII without control characters but line ends, in lines of at most 998 octets (76
//! where the standard asks for it). Failure: none.

use jiff::Timestamp;

/// Where fields are folded.
const FOLD: usize = 76;

/// Quoted-printable of a text whose lines end in LF.
// RFC 2045 §6.7
pub(super) fn quoted_printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for line in text.lines() {
        let mut width = 0;
        let last = line.len().saturating_sub(1);
        for (place, octet) in line.bytes().enumerate() {
            let blank_at_end = octet == b' ' && place == last;
            let plain = matches!(octet, b' '..=b'~') && octet != b'=' && !blank_at_end;
            let piece = if plain { char::from(octet).to_string() } else { format!("={octet:02X}") };
            if width + piece.len() > FOLD - 1 {
                out.push_str("=\r\n");
                width = 0;
            }
            width += piece.len();
            out.push_str(&piece);
        }
        out.push_str("\r\n");
    }
    out
}

/// A short text as one encoded word.
// RFC 2047 §4.2
pub(super) fn encoded_word(text: &str) -> String {
    let mut out = String::from("=?utf-8?Q?");
    for octet in text.bytes() {
        match octet {
            b' ' => out.push('_'),
            b if b.is_ascii_alphanumeric() => out.push(char::from(b)),
            b => out.push_str(&format!("={b:02X}")),
        }
    }
    out.push_str("?=");
    out
}

/// A date in UTC.
// RFC 5322 §3.3
pub(super) fn date(instant: Timestamp) -> String {
    instant.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// A field of ASCII text, folded at blanks.
// RFC 5322 §2.2.3
pub(super) fn field(name: &str, value: &str) -> String {
    let mut out = format!("{name}:");
    let mut width = out.len();
    for word in value.split_ascii_whitespace() {
        if width + 1 + word.len() > FOLD && width > name.len() + 1 {
            out.push_str("\r\n");
            width = 0;
        }
        out.push(' ');
        out.push_str(word);
        width += 1 + word.len();
    }
    out.push_str("\r\n");
    out
}

/// ASCII only: what is not becomes `?`.
pub(super) fn ascii(text: &str) -> String {
    text.chars().map(|c| if (' '..='~').contains(&c) { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quoted_printable_lines_are_short_and_read_back() {
        let text = format!("a=b é \n{}\n", "à".repeat(60));
        let out = quoted_printable(&text);
        assert!(out.starts_with("a=3Db =C3=A9=20\r\n=C3=A0"));
        assert!(out.lines().all(|line| line.len() <= 76));
        assert!(out.is_ascii());
    }

    #[test]
    fn fields_are_folded_at_blanks() {
        let long = format!("smtp; 550 {}", "word ".repeat(40));
        let out = field("Diagnostic-Code", &long);
        assert!(out.lines().all(|line| line.len() <= 76), "{out}");
        assert_eq!(out.replace("\r\n", "").matches("word").count(), 40);
        assert_eq!(field("Status", "5.1.1"), "Status: 5.1.1\r\n");
        let word = "a".repeat(100);
        assert_eq!(field("X", &word), format!("X: {word}\r\n"));
    }

    #[test]
    fn dates_and_words() {
        assert_eq!(date(Timestamp::UNIX_EPOCH), "Thu, 01 Jan 1970 00:00:00 +0000");
        assert_eq!(encoded_word("Message remis é"), "=?utf-8?Q?Message_remis_=C3=A9?=");
        assert_eq!(ascii("é\u{1b}a"), "??a");
    }
}
