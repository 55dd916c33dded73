//! Sorted files: pairs in the order of their keys, written once from front to back.
//!
//! A snapshot is one, with all keys and values at one frame of the log; so are the runs that a
//! rebuild lays down on its way ([`gather`]). Several of them, the older ones first, are read as
//! one by a [`merge`].
//!
//! ```text
//! header   64 octets: magic "PLISORT1", store (16), sequence number (8) and head checksum (8) of
//!          the frame it stands for, zeros, checksum (8) of the 56 octets before
//! blocks   length (4), number of pairs (4), checksum (8) of both and of the pairs; then the pairs:
//!          key length (4), value length (4; all ones: a deletion), key, value
//! end      a block of one number (8) that counts all pairs, marked by all ones for its own count
//! ```
//! Numbers are little-endian, checksums XXH3-64. A key begins with the [`Table`] it belongs to;
//! values lie here sealed, as in the log, so neither writing nor merging needs a key.
//!
//! Invariant: a file that was read to its end is whole and is this store's; anything else is
//! [`SortedError`]. What was not finished is removed by whoever made it, or swept at opening.

pub(crate) mod gather;
pub(crate) mod merge;
mod read;
mod write;

pub(crate) use read::Reader;
pub(crate) use write::Writer;

use crate::log::LogError;
use std::io;

const MAGIC: &[u8; 8] = b"PLISORT1";
const HEADER_LEN: usize = 64;
const BLOCK_HEADER_LEN: usize = 16;
/// Octets of pairs that end a block.
const BLOCK: usize = 256 * 1024;
/// No block is longer: one that is nearly full and the longest value.
const MAX_BLOCK: usize = 64 * 1024 * 1024;
/// The value length of a deletion, and the pair count of the end.
const NONE: u32 = u32::MAX;

/// What a key in a sorted file belongs to. The tag is stored: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Table {
    /// Store keys and their sealed values.
    Values = 1,
    /// Body ids and where the bodies lie.
    Bodies = 2,
}

impl Table {
    /// A key of this table as it stands in a sorted file.
    pub(crate) fn key(self, key: &[u8]) -> Vec<u8> {
        let mut tagged = Vec::with_capacity(key.len() + 1);
        tagged.push(self as u8);
        tagged.extend_from_slice(key);
        tagged
    }

    /// The table of a key, and the key in it.
    pub(crate) fn of(tagged: &[u8]) -> Option<(Self, &[u8])> {
        let (tag, key) = tagged.split_first()?;
        match tag {
            1 => Some((Self::Values, key)),
            2 => Some((Self::Bodies, key)),
            _ => None,
        }
    }
}

/// The frame that a sorted file stands for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stamp {
    pub(crate) sequence: u64,
    /// Its head checksum.
    pub(crate) checksum: u64,
}

/// Why a sorted file could not be written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SortedError {
    /// The disk failed.
    #[error("a sorted file could not be written or read")]
    Disk(#[from] io::Error),
    /// It is another store's, stands for another frame, or was changed since it was written.
    #[error("a snapshot does not read")]
    Damaged,
    /// Keys did not come in order, or are too long.
    #[error("pairs out of order")]
    Order,
}

impl From<SortedError> for LogError {
    fn from(error: SortedError) -> Self {
        match error {
            SortedError::Disk(error) => Self::Disk(error),
            SortedError::Damaged | SortedError::Order => Self::Snapshot,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Disk, SimDisk};
    use crate::id::StoreId;
    use std::path::Path;

    const PATH: &str = "/s/file";
    const STAMP: Stamp = Stamp { sequence: 7, checksum: 9 };

    type Pairs = Vec<(Vec<u8>, Option<Vec<u8>>)>;

    fn pairs() -> Pairs {
        let value =
            |n: u32| (!n.is_multiple_of(5)).then(|| vec![n as u8; (n as usize * 37) % 3000]);
        (0..700u32).map(|n| (n.to_be_bytes().to_vec(), value(n))).collect()
    }

    fn written() -> SimDisk {
        let disk = SimDisk::new(1);
        disk.create_dir(Path::new("/s")).unwrap();
        let store = StoreId::from_bytes([1; 16]);
        let mut writer = Writer::create(&disk, Path::new(PATH), store, STAMP).unwrap();
        for (key, value) in pairs() {
            writer.push(&key, value.as_deref()).unwrap();
        }
        writer.finish().unwrap();
        disk
    }

    fn read(disk: &SimDisk, store: [u8; 16]) -> Result<Pairs, SortedError> {
        let store = StoreId::from_bytes(store);
        let mut reader = Reader::open(disk, Path::new(PATH), store, STAMP)?;
        let mut pairs = Vec::new();
        while let Some((key, value)) = reader.pair()? {
            pairs.push((key.to_vec(), value.map(<[u8]>::to_vec)));
            reader.advance()?;
        }
        Ok(pairs)
    }

    #[test]
    fn pairs_read_back() {
        let disk = written();
        assert_eq!(read(&disk, [1; 16]).unwrap(), pairs());
        assert!(read(&disk, [2; 16]).is_err(), "another store's");
    }

    #[test]
    fn pairs_out_of_order_are_refused() {
        let disk = SimDisk::new(1);
        disk.create_dir(Path::new("/s")).unwrap();
        let store = StoreId::from_bytes([1; 16]);
        let mut writer = Writer::create(&disk, Path::new(PATH), store, STAMP).unwrap();
        writer.push(b"b", None).unwrap();
        assert!(writer.push(b"b", None).is_err());
        assert!(writer.push(b"a", None).is_err());
    }

    #[test]
    fn whatever_is_changed_is_noticed() {
        let octets = written().read_file(Path::new(PATH)).unwrap();
        for at in (0..octets.len()).step_by(997).chain(0..90).chain(octets.len() - 30..octets.len())
        {
            let disk = written();
            disk.corrupt(PATH, at as u64, 0x10).unwrap();
            // The zeros of the header are summed as well.
            assert!(read(&disk, [1; 16]).is_err(), "octet {at}");
        }
        for len in (0..octets.len()).step_by(1013) {
            let disk = written();
            disk.open(Path::new(PATH), crate::disk::Open::Write)
                .unwrap()
                .set_len(len as u64)
                .unwrap();
            assert!(read(&disk, [1; 16]).is_err(), "cut at {len}");
        }
    }
}
