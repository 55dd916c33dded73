//! The state of a simulated disk: names, contents and what is going to fail.
//!
//! Each operation takes its turn first: the turn counts it and says whether a scripted fault strikes. The power is
//! checked by the handles, before they come here.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::super::{Open, Space};
use super::file::Content;
use super::names::{FileId, Names, failure};
use super::rng::Rng;
use super::{Fault, SimDisk, Stats, Survival};

#[derive(Clone)]
pub(super) struct State {
    rng: Rng,
    names: Names,
    pub(super) files: BTreeMap<FileId, File>,
    next_file: FileId,
    /// From how many files on it is worth while to look for files that nothing can reach any more.
    sweep_at: usize,
    /// Handles and locks belong to the time between two starts.
    start: u64,
    pub(super) off: bool,
    locks: BTreeSet<FileId>,
    pub(super) capacity: Option<u64>,
    pub(super) faults: Faults,
    pub(super) stats: Stats,
}

#[derive(Clone, Default)]
pub(super) struct File {
    content: Content,
    handles: u64,
}

/// What is going to fail, by the absolute number of the operation.
#[derive(Clone, Default)]
pub(super) struct Faults {
    pub(super) cut: Option<u64>,
    pub(super) ops: BTreeMap<u64, io::ErrorKind>,
    pub(super) writes: BTreeMap<u64, Fault>,
    pub(super) syncs: BTreeMap<u64, Dropped>,
}

/// What a failed sync keeps off the disk.
#[derive(Clone, Copy)]
pub(super) enum Dropped {
    Everything,
    SomeSectors,
}

/// What befalls a mutating operation.
enum Turn {
    Go,
    Cut,
    Fail(io::ErrorKind),
}

impl State {
    pub(super) fn new(seed: u64) -> State {
        State {
            rng: Rng::new(seed),
            names: Names::new(),
            files: BTreeMap::new(),
            next_file: 1,
            sweep_at: 64,
            start: 0,
            off: false,
            locks: BTreeSet::new(),
            capacity: None,
            faults: Faults::default(),
            stats: Stats::default(),
        }
    }

    pub(super) fn fork(&self, seed: u64) -> State {
        let mut state = self.clone();
        state.rng = Rng::new(seed);
        state.restart();
        state
    }

    /// Which start of the program this is.
    pub(super) fn start(&self) -> u64 {
        self.start
    }

    /// Opens a file and counts the handle.
    pub(super) fn open(&mut self, path: &Path, how: Open) -> io::Result<FileId> {
        let place = self.names.place(path)?;
        let id = match (self.names.get(&place), how) {
            (Some(_), Open::CreateNew) => {
                return Err(failure(io::ErrorKind::AlreadyExists, path));
            }
            (Some(id), _) => id,
            (None, Open::Read | Open::Write) => {
                return Err(failure(io::ErrorKind::NotFound, path));
            }
            (None, Open::Create | Open::CreateNew) => {
                let (happens, outcome) = self.stroke();
                let id = self.next_file;
                if happens {
                    self.next_file += 1;
                    self.sweep_if_many();
                    self.files.insert(id, File::default());
                    self.names.create(self.stats.ops, place, id);
                }
                outcome?;
                id
            }
        };
        self.files.entry(id).or_default().handles += 1;
        Ok(id)
    }

    pub(super) fn close(&mut self, id: FileId) {
        if let Some(file) = self.files.get_mut(&id) {
            file.handles -= 1;
        }
    }

    pub(super) fn rename(&mut self, from: &Path, to: &Path) -> io::Result<()> {
        let (from, id) = self.names.find(from)?;
        let to = self.names.place(to)?;
        if self.names.get(&to) == Some(id) {
            return Ok(());
        }
        let (happens, outcome) = self.stroke();
        if happens {
            self.names.rename(self.stats.ops, from, to, id);
        }
        outcome
    }

    pub(super) fn remove(&mut self, path: &Path) -> io::Result<()> {
        let (place, id) = self.names.find(path)?;
        let (happens, outcome) = self.stroke();
        if happens {
            self.names.remove(self.stats.ops, place, id);
        }
        outcome
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        self.names.list(dir)
    }

    pub(super) fn list_files(&self) -> Vec<PathBuf> {
        let mut files: Vec<PathBuf> = self.names.named().map(|(path, _)| path).collect();
        files.sort();
        files
    }

