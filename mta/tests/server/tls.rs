//! STARTTLS: what is refused before it, and that nothing said in plain text survives it.

use mta::server::{Role, Wants};

use crate::transcript::{Line, config, tls};

const EHLO: &str = "C: EHLO mx.a.fr
    S: 250-mx.b.fr
    S: 250-PIPELINING
    S: 250-SIZE 26214400
    S: 250-8BITMIME
    S: 250-SMTPUTF8
    S: 250-CHUNKING
    S: 250-ENHANCEDSTATUSCODES
    S: 250-DSN
    S: 250-LIMITS MAILMAX=10000 RCPTMAX=100";

// MSS #15.
#[test]
fn plain_text_is_refused_after_ehlo() {
    for role in [Role::Reception, Role::Submission] {
        Line::new(config(role), None).hold(&format!(
            "S: 220 …
             {EHLO}
             S: 250-STARTTLS
             S: 250 HELP
             C: MAIL FROM:<jean@a.fr>
             S: 530 5.7.0 La connexion doit etre chiffree …
             C: MAIL FROM:<no address>
             S: 530 5.7.0 …
             C: RCPT TO:<marie@b.fr>
             S: 530 5.7.0 …
             C: DATA
             S: 530 5.7.0 …
             C: BDAT 6 LAST
             C| QUIT\\r\\n
             S: 530 5.7.0 …
             C: AUTH PLAIN AGplYW4Ac2VzYW1l
             S: 530 5.7.0 …
             C: VRFY marie
             S: 530 5.7.0 …
             C: NOOP
             S: 250 …
             C: STARTTLS now
             S: 501 5.5.4 …
             C: QUIT
             S: 221 …
             END"
        ));
    }
}

#[test]
fn the_session_begins_anew_under_tls() {
    let mut line = Line::new(config(Role::Reception), None);
    line.hold(&format!(
        "S: 220 …
         {EHLO}
         S: 250-STARTTLS
         S: 250 HELP
         C: STARTTLS
         S: 220 2.0.0 …
         TLS
         C: MAIL FROM:<jean@a.fr>
         S: 503 5.5.1 Dites d'abord EHLO.
         {EHLO}
         S: 250 HELP
         C: STARTTLS
         S: 503 5.5.1 …
         C: MAIL FROM:<jean@a.fr>
         S: 250 …"
    ));
}

// The injection of CVE-2011-0411 and its like.
#[test]
fn plain_text_behind_starttls_is_thrown_away() {
    let mut line = Line::new(config(Role::Reception), None);
    line.hold(
        "S: 220 …
         C: HELO mx.a.fr
         S: 250 …
         C: STARTTLS
         C: EHLO pirate
         C: MAIL FROM:<pirate@a.fr>
         C| RCPT TO:<ma
         S: 220 2.0.0 …
         TLS
         C: NOOP
         S: 250 …
         C: RCPT TO:<marie@b.fr>
         S: 503 …
         C: MAIL FROM:<jean@a.fr>
         S: 503 5.5.1 Dites d'abord EHLO.",
    );
    assert_eq!(line.session().peer().helo, None);
}

#[test]
fn a_peer_without_certificate_is_told_at_mail() {
    Line::new(config(Role::Reception), Some(tls(None))).hold(&format!(
        "S: 220 …
         {EHLO}
         S: 250 HELP
         C: MAIL FROM:<jean@a.fr>
         S: 530 5.7.0 Le serveur emetteur n'a pas presente …
         C: QUIT
         S: 221 …
         END"
    ));
}

#[test]
fn a_question_without_answer_ends_the_session() {
    let mut line = Line::new(config(Role::Reception), None);
    line.hold("S: 220 …\nC: STARTTLS\nS: 220 …");
    assert_eq!(line.wants, Wants::StartTls);
    line.go_on();
    assert_eq!(line.wants, Wants::Close);
}
