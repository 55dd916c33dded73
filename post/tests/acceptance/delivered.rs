//! Notes of deliveries whose sender asked to be told of them.

use super::*;
use post::{Notify, delivered};

const ASKED: Notify = Notify { success: true, ..Notify::DEFAULT };

/// A letter of the hospital to Marie and the citizen; Marie's delivery is to be told.
fn letter(operator: &Operator, reverse_path: &str, header: &str) -> Result<Accepted, Verdict> {
    let reverse_path = match reverse_path {
        "" => ReversePath::Null,
        address => ReversePath::Address(address.parse().unwrap()),
    };
    let told = |notify| RecipientDsn { notify, original: Some("rfc822;m@old.example".into()) };
    let mut recipients = Vec::new();
    for (to, notify) in [(MARIE, ASKED), (CITIZEN, Notify::DEFAULT)] {
        let to = to.parse().unwrap();
        recipients.push(operator.post.recipient(&hospital(), &to, told(notify))?);
    }
    let dsn = DsnRequest { full: false, envelope_id: Some("Q1".into()) };
    let envelope = Envelope { reverse_path, dsn, smtputf8: false };
    let mut incoming = operator.post.incoming(hospital(), envelope, recipients, None)?;
    let body = "--x\r\n\r\nreport\r\n--x--\r\n";
    incoming.write(format!("From: {LETTERS}\r\n{header}\r\n\r\n{body}").as_bytes())?;
    operator.runtime.block_on(incoming.finish())
}

fn due(operator: &Operator) -> Vec<(i64, AccountId, mailstore::QueueId)> {
    delivered::due(operator.post.store(), i64::MAX / 4, 10).unwrap()
}

// RFC 3461 §4.1
#[test]
fn a_delivery_leaves_its_note_once_and_only_where_it_was_asked_for() {
    let operator = Operator::new();
    letter(&operator, LETTERS, "Message-ID: <1@chu.example>").unwrap();
    letter(&operator, LETTERS, "Message-ID: <1@chu.example>").unwrap();
    let due = due(&operator);
    assert_eq!((due.len(), due[0].1), (1, operator.id(MARIE)));
    let view = operator.post.store().view(operator.id(MARIE)).unwrap();
    let note = delivered::note(&view, due[0].2).unwrap().unwrap();
    let told: Vec<_> = note.recipients.iter().map(|to| to.address.to_string()).collect();
    assert_eq!(told, [MARIE]);
    assert_eq!(note.recipients[0].dsn.original.as_deref(), Some("rfc822;m@old.example"));
    assert_eq!(note.reverse_path, ReversePath::Address(LETTERS.parse().unwrap()));
    assert_eq!(note.dsn.envelope_id.as_deref(), Some("Q1"));
}

// RFC 3834 §2
#[test]
fn nobody_is_told_of_reports_and_automatic_mail() {
    let operator = Operator::new();
    let report = "Content-Type: multipart/report; boundary=x";
    letter(&operator, "", report).unwrap();
    letter(&operator, LETTERS, report).unwrap();
    letter(&operator, LETTERS, "Auto-Submitted: auto-replied").unwrap();
    assert_eq!(operator.messages(MARIE).len(), 3);
    assert_eq!(due(&operator), []);
}

#[test]
fn a_note_is_exchanged_for_its_report_once() {
    let operator = Operator::new();
    letter(&operator, LETTERS, "Message-ID: <1@chu.example>").unwrap();
    let (was_due, account, id) = due(&operator)[0];
    let report = "From: postmaster@practice.example\r\n\
        Content-Type: multipart/report; boundary=x\r\n\r\n--x\r\n\r\nremis\r\n--x--\r\n";
    let envelope =
        Envelope { reverse_path: ReversePath::Null, dsn: DsnRequest::default(), smtputf8: false };
    let to = [LETTERS.parse().unwrap()];
    let report = operator.post.prepare_system(account, envelope, &to, report.as_bytes()).unwrap();
    for _ in 0..2 {
        let settled = operator.post.settle_note(account, was_due, id, Some(report.clone()));
        let _settled = operator.runtime.block_on(settled).unwrap();
    }
    assert_eq!(due(&operator), []);
    let queued = post::queue::due(operator.post.store(), i64::MAX / 4, 10).unwrap();
    assert_eq!((queued.len(), queued[0].1), (1, account));
    // The body that the note held is the message's still.
    assert_eq!(operator.messages(MARIE).len(), 1);
}
