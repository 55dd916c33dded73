//! An organisation (*structure*) as published: hospital, laboratory, practice.
//!
//! Invariant: it has an identifier or a legal name, or no mailbox can be held by it (checked where mailboxes are).
//! Failure: that of the values. `Debug` prints which register the identifier is of: a liberal practice's SIRET and
//! name are its doctor's.

use std::fmt;

use domain::StructureId;
use serde::{Deserialize, Serialize};

use crate::postal_address::PostalAddress;
use crate::text::Text;

/// An organisation.
#[derive(Clone, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Organisation {
    /// FINESS, SIRET or another national identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<StructureId>,
    /// *Raison sociale*.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub legal_name: Option<Text>,
    /// *Enseigne commerciale*.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trade_name: Option<Text>,
    /// Where it is.
    #[serde(skip_serializing_if = "is_nowhere")]
    pub address: PostalAddress,
}

fn is_nowhere(address: &PostalAddress) -> bool {
    *address == PostalAddress::default()
}

impl Organisation {
    /// Whether nothing is known of it.
    pub fn is_blank(&self) -> bool {
        *self == Self::default()
    }

    /// Whether it can be told from others: by identifier or name.
    pub fn is_known(&self) -> bool {
        self.id.is_some() || self.legal_name.is_some() || self.trade_name.is_some()
    }

    /// The name for people: the trade name where there is one.
    pub fn name(&self) -> Option<&Text> {
        self.trade_name.as_ref().or(self.legal_name.as_ref())
    }
}

impl fmt::Debug for Organisation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let register = match &self.id {
            Some(StructureId::Finess(_)) => "FINESS",
            Some(StructureId::Siret(_)) => "SIRET",
            Some(StructureId::Other(_)) => "other",
            None => "none",
        };
        write!(f, "Organisation(id: {register}, …)")
    }
}
