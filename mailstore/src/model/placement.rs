//! Placements: which message lies under which UID of which mailbox. They carry the flags and are
//! what COPY, MOVE, STORE and EXPUNGE change.
//!
//! One call is one command: one modification sequence and one entry of the change log. A command
//! touches at most [`MAX_PLACEMENTS`]; longer ones are given in parts.

use super::Record;
use super::change::{ChangeKind, Places};
use super::flags::{FlagChange, FlagPages, Flags, UidFlags};
use super::mailbox::MailboxState;
use crate::error::StoreError;
use crate::id::{MailboxId, MessageId};
use crate::key::Key;
use crate::transaction::Transaction;
use crate::view::View;
use serde::{Deserialize, Serialize};

/// Placements that one command touches at most.
pub const MAX_PLACEMENTS: usize = 16_384;

/// What lies under a UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Placement {
    /// The message.
    pub message: MessageId,
    /// Its length, octets.
    pub size: u64,
    /// IMAP's INTERNALDATE, seconds since 1970.
    pub internal_date: i64,
}

impl Record for Placement {}

/// The places of one message.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MessagePlaces(pub(crate) Vec<(MailboxId, u32)>);

impl Record for MessagePlaces {}

/// A set of UIDs as ranges, in order and apart.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UidSet(Vec<(u32, u32)>);

impl UidSet {
    /// Adds a UID, which must be above those added before.
    fn push(&mut self, uid: u32) {
        match self.0.last_mut() {
            Some((_, last)) if last.checked_add(1) == Some(uid) => *last = uid,
            _ => self.0.push((uid, uid)),
        }
    }

    /// The ranges, first and last UID.
    #[must_use]
    pub fn ranges(&self) -> &[(u32, u32)] {
        &self.0
    }

    /// Each UID.
    pub fn iter(&self) -> impl Iterator<Item = u32> + '_ {
        self.0.iter().flat_map(|(first, last)| *first..=*last)
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl FromIterator<u32> for UidSet {
    fn from_iter<I: IntoIterator<Item = u32>>(uids: I) -> Self {
        let mut sorted: Vec<_> = uids.into_iter().collect();
        sorted.sort_unstable();
        sorted.dedup();
        let mut set = Self::default();
        sorted.into_iter().for_each(|uid| set.push(uid));
        set
    }
}

/// What STORE did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Placements whose flags changed.
    pub changed: Vec<UidFlags>,
    /// Placements left alone because they changed after `unchanged_since`.
    // RFC 7162 §3.1.3
    pub modified: Vec<u32>,
}

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

    /// Where a message is placed: mailboxes and UIDs.
    pub fn places_of(&self, message: MessageId) -> Result<Vec<(MailboxId, u32)>, StoreError> {
        let places: Option<MessagePlaces> = self.record(&Key::places(self.account, message))?;
        Ok(places.unwrap_or_default().0)
    }
}

fn bounded(uids: &[u32]) -> Result<UidSet, StoreError> {
    if uids.len() > MAX_PLACEMENTS {
        return Err(StoreError::Limit("placements of one command"));
    }
    Ok(uids.iter().copied().collect())
}

