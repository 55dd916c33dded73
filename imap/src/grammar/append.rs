//! APPEND up to its message, which is not read here: it streams.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::reader::Reader;
use super::search::MONTHS;

/// Flags of one APPEND.
const MAX_FLAGS: usize = 100;

/// An APPEND whose first message comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// The tag.
    pub tag: String,
    /// The mailbox, as on the wire.
    pub mailbox: String,
    /// What is said of the message.
    pub head: Head,
}

/// What is said of a message that comes next.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Head {
    /// First flags.
    pub flags: Vec<String>,
    /// INTERNALDATE, if it is given.
    pub date: Option<Timestamp>,
    /// Whether there may be NULs in it: a literal8.
    // RFC 3516 §4.4
    pub binary: bool,
    /// Whether it stands in the parentheses of UTF8.
    // RFC 6855 §4
    pub utf8: bool,
}

/// Reads a line that ends with a literal as an APPEND whose message the literal is; None when it is another command,
/// or the literal is the name of the mailbox.
// RFC 3501 §6.3.11
#[must_use]
pub fn first(line: &[u8]) -> Option<Append> {
    let mut reader = Reader::new(line);
    let tag = reader.atom()?.to_owned();
    reader.space()?;
    if !reader.atom()?.eq_ignore_ascii_case("APPEND") {
        return None;
    }
    reader.space()?;
    let mailbox = reader.astring()?;
    reader.space()?;
    Some(Append { tag, mailbox, head: head(&mut reader)? })
}

/// Reads what stands between two messages as the head of the next; `utf8` says that the one before stood in
/// parentheses.
// RFC 3502 §6.3.11
#[must_use]
pub fn next(line: &[u8], utf8: bool) -> Option<Head> {
    let mut reader = Reader::new(line);
    if utf8 {
        reader.octet(b')')?;
    }
    reader.space()?;
    head(&mut reader)
}

fn head(reader: &mut Reader<'_>) -> Option<Head> {
    let mut head = Head::default();
    if reader.rest().starts_with(b"(") {
        head.flags = reader.list(Reader::flag).filter(|flags| flags.len() <= MAX_FLAGS)?;
        reader.space()?;
    }
    if reader.rest().starts_with(b"\"") {
        head.date = Some(date_time(&String::from_utf8(reader.string()?.into_owned()).ok()?)?);
        reader.space()?;
    }
    if reader.rest().first().is_some_and(u8::is_ascii_alphabetic) {
        reader.atom().filter(|atom| atom.eq_ignore_ascii_case("UTF8"))?;
        reader.space()?;
        reader.octet(b'(')?;
        head.utf8 = true;
    }
    head.binary = reader.octet(b'~').is_some();
    let is_message = reader.rest().starts_with(b"{") && !reader.rest().contains(&b'\n');
    is_message.then_some(head)
}

// RFC 3501 §9, date-time
fn date_time(text: &str) -> Option<Timestamp> {
    let mut parts = text.trim_start().split(' ');
    let (date, time, zone) = (parts.next()?, parts.next()?, parts.next()?);
    let mut date = date.split('-');
    let (day, month, year) = (date.next()?, date.next()?, date.next()?);
    let month = MONTHS.iter().position(|name| name.eq_ignore_ascii_case(month))?;
    let date =
        Date::new(year.parse().ok()?, i8::try_from(month + 1).ok()?, day.parse().ok()?).ok()?;
    let mut time = time.split(':');
    let (hour, minute, second) = (time.next()?, time.next()?, time.next()?);
    // A leap second is the second before it.
    let second: i8 = second.parse().ok()?;
    let time = Time::new(hour.parse().ok()?, minute.parse().ok()?, second.min(59), 0).ok()?;
    let (sign, digits) = match zone.strip_prefix('-') {
        Some(digits) => (-1, digits),
        None => (1, zone.strip_prefix('+')?),
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    // Two digits each: what is longer or signed is no zone.
    let two = |digits: &str| match digits.as_bytes() {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => Some((tens - b'0') * 10 + (ones - b'0')),
        _ => None,
    };
    let zone = i32::from(two(hours)?) * 3600 + i32::from(two(minutes)?) * 60;
    Offset::from_seconds(sign * zone).ok()?.to_timestamp(date.to_datetime(time)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_from_a_name() {
        let append = first(b"a APPEND \"Sent\" (\\Seen $x) \" 7-Feb-1994 21:52:25 -0800\" {310}");
        let append = append.unwrap();
        assert_eq!((append.mailbox.as_str(), append.head.flags.len()), ("Sent", 2));
        assert_eq!(append.head.date.unwrap().to_string(), "1994-02-08T05:52:25Z");
        assert_eq!(first(b"a append inbox {3+}").unwrap().head, Head::default());
        assert!(first(b"a append inbox ~{3+}").unwrap().head.binary);
        assert!(first(b"a append inbox UTF8 (~{3+}").unwrap().head.utf8);
        assert!(first(b"a APPEND {4}\r\nSent {3+}").is_some());
        for other in [
            &b"a APPEND {4}"[..],
            b"a LOGIN {4}",
            b"a APPEND x (\\Seen {4}",
            b"a APPEND x \"y\" {4}",
            b"a APPEND x UTF9 ({4}",
        ] {
            assert_eq!(first(other), None);
        }
    }

    #[test]
    fn one_message_follows_another() {
        assert_eq!(next(b" (\\Seen) {3}", false).unwrap().flags, ["\\Seen"]);
        assert!(next(b") ~{3}", true).unwrap().binary);
        for wrong in [&b"{3}"[..], b") {3}", b" x {3}"] {
            assert_eq!(next(wrong, false), None);
        }
        assert_eq!(next(b" {3}", true), None);
    }
}
