//! What other crates keep in an account: the queue, the exchange, reports, the services.
//!
//! This crate knows of their records no more than a table's name; they read, upgrade and check
//! them. Beside records there are *due marks*, which find the accounts in which something is to be
//! done by the instant at which it is: they lie in the operator's scope, and a second mark in the
//! account's own lets its erasure remove them.

use super::Record;
use crate::error::StoreError;
use crate::id::AccountId;
use crate::key::{Key, ServiceKey, TableName};
use crate::store::Store;
use crate::transaction::Transaction;
use crate::view::View;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// Octets of a service's record.
pub const MAX_SERVICE_RECORD: usize = 1024 * 1024;
/// Octets of a service's key.
const MAX_SERVICE_KEY: usize = 256;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ServiceRecord(#[serde(with = "serde_bytes")] pub(super) Vec<u8>);

impl Record for ServiceRecord {}

impl View<'_> {
    /// A service's record.
    pub fn service_record(&self, key: &ServiceKey) -> Result<Option<Vec<u8>>, StoreError> {
        let record: Option<ServiceRecord> = self.record(&Key::service(self.account, key))?;
        Ok(record.map(|record| record.0))
    }

    /// At most `limit` of a service's records, in the order of their keys: those whose key begins
    /// with `prefix` and comes after `after`.
    pub fn service_records(
        &self,
        prefix: &ServiceKey,
        after: Option<&ServiceKey>,
        limit: usize,
    ) -> Result<Vec<(ServiceKey, Vec<u8>)>, StoreError> {
        let all = Key::service(self.account, prefix);
        let from = match after {
            Some(after) => Key::service(self.account, after).successor().max(all.clone()),
            None => all.clone(),
        };
        let mut records = Vec::new();
        for (key, value) in self.pairs(&from, &all.prefix_end(), false, limit)? {
            let key = key.service_key(self.account).ok_or(StoreError::Format)?;
            records.push((key, ServiceRecord::decode(&value)?.0));
        }
        Ok(records)
    }

    /// A service's record as the value that [`Transaction::put_service_value`] wrote.
    pub fn service_value<T: DeserializeOwned>(
        &self,
        key: &ServiceKey,
    ) -> Result<Option<T>, StoreError> {
        self.service_record(key)?.map(|octets| value(&octets)).transpose()
    }

    /// As [`View::service_records`], from the first, as values.
    pub fn service_values<T: DeserializeOwned>(
        &self,
        prefix: &ServiceKey,
        limit: usize,
    ) -> Result<Vec<(ServiceKey, T)>, StoreError> {
        let records = self.service_records(prefix, None, limit)?;
        records.into_iter().map(|(key, octets)| Ok((key, value(&octets)?))).collect()
    }
}

/// Services' values are postcard: a field is added at the end only.
fn value<T: DeserializeOwned>(octets: &[u8]) -> Result<T, StoreError> {
    postcard::from_bytes(octets).map_err(|_| StoreError::Format)
}

impl Transaction<'_> {
    /// Puts a value as a service's record (postcard).
    pub fn put_service_value<T: Serialize + ?Sized>(
        &mut self,
        key: &ServiceKey,
        value: &T,
    ) -> Result<(), StoreError> {
        let octets = postcard::to_stdvec(value).map_err(|_| StoreError::Format)?;
        self.put_service_record(key, &octets)
    }

    /// Puts a service's record, sealed as every value is.
    pub fn put_service_record(&mut self, key: &ServiceKey, value: &[u8]) -> Result<(), StoreError> {
        let stored = Key::service(self.account, key);
        if value.len() > MAX_SERVICE_RECORD || stored.as_bytes().len() > MAX_SERVICE_KEY {
            return Err(StoreError::Limit("octets of a service's record"));
        }
        self.put(stored, &ServiceRecord(value.to_vec()))
    }

    /// Deletes a service's record, if there is one.
    pub fn delete_service_record(&mut self, key: &ServiceKey) {
        self.delete(Key::service(self.account, key));
    }

    /// Has [`Store::due`] name this account and `id` from an instant on, seconds since 1970.
    pub fn set_due(&mut self, table: TableName, at: i64, id: [u8; 16]) {
        let account = self.account;
        self.mark(Key::due(table, at, account, id));
        self.mark(Key::due_of(account, table, at, id));
    }

    /// Takes back what was set for this instant.
    pub fn clear_due(&mut self, table: TableName, at: i64, id: [u8; 16]) {
        let account = self.account;
        self.delete(Key::due(table, at, account, id));
        self.delete(Key::due_of(account, table, at, id));
    }
}

impl Store {
    /// At most `limit` of what is due in a table at `until` (seconds since 1970) or before, the
    /// longest due first: since when, the account, the id. An account whose erasure has begun may
    /// still be among them; opening it fails then.
    pub fn due(
        &self,
        table: TableName,
        until: i64,
        limit: usize,
    ) -> Result<Vec<(i64, AccountId, [u8; 16])>, StoreError> {
        let end = Key::due_at(table, until).prefix_end();
        let marks = self.operator_view()?.pairs(&Key::due_all(table), &end, false, limit)?;
        marks.iter().map(|(key, _)| key.due_parts().ok_or(StoreError::Format)).collect()
    }
}