impl Transaction<'_> {
    /// Places a message under the next UID of a mailbox.
    pub(crate) fn place(
        &mut self,
        mailbox: MailboxId,
        placement: Placement,
        flags: Flags,
        mod_seq: u64,
    ) -> Result<u32, StoreError> {
        let account = self.account;
        let mut state = self.mailbox_state(mailbox)?;
        let uid = state.uid_next;
        // UIDs are used up after four thousand million messages: another mailbox has to be made.
        state.uid_next = uid.checked_add(1).ok_or(StoreError::Limit("UIDs of a mailbox"))?;
        state.exists += 1;
        count(&mut state, flags, true);
        state.octets += placement.size;
        state.highest_mod_seq = mod_seq;
        self.put(Key::mailbox_state(account, mailbox), &state)?;
        self.put(Key::placement(account, mailbox, uid), &placement)?;
        let mut pages = FlagPages::new(mailbox);
        pages.set(self, uid, flags, mod_seq)?;
        pages.close(self)?;
        let key = Key::places(account, placement.message);
        let mut places: MessagePlaces = self.record(&key)?.unwrap_or_default();
        places.0.push((mailbox, uid));
        self.put(key, &places)?;
        Ok(uid)
    }

    /// Changes flags. With `unchanged_since`, placements changed after it are left alone.
    pub fn store_flags(
        &mut self,
        mailbox: MailboxId,
        uids: &[u32],
        change: FlagChange,
        unchanged_since: Option<u64>,
    ) -> Result<Stored, StoreError> {
        let uids = bounded(uids)?;
        let mut state = self.mailbox_state(mailbox)?;
        let mut pages = FlagPages::new(mailbox);
        let mut stored = Stored::default();
        let mut taken = None;
        for uid in uids.iter() {
            let Some(now) = pages.get(self, uid)? else { continue };
            if unchanged_since.is_some_and(|since| now.mod_seq > since) {
                stored.modified.push(uid);
                continue;
            }
            let flags = change.of(now.flags);
            if flags == now.flags {
                continue;
            }
            let mod_seq = match taken {
                Some(mod_seq) => mod_seq,
                None => *taken.insert(self.next_mod_seq()?),
            };
            count(&mut state, now.flags, false);
            count(&mut state, flags, true);
            pages.set(self, uid, flags, mod_seq)?;
            stored.changed.push(UidFlags { uid, flags, mod_seq });
        }
        pages.close(self)?;
        if let Some(mod_seq) = taken {
            state.highest_mod_seq = mod_seq;
            self.put(Key::mailbox_state(self.account, mailbox), &state)?;
            let uids = stored.changed.iter().map(|changed| changed.uid).collect();
            let placed = vec![Places { mailbox, uids }];
            self.log_placements(mod_seq, ChangeKind::Flags, &[], placed, Vec::new(), &[])?;
        }
        Ok(stored)
    }

    /// Places messages in another mailbox as well; returns old and new UIDs.
    pub fn copy(
        &mut self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
    ) -> Result<Vec<(u32, u32)>, StoreError> {
        self.transfer(from, uids, to, false)
    }

    /// Moves messages to another mailbox; returns old and new UIDs.
    // RFC 6851 §3.3
    pub fn move_messages(
        &mut self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
    ) -> Result<Vec<(u32, u32)>, StoreError> {
        self.transfer(from, uids, to, true)
    }

    fn transfer(
        &mut self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
        leave: bool,
    ) -> Result<Vec<(u32, u32)>, StoreError> {
        let uids = bounded(uids)?;
        let keywords = self.mailbox(from)?.keywords;
        self.mailbox(to)?;
        let mut pairs = Vec::new();
        let mut messages = Vec::new();
        let mut taken = None;
        for uid in uids.iter() {
            let Some(placement) = self.placement(from, uid)? else { continue };
            let flags = self.uid_flags(from, uid)?.map_or(Flags::NONE, |found| found.flags);
            let flags = self.translate_keywords(flags, &keywords, from, to)?;
            let mod_seq = match taken {
                Some(mod_seq) => mod_seq,
                None => *taken.insert(self.next_mod_seq()?),
            };
            let new = self.place(to, placement, flags, mod_seq)?;
            if leave {
                self.remove_placement(from, uid, mod_seq)?;
            }
            pairs.push((uid, new));
            messages.push(placement.message);
        }
        if let Some(mod_seq) = taken {
            let placed = vec![Places { mailbox: to, uids: pairs.iter().map(|p| p.1).collect() }];
            let left = Places { mailbox: from, uids: pairs.iter().map(|p| p.0).collect() };
            let (kind, removed) = match leave {
                true => (ChangeKind::Moved, vec![left]),
                false => (ChangeKind::Copied, Vec::new()),
            };
            self.log_placements(mod_seq, kind, &messages, placed, removed, &[])?;
        }
        Ok(pairs)
    }

    /// Keywords have their bits per mailbox.
    fn translate_keywords(
        &mut self,
        flags: Flags,
        names: &[String],
        from: MailboxId,
        to: MailboxId,
    ) -> Result<Flags, StoreError> {
        if from == to {
            return Ok(flags);
        }
        let mut translated = flags;
        for (at, _) in names.iter().enumerate() {
            translated = translated.without(Flags::keyword(at));
        }
        for (at, name) in names.iter().enumerate() {
            if flags.contain(Flags::keyword(at)) {
                translated = translated.and(Flags::keyword(self.keyword(to, name)?));
            }
        }
        Ok(translated)
    }

    /// Removes placements; those without `\Deleted` as well when `all`. Returns their UIDs.
    pub fn expunge(
        &mut self,
        mailbox: MailboxId,
        uids: &[u32],
        all: bool,
    ) -> Result<Vec<u32>, StoreError> {
        let uids = bounded(uids)?;
        let mut removed = Vec::new();
        let mut gone = Vec::new();
        let mut taken = None;
        for uid in uids.iter() {
            let Some(found) = self.uid_flags(mailbox, uid)? else { continue };
            if !all && !found.flags.contain(Flags::DELETED) {
                continue;
            }
            let mod_seq = match taken {
                Some(mod_seq) => mod_seq,
                None => *taken.insert(self.next_mod_seq()?),
            };
            gone.extend(self.remove_placement(mailbox, uid, mod_seq)?);
            removed.push(uid);
        }
        if let Some(mod_seq) = taken {
            let places = vec![Places { mailbox, uids: removed.iter().copied().collect() }];
            self.log_placements(mod_seq, ChangeKind::Expunged, &gone, Vec::new(), places, &[])?;
        }
        Ok(removed)
    }

    /// Removes all placements of a mailbox that is about to be deleted.
    pub(crate) fn empty_mailbox(&mut self, mailbox: MailboxId) -> Result<(), StoreError> {
        let placements = self.placements(mailbox, 0, u32::MAX, MAX_PLACEMENTS + 1)?;
        let uids: Vec<_> = placements.into_iter().map(|(uid, _)| uid).collect();
        self.expunge(mailbox, &uids, true)?;
        Ok(())
    }

    /// Removes one placement, and the message with its last one; returns the message if it is gone.
    fn remove_placement(
        &mut self,
        mailbox: MailboxId,
        uid: u32,
        mod_seq: u64,
    ) -> Result<Option<MessageId>, StoreError> {
        let account = self.account;
        let key = Key::placement(account, mailbox, uid);
        let placement: Placement = self.record(&key)?.ok_or(StoreError::NoSuchMessage)?;
        let mut pages = FlagPages::new(mailbox);
        let flags = pages.get(self, uid)?.map_or(Flags::NONE, |found| found.flags);
        pages.remove(self, uid)?;
        pages.close(self)?;
        self.delete(key);
        let mut state = self.mailbox_state(mailbox)?;
        state.exists = state.exists.saturating_sub(1);
        count(&mut state, flags, false);
        state.octets = state.octets.saturating_sub(placement.size);
        state.highest_mod_seq = mod_seq;
        self.put(Key::mailbox_state(account, mailbox), &state)?;

        let places_key = Key::places(account, placement.message);
        let mut places: MessagePlaces = self.record(&places_key)?.unwrap_or_default();
        places.0.retain(|place| *place != (mailbox, uid));
        if places.0.is_empty() {
            self.delete(places_key);
            self.remove_message(placement.message)?;
            return Ok(Some(placement.message));
        }
        self.put(places_key, &places)?;
        Ok(None)
    }
}

/// Counts a placement's flags in, or out.
fn count(state: &mut MailboxState, flags: Flags, into: bool) {
    let step = |counter: &mut u32| {
        *counter = if into { counter.saturating_add(1) } else { counter.saturating_sub(1) };
    };
    if !flags.contain(Flags::SEEN) {
        step(&mut state.unseen);
    }
    if flags.contain(Flags::DELETED) {
        step(&mut state.deleted);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uids_collapse_to_ranges() {
        let set: UidSet = [5, 1, 2, 3, 9, 2].into_iter().collect();
        assert_eq!(set.ranges(), [(1, 3), (5, 5), (9, 9)]);
        assert_eq!(set.iter().collect::<Vec<_>>(), [1, 2, 3, 5, 9]);
        let top: UidSet = [u32::MAX, u32::MAX - 1].into_iter().collect();
        assert_eq!(top.ranges(), [(u32::MAX - 1, u32::MAX)]);
    }
}
