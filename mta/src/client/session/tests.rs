//! Transcripts of whole sessions, without a socket: `S:` the peer says, `C:` the client must write, `TLS` the handshake
//! succeeds, `BODY` octets of the body, `END` its end, `IDLE` nothing is under way.

use super::super::envelope::{MessageFacts, Recipient};
use super::super::outcome::Reason;
use super::super::status::Status;
use super::*;
mod any_peer;

use domain::{MailAddress, Verdict};

const PLAIN: &str = "S: 220 mx.b.fr\nC: EHLO a.fr\nS: 250-mx.b.fr\nS: 250 STARTTLS\nC: STARTTLS\nS: 220 go\nTLS\nC: EHLO a.fr\n";

fn session() -> Session {
    Session::new("a.fr".parse().unwrap())
}

fn envelope(to: &[&str], facts: MessageFacts) -> Envelope {
    let from: MailAddress = "a@a.fr".parse().unwrap();
    let to = to.iter().map(|to| Recipient::from(to.parse::<MailAddress>().unwrap())).collect();
    Envelope::new(from.into(), to, facts).unwrap()
}

fn small() -> MessageFacts {
    MessageFacts { size: 10, eight_bit: false, utf8_headers: false }
}

/// Plays a transcript; what the client writes without being asked to is an error.
fn play(session: &mut Session, script: &str) {
    let mut written = String::new();
    for line in script.lines() {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        if verb == "C:" {
            if written.is_empty() {
                let Step::Write(octets) = session.step() else {
                    panic!("nothing is written at: {line} ({session:?})")
                };
                written = String::from_utf8(octets).unwrap();
            }
            let (first, others) = written.split_once("\r\n").unwrap();
            assert_eq!(first, rest, "at: {line}");
            written = others.to_owned();
            continue;
        }
        assert_eq!(written, "", "left over at: {line}");
        match (verb, session.step()) {
            ("S:", Step::Read(_)) => session.received(format!("{rest}\r\n").as_bytes()),
            ("TLS", Step::Handshake) => session.tls_established(),
            ("BODY", Step::Body) => session.body(format!("{rest}\r\n").as_bytes()),
            ("END", Step::Body) => session.body_end(),
            ("IDLE", Step::Idle) => {}
            (_, step) => panic!("{step:?} at: {line}"),
        }
    }
    assert_eq!(written, "", "left over at the end");
}

/// A session under TLS with the extensions.
fn ready(extensions: &[&str]) -> Session {
    let mut session = session();
    play(&mut session, PLAIN);
    let mut lines = String::from("S: 250-mx.b.fr\n");
    for extension in extensions {
        lines.push_str(&format!("S: 250-{extension}\n"));
    }
    play(&mut session, &(lines + "S: 250 HELP\nIDLE"));
    session
}

fn report(session: &mut Session) -> MessageReport {
    match session.step() {
        Step::Done(report) => *report,
        step => panic!("{step:?}"),
    }
}

fn failure(session: &mut Session) -> Failure {
    match session.step() {
        Step::Ended(Some(failure)) => failure,
        step => panic!("{step:?}"),
    }
}

/// Status and reason of each recipient.
fn told(report: &MessageReport) -> Vec<String> {
    let tell = |outcome: &Outcome| match outcome {
        Outcome::Stored => "stored".to_owned(),
        Outcome::Delivered { reply } => format!("delivered {}", reply.code()),
        Outcome::Refused(problem) => format!("refused {} {}", problem.status, problem.reason.id()),
        Outcome::Deferred(problem) => {
            format!("deferred {} {}", problem.status, problem.reason.id())
        }
    };
    report.outcomes.iter().map(tell).collect()
}

#[test]
fn a_message_goes_line_by_line() {
    let mut session = ready(&[]);
    session.begin(envelope(&["b@b.fr", "c@b.fr"], small()));
    play(
        &mut session,
        "C: MAIL FROM:<a@a.fr>\nS: 250 ok\nC: RCPT TO:<b@b.fr>\nS: 250 ok\nC: RCPT TO:<c@b.fr>\n\
         S: 550 5.1.1 unknown\nC: DATA\nS: 354 go\nBODY .a\nC: ..a\nEND\nC: .\nS: 250 2.0.0 queued",
    );
    let report = report(&mut session);
    assert_eq!(told(&report), ["delivered 250", "refused 5.1.1 peer-refused"]);
    assert!(report.failure.is_none() && !report.peer_reports);
    session.quit();
    play(&mut session, "C: QUIT\nS: 221 bye");
    assert!(matches!(session.step(), Step::Ended(None)));
}

