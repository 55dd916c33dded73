//! What people decide: taking a document back, undoing that, a title and a kind of their own.
//!
//! *Taken back* belongs to an entry and can be undone; title, kind and masks belong to the document
//! and hold for later versions.

use crate::entry::{Decisions, EntryId, EntryState, SeriesId};
use crate::filing::put_entry;
use crate::{list, tables};
use mailstore::{StoreError, Transaction};

/// Why a decision cannot be carried out.
#[derive(Debug, Clone, thiserror::Error)]
pub enum DecisionError {
    /// There is no such entry or document.
    #[error("the record has no such document")]
    NoSuchEntry,
    /// The entry stands where this cannot be done: it is replaced, or not taken back.
    #[error("the document's state does not allow it")]
    State,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes an entry back out of the record; its octets stay, so that it can be undone.
pub fn take_back(tx: &mut Transaction<'_>, id: EntryId) -> Result<(), DecisionError> {
    let mut entry = list::entry(tx, id)?.ok_or(DecisionError::NoSuchEntry)?;
    match entry.state {
        EntryState::TakenBack { .. } => Ok(()),
        EntryState::Replaced { .. } => Err(DecisionError::State),
        EntryState::Filed => {
            entry.state = EntryState::TakenBack { at: tx.now().as_second() };
            Ok(put_entry(tx, &entry)?)
        }
    }
}

/// Puts an entry that was taken back into the record again.
pub fn undo_take_back(tx: &mut Transaction<'_>, id: EntryId) -> Result<(), DecisionError> {
    let mut entry = list::entry(tx, id)?.ok_or(DecisionError::NoSuchEntry)?;
    match entry.state {
        EntryState::Filed => Ok(()),
        EntryState::Replaced { .. } => Err(DecisionError::State),
        EntryState::TakenBack { .. } => {
            entry.state = EntryState::Filed;
            Ok(put_entry(tx, &entry)?)
        }
    }
}

/// Sets what people decided for a document, and moves its versions to the kind they chose.
pub fn decide(
    tx: &mut Transaction<'_>,
    id: SeriesId,
    decisions: &Decisions,
) -> Result<(), DecisionError> {
    let mut series = list::series(tx, id)?.ok_or(DecisionError::NoSuchEntry)?;
    series.decisions = decisions.clone();
    if let Some(kind) = decisions.kind {
        for id in &series.entries {
            if let Some(mut entry) = list::entry(tx, *id)?
                && entry.kind != kind
            {
                // The lists are keyed by kind: put_entry takes the old place away first.
                entry.kind = kind;
                put_entry(tx, &entry)?;
            }
        }
    }
    Ok(tx.put_service_value(&tables::series(id), &series)?)
}
