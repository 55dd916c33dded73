//! FETCH: items, sections, parts of sections.

use super::Land;

/// A message of two parts, the second a message itself.
const LETTER: &str = "From: Jean <jean@chu.example>\r\nTo: marie@practice.example\r\nSubject: Lettre\r\n\
    Date: Mon, 5 Jan 2026 09:00:00 +0100\r\nMessage-ID: <l@chu.example>\r\nMIME-Version: 1.0\r\n\
    Content-Type: multipart/mixed; boundary=b\r\n\r\n\
    --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nBonjour\r\n\
    --b\r\nContent-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\nInside\r\n\
    --b--\r\n";

// RFC 3501 §6.4.5
#[tokio::test]
async fn sections_are_cut_out_of_the_body() {
    let land = Land::new().await;
    land.deliver(&[LETTER]).await;
    let mut client = land.in_inbox().await;
    for (item, name, octets) in [
        ("BODY.PEEK[1]", "BODY[1]", "Bonjour"),
        ("BODY.PEEK[1.MIME]", "BODY[1.MIME]", "Content-Type: text/plain; charset=utf-8\r\n\r\n"),
        ("BODY.PEEK[2]", "BODY[2]", "Subject: inner\r\n\r\nInside"),
        ("BODY.PEEK[2.HEADER]", "BODY[2.HEADER]", "Subject: inner\r\n\r\n"),
        ("BODY.PEEK[2.TEXT]", "BODY[2.TEXT]", "Inside"),
        ("BODY.PEEK[2.1]", "BODY[2.1]", "Inside"),
        ("BODY.PEEK[]<6.4>", "BODY[]<6>", "Jean"),
        ("BODY.PEEK[1]<3.100>", "BODY[1]<3>", "jour"),
        ("BODY.PEEK[1]<100.5>", "BODY[1]<100>", ""),
        (
            "BODY.PEEK[HEADER.FIELDS (Subject X)]",
            "BODY[HEADER.FIELDS (Subject X)]",
            "Subject: Lettre\r\n\r\n",
        ),
        (
            "BODY.PEEK[2.HEADER.FIELDS (SUBJECT)]",
            "BODY[2.HEADER.FIELDS (SUBJECT)]",
            "Subject: inner\r\n\r\n",
        ),
        ("BODY.PEEK[2.HEADER.FIELDS.NOT (SUBJECT)]", "BODY[2.HEADER.FIELDS.NOT (SUBJECT)]", "\r\n"),
    ] {
        let (heard, _) = client.hear(format!("a FETCH 1 {item}\r\n").as_bytes()).await;
        let heard = String::from_utf8(heard).unwrap();
        let quoted = format!("* 1 FETCH ({name} \"{octets}\")\r\na OK ");
        let literal = format!("* 1 FETCH ({name} {{{}}}\r\n{octets})\r\na OK ", octets.len());
        assert!(heard.starts_with(&literal) || heard.starts_with(&quoted), "{item}: {heard}");
    }
    // A part that is not there.
    let none = client.say("b FETCH 1 BODY.PEEK[7]\r\n").await;
    assert!(
        none == "* 1 FETCH (BODY[7] NIL)\nb OK" || none.starts_with("* 1 FETCH (BODY[7] {0}"),
        "{none}"
    );
}

#[tokio::test]
async fn reading_a_body_makes_it_seen() {
    let land = Land::new().await;
    land.deliver(&[LETTER]).await;
    let mut client = land.in_inbox().await;
    let flags = client.say("a FETCH 1 FLAGS\r\n").await;
    assert_eq!(flags, "* 1 FETCH (FLAGS (\\Recent))\na OK");
    client.say("b FETCH 1 (BODY.PEEK[] RFC822.HEADER)\r\n").await;
    assert_eq!(client.say("c FETCH 1 FLAGS\r\n").await, "* 1 FETCH (FLAGS (\\Recent))\nc OK");
    let text = client.say("d FETCH 1 BODY[1]\r\n").await;
    assert!(text.contains("FLAGS (\\Seen \\Recent)"), "{text}");
    // EXAMINE changes nothing.
    land.deliver(&[LETTER]).await;
    assert!(client.say("e EXAMINE INBOX\r\n").await.ends_with("e OK [READ-ONLY]"));
    client.say("f FETCH 2 RFC822\r\n").await;
    assert!(!client.say("g FETCH 2 FLAGS\r\n").await.contains("Seen"));
}

