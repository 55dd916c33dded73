//! Peers that mean harm, against a session: octets put where they do not belong, ends that are none, numbers without
//! measure. Each ends in its reply, and nothing that was smuggled is carried out.

use mta::server::{Role, Wants};

use crate::office::Office;
use crate::transcript::{Line, config, peer, tls};

const BEFORE: &str = "C: MAIL FROM:<jean@a.fr>
    C: RCPT TO:<marie@b.fr>
    S: 250 …
    S: 250 …
    C: DATA
    S: 354 …";

/// What a smuggler puts behind an end that he hopes is one.
const SMUGGLED: &[u8] =
    b"MAIL FROM:<pirate@a.fr>\r\nRCPT TO:<paul@b.fr>\r\nDATA\r\nsmuggled\r\n.\r\n";

/// Sends a message in pieces; the replies, and who is kept as sender of what.
fn sent(pieces: &[&[u8]]) -> (String, Vec<String>) {
    let mut line = peer(BEFORE);
    let said = pieces.iter().map(|piece| line.send(piece)).collect();
    assert_eq!(line.books.open(), 0);
    (said, line.books.kept().into_iter().map(|kept| kept.from).collect())
}

/// All that a server somewhere has taken for a line end.
const ENDS: [&[u8]; 11] = [
    b"\r\n",
    b"\n",
    b"\r",
    b"\n\r",
    b"\r\r\n",
    b"\r\n\n",
    b"\n\n",
    b"\r\r",
    b"\r\0\n",
    b"\x0b",
    b"\xc2\x85",
];

// RFC 5321 §4.1.1.4
#[test]
fn no_end_of_data_but_the_true_one_is_one_however_the_message_is_cut() {
    for before in ENDS {
        for after in ENDS {
            // After the true end the rest is commands, and rightly so.
            if before.ends_with(b"\r\n") && after.starts_with(b"\r\n") {
                continue;
            }
            let message = [b"hello", before, b".", after, SMUGGLED].concat();
            let whole = sent(&[&message]);
            assert_eq!(whole.0.lines().count(), 1, "{before:?} {after:?}: {}", whole.0);
            assert!(whole.1.iter().all(|from| from == "<jean@a.fr>"), "{before:?} {after:?}");
            for cut in 1..message.len() {
                let (head, tail) = message.split_at(cut);
                assert_eq!(sent(&[head, tail]), whole, "{before:?} {after:?} cut at {cut}");
            }
            let octets: Vec<_> = message.chunks(1).collect();
            assert_eq!(sent(&octets), whole, "{before:?} {after:?} octet by octet");
        }
    }
}

// RFC 3030 §2
#[test]
fn an_end_of_data_within_a_chunk_is_content_wherever_chunks_are_cut() {
    let content = [b"hello\r\n.\r\n".as_slice(), SMUGGLED].concat();
    for cut in 0..=content.len() {
        let (head, tail) = content.split_at(cut);
        let mut line =
            peer("C: MAIL FROM:<jean@a.fr>\nS: 250 …\nC: RCPT TO:<marie@b.fr>\nS: 250 …");
        let octets = [
            format!("BDAT {}\r\n", head.len()).as_bytes(),
            head,
            format!("BDAT {} LAST\r\n", tail.len()).as_bytes(),
            tail,
        ]
        .concat();
        let said = line.send(&octets);
        assert!(
            said.lines().count() == 2 && said.lines().all(|line| line.starts_with("250 ")),
            "{said}"
        );
        assert_eq!(line.books.kept().len(), 1, "cut at {cut}");
        assert_eq!(line.books.kept()[0].body, content, "cut at {cut}");
    }
}

// RFC 3207 §6
#[test]
fn whatever_is_put_behind_starttls_in_plain_text_is_answered_by_nobody() {
    for injected in [
        b"EHLO pirate\r\nMAIL FROM:<pirate@a.fr>\r\nRCPT TO:<marie@b.fr>\r\nDATA\r\nx\r\n.\r\n"
            .as_slice(),
        b"STARTTLS\r\n",
        b"AUTH PLAIN AGplYW4Ac2VzYW1l\r\n",
        b"\r\n\r\n",
        b"BDAT 4294967296 LAST\r\n",
        &[0; 4000],
        &[b'x'; 100_000],
    ] {
        for role in [Role::Reception, Role::Submission] {
            let mut line = Line::new(config(role), None);
            line.go_on();
            line.send(b"EHLO mx.a.fr\r\n");
            let said = line.send(&[b"STARTTLS\r\n", injected].concat());
            assert!(said.starts_with("220 ") && said.lines().count() == 1, "{said}");
            assert_eq!(line.wants, Wants::StartTls);
            line.session().secured(tls(Some(b"peer")));
            assert_eq!(line.go_on(), "");
            line.hold("C: MAIL FROM:<jean@b.fr>\nS: 503 …\nC: NOOP\nS: 250 …");
            assert_eq!((line.books.kept().len(), line.books.logins().len()), (0, 0));
        }
    }
}

