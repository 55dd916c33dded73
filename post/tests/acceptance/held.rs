//! A message that is held: nothing leaves before it is due, and until then it is taken back as if it had never been.

use crate::{CITIZEN, MARIE, Operator};
use domain::ReversePath;
use mailstore::{Actor, QueueId, StoreError, Transaction};
use post::{DsnRequest, Envelope, RecipientDsn};
use std::sync::Arc;
use std::time::Duration;

/// The citizen writes to Marie, who has a mailbox here, for in `seconds`.
fn held(operator: &Operator, seconds: i64) -> (QueueId, i64) {
    let origin = operator.own(CITIZEN);
    let reverse_path = ReversePath::Address(CITIZEN.parse().unwrap());
    let to = operator.post.recipient(&origin, &MARIE.parse().unwrap(), RecipientDsn::default());
    let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
    let incoming = operator.post.incoming(origin, envelope, vec![to.unwrap()], None);
    let mut incoming = incoming.unwrap();
    incoming.write(format!("From: {CITIZEN}\r\n\r\nMerci\r\n").as_bytes()).unwrap();
    let due = operator.post.now().as_second() + seconds;
    let accepted = operator.runtime.block_on(incoming.finish_held(due)).unwrap();
    (accepted.queue_id(), due)
}

fn withdraw(operator: &Operator, id: QueueId, due: i64) -> bool {
    let work = move |tx: &mut Transaction<'_>| post::queue::withdraw(tx, id, due);
    let done =
        operator.post.store().begin::<_, StoreError, _>(Actor::SYSTEM, operator.id(CITIZEN), work);
    done.wait().unwrap().into_inner()
}

fn due(operator: &Operator, until: i64) -> usize {
    post::queue::due(operator.post.store(), until, 10).unwrap().len()
}

#[test]
fn it_is_due_then_and_reaches_who_has_a_mailbox_here() {
    let operator = Operator::new();
    let first = "From: marie@practice.example\n\nBonjour\n";
    operator.send(&operator.own(MARIE), MARIE, &[CITIZEN], first).unwrap();
    let (id, at) = held(&operator, 10);
    assert_eq!((due(&operator, at - 1), due(&operator, at)), (0, 1));
    assert_eq!(operator.messages(MARIE).len(), 0, "not before");
    operator.clock.advance(Duration::from_secs(10));
    assert!(!withdraw(&operator, id, at), "too late");
    let view = operator.post.store().view(operator.id(CITIZEN)).unwrap();
    let entry = post::queue::entry(&view, id).unwrap().unwrap();
    let body = Arc::new(operator.post.store().body(&view, entry.body).unwrap());
    let attempt = operator.post.deliver_entry(&entry, &body, &entry.recipients);
    assert_eq!(operator.runtime.block_on(attempt).unwrap(), [Ok(())]);
    assert!(operator.messages(MARIE)[0].contains("Merci"));
}

#[test]
fn until_then_it_is_taken_back_once() {
    let operator = Operator::new();
    let first = "From: marie@practice.example\n\nBonjour\n";
    operator.send(&operator.own(MARIE), MARIE, &[CITIZEN], first).unwrap();
    let (id, at) = held(&operator, 10);
    operator.clock.advance(Duration::from_secs(9));
    assert!(withdraw(&operator, id, at));
    assert!(!withdraw(&operator, id, at));
    assert_eq!(due(&operator, i64::MAX / 2), 0);
    let view = operator.post.store().view(operator.id(CITIZEN)).unwrap();
    assert_eq!(post::queue::entry(&view, id).unwrap(), None);
}
