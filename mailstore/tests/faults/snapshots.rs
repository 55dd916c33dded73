//! Snapshots: an index made of one is the same; whatever the power or the disk does while one is
//! written, the store opens, `verify` is clean and nothing acknowledged is lost.

use crate::world::World;
use mailstore::disk::{Disk, Fault, Survival};
use mailstore::verify::Finding;
use mailstore::{OpenError, StoreError};
use std::io;
use std::path::{Path, PathBuf};

const INDEX: &str = "/store/index.redb";

fn snapshots(world: &World) -> Vec<PathBuf> {
    world.disk.list(Path::new("/store/snapshots")).unwrap_or_default()
}

/// Steps of the workload; then a fresh segment, so that a snapshot has something to stand for.
fn worked(world: &mut World, steps: usize) {
    (0..steps).for_each(|_| world.step().unwrap());
    world.open().unwrap();
}

fn remove_index(world: &mut World) {
    world.store = None;
    world.disk.remove(Path::new(INDEX)).unwrap();
}

#[test]
fn an_index_is_made_anew_of_the_snapshot_and_the_frames_after_it() {
    for seed in 0..20 {
        let mut world = World::new(seed);
        world.open().unwrap();
        for _ in 0..3 {
            worked(&mut world, 25);
            assert!(world.store.as_ref().unwrap().write_snapshot().unwrap());
            assert!(!world.store.as_ref().unwrap().write_snapshot().unwrap(), "nothing is new");
            assert_eq!(snapshots(&world).len(), 1);
        }
        (0..10).for_each(|_| world.step().unwrap());
        world.check("before");
        remove_index(&mut world);
        world.open().unwrap();
        world.check(&format!("seed {seed}"));
        world.verify(&format!("seed {seed}"));
        // And once more, at once, without a frame after the last opening.
        remove_index(&mut world);
        world.open().unwrap();
        world.check(&format!("seed {seed}, again"));
    }
}

#[test]
fn a_power_cut_while_a_snapshot_is_written_costs_nothing() {
    for seed in 0..150 {
        let mut world = World::new(seed);
        world.open().unwrap();
        worked(&mut world, 20);
        if seed % 2 == 0 {
            world.store.as_ref().unwrap().write_snapshot().unwrap();
            worked(&mut world, 20);
        }
        let at = 1 + world.dice.roll(14);
        world.disk.cut_after(at);
        let _ = world.store.as_ref().unwrap().write_snapshot();
        world.store = None;
        world.disk.power_cut();
        if seed % 3 == 0 {
            let _ = world.disk.remove(Path::new(INDEX));
        }
        world.end(&format!("seed {seed}, cut at {at}"));
        assert!(snapshots(&world).len() <= 1, "seed {seed}: what was not finished was not swept");
    }
}

#[test]
fn a_snapshot_that_could_not_be_written_is_written_the_next_time() {
    for at in 1..8 {
        let mut world = World::new(at);
        world.open().unwrap();
        worked(&mut world, 30);
        match at % 3 {
            0 => world.disk.fail_write(1 + at % 2, Fault::NoSpace),
            1 => world.disk.fail_sync(1),
            _ => world.disk.fail_op(at, io::ErrorKind::StorageFull),
        }
        let failed = world.store.as_ref().unwrap().write_snapshot();
        assert!(failed.is_err(), "fault {at} did not strike");
        (0..5).for_each(|_| world.step().unwrap());
        worked(&mut world, 5);
        assert!(world.store.as_ref().unwrap().write_snapshot().unwrap());
        remove_index(&mut world);
        world.end(&format!("after fault {at}"));
    }
}

#[test]
fn a_rotten_snapshot_is_passed_over_while_the_log_has_every_frame() {
    let mut world = World::new(1);
    world.open().unwrap();
    worked(&mut world, 40);
    world.store.as_ref().unwrap().write_snapshot().unwrap();
    world.store = None;
    let snapshot = snapshots(&world).pop().unwrap();
    let len = world.disk.read_file(&snapshot).unwrap().len() as u64;
    world.disk.corrupt(&snapshot, len / 2, 1).unwrap();
    let found = world.findings();
    assert!(matches!(found[..], [Finding::Snapshot(_)]), "{found:?}");
    remove_index(&mut world);
    world.open().unwrap();
    world.check("without the snapshot");
    // The next one is made of the rotten one; it is refused, and the old one stays for a look.
    worked(&mut world, 5);
    let refused = world.store.as_ref().unwrap().write_snapshot().unwrap_err();
    assert!(matches!(refused, StoreError::Damaged(_)), "{refused:?}");
}

#[test]
fn an_index_that_is_not_finished_is_made_anew() {
    for seed in 0..60 {
        let mut world = World::new(seed);
        world.open().unwrap();
        worked(&mut world, 40);
        world.store.as_ref().unwrap().write_snapshot().unwrap();
        (0..10).for_each(|_| world.step().unwrap());
        remove_index(&mut world);
        let at = 1 + world.dice.roll(12);
        world.disk.cut_after(at);
        match world.open() {
            Ok(()) | Err(OpenError::Failed(_)) => {}
            Err(error) => panic!("seed {seed}: {error:?}"),
        }
        world.store = None;
        world.disk.power_cut_with(if seed % 2 == 0 { Survival::All } else { Survival::Scatter });
        world.end(&format!("seed {seed}, cut at {at} of the rebuild"));
    }
}
