//! Room given back: what no account names any more, and segments that snapshots stand for.
//!
//! The log is cleaned from its front: once a snapshot stands for the frames of the oldest
//! segments, only bodies keep them. When less than half of them is bodies that live, those of the
//! oldest are moved, by frames that carry them again, and the segment goes: after the frames are on
//! the disk, the index is flushed behind them, and nobody holds segments back. Cleaning from the
//! front leaves no gaps; the threshold bounds what is written for it by what is given back.
//!
//! A body is dead when no account names it and no transaction is about to: the store knows every
//! body that somebody still has in hand. Whoever deletes the last reference leaves the id here, so
//! nothing is searched. Its place is let go by a frame; its own file is removed after that.
//!
//! Failure leaves what is there; whatever was moved lies in two places, and the later one counts.
//! A segment whose bodies do not have their checksum is left as it is, for repair.

use super::embedded::Embedded;
use super::upkeep::{Pace, Strides};
use crate::disk::Open;
use crate::error::StoreError;
use crate::id::BodyId;
use crate::index::Snapshot;
use crate::key::Key;
use crate::log::frame::BodyEntry;
use crate::log::manifest::{Manifest, Segment};
use crate::log::walk::{self, Bodies, Walked};
use crate::log::{Location, LogError, NewBody, segment_path};
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Octets of bodies that one frame moves.
const MOVED_AT_ONCE: u64 = 1024 * 1024;
/// Bodies that one frame lets go.
const GONE_AT_ONCE: usize = 4096;
/// Ids of bodies whose last reference may be gone. What is more waits for the next opening.
const MAX_DYING: usize = 1_000_000;

/// What cleaning has given back.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Segments that went.
    pub segments: u64,
    /// Bodies that were moved, and their octets.
    pub moved: u64,
    /// Octets of those bodies.
    pub octets: u64,
}

/// Who holds back segments, body files and snapshots; clones count together.
#[derive(Debug, Default, Clone)]
pub(crate) struct Holds(Arc<Mutex<usize>>);

impl Holds {
    fn count(&self) -> MutexGuard<'_, usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn hold(&self) -> SegmentHold {
        *self.count() += 1;
        SegmentHold(self.clone())
    }

    /// Runs `remove` if nobody holds anything, and lets nobody begin meanwhile.
    pub(super) fn unless_held<T>(&self, remove: impl FnOnce() -> T) -> Option<T> {
        let count = self.count();
        (*count == 0).then(remove)
    }
}

/// While it is held no file that the store consists of is removed: segments, snapshots, files of
/// bodies. For whoever copies them. Writing goes on.
#[derive(Debug)]
#[must_use = "files are held back as long as it lives"]
pub struct SegmentHold(Holds);

impl Drop for SegmentHold {
    fn drop(&mut self) {
        let mut count = self.0.count();
        *count = count.saturating_sub(1);
    }
}

/// Bodies whose last reference may be gone.
#[derive(Debug, Default)]
pub(super) struct Dying(Mutex<BTreeSet<BodyId>>);

impl Dying {
    fn ids(&self) -> MutexGuard<'_, BTreeSet<BodyId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame has deleted these keys.
    pub(super) fn note<'k>(&self, deleted: impl Iterator<Item = &'k Key>) {
        for body in deleted.filter_map(Key::body_owned) {
            let mut ids = self.ids();
            if ids.len() < MAX_DYING {
                ids.insert(body);
            }
        }
    }
}

/// A body in a segment.
#[derive(Debug, Clone, Copy)]
struct Lying {
    id: BodyId,
    offset: u64,
    len: u32,
}

/// What of a segment still counts.
#[derive(Debug, Default)]
struct Survey {
    live: Vec<Lying>,
    dead: Vec<BodyId>,
    damaged: bool,
}

