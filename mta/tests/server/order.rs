//! Commands out of order, refusals of the handler, and what is forgotten when.

use mta::server::{Role, Wants};

use crate::office::Office;
use crate::transcript::{Line, config, peer, tls};

#[test]
fn nothing_before_ehlo() {
    let mut line = Line::of_peer();
    line.hold(
        "S: 220 …
         C: MAIL FROM:<jean@a.fr>
         S: 503 5.5.1 Dites d'abord EHLO.
         C: RCPT TO:<marie@b.fr>
         S: 503 5.5.1 …
         C: DATA
         S: 503 5.5.1 …
         C: BDAT 4 LAST
         C| abc\\n
         S: 503 5.5.1 …
         C: NOOP
         S: 250 …",
    );
}

#[test]
fn mail_then_rcpt_then_data() {
    peer(
        "C: RCPT TO:<marie@b.fr>
         S: 503 5.5.1 …
         C: DATA
         S: 503 5.5.1 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: MAIL FROM:<jean@a.fr>
         S: 503 5.5.1 …
         C: DATA
         S: 554 5.5.1 …
         C: RCPT TO:<unknown@b.fr>
         S: 550 …
         C: DATA
         S: 554 5.5.1 …
         C: RCPT TO:<marie@b.fr>
         S: 250 …
         C: DATA
         S: 354 …
         C: .
         S: 250 …
         C: DATA
         S: 503 5.5.1 …",
    );
}

#[test]
fn rset_and_ehlo_forget_the_transaction() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: RCPT TO:<marie@b.fr>
         S: 250 …
         C: RSET
         S: 250 …
         C: DATA
         S: 503 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: HELO again
         S: 250 …
         C: RCPT TO:<marie@b.fr>
         S: 503 …",
    );
    assert_eq!((line.books.open(), line.books.kept().len()), (0, 0));
}

#[test]
fn refusals_of_the_handler() {
    peer(
        "C: MAIL FROM:<unlisted@a.fr>
         S: 550 5.7.1 …
         C: MAIL FROM:<crl@a.fr>
         S: 454 4.7.5 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: RCPT TO:<unknown@b.fr>
         S: 550 5.1.1 Message non distribue : aucune boite …
         C: RCPT TO:<objected@b.fr>
         S: 550 5.1.1 Message non distribue : aucune boite …
         C: RCPT TO:<closed@b.fr>
         S: 550 5.2.1 …
         C: RCPT TO:<full@b.fr>
         S: 452 4.2.2 …
         C: RCPT TO:<strict@b.fr>
         S: 250 …
         C: DATA
         S: 354 …
         C: .
         S: 550 5.7.1 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 …",
    );
}

// The objected and the unknown recipient get the same octets.
#[test]
fn nobody_outside_tells_objected_from_unknown() {
    let mut line = peer("C: MAIL FROM:<jean@a.fr>\nS: 250 …");
    let unknown = line.send(b"RCPT TO:<unknown@b.fr>\r\n");
    assert_eq!(line.send(b"RCPT TO:<objected@b.fr>\r\n"), unknown);
}

#[test]
fn a_refusal_before_or_within_the_message() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<no-disk@b.fr>
         S: 250 …
         S: 250 …
         C: DATA
         S: 452 4.3.1 …
         C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<disk-full@b.fr>
         S: 250 …
         S: 250 …
         C: DATA
         S: 354 …
         C: bonjour
         C: MAIL FROM:<jean@a.fr>
         C: .
         S: 452 4.3.1 …
         C: NOOP
         S: 250 …",
    );
    assert_eq!(line.books.open(), 0);
}

// What is behind a refused DATA can only be a message; its lines must not be commands.
#[test]
fn a_message_sent_behind_a_refused_data_is_not_read_as_commands() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<unknown@b.fr>
         C: DATA
         C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<marie@b.fr>
         S: 250 …
         S: 550 …
         S: 554 5.5.1 …
         END",
    );
    assert_eq!(line.books.open(), 0);
}

#[test]
fn a_verdict_of_421_ends_the_session() {
    peer(
        "C: MAIL FROM:<stopping@a.fr>
         C: NOOP
         S: 421 4.3.2 …
         END",
    );
    let address = "192.0.2.66".parse().unwrap();
    let mut line = Line::from(address, config(Role::Reception), None, Office::default());
    line.hold("S: 421 4.3.2 …\nEND");
}

#[test]
fn a_server_that_stops_finishes_the_transaction() {
    let mut line = peer("C: MAIL FROM:<jean@a.fr>\nC: RCPT TO:<marie@b.fr>\nS: 250 …\nS: 250 …");
    line.session().stop();
    assert_eq!(line.go_on(), "");
    assert!(line.send(b"DATA\r\n").starts_with("354 "));
    let last = line.send(b"bonjour\r\n.\r\nMAIL FROM:<jean@a.fr>\r\n");
    let codes: Vec<&str> = last.lines().filter_map(|line| line.get(..9)).collect();
    assert_eq!(codes, ["250 2.0.0", "421 4.3.2"]);
    assert_eq!((line.wants, line.books.kept().len()), (Wants::Close, 1));

    let mut idle = peer("");
    idle.session().stop();
    assert!(idle.go_on().starts_with("421 4.3.2 "));
    assert_eq!(idle.wants, Wants::Close);
}

#[test]
fn silence_ends_the_session() {
    let mut line = Line::new(config(Role::Reception), Some(tls(Some(b"peer"))));
    line.hold("S: 220 …\nC: EHLO a\nS: 250-…\nS: 250-…\nS: 250-…\nS: 250-…\nS: 250-…\nS: 250-…\nS: 250-…\nS: 250-…\nS: 250-…\nS: 250 …\nC: MAIL FROM:<jean@a.fr>\nS: 250 …");
    line.session().timed_out();
    assert!(line.go_on().starts_with("421 4.4.2 "));
    assert_eq!((line.wants, line.books.open()), (Wants::Close, 0));
}
