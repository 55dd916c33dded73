//! The snapshot as it lies there: read to its end, and held against what the frames before it add
//! up to while the log still has them. When it has not, the snapshot is where keys and values
//! begin.

use crate::disk::Disk;
use crate::index::{Index, MemoryIndex};
use crate::log::manifest::{Manifest, Snapshot};
use crate::log::{LogError, Position};
use crate::sorted::{Reader, SortedError};
use std::path::Path;

/// Octets handed to the index at once.
const PORTION: usize = 1024 * 1024;

/// The snapshot, and what was found of it so far.
#[derive(Debug)]
pub(super) struct StoredSnapshot<'a> {
    disk: &'a dyn Disk,
    dir: &'a Path,
    manifest: &'a Manifest,
    finding: Option<&'static str>,
}

impl<'a> StoredSnapshot<'a> {
    pub(super) fn new(disk: &'a dyn Disk, dir: &'a Path, manifest: &'a Manifest) -> Self {
        Self { disk, dir, manifest, finding: None }
    }

    /// The last frame that is in the keys and values already, when the log begins behind it.
    pub(super) fn begin(&mut self, keys: &MemoryIndex) -> Result<Option<Position>, LogError> {
        let Some(snapshot) = self.manifest.snapshot.filter(|_| !self.manifest.is_complete()) else {
            return Ok(None);
        };
        match self.load(snapshot, keys) {
            Ok(()) => {}
            Err(LogError::Snapshot) => {
                self.finding = Some("it does not read, and the frames before it are gone");
            }
            Err(error) => return Err(error),
        }
        let (sequence, checksum) = (snapshot.sequence, snapshot.checksum);
        Ok(Some(Position { segment: 0, offset: 0, sequence, checksum }))
    }

    fn load(&self, snapshot: Snapshot, keys: &MemoryIndex) -> Result<(), LogError> {
        let mut reader = self.open(snapshot)?;
        let (mut pairs, mut octets) = (Vec::new(), 0);
        while let Some((key, value)) = reader.pair()? {
            let value = value.unwrap_or_default();
            octets += key.len() + value.len();
            pairs.push((key.to_vec(), value.to_vec()));
            if octets >= PORTION {
                keys.load(&std::mem::take(&mut pairs))?;
                octets = 0;
            }
            reader.advance()?;
        }
        Ok(keys.load(&pairs)?)
    }

    fn open(&self, snapshot: Snapshot) -> Result<Reader, SortedError> {
        Reader::open(self.disk, &snapshot.path(self.dir), self.manifest.store, snapshot.stamp())
    }

    /// Compares, if `at` is the frame that the snapshot stands for.
    pub(super) fn compare_at(&mut self, at: Position, keys: &MemoryIndex) -> Result<(), LogError> {
        let same = |snapshot: &Snapshot| {
            (snapshot.sequence, snapshot.checksum) == (at.sequence, at.checksum)
        };
        let Some(snapshot) = self.manifest.snapshot.filter(same) else { return Ok(()) };
        self.finding = match self.is_same(snapshot, keys) {
            Ok(true) => None,
            Ok(false) => Some("its keys and values are not those of the frames before it"),
            Err(SortedError::Disk(error)) => return Err(error.into()),
            Err(_) => Some("it does not read"),
        };
        Ok(())
    }

    fn is_same(&self, snapshot: Snapshot, keys: &MemoryIndex) -> Result<bool, SortedError> {
        let mut reader = self.open(snapshot)?;
        let mut same = true;
        keys.visit_sorted(&mut |key, value| {
            let found = reader.pair()?;
            same &= found == Some((key, Some(value)));
            reader.advance()
        })?;
        Ok(same && reader.pair()?.is_none())
    }

    /// What is wrong with it.
    pub(super) fn finding(&self) -> Option<&'static str> {
        self.finding
    }
}
