//! The directories of the simulated disk: which names there are, and which of them a power cut leaves.
//!
//! Changes of names are kept in order until their directory is flushed. A rename within a directory is one change. A
//! rename across directories is two, the new name and the end of the old one, and the second never becomes durable
//! before the first: a cut may leave the file under both names, never under none.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io;
use std::path::{Component, Path, PathBuf};

/// A file, whatever its name.
pub(super) type FileId = u64;

#[derive(Clone, Debug)]
pub(super) struct Names {
    dirs: BTreeMap<PathBuf, Dir>,
    /// In the order in which they were made.
    unsynced: Vec<Change>,
}

#[derive(Clone, Debug, Default)]
struct Dir {
    seen: BTreeMap<OsString, FileId>,
    durable: BTreeMap<OsString, FileId>,
}

#[derive(Clone, Debug)]
struct Change {
    op: u64,
    dir: PathBuf,
    /// Ends this name, if it still stands for this file.
    unset: Option<(OsString, FileId)>,
    set: Option<(OsString, FileId)>,
    /// Second half of a rename across directories: waits for the first, which has the same `op`.
    follows: bool,
}

/// A path, taken apart.
pub(super) struct Place {
    dir: PathBuf,
    name: OsString,
}

impl Names {
    /// The root, and the directory of relative names.
    pub(super) fn new() -> Names {
        let dirs = [PathBuf::new(), PathBuf::from("/")].map(|dir| (dir, Dir::default()));
        Names { dirs: BTreeMap::from(dirs), unsynced: Vec::new() }
    }

    /// The place of a file's name; `NotFound` without its directory, `IsADirectory` when the name is taken by one.
    pub(super) fn place(&self, path: &Path) -> io::Result<Place> {
        let path = plain(path);
        if self.dirs.contains_key(&path) {
            return Err(failure(io::ErrorKind::IsADirectory, &path));
        }
        let (Some(dir), Some(name)) = (path.parent(), path.file_name()) else {
            return Err(failure(io::ErrorKind::InvalidInput, &path));
        };
        if !self.dirs.contains_key(dir) {
            return Err(failure(io::ErrorKind::NotFound, &path));
        }
        Ok(Place { dir: dir.to_owned(), name: name.to_owned() })
    }

    pub(super) fn get(&self, place: &Place) -> Option<FileId> {
        self.dirs.get(&place.dir)?.seen.get(&place.name).copied()
    }

    pub(super) fn find(&self, path: &Path) -> io::Result<(Place, FileId)> {
        let place = self.place(path)?;
        let file = self.get(&place).ok_or_else(|| failure(io::ErrorKind::NotFound, path))?;
        Ok((place, file))
    }

    pub(super) fn create(&mut self, op: u64, place: Place, file: FileId) {
        let Place { dir, name } = place;
        self.make(Change { op, dir, unset: None, set: Some((name, file)), follows: false });
    }

    pub(super) fn remove(&mut self, op: u64, place: Place, file: FileId) {
        let Place { dir, name } = place;
        self.make(Change { op, dir, unset: Some((name, file)), set: None, follows: false });
    }

    pub(super) fn rename(&mut self, op: u64, from: Place, to: Place, file: FileId) {
        let (unset, set) = (Some((from.name, file)), Some((to.name, file)));
        if from.dir == to.dir {
            self.make(Change { op, dir: to.dir, unset, set, follows: false });
        } else {
            self.make(Change { op, dir: to.dir, unset: None, set, follows: false });
            self.make(Change { op, dir: from.dir, unset, set: None, follows: true });
        }
    }

    fn make(&mut self, change: Change) {
        if let Some(dir) = self.dirs.get_mut(&change.dir) {
            change.apply(&mut dir.seen);
            self.unsynced.push(change);
        }
    }

    /// The directories that `create_dir` would have to make, outermost first.
    pub(super) fn missing(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        let dir = plain(dir);
        let mut missing: Vec<&Path> =
            dir.ancestors().filter(|path| !self.dirs.contains_key(*path)).collect();
        missing.reverse();
        if let Some(outermost) = missing.first()
            && let Ok(place) = self.place(outermost)
            && self.get(&place).is_some()
        {
            return Err(failure(io::ErrorKind::AlreadyExists, outermost));
        }
        Ok(missing.into_iter().map(Path::to_owned).collect())
    }

