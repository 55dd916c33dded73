//! What an authority knows of itself: one JSON file, replaced as a whole.
//!
//! Invariants: the file is on stable storage before what it records is handed out, so a number is never used
//! twice. It names the persons certified and is a secret file.
//! Failure: a file that is not ours, or of another version, is refused and left alone.

use std::fmt;
use std::path::Path;

use domain::DistinguishedName;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{AuthorityError, AuthorityParams};
use crate::crl::RevocationReason;
use crate::domain_list::DomainEntry;
use crate::durable_file::{self, Access};
use crate::profile::Kind;
use crate::serial::Serial;

/// The format of the file.
const VERSION: u32 = 1;

/// Largest file read, in octets.
const MAX_RECORD: u64 = 256 * 1024 * 1024;

pub(super) const FILE: &str = "authority.json";

#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    version: u32,
    pub(super) params: AuthorityParams,
    /// Number of the last revocation list, of the issuing authority and of the root alike.
    pub(super) crl_number: u64,
    pub(super) issued: Vec<IssuedRecord>,
    pub(super) revoked: Vec<RevokedRecord>,
    pub(super) domains: Vec<DomainEntry>,
    /// Of the last list signed; the next is never older.
    pub(super) list_generated_at: Option<Timestamp>,
}

/// One certificate that the authority has issued.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IssuedRecord {
    /// Its number.
    pub serial: Serial,
    /// What it is for.
    pub kind: Kind,
    /// Whom it names.
    pub subject: DistinguishedName,
    /// First instant.
    pub not_before: Timestamp,
    /// Last instant.
    pub not_after: Timestamp,
    /// When it was issued.
    pub issued_at: Timestamp,
}

impl fmt::Debug for IssuedRecord {
    // Not the subject: it may be a person.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedRecord")
            .field("serial", &self.serial)
            .field("kind", &self.kind)
            .field("issued_at", &self.issued_at)
            .finish_non_exhaustive()
    }
}

/// One certificate that the authority has taken back.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RevokedRecord {
    /// Its number.
    pub serial: Serial,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

impl Record {
    pub(super) fn new(params: AuthorityParams) -> Self {
        Self {
            version: VERSION,
            params,
            crl_number: 0,
            issued: Vec::new(),
            revoked: Vec::new(),
            domains: Vec::new(),
            list_generated_at: None,
        }
    }

    pub(super) fn read(dir: &Path) -> Result<Self, AuthorityError> {
        let contents = durable_file::read(&dir.join(FILE), MAX_RECORD)?;
        let record: Self = serde_json::from_slice(&contents).map_err(|_| AuthorityError::Record)?;
        if record.version == VERSION { Ok(record) } else { Err(AuthorityError::Record) }
    }

    pub(super) fn write(&self, dir: &Path) -> Result<(), AuthorityError> {
        let contents = serde_json::to_vec_pretty(self).map_err(|_| AuthorityError::Record)?;
        Ok(durable_file::replace(&dir.join(FILE), &contents, Access::Secret)?)
    }
}
