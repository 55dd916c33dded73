//! Building the table of one source.
//!
//! Invariants: an address is there once, by its look-up key; equal persons, organisations and details are one row.
//! Failure: an entry that cannot stand beside an earlier one is refused with its reason, the earlier one stays;
//! [`TableFull`] ends the building.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, Hash, RandomState};

use domain::{LookupKey, MailDomain};

use super::hashed::Hashed;
use super::pack::{
    DetailsRow, OrganisationRow, PRESCRIPTIONS, PersonRow, RECORD, RED, kind_number,
};
use super::strings::{ByHash, Interner, Strings};
use super::{CertificateRow, Row, SourceTable, TableFull, Words};
use crate::certificate::{BoundTo, CertificateBinding};
use crate::fault::FaultReason;
use crate::mailbox::Mailbox;
use crate::organisation::Organisation;
use crate::professional::Professional;
use crate::search::certificate_keys;
use crate::text::Text;

/// What a second record of an address means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeated {
    /// Another line of the same mailbox (the extraction).
    Joins,
    /// A fault.
    Refused,
}

/// Rows that stand once.
struct Once<T> {
    rows: Vec<T>,
    seen: HashMap<T, u32>,
}

impl<T: Copy + Eq + Hash + Default> Once<T> {
    /// The first row stands for none.
    fn new() -> Self {
        Self { rows: vec![T::default()], seen: HashMap::from([(T::default(), 0)]) }
    }

    fn number(&mut self, row: T) -> Result<u32, TableFull> {
        match self.seen.entry(row) {
            Entry::Occupied(seen) => Ok(*seen.get()),
            Entry::Vacant(free) => {
                let number = u32::try_from(self.rows.len()).map_err(|_| TableFull)?;
                self.rows.push(row);
                Ok(*free.insert(number))
            }
        }
    }
}

/// A table that is being built: its rows, not yet in order, without indexes.
pub(crate) struct Builder {
    strings: Interner,
    addresses: Strings,
    domains: Vec<MailDomain>,
    domain_numbers: HashMap<MailDomain, u32>,
    persons: Once<PersonRow>,
    organisations: Once<OrganisationRow>,
    details: Once<DetailsRow>,
    rows: Vec<Row>,
    /// Hash of the look-up key, next free on a clash; the key itself is read from the row.
    seen: ByHash,
    hasher: RandomState,
    /// Joined records wait here: they are few.
    joined: HashMap<u32, Mailbox>,
    certificates: Vec<CertificateRow>,
    certificate_keys: Vec<[String; 3]>,
}

impl Builder {
    pub(crate) fn new() -> Result<Self, TableFull> {
        Ok(Self {
            strings: Interner::new()?,
            addresses: Strings::default(),
            domains: Vec::new(),
            domain_numbers: HashMap::new(),
            persons: Once::new(),
            organisations: Once::new(),
            details: Once::new(),
            rows: Vec::new(),
            seen: ByHash::default(),
            hasher: RandomState::new(),
            joined: HashMap::new(),
            certificates: Vec::new(),
            certificate_keys: Vec::new(),
        })
    }

    /// Takes a mailbox.
    pub(crate) fn add(
        &mut self,
        mailbox: Mailbox,
        repeated: Repeated,
    ) -> Result<Result<(), FaultReason>, TableFull> {
        let key = mailbox.address().lookup_key();
        let mut hash = self.hasher.hash_one(key.as_str());
        loop {
            match self.seen.get(&hash) {
                None => break,
                Some(row) if self.has_key(*row, &key) => {
                    let row = *row;
                    return Ok(match repeated {
                        Repeated::Refused => Err(FaultReason::OtherHolder),
                        Repeated::Joins => self.join(row, mailbox)?,
                    });
                }
                Some(_) => hash = hash.wrapping_add(1),
            }
        }
        let number = u32::try_from(self.rows.len()).map_err(|_| TableFull)?;
        let address = self.addresses.push(&mailbox.address().to_string())?;
        let row = self.pack(&mailbox, address)?;
        self.rows.push(row);
        self.seen.insert(hash, number);
        Ok(Ok(()))
    }

