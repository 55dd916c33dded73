//! How values become rows of numbers, and values again.
//!
//! Invariant: number 0 is "none" for texts, persons and organisations. What is read back is what passed the gates
//! when the table was built.
//! Failure: a row that names what is not there reads as nothing; tables are built here only, so there is none.

use domain::{DistinguishedName, MailboxKind, PersonName};

use super::{CertificateRow, Row, SourceTable};
use crate::certificate::{BoundTo, CertificateBinding};
use crate::concept::Concept;
use crate::mailbox::{Holder, Mailbox, MailboxDetails};
use crate::organisation::Organisation;
use crate::postal_address::PostalAddress;
use crate::professional::Professional;
use crate::text::Text;

/// A professional.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct PersonRow {
    pub(crate) id: u32,
    pub(crate) title: u32,
    pub(crate) given: u32,
    pub(crate) family: u32,
    /// A packed concept.
    pub(crate) profession: u32,
    /// Packed concepts with [`RECORD`] between them.
    pub(crate) skills: u32,
    /// Numbers of organisations in decimal, with [`RECORD`] between them.
    pub(crate) places: u32,
}

/// An organisation: identifier, legal name, trade name, parts of the address.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct OrganisationRow(pub(crate) [u32; 14]);

/// What may change about a mailbox, and its kind.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(crate) struct DetailsRow {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) rank: u16,
    pub(crate) description: u32,
    pub(crate) service: u32,
    pub(crate) responsible: u32,
    pub(crate) phone: u32,
    pub(crate) digital_only: u32,
}

/// Between the members of a packed list.
pub(crate) const RECORD: char = '\u{1e}';
/// The mailbox is on the red list.
pub(crate) const RED: u8 = 1;
/// The mailbox takes citizens' prescriptions.
pub(crate) const PRESCRIPTIONS: u8 = 2;

impl OrganisationRow {
    pub(crate) fn id(&self) -> u32 {
        self.part(0)
    }

    /// Its names: legal, trade.
    pub(crate) fn names(&self) -> [u32; 2] {
        [self.part(1), self.part(2)]
    }

    pub(crate) fn town_line(&self) -> u32 {
        self.part(10)
    }

    pub(crate) fn postal_code(&self) -> u32 {
        self.part(11)
    }

    pub(crate) fn departement(&self) -> u32 {
        self.part(12)
    }

    fn part(&self, at: usize) -> u32 {
        self.0.get(at).copied().unwrap_or_default()
    }
}

impl DetailsRow {
    pub(crate) fn kind(self) -> Option<MailboxKind> {
        MailboxKind::ALL.get(self.kind as usize).copied()
    }

    pub(crate) fn is_published(self) -> bool {
        self.flags & RED == 0
    }
}

/// The number under which a kind is packed: its place among all.
pub(crate) fn kind_number(kind: MailboxKind) -> u8 {
    let place = MailboxKind::ALL.into_iter().position(|other| other == kind);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}

impl SourceTable {
    pub(super) fn unpack(&self, row: &Row) -> Option<Mailbox> {
        let details = self.details_of(row);
        let holder = Holder {
            professional: self.person(row).and_then(|person| self.unpack_person(person)),
            organisation: self.unpack_organisation(row.organisation),
        };
        let kind = details.kind()?;
        let text = |number| Text::kept(self.text(number));
        let details = MailboxDetails {
            rank: details.rank.try_into().ok(),
            description: text(details.description),
            service: text(details.service),
            responsible: text(details.responsible),
            phone: text(details.phone),
            on_red_list: details.flags & RED != 0,
            accepts_citizen_prescriptions: details.flags & PRESCRIPTIONS != 0,
            digital_only: text(details.digital_only),
        };
        Some(Mailbox::kept(self.address(row).parse().ok()?, kind, holder, details))
    }

    fn unpack_person(&self, person: &PersonRow) -> Option<Professional> {
        let name = |number: u32| self.text(number).parse::<PersonName>().ok();
        let list = |number: u32| self.text(number).split(RECORD).filter(|one| !one.is_empty());
        Some(Professional {
            id: self.text(person.id).parse().ok(),
            title: self.text(person.title).parse().ok(),
            given_name: name(person.given),
            family_name: name(person.family)?,
            profession: Concept::unpacked(self.text(person.profession)).try_into().ok(),
            skills: list(person.skills)
                .filter_map(|skill| Concept::unpacked(skill).try_into().ok())
                .collect(),
            places: list(person.places)
                .filter_map(|place| self.unpack_organisation(place.parse().ok()?))
                .collect(),
        })
    }

    fn unpack_organisation(&self, number: u32) -> Option<Organisation> {
        if number == 0 {
            return None;
        }
        let row = self.organisations.get(number as usize)?;
        let [id, legal, trade, address @ ..] = row.0;
        let text = |number| Text::kept(self.text(number));
        Some(Organisation {
            id: self.text(id).parse().ok(),
            legal_name: text(legal),
            trade_name: text(trade),
            address: PostalAddress::of_parts(address.map(text)),
        })
    }

    pub(super) fn unpack_certificate(&self, row: &CertificateRow) -> Option<CertificateBinding> {
        let name = |number| self.text(number).parse::<DistinguishedName>().ok();
        let bound_to = self.text(row.bound_to);
        let bound_to = match row.domain {
            Some(_) => BoundTo::Mailbox(bound_to.parse().ok()?),
            None => BoundTo::Organisation(bound_to.parse().ok()?),
        };
        Some(CertificateBinding {
            fingerprint: row.fingerprint.into(),
            issuer: name(row.issuer)?,
            serial: self.text(row.serial).parse().ok()?,
            subject: name(row.subject)?,
            bound_to,
        })
    }
}
