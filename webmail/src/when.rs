//! Dates as people read them, in the operator's time zone.
//!
//! Invariant: what a page shows is computed from the civil clock that is passed in.
//! Failure: none; an instant out of range is shown as an empty text.

use domain::Lang;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use crate::text::Texts;

const MONTHS_FR: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const MONTHS_EN: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// An instant for a `time` element: what people read, and what machines do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moment {
    pub(crate) shown: String,
    pub(crate) machine: String,
}

/// How instants are shown on one page.
#[derive(Debug, Clone)]
pub(crate) struct When {
    texts: &'static Texts,
    zone: TimeZone,
    today: Date,
}

impl When {
    pub(crate) fn new(texts: &'static Texts, zone: &TimeZone, now: Timestamp) -> Self {
        Self { texts, zone: zone.clone(), today: now.to_zoned(zone.clone()).date() }
    }

    /// As paper is read, on any later day: no day is called today.
    pub(crate) fn on_paper(self) -> Self {
        Self { today: Date::MIN, ..self }
    }

    /// Day and time, the day by its name when it is near.
    pub(crate) fn moment(&self, at: Timestamp) -> Moment {
        let at = at.to_zoned(self.zone.clone());
        let frame = &self.texts.frame;
        let day = match at.date() {
            day if day == self.today => frame.today.clone(),
            day if self.today.checked_sub(1.day()).is_ok_and(|before| before == day) => {
                frame.yesterday.clone()
            }
            day => self.date(day),
        };
        let (hour, minute) = (at.hour(), at.minute());
        let time = match self.texts.lang {
            Lang::Fr => format!("{hour}\u{a0}h\u{a0}{minute:02}"),
            Lang::En => format!("{hour:02}:{minute:02}"),
        };
        let machine = at.timestamp().to_string();
        Moment { shown: format!("{day} {} {time}", frame.at), machine }
    }

    /// The same from milliseconds since 1970.
    pub(crate) fn millis(&self, at: i64) -> Moment {
        match Timestamp::from_millisecond(at) {
            Ok(at) => self.moment(at),
            Err(_) => Moment { shown: String::new(), machine: String::new() },
        }
    }

    /// The day alone.
    pub(crate) fn day(&self, at: Timestamp) -> Moment {
        let day = at.to_zoned(self.zone.clone()).date();
        Moment { shown: self.date(day), machine: day.to_string() }
    }

    /// A date as people write it.
    pub(crate) fn date(&self, day: Date) -> String {
        let months = match self.texts.lang {
            Lang::Fr => MONTHS_FR,
            Lang::En => MONTHS_EN,
        };
        let month = usize::try_from(day.month()).ok().and_then(|at| months.get(at.checked_sub(1)?));
        let month = month.copied().unwrap_or_default();
        let number = match (self.texts.lang, day.day()) {
            (Lang::Fr, 1) => "1er".to_owned(),
            (_, number) => number.to_string(),
        };
        format!("{number} {month} {}", day.year())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_near_or_dated_in_the_zone_of_the_operator() {
        let zone = TimeZone::get("Europe/Paris").unwrap();
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let now = at("2026-03-02T09:00:00Z");
        let fr = When::new(Texts::in_lang(Lang::Fr), &zone, now);
        let en = When::new(Texts::in_lang(Lang::En), &zone, now);
        assert_eq!(fr.moment(at("2026-03-01T23:30:00Z")).shown, "aujourd’hui à 0\u{a0}h\u{a0}30");
        assert_eq!(en.moment(at("2026-03-01T11:05:00Z")).shown, "yesterday at 12:05");
        assert_eq!(
            fr.moment(at("2026-02-01T11:05:00Z")).shown,
            "1er février 2026 à 12\u{a0}h\u{a0}05"
        );
        let paper = fr.clone().on_paper();
        let printed = paper.moment(at("2026-03-01T23:30:00Z")).shown;
        assert_eq!(printed, "2 mars 2026 à 0\u{a0}h\u{a0}30");
        assert_eq!(en.day(at("2026-02-01T11:05:00Z")).shown, "1 February 2026");
    }
}
