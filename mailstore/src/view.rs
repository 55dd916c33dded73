//! Reading: one account at one moment.
//!
//! A [`View`] opens sealed values as they are read. Inside a transaction it also shows what the
//! transaction, and the ones sequenced before it in the same commit group, have written.

use crate::error::StoreError;
use crate::id::AccountId;
use crate::index::Snapshot;
use crate::key::Key;
use crate::model::Record;
use crate::seal::{AccountKey, Lookup, LookupOf};
use std::collections::BTreeMap;
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Arc;

/// Writes that are not in the index yet: None is a deletion. Values are not sealed.
pub(crate) type Overlay = BTreeMap<Key, Option<Vec<u8>>>;

/// The keys that a view opens values with.
#[derive(Debug, Clone)]
pub(crate) struct ViewKeys {
    pub(crate) account: Arc<AccountKey>,
    pub(crate) operator: Arc<AccountKey>,
}

/// One account at one moment. While held it keeps the store's older pages: not for as long as a
/// peer takes to read.
pub struct View<'g> {
    pub(crate) account: AccountId,
    pub(crate) keys: ViewKeys,
    pub(crate) snapshot: Arc<dyn Snapshot>,
    /// Written by earlier transactions of the same group.
    pub(crate) group: Option<&'g Overlay>,
    /// Written by this transaction.
    pub(crate) own: Overlay,
    /// The account is being made: its id was never used before, so nothing of it is committed.
    pub(crate) is_new: bool,
}

impl fmt::Debug for View<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "View({:?})", self.account)
    }
}

impl View<'_> {
    /// The account.
    #[must_use]
    pub fn account_id(&self) -> AccountId {
        self.account
    }

    /// The keyed hash of a name inside this account.
    pub(crate) fn lookup(&self, of: LookupOf, name: &[u8]) -> Lookup {
        self.keys.account.lookup(of, name)
    }

    /// The keyed hash of a name that finds accounts.
    pub(crate) fn operator_lookup(&self, of: LookupOf, name: &[u8]) -> Lookup {
        self.keys.operator.lookup(of, name)
    }

    fn key_of(&self, key: &Key) -> Result<&AccountKey, StoreError> {
        match key.owner() {
            None => Ok(&self.keys.operator),
            Some(account) if account == self.account => Ok(&self.keys.account),
            Some(_) => Err(StoreError::NoSuchAccount),
        }
    }

    fn open(&self, key: &Key, stored: &[u8]) -> Result<Vec<u8>, StoreError> {
        // A mark: its key says everything.
        if stored.is_empty() {
            return Ok(Vec::new());
        }
        Ok(self.key_of(key)?.open(key, stored)?)
    }

    fn written(&self, key: &Key) -> Option<&Option<Vec<u8>>> {
        self.own.get(key).or_else(|| self.group?.get(key))
    }

    /// The committed value of a key, sealed.
    fn committed(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        if self.is_new && key.owner() == Some(self.account) {
            return Ok(None);
        }
        Ok(self.snapshot.get(key.as_bytes())?)
    }

    /// The value of a key.
    pub(crate) fn value(&self, key: &Key) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(written) = self.written(key) {
            return Ok(written.clone());
        }
        match self.committed(key)? {
            Some(stored) => self.open(key, &stored).map(Some),
            None => Ok(None),
        }
    }

    /// Whether a key has a value.
    pub(crate) fn exists(&self, key: &Key) -> Result<bool, StoreError> {
        if let Some(written) = self.written(key) {
            return Ok(written.is_some());
        }
        Ok(self.committed(key)?.is_some())
    }

    /// The record under a key.
    pub(crate) fn record<R: Record>(&self, key: &Key) -> Result<Option<R>, StoreError> {
        self.value(key)?.map(|octets| R::decode(&octets)).transpose()
    }

    /// At most `limit` pairs with `from <= key < to`, in the order of keys or backwards.
    pub(crate) fn pairs(
        &self,
        from: &Key,
        to: &Key,
        backwards: bool,
        limit: usize,
    ) -> Result<Vec<(Key, Vec<u8>)>, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let range = || from.clone()..to.clone();
        let mut written: Overlay = BTreeMap::new();
        if let Some(group) = self.group {
            written.extend(group.range(range()).map(|(k, v)| (k.clone(), v.clone())));
        }
        written.extend(self.own.range(range()).map(|(k, v)| (k.clone(), v.clone())));

        let mut stored = Vec::new();
        let mut fault = None;
        self.snapshot.range(from.as_bytes(), to.as_bytes(), backwards, &mut |key, value| {
            let key = Key::from_stored(key);
            if !written.contains_key(&key) {
                match self.open(&key, value) {
                    Ok(value) => stored.push((key, value)),
                    Err(error) => {
                        fault = Some(error);
                        return ControlFlow::Break(());
                    }
                }
            }
            if stored.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        if let Some(fault) = fault {
            return Err(fault);
        }
        if !written.is_empty() {
            stored.extend(written.into_iter().filter_map(|(key, value)| Some((key, value?))));
            stored.sort_unstable_by(|a, b| a.0.cmp(&b.0));
            if backwards {
                stored.reverse();
            }
        }
        stored.truncate(limit);
        Ok(stored)
    }

    /// At most `limit` committed keys that start with `prefix`, whosever key seals their values.
    pub(crate) fn keys(&self, prefix: &Key, limit: usize) -> Result<Vec<Key>, StoreError> {
        let mut keys = Vec::new();
        let end = prefix.prefix_end();
        self.snapshot.range(prefix.as_bytes(), end.as_bytes(), false, &mut |key, _| {
            keys.push(Key::from_stored(key));
            if keys.len() < limit { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        })?;
        Ok(keys)
    }

    /// All pairs whose key starts with `prefix`.
    pub(crate) fn all(&self, prefix: &Key) -> Result<Vec<(Key, Vec<u8>)>, StoreError> {
        self.pairs(prefix, &prefix.prefix_end(), false, usize::MAX)
    }
}