#[test]
fn a_group_goes_at_once_and_a_body_in_chunks() {
    let mut session = ready(&["PIPELINING", "CHUNKING", "SIZE 100", "DSN"]);
    session.begin(envelope(&["b@b.fr", "c@b.fr"], small()));
    play(
        &mut session,
        "C: MAIL FROM:<a@a.fr> SIZE=10\nC: RCPT TO:<b@b.fr>\nC: RCPT TO:<c@b.fr>\nS: 250 ok\n\
         S: 452 4.5.3 too many\nS: 250 ok\nBODY .a\nEND\nC: BDAT 4 LAST\nC: .a\nS: 250 ok",
    );
    let report = report(&mut session);
    assert_eq!(told(&report), ["deferred 4.5.3 too-many-recipients", "delivered 250"]);
    assert!(report.peer_reports && report.outcomes[0].retry_at_once());
}

#[test]
fn a_large_body_goes_in_several_chunks_each_answered() {
    let mut session = ready(&["CHUNKING"]);
    session.begin(envelope(&["b@b.fr"], small()));
    play(&mut session, "C: MAIL FROM:<a@a.fr>\nS: 250 ok\nC: RCPT TO:<b@b.fr>\nS: 250 ok");
    let line = [vec![b'a'; 98], b"\r\n".to_vec()].concat();
    let mut chunks = 0;
    for _ in 0..2622 {
        assert!(matches!(session.step(), Step::Body));
        session.body(&line);
        if let Step::Write(octets) = session.step() {
            chunks += 1;
            assert!(octets.starts_with(b"BDAT 262200\r\n"));
            play(&mut session, "S: 250 ok");
        }
    }
    assert_eq!(chunks, 1);
    session.body(&line);
    session.body_end();
    assert!(
        matches!(session.step(), Step::Write(octets) if octets.starts_with(b"BDAT 100 LAST\r\n"))
    );
    play(&mut session, "S: 552 5.3.4 too big");
    assert_eq!(told(&report(&mut session)), ["refused 5.3.4 peer-refused"]);
}

#[test]
fn messages_follow_one_another_after_rset() {
    let mut session = ready(&["PIPELINING"]);
    session.begin(envelope(&["b@b.fr"], small()));
    play(&mut session, "C: MAIL FROM:<a@a.fr>\nC: RCPT TO:<b@b.fr>\nS: 451 later\nS: 503 no MAIL");
    assert_eq!(told(&report(&mut session)), ["deferred 4.0.0 peer-deferred"]);
    session.begin(envelope(&["c@b.fr"], small()));
    play(
        &mut session,
        "C: RSET\nS: 250 ok\nC: MAIL FROM:<a@a.fr>\nC: RCPT TO:<c@b.fr>\nS: 250 ok\nS: 250 ok\n\
         C: DATA\nS: 354 go\nEND\nC: .\nS: 250 ok",
    );
    assert_eq!(told(&report(&mut session)), ["delivered 250"]);
    session.begin(envelope(&["d@b.fr"], small()));
    play(&mut session, "C: RSET");
    session.lost(Loss::Closed);
    let stale = report(&mut session);
    assert_eq!(told(&stale), ["deferred 4.4.2 stale-connection"]);
    assert!(stale.outcomes[0].retry_at_once());
}

// MSS #15
#[test]
fn without_tls_nothing_is_sent() {
    let mut session = session();
    play(&mut session, "S: 220 mx\nC: EHLO a.fr\nS: 250-mx\nS: 250 8BITMIME");
    let without = failure(&mut session);
    assert_eq!(without.reason(), Reason::Verdict(Verdict::PeerWithoutTls));
    for (answer, reason) in [
        ("502 what?", "peer-without-tls"),
        ("454 no TLS now", "peer-without-tls"),
        ("250 ok", "peer-without-tls"),
        ("421 bye", "peer-deferred"),
    ] {
        let mut session = self::session();
        play(&mut session, "S: 220 mx\nC: EHLO a.fr\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS");
        play(&mut session, &format!("S: {answer}"));
        let failure = failure(&mut session);
        assert_eq!(failure.reason().id(), reason, "{answer}");
        session.begin(envelope(&["b@b.fr"], small()));
        let report = report(&mut session);
        assert!(told(&report)[0].starts_with("deferred 4."), "{report:?}");
        assert!(matches!(session.step(), Step::Ended(Some(_))));
    }
}

#[test]
fn what_is_injected_before_tls_is_an_error() {
    for together in [true, false] {
        let mut session = session();
        play(&mut session, "S: 220 mx\nC: EHLO a.fr\nS: 250-mx\nS: 250 STARTTLS\nC: STARTTLS");
        let injected = "220 go\r\n250-mx\r\n250 CHUNKING\r\n".as_bytes();
        let (answer, rest) = injected.split_at(if together { injected.len() } else { 8 });
        session.received(answer);
        session.received(rest);
        assert_eq!(failure(&mut session), Failure::InjectedBeforeTls);
    }
}