    fn has_key(&self, row: u32, key: &LookupKey) -> bool {
        let address = self.rows.get(row as usize).map(|row| self.addresses.get(row.address));
        let address = address.and_then(|text| text.parse::<domain::MailAddress>().ok());
        address.is_some_and(|address| address.lookup_key() == *key)
    }

    fn join(&mut self, number: u32, later: Mailbox) -> Result<Result<(), FaultReason>, TableFull> {
        let Some(row) = self.rows.get(number as usize).copied() else {
            return Ok(Ok(()));
        };
        let earlier = self.joined.remove(&number).or_else(|| self.read(&row));
        let Some(earlier) = earlier else {
            return Ok(Ok(()));
        };
        match earlier.clone().joined(later) {
            Ok(mailbox) => {
                let packed = self.pack(&mailbox, row.address)?;
                if let Some(row) = self.rows.get_mut(number as usize) {
                    *row = packed;
                }
                self.joined.insert(number, mailbox);
                Ok(Ok(()))
            }
            Err(error) => {
                self.joined.insert(number, earlier);
                Ok(Err(error.into()))
            }
        }
    }

    /// A row's mailbox, through a table of nothing but what the row names.
    fn read(&mut self, row: &Row) -> Option<Mailbox> {
        let mut table = self.lent();
        let mailbox = table.unpack(row);
        self.give_back(&mut table);
        mailbox
    }

    /// The rows in the shape of a table, for reading; to be given back.
    fn lent(&mut self) -> SourceTable {
        SourceTable {
            strings: std::mem::take(self.strings.strings_mut()),
            addresses: std::mem::take(&mut self.addresses),
            domains: Vec::new(),
            persons: std::mem::take(&mut self.persons.rows),
            organisations: std::mem::take(&mut self.organisations.rows),
            details: std::mem::take(&mut self.details.rows),
            rows: Vec::new(),
            words: Words::default(),
            by_address: Hashed::default(),
            by_identifier: Hashed::default(),
            certificates: Vec::new(),
            by_certificate: Hashed::default(),
        }
    }

    fn give_back(&mut self, table: &mut SourceTable) {
        *self.strings.strings_mut() = std::mem::take(&mut table.strings);
        self.addresses = std::mem::take(&mut table.addresses);
        self.persons.rows = std::mem::take(&mut table.persons);
        self.organisations.rows = std::mem::take(&mut table.organisations);
        self.details.rows = std::mem::take(&mut table.details);
    }

    fn text(&mut self, text: Option<&Text>) -> Result<u32, TableFull> {
        self.strings.number(text.map_or("", Text::as_str))
    }

    fn domain(&mut self, domain: &MailDomain) -> Result<u32, TableFull> {
        if let Some(number) = self.domain_numbers.get(domain) {
            return Ok(*number);
        }
        let number = u32::try_from(self.domains.len()).map_err(|_| TableFull)?;
        self.domains.push(domain.clone());
        self.domain_numbers.insert(domain.clone(), number);
        Ok(number)
    }

    fn pack(&mut self, mailbox: &Mailbox, address: u32) -> Result<Row, TableFull> {
        let domain = self.domain(mailbox.address().domain())?;
        let person = match &mailbox.holder().professional {
            Some(professional) => self.pack_person(professional)?,
            None => 0,
        };
        let organisation = match &mailbox.holder().organisation {
            Some(organisation) => self.pack_organisation(organisation)?,
            None => 0,
        };
        let details = mailbox.details();
        let mut flags = 0;
        if details.on_red_list {
            flags |= RED;
        }
        if details.accepts_citizen_prescriptions {
            flags |= PRESCRIPTIONS;
        }
        let details = DetailsRow {
            kind: kind_number(mailbox.kind()),
            flags,
            rank: details.rank.map_or(0, u16::from),
            description: self.text(details.description.as_ref())?,
            service: self.text(details.service.as_ref())?,
            responsible: self.text(details.responsible.as_ref())?,
            phone: self.text(details.phone.as_ref())?,
            digital_only: self.text(details.digital_only.as_ref())?,
        };
        Ok(Row { address, domain, person, organisation, details: self.details.number(details)? })
    }

