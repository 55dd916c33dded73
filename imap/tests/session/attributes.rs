//! OBJECTID, SAVEDATE, PREVIEW, BINARY: what else a message is asked for.

use super::Land;

const LETTER: &str =
    "Subject: a\r\nMessage-ID: <a@chu.example>\r\n\r\nBonjour,\r\n  tout va bien.\r\n";
const REPLY: &str = "Subject: Re: a\r\nMessage-ID: <b@chu.example>\r\nIn-Reply-To: <a@chu.example>\r\n\r\nMerci.\r\n";
const ENCODED: &str = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
    Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n\
    H=C3=A9moglobine=\r\n basse\r\n--b\r\n\
    Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\r\nYQBiYw==\r\n--b\r\n\
    Content-Type: text/plain\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\nxyz\r\n--b--\r\n";

/// What stands in parentheses behind a word.
fn after<'a>(text: &'a str, word: &str) -> &'a str {
    let (_, after) = text.split_once(word).unwrap_or_else(|| panic!("{word}: {text}"));
    after.split_once(')').unwrap().0
}

// RFC 8474 §4.1, §4.2, §4.3, §5.1, §5.2
#[tokio::test]
async fn identities_stay_with_what_they_name() {
    let land = Land::new().await;
    land.deliver(&[LETTER, REPLY]).await;
    let mut client = land.client().await;
    let created = client.say("a CREATE x\r\n").await;
    let mailbox = after(&created, "a OK [MAILBOXID (").to_owned();
    assert!(mailbox.starts_with('F') && mailbox.len() == 33, "{created}");
    assert!(client.say("b RENAME x y\r\n").await.ends_with("b OK"));
    let status = client.say("c STATUS y (MAILBOXID)\r\n").await;
    assert_eq!(after(&status, "MAILBOXID ("), mailbox);
    let selected = client.say("d SELECT INBOX\r\n").await;
    assert_ne!(after(&selected, "* OK [MAILBOXID ("), mailbox);
    let one = client.say("e FETCH 1 (EMAILID THREADID)\r\n").await;
    let two = client.say("f FETCH 2 (EMAILID THREADID)\r\n").await;
    assert_ne!(after(&one, "EMAILID (M"), after(&two, "EMAILID (M"));
    assert_eq!(after(&one, "THREADID (T"), after(&two, "THREADID (T"));
    client.say("g COPY 1 y\r\n").await;
    let (email, thread) =
        (after(&one, "EMAILID (").to_owned(), after(&one, "THREADID (").to_owned());
    assert_eq!(client.say(&format!("h SEARCH EMAILID {email}\r\n")).await, "* SEARCH 1\nh OK");
    assert_eq!(client.say(&format!("i SEARCH THREADID {thread}\r\n")).await, "* SEARCH 1 2\ni OK");
    client.say("j SELECT y\r\n").await;
    let copied = client.say("k FETCH 1 EMAILID\r\n").await;
    assert_eq!(after(&copied, "EMAILID ("), email);
}

// RFC 8514 §4.1, §4.2, §4.3
#[tokio::test]
async fn the_date_of_placing_is_told_and_searched() {
    let land = Land::new().await;
    land.deliver(&[LETTER]).await;
    let mut client = land.in_inbox().await;
    let told = client.say("a FETCH 1 (SAVEDATE)\r\n").await;
    assert!(told.starts_with("* 1 FETCH (SAVEDATE \" 5-Jan-2026 08:00:00 +0000\")"), "{told}");
    for (keys, found) in [
        ("SAVEDON 5-Jan-2026", "* SEARCH 1\nb OK"),
        ("SAVEDBEFORE 5-Jan-2026", "* SEARCH\nb OK"),
        ("SAVEDSINCE 5-Jan-2026", "* SEARCH 1\nb OK"),
        ("SAVEDATESUPPORTED", "* SEARCH 1\nb OK"),
    ] {
        assert_eq!(client.say(&format!("b SEARCH {keys}\r\n")).await, found, "{keys}");
    }
}

