//! What is kept from the citizen for now, until a professional has spoken of it (*document rendu invisible au patient*).
//!
//! After two weeks the citizen is told, without content, that something waits; after a month it is shown. The notice
//! falls due with the entry that it is about, in the transaction that files it.
//! Invariant: a document that is shown, replaced or taken back by then is not spoken of any more.

use crate::entry::{Entry, EntryId, EntryState};
use crate::list::{HIDDEN_FOR, entries_by_date, is_visible};
use crate::{list, tables};
use mailstore::{AccountId, Store, StoreError, Transaction, View};

/// The citizen is told that a document waits after this, seconds: two weeks.
pub const TOLD_AFTER: i64 = 14 * 24 * 3600;

/// Has the notice fall due, if there will be one.
// MSS #72
pub(crate) fn expect_notice(tx: &mut Transaction<'_>, entry: &Entry) {
    if !entry.is_visible_to_citizen() {
        let at = entry.filed_at.saturating_add(TOLD_AFTER);
        tx.set_due(tables::NOTICES, at, *entry.id.as_bytes());
    }
}

/// Notices that are due at `until` (seconds since 1970): since when, account, entry.
pub fn notices_due(
    store: &Store,
    until: i64,
    limit: usize,
) -> Result<Vec<(i64, AccountId, EntryId)>, StoreError> {
    let due = store.due(tables::NOTICES, until, limit)?;
    Ok(due.into_iter().map(|(at, account, id)| (at, account, EntryId::from_bytes(id))).collect())
}

/// Whether a document is in the record and still kept from the citizen at `now`, seconds since 1970.
pub fn is_waiting(view: &View<'_>, id: EntryId, now: i64) -> Result<bool, StoreError> {
    let entry = list::entry(view, id)?;
    Ok(entry.is_some_and(|entry| entry.state == EntryState::Filed && !is_visible(&entry, now)))
}

/// Notes that a notice which was due at `at` has been given, or is of no use any more.
pub fn notice_given(tx: &mut Transaction<'_>, at: i64, id: EntryId) {
    tx.clear_due(tables::NOTICES, at, *id.as_bytes());
}

/// From when on documents can be read of which the citizen has been told that they wait, seconds since 1970: of the
/// thousand newest.
pub fn waiting_until(view: &View<'_>, now: i64) -> Result<Vec<i64>, StoreError> {
    let hidden = entries_by_date(view)?.into_iter().filter(|entry| !is_visible(entry, now));
    let told = hidden.filter(|entry| now >= entry.filed_at.saturating_add(TOLD_AFTER));
    let mut until: Vec<i64> = told.map(|entry| entry.filed_at.saturating_add(HIDDEN_FOR)).collect();
    until.sort_unstable();
    Ok(until)
}
