//! An index from texts to numbers that keeps four octets of each text's hash.
//!
//! Invariant: [`Hashed::rows`] gives every row of a key and may give others: the caller compares.
//! Failure: there is none.

use std::hash::{BuildHasher, RandomState};

#[derive(Default)]
pub(crate) struct Hashed {
    entries: Vec<(u32, u32)>,
    hasher: RandomState,
}

impl Hashed {
    pub(crate) fn add(&mut self, key: &str, row: u32) {
        self.entries.push((self.hash(key), row));
    }

    /// To be called once, when every key is in.
    pub(crate) fn settle(&mut self) {
        self.entries.sort_unstable();
        self.entries.dedup();
        self.entries.shrink_to_fit();
    }

    pub(crate) fn rows(&self, key: &str) -> impl Iterator<Item = u32> {
        let hash = self.hash(key);
        let from = self.entries.partition_point(|(other, _)| *other < hash);
        let entries = self.entries.get(from..).unwrap_or_default();
        entries.iter().take_while(move |(other, _)| *other == hash).map(|(_, row)| *row)
    }

    #[allow(clippy::cast_possible_truncation, reason = "half of a hash is a hash")]
    fn hash(&self, key: &str) -> u32 {
        self.hasher.hash_one(key) as u32
    }
}
