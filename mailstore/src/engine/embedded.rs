//! The embedded engine: the log as the truth, an index behind it, keys in the keystore.
//!
//! ```text
//! DIR/lock         held by the process that has the store open
//! DIR/manifest     names what the store consists of
//! DIR/keystore     account keys, wrapped by the operator's key
//! DIR/segments/    the log
//! DIR/snapshots/   all keys and values at one frame
//! DIR/bodies/      bodies of more than 256 KiB
//! DIR/index.redb   disposable
//! ```
//! A group's order: key slots flushed, frame written and flushed, index updated, callers told.
//! Whatever fails before the frame is flushed fails the group and changes nothing; after a flush
//! that failed the store reopens itself ([`super::mending`]). Damage of the log makes it read-only
//! until it is repaired, however often it is opened.

use super::group::{self, Group, Surroundings};
use super::keyring::Keyring;
use super::mending::{Incidents, Place, Vitals};
use super::opening::{Hear, open_log};
use super::upkeep::{self, Pace};
use super::{Condition, Engine, Job};
use crate::body::{Bodies, BodyFile, BodyReader, BodyWriter};
use crate::disk::{Disk, Open, Room};
use crate::error::StoreError;
use crate::id::{AccountId, BodyId, StoreId};
use crate::index::{Current, IndexError, Snapshot};
use crate::key::{Consumer, Key};
use crate::keystore::Keystore;
use crate::log::{Location, Log, LogError, NewBody, Recovery};
use crate::model::Record;
use crate::model::account::Counters;
use crate::random::Random;
use crate::seal::{AccountKey, Secret};
use domain::Clock;
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
    /// There are parts of one, but no manifest that names them.
    #[error("there are parts of a store in this directory, but its manifest is missing")]
    Remains,
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
    pub(super) index: Current,
    bodies: Arc<Bodies>,
    pub(super) place: Place,
    pub(super) room: Room,
    pub(super) with: Surroundings,
    /// Files of bodies that a failed frame names. The frame may be on the disk until another is
    /// written at its place; until then they stay.
    pub(super) stranded: Mutex<Vec<Arc<BodyFile>>>,
    unflushed: AtomicBool,
    broken: AtomicBool,
    pub(super) incidents: Incidents,
    /// Held by whoever works beside the writer.
    pub(super) keeping: Mutex<()>,
    /// Held until the engine is dropped. Last, so that the files are closed before it goes.
    _lock: Box<dyn Send + Sync>,
}

impl std::fmt::Debug for Embedded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Embedded")
    }
}

impl Embedded {
    /// Makes an empty store. What a crash leaves half made is made again by the next try; parts of
    /// a store that was in use are never touched.
    pub(crate) fn create(with: &Embedding) -> Result<(), OpenError> {
        let (disk, dir) = (&*with.disk, &with.dir);
        disk.create_dir(dir)?;
        let _lock = lock(disk, dir)?;
        let path = dir.join(KEYSTORE);
        let files = disk.list(dir)?;
        if files.contains(&dir.join(MANIFEST)) {
            return Err(OpenError::Present);
        }
        if Log::has_frames(disk, dir)? || Keystore::was_used(disk, &path)? {
            return Err(OpenError::Remains);
        }
        if files.contains(&path) {
            disk.remove(&path)?;
        }
        let store = StoreId::random(&*with.random).map_err(StoreError::from)?;
        Keystore::create(disk, &path, store).map_err(StoreError::from)?;
        let mut keystore = Keystore::open(disk, &path, Open::Write, store, &with.operator_key)
            .map_err(StoreError::from)?;
        Keyring::create_operator(&mut keystore, &*with.random)?;
        Bodies::create(disk, dir)?;
        disk.sync_dir(dir)?;
        Log::create(disk, dir, store, &*with.random)?;
        Ok(())
    }

