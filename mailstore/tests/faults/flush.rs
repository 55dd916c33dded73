//! Failed flushes: the store reopens itself, and what it had acknowledged stays.
//!
//! A disk that fails a flush drops what was to be flushed and goes on showing it, as Linux does.
//! So each test ends in power cuts, after which only what truly reached the disk is left.

use crate::world::World;
use mailstore::disk::Survival;
use mailstore::{Condition, Fault, StoreError};
use std::collections::BTreeMap;
use std::io;

/// A store with one account, and one message in it.
fn running(seed: u64) -> World {
    let mut world = World::new(seed);
    world.open().unwrap();
    world.create().unwrap();
    world.deliver("p0", 1).unwrap();
    world
}

fn condition(world: &World) -> Condition {
    world.store.as_ref().unwrap().vitals().condition
}

#[test]
fn after_a_failed_flush_one_group_fails_for_the_moment_and_the_store_goes_on() {
    let mut world = running(1);
    world.disk.fail_sync(1);
    let failed = world.deliver("p0", 2).unwrap_err();
    assert_eq!(failed.fault(), Fault::Temporary, "{failed:?}");
    let vitals = world.store.as_ref().unwrap().vitals();
    assert_eq!((vitals.condition, vitals.failed_flushes), (Condition::Sound, 1));
    world.deliver("p0", 3).unwrap();
    let account = world.account("p0").unwrap().unwrap();
    assert_eq!(world.found(account), BTreeMap::from([(1, 1), (3, 1)]));
    world.end("after a failed flush");
}

/// The frame whose flush failed reached the disk in part or whole: it must not come back, since
/// what was acknowledged after it stands at its place in the order.
#[test]
fn what_a_failed_flush_left_on_the_disk_is_void() {
    for seed in 0..50 {
        let mut world = running(seed);
        world.disk.fail_sync_partly(1);
        world.deliver("p0", 2).unwrap_err();
        world.deliver("p0", 3).unwrap();
        world.store = None;
        world.disk.power_cut_with(Survival::All);
        world.open().unwrap();
        let account = world.account("p0").unwrap().unwrap();
        assert_eq!(world.found(account), BTreeMap::from([(1, 1), (3, 1)]), "seed {seed}");
        world.end(&format!("seed {seed}"));
    }
}

#[test]
fn a_store_that_cannot_reopen_itself_is_for_reading_only_until_it_is_opened_again() {
    let mut world = running(1);
    world.disk.fail_sync(1);
    world.disk.fail_sync(2);
    let failed = world.deliver("p0", 2).unwrap_err();
    assert_eq!(failed.fault(), Fault::Temporary, "{failed:?}");
    assert!(matches!(condition(&world), Condition::ReadOnly(_)));
    let refused = world.deliver("p0", 3).unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly(_)), "{refused:?}");
    let account = world.account("p0").unwrap().unwrap();
    assert_eq!(world.found(account), BTreeMap::from([(1, 1)]), "reading goes on");
    world.open().unwrap();
    world.deliver("p0", 3).unwrap();
    world.end("after a store that could not reopen itself");
}

#[test]
fn a_failed_flush_of_a_new_key_costs_one_account_its_creation_and_nothing_else() {
    let mut world = running(1);
    world.disk.fail_sync(1);
    let failed = world.create().unwrap_err();
    assert_eq!(failed.fault(), Fault::Temporary, "{failed:?}");
    assert_eq!(condition(&world), Condition::Sound);
    world.create().unwrap();
    world.deliver("p2", 2).unwrap();
    world.end("after a failed flush of the keystore");
}

/// The flushes of a workload of forty steps, each failed once, and then the power.
fn failing_flush(seed: u64, nth: u64, partly: bool) -> bool {
    let context = format!("seed {seed}, flush {nth}, partly {partly}");
    let mut world = World::new(seed);
    world.open().unwrap();
    let before = world.disk.stats().syncs;
    if partly {
        world.disk.fail_sync_partly(nth);
    } else {
        world.disk.fail_sync(nth);
    }
    let mut failed = 0;
    for step in 0..40 {
        match world.step() {
            Ok(()) => {}
            Err(error) => {
                failed += 1;
                assert_eq!(error.fault(), Fault::Temporary, "{context}, step {step}: {error:?}");
            }
        }
        if world.store.is_none() {
            world.open().unwrap_or_else(|error| panic!("{context}: {error:?}"));
        }
    }
    assert!(failed <= 1, "{context}: {failed} steps failed");
    let reached = world.disk.stats().syncs >= before + nth;
    world.store = None;
    world.disk.power_cut();
    world.end(&context);
    reached
}

#[test]
fn every_flush_of_a_workload_may_fail_once_and_the_power_go_after_it() {
    for seed in 100..102 {
        let reached = (1..).take_while(|nth| failing_flush(seed, *nth, nth % 2 == 0)).count();
        assert!(reached > 40, "seed {seed}: only {reached} flushes");
    }
}

#[test]
fn every_operation_of_a_workload_may_fail_once_and_the_power_go_after_it() {
    for nth in (1..250).step_by(2) {
        let context = format!("operation {nth}");
        let mut world = World::new(nth);
        world.open().unwrap();
        world.disk.fail_op(nth, io::ErrorKind::Other);
        for _ in 0..40 {
            let _ = world.step();
            if world.store.is_none() {
                world.open().unwrap_or_else(|error| panic!("{context}: {error:?}"));
            }
        }
        world.store = None;
        world.disk.power_cut();
        world.end(&context);
    }
}