#[test]
fn a_peer_that_answers_ahead_is_cut_off() {
    let ok = b"220 mx\r\n250-mx\r\n250 STARTTLS\r\n220 go\r\n250 ok\r\n".as_slice();
    let mut session = session();
    session.received(ok);
    assert_eq!(failure(&mut session), Failure::Unasked { phase: Phase::Greeting });
    let mut session = ready(&["PIPELINING"]);
    session.begin(envelope(&["b@b.fr"], small()));
    session.step();
    session.received(&b"250 ok\r\n".repeat(9));
    assert_eq!(told(&report(&mut session)), ["deferred 4.5.0 protocol-error"]);
}

#[test]
fn answers_before_the_message_defer_it_whatever_their_class() {
    for (script, reason) in [
        ("S: 554 5.3.2 no service", "peer-deferred"),
        ("S: 250 hello", "protocol-error"),
        ("S: what", "protocol-error"),
        ("S: 220 mx\nC: EHLO a.fr\nS: 550 no", "peer-deferred"),
        ("S: 220 mx\nC: EHLO a.fr\nS: 502 no EHLO", "peer-without-tls"),
        ("S: 220 mx\nC: EHLO a.fr\nS: 354 go", "protocol-error"),
    ] {
        let mut session = session();
        play(&mut session, script);
        let failure = failure(&mut session);
        assert_eq!(failure.reason().id(), reason, "{script}");
        assert_eq!(failure.problem().status.class(), super::super::status::Class::Temporary);
    }
}

#[test]
fn refusals_of_the_envelope() {
    for (mail, rcpt, told_of) in [
        ("550 5.7.1 not your domain", "503 no", "refused 5.7.1 peer-refused"),
        ("530 5.7.0 no certificate", "503 no", "deferred 4.7.0 peer-deferred"),
        ("550 5.7.5 revoked", "503 no", "deferred 4.7.5 peer-deferred"),
        ("454 4.7.5 CRL", "503 no", "deferred 4.7.5 peer-deferred"),
        ("250 ok", "452 4.5.3 too many", "deferred 4.5.3 too-many-recipients"),
        ("250 ok", "552 too many", "deferred 4.0.0 peer-deferred"),
        ("250 ok", "552 5.2.2 full", "refused 5.2.2 peer-refused"),
        ("250 ok", "421 bye", "deferred 4.0.0 peer-deferred"),
        ("250 ok", "354 what", "deferred 4.5.0 protocol-error"),
        ("199 what", "250 ok", "deferred 4.5.0 protocol-error"),
    ] {
        let mut session = ready(&["PIPELINING"]);
        session.begin(envelope(&["b@b.fr"], small()));
        session.step();
        session.received(format!("{mail}\r\n{rcpt}\r\n").as_bytes());
        assert_eq!(told(&report(&mut session)), [told_of], "{mail} {rcpt}");
    }
}

#[test]
fn what_the_peer_lacks_is_refused_without_a_word() {
    let eight = MessageFacts { eight_bit: true, ..small() };
    let utf8 = MessageFacts { utf8_headers: true, ..small() };
    let large = MessageFacts { size: 101, ..small() };
    for (facts, extensions, told_of) in [
        (eight, &["SIZE 100"][..], "refused 5.6.3 peer-without-8bitmime"),
        (utf8, &["8BITMIME"], "refused 5.6.7 peer-without-smtputf8"),
        (large, &["SIZE 100"], "refused 5.3.4 message-too-large"),
    ] {
        let mut session = ready(extensions);
        session.begin(envelope(&["b@b.fr"], facts));
        assert_eq!(told(&report(&mut session)), [told_of]);
        assert!(session.is_idle());
    }
    let mut session = ready(&["PIPELINING"]);
    session.begin(envelope(&["é@b.fr", "b@b.fr"], small()));
    play(&mut session, "C: MAIL FROM:<a@a.fr>\nC: RCPT TO:<b@b.fr>\nS: 250 ok\nS: 550 no");
    assert_eq!(
        told(&report(&mut session)),
        ["refused 5.6.7 peer-without-smtputf8", "refused 5.0.0 peer-refused"]
    );
    let mut session = ready(&["SMTPUTF8", "SIZE"]);
    session.begin(envelope(&["é@b.fr"], large));
    play(&mut session, "C: MAIL FROM:<a@a.fr> SIZE=101 SMTPUTF8");
}

