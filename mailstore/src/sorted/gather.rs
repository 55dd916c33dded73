//! Gathering frames: what they put and delete, and where bodies lie, in the order of keys.
//!
//! A snapshot is the previous one with the frames after it; an index is the snapshot with the
//! frames after that. Neither is read from the other, so damage of the index never reaches the
//! truth. Up to [`RUN`] octets are sorted in memory; what is more goes to a sorted file of its own
//! (a *run*), so that memory is bounded however long the log is. Runs go when the gathering ends;
//! after a crash, at the next opening.

use super::merge::{Pairs, Source, merge};
use super::{Reader, SortedError, Stamp, Table, Writer};
use crate::disk::Disk;
use crate::id::StoreId;
use crate::log::frame::Op;
use crate::log::{Applied, LogError};
use std::path::{Path, PathBuf};

/// Octets of keys and values that are sorted in memory.
pub(crate) const RUN: usize = 32 * 1024 * 1024;
/// What a pair takes in memory besides its octets, about.
const OVERHEAD: usize = 96;

/// Frames on their way into a snapshot or an index.
#[derive(Debug)]
pub(crate) struct Gather<'a> {
    disk: &'a dyn Disk,
    dir: PathBuf,
    store: StoreId,
    run: usize,
    older: Vec<Source>,
    runs: Vec<PathBuf>,
    pairs: Pairs,
    octets: usize,
}

impl<'a> Gather<'a> {
    /// Begins with nothing. Runs are laid down in `dir`, each of about `run` octets.
    pub(crate) fn new(disk: &'a dyn Disk, dir: &Path, store: StoreId, run: usize) -> Self {
        let (older, runs, pairs) = (Vec::new(), Vec::new(), Pairs::new());
        Self { disk, dir: dir.to_path_buf(), store, run, older, runs, pairs, octets: 0 }
    }

    /// Begins with a snapshot.
    pub(crate) fn after(mut self, path: &Path, stamp: Stamp) -> Result<Self, SortedError> {
        let snapshot = Reader::open(self.disk, path, self.store, stamp)?;
        self.older.push(Source::File(snapshot));
        Ok(self)
    }

    /// Takes in the next frame.
    pub(crate) fn add(&mut self, applied: &Applied<'_>) -> Result<(), LogError> {
        for op in &applied.ops {
            match op {
                Op::Put { key, value } => self.put(Table::Values.key(key), Some(value.to_vec())),
                Op::Delete { key } => self.put(Table::Values.key(key), None),
            }
        }
        for (id, location) in &applied.bodies {
            let place = location.map(|place| postcard::to_stdvec(&place)).transpose();
            let place = place.map_err(|_| LogError::Format)?;
            self.put(Table::Bodies.key(id.as_bytes()), place);
        }
        if self.octets > self.run {
            self.lay_down()?;
        }
        Ok(())
    }

    fn put(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        self.octets += key.len() + value.as_ref().map_or(0, Vec::len) + OVERHEAD;
        self.pairs.insert(key, value);
    }

    fn lay_down(&mut self) -> Result<(), SortedError> {
        self.disk.create_dir(&self.dir)?;
        let path = self.dir.join(format!("{}.run", self.runs.len()));
        let mut writer = Writer::create(self.disk, &path, self.store, Stamp::default())?;
        self.runs.push(path.clone());
        for (key, value) in std::mem::take(&mut self.pairs) {
            writer.push(&key, value.as_deref())?;
        }
        writer.finish()?;
        self.octets = 0;
        let run = Reader::open(self.disk, &path, self.store, Stamp::default())?;
        self.older.push(Source::File(run));
        Ok(())
    }

    /// Visits all pairs that are left, in the order of keys.
    pub(crate) fn finish<E: From<SortedError>>(
        mut self,
        visit: &mut dyn FnMut(Vec<u8>, Vec<u8>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut sources = std::mem::take(&mut self.older);
        sources.push(Source::Memory(std::mem::take(&mut self.pairs).into_iter()));
        merge(sources, &mut |key, value| match value {
            Some(value) => visit(key, value),
            None => Ok(()),
        })
    }
}

impl Drop for Gather<'_> {
    fn drop(&mut self) {
        for run in &self.runs {
            // What stays behind is swept at the next opening.
            let _ = self.disk.remove(run);
        }
    }
}
