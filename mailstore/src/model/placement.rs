//! Placements: which message lies under which UID of which mailbox.
//!
//! A placement lies in its mailbox; beside it lies one mark with the message, so that a message's
//! places are found and its last one is known without a record that grows. They carry the flags
//! and are what COPY and MOVE ([`transfer`](super::transfer)), STORE ([`flags`](super::flags)) and
//! EXPUNGE ([`expunge`](super::expunge)) change.
//!
//! One call is one command: one modification sequence and one entry of the change log. A command
//! touches at most [`MAX_PLACEMENTS`]; longer ones are given in parts.

use super::Record;
use super::flags::{FlagPages, Flags};
use super::mailbox::MailboxState;
use super::uid_set::UidSet;
use crate::error::StoreError;
use crate::id::{MailboxId, MessageId};
use crate::key::Key;
use crate::transaction::Transaction;
use crate::view::View;
use serde::{Deserialize, Serialize};

/// Placements that one command touches at most. Moving as many, the costliest of them, stays
/// within what one transaction may write (4 MB).
pub const MAX_PLACEMENTS: usize = 8_192;
/// Places of one message.
pub const MAX_PLACES: usize = 256;

/// What lies under a UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The message.
    pub message: MessageId,
    /// Its length, octets.
    pub size: u64,
    /// IMAP's INTERNALDATE, seconds since 1970.
    pub internal_date: i64,
    /// When it was placed here, seconds since 1970: IMAP's SAVEDATE.
    // RFC 8514 §2
    pub saved: i64,
}

impl Record for Placement {}

impl View<'_> {
    /// What lies under a UID.
    pub fn placement(&self, mailbox: MailboxId, uid: u32) -> Result<Option<Placement>, StoreError> {
        self.record(&Key::placement(self.account, mailbox, uid))
    }

    /// At most `limit` placements with a UID from `first` to `last`, in order.
    pub fn placements(
        &self,
        mailbox: MailboxId,
        first: u32,
        last: u32,
        limit: usize,
    ) -> Result<Vec<(u32, Placement)>, StoreError> {
        let from = Key::placement(self.account, mailbox, first);
        let to = Key::placement(self.account, mailbox, last).prefix_end();
        let mut placements = Vec::new();
        for (key, value) in self.pairs(&from, &to, false, limit)? {
            let uid = key.last_u32().ok_or(StoreError::Format)?;
            placements.push((uid, Placement::decode(&value)?));
        }
        Ok(placements)
    }

    /// Where a message is placed: mailboxes and UIDs, in the order of the mailboxes' ids.
    pub fn places_of(&self, message: MessageId) -> Result<Vec<(MailboxId, u32)>, StoreError> {
        let places = self.some_places(message, usize::MAX)?;
        let place = |key: &Key| key.place_of().map(|(_, mailbox, uid)| (mailbox, uid));
        places.iter().map(|key| place(key).ok_or(StoreError::Format)).collect()
    }

    /// At most `limit` of a message's places.
    fn some_places(&self, message: MessageId, limit: usize) -> Result<Vec<Key>, StoreError> {
        let all = Key::places(self.account, message);
        let marks = self.pairs(&all, &all.prefix_end(), false, limit)?;
        Ok(marks.into_iter().map(|(key, _)| key).collect())
    }

    /// Refuses one more place for a message that has as many as it may.
    pub(super) fn check_room_for_place(&self, message: MessageId) -> Result<(), StoreError> {
        match self.some_places(message, MAX_PLACES)?.len() < MAX_PLACES {
            true => Ok(()),
            false => Err(StoreError::Limit("places of a message")),
        }
    }
}

/// The UIDs that a command names.
pub(super) fn bounded(uids: &[u32]) -> Result<UidSet, StoreError> {
    if uids.len() > MAX_PLACEMENTS {
        return Err(StoreError::Limit("placements of one command"));
    }
    Ok(uids.iter().copied().collect())
}

/// A placement that was removed.
pub(super) struct Taken {
    pub(super) message: MessageId,
    /// It was the message's last: the message is gone.
    pub(super) last: bool,
}

/// A mailbox whose placements one command changes: its counters and flag pages are read once and
/// written once, by [`OpenMailbox::close`].
pub(super) struct OpenMailbox {
    id: MailboxId,
    pub(super) state: MailboxState,
    pub(super) pages: FlagPages,
    /// Messages that lost their last place, and their octets.
    gone: (u64, u64),
}

impl OpenMailbox {
    pub(super) fn open(tx: &Transaction<'_>, id: MailboxId) -> Result<Self, StoreError> {
        let state = tx.mailbox_state(id)?;
        Ok(Self { id, state, pages: FlagPages::new(id), gone: (0, 0) })
    }

    pub(super) fn close(mut self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        self.pages.close(tx)?;
        tx.put(Key::mailbox_state(tx.account, self.id), &self.state)?;
        if self.gone.0 == 0 {
            return Ok(());
        }
        let mut counters = tx.counters()?;
        counters.messages = counters.messages.saturating_sub(self.gone.0);
        counters.octets = counters.octets.saturating_sub(self.gone.1);
        tx.put_counters(&counters)
    }

    /// Places a message under the next UID.
    pub(super) fn place(
        &mut self,
        tx: &mut Transaction<'_>,
        placement: Placement,
        flags: Flags,
        mod_seq: u64,
    ) -> Result<u32, StoreError> {
        let uid = self.state.uid_next;
        // UIDs are used up after four thousand million messages: another mailbox has to be made.
        let next = uid.checked_add(1).ok_or(StoreError::Limit("UIDs of a mailbox"))?;
        self.state.uid_next = next;
        self.state.exists += 1;
        self.count(flags, true);
        self.state.octets += placement.size;
        self.state.highest_mod_seq = mod_seq;
        let placement = Placement { saved: tx.now().as_second(), ..placement };
        tx.put(Key::placement(tx.account, self.id, uid), &placement)?;
        tx.mark(Key::place(tx.account, placement.message, self.id, uid));
        self.pages.set(tx, uid, flags, mod_seq)?;
        Ok(uid)
    }

    /// Removes a placement, and the message with its last one.
    pub(super) fn remove(
        &mut self,
        tx: &mut Transaction<'_>,
        uid: u32,
        mod_seq: u64,
    ) -> Result<Taken, StoreError> {
        let key = Key::placement(tx.account, self.id, uid);
        let placement: Placement = tx.record(&key)?.ok_or(StoreError::NoSuchMessage)?;
        let flags = self.pages.get(tx, uid)?.map_or(Flags::NONE, |found| found.flags);
        self.pages.remove(tx, uid)?;
        tx.delete(key);
        self.state.exists = self.state.exists.saturating_sub(1);
        self.count(flags, false);
        self.state.octets = self.state.octets.saturating_sub(placement.size);
        self.state.highest_mod_seq = mod_seq;

        let message = placement.message;
        tx.delete(Key::place(tx.account, message, self.id, uid));
        let last = tx.some_places(message, 1)?.is_empty();
        if last {
            tx.remove_message(message)?;
            self.gone.0 += 1;
            self.gone.1 += placement.size;
        }
        Ok(Taken { message, last })
    }

    /// Counts a placement's flags in, or out.
    pub(super) fn count(&mut self, flags: Flags, into: bool) {
        let step = |counter: &mut u32| {
            *counter = if into { counter.saturating_add(1) } else { counter.saturating_sub(1) };
        };
        if !flags.contain(Flags::SEEN) {
            step(&mut self.state.unseen);
        }
        if flags.contain(Flags::DELETED) {
            step(&mut self.state.deleted);
        }
    }
}
