//! COPY and MOVE: more places for messages, or other ones.
//!
//! Flags go along. Keywords have their bits per mailbox, so they are translated; one for which
//! the target has no room is left behind (RFC 3501 §6.4.7 asks that flags SHOULD be preserved).

use super::change::{ChangeKind, Effect, Places, Removed};
use super::flags::Flags;
use super::keyword::Keyword;
use super::placement::{OpenMailbox, bounded};
use crate::error::StoreError;
use crate::id::{MailboxId, MessageId};
use crate::transaction::Transaction;

/// What COPY or MOVE did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Transferred {
    /// Old and new UIDs.
    pub pairs: Vec<(u32, u32)>,
    /// UIDVALIDITY of the target.
    pub uid_validity: u32,
    /// The change's modification sequence; None when nothing was transferred.
    pub mod_seq: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Transfer {
    Copy,
    Move,
}

impl Transaction<'_> {
    /// Places messages in another mailbox as well.
    pub fn copy(
        &mut self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
    ) -> Result<Transferred, StoreError> {
        self.command(|tx| tx.transfer(from, uids, to, Transfer::Copy))
    }

    /// Moves messages to another mailbox.
    // RFC 6851 §3.3
    pub fn move_messages(
        &mut self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
    ) -> Result<Transferred, StoreError> {
        self.command(|tx| tx.transfer(from, uids, to, Transfer::Move))
    }

    fn transfer(
        &mut self,
        from: MailboxId,
        uids: &[u32],
        to: MailboxId,
        transfer: Transfer,
    ) -> Result<Transferred, StoreError> {
        let uids = bounded(uids)?;
        let mut translation = Translation::between(self, from, to)?;
        let uid_validity = self.mailbox(to)?.uid_validity;
        let mut found = Vec::new();
        let mut source = OpenMailbox::open(self, from)?;
        for uid in uids.iter() {
            let Some(placement) = self.placement(from, uid)? else { continue };
            if transfer == Transfer::Copy {
                self.check_room_for_place(placement.message)?;
            }
            let flags = source.pages.get(self, uid)?.map_or(Flags::NONE, |found| found.flags);
            found.push((uid, placement, translation.of(self, flags)?));
        }
        if found.is_empty() {
            return Ok(Transferred { uid_validity, ..Transferred::default() });
        }
        let mod_seq = self.next_mod_seq()?;
        let mut target = OpenMailbox::open(self, to)?;
        let mut pairs = Vec::with_capacity(found.len());
        for (uid, placement, flags) in &found {
            pairs.push((*uid, target.place(self, *placement, *flags, mod_seq)?));
        }
        target.close(self)?;
        let messages: Vec<_> = found.iter().map(|(_, placement, _)| placement.message).collect();
        let mut effect = Effect::of(match transfer {
            Transfer::Copy => ChangeKind::Copied,
            Transfer::Move => ChangeKind::Moved,
        });
        if transfer == Transfer::Move {
            effect.removed.push(self.leave(from, &pairs, &messages, mod_seq)?);
        }
        effect.placed.push(Places { mailbox: to, uids: pairs.iter().map(|pair| pair.1).collect() });
        effect.messages = messages;
        self.log_change(mod_seq, effect)?;
        Ok(Transferred { pairs, uid_validity, mod_seq: Some(mod_seq) })
    }

    /// Removes the places that messages were moved from.
    fn leave(
        &mut self,
        from: MailboxId,
        pairs: &[(u32, u32)],
        messages: &[MessageId],
        mod_seq: u64,
    ) -> Result<Removed, StoreError> {
        // Opened again: source and target may be one mailbox.
        let mut source = OpenMailbox::open(self, from)?;
        for (uid, _) in pairs {
            source.remove(self, *uid, mod_seq)?;
        }
        source.close(self)?;
        let uids = pairs.iter().map(|pair| pair.0).collect();
        Ok(Removed { mailbox: from, uids, messages: messages.to_vec() })
    }
}

/// What the bits of one mailbox's keywords are in another; a keyword gets its bit when a message
/// first brings it.
struct Translation {
    to: MailboxId,
    /// The keyword at each place, with its flag in the target once asked; none without room.
    keywords: Vec<(Keyword, Option<Flags>)>,
}

impl Translation {
    fn between(tx: &Transaction<'_>, from: MailboxId, to: MailboxId) -> Result<Self, StoreError> {
        let known = tx.mailbox(from)?;
        let keywords = known.keywords().map(|keyword| (keyword.clone(), None)).collect();
        Ok(Self { to, keywords })
    }

    fn of(&mut self, tx: &mut Transaction<'_>, flags: Flags) -> Result<Flags, StoreError> {
        let mut translated = flags.system();
        for (at, (keyword, known)) in self.keywords.iter_mut().enumerate() {
            if !Flags::keyword(at).is_some_and(|flag| flags.contain(flag)) {
                continue;
            }
            let there = match *known {
                Some(there) => there,
                None => *known.insert(tx.keyword_if_room(self.to, keyword)?),
            };
            translated = translated.and(there);
        }
        Ok(translated)
    }
}
