//! Each rule of what a power cut leaves.

use super::*;

#[test]
fn what_was_synced_survives_every_cut() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", &[1; 2000]);
    file.write_at(100, &[2; 1000]).unwrap();
    file.set_len(1800).unwrap();
    file.sync().unwrap();
    let expected = read(&disk, "a");
    assert_eq!(outcomes(&disk, |disk| read(disk, "a")), BTreeSet::from([expected]));
}

#[test]
fn unsynced_sectors_survive_each_for_itself() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", &[1; 1536]);
    file.write_at(500, &[2; 600]).unwrap();
    let left = outcomes(&disk, |disk| read(disk, "a"));
    assert_eq!(left.len(), 8, "three sectors, old or new");
    for content in &left {
        for (sector, touched) in [(0, 500..512), (1, 512..1024), (2, 1024..1100)] {
            let at = sector * 512;
            let new = content[touched.start] == 2;
            let expected: Vec<u8> =
                (at..at + 512).map(|at| if new && touched.contains(&at) { 2 } else { 1 }).collect();
            assert_eq!(content[at..at + 512], expected);
        }
    }
}

#[test]
fn a_sector_may_keep_any_content_since_the_sync() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", b"0");
    for content in [b"1", b"2", b"3"] {
        file.write_at(0, content).unwrap();
    }
    let expected = BTreeSet::from([b"0", b"1", b"2", b"3"].map(|content| content.to_vec()));
    assert_eq!(outcomes(&disk, |disk| read(disk, "a")), expected);
}

#[test]
fn a_sector_written_for_ever_keeps_a_bounded_history() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", &[0; 8]);
    for n in 1..=10_000_u64 {
        file.write_at(0, &n.to_le_bytes()).unwrap();
    }
    let cut = disk.fork(1);
    cut.power_cut_with(Survival::All);
    assert_eq!(read(&cut, "a"), 10_000_u64.to_le_bytes());
    cut.power_cut_with(Survival::None);
    assert_eq!(read(&cut, "a"), 10_000_u64.to_le_bytes());
    disk.power_cut_with(Survival::None);
    assert_eq!(read(&disk, "a"), [0; 8]);
}

#[test]
fn length_survives_apart_from_data() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", &[1; 100]);
    file.write_at(1024, &[2; 100]).unwrap();
    let zeros = |len: usize| [vec![1; 100], vec![0; len - 100]].concat();
    let grown = [zeros(1024), vec![2; 100]].concat();
    // Nothing, the length without the data, both or the data alone, which extends the file.
    assert_eq!(
        outcomes(&disk, |disk| read(disk, "a")),
        BTreeSet::from([zeros(100), zeros(1124), grown])
    );
}

#[test]
fn surviving_data_extends_the_file_with_zeros() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", b"");
    file.write_at(0, &[2; 1536]).unwrap();
    let left = outcomes(&disk, |disk| read(disk, "a"));
    assert!(
        left.contains(&[vec![0; 512], vec![2; 512]].concat()),
        "the second sector alone, and no length"
    );
    assert!(left.contains(&[vec![0; 512], vec![2; 512], vec![0; 512]].concat()));
}

#[test]
fn a_truncation_survives_or_not() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", &[1; 1000]);
    file.set_len(10).unwrap();
    let left = outcomes(&disk, |disk| read(disk, "a"));
    assert!(left.contains(&vec![1; 10]));
    assert!(left.contains(&vec![1; 1000]));
    assert!(left.iter().all(|content| content.len() == 10 || content.len() == 1000));
    disk.power_cut_with(Survival::All);
    disk.open(&path("a"), Open::Write).unwrap().set_len(1000).unwrap();
    assert_eq!(
        read(&disk, "a"),
        [vec![1; 10], vec![0; 990]].concat(),
        "what was cut off does not come back"
    );
}

#[test]
fn a_later_write_may_survive_an_earlier_one_of_another_file() {
    let disk = SimDisk::new(1);
    let (first, second) = (durable(&disk, "a", b"0"), durable(&disk, "b", b"0"));
    first.write_at(0, b"1").unwrap();
    second.write_at(0, b"1").unwrap();
    let left = outcomes(&disk, |disk| (read(disk, "a"), read(disk, "b")));
    assert_eq!(left.len(), 4);
}

#[test]
fn a_synced_file_without_synced_name_may_be_gone() {
    let disk = SimDisk::new(1);
    let file = disk.open(&path("a"), Open::Create).unwrap();
    file.write_at(0, b"data").unwrap();
    file.sync().unwrap();
    assert_eq!(outcomes(&disk, names), BTreeSet::from([String::new(), "a".to_owned()]));
    disk.sync_dir(Path::new(ROOT)).unwrap();
    assert_eq!(outcomes(&disk, |disk| read(disk, "a")), BTreeSet::from([b"data".to_vec()]));
}

#[test]
fn a_synced_name_without_synced_data_is_an_empty_file() {
    let disk = SimDisk::new(1);
    let file = disk.open(&path("a"), Open::Create).unwrap();
    disk.sync_dir(Path::new(ROOT)).unwrap();
    file.write_at(0, b"data").unwrap();
    disk.power_cut_with(Survival::None);
    assert_eq!(read(&disk, "a"), b"");
}

