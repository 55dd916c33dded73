//! One pair of the domain list: a mail domain and the certificate that may speak for it.
//!
//! Invariant: domain and DN are parsed; contacts name persons and print nothing. Failure: [`EntryFault`], which
//! costs the entry and not the list.

use std::fmt;
use std::sync::Arc;

use domain::mail_domain::DomainError;
use domain::{DistinguishedName, DnError, MailDomain};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// An entry (*Domaine*).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DomainEntry {
    /// The mail domain (*Nom*).
    pub domain: MailDomain,
    /// What it is (*Description*).
    pub description: String,
    /// The certificate of the operator (*DNCertificatOperateur*).
    #[serde(with = "shared_dn")]
    pub dn: Arc<DistinguishedName>,
    /// Whom to write to at the operator (*ResponsableContact*).
    pub responsible: Contact,
    /// Where its users find help (*SupportContact*).
    pub support: Contact,
    /// When the entry was last changed (*DateMAJ*); `None` when it is no date that we read.
    pub updated: Option<Timestamp>,
}

/// Names and telephone numbers; for texts on the operators' side only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Contact(pub String);

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Contact(…)")
    }
}

/// Why an entry is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EntryFault {
    /// A field is not there.
    #[error("the field {0} is missing")]
    Missing(&'static str),
    /// A field stands twice, or has elements in it.
    #[error("the field {0} stands twice or is not plain text")]
    NotPlain(&'static str),
    /// The domain is none.
    #[error("the domain cannot be read")]
    Domain(#[from] DomainError),
    /// The DN is none.
    #[error("the DN cannot be read")]
    Dn(#[from] DnError),
}

/// An entry that was left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Which, counted from 1.
    pub entry: usize,
    /// Why.
    pub fault: EntryFault,
}

mod shared_dn {
    //! An `Arc` of a name as the name. Invariants and failures are the name's.

    use std::sync::Arc;

    use domain::DistinguishedName;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(
        dn: &Arc<DistinguishedName>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        dn.as_ref().serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Arc<DistinguishedName>, D::Error> {
        DistinguishedName::deserialize(deserializer).map(Arc::new)
    }
}
