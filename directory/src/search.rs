//! Searching: what is asked, and how one table answers.
//!
//! Invariants: a red-listed mailbox never comes out; every bound of a question is checked before anything is read;
//! results are in order of name and address, so that a page follows from the one before.
//! Failure: [`QueryError`].

use std::hash::{DefaultHasher, Hash, Hasher};

use domain::{DistinguishedName, MailboxKind};

use crate::certificate::{CertificateBinding, Fingerprint, SerialNumber};
use crate::concept::Code;
use crate::fold;
use crate::mailbox::Mailbox;
use crate::source::Source;
use crate::table::{OrganisationRow, Row, SourceTable};

/// Longest text of a question, in octets.
pub const MAX_QUERY_TEXT: usize = 200;
/// Most words of a name.
pub const MAX_QUERY_WORDS: usize = 8;
/// Shortest part of an address that is looked for.
pub const MIN_ADDRESS_PART: usize = 3;
/// Most results of a page.
pub const MAX_PAGE: usize = 100;
/// Furthest result that a page begins with.
pub const MAX_OFFSET: usize = 10_000;

/// How an address is compared (search parameter `mailbox-mss`).
// MSS #86
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AddressMatch {
    /// `:contains`, without case.
    Contains(String),
    /// `:exact`; unlike a look-up it does not find what is on the red list.
    Exact(String),
}

/// A question; every condition that is set must hold, and one must be set.
#[derive(Clone, Debug, Default)]
pub struct Query {
    /// Words with which the words of a name begin: the holder's, the structure's, the service's.
    pub name: String,
    /// The address.
    pub address: Option<AddressMatch>,
    /// Kind of mailbox.
    pub kind: Option<MailboxKind>,
    /// Profession, by its full code.
    pub profession: Option<Code>,
    /// Skill, by its code.
    pub skill: Option<Code>,
    /// *Département*, as written by the register, without case and accents.
    pub departement: Option<String>,
    /// Beginning of the postal code.
    pub postal_code: Option<String>,
    /// Words with which the words of the town begin.
    pub town: Option<String>,
    /// How many results to pass over.
    pub offset: usize,
    /// How many to give, at most [`MAX_PAGE`].
    pub limit: usize,
}

impl Query {
    fn texts(&self) -> impl Iterator<Item = &String> {
        let address = self.address.as_ref().map(|address| match address {
            AddressMatch::Contains(text) | AddressMatch::Exact(text) => text,
        });
        let places = [&self.departement, &self.postal_code, &self.town];
        places.into_iter().flatten().chain(address).chain([&self.name])
    }
}

/// A question that is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryError {
    /// No condition.
    #[error("the search has no condition")]
    Empty,
    /// A text beyond [`MAX_QUERY_TEXT`] or [`MAX_QUERY_WORDS`].
    #[error("a text of the search is too long")]
    TooLong,
    /// A part of an address below [`MIN_ADDRESS_PART`].
    #[error("a part of an address has at least {MIN_ADDRESS_PART} characters")]
    TooShort,
    /// A page of nothing, beyond [`MAX_PAGE`] or beyond [`MAX_OFFSET`].
    #[error("a page has 1 to {MAX_PAGE} results and begins within the first {MAX_OFFSET}")]
    Page,
}

/// A mailbox and what its entry is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The mailbox.
    pub mailbox: Mailbox,
    /// Whether it may be shown to others than who knows its address: not when it is on the red list.
    pub published: bool,
    /// Whose entry it is.
    pub source: Source,
}

/// Results in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The results.
    pub found: Vec<Found>,
    /// Whether there are more.
    pub more: bool,
}

/// A question that passed its bounds, its texts folded.
pub(crate) struct Asked {
    name: Vec<String>,
    address: Option<AddressMatch>,
    kind: Option<MailboxKind>,
    profession: Option<Code>,
    skill: Option<Code>,
    departement: Option<String>,
    postal_code: Option<String>,
    town: Vec<String>,
    pub(crate) offset: usize,
    pub(crate) limit: usize,
}

impl Asked {
    pub(crate) fn check(query: &Query) -> Result<Self, QueryError> {
        let lower = |text: &String| text.trim().to_lowercase();
        let address = match &query.address {
            Some(AddressMatch::Contains(part)) => Some(AddressMatch::Contains(lower(part))),
            Some(AddressMatch::Exact(whole)) => Some(AddressMatch::Exact(lower(whole))),
            None => None,
        };
        if query.texts().any(|text| text.len() > MAX_QUERY_TEXT) {
            return Err(QueryError::TooLong);
        }
        if matches!(&address, Some(AddressMatch::Contains(part)) if part.len() < MIN_ADDRESS_PART) {
            return Err(QueryError::TooShort);
        }
        if !(1..=MAX_PAGE).contains(&query.limit) || query.offset > MAX_OFFSET {
            return Err(QueryError::Page);
        }
        let line = |text: &Option<String>| {
            text.as_ref().map(|text| fold::line(text)).filter(|line| !line.is_empty())
        };
        let asked = Self {
            name: fold::words(&query.name),
            address,
            kind: query.kind,
            profession: query.profession.clone(),
            skill: query.skill.clone(),
            departement: line(&query.departement),
            postal_code: line(&query.postal_code),
            town: query.town.as_ref().map(|town| fold::words(town)).unwrap_or_default(),
            offset: query.offset,
            limit: query.limit,
        };
        if asked.name.len().max(asked.town.len()) > MAX_QUERY_WORDS {
            return Err(QueryError::TooLong);
        }
        if asked.is_empty() { Err(QueryError::Empty) } else { Ok(asked) }
    }

