//! Changing one account: what a closure handed to [`Store::transact`](crate::Store::transact) gets.
//!
//! A transaction reads and writes one account. It does no I/O and may run again. Nothing of it is
//! seen by anybody before its commit group is on stable storage and applied; if its closure fails,
//! nothing of it stays.

use crate::actor::Actor;
use crate::body::Body;
use crate::error::StoreError;
use crate::key::{Consumer, Key};
use crate::keystore::SlotNumber;
use crate::model::Record;
use crate::model::account::Counters;
use crate::random::Random;
use crate::view::{Overlay, View};
use jiff::Timestamp;
use std::ops::Deref;
use std::sync::Arc;

/// What a new transaction is given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Circumstances<'g> {
    pub(crate) actor: Actor,
    pub(crate) now: Timestamp,
    pub(crate) random: &'g dyn Random,
    pub(crate) consumers: &'g [Consumer],
    /// The keystore slot made for the account, if this transaction is to create it.
    pub(crate) slot: Option<SlotNumber>,
}

/// A change of one account under way.
pub struct Transaction<'g> {
    view: View<'g>,
    pub(crate) with: Circumstances<'g>,
    /// Bodies that the commit group must bring.
    pub(crate) bodies: Vec<Arc<Body>>,
    /// The highest modification sequence taken.
    pub(crate) changed: Option<u64>,
    /// Something was marked for deletion, expunged or erased: it may write into the room that a
    /// full disk keeps in reserve.
    pub(crate) makes_room: bool,
    /// Commands under way, one inside another.
    commands: usize,
    /// What the commands under way have written over: a key, and this transaction's write before.
    undo: Vec<(Key, Option<Option<Vec<u8>>>)>,
}

impl std::fmt::Debug for Transaction<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Transaction({:?}, …)", self.view)
    }
}

/// Reading in a transaction sees what it has written.
impl<'g> Deref for Transaction<'g> {
    type Target = View<'g>;

    fn deref(&self) -> &View<'g> {
        &self.view
    }
}

impl<'g> Transaction<'g> {
    pub(crate) fn new(view: View<'g>, with: Circumstances<'g>) -> Self {
        let (bodies, undo) = (Vec::new(), Vec::new());
        Self { view, with, bodies, changed: None, makes_room: false, commands: 0, undo }
    }

    /// The civil time of this transaction.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.with.now
    }

    /// Who acts.
    #[must_use]
    pub fn actor(&self) -> Actor {
        self.with.actor
    }

    /// Randomness for new identities.
    #[must_use]
    pub fn random(&self) -> &'g dyn Random {
        self.with.random
    }

    pub(crate) fn put<R: Record>(&mut self, key: Key, record: &R) -> Result<(), StoreError> {
        let value = record.encode()?;
        self.write(key, Some(value));
        Ok(())
    }

    /// Puts a key that says everything by being there.
    pub(crate) fn mark(&mut self, key: Key) {
        self.write(key, Some(Vec::new()));
    }

    pub(crate) fn delete(&mut self, key: Key) {
        self.write(key, None);
    }

    fn write(&mut self, key: Key, value: Option<Vec<u8>>) {
        if self.commands == 0 {
            self.view.own.insert(key, value);
            return;
        }
        let before = self.view.own.insert(key.clone(), value);
        self.undo.push((key, before));
    }

    /// Runs one command: if it fails, nothing of it stays, even when the closure goes on.
    pub(crate) fn command<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let (undone_to, bodies, changed) = (self.undo.len(), self.bodies.len(), self.changed);
        self.commands += 1;
        let done = run(self);
        self.commands -= 1;
        if done.is_err() {
            for (key, before) in self.undo.drain(undone_to..).rev() {
                match before {
                    Some(value) => self.view.own.insert(key, value),
                    None => self.view.own.remove(&key),
                };
            }
            self.bodies.truncate(bodies);
            self.changed = changed;
        }
        if self.commands == 0 {
            self.undo.clear();
        }
        done
    }

    pub(crate) fn put_counters(&mut self, counters: &Counters) -> Result<(), StoreError> {
        self.put(Key::counters(self.account), counters)
    }

    /// Ends the transaction: its writes and the bodies they name.
    pub(crate) fn into_parts(self) -> (Overlay, Vec<Arc<Body>>, Option<u64>) {
        (self.view.own, self.bodies, self.changed)
    }
}
