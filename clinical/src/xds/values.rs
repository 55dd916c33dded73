//! The data types of HL7 v2 that XDS metadata borrow: CX (patient), XCN (person), XON (organisation),
//! DTM (instant).
//!
//! Components stand between `^`, their parts between `&`. Whatever is missing is absent.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{Timestamp, tz};
use std::fmt;

/// A patient's identifier: a number with the OID of who gave it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Cx {
    /// The number.
    pub number: String,
    /// The OID of the authority.
    pub oid: String,
    /// What kind of number it is (`NH`, `INS-C`, `PI`).
    pub kind: Option<String>,
}

impl fmt::Debug for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cx(…)")
    }
}

fn component(text: &str, number: usize) -> Option<&str> {
    text.split('^').nth(number.checked_sub(1)?).map(str::trim).filter(|part| !part.is_empty())
}

/// The OID of an assigning authority: `&OID&ISO`, with or without a name before it.
fn authority(component: &str) -> Option<&str> {
    let mut parts = component.split('&').map(str::trim);
    let first = parts.next()?;
    parts.next().filter(|oid| !oid.is_empty()).or(Some(first)).filter(|oid| !oid.is_empty())
}

impl Cx {
    /// Reads component 1 and the OID of component 4.
    // MSS #60
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let number = component(text, 1)?.to_owned();
        let oid = component(text, 4).and_then(authority).unwrap_or_default().to_owned();
        Some(Self { number, oid, kind: component(text, 5).map(str::to_owned) })
    }
}

impl fmt::Display for Cx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = self.kind.as_deref().unwrap_or_default();
        write!(f, "{}^^^&{}&ISO^{kind}", self.number, self.oid)
    }
}

/// A person.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The identifier.
    pub id: Option<String>,
    /// The identifier's authority.
    pub oid: Option<String>,
    /// Family name.
    pub family: Option<String>,
    /// Given name.
    pub given: Option<String>,
}

impl fmt::Debug for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Person(…)")
    }
}

impl Person {
    /// Reads an XCN.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let own = |number| component(text, number).map(str::to_owned);
        let family = component(text, 2).and_then(|name| name.split('&').next()).map(str::to_owned);
        let oid = component(text, 9).and_then(authority).map(str::to_owned);
        let person = Self { id: own(1), oid, family, given: own(3) };
        (person.id.is_some() || person.family.is_some()).then_some(person)
    }

    /// Given and family name.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        let parts: Vec<&str> =
            [&self.given, &self.family].into_iter().flatten().map(String::as_str).collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    }
}

impl fmt::Display for Person {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| plain(value.as_deref().unwrap_or_default());
        let (id, family, given) = (text(&self.id), text(&self.family), text(&self.given));
        write!(f, "{id}^{family}^{given}^^^^^^&{}&ISO^D^^^IDNPS", text(&self.oid))
    }
}

/// An organisation.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Organisation {
    /// Its name.
    pub name: Option<String>,
    /// Its identifier.
    pub id: Option<String>,
    /// The identifier's authority.
    pub oid: Option<String>,
}

impl Organisation {
    /// Reads an XON.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let own = |number| component(text, number).map(str::to_owned);
        let oid = component(text, 6).and_then(authority).map(str::to_owned);
        let organisation = Self { name: own(1), id: own(10).or_else(|| own(3)), oid };
        (organisation.name.is_some() || organisation.id.is_some()).then_some(organisation)
    }
}

impl fmt::Display for Organisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |value: &Option<String>| plain(value.as_deref().unwrap_or_default());
        let (name, id) = (text(&self.name), text(&self.id));
        write!(f, "{name}^^^^^&{}&ISO^IDNST^^^{id}", text(&self.oid))
    }
}

/// A value without the signs that part components.
fn plain(text: &str) -> String {
    text.replace(['^', '&', '~', '|', '\r', '\n'], " ")
}

/// The instant of `YYYY[MM[DD[hh[mm[ss]]]]]`, in UTC unless an offset is written (`+0100`).
#[must_use]
pub fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let at = text.find(['+', '-', 'Z', '.']).unwrap_or(text.len());
    let (digits, rest) = text.split_at_checked(at)?;
    let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
    let small = |from: usize, otherwise: i8| match number(from, from + 2) {
        Some(value) => i8::try_from(value).ok(),
        None if digits.len() <= from => Some(otherwise),
        None => None,
    };
    let date = Date::new(number(0, 4)?, small(4, 1)?, small(6, 1)?).ok()?;
    let (hour, minute, second) = (small(8, 0)?, small(10, 0)?, small(12, 0)?);
    let civil: DateTime = date.at(hour.clamp(0, 23), minute.clamp(0, 59), second.clamp(0, 59), 0);
    let zone = match rest.find(['+', '-']).and_then(|at| rest.split_at_checked(at)) {
        Some((_, offset)) => offset_of(offset)?,
        None => TimeZone::UTC,
    };
    civil.to_zoned(zone).ok().map(|zoned| zoned.timestamp())
}

fn offset_of(text: &str) -> Option<TimeZone> {
    let negative = text.starts_with('-');
    let digits = text.get(1..)?;
    let hours: i32 = digits.get(..2)?.parse().ok()?;
    let minutes: i32 = digits.get(2..4).map_or(Some(0), |minutes| minutes.parse().ok())?;
    let seconds = hours * 3600 + minutes * 60;
    let offset = tz::Offset::from_seconds(if negative { -seconds } else { seconds }).ok()?;
    Some(TimeZone::fixed(offset))
}
