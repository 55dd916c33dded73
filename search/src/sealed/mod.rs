//! The index's files on the disk: sealed block by block under the operator's key.
//!
//! A file is `magic and version (4), nonce (12), wrapped file key (48)`, then blocks of 16 KiB of
//! the content, each followed by its tag (AES-256-GCM). Each file has a random key of its own,
//! wrapped by a key that is derived from the operator's, with the file's name as associated data;
//! the nonce of a block is its number, with a mark on the last one, so blocks cannot be moved, left
//! out or cut off. Deleting a file first overwrites its key: what is left on the disk opens for
//! nobody.
//!
//! Invariants: content is unsealed in memory only, in a cache of fixed size; names on the disk are
//! tantivy's own (random ids and two constants); all I/O goes through [`Disk`].
//! Failure: a block that does not open is an error of that read ([`io::ErrorKind::InvalidData`]);
//! the index that meets one is thrown away and made again.

mod cache;
mod directory;
mod file;
mod latch;

pub(crate) use directory::SealedDirectory;
pub(crate) use file::Keys;

#[cfg(test)]
mod tests;

/// Octets of content in a block.
const BLOCK: usize = 16 * 1024;
