//! Drafts: what the citizen has begun to write, kept in the account until it is sent or thrown away.
//!
//! Invariants: one for each conversation, and one for a message that begins one; files are not kept. `Debug` prints
//! nothing of them. Failure: that of the store.

use std::collections::BTreeSet;
use std::fmt;

use mailstore::{ServiceKey, StoreError, TableName, ThreadId, Transaction, View};
use serde::{Deserialize, Serialize};

const DRAFTS: TableName = TableName::constant("webdraft");
/// Drafts that are looked for at once.
const MAX_DRAFTS: usize = 1000;

/// What a draft will be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DraftOf {
    /// An answer in a conversation.
    Answer(ThreadId),
    /// The first message of one.
    New,
}

impl DraftOf {
    /// Its name in the account.
    pub(crate) fn id(self) -> [u8; 16] {
        match self {
            Self::Answer(thread) => *thread.as_bytes(),
            Self::New => [0; 16],
        }
    }

    pub(crate) fn of_id(id: [u8; 16]) -> Self {
        if id == [0; 16] { Self::New } else { Self::Answer(ThreadId::from_bytes(id)) }
    }

    /// Where it is written.
    pub(crate) fn page(self) -> String {
        match self {
            Self::Answer(thread) => format!("/conversations/{thread}"),
            Self::New => "/conversations/new".to_owned(),
        }
    }

    fn key(self) -> ServiceKey {
        ServiceKey::new(DRAFTS).id(self.id())
    }
}

/// A draft. A stored format (postcard): add at the end only.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Draft {
    /// Of a first message: the conversation that shows to whom it goes; may be empty.
    pub(crate) to: String,
    /// Of a first message.
    pub(crate) subject: String,
    pub(crate) text: String,
    /// When it was kept, seconds since 1970.
    pub(crate) saved: i64,
}

impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Draft(…)")
    }
}

/// A draft of the account.
pub(crate) fn get(view: &View<'_>, of: DraftOf) -> Result<Option<Draft>, StoreError> {
    view.service_value(&of.key())
}

/// Keeps a draft in the place of the one before; one without words is none.
pub(crate) fn put(tx: &mut Transaction<'_>, of: DraftOf, draft: &Draft) -> Result<(), StoreError> {
    if draft.text.trim().is_empty() && draft.subject.trim().is_empty() {
        delete(tx, of);
        return Ok(());
    }
    tx.put_service_value(&of.key(), draft)
}

/// Throws a draft away.
pub(crate) fn delete(tx: &mut Transaction<'_>, of: DraftOf) {
    tx.delete_service_record(&of.key());
}

/// What there are drafts of, by [`DraftOf::id`].
pub(crate) fn all(view: &View<'_>) -> Result<BTreeSet<[u8; 16]>, StoreError> {
    let rows = view.service_records(&ServiceKey::new(DRAFTS), None, MAX_DRAFTS)?;
    Ok(rows.iter().filter_map(|(key, _)| key.last_id()).collect())
}
