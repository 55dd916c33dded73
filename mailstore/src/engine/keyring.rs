//! Account keys in use: read from the keystore when first needed, kept while in use.

use crate::error::StoreError;
use crate::id::AccountId;
use crate::index::Snapshot;
use crate::key::Key;
use crate::keystore::{Keystore, KeystoreError, Slot, SlotNumber};
use crate::model::Record;
use crate::model::account::{LifeCycle, Registration};
use crate::random::Random;
use crate::seal::{AccountKey, Secret};
use std::collections::{BTreeSet, HashMap, HashSet};
use std::num::NonZero;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// Keys kept ready; about a kilobyte each.
const KEPT: usize = 10_000;
/// Keys that are not worth a thread of their own.
const DERIVED_ALONE: usize = 256;
/// The key number that new accounts get.
const KEY_NUMBER: u16 = 1;

/// The key of the operator's own account.
pub(crate) fn operator_account_key(keystore: &Keystore) -> Result<AccountKey, StoreError> {
    let own = Slot::Used(AccountId::OPERATOR);
    let slot = keystore.slots()?.into_iter().find(|(_, slot)| *slot == own);
    let (number, _) = slot.ok_or(StoreError::Damaged("the operator's slot of the keystore"))?;
    match keystore.read(number, AccountId::OPERATOR) {
        Ok((secret, key_number)) => Ok(AccountKey::derive(&secret, key_number)?),
        Err(KeystoreError::Slot(_)) => Err(StoreError::OperatorKey),
        Err(error) => Err(error.into()),
    }
}

/// The key of an account that is to be made. Deriving it takes time: it is made before its
/// transaction reaches the sequencer.
#[derive(Debug)]
pub(crate) struct NewKey {
    secret: Secret,
    pub(crate) key: Arc<AccountKey>,
}

impl NewKey {
    /// A new one.
    pub(crate) fn random(random: &dyn Random) -> Result<Self, StoreError> {
        Self::of(Secret::random(random)?)
    }

    /// So many, derived on every core.
    pub(crate) fn random_many(random: &dyn Random, count: usize) -> Result<Vec<Self>, StoreError> {
        let drawn: Result<Vec<_>, _> = (0..count).map(|_| Secret::random(random)).collect();
        let mut secrets = drawn?;
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let share = count.div_ceil(cores).max(DERIVED_ALONE);
        thread::scope(|scope| {
            let mut threads = Vec::new();
            while !secrets.is_empty() {
                let rest = secrets.split_off(share.min(secrets.len()));
                let own = std::mem::replace(&mut secrets, rest);
                let derive = || own.into_iter().map(Self::of).collect::<Result<Vec<_>, _>>();
                threads.push(scope.spawn(derive));
            }
            let mut keys = Vec::with_capacity(count);
            for derived in threads {
                keys.extend(derived.join().unwrap_or(Err(StoreError::Panicked))?);
            }
            Ok(keys)
        })
    }

    fn of(secret: Secret) -> Result<Self, StoreError> {
        let key = Arc::new(AccountKey::derive(&secret, KEY_NUMBER)?);
        Ok(Self { secret, key })
    }
}

/// The keystore and the keys in use.
#[derive(Debug)]
pub(crate) struct Keyring {
    keystore: Mutex<Keystore>,
    kept: Mutex<Kept>,
    operator: Arc<AccountKey>,
}

/// Keys ready for use. Locked after the keystore where both are.
#[derive(Debug, Default)]
struct Kept {
    keys: HashMap<AccountId, Arc<AccountKey>>,
    /// Accounts whose key this process has destroyed: an older snapshot does not bring it back.
    destroyed: HashSet<AccountId>,
}

impl Keyring {
    /// Makes the operator's own account in an empty keystore.
    pub(crate) fn create_operator(
        keystore: &mut Keystore,
        random: &dyn Random,
    ) -> Result<(), StoreError> {
        let secret = Secret::random(random)?;
        keystore.write(random, AccountId::OPERATOR, &secret, KEY_NUMBER)?;
        Ok(keystore.flush()?)
    }

    /// The keys of a keystore that holds the operator's account.
    pub(crate) fn new(keystore: Keystore) -> Result<Self, StoreError> {
        Ok(Self {
            operator: Arc::new(operator_account_key(&keystore)?),
            keystore: Mutex::new(keystore),
            kept: Mutex::default(),
        })
    }

    pub(crate) fn operator(&self) -> Arc<AccountKey> {
        Arc::clone(&self.operator)
    }

    fn keystore(&self) -> MutexGuard<'_, Keystore> {
        self.keystore.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the registry says of an account.
    pub(crate) fn registration(
        &self,
        snapshot: &dyn Snapshot,
        account: AccountId,
    ) -> Result<Option<Registration>, StoreError> {
        let key = Key::registry(account);
        let Some(stored) = snapshot.get(key.as_bytes())? else { return Ok(None) };
        Registration::decode(&self.operator.open(&key, &stored)?).map(Some)
    }

