//! Changes that a service could not handle: kept in the account with the reason, found among all
//! accounts by a mark, handled again when somebody asks.
//!
//! The mark is due at the instant of the parking; asking moves it to the beginning of time, where
//! the runner looks for what it is to handle again.

use mailstore::model::change::Change;
use mailstore::{
    AccountId, Consumer, MessageId, ServiceKey, Store, StoreError, TableName, Transaction, View,
};
use serde::{Deserialize, Serialize};

/// Characters of a reason that are kept.
const MAX_REASON: usize = 500;
/// Where the marks of what is to be handled again stand.
const ASKED: i64 = 0;

const TABLE: TableName = TableName::constant("parked");

/// A change that a service could not handle. A stored format: add at the end only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ParkedChange {
    /// When it was parked, seconds since 1970.
    pub at: i64,
    /// Its messages.
    pub messages: Vec<MessageId>,
    /// Why.
    pub reason: String,
}

/// A parked change among those of all accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parked {
    /// Whose.
    pub account: AccountId,
    /// Its place in the account's change log.
    pub mod_seq: u64,
    /// What is kept of it.
    pub change: ParkedChange,
    /// Somebody has asked that it be handled again.
    pub asked: bool,
}

fn key(view: &View<'_>, consumer: Consumer) -> ServiceKey {
    ServiceKey::new(TABLE).lookup(view, consumer.name())
}

/// The marks of a service: a table of its own.
fn marks(consumer: Consumer) -> Result<TableName, StoreError> {
    TableName::new(consumer.name()).ok_or(StoreError::Format)
}

fn mark_id(mod_seq: u64) -> [u8; 16] {
    (u128::from(mod_seq) << 64).to_be_bytes()
}

fn mod_seq_of(id: [u8; 16]) -> u64 {
    u64::try_from(u128::from_be_bytes(id) >> 64).unwrap_or(u64::MAX)
}

/// At most `limit` parked changes of a service in an account, with their modification sequences.
pub fn parked(
    view: &View<'_>,
    consumer: Consumer,
    limit: usize,
) -> Result<Vec<(u64, ParkedChange)>, StoreError> {
    let rows = view.service_values(&key(view, consumer), limit)?;
    let row = |(key, change): (ServiceKey, ParkedChange)| {
        Ok((key.last_number().ok_or(StoreError::Format)?, change))
    };
    rows.into_iter().map(row).collect()
}

fn one(
    view: &View<'_>,
    consumer: Consumer,
    mod_seq: u64,
) -> Result<Option<ParkedChange>, StoreError> {
    view.service_value(&key(view, consumer).number(mod_seq))
}

/// At most `limit` parked changes of a service in all accounts: first those that somebody has asked
/// to be handled again, then the longest parked.
pub fn all_parked(
    store: &Store,
    consumer: Consumer,
    limit: usize,
) -> Result<Vec<Parked>, StoreError> {
    until(store, consumer, i64::MAX, limit)
}

/// What somebody has asked to be handled again, at most `limit`.
pub(crate) fn asked(
    store: &Store,
    consumer: Consumer,
    limit: usize,
) -> Result<Vec<Parked>, StoreError> {
    until(store, consumer, ASKED, limit)
}

fn until(
    store: &Store,
    consumer: Consumer,
    until: i64,
    limit: usize,
) -> Result<Vec<Parked>, StoreError> {
    let mut found = Vec::new();
    for (at, account, id) in store.due(marks(consumer)?, until, limit)? {
        let view = match store.view(account) {
            // Erased meanwhile.
            Err(StoreError::NoSuchAccount) => continue,
            view => view?,
        };
        let mod_seq = mod_seq_of(id);
        if let Some(change) = one(&view, consumer, mod_seq)? {
            found.push(Parked { account, mod_seq, change, asked: at == ASKED });
        }
    }
    Ok(found)
}

/// Asks that a parked change be handled again at the runner's next round. False: nothing is parked
/// under this modification sequence.
pub fn retry(
    tx: &mut Transaction<'_>,
    consumer: Consumer,
    mod_seq: u64,
) -> Result<bool, StoreError> {
    let Some(parked) = one(tx, consumer, mod_seq)? else { return Ok(false) };
    let (marks, id) = (marks(consumer)?, mark_id(mod_seq));
    tx.clear_due(marks, parked.at, id);
    tx.set_due(marks, ASKED, id);
    Ok(true)
}

/// Keeps a change that could not be handled, in place of what was kept of it before.
pub(crate) fn park(
    tx: &mut Transaction<'_>,
    consumer: Consumer,
    mod_seq: u64,
    change: &Change,
    reason: &str,
) -> Result<(), StoreError> {
    remove(tx, consumer, mod_seq)?;
    let parked = ParkedChange {
        at: tx.now().as_second(),
        messages: change.messages.clone(),
        reason: reason.chars().take(MAX_REASON).collect(),
    };
    keep(tx, consumer, mod_seq, &parked)
}

fn keep(
    tx: &mut Transaction<'_>,
    consumer: Consumer,
    mod_seq: u64,
    parked: &ParkedChange,
) -> Result<(), StoreError> {
    tx.set_due(marks(consumer)?, parked.at, mark_id(mod_seq));
    let key = key(tx, consumer).number(mod_seq);
    tx.put_service_value(&key, parked)
}

/// Gives a parked change another reason; it is no longer asked for.
pub(crate) fn say(
    tx: &mut Transaction<'_>,
    consumer: Consumer,
    mod_seq: u64,
    reason: &str,
) -> Result<(), StoreError> {
    let Some(mut parked) = one(tx, consumer, mod_seq)? else { return Ok(()) };
    remove(tx, consumer, mod_seq)?;
    reason.clone_into(&mut parked.reason);
    keep(tx, consumer, mod_seq, &parked)
}

/// Forgets a parked change, if there is one.
pub(crate) fn remove(
    tx: &mut Transaction<'_>,
    consumer: Consumer,
    mod_seq: u64,
) -> Result<(), StoreError> {
    let Some(parked) = one(tx, consumer, mod_seq)? else { return Ok(()) };
    let (marks, id) = (marks(consumer)?, mark_id(mod_seq));
    tx.clear_due(marks, parked.at, id);
    tx.clear_due(marks, ASKED, id);
    let key = key(tx, consumer).number(mod_seq);
    tx.delete_service_record(&key);
    Ok(())
}
