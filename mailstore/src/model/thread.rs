//! Conversations: messages that name each other share a thread.
//!
//! A message names itself by its Message-ID and others by its references; each name leads to a
//! thread, whether its message is here or not. A message joins the thread of its own name, else of
//! the last name it refers to that is known, else it begins one; names that were unknown lead to
//! that thread from then on. So a reply may arrive before what it answers. A name counts the
//! messages that hold it and goes with the last one. Names stand in store keys as keyed hashes.

use super::Record;
use crate::error::StoreError;
use crate::id::ThreadId;
use crate::key::Key;
use crate::message::Envelope;
use crate::seal::LookupOf;
use crate::transaction::Transaction;
use crate::view::View;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// References that count, from the last.
const MAX_REFERENCES: usize = 20;

/// What a Message-ID leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Named {
    pub(crate) thread: ThreadId,
    /// Messages that bear or refer to the name.
    pub(crate) holders: u32,
}

impl Record for Named {}

impl View<'_> {
    /// The names that a message holds, as keys, each once: its own, then its references from the
    /// last.
    pub(crate) fn thread_names(&self, envelope: &Envelope) -> Vec<Key> {
        let follows = envelope.follows();
        let references = follows.into_iter().rev().take(MAX_REFERENCES);
        let mut seen = BTreeSet::new();
        envelope
            .bare_message_id()
            .into_iter()
            .chain(references)
            .map(|name| self.lookup(LookupOf::MessageId, name.as_bytes()))
            .filter(|hash| seen.insert(*hash))
            .map(|hash| Key::message_id_thread(self.account, hash))
            .collect()
    }
}

impl Transaction<'_> {
    /// The thread of a new message, to which its names lead from now on.
    pub(super) fn join_thread(&mut self, envelope: &Envelope) -> Result<ThreadId, StoreError> {
        let mut names = Vec::new();
        for key in self.thread_names(envelope) {
            let known: Option<Named> = self.record(&key)?;
            names.push((key, known));
        }
        let thread = match names.iter().find_map(|(_, known)| *known) {
            Some(known) => known.thread,
            None => ThreadId::random(self.random())?,
        };
        for (key, known) in names {
            let known = known.unwrap_or(Named { thread, holders: 0 });
            let holders = known.holders.checked_add(1).ok_or(StoreError::Limit("one thread"))?;
            self.put(key, &Named { holders, ..known })?;
        }
        Ok(thread)
    }

    /// A message is gone: the names that nobody else holds go with it.
    pub(super) fn leave_thread(&mut self, envelope: &Envelope) -> Result<(), StoreError> {
        for key in self.thread_names(envelope) {
            match self.record::<Named>(&key)? {
                Some(named) if named.holders > 1 => {
                    self.put(key, &Named { holders: named.holders - 1, ..named })?;
                }
                _ => self.delete(key),
            }
        }
        Ok(())
    }
}
