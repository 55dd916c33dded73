//! What a peer may not do, and that it costs nobody but itself.

use super::{Land, Wants};
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time;

#[tokio::test]
async fn a_line_that_is_too_long_is_refused_and_the_next_one_answered() {
    let land = Land::new().await;
    let mut client = land.client().await;
    let long = format!("a SEARCH {}\r\nb NOOP\r\n", "x".repeat(imap::frame::MAX_COMMAND));
    let answer = client.say(&long).await;
    assert!(answer.starts_with("a BAD") && answer.ends_with("b OK"), "{answer}");
}

#[tokio::test]
async fn a_literal_that_is_too_long_is_refused_before_it_comes() {
    let land = Land::new().await;
    let mut client = land.client().await;
    let size = imap::frame::MAX_LITERAL + 1;
    let answer = client.say(&format!("a CREATE {{{size}}}\r\n")).await;
    assert!(answer.starts_with("a BAD") || answer.starts_with("a NO"), "{answer}");
    assert_eq!(client.say("b NOOP\r\n").await, "b OK");
}

#[tokio::test]
async fn keys_that_nest_too_deep_are_refused() {
    let land = Land::new().await;
    let mut client = land.in_inbox().await;
    let deep = "(".repeat(5000) + "ALL" + &")".repeat(5000);
    assert!(client.say(&format!("a SEARCH {deep}\r\n")).await.starts_with("a BAD"));
    assert_eq!(client.say("b NOOP\r\n").await, "b OK");
}

#[tokio::test]
async fn nonsense_is_answered_and_ends_in_a_bye() {
    let land = Land::new().await;
    let mut client = land.client().await;
    for nonsense in ["", "\0", "(((", "a", "a \"", "+ x", "a FETCH 1 (BODY[", "a \u{e9}", "* OK"] {
        let answer = client.say(&format!("{nonsense}\r\n")).await;
        assert!(answer.is_empty() || answer.contains("BAD"), "{nonsense:?}: {answer}");
    }
    let (heard, wants) = client.hear("x WRONG\r\n".repeat(1000).as_bytes()).await;
    let heard = String::from_utf8(heard).unwrap();
    assert!(heard.contains("\r\n* BYE "), "a client that only errs is let go");
    assert!(matches!(wants, Wants::Close));
}

#[tokio::test]
async fn a_fetch_of_too_many_items_is_refused() {
    let land = Land::new().await;
    land.deliver(&["Subject: a\r\n\r\nx\r\n"]).await;
    let mut client = land.in_inbox().await;
    let items = |count| vec!["BODY.PEEK[TEXT]"; count].join(" ");
    assert_eq!(client.say(&format!("a FETCH 1 ({})\r\n", items(65))).await, "a BAD");
    let answer = client.say(&format!("b FETCH 1 ({})\r\n", items(64))).await;
    assert!(answer.matches("{3}").count() == 64 && answer.ends_with("b OK"), "{answer}");
    let names = |count| vec!["Subject"; count].join(" ");
    let fields =
        |tag, count| format!("{tag} FETCH 1 BODY.PEEK[HEADER.FIELDS ({})]\r\n", names(count));
    assert_eq!(client.say(&fields("c", 257)).await, "c BAD");
    assert!(client.say(&fields("d", 256)).await.ends_with("d OK"));
}

