//! The log: the truth of an embedded store.
//!
//! An append-only chain of frames ([`frame`]) in segment files, named by the [`manifest`]. One
//! commit group is one frame; frame n+1 is written only after the flush of frame n.
//!
//! - After a failed or short *write* nothing has happened: the next frame is written at the same
//!   place ([`LogError::Disk`]).
//! - After a failed *flush* nobody knows what the disk holds: this process writes nothing more
//!   ([`LogError::Poisoned`]) until the store is opened again.
//! - At opening the last frame that counts is written again into a fresh segment and flushed
//!   before anything builds on it: after a failed flush the page cache shows octets that the disk
//!   does not have. The fresh segment voids what lies behind that frame in the old one.

pub(crate) mod frame;
pub(crate) mod manifest;
pub(crate) mod walk;

use crate::disk::{Disk, DiskFile, Open};
use crate::id::{BodyId, StoreId};
use crate::random::{NoRandomness, Random};
use frame::{BodyEntry, Head, Link, Op};
use manifest::{Manifest, Segment};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walk::{Bodies, Damage, Walked};

const MANIFEST: &str = "manifest";
const SEGMENTS: &str = "segments";
/// A segment is closed before it passes this many octets; a longer frame gets one of its own.
const SEGMENT_LEN: u64 = 64 * 1024 * 1024;

/// Why the log could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The disk failed; nothing was changed.
    #[error("the log could not be read or written")]
    Disk(#[from] io::Error),
    /// A flush failed earlier; the store must be opened again.
    #[error("the disk failed to flush; the store must be opened again")]
    Poisoned,
    /// The log is damaged and must not be built on.
    #[error("the log is damaged; it is open for reading only")]
    Damaged,
    /// The manifest does not read.
    #[error("the manifest does not read")]
    Manifest,
    /// A log position does not name a frame of this log.
    #[error("no frame of this log lies there")]
    Position,
    /// A frame's batches do not read although their checksum holds.
    #[error("a frame was written by another version of the program")]
    Format,
    /// More in one group than a frame holds.
    #[error("the commit group does not fit a frame")]
    TooLarge,
    /// The index failed while it followed the log.
    #[error("the index failed")]
    Index(#[source] crate::index::IndexError),
    /// No randomness for a marker.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
}

/// A frame's place in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    /// Number of the segment.
    pub(crate) segment: u64,
    /// Octet at which the frame begins.
    pub(crate) offset: u64,
    /// Its sequence number.
    pub(crate) sequence: u64,
    /// Its head checksum.
    pub(crate) checksum: u64,
}

/// Where a body's sealed octets lie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Location {
    /// In a frame.
    Segment {
        /// Number of the segment.
        number: u64,
        /// Octet at which the body begins.
        offset: u64,
        /// Its length, octets.
        len: u32,
    },
    /// In a file of its own.
    File {
        /// Its length, octets.
        len: u64,
    },
}

/// A body that a group brings.
#[derive(Debug, Clone, Copy)]
pub(crate) enum NewBody<'a> {
    Inline(BodyId, &'a [u8]),
    File(BodyId, u64),
}

/// What a frame does to an index.
#[derive(Debug)]
pub(crate) struct Applied<'a> {
    pub(crate) position: Position,
    pub(crate) ops: Vec<Op<'a>>,
    pub(crate) bodies: Vec<(BodyId, Location)>,
}

impl<'a> Applied<'a> {
    /// What a frame read from the log does.
    pub(crate) fn of(walked: &'a Walked) -> Result<Self, LogError> {
        let head = walked.head().map_err(|_| LogError::Format)?;
        let bodies = locations(&head.bodies, walked.position.segment, walked.bodies_at());
        Ok(Self { position: walked.position, ops: head.ops, bodies })
    }
}

fn locations(entries: &[BodyEntry], segment: u64, bodies_at: u64) -> Vec<(BodyId, Location)> {
    let place = |entry: &BodyEntry| match *entry {
        BodyEntry::Inline { id, offset, len } => {
            (id, Location::Segment { number: segment, offset: bodies_at + u64::from(offset), len })
        }
        BodyEntry::File { id, len } => (id, Location::File { len }),
    };
    entries.iter().map(place).collect()
}

/// What opening found and did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Frames read.
    pub frames: u64,
    /// Octets behind the last frame were cut.
    pub torn_tail: bool,
    /// Stretches that are lost.
    pub damage: Vec<Damage>,
}

/// The open log.
#[derive(Debug)]
pub(crate) struct Log {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    random: Arc<dyn Random>,
    manifest: Manifest,
    file: Box<dyn DiskFile>,
    state: State,
    end: u64,
    sequence: u64,
    previous: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Sound,
    Poisoned,
    Damaged,
}

