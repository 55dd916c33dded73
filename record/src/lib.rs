//! The citizen's medical record: filed documents, their versions, people's decisions; the rules of
//! filing.
//!
//! | question | where |
//! | --- | --- |
//! | what is an entry, a document, an author? | [`Entry`], [`Series`], [`Author`] |
//! | how do I list and look up? | [`entries`], [`kinds`], [`entry`], [`entry_of`], [`octets`] |
//! | what became of a message's attachments? | [`fate_of_message`], [`AttachmentFate`], [`Fate`] |
//! | when is a document filed? | [`rules::judge`], on what [`Known`] finds |
//! | what is kept from the citizen for now? | [`is_visible`], [`notices_due`] |
//! | what do people do? | [`by_hand`], [`take_back`], [`undo_take_back`], [`decide`] |
//!
//! Invariants: an entry lies in the citizen's account and holds its own reference to its body, so
//! it outlives the message; a uniqueId has one entry; only *filed* entries are listed. Health data:
//! no `Debug` prints any.

pub mod by_hand;
mod decisions;
mod entry;
mod fate;
mod filing;
mod hidden;
mod known;
mod list;
pub mod part;
mod refusal;
pub mod rules;
mod tables;
mod text;

pub use decisions::{DecisionError, decide, take_back, undo_take_back};
pub use entry::{
    Author, Decisions, Entry, EntryId, EntryState, FiledBy, Series, SeriesId, TypeCode,
};
pub use fate::{AttachmentFate, Fate, MAX_FATES, fate_of_message, is_handled, put_fates};
pub use filing::{Document, derive_again, file};
pub use hidden::{TOLD_AFTER, is_waiting, notice_given, notices_due, waiting_until};
pub use known::{Known, Names};
pub use list::{
    HIDDEN_FOR, entries, entries_by_date, entries_by_id, entry, entry_of, is_visible, kinds,
    octets, series, series_of, title, versions,
};
pub use refusal::Refusal;
pub use text::{Sentences, label_of};