    /// The key of an account that lives in `snapshot`. What is kept saves the derivation only:
    /// whether an account lives is always read.
    pub(crate) fn key(
        &self,
        snapshot: &dyn Snapshot,
        account: AccountId,
    ) -> Result<Arc<AccountKey>, StoreError> {
        if account == AccountId::OPERATOR {
            return Ok(self.operator());
        }
        let slot = match self.registration(snapshot, account)? {
            Some(Registration { slot, life_cycle: LifeCycle::Live, .. }) => slot,
            _ => return Err(StoreError::NoSuchAccount),
        };
        if let Some(key) = self.kept().keys.get(&account) {
            return Ok(Arc::clone(key));
        }
        // Held until the key is kept, so that no erasure comes between.
        let keystore = self.keystore();
        if self.kept().destroyed.contains(&account) {
            return Err(StoreError::NoSuchAccount);
        }
        let (secret, key_number) = keystore.read(slot, account)?;
        let key = Arc::new(AccountKey::derive(&secret, key_number)?);
        self.keep(account, &key);
        Ok(key)
    }

    fn keep(&self, account: AccountId, key: &Arc<AccountKey>) {
        let mut kept = self.kept();
        if kept.keys.len() >= KEPT {
            kept.keys.clear();
        }
        kept.keys.insert(account, Arc::clone(key));
    }

    /// Gives a new account's key a slot, which must be flushed before a frame uses it.
    pub(crate) fn create(
        &self,
        random: &dyn Random,
        account: AccountId,
        new: &NewKey,
    ) -> Result<SlotNumber, StoreError> {
        Ok(self.keystore().write(random, account, &new.secret, KEY_NUMBER)?)
    }

    /// The new account is committed: its key may be kept.
    pub(crate) fn created(&self, account: AccountId, key: &Arc<AccountKey>) {
        self.keep(account, key);
    }

    /// Whether a flush of the keystore failed.
    pub(crate) fn is_poisoned(&self) -> bool {
        self.keystore().is_poisoned()
    }

    /// Writes all slots again and flushes them.
    pub(crate) fn renew(&self) -> Result<(), StoreError> {
        Ok(self.keystore().renew()?)
    }

    /// Puts the slots on stable storage.
    pub(crate) fn flush(&self) -> Result<(), StoreError> {
        Ok(self.keystore().flush()?)
    }

    /// Overwrites a slot whose account never came to be. Left to the next opening if it fails.
    pub(crate) fn abandon(&self, slot: SlotNumber) {
        let _ = self.keystore().overwrite(slot);
    }

    /// Overwrites the slot of an account under erasure; on stable storage at return.
    pub(crate) fn destroy(
        &self,
        snapshot: &dyn Snapshot,
        account: AccountId,
    ) -> Result<(), StoreError> {
        let Some(registration) = self.registration(snapshot, account)? else { return Ok(()) };
        if registration.life_cycle == LifeCycle::Live {
            return Err(StoreError::Damaged("the order of an erasure"));
        }
        let mut keystore = self.keystore();
        let mut kept = self.kept();
        kept.keys.remove(&account);
        kept.destroyed.insert(account);
        drop(kept);
        let held = keystore.slots()?.into_iter();
        let own: Vec<_> = held.filter(|(_, slot)| *slot == Slot::Used(account)).collect();
        for (number, _) in own {
            keystore.overwrite(number)?;
        }
        Ok(keystore.flush()?)
    }

    /// At opening, between two groups: overwrites slots that no living account names: of creations
    /// that never were committed, of erasures that had begun, and what a crash left half written of
    /// either. An unreadable slot that an account does name is left for somebody to look at.
    pub(crate) fn settle(&self, snapshot: &dyn Snapshot) -> Result<(), StoreError> {
        let used = self.keystore().slots()?;
        let torn = used.iter().any(|(_, slot)| *slot == Slot::Damaged);
        let named = if torn { self.named_slots(snapshot)? } else { BTreeSet::new() };
        let mut freed = false;
        for (number, slot) in used {
            let keep = match slot {
                Slot::Free | Slot::Used(AccountId::OPERATOR) => true,
                Slot::Damaged => named.contains(&number),
                Slot::Used(account) => self
                    .registration(snapshot, account)?
                    .is_some_and(|known| known.names_slot(number)),
            };
            if !keep {
                self.keystore().overwrite(number)?;
                freed = true;
            }
        }
        if freed { self.flush() } else { Ok(()) }
    }

    fn named_slots(&self, snapshot: &dyn Snapshot) -> Result<BTreeSet<SlotNumber>, StoreError> {
        let all = Key::registry_all();
        let end = all.prefix_end();
        let mut stored = Vec::new();
        snapshot.range(all.as_bytes(), end.as_bytes(), false, &mut |key, value| {
            stored.push((Key::from_stored(key), value.to_vec()));
            ControlFlow::Continue(())
        })?;
        let mut named = BTreeSet::new();
        for (key, value) in stored {
            let known = Registration::decode(&self.operator.open(&key, &value)?)?;
            if known.names_slot(known.slot) {
                named.insert(known.slot);
            }
        }
        Ok(named)
    }
}
