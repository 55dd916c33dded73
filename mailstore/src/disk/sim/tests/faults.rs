//! Each fault that a test can ask for.

use super::*;

#[test]
fn the_power_can_go_in_every_operation() {
    let whole = SimDisk::new(1);
    workload(&whole).unwrap();
    let stats = whole.stats();
    assert_eq!(stats, Stats { ops: 13, writes: 2, syncs: 2, dir_syncs: 3, cuts: 0 });
    for n in 0..=stats.ops {
        let disk = SimDisk::new(n);
        disk.cut_after(n);
        assert!(is_off(workload(&disk)), "cut in operation {n}");
        assert!(disk.is_off());
        assert_eq!(disk.stats().ops, n);
        assert!(is_off(disk.list(Path::new(ROOT))) && is_off(disk.create_dir(&path("z"))));
        assert!(disk.list_files().iter().all(|path| disk.read_file(path).is_ok()));
        disk.restart();
        assert_eq!(disk.stats().cuts, 1);
        for path in disk.list_files() {
            disk.read_file(path).unwrap();
        }
        let dir = Path::new("/x/y");
        if (6..=9).contains(&n) {
            // The first content was synced with its name.
            let file = disk
                .open(&dir.join("a"), Open::Read)
                .or_else(|_| disk.open(&dir.join("b"), Open::Read));
            let mut start = [0; 300];
            file.unwrap().read_at(0, &mut start).unwrap();
            assert_eq!(start, [1; 300]);
        }
    }
    let late = SimDisk::new(1);
    late.cut_after(stats.ops + 1);
    workload(&late).unwrap();
}

#[test]
fn a_cut_in_a_write_may_leave_a_part_of_it() {
    let mut left = BTreeSet::new();
    for seed in 0..300 {
        let disk = SimDisk::new(seed);
        let file = durable(&disk, "a", b"");
        disk.cut_after(1);
        assert!(is_off(file.write_at(0, &[1; 100])));
        disk.power_cut_with(Survival::All);
        left.insert(read(&disk, "a").len());
    }
    assert!(left.len() > 50 && left.last() <= Some(&100));
}

#[test]
fn a_cut_in_a_sync_makes_nothing_sure() {
    let mut left = BTreeSet::new();
    for seed in 0..300 {
        let disk = SimDisk::new(seed);
        let file = durable(&disk, "a", &[1; 1024]);
        file.write_at(0, &[2; 1024]).unwrap();
        disk.cut_after(1);
        assert!(is_off(file.sync()));
        disk.restart();
        left.insert(read(&disk, "a"));
    }
    assert_eq!(left.len(), 4);
}

#[test]
fn every_operation_can_fail_once() {
    for n in 1..=13 {
        let disk = SimDisk::new(n);
        disk.fail_op(n, ErrorKind::QuotaExceeded);
        assert_eq!(workload(&disk).unwrap_err().kind(), ErrorKind::QuotaExceeded);
        assert!(!disk.is_off());
        if n > 1 {
            let file = disk.open(Path::new("/x/y/again"), Open::Create).unwrap();
            file.write_at(0, b"works").unwrap();
            file.sync().unwrap();
        }
    }
}

#[test]
fn the_nth_write_fails() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", b"");
    disk.fail_write(2, Fault::Error(ErrorKind::PermissionDenied));
    disk.fail_write(3, Fault::Short);
    disk.fail_write(4, Fault::NoSpace);
    file.write_at(0, &[1; 50]).unwrap();
    assert_eq!(file.write_at(50, &[2; 50]).unwrap_err().kind(), ErrorKind::PermissionDenied);
    assert_eq!(read(&disk, "a"), [1; 50]);
    assert_eq!(file.write_at(50, &[3; 50]).unwrap_err().kind(), ErrorKind::Other);
    let len = file.len().unwrap();
    assert!((50..100).contains(&len));
    assert_eq!(read(&disk, "a")[50..], vec![3; len as usize - 50]);
    assert_eq!(file.write_at(100, &[4; 50]).unwrap_err().kind(), ErrorKind::StorageFull);
    assert!(file.len().unwrap() < 150);
    file.write_at(0, &[5; 200]).unwrap();
    assert_eq!(read(&disk, "a"), [5; 200]);
}

