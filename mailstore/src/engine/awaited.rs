//! An embedded engine that is still being opened.
//!
//! Until it is open everything is refused with [`StoreError::Opening`], which is ours and
//! temporary: listeners answer that they will be there shortly instead of not answering at all.
//! When opening fails it stays so; whoever began it is told why.

use super::embedded::Embedded;
use super::mending::Vitals;
use super::upkeep::Pace;
use super::{Condition, Engine, Job};
use crate::body::{BodyReader, BodyWriter};
use crate::error::StoreError;
use crate::id::{AccountId, BodyId};
use crate::index::Snapshot;
use crate::log::Location;
use crate::random::Random;
use crate::seal::{AccountKey, Secret};
use std::sync::{Arc, OnceLock};

/// The engine, once it is open.
#[derive(Debug)]
pub(crate) struct Awaited {
    engine: OnceLock<Embedded>,
    random: Arc<dyn Random>,
    takes_turns: bool,
}

impl Awaited {
    pub(crate) fn new(random: Arc<dyn Random>, takes_turns: bool) -> Self {
        Self { engine: OnceLock::new(), random, takes_turns }
    }

    /// From now on it is open.
    pub(crate) fn set(&self, engine: Embedded) {
        // Opened once; a second engine would be closed at once.
        let _ = self.engine.set(engine);
    }

    fn engine(&self) -> Result<&Embedded, StoreError> {
        self.engine.get().ok_or(StoreError::Opening)
    }
}

impl Engine for Awaited {
    fn commit(&self, jobs: Vec<Box<dyn Job>>) -> Vec<(AccountId, u64)> {
        match self.engine() {
            Ok(engine) => engine.commit(jobs),
            Err(error) => {
                jobs.into_iter().for_each(|job| job.finish(Err(error.clone())));
                Vec::new()
            }
        }
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        self.engine()?.snapshot()
    }

    fn random(&self) -> &dyn Random {
        &*self.random
    }

    fn operator_key(&self) -> Result<Arc<AccountKey>, StoreError> {
        self.engine()?.operator_key()
    }

    fn account_key(
        &self,
        snapshot: &dyn Snapshot,
        account: AccountId,
    ) -> Result<Arc<AccountKey>, StoreError> {
        self.engine()?.account_key(snapshot, account)
    }

    fn destroy_key(&self, snapshot: &dyn Snapshot, account: AccountId) -> Result<(), StoreError> {
        self.engine()?.destroy_key(snapshot, account)
    }

    fn body_writer(&self) -> Result<BodyWriter, StoreError> {
        self.engine()?.body_writer()
    }

    fn body_reader(
        &self,
        id: BodyId,
        secret: &Secret,
        len: u64,
        location: Location,
    ) -> Result<BodyReader, StoreError> {
        self.engine()?.body_reader(id, secret, len, location)
    }

    fn tick(&self) {
        if let Ok(engine) = self.engine() {
            engine.tick();
        }
    }

    fn write_snapshot(&self, pace: &Pace) -> Result<bool, StoreError> {
        self.engine()?.write_snapshot(pace)
    }

    fn keep(&self, pace: &Pace) {
        if let Ok(engine) = self.engine() {
            engine.keep(pace);
        }
    }

    fn wants_keeper(&self) -> bool {
        !self.takes_turns
    }

    fn break_off(&self) {
        if let Ok(engine) = self.engine() {
            engine.break_off();
        }
    }

    fn condition(&self) -> Condition {
        match self.engine() {
            Ok(engine) => engine.condition(),
            Err(_) => Condition::ReadOnly("it is being opened"),
        }
    }

    fn vitals(&self) -> Vitals {
        match self.engine() {
            Ok(engine) => engine.vitals(),
            Err(_) => Vitals { condition: self.condition(), failed_flushes: 0, disk_full: false },
        }
    }
}
