//! Filing: writing an entry into the record, in the transaction that the caller commits.

use crate::entry::{
    Author, Decisions, Entry, EntryId, EntryState, FiledBy, Series, SeriesId, TypeCode,
};
use crate::{hidden, list, tables};
use clinical::value_sets::{Confidentiality, Kind};
use mailstore::body::Body;
use mailstore::{MessageId, StoreError, Transaction};
use std::sync::Arc;

/// Characters of a title that are kept.
const MAX_TITLE: usize = 250;
/// Versions of one document.
const MAX_VERSIONS: usize = 1_000;

/// A document to be filed.
#[derive(Clone)]
pub struct Document {
    /// The id that its entry gets.
    pub id: EntryId,
    /// Its uniqueId; of one filed by hand, none.
    pub unique_id: Option<String>,
    /// The id that all versions share.
    pub set_id: Option<String>,
    /// The version's number.
    pub version: Option<u64>,
    /// Its kind.
    pub kind: Kind,
    /// Its type.
    pub type_code: Option<TypeCode>,
    /// Its title.
    pub title: String,
    /// Who made it.
    pub author: Option<Author>,
    /// Its own date, seconds since 1970.
    pub date: i64,
    /// When the act began that it documents.
    pub act: Option<i64>,
    /// How confidential it is.
    pub confidentiality: Vec<Confidentiality>,
    /// Its media type.
    pub mime: String,
    /// SHA-256 of its octets.
    pub hash: [u8; 32],
    /// Its octets, as a body of its own.
    pub body: Arc<Body>,
    /// The message it came with.
    pub message: MessageId,
    /// How it comes in.
    pub filed_by: FiledBy,
    /// The document it says it replaces, by uniqueId or `setId`.
    pub replaces: Option<String>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({} octets, …)", self.body.len())
    }
}

impl Document {
    /// The entry that it becomes.
    #[must_use]
    pub fn as_entry(&self, series: SeriesId, filed_at: i64) -> Entry {
        Entry {
            id: self.id,
            series,
            unique_id: self.unique_id.clone(),
            set_id: self.set_id.clone(),
            version: self.version,
            kind: self.kind,
            type_code: self.type_code.clone(),
            title: title_of(&self.title),
            author: self.author.clone(),
            date: self.date,
            act: self.act,
            confidentiality: self.confidentiality.clone(),
            mime: self.mime.clone(),
            hash: self.hash,
            size: self.body.len(),
            body: self.body.id(),
            message: self.message,
            filed_at,
            filed_by: self.filed_by,
            state: EntryState::Filed,
            predecessor_unknown: false,
            replaces: self.replaces.clone(),
        }
    }
}

/// A title as it is kept: on one line, bounded.
fn title_of(stated: &str) -> String {
    let title: String = stated.chars().filter(|c| !c.is_control()).take(MAX_TITLE).collect();
    title.trim().to_owned()
}

/// Files a document: `predecessor` is the entry whose place it takes, as
/// [`rules::judge`](crate::rules::judge) has decided on what this transaction sees.
pub fn file(
    tx: &mut Transaction<'_>,
    document: &Document,
    predecessor: Option<EntryId>,
    predecessor_unknown: bool,
) -> Result<Entry, StoreError> {
    let id = document.id;
    let mut series = series_for(tx, document, predecessor)?;
    if series.entries.len() >= MAX_VERSIONS {
        return Err(StoreError::Limit("versions of a document"));
    }
    let now = tx.now().as_second();
    let mut entry = document.as_entry(series.id, now);
    entry.kind = series.decisions.kind.unwrap_or(entry.kind);
    entry.predecessor_unknown = predecessor_unknown;
    tx.hold_record(&document.body, *id.as_bytes())?;
    if let Some(former) = predecessor
        && let Some(mut former) = list::entry(tx, former)?
    {
        former.state = EntryState::Replaced { by: id };
        put_entry(tx, &former)?;
    }
    put_entry(tx, &entry)?;
    put_names(tx, &entry)?;
    hidden::expect_notice(tx, &entry);
    series.entries.push(id);
    tx.put_service_value(&tables::series(series.id), &series)?;
    Ok(entry)
}

/// Writes under what an entry and its document are looked up.
fn put_names(tx: &mut Transaction<'_>, entry: &Entry) -> Result<(), StoreError> {
    let key = match &entry.unique_id {
        Some(unique_id) => tables::by_unique_id(tx, unique_id),
        None => tables::by_hash(tx, &entry.hash),
    };
    tx.put_service_value(&key, &entry.id)?;
    if let Some(name) = entry.set_id.as_ref().or(entry.unique_id.as_ref()) {
        let key = tables::by_set_id(tx, name);
        tx.put_service_value(&key, &entry.series)?;
    }
    Ok(())
}

/// Writes anew what is derived from a filed document: `derived` is its entry with that changed. What
/// the entry is, where it stands and what people decided stays. False: there is no such entry.
pub fn derive_again(tx: &mut Transaction<'_>, derived: &Entry) -> Result<bool, StoreError> {
    let Some(kept) = list::entry(tx, derived.id)? else { return Ok(false) };
    let decisions = list::series(tx, kept.series)?.map(|series| series.decisions);
    let decided = decisions.and_then(|decisions| decisions.kind);
    let was_shown = kept.is_visible_to_citizen();
    let entry = Entry {
        series: kept.series,
        unique_id: kept.unique_id,
        kind: decided.unwrap_or(derived.kind),
        title: title_of(&derived.title),
        hash: kept.hash,
        size: kept.size,
        body: kept.body,
        message: kept.message,
        filed_at: kept.filed_at,
        filed_by: kept.filed_by,
        state: kept.state,
        predecessor_unknown: kept.predecessor_unknown,
        ..derived.clone()
    };
    put_entry(tx, &entry)?;
    put_names(tx, &entry)?;
    if was_shown {
        hidden::expect_notice(tx, &entry);
    }
    Ok(true)
}

fn series_for(
    tx: &Transaction<'_>,
    document: &Document,
    predecessor: Option<EntryId>,
) -> Result<Series, StoreError> {
    if let Some(former) = predecessor
        && let Some(former) = list::entry(tx, former)?
        && let Some(series) = list::series(tx, former.series)?
    {
        return Ok(series);
    }
    if let Some(set_id) = &document.set_id
        && let Some(series) = list::series_of(tx, set_id)?
    {
        return Ok(series);
    }
    let id = SeriesId::random(tx.random())?;
    Ok(Series { id, entries: Vec::new(), decisions: Decisions::default() })
}

/// Writes an entry, and its places in the lists as its state has them.
pub(crate) fn put_entry(tx: &mut Transaction<'_>, entry: &Entry) -> Result<(), StoreError> {
    if let Some(before) = list::entry(tx, entry.id)? {
        for list in [tables::by_date(), tables::by_kind(before.kind)] {
            tx.delete_service_record(&tables::listed(list, before.date, before.id));
        }
    }
    tx.put_service_value(&tables::entry(entry.id), entry)?;
    if list::is_listed(entry) {
        for list in [tables::by_date(), tables::by_kind(entry.kind)] {
            tx.put_service_record(&tables::listed(list, entry.date, entry.id), &[])?;
        }
    }
    Ok(())
}
