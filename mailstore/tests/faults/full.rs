//! A full disk: mail is put off, people can make room, and the store recovers alone.

use crate::world::World;
use mailstore::disk::Survival;
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::{Actor, Condition, Fault, StoreError, Transaction};
use std::io;

/// A store with two accounts and three messages in each.
fn running(seed: u64) -> World {
    let mut world = World::new(seed);
    world.open().unwrap();
    for name in ["p0", "p1"] {
        world.create().unwrap();
        (0..3).for_each(|number| world.deliver(name, number).unwrap());
    }
    world
}

fn used(world: &World) -> u64 {
    let files = world.disk.list_files();
    files.iter().map(|path| world.disk.read_file(path).unwrap().len() as u64).sum()
}

/// Leaves `free` octets on the disk.
fn leave(world: &World, free: u64) {
    world.disk.set_capacity(Some(used(world) + free));
}

fn mark_deleted(world: &World, name: &str) -> Result<(), StoreError> {
    let account = world.account(name)?.unwrap();
    let mark = |tx: &mut Transaction<'_>| -> Result<(), StoreError> {
        let inbox = tx.inbox()?;
        tx.store_flags(inbox, &[1], FlagChange::Add(Flags::DELETED), None)?;
        Ok(())
    };
    world.store.as_ref().unwrap().begin(Actor::SYSTEM, account, mark).wait().map(drop)
}

#[test]
fn a_full_disk_puts_mail_off_lets_people_make_room_and_recovers_alone() {
    let mut world = running(1);
    // Less than the reserve of the smallest disk, 4 MiB.
    leave(&world, 3 * 1024 * 1024);
    for number in [10, 14] {
        let refused = world.deliver("p0", number).unwrap_err();
        assert!(matches!(refused, StoreError::Full), "{refused:?}");
        assert_eq!(refused.fault(), Fault::Temporary);
    }
    world.flag("p0").unwrap();
    world.create().unwrap();
    // Less than half of it.
    leave(&world, 1024 * 1024);
    assert!(matches!(world.flag("p1").unwrap_err(), StoreError::Full));
    assert!(matches!(world.create().unwrap_err(), StoreError::Full));
    let vitals = world.store.as_ref().unwrap().vitals();
    assert_eq!((vitals.condition, vitals.disk_full), (Condition::Sound, true));

    mark_deleted(&world, "p0").unwrap();
    world.expunge("p0").unwrap();
    world.erase("p1").unwrap();
    world.check("while the disk is full");

    world.disk.set_capacity(None);
    world.deliver("p0", 10).unwrap();
    assert!(!world.store.as_ref().unwrap().vitals().disk_full);
    world.end("after the disk was full");
}

#[test]
fn a_disk_that_fills_up_under_load_loses_nothing() {
    for seed in 0..12 {
        let mut world = running(seed);
        leave(&world, (6 + seed) * 1024 * 1024);
        let mut refused = 0;
        for number in 10..120 {
            if let Err(error) = world.deliver("p0", number) {
                assert!(matches!(error, StoreError::Full), "seed {seed}: {error:?}");
                refused += 1;
            }
        }
        assert!(refused > 0, "seed {seed}: the disk did not fill");
        world.check(&format!("seed {seed}, full"));
        if seed % 2 == 0 {
            world.disk.power_cut_with(Survival::Scatter);
            world.open().unwrap();
        }
        world.disk.set_capacity(None);
        world.repeat();
        world.end(&format!("seed {seed}"));
    }
}

/// Somebody else may fill the disk to the last octet, in the middle of anything: each write in
/// turn finds it full, once.
#[test]
fn whatever_write_finds_the_disk_full_the_next_one_is_served() {
    for nth in 1..60 {
        let mut world = running(nth);
        world.disk.fail_op(nth, io::ErrorKind::StorageFull);
        let mut failed = 0;
        for number in 10..30 {
            if let Err(error) = world.deliver("p0", number) {
                assert_eq!(error.fault(), Fault::Temporary, "operation {nth}: {error:?}");
                failed += 1;
            }
        }
        assert!(failed <= 1, "operation {nth}: {failed} failed");
        assert_eq!(world.store.as_ref().unwrap().condition(), Condition::Sound, "operation {nth}");
        world.end(&format!("operation {nth}"));
    }
}
