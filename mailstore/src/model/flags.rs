//! Flags of placements, in pages of 256 UIDs, and what STORE does with them.
//!
//! A page holds, for each UID that exists, its flags and the modification sequence of its last
//! change: FETCH FLAGS over a mailbox reads one key for 256 messages. A page without entries is
//! not stored.

use super::Record;
use super::change::{ChangeKind, Effect, Places};
use super::keyword::MAX_KEYWORDS;
use super::placement::{OpenMailbox, bounded};
use crate::error::StoreError;
use crate::id::MailboxId;
use crate::key::Key;
use crate::transaction::Transaction;
use crate::view::View;
use serde::{Deserialize, Serialize};

/// UIDs of one page.
const PAGE: u32 = 256;
/// Bits below the keywords.
const SYSTEM_BITS: usize = 8;

/// A placement's flags: system flags in the low bits, the mailbox's keywords above.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flags(u64);

impl Flags {
    /// No flag.
    pub const NONE: Self = Self(0);
    /// `\Seen`
    pub const SEEN: Self = Self(1);
    /// `\Answered`
    pub const ANSWERED: Self = Self(2);
    /// `\Flagged`
    pub const FLAGGED: Self = Self(4);
    /// `\Deleted`
    pub const DELETED: Self = Self(8);
    /// `\Draft`
    pub const DRAFT: Self = Self(16);

    /// The keyword at a place in [`Mailbox::keywords`](super::mailbox::Mailbox::keywords); None
    /// when there is no such place.
    #[must_use]
    pub fn keyword(at: usize) -> Option<Self> {
        (at < MAX_KEYWORDS).then(|| Self(1 << (SYSTEM_BITS + at)))
    }

    /// Those that mean the same in every mailbox.
    #[must_use]
    pub const fn system(self) -> Self {
        Self(self.0 & ((1 << SYSTEM_BITS) - 1))
    }

    /// All of both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Those of `self` that are not in `other`.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Whether all of `other` are set.
    #[must_use]
    pub const fn contain(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What STORE does with the flags it names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FlagChange {
    /// These and no others.
    Set(Flags),
    /// These as well.
    Add(Flags),
    /// These no more.
    Remove(Flags),
}

impl FlagChange {
    pub(crate) fn of(self, flags: Flags) -> Flags {
        match self {
            Self::Set(new) => new,
            Self::Add(more) => flags.and(more),
            Self::Remove(gone) => flags.without(gone),
        }
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
    /// The change's modification sequence; None when nothing changed.
    pub mod_seq: Option<u64>,
}

/// The flags of one UID.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UidFlags {
    /// The UID.
    pub uid: u32,
    /// Its flags.
    pub flags: Flags,
    /// The modification sequence of its last change.
    pub mod_seq: u64,
}

/// One page, entries in the order of UIDs.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FlagPage {
    entries: Vec<Entry>,
}

impl Record for FlagPage {}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    /// The UID's place in the page.
    low: u8,
    flags: Flags,
    mod_seq: u64,
}

impl FlagPage {
    fn position(&self, uid: u32) -> Result<usize, usize> {
        self.entries.binary_search_by_key(&low(uid), |entry| entry.low)
    }

    fn get(&self, uid: u32) -> Option<Entry> {
        self.entries.get(self.position(uid).ok()?).copied()
    }

    pub(super) fn set(&mut self, uid: u32, flags: Flags, mod_seq: u64) {
        let entry = Entry { low: low(uid), flags, mod_seq };
        match self.position(uid) {
            Ok(at) => {
                if let Some(place) = self.entries.get_mut(at) {
                    *place = entry;
                }
            }
            Err(at) => self.entries.insert(at, entry),
        }
    }

    fn remove(&mut self, uid: u32) {
        if let Ok(at) = self.position(uid) {
            self.entries.remove(at);
        }
    }
}

fn low(uid: u32) -> u8 {
    u8::try_from(uid % PAGE).unwrap_or(u8::MAX)
}

impl View<'_> {
    /// The flags of the UIDs from `first` to `last` that exist, in order.
    pub fn flags(
        &self,
        mailbox: MailboxId,
        first: u32,
        last: u32,
    ) -> Result<Vec<UidFlags>, StoreError> {
        let account = self.account;
        let from = Key::flag_page(account, mailbox, first / PAGE);
        let to = Key::flag_page(account, mailbox, last / PAGE).prefix_end();
        let mut found = Vec::new();
        for (key, value) in self.pairs(&from, &to, false, usize::MAX)? {
            let page = key.last_u32().ok_or(StoreError::Format)?;
            for entry in FlagPage::decode(&value)?.entries {
                let uid = page * PAGE + u32::from(entry.low);
                if (first..=last).contains(&uid) {
                    found.push(UidFlags { uid, flags: entry.flags, mod_seq: entry.mod_seq });
                }
            }
        }
        Ok(found)
    }

    /// All flags that any placement of a mailbox has: reads all its pages.
    pub(super) fn flags_in_use(&self, mailbox: MailboxId) -> Result<Flags, StoreError> {
        let mut used = Flags::NONE;
        for (_, value) in self.all(&Key::flag_pages(self.account, mailbox))? {
            let page = FlagPage::decode(&value)?;
            used = page.entries.iter().fold(used, |used, entry| used.and(entry.flags));
        }
        Ok(used)
    }
}

