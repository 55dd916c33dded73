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
