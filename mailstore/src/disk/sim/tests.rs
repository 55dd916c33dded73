//! What the tests of the simulated disk share, and the tests of what is neither a cut nor a fault.

use std::collections::BTreeSet;

use io::ErrorKind;

use super::*;

mod cuts;
mod faults;
mod model;

const ROOT: &str = "/";

fn path(name: &str) -> PathBuf {
    Path::new(ROOT).join(name)
}

/// A durable file of this content.
fn durable(disk: &SimDisk, name: &str, content: &[u8]) -> Box<dyn DiskFile> {
    let file = disk.open(&path(name), Open::CreateNew).unwrap();
    file.write_at(0, content).unwrap();
    file.sync().unwrap();
    disk.sync_dir(Path::new(ROOT)).unwrap();
    file
}

/// What is left after each of many cuts of forks of this disk.
fn outcomes<T: Ord>(disk: &SimDisk, look: impl Fn(&SimDisk) -> T) -> BTreeSet<T> {
    let looks = (0..400).map(|seed| {
        let fork = disk.fork(seed);
        fork.power_cut();
        look(&fork)
    });
    looks.collect()
}

fn names(disk: &SimDisk) -> String {
    let files = disk.list_files();
    files
        .iter()
        .map(|path| path.file_name().unwrap().to_str().unwrap())
        .collect::<Vec<_>>()
        .join(" ")
}

fn read(disk: &SimDisk, name: &str) -> Vec<u8> {
    disk.read_file(path(name)).unwrap()
}

fn is_off<T>(result: io::Result<T>) -> bool {
    result.err().is_some_and(|error| error.to_string() == "the power is off")
}

/// A workload that makes one of each operation; it stops at the first error.
fn workload(disk: &SimDisk) -> io::Result<()> {
    let dir = Path::new("/x/y");
    disk.create_dir(dir)?;
    let file = disk.open(&dir.join("a"), Open::Create)?;
    file.write_at(0, &[1; 1000])?;
    file.sync()?;
    disk.sync_dir(dir)?;
    file.set_len(700)?;
    file.write_at(300, &[2; 1000])?;
    file.sync()?;
    disk.rename(&dir.join("a"), &dir.join("b"))?;
    disk.sync_dir(dir)?;
    let _guard = disk.lock(&dir.join("lock"))?;
    disk.remove(&dir.join("b"))?;
    disk.sync_dir(dir)
}

#[test]
fn a_fork_is_another_disk() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", b"old");
    file.write_at(0, b"new").unwrap();
    let fork = disk.fork(1);
    let _lock = disk.lock(&path("lock")).unwrap();
    fork.lock(&path("lock")).unwrap();
    fork.open(&path("a"), Open::Write).unwrap().set_len(0).unwrap();
    fork.power_cut_with(Survival::None);
    assert_eq!(read(&fork, "a"), b"old");
    assert_eq!(read(&disk, "a"), b"new");
    file.sync().unwrap();
    disk.power_off();
    assert!(disk.fork(2).is_off());
}

#[test]
fn the_same_seed_gives_the_same_outcome() {
    let run = |seed| {
        let disk = SimDisk::new(seed);
        let mut left = Vec::new();
        for round in 0..50 {
            disk.cut_after(1 + round % 14);
            let _ = workload(&disk);
            disk.power_cut();
            left.extend(
                disk.list_files().into_iter().map(|path| (disk.read_file(&path).unwrap(), path)),
            );
        }
        left
    };
    assert_eq!(run(5), run(5));
    assert_ne!(run(5), run(6));
}

#[test]
fn paths_are_told_apart_by_their_names_only() {
    let disk = SimDisk::new(1);
    disk.create_dir(Path::new("here/")).unwrap();
    disk.open(Path::new("./here/./a"), Open::CreateNew).unwrap();
    disk.open(Path::new("here/a"), Open::Read).unwrap();
    disk.open(Path::new("b"), Open::Create).unwrap();
    assert_eq!(disk.list(Path::new("here/")).unwrap(), [Path::new("here/a")]);
}

#[test]
fn a_file_has_a_greatest_length() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", b"");
    file.set_len(SimDisk::MAX_LEN).unwrap();
    assert_eq!(file.set_len(SimDisk::MAX_LEN + 1).unwrap_err().kind(), ErrorKind::FileTooLarge);
    assert_eq!(file.write_at(u64::MAX, b"x").unwrap_err().kind(), ErrorKind::FileTooLarge);
}

#[test]
fn files_that_nothing_reaches_are_forgotten() {
    let disk = SimDisk::new(1);
    for _ in 0..1000 {
        disk.open(&path("a"), Open::CreateNew).unwrap();
        disk.remove(&path("a")).unwrap();
        disk.sync_dir(Path::new(ROOT)).unwrap();
    }
    assert!(disk.state().files.len() <= 64);
}
