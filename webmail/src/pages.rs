//! The pages, one subject a file: a handler reads what its page shows, or does what its form asks.
//!
//! Invariants: whatever an address names is looked up in the session's own account and nowhere else; no rule of the
//! trust domain stands here, only what `post`, `record` and `access` answer.

pub(crate) mod account;
pub(crate) mod attachment;
pub(crate) mod compose;
pub(crate) mod content;
pub(crate) mod conversation;
pub(crate) mod conversations;
pub(crate) mod document;
pub(crate) mod door;
pub(crate) mod drafts;
pub(crate) mod find;
pub(crate) mod help;
pub(crate) mod live;
pub(crate) mod print;
pub(crate) mod record;
pub(crate) mod undo;
pub(crate) mod write;
pub(crate) mod writing;