impl Embedded {
    /// Gives back what can be given back.
    pub(super) fn compact_beside(&self, pace: &Pace) -> Result<Compacted, StoreError> {
        let _alone = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        let mut strides = Strides::new(&*self.place.disk, pace);
        self.let_go(&mut strides)?;
        let mut compacted = Compacted::default();
        loop {
            let manifest = self.log().catalogue().current();
            let Some(oldest) = self.worth_cleaning(&manifest)? else { return Ok(compacted) };
            let survey = self.survey(oldest, &mut strides)?;
            if survey.damaged {
                tracing::warn!(segment = oldest.0.number, "bodies are damaged; it is not cleaned");
                return Ok(compacted);
            }
            self.move_bodies(oldest.0, &survey, &mut strides)?;
            if !self.remove_segment(oldest.0)? {
                return Ok(compacted);
            }
            compacted.segments += 1;
            compacted.moved += survey.live.len() as u64;
            compacted.octets += survey.live.iter().map(|body| u64::from(body.len)).sum::<u64>();
        }
    }

    /// Lets go the bodies that died.
    pub(super) fn let_go_beside(&self, pace: &Pace) -> Result<(), StoreError> {
        let _alone = self.keeping.lock().unwrap_or_else(PoisonError::into_inner);
        self.let_go(&mut Strides::new(&*self.place.disk, pace))
    }

    /// The oldest segment and the next one, if the snapshot stands for it and less than half of
    /// all such segments is living bodies.
    fn worth_cleaning(
        &self,
        manifest: &Manifest,
    ) -> Result<Option<(Segment, Segment)>, StoreError> {
        let covered = manifest.segments.get(..manifest.first_needed()).unwrap_or_default();
        let (Some(oldest), Some(next)) = (covered.first(), manifest.segments.get(1)) else {
            return Ok(None);
        };
        if !manifest.damage.is_empty() {
            return Ok(None);
        }
        let mut total = 0;
        for segment in covered {
            total += self.place.disk.open(&segment.path(&self.place.dir), Open::Read)?.len()?;
        }
        let numbers: BTreeSet<_> = covered.iter().map(|segment| segment.number).collect();
        let mut living = 0;
        self.index.snapshot()?.bodies(&mut |_, location| {
            if let Location::Segment { number, len, .. } = location
                && numbers.contains(&number)
            {
                living += u64::from(len);
            }
            ControlFlow::Continue(())
        })?;
        Ok((living * 2 <= total).then_some((*oldest, *next)))
    }

    /// Whether a body is to stay: an account names it, or somebody has it in hand.
    fn lives(&self, snapshot: &dyn Snapshot, body: BodyId) -> Result<bool, StoreError> {
        if self.bodies.is_in_hand(body) {
            return Ok(true);
        }
        let owners = Key::body_owners(body);
        let mut named = false;
        snapshot.range(owners.as_bytes(), owners.prefix_end().as_bytes(), false, &mut |_, _| {
            named = true;
            ControlFlow::Break(())
        })?;
        Ok(named)
    }

    fn survey(
        &self,
        oldest: (Segment, Segment),
        strides: &mut Strides<'_>,
    ) -> Result<Survey, StoreError> {
        let mut survey = Survey::default();
        let mut lying = Vec::new();
        let mut visit = |walked: &Walked| -> Result<(), LogError> {
            survey.damaged |= walked.bodies_sound == Some(false);
            let head = walked.head().map_err(|_| LogError::Format)?;
            lying.extend(head.bodies.iter().filter_map(|entry| match *entry {
                BodyEntry::Inline { id, offset, len } => {
                    Some(Lying { id, offset: walked.bodies_at() + u64::from(offset), len })
                }
                BodyEntry::File { .. } | BodyEntry::Gone { .. } => None,
            }));
            strides.step(walked.info.len() as u64)
        };
        walk::walk_closed(&*self.place.disk, &self.place.dir, oldest, Bodies::All, &mut visit)?;
        let snapshot = self.index.snapshot()?;
        for body in lying {
            let (number, offset, len) = (oldest.0.number, body.offset, body.len);
            // What lies elsewhere by now, or nowhere, does not count here.
            if snapshot.body(body.id)? != Some(Location::Segment { number, offset, len }) {
                continue;
            }
            match self.lives(&*snapshot, body.id)? {
                true => survey.live.push(body),
                false => survey.dead.push(body.id),
            }
        }
        Ok(survey)
    }

