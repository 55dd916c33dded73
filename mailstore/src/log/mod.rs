//! The log: the truth of an embedded store.
//!
//! An append-only chain of frames ([`frame`]) in segment files, named by the [`manifest`]. One
//! commit group is one frame; frame n+1 is written only after the flush of frame n.
//!
//! - After a failed or short *write* nothing has happened: the next frame is written at the same
//!   place ([`LogError::Disk`]).
//! - After a failed *flush* nobody knows what the disk holds: nothing more is written to that
//!   segment ([`LogError::Poisoned`]). [`Log::reopen`] goes on in a fresh one, whose first frame
//!   names the last frame that was flushed and so voids what lies behind it in the old one.
//! - At opening ([`opening`]) the last frame that counts is written again into a fresh segment:
//!   after a failed flush the page cache shows octets that the disk does not have.
//! - Segments are prepared ahead, beside the writer ([`prepare`]).

pub(crate) mod catalogue;
pub(crate) mod frame;
pub(crate) mod manifest;
mod opening;
pub(crate) mod prepare;
pub(crate) mod walk;

use crate::disk::{Disk, DiskFile, Open};
use crate::id::{BodyId, StoreId};
use crate::index::Index;
use crate::random::{NoRandomness, Random};
use catalogue::Catalogue;
use frame::{BodyEntry, Head, Link, Op};
use manifest::Segment;
use prepare::{Beside, Preparer, Ready};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use walk::{Begin, Walked};

pub use opening::Recovery;
pub(crate) use opening::{lost_tail, read_manifest};

const MANIFEST: &str = "manifest";
const SEGMENTS: &str = "segments";
/// Where snapshots lie, and the runs of a rebuild.
pub(crate) const SNAPSHOTS: &str = "snapshots";

/// Why the log could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// The disk failed; nothing was changed.
    #[error("the log could not be read or written")]
    Disk(#[from] io::Error),
    /// A flush failed earlier; the log must go on in a fresh segment.
    #[error("the disk failed to flush")]
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
    /// The snapshot does not read, and the frames it stands for are gone.
    #[error("the snapshot of the log does not read")]
    Snapshot,
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
    /// Bodies and where they lie from now on; None: nowhere.
    pub(crate) bodies: Vec<(BodyId, Option<Location>)>,
}

impl<'a> Applied<'a> {
    /// What a frame read from the log does.
    pub(crate) fn of(walked: &'a Walked) -> Result<Self, LogError> {
        let head = walked.head().map_err(|_| LogError::Format)?;
        let bodies = locations(&head.bodies, walked.position.segment, walked.bodies_at());
        Ok(Self { position: walked.position, ops: head.ops, bodies })
    }
}

fn locations(
    entries: &[BodyEntry],
    segment: u64,
    bodies_at: u64,
) -> Vec<(BodyId, Option<Location>)> {
    let place = |entry: &BodyEntry| match *entry {
        BodyEntry::Inline { id, offset, len } => {
            let offset = bodies_at + u64::from(offset);
            (id, Some(Location::Segment { number: segment, offset, len }))
        }
        BodyEntry::File { id, len } => (id, Some(Location::File { len })),
    };
    entries.iter().map(place).collect()
}

/// The open log.
#[derive(Debug)]
pub(crate) struct Log {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    random: Arc<dyn Random>,
    store: StoreId,
    catalogue: Arc<Catalogue>,
    preparer: Arc<Preparer>,
    /// None where the work is done in turn, and while the log is damaged.
    beside: Option<Beside>,
    open: OpenSegment,
    state: State,
    sequence: u64,
    previous: u64,
}

/// The segment that frames are appended to.
#[derive(Debug)]
struct OpenSegment {
    number: u64,
    marker: u64,
    file: Box<dyn DiskFile>,
    /// Where the next frame begins.
    end: u64,
    /// Octets that are on the disk already.
    room: u64,
}

impl From<Ready> for OpenSegment {
    fn from(Ready { number, marker, file, room }: Ready) -> Self {
        Self { number, marker, file, end: 0, room }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Sound,
    Poisoned,
    Damaged,
}

impl Log {
    /// The manifest, for whoever changes it beside the writer.
    pub(crate) fn catalogue(&self) -> &Arc<Catalogue> {
        &self.catalogue
    }

    /// The store's identity.
    pub(crate) fn store(&self) -> StoreId {
        self.store
    }

    /// Whether frames may be appended.
    pub(crate) fn writable(&self) -> Result<(), LogError> {
        match self.state {
            State::Sound => Ok(()),
            State::Poisoned => Err(LogError::Poisoned),
            State::Damaged => Err(LogError::Damaged),
        }
    }

    /// Whether a flush failed and nothing has been written since.
    pub(crate) fn is_poisoned(&self) -> bool {
        self.state == State::Poisoned
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
        let mut encoded = self.encode(&head, &inline, self.open.marker)?;
        if self.open.end > 0
            && self.open.end + encoded.octets.len() as u64 > self.open.room
            && let Some(ready) = self.preparer.take(self.sequence + 1, self.previous)
        {
            self.leave_for(ready.into());
            encoded = self.encode(&head, &inline, self.open.marker)?;
        }
        self.open.file.write_at(self.open.end, &encoded.octets)?;
        if let Err(error) = self.open.file.sync() {
            self.state = State::Poisoned;
            return Err(error.into());
        }
        self.advance(head, &encoded)
    }

