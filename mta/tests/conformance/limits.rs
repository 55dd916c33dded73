//! RFC 5321 §4.5.3 and §7.8, RFC 9422: sizes that every server takes, and those above which it need not.

use mta::server::{Limits, Role, SessionConfig};

use crate::transcript::{Line, config, peer, tls};

fn with(limits: Limits) -> Line {
    let config = SessionConfig { limits, ..config(Role::Reception) };
    let mut line = Line::new(config, Some(tls(Some(b"peer"))));
    line.go_on();
    line.send(b"EHLO mx.a.fr\r\n");
    line
}

fn is_taken(address: &str) -> bool {
    peer("").send(format!("MAIL FROM:<{address}>\r\n").as_bytes()).starts_with("250 ")
}

// RFC 5321 §4.5.3.1.1
#[test]
fn a_local_part_has_64_octets_at_most() {
    assert!(is_taken(&format!("{}@a.fr", "x".repeat(64))));
    assert!(!is_taken(&format!("{}@a.fr", "x".repeat(65))));
}

// RFC 5321 §4.5.3.1.2
#[test]
fn a_domain_of_an_ehlo_may_have_255_octets() {
    let label = "x".repeat(62);
    let domain = format!("{label}.{label}.{label}.{label}.fr");
    assert_eq!(domain.len(), 254);
    let mut line = Line::of_peer();
    line.go_on();
    assert!(line.send(format!("EHLO {domain}\r\n").as_bytes()).starts_with("250-"));
    let long = "x".repeat(256);
    assert!(line.send(format!("EHLO {long}\r\n").as_bytes()).starts_with("501 "));
}

// RFC 5321 §4.5.3.1.4
#[test]
fn a_command_line_of_512_octets_is_read_and_of_many_more_is_refused_once() {
    let mut line = Line::of_peer();
    line.go_on();
    assert!(line.send(format!("NOOP {}\r\n", "x".repeat(505)).as_bytes()).starts_with("250 "));
    let said = line.send(format!("NOOP {}\r\n", "x".repeat(10_000)).as_bytes());
    assert!(said.starts_with("500 ") && said.lines().count() == 1, "{said}");
    assert!(line.send(b"NOOP\r\n").starts_with("250 "));
}

// RFC 5321 §4.5.3.1.5
#[test]
fn a_reply_line_has_512_octets_at_most() {
    let mut line = peer("");
    let mut said = String::new();
    for command in ["HELP", "EHLO a", "MAIL FROM:<jean@a.fr>", "RCPT TO:<closed@b.fr>", "DATA", "X"]
    {
        said += &line.send(format!("{command}\r\n").as_bytes());
    }
    assert!(said.split_terminator("\r\n").all(|line| line.len() <= 510), "{said}");
}

// RFC 5321 §4.5.3.1.8, RFC 5321 §4.5.3.1.10
#[test]
fn a_hundred_recipients_are_taken_and_the_next_is_asked_to_come_again() {
    let mut line = peer("C: MAIL FROM:<jean@a.fr>\nS: 250 …");
    for number in 0..100 {
        assert!(line.send(format!("RCPT TO:<p{number}@b.fr>\r\n").as_bytes()).starts_with("250 "));
    }
    assert!(line.send(b"RCPT TO:<p100@b.fr>\r\n").starts_with("452 4.5.3 "));
    assert!(line.send(b"DATA\r\n").starts_with("354 "));
    assert!(line.send(b".\r\n").starts_with("250 "));
    assert_eq!(line.books.kept()[0].to.len(), 100);
}

// RFC 5321 §7.8
#[test]
fn a_peer_that_only_makes_errors_is_sent_away() {
    let mut line = with(Limits { errors: 3, ..Limits::default() });
    let said = line.send("GARBAGE\r\n".repeat(10).as_bytes());
    assert!(
        said.lines().count() <= 5 && said.lines().last().unwrap().starts_with("421 "),
        "{said}"
    );
}

// RFC 5321 §7.8
#[test]
fn a_peer_that_tries_addresses_is_sent_away() {
    let mut line = with(Limits { refusals: 5, ..Limits::default() });
    line.send(b"MAIL FROM:<jean@a.fr>\r\n");
    let said = line.send("RCPT TO:<unknown@b.fr>\r\n".repeat(20).as_bytes());
    assert_eq!(said.lines().filter(|line| line.starts_with("550 ")).count(), 6);
    assert!(said.lines().last().unwrap().starts_with("421 "));
}

// RFC 9422 §3, RFC 9422 §4.1
#[test]
fn the_limits_that_ehlo_names_are_those_that_hold() {
    let mut line = with(Limits { transactions: 1, recipients: 1, ..Limits::default() });
    assert!(line.send(b"EHLO a\r\n").contains("LIMITS MAILMAX=1 RCPTMAX=1\r\n"));
    line.hold(
        "C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: RCPT TO:<marie@b.fr>
         S: 250 …
         C: RCPT TO:<paul@b.fr>
         S: 452 4.5.3 …
         C: RSET
         S: 250 …
         C: MAIL FROM:<jean@a.fr>
         S: 421 …
         END",
    );
}
