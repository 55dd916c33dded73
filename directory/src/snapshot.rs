//! The directory at one moment: the tables of all sources, and which of their entries are in force.
//!
//! Invariants: a snapshot never changes; the rule of [`crate::source`] decides what is in force, and every look-up
//! and search goes through it; a red-listed mailbox is found by its exact address only, with `published` false.
//! Failure: [`QueryError`] for a question out of bounds; look-ups have none.

use std::sync::Arc;

use domain::{DistinguishedName, MailAddress, PersonId, StructureId};

use crate::certificate::{BoundTo, CertificateBinding, Fingerprint, SerialNumber};
use crate::search::{
    Asked, Found, Page, Query, QueryError, fingerprint_key, serial_key, subject_key,
};
use crate::source::{DomainOwners, Source};
use crate::table::{PERSON, Row, STRUCTURE, SourceTable};

/// Most mailboxes that a look-up by identifier gives.
pub const MAX_OF_ONE_HOLDER: usize = 1000;

/// The directory at one moment.
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    /// Operators in order of name, the extraction last.
    parts: Vec<Part>,
    owners: Arc<DomainOwners>,
}

/// One source's table and its say.
#[derive(Clone, Debug)]
struct Part {
    source: Source,
    table: Arc<SourceTable>,
    /// For each domain of the table.
    say: Vec<Say>,
}

/// Whether a source speaks for a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Say {
    No,
    Alone,
    /// With operators before it, whose records of the same address count first.
    AfterOthers,
}

impl Snapshot {
    /// A snapshot of tables under owners.
    pub(crate) fn new(
        mut tables: Vec<(Source, Arc<SourceTable>)>,
        owners: Arc<DomainOwners>,
    ) -> Self {
        tables.sort_by(|(one, _), (other, _)| one.cmp(other));
        let operators: Vec<_> = tables
            .iter()
            .filter_map(|(source, _)| match source {
                Source::Operator(name) => Some(name.clone()),
                Source::National => None,
            })
            .collect();
        let part = |(source, table): (Source, Arc<SourceTable>)| {
            let say = |domain| {
                let mut owning = operators.iter().filter(|name| owners.owns(name, domain));
                match &source {
                    Source::National if owning.next().is_some() => Say::No,
                    Source::National => Say::Alone,
                    Source::Operator(name) if !owners.owns(name, domain) => Say::No,
                    Source::Operator(name) if owning.next() == Some(name) => Say::Alone,
                    Source::Operator(_) => Say::AfterOthers,
                }
            };
            let say = table.domains().iter().map(say).collect();
            Part { source, table, say }
        };
        Self { parts: tables.into_iter().map(part).collect(), owners }
    }

    /// This snapshot with another table of one source, or without it.
    pub(crate) fn with(&self, source: &Source, table: Option<Arc<SourceTable>>) -> Self {
        let others = self.tables().filter(|(other, _)| other != source);
        let table = table.map(|table| (source.clone(), table));
        Self::new(others.chain(table).collect(), Arc::clone(&self.owners))
    }

    /// This snapshot under other owners.
    pub(crate) fn under(&self, owners: DomainOwners) -> Self {
        Self::new(self.tables().collect(), Arc::new(owners))
    }

    fn tables(&self) -> impl Iterator<Item = (Source, Arc<SourceTable>)> {
        self.parts.iter().map(|part| (part.source.clone(), Arc::clone(&part.table)))
    }

    /// The sources, operators first.
    pub fn sources(&self) -> impl Iterator<Item = &Source> {
        self.parts.iter().map(|part| &part.source)
    }

    /// The entries of one source, in force or not.
    pub fn table(&self, source: &Source) -> Option<&Arc<SourceTable>> {
        self.parts.iter().find(|part| part.source == *source).map(|part| &part.table)
    }

    /// How many mailboxes are in force, red-listed ones included.
    pub fn len(&self) -> usize {
        self.in_force().count()
    }

    /// Whether no mailbox is in force.
    pub fn is_empty(&self) -> bool {
        self.in_force().next().is_none()
    }

    /// Every mailbox in force that is not on the red list, by source.
    pub fn published(&self) -> impl Iterator<Item = Found> {
        self.in_force()
            .filter_map(|(place, number)| self.read(place, number))
            .filter(|found| found.published)
    }

    fn in_force(&self) -> impl Iterator<Item = (usize, u32)> {
        self.parts.iter().enumerate().flat_map(move |(place, part)| {
            let numbers = (0..).take(part.table.len());
            numbers.map(move |number| (place, number)).filter(move |(place, number)| {
                let row = part.table.row(*number);
                row.is_some_and(|row| self.counts(*place, row))
            })
        })
    }

    /// The mailbox of an address, red-listed or not.
    pub fn find(&self, address: &MailAddress) -> Option<Found> {
        let key = address.lookup_key();
        self.parts.iter().enumerate().find_map(|(place, part)| {
            let number = part.table.find(&key)?;
            let row = part.table.row(number)?;
            if self.say(place, row.domain) == Say::No { None } else { self.read(place, number) }
        })
    }

