//! Consumers of the change log: how far each has come in each account.
//!
//! The commit that makes a change marks the account pending for each registered consumer that
//! follows changes of its kind, so a consumer works a set and scans nothing. The mark goes when the
//! cursor has reached the head. An account that is not pending holds nothing that the consumer has
//! yet to see, wherever its cursor stands.

use super::Record;
use crate::error::StoreError;
use crate::key::{Consumer, Key};
use crate::transaction::Transaction;
use crate::view::View;
use serde::{Deserialize, Serialize};

/// A consumer's place in an account's change log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Cursor {
    /// The last change it has handled.
    pub(super) mod_seq: u64,
}

impl Record for Cursor {}

impl View<'_> {
    /// The last change that a consumer has handled.
    pub fn cursor(&self, consumer: Consumer) -> Result<u64, StoreError> {
        let cursor: Option<Cursor> = self.record(&Key::cursor(self.account, consumer))?;
        Ok(cursor.map_or(0, |cursor| cursor.mod_seq))
    }

    /// Whether a consumer has yet to see something behind its cursor.
    pub fn is_pending(&self, consumer: Consumer) -> Result<bool, StoreError> {
        self.exists(&Key::pending(consumer, self.account))
    }
}

impl Transaction<'_> {
    /// Moves a consumer's cursor forwards; at the head of the log the account is no longer
    /// pending.
    pub fn set_cursor(&mut self, consumer: Consumer, mod_seq: u64) -> Result<(), StoreError> {
        let account = self.account;
        let head = self.highest_mod_seq()?;
        if mod_seq > head || mod_seq < self.cursor(consumer)? {
            return Err(StoreError::Cursor);
        }
        self.put(Key::cursor(account, consumer), &Cursor { mod_seq })?;
        if mod_seq == head {
            self.delete(Key::pending(consumer, account));
        }
        Ok(())
    }

    /// The change up to which there is nothing left to see for any registered consumer.
    pub(crate) fn seen_by_all(&self) -> Result<u64, StoreError> {
        let mut seen = u64::MAX;
        for consumer in self.with.consumers {
            if self.is_pending(*consumer)? {
                seen = seen.min(self.cursor(*consumer)?);
            }
        }
        Ok(seen)
    }
}
