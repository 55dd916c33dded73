//! RFC 5321: the session, its commands and its replies.

use mta::server::{Role, Wants};

use crate::transcript::{Line, config, peer, tls};

// RFC 5321 §2.3.8
#[test]
fn a_line_ends_in_crlf_and_neither_cr_nor_lf_alone_ends_one() {
    peer("C| NOOP\\n\nC| NOOP\\r\\n\nS: 500 …\nC| NOOP\\rNOOP\\r\\n\nS: 500 …\nC: NOOP\nS: 250 …");
}

// RFC 5321 §2.4
#[test]
fn verbs_and_keywords_are_read_whatever_their_case() {
    peer("C: mAiL fRoM:<jean@a.fr> sIzE=10\nS: 250 …\nC: rcpt to:<marie@b.fr>\nS: 250 …");
}

// RFC 5321 §2.4
#[test]
fn a_local_part_keeps_the_case_in_which_it_was_written() {
    let line = peer(
        "C: MAIL FROM:<Jean.MARTIN@a.fr>\nS: 250 …\nC: RCPT TO:<Marie@b.fr>\nS: 250 …
         C: DATA\nS: 354 …\nC: .\nS: 250 …",
    );
    assert_eq!(line.books.kept()[0].from, "<Jean.MARTIN@a.fr>");
    assert_eq!(line.books.kept()[0].to, ["Marie@b.fr"]);
}

// RFC 5321 §3.1
#[test]
fn the_server_greets_with_220_and_its_name_first() {
    Line::of_peer().hold("S: 220 mx.b.fr ESMTP");
}

// RFC 5321 §3.2, RFC 5321 §4.1.1.1
#[test]
fn ehlo_is_answered_with_the_name_and_one_extension_a_line() {
    let mut line = Line::of_peer();
    line.go_on();
    let said = line.send(b"EHLO mx.a.fr\r\n");
    let (first, rest) = said.split_once("\r\n").unwrap();
    assert_eq!(first, "250-mx.b.fr");
    let keyword = |line: &str| {
        let word = line.get(4..).unwrap().split(' ').next().unwrap();
        !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    assert!(rest.lines().all(keyword), "{said}");
    assert!(rest.lines().last().unwrap().starts_with("250 "));
}

// RFC 5321 §4.1.1.1
#[test]
fn helo_is_answered_with_one_line_and_no_extension_counts_after_it() {
    Line::of_peer().hold(
        "S: 220 …
         C: HELO mx.a.fr
         S: 250 mx.b.fr
         C: MAIL FROM:<jean@a.fr> BODY=8BITMIME
         S: 555 …",
    );
}

// RFC 5321 §4.1.4
#[test]
fn no_mail_before_a_greeting_but_small_commands() {
    Line::of_peer().hold(
        "S: 220 …
         C: MAIL FROM:<jean@a.fr>
         S: 503 …
         C: NOOP
         S: 250 …
         C: HELP
         S: 214 …
         C: RSET
         S: 250 …
         C: VRFY marie
         S: 252 …
         C: QUIT
         S: 221 …
         END",
    );
}

// RFC 5321 §4.1.4
#[test]
fn a_second_ehlo_clears_the_transaction_as_rset_does() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: HELO mx.a.fr
         S: 250 …
         C: RCPT TO:<marie@b.fr>
         S: 503 …",
    );
    assert_eq!(line.books.open(), 0);
}

// RFC 5321 §4.1.4
#[test]
fn the_name_that_a_client_gives_itself_is_no_reason_to_refuse_it() {
    for name in ["localhost", "[192.0.2.1]", "[IPv6:2001:db8::1]", "laptop", "x_y.a.fr"] {
        let mut line = Line::of_peer();
        line.go_on();
        let said = line.send(format!("EHLO {name}\r\n").as_bytes());
        assert!(said.starts_with("250-mx.b.fr"), "{name}: {said}");
    }
}

// RFC 5321 §4.1.1.2, RFC 5321 §3.3
#[test]
fn mail_begins_a_transaction_and_a_second_one_is_out_of_order() {
    peer(
        "C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: MAIL FROM:<jean@a.fr>
         S: 503 …
         C: RCPT TO:<marie@b.fr>
         S: 250 …",
    );
}

// RFC 5321 §4.1.1.2
#[test]
fn mail_without_a_path_is_a_syntax_error() {
    peer("C: MAIL\nS: 501 …\nC: MAIL FROM\nS: 501 …\nC: MAIL FROM:\nS: 501 …");
}

// RFC 5321 §4.1.1.3
#[test]
fn rcpt_needs_mail_and_may_come_again() {
    let line = peer(
        "C: RCPT TO:<marie@b.fr>
         S: 503 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: RCPT TO:<marie@b.fr>
         S: 250 …
         C: RCPT TO:<paul@b.fr>
         S: 250 …
         C: DATA
         S: 354 …
         C: .
         S: 250 …",
    );
    assert_eq!(line.books.kept()[0].to, ["marie@b.fr", "paul@b.fr"]);
}

// RFC 5321 §3.3
#[test]
fn a_recipient_who_is_refused_leaves_the_others() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: RCPT TO:<unknown@b.fr>
         S: 550 …
         C: RCPT TO:<marie@b.fr>
         S: 250 …
         C: DATA
         S: 354 …
         C: .
         S: 250 …",
    );
    assert_eq!(line.books.kept()[0].to, ["marie@b.fr"]);
}

// RFC 5321 §3.3
#[test]
fn data_without_a_recipient_is_refused() {
    peer("C: DATA\nS: 503 …\nC: MAIL FROM:<jean@a.fr>\nS: 250 …\nC: DATA\nS: 554 …");
}

