//! The citizens' site from outside, over a store in memory: what people can do, and what nobody can.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests panic"
)]

mod comfort;
mod door;
mod dossier;
mod finding;
mod hardening;
mod live;
mod reading;
mod safety;
mod serving;
mod world;
mod writing;
