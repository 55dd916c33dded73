//! The manifest of a running store, and the one way to change it.
//!
//! A change holds the lock while the disk flushes. The writer of the log never waits for it: that
//! it has taken a prepared segment into use it notes beside ([`Catalogue::opened`]), and the next
//! change enters it. Until then the first frame of the prepared segment tells.
//!
//! After a failed change the old manifest may count or the new one, so whoever makes one leaves
//! a sound store in either case: files that the new one names are on the disk before, files that
//! it no longer names are removed after.

use super::LogError;
use super::manifest::{Manifest, Segment};
use crate::disk::Disk;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The manifest of a running store.
#[derive(Debug)]
pub(crate) struct Catalogue {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    manifest: Mutex<Manifest>,
    /// Segments in use that the manifest still calls prepared.
    opened: Mutex<Vec<Segment>>,
    next_segment: AtomicU64,
}

impl Catalogue {
    /// Goes on from the manifest that was read at opening.
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &Path, manifest: Manifest) -> Self {
        Self {
            disk,
            dir: dir.to_path_buf(),
            next_segment: AtomicU64::new(manifest.next_segment),
            manifest: Mutex::new(manifest),
            opened: Mutex::default(),
        }
    }

    fn manifest(&self) -> MutexGuard<'_, Manifest> {
        self.manifest.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn opened_ones(&self) -> MutexGuard<'_, Vec<Segment>> {
        self.opened.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the store consists of now.
    pub(crate) fn current(&self) -> Manifest {
        let manifest = self.manifest();
        self.opened_ones().iter().fold(manifest.clone(), |known, opened| known.with(*opened))
    }

    /// A number for a new segment; none is given twice.
    pub(crate) fn number(&self) -> u64 {
        self.next_segment.fetch_add(1, Ordering::Relaxed)
    }

    /// A prepared segment is in use from now on. Nothing is written.
    pub(crate) fn opened(&self, segment: Segment) {
        self.opened_ones().push(segment);
    }

    /// Replaces the manifest. On stable storage at return.
    pub(crate) fn change(&self, edit: impl FnOnce(&mut Manifest)) -> Result<(), LogError> {
        let mut manifest = self.manifest();
        let opened = self.opened_ones().clone();
        let mut next = opened.iter().fold(manifest.clone(), |known, opened| known.with(*opened));
        edit(&mut next);
        next.next_segment = self.next_segment.load(Ordering::Relaxed);
        next.write(&*self.disk, &self.dir)?;
        *manifest = next;
        self.opened_ones().drain(..opened.len());
        Ok(())
    }
}
