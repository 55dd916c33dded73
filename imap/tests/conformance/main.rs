//! Conformance, one clause of a standard a test: what the client says (`C:`), and what it must be answered (`S:`).
//!
//! `…` stands for anything in a line. Texts for people behind OK, NO and BAD are left out on both sides. A transcript
//! begins with a client that has logged in, INBOX holding three messages.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

#[path = "../land/mod.rs"]
mod land;

mod any_state;
mod extensions;
mod logged_in;
mod resynchronisation;
mod revision2;
mod selected;

use land::{Client, Land};

/// The three messages of INBOX.
const LETTERS: [&str; 3] = [
    "From: Jean <jean@chu.example>\r\nTo: marie@practice.example\r\nSubject: Bilan\r\n\
     Date: Mon, 5 Jan 2026 09:00:00 +0100\r\nMessage-ID: <1@chu.example>\r\n\r\nBonjour.\r\n",
    "From: anne@chu.example\r\nSubject: Re: Bilan\r\nIn-Reply-To: <1@chu.example>\r\n\
     Date: Tue, 6 Jan 2026 09:00:00 +0100\r\nMessage-ID: <2@chu.example>\r\n\r\nMerci.\r\n",
    "Subject: pieces\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\
     Content-Type: text/plain\r\n\r\nun\r\n--b\r\nContent-Type: text/html\r\n\
     Content-Transfer-Encoding: base64\r\n\r\nPHA+ZGV1eDwvcD4=\r\n--b--\r\n",
];

/// A land whose INBOX holds the three messages.
async fn land() -> Land {
    let land = Land::new().await;
    land.deliver(&LETTERS).await;
    land
}

/// Plays a transcript with a client that has logged in.
async fn hold(transcript: &str) {
    let land = land().await;
    play(&mut land.client().await, transcript).await;
}

/// Plays a transcript with a client that has selected INBOX.
async fn hold_in_inbox(transcript: &str) {
    let land = land().await;
    play(&mut land.in_inbox().await, transcript).await;
}

/// Says what the client says; what it is answered must be what follows, line by line.
async fn play(client: &mut Client, transcript: &str) {
    let lines: Vec<&str> =
        transcript.lines().map(str::trim_start).filter(|l| !l.is_empty()).collect();
    let (mut at, mut all) = (0, String::new());
    while at < lines.len() {
        let mut said = String::new();
        while let Some(line) = lines.get(at).and_then(|line| line.strip_prefix("C: ")) {
            said.push_str(&format!("{line}\r\n"));
            at += 1;
        }
        let heard = client.say(&said).await;
        all.push_str(&format!("{said}{heard}\n"));
        let mut heard = heard.lines();
        while let Some(line) = lines.get(at).and_then(|line| line.strip_prefix("S: ")) {
            let answer = heard.next().unwrap_or_default();
            assert!(fits(line, answer), "expected {line}\nheard    {answer}\n\n{all}");
            at += 1;
        }
        assert_eq!(heard.next(), None, "more than expected\n\n{all}");
    }
}

/// Whether a line is what is expected.
fn fits(expected: &str, line: &str) -> bool {
    let Some((before, rest)) = expected.split_once('…') else { return expected == line };
    let Some(mut line) = line.strip_prefix(before) else { return false };
    let mut parts: Vec<&str> = rest.split('…').collect();
    let last = parts.pop().unwrap_or_default();
    for part in parts {
        match line.split_once(part) {
            Some((_, after)) => line = after,
            None => return false,
        }
    }
    line.ends_with(last)
}
