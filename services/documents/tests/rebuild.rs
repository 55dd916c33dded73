//! Deriving the record again: filed documents and live messages give back what they gave, people's
//! decisions stay, nothing is sent.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

mod land;

use clinical::value_sets::Kind;
use land::{CITIZEN, Land, archive, document, message};
use record::{Decisions, Entry, EntryState, Fate};

const ASKED: &str = "Disposition-Notification-To: <letters@chu.example>\n";

/// What the parser of another day could have made of a document.
fn spoilt(entry: &Entry) -> Entry {
    Entry {
        title: "?".into(),
        kind: Kind::Other,
        author: None,
        date: 0,
        set_id: Some("1.2.3".into()),
        ..entry.clone()
    }
}

#[test]
fn a_rebuild_gives_back_what_was_filed_and_keeps_what_people_decided() {
    let land = Land::new();
    // One whose message is gone, two versions, one taken back, one that was refused.
    land.file(&land::replaced(&document("7.1", 1, ""), "\"1.2.3\"", "\"7\""));
    land.remove_last_message(CITIZEN);
    land.file(&document("1.2.3.1", 1, ""));
    land.file(&document("1.2.3.2", 2, "1.2.3.1"));
    land.file(&land::replaced(&document("8.1", 1, ""), "\"1.2.3\"", "\"8\""));
    let before = land.entries(CITIZEN);
    assert_eq!(before.len(), 3);
    let taken = before.iter().find(|entry| entry.unique_id.as_deref() == Some("8.1")).unwrap();
    land.take_back(CITIZEN, taken.id);
    let versioned = before.iter().find(|entry| entry.version == Some(2)).unwrap();
    let decisions =
        Decisions { title: Some("À moi".into()), kind: Some(Kind::Biology), masked: true };
    land.decide(CITIZEN, versioned.series, &decisions);
    land.send(CITIZEN, &message(ASKED, b"no archive")).unwrap();
    land.settle();
    let (all, fates, sent) =
        (land.all_entries(CITIZEN), land.all_fates(CITIZEN), land.receipts().len());
    assert_eq!((all.len(), fates.len(), sent), (4, 4, 1));

    for entry in &all {
        land.overwrite(CITIZEN, spoilt(entry));
    }
    assert_ne!(land.all_entries(CITIZEN), all);
    let rebuilt = land.rebuild();
    assert_eq!((rebuilt.sources, rebuilt.failed), (5, 0));
    assert_eq!(land.all_entries(CITIZEN), all);
    assert_eq!(land.all_fates(CITIZEN), fates);
    assert_eq!(land.receipts().len(), sent, "nothing is sent");
    assert!(all.iter().any(|entry| matches!(entry.state, EntryState::TakenBack { .. })));
    assert_eq!(land.series(CITIZEN, versioned).decisions, decisions);
    // Again, with nothing changed: nothing changes.
    land.rebuild();
    assert_eq!((land.all_entries(CITIZEN), land.all_fates(CITIZEN)), (all, fates));
}

#[test]
fn a_rebuild_files_what_was_received_and_missed_and_nothing_that_the_citizen_put_there() {
    let land = Land::new();
    land.append(CITIZEN, &message("", &archive(&document("9.1", 1, ""))));
    land.send(CITIZEN, &message(ASKED, &archive(&document("1.2.3.1", 1, "")))).unwrap();
    // The service has not been at it: it is handled here for the first time, and answered by nobody.
    let rebuilt = land.rebuild();
    assert_eq!((rebuilt.sources, rebuilt.failed), (1, 0));
    let entries = land.entries(CITIZEN);
    assert_eq!(entries.len(), 1);
    assert_eq!(entries[0].unique_id.as_deref(), Some("1.2.3.1"));
    assert_eq!(land.receipts().len(), 0);
    // When the runner comes to it, the document is filed already, by this very message.
    land.settle();
    assert_eq!(land.entries(CITIZEN), entries);
    let fate = &land.last_fates(CITIZEN)[0].fate;
    assert!(matches!(fate, Fate::Filed { entry, .. } if *entry == entries[0].id), "{fate:?}");
    assert_eq!(land.receipts().len(), 1);
}
