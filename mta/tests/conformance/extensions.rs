//! SIZE (RFC 1870), ENHANCEDSTATUSCODES (RFC 2034), PIPELINING (RFC 2920), CHUNKING (RFC 3030), STARTTLS (RFC 3207),
//! 8BITMIME (RFC 6152) and SMTPUTF8 (RFC 6531).

use mta::server::{Role, Wants};

use crate::transcript::{Line, config, peer, tls};

const ENVELOPE: &str = "C: MAIL FROM:<jean@a.fr>
    S: 250 …
    C: RCPT TO:<marie@b.fr>
    S: 250 …";

fn ehlo(line: &mut Line) -> String {
    line.go_on();
    line.send(b"EHLO mx.a.fr\r\n")
}

/// A session for messages of ten octets at most.
fn small() -> Line {
    let mut small = config(Role::Reception);
    small.max_message_size = 10;
    let mut line = Line::new(small, Some(tls(Some(b"peer"))));
    assert!(ehlo(&mut line).contains("250-SIZE 10\r\n"));
    line
}

// RFC 1870 §4
#[test]
fn size_is_offered_with_the_largest_message() {
    assert!(ehlo(&mut Line::of_peer()).contains("250-SIZE 26214400\r\n"));
}

// RFC 1870 §6.1
#[test]
fn a_declared_size_above_the_limit_is_refused_at_mail() {
    small().hold(
        "C: MAIL FROM:<jean@a.fr> SIZE=11\nS: 552 …\nC: MAIL FROM:<jean@a.fr> SIZE=10\nS: 250 …",
    );
}

// RFC 1870 §3, RFC 1870 §6
#[test]
fn a_size_of_twenty_digits_is_read_and_a_longer_or_other_one_is_an_error() {
    small().hold(
        "C: MAIL FROM:<jean@a.fr> SIZE=18446744073709551615
         S: 552 …
         C: MAIL FROM:<jean@a.fr> SIZE=99999999999999999999
         S: 552 …
         C: MAIL FROM:<jean@a.fr> SIZE=1e3
         S: 501 …
         C: MAIL FROM:<jean@a.fr> SIZE=-1
         S: 501 …
         C: MAIL FROM:<jean@a.fr> SIZE=
         S: 501 …",
    );
}

// RFC 1870 §6.3
#[test]
fn a_message_that_outgrows_the_limit_is_refused_at_its_end_whatever_was_declared() {
    let mut line = small();
    line.hold("C: MAIL FROM:<jean@a.fr> SIZE=5\nS: 250 …\nC: RCPT TO:<marie@b.fr>\nS: 250 …");
    line.hold("C: DATA\nS: 354 …\nC: 12345678901\nC: .\nS: 552 …\nC: NOOP\nS: 250 …");
    assert_eq!(line.books.kept().len(), 0);
}

// RFC 2034 §3, RFC 2034 §4
#[test]
fn replies_have_an_enhanced_code_of_their_class_but_greetings_and_354() {
    let mut line = Line::of_peer();
    assert!(ehlo(&mut line).contains("250-ENHANCEDSTATUSCODES\r\n"));
    let commands =
        ["NOOP", "X", "MAIL FROM:<jean@a.fr>", "RCPT TO:<unknown@b.fr>", "RCPT TO:<marie@b.fr>"];
    for command in commands {
        let said = line.send(format!("{command}\r\n").as_bytes());
        let (code, rest) = said.split_once(' ').unwrap();
        let class: Vec<_> = rest.split(['.', ' ']).take(3).collect();
        assert!(code.starts_with(class[0]), "{said}");
        assert!(class[1..].iter().all(|part| part.parse::<u16>().is_ok()), "{said}");
    }
    assert!(line.send(b"DATA\r\n").starts_with("354 Envoyez"));
}

