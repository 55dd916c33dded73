//! tantivy's directory over sealed files.
//!
//! What tantivy asks for and what is kept here: a file that was terminated is on the disk; its name
//! is, after `sync_directory`; replacing `meta.json` is at one stroke and durable at return; a file
//! that was deleted goes on being readable by who has it open.

use super::cache::Cache;
use super::file::{HEADER_LEN, Keys, Reader, Writer};
use super::latch::Latch;
use mailstore::disk::{Disk, Open};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tantivy::directory::error::{DeleteError, LockError, OpenReadError, OpenWriteError};
use tantivy::directory::{
    Directory, DirectoryLock, FileHandle, INDEX_WRITER_LOCK, Lock, WatchCallback, WatchHandle,
    WritePtr,
};

/// What stands behind a name while the file is being written that is to replace it.
const NEW: &str = ".new";

/// A folder of sealed files. Clones share it.
#[derive(Debug, Clone)]
pub(crate) struct SealedDirectory(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    keys: Keys,
    cache: Arc<Cache>,
    opened: AtomicU64,
    writing: Arc<Latch>,
    meta: Arc<Latch>,
}

impl SealedDirectory {
    /// The folder `dir`, which exists.
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: PathBuf, keys: Keys) -> Self {
        Self(Arc::new(Shared {
            disk,
            dir,
            keys,
            cache: Arc::default(),
            opened: AtomicU64::new(0),
            writing: Arc::default(),
            meta: Arc::default(),
        }))
    }

    fn reader(&self, path: &Path) -> io::Result<Reader> {
        let Shared { disk, dir, keys, cache, opened, .. } = &*self.0;
        let file = disk.open(&dir.join(path), Open::Read)?;
        let number = opened.fetch_add(1, Ordering::Relaxed);
        Reader::new(file, keys, name_of(path), number, Arc::clone(cache))
    }

    fn read(&self, path: &Path) -> Result<Reader, OpenReadError> {
        self.reader(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => OpenReadError::FileDoesNotExist(path.to_path_buf()),
            _ => OpenReadError::wrap_io_error(error, path.to_path_buf()),
        })
    }

    /// Removes every file: the index is to be made again.
    pub(crate) fn clear(&self) -> io::Result<()> {
        for path in self.0.disk.list(&self.0.dir)? {
            self.shred(&path)?;
        }
        self.0.disk.sync_dir(&self.0.dir)
    }

    /// Overwrites a file's key, then removes the file.
    fn shred(&self, path: &Path) -> io::Result<()> {
        let file = self.0.disk.open(path, Open::Write)?;
        file.write_at(0, &[0; HEADER_LEN])?;
        file.sync()?;
        self.0.disk.remove(path)
    }

    fn replace(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        let Shared { disk, dir, keys, .. } = &*self.0;
        let to = dir.join(path);
        let mut new = to.clone().into_os_string();
        new.push(NEW);
        let new = PathBuf::from(new);
        match disk.remove(&new) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let mut writer = Writer::new(disk.open(&new, Open::CreateNew)?, keys, name_of(path))?;
        writer.write_all(content)?;
        writer.finish()?;
        disk.rename(&new, &to)?;
        disk.sync_dir(dir)
    }
}

/// What binds a file to its name.
fn name_of(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

impl Directory for SealedDirectory {
    fn get_file_handle(&self, path: &Path) -> Result<Arc<dyn FileHandle>, OpenReadError> {
        Ok(Arc::new(self.read(path)?))
    }

    fn delete(&self, path: &Path) -> Result<(), DeleteError> {
        self.shred(&self.0.dir.join(path)).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => DeleteError::FileDoesNotExist(path.to_path_buf()),
            _ => DeleteError::IoError { io_error: Arc::new(error), filepath: path.to_path_buf() },
        })
    }

    fn exists(&self, path: &Path) -> Result<bool, OpenReadError> {
        match self.0.disk.open(&self.0.dir.join(path), Open::Read) {
            Ok(_) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(OpenReadError::wrap_io_error(error, path.to_path_buf())),
        }
    }

    fn open_write(&self, path: &Path) -> Result<WritePtr, OpenWriteError> {
        let Shared { disk, dir, keys, .. } = &*self.0;
        let begun = disk
            .open(&dir.join(path), Open::CreateNew)
            .and_then(|file| Writer::new(file, keys, name_of(path)));
        match begun {
            Ok(writer) => Ok(BufWriter::new(Box::new(writer))),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Err(OpenWriteError::FileAlreadyExists(path.to_path_buf()))
            }
            Err(error) => Err(OpenWriteError::wrap_io_error(error, path.to_path_buf())),
        }
    }

    fn atomic_read(&self, path: &Path) -> Result<Vec<u8>, OpenReadError> {
        let read = self.read(path)?.read_all();
        read.map_err(|error| OpenReadError::wrap_io_error(error, path.to_path_buf()))
    }

    fn atomic_write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.replace(path, content)
    }

    fn sync_directory(&self) -> io::Result<()> {
        self.0.disk.sync_dir(&self.0.dir)
    }

    fn acquire_lock(&self, lock: &Lock) -> Result<DirectoryLock, LockError> {
        let of_writer = lock.filepath == INDEX_WRITER_LOCK.filepath;
        let latch = if of_writer { &self.0.writing } else { &self.0.meta };
        let held = latch.take(lock.is_blocking).ok_or(LockError::LockBusy)?;
        Ok(DirectoryLock::from(Box::new(held)))
    }

    fn watch(&self, _: WatchCallback) -> tantivy::Result<WatchHandle> {
        // Readers are reloaded by who commits.
        Ok(WatchHandle::empty())
    }
}
