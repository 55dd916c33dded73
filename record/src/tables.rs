//! Where the record lies in an account: its tables and their keys.
//!
//! Dates sort backwards, so that a list reads its newest entries first. Only entries that are
//! *filed* stand in the lists; a look-up finds the others too.

use crate::entry::{EntryId, SeriesId};
use clinical::value_sets::Kind;
use mailstore::{MessageId, ServiceKey, TableName, View};

const ENTRIES: TableName = TableName::constant("recordentry");
const SERIES: TableName = TableName::constant("recordseries");
const BY_DATE: TableName = TableName::constant("recordbydate");
const BY_KIND: TableName = TableName::constant("recordbykind");
const BY_UNIQUE_ID: TableName = TableName::constant("recordbyuniqueid");
const BY_SET_ID: TableName = TableName::constant("recordbysetid");
const BY_HASH: TableName = TableName::constant("recordbyhash");
const FATES: TableName = TableName::constant("recordfates");
/// Notices that are due of documents kept from the citizen.
pub(crate) const NOTICES: TableName = TableName::constant("recordnotice");

pub(crate) fn entry(id: EntryId) -> ServiceKey {
    ServiceKey::new(ENTRIES).id(*id.as_bytes())
}

pub(crate) fn all_entries() -> ServiceKey {
    ServiceKey::new(ENTRIES)
}

pub(crate) fn series(id: SeriesId) -> ServiceKey {
    ServiceKey::new(SERIES).id(*id.as_bytes())
}

/// A number that sorts later dates first.
fn backwards(date: i64) -> u64 {
    !(date.cast_unsigned() ^ (1 << 63))
}

pub(crate) fn by_date() -> ServiceKey {
    ServiceKey::new(BY_DATE)
}

pub(crate) fn by_kind(kind: Kind) -> ServiceKey {
    ServiceKey::new(BY_KIND).number(kind as u64)
}

/// A place in one of the two lists.
pub(crate) fn listed(list: ServiceKey, date: i64, id: EntryId) -> ServiceKey {
    list.number(backwards(date)).id(*id.as_bytes())
}

pub(crate) fn by_unique_id(view: &View<'_>, unique_id: &str) -> ServiceKey {
    ServiceKey::new(BY_UNIQUE_ID).lookup(view, unique_id)
}

pub(crate) fn by_set_id(view: &View<'_>, set_id: &str) -> ServiceKey {
    ServiceKey::new(BY_SET_ID).lookup(view, set_id)
}

/// Of what was filed by hand: its content finds it.
pub(crate) fn by_hash(view: &View<'_>, hash: &[u8; 32]) -> ServiceKey {
    ServiceKey::new(BY_HASH).lookup(view, &hex::encode(hash))
}

pub(crate) fn fate(message: MessageId) -> ServiceKey {
    ServiceKey::new(FATES).id(*message.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn later_dates_sort_first() {
        let dates = [i64::MAX, 1_800_000_000, 1, 0, -1, -2_000_000_000, i64::MIN];
        assert!(dates.map(backwards).is_sorted());
    }
}