    fn pack_person(&mut self, person: &Professional) -> Result<u32, TableFull> {
        let skills: Vec<_> = person.skills.iter().map(|skill| skill.concept().packed()).collect();
        let mut places = Vec::with_capacity(person.places.len());
        for place in &person.places {
            places.push(self.pack_organisation(place)?.to_string());
        }
        let separator = RECORD.to_string();
        let profession = person.profession.as_ref().map(|profession| profession.concept().packed());
        let row = PersonRow {
            id: self
                .strings
                .number(&person.id.as_ref().map(ToString::to_string).unwrap_or_default())?,
            title: self.strings.number(person.title.as_ref().map_or("", |title| title.code()))?,
            given: self
                .strings
                .number(person.given_name.as_ref().map_or("", |name| name.as_str()))?,
            family: self.strings.number(person.family_name.as_str())?,
            profession: self.strings.number(&profession.unwrap_or_default())?,
            skills: self.strings.number(&skills.join(&separator))?,
            places: self.strings.number(&places.join(&separator))?,
        };
        self.persons.number(row)
    }

    fn pack_organisation(&mut self, organisation: &Organisation) -> Result<u32, TableFull> {
        let id = organisation.id.as_ref().map(ToString::to_string).unwrap_or_default();
        let texts = [&organisation.legal_name, &organisation.trade_name];
        let texts = texts.into_iter().chain(organisation.address.parts());
        let mut row = OrganisationRow::default();
        let mut numbers = row.0.iter_mut();
        if let Some(first) = numbers.next() {
            *first = self.strings.number(&id)?;
        }
        for (number, text) in numbers.zip(texts) {
            *number = self.strings.number(text.as_ref().map_or("", Text::as_str))?;
        }
        self.organisations.number(row)
    }

    /// Takes a certificate; one that is there already is taken once.
    pub(crate) fn bind(&mut self, binding: &CertificateBinding) -> Result<(), TableFull> {
        let (bound_to, domain) = match &binding.bound_to {
            BoundTo::Mailbox(address) => {
                (address.to_string(), Some(self.domain(address.domain())?))
            }
            BoundTo::Organisation(id) => (id.to_string(), None),
        };
        let row = CertificateRow {
            fingerprint: *binding.fingerprint.as_bytes(),
            serial: self.strings.number(&binding.serial.to_string())?,
            issuer: self.strings.number(&binding.issuer.to_string())?,
            subject: self.strings.number(&binding.subject.to_string())?,
            bound_to: self.strings.number(&bound_to)?,
            domain,
        };
        if u32::try_from(self.certificates.len()).is_err() {
            return Err(TableFull);
        }
        self.certificates.push(row);
        self.certificate_keys.push(certificate_keys(binding));
        Ok(())
    }

    /// Puts the rows in order and makes the indexes.
    pub(crate) fn finish(mut self) -> Result<SourceTable, TableFull> {
        // What only building needs goes before the indexes come.
        self.seen = ByHash::default();
        self.persons.seen = HashMap::new();
        self.organisations.seen = HashMap::new();
        self.details.seen = HashMap::new();
        let mut by_certificate = Hashed::default();
        for (number, keys) in (0..).zip(&self.certificate_keys) {
            keys.iter().for_each(|key| by_certificate.add(key, number));
        }
        by_certificate.settle();
        self.addresses.shrink();
        let mut table = SourceTable {
            strings: self.strings.finish(),
            addresses: self.addresses,
            domains: self.domains,
            persons: self.persons.rows,
            organisations: self.organisations.rows,
            details: self.details.rows,
            rows: self.rows,
            words: Words::default(),
            by_address: Hashed::default(),
            by_identifier: Hashed::default(),
            certificates: self.certificates,
            by_certificate,
        };
        table.order_by_name()?;
        table.index_keys();
        Ok(table)
    }
}
