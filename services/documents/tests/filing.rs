//! From a peer's message to the record, with the receipt: everything the service decides, from
//! outside.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

mod land;

use clinical::xdm::{Archive, Limits};
use domain::Verdict;
use land::{CITIZEN, Land, OTHER, archive, document, message};
use record::{EntryState, Fate, Refusal};

const UNASKED: &str = "";
const ASKED: &str = "Disposition-Notification-To: <letters@chu.example>\n";

fn refusal(land: &Land, zip: &[u8]) -> (Refusal, String) {
    let before = land.receipts().len();
    land.send(CITIZEN, &message(ASKED, zip)).unwrap();
    land.settle();
    let fates = land.last_fates(CITIZEN);
    let Fate::NotFiled(refusal) = fates[0].fate else { panic!("{:?}", fates[0].fate) };
    let receipts = land.receipts();
    assert_eq!(receipts.len(), before + 1, "{refusal:?}");
    assert_eq!(land.entries(CITIZEN).len(), 0);
    // The message is as readable as any: nothing took it away or opened it for good.
    let stored = land.last_message(CITIZEN);
    assert!(stored.contains("IHE_XDM.ZIP") && stored.contains("Bonjour"));
    (refusal, receipts[before].clone())
}

#[test]
fn a_document_is_filed_with_all_its_header_says_and_outlives_its_message() {
    let land = Land::new();
    let octets = document("1.2.3.1", 1, "");
    land.send(CITIZEN, &message(UNASKED, &archive(&octets))).unwrap();
    land.settle();
    let entries = land.entries(CITIZEN);
    assert_eq!(entries.len(), 1);
    let entry = &entries[0];
    assert_eq!((entry.unique_id.as_deref(), entry.version), (Some("1.2.3.1"), Some(1)));
    assert_eq!(entry.title, "Lettre de liaison");
    assert_eq!(land.octets(CITIZEN, entry), octets);
    assert!(
        matches!(land.last_fates(CITIZEN)[0].fate, Fate::Filed { entry: id, .. } if id == entry.id)
    );
    assert_eq!(land.receipts().len(), 0, "none was asked for");
    land.remove_last_message(CITIZEN);
    assert_eq!(land.octets(CITIZEN, entry), octets);
}

// MSS #66
#[test]
fn the_same_archive_twice_is_one_entry_and_the_second_says_so() {
    let land = Land::new();
    let zip = archive(&document("1.2.3.1", 1, ""));
    for _ in 0..2 {
        land.send(CITIZEN, &message(ASKED, &zip)).unwrap();
        land.settle();
    }
    let entries = land.entries(CITIZEN);
    assert_eq!(entries.len(), 1);
    assert_eq!(land.last_fates(CITIZEN)[0].fate, Fate::Duplicate { entry: entries[0].id });
    let receipts = land.receipts();
    assert_eq!(receipts.len(), 2);
    assert!(receipts[0].contains(&format!("Pli-Filed-Document: entry={}", entries[0].id)));
    assert!(receipts[1].contains(&format!("Pli-Duplicate-Document: entry={}", entries[0].id)));
    assert!(receipts.iter().all(|receipt| receipt.contains("; processed\r\n")));
}

// MSS #65
#[test]
fn a_newer_version_takes_the_place_of_the_filed_one_and_an_older_one_does_not() {
    let land = Land::new();
    land.file(&document("1.2.3.1", 1, ""));
    land.file(&document("1.2.3.2", 2, "1.2.3.1"));
    let entries = land.entries(CITIZEN);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].version, Some(2));
    let versions = land.versions(CITIZEN, &entries[0]);
    assert_eq!(versions.len(), 2);
    assert_eq!(versions[0].state, EntryState::Replaced { by: entries[0].id });
    land.file(&document("1.2.3.0", 1, "1.2.3.1"));
    assert_eq!(land.last_fates(CITIZEN)[0].fate, Fate::NotFiled(Refusal::VersionNotAbove));
    assert_eq!(land.entries(CITIZEN), entries);
}

#[test]
fn a_replacement_of_the_unknown_is_filed_as_a_first_version_and_says_so() {
    let land = Land::new();
    land.send(CITIZEN, &message(ASKED, &archive(&document("1.2.3.2", 2, "9.9.9")))).unwrap();
    land.settle();
    let entries = land.entries(CITIZEN);
    assert!(entries.len() == 1 && entries[0].predecessor_unknown);
    let Fate::Filed { predecessor_unknown: true, .. } = land.last_fates(CITIZEN)[0].fate else {
        panic!("it does not say so")
    };
    let receipt = land.receipts().pop().unwrap();
    assert!(receipt.contains("predecessor=unknown") && receipt.contains("; processed\r\n"));
}

