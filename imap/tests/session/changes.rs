//! STORE, EXPUNGE, COPY, MOVE, CLOSE; and what others change meanwhile.

use super::{Land, Wants};
use mailstore::model::expunge::Expunge;
use mailstore::model::flags::{FlagChange, Flags};
use std::time::Duration;

const A: &str = "Subject: a\r\n\r\nx\r\n";

#[tokio::test]
async fn store_changes_flags_and_tells_them() {
    let land = Land::new().await;
    land.deliver(&[A, A]).await;
    let mut client = land.in_inbox().await;
    for (line, answer) in [
        ("STORE 1 +FLAGS (\\Seen)", "* 1 FETCH (FLAGS (\\Seen \\Recent))\na OK"),
        ("STORE 1 FLAGS (\\Flagged)", "* 1 FETCH (FLAGS (\\Flagged \\Recent))\na OK"),
        ("STORE 1 -FLAGS (\\Flagged)", "* 1 FETCH (FLAGS (\\Recent))\na OK"),
        ("STORE 1:2 +FLAGS.SILENT (\\Seen)", "a OK"),
        ("UID STORE 2 FLAGS (\\Draft)", "* 2 FETCH (UID 2 FLAGS (\\Draft \\Recent))\na OK"),
    ] {
        assert_eq!(client.say(&format!("a {line}\r\n")).await, answer, "{line}");
    }
    let keyword = client.say("b STORE 1 +FLAGS.SILENT ($Forwarded)\r\n").await;
    assert!(keyword.starts_with("* FLAGS (") && keyword.contains("$Forwarded)"), "{keyword}");
    assert!(client.say("c FETCH 1 FLAGS\r\n").await.contains("$Forwarded"));
    for wrong in ["STORE 1 FLAGS (\\Recent)", "STORE 1 FLAGS (\\Wrong)", "STORE 9 FLAGS ()"] {
        let answer = client.say(&format!("d {wrong}\r\n")).await;
        assert!(answer.starts_with("d BAD"), "{wrong}: {answer}");
    }
    assert!(client.say("e EXAMINE INBOX\r\n").await.ends_with("e OK [READ-ONLY]"));
    assert!(client.say("f STORE 1 FLAGS (\\Seen)\r\n").await.starts_with("f NO"));
}

// RFC 3501 §7.4.1, RFC 4315 §2.1
#[tokio::test]
async fn expunge_takes_what_is_marked() {
    let land = Land::new().await;
    land.deliver(&[A, A, A, A]).await;
    let mut client = land.in_inbox().await;
    client.say("a STORE 1,3:4 +FLAGS.SILENT (\\Deleted)\r\n").await;
    let answer = client.say("b UID EXPUNGE 3\r\n").await;
    assert_eq!(answer, "* 3 EXPUNGE\nb OK");
    let answer = client.say("c EXPUNGE\r\n").await;
    assert_eq!(answer, "* 3 EXPUNGE\n* 1 EXPUNGE\nc OK");
    assert_eq!(client.say("d UID FETCH 1:* UID\r\n").await, "* 1 FETCH (UID 2)\nd OK");
    // CLOSE removes too, and says nothing of it.
    client.say("e STORE 1 +FLAGS.SILENT (\\Deleted)\r\n").await;
    assert_eq!(client.say("f CLOSE\r\n").await, "f OK");
    assert!(client.say("g STATUS INBOX (MESSAGES)\r\n").await.contains("MESSAGES 0"));
}

#[tokio::test]
async fn unselect_and_a_close_after_examine_remove_nothing() {
    let land = Land::new().await;
    land.deliver(&[A]).await;
    let mut client = land.in_inbox().await;
    client.say("a STORE 1 +FLAGS.SILENT (\\Deleted)\r\n").await;
    assert_eq!(client.say("b UNSELECT\r\n").await, "b OK");
    assert!(client.say("c EXAMINE INBOX\r\n").await.ends_with("c OK [READ-ONLY]"));
    assert!(client.say("d EXPUNGE\r\n").await.starts_with("d NO"));
    assert_eq!(client.say("e CLOSE\r\n").await, "e OK");
    assert!(client.say("f STATUS INBOX (MESSAGES)\r\n").await.contains("MESSAGES 1"));
}

// RFC 6851 §3.3, RFC 4315 §3
#[tokio::test]
async fn copy_and_move_tell_the_new_uids() {
    let land = Land::new().await;
    land.deliver(&[A, A, A]).await;
    let mut client = land.in_inbox().await;
    assert_eq!(client.say("a COPY 1 nowhere\r\n").await, "a NO [TRYCREATE]");
    assert_eq!(client.say("b MOVE 1 nowhere\r\n").await, "b NO [TRYCREATE]");
    client.say("c CREATE x\r\n").await;
    let copied = client.say("d COPY 1:2 x\r\n").await;
    assert!(copied.starts_with("d OK [COPYUID ") && copied.ends_with(" 1:2 1:2]"), "{copied}");
    let moved = client.say("e UID MOVE 2:3 x\r\n").await;
    let lines: Vec<_> = moved.lines().collect();
    assert!(lines[0].starts_with("* OK [COPYUID ") && lines[0].ends_with(" 2:3 3:4]"), "{moved}");
    assert_eq!(lines[1..], ["* 3 EXPUNGE", "* 2 EXPUNGE", "e OK"]);
    assert_eq!(client.say("f UID COPY 77 x\r\n").await, "f OK");
    let status = client.say("g STATUS x (MESSAGES UIDNEXT)\r\n").await;
    assert!(status.contains("(MESSAGES 4 UIDNEXT 5)"), "{status}");
}

