//! The index is disposable: lost, damaged, foreign or behind, it is made again.

use super::land::{DIR, Land};
use mailstore::disk::{Disk, Open};
use std::path::Path;

/// A store with texts of two accounts in its index.
fn filled() -> (Land, mailstore::AccountId, mailstore::AccountId) {
    let land = Land::new();
    let (marie, paul) = (land.account("marie"), land.account("paul"));
    for at in 0..20 {
        land.letter(marie, "Note", &format!("thorax {at}"));
        land.letter(paul, "Note", &format!("genou {at}"));
    }
    land.search.catch_up().unwrap();
    (land, marie, paul)
}

fn files(land: &Land) -> Vec<std::path::PathBuf> {
    land.disk.list(Path::new(DIR)).unwrap()
}

fn is_whole(land: &Land, marie: mailstore::AccountId, paul: mailstore::AccountId) {
    land.search.catch_up().unwrap();
    assert_eq!((land.candidates(marie, "horax"), land.candidates(marie, "genou")), (20, 0));
    assert_eq!((land.candidates(paul, "horax"), land.candidates(paul, "genou")), (0, 20));
    assert_eq!(land.find(marie, "thorax").len(), 20);
}

#[test]
fn an_index_is_found_again_and_not_made_again() {
    let (land, marie, paul) = filled();
    let before = files(&land);
    let land = land.again();
    assert_eq!(files(&land), before);
    assert_eq!(land.candidates(marie, "thorax"), 20, "at once");
    is_whole(&land, marie, paul);
}

#[test]
fn a_lost_index_is_made_again_and_meanwhile_everything_is_found() {
    let (land, marie, paul) = filled();
    for path in files(&land) {
        land.disk.remove(&path).unwrap();
    }
    let land = land.again();
    assert_eq!(land.search.among(&land.view(marie), "thorax").unwrap(), None, "nothing is hidden");
    assert_eq!(land.holding(marie, "thorax").len(), 20);
    assert_eq!(land.find(marie, "thorax").len(), 20);
    is_whole(&land, marie, paul);
}

#[test]
fn any_damaged_file_has_the_index_made_again() {
    let (land, marie, paul) = filled();
    let names = files(&land);
    drop(land.search);
    drop(land.store);
    for path in names {
        for at in [10, 70, 90] {
            let disk = land.disk.fork(3);
            disk.corrupt(&path, at, 0x55).unwrap();
            let land = Land::on(disk);
            // Whether it is met at opening or by a question, nothing is hidden.
            assert_eq!(land.holding(marie, "thorax").len(), 20, "{path:?} {at}");
            assert_eq!(land.holding(paul, "genou").len(), 20, "{path:?} {at}");
            assert_eq!(land.find(marie, "thorax").len(), 20, "{path:?} {at}");
            // A failure is tried again before the index is given up.
            let _ = (0..5).find(|_| land.search.catch_up().is_ok());
            is_whole(&land, marie, paul);
        }
    }
}

#[test]
fn an_older_copy_put_back_is_not_believed() {
    let (land, marie, paul) = filled();
    let old: Vec<_> =
        files(&land).into_iter().map(|path| (land.disk.read_file(&path).unwrap(), path)).collect();
    let late = land.letter(marie, "Note", "cheville");
    land.search.catch_up().unwrap();
    let disk = land.disk.clone();
    drop(land);
    for path in disk.list(Path::new(DIR)).unwrap() {
        disk.remove(&path).unwrap();
    }
    for (octets, path) in old {
        let file = disk.open(&path, Open::CreateNew).unwrap();
        file.write_at(0, &octets).unwrap();
        file.sync().unwrap();
    }
    let land = Land::on(disk);
    assert_eq!(land.holding(marie, "cheville"), [late]);
    is_whole(&land, marie, paul);
    assert_eq!(land.candidates(marie, "cheville"), 1);
}

#[test]
fn a_power_cut_at_any_moment_hides_nothing() {
    for seed in 0..30 {
        let (land, marie, paul) = filled();
        let late = land.letter(marie, "Note", "cheville");
        land.disk.cut_after(seed * 7);
        let _ = land.search.catch_up();
        let disk = land.disk.clone();
        drop(land);
        disk.power_cut();
        let land = Land::on(disk);
        assert_eq!(land.holding(marie, "cheville"), [late], "{seed}");
        is_whole(&land, marie, paul);
        assert_eq!(land.candidates(marie, "cheville"), 1, "{seed}");
    }
}
