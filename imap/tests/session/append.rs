//! APPEND: a message streams in, or is refused before it comes.

use super::Land;

// RFC 3501 §6.3.11, RFC 4315 §3
#[tokio::test]
async fn append_keeps_octets_flags_and_date() {
    let land = Land::new().await;
    let mut client = land.in_inbox().await;
    let head = "a APPEND INBOX (\\Seen $x) \"04-Jan-2026 23:30:00 +0100\" {17}\r\n";
    assert_eq!(client.say(head).await, "+");
    assert_eq!(client.say("Subject: a\r\n\r").await, "");
    let answer = client.say("\nx\r\n\r\n").await;
    assert!(answer.contains("* 1 EXISTS"), "{answer}");
    assert!(answer.contains("a OK [APPENDUID ") && answer.contains(" 1]"), "{answer}");
    let fetched = client.say("b FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])\r\n").await;
    assert!(fetched.contains("\\Seen $x"), "{fetched}");
    assert!(fetched.contains("\" 4-Jan-2026 22:30:00 +0000\""), "{fetched}");
    assert!(fetched.contains("BODY[] {17}\nSubject: a\n\nx\n"), "{fetched}");
}

// RFC 7888 §3, §5
#[tokio::test]
async fn append_without_waiting() {
    let land = Land::new().await;
    let mut client = land.client().await;
    let answer = client.say("a APPEND {5+}\r\nINBOX {5+}\r\na: b\n\r\nb NOOP\r\n").await;
    assert!(answer.starts_with("a OK [APPENDUID ") && answer.ends_with("b OK"), "{answer}");
    let refused = client.say("c APPEND nowhere {5+}\r\na: b\n\r\nd NOOP\r\n").await;
    assert_eq!(refused, "c NO [TRYCREATE]\nd OK");
}

// RFC 7889 §4
#[tokio::test]
async fn a_message_that_cannot_be_taken_is_refused_before_it_comes() {
    let land = Land::new().await;
    let mut client = land.client().await;
    assert!(client.say("a APPEND INBOX {26214401}\r\n").await.starts_with("a NO ["));
    assert_eq!(client.say("b APPEND nowhere {10}\r\n").await, "b NO [TRYCREATE]");
    let flags = client.say("c APPEND INBOX (\\Wrong) {10}\r\n").await;
    assert!(flags.starts_with("c BAD"), "{flags}");
    assert_eq!(client.say("d NOOP\r\n").await, "d OK");
}

#[tokio::test]
async fn a_full_mailbox_and_a_failing_disk_have_their_codes() {
    let land = Land::new().await;
    let mut client = land.client().await;
    land.faults.fail_groups(1);
    let answer = client.say("a APPEND INBOX {5+}\r\na: b\n\r\n").await;
    assert_eq!(answer, "a NO [UNAVAILABLE]");
    land.change(|tx| tx.set_quota(3)).await;
    let answer = client.say("b APPEND INBOX {5+}\r\na: b\n\r\n").await;
    assert_eq!(answer, "b NO [OVERQUOTA]");
    let status = client.say("c STATUS INBOX (MESSAGES)\r\n").await;
    assert!(status.contains("MESSAGES 0"), "{status}");
}

// RFC 5530 §3
#[tokio::test]
async fn on_a_full_disk_nothing_is_added_and_people_read_mark_and_delete() {
    let land = Land::new().await;
    let mut client = land.in_inbox().await;
    let append = "APPEND INBOX {5+}\r\na: b\n\r\n";
    assert!(client.say(&format!("a {append}")).await.contains("a OK [APPENDUID "));
    land.faults.fill_disk(true);
    assert_eq!(client.say(&format!("b {append}")).await, "b NO [UNAVAILABLE]");
    assert!(client.say("c FETCH 1 BODY[]\r\n").await.ends_with("c OK"));
    assert!(client.say("d STORE 1 +FLAGS (\\Deleted)\r\n").await.ends_with("d OK"));
    assert!(client.say("e EXPUNGE\r\n").await.ends_with("e OK"));
    land.faults.fill_disk(false);
    assert!(client.say(&format!("f {append}")).await.contains("f OK [APPENDUID "));
}

