//! Unsealed blocks in memory, up to a fixed number: those used last.

use super::BLOCK;
use lru::LruCache;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

/// Octets of unsealed blocks that an operator keeps.
pub(crate) const CACHE_OCTETS: usize = 32 * 1024 * 1024;

/// A file that was opened: numbers are never used again, so a new file of an old name meets no
/// block of the old one.
pub(super) type FileNumber = u64;

/// Blocks by file and number.
type Blocks = LruCache<(FileNumber, u64), Arc<[u8]>>;

/// The blocks read last.
#[derive(Debug)]
pub(super) struct Cache(Mutex<Blocks>);

impl Default for Cache {
    fn default() -> Self {
        let blocks = NonZeroUsize::new(CACHE_OCTETS / BLOCK).unwrap_or(NonZeroUsize::MIN);
        Self(Mutex::new(LruCache::new(blocks)))
    }
}

impl Cache {
    pub(super) fn get(&self, file: FileNumber, block: u64) -> Option<Arc<[u8]>> {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.get(&(file, block)).cloned()
    }

    pub(super) fn put(&self, file: FileNumber, block: u64, content: Arc<[u8]>) {
        let mut blocks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        blocks.put((file, block), content);
    }
}
