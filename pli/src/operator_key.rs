//! The operator's key file: 64 hexadecimal digits, readable by its owner only.
//!
//! Without this key nothing in a store can be read. A file that others may read is refused.

use mailstore::{Random, Secret};
use pki::durable_file::{self, Access};
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Longer files are not read.
const MAX_LEN: u64 = 256;

/// Why the key could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    #[error("the operator's key {0} could not be read; name it with --key")]
    Unreadable(PathBuf, #[source] io::Error),
    #[error("the operator's key {0} could not be made")]
    Unwritable(PathBuf, #[source] io::Error),
    #[error("the operator's key {0} may be read by others: chmod 600 it")]
    Open(PathBuf),
    #[error("the operator's key {0} is not 64 hexadecimal digits")]
    Malformed(PathBuf),
}

/// Reads the operator's key; where there is no file yet, makes one.
pub(crate) fn read_or_make(path: &Path, random: &dyn Random) -> Result<Secret, KeyFileError> {
    if !path.exists() {
        let unwritable = |error| KeyFileError::Unwritable(path.to_owned(), error);
        let mut octets = Zeroizing::new([0; 32]);
        random.fill(octets.as_mut()).map_err(|_| unwritable(io::Error::other("no randomness")))?;
        let text = Zeroizing::new(hex::encode(octets.as_ref()));
        durable_file::replace(path, text.as_bytes(), Access::Secret).map_err(unwritable)?;
        tracing::info!(path = %path.display(), "the operator's key was made");
    }
    read(path)
}

/// Reads the operator's key.
pub(crate) fn read(path: &Path) -> Result<Secret, KeyFileError> {
    let unreadable = |error| KeyFileError::Unreadable(path.to_owned(), error);
    let file = File::open(path).map_err(unreadable)?;
    if file.metadata().map_err(unreadable)?.permissions().mode() & 0o077 != 0 {
        return Err(KeyFileError::Open(path.to_owned()));
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_LEN).read_to_string(&mut text).map_err(unreadable)?;
    let mut bytes = Zeroizing::new([0; 32]);
    hex::decode_to_slice(text.trim(), bytes.as_mut())
        .map_err(|_| KeyFileError::Malformed(path.to_owned()))?;
    Ok(Secret::from_bytes(*bytes))
}
