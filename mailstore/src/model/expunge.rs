//! EXPUNGE: placements go, and each message with its last one.

use super::change::{ChangeKind, Effect, Removed};
use super::flags::Flags;
use super::placement::{OpenMailbox, bounded};
use crate::error::StoreError;
use crate::id::MailboxId;
use crate::transaction::Transaction;

/// Placements whose removal always stays within what one transaction may write (4 MB), whatever
/// their messages refer to.
pub const EXPUNGED_AT_ONCE: usize = 2048;

/// Which of the named placements go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expunge {
    /// Those with `\Deleted`.
    Deleted,
    /// All.
    All,
}

/// What EXPUNGE did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Expunged {
    /// UIDs of the placements that were removed.
    pub uids: Vec<u32>,
    /// The change's modification sequence; None when nothing was removed.
    pub mod_seq: Option<u64>,
}

impl Transaction<'_> {
    /// Removes placements. When several thousand messages go that refer to many others, one
    /// transaction may not hold it ([`StoreError::Limit`]); [`EXPUNGED_AT_ONCE`] always pass.
    pub fn expunge(
        &mut self,
        mailbox: MailboxId,
        uids: &[u32],
        which: Expunge,
    ) -> Result<Expunged, StoreError> {
        self.command(|tx| {
            let (mut mod_seq, mut effect) = (None, Effect::of(ChangeKind::Expunged));
            let uids = tx.take_out(mailbox, uids, which, &mut mod_seq, &mut effect)?;
            if let Some(mod_seq) = mod_seq {
                tx.log_change(mod_seq, effect)?;
            }
            Ok(Expunged { uids, mod_seq })
        })
    }

    /// Removes placements under a modification sequence that is taken with the first, and adds
    /// to `effect` what goes; returns the UIDs.
    pub(super) fn take_out(
        &mut self,
        mailbox: MailboxId,
        uids: &[u32],
        which: Expunge,
        mod_seq: &mut Option<u64>,
        effect: &mut Effect,
    ) -> Result<Vec<u32>, StoreError> {
        let named = bounded(uids)?;
        let mut open = OpenMailbox::open(self, mailbox)?;
        let (mut uids, mut messages) = (Vec::new(), Vec::new());
        for uid in named.iter() {
            let Some(found) = open.pages.get(self, uid)? else { continue };
            if which == Expunge::Deleted && !found.flags.contain(Flags::DELETED) {
                continue;
            }
            let at = self.mod_seq_of(mod_seq)?;
            let taken = open.remove(self, uid, at)?;
            if taken.last {
                effect.gone.push(taken.message);
            }
            uids.push(uid);
            messages.push(taken.message);
        }
        if !uids.is_empty() {
            self.makes_room = true;
            open.close(self)?;
            let removed = Removed { mailbox, uids: uids.iter().copied().collect(), messages };
            effect.removed.push(removed);
        }
        Ok(uids)
    }

    /// The first UIDs of a mailbox.
    pub(super) fn first_uids(
        &self,
        mailbox: MailboxId,
        count: usize,
    ) -> Result<Vec<u32>, StoreError> {
        let placements = self.placements(mailbox, 0, u32::MAX, count)?;
        Ok(placements.into_iter().map(|(uid, _)| uid).collect())
    }
}
