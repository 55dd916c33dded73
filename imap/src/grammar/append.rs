//! APPEND up to its message, which is not read here: it streams.

use jiff::Timestamp;
use jiff::civil::{Date, Time};
use jiff::tz::Offset;

use super::reader::Reader;
use super::search::MONTHS;

/// Flags of one APPEND.
const MAX_FLAGS: usize = 100;

/// An APPEND whose message comes next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Append {
    /// The tag.
    pub tag: String,
    /// The mailbox, as on the wire.
    pub mailbox: String,
    /// First flags.
    pub flags: Vec<String>,
    /// INTERNALDATE, if it is given.
    pub date: Option<Timestamp>,
}

/// Reads a line that ends with a literal as an APPEND whose message the literal is; None when it is another command,
/// or the literal is the name of the mailbox.
// RFC 3501 §6.3.11
#[must_use]
pub fn head(line: &[u8]) -> Option<Append> {
    let mut reader = Reader::new(line);
    let tag = reader.atom()?.to_owned();
    reader.space()?;
    if !reader.atom()?.eq_ignore_ascii_case("APPEND") {
        return None;
    }
    reader.space()?;
    let mailbox = reader.astring()?;
    reader.space()?;
    let mut flags = Vec::new();
    if reader.rest().starts_with(b"(") {
        flags = reader.list(Reader::flag).filter(|flags| flags.len() <= MAX_FLAGS)?;
        reader.space()?;
    }
    let mut date = None;
    if reader.rest().starts_with(b"\"") {
        date = Some(date_time(&String::from_utf8(reader.string()?.into_owned()).ok()?)?);
        reader.space()?;
    }
    let is_message = reader.rest().starts_with(b"{") && !reader.rest().contains(&b'\n');
    is_message.then_some(Append { tag, mailbox, flags, date })
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
    let zone = hours.parse::<i32>().ok()? * 3600 + minutes.parse::<i32>().ok()? * 60;
    Offset::from_seconds(sign * zone).ok()?.to_timestamp(date.to_datetime(time)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_told_from_a_name() {
        let append = head(b"a APPEND \"Sent\" (\\Seen $x) \" 7-Feb-1994 21:52:25 -0800\" {310}");
        let append = append.unwrap();
        assert_eq!((append.mailbox.as_str(), append.flags.len()), ("Sent", 2));
        assert_eq!(append.date.unwrap().to_string(), "1994-02-08T05:52:25Z");
        assert!(head(b"a append inbox {3+}").unwrap().flags.is_empty());
        assert!(head(b"a APPEND {4}\r\nSent {3+}").is_some());
        for other in [
            &b"a APPEND {4}"[..],
            b"a LOGIN {4}",
            b"a APPEND x (\\Seen {4}",
            b"a APPEND x \"y\" {4}",
        ] {
            assert_eq!(head(other), None);
        }
    }
}
