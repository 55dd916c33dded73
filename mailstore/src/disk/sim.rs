//! A disk in memory that behaves as badly as a real one may.
//!
//! # What a power cut leaves
//! - Each file has durable content and the writes since its last [`sync`](DiskFile::sync). A write is split in aligned
//!   sectors of 512 bytes; a sector is whole or not changed at all. Of each sector that was written since the last
//!   sync, the durable content survives or any content it has had since: sectors independently, so a later write may
//!   survive where an earlier one did not.
//! - An unsynced change of length survives or not, apart from the data. Data that survives beyond the length that did
//!   extends the file, and what lies between reads as zeros.
//! - Each directory has durable entries and changes since its last [`sync_dir`](Disk::sync_dir): names created,
//!   renamed, removed. Of these a prefix survives, or each for itself. A rename happens or not: its target is the old
//!   file or the new one. Across directories the new name is durable before the old one ends, so a cut may leave the
//!   file under both names, and flushing the source alone does not end the old one.
//! - Syncing a file does not make its name durable: a file whose data was synced is gone if its directory was not.
//! - Directories are durable when [`create_dir`](Disk::create_dir) returns.
//! - How much survives is drawn from the seed: everything, nothing, all up to some operation (a disk that keeps the
//!   order), or a scatter whose odds are drawn for each file; see [`Survival`].
//! - Every handle and lock of before is dead: handles fail with "the power is off" for ever, locks are free.
//!
//! # Faults
//! [`SimDisk::cut_after`], [`SimDisk::fail_write`], [`SimDisk::fail_sync`], [`SimDisk::fail_op`] name the n-th
//! operation *from now*, counted from 1; [`SimDisk::stats`] says how many a workload makes, so a test sweeps `1..=n`.
//! A fault strikes once. A power cut and [`SimDisk::kill_process`] forget the faults that did not strike.
//!
//! A *mutating operation* is a call of `write_at` (of at least one byte), `set_len`, `sync`, `rename`, `remove`,
//! `sync_dir`; of `open` and `lock` when they create the file; of `create_dir` when the directory is missing.
//!
//! # What else to know
//! The same seed and the same operations in the same order give the same outcome. Nothing sleeps, nothing touches the
//! machine's disk. Contents are shared sectors: a sync, a cut and a [`SimDisk::fork`] copy no data. A file's length is
//! bounded ([`SimDisk::MAX_LEN`]); `..` in paths and symbolic links are not known.

mod file;
mod names;
mod rng;
mod state;
#[cfg(test)]
mod tests;

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Disk, DiskFile, Open, Space};
use names::{FileId, failure};
use state::{Dropped, State, power_is_off};

/// A simulated disk. Clones are handles of the same disk; [`SimDisk::fork`] makes another one.
#[derive(Clone)]
pub struct SimDisk {
    state: Arc<Mutex<State>>,
}

/// What is wrong with a write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing is written.
    Error(io::ErrorKind),
    /// The data without its end (at least the last byte) is written, then an error of kind `Other`.
    Short,
    /// The same, with `StorageFull`.
    NoSpace,
}

/// How much of what was not synced a power cut leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Survival {
    /// Everything.
    All,
    /// Nothing.
    None,
    /// Everything up to some operation, and nothing after it.
    Prefix,
    /// Sector by sector and name by name, with odds drawn for each file and directory.
    Scatter,
}

/// How many operations there were, failed ones included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Mutating operations of every kind.
    pub ops: u64,
    /// Calls of `write_at`.
    pub writes: u64,
    /// Calls of `sync` (of files).
    pub syncs: u64,
    /// Calls of `sync_dir`.
    pub dir_syncs: u64,
    /// Power cuts.
    pub cuts: u64,
}

impl SimDisk {
    /// The longest file, in bytes; beyond it `FileTooLarge`.
    pub const MAX_LEN: u64 = 1 << 32;

    /// An empty disk, with the directories `/` and the one of relative names.
    pub fn new(seed: u64) -> SimDisk {
        SimDisk { state: Arc::new(Mutex::new(State::new(seed))) }
    }

    /// Another disk with the same content, synced and unsynced, and its own seed; without handles, locks and faults;
    /// off if this one is.
    /// So one workload can end in many power cuts.
    pub fn fork(&self, seed: u64) -> SimDisk {
        let state = self.state().fork(seed);
        SimDisk { state: Arc::new(Mutex::new(state)) }
    }

    /// Cuts the power and turns it on again; the seed says how much survives.
    pub fn power_cut(&self) {
        let mut state = self.state();
        let survival = state.some_survival();
        state.power_cut(survival);
    }

    /// Cuts the power and turns it on again.
    pub fn power_cut_with(&self, survival: Survival) {
        self.state().power_cut(survival);
    }

    /// Turns the power on after [`SimDisk::cut_after`] or [`SimDisk::power_off`]; the same as
    /// [`SimDisk::power_cut`].
    pub fn restart(&self) {
        self.power_cut();
    }

    /// Every call fails from now on, until [`SimDisk::power_cut`] or [`SimDisk::restart`].
    pub fn power_off(&self) {
        self.state().off = true;
    }

    /// Whether the power is off.
    pub fn is_off(&self) -> bool {
        self.state().off
    }

    /// Ends the program but not the machine: handles are dead, locks free, and what reads saw they still see, also
    /// what no later sync will bring to the disk.
    pub fn kill_process(&self) {
        self.state().restart();
    }

    /// The power goes off in the middle of the n-th mutating operation from now (a part of a write, all or nothing of
    /// the other operations may have happened; a sync has made nothing sure); 0 is at once.
    pub fn cut_after(&self, ops: u64) {
        let mut state = self.state();
        if ops == 0 {
            state.off = true;
        } else {
            state.faults.cut = Some(state.stats.ops.saturating_add(ops));
        }
    }

