//! The change log of an account: the one path by which IMAP, search and services learn of changes.
//!
//! A change is a command's effect: one modification sequence and one entry. The log keeps the
//! last 90 days and the last 10,000 changes, whichever reaches further back, and everything that
//! a registered consumer has not seen; below that lies the account's floor.

use super::Record;
use super::placement::UidSet;
use crate::actor::Actor;
use crate::error::StoreError;
use crate::id::{MailboxId, MessageId};
use crate::key::Key;
use crate::transaction::Transaction;
use crate::view::View;
use serde::{Deserialize, Serialize};

/// Changes kept whatever their age.
const KEPT_CHANGES: u64 = 10_000;
/// Changes younger than this are kept, seconds.
const KEPT_SECONDS: i64 = 90 * 24 * 3600;
/// Old changes removed by one new one, so that the log shrinks without a task of its own.
const TRIMMED_AT_ONCE: usize = 4;

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum ChangeKind {
    /// Messages came into the account.
    Arrived,
    /// Messages were placed in one more mailbox.
    Copied,
    /// Messages changed their mailbox.
    Moved,
    /// Flags of placements changed.
    Flags,
    /// Placements were removed.
    Expunged,
    /// A mailbox was made.
    MailboxCreated,
    /// A mailbox got another name, or is shown otherwise.
    MailboxChanged,
    /// A mailbox was deleted.
    MailboxDeleted,
    /// The account's own record, a principal or a grant changed.
    RecordChanged,
}

/// UIDs of one mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Places {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Its UIDs.
    pub uids: UidSet,
}

/// An entry of the change log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// When, seconds since 1970.
    pub at: i64,
    /// Who.
    pub actor: Actor,
    /// What.
    pub kind: ChangeKind,
    /// The messages that came, were copied, moved, or are gone altogether.
    pub messages: Vec<MessageId>,
    /// Placements that were made or changed.
    pub placed: Vec<Places>,
    /// Placements that were removed.
    pub removed: Vec<Places>,
    /// Mailboxes that were made, changed or deleted.
    pub mailboxes: Vec<MailboxId>,
}

impl Record for Change {}

impl View<'_> {
    /// At most `limit` changes above `since`, in order, with their modification sequences.
    pub fn changes(&self, since: u64, limit: usize) -> Result<Vec<(u64, Change)>, StoreError> {
        let from = Key::change(self.account, since.saturating_add(1));
        let to = Key::changes(self.account).prefix_end();
        let mut changes = Vec::new();
        for (key, value) in self.pairs(&from, &to, false, limit)? {
            let mod_seq = key.last_u64().ok_or(StoreError::Format)?;
            changes.push((mod_seq, Change::decode(&value)?));
        }
        Ok(changes)
    }
}

impl Transaction<'_> {
    /// Enters a change of the account's own records.
    pub(crate) fn log_record_change(&mut self) -> Result<(), StoreError> {
        self.log_change(ChangeKind::RecordChanged, &[], &[])?;
        Ok(())
    }

    /// Enters a change under the next modification sequence, which it returns.
    pub(crate) fn log_change(
        &mut self,
        kind: ChangeKind,
        messages: &[MessageId],
        mailboxes: &[MailboxId],
    ) -> Result<u64, StoreError> {
        let mod_seq = self.next_mod_seq()?;
        self.log_placements(mod_seq, kind, messages, Vec::new(), Vec::new(), mailboxes)?;
        Ok(mod_seq)
    }

    /// Enters a change under a modification sequence taken before.
    pub(crate) fn log_placements(
        &mut self,
        mod_seq: u64,
        kind: ChangeKind,
        messages: &[MessageId],
        placed: Vec<Places>,
        removed: Vec<Places>,
        mailboxes: &[MailboxId],
    ) -> Result<(), StoreError> {
        let change = Change {
            at: self.now().as_second(),
            actor: self.actor(),
            kind,
            messages: messages.to_vec(),
            placed,
            removed,
            mailboxes: mailboxes.to_vec(),
        };
        let account = self.account;
        self.put(Key::change(account, mod_seq), &change)?;
        for consumer in self.with.consumers {
            self.mark(Key::pending(*consumer, account));
        }
        self.trim_changes()
    }

    fn trim_changes(&mut self) -> Result<(), StoreError> {
        let mut counters = self.counters()?;
        let old = self.now().as_second() - KEPT_SECONDS;
        let seen = self.lowest_cursor()?;
        let before = counters.floor;
        for _ in 0..TRIMMED_AT_ONCE {
            let next = counters.floor + 1;
            if counters.mod_seq.saturating_sub(counters.floor) <= KEPT_CHANGES || next > seen {
                break;
            }
            let key = Key::change(self.account, next);
            if let Some(change) = self.record::<Change>(&key)? {
                if change.at >= old {
                    break;
                }
                self.delete(key);
            }
            counters.floor = next;
        }
        if counters.floor != before {
            self.put_counters(&counters)?;
        }
        Ok(())
    }
}
