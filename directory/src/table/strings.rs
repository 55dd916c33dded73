//! Many short texts in one allocation, each named by its number.
//!
//! Invariant: numbers are given in order, from 0; an interner gives 0 to the empty text, which stands for none.
//! Failure: [`TableFull`] when the arena or the numbers are used up.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hasher, RandomState};

use super::TableFull;

/// The texts.
#[derive(Default)]
pub(crate) struct Strings {
    arena: String,
    ends: Vec<u32>,
}

impl Strings {
    pub(crate) fn push(&mut self, text: &str) -> Result<u32, TableFull> {
        let number = self.len()?;
        let end = self.arena.len() + text.len();
        self.ends.push(u32::try_from(end).map_err(|_| TableFull)?);
        self.arena.push_str(text);
        Ok(number)
    }

    /// The text of a number; empty for a number that was never given.
    pub(crate) fn get(&self, number: u32) -> &str {
        let at = number as usize;
        let from = at.checked_sub(1).and_then(|at| self.ends.get(at)).copied().unwrap_or_default();
        let to = self.ends.get(at).copied().unwrap_or(from);
        self.arena.get(from as usize..to as usize).unwrap_or_default()
    }

    pub(crate) fn len(&self) -> Result<u32, TableFull> {
        u32::try_from(self.ends.len()).map_err(|_| TableFull)
    }

    /// As for slices: the number of the first text that is not `before`, in texts that are in order.
    pub(crate) fn partition_point(&self, before: impl Fn(&str) -> bool) -> u32 {
        let (mut from, mut to) = (0, u32::try_from(self.ends.len()).unwrap_or(u32::MAX));
        while from < to {
            let middle = from + (to - from) / 2;
            if before(self.get(middle)) {
                from = middle + 1;
            } else {
                to = middle;
            }
        }
        from
    }

    pub(crate) fn shrink(&mut self) {
        self.arena.shrink_to_fit();
        self.ends.shrink_to_fit();
    }
}

/// Gives equal texts one number. The table of hashes is dropped when the texts are complete.
pub(crate) struct Interner {
    strings: Strings,
    seen: ByHash,
    hasher: RandomState,
}

/// Numbers by a hash that is not hashed again.
pub(crate) type ByHash = HashMap<u64, u32, BuildHasherDefault<Hashed64>>;

/// The hash of what is a hash already.
#[derive(Default)]
pub(crate) struct Hashed64(u64);

impl Hasher for Hashed64 {
    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = self.0.rotate_left(8) ^ u64::from(*octet);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Interner {
    pub(crate) fn new() -> Result<Self, TableFull> {
        let mut strings = Strings::default();
        strings.push("")?;
        Ok(Self { strings, seen: ByHash::default(), hasher: RandomState::new() })
    }

    pub(crate) fn number(&mut self, text: &str) -> Result<u32, TableFull> {
        if text.is_empty() {
            return Ok(0);
        }
        let mut hash = self.hasher.hash_one(text);
        loop {
            match self.seen.get(&hash) {
                Some(number) if self.strings.get(*number) == text => return Ok(*number),
                // Two texts of one hash: the second takes the next free one.
                Some(_) => hash = hash.wrapping_add(1),
                None => {
                    let number = self.strings.push(text)?;
                    self.seen.insert(hash, number);
                    return Ok(number);
                }
            }
        }
    }

    /// The texts, for a reader that gives them back.
    pub(crate) fn strings_mut(&mut self) -> &mut Strings {
        &mut self.strings
    }

    pub(crate) fn finish(mut self) -> Strings {
        self.strings.shrink();
        self.strings
    }
}
