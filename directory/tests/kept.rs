//! The folder: replacement at once, damage, crashes between the steps, and the exchange format.

#![allow(clippy::unwrap_used, reason = "a test panics on purpose")]

mod made;

use std::fs;
use std::path::{Path, PathBuf};

use directory::*;
use domain::MailboxKind;
use made::*;

/// A folder of its own that goes with the test.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("pli-directory-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, end: &str) -> PathBuf {
        self.0.join("directory").join(format!("operator-nord.{end}"))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn open(folder: &Path) -> Opened {
    Directory::open(folder, citizens(), owners("nord", "nord.fr")).unwrap()
}

fn generation(n: u8) -> Vec<Mailbox> {
    (0..n)
        .map(|n| person(&format!("m{n}@nord.fr"), "8", "Luc", "MARTIN", "SM54", "Dijon"))
        .collect()
}

/// A folder with a first generation of one mailbox and a second of two.
fn two_generations(name: &str) -> Folder {
    let folder = Folder::new(name);
    let directory = open(&folder.0).directory;
    let own = certificate(b"a", "01", BoundTo::Mailbox("m0@nord.fr".parse().unwrap()));
    directory.publish(&operator("nord"), generation(1), []).unwrap();
    directory.publish(&operator("nord"), generation(2), [own]).unwrap();
    folder
}

#[test]
fn what_is_kept_is_there_again() {
    let folder = two_generations("again");
    let opened = open(&folder.0);
    assert!(opened.damage.is_empty() && opened.faults.is_empty());
    let snapshot = opened.directory.snapshot();
    assert_eq!(snapshot.len(), 2);
    assert_eq!(snapshot.by_fingerprint(&Fingerprint::of_der(b"a")).len(), 1);
}

#[test]
fn a_crash_before_the_rename_leaves_the_old_entries() {
    let folder = two_generations("before");
    fs::write(folder.file("jsonl.new"), "{\"directory\":").unwrap();
    let opened = open(&folder.0);
    assert!(opened.damage.is_empty());
    assert_eq!(opened.directory.snapshot().len(), 2);
    assert!(!folder.file("jsonl.new").exists());
}

#[test]
fn a_crash_between_the_renames_leaves_the_former_entries() {
    let folder = two_generations("between");
    // The moment after the file in force became the former one.
    fs::rename(folder.file("jsonl"), folder.file("jsonl.old")).unwrap();
    let opened = open(&folder.0);
    assert!(matches!(opened.damage[..], [Damage { former_in_force: true, .. }]));
    assert_eq!(opened.directory.snapshot().len(), 2);
}

#[test]
fn a_damaged_file_leaves_the_former_one_in_force_and_says_so() {
    for (name, damage) in [
        ("cut", (|file: &mut Vec<u8>| file.truncate(file.len() / 2)) as fn(&mut Vec<u8>)),
        ("end", |file| file.truncate(file.len() - 3)),
        ("flip", |file| {
            let at = file.windows(6).position(|part| part == b"MARTIN").unwrap();
            file[at] = b'm';
        }),
        ("empty", Vec::clear),
        ("more", |file| file.extend(b"{}\n")),
    ] {
        let folder = two_generations(name);
        let mut file = fs::read(folder.file("jsonl")).unwrap();
        damage(&mut file);
        fs::write(folder.file("jsonl"), file).unwrap();
        let opened = open(&folder.0);
        assert!(matches!(opened.damage[..], [Damage { former_in_force: true, .. }]), "{name}");
        assert_eq!(opened.directory.snapshot().len(), 1, "{name}");
        // The next replacement keeps the good former file until it is complete.
        opened.directory.publish(&operator("nord"), generation(3), []).unwrap();
        let opened = open(&folder.0);
        assert!(opened.damage.is_empty(), "{name}");
        assert_eq!(opened.directory.snapshot().len(), 3, "{name}");
    }
}

