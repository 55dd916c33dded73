//! The memory engine: for tests of what stands on the store, with faults to order.
//!
//! It keeps to the same contract and forgets everything when dropped. [`Faults`] makes it fail a
//! group, or commit a set of jobs that were submitted together half way, as a crash between two
//! commit groups would.

use super::group::{self, Group, Surroundings};
use super::keyring::Keyring;
use super::mending::Vitals;
use super::upkeep::Pace;
use super::{Condition, Engine, Job};
use crate::body::{Bodies, BodyReader, BodyWriter};
use crate::disk::{Disk, Left, Open, SimDisk};
use crate::error::StoreError;
use crate::id::{AccountId, BodyId, StoreId};
use crate::index::{Index, MemoryIndex, Snapshot};
use crate::key::{Consumer, Key};
use crate::keystore::Keystore;
use crate::log::{Applied, Location, NewBody, Position};
use crate::model::Record;
use crate::model::account::Counters;
use crate::random::Random;
use crate::seal::{AccountKey, Secret};
use domain::Clock;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const DIR: &str = "/memory";

/// Faults that a test orders.
#[derive(Debug, Default)]
pub struct Faults {
    fail: AtomicU64,
    halfway: AtomicBool,
    full: AtomicBool,
}

impl Faults {
    /// Fails the next `groups` commit groups; nothing of them stays.
    pub fn fail_groups(&self, groups: u64) {
        self.fail.store(groups, Ordering::Release);
    }

    /// Of each set of jobs submitted together only the first half is committed, the rest fails.
    pub fn commit_halfway(&self, on: bool) {
        self.halfway.store(on, Ordering::Release);
    }

    /// The disk is full: no mail is taken in, small changes are.
    pub fn fill_disk(&self, on: bool) {
        self.full.store(on, Ordering::Release);
    }

    fn left(&self) -> Left {
        if self.full.load(Ordering::Acquire) { Left::Little } else { Left::Ample }
    }
}

/// The memory engine.
#[derive(Debug)]
pub(crate) struct Memory {
    index: MemoryIndex,
    disk: SimDisk,
    bodies: Arc<Bodies>,
    with: Surroundings,
    last: Mutex<Position>,
    faults: Arc<Faults>,
}

impl Memory {
    pub(crate) fn new(
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        consumers: Vec<Consumer>,
        faults: Arc<Faults>,
    ) -> Result<Self, StoreError> {
        let disk = SimDisk::new(0);
        let dir = Path::new(DIR);
        disk.create_dir(dir)?;
        Bodies::create(&disk, dir)?;
        let path = dir.join(super::embedded::KEYSTORE);
        let store = StoreId::random(&*random)?;
        let operator = Secret::random(&*random)?;
        Keystore::create(&disk, &path, store)?;
        let mut keystore = Keystore::open(&disk, &path, Open::Write, store, &operator)?;
        Keyring::create_operator(&mut keystore, &*random)?;
        let engine = Self {
            index: MemoryIndex::default(),
            bodies: Arc::new(Bodies::new(Arc::new(disk.clone()), dir, Arc::clone(&random))),
            disk,
            with: Surroundings { keyring: Keyring::new(keystore)?, clock, random, consumers },
            last: Mutex::new(Position { segment: 0, offset: 0, sequence: 0, checksum: 0 }),
            faults,
        };
        let key = Key::counters(AccountId::OPERATOR);
        let plain = Counters::default().encode()?;
        let value = engine.with.keyring.operator().seal(&*engine.with.random, &key, &plain)?;
        engine.write(&[(key, Some(value))], &[])?;
        Ok(engine)
    }

    fn write(
        &self,
        sealed: &[group::SealedWrite],
        bodies: &[NewBody<'_>],
    ) -> Result<u64, StoreError> {
        let failing = self
            .faults
            .fail
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1));
        if failing.is_ok() {
            return Err(io::Error::other("a fault to order").into());
        }
        let mut placed = Vec::new();
        for body in bodies {
            placed.push(match *body {
                NewBody::File(id, len) => (id, Some(Location::File { len })),
                NewBody::Inline(id, octets) => {
                    let path = Path::new(DIR).join("bodies").join(id.to_string());
                    self.disk.open(&path, Open::Create)?.write_at(0, octets)?;
                    (id, Some(Location::File { len: octets.len() as u64 }))
                }
            });
        }
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.sequence += 1;
        let applied = Applied { position: *last, ops: group::ops(sealed), bodies: placed };
        self.index.apply(&applied)?;
        Ok(last.sequence)
    }

    fn commit_group(&self, mut group: Group) -> Vec<(AccountId, u64)> {
        if group.is_idle() {
            return group.succeed(0, &self.with);
        }
        let written = group.seal(&self.with).and_then(|sealed| {
            let bodies: Vec<_> = group.bodies.values().map(|body| body.as_new()).collect();
            self.write(&sealed, &bodies)
        });
        match written {
            Ok(sequence) => group.succeed(sequence, &self.with),
            Err(error) => {
                group.fail(&error);
                Vec::new()
            }
        }
    }
}

impl Engine for Memory {
    fn commit(&self, jobs: Vec<Box<dyn Job>>) -> Vec<(AccountId, u64)> {
        let mut waiting = VecDeque::from(jobs);
        let mut lost = VecDeque::new();
        if self.faults.halfway.load(Ordering::Acquire) {
            lost = waiting.split_off(waiting.len().div_ceil(2));
        }
        let mut changed = Vec::new();
        while !waiting.is_empty() {
            match self.snapshot() {
                Ok(snapshot) => {
                    let group =
                        Group::form(&mut waiting, &snapshot, &self.with, self.faults.left());
                    changed.extend(self.commit_group(group));
                }
                Err(error) => waiting.drain(..).for_each(|job| job.finish(Err(error.clone()))),
            }
        }
        let halfway = StoreError::from(io::Error::other("a fault to order: half way"));
        lost.into_iter().for_each(|job| job.finish(Err(halfway.clone())));
        changed
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(self.index.snapshot()?)
    }

    fn random(&self) -> &dyn Random {
        &*self.with.random
    }

    fn operator_key(&self) -> Result<Arc<AccountKey>, StoreError> {
        Ok(self.with.keyring.operator())
    }

    fn account_key(
        &self,
        snapshot: &dyn Snapshot,
        account: AccountId,
    ) -> Result<Arc<AccountKey>, StoreError> {
        self.with.keyring.key(snapshot, account)
    }

    fn destroy_key(&self, snapshot: &dyn Snapshot, account: AccountId) -> Result<(), StoreError> {
        self.with.keyring.destroy(snapshot, account)
    }

    fn body_writer(&self) -> Result<BodyWriter, StoreError> {
        Ok(BodyWriter::new(&self.bodies)?)
    }

    fn body_reader(
        &self,
        id: BodyId,
        secret: &Secret,
        len: u64,
        location: Location,
    ) -> Result<BodyReader, StoreError> {
        Ok(self.bodies.reader(id, secret, len, location)?)
    }

    fn tick(&self) {}

    fn write_snapshot(&self, _: &Pace) -> Result<bool, StoreError> {
        Ok(false)
    }

    fn keep(&self, _: &Pace) {}

    fn wants_keeper(&self) -> bool {
        false
    }

    fn break_off(&self) {}

    fn condition(&self) -> Condition {
        Condition::Sound
    }

    fn vitals(&self) -> Vitals {
        Vitals {
            condition: Condition::Sound,
            failed_flushes: 0,
            disk_full: self.faults.left() != Left::Ample,
        }
    }
}