#[test]
fn a_rename_leaves_the_old_target_or_the_new() {
    let disk = SimDisk::new(1);
    durable(&disk, "a", b"old");
    let new = disk.open(&path("b"), Open::Create).unwrap();
    new.write_at(0, b"new").unwrap();
    new.sync().unwrap();
    disk.rename(&path("b"), &path("a")).unwrap();
    let left = outcomes(&disk, |disk| (names(disk), read(disk, "a")));
    let expected = [("a", "old"), ("a b", "old"), ("a", "new")];
    assert_eq!(
        left,
        BTreeSet::from(expected.map(|(names, content)| (names.to_owned(), content.into())))
    );
    disk.sync_dir(Path::new(ROOT)).unwrap();
    assert_eq!(outcomes(&disk, |disk| read(disk, "a")), BTreeSet::from([b"new".to_vec()]));
}

#[test]
fn names_survive_as_a_prefix_or_each_for_itself() {
    let disk = SimDisk::new(1);
    for name in ["a", "b"] {
        disk.open(&path(name), Open::Create).unwrap();
    }
    disk.sync_dir(Path::new(ROOT)).unwrap();
    disk.remove(&path("a")).unwrap();
    disk.open(&path("c"), Open::Create).unwrap();
    let expected = ["a b", "b", "a b c", "b c"].map(str::to_owned);
    assert_eq!(outcomes(&disk, names), BTreeSet::from(expected));
}

#[test]
fn a_file_moved_across_directories_is_never_without_a_name() {
    let disk = SimDisk::new(1);
    let (from, to) = (Path::new("/from"), Path::new("/to"));
    for dir in [from, to] {
        disk.create_dir(dir).unwrap();
    }
    disk.open(&from.join("old"), Open::Create).unwrap();
    disk.sync_dir(from).unwrap();
    disk.rename(&from.join("old"), &to.join("new")).unwrap();
    let all = BTreeSet::from(["old", "old new", "new"].map(str::to_owned));
    assert_eq!(outcomes(&disk, names), all);
    disk.sync_dir(from).unwrap();
    assert_eq!(
        outcomes(&disk, names),
        all,
        "the new name is not synced, so the old one does not end"
    );
    disk.sync_dir(to).unwrap();
    assert_eq!(outcomes(&disk, names), BTreeSet::from(["old new", "new"].map(str::to_owned)));
    disk.sync_dir(from).unwrap();
    assert_eq!(outcomes(&disk, names), BTreeSet::from(["new".to_owned()]));
}

#[test]
fn the_late_end_of_a_moved_name_spares_a_new_file_of_that_name() {
    let disk = SimDisk::new(1);
    let dir = Path::new("/d");
    disk.create_dir(dir).unwrap();
    durable(&disk, "a", b"moved");
    disk.rename(&path("a"), &dir.join("b")).unwrap();
    durable(&disk, "a", b"new");
    disk.sync_dir(dir).unwrap();
    disk.sync_dir(Path::new(ROOT)).unwrap();
    disk.open(&path("unsynced"), Open::Create).unwrap();
    disk.power_cut_with(Survival::None);
    assert_eq!(names(&disk), "a b");
    assert_eq!(read(&disk, "a"), b"new");
}

#[test]
fn directories_are_durable_at_once() {
    let disk = SimDisk::new(1);
    disk.create_dir(Path::new("/a/b")).unwrap();
    disk.power_cut_with(Survival::None);
    disk.sync_dir(Path::new("/a/b")).unwrap();
}

#[test]
fn a_prefix_keeps_the_order_across_files_and_names() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", &[0]);
    for n in 1..=20_u8 {
        file.write_at(0, &[n]).unwrap();
        disk.open(&path(&format!("{n}")), Open::Create).unwrap();
    }
    let mut seen = BTreeSet::new();
    for seed in 0..400 {
        let fork = disk.fork(seed);
        fork.power_cut_with(Survival::Prefix);
        let last = read(&fork, "a")[0];
        let files = fork.list_files().len() - 1;
        assert!(
            files == usize::from(last) || files + 1 == usize::from(last),
            "{last} with {files} files"
        );
        seen.insert((last, files));
    }
    assert_eq!(seen.len(), 41, "every point");
}

#[test]
fn all_and_none_are_what_they_say() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", b"old");
    file.write_at(0, b"newer").unwrap();
    disk.open(&path("b"), Open::Create).unwrap();
    let fork = disk.fork(1);
    fork.power_cut_with(Survival::All);
    assert_eq!((names(&fork).as_str(), read(&fork, "a")), ("a b", b"newer".to_vec()));
    disk.power_cut_with(Survival::None);
    assert_eq!((names(&disk).as_str(), read(&disk, "a")), ("a", b"old".to_vec()));
}

#[test]
fn handles_and_locks_die_with_the_power() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", b"data");
    let guard = disk.lock(&path("lock")).unwrap();
    disk.sync_dir(Path::new(ROOT)).unwrap();
    disk.power_cut();
    assert!(is_off(file.read_at(0, &mut [0])));
    assert!(is_off(file.write_at(0, b"x")));
    assert!(is_off(file.sync()) && is_off(file.set_len(0)) && is_off(file.len()));
    let _new = disk.lock(&path("lock")).unwrap();
    drop(guard);
    assert_eq!(
        disk.lock(&path("lock")).err().unwrap().kind(),
        ErrorKind::WouldBlock,
        "the dead guard frees nothing"
    );
}

#[test]
fn a_killed_process_leaves_the_page_cache() {
    let disk = SimDisk::new(1);
    let file = durable(&disk, "a", b"old");
    let _guard = disk.lock(&path("lock")).unwrap();
    file.write_at(0, b"new").unwrap();
    disk.kill_process();
    assert!(is_off(file.len()));
    disk.lock(&path("lock")).unwrap();
    assert_eq!(read(&disk, "a"), b"new");
    disk.power_cut_with(Survival::None);
    assert_eq!(read(&disk, "a"), b"old");
}