    /// The published mailboxes of a professional, the preferred ones first.
    pub fn by_person(&self, id: &PersonId) -> Vec<Found> {
        self.by_identifier(&format!("{PERSON}{id}"))
    }

    /// The published mailboxes of an organisation, the preferred ones first.
    pub fn by_structure(&self, id: &StructureId) -> Vec<Found> {
        self.by_identifier(&format!("{STRUCTURE}{id}"))
    }

    fn by_identifier(&self, key: &str) -> Vec<Found> {
        let mut found: Vec<_> = self
            .parts
            .iter()
            .enumerate()
            .flat_map(|(place, part)| {
                let numbers = part.table.of_identifier(key).into_iter();
                numbers.map(move |number| (place, number))
            })
            .filter(|(place, number)| self.row_counts(*place, *number))
            .filter_map(|(place, number)| self.read(place, number))
            .filter(|found| found.published)
            .take(MAX_OF_ONE_HOLDER)
            .collect();
        // Stable: without a rank, in order of name.
        found.sort_by_key(|found| found.mailbox.details().rank.map_or(u16::MAX, u16::from));
        found
    }

    /// A page of what answers `query`.
    ///
    /// # Errors
    /// A question out of bounds.
    // MSS #86
    pub fn search(&self, query: &Query) -> Result<Page, QueryError> {
        let asked = Asked::check(query)?;
        let most = asked.offset + asked.limit + 1;
        let mut answers = Vec::new();
        for (place, part) in self.parts.iter().enumerate() {
            let counts = |row: &Row| self.counts(place, row);
            let numbers = part.table.answer(&asked, most, counts);
            answers.extend(numbers.into_iter().map(|number| (place, number)));
        }
        if self.parts.len() > 1 {
            answers.sort_by_cached_key(|(place, number)| {
                self.parts.get(*place).map(|part| part.table.order_key(*number))
            });
        }
        let more = answers.len() >= most;
        let found = answers
            .into_iter()
            .skip(asked.offset)
            .take(asked.limit)
            .filter_map(|(place, number)| self.read(place, number))
            .collect();
        Ok(Page { found, more })
    }

    /// The bindings of a certificate.
    pub fn by_fingerprint(&self, fingerprint: &Fingerprint) -> Vec<CertificateBinding> {
        self.by_certificate(&fingerprint_key(fingerprint), |binding| {
            binding.fingerprint == *fingerprint
        })
    }

    /// The bindings of the certificate that `issuer` gave `serial`.
    pub fn by_serial(
        &self,
        issuer: &DistinguishedName,
        serial: &SerialNumber,
    ) -> Vec<CertificateBinding> {
        self.by_certificate(&serial_key(issuer, serial), |binding| {
            binding.issuer == *issuer && binding.serial == *serial
        })
    }

    /// The bindings of any certificate that `issuer` gave `subject`: a renewed one finds those of the old one.
    pub fn by_subject(
        &self,
        issuer: &DistinguishedName,
        subject: &DistinguishedName,
    ) -> Vec<CertificateBinding> {
        self.by_certificate(&subject_key(issuer, subject), |binding| {
            binding.issuer == *issuer && binding.subject == *subject
        })
    }

    fn by_certificate(
        &self,
        key: &str,
        is_it: impl Fn(&CertificateBinding) -> bool,
    ) -> Vec<CertificateBinding> {
        let mut found: Vec<CertificateBinding> = Vec::new();
        for (place, part) in self.parts.iter().enumerate() {
            for (binding, domain) in part.table.of_certificate(key) {
                let counts = match &binding.bound_to {
                    BoundTo::Organisation(_) => true,
                    BoundTo::Mailbox(_) => {
                        domain.is_some_and(|domain| self.say(place, domain) != Say::No)
                    }
                };
                if counts && is_it(&binding) && !found.contains(&binding) {
                    found.push(binding);
                }
            }
        }
        found
    }

    fn say(&self, place: usize, domain: u32) -> Say {
        let say = self.parts.get(place).and_then(|part| part.say.get(domain as usize));
        say.copied().unwrap_or(Say::No)
    }

    fn row_counts(&self, place: usize, number: u32) -> bool {
        let row = self.parts.get(place).and_then(|part| part.table.row(number));
        row.is_some_and(|row| self.counts(place, row))
    }

    fn counts(&self, place: usize, row: &Row) -> bool {
        match self.say(place, row.domain) {
            Say::No => false,
            Say::Alone => true,
            Say::AfterOthers => {
                let Some(part) = self.parts.get(place) else { return false };
                let Ok(address) = part.table.address(row).parse::<MailAddress>() else {
                    return false;
                };
                let key = address.lookup_key();
                let earlier = self.parts.iter().enumerate().take(place);
                !earlier.into_iter().any(|(place, part)| {
                    let row = part.table.find(&key).and_then(|number| part.table.row(number));
                    row.is_some_and(|row| self.say(place, row.domain) != Say::No)
                })
            }
        }
    }

    fn read(&self, place: usize, number: u32) -> Option<Found> {
        let part = self.parts.get(place)?;
        let mailbox = part.table.mailbox(number)?;
        let published = !mailbox.details().on_red_list;
        Some(Found { mailbox, published, source: part.source.clone() })
    }
}
