//! Whether the disk has room for more, with some kept in reserve.
//!
//! Under the reserve no mail is taken in; small changes go on, so that people can log in, read,
//! mark and move. Under half of it only what makes room is written: erasing, expunging,
//! compacting. So a disk that fills up is met while the store can still be helped, and neither
//! the index nor the keystore ever meets one that is full to the last octet, unless somebody else
//! fills it. Nothing is remembered but what was told: each question asks the disk, so room that
//! comes back is used at once.

use super::Disk;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The reserve is this part of the disk, between the two bounds.
const PART: u64 = 20;
const LEAST: u64 = 4 * 1024 * 1024;
const MOST: u64 = 256 * 1024 * 1024;

/// How much room is left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Left {
    /// Enough for mail.
    Ample,
    /// Some of the reserve: for small changes.
    Little,
    /// The last of the reserve: for what makes room.
    Last,
}

/// The room for one store.
#[derive(Debug)]
pub(crate) struct Room {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    /// What was told last.
    tight: AtomicBool,
}

impl Room {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &Path) -> Self {
        Self { disk, dir: dir.to_path_buf(), tight: AtomicBool::new(false) }
    }

    /// Whether so many octets may be written without touching the reserve. A disk that does not
    /// say is asked by writing.
    pub(crate) fn has(&self, octets: u64) -> bool {
        match self.disk.space(&self.dir) {
            Ok(space) => space.free >= reserve(space.total).saturating_add(octets),
            Err(_) => true,
        }
    }

    /// How much is left. Reaching into the reserve, and leaving it, is told once, as an alarm.
    pub(crate) fn left(&self) -> Left {
        let left = match self.disk.space(&self.dir) {
            Ok(space) if space.free < reserve(space.total) / 2 => Left::Last,
            Ok(space) if space.free < reserve(space.total) => Left::Little,
            Ok(_) | Err(_) => Left::Ample,
        };
        let tight = left != Left::Ample;
        if self.tight.swap(tight, Ordering::AcqRel) != tight {
            if tight {
                tracing::error!("ALARM: the disk is full; mail is put off until there is room");
            } else {
                tracing::warn!("the disk has room again; mail is taken in");
            }
        }
        left
    }

    /// Whether [`Room::left`] last found that the reserve is reached.
    pub(crate) fn was_tight(&self) -> bool {
        self.tight.load(Ordering::Acquire)
    }
}

/// Octets that are kept free on a disk of `total` octets.
fn reserve(total: u64) -> u64 {
    (total / PART).clamp(LEAST, MOST)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::{Open, SimDisk};

    #[test]
    fn the_reserve_is_a_twentieth_of_the_disk_within_bounds() {
        assert_eq!(reserve(0), LEAST);
        assert_eq!(reserve(1 << 30), (1 << 30) / 20);
        assert_eq!(reserve(u64::MAX), MOST);
    }

    #[test]
    fn room_that_comes_back_is_seen_at_once() {
        let disk = SimDisk::new(1);
        let room = Room::new(Arc::new(disk.clone()), Path::new("/"));
        assert!(room.has(1 << 40) && room.left() == Left::Ample);
        disk.set_capacity(Some(100 << 20));
        assert!(room.has(95 << 20) && !room.has((95 << 20) + 1));
        let file = disk.open(Path::new("/a"), Open::Create).unwrap();
        file.set_len(96 << 20).unwrap();
        assert!(room.left() == Left::Little && room.was_tight());
        file.set_len(98 << 20).unwrap();
        assert_eq!(room.left(), Left::Last);
        file.set_len(0).unwrap();
        assert!(room.left() == Left::Ample && !room.was_tight());
    }
}
