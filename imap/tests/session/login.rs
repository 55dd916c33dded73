//! From the greeting to the log-in.

use super::{Land, Wants};

#[tokio::test]
async fn no_password_is_asked_for_before_tls() {
    let land = Land::new().await;
    let mut client = land.connect(false, 0);
    client.session.greet().await;
    let greeting = client.say("").await;
    assert!(greeting.starts_with("* OK [CAPABILITY IMAP4rev2 IMAP4rev1 "), "{greeting}");
    for has in ["LOGINDISABLED", "STARTTLS", "LITERAL-", "ID"] {
        assert!(greeting.contains(&format!(" {has}")), "{greeting}");
    }
    assert!(!greeting.contains("AUTH="), "{greeting}");
    assert!(client.say("a LOGIN jean sesame\r\n").await.starts_with("a NO [PRIVACYREQUIRED]"));
    let refused = client.say("b AUTHENTICATE PLAIN AGplYW4Ac2VzYW1l\r\n").await;
    assert!(refused.starts_with("b NO"), "{refused}");
    assert!(client.say("c SELECT INBOX\r\n").await.starts_with("c BAD"));
    assert_eq!(client.say("d NOOP\r\n").await, "d OK");
}

// RFC 3501 §6.2.1
#[tokio::test]
async fn what_was_said_after_starttls_in_plain_is_forgotten() {
    let land = Land::new().await;
    let mut client = land.connect(false, 0);
    client.session.greet().await;
    client.say("").await;
    let (heard, wants) = client.hear(b"a STARTTLS\r\nb CAPABILITY\r\n").await;
    assert!(heard.starts_with(b"a OK") && matches!(wants, Wants::StartTls));
    client.session.secured(Vec::new());
    assert_eq!(client.say("").await, "");
    let capability = client.say("c CAPABILITY\r\n").await;
    assert!(capability.contains(" AUTH=PLAIN") && capability.contains(" SASL-IR"), "{capability}");
    assert!(!capability.contains("LOGINDISABLED") && !capability.contains("STARTTLS"));
    assert!(client.say("d STARTTLS\r\n").await.starts_with("d BAD"));
    assert!(client.say("e LOGIN jean sesame\r\n").await.starts_with("e OK"));
}

#[tokio::test]
async fn each_refusal_has_its_code() {
    let land = Land::new().await;
    let mut client = land.connect(true, 0);
    client.session.greet().await;
    client.say("").await;
    for (line, answer) in [
        ("a LOGIN jean wrong", "a NO [AUTHENTICATIONFAILED]"),
        ("b LOGIN nobody sesame", "b NO [AUTHENTICATIONFAILED]"),
        ("c LOGIN panne sesame", "c NO [UNAVAILABLE]"),
    ] {
        assert_eq!(client.say(&format!("{line}\r\n")).await, answer);
    }
    assert!(client.say("d LOGIN presse sesame\r\n").await.starts_with("d NO ["));
    let literals = client.say("e LOGIN {4}\r\njean {6+}\r\nsesame\r\n").await;
    assert!(literals.starts_with("+\ne OK"), "{literals}");
    assert!(client.say("f LOGIN jean sesame\r\n").await.starts_with("f BAD"));
}

// RFC 4959 §3, RFC 3501 §6.2.2
#[tokio::test]
async fn plain_with_and_without_an_initial_response() {
    let land = Land::new().await;
    // "\0jean\0sesame"
    for lines in [
        "a AUTHENTICATE PLAIN\r\nAGplYW4Ac2VzYW1l\r\n",
        "a AUTHENTICATE PLAIN AGplYW4Ac2VzYW1l\r\n",
    ] {
        let mut client = land.connect(true, 0);
        client.session.greet().await;
        client.say("").await;
        let wrong = client.say("w AUTHENTICATE PLAIN AGplYW4Ad3Jvbmc=\r\n").await;
        assert_eq!(wrong, "w NO [AUTHENTICATIONFAILED]");
        assert_eq!(client.say("x AUTHENTICATE PLAIN\r\n").await, "+");
        assert!(client.say("*\r\n").await.starts_with("x BAD"));
        let answer = client.say(lines).await;
        assert!(answer.trim_start_matches("+\n").starts_with("a OK"), "{answer}");
        assert!(client.say("s SELECT INBOX\r\n").await.ends_with("s OK [READ-WRITE]"));
    }
}

// RFC 4422 §A
#[tokio::test]
async fn external_is_offered_where_the_certificate_opens_something() {
    let land = Land::new().await;
    let mut without = land.connect(true, 0);
    without.session.greet().await;
    assert!(!without.say("").await.contains("AUTH=EXTERNAL"));
    assert!(without.say("a AUTHENTICATE EXTERNAL =\r\n").await.starts_with("a NO"));
    let mut with = land.connect(true, 1);
    with.session.greet().await;
    assert!(with.say("").await.contains("AUTH=EXTERNAL"));
    let other = with.say("a AUTHENTICATE EXTERNAL YW5uZQ==\r\n").await;
    assert_eq!(other, "a NO [AUTHENTICATIONFAILED]");
    assert!(with.say("b AUTHENTICATE EXTERNAL =\r\n").await.starts_with("b OK"));
}

#[tokio::test]
async fn a_log_in_that_reads_changes_nothing() {
    let land = Land::new().await;
    land.deliver(&["Subject: a\r\n\r\nx\r\n"]).await;
    let mut client = land.connect(true, 0);
    client.session.greet().await;
    client.say("").await;
    assert!(client.say("a LOGIN lecteur sesame\r\n").await.starts_with("a OK"));
    assert!(client.say("b SELECT INBOX\r\n").await.ends_with("b OK [READ-ONLY]"));
    assert!(client.say("c FETCH 1 RFC822.TEXT\r\n").await.contains("{3}"));
    for line in ["STORE 1 FLAGS (\\Seen)", "CREATE x", "EXPUNGE", "COPY 1 INBOX", "SUBSCRIBE INBOX"]
    {
        let answer = client.say(&format!("d {line}\r\n")).await;
        assert!(answer.starts_with("d NO ["), "{line}: {answer}");
    }
    let answer = client.say("e APPEND INBOX {3+}\r\na\r\n\r\n").await;
    assert!(answer.starts_with("e NO ["), "{answer}");
    let view = land.store.view(land.account).unwrap();
    assert_eq!(view.mailbox_state(land.inbox()).unwrap().unseen, 1);
}

#[tokio::test]
async fn logout_says_bye() {
    let land = Land::new().await;
    let mut client = land.client().await;
    let (heard, wants) = client.hear(b"a LOGOUT\r\nb NOOP\r\n").await;
    let heard = String::from_utf8(heard).unwrap();
    assert!(heard.starts_with("* BYE ") && heard.contains("\r\na OK "), "{heard}");
    assert!(!heard.contains("\r\nb ") && matches!(wants, Wants::Close));
}
