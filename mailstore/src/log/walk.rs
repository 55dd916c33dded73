//! Reading the log from front to back: at opening, for a rebuild, for `pli store verify`.
//!
//! An invalid frame with no valid later frame is a torn tail. With a valid later frame it is
//! damage, and the walk goes on behind it. Frames that a later segment voids (see
//! [`Segment::first_sequence`]) are not looked at. Nothing is changed here.

use super::frame::{self, FrameInfo, HEADER_LEN, Head, Link, NotAFrame};
use super::manifest::{Manifest, Prepared, Segment};
use super::{LogError, Position};
use crate::disk::{Disk, DiskFile, Open};
use serde::{Deserialize, Serialize};
use std::path::Path;

/// A frame whose head holds.
#[derive(Debug)]
pub(crate) struct Walked {
    pub(crate) position: Position,
    pub(crate) info: FrameInfo,
    /// Header and head.
    octets: Vec<u8>,
    /// Whether the bodies hold; None when the walk did not look.
    pub(crate) bodies_sound: Option<bool>,
}

impl Walked {
    pub(crate) fn head(&self) -> Result<Head<'_>, NotAFrame> {
        frame::head(&self.octets, &self.info)
    }

    /// Where the frame's bodies begin in its segment.
    pub(crate) fn bodies_at(&self) -> u64 {
        self.position.offset + self.info.bodies_at() as u64
    }
}

/// A stretch of the log that does not read although valid frames follow.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Damage {
    /// Number of the segment.
    pub segment: u64,
    /// Octet at which the damage begins.
    pub offset: u64,
    /// First and last sequence number that are lost.
    pub sequences: (u64, u64),
}

/// What the walk found besides frames.
#[derive(Debug, Default)]
pub(crate) struct WalkEnd {
    /// The last frame that counts.
    pub(crate) last: Option<Position>,
    pub(crate) damage: Vec<Damage>,
    /// Behind the last frame another one begins and is not whole.
    pub(crate) torn: bool,
    pub(crate) frames: u64,
}

/// Which octets the walk checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bodies {
    /// Those of the last frame only, as opening does.
    AtTail,
    /// Those of every frame.
    All,
}

/// Which frames the walk visits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begin {
    /// All that are there.
    First,
    /// Those that the manifest's snapshot does not stand for.
    Snapshot,
    /// Those from this one on, or from the next when this one is no longer there.
    Position(Position),
}

/// Where the walk begins: at a segment, and perhaps at a frame in it.
type Start = (usize, Option<Position>);

