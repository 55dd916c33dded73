//! The index file as it lies there, held against what the log adds up to.
//!
//! The file stays as it is. Whatever the database makes of damaged pages, a panic even, is a
//! finding and no more: the index is disposable.

use crate::disk::{Disk, Open};
use crate::engine::embedded::INDEX;
use crate::error::StoreError;
use crate::id::StoreId;
use crate::index::{Index, IndexError, MemoryIndex, RedbIndex};
use crate::log::{LogError, Position};
use std::io;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

/// The index, and what was found of it so far.
#[derive(Debug)]
pub(super) struct StoredIndex {
    index: Option<RedbIndex>,
    /// The frame that it stands for.
    position: Option<Position>,
    finding: Option<&'static str>,
    compared: bool,
}

impl StoredIndex {
    /// Opens a copy of the index, if there is one.
    pub(super) fn open(disk: &dyn Disk, dir: &Path, store: StoreId) -> Result<Self, StoreError> {
        let path = dir.join(INDEX);
        let none = Self { index: None, position: None, finding: None, compared: true };
        match disk.open(&path, Open::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(none),
            Err(error) => return Err(error.into()),
            Ok(_) => {}
        }
        let opened = guarded(|| {
            let index = RedbIndex::open_unchanged(disk, &path, store)?;
            let position = index.position()?;
            Ok((index, position))
        });
        Ok(match opened {
            Some((index, position)) => {
                Self { index: Some(index), position, compared: position.is_none(), ..none }
            }
            None => Self { finding: Some("it does not open"), ..none },
        })
    }

    /// The sequence number of a frame that was on the disk when the index was last flushed.
    pub(super) fn flushed(&self) -> u64 {
        self.position.map_or(0, |position| position.sequence)
    }

    /// Compares, if `at` is the frame that the index stands for.
    pub(super) fn compare_at(&mut self, at: Position, keys: &MemoryIndex) -> Result<(), LogError> {
        let same = |own: Position| (own.sequence, own.checksum) == (at.sequence, at.checksum);
        let Some(index) = self.index.as_ref().filter(|_| self.position.is_some_and(same)) else {
            return Ok(());
        };
        self.compared = true;
        let expected = digest(keys)?;
        match guarded(|| digest(index)) {
            Some(found) if found == expected => {}
            Some(_) => self.finding = Some("its keys and values are not those of the log"),
            None => self.finding = Some("it does not read"),
        }
        Ok(())
    }

    /// What is wrong with it.
    pub(super) fn finding(&self) -> Option<&'static str> {
        let elsewhere = "it stands for a frame that the log does not have";
        self.finding.or((!self.compared).then_some(elsewhere))
    }
}

/// None when the database fails or panics.
fn guarded<T>(read: impl FnOnce() -> Result<T, IndexError>) -> Option<T> {
    catch_unwind(AssertUnwindSafe(read)).ok()?.ok()
}

/// A checksum of all keys and values.
fn digest(index: &dyn Index) -> Result<u64, IndexError> {
    let mut digest = xxhash_rust::xxh3::Xxh3::new();
    index.snapshot()?.range(&[], &[0xff], false, &mut |key, value| {
        for part in [key, value] {
            digest.update(&(part.len() as u64).to_le_bytes());
            digest.update(part);
        }
        ControlFlow::Continue(())
    })?;
    Ok(digest.digest())
}
