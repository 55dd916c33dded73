//! IMAP: the face of the mailstore for mail programs.
//!
//! | question | where |
//! | --- | --- |
//! | how are octets cut into lines and literals? | [`frame`] |
//! | how is a command read? | [`grammar`] |
//! | how are responses written? | [`encode`] |
//! | what does a command do? | [`session`], one file per group of commands |
//! | who may log in? | [`login`]: a trait that the program implements |
//! | which messages hold a text? | [`texts`]: another |
//! | timers, and what is read | [`serve`], over the sockets of `listener` |
//!
//! Invariants: a session does no I/O on its connection; a change is answered when it is on stable storage; sequence
//! numbers change only when the client is told. Failure: a peer that breaks a bound loses its command or its
//! connection, never another's.

pub mod encode;
pub mod frame;
pub mod grammar;
pub mod login;
pub mod name;
pub mod serve;
pub mod session;
pub mod texts;

pub use login::{Denied, LogIn, Opened, Peer};
pub use texts::{Texts, Unindexed};

/// Octets of a message that APPEND takes.
// RFC 7889 §3
pub const APPEND_LIMIT: u32 = 26_214_400;
