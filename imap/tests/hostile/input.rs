//! Octets that no honest client sends.

use super::{Land, Wants};

const A: &str = "Subject: a\r\n\r\nx\r\n";

// RFC 3501 §4.3, RFC 7888 §4
#[tokio::test]
async fn a_literal_of_4_gb_is_refused_before_it_comes() {
    let land = Land::new().await;
    let mut client = land.client().await;
    for line in [
        "LOGIN {4294967295}",
        "APPEND INBOX {4294967295}",
        "APPEND INBOX {4294967296}",
        "APPEND INBOX {9999999999}",
        "APPEND {4294967295}",
        "SEARCH TEXT {4294967295}",
    ] {
        let answer = client.say(&format!("a {line}\r\n")).await;
        assert!(answer.starts_with("a BAD") || answer.starts_with("a NO"), "{line}: {answer}");
        assert!(!answer.contains('+'), "{line}: {answer}");
        assert_eq!(client.say("b NOOP\r\n").await, "b OK");
    }
    // A number beyond what the grammar has is no literal, but a line.
    assert!(client.say("c APPEND INBOX {99999999999999999999}\r\n").await.starts_with("c BAD"));
}

#[tokio::test]
async fn a_literal_of_4_gb_that_comes_all_the_same_is_not_kept() {
    let land = Land::new().await;
    let mut client = land.client().await;
    let answer = client.say("a APPEND INBOX {4294967295+}\r\n").await;
    assert_eq!(answer, "a NO [TOOBIG]");
    let octets = vec![b'x'; 1024 * 1024];
    for _ in 0..64 {
        let (heard, wants) = client.hear(&octets).await;
        assert!(heard.is_empty() && matches!(wants, Wants::Read));
    }
    assert!(client.session.held() <= octets.len(), "{}", client.session.held());
}

#[tokio::test]
async fn a_line_that_does_not_end_is_not_kept() {
    let land = Land::new().await;
    let mut client = land.connect(true, 0);
    let octets = vec![b'x'; 1024 * 1024];
    let mut told = Vec::new();
    for _ in 0..16 {
        told.extend(client.hear(&octets).await.0);
    }
    assert_eq!(String::from_utf8(told).unwrap().matches("BAD").count(), 1);
    assert!(client.session.held() <= octets.len(), "{}", client.session.held());
}

// RFC 3501 §9, CHAR
#[tokio::test]
async fn a_nul_is_no_character() {
    let land = Land::new().await;
    land.deliver(&[A]).await;
    let mut client = land.in_inbox().await;
    for line in [
        &b"a\0 NOOP\r\n"[..],
        b"a NO\0OP\r\n",
        b"a CREATE \"x\0y\"\r\n",
        b"a CREATE {3+}\r\nx\0y\r\n",
        b"a SEARCH SUBJECT {1+}\r\n\0\r\n",
        b"a FETCH 1 BODY[HEADER.FIELDS (\0)]\r\n",
        b"a APPEND INBOX {7+}\r\na: \0b\r\n\r\n",
        b"\0\0\0\0\r\n",
    ] {
        let (heard, wants) = client.hear(line).await;
        let heard = String::from_utf8(heard).unwrap();
        assert!(heard.contains(" BAD") || heard.contains(" NO"), "{line:?}: {heard}");
        assert!(!heard.contains('\0') && matches!(wants, Wants::Read), "{line:?}: {heard}");
        assert_eq!(client.say("b NOOP\r\n").await, "b OK");
    }
}

// RFC 3501 §6.2.1: nothing that came before TLS counts behind it.
#[tokio::test]
async fn commands_behind_starttls_are_not_executed() {
    for behind in ["b LOGIN jean sesame\r\n", "b LOGIN {4}\r\n", "b LOG", "b APPEND x {5+}\r\na"] {
        let land = Land::new().await;
        let mut client = land.connect(false, 0);
        client.session.greet().await;
        client.say("").await;
        let (heard, wants) = client.hear(format!("a STARTTLS\r\n{behind}").as_bytes()).await;
        assert!(heard.starts_with(b"a OK") && matches!(wants, Wants::StartTls));
        assert_eq!(heard.iter().filter(|octet| **octet == b'\n').count(), 1);
        client.session.secured(Vec::new());
        assert_eq!(client.say("").await, "", "{behind}");
        assert!(!client.session.is_open());
        assert_eq!(client.say("c NOOP\r\n").await, "c OK", "{behind}");
    }
}

#[tokio::test]
async fn keys_criteria_and_sets_nest_and_repeat_within_bounds() {
    let land = Land::new().await;
    land.deliver(&[A]).await;
    let mut client = land.in_inbox().await;
    let deep =
        |open: &str, close: &str, levels| open.repeat(levels) + "ALL" + &close.repeat(levels);
    for line in [
        format!("SEARCH {}", deep("(", ")", 20_000)),
        format!("SEARCH {}", deep("NOT ", "", 20_000)),
        format!("SEARCH {}", deep("OR ALL ", "", 20_000)),
        format!("SORT ({}) UTF-8 ALL", "DATE ".repeat(20_000).trim_end()),
        format!("FETCH 1 ({})", "FLAGS ".repeat(20_000).trim_end()),
        format!("FETCH 1 BODY[{}1]", "1.".repeat(20_000)),
        format!("LIST ({}) \"\" *", "SUBSCRIBED ".repeat(10_000)),
        format!("LIST \"\" ({})", "* ".repeat(20_000).trim_end()),
        format!("STORE 1 FLAGS ({})", "\\Seen(".repeat(20_000)),
        format!("CREATE {}", "a/".repeat(20_000)),
        format!("ID ({})", "\"a\" \"b\" ".repeat(10_000)),
    ] {
        let answer = client.say(&format!("a {line}\r\n")).await;
        let begun = line.get(..30).unwrap();
        assert!(answer.starts_with("a BAD") || answer.starts_with("a NO"), "{begun}: {answer:.80}");
        assert_eq!(client.say("b NOOP\r\n").await, "b OK", "{begun}");
    }
    // Many numbers are only many numbers.
    let set = "1:4294967295,".repeat(10_000) + "*";
    assert_eq!(client.say(&format!("c UID FETCH {set} UID\r\n")).await, "* 1 FETCH (UID 1)\nc OK");
    assert_eq!(client.say(&format!("d UID SEARCH UID {set}\r\n")).await, "* SEARCH 1\nd OK");
}

// RFC 3501 §6.3.8
#[tokio::test]
async fn a_pattern_of_many_wildcards_is_matched_in_bounded_time() {
    let land = Land::new().await;
    let mut client = land.client().await;
    client.say(&format!("a CREATE {}\r\n", "a".repeat(900))).await;
    let pattern = "*a".repeat(400) + "b";
    let begun = std::time::Instant::now();
    assert_eq!(client.say(&format!("b LIST \"\" {pattern}\r\n")).await, "b OK");
    assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
}
