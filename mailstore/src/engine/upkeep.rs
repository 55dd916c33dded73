//! What is done to the log beside the writer: snapshots.
//!
//! A snapshot is the previous one with the frames after it, up to the open segment, written beside
//! and then named in the manifest; the previous one goes after that. Nothing is read from the
//! index, and no account's key is needed. A closed segment whose frames do not all hold, or a
//! previous snapshot that does not read, ends it: what is there stays, and somebody has to look.
//!
//! The work is done in strides, with rests as long as the strides, so that it takes at most half
//! of a disk and of a core that others need.

use super::embedded::Embedded;
use crate::disk::{Disk, Open};
use crate::error::StoreError;
use crate::log::catalogue::Catalogue;
use crate::log::manifest::{Manifest, Segment, Snapshot};
use crate::log::walk::{self, Bodies, Walked};
use crate::log::{Applied, LogError, SNAPSHOTS};
use crate::sorted::Writer;
use crate::sorted::gather::{Gather, RUN};
use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Octets of closed segments that no snapshot stands for before one is due.
const DUE_AFTER: u64 = 64 * 1024 * 1024;
/// Octets of one stride.
const STRIDE: u64 = 1024 * 1024;
/// No rest is longer.
const LONGEST_REST: Duration = Duration::from_secs(1);

/// How fast work goes on beside the writer, and whether it is to end.
#[derive(Debug, Default)]
pub(crate) struct Pace {
    ended: Mutex<bool>,
    end: Condvar,
}

impl Pace {
    /// Ends the work at its next step.
    pub(crate) fn end(&self) {
        *self.ended.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.end.notify_all();
    }

    /// Waits so long; false when it is to end.
    pub(crate) fn rest(&self, time: Duration) -> bool {
        let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.end.wait_timeout_while(ended, time, |ended| !*ended);
        !*waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

/// Work in strides. Where things are done in turn there is nobody to make room for.
pub(super) struct Strides<'a> {
    pace: Option<&'a Pace>,
    done: u64,
    since: Instant,
}

impl<'a> Strides<'a> {
    pub(super) fn new(disk: &dyn Disk, pace: &'a Pace) -> Self {
        let pace = (!disk.takes_turns()).then_some(pace);
        Self { pace, done: 0, since: Instant::now() }
    }

    /// So many octets more were read or written.
    pub(super) fn step(&mut self, octets: u64) -> Result<(), LogError> {
        self.done += octets;
        if self.done < STRIDE {
            return Ok(());
        }
        self.done = 0;
        let rest = self.since.elapsed().min(LONGEST_REST);
        if self.pace.is_some_and(|pace| !pace.rest(rest)) {
            return Err(io::Error::from(io::ErrorKind::Interrupted).into());
        }
        self.since = Instant::now();
        Ok(())
    }
}

impl Embedded {
    /// Does what is due.
    pub(super) fn keep_beside(&self, pace: &Pace) {
        let due = self.snapshot_is_due().and_then(|due| match due {
            true => self.snapshot_beside(pace),
            false => Ok(false),
        });
        if let Err(error) = due {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, "no snapshot was written; it is tried again");
        }
    }

    /// Whether a rebuild would read more frames than the last snapshot has pairs, so that all
    /// snapshots together cost about as much as the log.
    fn snapshot_is_due(&self) -> Result<bool, StoreError> {
        let manifest = self.log().catalogue().current();
        let Some((_, closed)) = manifest.segments.split_last() else { return Ok(false) };
        let mut octets = 0;
        for segment in closed.iter().skip(manifest.first_needed()) {
            octets += self.place.disk.open(&segment.path(&self.place.dir), Open::Read)?.len()?;
        }
        let last = manifest.snapshot.map_or(0, |snapshot| snapshot.len);
        Ok(octets >= last.max(DUE_AFTER))
    }

