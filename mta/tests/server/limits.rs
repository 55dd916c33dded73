//! Limits of a session: each is reached, answered, and ends what it should.

use mta::server::{Limits, Role, SessionConfig};

use crate::transcript::{Line, config, tls};

fn peer(limits: Limits, script: &str) -> Line {
    let mut line =
        Line::new(SessionConfig { limits, ..config(Role::Reception) }, Some(tls(Some(b"peer"))));
    line.go_on();
    line.send(b"EHLO mx.a.fr\r\n");
    line.hold(script);
    line
}

#[test]
fn recipients() {
    let mut line = peer(Limits::default(), "C: MAIL FROM:<jean@a.fr>\nS: 250 …");
    for number in 0..100 {
        assert!(line.send(format!("RCPT TO:<m{number}@b.fr>\r\n").as_bytes()).starts_with("250 "));
    }
    assert!(line.send(b"RCPT TO:<one-more@b.fr>\r\n").starts_with("452 4.5.3 "));
    assert!(line.send(b"DATA\r\n").starts_with("354 "));
    assert!(line.send(b".\r\n").starts_with("250 "));
    assert_eq!(line.books.kept()[0].to.len(), 100);
}

#[test]
fn transactions() {
    peer(
        Limits { transactions: 2, ..Limits::default() },
        "C: MAIL FROM:<jean@a.fr>
         C: RSET
         C: MAIL FROM:<jean@a.fr>
         C: RSET
         C: MAIL FROM:<jean@a.fr>
         C: NOOP
         S: 250 …
         S: 250 …
         S: 250 …
         S: 250 …
         S: 421 4.7.0 …
         END",
    );
}

#[test]
fn errors() {
    peer(
        Limits { errors: 2, ..Limits::default() },
        "C: GET / HTTP/1.1
         C: Host: b.fr
         C: User-Agent: lost
         C: NOOP
         S: 500 5.5.1 …
         S: 500 5.5.1 …
         S: 500 5.5.1 …
         S: 421 4.7.0 …
         END",
    );
}

#[test]
fn refusals_count_until_a_message_is_accepted() {
    let line = peer(
        Limits { refusals: 2, ..Limits::default() },
        "C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<unknown@b.fr>
         C: RCPT TO:<closed@b.fr>
         C: RCPT TO:<full@b.fr>
         C: RCPT TO:<marie@b.fr>
         C: DATA
         S: 250 …
         S: 550 …
         S: 550 …
         S: 452 …
         S: 250 …
         S: 354 …
         C: .
         S: 250 …
         C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<unknown@b.fr>
         C: RCPT TO:<closed@b.fr>
         C: RCPT TO:<objected@b.fr>
         C: RCPT TO:<marie@b.fr>
         S: 250 …
         S: 550 …
         S: 550 …
         S: 550 …
         S: 421 4.7.0 …
         END",
    );
    assert_eq!(line.books.open(), 0);
}

#[test]
fn commands_without_mail() {
    peer(
        Limits { idle_commands: 3, ..Limits::default() },
        "C: NOOP
         C: RSET
         C: NOOP
         C: NOOP
         S: 250 …
         S: 250 …
         S: 250 …
         S: 421 4.7.0 …
         END",
    );
}

#[test]
fn what_is_refused_is_not_read_for_ever() {
    let mut line = peer(
        Limits { discarded: 100, ..Limits::default() },
        "C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<marie@b.fr>
         S: 250 …
         S: 250 …
         C: DATA
         S: 354 …",
    );
    assert_eq!(line.send(b"bare\nline\r\n"), "");
    assert_eq!(line.send(&[b'x'; 80]), "");
    assert!(line.send(&[b'x'; 80]).starts_with("550 5.6.0 "));
    assert_eq!(line.wants, mta::server::Wants::Close);
}

#[test]
fn lines_too_long() {
    let mut line = peer(Limits::default(), "");
    let noop = |len: usize| format!("NOOP {}\r\n", "x".repeat(len - 7));
    assert!(line.send(noop(2048).as_bytes()).starts_with("250 "));
    assert!(line.send(noop(2049).as_bytes()).starts_with("500 5.5.2 "));
    assert!(line.send(&[b'x'; 40_000]).is_empty());
    assert!(line.send(b"\r\nNOOP\r\n").starts_with("500 5.5.2 La ligne est trop longue.\r\n250 "));
    assert!(line.send(&[b'x'; 40_000]).is_empty());
    assert!(line.send(&[b'x'; 40_000]).starts_with("421 4.7.0 "));

    let mut plain = Line::new(config(Role::Reception), None);
    plain.go_on();
    assert!(plain.send(noop(512).as_bytes()).starts_with("250 "));
    assert!(plain.send(noop(513).as_bytes()).starts_with("500 5.5.2 "));
}
