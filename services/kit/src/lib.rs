//! What services share: the contract, and the runner that follows the change log.
//!
//! ```text
//! Service    names the changes it follows, handles one at a time     service.rs
//! Effects    what a change leads to: records, mail                   effects.rs
//! Runner     works what is pending; commits effects with the cursor  runner.rs
//! ```
//! Invariants: a change's effects and the service's cursor are one transaction, so a crash between
//! them cannot be; a service that fails on a change parks it with the reason and goes on: mail is
//! never held back. A consumer is registered where the store is opened.

mod effects;
mod parked;
mod runner;
mod service;

pub use effects::{Effects, NotCommitted};
pub use parked::{ParkedChange, parked};
pub use runner::Runner;
pub use service::{Failure, Handling, Service};