#[tokio::test]
async fn one_response_is_not_held_whole() {
    let land = Land::new().await;
    let long = format!("Subject: a\r\nX-Long: {}\r\n\r\n", "y".repeat(40_000));
    let text = "z".repeat(100_000);
    land.deliver(&[&format!("{long}{text}")]).await;
    let mut client = land.in_inbox().await;
    // Sections go out in pieces, however often they are asked for.
    let items = vec!["BODY.PEEK[TEXT]"; 64].join(" ");
    client.session.receive(format!("a FETCH 1 ({items})\r\n").as_bytes());
    let mut heard = 0;
    loop {
        let wants = client.session.advance().await;
        let output = client.session.take_output();
        assert!(output.len() < 1024 * 1024, "{}", output.len());
        heard += output.len();
        if !matches!(wants, Wants::Write) {
            break;
        }
    }
    assert!(heard > 64 * text.len(), "{heard}");
    // What is made of a message is held, and so bounded.
    let items = vec!["BODY.PEEK[HEADER.FIELDS (X-Long)]"; 64].join(" ");
    assert_eq!(client.say(&format!("b FETCH 1 ({items})\r\n")).await, "b NO [LIMIT]");
    assert_eq!(client.say("c NOOP\r\n").await, "c OK");
}

#[tokio::test]
async fn a_search_of_too_many_keys_is_refused() {
    let land = Land::new().await;
    land.deliver(&["Subject: a\r\n\r\nx\r\n"]).await;
    let mut client = land.in_inbox().await;
    let keys = |count| vec!["ALL"; count].join(" ");
    assert_eq!(client.say(&format!("a SEARCH {}\r\n", keys(101))).await, "a BAD");
    assert_eq!(client.say(&format!("b SEARCH {}\r\n", keys(100))).await, "* SEARCH 1\nb OK");
    // Those inside others count, and so does what holds them.
    assert_eq!(client.say(&format!("c SEARCH OR ({}) ALL\r\n", keys(98))).await, "c BAD");
    assert!(client.say(&format!("d SEARCH OR ({}) ALL\r\n", keys(97))).await.ends_with("d OK"));
}

#[tokio::test]
async fn a_status_of_too_many_items_is_refused() {
    let land = Land::new().await;
    let mut client = land.client().await;
    let items = |count| vec!["MESSAGES"; count].join(" ");
    assert_eq!(client.say(&format!("a STATUS INBOX ({})\r\n", items(17))).await, "a BAD");
    assert!(client.say(&format!("b STATUS INBOX ({})\r\n", items(16))).await.ends_with("b OK"));
    let list = |tag, count| format!("{tag} LIST \"\" * RETURN (STATUS ({}))\r\n", items(count));
    assert_eq!(client.say(&list("c", 17)).await, "c BAD");
    assert!(client.say(&list("d", 16)).await.ends_with("d OK"));
}

async fn a_minute() {
    time::pause();
    time::advance(Duration::from_secs(61)).await;
    time::resume();
}

#[tokio::test]
async fn a_session_whose_log_in_is_taken_back_ends() {
    let land = Land::new().await;
    for idles in [false, true] {
        land.taken_back.store(false, Ordering::SeqCst);
        let mut client = land.in_inbox().await;
        a_minute().await;
        assert_eq!(client.say("a NOOP\r\n").await, "a OK");
        if idles {
            assert_eq!(client.say("b IDLE\r\n").await, "+");
        }
        land.taken_back.store(true, Ordering::SeqCst);
        land.deliver(&["Subject: a\r\n\r\nx\r\n"]).await;
        a_minute().await;
        let said: &[u8] = if idles { b"" } else { b"c FETCH 1 ALL\r\n" };
        let (heard, wants) = client.hear(said).await;
        assert_eq!(heard, b"* BYE Log in again\r\n");
        assert!(matches!(wants, Wants::Close));
    }
}

#[tokio::test]
async fn a_set_of_many_ranges_is_taken_whole() {
    let land = Land::new().await;
    land.deliver(&["Subject: a\r\n\r\nx\r\n"; 2]).await;
    let mut client = land.in_inbox().await;
    let set = "1,".repeat(40_000) + "2";
    let answer = client.say(&format!("a FETCH {set} UID\r\n")).await;
    assert_eq!(answer, "* 1 FETCH (UID 1)\n* 2 FETCH (UID 2)\na OK");
    let answer = client.say(&format!("b SEARCH {set}\r\n")).await;
    assert_eq!(answer, "* SEARCH 1 2\nb OK");
}
