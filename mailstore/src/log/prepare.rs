//! Segments prepared ahead, beside the writer.
//!
//! A prepared segment is a file of zeros, written and flushed, that the manifest names before
//! anybody uses it: a flush of the log then carries data and no change of the file, and a full
//! disk is met here, where nobody waits. The file of a segment that no longer counts is taken
//! again instead of a new one; its fresh marker makes all that it holds nothing.
//!
//! One is kept ahead. When none is ready (the disk is full, or slower than the writer) the log
//! appends to its open segment beyond what was prepared. Failures are told once and the work is
//! tried again each second. A segment is as long as the log was, between [`SHORTEST`] and
//! [`LONGEST`], so that a small store stays small; of a segment that the log has left, what was
//! not used is given back.

use super::catalogue::Catalogue;
use super::manifest::{Prepared, Segment};
use super::{LogError, segment_path};
use crate::disk::{Disk, DiskFile, Open, Room};
use crate::random::Random;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Octets of the first segment that is prepared in a store.
const SHORTEST: u64 = 1024 * 1024;
/// Octets of a segment in a store of some size.
pub(super) const LONGEST: u64 = 64 * 1024 * 1024;
/// Octets written at once.
const STRIDE: usize = 1024 * 1024;
/// Octets between two flushes, so that the disk is never busy for long with this.
const FLUSH_EVERY: u64 = 8 * 1024 * 1024;
/// How long after a failure it is tried again.
const AGAIN: Duration = Duration::from_secs(1);

/// A segment that may be taken into use.
#[derive(Debug)]
pub(super) struct Ready {
    pub(super) number: u64,
    pub(super) marker: u64,
    pub(super) file: Box<dyn DiskFile>,
    /// Octets that it has on the disk.
    pub(super) room: u64,
}

/// Where the preparer lays the segment that is ready, and the writer what it has done with.
#[derive(Debug, Default)]
struct Shelf {
    ready: Option<Ready>,
    /// Segments that the log has left: number, and where the last frame ends.
    left: Vec<(u64, u64)>,
    /// The file of a segment that no longer counts and that nobody reads: its number.
    spare: Option<u64>,
    /// Octets of the log, about.
    total: u64,
    ended: bool,
}

/// What prepares segments.
#[derive(Debug)]
pub(crate) struct Preparer {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    random: Arc<dyn Random>,
    catalogue: Arc<Catalogue>,
    room: Room,
    shelf: Mutex<Shelf>,
    wanted: Condvar,
}

/// A segment's file and how many octets it has on the disk.
type Laid = (Box<dyn DiskFile>, u64);