// RFC 2920 §3
#[test]
fn pipelining_is_offered_and_a_group_is_answered_in_order() {
    assert!(ehlo(&mut Line::of_peer()).contains("250-PIPELINING\r\n"));
    peer(
        "C: RSET
         C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<unknown@b.fr>
         C: RCPT TO:<marie@b.fr>
         C: DATA
         S: 250 2.0.0 …
         S: 250 2.1.0 …
         S: 550 …
         S: 250 2.1.5 …
         S: 354 …",
    );
}

// RFC 2920 §3.2
#[test]
fn a_group_whose_recipients_are_all_refused_gets_no_354() {
    peer(
        "C: MAIL FROM:<jean@a.fr>
         C: RCPT TO:<unknown@b.fr>
         C: DATA
         S: 250 …
         S: 550 …
         S: 554 …",
    );
}

// RFC 2920 §3.1
#[test]
fn a_command_behind_the_end_of_a_message_in_one_packet_is_answered_too() {
    let line = peer(&format!(
        "{ENVELOPE}\nC: DATA\nS: 354 …\nC: one\nC: .\nC: MAIL FROM:<jean@a.fr>\nS: 250 2.0.0 …\nS: 250 2.1.0 …"
    ));
    assert_eq!((line.books.kept().len(), line.books.open()), (1, 1));
}

// RFC 3030 §2
#[test]
fn chunks_are_counted_and_hold_any_octets_a_dot_and_commands_among_them() {
    assert!(ehlo(&mut Line::of_peer()).contains("250-CHUNKING\r\n"));
    let line = peer(&format!(
        "{ENVELOPE}\nC: BDAT 3\nC| .\\r\\n\nS: 250 …\nC: BDAT 6 LAST\nC| QUIT\\r\\n\nS: 250 …"
    ));
    assert_eq!(line.books.kept()[0].body, b".\r\nQUIT\r\n");
}

// RFC 3030 §2
#[test]
fn a_last_chunk_may_be_empty() {
    let line =
        peer(&format!("{ENVELOPE}\nC: BDAT 4\nC| hi\\r\\n\nS: 250 …\nC: BDAT 0 LAST\nS: 250 …"));
    assert_eq!(line.books.kept()[0].body, b"hi\r\n");
}

// RFC 3030 §2
#[test]
fn data_behind_a_chunk_is_out_of_order() {
    peer(&format!("{ENVELOPE}\nC: BDAT 2\nC| \\r\\n\nS: 250 …\nC: DATA\nS: 503 …"));
}

// RFC 3030 §2
#[test]
fn rset_between_chunks_forgets_them() {
    let line = peer(&format!(
        "{ENVELOPE}\nC: BDAT 4\nC| hi\\r\\n\nS: 250 …\nC: RSET\nS: 250 …\nC: BDAT 2 LAST\nC| \\r\\n\nS: 503 …"
    ));
    assert_eq!((line.books.kept().len(), line.books.open()), (0, 0));
}

// RFC 3030 §2
#[test]
fn the_octets_of_a_refused_chunk_are_taken_and_not_read_as_commands() {
    peer("C: BDAT 6 LAST\nC| QUIT\\r\\n\nS: 503 …\nC: NOOP\nS: 250 …");
}

// RFC 3030 §3
#[test]
fn binary_bodies_are_not_offered_and_not_taken() {
    assert!(!ehlo(&mut Line::of_peer()).contains("BINARYMIME"));
    peer("C: MAIL FROM:<jean@a.fr> BODY=BINARYMIME\nS: 501 …");
}

// RFC 3207 §4
#[test]
fn starttls_is_offered_in_plain_text_only_and_takes_no_argument() {
    let mut plain = Line::new(config(Role::Reception), None);
    assert!(ehlo(&mut plain).contains("STARTTLS"));
    plain.hold("C: STARTTLS now\nS: 501 …\nC: STARTTLS\nS: 220 …\nTLS");
    assert!(!plain.send(b"EHLO mx.a.fr\r\n").contains("STARTTLS"));
    plain.hold("C: STARTTLS\nS: 503 …");
}

