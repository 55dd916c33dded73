//! The entries of one source, packed: a million mailboxes in a few hundred megabytes.
//!
//! Every text stands once in one arena and is named by its number; professionals, organisations and details stand
//! once each; a mailbox is five numbers. Values are made again when they are read.
//!
//! Invariants: a table never changes; mailboxes are in order of their holders' names (folded family name, given
//! name, structure, then address), so that a search reads them in the order in which people expect them.
//! Failure: what does not fit into 32-bit numbers is [`TableFull`] while building; reading cannot fail.

mod build;
mod hashed;
mod order;
mod pack;
mod strings;

use domain::{LookupKey, MailAddress, MailDomain};

pub(crate) use self::build::{Builder, Repeated};
use self::hashed::Hashed;
pub(crate) use self::pack::{DetailsRow, OrganisationRow, PersonRow, RECORD};
pub(crate) use self::strings::Strings;
use crate::certificate::CertificateBinding;
use crate::mailbox::Mailbox;

/// More texts or entries than 32-bit numbers count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a source has more texts than a table holds")]
pub struct TableFull;

/// One mailbox: numbers of rows and texts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    /// Number of the address among the addresses.
    pub(crate) address: u32,
    pub(crate) domain: u32,
    /// 0: none.
    pub(crate) person: u32,
    /// 0: none.
    pub(crate) organisation: u32,
    pub(crate) details: u32,
}

/// The published entries of one source.
pub struct SourceTable {
    strings: Strings,
    addresses: Strings,
    domains: Vec<MailDomain>,
    persons: Vec<PersonRow>,
    organisations: Vec<OrganisationRow>,
    details: Vec<DetailsRow>,
    rows: Vec<Row>,
    words: Words,
    by_address: Hashed,
    by_identifier: Hashed,
    certificates: Vec<CertificateRow>,
    by_certificate: Hashed,
}

/// The words of the rows' names, both ways.
pub(crate) struct Words {
    /// In order; a word's number is its place.
    dictionary: Strings,
    /// Where each row's words begin in `of_row`.
    starts: Vec<u32>,
    of_row: Vec<u32>,
    /// Where each word's rows begin in `rows`.
    postings: Vec<u32>,
    rows: Vec<u32>,
}

#[derive(Clone, Copy)]
pub(crate) struct CertificateRow {
    fingerprint: [u8; 32],
    /// Texts: serial number in hexadecimal, names, and the holder in packed form.
    serial: u32,
    issuer: u32,
    subject: u32,
    bound_to: u32,
    domain: Option<u32>,
}

impl std::fmt::Debug for SourceTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "SourceTable({} mailboxes, {} certificates)", self.len(), self.certificates.len())
    }
}

impl SourceTable {
    /// How many mailboxes it has.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it has no mailbox.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Every mailbox, red-listed ones included, in order of name.
    pub fn mailboxes(&self) -> impl Iterator<Item = Mailbox> {
        self.rows.iter().filter_map(|row| self.unpack(row))
    }

    /// Every certificate.
    pub fn certificates(&self) -> impl Iterator<Item = CertificateBinding> {
        self.certificates.iter().filter_map(|row| self.unpack_certificate(row))
    }

    /// How many certificates it has.
    pub fn certificate_count(&self) -> usize {
        self.certificates.len()
    }

    pub(crate) fn domains(&self) -> &[MailDomain] {
        &self.domains
    }

    pub(crate) fn row(&self, row: u32) -> Option<&Row> {
        self.rows.get(row as usize)
    }

    pub(crate) fn mailbox(&self, row: u32) -> Option<Mailbox> {
        self.unpack(self.row(row)?)
    }

    pub(crate) fn details_of(&self, row: &Row) -> DetailsRow {
        self.details.get(row.details as usize).copied().unwrap_or_default()
    }

    pub(crate) fn person(&self, row: &Row) -> Option<&PersonRow> {
        self.persons.get(row.person as usize).filter(|_| row.person != 0)
    }

