//! Peers that mean harm, or are broken: each costs a bounded time and a bounded memory, and nobody else.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

#[path = "../land/mod.rs"]
mod land;

mod input;
mod mutations;
mod peers;

use land::{Land, Wants};