impl Preparer {
    pub(super) fn new(
        disk: Arc<dyn Disk>,
        dir: PathBuf,
        random: Arc<dyn Random>,
        catalogue: Arc<Catalogue>,
        total: u64,
    ) -> Self {
        let shelf = Mutex::new(Shelf { total, ..Shelf::default() });
        let room = Room::new(Arc::clone(&disk), &dir);
        Self { disk, dir, random, catalogue, room, shelf, wanted: Condvar::new() }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the segment that is ready, if there is one. It follows the frame with head checksum
    /// `previous` with the frame `first_sequence`.
    pub(super) fn take(&self, first_sequence: u64, previous: u64) -> Option<Ready> {
        let ready = self.shelf().ready.take()?;
        let Ready { number, marker, .. } = ready;
        self.catalogue.opened(Segment { number, marker, first_sequence, previous });
        self.wanted.notify_one();
        Some(ready)
    }

    /// The log has left a segment whose last frame ends at `end`.
    pub(super) fn left(&self, number: u64, end: u64) {
        let mut shelf = self.shelf();
        shelf.total += end;
        shelf.left.push((number, end));
    }

    /// Hands over the file of a segment that the manifest no longer names and that nobody reads.
    pub(crate) fn offer(&self, number: u64) {
        let before = self.shelf().spare.replace(number);
        if let Some(number) = before {
            // What stays behind is swept at the next opening.
            let _ = self.disk.remove(&segment_path(&self.dir, number));
        }
    }

    /// Prepares a segment if none is ready.
    pub(super) fn prepare(&self) -> Result<(), LogError> {
        let (len, spare) = {
            let mut shelf = self.shelf();
            if shelf.ready.is_some() || shelf.ended {
                return Ok(());
            }
            (wanted_len(shelf.total), shelf.spare.take())
        };
        let number = self.catalogue.number();
        let marker = super::marker(&*self.random)?;
        let recycled = spare.map(|spare| self.recycle(spare, number, len)).transpose()?;
        let (file, room) = match recycled.flatten() {
            Some(recycled) => recycled,
            None => (self.write(number, len)?, len),
        };
        self.catalogue.change(|manifest| manifest.ready = Some(Prepared { number, marker }))?;
        let left = {
            let mut shelf = self.shelf();
            shelf.ready = Some(Ready { number, marker, file, room });
            std::mem::take(&mut shelf.left)
        };
        for (number, end) in left {
            self.give_back(number, end);
        }
        Ok(())
    }

    /// A new file, written and flushed, and its name as well.
    fn write(&self, number: u64, len: u64) -> Result<Box<dyn DiskFile>, LogError> {
        if !self.room.has(len) {
            return Err(LogError::Disk(io::ErrorKind::StorageFull.into()));
        }
        let path = segment_path(&self.dir, number);
        let written = self.disk.open(&path, Open::Create).and_then(|file| {
            file.set_len(0)?;
            let zeros = vec![0; STRIDE];
            let mut at = 0;
            while at < len {
                if self.shelf().ended {
                    return Err(io::ErrorKind::Interrupted.into());
                }
                file.write_at(at, &zeros)?;
                at += STRIDE as u64;
                if at % FLUSH_EVERY == 0 || at >= len {
                    file.sync()?;
                }
            }
            self.disk.sync_dir(&self.dir.join(super::SEGMENTS))?;
            Ok(file)
        });
        if written.is_err() {
            // Half a segment takes room that somebody needs.
            let _ = self.disk.remove(&path);
        }
        Ok(written?)
    }

    /// The file of an earlier segment under its new name; None when it is too short.
    fn recycle(&self, spare: u64, number: u64, len: u64) -> Result<Option<Laid>, LogError> {
        let (from, to) = (segment_path(&self.dir, spare), segment_path(&self.dir, number));
        let file = match self.disk.open(&from, Open::Write) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file?,
        };
        let room = file.len()?;
        if room < len {
            self.disk.remove(&from)?;
            return Ok(None);
        }
        // A frame that outgrew its segment may have made it longer than any.
        let room = room.min(LONGEST);
        file.set_len(room)?;
        file.sync()?;
        self.disk.rename(&from, &to)?;
        self.disk.sync_dir(&self.dir.join(super::SEGMENTS))?;
        Ok(Some((file, room)))
    }

    /// Cuts what was prepared of a segment and not used.
    fn give_back(&self, number: u64, end: u64) {
        let named = self.catalogue.current().segments.iter().any(|known| known.number == number);
        let path = segment_path(&self.dir, number);
        // Room that is not given back now stays prepared zeros: no harm.
        if named && let Ok(file) = self.disk.open(&path, Open::Write) {
            let _ = file.set_len(end);
        }
    }

    /// Prepares whenever none is ready, until it is ended.
    fn run(&self) {
        let mut failing = false;
        while !self.shelf().ended {
            let failed = self.prepare().err().filter(|_| !self.shelf().ended);
            if let Some(error) = failed.as_ref().filter(|_| !failing) {
                let error = error as &dyn std::error::Error;
                tracing::error!(error, "no segment could be prepared; it is tried each second");
            }
            failing = failed.is_some();
            let idle = |shelf: &mut Shelf| !shelf.ended && (failing || shelf.ready.is_some());
            // Nothing depends on why the wait ended.
            let _ = self.wanted.wait_timeout_while(self.shelf(), AGAIN, idle);
        }
    }
}

/// The thread that prepares. Dropped, it ends, in the middle of a segment even.
#[derive(Debug)]
pub(super) struct Beside(Arc<Preparer>, Option<JoinHandle<()>>);

impl Beside {
    pub(super) fn start(preparer: Arc<Preparer>) -> io::Result<Self> {
        let of_thread = Arc::clone(&preparer);
        let thread = std::thread::Builder::new().name("preparer".into());
        let thread = thread.spawn(move || of_thread.run())?;
        Ok(Self(preparer, Some(thread)))
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        self.0.shelf().ended = true;
        self.0.wanted.notify_one();
        if let Some(thread) = self.1.take() {
            let _ = thread.join();
        }
    }
}

/// Octets of the next segment in a log of `total` octets.
fn wanted_len(total: u64) -> u64 {
    total.checked_next_power_of_two().unwrap_or(LONGEST).clamp(SHORTEST, LONGEST)
}
