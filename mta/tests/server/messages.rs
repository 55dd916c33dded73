//! DATA: its end and nothing else, what is refused at the true end, and large messages in little memory.

use crate::office::Office;
use crate::transcript::{Line, config, peer, tls};
use mta::server::Role;

const BEFORE: &str = "C: MAIL FROM:<jean@a.fr>
    C: RCPT TO:<marie@b.fr>
    S: 250 …
    S: 250 …
    C: DATA
    S: 354 …";

#[test]
fn smuggled_commands_are_part_of_a_refused_message() {
    let ends = [
        r"\n.\n",
        r"\n.\r\n",
        r"\r\n.\n",
        r"\r\n.\r",
        r"\r.\r\n",
        r"\r.\r",
        r"\r.\n",
        r"\n.\r",
        r"\r\n.\r\r\n",
        r"\r\r\n.\n",
        r"\n\n.\r\n",
        r"\r\n.\n\r\n",
        r"\r\n\n.\r\n",
        r"\n\r\n.\n",
    ];
    for end in ends {
        let line = peer(&format!(
            "{BEFORE}
            C| bonjour{end}MAIL FROM:<pirate@a.fr>\\r\\nRCPT TO:<paul@b.fr>\\r\\nDATA\\r\\nx\\r\\n.\\r\\n
            S: 550 5.6.0 …
            C: NOOP
            S: 250 …"
        ));
        assert_eq!((line.books.kept().len(), line.books.open()), (0, 0), "{end}");
    }
}

#[test]
fn each_octet_in_its_own_packet() {
    let mut line = peer(BEFORE);
    let message = b"a\r\n..b\r\n.c\r\n\r\n.\r\nNOOP\r\n";
    let said: String = message.iter().map(|octet| line.send(&[*octet])).collect();
    assert!(said.starts_with("250 2.0.0 Message") && said.lines().count() == 2, "{said}");
    assert_eq!(line.books.kept()[0].body, b"a\r\n.b\r\nc\r\n\r\n");

    let mut line = peer(BEFORE);
    let said: String =
        b"a\n.\nb\r\n.\r\nNOOP\r\n".iter().map(|octet| line.send(&[*octet])).collect();
    assert!(said.starts_with("550 5.6.0 ") && said.lines().count() == 2, "{said}");
}

#[test]
fn an_empty_message_is_a_message() {
    let line = peer(&format!("{BEFORE}\nC: .\nS: 250 2.0.0 …"));
    assert_eq!(line.books.kept()[0].body, b"");
}

#[test]
fn size_at_mail() {
    peer(
        "C: MAIL FROM:<jean@a.fr> SIZE=26214401
         S: 552 5.3.4 …
         C: MAIL FROM:<jean@a.fr> SIZE=99999999999999999999
         S: 552 5.3.4 …
         C: MAIL FROM:<jean@a.fr> SIZE=26214400
         S: 250 …",
    );
}

#[test]
fn size_while_it_comes() {
    let mut small = config(Role::Reception);
    small.max_message_size = 10;
    let mut line = Line::new(small, Some(tls(Some(b"peer"))));
    line.go_on();
    line.send(b"EHLO a\r\n");
    // Ten octets, the dots of the transfer and the end not counted.
    line.hold(&format!("{BEFORE}\nC: ..234567\nC: .\nS: 250 …"));
    assert_eq!(line.books.kept()[0].body.len(), 9);
    line.hold(&format!("{BEFORE}\nC: ..2345678\nC: .\nS: 250 …"));
    line.hold(&format!("{BEFORE}\nC: ..23456789\nC: .\nS: 552 5.3.4 …\nC: NOOP\nS: 250 …"));
    assert_eq!((line.books.kept().len(), line.books.open()), (2, 0));
}

#[test]
fn a_peers_trace_may_stand_before_a_message_of_the_limit() {
    let mut small = config(Role::Reception);
    (small.max_message_size, small.trace_headroom) = (5, 5);
    let mut line = Line::new(small, Some(tls(Some(b"peer"))));
    line.go_on();
    line.send(b"EHLO a\r\n");
    line.hold("C: MAIL FROM:<jean@a.fr> SIZE=6\nS: 552 5.3.4 …");
    line.hold(&format!("{BEFORE}\nC: 12345678\nC: .\nS: 250 …"));
    line.hold(&format!("{BEFORE}\nC: 123456789\nC: .\nS: 552 5.3.4 …"));
}

// MSS #34: 25 MB pass.
#[test]
fn the_largest_message_streams_in_little_memory() {
    let office = Office { forgetful: true, ..Office::default() };
    let reception = config(Role::Reception);
    let max = reception.max_message_size;
    let address = "192.0.2.1".parse().unwrap();
    let mut line = Line::from(address, reception, Some(tls(Some(b"peer"))), office);
    line.go_on();
    line.send(b"EHLO a\r\n");
    line.hold(BEFORE);
    let text = [b"x".repeat(62).as_slice(), b"\r\n"].concat().repeat(1024);
    for _ in 0..max / text.len() as u64 {
        assert_eq!(line.send(&text), "");
    }
    assert_eq!(max % text.len() as u64, 0);
    assert!(line.send(b".\r\n").starts_with("250 2.0.0 "));
    let (octets, largest) = line.books.octets();
    assert_eq!(octets as u64, max);
    assert!(largest <= 64 * 1024, "{largest}");
    // One octet more is refused.
    line.hold(BEFORE);
    for _ in 0..max / text.len() as u64 {
        assert_eq!(line.send(&text), "");
    }
    assert_eq!(line.send(b"\r\n"), "");
    assert!(line.send(b".\r\n").starts_with("552 5.3.4 "));
}