    /// Writes a snapshot of all that lies before the open segment; false when there is nothing
    /// that the last one does not stand for.
    pub(super) fn snapshot_beside(&self, pace: &Pace) -> Result<bool, StoreError> {
        let _alone = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let (catalogue, dir) = (Arc::clone(self.log().catalogue()), self.place.dir.clone());
        let manifest = catalogue.current();
        let Some((open, closed)) = manifest.segments.split_last() else { return Ok(false) };
        let known = manifest.snapshot.map_or(0, |snapshot| snapshot.sequence);
        if open.first_sequence <= known + 1 || !manifest.damage.is_empty() {
            return Ok(false);
        }
        let writing = Writing { disk: &*self.place.disk, dir: &dir, manifest: &manifest };
        let mut strides = Strides::new(&*self.place.disk, pace);
        let snapshot = writing.write(closed, *open, catalogue.number(), &mut strides)?;
        name(&catalogue, &*self.place.disk, &dir, snapshot)?;
        Ok(true)
    }
}

/// Names a snapshot in the manifest; the one before goes.
fn name(
    catalogue: &Catalogue,
    disk: &dyn Disk,
    dir: &Path,
    snapshot: Snapshot,
) -> Result<(), LogError> {
    let mut before = None;
    catalogue.change(|manifest| before = manifest.snapshot.replace(snapshot))?;
    if let Some(before) = before {
        // What stays behind is swept at the next opening.
        let _ = disk.remove(&before.path(dir));
    }
    Ok(())
}

/// A snapshot being written.
struct Writing<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    manifest: &'a Manifest,
}

impl Writing<'_> {
    fn write(
        &self,
        closed: &[Segment],
        open: Segment,
        number: u64,
        strides: &mut Strides<'_>,
    ) -> Result<Snapshot, LogError> {
        let (sequence, checksum) = (open.first_sequence - 1, open.previous);
        let mut snapshot = Snapshot { number, sequence, checksum, len: 0 };
        let gathered = self.gather(closed, open, strides)?;
        let folder = self.dir.join(SNAPSHOTS);
        self.disk.create_dir(&folder)?;
        let path = snapshot.path(self.dir);
        let written = self.lay_down(gathered, snapshot, strides).and_then(|len| {
            self.disk.sync_dir(&folder)?;
            Ok(len)
        });
        if written.is_err() {
            let _ = self.disk.remove(&path);
        }
        snapshot.len = written?;
        Ok(snapshot)
    }

    /// The previous snapshot and the frames after it.
    fn gather(
        &self,
        closed: &[Segment],
        open: Segment,
        strides: &mut Strides<'_>,
    ) -> Result<Gather<'_>, LogError> {
        let runs = self.dir.join(SNAPSHOTS);
        let mut gather = Gather::new(self.disk, &runs, self.manifest.store, RUN);
        let mut known = 0;
        if let Some(before) = self.manifest.snapshot {
            gather = gather.after(&before.path(self.dir), before.stamp())?;
            known = before.sequence;
        }
        let next = closed.iter().skip(1).chain([&open]);
        for (segment, next) in closed.iter().zip(next).skip(self.manifest.first_needed()) {
            let mut visit = |walked: &Walked| -> Result<(), LogError> {
                strides.step(walked.info.bodies_at() as u64)?;
                if walked.position.sequence > known {
                    gather.add(&Applied::of(walked)?)?;
                }
                Ok(())
            };
            let pair = (*segment, *next);
            walk::walk_closed(self.disk, self.dir, pair, Bodies::AtTail, &mut visit)?;
        }
        Ok(gather)
    }

    fn lay_down(
        &self,
        gathered: Gather<'_>,
        snapshot: Snapshot,
        strides: &mut Strides<'_>,
    ) -> Result<u64, LogError> {
        let path = snapshot.path(self.dir);
        let mut writer = Writer::create(self.disk, &path, self.manifest.store, snapshot.stamp())?;
        gathered.finish(&mut |key, value| -> Result<(), LogError> {
            writer.push(&key, Some(&value))?;
            strides.step((key.len() + value.len()) as u64)
        })?;
        Ok(writer.finish()?)
    }
}

/// At opening: removes what lies among the snapshots and the manifest does not name.
pub(super) fn sweep(disk: &dyn Disk, dir: &Path, manifest: &Manifest) -> io::Result<()> {
    let named = manifest.snapshot.map(|snapshot| snapshot.path(dir));
    let files = match disk.list(&dir.join(SNAPSHOTS)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        files => files?,
    };
    for path in files.into_iter().filter(|path| Some(path) != named.as_ref()) {
        disk.remove(&path)?;
    }
    Ok(())
}
