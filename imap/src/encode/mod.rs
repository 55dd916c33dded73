//! Writing responses.
//!
//! Invariant: whatever a value holds, what is written is one well-formed token: text that a quoted string cannot hold
//! goes as a literal.

pub mod envelope;
pub mod structure;

use jiff::Timestamp;
use jiff::tz::Offset;
use mailstore::model::flags::Flags;
use mailstore::model::mailbox::{Mailbox, SpecialUse};

use crate::grammar::search::MONTHS;

/// Octets that go as a quoted string; longer text goes as a literal.
const MAX_QUOTED: usize = 1000;

/// A string.
// RFC 3501 §9, string
pub fn string(out: &mut Vec<u8>, octets: &[u8]) {
    let plain = octets.len() <= MAX_QUOTED && octets.iter().all(|c| matches!(c, b' '..=b'~'));
    if !plain {
        // RFC 3501 §9, CHAR8: a literal has no NUL.
        let octets: Vec<u8> = octets.iter().copied().filter(|octet| *octet != 0).collect();
        out.extend_from_slice(format!("{{{}}}\r\n", octets.len()).as_bytes());
        out.extend_from_slice(&octets);
        return;
    }
    out.push(b'"');
    for octet in octets {
        if matches!(octet, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(*octet);
    }
    out.push(b'"');
}

/// A string or NIL.
pub fn nstring(out: &mut Vec<u8>, octets: Option<&[u8]>) {
    match octets {
        Some(octets) => string(out, octets),
        None => out.extend_from_slice(b"NIL"),
    }
}

/// The name of a mailbox.
pub fn mailbox(out: &mut Vec<u8>, name: &str) {
    string(out, crate::name::encode(name).as_bytes());
}

/// A string in UTF-8, for clients that have switched it on.
// RFC 6855 §3
pub fn utf8_string(out: &mut Vec<u8>, text: &str) {
    if text.len() > MAX_QUOTED || text.chars().any(char::is_control) {
        return string(out, text.as_bytes());
    }
    out.push(b'"');
    for octet in text.bytes() {
        if matches!(octet, b'"' | b'\\') {
            out.push(b'\\');
        }
        out.push(octet);
    }
    out.push(b'"');
}

/// UIDs or numbers as a set, in the order in which they are.
#[must_use]
pub fn set(numbers: &[u32]) -> String {
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(*number) => *last = *number,
            _ => ranges.push((*number, *number)),
        }
    }
    let text = ranges.iter().map(|(first, last)| match first == last {
        true => first.to_string(),
        false => format!("{first}:{last}"),
    });
    text.collect::<Vec<_>>().join(",")
}

/// Flags with the names of their keywords, in parentheses.
pub fn flags(out: &mut Vec<u8>, flags: Flags, mailbox: &Mailbox, recent: bool) {
    out.push(b'(');
    let mut gap = false;
    let mut name = |name: &str| {
        if std::mem::replace(&mut gap, true) {
            out.push(b' ');
        }
        out.extend_from_slice(name.as_bytes());
    };
    for (system, flag) in SYSTEM_FLAGS {
        if flags.contain(flag) {
            name(system);
        }
    }
    if flags != flags.system() {
        for (at, keyword) in mailbox.keywords().enumerate() {
            if Flags::keyword(at).is_some_and(|flag| flags.contain(flag)) {
                name(keyword.as_str());
            }
        }
    }
    if recent {
        name("\\Recent");
    }
    out.push(b')');
}

/// The system flags.
// RFC 3501 §2.3.2
pub const SYSTEM_FLAGS: [(&str, Flags); 5] = [
    ("\\Answered", Flags::ANSWERED),
    ("\\Flagged", Flags::FLAGGED),
    ("\\Deleted", Flags::DELETED),
    ("\\Seen", Flags::SEEN),
    ("\\Draft", Flags::DRAFT),
];

/// The attribute of a special use.
// RFC 6154 §2
#[must_use]
pub fn special_use(special_use: SpecialUse) -> &'static str {
    match special_use {
        SpecialUse::Archive => "\\Archive",
        SpecialUse::Drafts => "\\Drafts",
        SpecialUse::Junk => "\\Junk",
        SpecialUse::Sent => "\\Sent",
        SpecialUse::Trash => "\\Trash",
    }
}

/// INTERNALDATE of seconds since 1970.
// RFC 3501 §9, date-time
#[must_use]
pub fn date_time(seconds: i64) -> String {
    let at = Timestamp::from_second(seconds).unwrap_or_default();
    let at = Offset::UTC.to_datetime(at);
    let month = usize::try_from(at.month() - 1).ok().and_then(|at| MONTHS.get(at));
    format!(
        "\"{:2}-{}-{:04} {:02}:{:02}:{:02} +0000\"",
        at.day(),
        month.unwrap_or(&"Jan"),
        at.year(),
        at.hour(),
        at.minute(),
        at.second()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_one_token() {
        for (octets, written) in [
            (&b"a \"b\" \\"[..], &b"\"a \\\"b\\\" \\\\\""[..]),
            (b"", b"\"\""),
            (b"a\r\nb", b"{4}\r\na\r\nb"),
            (b"\xe9\0", b"{1}\r\n\xe9"),
        ] {
            let mut out = Vec::new();
            string(&mut out, octets);
            assert_eq!(out, written);
        }
    }

    #[test]
    fn sets_are_short() {
        assert_eq!(set(&[1, 2, 3, 5, 7, 8]), "1:3,5,7:8");
        assert_eq!(set(&[]), "");
        assert_eq!(date_time(0), "\" 1-Jan-1970 00:00:00 +0000\"");
    }
}
