//! Changes that a service could not handle: kept in the account with the reason.

use mailstore::model::change::Change;
use mailstore::{Consumer, MessageId, ServiceKey, StoreError, TableName, Transaction, View};
use serde::{Deserialize, Serialize};

/// Characters of a reason that are kept.
const MAX_REASON: usize = 500;

#[expect(clippy::unreachable, reason = "the compiler has run it")]
const TABLE: TableName = match TableName::new("parked") {
    Some(name) => name,
    None => unreachable!(),
};

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

fn key(view: &View<'_>, consumer: Consumer) -> ServiceKey {
    ServiceKey::new(TABLE).lookup(view, consumer.name())
}

/// At most `limit` parked changes of a service in an account, with their modification sequences.
pub fn parked(
    view: &View<'_>,
    consumer: Consumer,
    limit: usize,
) -> Result<Vec<(u64, ParkedChange)>, StoreError> {
    let rows = view.service_records(&key(view, consumer), None, limit)?;
    let read = |(key, octets): (ServiceKey, Vec<u8>)| {
        let mod_seq = key.last_number().ok_or(StoreError::Format)?;
        Ok((mod_seq, postcard::from_bytes(&octets).map_err(|_| StoreError::Format)?))
    };
    rows.into_iter().map(read).collect()
}

pub(crate) fn park(
    tx: &mut Transaction<'_>,
    consumer: Consumer,
    mod_seq: u64,
    change: &Change,
    reason: &str,
) -> Result<(), StoreError> {
    let parked = ParkedChange {
        at: tx.now().as_second(),
        messages: change.messages.clone(),
        reason: reason.chars().take(MAX_REASON).collect(),
    };
    let key = key(tx, consumer).number(mod_seq);
    tx.put_service_record(&key, &postcard::to_stdvec(&parked).map_err(|_| StoreError::Format)?)
}
