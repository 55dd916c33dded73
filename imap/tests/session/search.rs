//! SEARCH, ESEARCH, SEARCHRES.

use super::Land;

const OLD: &str = "From: Jean Dupont <jean@chu.example>\r\nTo: marie@practice.example\r\n\
    Subject: =?utf-8?q?R=C3=A9sultat?= de bilan\r\nDate: Thu, 1 Jan 2026 12:00:00 +0100\r\n\r\nGlyc\u{e9}mie\r\n";
const NEW: &str = "From: anne@chu.example\r\nCc: paul@chu.example\r\nSubject: Courrier\r\nX-Note: oui\r\n\
    Date: Sat, 3 Jan 2026 12:00:00 +0100\r\nContent-Transfer-Encoding: base64\r\n\
    Content-Type: text/plain; charset=utf-8\r\n\r\nSMOpbW9nbG9iaW5l\r\n";

async fn land() -> Land {
    let land = Land::new().await;
    land.deliver(&[OLD, NEW]).await;
    land
}

// RFC 3501 §6.4.4
#[tokio::test]
async fn every_key_finds_what_it_says() {
    let land = land().await;
    let mut client = land.in_inbox().await;
    client.say("f STORE 1 +FLAGS.SILENT (\\Seen $x)\r\n").await;
    for (keys, found) in [
        ("ALL", "1 2"),
        ("2", "2"),
        ("1:*", "1 2"),
        ("UID 2", "2"),
        ("SEEN", "1"),
        ("UNSEEN", "2"),
        ("NEW", "2"),
        ("OLD", ""),
        ("RECENT", "1 2"),
        ("KEYWORD $x", "1"),
        ("UNKEYWORD $x", "2"),
        ("KEYWORD $unknown", ""),
        ("FROM dupont", "1"),
        ("TO marie", "1"),
        ("CC paul", "2"),
        ("BCC x", ""),
        ("SUBJECT bilan", "1"),
        ("HEADER X-Note \"\"", "2"),
        ("HEADER X-Note oui", "2"),
        ("HEADER X-Note non", ""),
        ("SENTBEFORE 2-Jan-2026", "1"),
        ("SENTON 3-Jan-2026", "2"),
        ("SENTSINCE 3-Jan-2026", "2"),
        ("SINCE 5-Jan-2026", "1 2"),
        ("BEFORE 5-Jan-2026", ""),
        ("ON 5-Jan-2026", "1 2"),
        ("SMALLER 10", ""),
        ("LARGER 10", "1 2"),
        ("NOT 1", "2"),
        ("OR SEEN SUBJECT courrier", "1 2"),
        ("SEEN SUBJECT courrier", ""),
        ("(SEEN FROM jean)", "1"),
        ("TEXT oui", "2"),
        ("BODY oui", ""),
        ("CHARSET UTF-8 SUBJECT {9+}\r\nr\u{e9}sultat", "1"),
        ("CHARSET UTF-8 BODY {6+}\r\nglyc\u{e9}", "1"),
        ("CHARSET UTF-8 BODY {6+}\r\nh\u{e9}mog", "2"),
    ] {
        let answer = client.say(&format!("a SEARCH {keys}\r\n")).await;
        let expected = format!("* SEARCH {found}\na OK");
        assert_eq!(answer.replace("SEARCH\n", "SEARCH \n"), expected, "{keys}");
    }
    assert!(client.say("b SEARCH CHARSET KOI8-R ALL\r\n").await.starts_with("b NO [BADCHARSET"));
    for wrong in ["SEARCH", "SEARCH WRONG", "SEARCH SINCE 31-Feb-2026"] {
        assert!(client.say(&format!("c {wrong}\r\n")).await.starts_with("c BAD"), "{wrong}");
    }
}

// RFC 4731 §3.1, RFC 5182 §2.1
#[tokio::test]
async fn results_are_summed_up_and_kept() {
    let land = land().await;
    let mut client = land.in_inbox().await;
    for (line, answer) in [
        ("SEARCH RETURN (MIN MAX COUNT) ALL", "* ESEARCH (TAG \"a\") MIN 1 MAX 2 COUNT 2\na OK"),
        ("SEARCH RETURN () ALL", "* ESEARCH (TAG \"a\") ALL 1:2\na OK"),
        ("UID SEARCH RETURN (COUNT) SEEN", "* ESEARCH (TAG \"a\") UID COUNT 0\na OK"),
        ("SEARCH RETURN (ALL) SEEN", "* ESEARCH (TAG \"a\")\na OK"),
        ("SEARCH RETURN (SAVE) FROM anne", "a OK"),
        ("FETCH $ UID", "* 2 FETCH (UID 2)\na OK"),
        ("SEARCH $ SEEN", "* SEARCH\na OK"),
        ("UID SEARCH UID $", "* SEARCH 2\na OK"),
    ] {
        let heard = client.say(&format!("a {line}\r\n")).await;
        assert_eq!(heard.replace("SEARCH \n", "SEARCH\n"), answer, "{line}");
    }
    let changed = client.say("b UID STORE $ +FLAGS (\\Flagged)\r\n").await;
    assert!(changed.starts_with("* 2 FETCH (UID 2 FLAGS (\\Flagged"), "{changed}");
    // SELECT forgets it.
    client.say("c SELECT INBOX\r\n").await;
    assert_eq!(client.say("d FETCH $ UID\r\n").await, "d OK");
}

// RFC 9585 §3, §4
#[tokio::test]
async fn a_long_search_says_how_far_it_is() {
    use super::Wants;
    use std::time::Duration;
    use tokio::time;
    let land = Land::new().await;
    land.deliver(&["Subject: a\r\n\r\nx\r\n"; 600]).await;
    let mut client = land.in_inbox().await;
    client.session.receive(b"a SEARCH SUBJECT b\r\n");
    // It stops where others get their turn.
    tokio::select! {
        biased;
        wants = client.session.advance() => panic!("done at once: {wants:?}"),
        () = std::future::ready(()) => {}
    }
    time::pause();
    time::advance(Duration::from_secs(11)).await;
    assert!(matches!(client.session.advance().await, Wants::Write));
    time::resume();
    let told = String::from_utf8(client.session.take_output()).unwrap();
    assert!(told.starts_with("* OK [INPROGRESS (\"a\" 512 600)] "), "{told}");
    assert_eq!(client.say("").await, "* SEARCH\na OK");
}