    fn encode(
        &self,
        head: &Head<'_>,
        inline: &[&[u8]],
        marker: u64,
    ) -> Result<frame::Encoded, LogError> {
        let link = Link { marker, sequence: self.sequence + 1, previous: self.previous };
        frame::encode(link, head, inline).ok_or(LogError::TooLarge)
    }

    fn leave_for(&mut self, next: OpenSegment) {
        let left = std::mem::replace(&mut self.open, next);
        self.preparer.left(left.number, left.end);
    }

    /// The frame at the end of the open segment is on the disk.
    fn advance<'a>(
        &mut self,
        head: Head<'a>,
        encoded: &frame::Encoded,
    ) -> Result<Applied<'a>, LogError> {
        let OpenSegment { number, marker, end, .. } = self.open;
        let position = Position {
            segment: number,
            offset: end,
            sequence: self.sequence + 1,
            checksum: encoded.checksum,
        };
        let info = frame::peek(&encoded.octets, marker).map_err(|_| LogError::Format)?;
        let bodies = locations(&head.bodies, number, end + info.bodies_at() as u64);
        self.open.end += encoded.octets.len() as u64;
        self.sequence = position.sequence;
        self.previous = position.checksum;
        Ok(Applied { position, ops: head.ops, bodies })
    }

    /// After a failed flush: goes on in a fresh segment. Its first frame says nothing but that it
    /// follows the last frame that was flushed, so what lies behind that one in the old segment is
    /// void. If this fails, the log stays closed for this process.
    pub(crate) fn reopen(&mut self, at: i64) -> Result<Applied<'static>, LogError> {
        if self.state == State::Damaged {
            return Err(LogError::Damaged);
        }
        let head = Head { at, ops: Vec::new(), bodies: Vec::new() };
        let (fresh, named) = match self.preparer.take(self.sequence + 1, self.previous) {
            Some(ready) => (OpenSegment::from(ready), true),
            None => (self.unprepared()?, false),
        };
        let encoded = self.encode(&head, &[], fresh.marker)?;
        fresh.file.write_at(0, &encoded.octets)?;
        fresh.file.sync()?;
        if !named {
            let segment = Segment {
                number: fresh.number,
                marker: fresh.marker,
                first_sequence: self.sequence + 1,
                previous: self.previous,
            };
            self.disk.sync_dir(&self.dir.join(SEGMENTS))?;
            self.catalogue.change(|manifest| *manifest = manifest.with(segment))?;
        }
        self.leave_for(fresh);
        self.state = State::Sound;
        self.advance(head, &encoded)
    }

    /// A new segment without any room yet, which the manifest does not name.
    fn unprepared(&self) -> Result<OpenSegment, LogError> {
        let number = self.catalogue.number();
        let file = self.disk.open(&segment_path(&self.dir, number), Open::Create)?;
        file.set_len(0)?;
        Ok(OpenSegment { number, marker: marker(&*self.random)?, file, end: 0, room: 0 })
    }

    /// Applies to an index the frames that it lacks. One that stands for no frame is
    /// [`LogError::Position`]: it is filled, not led on.
    pub(crate) fn catch_up(&self, index: &dyn Index) -> Result<(), LogError> {
        let from = index.position()?.ok_or(LogError::Position)?;
        let mut replay = index.replay();
        self.visit(Begin::Position(from), &mut |applied| Ok(replay.apply(&applied)?))?;
        Ok(replay.finish()?)
    }

    /// Visits the frames that were acknowledged.
    pub(crate) fn visit(
        &self,
        from: Begin,
        visit: &mut dyn FnMut(Applied<'_>) -> Result<(), LogError>,
    ) -> Result<(), LogError> {
        let mut see = |walked: &Walked| match walked.position.sequence <= self.sequence {
            true => visit(Applied::of(walked)?),
            // What a failed write has left.
            false => Ok(()),
        };
        let manifest = self.catalogue.current();
        walk::walk(&*self.disk, &self.dir, &manifest, from, walk::Bodies::AtTail, &mut see)?;
        Ok(())
    }

    /// Does in turn what a thread does beside elsewhere: see [`Disk::takes_turns`]. A failure is
    /// left to the next turn.
    pub(crate) fn prepare_in_turn(&self) {
        if self.beside.is_none() && self.state == State::Sound {
            let _ = self.preparer.prepare();
        }
    }
}

/// The file of a segment.
pub(crate) fn segment_path(dir: &Path, number: u64) -> PathBuf {
    dir.join(SEGMENTS).join(format!("{number:016}.log"))
}

/// The number of the segment whose file this is.
fn segment_number(path: &Path) -> Option<u64> {
    path.file_name()?.to_str()?.strip_suffix(".log")?.parse().ok()
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