impl Log {
    /// Makes an empty log in `dir`. The manifest is written last: without it there is no store.
    pub(crate) fn create(
        disk: &dyn Disk,
        dir: &Path,
        store: StoreId,
        random: &dyn Random,
    ) -> Result<(), LogError> {
        disk.create_dir(&dir.join(SEGMENTS))?;
        let segment =
            Segment { number: 1, marker: marker(random)?, first_sequence: 1, previous: 0 };
        disk.open(&segment.path(dir), Open::Create)?.sync()?;
        disk.sync_dir(&dir.join(SEGMENTS))?;
        disk.sync_dir(dir)?;
        let segments = vec![segment];
        Manifest { store, next_segment: 2, snapshot: None, segments, damage: Vec::new() }
            .write(disk, dir)
    }

    /// Opens the log in `dir`: visits every frame from the one at `from` (or the first) on, and
    /// then the last one again at its new place. `flushed` is the highest sequence number of a
    /// frame that is known to have been on the disk; frames up to it that do not read are damage.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        random: Arc<dyn Random>,
        from: Option<Position>,
        flushed: u64,
        visit: &mut dyn FnMut(Applied<'_>) -> Result<(), LogError>,
    ) -> Result<(Self, Recovery), LogError> {
        let mut manifest = Manifest::read(&*disk, dir)?;
        let mut see = |walked: &Walked| visit(Applied::of(walked)?);
        let mut end = walk::walk(&*disk, dir, &manifest, from, Bodies::AtTail, &mut see)?;
        end.damage.extend(lost_tail(&manifest, end.last, flushed));
        let known = manifest.damage.len();
        for damage in end.damage {
            if !manifest.damage.contains(&damage) {
                manifest.damage.push(damage);
            }
        }
        if manifest.damage.len() > known {
            manifest.write(&*disk, dir)?;
        }
        let open = manifest.segments.last().ok_or(LogError::Manifest)?;
        let file = disk.open(&open.path(dir), Open::Read)?;
        let (sequence, previous) = match end.last {
            Some(last) => (last.sequence, last.checksum),
            None => (open.first_sequence.saturating_sub(1), open.previous),
        };
        let damaged = !manifest.damage.is_empty();
        let state = if damaged { State::Damaged } else { State::Sound };
        let dir = dir.to_path_buf();
        let mut log = Self { disk, dir, random, manifest, file, state, end: 0, sequence, previous };
        if !damaged {
            log.sweep()?;
            log.renew(end.last, visit)?;
        }
        let damage = log.manifest.damage.clone();
        let recovery = Recovery { frames: end.frames, torn_tail: end.torn, damage };
        Ok((log, recovery))
    }