/// A session that awaits body octets for DATA.
fn streaming() -> Session {
    let mut session = ready(&[]);
    session.begin(envelope(&["b@b.fr"], small()));
    play(
        &mut session,
        "C: MAIL FROM:<a@a.fr>\nS: 250 ok\nC: RCPT TO:<b@b.fr>\nS: 250 ok\nC: DATA\nS: 354 go\nBODY a\nC: a",
    );
    session
}

#[test]
fn the_middle_of_data() {
    type Happens = fn(&mut Session);
    let cases: [(Happens, &str); 8] = [
        (Session::quit, "deferred 4.4.2 connection-lost"),
        (|s| s.lost(Loss::Broken), "deferred 4.4.2 connection-lost"),
        (|s| s.lost(Loss::TimedOut), "deferred 4.4.2 peer-timeout"),
        (|s| s.received(b"552 5.3.4 too big\r\n"), "refused 5.3.4 peer-refused"),
        (|s| s.received(b"250 ok\r\n"), "deferred 4.5.0 protocol-error"),
        (|s| s.received(b"421 bye\r\n"), "deferred 4.0.0 peer-deferred"),
        (|s| s.body(b"a\n.\r\n"), "refused 5.6.0 bare-line-ending"),
        (Session::body_failed, "deferred 4.3.0 body-unavailable"),
    ];
    for (event, told_of) in cases {
        let mut session = streaming();
        event(&mut session);
        assert_eq!(told(&report(&mut session)), [told_of]);
        assert!(matches!(session.step(), Step::Ended(_)), "no message can follow");
    }
}

#[test]
fn an_alert_instead_of_the_first_answer_is_the_handshakes() {
    let alert = TlsFailure::Alert(rustls::AlertDescription::CertificateRevoked);
    let mut refused = session();
    play(&mut refused, PLAIN);
    refused.alerted(alert.clone());
    assert_eq!(failure(&mut refused).reason(), Reason::OwnCertificateRefused);
    let mut lost = session();
    play(&mut lost, PLAIN);
    lost.lost(Loss::Closed);
    assert_eq!(failure(&mut lost), Failure::Tls(TlsFailure::Lost(Loss::Closed)));
    let mut later = streaming();
    later.alerted(alert);
    assert_eq!(told(&report(&mut later)), ["deferred 4.4.2 connection-lost"]);
}

#[test]
fn every_reason_has_an_id_of_its_own_and_a_status() {
    let reasons = [
        Reason::PeerRefused,
        Reason::PeerDeferred,
        Reason::DnsFailed,
        Reason::NoRoute,
        Reason::NullMx,
        Reason::PeerTimeout,
        Reason::ConnectionLost,
        Reason::StaleConnection,
        Reason::ProtocolError,
        Reason::InjectedBeforeTls,
        Reason::TlsFailed,
        Reason::OwnCertificateRefused,
        Reason::PeerWithout8BitMime,
        Reason::BodyUnavailable,
    ];
    let verdicts = Verdict::ALL.iter().map(|verdict| Reason::Verdict(verdict.as_seen_outside()));
    let ids: std::collections::BTreeSet<_> =
        reasons.into_iter().chain(verdicts).map(Reason::id).collect();
    assert_eq!(ids.len(), reasons.len() + Verdict::ALL.len() - 1);
    let status = |verdict| Reason::Verdict(verdict).status().to_string();
    // MSS #10, #11, #12, #14
    assert_eq!(status(Verdict::CertificateRevoked), "4.7.5");
    assert_eq!(status(Verdict::ServerNotListed), "4.7.1");
    assert_eq!(status(Verdict::PeerWithoutSmtpUtf8), "5.6.7");
    assert_eq!(status(Verdict::RecipientUnknown), "5.1.1");
    assert_eq!(Reason::NullMx.status(), Status::read("5.1.10").unwrap());
}

#[test]
fn at_a_submission_service_it_logs_in_under_tls_before_the_first_message() {
    let login = Login::external("a@a.fr");
    let mut session = session().logging_in(Some(login.clone()));
    play(&mut session, PLAIN);
    play(&mut session, "S: 250 AUTH EXTERNAL\nC: AUTH EXTERNAL YUBhLmZy\nS: 235 welcome\nIDLE");
    let mut refused = super::Session::new("a.fr".parse().unwrap()).logging_in(Some(login));
    play(&mut refused, PLAIN);
    play(&mut refused, "S: 250 h\nC: AUTH EXTERNAL YUBhLmZy\nS: 535 5.7.8 no");
    let failure = failure(&mut refused);
    assert!(
        matches!(&failure, Failure::TurnedAway { phase: Phase::Login, reply } if reply.code() == 535)
    );
}