#[tokio::test]
async fn numbers_hold_until_the_client_is_told() {
    let land = Land::new().await;
    land.deliver(&[A, A, A]).await;
    let (mut one, mut two) = (land.in_inbox().await, land.in_inbox().await);
    assert_eq!(one.say("a STORE 1 +FLAGS.SILENT (\\Deleted)\r\n").await, "a OK");
    assert_eq!(one.say("b EXPUNGE\r\n").await, "* 1 EXPUNGE\nb OK");
    // FETCH by number must not be told of it; 3 is still the third.
    let answer = two.say("c FETCH 3 UID\r\n").await;
    assert_eq!(answer, "* 3 FETCH (UID 3)\nc OK");
    let gone = two.say("d FETCH 1 BODY.PEEK[]\r\n").await;
    assert!(!gone.contains("EXPUNGE\n") && gone.contains("d NO"), "{gone}");
    land.deliver(&[A]).await;
    let told = two.say("e NOOP\r\n").await;
    assert!(told.contains("* 1 EXPUNGE\n") && told.contains("* 3 EXISTS\n"), "{told}");
    assert_eq!(two.say("f FETCH 3 UID\r\n").await, "* 3 FETCH (UID 4)\nf OK");
}

#[tokio::test]
async fn flags_that_another_changes_are_told() {
    let land = Land::new().await;
    land.deliver(&[A]).await;
    let mut client = land.in_inbox().await;
    let inbox = land.inbox();
    let flag = move |tx: &mut mailstore::Transaction<'_>| {
        tx.store_flags(inbox, &[1], FlagChange::Add(Flags::ANSWERED), None).map(drop)
    };
    land.change(flag).await;
    let told = client.say("a NOOP\r\n").await;
    assert!(told.contains("* 1 FETCH (") && told.contains("\\Answered"), "{told}");
    assert_eq!(client.say("b NOOP\r\n").await, "b OK");
}

// RFC 2177 §3
#[tokio::test]
async fn idle_wakes_for_a_change() {
    let land = Land::new().await;
    land.deliver(&[A]).await;
    let mut client = land.in_inbox().await;
    assert_eq!(client.say("a IDLE\r\n").await, "+");
    let mut changes = client.session.changes_to_wait_for().unwrap();
    land.deliver(&[A]).await;
    tokio::time::timeout(Duration::from_secs(10), changes.changed()).await.unwrap().unwrap();
    assert_eq!(client.say("").await, "* 2 EXISTS\n* 2 RECENT");
    let inbox = land.inbox();
    let mut changes = client.session.changes_to_wait_for().unwrap();
    land.change(move |tx| tx.expunge(inbox, &[1], Expunge::All).map(drop)).await;
    tokio::time::timeout(Duration::from_secs(10), changes.changed()).await.unwrap().unwrap();
    assert_eq!(client.say("").await, "* 1 EXPUNGE");
    assert_eq!(client.say("DONE\r\n").await, "a OK");
    assert!(client.session.changes_to_wait_for().is_none());
    assert_eq!(client.say("b IDLE\r\n").await, "+");
    assert!(client.say("c NOOP\r\n").await.starts_with("b BAD"));
}

#[tokio::test]
async fn pipelined_commands_are_answered_in_order() {
    let land = Land::new().await;
    land.deliver(&[A]).await;
    let mut client = land.client().await;
    let (heard, wants) =
        client.hear(b"a SELECT INBOX\r\nb FETCH 1 UID\r\nc UNSELECT\r\nd FETCH 1 UID\r\n").await;
    let heard = String::from_utf8(heard).unwrap();
    let at = |what: &str| heard.find(what).unwrap_or_else(|| panic!("{what}: {heard}"));
    assert!(at("a OK [READ-WRITE]") < at("* 1 FETCH (UID 1)"));
    assert!(
        at("* 1 FETCH (UID 1)") < at("b OK") && at("b OK") < at("c OK") && at("c OK") < at("d BAD")
    );
    assert!(matches!(wants, Wants::Read));
}

// RFC 3501 §6.4.8
#[tokio::test]
async fn a_uid_that_another_session_expunged_is_passed_over() {
    let land = Land::new().await;
    land.deliver(&[A, A]).await;
    let (mut one, mut other) = (land.in_inbox().await, land.in_inbox().await);
    other.say("a STORE 1 +FLAGS.SILENT (\\Deleted)\r\n").await;
    other.say("b EXPUNGE\r\n").await;
    let answer = one.say("c STORE 1:2 +FLAGS.SILENT (\\Seen)\r\n").await;
    assert!(answer.ends_with("c NO [EXPUNGEISSUED]"), "{answer}");
    let answer = one.say("d UID STORE 1:2 +FLAGS.SILENT (\\Seen)\r\n").await;
    assert!(answer.ends_with("d OK"), "{answer}");
}