// MSS #58, MSS #59, MSS #60, MSS #70
#[test]
fn bad_input_is_not_filed_and_fate_and_receipt_say_why() {
    let octets = document("1.2.3.1", 1, "");
    let good = archive(&octets);
    let land = Land::new();
    land.account(OTHER);
    let mut altered = octets.clone();
    let at = octets.windows(7).position(|at| at == b"liaison").unwrap();
    altered[at] = b'L';
    let cases = [
        (
            land::repacked(&good, |files| files.push(("../x".into(), b"x".to_vec()))),
            Refusal::ArchiveDangerous,
            906,
        ),
        (
            land::repacked(&good, |files| files[3].1 = vec![0; 30 * 1024 * 1024]),
            Refusal::ArchiveTooLarge,
            906,
        ),
        (land::repacked(&good, |files| files[3].1 = altered.clone()), Refusal::HashDiffers, 906),
        (land::repacked(&good, |files| files[3].1.push(b' ')), Refusal::SizeDiffers, 906),
        (land::repacked(&good, |files| drop(files.remove(2))), Refusal::NoMetadata, 906),
        (land::repacked(&good, |files| drop(files.remove(3))), Refusal::MissingFile, 906),
        (good[..good.len() / 2].to_vec(), Refusal::ArchiveDamaged, 906),
        (land::archive_for(&octets, OTHER), Refusal::OtherCitizen, 904),
        (land::archive_for(&octets, "185057512345673"), Refusal::UnknownPatient, 902),
        (land::archive_for(&octets, ""), Refusal::NoIns, 903),
        (land::archive_for(&octets, "27903512151898"), Refusal::InsIncomplete, 905),
        (
            archive(&land::replaced(&octets, "<county>51215</county>", "")),
            Refusal::TraitsIncomplete,
            905,
        ),
        (archive(&land::replaced(&octets, "PAT-TROIS", "DURAND")), Refusal::TraitsDiffer, 904),
        (archive(b"<ClinicalDocument/>"), Refusal::Unreadable, 906),
    ];
    for (zip, expected, code) in cases {
        let (found, receipt) = refusal(&land, &zip);
        assert_eq!((found, found.code()), (expected, code));
        let error = format!("processed/Error: {code}^{}", record::label_of(found));
        assert!(receipt.contains(&error), "{receipt}");
        let parsed = mail_parser::MessageParser::default().parse(receipt.as_bytes()).unwrap();
        let subject = parsed.subject().unwrap();
        let start = format!("[KO Int\u{e9}gration syst\u{e8}me !][{code}] XDM/1.0/DDM+");
        assert!(subject.starts_with(&start), "{subject}");
    }
}

// MSS #67
#[test]
fn one_receipt_a_message_only_when_its_author_asks() {
    let land = Land::new();
    let zip = archive(&document("1.2.3.1", 1, ""));
    land.send(CITIZEN, &message(UNASKED, &zip)).unwrap();
    land.send(CITIZEN, &message("Disposition-Notification-To: <x@chu.example>\n", &zip)).unwrap();
    let automatic = format!("{ASKED}Auto-Submitted: auto-generated\n");
    land.send(CITIZEN, &message(&automatic, &zip)).unwrap();
    land.send_from("bounces@chu.example", CITIZEN, &message(ASKED, &zip)).unwrap();
    land.settle();
    assert_eq!(land.receipts().len(), 0);
    let asked = message(ASKED, &zip);
    land.send(CITIZEN, &asked).unwrap();
    land.settle();
    land.settle();
    assert_eq!(land.receipts().len(), 1);
    // The sender repeats it with other trace: another message for us, the same one for people.
    land.send(CITIZEN, &format!("X-Again: 1\n{asked}")).unwrap();
    land.settle();
    assert_eq!(land.receipts().len(), 1);
}

#[test]
fn a_commit_that_fails_files_nothing_and_the_next_run_files_once() {
    let land = Land::new();
    land.send(CITIZEN, &message(ASKED, &archive(&document("1.2.3.1", 1, "")))).unwrap();
    for _ in 0..3 {
        land.faults.fail_groups(1);
        land.settle();
        assert_eq!((land.entries(CITIZEN).len(), land.receipts().len()), (0, 0));
    }
    land.settle();
    land.settle();
    assert_eq!((land.entries(CITIZEN).len(), land.receipts().len()), (1, 1));
}