    fn is_empty(&self) -> bool {
        self.name.is_empty()
            && self.address.is_none()
            && self.kind.is_none()
            && self.profession.is_none()
            && self.skill.is_none()
            && !self.asks_for_a_place()
    }

    fn asks_for_a_place(&self) -> bool {
        self.departement.is_some() || self.postal_code.is_some() || !self.town.is_empty()
    }

    fn is_at(&self, table: &SourceTable, place: &OrganisationRow) -> bool {
        let folded = |text| fold::line(table.text(text));
        let departement = self.departement.as_ref();
        departement.is_none_or(|departement| folded(place.departement()) == *departement)
            && self
                .postal_code
                .as_ref()
                .is_none_or(|code| folded(place.postal_code()).starts_with(code.as_str()))
            && {
                let words = fold::words(table.text(place.town_line()));
                self.town.iter().all(|asked| words.iter().any(|word| word.starts_with(asked)))
            }
    }

    fn is_address(&self, address: &str) -> bool {
        let lower: std::borrow::Cow<'_, str> =
            if address.bytes().any(|b| b.is_ascii_uppercase() || !b.is_ascii()) {
                address.to_lowercase().into()
            } else {
                address.into()
            };
        match &self.address {
            None => true,
            Some(AddressMatch::Exact(whole)) => lower == whole.as_str(),
            Some(AddressMatch::Contains(part)) => {
                memchr::memmem::find(lower.as_bytes(), part.as_bytes()).is_some()
            }
        }
    }
}

impl SourceTable {
    /// The first `most` rows that answer, in order, of those that `in_force` lets through.
    pub(crate) fn answer(
        &self,
        asked: &Asked,
        most: usize,
        in_force: impl Fn(&Row) -> bool,
    ) -> Vec<u32> {
        let words = self.words();
        let ranges: Vec<_> = asked.name.iter().map(|word| words.beginning_with(word)).collect();
        // What depends on the organisation alone is decided once for each organisation.
        let places: Option<Vec<bool>> = asked
            .asks_for_a_place()
            .then(|| self.organisations().iter().map(|place| asked.is_at(self, place)).collect());
        let is_at = |place: u32| {
            places.as_ref().is_none_or(|places| places.get(place as usize) == Some(&true))
        };
        let answers = |number: &u32| {
            let Some(row) = self.row(*number) else { return false };
            let details = self.details_of(row);
            let of_row = words.of_row(*number);
            details.is_published()
                && asked.kind.is_none_or(|kind| details.kind() == Some(kind))
                && ranges.iter().all(|range| of_row.iter().any(|word| range.contains(word)))
                && (places.is_none() || is_at(row.organisation) || self.places(row).any(is_at))
                && self.is_qualified(asked, row)
                && (asked.address.is_none() || asked.is_address(self.address(row)))
                && in_force(row)
        };
        // The rarest word leads; without one every row is asked.
        match ranges.iter().min_by_key(|range| words.row_count(range)) {
            Some(rarest) => words.rows(rarest).into_iter().filter(answers).take(most).collect(),
            None => (0..).take(self.len()).filter(answers).take(most).collect(),
        }
    }

    fn places(&self, row: &Row) -> impl Iterator<Item = u32> {
        let places = self.person(row).map_or("", |person| self.text(person.places));
        places.split(crate::table::RECORD).filter_map(|place| place.parse().ok())
    }

    fn is_qualified(&self, asked: &Asked, row: &Row) -> bool {
        if asked.profession.is_none() && asked.skill.is_none() {
            return true;
        }
        let Some(person) = self.person(row) else { return false };
        let is = |packed: &str, code: &Code| packed.split('\u{1f}').next() == Some(code.as_str());
        let profession = self.text(person.profession);
        let mut skills = self.text(person.skills).split(crate::table::RECORD);
        asked.profession.as_ref().is_none_or(|code| is(profession, code))
            && asked.skill.as_ref().is_none_or(|code| skills.any(|skill| is(skill, code)))
    }

    /// What a row is ordered by among the rows of several tables.
    pub(crate) fn order_key(&self, number: u32) -> (Vec<&str>, &str) {
        let words = self.words();
        let names = words.of_row(number).iter().map(|word| words.text(*word)).collect();
        (names, self.row(number).map_or("", |row| self.address(row)))
    }
}

/// What a certificate is looked for by.
pub(crate) fn certificate_keys(binding: &CertificateBinding) -> [String; 3] {
    [
        fingerprint_key(&binding.fingerprint),
        serial_key(&binding.issuer, &binding.serial),
        subject_key(&binding.issuer, &binding.subject),
    ]
}

pub(crate) fn fingerprint_key(fingerprint: &Fingerprint) -> String {
    format!("F{fingerprint}")
}

pub(crate) fn serial_key(issuer: &DistinguishedName, serial: &SerialNumber) -> String {
    format!("N{:x}:{serial}", hash(issuer))
}

pub(crate) fn subject_key(issuer: &DistinguishedName, subject: &DistinguishedName) -> String {
    format!("S{:x}:{:x}", hash(issuer), hash(subject))
}

/// Names are equal as sets; a hash of the set is the one text that equal names share.
fn hash(name: &DistinguishedName) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}
