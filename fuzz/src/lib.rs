//! Fuzzing: what reads octets from outside, as plain functions over bytes.
//!
//! | question | where |
//! | --- | --- |
//! | what is fuzzed? | [`TARGETS`], one function each, by subject under `targets/` |
//! | how are inputs made? | [`Mutator`] |
//! | who runs it? | `tests/drive.rs`: every target from its corpus, with a budget of seconds |
//! | where do inputs lie? | `corpus/TARGET/`, a file each: fictitious, small, with what was found once |
//!
//! A target is right when it returns, whatever it is given: it panics on a broken promise of the code
//! that it calls (a cut that changes a result, a text that does not read back), and the driver fails
//! it when it takes too long or too much memory. Any other driver can call it as well.

mod mutate;
mod targets;

pub use mutate::{MAX_INPUT, Mutator};
pub use targets::TARGETS;

/// A decoder or a session under test.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// Its name, and that of its folder in the corpus.
    pub name: &'static str,
    /// Reads octets; panics when something is wrong.
    pub run: fn(&[u8]),
    /// Words of its language, which the mutator puts in.
    pub words: &'static [&'static str],
}
