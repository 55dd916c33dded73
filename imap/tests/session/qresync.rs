//! QRESYNC: a client that was away learns in one SELECT what happened meanwhile.

use super::condstore::number_after;
use super::{Client, Land};
use mailstore::model::expunge::Expunge;
use mailstore::model::flags::{FlagChange, Flags};

const A: &str = "Subject: a\r\n\r\nx\r\n";

/// A client that has logged in and wants QRESYNC.
async fn client(land: &Land) -> Client {
    let mut client = land.client().await;
    assert_eq!(client.say("q ENABLE QRESYNC\r\n").await, "* ENABLED QRESYNC\nq OK");
    client
}

/// UIDVALIDITY and HIGHESTMODSEQ of INBOX.
async fn state(land: &Land) -> (u64, u64) {
    let status = land.client().await.say("s STATUS INBOX (UIDVALIDITY HIGHESTMODSEQ)\r\n").await;
    (number_after(&status, "UIDVALIDITY "), number_after(&status, "HIGHESTMODSEQ "))
}

async fn expunge(land: &Land, uids: &'static [u32]) {
    let inbox = land.inbox();
    land.change(move |tx| tx.expunge(inbox, uids, Expunge::All).map(drop)).await;
}

async fn answer(land: &Land, uid: u32) {
    let inbox = land.inbox();
    let flag = FlagChange::Add(Flags::ANSWERED);
    land.change(move |tx| tx.store_flags(inbox, &[uid], flag, None).map(drop)).await;
}

// RFC 7162 §3.2.5, §3.2.5.1
#[tokio::test]
async fn a_select_tells_what_vanished_and_what_changed() {
    let land = Land::new().await;
    land.deliver(&[A; 6]).await;
    let (validity, highest) = state(&land).await;
    expunge(&land, &[2, 3, 5]).await;
    answer(&land, 4).await;
    land.deliver(&[A]).await;
    let mut client = client(&land).await;
    let line = format!("a SELECT INBOX (QRESYNC ({validity} {highest}))\r\n");
    let told = client.say(&line).await;
    assert!(told.contains("* VANISHED (EARLIER) 2:3,5\n"), "{told}");
    assert!(told.contains("* 2 FETCH (UID 4 FLAGS (\\Answered"), "{told}");
    assert!(told.contains("* 4 FETCH (UID 7 FLAGS ("), "{told}");
    assert_eq!(told.matches(" MODSEQ (").count(), 2, "{told}");
    assert!(told.find("VANISHED").unwrap() < told.find("FETCH").unwrap(), "{told}");
    // Only what the client knows of.
    let line = format!("b SELECT INBOX (QRESYNC ({validity} {highest} 1:3))\r\n");
    let told = client.say(&line).await;
    assert!(told.starts_with("* OK [CLOSED]\n"), "{told}");
    assert!(told.contains("* VANISHED (EARLIER) 2:3\n") && !told.contains("FETCH"), "{told}");
    // Of another mailbox of that name nothing is known.
    let line = format!("c SELECT INBOX (QRESYNC ({} {highest}))\r\n", validity + 1);
    let told = client.say(&line).await;
    assert!(!told.contains("VANISHED") && told.ends_with("c OK [READ-WRITE]"), "{told}");
}

// RFC 7162 §3.2.3
#[tokio::test]
async fn it_must_be_enabled_first() {
    let land = Land::new().await;
    let mut client = land.client().await;
    assert_eq!(client.say("a SELECT INBOX (QRESYNC (1 1))\r\n").await, "a BAD");
    assert!(client.say("b SELECT INBOX\r\n").await.ends_with("b OK [READ-WRITE]"));
}

// RFC 7162 §5: where the log has forgotten, what vanished is computed.
#[tokio::test]
async fn below_the_floor_all_that_is_missing_has_vanished() {
    let land = Land::new().await;
    land.deliver(&[A; 8]).await;
    let (validity, _) = state(&land).await;
    expunge(&land, &[2, 7]).await;
    let (_, highest) = state(&land).await;
    expunge(&land, &[4]).await;
    // So many changes that the log is not read.
    let inbox = land.inbox();
    land.change(move |tx| {
        for at in 0..25_000 {
            let flag = if at % 2 == 0 { Flags::FLAGGED } else { Flags::NONE };
            tx.store_flags(inbox, &[1], FlagChange::Set(flag), None)?;
        }
        Ok(())
    })
    .await;
    let mut client = client(&land).await;
    let line = format!("a SELECT INBOX (QRESYNC ({validity} {highest} 1:4,6:9))\r\n");
    let told = client.say(&line).await;
    assert!(told.contains("* VANISHED (EARLIER) 2,4,7\n"), "{told}");
    // A pair that still fits proves that nothing before it is gone since.
    let line = format!("b SELECT INBOX (QRESYNC ({validity} {highest} 1:9 (1,2,5 1,3,9)))\r\n");
    let told = client.say(&line).await;
    assert!(told.contains("* VANISHED (EARLIER) 4,7\n"), "{told}");
    let line = format!("c UID FETCH 1:9 (FLAGS) (CHANGEDSINCE {highest} VANISHED)\r\n");
    let told = client.say(&line).await;
    assert!(told.starts_with("* VANISHED (EARLIER) 2,4,7\n* 1 FETCH (UID 1 "), "{told}");
}

