//! AUTH (RFC 4954) with PLAIN (RFC 4616) and EXTERNAL (RFC 4422), on submission (RFC 6409).

use mta::server::Role;

use crate::transcript::{Line, config, peer, tls};

/// A submission session under TLS, after EHLO.
fn submission(certificate: Option<&'static [u8]>) -> (Line, String) {
    let mut line = Line::new(config(Role::Submission), Some(tls(certificate)));
    line.go_on();
    let said = line.send(b"EHLO laptop\r\n");
    (line, said)
}

fn hold(script: &str) -> Line {
    let (mut line, _) = submission(None);
    line.hold(script);
    line
}

/// `\0jean\0sesame`
const RIGHT: &str = "AGplYW4Ac2VzYW1l";

// RFC 4954 §3
#[test]
fn auth_is_offered_with_its_mechanisms_at_submission_under_tls() {
    assert!(submission(None).1.contains("250-AUTH PLAIN\r\n"));
    assert!(submission(Some(b"jean's")).1.contains("250-AUTH PLAIN EXTERNAL\r\n"));
    assert!(!peer("").send(b"EHLO a\r\n").contains("AUTH"));
}

// RFC 6409 §4.3
#[test]
fn mail_at_submission_needs_a_log_in() {
    hold(&format!(
        "C: MAIL FROM:<jean@b.fr>\nS: 530 5.7.0 …\nC: AUTH PLAIN {RIGHT}\nS: 235 …\nC: MAIL FROM:<jean@b.fr>\nS: 250 …"
    ));
}

// RFC 4954 §4
#[test]
fn an_initial_response_saves_a_round_and_without_one_a_challenge_comes() {
    hold(&format!("C: AUTH PLAIN {RIGHT}\nS: 235 2.7.0 …"));
    hold(&format!("C: AUTH PLAIN\nS: 334 \nC: {RIGHT}\nS: 235 2.7.0 …"));
}

// RFC 4954 §4
#[test]
fn a_star_gives_the_exchange_up() {
    hold("C: AUTH PLAIN\nS: 334 \nC: *\nS: 501 …\nC: NOOP\nS: 250 …");
}

// RFC 4954 §4
#[test]
fn what_is_no_base64_is_501() {
    hold("C: AUTH PLAIN\nS: 334 \nC: ?\nS: 501 …\nC: AUTH PLAIN ====\nS: 501 …");
}

// RFC 4954 §4
#[test]
fn one_log_in_a_session_and_none_within_a_transaction() {
    hold(&format!("C: AUTH PLAIN {RIGHT}\nS: 235 …\nC: AUTH PLAIN {RIGHT}\nS: 503 …"));
}

// RFC 4954 §4
#[test]
fn a_mechanism_that_is_not_offered_is_504() {
    hold("C: AUTH CRAM-MD5\nS: 504 …\nC: AUTH EXTERNAL =\nS: 504 …");
}

// RFC 4954 §4, RFC 4954 §6
#[test]
fn wrong_credentials_are_535_and_the_third_time_ends_the_session() {
    let wrong = "C: AUTH PLAIN AGplYW4Ad3Jvbmc=\nS: 535 5.7.8 …";
    hold(&format!("{wrong}\n{wrong}\n{wrong}\nS: 421 …\nEND"));
}

// RFC 4954 §4
#[test]
fn a_response_of_12288_octets_is_read() {
    let (mut line, _) = submission(None);
    line.hold("C: AUTH PLAIN\nS: 334 ");
    let said = line.send(format!("{}\r\n", "A".repeat(12_286)).as_bytes());
    assert!(said.starts_with("501 5.5.2 "), "{said}");
}

// RFC 4954 §5
#[test]
fn the_auth_parameter_of_mail_is_taken_where_auth_is() {
    hold(&format!("C: AUTH PLAIN {RIGHT}\nS: 235 …\nC: MAIL FROM:<jean@b.fr> AUTH=<>\nS: 250 …"));
    peer("C: MAIL FROM:<jean@a.fr> AUTH=<>\nS: 555 …");
}

// RFC 4616 §2
#[test]
fn plain_is_two_nuls_a_name_and_a_secret() {
    // `marie\0jean\0sesame`: an authorization identity besides.
    let line = hold("C: AUTH PLAIN bWFyaWUAamVhbgBzZXNhbWU=\nS: 235 …");
    assert_eq!(line.books.logins(), ["marie/jean"]);
    // `jean\0sesame`, `\0\0sesame`, `\0jean\0`, `\0jean\0sesame\0`
    for wrong in ["amVhbgBzZXNhbWU=", "AABzZXNhbWU=", "AGplYW4A", "AGplYW4Ac2VzYW1lAA=="] {
        hold(&format!("C: AUTH PLAIN {wrong}\nS: 501 …"));
    }
}

// RFC 4422 §A.1
#[test]
fn external_takes_an_empty_response_or_the_name_that_is_meant() {
    let (mut line, _) = submission(Some(b"jean's"));
    line.hold("C: AUTH EXTERNAL =\nS: 235 …");
    assert_eq!(line.books.logins(), ["/certificate"]);
    let (mut line, _) = submission(Some(b"jean's"));
    line.hold("C: AUTH EXTERNAL amVhbkBiLmZy\nS: 235 …");
    assert_eq!(line.books.logins(), ["jean@b.fr/certificate"]);
}
