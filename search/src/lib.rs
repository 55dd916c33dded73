//! Full text search: one index for an operator, fed by the change log.
//!
//! | question | where |
//! | --- | --- |
//! | how do I ask? | [`Search`] |
//! | what text does a message have? | [`Extractor`], [`extract::pdf`] |
//! | which words does a text have? | `words.rs`; parts of words, as IMAP looks for them: `needle.rs` |
//! | what is in the index? | `schema.rs`, `position.rs` |
//! | how does it get there? | `follow.rs`; opening, committing, merging: `index.rs` |
//! | how is it asked? | `question.rs` |
//! | what lies on the disk? | `sealed/` |
//!
//! Invariants: the index is disposable, never backed up, and made again when it is lost, damaged or
//! not the store's. An answer is never stale: what the index lacks is read. A question sees one
//! account, because words carry their account's tag (`schema.rs`). Nothing lies on the disk unsealed.
//! What was erased or expunged is in no file after [`Search::forget`], or a few minutes later.
//! Failure: a question that the index cannot answer is answered without it; the store is never held
//! back by it.

pub mod extract;
mod follow;
mod index;
mod needle;
mod position;
mod question;
mod schema;
mod sealed;
mod search;
mod separated;
mod words;

#[cfg(test)]
mod tests;

pub use extract::Extractor;
pub use extract::pdf::{InChild, NoPdf, ReadPdf};
pub use index::{SearchError, WRITER_HEAP};
pub use search::{Found, Search, SearchParts};

use mailstore::Consumer;
use mailstore::model::change::ChangeKind;

/// The name under which the index follows the change log: what messages come and go. The store is
/// always opened with it: what happens without is not marked, and an older index would lack it.
#[expect(clippy::unreachable, reason = "the compiler has run it")]
pub const CONSUMER: Consumer = match Consumer::new("search") {
    Some(name) => {
        name.following(&[ChangeKind::Arrived, ChangeKind::Expunged, ChangeKind::MailboxDeleted])
    }
    None => unreachable!(),
};