/// Visits frames in their order. A frame that opening has written again is found at its new place.
/// Fails with [`LogError::Position`] when the log does not have the frame that it was to begin at.
pub(crate) fn walk(
    disk: &dyn Disk,
    dir: &Path,
    manifest: &Manifest,
    from: Begin,
    bodies: Bodies,
    visit: &mut dyn FnMut(&Walked) -> Result<(), LogError>,
) -> Result<WalkEnd, LogError> {
    // A position comes from an index that was updated after the frame's flush: whatever its bodies
    // say now, the frame was there.
    let (confirmed, after, (skipped, mut start)) = match from {
        Begin::First => (None, 0, (0, None)),
        Begin::Snapshot => {
            let after = manifest.snapshot.map_or(0, |snapshot| snapshot.sequence);
            (None, after, (manifest.first_needed(), None))
        }
        Begin::Position(at) => (Some(at.sequence), 0, locate(manifest, at)?),
    };
    let mut visit = |walked: &Walked| match walked.position.sequence > after {
        true => visit(walked),
        false => Ok(()),
    };
    let mut segments = manifest.segments.iter().skip(skipped).peekable();
    let mut end = WalkEnd::default();
    end.damage.extend(segments.peek().and_then(|first| lost_before(first, from, after)));
    // A frame is visited when the next one is known to hold, or at the end when its bodies do.
    let mut waiting: Option<Walked> = None;
    let mut expected = segments.peek().map_or((1, 0), |s| (s.first_sequence, s.previous));
    while let Some(segment) = segments.next() {
        let void_from = segments.peek().map_or(u64::MAX, |next| next.first_sequence);
        let file = disk.open(&segment.path(dir), Open::Read)?;
        let mut reader = Reader { file, segment: *segment, offset: 0 };
        if let Some(from) = start.take() {
            reader.offset = from.offset;
            let first = reader.read()?.filter(|(info, _)| info.checksum == from.checksum);
            let (info, _) = first.ok_or(LogError::Position)?;
            expected = (info.link.sequence, info.link.previous);
        }
        loop {
            if expected.0 >= void_from {
                break;
            }
            let found = match reader.read()? {
                Some((info, octets)) if (info.link.sequence, info.link.previous) == expected => {
                    Some((info, octets))
                }
                _ => {
                    let at = reader.offset;
                    let later = reader.find_later(expected.0, void_from)?;
                    if let Some((info, _)) = &later {
                        end.damage.push(Damage {
                            segment: segment.number,
                            offset: at,
                            sequences: (expected.0, info.link.sequence.saturating_sub(1)),
                        });
                    } else if void_from != u64::MAX {
                        end.damage.push(Damage {
                            segment: segment.number,
                            offset: at,
                            sequences: (expected.0, void_from.saturating_sub(1)),
                        });
                    } else {
                        end.torn = reader.frame_began()?;
                    }
                    later
                }
            };
            let Some((info, octets)) = found else { break };
            if let Some(before) = waiting.take() {
                visit(&before)?;
                end.frames += 1;
                end.last = Some(before.position);
            }
            let mut walked = Walked {
                position: Position {
                    segment: segment.number,
                    offset: reader.offset,
                    sequence: info.link.sequence,
                    checksum: info.checksum,
                },
                info,
                octets,
                bodies_sound: None,
            };
            if bodies == Bodies::All {
                walked.bodies_sound = Some(reader.bodies_hold(&info)?);
            }
            reader.offset += info.len() as u64;
            expected = (info.link.sequence + 1, info.checksum);
            waiting = Some(walked);
        }
        if let Some(next) = segments.peek() {
            expected = (next.first_sequence, next.previous);
        }
    }
    if let Some(last) = waiting {
        let file = open_segment(disk, dir, manifest, last.position.segment)?;
        let reader = Reader { file, segment: Segment::default(), offset: last.position.offset };
        if confirmed == Some(last.position.sequence) || reader.bodies_hold(&last.info)? {
            visit(&last)?;
            end.frames += 1;
            end.last = Some(last.position);
        } else {
            end.torn = true;
        }
    }
    Ok(end)
}

/// Visits the frames of a segment that `next` follows; all of them must hold. The bodies are
/// looked at if `bodies` says so.
pub(crate) fn walk_closed(
    disk: &dyn Disk,
    dir: &Path,
    (segment, next): (Segment, Segment),
    bodies: Bodies,
    visit: &mut dyn FnMut(&Walked) -> Result<(), LogError>,
) -> Result<(), LogError> {
    let file = disk.open(&segment.path(dir), Open::Read)?;
    let mut reader = Reader { file, segment, offset: 0 };
    let mut expected = (segment.first_sequence, segment.previous);
    while expected.0 < next.first_sequence {
        let as_expected = |found: &(FrameInfo, Vec<u8>)| {
            (found.0.link.sequence, found.0.link.previous) == expected
        };
        let (info, octets) = reader.read()?.filter(as_expected).ok_or(LogError::Damaged)?;
        let bodies_sound = match bodies {
            Bodies::All => Some(reader.bodies_hold(&info)?),
            Bodies::AtTail => None,
        };
        let position = Position {
            segment: segment.number,
            offset: reader.offset,
            sequence: info.link.sequence,
            checksum: info.checksum,
        };
        visit(&Walked { position, info, octets, bodies_sound })?;
        reader.offset += info.len() as u64;
        expected = (info.link.sequence + 1, info.checksum);
    }
    if expected == (next.first_sequence, next.previous) { Ok(()) } else { Err(LogError::Damaged) }
}

