//! Reports of success: what was delivered here, when its sender asked to be told (NOTIFY=SUCCESS).
//!
//! A note lies in the recipient's account, written in the transaction that delivers. The relay
//! makes the report of it; report and note are exchanged in one transaction. So no report is lost
//! and none is sent twice. Never on `<>`, on reports, on automatic mail.

use crate::Post;
use crate::queue::Entry;
use crate::system::PreparedMail;
use mailstore::body::Body;
use mailstore::{
    AccountId, Actor, Committed, QueueId, ServiceKey, Store, StoreError, TableName, Transaction,
    View,
};
use std::sync::Arc;

/// The table of notes, and the name of their due times.
#[expect(clippy::unreachable, reason = "the compiler has run it")]
const TABLE: TableName = match TableName::new("delivered") {
    Some(name) => name,
    None => unreachable!(),
};

fn key(id: QueueId) -> ServiceKey {
    ServiceKey::new(TABLE).id(*id.as_bytes())
}

/// By which a note is known: never the id of a queue entry, which may hold the same body in the
/// same account.
pub(crate) fn note_id(of: QueueId) -> QueueId {
    QueueId::from_bytes(of.as_bytes().map(|octet| !octet))
}

/// Writes the note of a delivery, with the recipients of which the sender is to be told.
// RFC 3461 §4.1
pub(crate) fn add(
    tx: &mut Transaction<'_>,
    body: &Arc<Body>,
    note: &Entry,
) -> Result<(), StoreError> {
    let octets = postcard::to_stdvec(note).map_err(|_| StoreError::Format)?;
    tx.hold_record(body, *note.id.as_bytes())?;
    tx.put_service_record(&key(note.id), &octets)?;
    tx.set_due(TABLE, tx.now().as_second(), *note.id.as_bytes());
    Ok(())
}

/// A note of an account.
pub fn note(view: &View<'_>, id: QueueId) -> Result<Option<Entry>, StoreError> {
    view.service_record(&key(id))?
        .map(|octets| postcard::from_bytes(&octets).map_err(|_| StoreError::Format))
        .transpose()
}

/// Notes of which no report has been made: since when, account, id.
pub fn due(
    store: &Store,
    until: i64,
    limit: usize,
) -> Result<Vec<(i64, AccountId, QueueId)>, StoreError> {
    let due = store.due(TABLE, until, limit)?;
    let named = |(at, account, id)| (at, account, QueueId::from_bytes(id));
    Ok(due.into_iter().map(named).collect())
}

impl Post {
    /// Exchanges a note for the report on it; without one, for nothing.
    pub async fn settle_note(
        &self,
        account: AccountId,
        was_due: i64,
        id: QueueId,
        report: Option<PreparedMail>,
    ) -> Result<Committed<()>, StoreError> {
        let work = move |tx: &mut Transaction<'_>| {
            tx.clear_due(TABLE, was_due, *id.as_bytes());
            // Settled before: its report is sent.
            let Some(note) = note(tx, id)? else { return Ok(()) };
            tx.delete_service_record(&key(id));
            tx.release_record(note.body, *id.as_bytes())?;
            report.as_ref().map_or(Ok(()), |report| report.commit_in(tx).map(drop))
        };
        let done = self.store.transact(Actor::SYSTEM, account, work).await?;
        self.ring();
        Ok(done)
    }
}