// RFC 7162 §3.2.6, §3.2.10.1
#[tokio::test]
async fn a_fetch_tells_what_vanished_of_its_set() {
    let land = Land::new().await;
    land.deliver(&[A; 4]).await;
    let (_, highest) = state(&land).await;
    let mut client = client(&land).await;
    client.say("a SELECT INBOX\r\n").await;
    expunge(&land, &[1, 3]).await;
    let line = format!("b UID FETCH 2:4 (UID) (CHANGEDSINCE {highest} VANISHED)\r\n");
    let told = client.say(&line).await;
    assert!(told.starts_with("* VANISHED (EARLIER) 3\n"), "{told}");
    assert!(told.ends_with("* VANISHED 1,3\nb OK"), "{told}");
}

// RFC 7162 §3.2.7, §3.2.10.2
#[tokio::test]
async fn expunged_messages_vanish_and_the_answer_says_up_to_where() {
    let land = Land::new().await;
    land.deliver(&[A; 4]).await;
    let mut client = client(&land).await;
    client.say("a SELECT INBOX\r\n").await;
    let stored = client.say("b STORE 2:3 +FLAGS.SILENT (\\Deleted)\r\n").await;
    assert!(stored.starts_with("* 2 FETCH (UID 2 MODSEQ ("), "{stored}");
    let told = client.say("c EXPUNGE\r\n").await;
    assert!(told.starts_with("* VANISHED 2:3\nc OK [HIGHESTMODSEQ "), "{told}");
    let (_, highest) = state(&land).await;
    assert_eq!(number_after(&told, "HIGHESTMODSEQ "), highest);
    assert_eq!(client.say("d EXPUNGE\r\n").await, "d OK");
    client.say("e CREATE x\r\n").await;
    let moved = client.say("f UID MOVE 1 x\r\n").await;
    assert!(moved.ends_with("* VANISHED 1\nf OK"), "{moved}");
    expunge(&land, &[4]).await;
    assert_eq!(client.say("g NOOP\r\n").await, "* VANISHED 4\ng OK");
}

// RFC 7162 §3.2.5: what came after the client was away is known by its modification sequence alone.
#[tokio::test]
async fn a_client_that_resynchronises_again_and_again_has_what_the_store_has() {
    let land = Land::new().await;
    land.deliver(&[A; 5]).await;
    let (validity, mut highest) = state(&land).await;
    let mut known: std::collections::BTreeSet<u64> = (1..=5).collect();
    for round in 0..4_u32 {
        land.deliver(&[A; 2]).await;
        let inbox = land.inbox();
        let gone = [round + 1, 6 + 2 * round];
        land.change(move |tx| tx.expunge(inbox, &gone, Expunge::All).map(drop)).await;
        let mut client = client(&land).await;
        let line = format!("a SELECT INBOX (QRESYNC ({validity} {highest}))\r\n");
        let told = client.say(&line).await;
        if let Some(vanished) =
            told.lines().find_map(|line| line.strip_prefix("* VANISHED (EARLIER) "))
        {
            for part in vanished.split(',') {
                let (first, last) = part.split_once(':').unwrap_or((part, part));
                let range = first.parse::<u64>().unwrap()..=last.parse().unwrap();
                known.retain(|uid| !range.contains(uid));
            }
        }
        known.extend(
            told.lines()
                .filter(|line| line.contains("FETCH"))
                .map(|line| number_after(line, "UID ")),
        );
        highest = number_after(&told, "[HIGHESTMODSEQ ");
        let there = land.store.view(land.account).unwrap().flags(inbox, 0, u32::MAX).unwrap();
        assert_eq!(known, there.iter().map(|one| u64::from(one.uid)).collect(), "{told}");
    }
}
