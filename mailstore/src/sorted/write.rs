//! Writing a sorted file.

use super::{BLOCK, BLOCK_HEADER_LEN, HEADER_LEN, MAGIC, NONE, SortedError, Stamp};
use crate::disk::{Disk, DiskFile, Open};
use crate::id::StoreId;
use std::path::Path;
use xxhash_rust::xxh3::xxh3_64;

/// Octets between two flushes, so that the disk is never busy for long with this.
const FLUSH_EVERY: u64 = 8 * 1024 * 1024;

/// A sorted file being written.
#[derive(Debug)]
pub(crate) struct Writer {
    file: Box<dyn DiskFile>,
    at: u64,
    flushed: u64,
    block: Vec<u8>,
    in_block: u32,
    last: Vec<u8>,
    total: u64,
}

impl Writer {
    /// Begins a file; one that is there is overwritten.
    pub(crate) fn create(
        disk: &dyn Disk,
        path: &Path,
        store: StoreId,
        stamp: Stamp,
    ) -> Result<Self, SortedError> {
        let file = disk.open(path, Open::Create)?;
        file.set_len(0)?;
        file.write_at(0, &header(store, stamp))?;
        Ok(Self {
            file,
            at: HEADER_LEN as u64,
            flushed: 0,
            block: empty_block(),
            in_block: 0,
            last: Vec::new(),
            total: 0,
        })
    }

    /// Adds a pair; None is a deletion. Keys come in ascending order.
    pub(crate) fn push(&mut self, key: &[u8], value: Option<&[u8]>) -> Result<(), SortedError> {
        if self.total > 0 && key <= self.last.as_slice() {
            return Err(SortedError::Order);
        }
        let key_len = u32::try_from(key.len()).map_err(|_| SortedError::Order)?;
        let value_len = match value {
            None => NONE,
            Some(value) => u32::try_from(value.len()).map_err(|_| SortedError::Order)?,
        };
        self.block.extend(key_len.to_le_bytes());
        self.block.extend(value_len.to_le_bytes());
        self.block.extend_from_slice(key);
        self.block.extend_from_slice(value.unwrap_or_default());
        self.last.clear();
        self.last.extend_from_slice(key);
        self.in_block += 1;
        self.total += 1;
        if self.block.len() >= BLOCK { self.end_block() } else { Ok(()) }
    }

    /// Ends the file; it is on stable storage at return, but for its name.
    pub(crate) fn finish(mut self) -> Result<u64, SortedError> {
        self.end_block()?;
        self.block.extend(self.total.to_le_bytes());
        self.in_block = NONE;
        self.end_block()?;
        self.file.sync()?;
        Ok(self.at)
    }

    fn end_block(&mut self) -> Result<(), SortedError> {
        if self.in_block == 0 {
            return Ok(());
        }
        let len = self.block.len() - BLOCK_HEADER_LEN;
        let len = u32::try_from(len).map_err(|_| SortedError::Order)?;
        if let Some(place) = self.block.get_mut(..4) {
            place.copy_from_slice(&len.to_le_bytes());
        }
        if let Some(place) = self.block.get_mut(4..8) {
            place.copy_from_slice(&self.in_block.to_le_bytes());
        }
        let checksum = block_checksum(&self.block);
        if let Some(place) = self.block.get_mut(8..BLOCK_HEADER_LEN) {
            place.copy_from_slice(&checksum.to_le_bytes());
        }
        self.file.write_at(self.at, &self.block)?;
        self.at += self.block.len() as u64;
        if self.at - self.flushed >= FLUSH_EVERY {
            self.file.sync()?;
            self.flushed = self.at;
        }
        self.block.truncate(BLOCK_HEADER_LEN);
        self.in_block = 0;
        Ok(())
    }
}

fn empty_block() -> Vec<u8> {
    vec![0; BLOCK_HEADER_LEN]
}

pub(super) fn block_checksum(block: &[u8]) -> u64 {
    let mut checksum = xxhash_rust::xxh3::Xxh3::new();
    checksum.update(block.get(..8).unwrap_or_default());
    checksum.update(block.get(BLOCK_HEADER_LEN..).unwrap_or_default());
    checksum.digest()
}

/// The header of the file that stands for a frame.
pub(super) fn header(store: StoreId, stamp: Stamp) -> [u8; HEADER_LEN] {
    let mut octets = Vec::with_capacity(HEADER_LEN);
    octets.extend(MAGIC);
    octets.extend(store.as_bytes());
    octets.extend(stamp.sequence.to_le_bytes());
    octets.extend(stamp.checksum.to_le_bytes());
    octets.resize(HEADER_LEN - 8, 0);
    octets.extend(xxh3_64(&octets).to_le_bytes());
    octets.try_into().unwrap_or([0; HEADER_LEN])
}
