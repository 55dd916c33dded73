//! The change log of an account: the one path by which IMAP, search and services learn of changes.
//!
//! A change is a command's effect: one modification sequence and one entry. The log keeps the
//! last 90 days and the last 10,000 changes, whichever reaches further back, and everything that
//! a registered consumer has not seen; below that lies the account's floor.

use super::Record;
use super::account::Counters;
use super::uid_set::UidSet;
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

/// What happened. The order of variants is the stored format: never change it.
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

/// Placements of one mailbox that were removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Removed {
    /// The mailbox.
    pub mailbox: MailboxId,
    /// Their UIDs.
    pub uids: UidSet,
    /// The message of each, in the order of the UIDs.
    pub messages: Vec<MessageId>,
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
    /// The messages that came, were copied or moved.
    pub messages: Vec<MessageId>,
    /// Placements that were made or changed.
    pub placed: Vec<Places>,
    /// Placements that were removed.
    pub removed: Vec<Removed>,
    /// Messages that lost their last place and exist no more.
    pub gone: Vec<MessageId>,
    /// Mailboxes that were made, changed or deleted.
    pub mailboxes: Vec<MailboxId>,
}

/// What a command did, to be entered; the fields are those of [`Change`].
pub(super) struct Effect {
    kind: ChangeKind,
    pub(super) messages: Vec<MessageId>,
    pub(super) placed: Vec<Places>,
    pub(super) removed: Vec<Removed>,
    pub(super) gone: Vec<MessageId>,
    pub(super) mailboxes: Vec<MailboxId>,
}

impl Effect {
    /// An effect without details.
    pub(super) fn of(kind: ChangeKind) -> Self {
        let (messages, placed, removed) = (Vec::new(), Vec::new(), Vec::new());
        Self { kind, messages, placed, removed, gone: Vec::new(), mailboxes: Vec::new() }
    }

    /// An effect on mailboxes.
    pub(super) fn on(kind: ChangeKind, mailboxes: Vec<MailboxId>) -> Self {
        Self { mailboxes, ..Self::of(kind) }
    }
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
    pub(super) fn log_record_change(&mut self) -> Result<(), StoreError> {
        let mod_seq = self.next_mod_seq()?;
        self.log_change(mod_seq, Effect::of(ChangeKind::RecordChanged))
    }

    /// The modification sequence of a command, taken when it changes something for the first time.
    pub(super) fn mod_seq_of(&mut self, taken: &mut Option<u64>) -> Result<u64, StoreError> {
        match taken {
            Some(mod_seq) => Ok(*mod_seq),
            None => Ok(*taken.insert(self.next_mod_seq()?)),
        }
    }

    /// Enters a change under its modification sequence.
    pub(super) fn log_change(&mut self, mod_seq: u64, effect: Effect) -> Result<(), StoreError> {
        let Effect { kind, messages, placed, removed, gone, mailboxes } = effect;
        let (at, actor) = (self.now().as_second(), self.actor());
        let change = Change { at, actor, kind, messages, placed, removed, gone, mailboxes };
        let account = self.account;
        self.put(Key::change(account, mod_seq), &change)?;
        for consumer in self.with.consumers.iter().filter(|consumer| consumer.follows(kind)) {
            self.mark(Key::pending(*consumer, account));
        }
        self.trim_changes()
    }

    fn trim_changes(&mut self) -> Result<(), StoreError> {
        let mut counters = self.counters()?;
        let too_many =
            |counters: &Counters| counters.mod_seq.saturating_sub(counters.floor) > KEPT_CHANGES;
        if !too_many(&counters) {
            return Ok(());
        }
        let old = self.now().as_second() - KEPT_SECONDS;
        let seen = self.seen_by_all()?;
        let before = counters.floor;
        for _ in 0..TRIMMED_AT_ONCE {
            let next = counters.floor + 1;
            if !too_many(&counters) || next > seen {
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