// RFC 8970 §3.1, §3.2
#[tokio::test]
async fn a_preview_is_the_beginning_of_the_text() {
    let land = Land::new().await;
    land.deliver(&[LETTER, "Subject: nothing\r\n\r\n"]).await;
    let mut client = land.in_inbox().await;
    let told = client.say("a FETCH 1:2 (PREVIEW)\r\n").await;
    let expected = "* 1 FETCH (PREVIEW \"Bonjour, tout va bien.\")\n* 2 FETCH (PREVIEW \"\")\na OK";
    assert_eq!(told, expected);
    let lazy = client.say("b FETCH 1 (PREVIEW (LAZY))\r\n").await;
    assert!(lazy.starts_with("* 1 FETCH (PREVIEW \"Bonjour, "), "{lazy}");
    // It is no reading.
    assert!(!client.say("c FETCH 1 FLAGS\r\n").await.contains("Seen"));
}

// RFC 3516 §4.2, §4.3
#[tokio::test]
async fn a_part_comes_decoded() {
    let land = Land::new().await;
    land.deliver(&[ENCODED]).await;
    let mut client = land.in_inbox().await;
    let told = client.say("a FETCH 1 (BINARY.SIZE[1] BINARY.SIZE[2] BINARY.PEEK[1])\r\n").await;
    let text = "H\u{e9}moglobine basse";
    let expected = format!(
        "* 1 FETCH (BINARY.SIZE[1] {0} BINARY.SIZE[2] 4 BINARY[1] {{{0}}}\n{text})\na OK",
        text.len()
    );
    assert_eq!(told, expected);
    let (heard, _) = client.hear(b"b FETCH 1 BINARY.PEEK[2]\r\n").await;
    assert!(heard.starts_with(b"* 1 FETCH (BINARY[2] ~{4}\r\na\0bc)\r\nb OK"), "{heard:?}");
    let told = client.say("c FETCH 1 BINARY.PEEK[1]<3.4>\r\n").await;
    assert_eq!(told, "* 1 FETCH (BINARY[1]<3> {4}\nmogl)\nc OK");
    assert_eq!(client.say("d FETCH 1 BINARY.PEEK[3]\r\n").await, "d NO [UNKNOWN-CTE]");
    assert_eq!(client.say("e FETCH 1 BINARY.SIZE[3]\r\n").await, "e NO [UNKNOWN-CTE]");
    assert_eq!(client.say("f FETCH 1 BINARY.PEEK[9]\r\n").await, "* 1 FETCH (BINARY[9] NIL)\nf OK");
    let told = client.say("g FETCH 1 BINARY[1]<0.1>\r\n").await;
    assert!(told.contains("BINARY[1]<0> {1}\nH FLAGS (\\Seen \\Recent))"), "{told}");
}

// RFC 3516 §4.2: also a large one, in pieces.
#[tokio::test]
async fn a_large_part_is_decoded_piece_by_piece() {
    let land = Land::new().await;
    let line = "TWFpcyBjZSBuJ2VzdCBwYXMgdG91dCBub24gcGx1cywgb3V0cmUgcXVlIGNlbGEgZXN0IHZyYQo=\r\n";
    let head = "Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n";
    // One base64 text: the padding comes at its end only.
    let body = line.trim_end().trim_end_matches('=').get(..72).unwrap().to_owned() + "\r\n";
    land.deliver(&[&format!("{head}{}", body.repeat(6000))]).await;
    let mut client = land.in_inbox().await;
    client.session.receive(b"a FETCH 1 BINARY.PEEK[1]\r\n");
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
    let size = 6000 * 54;
    let heard = String::from_utf8(heard).unwrap();
    assert!(heard.starts_with(&format!("* 1 FETCH (BINARY[1] {{{size}}}\r\nMais ce n'est pas")));
    assert!(heard.len() > size && heard.contains(")\r\na OK") && longest < size / 2, "{longest}");
}
