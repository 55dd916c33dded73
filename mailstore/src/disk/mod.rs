//! The disk as the store sees it: a few file operations behind the traits [`Disk`] and [`DiskFile`], so that a
//! power cut, a full disk or a failed flush is a test case with a seed.
//!
//! [`RealDisk`] is the operating system's file system; [`SimDisk`] lives in memory, forgets and reorders what was
//! not flushed, and fails where a test asks it to.
//!
//! Invariants that both keep, and callers may build on:
//! - Data and length of a file are durable after [`DiskFile::sync`], and not before.
//! - A file's *name* (created, renamed, removed) is durable after [`Disk::sync_dir`] of its directory, and not before:
//!   flushing the file does not do it. A rename that is not yet durable leaves the old file or the new one under the
//!   target's name, never none.
//! - A directory made by [`Disk::create_dir`] is durable when the call returns.
//! - Nothing is buffered in the process: a write that returned is seen by every handle of the file.
//!
//! On failure: an error of `write_at` leaves any part of the data written. After an error of `sync` the data may never
//! reach the disk although reads show it and later flushes succeed (Linux marks the pages clean); who gets one must
//! write the data again, elsewhere.

mod real;
mod room;
mod sim;
#[cfg(test)]
mod tests;

use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

pub use real::RealDisk;
pub(crate) use room::{Left, Room};
pub use sim::{Fault, SimDisk, Stats, Survival};

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Open {
    /// It must exist; read only.
    Read,
    /// It must exist; read and write.
    Write,
    /// Created empty if absent; read and write, never truncated.
    Create,
    /// It must not exist; read and write.
    CreateNew,
}

/// Files by name. Paths are used as they are given; both disks tell files apart by path, not by content.
pub trait Disk: Send + Sync + Debug {
    /// Opens a file (mode 0600 when it is created). `NotFound` or `AlreadyExists` as [`Open`] says.
    fn open(&self, path: &Path, how: Open) -> io::Result<Box<dyn DiskFile>>;

    /// Gives a file another name, at one stroke, replacing a file of that name. Open handles follow the file.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file's name. Handles that are open go on working.
    fn remove(&self, path: &Path) -> io::Result<()>;

    /// The full paths of the plain files in a directory, sorted.
    fn list(&self, dir: &Path) -> io::Result<Vec<PathBuf>>;

    /// Makes a directory and its missing parents (mode 0700), durably; nothing happens if it exists.
    fn create_dir(&self, dir: &Path) -> io::Result<()>;

    /// Makes durable which names the directory holds.
    fn sync_dir(&self, dir: &Path) -> io::Result<()>;

    /// Takes the exclusive lock on a file (created if absent) until the guard is dropped; `WouldBlock` when another
    /// process or another guard holds it.
    fn lock(&self, path: &Path) -> io::Result<Box<dyn Send + Sync>>;

    /// How much room the file system of a directory has.
    fn space(&self, dir: &Path) -> io::Result<Space>;

    /// Whether what is elsewhere done by a thread beside the writer is to be done in turn with it, so that a run with
    /// a seed can be repeated.
    fn takes_turns(&self) -> bool {
        false
    }
}

/// The room of a file system, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Space {
    /// What this process may still take.
    pub free: u64,
    /// What there is in all.
    pub total: u64,
}

/// An open file. Offsets and lengths in bytes.
#[expect(clippy::len_without_is_empty, reason = "nobody asks a file whether it is empty")]
pub trait DiskFile: Send + Sync + Debug {
    /// Fills the whole buffer; `UnexpectedEof` when the file ends before.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// Writes all the data, extending the file where needed; what lies between the old end and the data reads as
    /// zeros.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Cuts the file, or extends it with zeros.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// The file's length.
    fn len(&self) -> io::Result<u64>;

    /// Makes data and length durable (fdatasync); not the name.
    fn sync(&self) -> io::Result<()>;
}
