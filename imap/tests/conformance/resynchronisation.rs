//! CONDSTORE and QRESYNC.

use super::{hold, hold_in_inbox};

// RFC 7162 §3.1.2.1, §3.1.8
#[tokio::test]
async fn select_condstore_tells_the_highest() {
    hold(
        "C: a SELECT INBOX (CONDSTORE)\nS: * FLAGS …\nS: * 3 EXISTS\nS: * 3 RECENT\nS: * OK …\nS: * OK …\nS: * OK …\n\
         S: * OK [HIGHESTMODSEQ …]\nS: * OK …\nS: * OK …\nS: a OK [READ-WRITE]\nC: b STORE 1 +FLAGS (\\Seen)\n\
         S: * 1 FETCH (FLAGS (\\Seen \\Recent) MODSEQ (…))\nS: b OK",
    )
    .await;
}

// RFC 7162 §3.1.3
#[tokio::test]
async fn a_store_on_condition_names_what_it_left_alone() {
    hold_in_inbox(
        "C: a STORE 1:2 (UNCHANGEDSINCE 0) +FLAGS (\\Seen)\nS: a OK [MODIFIED 1:2]\nC: b UID STORE 1 (UNCHANGEDSINCE 9999) +FLAGS.SILENT (\\Seen)\n\
         S: * 1 FETCH (UID 1 MODSEQ (…))\nS: b OK",
    )
    .await;
}

// RFC 7162 §3.1.4.1, §3.1.4.2
#[tokio::test]
async fn a_fetch_of_what_changed() {
    hold_in_inbox(
        "C: a FETCH 1:* (UID) (CHANGEDSINCE 9999)\nS: a OK\nC: b UID FETCH 1 (FLAGS) (CHANGEDSINCE 1)\n\
         S: * 1 FETCH (UID 1 FLAGS (\\Recent) MODSEQ (…))\nS: b OK",
    )
    .await;
}

// RFC 7162 §3.1.5
#[tokio::test]
async fn a_search_by_modification_sequence() {
    hold_in_inbox("C: a SEARCH MODSEQ 1\nS: * SEARCH 1 2 3 (MODSEQ …)\nS: a OK\nC: b SEARCH MODSEQ 9999\nS: * SEARCH\nS: b OK")
        .await;
}

// RFC 7162 §3.1.7
#[tokio::test]
async fn status_tells_the_highest() {
    hold("C: a STATUS INBOX (HIGHESTMODSEQ)\nS: * STATUS \"INBOX\" (HIGHESTMODSEQ …)\nS: a OK")
        .await;
}

// RFC 7162 §3.2.3, §3.2.10.2
#[tokio::test]
async fn vanished_takes_the_place_of_expunge() {
    hold(
        "C: a ENABLE QRESYNC\nS: * ENABLED QRESYNC\nS: a OK\nC: b SELECT INBOX\nS: * FLAGS …\nS: * 3 EXISTS\nS: * 3 RECENT\n\
         S: * OK …\nS: * OK …\nS: * OK …\nS: * OK …\nS: * OK …\nS: * OK …\nS: b OK [READ-WRITE]\n\
         C: c STORE 1,3 +FLAGS (\\Deleted)\nS: * 1 FETCH (UID 1 FLAGS (\\Deleted \\Recent) MODSEQ (…))\n\
         S: * 3 FETCH (UID 3 FLAGS (\\Deleted \\Recent) MODSEQ (…))\nS: c OK\nC: d EXPUNGE\nS: * VANISHED 1,3\n\
         S: d OK [HIGHESTMODSEQ …]\nC: e SELECT INBOX (QRESYNC (1 1))\nS: * OK [CLOSED]\nS: * FLAGS …\nS: * 1 EXISTS\n\
         S: * 0 RECENT\nS: * OK …\nS: * OK …\nS: * OK …\nS: * OK …\nS: * OK …\nS: * OK …\nS: e OK [READ-WRITE]",
    )
    .await;
}

// RFC 7162 §3.2.5: it must be switched on first.
#[tokio::test]
async fn qresync_without_enable_is_bad() {
    hold("C: a SELECT INBOX (QRESYNC (1 1))\nS: a BAD").await;
}