    pub(crate) fn organisations(&self) -> &[OrganisationRow] {
        &self.organisations
    }

    pub(crate) fn text(&self, number: u32) -> &str {
        self.strings.get(number)
    }

    pub(crate) fn address(&self, row: &Row) -> &str {
        self.addresses.get(row.address)
    }

    /// The row of an address.
    pub(crate) fn find(&self, key: &LookupKey) -> Option<u32> {
        self.by_address.rows(key.as_str()).find(|number| {
            let address = self.row(*number).and_then(|row| self.address(row).parse().ok());
            address.is_some_and(|address: MailAddress| address.lookup_key() == *key)
        })
    }

    /// Rows whose holder has the identifier, in order: `P` and a person's, `S` and a structure's.
    pub(crate) fn of_identifier(&self, key: &str) -> Vec<u32> {
        let mut rows: Vec<u32> = self
            .by_identifier
            .rows(key)
            .filter(|number| {
                self.row(*number).is_some_and(|row| self.identifiers(row).any(|id| id == key))
            })
            .collect();
        rows.sort_unstable();
        rows
    }

    /// The identifiers under which a row is found.
    fn identifiers(&self, row: &Row) -> impl Iterator<Item = String> {
        let person = self.person(row).map(|person| (PERSON, person.id));
        let organisation = self.organisations.get(row.organisation as usize);
        let organisation = organisation.map(|organisation| (STRUCTURE, organisation.id()));
        person
            .into_iter()
            .chain(organisation)
            .filter(|(_, id)| *id != 0)
            .map(|(sort, id)| format!("{sort}{}", self.text(id)))
    }

    /// Certificates that may be those of `key` (verified by the caller), with their domain's number.
    pub(crate) fn of_certificate(
        &self,
        key: &str,
    ) -> impl Iterator<Item = (CertificateBinding, Option<u32>)> {
        self.by_certificate.rows(key).filter_map(|number| {
            let row = self.certificates.get(number as usize)?;
            Some((self.unpack_certificate(row)?, row.domain))
        })
    }

    pub(crate) fn words(&self) -> &Words {
        &self.words
    }
}

/// Before a person's identifier in the index.
pub(crate) const PERSON: char = 'P';
/// Before a structure's identifier in the index.
pub(crate) const STRUCTURE: char = 'S';

impl Words {
    /// The numbers of the words that begin with `prefix`.
    pub(crate) fn beginning_with(&self, prefix: &str) -> std::ops::Range<u32> {
        let from = self.dictionary.partition_point(|word| word < prefix);
        let to = self.dictionary.partition_point(|word| word < prefix || word.starts_with(prefix));
        from..to
    }

    /// How many rows stand behind a range of words (a row counts for each of its words).
    pub(crate) fn row_count(&self, words: &std::ops::Range<u32>) -> u32 {
        let at = |word: u32| self.postings.get(word as usize).copied().unwrap_or_default();
        at(words.end).saturating_sub(at(words.start))
    }

    /// The rows behind a range of words, in order, each once.
    pub(crate) fn rows(&self, words: &std::ops::Range<u32>) -> Vec<u32> {
        let at = |word: u32| self.postings.get(word as usize).map(|at| *at as usize);
        let rows =
            at(words.start).zip(at(words.end)).and_then(|(from, to)| self.rows.get(from..to));
        let mut rows = rows.unwrap_or_default().to_vec();
        rows.sort_unstable();
        rows.dedup();
        rows
    }

    /// The words of one row, in the order of its names.
    pub(crate) fn of_row(&self, row: u32) -> &[u32] {
        let at = |row: usize| self.starts.get(row).map(|at| *at as usize);
        let words = at(row as usize).zip(at(row as usize + 1));
        words.and_then(|(from, to)| self.of_row.get(from..to)).unwrap_or_default()
    }

    pub(crate) fn text(&self, word: u32) -> &str {
        self.dictionary.get(word)
    }
}

#[cfg(test)]
mod tests;
