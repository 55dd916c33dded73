//! The embedded engine: the log as the truth, an index behind it, keys in the keystore.
//!
//! ```text
//! DIR/lock         held by the process that has the store open
//! DIR/manifest     names what the store consists of
//! DIR/keystore     account keys, wrapped by the operator's key
//! DIR/segments/    the log
//! DIR/bodies/      bodies of more than 256 KiB
//! DIR/index.redb   disposable
//! ```
//! A group's order: key slots flushed, frame written and flushed, index updated, callers told.
//! Whatever fails before the frame is flushed fails the group and changes nothing; a flush that
//! fails makes the store read-only until it is opened again.

use super::group::{self, Group, Surroundings};
use super::keyring::Keyring;
use super::{Condition, Engine, Job};
use crate::body::{Bodies, BodyReader, BodyWriter};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::id::{AccountId, BodyId, StoreId};
use crate::index::{Index, RedbIndex, Snapshot};
use crate::key::{Consumer, Key};
use crate::keystore::Keystore;
use crate::log::{Applied, Location, Log, LogError, NewBody, Position, Recovery};
use crate::model::Record;
use crate::model::account::Counters;
use crate::random::Random;
use crate::seal::{AccountKey, Secret};
use domain::Clock;
use std::any::Any;
use std::collections::VecDeque;
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

const LOCK: &str = "lock";
pub(crate) const KEYSTORE: &str = "keystore";
pub(crate) const INDEX: &str = "index.redb";
const MANIFEST: &str = "manifest";

/// What an embedded store is opened with.
#[derive(Debug, Clone)]
pub struct Embedding {
    /// The disk it lies on.
    pub disk: Arc<dyn Disk>,
    /// Its data directory.
    pub dir: PathBuf,
    /// The key that wraps the account keys.
    pub operator_key: Secret,
    /// The civil clock.
    pub clock: Arc<dyn Clock>,
    /// Where keys, nonces and ids come from.
    pub random: Arc<dyn Random>,
    /// Who follows the change log.
    pub consumers: Vec<Consumer>,
}

/// Why a store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has it open.
    #[error("the store is in use by another process")]
    InUse,
    /// There is none in this directory.
    #[error("there is no store in this directory")]
    Absent,
    /// A store is there already.
    #[error("there is a store in this directory already")]
    Present,
    /// Anything else.
    #[error("the store could not be opened")]
    Failed(#[from] StoreError),
}

impl From<io::Error> for OpenError {
    fn from(error: io::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<LogError> for OpenError {
    fn from(error: LogError) -> Self {
        Self::Failed(error.into())
    }
}

/// The embedded engine.
pub(crate) struct Embedded {
    log: Mutex<Log>,
    index: RedbIndex,
    bodies: Arc<Bodies>,
    with: Surroundings,
    unflushed: AtomicBool,
    broken: AtomicBool,
    /// Held until the engine is dropped. Last, so that the files are closed before it goes.
    _lock: Box<dyn Send + Sync>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Embedded")
    }
}

impl Embedded {
    /// Makes an empty store. What a crash leaves half made is made again by the next try.
    pub(crate) fn create(with: &Embedding) -> Result<(), OpenError> {
        let (disk, dir) = (&*with.disk, &with.dir);
        disk.create_dir(dir)?;
        let _lock = lock(disk, dir)?;
        if disk.list(dir)?.contains(&dir.join(MANIFEST)) {
            return Err(OpenError::Present);
        }
        let store = StoreId::random(&*with.random).map_err(StoreError::from)?;
        let path = dir.join(KEYSTORE);
        if disk.list(dir)?.contains(&path) {
            disk.remove(&path)?;
        }
        Keystore::create(disk, &path, store).map_err(StoreError::from)?;
        let mut keystore =
            Keystore::open(disk, &path, store, &with.operator_key).map_err(StoreError::from)?;
        Keyring::create_operator(&mut keystore, &*with.random)?;
        Bodies::create(disk, dir)?;
        disk.sync_dir(dir)?;
        Log::create(disk, dir, store, &*with.random)?;
        Ok(())
    }

