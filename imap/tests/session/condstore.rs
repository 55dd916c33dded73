//! CONDSTORE: modification sequences, and changes on condition.

use super::Land;
use mailstore::model::flags::{FlagChange, Flags};

const A: &str = "Subject: a\r\n\r\nx\r\n";

/// The number behind a word.
pub(super) fn number_after(text: &str, word: &str) -> u64 {
    let (_, after) = text.split_once(word).unwrap_or_else(|| panic!("{word}: {text}"));
    after.chars().take_while(char::is_ascii_digit).collect::<String>().parse().unwrap()
}

// RFC 7162 §3.1.2.1, §3.1.7
#[tokio::test]
async fn select_and_status_tell_the_highest_modification_sequence() {
    let land = Land::new().await;
    land.deliver(&[A, A]).await;
    let mut client = land.client().await;
    let selected = client.say("a SELECT INBOX (CONDSTORE)\r\n").await;
    let highest = number_after(&selected, "[HIGHESTMODSEQ ");
    let status = client.say("b STATUS INBOX (HIGHESTMODSEQ)\r\n").await;
    assert_eq!(number_after(&status, "HIGHESTMODSEQ "), highest);
    let fetched = client.say("c FETCH 1:2 MODSEQ\r\n").await;
    assert!(fetched.contains(&format!("* 2 FETCH (MODSEQ ({highest}))")), "{fetched}");
}

// RFC 7162 §3.1.3
#[tokio::test]
async fn a_store_leaves_alone_what_changed_meanwhile_and_names_it() {
    let land = Land::new().await;
    land.deliver(&[A, A, A]).await;
    let mut client = land.in_inbox().await;
    let fetched = client.say("a FETCH 3 (MODSEQ)\r\n").await;
    let since = number_after(&fetched, "MODSEQ (");
    let inbox = land.inbox();
    let flag = move |tx: &mut mailstore::Transaction<'_>| {
        tx.store_flags(inbox, &[2], FlagChange::Add(Flags::ANSWERED), None).map(drop)
    };
    land.change(flag).await;
    let line = format!("b STORE 1:3 (UNCHANGEDSINCE {since}) +FLAGS.SILENT (\\Seen)\r\n");
    let answer = client.say(&line).await;
    let new = number_after(&answer, "* 1 FETCH (MODSEQ (");
    assert!(new > since, "{answer}");
    assert!(answer.contains(&format!("* 3 FETCH (MODSEQ ({new}))\n")), "{answer}");
    // Also what another did is told, with its flags.
    assert!(answer.contains("* 2 FETCH (UID 2 FLAGS (\\Answered \\Recent) MODSEQ ("), "{answer}");
    assert!(answer.ends_with("b OK [MODIFIED 2]"), "{answer}");
    let line = format!("c UID STORE 2 (UNCHANGEDSINCE {since}) FLAGS (\\Deleted)\r\n");
    assert_eq!(client.say(&line).await, "c OK [MODIFIED 2]");
    // Nothing was changed at or before 0.
    let answer = client.say("d STORE 1 (UNCHANGEDSINCE 0) FLAGS ()\r\n").await;
    assert_eq!(answer, "d OK [MODIFIED 1]");
    let flags = client.say("e FETCH 1:2 FLAGS\r\n").await;
    assert!(flags.contains("* 1 FETCH (FLAGS (\\Seen \\Recent))"), "{flags}");
    assert!(!flags.contains("\\Deleted"), "{flags}");
}