    pub(super) fn create_dir(&mut self, dir: &Path) -> io::Result<()> {
        let missing = self.names.missing(dir)?;
        if missing.is_empty() {
            return Ok(());
        }
        let all = missing.len();
        let (made, outcome) = match self.turn() {
            Turn::Go => (all, Ok(())),
            Turn::Cut => {
                let made = self.rng.below(all as u64 + 1) as usize;
                (made, Err(power_is_off()))
            }
            Turn::Fail(kind) => (0, Err(kind.into())),
        };
        for dir in missing.into_iter().take(made) {
            self.names.add_dir(dir);
        }
        outcome
    }

    pub(super) fn sync_dir(&mut self, dir: &Path) -> io::Result<()> {
        self.names.has_dir(dir)?;
        self.stats.dir_syncs += 1;
        match self.turn() {
            Turn::Go => {
                self.names.sync(dir);
                Ok(())
            }
            // What was on its way is settled with the rest, when the power comes back.
            Turn::Cut => Err(power_is_off()),
            Turn::Fail(kind) => Err(kind.into()),
        }
    }

    /// Takes the lock of a file; false when it is held.
    pub(super) fn lock(&mut self, id: FileId) -> bool {
        self.locks.insert(id)
    }

    pub(super) fn unlock(&mut self, id: FileId) {
        self.locks.remove(&id);
    }

    /// The content of the file that has this name.
    pub(super) fn named(&self, path: &Path) -> io::Result<&Content> {
        let (_, id) = self.names.find(path)?;
        self.content(id)
    }

    pub(super) fn named_mut(&mut self, path: &Path) -> io::Result<&mut Content> {
        let (_, id) = self.names.find(path)?;
        self.content_mut(id)
    }

    pub(super) fn content(&self, id: FileId) -> io::Result<&Content> {
        Ok(&self.files.get(&id).ok_or(io::ErrorKind::NotFound)?.content)
    }

    fn content_mut(&mut self, id: FileId) -> io::Result<&mut Content> {
        Ok(&mut self.files.get_mut(&id).ok_or(io::ErrorKind::NotFound)?.content)
    }

