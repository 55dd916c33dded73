//! HL7's points in time: `YYYY[MM[DD[hh[mm[ss[.f]]]]]][±hhmm]`.
//!
//! Invariant: what was written is kept as it stands; the value beside it is absent where it is none.

use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::{Offset, TimeZone};

/// How precise a time is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// A year.
    Year,
    /// A month.
    Month,
    /// A day.
    Day,
    /// An hour, a minute, a second or less.
    Time,
}

/// A point in time as a document has it.
#[derive(Clone, PartialEq, Eq)]
pub struct Time {
    original: String,
    value: Option<(DateTime, Precision, Option<Offset>)>,
}

impl std::fmt::Debug for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Time(…)")
    }
}

impl Time {
    /// Reads a point in time. Never fails: a text that is none has no value.
    #[must_use]
    pub fn read(text: &str) -> Self {
        Self { original: text.to_owned(), value: parse(text.trim()) }
    }

    /// The text as written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.original
    }

    /// How precise it is; none where the text is no time.
    #[must_use]
    pub fn precision(&self) -> Option<Precision> {
        self.value.map(|(_, precision, _)| precision)
    }

    /// The day, if the time is precise to the day, in the place where it was written.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        let (time, precision, _) = self.value?;
        (precision >= Precision::Day).then(|| time.date())
    }

    /// The earliest instant that it can be; without an offset, in Paris (the domain's own zone).
    #[must_use]
    pub fn instant(&self) -> Option<Timestamp> {
        let (time, _, offset) = self.value?;
        let zone = match offset {
            Some(offset) => TimeZone::fixed(offset),
            None => TimeZone::get("Europe/Paris").unwrap_or(TimeZone::UTC),
        };
        time.to_zoned(zone).ok().map(|zoned| zoned.timestamp())
    }
}

fn parse(text: &str) -> Option<(DateTime, Precision, Option<Offset>)> {
    let at = text.find(['+', '-', 'Z']).unwrap_or(text.len());
    let (local, zone) = text.split_at_checked(at)?;
    let digits = local.split('.').next()?;
    if !digits.bytes().all(|octet| octet.is_ascii_digit()) || !digits.len().is_multiple_of(2) {
        return None;
    }
    let part = |from: usize, absent: i8| match digits.get(from..from + 2) {
        Some(two) => two.parse().ok(),
        None => Some(absent),
    };
    let precision = match digits.len() {
        4 => Precision::Year,
        6 => Precision::Month,
        8 => Precision::Day,
        10 | 12 | 14 => Precision::Time,
        _ => return None,
    };
    let date = Date::new(digits.get(..4)?.parse().ok()?, part(4, 1)?, part(6, 1)?).ok()?;
    // A leap second is the last one of its minute.
    let second = part(12, 0)?;
    let time = DateTime::new(
        date.year(),
        date.month(),
        date.day(),
        part(8, 0)?,
        part(10, 0)?,
        if second == 60 { 59 } else { second },
        0,
    );
    Some((time.ok()?, precision, offset(zone)?))
}

fn offset(zone: &str) -> Option<Option<Offset>> {
    match zone {
        "" => return Some(None),
        "Z" => return Some(Some(Offset::UTC)),
        _ => {}
    }
    let digits = zone.get(1..)?.replace(':', "");
    if !matches!(digits.len(), 2 | 4) || !digits.bytes().all(|octet| octet.is_ascii_digit()) {
        return None;
    }
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits
        .get(2..)
        .filter(|rest| !rest.is_empty())
        .map_or(Some(0), |rest| rest.parse().ok())?;
    if minutes > 59 {
        return None;
    }
    let seconds = hours * 3600 + minutes * 60;
    Offset::from_seconds(if zone.starts_with('-') { -seconds } else { seconds }).ok().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn times_of_each_precision() {
        use Precision::{Day, Month, Time as Full, Year};
        let table = [
            ("1975", Some(Year), None, "1974-12-31T23:00:00Z"),
            ("202404", Some(Month), None, "2024-03-31T22:00:00Z"),
            ("19790328", Some(Day), Some(date(1979, 3, 28)), "1979-03-27T23:00:00Z"),
            ("202101040735+0100", Some(Full), Some(date(2021, 1, 4)), "2021-01-04T06:35:00Z"),
            ("20240402111700.123-0330", Some(Full), Some(date(2024, 4, 2)), "2024-04-02T14:47:00Z"),
            ("20240402235960Z", Some(Full), Some(date(2024, 4, 2)), "2024-04-02T23:59:59Z"),
        ];
        for (text, precision, day, instant) in table {
            let time = Time::read(text);
            assert_eq!((time.precision(), time.date()), (precision, day), "{text}");
            assert_eq!(time.instant().map(|at| at.to_string()).as_deref(), Some(instant), "{text}");
            assert_eq!(time.as_str(), text);
        }
    }

    #[test]
    fn what_is_no_time_has_no_value() {
        for text in ["", "x", "2024040", "20241301", "20240230", "2024040225", "20240402+1", "²⁰²⁴"]
        {
            assert_eq!(Time::read(text).instant(), None, "{text}");
        }
    }
}
