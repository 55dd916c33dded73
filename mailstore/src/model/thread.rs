//! Conversations: messages that name each other share a thread.
//!
//! A message joins the thread of the last message it refers to that is known here, or of an
//! earlier message with its own Message-ID; else it begins one. Message-IDs stand in store keys
//! as keyed hashes.

use super::Record;
use crate::error::StoreError;
use crate::id::{MessageId, ThreadId};
use crate::key::Key;
use crate::message::Envelope;
use crate::seal::LookupOf;
use crate::transaction::Transaction;
use crate::view::View;
use serde::{Deserialize, Serialize};

/// References that are looked up, from the last.
const MAX_REFERENCES: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Named {
    thread: ThreadId,
    /// The message that brought the name; when it goes, the name goes.
    message: MessageId,
}

impl Record for Named {}

impl View<'_> {
    fn message_id_key(&self, message_id: &str) -> Key {
        let hash = self.lookup(LookupOf::MessageId, message_id.as_bytes());
        Key::message_id_thread(self.account, hash)
    }
}

impl Transaction<'_> {
    /// The thread of a new message, whose own Message-ID leads to it from now on.
    pub(crate) fn join_thread(
        &mut self,
        message: MessageId,
        envelope: &Envelope,
    ) -> Result<ThreadId, StoreError> {
        let own = envelope.bare_message_id().map(|id| self.message_id_key(&id));
        let known = match &own {
            Some(key) => self.record::<Named>(key)?,
            None => None,
        };
        let mut thread = known.map(|named| named.thread);
        for reference in envelope.follows().iter().rev().take(MAX_REFERENCES) {
            if thread.is_some() {
                break;
            }
            let named: Option<Named> = self.record(&self.message_id_key(reference))?;
            thread = named.map(|named| named.thread);
        }
        let thread = match thread {
            Some(thread) => thread,
            None => ThreadId::random(self.random())?,
        };
        if let (Some(key), None) = (own, known) {
            self.put(key, &Named { thread, message })?;
        }
        Ok(thread)
    }

    /// A message is gone: the name it brought goes with it.
    pub(crate) fn leave_thread(
        &mut self,
        message: MessageId,
        envelope: &Envelope,
    ) -> Result<(), StoreError> {
        let Some(id) = envelope.bare_message_id() else { return Ok(()) };
        let key = self.message_id_key(&id);
        if self.record::<Named>(&key)?.is_some_and(|named| named.message == message) {
            self.delete(key);
        }
        Ok(())
    }
}