    /// Opens a store that [`lock_present`] has locked, carrying through what a crash left half
    /// done.
    pub(crate) fn open(
        with: Embedding,
        lock: Box<dyn Send + Sync>,
        hear: Hear<'_>,
    ) -> Result<(Self, Recovery), OpenError> {
        let (disk, dir) = (Arc::clone(&with.disk), with.dir.clone());
        let (index, log, recovery) = open_log(&with, hear)?;
        let path = dir.join(KEYSTORE);
        let keystore = Keystore::open(&*disk, &path, Open::Write, log.store(), &with.operator_key)
            .map_err(StoreError::from)?;
        let engine = Self {
            room: Room::new(Arc::clone(&disk), &dir),
            bodies: Arc::new(Bodies::new(Arc::clone(&disk), &dir, Arc::clone(&with.random))),
            place: Place { disk, dir, store: log.store() },
            with: Surroundings {
                keyring: Keyring::new(keystore)?,
                clock: with.clock,
                random: with.random,
                consumers: with.consumers,
            },
            log: Mutex::new(log),
            index: Current::new(Arc::new(index)),
            stranded: Mutex::default(),
            unflushed: AtomicBool::new(true),
            broken: AtomicBool::new(false),
            incidents: Incidents::default(),
            keeping: Mutex::default(),
            _lock: lock,
        };
        if engine.condition() == Condition::Sound {
            engine.with.keyring.renew()?;
            engine.settle()?;
            upkeep::sweep(
                &*engine.place.disk,
                &engine.place.dir,
                &engine.log().catalogue().current(),
            )?;
        }
        engine.flush_index()?;
        engine.log().prepare_in_turn();
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
        let key = Key::counters(AccountId::OPERATOR);
        if snapshot.get(key.as_bytes())?.is_none() {
            let plain = Counters::default().encode()?;
            let value = self.with.keyring.operator().seal(&*self.with.random, &key, &plain)?;
            self.write(&[(key, Some(value))], &[])?;
        }
        Ok(())
    }

    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn mark_unflushed(&self) {
        self.unflushed.store(true, Ordering::Release);
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
            self.replace_index(error)?;
        }
        self.mark_unflushed();
        Ok(applied.position.sequence)
    }

    fn commit_group(&self, mut group: Group) -> Vec<(AccountId, u64)> {
        if group.is_idle() {
            return group.succeed(0, &self.with);
        }
        match self.write_group(&mut group) {
            Ok(sequence) => group.succeed(sequence, &self.with),
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a commit group failed");
                self.mend();
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
        let written = self.write_portions(&sealed, &group.portions());
        let mut stranded = self.stranded.lock().unwrap_or_else(PoisonError::into_inner);
        match &written {
            // What an earlier frame at this place may have left on the disk is overwritten now.
            Ok(_) => {
                group.bodies.values().for_each(|body| body.set_stored());
                stranded.clear();
            }
            Err(_) => stranded.extend(group.bodies.values().filter_map(|b| b.file().cloned())),
        }
        written
    }

    /// Bodies that do not fit the frame of the batch that names them go ahead, in frames of their
    /// own.
    fn write_portions(
        &self,
        sealed: &[group::SealedWrite],
        portions: &[Vec<NewBody<'_>>],
    ) -> Result<u64, StoreError> {
        let (last, ahead) = portions.split_last().ok_or(StoreError::Format)?;
        for portion in ahead {
            self.write(&[], portion)?;
        }
        self.write(sealed, last)
    }

    fn flush_index(&self) -> Result<(), StoreError> {
        // redb may panic on pages that no redb wrote.
        let flush = || {
            let flushed = catch_unwind(AssertUnwindSafe(|| self.index.flush()));
            flushed.unwrap_or(Err(IndexError::Foreign))
        };
        if self.unflushed.swap(false, Ordering::AcqRel)
            && let Err(error) = flush()
        {
            self.mark_unflushed();
            self.replace_index(error)?;
        }
        Ok(())
    }
}

/// Locks the store in `dir`, if there is one.
pub(crate) fn lock_present(disk: &dyn Disk, dir: &Path) -> Result<Box<dyn Send + Sync>, OpenError> {
    match disk.open(&dir.join(MANIFEST), Open::Read) {
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

impl Drop for Embedded {
    fn drop(&mut self) {
        let stranded = self.stranded.get_mut().unwrap_or_else(PoisonError::into_inner);
        stranded.iter().for_each(|file| file.keep());
    }
}

impl Engine for Embedded {
    fn commit(&self, jobs: Vec<Box<dyn Job>>) -> Vec<(AccountId, u64)> {
        let mut waiting = VecDeque::from(jobs);
        let mut changed = Vec::new();
        while !waiting.is_empty() {
            self.mend();
            self.log().prepare_in_turn();
            if let Some(refusal) = self.refusal() {
                waiting.drain(..).for_each(|job| job.finish(Err(refusal.clone())));
                break;
            }
            let left = self.room.left();
            match self.index.snapshot() {
                Ok(snapshot) => {
                    let snapshot = snapshot as Arc<dyn Snapshot>;
                    let group = Group::form(&mut waiting, &snapshot, &self.with, left);
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

    fn tick(&self) {
        self.mend();
        self.find_index_again();
        self.room.left();
        if let Err(error) = self.flush_index() {
            tracing::error!(error = &error as &dyn std::error::Error, "the index was not flushed");
        }
    }

    fn write_snapshot(&self, pace: &Pace) -> Result<bool, StoreError> {
        self.snapshot_beside(pace)
    }

    fn keep(&self, pace: &Pace) {
        self.keep_beside(pace);
    }

    fn wants_keeper(&self) -> bool {
        !self.place.disk.takes_turns()
    }

    fn break_off(&self) {
        self.broken.store(true, Ordering::Release);
    }

    fn vitals(&self) -> Vitals {
        self.vitals_now()
    }

    fn condition(&self) -> Condition {
        if self.broken.load(Ordering::Acquire) {
            return Condition::ReadOnly("it broke off");
        }
        if self.with.keyring.is_poisoned() {
            return Condition::ReadOnly("the disk failed to flush");
        }
        match self.log().writable() {
            Ok(()) if self.incidents.index_lost() => Condition::Mending("the index failed"),
            Ok(()) => Condition::Sound,
            Err(LogError::Damaged) => Condition::ReadOnly("the log is damaged"),
            Err(_) => Condition::ReadOnly("the disk failed to flush"),
        }
    }
}