// RFC 7162 §3.1.3: once modification sequences are asked for, every change is told with its own.
#[tokio::test]
async fn changes_come_with_their_modification_sequences() {
    let land = Land::new().await;
    land.deliver(&[A]).await;
    let mut client = land.in_inbox().await;
    let answer = client.say("a STORE 1 +FLAGS (\\Seen)\r\n").await;
    assert_eq!(answer, "* 1 FETCH (FLAGS (\\Seen \\Recent))\na OK");
    assert_eq!(client.say("b ENABLE CONDSTORE X-UNKNOWN\r\n").await, "* ENABLED CONDSTORE\nb OK");
    let answer = client.say("c STORE 1 -FLAGS (\\Seen)\r\n").await;
    assert!(answer.starts_with("* 1 FETCH (FLAGS (\\Recent) MODSEQ ("), "{answer}");
    let answer = client.say("d FETCH 1 BODY[TEXT]\r\n").await;
    assert!(answer.contains(" FLAGS (\\Seen \\Recent) MODSEQ ("), "{answer}");
    let inbox = land.inbox();
    let flag = move |tx: &mut mailstore::Transaction<'_>| {
        tx.store_flags(inbox, &[1], FlagChange::Set(Flags::NONE), None).map(drop)
    };
    land.change(flag).await;
    let answer = client.say("e NOOP\r\n").await;
    assert!(answer.starts_with("* 1 FETCH (UID 1 FLAGS (\\Recent) MODSEQ ("), "{answer}");
}

// RFC 7162 §3.1.4.1
#[tokio::test]
async fn only_what_changed_since_is_fetched() {
    let land = Land::new().await;
    land.deliver(&[A, A, A]).await;
    let mut client = land.client().await;
    let since = number_after(&client.say("a SELECT INBOX\r\n").await, "[HIGHESTMODSEQ ");
    client.say("b STORE 2 +FLAGS.SILENT (\\Flagged)\r\n").await;
    let line = format!("c UID FETCH 1:* (FLAGS) (CHANGEDSINCE {since})\r\n");
    let answer = client.say(&line).await;
    assert!(answer.starts_with("* 2 FETCH (UID 2 FLAGS (\\Flagged \\Recent) MODSEQ ("), "{answer}");
    assert_eq!(answer.matches("FETCH").count(), 1, "{answer}");
    for wrong in ["(VANISHED)", "(CHANGEDSINCE x)", "(CHANGEDSINCE 1 CHANGEDSINCE 2)"] {
        let answer = client.say(&format!("d UID FETCH 1:* FLAGS {wrong}\r\n")).await;
        assert_eq!(answer, "d BAD", "{wrong}");
    }
    // VANISHED needs QRESYNC.
    let answer = client.say("e UID FETCH 1:* FLAGS (CHANGEDSINCE 1 VANISHED)\r\n").await;
    assert_eq!(answer, "e BAD");
}

// RFC 7162 §3.1.5, §3.1.10
#[tokio::test]
async fn a_search_finds_what_changed_and_tells_the_highest() {
    let land = Land::new().await;
    land.deliver(&[A, A, A]).await;
    let mut client = land.in_inbox().await;
    let first = number_after(&client.say("a FETCH 1 MODSEQ\r\n").await, "MODSEQ (");
    let last = number_after(&client.say("b FETCH 3 MODSEQ\r\n").await, "MODSEQ (");
    let of = |keys: &str| format!("c SEARCH {keys}\r\n");
    let answer = client.say(&of(&format!("MODSEQ {}", first + 1))).await;
    assert_eq!(answer, format!("* SEARCH 2 3 (MODSEQ {last})\nc OK"));
    let answer = client.say(&of(&format!("MODSEQ \"/flags/\\\\draft\" all {last}"))).await;
    assert_eq!(answer, format!("* SEARCH 3 (MODSEQ {last})\nc OK"));
    assert_eq!(client.say(&of(&format!("MODSEQ {}", last + 9))).await, "* SEARCH\nc OK");
    let answer = client.say(&of("RETURN (MIN) MODSEQ 1")).await;
    assert_eq!(answer, format!("* ESEARCH (TAG \"c\") MIN 1 MODSEQ {first}\nc OK"));
    let answer = client.say(&of("RETURN (MIN MAX) MODSEQ 1")).await;
    assert_eq!(answer, format!("* ESEARCH (TAG \"c\") MIN 1 MAX 3 MODSEQ {last}\nc OK"));
    assert!(client.say("d SEARCH MODSEQ x\r\n").await.starts_with("d BAD"));
}
