//! Sessions without sockets: what a client says, and what it is answered, command by command.
//!
//! Answers are compared without the text for people that stands behind OK, NO and BAD.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

#[path = "../land/mod.rs"]
mod land;

mod append;
mod attributes;
mod bounds;
mod changes;
mod compress;
mod condstore;
mod fetch;
mod login;
mod mailboxes;
mod qresync;
mod rev2;
mod search;
mod sort;
mod texts;

use land::{Client, Land, Wants};