    /// Opens a store, carrying through what a crash left half done.
    pub(crate) fn open(with: Embedding) -> Result<(Self, Recovery), OpenError> {
        let (disk, dir) = (Arc::clone(&with.disk), with.dir.clone());
        let lock = lock_present(&*disk, &dir)?;
        let index = open_index(&*disk, &dir)?;
        let from = index.position().map_err(StoreError::from)?;
        let (index, log, recovery) = match replay(&with, &index, from) {
            Ok((log, recovery)) => (index, log, recovery),
            // The index stands for frames that the log does not have: it is of no use.
            Err(LogError::Position) if from.is_some() => {
                drop(index);
                disk.remove(&dir.join(INDEX))?;
                let index = open_index(&*disk, &dir)?;
                let (log, recovery) = replay(&with, &index, None)?;
                (index, log, recovery)
            }
            Err(error) => return Err(error.into()),
        };
        let keystore = Keystore::open(&*disk, &dir.join(KEYSTORE), log.store(), &with.operator_key)
            .map_err(StoreError::from)?;
        let engine = Self {
            bodies: Arc::new(Bodies::new(disk, &dir, Arc::clone(&with.random))),
            with: Surroundings {
                keyring: Keyring::new(keystore)?,
                clock: with.clock,
                random: with.random,
                consumers: with.consumers,
            },
            log: Mutex::new(log),
            index,
            unflushed: AtomicBool::new(true),
            broken: AtomicBool::new(false),
            _lock: lock,
        };
        if engine.condition() == Condition::Sound {
            engine.settle()?;
        }
        engine.flush_index()?;
        Ok((engine, recovery))
    }

    /// Frees key slots and removes body files that nothing names; makes the operator's own
    /// counters in a new store.
    fn settle(&self) -> Result<(), StoreError> {
        let snapshot = self.index.snapshot()?;
        self.with.keyring.settle(&*snapshot)?;
        let named = |body: BodyId| {
            let (from, to) = (Key::body_owners(body), Key::body_owners(body).prefix_end());
            let mut found = false;
            let asked = snapshot.range(from.as_bytes(), to.as_bytes(), false, &mut |_, _| {
                found = true;
                ControlFlow::Break(())
            });
            // When in doubt a file stays.
            found || asked.is_err()
        };
        self.bodies.sweep(&named)?;
        let key = Key::state(AccountId::OPERATOR);
        if snapshot.get(key.as_bytes())?.is_none() {
            let plain = Counters::default().encode()?;
            let value = self.with.keyring.operator().seal(&*self.with.random, &key, &plain)?;
            self.write(&[(key, Some(value))], &[])?;
        }
        Ok(())
    }

    fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One frame: on stable storage and visible at return.
    fn write(
        &self,
        sealed: &[group::SealedWrite],
        bodies: &[NewBody<'_>],
    ) -> Result<u64, StoreError> {
        let at = self.with.clock.now().as_millisecond();
        let applied = self.log().append(at, group::ops(sealed), bodies)?;
        if let Err(error) = self.index.apply(&applied) {
            // The truth is on the disk; the index no longer follows it.
            self.broken.store(true, Ordering::Release);
            return Err(error.into());
        }
        self.unflushed.store(true, Ordering::Release);
        Ok(applied.position.sequence)
    }

    fn commit_group(&self, mut group: Group) -> Vec<(AccountId, u64)> {
        if group.done.is_empty() {
            return group.succeed(0, &self.with);
        }
        match self.write_group(&mut group) {
            Ok(sequence) => group.succeed(sequence, &self.with),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a commit group failed");
                group.fail(&error);
                Vec::new()
            }
        }
    }

    fn write_group(&self, group: &mut Group) -> Result<u64, StoreError> {
        let sealed = group.seal(&self.with)?;
        if !group.created.is_empty() {
            self.with.keyring.flush()?;
        }
        let bodies: Vec<_> = group.bodies.values().map(|body| body.as_new()).collect();
        group.bodies.values().for_each(|body| body.offer());
        self.write(&sealed, &bodies)
    }