#[test]
fn without_a_former_file_the_source_is_empty_and_says_so() {
    let folder = Folder::new("none");
    open(&folder.0).directory.publish(&operator("nord"), generation(1), []).unwrap();
    fs::write(folder.file("jsonl"), "x").unwrap();
    let opened = open(&folder.0);
    assert!(matches!(opened.damage[..], [Damage { former_in_force: false, .. }]));
    assert!(opened.directory.snapshot().is_empty());
}

#[test]
fn a_withdrawn_source_does_not_come_back() {
    let folder = two_generations("withdrawn");
    open(&folder.0).directory.withdraw(&Source::Operator(operator("nord"))).unwrap();
    let opened = open(&folder.0);
    assert!(opened.directory.snapshot().is_empty() && opened.damage.is_empty());
}

fn exchange_file(mailboxes: Vec<Mailbox>) -> String {
    let mut file = Vec::new();
    exchange::write(&Source::Operator(operator("nord")), mailboxes, [], &mut file).unwrap();
    String::from_utf8(file).unwrap()
}

fn import(directory: &Directory, file: &str) -> Result<ImportReport, ReplaceError> {
    let source = Source::Operator(operator("nord"));
    directory.import_exchange(&source, file.as_bytes(), Limits::default())
}

#[test]
fn a_file_that_is_cut_or_of_another_version_changes_nothing() {
    let directory = directory_of("nord", "nord.fr");
    let file = exchange_file(generation(2));
    assert_eq!(import(&directory, &file).unwrap().mailboxes, 2);
    let lines: Vec<_> = file.lines().collect();
    let without_end = lines[..3].join("\n");
    let one_less = [lines[0], lines[1], lines[3]].join("\n");
    for (bad, sort) in [
        (without_end, "Cut"),
        (one_less, "Cut"),
        (file.replace("\"version\":1", "\"version\":2"), "Version"),
        (file.replace("operator-nord", "operator-sud"), "OtherSource"),
        (file.replace("MARTIN", "DURAND"), "Checksum"),
        (String::new(), "Version"),
    ] {
        let error = import(&directory, &bad).unwrap_err();
        assert_eq!(format!("{error:?}"), format!("Import({sort})"));
        assert_eq!(directory.snapshot().len(), 2);
    }
}

#[test]
fn a_line_that_is_wrong_costs_that_line() {
    let directory = directory_of("nord", "nord.fr");
    let file = r#"{"directory":{"version":1,"source":"operator-nord"}}
{"mailbox":{"address":"a@nord.fr","kind":"PER","professional":{"family_name":"MARTIN"}}}
{"mailbox":{"address":"b@patient.fr","kind":"PER","professional":{"family_name":"MARTIN"}}}
{"mailbox":{"address":"c@nord.fr","kind":"PER","professional":{"family_name":"MARTIN"},"secret":1}}
{"mailbox":{"address":"A@nord.fr","kind":"PER","professional":{"family_name":"MARTIN"}}}
{"end":{"records":4}}
"#;
    let report = import(&directory, file).unwrap();
    let faults: Vec<_> =
        report.faults.kept().iter().map(|fault| (fault.line, fault.reason)).collect();
    let expected =
        [(3, FaultReason::Citizen), (4, FaultReason::NotARecord), (5, FaultReason::OtherHolder)];
    assert_eq!((report.mailboxes, faults), (1, expected.to_vec()));
}

#[test]
fn a_kind_does_not_change_by_publication() {
    let directory = directory_of("nord", "nord.fr");
    let organisation = organisation("m0@nord.fr", "1710000001", "CH", "Cardiologie");
    directory.publish(&operator("nord"), generation(1), []).unwrap();
    let error = directory.publish(&operator("nord"), [organisation.clone()], []).unwrap_err();
    assert!(error.to_string().contains("does not change"));
    let report = import(&directory, &exchange_file(vec![organisation])).unwrap();
    assert_eq!(report.faults.kept()[0].reason, FaultReason::KindChanged);
    let found = directory.snapshot().find(&"m0@nord.fr".parse().unwrap()).unwrap();
    assert_eq!(found.mailbox.kind(), MailboxKind::Personal);
}
