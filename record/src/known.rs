//! What the record holds that concerns a document which is to be judged.
//!
//! The one look-up of predecessors: a plan asks it on a snapshot with what it is about to file, the
//! transaction asks it again with nothing.

use crate::entry::{Entry, SeriesId};
use crate::list;
use mailstore::{StoreError, View};

/// The names that a document gives itself and others.
#[derive(Clone, Copy)]
pub struct Names<'a> {
    /// Its uniqueId.
    pub unique_id: &'a str,
    /// The id that all its versions share.
    pub set_id: Option<&'a str>,
    /// The documents that it says it replaces, by uniqueId or `setId`.
    pub replaces: &'a [String],
}

impl std::fmt::Debug for Names<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Names(…)")
    }
}

/// What the record holds.
#[derive(Debug, Clone)]
pub struct Known {
    /// The entry with the same uniqueId.
    pub same: Option<Entry>,
    /// The document of which it would be a version: by `setId`, else the one that it says it
    /// replaces.
    pub series: Option<SeriesId>,
    /// The latest version of that document.
    pub predecessor: Option<Entry>,
}

impl Known {
    /// Looks in the record as if `filed` lay in it already.
    // MSS #65, MSS #66
    pub fn of(view: &View<'_>, filed: &[Entry], names: Names<'_>) -> Result<Self, StoreError> {
        let has_id = |entry: &&Entry| entry.unique_id.as_deref() == Some(names.unique_id);
        let same = match filed.iter().find(has_id) {
            Some(entry) => Some(entry.clone()),
            None => list::entry_of(view, names.unique_id)?,
        };
        let mut series = None;
        for name in names.set_id.into_iter().chain(names.replaces.iter().map(String::as_str)) {
            series = series_named(view, filed, name)?;
            if series.is_some() {
                break;
            }
        }
        let Some(of) = series else { return Ok(Self { same, series, predecessor: None }) };
        let here = filed.iter().filter(|entry| entry.series == of).cloned();
        let versions = list::versions(view, of)?.into_iter().chain(here);
        let predecessor = versions.max_by_key(|entry| entry.version.unwrap_or(0));
        Ok(Self { same, series, predecessor })
    }
}

/// The document that a name stands for, in the order in which the record looks it up once `filed`
/// lies in it: what the plan finds is what the transaction will find.
fn series_named(
    view: &View<'_>,
    filed: &[Entry],
    name: &str,
) -> Result<Option<SeriesId>, StoreError> {
    let names_series = |entry: &&Entry| {
        entry.set_id.as_ref().or(entry.unique_id.as_ref()).is_some_and(|of| of == name)
    };
    if let Some(entry) = filed.iter().rev().find(names_series) {
        return Ok(Some(entry.series));
    }
    if let Some(series) = list::series_of(view, name)? {
        return Ok(Some(series.id));
    }
    match filed.iter().find(|entry| entry.unique_id.as_deref() == Some(name)) {
        Some(entry) => Ok(Some(entry.series)),
        None => Ok(list::entry_of(view, name)?.map(|entry| entry.series)),
    }
}
