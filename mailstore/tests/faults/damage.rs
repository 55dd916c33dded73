//! Damage: what a disk changed behind our back is found, named, never built on, and costs no more
//! than it must.

use crate::world::{World, message};
use mailstore::disk::Disk;
use mailstore::{Condition, Embedding, OpenError, Store, StoreError};
use std::path::{Path, PathBuf};

const KEYSTORE: &str = "/store/keystore";
const SEGMENTS: &str = "/store/segments";

/// A closed store with one account and the messages 0 to `messages`.
fn closed(messages: u64) -> World {
    let mut world = World::new(1);
    world.open().unwrap();
    world.create().unwrap();
    (0..messages).for_each(|number| world.deliver("p0", number).unwrap());
    world.store = None;
    world
}

/// The segment with the last frames: behind it lies only the one that is prepared, all zeros.
fn newest(world: &World) -> PathBuf {
    let mut segments = world.disk.list(Path::new(SEGMENTS)).unwrap();
    let used = |path: &PathBuf| world.disk.read_file(path).unwrap().starts_with(b"PLI1");
    segments.retain(used);
    segments.pop().unwrap()
}

/// Where the last of `needle` lies in a file.
fn last_of(octets: &[u8], needle: &[u8]) -> usize {
    octets.windows(needle.len()).rposition(|window| window == needle).unwrap()
}

fn open_damaged(world: &World) -> Store {
    let (store, recovery) = Store::open(world.embedding()).unwrap();
    assert!(!recovery.damage.is_empty(), "the damage was not seen");
    assert!(matches!(store.condition(), Condition::ReadOnly(_)));
    store
}

#[test]
fn one_rotten_octet_in_the_last_body_costs_no_other_message() {
    let mut world = closed(4);
    let segment = newest(&world);
    let octets = world.disk.read_file(&segment).unwrap();
    // The last frame ends in its sealed body and at most seven octets of padding; then nothing.
    let len = octets.iter().rposition(|octet| *octet != 0).unwrap() + 1;
    world.disk.corrupt(&segment, len as u64 - 20, 1).unwrap();
    for opening in 1..=3 {
        world.open().unwrap();
        let store = world.store.clone().unwrap();
        assert_eq!(store.condition(), Condition::Sound, "opening {opening}");
        let account = world.account("p0").unwrap().unwrap();
        let view = store.view(account).unwrap();
        let placed = view.placements(view.inbox().unwrap(), 0, u32::MAX, 10).unwrap();
        assert_eq!(placed.len(), 4, "opening {opening}");
        let read = |at: usize| {
            let body = view.message(placed[at].1.message).unwrap().body;
            store.body(&view, body).unwrap().read_all()
        };
        assert_eq!(read(0).unwrap(), message(0));
        assert!(read(3).is_err(), "opening {opening}: the damaged body was read");
    }
}

#[test]
fn damage_in_the_middle_makes_the_store_read_only_however_often_it_is_opened() {
    let mut world = closed(6);
    let segment = newest(&world);
    let octets = world.disk.read_file(&segment).unwrap();
    let second = octets.windows(4).skip(1).position(|w| w == b"PLI1").unwrap() + 1;
    world.disk.corrupt(&segment, second as u64 + 60, 1).unwrap();
    world.disk.remove(Path::new("/store/index.redb")).unwrap();
    let before = world.disk.read_file(KEYSTORE).unwrap();
    for _ in 0..3 {
        world.store = Some(open_damaged(&world));
        assert!(matches!(world.create(), Err(StoreError::ReadOnly(_))));
        world.store = None;
    }
    assert!(world.disk.read_file(KEYSTORE).unwrap() == before, "a key was touched");
    assert_eq!(newest(&world), segment);
}

#[test]
fn a_last_frame_that_was_flushed_and_no_longer_reads_is_damage_and_not_a_torn_tail() {
    let mut world = closed(4);
    let segment = newest(&world);
    let octets = world.disk.read_file(&segment).unwrap();
    let last = last_of(&octets, b"PLI1");
    world.disk.corrupt(&segment, last as u64 + 60, 1).unwrap();
    let before = world.disk.read_file(KEYSTORE).unwrap();
    for _ in 0..2 {
        drop(open_damaged(&world));
    }
    assert!(world.disk.read_file(KEYSTORE).unwrap() == before, "a key was touched");
    world.store = None;
}

#[test]
fn a_store_without_its_manifest_is_not_made_anew_over_its_parts() {
    let world = closed(2);
    let before = world.disk.read_file(KEYSTORE).unwrap();
    world.disk.remove(Path::new("/store/manifest")).unwrap();
    assert!(matches!(Store::open(world.embedding()), Err(OpenError::Absent)));
    assert!(matches!(Store::create(&world.embedding()), Err(OpenError::Remains)));
    assert!(world.disk.read_file(KEYSTORE).unwrap() == before);
}

#[test]
fn an_aborted_body_leaves_no_file() {
    let mut world = closed(0);
    world.open().unwrap();
    let store = world.store.clone().unwrap();
    let bodies = |world: &World| world.disk.list(Path::new("/store/bodies")).unwrap().len();
    let mut writer = store.body_writer().unwrap();
    writer.write(&vec![7; 600_000]).unwrap();
    assert_eq!(bodies(&world), 1);
    drop(writer);
    assert_eq!(bodies(&world), 0);
    let mut writer = store.body_writer().unwrap();
    writer.write(&vec![7; 600_000]).unwrap();
    drop(writer.finish().unwrap());
    assert_eq!(bodies(&world), 0);
}

#[test]
fn a_full_disk_strands_no_body_files_and_recovers_alone() {
    let mut world = closed(1);
    world.open().unwrap();
    let bodies = |world: &World| world.disk.list(Path::new("/store/bodies")).unwrap().len();
    let used: usize =
        world.disk.list_files().iter().map(|p| world.disk.read_file(p).unwrap().len()).sum();
    world.disk.set_capacity(Some(used as u64 + 300_000));
    for number in [4, 9, 14] {
        let refused = world.deliver("p0", number).unwrap_err();
        assert!(matches!(refused, StoreError::Full), "{refused:?}");
    }
    assert_eq!(bodies(&world), 0);
    world.disk.set_capacity(None);
    world.repeat();
    assert_eq!(bodies(&world), 3);
    world.verify("after the full disk");
}

#[test]
fn a_body_that_failed_takes_no_more() {
    let mut world = closed(0);
    world.open().unwrap();
    let mut writer = world.store.as_ref().unwrap().body_writer().unwrap();
    writer.write(&vec![7; 300_000]).unwrap();
    world.disk.set_capacity(Some(0));
    writer.write(&vec![7; 300_000]).unwrap_err();
    world.disk.set_capacity(None);
    writer.write(&[7]).unwrap_err();
    writer.finish().unwrap_err();
}

#[test]
fn an_operators_key_of_another_store_opens_nothing() {
    let world = closed(1);
    let wrong =
        Embedding { operator_key: mailstore::Secret::from_bytes([9; 32]), ..world.embedding() };
    let refused = Store::open(wrong).unwrap_err();
    assert!(matches!(refused, OpenError::Failed(StoreError::OperatorKey)), "{refused:?}");
}
