//! What is kept: one file per noun, each with its records and with what reads and changes them.
//!
//! Reading is a method of [`View`](crate::View), changing one of
//! [`Transaction`](crate::Transaction). A record is a version octet and its fields in postcard;
//! a changed record gets a new version and reads the old one in [`Record::upgrade`]. `golden.rs`
//! holds every stored form: a test there fails when one changes without a new version.
//!
//! Values with a gate (a mailbox's name, a keyword, addresses, INS, traits, kinds of mailboxes)
//! are read back through it. So a gate may be tightened only together with an upgrade of the
//! records that embed the value; else what was stored under the wider gate no longer reads.

pub mod account;
pub mod body_reference;
pub mod change;
pub mod consumer;
mod erasure;
pub mod expunge;
pub mod fingerprint;
pub mod flags;
pub mod keyword;
pub mod mailbox;
pub mod message;
pub mod placement;
pub mod principal;
pub mod service;
pub mod subscription;
pub mod thread;
pub mod transfer;
pub mod uid_set;

#[cfg(test)]
mod golden;

use crate::error::StoreError;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A stored record.
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// The version that this program writes.
    const VERSION: u8 = 1;

    /// The record as stored, before sealing.
    fn encode(&self) -> Result<Vec<u8>, StoreError> {
        postcard::to_extend(self, vec![Self::VERSION]).map_err(|_| StoreError::Format)
    }

    /// Reads what [`Record::encode`] wrote.
    fn decode(octets: &[u8]) -> Result<Self, StoreError> {
        match octets.split_first() {
            Some((&version, fields)) if version == Self::VERSION => {
                postcard::from_bytes(fields).map_err(|_| StoreError::Format)
            }
            Some((&version, fields)) => Self::upgrade(version, fields),
            None => Err(StoreError::Format),
        }
    }

    /// Reads the fields of an earlier version.
    fn upgrade(_version: u8, _fields: &[u8]) -> Result<Self, StoreError> {
        Err(StoreError::Format)
    }
}