// MSS #79
#[test]
fn an_attachment_is_filed_by_hand_once_taken_back_and_put_back() {
    let land = Land::new();
    let message = land::with_attachments(&[
        ("scan.pdf", b"%PDF-1.7 scan"),
        ("lettre.docx", b"PK\x03\x04"),
        ("faux.pdf", b"MZ"),
        ("grand.txt", &vec![b'x'; 5 * 1024 * 1024 + 1]),
        ("juste.txt", &vec![b'x'; 5 * 1024 * 1024]),
    ]);
    land.send(CITIZEN, &message).unwrap();
    land.settle();
    let offered: Vec<_> =
        land.last_fates(CITIZEN).into_iter().map(|fate| (fate.part, fate.fate)).collect();
    let by_hand = Fate::MayBeFiledByHand;
    assert!(offered.contains(&(vec![2], by_hand.clone())) && offered.contains(&(vec![6], by_hand)));
    assert!(!offered.iter().any(|(part, _)| part == &[3]));
    land.by_hand(CITIZEN, 2, "Scan").unwrap();
    assert!(matches!(
        land.by_hand(CITIZEN, 2, "Scan"),
        Err(record::by_hand::ByHandError::AlreadyFiled(_))
    ));
    assert!(matches!(
        land.by_hand(CITIZEN, 3, "x"),
        Err(record::by_hand::ByHandError::TypeNotAllowed)
    ));
    assert!(matches!(
        land.by_hand(CITIZEN, 4, "x"),
        Err(record::by_hand::ByHandError::ContentDiffers)
    ));
    assert!(matches!(land.by_hand(CITIZEN, 5, "x"), Err(record::by_hand::ByHandError::Size)));
    land.by_hand(CITIZEN, 6, "Juste assez").unwrap();
    let entries = land.entries(CITIZEN);
    assert_eq!(entries.len(), 2);
    let scan = entries.iter().find(|entry| entry.title == "Scan").unwrap();
    assert_eq!(land.octets(CITIZEN, scan), b"%PDF-1.7 scan");
    land.take_back(CITIZEN, scan.id);
    assert_eq!(land.entries(CITIZEN).len(), 1);
    land.undo(CITIZEN, scan.id);
    assert_eq!(land.entries(CITIZEN), entries);
}

#[test]
fn what_the_citizen_puts_into_a_mailbox_is_nobodys_document() {
    let land = Land::new();
    let letter = message(ASKED, &archive(&document("1.2.3.1", 1, "")));
    land.append(CITIZEN, &letter);
    land.settle();
    assert_eq!((land.entries(CITIZEN).len(), land.receipts().len()), (0, 0));
    assert_eq!(land.last_fates(CITIZEN), []);
    // Received, the same letter is filed.
    land.send(CITIZEN, &letter).unwrap();
    land.settle();
    assert_eq!((land.entries(CITIZEN).len(), land.receipts().len()), (1, 1));
}

#[test]
fn a_version_in_the_same_message_follows_its_set_before_what_it_names() {
    let land = Land::new();
    let first = archive(&document("1.2.3.1", 1, ""));
    let other = archive(&land::replaced(&document("9.9.1", 5, ""), "\"1.2.3\"", "\"9.9\""));
    let third = archive(&document("1.2.3.3", 3, "9.9.1"));
    let name = "IHE_XDM.ZIP";
    let letter = land::with_attachments(&[(name, &first), (name, &other), (name, &third)]);
    land.send(CITIZEN, &letter).unwrap();
    land.settle();
    let fates = land.last_fates(CITIZEN);
    assert_eq!(fates.len(), 3, "the service is not stuck");
    assert!(fates.iter().all(|fate| matches!(fate.fate, Fate::Filed { .. })), "{fates:?}");
    let mut versions: Vec<_> = land.entries(CITIZEN).iter().map(|entry| entry.version).collect();
    versions.sort();
    assert_eq!(versions, [Some(3), Some(5)]);
}

// MSS #72
#[test]
fn what_is_hidden_is_known_to_be_whether_it_is_filed_or_not() {
    let land = Land::new();
    let hidden =
        land::replaced(&document("1.2.3.1", 1, ""), "code=\"N\"", "code=\"INVISIBLE_PATIENT\"");
    let damaged = land::repacked(&archive(&hidden), |files| files[3].1.push(b' '));
    let plain = archive(&document("1.2.3.2", 1, ""));
    let name = "IHE_XDM.ZIP";
    let letter = land::with_attachments(&[(name, &plain), (name, &damaged)]);
    land.send(CITIZEN, &letter).unwrap();
    land.settle();
    let fates = land.last_fates(CITIZEN);
    let seen: Vec<_> = fates.iter().map(|fate| (&*fate.part, fate.hidden)).collect();
    assert_eq!(seen, [(&[3][..], true), (&[2][..], false)]);
    assert!(matches!(fates[0].fate, Fate::NotFiled(Refusal::SizeDiffers)));
}

#[test]
fn our_archives_are_what_the_tests_take_them_for() {
    let zip = archive(&document("1.2.3.1", 1, ""));
    assert_eq!(Archive::read(&zip, &Limits::default()).unwrap().documents().count(), 1);
    let land = Land::new();
    let malformed = land.send("27903512151898@patient.example", &message("", &zip));
    assert_eq!(malformed, Err(Verdict::RecipientMalformed));
}