// RFC 3207 §4
#[test]
fn what_needs_tls_is_answered_with_530_before_it() {
    let mut plain = Line::new(config(Role::Submission), None);
    ehlo(&mut plain);
    plain.hold("C: MAIL FROM:<jean@a.fr>\nS: 530 …\nC: AUTH PLAIN =\nS: 530 …\nC: NOOP\nS: 250 …");
}

// RFC 3207 §4.2
#[test]
fn the_server_forgets_what_it_was_told_before_tls() {
    let mut line = Line::new(config(Role::Reception), None);
    ehlo(&mut line);
    line.hold("C: STARTTLS\nS: 220 …\nTLS\nC: MAIL FROM:<jean@a.fr>\nS: 503 …");
}

// RFC 3207 §6
#[test]
fn commands_put_behind_starttls_in_plain_text_are_not_carried_out() {
    let mut line = Line::new(config(Role::Reception), None);
    ehlo(&mut line);
    let said = line.send(b"STARTTLS\r\nEHLO pirate\r\nMAIL FROM:<pirate@a.fr>\r\n");
    assert!(said.starts_with("220 ") && said.lines().count() == 1, "{said}");
    assert_eq!(line.wants, Wants::StartTls);
    line.session().secured(tls(Some(b"peer")));
    assert_eq!(line.go_on(), "");
    assert_eq!(line.books.open(), 0);
}

// RFC 6152 §2
#[test]
fn eight_bit_bodies_are_offered_and_kept_as_they_came() {
    assert!(ehlo(&mut Line::of_peer()).contains("250-8BITMIME\r\n"));
    let mut line = peer(
        "C: MAIL FROM:<jean@a.fr> BODY=8BITMIME\nS: 250 …\nC: RCPT TO:<marie@b.fr>\nS: 250 …\nC: DATA\nS: 354 …",
    );
    assert!(line.send(b"\xe9t\xe9\r\n.\r\n").starts_with("250 "));
    assert!(line.books.kept()[0].mail.eight_bit);
    assert_eq!(line.books.kept()[0].body, b"\xe9t\xe9\r\n");
}

// RFC 6152 §2
#[test]
fn body_takes_7bit_and_8bitmime_and_nothing_else() {
    peer(
        "C: MAIL FROM:<jean@a.fr> BODY=9BIT\nS: 501 …\nC: MAIL FROM:<jean@a.fr> BODY=7BIT\nS: 250 …",
    );
}

// RFC 6531 §3.1, RFC 6531 §3.4
#[test]
fn addresses_beyond_ascii_are_taken_with_smtputf8() {
    assert!(ehlo(&mut Line::of_peer()).contains("250-SMTPUTF8\r\n"));
    let line = peer(
        "C: MAIL FROM:<hélène@a.fr> SMTPUTF8\nS: 250 …\nC: RCPT TO:<zoé@b.fr>\nS: 250 …\nC: DATA\nS: 354 …\nC: .\nS: 250 …",
    );
    assert_eq!(line.books.kept()[0].from, "<hélène@a.fr>");
    assert!(line.books.kept()[0].mail.smtputf8);
}

// RFC 6531 §3.5
#[test]
fn without_the_parameter_such_an_address_is_553() {
    peer(
        "C: MAIL FROM:<hélène@a.fr>\nS: 553 5.6.7 …\nC: MAIL FROM:<jean@a.fr>\nS: 250 …\nC: RCPT TO:<zoé@b.fr>\nS: 553 5.6.7 …",
    );
}

// RFC 6531 §3.4
#[test]
fn smtputf8_takes_no_value() {
    peer("C: MAIL FROM:<jean@a.fr> SMTPUTF8=YES\nS: 501 …");
}

// RFC 6531 §3.7.4.1
#[test]
fn replies_are_ascii_unless_the_client_said_smtputf8() {
    let mut line = peer("");
    assert!(line.send(b"MAIL FROM:<jean@a.fr>\r\n").is_ascii());
    line.send(b"RSET\r\n");
    assert!(!line.send(b"MAIL FROM:<jean@a.fr> SMTPUTF8\r\n").is_ascii());
}
