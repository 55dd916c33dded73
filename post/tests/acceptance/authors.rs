//! Citizens who write: it is the author's exchanges that count.

use super::*;

const CHILD: &str = "215057512345673@patient.example";

/// A parent's session that may write as the child.
fn parent(operator: &Operator) -> Origin {
    Origin::Own(Submitter {
        actor: Actor::SYSTEM,
        account: operator.id(CITIZEN),
        address: CITIZEN.parse().unwrap(),
        also_as: vec![CHILD.parse().unwrap()],
        is_citizen: true,
    })
}

fn with_child() -> Operator {
    let operator = Operator::new();
    operator.account(CHILD, MailboxKind::Citizen, AccountState::Active);
    operator
}

fn write_as(operator: &Operator, author: &str, to: &str) -> Result<Accepted, Verdict> {
    let message = format!("From: {author}\nSender: {CITIZEN}\n\nMerci\n");
    operator.send(&parent(operator), CITIZEN, &[to], &message)
}

// MSS #37, MSS #38
#[test]
fn a_parent_writes_in_a_childs_name_by_the_childs_exchanges() {
    let operator = with_child();
    assert_eq!(write_as(&operator, CHILD, LETTERS), Err(Verdict::CitizenFirst));
    operator.letter(&[CHILD], "").unwrap();
    let accepted = write_as(&operator, CHILD, LETTERS).unwrap();
    // What the child's mail causes lies in the child's account.
    let due = post::queue::due(operator.post.store(), i64::MAX / 4, 10).unwrap();
    assert_eq!((due[0].1, due[0].2), (operator.id(CHILD), accepted.queue_id()));
    // The parent's own name is another matter.
    assert_eq!(write_as(&operator, CITIZEN, LETTERS), Err(Verdict::CitizenFirst));
}

#[test]
fn a_parents_exchanges_do_not_speak_for_the_child() {
    let operator = with_child();
    operator.letter(&[CITIZEN], "").unwrap();
    write_as(&operator, CITIZEN, LETTERS).unwrap();
    assert_eq!(write_as(&operator, CHILD, LETTERS), Err(Verdict::CitizenFirst));
    operator.letter(&[CHILD], "").unwrap();
    operator.letter(&[CHILD], "X-MSS-MES: FIN").unwrap();
    assert_eq!(write_as(&operator, CHILD, LETTERS), Err(Verdict::ExchangeClosed));
}

// MSS #37, MSS #42
#[test]
fn an_exchange_that_ends_while_the_citizen_writes_is_ended() {
    let operator = Operator::new();
    operator.letter(&[CITIZEN], "").unwrap();
    let origin = operator.own(CITIZEN);
    let reverse_path = ReversePath::Address(CITIZEN.parse().unwrap());
    let to = LETTERS.parse().unwrap();
    let recipient = operator.post.recipient(&origin, &to, RecipientDsn::default()).unwrap();
    let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
    let mut incoming = operator.post.incoming(origin, envelope, vec![recipient], None).unwrap();
    incoming.write(format!("From: {CITIZEN}\r\n\r\nMerci\r\n").as_bytes()).unwrap();
    operator.letter(&[CITIZEN], "X-MSS-MES: FIN").unwrap();
    assert_eq!(operator.runtime.block_on(incoming.finish()), Err(Verdict::ExchangeClosed));
}

// MSS #40
#[test]
fn a_prescription_goes_to_a_pharmacy_that_was_used_before_and_is_flagged() {
    let operator = Operator::new();
    let pharmacy = "pharmacy@chu.example";
    let wrote = |from: &str, more: &str| {
        let message = format!("From: {from}\nMessage-ID: <{more}>\n{more}\n\nBonjour\n");
        operator.send(&hospital(), from, &[CITIZEN], &message).unwrap();
    };
    // Flagged, but never used.
    assert_eq!(operator.answer(pharmacy), Err(Verdict::CitizenFirst));
    // Used before, and the pharmacy has closed the exchange: its flag says that it takes prescriptions.
    wrote(pharmacy, "Subject: Bonjour");
    operator.answer(pharmacy).unwrap();
    wrote(pharmacy, "X-MSS-MES: FIN");
    let after_fin = operator.answer(pharmacy).map(drop);
    // Another mailbox without the flag, with the same history.
    wrote(LETTERS, "Subject: Bonjour");
    wrote(LETTERS, "X-MSS-MES: FIN");
    assert_eq!(operator.answer(LETTERS), Err(Verdict::ExchangeClosed));
    assert_eq!(after_fin, Ok(()));
}
