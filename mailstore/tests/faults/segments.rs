//! Segments prepared ahead: when one is full the log goes on in the next, whatever befalls the
//! disk or the preparing.

use crate::world::World;
use mailstore::disk::{Disk, Fault, RealDisk, Survival};
use mailstore::{Embedding, Store};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

const SEGMENTS: &str = "/store/segments";
const MIB: usize = 1024 * 1024;

/// Segment files and their content.
fn segments(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let paths = world.disk.list(Path::new(SEGMENTS)).unwrap();
    paths.into_iter().map(|path| (path.clone(), world.disk.read_file(path).unwrap())).collect()
}

fn running(seed: u64) -> World {
    let mut world = World::new(seed);
    world.open().unwrap();
    world.create().unwrap();
    world
}

/// Delivers messages of some 220 KB, which lie in frames.
fn fill(world: &mut World, messages: u64) {
    for nth in 0..messages {
        let number = world.next + nth * 5 + 2;
        world.deliver("p0", number).unwrap();
    }
    world.next += messages * 5;
}

#[test]
fn a_full_segment_is_followed_by_the_one_prepared_and_gives_its_rest_back() {
    let mut world = running(1);
    fill(&mut world, 30);
    let files = segments(&world);
    let (ready, used) = files.split_last().unwrap();
    assert!(ready.1.iter().all(|octet| *octet == 0) && ready.1.len() >= MIB);
    assert!(used.len() >= 4, "{} segments", used.len());
    let (open, left) = used.split_last().unwrap();
    assert!(open.1.starts_with(b"PLI1"));
    for (path, octets) in left {
        let rest = octets.iter().rev().take_while(|octet| **octet == 0).count();
        assert!(rest < 64, "{} ends in {rest} unused octets", path.display());
    }
    world.end("after several segments");
}

#[test]
fn segments_grow_with_the_store() {
    let mut world = running(1);
    fill(&mut world, 40);
    let lengths: Vec<_> = segments(&world).iter().map(|(_, octets)| octets.len()).collect();
    assert!(*lengths.last().unwrap() >= 8 * MIB, "{lengths:?}");
}

#[test]
fn a_store_that_is_only_opened_again_and_again_takes_no_more_room() {
    let mut world = running(1);
    world.deliver("p0", 1).unwrap();
    let room = |world: &World| {
        let files = segments(world);
        (files.len(), files.iter().map(|(_, octets)| octets.len()).sum::<usize>())
    };
    world.open().unwrap();
    world.open().unwrap();
    let before = room(&world);
    for _ in 0..20 {
        world.open().unwrap();
        assert_eq!(room(&world), before);
    }
    world.end("after many openings");
}

#[test]
fn while_no_segment_can_be_prepared_the_log_appends_to_the_open_one() {
    let mut world = running(1);
    for _ in 0..200 {
        // The first write of each try to prepare.
        let writes = world.disk.stats().writes;
        world.disk.fail_write(1, Fault::Error(io::ErrorKind::Other));
        let number = world.next * 5 + 2;
        world.next += 1;
        let delivered = world.deliver("p0", number);
        assert!(world.disk.stats().writes > writes);
        if delivered.is_err() {
            // A segment was ready: the fault struck the frame.
            world.deliver("p0", number).unwrap();
        }
        if segments(&world).iter().any(|(_, octets)| octets.len() > 3 * MIB) {
            break;
        }
    }
    let longest = segments(&world).iter().map(|(_, octets)| octets.len()).max().unwrap();
    assert!(longest > 3 * MIB, "the open segment did not grow: {longest}");
    fill(&mut world, 10);
    world.end("after preparing failed for a while");
}

/// Everything that was written since the last flush is lost at each point of filling segments.
#[test]
fn the_power_may_go_at_any_operation_of_going_on_to_the_next_segment() {
    for at in (1..120).step_by(5) {
        for survival in [Survival::None, Survival::All, Survival::Scatter] {
            let mut world = running(at);
            world.disk.cut_after(at);
            for nth in 0..20 {
                if world.deliver("p0", nth * 5 + 2).is_err() {
                    break;
                }
            }
            world.store = None;
            world.disk.power_cut_with(survival);
            world.end(&format!("cut at operation {at}, {survival:?}"));
        }
    }
}

#[test]
fn the_first_frame_of_the_open_segment_does_not_get_lost_unnoticed() {
    let mut world = running(1);
    // Up to the first frame or two of a segment that the manifest still calls prepared.
    let mut number = 2;
    while segments(&world).iter().filter(|(_, octets)| octets.starts_with(b"PLI1")).count() < 3 {
        world.deliver("p0", number).unwrap();
        number += 5;
    }
    world.disk.fail_write(1, Fault::Error(io::ErrorKind::Other));
    let _ = world.deliver("p0", number);
    world.deliver("p0", number + 5).unwrap();
    world.store = None;
    let used = segments(&world);
    let (open, _) = used.iter().rfind(|(_, octets)| octets.starts_with(b"PLI1")).unwrap();
    world.disk.corrupt(open, 60, 1).unwrap();
    world.disk.remove(Path::new("/store/index.redb")).unwrap();
    let (store, recovery) = Store::open(world.embedding()).unwrap();
    assert_eq!(recovery.damage.len(), 1, "{:?}", recovery.damage);
    drop(store);
}

/// On a real disk a thread prepares; the simulated one does it in turn.
#[test]
fn a_store_on_a_real_disk_prepares_beside_the_writer() {
    let dir = std::env::temp_dir().join(format!("pli-segments-{}", std::process::id()));
    let mut world = World::new(1);
    let simulated = world.embedding();
    let embedding =
        || Embedding { disk: Arc::new(RealDisk), dir: dir.clone(), ..simulated.clone() };
    Store::create(&embedding()).unwrap();
    for round in 0..3 {
        world.store = None;
        world.store = Some(Store::open(embedding()).unwrap().0);
        if round == 0 {
            world.create().unwrap();
        }
        fill(&mut world, 25);
        world.check("on a real disk");
    }
    world.store = None;
    let disk: Arc<dyn Disk> = Arc::new(RealDisk);
    let key = embedding().operator_key;
    let report = mailstore::verify::verify(&disk, &dir, &key, &mut |_| {}).unwrap();
    assert_eq!(report.findings, []);
    assert_eq!(report.messages, 75);
    std::fs::remove_dir_all(&dir).unwrap();
}