impl Transaction<'_> {
    /// Changes flags. With `unchanged_since`, placements changed after it are left alone.
    pub fn store_flags(
        &mut self,
        mailbox: MailboxId,
        uids: &[u32],
        change: FlagChange,
        unchanged_since: Option<u64>,
    ) -> Result<Stored, StoreError> {
        self.command(|tx| tx.change_flags(mailbox, uids, change, unchanged_since))
    }

    fn change_flags(
        &mut self,
        mailbox: MailboxId,
        uids: &[u32],
        change: FlagChange,
        unchanged_since: Option<u64>,
    ) -> Result<Stored, StoreError> {
        let uids = bounded(uids)?;
        let mut open = OpenMailbox::open(self, mailbox)?;
        let mut stored = Stored::default();
        for uid in uids.iter() {
            let Some(now) = open.pages.get(self, uid)? else { continue };
            if unchanged_since.is_some_and(|since| now.mod_seq > since) {
                stored.modified.push(uid);
                continue;
            }
            let flags = change.of(now.flags);
            if flags == now.flags {
                continue;
            }
            let mod_seq = self.mod_seq_of(&mut stored.mod_seq)?;
            // Mail programs mark before they expunge.
            self.makes_room |= flags.contain(Flags::DELETED) && !now.flags.contain(Flags::DELETED);
            open.count(now.flags, false);
            open.count(flags, true);
            open.pages.set(self, uid, flags, mod_seq)?;
            open.state.highest_mod_seq = mod_seq;
            stored.changed.push(UidFlags { uid, flags, mod_seq });
        }
        if let Some(mod_seq) = stored.mod_seq {
            open.close(self)?;
            let uids = stored.changed.iter().map(|changed| changed.uid).collect();
            let mut effect = Effect::of(ChangeKind::Flags);
            effect.placed.push(Places { mailbox, uids });
            self.log_change(mod_seq, effect)?;
        }
        Ok(stored)
    }
}

/// Pages of one mailbox being changed: each is read once and written once.
pub(crate) struct FlagPages {
    mailbox: MailboxId,
    open: Option<(u32, FlagPage)>,
}

impl FlagPages {
    pub(crate) fn new(mailbox: MailboxId) -> Self {
        Self { mailbox, open: None }
    }

    fn page<'a>(
        &'a mut self,
        tx: &mut Transaction<'_>,
        uid: u32,
    ) -> Result<&'a mut FlagPage, StoreError> {
        let number = uid / PAGE;
        if self.open.as_ref().is_none_or(|(open, _)| *open != number) {
            self.close(tx)?;
        }
        if self.open.is_none() {
            let key = Key::flag_page(tx.account, self.mailbox, number);
            self.open = Some((number, tx.record(&key)?.unwrap_or_default()));
        }
        match &mut self.open {
            Some((_, page)) => Ok(page),
            None => Err(StoreError::Format),
        }
    }

    pub(crate) fn get(
        &mut self,
        tx: &mut Transaction<'_>,
        uid: u32,
    ) -> Result<Option<UidFlags>, StoreError> {
        let entry = self.page(tx, uid)?.get(uid);
        Ok(entry.map(|entry| UidFlags { uid, flags: entry.flags, mod_seq: entry.mod_seq }))
    }

    pub(crate) fn set(
        &mut self,
        tx: &mut Transaction<'_>,
        uid: u32,
        flags: Flags,
        mod_seq: u64,
    ) -> Result<(), StoreError> {
        self.page(tx, uid)?.set(uid, flags, mod_seq);
        Ok(())
    }

    pub(crate) fn remove(&mut self, tx: &mut Transaction<'_>, uid: u32) -> Result<(), StoreError> {
        self.page(tx, uid)?.remove(uid);
        Ok(())
    }

    /// Writes the page that is open. To be called at the end.
    pub(crate) fn close(&mut self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        let Some((number, page)) = self.open.take() else { return Ok(()) };
        let key = Key::flag_page(tx.account, self.mailbox, number);
        if page.entries.is_empty() {
            tx.delete(key);
            return Ok(());
        }
        tx.put(key, &page)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn flags_are_sets() {
        let [first, second] = [0, 1].map(|at| Flags::keyword(at).unwrap());
        let both = Flags::SEEN.and(first);
        assert!(both.contain(Flags::SEEN) && both.contain(first) && !both.contain(second));
        assert_eq!(both.without(Flags::SEEN), first);
        assert_eq!(FlagChange::Set(Flags::DRAFT).of(both), Flags::DRAFT);
        assert!(Flags::keyword(MAX_KEYWORDS - 1).is_some());
        assert_eq!(Flags::keyword(MAX_KEYWORDS), None);
    }

    #[test]
    fn a_full_page_of_fresh_messages_stays_small() {
        let mut page = FlagPage::default();
        for uid in 0..256 {
            page.set(uid, Flags::SEEN, 1_000_000 + u64::from(uid));
        }
        assert!(page.encode().unwrap().len() < 256 * 6);
        page.remove(7);
        assert_eq!(page.get(7), None);
        assert_eq!(page.get(8).unwrap().mod_seq, 1_000_008);
    }
}
