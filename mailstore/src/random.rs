//! Where random bytes come from.
//!
//! Randomness is passed in (STYLE, rule 12), so that a simulated power cut can be replayed
//! from its seed. Invariant: the product only ever uses [`SystemRandom`]. On failure of the
//! operating system's source nothing is issued: callers get an error, never weak bytes.

use std::sync::Mutex;

/// A source of random bytes.
pub trait Random: Send + Sync + std::fmt::Debug {
    /// Fills `bytes`, or says that no randomness could be had.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness>;
}

/// The operating system's generator gave nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the random number generator failed")]
pub struct NoRandomness;

/// The cryptographic generator of the product.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemRandom;

impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        aws_lc_rs::rand::fill(bytes).map_err(|_| NoRandomness)
    }
}

/// A repeatable sequence for tests and simulations. Never for keys of a real store.
#[derive(Debug)]
pub struct SeededRandom(Mutex<u64>);

impl SeededRandom {
    /// The sequence that belongs to `seed`.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(Mutex::new(seed))
    }
}

impl Random for SeededRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoRandomness> {
        let mut state = self.0.lock().map_err(|_| NoRandomness)?;
        for chunk in bytes.chunks_mut(8) {
            // splitmix64
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            z ^= z >> 31;
            for (byte, value) in chunk.iter_mut().zip(z.to_le_bytes()) {
                *byte = value;
            }
        }
        Ok(())
    }
}
