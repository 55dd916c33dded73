//! Reading the record: lists by date and by kind, look-ups, the octets of a document.

use crate::entry::{Entry, EntryId, EntryState, Series, SeriesId};
use crate::tables;
use clinical::value_sets::Kind;
use mailstore::{Store, StoreError, View};

/// Index rows read at once.
const PAGE: usize = 64;
/// What its metadata keep from the citizen is shown after this, seconds: a month.
pub const HIDDEN_FOR: i64 = 31 * 24 * 3600;

/// Whether the citizen may see an entry at `now` (seconds since 1970).
#[must_use]
pub fn is_visible(entry: &Entry, now: i64) -> bool {
    entry.is_visible_to_citizen() || now >= entry.filed_at.saturating_add(HIDDEN_FOR)
}

/// At most `limit` filed entries that the citizen may see at `now`, the newest documents first:
/// all of them, or those of one kind; those that come after `after`.
pub fn entries(
    view: &View<'_>,
    kind: Option<Kind>,
    now: i64,
    after: Option<&Entry>,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let list = kind.map_or_else(tables::by_date, tables::by_kind);
    let mut after = after.map(|entry| tables::listed(list.clone(), entry.date, entry.id));
    let mut found = Vec::new();
    while found.len() < limit {
        let rows = view.service_records(&list, after.as_ref(), PAGE)?;
        let Some((last, _)) = rows.last() else { break };
        after = Some(last.clone());
        for (key, _) in &rows {
            let id = key.last_id().ok_or(StoreError::Format)?;
            let entry = entry(view, EntryId::from_bytes(id))?.ok_or(StoreError::Format)?;
            if is_visible(&entry, now) {
                found.push(entry);
            }
        }
    }
    found.truncate(limit);
    Ok(found)
}

/// Every filed entry (up to a thousand), the newest documents first: for the program itself. Pages
/// that a citizen sees ask [`entries`].
pub fn entries_by_date(view: &View<'_>) -> Result<Vec<Entry>, StoreError> {
    entries(view, None, i64::MAX, None, 1_000)
}

/// At most `limit` entries wherever they stand, after `after`, in the order of their ids: every
/// version of every document.
pub fn entries_by_id(
    view: &View<'_>,
    after: Option<EntryId>,
    limit: usize,
) -> Result<Vec<Entry>, StoreError> {
    let after = after.map(tables::entry);
    let mut found = Vec::new();
    for (key, _) in view.service_records(&tables::all_entries(), after.as_ref(), limit)? {
        let id = key.last_id().ok_or(StoreError::Format)?;
        found.push(entry(view, EntryId::from_bytes(id))?.ok_or(StoreError::Format)?);
    }
    Ok(found)
}

/// How many filed entries each kind holds that the citizen may see at `now`; kinds without any are
/// left out. Counts up to `limit` entries of each.
pub fn kinds(view: &View<'_>, now: i64, limit: usize) -> Result<Vec<(Kind, usize)>, StoreError> {
    let mut counted = Vec::new();
    for kind in Kind::ALL {
        let count = entries(view, Some(kind), now, None, limit)?.len();
        if count > 0 {
            counted.push((kind, count));
        }
    }
    Ok(counted)
}

/// An entry, wherever it stands.
pub fn entry(view: &View<'_>, id: EntryId) -> Result<Option<Entry>, StoreError> {
    view.service_value(&tables::entry(id))
}

/// The entry of a document's uniqueId, wherever it stands.
pub fn entry_of(view: &View<'_>, unique_id: &str) -> Result<Option<Entry>, StoreError> {
    let id: Option<EntryId> = view.service_value(&tables::by_unique_id(view, unique_id))?;
    id.map_or(Ok(None), |id| entry(view, id))
}

/// A document with its versions and what people decided.
pub fn series(view: &View<'_>, id: SeriesId) -> Result<Option<Series>, StoreError> {
    view.service_value(&tables::series(id))
}

/// The series of a document's `setId`.
pub fn series_of(view: &View<'_>, set_id: &str) -> Result<Option<Series>, StoreError> {
    let id: Option<SeriesId> = view.service_value(&tables::by_set_id(view, set_id))?;
    id.map_or(Ok(None), |id| series(view, id))
}

/// Every version of a document, in the order of their filing.
pub fn versions(view: &View<'_>, id: SeriesId) -> Result<Vec<Entry>, StoreError> {
    let Some(series) = series(view, id)? else { return Ok(Vec::new()) };
    let read = |id: &EntryId| entry(view, *id).transpose();
    series.entries.iter().filter_map(read).collect()
}

/// The title people gave the document, else its own.
pub fn title(view: &View<'_>, entry: &Entry) -> Result<String, StoreError> {
    let series = series(view, entry.series)?;
    Ok(series.and_then(|series| series.decisions.title).unwrap_or_else(|| entry.title.clone()))
}

/// A document's octets.
pub fn octets(store: &Store, view: &View<'_>, entry: &Entry) -> Result<Vec<u8>, StoreError> {
    Ok(store.body(view, entry.body)?.read_all()?)
}

/// Whether an entry is shown in lists.
pub(crate) fn is_listed(entry: &Entry) -> bool {
    entry.state == EntryState::Filed
}
