//! Cleaning the log: segments go, what they held stays; whatever the power does meanwhile, nothing
//! acknowledged is lost and `verify` is clean.

use crate::world::{World, message};
use mailstore::Store;
use mailstore::disk::{Disk, Survival};
use std::path::Path;

const INDEX: &str = "/store/index.redb";

fn count(world: &World, folder: &str) -> usize {
    world.disk.list(Path::new(folder)).unwrap().len()
}

/// Octets of the segments' frames, about: what was prepared ahead is as long in any store.
fn segments(world: &World) -> usize {
    count(world, "/store/segments")
}

fn store(world: &World) -> Store {
    world.store.clone().unwrap()
}

/// Work in several segments, and a snapshot that stands for all but the open one.
fn worked(world: &mut World, rounds: usize) {
    for _ in 0..rounds {
        (0..25).for_each(|_| world.step().unwrap());
        world.open().unwrap();
    }
    store(world).write_snapshot().unwrap();
}

#[test]
fn segments_that_a_snapshot_stands_for_go_and_nothing_is_lost() {
    let mut cleaned = 0;
    for seed in 0..25 {
        let mut world = World::new(seed);
        world.open().unwrap();
        for round in 0..3 {
            worked(&mut world, 3);
            let before = segments(&world);
            let compacted = store(&world).compact().unwrap();
            cleaned += compacted.segments;
            assert!(segments(&world) <= before, "seed {seed}, round {round}");
            world.check(&format!("seed {seed}, round {round}"));
        }
        world.verify(&format!("seed {seed}"));
        // The index goes on from where it stood, and can be made anew without the segments.
        world.open().unwrap();
        world.check(&format!("seed {seed}, opened again"));
        world.store = None;
        world.disk.remove(Path::new(INDEX)).unwrap();
        world.end(&format!("seed {seed}, rebuilt"));
    }
    assert!(cleaned > 100, "{cleaned} segments were cleaned");
}

#[test]
fn a_power_cut_while_the_log_is_cleaned_costs_nothing() {
    for seed in 0..250 {
        let mut world = World::new(seed);
        world.open().unwrap();
        worked(&mut world, 2);
        let at = 1 + world.dice.roll(40);
        world.disk.cut_after(at);
        let _ = store(&world).compact();
        while !world.disk.is_off() && world.step().is_ok() {
            if world.dice.roll(8) == 0 {
                let _ = store(&world).write_snapshot();
                let _ = store(&world).compact();
            }
        }
        world.store = None;
        world.disk.power_cut();
        if seed % 3 == 0 {
            let _ = world.disk.remove(Path::new(INDEX));
        }
        world.end(&format!("seed {seed}, cut at {at}"));
    }
}

#[test]
fn what_is_held_stays_until_it_is_let_go() {
    let mut world = World::new(3);
    world.open().unwrap();
    worked(&mut world, 4);
    let hold = store(&world).hold_segments().unwrap();
    let before = segments(&world);
    assert_eq!(store(&world).compact().unwrap().segments, 0);
    assert!(segments(&world) >= before);
    let snapshots = count(&world, "/store/snapshots");
    (0..10).for_each(|_| world.step().unwrap());
    drop(hold);
    assert!(store(&world).compact().unwrap().segments > 0);
    assert_eq!(count(&world, "/store/snapshots"), snapshots);
    world.check("after it was let go");
    world.verify("after it was let go");
}

#[test]
fn the_file_of_a_dead_body_goes_while_the_store_is_open() {
    let mut world = World::new(1);
    world.open().unwrap();
    world.create().unwrap();
    // Every fifth message is a file of its own.
    world.deliver("p0", 4).unwrap();
    assert_eq!(count(&world, "/store/bodies"), 1);
    let hold = store(&world).hold_segments().unwrap();
    world.expunge("p0").unwrap();
    store(&world).compact().unwrap();
    assert_eq!(count(&world, "/store/bodies"), 1, "it is held");
    drop(hold);
    store(&world).compact().unwrap();
    assert_eq!(count(&world, "/store/bodies"), 0);
    world.disk.power_cut_with(Survival::None);
    world.end("after the file went");
}

#[test]
fn who_reads_a_body_goes_on_reading_while_it_is_moved() {
    let mut world = World::new(1);
    world.open().unwrap();
    world.create().unwrap();
    world.deliver("p0", 7).unwrap();
    // The last frame goes along with each opening.
    world.flag("p0").unwrap();
    let account = world.account("p0").unwrap().unwrap();
    (0..3).for_each(|_| world.open().unwrap());
    let view = store(&world).view(account).unwrap();
    let (_, placement) = view.placements(view.inbox().unwrap(), 0, u32::MAX, 1).unwrap()[0];
    let body = view.message(placement.message).unwrap().body;
    let reader = store(&world).body(&view, body).unwrap();
    store(&world).write_snapshot().unwrap();
    let compacted = store(&world).compact().unwrap();
    assert_eq!(compacted.moved, 1, "{compacted:?}");
    // By the reader of before, and by the view of before.
    assert!(reader.read_all().unwrap() == message(7));
    assert!(store(&world).body(&view, body).unwrap().read_all().unwrap() == message(7));
    drop((reader, view));
    world.verify("after the move");
}
