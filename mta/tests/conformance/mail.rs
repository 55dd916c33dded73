//! RFC 5321: paths, and the message itself.

use crate::transcript::peer;

const BEFORE: &str = "C: MAIL FROM:<jean@a.fr>
    S: 250 …
    C: RCPT TO:<marie@b.fr>
    S: 250 …
    C: DATA
    S: 354 …";

/// What is kept of a message that comes as these lines.
fn kept(lines: &str) -> Vec<u8> {
    let line = peer(&format!("{BEFORE}\n{lines}\nC: .\nS: 250 …"));
    line.books.kept().remove(0).body
}

// RFC 5321 §4.1.1.4
#[test]
fn data_is_answered_with_354_and_ends_at_a_dot_alone_on_its_line() {
    assert_eq!(kept("C: one\nC: two"), b"one\r\ntwo\r\n");
}

// RFC 5321 §4.1.1.4
#[test]
fn the_crlf_of_the_data_command_is_the_one_before_a_first_dot() {
    let line = peer(&format!("{BEFORE}\nC: .\nS: 250 …"));
    assert_eq!(line.books.kept()[0].body, b"");
}

// RFC 5321 §4.1.1.4
#[test]
fn after_the_message_the_transaction_is_over_and_another_may_begin() {
    let line = peer(&format!(
        "{BEFORE}\nC: one\nC: .\nS: 250 …\nC: RCPT TO:<paul@b.fr>\nS: 503 …\n{BEFORE}\nC: two\nC: .\nS: 250 …"
    ));
    assert_eq!((line.books.kept().len(), line.books.open()), (2, 0));
}

// RFC 5321 §4.1.1.4
#[test]
fn the_octets_of_a_message_are_kept_as_they_came() {
    let body = b"From: a@a.fr\r\n\r\n \t trailing \r\n\x01\x7f\x80\xff\r\n\r\n\r\n";
    let mut line = peer(BEFORE);
    line.send(body);
    assert!(line.send(b".\r\n").starts_with("250 "));
    assert_eq!(line.books.kept()[0].body, body);
}

// RFC 5321 §4.5.2
#[test]
fn a_dot_that_begins_a_line_was_doubled_and_is_made_one_again() {
    assert_eq!(kept("C: ..\nC: ...\nC: a.\nC: .b"), b".\r\n..\r\na.\r\nb\r\n");
}

// RFC 5321 §4.5.2, RFC 5321 §4.1.1.4
#[test]
fn lines_of_a_thousand_octets_and_longer_are_taken_whole() {
    let long = "x".repeat(50_000);
    assert_eq!(kept(&format!("C: {long}")).len(), long.len() + 2);
}

// RFC 5321 §4.1.1.4, RFC 5321 §2.3.8
#[test]
fn a_cr_or_lf_alone_in_a_message_is_refused_at_its_true_end() {
    for bare in [r"a\nb", r"a\rb", r"a\r\r\n", r"\n.\n", r"\r.\r"] {
        let line = peer(&format!(
            "{BEFORE}\nC| {bare}\nC| \\r\\n.\\r\\n\nS: 550 5.6.0 …\nC: NOOP\nS: 250 …"
        ));
        assert_eq!(line.books.kept().len(), 0, "{bare}");
    }
}

// RFC 5321 §4.2.5
#[test]
fn the_250_at_the_end_names_what_the_store_has_taken() {
    let line = peer(&format!("{BEFORE}\nC: one\nC: .\nS: 250 2.0.0 Message accepte : Q1"));
    assert_eq!(line.books.kept().len(), 1);
}

// RFC 5321 §4.2.5
#[test]
fn a_message_that_the_store_does_not_take_is_not_answered_with_250() {
    let line = peer(
        "C: MAIL FROM:<jean@a.fr>\nS: 250 …\nC: RCPT TO:<disk-full@b.fr>\nS: 250 …\nC: DATA\nS: 354 …
         C: one\nC: .\nS: 452 …",
    );
    assert_eq!((line.books.kept().len(), line.books.open()), (0, 0));
}

// RFC 5321 §4.5.5
#[test]
fn the_null_reverse_path_is_taken() {
    let line = peer(
        "C: MAIL FROM:<>\nS: 250 …\nC: RCPT TO:<marie@b.fr>\nS: 250 …\nC: DATA\nS: 354 …\nC: .\nS: 250 …",
    );
    assert_eq!(line.books.kept()[0].from, "<>");
}

// RFC 5321 §4.1.2
#[test]
fn paths_of_all_forms_of_the_grammar_are_read() {
    let forms = [
        ("a@b.fr", "a@b.fr"),
        ("a.b.c@b.fr", "a.b.c@b.fr"),
        ("a+b=c!#$%&'*/?^_`{|}~-@b.fr", "a+b=c!#$%&'*/?^_`{|}~-@b.fr"),
        ("\"a b\"@b.fr", "\"a b\"@b.fr"),
        ("a@x-1.y.b.fr", "a@x-1.y.b.fr"),
    ];
    for (path, read) in forms {
        let line = peer(&format!(
            "C: MAIL FROM:<{path}>\nS: 250 …\nC: RCPT TO:<marie@b.fr>\nS: 250 …\nC: DATA\nS: 354 …\nC: .\nS: 250 …"
        ));
        assert_eq!(line.books.kept()[0].from, format!("<{read}>"));
    }
}

// RFC 5321 §4.1.2
#[test]
fn what_is_no_path_is_refused_and_the_session_goes_on() {
    for path in
        ["a", "@b.fr", "a@", "a..b@b.fr", ".a@b.fr", "a@b..fr", "a@-b.fr", "a b@b.fr", "a@b.fr>x"]
    {
        let mut line = peer("");
        let said = line.send(format!("MAIL FROM:<{path}>\r\n").as_bytes());
        assert!(said.starts_with('5'), "{path}: {said}");
        assert!(line.send(b"NOOP\r\n").starts_with("250 "));
    }
}

// RFC 5321 §4.1.1.3, RFC 5321 §3.6.1
#[test]
fn a_source_route_is_taken_off_and_the_address_counts() {
    let line = peer(
        "C: MAIL FROM:<@x.fr:jean@a.fr>\nS: 250 …\nC: RCPT TO:<@x.fr,@y.fr:marie@b.fr>\nS: 250 …
         C: DATA\nS: 354 …\nC: .\nS: 250 …",
    );
    assert_eq!(line.books.kept()[0].from, "<jean@a.fr>");
    assert_eq!(line.books.kept()[0].to, ["marie@b.fr"]);
}
