//! What a peer may not do, and that it costs nobody but itself.

use super::Land;

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
    assert!(matches!(wants, super::Wants::Close));
}
