//! What was deleted is gone: from answers, and from the files of the index.

use super::land::{DIR, Land};
use mailstore::Actor;
use std::path::Path;

const MARKER: &str = "zqxmarqueurzqx";
const OTHER: &str = "wvkautrewvk";

#[test]
fn no_text_lies_readable_on_the_disk() {
    let land = Land::new();
    let marie = land.account("marie");
    land.letter(marie, MARKER, MARKER);
    land.search.catch_up().unwrap();
    assert!(!land.unsealed_with(MARKER).is_empty(), "it is in the index");
    for path in land.disk.list_files() {
        let octets = land.disk.read_file(&path).unwrap();
        assert!(memchr::memmem::find(&octets, MARKER.as_bytes()).is_none(), "{path:?}");
    }
}

#[test]
fn expunged_text_is_in_no_file() {
    let land = Land::new();
    let marie = land.account("marie");
    let gone = land.letter(marie, "Un", MARKER);
    land.letter(marie, "Deux", OTHER);
    land.search.catch_up().unwrap();
    assert!(!land.unsealed_with(MARKER).is_empty());
    land.expunge(marie, gone);
    land.search.catch_up().unwrap();
    assert_eq!(land.unsealed_with(MARKER), Vec::<String>::new());
    assert!(!land.unsealed_with(OTHER).is_empty(), "the others stay");
    assert_eq!(land.candidates(marie, MARKER), 0);
}

#[test]
fn an_erased_account_is_in_no_file_once_it_is_forgotten() {
    let land = Land::new();
    let (marie, paul) = (land.account("marie"), land.account("paul"));
    land.letter(marie, "Un", MARKER);
    land.letter(paul, "Deux", OTHER);
    land.search.catch_up().unwrap();
    land.store.erase_account(Actor::SYSTEM, marie).unwrap();
    land.search.forget(marie).unwrap();
    assert_eq!(land.unsealed_with(MARKER), Vec::<String>::new());
    assert_eq!(land.candidates(paul, OTHER), 1);
}

#[test]
fn an_erased_account_that_nobody_named_is_found_at_the_next_start() {
    let land = Land::new();
    let (marie, paul) = (land.account("marie"), land.account("paul"));
    land.letter(marie, "Un", MARKER);
    land.letter(paul, "Deux", OTHER);
    land.search.catch_up().unwrap();
    land.store.erase_account(Actor::SYSTEM, marie).unwrap();
    let land = land.again();
    land.search.catch_up().unwrap();
    assert_eq!(land.unsealed_with(MARKER), Vec::<String>::new());
    assert_eq!(land.candidates(paul, OTHER), 1);
}

#[test]
fn what_was_expunged_before_it_was_put_in_never_gets_in() {
    let land = Land::new();
    let marie = land.account("marie");
    let gone = land.letter(marie, "Un", MARKER);
    land.expunge(marie, gone);
    land.search.catch_up().unwrap();
    assert_eq!(land.unsealed_with(MARKER), Vec::<String>::new());
    assert_eq!(land.candidates(marie, MARKER), 0);
}

#[test]
fn replaced_files_leave_the_folder() {
    let land = Land::new();
    let marie = land.account("marie");
    let files = || mailstore::disk::Disk::list(&land.disk, Path::new(DIR)).unwrap().len();
    land.letter(marie, "Un", "texte");
    land.search.catch_up().unwrap();
    let few = files();
    for _ in 0..20 {
        let gone = land.letter(marie, "Un", "texte");
        land.search.catch_up().unwrap();
        land.expunge(marie, gone);
        land.search.catch_up().unwrap();
    }
    assert!(files() <= 4 * few, "{} of {few}", files());
}
