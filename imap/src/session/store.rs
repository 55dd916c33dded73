//! STORE, also on condition that nobody changed the message meanwhile.
//!
//! Failure: a message that changed is left alone and named; one that is gone is told as such.

use std::collections::BTreeSet;

use imap_types::command::StoreModifier;
use imap_types::flag::{Flag, StoreResponse, StoreType};
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::model::keyword::Keyword;
use mailstore::model::placement::MAX_PLACEMENTS;
use mailstore::{MailboxId, StoreError, Transaction};

use super::answer::Answer;
use super::open::Open;
use super::selected::{Selected, Shown};
use crate::encode::set;

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

/// How a STORE changes flags, and what it tells.
pub(super) struct How {
    kind: StoreType,
    /// Flags are told: it is not `.SILENT`.
    tells: bool,
    names: Vec<String>,
    uid: bool,
    /// Messages changed after it are left alone.
    // RFC 7162 §3.1.3
    unchanged_since: Option<u64>,
}

impl How {
    pub(super) fn read(
        kind: StoreType,
        response: StoreResponse,
        flags: &[Flag<'_>],
        uid: bool,
        modifiers: &[StoreModifier],
    ) -> Self {
        let since = modifiers.iter().map(|StoreModifier::UnchangedSince(since)| *since);
        Self {
            kind,
            tells: response == StoreResponse::Answer,
            names: flags.iter().map(ToString::to_string).collect(),
            uid,
            unchanged_since: since.min(),
        }
    }
}

impl Open {
    // RFC 3501 §6.4.6
    pub(super) async fn store_flags(
        &mut self,
        uids: Vec<u32>,
        how: How,
        out: &mut Vec<u8>,
    ) -> Answer {
        match self.try_store(uids, &how, out).await {
            Ok(answer) | Err(answer) => answer,
        }
    }

    async fn try_store(
        &mut self,
        uids: Vec<u32>,
        how: &How,
        out: &mut Vec<u8>,
    ) -> Result<Answer, Answer> {
        self.enabled.condstore |= how.unchanged_since.is_some();
        let mailbox = self.writable()?.mailbox;
        let named = Named::read(how.names.iter().map(String::as_str))?;
        let (kind, since) = (how.kind, how.unchanged_since);
        let (mut changed, mut modified) = (BTreeSet::new(), Vec::new());
        for some in uids.chunks(MAX_PLACEMENTS) {
            let (some, named) = (some.to_vec(), named.clone());
            let work = move |tx: &mut Transaction<'_>| {
                let flags = named.bits(tx, mailbox)?;
                let change = match kind {
                    StoreType::Replace => FlagChange::Set(flags),
                    StoreType::Add => FlagChange::Add(flags),
                    StoreType::Remove => FlagChange::Remove(flags),
                };
                tx.store_flags(mailbox, &some, change, since)
            };
            let stored = self.change(work).await?;
            changed.extend(stored.changed.iter().map(|one| one.uid));
            modified.extend(stored.modified);
            if let Some(selected) = &mut self.selected {
                selected.told.extend(stored.mod_seq);
            }
        }
        let view = self.view()?;
        let (enabled, Some(selected)) = (self.enabled, &mut self.selected) else {
            return Ok(Answer::ok("STORE done"));
        };
        let record = view.mailbox(mailbox)?;
        selected.tell_keywords(&record, out);
        // RFC 7162 §3.1.3: also a silent STORE tells the new modification sequences.
        let shown =
            Shown { uid: how.uid || enabled.qresync, flags: how.tells, mod_seq: enabled.condstore };
        let tells = |uid: &u32| match how.tells {
            true => uids.binary_search(uid).is_ok() && modified.binary_search(uid).is_err(),
            false => changed.contains(uid),
        };
        if let (true, Some(first), Some(last)) =
            (shown.flags || shown.mod_seq, uids.first(), uids.last())
        {
            for one in view.flags(mailbox, *first, *last)? {
                if tells(&one.uid) {
                    selected.tell_flags(&record, one, shown, out);
                }
            }
        }
        selected.catch_up(&view)?;
        Ok(stored(selected, how, &uids, &modified))
    }
}

fn stored(selected: &Selected, how: &How, uids: &[u32], modified: &[u32]) -> Answer {
    // RFC 3501 §6.4.8: a UID of no message is passed over.
    let gone = !how.uid && uids.iter().any(|one| selected.is_gone(*one));
    // RFC 7162 §3.1.3: numbers for STORE, UIDs for UID STORE.
    let named: Vec<u32> = match how.uid {
        true => modified.to_vec(),
        false => modified.iter().filter_map(|uid| selected.number(*uid)).collect(),
    };
    match (gone, named.is_empty()) {
        // RFC 5530 §3
        (true, true) => Answer::no("[EXPUNGEISSUED] Some of the messages are gone"),
        (false, true) => Answer::ok("STORE done"),
        (true, false) => {
            Answer::no(format!("[MODIFIED {}] Some are gone, some have changed", set(&named)))
        }
        (false, false) => {
            Answer::ok(format!("[MODIFIED {}] Some have changed meanwhile", set(&named)))
        }
    }
}
