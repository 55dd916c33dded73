//! What services share: the contract, and the runner that follows the change log.
//!
//! ```text
//! Service    names the changes it follows, handles one at a time     service.rs
//! Effects    what a change leads to: records, mail                   effects.rs
//! Runner     works what is pending, until it is told to stop         runner.rs
//! Handler    one change: handled, committed with the cursor, parked  handler.rs
//! parked     changes that could not be handled, and trying again     parked.rs
//! rebuild    deriving again all that a service keeps                 rebuild.rs
//! ```
//! Invariants: a change's effects and the service's cursor are one transaction, so a crash between
//! them cannot be; a service that fails on a change, or panics, parks it with the reason and goes
//! on: mail is never held back. A service works on a thread that may block. A consumer is
//! registered where the store is opened.

mod effects;
mod handler;
mod parked;
mod rebuild;
mod runner;
mod service;

pub use effects::{Effects, NotCommitted};
pub use parked::{Parked, ParkedChange, all_parked, parked, retry};
pub use rebuild::{Progress, Rebuilt};
pub use runner::{NotRegistered, Runner};
pub use service::{Cause, Failure, Service, Source};
