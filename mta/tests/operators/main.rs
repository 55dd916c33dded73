//! Operators in one process, each with its own certificate, store and listeners, trusting each other by the signed
//! domain list. Mail goes over real sockets: between them, from programs of their own people, and to and from peers
//! that are not Pli.
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

mod hostile;
mod letters;
mod places;
mod programs;
mod sessions;
mod submission;
mod waiting;
mod world;