    /// The n-th mutating operation from now fails with this error: a write as [`Fault::Short`], a sync as
    /// [`SimDisk::fail_sync`], the others without effect.
    pub fn fail_op(&self, n: u64, kind: io::ErrorKind) {
        let mut state = self.state();
        let n = state.stats.ops.saturating_add(n);
        state.faults.ops.insert(n, kind);
    }

    /// The n-th `write_at` from now fails.
    pub fn fail_write(&self, n: u64, fault: Fault) {
        let mut state = self.state();
        let n = state.stats.writes.saturating_add(n);
        state.faults.writes.insert(n, fault);
    }

    /// The n-th `sync` of a file from now fails as Linux does: the unsynced writes of that file never reach the disk,
    /// but reads go on showing them, and later syncs succeed without them. Only the sectors that are written again
    /// come back.
    pub fn fail_sync(&self, n: u64) {
        let mut state = self.state();
        let n = state.stats.syncs.saturating_add(n);
        state.faults.syncs.insert(n, Dropped::Everything);
    }

    /// As [`SimDisk::fail_sync`], but some sectors, drawn from the seed, did reach the disk.
    pub fn fail_sync_partly(&self, n: u64) {
        let mut state = self.state();
        let n = state.stats.syncs.saturating_add(n);
        state.faults.syncs.insert(n, Dropped::SomeSectors);
    }

    /// The room for data in bytes: the lengths of all files that have a name or are open. Where it ends, a write
    /// writes what fits and fails with `StorageFull`; `set_len` does nothing and fails.
    pub fn set_capacity(&self, capacity: Option<u64>) {
        self.state().capacity = capacity;
    }

    /// Flips bits of one byte, in what is visible and in what is durable. `UnexpectedEof` beyond the file's end.
    pub fn corrupt(&self, path: impl AsRef<Path>, offset: u64, xor: u8) -> io::Result<()> {
        let mut state = self.state();
        let flipped = state.named_mut(path.as_ref())?.corrupt(offset, xor);
        flipped.then_some(()).ok_or_else(|| failure(io::ErrorKind::UnexpectedEof, path.as_ref()))
    }

    /// How many operations there were since the disk was made.
    pub fn stats(&self) -> Stats {
        self.state().stats
    }

    /// Every file that has a name, in all directories, sorted; also while the power is off.
    pub fn list_files(&self) -> Vec<PathBuf> {
        self.state().list_files()
    }

    /// A file's visible content; also while the power is off.
    pub fn read_file(&self, path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
        Ok(self.state().named(path.as_ref())?.bytes())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The state, if the power is on.
    fn powered(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.state();
        if state.off { Err(power_is_off()) } else { Ok(state) }
    }

    fn open_file(&self, path: &Path, how: Open) -> io::Result<SimFile> {
        let mut state = self.powered()?;
        Ok(SimFile {
            id: state.open(path, how)?,
            disk: self.clone(),
            start: state.start(),
            writable: how != Open::Read,
            path: path.to_owned(),
        })
    }
}

impl fmt::Debug for SimDisk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimDisk").finish_non_exhaustive()
    }
}

impl Disk for SimDisk {
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn DiskFile>> {
        Ok(Box::new(self.open_file(path, how)?))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.powered()?.rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.powered()?.remove(path)
    }

    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        self.powered()?.list(dir)
    }

    fn create_dir(&self, dir: &Path) -> io::Result<()> {
        self.powered()?.create_dir(dir)
    }

    fn sync_dir(&self, dir: &Path) -> io::Result<()> {
        self.powered()?.sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>> {
        let file = self.open_file(path, Open::Create)?;
        if file.live()?.lock(file.id) {
            Ok(Box::new(SimLock { file }))
        } else {
            Err(failure(io::ErrorKind::WouldBlock, path))
        }
    }

    fn space(&self, _dir: &Path) -> io::Result<Space> {
        Ok(self.powered()?.space())
    }

    fn takes_turns(&self) -> bool {
        true
    }
}

struct SimFile {
    disk: SimDisk,
    id: FileId,
    start: u64,
    writable: bool,
    path: PathBuf,
}

impl SimFile {
    /// The state, if this handle is alive.
    fn live(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.powered()?;
        if state.start() == self.start { Ok(state) } else { Err(power_is_off()) }
    }

    fn live_to_write(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.live()?;
        if self.writable {
            Ok(state)
        } else {
            Err(failure(io::ErrorKind::PermissionDenied, &self.path))
        }
    }
}

impl DiskFile for SimFile {
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let state = self.live()?;
        let whole = state.content(self.id)?.read(offset, buf);
        whole.then_some(()).ok_or_else(|| failure(io::ErrorKind::UnexpectedEof, &self.path))
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.live_to_write()?.write(self.id, offset, data)
    }

    fn set_len(&self, len: u64) -> io::Result<()> {
        self.live_to_write()?.set_len(self.id, len)
    }

    fn len(&self) -> io::Result<u64> {
        Ok(self.live()?.content(self.id)?.len())
    }

    fn sync(&self) -> io::Result<()> {
        self.live()?.sync(self.id)
    }
}

impl Drop for SimFile {
    fn drop(&mut self) {
        let mut state = self.disk.state();
        if state.start() == self.start {
            state.close(self.id);
        }
    }
}

impl fmt::Debug for SimFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimFile").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Holds the lock of a file, until it is dropped or the program ends.
struct SimLock {
    file: SimFile,
}

impl Drop for SimLock {
    fn drop(&mut self) {
        let mut state = self.file.disk.state();
        if state.start() == self.file.start {
            state.unlock(self.file.id);
        }
    }
}
