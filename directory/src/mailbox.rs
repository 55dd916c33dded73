//! A published mailbox (*boîte aux lettres MSSanté*): address, kind, holder, and what may change about it.
//!
//! Invariants: never a citizen's, by kind or by domain; a personal or practice mailbox has a professional, or for a
//! practice an organisation; an organisational or application mailbox has an organisation with a name or an
//! identifier; skills and places of the professional are there once, and no place repeats the mailbox's own
//! organisation. Address and kind never change ([`Mailbox::amended`]).
//! Failure: [`MailboxError`] says why and names nobody. `Debug` prints kind, domain and registers only.

use std::num::NonZeroU16;

use domain::{CitizenDomains, MailAddress, MailboxKind};
use serde::{Deserialize, Serialize};

use crate::organisation::Organisation;
use crate::professional::{MAX_SKILLS_AND_PLACES, Professional};
use crate::text::Text;

/// What directories call our kind of mail (*type de messagerie*, TRE_R256).
// MSS #84
pub const EMAIL_TYPE: &str = "MSSANTE";

/// Who holds a mailbox: a professional, an organisation, or one within the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Holder {
    /// The professional.
    pub professional: Option<Professional>,
    /// The organisation.
    pub organisation: Option<Organisation>,
}

/// What may change about a mailbox.
// MSS #84
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxDetails {
    /// Order among the mailboxes of one holder, 1 first (*BAL préférentielle*).
    pub rank: Option<NonZeroU16>,
    /// What the mailbox is for.
    pub description: Option<Text>,
    /// *Service de rattachement*.
    pub service: Option<Text>,
    /// Who answers for it in an organisation; never part of the open access.
    pub responsible: Option<Text>,
    /// Telephone.
    pub phone: Option<Text>,
    /// Whether it is hidden from searches (*liste rouge*).
    pub on_red_list: bool,
    /// Whether citizens may write to it first, with a prescription (the pharmacies' exception).
    // MSS #40
    pub accepts_citizen_prescriptions: bool,
    /// Whether its holder takes documents without paper (*dématérialisation*), in the register's own words.
    pub digital_only: Option<Text>,
}

/// A mailbox of the trust domain.
// MSS #84
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    address: MailAddress,
    kind: MailboxKind,
    holder: Holder,
    details: MailboxDetails,
}

/// Why something cannot be a mailbox of the directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    /// The kind is the citizens'.
    #[error("a citizen's mailbox is never in the directory")]
    CitizenKind,
    /// The domain is a citizens' domain.
    #[error("an address of a citizens' domain is never in the directory")]
    CitizenDomain,
    /// No holder, or not the one that the kind asks for.
    #[error("the mailbox has no holder of the sort that its kind asks for")]
    NoHolder,
    /// More than [`MAX_SKILLS_AND_PLACES`].
    #[error("the professional has more than {MAX_SKILLS_AND_PLACES} skills or places")]
    TooMany,
    /// A change of the address.
    #[error("the address of a mailbox does not change: create a new mailbox and withdraw this one")]
    AddressIsImmutable,
    /// A change of the kind.
    #[error("the kind of a mailbox does not change: create a new mailbox and withdraw this one")]
    KindIsImmutable,
    /// Two records of one address whose holders are two.
    #[error("the address stands there already, with another holder")]
    OtherHolder,
}

/// A change asked for; what is `None` stays. Address and kind are there to be refused with their reason.
#[derive(Clone, Debug, Default)]
pub struct MailboxChange {
    /// The address, if the change names one.
    pub address: Option<MailAddress>,
    /// The kind, if the change names one.
    pub kind: Option<MailboxKind>,
    /// A new holder record.
    pub holder: Option<Holder>,
    /// New details.
    pub details: Option<MailboxDetails>,
}

impl Mailbox {
    /// A mailbox, through the gate.
    ///
    /// # Errors
    /// The first four of [`MailboxError`].
    pub fn new(
        address: MailAddress,
        kind: MailboxKind,
        holder: Holder,
        details: MailboxDetails,
        citizens: &CitizenDomains,
    ) -> Result<Self, MailboxError> {
        if kind == MailboxKind::Citizen {
            return Err(MailboxError::CitizenKind);
        }
        if citizens.contains(address.domain()) {
            return Err(MailboxError::CitizenDomain);
        }
        let holder = Holder {
            organisation: holder.organisation.filter(|organisation| !organisation.is_blank()),
            ..holder
        };
        let mut mailbox = Self { address, kind, holder, details };
        if !mailbox.has_its_holder() {
            return Err(MailboxError::NoHolder);
        }
        mailbox.settle();
        mailbox.within_bounds()
    }

    /// What passed the gate before, from a table.
    pub(crate) fn kept(
        address: MailAddress,
        kind: MailboxKind,
        holder: Holder,
        details: MailboxDetails,
    ) -> Self {
        Self { address, kind, holder, details }
    }

    /// The address, as published.
    pub fn address(&self) -> &MailAddress {
        &self.address
    }

    /// The kind, never a citizen's.
    pub fn kind(&self) -> MailboxKind {
        self.kind
    }

