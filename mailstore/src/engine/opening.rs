//! Opening log and index together.
//!
//! The index follows the log from the frame it stands for. One that is not there, does not open,
//! does not read, stands for a frame that the log does not have, or was never finished, is made
//! anew: the snapshot with the frames after it, gathered in the order of keys and laid down once,
//! from front to back. A snapshot that does not read is passed over while the log still has every
//! frame; when it has not, opening fails and nothing is changed.

use super::embedded::{Embedding, INDEX, OpenError};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::index::{Index, IndexError, RedbIndex, SortedPair};
use crate::log::manifest::Manifest;
use crate::log::walk::Begin;
use crate::log::{Applied, Log, LogError, Position, Recovery, SNAPSHOTS};
use crate::sorted::gather::{Gather, RUN};
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// Octets laid down in the index at once.
const PORTION: usize = 16 * 1024 * 1024;

/// How far making the index anew has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuilding {
    /// Frames of the log read.
    Frames(u64),
    /// Records laid down in the index.
    Records(u64),
}

/// Hears how far making the index anew has come; called often.
pub(crate) type Hear<'a> = &'a dyn Fn(Rebuilding);

type Opened = (RedbIndex, Log, Recovery);

/// Opens index and log.
pub(super) fn open_log(with: &Embedding, hear: Hear<'_>) -> Result<Opened, OpenError> {
    let path = with.dir.join(INDEX);
    let manifest = Manifest::read(&*with.disk, &with.dir)?;
    let mut flushed = 0;
    // redb may panic on pages that no redb wrote.
    let tried = catch_unwind(AssertUnwindSafe(|| follow(with, &path, &manifest, &mut flushed)));
    match tried {
        Ok(Ok(Some(opened))) => return Ok(opened),
        Ok(Ok(None)) => {}
        Ok(Err(error @ (LogError::Position | LogError::Index(_)))) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the index is made anew");
        }
        Ok(Err(error)) => return Err(error.into()),
        Err(_) => tracing::warn!("the index is made anew: the database panicked"),
    }
    let rebuild = |from| rebuild(with, &path, &manifest, (from, flushed), hear);
    match rebuild(Begin::Snapshot) {
        Err(LogError::Snapshot) if manifest.is_complete() => {
            tracing::error!("the snapshot does not read; every frame is read instead");
            Ok(rebuild(Begin::First)?)
        }
        opened => Ok(opened?),
    }
}

/// An index that is there follows the log; None when it was never finished. `flushed` is set as
/// soon as it is known.
fn follow(
    with: &Embedding,
    path: &Path,
    manifest: &Manifest,
    flushed: &mut u64,
) -> Result<Option<Opened>, LogError> {
    let index = RedbIndex::open(&*with.disk, path, manifest.store)?;
    let Some(from) = index.position()? else { return Ok(None) };
    *flushed = from.sequence;
    let mut replay = index.replay();
    let mut visit = |applied: Applied<'_>| Ok(replay.apply(&applied)?);
    let (disk, random) = (Arc::clone(&with.disk), Arc::clone(&with.random));
    let from = Begin::Position(from);
    let (log, recovery) = Log::open(disk, &with.dir, random, from, *flushed, &mut visit)?;
    replay.finish()?;
    Ok(Some((index, log, recovery)))
}

fn rebuild(
    with: &Embedding,
    path: &Path,
    manifest: &Manifest,
    (from, flushed): (Begin, u64),
    hear: Hear<'_>,
) -> Result<Opened, LogError> {
    match with.disk.remove(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        _ => {}
    }
    let index = RedbIndex::open(&*with.disk, path, manifest.store)?;
    let read = |visit: Visit<'_>| {
        let (disk, random) = (Arc::clone(&with.disk), Arc::clone(&with.random));
        Log::open(disk, &with.dir, random, from, flushed, visit)
    };
    let (log, recovery) = fill(&*with.disk, &with.dir, manifest, (&index, from), hear, read)?;
    Ok((index, log, recovery))
}

/// Fills an empty index while the log is in use.
pub(super) fn refill(
    disk: &dyn Disk,
    dir: &Path,
    log: &Log,
    index: &RedbIndex,
) -> Result<(), LogError> {
    let (manifest, from) = (log.catalogue().current(), Begin::Snapshot);
    fill(disk, dir, &manifest, (index, from), &|_| (), |visit| log.visit(from, visit))
}

/// Takes in a frame.
type Visit<'a> = &'a mut dyn FnMut(Applied<'_>) -> Result<(), LogError>;

/// Fills an empty index with the snapshot, if it is to begin there, and the frames that `read`
/// visits.
fn fill<T>(
    disk: &dyn Disk,
    dir: &Path,
    manifest: &Manifest,
    (index, from): (&RedbIndex, Begin),
    hear: Hear<'_>,
    read: impl FnOnce(Visit<'_>) -> Result<T, LogError>,
) -> Result<T, LogError> {
    let mut gather = Gather::new(disk, &dir.join(SNAPSHOTS), manifest.store, RUN);
    let mut last = None;
    if let Some(snapshot) = manifest.snapshot.filter(|_| from == Begin::Snapshot) {
        gather = gather.after(&snapshot.path(dir), snapshot.stamp())?;
        let (sequence, checksum) = (snapshot.sequence, snapshot.checksum);
        last = Some(Position { segment: 0, offset: 0, sequence, checksum });
    }
    let mut frames = 0;
    let done = read(&mut |applied: Applied<'_>| {
        last = Some(applied.position);
        frames += 1;
        hear(Rebuilding::Frames(frames));
        gather.add(&applied)
    })?;
    let mut filling = Filling { index, pairs: Vec::new(), octets: 0, records: 0, hear };
    gather.finish(&mut |key, value| filling.add(key, value))?;
    filling.lay_down()?;
    if let Some(position) = last {
        index.stand_for(position)?;
    }
    Ok(done)
}

/// Pairs on their way into an empty index.
struct Filling<'a> {
    index: &'a RedbIndex,
    pairs: Vec<SortedPair>,
    octets: usize,
    records: u64,
    hear: Hear<'a>,
}

impl Filling<'_> {
    fn add(&mut self, key: Vec<u8>, value: Vec<u8>) -> Result<(), LogError> {
        self.octets += key.len() + value.len();
        self.pairs.push((key, value));
        if self.octets >= PORTION { self.lay_down() } else { Ok(()) }
    }

    fn lay_down(&mut self) -> Result<(), LogError> {
        self.index.load(&self.pairs)?;
        self.records += self.pairs.len() as u64;
        (self.hear)(Rebuilding::Records(self.records));
        self.pairs.clear();
        self.octets = 0;
        Ok(())
    }
}

impl From<IndexError> for OpenError {
    fn from(error: IndexError) -> Self {
        Self::Failed(StoreError::from(error))
    }
}