/// What stands at the beginning of a prepared segment.
pub(crate) enum First {
    /// No frame: it is not in use.
    None,
    /// The first frame, and where it stands.
    Sound(Link),
    /// Later frames, but not the first.
    Damaged,
}

/// Looks at the first frame of a prepared segment.
pub(crate) fn first_frame(disk: &dyn Disk, dir: &Path, ready: Prepared) -> Result<First, LogError> {
    let segment = Segment { number: ready.number, marker: ready.marker, ..Segment::default() };
    let file = disk.open(&segment.path(dir), Open::Read)?;
    let mut reader = Reader { file, segment, offset: 0 };
    if let Some((info, _)) = reader.read()? {
        return Ok(First::Sound(info.link));
    }
    let later = reader.find_later(0, u64::MAX)?;
    Ok(if later.is_some() { First::Damaged } else { First::None })
}

/// Frames that neither the snapshot stands for nor a segment holds.
fn lost_before(first: &Segment, from: Begin, after: u64) -> Option<Damage> {
    let lost = from == Begin::Snapshot && first.first_sequence > after + 1;
    let sequences = (after + 1, first.first_sequence.saturating_sub(1));
    lost.then_some(Damage { segment: first.number, offset: 0, sequences })
}

/// Where to begin for a position: at its frame where that lies now, or behind it when all that
/// lay before is gone.
fn locate(manifest: &Manifest, from: Position) -> Result<Start, LogError> {
    let renewed = |segment: &Segment| segment.first_sequence == from.sequence;
    if let Some(index) = manifest.segments.iter().position(renewed) {
        let segment = manifest.segments.get(index).ok_or(LogError::Position)?;
        return Ok((index, Some(Position { segment: segment.number, offset: 0, ..from })));
    }
    let same = |segment: &Segment| segment.number == from.segment;
    if let Some(index) = manifest.segments.iter().position(same) {
        return Ok((index, Some(from)));
    }
    let next = (from.sequence + 1, from.checksum);
    let follows = |segment: &Segment| (segment.first_sequence, segment.previous) == next;
    let index = manifest.segments.iter().position(follows).ok_or(LogError::Position)?;
    Ok((index, None))
}

/// Opens the file of the segment with this number.
pub(crate) fn open_segment(
    disk: &dyn Disk,
    dir: &Path,
    manifest: &Manifest,
    number: u64,
) -> Result<Box<dyn DiskFile>, LogError> {
    let segment = manifest.segments.iter().find(|segment| segment.number == number);
    Ok(disk.open(&segment.ok_or(LogError::Position)?.path(dir), Open::Read)?)
}

/// The whole of the frame at `position`: header and head, checked, and bodies, as they are.
pub(crate) fn read_whole(
    disk: &dyn Disk,
    dir: &Path,
    manifest: &Manifest,
    position: Position,
) -> Result<(FrameInfo, Vec<u8>), LogError> {
    let segment = manifest.segments.iter().find(|segment| segment.number == position.segment);
    let segment = *segment.ok_or(LogError::Position)?;
    let file = disk.open(&segment.path(dir), Open::Read)?;
    let reader = Reader { file, segment, offset: position.offset };
    let (info, mut octets) = reader.read()?.ok_or(LogError::Position)?;
    let mut bodies = vec![0; info.len() - info.bodies_at()];
    let there = reader.file.len()?.saturating_sub(position.offset + info.bodies_at() as u64);
    let readable = usize::try_from(there).unwrap_or(usize::MAX).min(bodies.len());
    if let Some(readable) = bodies.get_mut(..readable) {
        reader.file.read_at(position.offset + info.bodies_at() as u64, readable)?;
    }
    octets.extend(bodies);
    Ok((info, octets))
}