    /// Who holds it.
    pub fn holder(&self) -> &Holder {
        &self.holder
    }

    /// What may change about it.
    pub fn details(&self) -> &MailboxDetails {
        &self.details
    }

    /// The mailbox after a change.
    ///
    /// # Errors
    /// [`MailboxError::AddressIsImmutable`], [`MailboxError::KindIsImmutable`] (the same value is no change), or
    /// that of the gate.
    // MSS #85
    pub fn amended(&self, change: MailboxChange) -> Result<Self, MailboxError> {
        if change.address.is_some_and(|address| address != self.address) {
            return Err(MailboxError::AddressIsImmutable);
        }
        if change.kind.is_some_and(|kind| kind != self.kind) {
            return Err(MailboxError::KindIsImmutable);
        }
        Self::new(
            self.address.clone(),
            self.kind,
            change.holder.unwrap_or_else(|| self.holder.clone()),
            change.details.unwrap_or_else(|| self.details.clone()),
            // The address passed when the mailbox was made.
            &CitizenDomains::default(),
        )
    }

    /// This record and a later one of the same address, as one: the extraction has a line for each skill and each
    /// place of a professional.
    pub(crate) fn joined(mut self, later: Self) -> Result<Self, MailboxError> {
        if self.kind != later.kind {
            return Err(MailboxError::KindIsImmutable);
        }
        match (&mut self.holder.professional, later.holder.professional) {
            (Some(one), Some(other)) if one.is_same_person(&other) => {
                one.skills.extend(other.skills);
                one.places.extend(later.holder.organisation);
                one.places.extend(other.places);
            }
            (None, None) if self.holder.organisation == later.holder.organisation => {}
            _ => return Err(MailboxError::OtherHolder),
        }
        self.settle();
        self.within_bounds()
    }

    fn has_its_holder(&self) -> bool {
        let organisation = self.holder.organisation.as_ref().is_some_and(Organisation::is_known);
        let professional = self.holder.professional.is_some();
        match self.kind {
            MailboxKind::Personal => professional,
            MailboxKind::Practice => professional || organisation,
            MailboxKind::Organisational | MailboxKind::Application => organisation,
            MailboxKind::Citizen => false,
        }
    }

    /// Every skill and place once, in order.
    fn settle(&mut self) {
        let Holder { professional, organisation } = &mut self.holder;
        if let Some(professional) = professional {
            let mut skills = Vec::with_capacity(professional.skills.len());
            for skill in professional.skills.drain(..) {
                if !skills.contains(&skill) {
                    skills.push(skill);
                }
            }
            professional.skills = skills;
            let mut places = Vec::with_capacity(professional.places.len());
            for place in professional.places.drain(..) {
                let known = place.is_blank()
                    || organisation.as_ref() == Some(&place)
                    || places.contains(&place);
                if !known {
                    places.push(place);
                }
            }
            professional.places = places;
        }
    }

    fn within_bounds(self) -> Result<Self, MailboxError> {
        let over = self.holder.professional.as_ref().is_some_and(|professional| {
            professional.skills.len().max(professional.places.len()) > MAX_SKILLS_AND_PLACES
        });
        if over { Err(MailboxError::TooMany) } else { Ok(self) }
    }
}

/// A mailbox as the exchange format writes it; becomes a [`Mailbox`] through the gate.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct MailboxRecord {
    address: MailAddress,
    kind: MailboxKind,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    professional: Option<Professional>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    organisation: Option<Organisation>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rank: Option<NonZeroU16>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    description: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    service: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    responsible: Option<Text>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    phone: Option<Text>,
    #[serde(default, skip_serializing_if = "is_false")]
    on_red_list: bool,
    #[serde(default, skip_serializing_if = "is_false")]
    accepts_citizen_prescriptions: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    digital_only: Option<Text>,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn is_false(flag: &bool) -> bool {
    !flag
}

impl MailboxRecord {
    pub(crate) fn checked(self, citizens: &CitizenDomains) -> Result<Mailbox, MailboxError> {
        let holder = Holder { professional: self.professional, organisation: self.organisation };
        let details = MailboxDetails {
            rank: self.rank,
            description: self.description,
            service: self.service,
            responsible: self.responsible,
            phone: self.phone,
            on_red_list: self.on_red_list,
            accepts_citizen_prescriptions: self.accepts_citizen_prescriptions,
            digital_only: self.digital_only,
        };
        Mailbox::new(self.address, self.kind, holder, details, citizens)
    }
}

impl From<Mailbox> for MailboxRecord {
    fn from(mailbox: Mailbox) -> Self {
        let Mailbox { address, kind, holder, details } = mailbox;
        Self {
            address,
            kind,
            professional: holder.professional,
            organisation: holder.organisation,
            rank: details.rank,
            description: details.description,
            service: details.service,
            responsible: details.responsible,
            phone: details.phone,
            on_red_list: details.on_red_list,
            accepts_citizen_prescriptions: details.accepts_citizen_prescriptions,
            digital_only: details.digital_only,
        }
    }
}

#[cfg(test)]
mod tests;