#[test]
fn a_failed_sync_drops_the_writes_but_shows_them() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", &[1; 1024]);
    file.write_at(0, &[2; 2048]).unwrap();
    disk.fail_sync(1);
    assert_eq!(file.sync().unwrap_err().kind(), ErrorKind::Other);
    assert_eq!(read(&disk, "a"), [2; 2048]);
    file.sync().unwrap();
    disk.kill_process();
    assert_eq!(read(&disk, "a"), [2; 2048], "the program's next start reads them too");
    assert_eq!(outcomes(&disk, |disk| read(disk, "a")), BTreeSet::from([vec![1; 1024]]));

    // Only what is written again comes back, in whole sectors.
    let file = disk.open(&path("a"), Open::Write).unwrap();
    file.write_at(520, &[3; 10]).unwrap();
    let mut rewritten = [vec![1; 512], vec![2; 512]].concat();
    rewritten[520..530].fill(3);
    let unsynced = outcomes(&disk, |disk| read(disk, "a"));
    assert_eq!(unsynced, BTreeSet::from([vec![1; 1024], rewritten.clone()]));
    file.sync().unwrap();
    assert_eq!(outcomes(&disk, |disk| read(disk, "a")), BTreeSet::from([rewritten.clone()]));

    // Beyond the durable end too; what lies between was never on the disk.
    file.write_at(1600, &[4]).unwrap();
    file.sync().unwrap();
    disk.power_cut();
    rewritten.resize(1536, 0);
    rewritten.extend_from_slice(&[2; 512]);
    rewritten[1600] = 4;
    assert_eq!(read(&disk, "a"), rewritten);
}

#[test]
fn a_truncation_that_a_failed_sync_dropped_comes_with_the_next_one() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", &[1; 1024]);
    file.set_len(0).unwrap();
    disk.fail_sync(1);
    file.sync().unwrap_err();
    let fork = disk.fork(1);
    fork.power_cut();
    assert_eq!(read(&fork, "a"), [1; 1024]);
    file.set_len(512).unwrap();
    file.sync().unwrap();
    file.set_len(1024).unwrap();
    file.sync().unwrap();
    disk.power_cut();
    assert_eq!(read(&disk, "a")[512..], [0; 512]);
}

#[test]
fn a_failed_sync_may_bring_some_sectors_to_the_disk() {
    let mut left = BTreeSet::new();
    for seed in 0..100 {
        let disk = SimDisk::new(seed);
        let file = durable(&disk, "a", &[1; 1024]);
        file.write_at(0, &[2; 1024]).unwrap();
        disk.fail_sync_partly(1);
        file.sync().unwrap_err();
        file.sync().unwrap();
        assert_eq!(read(&disk, "a"), [2; 1024]);
        let once = outcomes(&disk, |disk| read(disk, "a"));
        assert_eq!(once.len(), 1, "what is lost is decided by the failure, not by the cut");
        left.extend(once);
    }
    assert_eq!(left.len(), 4);
}

#[test]
fn a_full_disk_takes_what_fits() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", &[1; 600]);
    disk.set_capacity(Some(1000));
    assert_eq!(file.write_at(600, &[2; 500]).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(read(&disk, "a"), [vec![1; 600], vec![2; 400]].concat());
    file.write_at(0, &[3; 1000]).unwrap();
    assert_eq!(file.set_len(1001).unwrap_err().kind(), ErrorKind::StorageFull);
    let other = disk.open(&path("b"), Open::Create).unwrap();
    assert_eq!(other.write_at(0, b"x").unwrap_err().kind(), ErrorKind::StorageFull);
    file.set_len(500).unwrap();
    other.write_at(0, &[4; 500]).unwrap();
    disk.remove(&path("a")).unwrap();
    assert_eq!(
        other.write_at(500, b"x").unwrap_err().kind(),
        ErrorKind::StorageFull,
        "the file is still open"
    );
    drop(file);
    other.write_at(500, &[5; 500]).unwrap();
    disk.set_capacity(Some(10));
    other.write_at(0, &[6; 1000]).unwrap();
    disk.set_capacity(None);
    other.write_at(1000, &[7; 500]).unwrap();
}

#[test]
fn corruption_is_seen_and_durable() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", &[0; 1000]);
    disk.corrupt(path("a"), 700, 0x81).unwrap();
    let mut byte = [0];
    file.read_at(700, &mut byte).unwrap();
    assert_eq!(byte, [0x81]);
    file.write_at(600, &[1; 10]).unwrap();
    disk.corrupt(path("a"), 999, 1).unwrap();
    let left = outcomes(&disk, |disk| read(disk, "a"));
    assert_eq!(left.len(), 2);
    assert!(left.iter().all(|content| content[700] == 0x81 && content[999] == 1));
    assert_eq!(disk.corrupt(path("a"), 1000, 1).unwrap_err().kind(), ErrorKind::UnexpectedEof);
    assert_eq!(disk.corrupt(path("b"), 0, 1).unwrap_err().kind(), ErrorKind::NotFound);
}