// RFC 3501 §7.4.2
#[tokio::test]
async fn what_lists_show() {
    let land = Land::new().await;
    land.deliver(&[LETTER]).await;
    let mut client = land.in_inbox().await;
    let answer = client.say("a UID FETCH 1 (INTERNALDATE RFC822.SIZE ENVELOPE)\r\n").await;
    for part in [
        "UID 1",
        "INTERNALDATE \" 5-Jan-2026 08:00:00 +0000\"",
        &format!("RFC822.SIZE {}", LETTER.len()),
        "ENVELOPE (\"Mon, 5 Jan 2026 09:00:00 +0100\" \"Lettre\" \
         ((\"Jean\" NIL \"jean\" \"chu.example\")) ((\"Jean\" NIL \"jean\" \"chu.example\")) \
         ((\"Jean\" NIL \"jean\" \"chu.example\")) ((NIL NIL \"marie\" \"practice.example\")) \
         NIL NIL NIL \"<l@chu.example>\")",
    ] {
        assert!(answer.contains(part), "{part}\n{answer}");
    }
    let body = client.say("b FETCH 1 BODY\r\n").await.to_lowercase();
    assert_eq!(
        body,
        "* 1 fetch (body ((\"text\" \"plain\" (\"charset\" \"utf-8\") nil nil \"7bit\" 7 0)\
         (\"message\" \"rfc822\" nil nil nil \"7bit\" 24 \
         (nil \"inner\" nil nil nil nil nil nil nil nil) \
         (\"text\" \"plain\" nil nil nil \"7bit\" 6 0) 2) \"mixed\"))\nb ok"
    );
    let full = client.say("c FETCH 1 FULL\r\n").await;
    for item in ["FLAGS (", "INTERNALDATE ", "RFC822.SIZE ", "ENVELOPE (", "BODY ("] {
        assert!(full.contains(item), "{full}");
    }
    let structure = client.say("d FETCH 1 BODYSTRUCTURE\r\n").await.to_lowercase();
    assert!(structure.contains("\"mixed\" (\"boundary\" \"b\") nil nil nil))"), "{structure}");
}

#[tokio::test]
async fn a_large_message_comes_in_pieces_and_whole() {
    let land = Land::new().await;
    let large = format!("Subject: large\r\n\r\n{}", "0123456789abcdef\r\n".repeat(20_000));
    land.deliver(&[&large]).await;
    let mut client = land.in_inbox().await;
    client.session.receive(b"a FETCH 1 BODY.PEEK[]\r\n");
    let (mut heard, mut longest) = (Vec::new(), 0);
    loop {
        let wants = client.session.advance().await;
        let piece = client.session.take_output();
        longest = longest.max(piece.len());
        heard.extend(piece);
        if !matches!(wants, super::Wants::Write) {
            break;
        }
    }
    let expected = format!("* 1 FETCH (BODY[] {{{}}}\r\n{large})\r\na OK ", large.len());
    assert!(String::from_utf8(heard).unwrap().starts_with(&expected));
    assert!(longest < large.len() / 2, "{longest} octets at once");
}

#[tokio::test]
async fn sets_that_name_nothing() {
    let land = Land::new().await;
    land.deliver(&[LETTER]).await;
    let mut client = land.in_inbox().await;
    assert!(client.say("a FETCH 2 FLAGS\r\n").await.starts_with("a BAD"));
    assert_eq!(client.say("b UID FETCH 2 FLAGS\r\n").await, "b OK");
    let last = client.say("c UID FETCH 9:* FLAGS\r\n").await;
    assert!(last.starts_with("* 1 FETCH (") && last.contains("UID 1"), "{last}");
    assert!(client.say("d FETCH 1 (FLAGS WRONG)\r\n").await.starts_with("d BAD"));
    assert!(client.say("e FETCH 0 FLAGS\r\n").await.starts_with("e BAD"));
}
