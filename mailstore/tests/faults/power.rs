//! Power cuts, failed and short writes: nothing acknowledged is ever lost or doubled.
//!
//! A seeded workload (accounts made and erased, messages delivered, flagged and expunged, the
//! store closed and opened again) runs on a simulated disk that forgets and reorders what was not
//! flushed. At a seeded point the power goes; the store is opened again, perhaps with another cut
//! during recovery; what was acknowledged must be there once and whole, what was not may be there
//! once or not at all, and after the peer's repetition everything is there once. `verify` must
//! find nothing.

use crate::world::World;
use mailstore::disk::{Fault, Survival};
use std::io;

fn cut(seed: u64) {
    let mut world = World::new(seed);
    world.open().unwrap();
    let at = 1 + world.dice.roll(250);
    world.disk.cut_after(at);
    while !world.disk.is_off() {
        // An error without a cut would be a defect; the check below finds what it cost.
        if world.step().is_err() {
            assert!(world.disk.is_off(), "seed {seed}: a step failed with the power on");
        }
    }
    world.store = None;
    world.disk.power_cut();
    while world.dice.roll(3) == 0 {
        let at = 1 + world.dice.roll(40);
        world.disk.cut_after(at);
        let _ = world.open();
        world.store = None;
        world.disk.power_cut();
    }
    world.end(&format!("seed {seed}, cut at operation {at}"));
}

fn fault(seed: u64) {
    let mut world = World::new(seed);
    world.open().unwrap();
    let at = 1 + world.dice.roll(150);
    match world.dice.roll(6) {
        0 => world.disk.fail_write(at, Fault::Short),
        1 => world.disk.fail_write(at, Fault::NoSpace),
        2 => world.disk.fail_write(at, Fault::Error(io::ErrorKind::Other)),
        3 => world.disk.fail_sync(1 + at / 3),
        4 => world.disk.fail_sync_partly(1 + at / 3),
        _ => world.disk.fail_op(at, io::ErrorKind::StorageFull),
    }
    for _ in 0..80 {
        // A failed write or flush fails one group; a failed opening leaves no store.
        let _ = world.step();
        if world.store.is_none() {
            world.open().unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
        }
    }
    let context = format!("seed {seed}, fault at {at}");
    world.store = None;
    match world.dice.roll(2) {
        0 => world.disk.power_cut(),
        _ => world.disk.kill_process(),
    }
    world.end(&context);
}

/// Each test takes a quarter of the seeds, so that they share the machine's cores.
fn quarter(of: u64, count: u64, run: fn(u64)) {
    (0..count).filter(|seed| seed % 4 == of).for_each(run);
}

#[test]
fn five_hundred_power_cuts_lose_and_double_nothing_acknowledged_1() {
    quarter(0, 2000, cut);
}

#[test]
fn five_hundred_power_cuts_lose_and_double_nothing_acknowledged_2() {
    quarter(1, 2000, cut);
}

#[test]
fn five_hundred_power_cuts_lose_and_double_nothing_acknowledged_3() {
    quarter(2, 2000, cut);
}

#[test]
fn five_hundred_power_cuts_lose_and_double_nothing_acknowledged_4() {
    quarter(3, 2000, cut);
}

#[test]
fn two_hundred_failed_or_short_writes_lose_and_double_nothing_acknowledged() {
    (10_000..10_200).for_each(fault);
}

#[test]
fn an_account_whose_erasure_was_acknowledged_has_no_key_on_the_disk_after_a_power_cut() {
    let mut world = World::new(1);
    world.open().unwrap();
    world.create().unwrap();
    let before = world.disk.read_file("/store/keystore").unwrap();
    world.erase("p0").unwrap();
    world.disk.power_cut_with(Survival::None);
    let after = world.disk.read_file("/store/keystore").unwrap();
    let used =
        |octets: &[u8]| octets.chunks(128).filter(|slot| slot.iter().any(|b| *b != 0)).count();
    // The header and the operator's own key stay.
    assert_eq!((used(&before), used(&after)), (3, 2));
}
