//! AUTH on submission.

use mta::server::Role;

use crate::transcript::{Line, config, tls};

fn submission(certificate: Option<&'static [u8]>, script: &str) -> Line {
    let mut line = Line::new(config(Role::Submission), Some(tls(certificate)));
    line.go_on();
    line.hold(script);
    line
}

const EHLO: &str = "C: EHLO laptop
    S: 250-mx.b.fr
    S: 250-PIPELINING
    S: 250-SIZE 26214400
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-CHUNKING
    S: 250-ENHANCEDSTATUSCODES
    S: 250-DSN
    S: 250-LIMITS MAILMAX=10000 RCPTMAX=100";

// `\0jean\0sesame`, `\0jean\0wrong`.
const RIGHT: &str = "AGplYW4Ac2VzYW1l";
const WRONG: &str = "AGplYW4Ad3Jvbmc=";

#[test]
fn mail_needs_authentication() {
    let line = submission(
        None,
        &format!(
            "{EHLO}
             S: 250-AUTH PLAIN
             S: 250 HELP
             C: MAIL FROM:<jean@b.fr>
             S: 530 5.7.0 Une authentification est necessaire …
             C: AUTH PLAIN {RIGHT}
             S: 235 2.7.0 …
             C: AUTH PLAIN {RIGHT}
             S: 503 5.5.1 …
             C: MAIL FROM:<other@b.fr>
             S: 550 5.7.1 …
             C: MAIL FROM:<jean@b.fr> AUTH=<>
             S: 250 …
             C: AUTH PLAIN {RIGHT}
             S: 503 5.5.1 …"
        ),
    );
    assert_eq!(line.books.logins(), ["/jean"]);
}

#[test]
fn the_exchange() {
    submission(
        None,
        &format!(
            "C: AUTH PLAIN {RIGHT}
             S: 503 5.5.1 Dites d'abord EHLO.
             {EHLO}
             S: 250-AUTH PLAIN
             S: 250 HELP
             C: AUTH PLAIN
             S: 334 
             C: *
             S: 501 5.7.0 …
             C: AUTH PLAIN
             S: 334 
             C: not base64
             S: 501 5.5.2 …
             C: AUTH PLAIN
             S: 334 
             C: AGpl\\0
             S: 501 5.5.2 …
             C: AUTH PLAIN =
             S: 501 5.5.2 …
             C: AUTH CRAM-MD5
             S: 504 5.5.4 …
             C: AUTH EXTERNAL =
             S: 504 5.5.4 …
             C: AUTH PLAIN {WRONG}
             S: 535 5.7.8 …
             C: AUTH PLAIN
             S: 334 
             C: {RIGHT}
             S: 235 2.7.0 …"
        ),
    );
}

#[test]
fn external_is_offered_to_certificates_that_open_something() {
    let line = submission(
        Some(b"jean's"),
        &format!(
            "{EHLO}
             S: 250-AUTH PLAIN EXTERNAL
             S: 250 HELP
             C: AUTH EXTERNAL bGF0ZUBhLmZy
             S: 535 5.7.8 …
             C: AUTH EXTERNAL
             S: 334 
             C: 
             S: 235 2.7.0 …"
        ),
    );
    assert_eq!(line.books.logins(), ["/certificate"]);
    submission(
        Some(b"opens nothing"),
        &format!(
            "{EHLO}
             S: 250-AUTH PLAIN
             S: 250 HELP
             C: AUTH EXTERNAL =
             S: 504 5.5.4 …"
        ),
    );
}

#[test]
fn too_many_failures_end_the_session() {
    submission(
        None,
        &format!(
            "{EHLO}
             S: 250-AUTH PLAIN
             S: 250 HELP
             C: AUTH PLAIN {WRONG}
             S: 535 …
             C: AUTH PLAIN {WRONG}
             S: 535 …
             C: AUTH PLAIN {WRONG}
             C: AUTH PLAIN {RIGHT}
             S: 535 …
             S: 421 4.7.0 …
             END"
        ),
    );
}

#[test]
fn lines_of_the_exchange_may_be_long() {
    let mut line = submission(None, &format!("{EHLO}\nS: 250-AUTH PLAIN\nS: 250 HELP"));
    let long = "A".repeat(12_000);
    assert!(line.send(format!("AUTH PLAIN {long}\r\n").as_bytes()).starts_with("501 5.5.2 "));
    assert!(line.send(b"AUTH PLAIN\r\n").starts_with("334 "));
    assert!(line.send(format!("{long}{long}\r\n").as_bytes()).starts_with("500 5.5.6 "));
    assert!(line.send(format!("AUTH PLAIN {long}{long}\r\n").as_bytes()).starts_with("500 5.5.2 "));
    assert!(line.send(format!("NOOP {long}\r\n").as_bytes()).starts_with("500 5.5.2 "));
    assert!(line.send(b"NOOP\r\n").starts_with("250 "));
}