    /// Carries living bodies again, and lets dead ones go.
    fn move_bodies(
        &self,
        segment: Segment,
        survey: &Survey,
        strides: &mut Strides<'_>,
    ) -> Result<(), StoreError> {
        for dead in survey.dead.chunks(GONE_AT_ONCE) {
            let gone: Vec<_> = dead.iter().map(|id| NewBody::Gone(*id)).collect();
            self.write(&[], &gone)?;
        }
        let file = self.place.disk.open(&segment.path(&self.place.dir), Open::Read)?;
        let mut carried: Vec<(BodyId, Vec<u8>)> = Vec::new();
        let mut octets = 0;
        for body in &survey.live {
            let mut sealed = vec![0; body.len as usize];
            file.read_at(body.offset, &mut sealed)?;
            carried.push((body.id, sealed));
            octets += u64::from(body.len);
            if octets >= MOVED_AT_ONCE {
                self.carry(&std::mem::take(&mut carried))?;
                strides.step(octets)?;
                octets = 0;
            }
        }
        self.carry(&carried)
    }

    fn carry(&self, bodies: &[(BodyId, Vec<u8>)]) -> Result<(), StoreError> {
        if bodies.is_empty() {
            return Ok(());
        }
        let bodies: Vec<_> =
            bodies.iter().map(|(id, sealed)| NewBody::Inline(*id, sealed)).collect();
        self.write(&[], &bodies).map(drop)
    }

    /// Takes a segment out of the manifest and gives its file away; false while segments are held.
    fn remove_segment(&self, segment: Segment) -> Result<bool, StoreError> {
        // An index that stood for a frame before the move would look for bodies here.
        self.flush_index_now()?;
        let catalogue = Arc::clone(self.log().catalogue());
        let number = segment.number;
        let removed = self.holds.unless_held(|| -> Result<(), StoreError> {
            catalogue
                .change(|manifest| manifest.segments.retain(|known| known.number != number))?;
            if self.bodies.forget(number) {
                self.log().preparer().offer(number);
            } else if let Err(error) =
                self.place.disk.remove(&segment_path(&self.place.dir, number))
            {
                // Somebody still reads it under no name; what stays is swept at the next opening.
                tracing::debug!(%error, number, "a segment's file stays");
            }
            Ok(())
        });
        removed.transpose().map(|removed| removed.is_some())
    }

    /// Lets go the bodies that died, and removes the files of those that had one.
    fn let_go(&self, strides: &mut Strides<'_>) -> Result<(), StoreError> {
        let dying = std::mem::take(&mut *self.dying.ids());
        let snapshot = self.index.snapshot()?;
        let mut dead = Vec::new();
        let mut files = Vec::new();
        for body in dying {
            let Some(location) = snapshot.body(body)? else { continue };
            if self.lives(&*snapshot, body)? {
                // Somebody has it in hand, or it is named again: whoever lets go of it next.
                if self.bodies.is_in_hand(body) {
                    self.dying.ids().insert(body);
                }
                continue;
            }
            dead.push(body);
            if matches!(location, Location::File { .. }) {
                files.push(body);
            }
        }
        for dead in dead.chunks(GONE_AT_ONCE) {
            let gone: Vec<_> = dead.iter().map(|id| NewBody::Gone(*id)).collect();
            self.write(&[], &gone)?;
            strides.step(MOVED_AT_ONCE)?;
        }
        self.condemned.lock().unwrap_or_else(PoisonError::into_inner).append(&mut files);
        self.holds.unless_held(|| {
            let condemned = &mut *self.condemned.lock().unwrap_or_else(PoisonError::into_inner);
            condemned.drain(..).for_each(|body| self.bodies.remove_file(body));
        });
        Ok(())
    }
}
