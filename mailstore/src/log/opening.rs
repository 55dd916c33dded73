//! Making a log, and opening one after whatever befell it.
//!
//! Opening reads every frame from a known one on, cuts a torn tail, and writes the last frame that
//! counts again into a fresh segment, flushed before anything builds on it: after a failed flush
//! the page cache shows octets that the disk does not have. The fresh segment voids what lies
//! behind that frame in the old one. Damage is written into the manifest instead, and nothing else
//! is touched.

use super::catalogue::Catalogue;
use super::manifest::{Manifest, Segment};
use super::prepare::{Beside, LONGEST, Preparer};
use super::walk::{self, Begin, Bodies, Damage, Walked};
use super::{
    Applied, Log, LogError, OpenSegment, Position, SEGMENTS, State, frame, locations, marker,
    segment_number, segment_path,
};
use crate::disk::{Disk, Open};
use crate::id::StoreId;
use crate::random::Random;
use std::io;
use std::path::Path;
use std::sync::Arc;

/// What opening found and did.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Recovery {
    /// Frames read.
    pub frames: u64,
    /// A frame that was not finished was cut.
    pub torn_tail: bool,
    /// Stretches that are lost.
    pub damage: Vec<Damage>,
}

/// The manifest, with the prepared segment among the others if it is in use.
pub(crate) fn read_manifest(disk: &dyn Disk, dir: &Path) -> Result<Manifest, LogError> {
    let manifest = Manifest::read(disk, dir)?;
    let Some(ready) = manifest.ready else { return Ok(manifest) };
    match walk::first_frame(disk, dir, ready)? {
        walk::First::None => Ok(manifest),
        walk::First::Sound(link) => Ok(manifest.with(Segment {
            number: ready.number,
            marker: ready.marker,
            first_sequence: link.sequence,
            previous: link.previous,
        })),
        // It is in use, and what its first frame followed is no longer to be read there: most
        // likely all that lies before.
        walk::First::Damaged => {
            let end =
                walk::walk(disk, dir, &manifest, Begin::First, Bodies::AtTail, &mut |_| Ok(()))?;
            let (sequence, previous) = end.last.map_or((0, 0), |at| (at.sequence, at.checksum));
            Ok(manifest.with(Segment {
                number: ready.number,
                marker: ready.marker,
                first_sequence: sequence + 1,
                previous,
            }))
        }
    }
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
        let manifest = Manifest {
            store,
            next_segment: 2,
            snapshot: None,
            segments: vec![segment],
            ready: None,
            damage: Vec::new(),
        };
        manifest.write(disk, dir)
    }

    /// Opens the log in `dir`: visits the frames that `from` says, and
    /// then the last one again at its new place. `flushed` is the highest sequence number of a
    /// frame that is known to have been on the disk; frames up to it that do not read are damage.
    pub(crate) fn open(
        disk: Arc<dyn Disk>,
        dir: &Path,
        random: Arc<dyn Random>,
        from: Begin,
        flushed: u64,
        visit: &mut dyn FnMut(Applied<'_>) -> Result<(), LogError>,
    ) -> Result<(Self, Recovery), LogError> {
        let mut manifest = read_manifest(&*disk, dir)?;
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
        let damage = manifest.damage.clone();
        let recovery = Recovery { frames: end.frames, torn_tail: end.torn, damage };
        let opening = Opening { disk, dir, random, manifest };
        let log = if recovery.damage.is_empty() {
            opening.sound(end.last, visit)?
        } else {
            opening.damaged()?
        };
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

/// A log whose frames were read.
struct Opening<'a> {
    disk: Arc<dyn Disk>,
    dir: &'a Path,
    random: Arc<dyn Random>,
    manifest: Manifest,
}

/// Where a renewed log goes on.
struct Renewed {
    open: OpenSegment,
    sequence: u64,
    previous: u64,
}

impl Opening<'_> {
    /// A log for reading only: nothing is touched.
    fn damaged(self) -> Result<Log, LogError> {
        let last = *self.manifest.segments.last().ok_or(LogError::Manifest)?;
        let file = self.disk.open(&last.path(self.dir), Open::Read)?;
        let open = OpenSegment { number: last.number, marker: last.marker, file, end: 0, room: 0 };
        let (sequence, previous) = (last.first_sequence.saturating_sub(1), last.previous);
        Ok(self.log(State::Damaged, Renewed { open, sequence, previous }, 0))
    }

    /// A log that can be written: its last frame lies in a fresh segment.
    fn sound(
        mut self,
        last: Option<Position>,
        visit: &mut dyn FnMut(Applied<'_>) -> Result<(), LogError>,
    ) -> Result<Log, LogError> {
        let left = last.map(|at| self.end_of(at)).transpose()?;
        let renewed = self.renew(last, visit)?;
        let spare = self.sweep()?;
        let mut total = 0;
        for segment in &self.manifest.segments {
            if ![Some(renewed.open.number), left.map(|(number, _)| number)]
                .contains(&Some(segment.number))
            {
                total += self.disk.open(&segment.path(self.dir), Open::Read)?.len()?;
            }
        }
        let mut log = self.log(State::Sound, renewed, total);
        if let Some((number, end)) = left {
            log.preparer.left(number, end);
        }
        if let Some(number) = spare {
            log.preparer.offer(number);
        }
        if !log.disk.takes_turns() {
            log.beside = Some(Beside::start(Arc::clone(&log.preparer))?);
        }
        Ok(log)
    }

    fn log(self, state: State, renewed: Renewed, total: u64) -> Log {
        let Self { disk, dir, random, manifest } = self;
        let Renewed { open, sequence, previous } = renewed;
        let (store, dir) = (manifest.store, dir.to_path_buf());
        let catalogue = Arc::new(Catalogue::new(Arc::clone(&disk), &dir, manifest));
        let preparer = Arc::new(Preparer::new(
            Arc::clone(&disk),
            dir.clone(),
            Arc::clone(&random),
            Arc::clone(&catalogue),
            total,
        ));
        Log {
            disk,
            dir,
            random,
            store,
            catalogue,
            preparer,
            beside: None,
            open,
            state,
            sequence,
            previous,
        }
    }

    /// A frame's segment, and where the frame ends in it.
    fn end_of(&self, at: Position) -> Result<(u64, u64), LogError> {
        let (info, _) = walk::read_whole(&*self.disk, self.dir, &self.manifest, at)?;
        Ok((at.segment, at.offset + info.len() as u64))
    }

    /// Writes the last frame again into a fresh segment, and lets that one count.
    fn renew(
        &mut self,
        last: Option<Position>,
        visit: &mut dyn FnMut(Applied<'_>) -> Result<(), LogError>,
    ) -> Result<Renewed, LogError> {
        let Some(at) = last else {
            let old = *self.manifest.segments.last().ok_or(LogError::Manifest)?;
            let (open, segment) = self.fresh(old.first_sequence, old.previous)?;
            self.enter(&open, segment)?;
            let sequence = old.first_sequence.saturating_sub(1);
            return Ok(Renewed { open, sequence, previous: old.previous });
        };
        let (info, mut octets) = walk::read_whole(&*self.disk, self.dir, &self.manifest, at)?;
        let (mut open, segment) = self.fresh(info.link.sequence, info.link.previous)?;
        frame::remark(&mut octets, segment.marker).map_err(|_| LogError::Format)?;
        open.file.write_at(0, &octets)?;
        self.enter(&open, segment)?;
        open.end = octets.len() as u64;
        let position = Position { segment: segment.number, offset: 0, ..at };
        let head = frame::head(&octets, &info).map_err(|_| LogError::Format)?;
        let bodies = locations(&head.bodies, segment.number, info.bodies_at() as u64);
        visit(Applied { position, ops: head.ops, bodies })?;
        Ok(Renewed { open, sequence: at.sequence, previous: at.checksum })
    }

    /// A segment to go on in: the file that was prepared, else a new one. Its marker is fresh, so
    /// nothing that was begun in the file counts.
    fn fresh(
        &self,
        first_sequence: u64,
        previous: u64,
    ) -> Result<(OpenSegment, Segment), LogError> {
        let marker = marker(&*self.random)?;
        let prepared = self.manifest.ready.map(|ready| {
            let path = segment_path(self.dir, ready.number);
            (ready.number, self.disk.open(&path, Open::Write))
        });
        let (number, file) = match prepared {
            Some((number, Ok(file))) => (number, file),
            _ => {
                let number = self.manifest.next_segment;
                let file = self.disk.open(&segment_path(self.dir, number), Open::Create)?;
                file.set_len(0)?;
                (number, file)
            }
        };
        let room = file.len()?.min(LONGEST);
        let open = OpenSegment { number, marker, file, end: 0, room };
        Ok((open, Segment { number, marker, first_sequence, previous }))
    }

    /// Flushes a fresh segment and enters it in the manifest.
    fn enter(&mut self, open: &OpenSegment, segment: Segment) -> Result<(), LogError> {
        open.file.sync()?;
        self.disk.sync_dir(&self.dir.join(SEGMENTS))?;
        let manifest = self.manifest.with(segment);
        manifest.write(&*self.disk, self.dir)?;
        self.manifest = manifest;
        Ok(())
    }

    /// Removes segment files that the manifest does not name, but for the longest, whose room can
    /// be used again: its number.
    fn sweep(&self) -> Result<Option<u64>, LogError> {
        let mut longest: Option<(u64, u64)> = None;
        let ready = self.manifest.ready.map(|ready| ready.number);
        let named: Vec<_> = self.manifest.segments.iter().map(|s| s.number).chain(ready).collect();
        for path in self.disk.list(&self.dir.join(SEGMENTS))? {
            let number = segment_number(&path);
            if number.is_some_and(|number| named.contains(&number)) {
                continue;
            }
            let len = self.disk.open(&path, Open::Read)?.len()?;
            match number {
                Some(number) if longest.is_none_or(|(_, other)| len > other) => {
                    if let Some((shorter, _)) = longest.replace((number, len)) {
                        self.disk.remove(&segment_path(self.dir, shorter))?;
                    }
                }
                _ => self.disk.remove(&path)?,
            }
        }
        Ok(longest.map(|(number, _)| number))
    }
}