// RFC 3502 §6.3.11
#[tokio::test]
async fn several_messages_come_in_one_append() {
    let land = Land::new().await;
    let mut client = land.in_inbox().await;
    assert_eq!(client.say("a APPEND INBOX (\\Seen) {5}\r\n").await, "+");
    let next = "a: b\n \"04-Jan-2026 23:30:00 +0100\" {5}\r\n";
    assert_eq!(client.say(next).await, "+");
    let answer = client.say("c: d\n ($x) {5+}\r\ne: f\n\r\n").await;
    assert!(answer.starts_with("* FLAGS (") || answer.starts_with("* 3 EXISTS"), "{answer}");
    assert!(answer.contains("a OK [APPENDUID ") && answer.ends_with(" 1:3]"), "{answer}");
    let fetched = client.say("b FETCH 1:3 (FLAGS INTERNALDATE)\r\n").await;
    assert!(fetched.contains("* 1 FETCH (FLAGS (\\Seen \\Recent)"), "{fetched}");
    assert!(fetched.contains("* 2 FETCH (FLAGS (\\Recent) INTERNALDATE \" 4-Jan"), "{fetched}");
    assert!(fetched.contains("* 3 FETCH (FLAGS ($x \\Recent)"), "{fetched}");
}

// RFC 3502 §6.3.11: all or none.
#[tokio::test]
async fn when_one_of_several_fails_none_is_added() {
    let land = Land::new().await;
    let mut client = land.client().await;
    for (lines, answer) in [
        // An empty message is the client's wish to stop.
        ("APPEND INBOX {5+}\r\na: b\n {0}\r\n", "x NO [CANNOT]"),
        ("APPEND INBOX {5+}\r\na: b\n (\\Wrong) {5}\r\n", "x BAD"),
        ("APPEND INBOX {5+}\r\na: b\n {5+}\r\nc: d\n more\r\n", "x BAD"),
        ("APPEND INBOX {5+}\r\na: b\n{5+}\r\nc: d\n\r\n", "x BAD"),
        ("APPEND INBOX {5+}\r\na: b\n {5+}\r\nc\0 d\n\r\n", "x BAD"),
        ("APPEND INBOX {5+}\r\na: b\n {26214401+}\r\n", "x NO [TOOBIG]"),
    ] {
        let mut client = land.client().await;
        assert_eq!(client.say(&format!("x {lines}")).await, answer, "{lines}");
    }
    land.faults.fail_groups(1);
    let both = "a APPEND INBOX {5+}\r\na: b\n {5+}\r\nc: d\n\r\n";
    assert_eq!(client.say(both).await, "a NO [UNAVAILABLE]");
    let status = client.say("b STATUS INBOX (MESSAGES)\r\n").await;
    assert!(status.contains("MESSAGES 0"), "{status}");
    assert!(client.say(both).await.ends_with(" 1:2]"));
}

// RFC 3516 §4.4
#[tokio::test]
async fn a_literal8_may_hold_nuls() {
    let land = Land::new().await;
    let mut client = land.in_inbox().await;
    let (heard, _) = client.hear(b"a APPEND INBOX ~{7+}\r\na: b\n\n\0\r\n").await;
    assert!(String::from_utf8(heard).unwrap().contains("a OK [APPENDUID "));
    let (heard, _) = client.hear(b"b FETCH 1 BINARY.PEEK[]\r\n").await;
    assert!(heard.starts_with(b"* 1 FETCH (BINARY[] ~{7}\r\na: b\n\n\0)\r\n"), "{heard:?}");
}

#[tokio::test]
async fn more_messages_than_one_append_takes_are_refused() {
    let land = Land::new().await;
    let mut client = land.client().await;
    let many = " {5+}\r\na: b\n".repeat(1001);
    assert_eq!(client.say(&format!("a APPEND INBOX{many}\r\n")).await, "a NO [LIMIT]");
    assert_eq!(client.say("b NOOP\r\n").await, "b OK");
}
