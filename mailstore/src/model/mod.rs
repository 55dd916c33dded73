//! What is kept: one file per noun, each with its records and with what reads and changes them.
//!
//! Reading is a method of [`View`](crate::View), changing one of
//! [`Transaction`](crate::Transaction). A record is a version octet and its fields in postcard;
//! a changed record gets a new version and reads the old one.

pub mod account;
pub mod change;
pub mod consumer;
pub mod fingerprint;
pub mod flags;
pub mod mailbox;
pub mod message;
pub mod placement;
pub mod principal;
pub mod thread;

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
            Some((version, fields)) if *version == Self::VERSION => {
                postcard::from_bytes(fields).map_err(|_| StoreError::Format)
            }
            _ => Err(StoreError::Format),
        }
    }
}
