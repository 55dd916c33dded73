//! Replacing a small file so that a reader, or a power cut, finds the old one or the new one, whole.
//!
//! Invariant: when [`replace`] returns, the new contents are on stable storage under the name: written beside,
//! flushed, renamed, directory flushed. A secret has mode 0600 from its first octet.
//! Failure: the old file stays as it was; a file `….beside` may be left, which the next replacement overwrites.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The owner only: 0600.
    Secret,
    /// Everybody: 0644.
    Public,
}

impl Access {
    fn mode(self) -> u32 {
        match self {
            Self::Secret => 0o600,
            Self::Public => 0o644,
        }
    }
}

/// Replaces or makes the file at `path`.
///
/// # Errors
/// Those of the file system.
pub fn replace(path: &Path, contents: &[u8], access: Access) -> io::Result<()> {
    let beside = beside(path);
    // One left by a crash may have another mode or be a link: never write through it.
    match fs::remove_file(&beside) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file =
        OpenOptions::new().write(true).create_new(true).mode(access.mode()).open(&beside)?;
    // The process's mask may have taken bits from a public file.
    file.set_permissions(fs::Permissions::from_mode(access.mode()))?;
    file.write_all(contents)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&beside, path)?;
    sync_directory(path.parent())
}

/// Makes a directory and those above it, mode 0700 for the last.
///
/// # Errors
/// Those of the file system.
pub fn make_secret_directory(path: &Path) -> io::Result<()> {
    fs::create_dir_all(path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))?;
    sync_directory(path.parent())
}

/// Reads a file of at most `limit` octets.
///
/// # Errors
/// Those of the file system; [`io::ErrorKind::FileTooLarge`] above the limit.
pub fn read(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let mut contents = Vec::new();
    File::open(path)?.take(limit.saturating_add(1)).read_to_end(&mut contents)?;
    if u64::try_from(contents.len()).unwrap_or(u64::MAX) > limit {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "the file is too large"));
    }
    Ok(contents)
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(".beside");
    path.with_file_name(name)
}

fn sync_directory(directory: Option<&Path>) -> io::Result<()> {
    match directory {
        Some(directory) if !directory.as_os_str().is_empty() => File::open(directory)?.sync_all(),
        _ => File::open(".")?.sync_all(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::Folder;

    #[test]
    fn a_file_is_replaced_whole_with_its_mode() {
        let folder = Folder::new();
        let path = folder.path().join("key");
        fs::write(beside(&path), "left by a crash").unwrap();
        replace(&path, b"one", Access::Secret).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        replace(&path, b"two", Access::Public).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o644);
        assert_eq!(read(&path, 3).unwrap(), b"two");
        assert_eq!(read(&path, 2).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert!(!beside(&path).exists());
    }
}