    pub(super) fn add_dir(&mut self, dir: PathBuf) {
        self.dirs.entry(dir).or_default();
    }

    pub(super) fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>> {
        let found =
            self.dirs.get(&plain(dir)).ok_or_else(|| failure(io::ErrorKind::NotFound, dir))?;
        Ok(found.seen.keys().map(|name| dir.join(name)).collect())
    }

    pub(super) fn has_dir(&self, dir: &Path) -> io::Result<()> {
        let found = self.dirs.contains_key(&plain(dir));
        found.then_some(()).ok_or_else(|| failure(io::ErrorKind::NotFound, dir))
    }

    /// A flush of one directory.
    pub(super) fn sync(&mut self, dir: &Path) {
        let dir = plain(dir);
        for change in std::mem::take(&mut self.unsynced) {
            // What is kept is in order, so the first half of a rename that is still unsynced is among it.
            let waits = change.follows && self.unsynced.iter().any(|first| first.op == change.op);
            if change.dir != dir || waits {
                self.unsynced.push(change);
            } else if let Some(dir) = self.dirs.get_mut(&change.dir) {
                change.apply(&mut dir.durable);
            }
        }
    }

    /// The power went: `survivors` gets the unsynced operations of one directory, in order, and says which of them
    /// are on the disk.
    pub(super) fn settle(&mut self, mut survivors: impl FnMut(&[u64]) -> Vec<bool>) {
        let changes = std::mem::take(&mut self.unsynced);
        let mut ops: BTreeMap<&Path, Vec<u64>> = BTreeMap::new();
        for change in &changes {
            ops.entry(&change.dir).or_default().push(change.op);
        }
        let mut fates: BTreeMap<&Path, _> =
            ops.into_iter().map(|(dir, ops)| (dir, survivors(&ops).into_iter())).collect();
        let mut undone = BTreeSet::new();
        for change in &changes {
            let picked = fates.get_mut(change.dir.as_path()).and_then(Iterator::next) == Some(true);
            if !picked || (change.follows && undone.contains(&change.op)) {
                undone.insert(change.op);
            } else if let Some(dir) = self.dirs.get_mut(&change.dir) {
                change.apply(&mut dir.durable);
            }
        }
        for path in fates.into_keys() {
            if let Some(dir) = self.dirs.get_mut(path) {
                dir.seen = dir.durable.clone();
            }
        }
    }

    /// Every file that has a name.
    pub(super) fn named(&self) -> impl Iterator<Item = (PathBuf, FileId)> {
        self.dirs.iter().flat_map(|(path, dir)| {
            dir.seen.iter().map(move |(name, &file)| (path.join(name), file))
        })
    }

    /// Every file that has a name or could have one again after a power cut.
    pub(super) fn reachable(&self) -> BTreeSet<FileId> {
        let dirs = self.dirs.values().flat_map(|dir| dir.seen.values().chain(dir.durable.values()));
        let changes =
            self.unsynced.iter().filter_map(|change| change.set.as_ref().map(|(_, file)| file));
        dirs.chain(changes).copied().collect()
    }

    /// The first operation that a cut could undo.
    pub(super) fn oldest_unsynced(&self) -> Option<u64> {
        self.unsynced.first().map(|change| change.op)
    }
}

impl Change {
    fn apply(&self, entries: &mut BTreeMap<OsString, FileId>) {
        if let Some((name, file)) = &self.unset
            && entries.get(name) == Some(file)
        {
            entries.remove(name);
        }
        if let Some((name, file)) = &self.set {
            entries.insert(name.clone(), *file);
        }
    }
}

/// The path without `.` and without a slash at its end.
fn plain(path: &Path) -> PathBuf {
    path.components().filter(|component| *component != Component::CurDir).collect()
}

pub(super) fn failure(kind: io::ErrorKind, path: &Path) -> io::Error {
    io::Error::new(kind, path.display().to_string())
}