    pub(super) fn write(&mut self, id: FileId, offset: u64, data: &[u8]) -> io::Result<()> {
        let end = offset.checked_add(data.len() as u64);
        if end.is_none_or(|end| end > SimDisk::MAX_LEN) {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        if data.is_empty() {
            return Ok(());
        }
        let turn = self.turn();
        self.stats.writes += 1;
        let fault = self.faults.writes.remove(&self.stats.writes);
        let all = data.len() as u64;
        let (count, outcome) = match (turn, fault) {
            (Turn::Cut, _) => (self.rng.below(all + 1), Err(power_is_off())),
            (Turn::Fail(kind), _) => (self.rng.below(all), Err(kind.into())),
            (Turn::Go, Some(Fault::Error(kind))) => (0, Err(kind.into())),
            (Turn::Go, Some(Fault::Short)) => {
                (self.rng.below(all), Err(io::Error::other("the write was cut short")))
            }
            (Turn::Go, Some(Fault::NoSpace)) => {
                (self.rng.below(all), Err(io::ErrorKind::StorageFull.into()))
            }
            (Turn::Go, None) => match self.room(id)? {
                Some(room) if room < offset.saturating_add(all) => {
                    (room.saturating_sub(offset), Err(io::ErrorKind::StorageFull.into()))
                }
                _ => (all, Ok(())),
            },
        };
        let written = data.get(..count as usize).unwrap_or(data);
        let op = self.stats.ops;
        self.content_mut(id)?.write(op, offset, written);
        outcome
    }

    pub(super) fn set_len(&mut self, id: FileId, len: u64) -> io::Result<()> {
        if len > SimDisk::MAX_LEN {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        let (happens, outcome) = self.stroke();
        if happens {
            let growing = len > self.content(id)?.len();
            if growing && self.room(id)?.is_some_and(|room| room < len) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let op = self.stats.ops;
            self.content_mut(id)?.set_len(op, len);
        }
        outcome
    }

    pub(super) fn sync(&mut self, id: FileId) -> io::Result<()> {
        let turn = self.turn();
        self.stats.syncs += 1;
        let dropped = self.faults.syncs.remove(&self.stats.syncs);
        let State { files, rng, .. } = self;
        let content = &mut files.get_mut(&id).ok_or(io::ErrorKind::NotFound)?.content;
        match (turn, dropped) {
            (Turn::Go, None) => {
                content.sync();
                Ok(())
            }
            // What was on its way is settled with the rest, when the power comes back.
            (Turn::Cut, _) => Err(power_is_off()),
            (Turn::Fail(kind), _) => {
                content.fail_sync(|| false);
                Err(kind.into())
            }
            (Turn::Go, Some(Dropped::Everything)) => {
                content.fail_sync(|| false);
                Err(io::Error::other("the flush failed"))
            }
            (Turn::Go, Some(Dropped::SomeSectors)) => {
                content.fail_sync(|| rng.coin());
                Err(io::Error::other("the flush failed"))
            }
        }
    }

    /// How long this file may become; `None` is without bound.
    fn room(&self, id: FileId) -> io::Result<Option<u64>> {
        if self.capacity.is_none() {
            return Ok(None);
        }
        // A file never shrinks because the disk is too full.
        Ok(Some(self.content(id)?.len() + self.space().free))
    }

    /// The room there is, and how much of it is left.
    pub(super) fn space(&self) -> Space {
        let Some(total) = self.capacity else {
            return Space { free: u64::MAX, total: u64::MAX };
        };
        let named: BTreeSet<FileId> = self.names.named().map(|(_, id)| id).collect();
        let counted = self.files.iter().filter(|(id, file)| file.handles > 0 || named.contains(id));
        let used: u64 = counted.map(|(_, file)| file.content.len()).sum();
        Space { free: total.saturating_sub(used), total }
    }

    /// How the next power cut ends, interesting cases more often.
    pub(super) fn some_survival(&mut self) -> Survival {
        match self.rng.below(8) {
            0 => Survival::All,
            1 => Survival::None,
            2 | 3 => Survival::Prefix,
            _ => Survival::Scatter,
        }
    }

    pub(super) fn power_cut(&mut self, survival: Survival) {
        self.stats.cuts += 1;
        let last = match survival {
            Survival::All => u64::MAX,
            Survival::None | Survival::Scatter => 0,
            Survival::Prefix => self.some_op(),
        };
        let State { names, files, rng, .. } = self;
        if survival == Survival::Scatter {
            names.settle(|ops| scattered(ops, rng));
            for file in files.values_mut() {
                let chance = eighths(rng);
                file.content.settle(|_| rng.below(8) < chance);
            }
        } else {
            names.settle(|ops| ops.iter().map(|&op| op <= last).collect());
            for file in files.values_mut() {
                file.content.settle(|op| op <= last);
            }
        }
        self.off = false;
        self.restart();
        self.sweep();
    }

    /// Some operation since the first that a cut could undo, or the one before it.
    fn some_op(&mut self) -> u64 {
        let files = self.files.values().filter_map(|file| file.content.oldest_unsynced());
        let Some(oldest) = files.chain(self.names.oldest_unsynced()).min() else {
            return 0;
        };
        oldest - 1 + self.rng.below(self.stats.ops + 2 - oldest)
    }

    /// A new start of the program: no handles, no locks, no faults.
    pub(super) fn restart(&mut self) {
        self.start += 1;
        self.locks.clear();
        self.faults = Faults::default();
        self.files.values_mut().for_each(|file| file.handles = 0);
    }

    /// Counts a mutating operation and says what befalls it.
    fn turn(&mut self) -> Turn {
        self.stats.ops += 1;
        if self.faults.cut == Some(self.stats.ops) {
            self.off = true;
            return Turn::Cut;
        }
        self.faults.ops.remove(&self.stats.ops).map_or(Turn::Go, Turn::Fail)
    }

    /// The turn of an operation that happens wholly or not at all: whether it does, and what the caller hears.
    fn stroke(&mut self) -> (bool, io::Result<()>) {
        match self.turn() {
            Turn::Go => (true, Ok(())),
            Turn::Cut => (self.rng.coin(), Err(power_is_off())),
            Turn::Fail(kind) => (false, Err(kind.into())),
        }
    }

    fn sweep_if_many(&mut self) {
        if self.files.len() >= self.sweep_at {
            self.sweep();
            self.sweep_at = 64 + 2 * self.files.len();
        }
    }

    /// Forgets the files that nothing can reach any more.
    fn sweep(&mut self) {
        let reachable = self.names.reachable();
        self.files.retain(|id, file| file.handles > 0 || reachable.contains(id));
    }
}

/// Odds that make the extremes frequent.
fn eighths(rng: &mut Rng) -> u64 {
    match rng.below(5) {
        0 => 0,
        1 => 1,
        2 => 4,
        3 => 7,
        _ => 8,
    }
}

/// Which changes of a directory survive: the first few, or each for itself.
fn scattered(ops: &[u64], rng: &mut Rng) -> Vec<bool> {
    if rng.coin() {
        let kept = rng.below(ops.len() as u64 + 1);
        return (0..ops.len() as u64).map(|nth| nth < kept).collect();
    }
    let chance = eighths(rng);
    ops.iter().map(|_| rng.below(8) < chance).collect()
}

pub(super) fn power_is_off() -> io::Error {
    io::Error::other("the power is off")
}