// RFC 5321 §4.5.3.1.4
#[test]
fn a_line_without_an_end_is_told_once_and_ends_the_session_before_it_has_taken_much() {
    let mut line = peer("");
    let mut said = String::new();
    let mut octets = 0;
    while line.wants == Wants::Read && octets < 100 * 1024 * 1024 {
        said += &line.send(&[b'x'; 4096]);
        octets += 4096;
    }
    assert_eq!(line.wants, Wants::Close);
    assert!(octets <= 2 * 1024 * 1024, "{octets}");
    assert!(said.lines().count() <= 2 && said.contains("421 "), "{said}");
}

#[test]
fn a_nul_in_a_command_is_malformed_wherever_it_stands() {
    for command in ["\0NOOP", "NO\0OP", "NOOP\0", "NOOP \0", "MAIL FROM:<je\0an@a.fr>", "EHLO a\0b"]
    {
        let said = peer("").send(format!("{command}\r\n").as_bytes());
        assert!(said.starts_with("500 5.5.2 "), "{command:?}: {said}");
    }
}

// RFC 1870 §6.1
#[test]
fn sizes_of_four_gigabytes_and_more_are_refused_at_mail() {
    for size in ["4294967296", "4294967297", "18446744073709551615", "99999999999999999999"] {
        peer(&format!("C: MAIL FROM:<jean@a.fr> SIZE={size}\nS: 552 5.3.4 …\nC: NOOP\nS: 250 …"));
    }
}

// RFC 3030 §2
#[test]
fn chunks_of_four_gigabytes_are_not_waited_for_for_ever() {
    for count in ["4294967296", "4294967295", "9223372036854775807", "18446744073709551615"] {
        let mut line =
            peer("C: MAIL FROM:<jean@a.fr>\nS: 250 …\nC: RCPT TO:<marie@b.fr>\nS: 250 …");
        let mut said = line.send(format!("BDAT {count}\r\n").as_bytes());
        let mut octets: u64 = 0;
        while line.wants == Wants::Read && octets < 1 << 30 {
            said += &line.send(&[b'x'; 64 * 1024]);
            octets += 64 * 1024;
        }
        assert_eq!(line.wants, Wants::Close, "{count}: {said}");
        // What the limits let a peer send of refused messages.
        assert!(
            octets <= config(Role::Reception).limits.discarded + 64 * 1024,
            "{count}: {octets}"
        );
        assert!(said.starts_with("552 "), "{count}: {said}");
        assert_eq!((line.books.kept().len(), line.books.octets().0), (0, 0), "{count}");
    }
}

#[test]
fn a_message_that_never_ends_is_refused_and_cut_off() {
    let office = Office { forgetful: true, ..Office::default() };
    let address = "192.0.2.1".parse().unwrap();
    let mut line = Line::from(address, config(Role::Reception), Some(tls(Some(b"peer"))), office);
    line.go_on();
    line.send(b"EHLO mx.a.fr\r\n");
    line.hold(BEFORE);
    let (mut said, mut octets) = (String::new(), 0u64);
    while line.wants == Wants::Read && octets < 1 << 30 {
        said += &line.send(&[b'x'; 64 * 1024]);
        octets += 64 * 1024;
    }
    assert!(line.wants == Wants::Close && said.starts_with("552 "), "{said}");
    assert!(octets < 200 * 1024 * 1024, "{octets}");
}

#[test]
fn addresses_and_parameters_by_the_million_are_counted() {
    let mut line = peer("C: MAIL FROM:<jean@a.fr>\nS: 250 …");
    let group = "RCPT TO:<marie@b.fr>\r\n".repeat(1000);
    let mut said = String::new();
    for _ in 0..1000 {
        if line.wants != Wants::Read {
            break;
        }
        said = line.send(group.as_bytes());
    }
    assert_eq!(line.wants, Wants::Close);
    assert!(said.lines().last().unwrap().starts_with("421 "), "{said}");
    let long = format!("MAIL FROM:<jean@a.fr>{}\r\n", " SIZE=1".repeat(10_000));
    assert!(peer("").send(long.as_bytes()).starts_with("500 5.5.2 "));
}