struct Reader {
    file: Box<dyn DiskFile>,
    segment: Segment,
    offset: u64,
}

impl Reader {
    /// The frame at the current offset, if its head holds.
    fn read(&self) -> Result<Option<(FrameInfo, Vec<u8>)>, LogError> {
        let rest = self.file.len()?.saturating_sub(self.offset);
        if rest < HEADER_LEN as u64 {
            return Ok(None);
        }
        let mut octets = vec![0; HEADER_LEN];
        self.file.read_at(self.offset, &mut octets)?;
        let Ok(info) = frame::peek(&octets, self.segment.marker) else { return Ok(None) };
        if rest < info.bodies_at() as u64 {
            return Ok(None);
        }
        octets.resize(info.bodies_at(), 0);
        let (_, head) = octets.split_at_mut_checked(HEADER_LEN).ok_or(LogError::Position)?;
        self.file.read_at(self.offset + HEADER_LEN as u64, head)?;
        Ok(frame::check_head(&octets, &info).is_ok().then_some((info, octets)))
    }

    /// Whether something at the current offset was to be a frame of this segment.
    fn frame_began(&self) -> Result<bool, LogError> {
        let rest = self.file.len()?.saturating_sub(self.offset);
        let len = usize::try_from(rest).unwrap_or(usize::MAX).min(HEADER_LEN);
        let mut octets = vec![0; len];
        self.file.read_at(self.offset, &mut octets)?;
        Ok(match frame::peek(&octets, self.segment.marker) {
            Ok(_) => true,
            Err(NotAFrame::Short) => octets.iter().any(|octet| *octet != 0),
            Err(_) => false,
        })
    }

    fn bodies(&self, info: &FrameInfo) -> Result<Option<Vec<u8>>, LogError> {
        let rest = self.file.len()?.saturating_sub(self.offset);
        if rest < (info.bodies_at() + info.bodies_len) as u64 {
            return Ok(None);
        }
        let mut bodies = vec![0; info.bodies_len];
        self.file.read_at(self.offset + info.bodies_at() as u64, &mut bodies)?;
        Ok((xxhash_rust::xxh3::xxh3_64(&bodies) == info.bodies_checksum).then_some(bodies))
    }

    fn bodies_hold(&self, info: &FrameInfo) -> Result<bool, LogError> {
        Ok(info.bodies_len == 0 || self.bodies(info)?.is_some())
    }

    /// Moves to the next frame whose head holds and whose sequence number lies above `sequence`
    /// and below `void_from`.
    fn find_later(
        &mut self,
        sequence: u64,
        void_from: u64,
    ) -> Result<Option<(FrameInfo, Vec<u8>)>, LogError> {
        /// Octets looked at in one read.
        const WINDOW: usize = 1024 * 1024;
        let len = self.file.len()?;
        let marker = self.segment.marker.to_le_bytes();
        let mut window = Vec::new();
        let mut at = self.offset;
        while at < len {
            let take = usize::try_from((len - at).min((WINDOW + HEADER_LEN) as u64))
                .map_err(|_| LogError::Position)?;
            window.resize(take, 0);
            self.file.read_at(at, &mut window)?;
            for marked in memchr::memmem::find_iter(&window, &marker) {
                // Frames begin at multiples of 8.
                let Some(start) = marked.checked_sub(frame::MARKER_AT) else { continue };
                if start % 8 != 0 || start >= WINDOW {
                    continue;
                }
                let candidate = window.get(start..).unwrap_or_default();
                let Ok(info) = frame::peek(candidate, self.segment.marker) else { continue };
                if info.link.sequence <= sequence || info.link.sequence >= void_from {
                    continue;
                }
                let kept = std::mem::replace(&mut self.offset, at + start as u64);
                match self.read()? {
                    Some(found) => return Ok(Some(found)),
                    None => self.offset = kept,
                }
            }
            at += WINDOW as u64;
        }
        Ok(None)
    }
}