    fn flush_index(&self) -> Result<(), StoreError> {
        if self.unflushed.swap(false, Ordering::AcqRel) {
            self.index.flush()?;
        }
        Ok(())
    }
}

/// Locks the store in `dir`, if there is one.
pub(crate) fn lock_present(disk: &dyn Disk, dir: &Path) -> Result<Box<dyn Send + Sync>, OpenError> {
    match disk.open(&dir.join(MANIFEST), crate::disk::Open::Read) {
        Ok(_) => lock(disk, dir),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Err(OpenError::Absent),
        Err(error) => Err(error.into()),
    }
}

fn lock(disk: &dyn Disk, dir: &Path) -> Result<Box<dyn Send + Sync>, OpenError> {
    disk.lock(&dir.join(LOCK)).map_err(|error| match error.kind() {
        io::ErrorKind::WouldBlock => OpenError::InUse,
        _ => error.into(),
    })
}

/// Opens the index; one that does not open is made anew, and the log fills it.
fn open_index(disk: &dyn Disk, dir: &Path) -> Result<RedbIndex, StoreError> {
    let path = dir.join(INDEX);
    // redb may panic on pages that no redb wrote.
    let opened = catch_unwind(AssertUnwindSafe(|| RedbIndex::open(disk, &path)));
    match opened {
        Ok(Ok(index)) => Ok(index),
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the index is made anew");
            anew(disk, &path)
        }
        Err(panic) => {
            let what = panic_text(&*panic);
            tracing::warn!(what, "the index is made anew");
            anew(disk, &path)
        }
    }
}

fn anew(disk: &dyn Disk, path: &Path) -> Result<RedbIndex, StoreError> {
    disk.remove(path)?;
    Ok(RedbIndex::open(disk, path)?)
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    panic.downcast_ref::<&str>().copied().unwrap_or("the database panicked")
}

fn replay(
    with: &Embedding,
    index: &RedbIndex,
    from: Option<Position>,
) -> Result<(Log, Recovery), LogError> {
    let mut replay = index.replay();
    let mut visit = |applied: Applied<'_>| Ok(replay.apply(&applied)?);
    let disk = Arc::clone(&with.disk);
    let opened = Log::open(disk, &with.dir, Arc::clone(&with.random), from, &mut visit)?;
    replay.finish()?;
    Ok(opened)
}

impl Engine for Embedded {
    fn commit(&self, jobs: Vec<Box<dyn Job>>) -> Vec<(AccountId, u64)> {
        let mut waiting = VecDeque::from(jobs);
        let mut changed = Vec::new();
        while !waiting.is_empty() {
            if let Condition::ReadOnly(why) = self.condition() {
                let refuse = |job: Box<dyn Job>| job.finish(Err(StoreError::ReadOnly(why)));
                waiting.drain(..).for_each(refuse);
                break;
            }
            match self.index.snapshot() {
                Ok(snapshot) => {
                    let snapshot = snapshot as Arc<dyn Snapshot>;
                    let group = Group::form(&mut waiting, &snapshot, &self.with);
                    changed.extend(self.commit_group(group));
                }
                Err(error) => {
                    let error = StoreError::from(error);
                    waiting.drain(..).for_each(|job| job.finish(Err(error.clone())));
                }
            }
        }
        changed
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError> {
        Ok(self.index.snapshot()?)
    }

    fn random(&self) -> &dyn Random {
        &*self.with.random
    }

    fn operator_key(&self) -> Arc<AccountKey> {
        self.with.keyring.operator()
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

    fn tick(&self) {
        if let Err(error) = self.flush_index() {
            tracing::error!(error = &error as &dyn std::error::Error, "the index was not flushed");
        }
    }

    fn condition(&self) -> Condition {
        if self.broken.load(Ordering::Acquire) {
            return Condition::ReadOnly("the index failed");
        }
        match self.log().writable() {
            Ok(()) => Condition::Sound,
            Err(LogError::Damaged) => Condition::ReadOnly("the log is damaged"),
            Err(_) => Condition::ReadOnly("the disk failed to flush"),
        }
    }
}
