//! SORT, ESORT and THREAD.

use super::{Client, Land};

fn letter(head: &str, date: &str) -> String {
    format!("{head}\r\nDate: {date} 2026 12:00:00 +0100\r\n\r\nx\r\n")
}

async fn in_inbox_of(letters: &[String]) -> (Land, Client) {
    let land = Land::new().await;
    land.deliver(&letters.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let client = land.in_inbox().await;
    (land, client)
}

async fn letters() -> (Land, Client) {
    in_inbox_of(&[
        letter("From: Zoe <zoe@a.example>\r\nTo: b@x.example\r\nSubject: Bilan", "Sat, 3 Jan"),
        letter("From: anne@b.example\r\nTo: A@x.example\r\nCc: c@x.example\r\nSubject: Re: bilan\r\nX-Long: y", "Thu, 1 Jan"),
        letter("From: Marc <marc@c.example>\r\nSubject: =?utf-8?q?=C3=80?= voir", "Fri, 2 Jan"),
    ])
    .await
}

// RFC 5256 §3
#[tokio::test]
async fn messages_come_in_the_order_that_is_asked_for() {
    let (_land, mut client) = letters().await;
    for (criteria, order) in [
        ("DATE", "2 3 1"),
        ("REVERSE DATE", "1 3 2"),
        ("FROM", "2 3 1"),
        ("TO", "3 2 1"),
        ("CC DATE", "3 1 2"),
        ("SUBJECT", "3 1 2"),
        ("SUBJECT REVERSE DATE", "3 1 2"),
        ("SUBJECT DATE", "3 2 1"),
        ("REVERSE SIZE", "2 3 1"),
        ("ARRIVAL", "1 2 3"),
        ("REVERSE ARRIVAL", "1 2 3"),
    ] {
        let answer = client.say(&format!("a SORT ({criteria}) UTF-8 ALL\r\n")).await;
        assert_eq!(answer, format!("* SORT {order}\na OK"), "{criteria}");
    }
    let answer = client.say("b UID SORT (DATE) US-ASCII NOT FROM anne\r\n").await;
    assert_eq!(answer, "* SORT 3 1\nb OK");
    assert_eq!(client.say("c SORT (DATE) UTF-8 SEEN\r\n").await, "* SORT\nc OK");
    assert!(client.say("d SORT (DATE) KOI8-R ALL\r\n").await.starts_with("d NO [BADCHARSET"));
    for wrong in
        ["SORT DATE UTF-8 ALL", "SORT (WRONG) UTF-8 ALL", "SORT () UTF-8 ALL", "SORT (DATE) ALL"]
    {
        assert_eq!(client.say(&format!("e {wrong}\r\n")).await, "e BAD", "{wrong}");
    }
}

// RFC 5267 §3
#[tokio::test]
async fn a_sorted_result_is_summed_up() {
    let (_land, mut client) = letters().await;
    let answer = client.say("a SORT RETURN (MIN MAX COUNT ALL) (DATE) UTF-8 ALL\r\n").await;
    assert_eq!(answer, "* ESEARCH (TAG \"a\") MIN 2 MAX 1 ALL 2:3,1 COUNT 3\na OK");
    assert_eq!(client.say("b SORT RETURN (SAVE) (DATE) UTF-8 FROM a.example\r\n").await, "b OK");
    assert_eq!(client.say("c SEARCH $\r\n").await, "* SEARCH 1\nc OK");
}

// RFC 5256 §3, ORDEREDSUBJECT
#[tokio::test]
async fn threads_by_subject() {
    let (_land, mut client) = in_inbox_of(&[
        letter("Subject: b", "Thu, 1 Jan"),
        letter("Subject: Re: a", "Sat, 3 Jan"),
        letter("Subject: a", "Fri, 2 Jan"),
        letter("Subject: [x] Fwd: a (fwd)", "Sun, 4 Jan"),
        letter("Subject: fw: b", "Mon, 5 Jan"),
    ])
    .await;
    let answer = client.say("a THREAD ORDEREDSUBJECT UTF-8 ALL\r\n").await;
    assert_eq!(answer, "* THREAD (1 5)(3 (2)(4))\na OK");
    assert_eq!(client.say("b THREAD ORDEREDSUBJECT UTF-8 SEEN\r\n").await, "* THREAD\nb OK");
    assert_eq!(client.say("c THREAD X UTF-8 ALL\r\n").await, "c BAD");
}

fn named(id: u32, references: &[u32], subject: &str, day: &str) -> String {
    let references: Vec<_> = references.iter().map(|id| format!("<{id}@x.example>")).collect();
    let references = match references.as_slice() {
        [] => String::new(),
        some => format!("References: {}\r\n", some.join(" ")),
    };
    letter(&format!("Message-ID: <{id}@x.example>\r\n{references}Subject: {subject}"), day)
}

// RFC 5256 §3, REFERENCES
#[tokio::test]
async fn threads_by_what_messages_refer_to() {
    let (_land, mut client) = in_inbox_of(&[
        named(1, &[], "a", "Thu, 1 Jan"),
        named(2, &[1], "Re: a", "Fri, 2 Jan"),
        named(3, &[1, 2], "Re: a", "Sat, 3 Jan"),
        named(4, &[1], "autre", "Sun, 4 Jan"),
        // Two answers to a message that is not here, and one that answers nothing but has the subject of one.
        named(6, &[99], "Re: perdu", "Mon, 5 Jan"),
        named(7, &[99], "Re: perdu", "Tue, 6 Jan"),
        named(8, &[], "Re: autre sujet", "Wed, 7 Jan"),
        named(9, &[], "autre sujet", "Thu, 8 Jan"),
        // It refers to itself, and to one that refers to it.
        named(10, &[10, 11], "boucle", "Fri, 9 Jan"),
        named(11, &[10], "boucle", "Sat, 10 Jan"),
    ])
    .await;
    let answer = client.say("a THREAD REFERENCES UTF-8 ALL\r\n").await;
    assert_eq!(answer, "* THREAD (1 (2 3)(4))((5)(6))(8 7)(9 10)\na OK");
    // What does not match is as if it were not there.
    let answer = client.say("b THREAD REFERENCES UTF-8 NOT 1 NOT 9 NOT 10\r\n").await;
    assert_eq!(answer, "* THREAD ((2 3)(4))((5)(6))(8 7)\nb OK");
}

// RFC 5256 §3
#[tokio::test]
async fn a_chain_that_is_too_long_is_one_thread_in_parts() {
    let mut letters: Vec<String> = Vec::new();
    for id in 0..700 {
        let references: Vec<u32> = if id == 0 { Vec::new() } else { vec![id - 1] };
        letters.push(named(id, &references, "chaine", "Thu, 1 Jan"));
    }
    let (_land, mut client) = in_inbox_of(&letters).await;
    let answer = client.say("a THREAD REFERENCES UTF-8 ALL\r\n").await;
    // A reference that would go too deep does not count; the subject holds the parts together.
    assert!(answer.starts_with("* THREAD ((1 2 3 4 5 "), "{answer}");
    assert!(answer.ends_with(" 699 700))\na OK"), "{answer}");
}