// RFC 5321 §4.1.1.5
#[test]
fn rset_forgets_sender_recipients_and_nothing_else() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: RCPT TO:<marie@b.fr>
         S: 250 …
         C: RSET
         S: 250 …
         C: RCPT TO:<marie@b.fr>
         S: 503 …
         C: MAIL FROM:<jean@a.fr> BODY=8BITMIME
         S: 250 …",
    );
    assert_eq!(line.books.open(), 1);
}

// RFC 5321 §3.5.3, RFC 5321 §4.1.1.6
#[test]
fn vrfy_tells_nobody_who_exists() {
    let mut line = peer("");
    let known = line.send(b"VRFY marie\r\n");
    assert!(known.starts_with("252 "), "{known}");
    assert_eq!(line.send(b"VRFY unknown\r\n"), known);
}

// RFC 5321 §4.1.1.7, RFC 5321 §4.2.4
#[test]
fn expn_is_known_and_not_implemented() {
    peer("C: EXPN staff\nS: 502 …");
}

// RFC 5321 §4.1.1.8
#[test]
fn help_is_there_with_and_without_argument() {
    peer("C: HELP\nS: 214 …\nC: HELP MAIL\nS: 214 …");
}

// RFC 5321 §4.1.1.9
#[test]
fn noop_does_nothing_whatever_its_argument() {
    peer(
        "C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: NOOP of any kind
         S: 250 …
         C: RCPT TO:<marie@b.fr>
         S: 250 …",
    );
}

// RFC 5321 §4.1.1.10
#[test]
fn quit_is_answered_and_then_the_server_closes() {
    let line = peer("C: MAIL FROM:<jean@a.fr>\nS: 250 …\nC: QUIT\nS: 221 …\nEND");
    assert_eq!((line.wants, line.books.open()), (Wants::Close, 0));
}

// RFC 5321 §4.1.1.10
#[test]
fn nothing_is_answered_behind_quit() {
    peer("C: QUIT\nC: NOOP\nS: 221 …\nEND");
}

// RFC 5321 §4.1.1.11
#[test]
fn a_parameter_that_was_not_offered_is_refused_as_such() {
    peer(
        "C: MAIL FROM:<jean@a.fr> MT-PRIORITY=3
         S: 555 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 …
         C: RCPT TO:<marie@b.fr> RRVS=2014-04-03T23:01:00Z
         S: 555 …",
    );
}

// RFC 5321 §4.2.4
#[test]
fn a_command_that_nobody_knows_is_500() {
    peer("C: XYZZY\nS: 500 …\nC: MAILFROM:<jean@a.fr>\nS: 500 …");
}

// RFC 5321 §4.3.2
#[test]
fn a_command_with_more_than_it_takes_is_501() {
    peer("C: DATA now\nS: 501 …\nC: RSET all\nS: 501 …\nC: QUIT please\nS: 501 …");
}

// RFC 5321 §4.2, RFC 5321 §4.2.1
#[test]
fn every_reply_is_a_code_a_separator_and_text_and_its_lines_share_the_code() {
    let mut line = Line::of_peer();
    let mut said = line.go_on();
    for command in ["EHLO a", "HELP", "NOOP", "MAIL FROM:<jean@a.fr>", "RCPT TO:<unknown@b.fr>"] {
        said += &line.send(format!("{command}\r\n").as_bytes());
    }
    let mut open: Option<&str> = None;
    for line in said.split_terminator("\r\n") {
        let (code, rest) = line.split_at(3);
        assert!(matches!(code.as_bytes()[0], b'2'..=b'5') && code.parse::<u16>().is_ok(), "{line}");
        assert!(open.is_none_or(|open| open == code), "{line}");
        open = match rest.as_bytes()[0] {
            b'-' => Some(code),
            b' ' => None,
            _ => panic!("{line}"),
        };
    }
    assert_eq!(open, None);
}

// RFC 5321 §3.8
#[test]
fn a_server_that_stops_says_421_to_the_next_command() {
    let mut line = peer("");
    line.session().stop();
    assert!(line.go_on().starts_with("421 "));
    assert_eq!(line.wants, Wants::Close);
}

// RFC 5321 §3.8
#[test]
fn a_connection_that_ends_in_the_middle_leaves_no_message() {
    let mut line = peer(
        "C: MAIL FROM:<jean@a.fr>\nS: 250 …\nC: RCPT TO:<marie@b.fr>\nS: 250 …\nC: DATA\nS: 354 …",
    );
    assert_eq!(line.send(b"half a mess"), "");
    let books = line.books.clone();
    drop(line);
    assert_eq!((books.kept().len(), books.open()), (0, 0));
}

// RFC 5321 §4.5.1
#[test]
fn postmaster_is_a_recipient_without_a_domain_whatever_its_case() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr>\nS: 250 …\nC: RCPT TO:<POSTmaster>\nS: 250 …\nC: DATA\nS: 354 …\nC: .\nS: 250 …",
    );
    assert_eq!(line.books.kept()[0].to, ["chief@b.fr"]);
}

// RFC 5321 §4.5.1
#[test]
fn the_least_implementation_is_there() {
    for role in [Role::Reception, Role::Submission] {
        let mut line = Line::new(config(role), Some(tls(None)));
        line.go_on();
        for command in ["EHLO a", "HELO a", "RSET", "NOOP", "VRFY a", "QUIT"] {
            let said = line.send(format!("{command}\r\n").as_bytes());
            assert!(said.starts_with('2'), "{command}: {said}");
        }
    }
}