    /// Whether any segment file holds anything.
    pub(crate) fn has_frames(disk: &dyn Disk, dir: &Path) -> Result<bool, LogError> {
        let files = match disk.list(&dir.join(SEGMENTS)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            files => files?,
        };
        for path in files {
            if disk.open(&path, Open::Read)?.len()? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The store's identity.
    pub(crate) fn store(&self) -> StoreId {
        self.manifest.store
    }

    /// Whether frames may be appended.
    pub(crate) fn writable(&self) -> Result<(), LogError> {
        match self.state {
            State::Sound => Ok(()),
            State::Poisoned => Err(LogError::Poisoned),
            State::Damaged => Err(LogError::Damaged),
        }
    }

    /// Writes one frame and flushes it. At `Ok` it is on stable storage.
    pub(crate) fn append<'a>(
        &mut self,
        at: i64,
        ops: Vec<Op<'a>>,
        bodies: &[NewBody<'_>],
    ) -> Result<Applied<'a>, LogError> {
        self.writable()?;
        let (entries, inline) = layout(bodies)?;
        let head = Head { at, ops, bodies: entries };
        let encoded = self.encode(&head, &inline)?;
        let encoded = if self.end > 0 && self.end + encoded.octets.len() as u64 > SEGMENT_LEN {
            self.next_segment()?;
            // The marker is another one now.
            self.encode(&head, &inline)?
        } else {
            encoded
        };
        self.file.write_at(self.end, &encoded.octets)?;
        if let Err(error) = self.file.sync() {
            self.state = State::Poisoned;
            return Err(error.into());
        }
        let segment = self.manifest.segments.last().ok_or(LogError::Manifest)?.number;
        let position = Position {
            segment,
            offset: self.end,
            sequence: self.sequence + 1,
            checksum: encoded.checksum,
        };
        let bodies_len: usize = inline.iter().map(|body| body.len()).sum();
        let info = frame::peek(&encoded.octets, self.marker()?).map_err(|_| LogError::Format)?;
        debug_assert_eq!(info.bodies_len, bodies_len);
        let bodies = locations(&head.bodies, segment, self.end + info.bodies_at() as u64);
        self.end += encoded.octets.len() as u64;
        self.sequence = position.sequence;
        self.previous = position.checksum;
        Ok(Applied { position, ops: head.ops, bodies })
    }

    fn encode(&self, head: &Head<'_>, inline: &[&[u8]]) -> Result<frame::Encoded, LogError> {
        let link =
            Link { marker: self.marker()?, sequence: self.sequence + 1, previous: self.previous };
        frame::encode(link, head, inline).ok_or(LogError::TooLarge)
    }

    fn marker(&self) -> Result<u64, LogError> {
        Ok(self.manifest.segments.last().ok_or(LogError::Manifest)?.marker)
    }

    /// Starts the next segment. A full disk fails it before anything is flushed, and it may be
    /// tried again; a failed flush leaves open which manifest counts, and poisons the log.
    fn next_segment(&mut self) -> Result<(), LogError> {
        let segment = self.fresh(self.sequence + 1, self.previous)?;
        let file = self.disk.open(&segment.path(&self.dir), Open::Create)?;
        file.set_len(0)?;
        let manifest = self.manifest.with(segment);
        let staged = manifest.stage(&*self.disk, &self.dir)?;
        self.state = State::Poisoned;
        self.disk.sync_dir(&self.dir.join(SEGMENTS))?;
        staged.replace(&*self.disk, &self.dir)?;
        self.state = State::Sound;
        self.manifest = manifest;
        self.file = file;
        self.end = 0;
        Ok(())
    }

    fn fresh(&self, first_sequence: u64, previous: u64) -> Result<Segment, LogError> {
        let number = self.manifest.next_segment;
        Ok(Segment { number, marker: marker(&*self.random)?, first_sequence, previous })
    }

    /// Removes segment files that the manifest does not name.
    fn sweep(&self) -> Result<(), LogError> {
        let named: Vec<_> = self.manifest.segments.iter().map(|s| s.path(&self.dir)).collect();
        for path in self.disk.list(&self.dir.join(SEGMENTS))? {
            if !named.contains(&path) {
                self.disk.remove(&path)?;
            }
        }
        Ok(())
    }

    /// Writes the last frame again into a fresh segment, and lets that one count.
    fn renew(
        &mut self,
        last: Option<Position>,
        visit: &mut dyn FnMut(Applied<'_>) -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        let whole = match last {
            None => None,
            Some(at) => Some(walk::read_whole(&*self.disk, &self.dir, &self.manifest, at)?),
        };
        let (first_sequence, previous) = match &whole {
            Some((info, _)) => (info.link.sequence, info.link.previous),
            None => (self.sequence + 1, self.previous),
        };
        let segment = self.fresh(first_sequence, previous)?;
        let file = self.disk.open(&segment.path(&self.dir), Open::Create)?;
        file.set_len(0)?;
        let renewed = match whole {
            None => None,
            Some((info, mut octets)) => {
                frame::remark(&mut octets, segment.marker).map_err(|_| LogError::Format)?;
                file.write_at(0, &octets)?;
                Some((info, octets))
            }
        };
        file.sync()?;
        self.disk.sync_dir(&self.dir.join(SEGMENTS))?;
        let manifest = self.manifest.with(segment);
        manifest.write(&*self.disk, &self.dir)?;
        self.manifest = manifest;
        self.file = file;
        if let Some((info, octets)) = renewed {
            let position = Position {
                segment: segment.number,
                offset: 0,
                sequence: first_sequence,
                checksum: info.checksum,
            };
            self.end = octets.len() as u64;
            let head = frame::head(&octets, &info).map_err(|_| LogError::Format)?;
            let bodies = locations(&head.bodies, segment.number, info.bodies_at() as u64);
            visit(Applied { position, ops: head.ops, bodies })?;
        }
        self.sweep()
    }
}

/// Frames that were on the disk, as an index that was updated after their flush tells, and that
/// the walk did not reach.
pub(crate) fn lost_tail(
    manifest: &Manifest,
    last: Option<Position>,
    flushed: u64,
) -> Option<Damage> {
    let open = manifest.segments.last()?;
    let (segment, offset, reached) = match last {
        Some(last) => (last.segment, last.offset, last.sequence),
        None => (open.number, 0, open.first_sequence.saturating_sub(1)),
    };
    (reached < flushed).then_some(Damage { segment, offset, sequences: (reached + 1, flushed) })
}

/// The file of a segment.
pub(crate) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(SEGMENTS).join(format!("{number:016}.log"))
}

/// The entries of a frame's bodies, and the octets that go into the frame.
fn layout<'a>(bodies: &[NewBody<'a>]) -> Result<(Vec<BodyEntry>, Vec<&'a [u8]>), LogError> {
    let mut entries = Vec::with_capacity(bodies.len());
    let mut inline = Vec::with_capacity(bodies.len());
    let mut offset = 0u32;
    for body in bodies {
        match *body {
            NewBody::Inline(id, octets) => {
                let len = u32::try_from(octets.len()).map_err(|_| LogError::TooLarge)?;
                entries.push(BodyEntry::Inline { id, offset, len });
                offset = offset.checked_add(len).ok_or(LogError::TooLarge)?;
                inline.push(octets);
            }
            NewBody::File(id, len) => entries.push(BodyEntry::File { id, len }),
        }
    }
    Ok((entries, inline))
}

fn marker(random: &dyn Random) -> Result<u64, NoRandomness> {
    let mut bytes = [0; 8];
    random.fill(&mut bytes)?;
    Ok(u64::from_le_bytes(bytes))
}
