//! Faults: power cuts, failing and damaged disks.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "faults/beside.rs"]
mod beside;
#[path = "faults/bulk.rs"]
mod bulk;
#[path = "faults/clock.rs"]
mod clock;
#[path = "faults/damage.rs"]
mod damage;
#[path = "faults/flush.rs"]
mod flush;
#[path = "faults/full.rs"]
mod full;
#[path = "faults/power.rs"]
mod power;
#[path = "faults/segments.rs"]
mod segments;
#[path = "faults/slow.rs"]
mod slow;
#[path = "faults/snapshots.rs"]
mod snapshots;
#[path = "faults/world.rs"]
mod world;
