//! The manifest: a small file that names what the store consists of.
//!
//! It is replaced as a whole: written beside, flushed, renamed over the old one, the directory
//! flushed. Who changes it in a running store goes through [`Catalogue`](super::catalogue). Three lines: format, the contents as JSON, a checksum (XXH3-64, hexadecimal) of the
//! two lines before. Whatever it does not name is not part of the store: segment files it does
//! not name are swept at opening; body files are named by the frames it names.

use super::walk::Damage;
use super::{LogError, MANIFEST};
use crate::disk::{Disk, Open};
use crate::id::StoreId;
use crate::sorted::Stamp;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use xxhash_rust::xxh3::xxh3_64;

const FORMAT: &str = "pli-manifest 1";
/// No manifest is longer than this: some 100,000 segments.
const MAX_LEN: u64 = 16 * 1024 * 1024;

/// What the store consists of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// The store's identity.
    pub(crate) store: StoreId,
    /// Number of the next segment to be made. Numbers are never used again.
    pub(crate) next_segment: u64,
    /// The snapshot that stands for all frames before the first segment.
    pub(crate) snapshot: Option<Snapshot>,
    /// Segments in the order of their frames; the last one is open, or was until the prepared one
    /// was taken into use.
    pub(crate) segments: Vec<Segment>,
    /// The segment prepared ahead. It follows the others once its first frame is there, and that
    /// frame says from where on; see [`Segment::first_sequence`].
    pub(crate) ready: Option<Prepared>,
    /// Damage that was found and not repaired. While there is any, nothing is built on the log,
    /// however often it is opened.
    pub(crate) damage: Vec<Damage>,
}

/// A file with all keys and values at one frame, in the form of [`crate::sorted`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Snapshot {
    /// Its number. Numbers of snapshots are drawn with those of segments.
    pub(crate) number: u64,
    /// Sequence number of the frame.
    pub(crate) sequence: u64,
    /// Head checksum of the frame.
    pub(crate) checksum: u64,
    /// Octets of the file.
    pub(crate) len: u64,
}

impl Snapshot {
    /// The snapshot's file.
    pub(crate) fn path(&self, dir: &Path) -> PathBuf {
        dir.join(super::SNAPSHOTS).join(format!("{:016}.snapshot", self.number))
    }

    /// The frame it stands for.
    pub(crate) fn stamp(&self) -> Stamp {
        Stamp { sequence: self.sequence, checksum: self.checksum }
    }
}

/// A segment file that was written and flushed before it is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Prepared {
    pub(crate) number: u64,
    /// Random; none of what the file held before is a frame with this marker.
    pub(crate) marker: u64,
}

/// One segment file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Segment {
    pub(crate) number: u64,
    /// Random; stands in each frame of the segment.
    pub(crate) marker: u64,
    /// Sequence number of its first frame. It voids frames of this number and above that lie in
    /// earlier segments.
    pub(crate) first_sequence: u64,
    /// Head checksum of the frame before the first.
    pub(crate) previous: u64,
}

impl Segment {
    /// The segment's file.
    pub(crate) fn path(&self, dir: &Path) -> PathBuf {
        super::segment_path(dir, self.number)
    }
}

impl Manifest {
    /// This manifest with a fresh open segment; segments that it voids altogether are left out.
    pub(crate) fn with(&self, segment: Segment) -> Self {
        let mut next = self.clone();
        next.next_segment = next.next_segment.max(segment.number + 1);
        next.segments.retain(|old| old.first_sequence < segment.first_sequence);
        next.segments.push(segment);
        next.ready = next.ready.filter(|ready| ready.number != segment.number);
        next
    }

    /// The segment with the first frame that the snapshot does not stand for: those before it are
    /// of use only for the bodies that lie there.
    pub(crate) fn first_needed(&self) -> usize {
        let Some(snapshot) = self.snapshot else { return 0 };
        let next = snapshot.sequence + 1;
        self.segments.iter().rposition(|segment| segment.first_sequence <= next).unwrap_or(0)
    }

    /// Whether the segments hold every frame from the first on.
    pub(crate) fn is_complete(&self) -> bool {
        self.segments.first().is_some_and(|first| first.first_sequence == 1)
    }

    /// Reads the manifest of the store in `dir`.
    pub(crate) fn read(disk: &dyn Disk, dir: &Path) -> Result<Self, LogError> {
        let file = disk.open(&dir.join(MANIFEST), Open::Read)?;
        let len = file.len()?;
        if len > MAX_LEN {
            return Err(LogError::Manifest);
        }
        let mut octets = vec![0; usize::try_from(len).map_err(|_| LogError::Manifest)?];
        file.read_at(0, &mut octets)?;
        Self::parse(&octets).ok_or(LogError::Manifest)
    }

    fn parse(octets: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(octets).ok()?;
        let (signed, checksum) = text.strip_suffix('\n')?.rsplit_once('\n')?;
        let (format, json) = signed.split_once('\n')?;
        let sound = format == FORMAT
            && u64::from_str_radix(checksum, 16).ok()? == xxh3_64(signed.as_bytes());
        if sound { serde_json::from_str(json).ok() } else { None }
    }

    /// Replaces the manifest of the store in `dir`. On stable storage at return; after an error the
    /// old one may count, or this one.
    pub(crate) fn write(&self, disk: &dyn Disk, dir: &Path) -> Result<(), LogError> {
        let beside = dir.join(format!("{MANIFEST}.new"));
        let file = disk.open(&beside, Open::Create)?;
        file.set_len(0)?;
        file.write_at(0, self.text()?.as_bytes())?;
        file.sync()?;
        disk.rename(&beside, &dir.join(MANIFEST))?;
        Ok(disk.sync_dir(dir)?)
    }

    fn text(&self) -> Result<String, LogError> {
        let json = serde_json::to_string(self).map_err(|_| LogError::Manifest)?;
        let signed = format!("{FORMAT}\n{json}");
        Ok(format!("{signed}\n{:016x}\n", xxh3_64(signed.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_reads_back_and_a_changed_one_does_not() {
        let disk = crate::disk::SimDisk::new(1);
        let dir = Path::new("/s");
        disk.create_dir(dir).unwrap();
        let manifest = Manifest {
            store: StoreId::from_bytes([1; 16]),
            next_segment: 4,
            snapshot: None,
            segments: vec![Segment { number: 2, marker: 9, first_sequence: 1, previous: 0 }],
            ready: Some(Prepared { number: 3, marker: 10 }),
            damage: Vec::new(),
        };
        manifest.write(&disk, dir).unwrap();
        assert_eq!(Manifest::read(&disk, dir).unwrap(), manifest);
        disk.corrupt(dir.join(MANIFEST), 40, 1).unwrap();
        assert!(matches!(Manifest::read(&disk, dir), Err(LogError::Manifest)));
    }
}
