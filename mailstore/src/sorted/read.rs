//! Reading a sorted file, a block at a time.

use super::write::{block_checksum, header};
use super::{BLOCK_HEADER_LEN, HEADER_LEN, MAX_BLOCK, NONE, SortedError, Stamp};
use crate::disk::{Disk, DiskFile, Open};
use crate::id::StoreId;
use std::io;
use std::ops::Range;
use std::path::Path;

/// A pair: its key and value; None is a deletion.
pub(crate) type Pair<'a> = (&'a [u8], Option<&'a [u8]>);

/// A sorted file being read.
#[derive(Debug)]
pub(crate) struct Reader {
    file: Box<dyn DiskFile>,
    at: u64,
    block: Vec<u8>,
    /// Where in the block the present pair lies.
    key: Range<usize>,
    value: Option<Range<usize>>,
    next: usize,
    left: u32,
    seen: u64,
    ended: bool,
}

impl Reader {
    /// Opens a file that must be this store's and stand for this frame.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: &Path,
        store: StoreId,
        stamp: Stamp,
    ) -> Result<Self, SortedError> {
        let file = disk.open(path, Open::Read).map_err(ended_early)?;
        let mut found = [0; HEADER_LEN];
        file.read_at(0, &mut found).map_err(ended_early)?;
        if found != header(store, stamp) {
            return Err(SortedError::Damaged);
        }
        let mut reader = Self {
            file,
            at: HEADER_LEN as u64,
            block: Vec::new(),
            key: 0..0,
            value: None,
            next: 0,
            left: 0,
            seen: 0,
            ended: false,
        };
        reader.advance()?;
        Ok(reader)
    }

    /// The present pair; None at the end.
    pub(crate) fn pair(&self) -> Result<Option<Pair<'_>>, SortedError> {
        if self.ended {
            return Ok(None);
        }
        let part = |range: &Range<usize>| self.block.get(range.clone()).ok_or(SortedError::Damaged);
        Ok(Some((part(&self.key)?, self.value.as_ref().map(part).transpose()?)))
    }

    /// Goes on to the next pair. At the end the number of pairs is checked.
    pub(crate) fn advance(&mut self) -> Result<(), SortedError> {
        while self.left == 0 && !self.ended {
            self.next_block()?;
        }
        if self.ended {
            return Ok(());
        }
        let key_len = self.number(self.next)?;
        let value_len = self.number(self.next + 4)?;
        let key = self.next + 8;
        self.key = key..key + key_len as usize;
        let (value, end) = match value_len {
            NONE => (None, self.key.end),
            len => {
                let value = self.key.end..self.key.end + len as usize;
                (Some(value.clone()), value.end)
            }
        };
        if end > self.block.len() {
            return Err(SortedError::Damaged);
        }
        self.value = value;
        self.next = end;
        self.left -= 1;
        self.seen += 1;
        Ok(())
    }

    fn next_block(&mut self) -> Result<(), SortedError> {
        self.block.resize(BLOCK_HEADER_LEN, 0);
        self.file.read_at(self.at, &mut self.block).map_err(ended_early)?;
        let (len, count) = (self.number(0)? as usize, self.number(4)?);
        if len > MAX_BLOCK {
            return Err(SortedError::Damaged);
        }
        self.block.resize(BLOCK_HEADER_LEN + len, 0);
        let pairs = self.block.get_mut(BLOCK_HEADER_LEN..).ok_or(SortedError::Damaged)?;
        self.file.read_at(self.at + BLOCK_HEADER_LEN as u64, pairs).map_err(ended_early)?;
        if self.long(8)? != block_checksum(&self.block) {
            return Err(SortedError::Damaged);
        }
        self.at += self.block.len() as u64;
        self.next = BLOCK_HEADER_LEN;
        self.left = count;
        if count == NONE {
            self.ended = true;
            if self.long(BLOCK_HEADER_LEN)? != self.seen {
                return Err(SortedError::Damaged);
            }
        }
        Ok(())
    }

    fn number(&self, at: usize) -> Result<u32, SortedError> {
        let bytes = self.block.get(at..at + 4).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u32::from_le_bytes).ok_or(SortedError::Damaged)
    }

    fn long(&self, at: usize) -> Result<u64, SortedError> {
        let bytes = self.block.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
        bytes.map(u64::from_le_bytes).ok_or(SortedError::Damaged)
    }
}

/// A file that is too short, or not there, is damage and no passing fault.
fn ended_early(error: io::Error) -> SortedError {
    match error.kind() {
        io::ErrorKind::UnexpectedEof | io::ErrorKind::NotFound => SortedError::Damaged,
        _ => SortedError::Disk(error),
    }
}
