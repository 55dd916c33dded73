//! References to bodies: what keeps one alive in an account.
//!
//! A message holds its body, and so does a document that was filed from it. A body is dead when no
//! account names it; there is no shared counter. What is a message's hold only the message itself
//! ends, by its removal; others hold and release as documents.

use super::Record;
use crate::body::Body;
use crate::error::StoreError;
use crate::id::{BodyId, MessageId};
use crate::key::Key;
use crate::seal::Secret;
use crate::transaction::Transaction;
use crate::view::View;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Holders of one body in one account.
pub const MAX_HOLDERS: usize = 256;

/// What keeps a body alive in an account. The order of variants is the stored format: never
/// change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Holder {
    /// A message.
    Message(MessageId),
    /// Another crate's record, by its id.
    Record([u8; 16]),
}

/// An account's reference to a body, with the body's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BodyReference {
    pub(super) key: [u8; 32],
    pub(crate) len: u64,
    pub(crate) holders: Vec<Holder>,
}

impl Record for BodyReference {}

impl BodyReference {
    pub(crate) fn secret(&self) -> Secret {
        Secret::from_bytes(self.key)
    }

    fn add(&mut self, holder: Holder) -> Result<(), StoreError> {
        if self.holders.contains(&holder) {
            return Ok(());
        }
        if self.holders.len() >= MAX_HOLDERS {
            return Err(StoreError::Limit("holders of a body"));
        }
        self.holders.push(holder);
        Ok(())
    }
}

impl Drop for BodyReference {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.key);
    }
}

impl View<'_> {
    pub(crate) fn body_reference(&self, id: BodyId) -> Result<Option<BodyReference>, StoreError> {
        self.record(&Key::body(self.account, id))
    }
}

impl Transaction<'_> {
    /// Keeps a body for another crate's record (a filed document, a queue entry), by the record's id.
    pub fn hold_record(&mut self, body: &Arc<Body>, record: [u8; 16]) -> Result<(), StoreError> {
        self.hold_body(body, Holder::Record(record))
    }

    /// Keeps a body that the account names already for another crate's record as well.
    pub fn share_with_record(&mut self, id: BodyId, record: [u8; 16]) -> Result<(), StoreError> {
        let mut reference = self.body_reference(id)?.ok_or(StoreError::NoSuchBody)?;
        reference.add(Holder::Record(record))?;
        self.put(Key::body(self.account, id), &reference)
    }

    /// Another crate's record needs a body no more; without holders the account no longer names it.
    pub fn release_record(&mut self, id: BodyId, record: [u8; 16]) -> Result<(), StoreError> {
        self.release_body(id, Holder::Record(record))
    }

    pub(super) fn hold_body(&mut self, body: &Arc<Body>, holder: Holder) -> Result<(), StoreError> {
        let key = Key::body(self.account, body.id());
        let known: Option<BodyReference> = self.record(&key)?;
        let mut reference = known.unwrap_or_else(|| BodyReference {
            key: *body.secret().expose(),
            len: body.len(),
            holders: Vec::new(),
        });
        reference.add(holder)?;
        self.put(key, &reference)?;
        self.mark(Key::body_owner(body.id(), self.account));
        self.bodies.push(Arc::clone(body));
        Ok(())
    }

    pub(super) fn release_body(&mut self, id: BodyId, holder: Holder) -> Result<(), StoreError> {
        let mut reference = self.body_reference(id)?.ok_or(StoreError::NoSuchBody)?;
        reference.holders.retain(|held| *held != holder);
        let key = Key::body(self.account, id);
        if reference.holders.is_empty() {
            self.delete(key);
            self.delete(Key::body_owner(id, self.account));
            return Ok(());
        }
        self.put(key, &reference)
    }
}
