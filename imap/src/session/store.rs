//! STORE.

use imap_types::flag::{Flag, StoreResponse, StoreType};
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::model::keyword::Keyword;
use mailstore::model::placement::MAX_PLACEMENTS;
use mailstore::{MailboxId, StoreError, Transaction};

use super::answer::Answer;
use super::open::Open;

/// Flags as a client names them.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    pub(super) system: Flags,
    pub(super) keywords: Vec<Keyword>,
}

impl Named {
    /// Reads flags; `\Recent` is not a client's to set, other system flags do not exist.
    // RFC 3501 §2.3.2
    pub(super) fn read<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<Self, Answer> {
        let mut named = Self::default();
        for name in names {
            let system = crate::encode::SYSTEM_FLAGS
                .iter()
                .find(|(system, _)| system.eq_ignore_ascii_case(name));
            match system {
                Some((_, flag)) => named.system = named.system.and(*flag),
                None if name.starts_with('\\') => {
                    return Err(Answer::bad("There is no such system flag"));
                }
                None => named.keywords.push(Keyword::new(name)?),
            }
        }
        Ok(named)
    }

    /// Their bits in a mailbox, where keywords that it lacks are made.
    pub(super) fn bits(
        &self,
        tx: &mut Transaction<'_>,
        mailbox: MailboxId,
    ) -> Result<Flags, StoreError> {
        let mut flags = self.system;
        for keyword in &self.keywords {
            let at = tx.keyword(mailbox, keyword)?;
            flags = flags.and(Flags::keyword(at).unwrap_or(Flags::NONE));
        }
        Ok(flags)
    }
}

impl Open {
    // RFC 3501 §6.4.6
    pub(super) async fn store_flags(
        &mut self,
        uids: Vec<u32>,
        kind: StoreType,
        response: StoreResponse,
        flags: &[Flag<'static>],
        uid: bool,
        out: &mut Vec<u8>,
    ) -> Answer {
        match self.try_store(uids, kind, response, flags, uid, out).await {
            Ok(answer) | Err(answer) => answer,
        }
    }

    async fn try_store(
        &mut self,
        uids: Vec<u32>,
        kind: StoreType,
        response: StoreResponse,
        flags: &[Flag<'static>],
        uid: bool,
        out: &mut Vec<u8>,
    ) -> Result<Answer, Answer> {
        let mailbox = self.writable()?.mailbox;
        let names: Vec<String> = flags.iter().map(ToString::to_string).collect();
        let named = Named::read(names.iter().map(String::as_str))?;
        for some in uids.chunks(MAX_PLACEMENTS) {
            let (some, named) = (some.to_vec(), named.clone());
            let work = move |tx: &mut Transaction<'_>| {
                let flags = named.bits(tx, mailbox)?;
                let change = match kind {
                    StoreType::Replace => FlagChange::Set(flags),
                    StoreType::Add => FlagChange::Add(flags),
                    StoreType::Remove => FlagChange::Remove(flags),
                };
                Ok(tx.store_flags(mailbox, &some, change, None)?.mod_seq)
            };
            let mod_seq = self.change(work).await?;
            if let Some(selected) = &mut self.selected {
                selected.told.extend(mod_seq);
            }
        }
        let view = self.view()?;
        let Some(selected) = &mut self.selected else { return Ok(Answer::ok("STORE done")) };
        let record = view.mailbox(mailbox)?;
        selected.tell_keywords(&record, out);
        if let (StoreResponse::Answer, Some(first), Some(last)) =
            (response, uids.first(), uids.last())
        {
            for one in view.flags(mailbox, *first, *last)? {
                if uids.binary_search(&one.uid).is_ok() {
                    selected.tell_flags(&record, one, uid, out);
                }
            }
        }
        selected.catch_up(&view)?;
        // RFC 3501 §6.4.8: a UID of no message is passed over.
        Ok(match !uid && uids.iter().any(|one| selected.is_gone(*one)) {
            // RFC 5530 §3
            true => Answer::no("[EXPUNGEISSUED] Some of the messages are gone"),
            false => Answer::ok("STORE done"),
        })
    }
}
