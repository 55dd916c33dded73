//! Mail that services send in a transaction of theirs: there if and only if that is committed, and
//! everybody has it once.

use super::*;
use mailstore::{QueueId, ServiceKey, StoreError, TableName, View};
use post::PreparedMail;
use post::queue;

fn key() -> ServiceKey {
    ServiceKey::new(TableName::new("receipt").unwrap()).id([7; 16])
}

/// A receipt of the citizen's account for these recipients.
fn prepare(operator: &Operator, to: &[&str]) -> Result<PreparedMail, Verdict> {
    let reverse_path = ReversePath::Address(CITIZEN.parse().unwrap());
    let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
    let to: Vec<_> = to.iter().map(|to| to.parse().unwrap()).collect();
    let octets = format!("From: {CITIZEN}\r\nSubject: Accord\r\n\r\nBonjour\r\n");
    operator.post.prepare_system(operator.id(CITIZEN), envelope, &to, octets.as_bytes())
}

/// Sends it with a record beside it, or writes both and gives the transaction up.
fn commit(operator: &Operator, mail: PreparedMail, give_up: bool) -> Result<QueueId, StoreError> {
    let work = move |tx: &mut Transaction<'_>| {
        tx.put_service_record(&key(), b"given")?;
        let id = mail.commit_in(tx)?;
        if give_up { Err(StoreError::OverQuota) } else { Ok(id) }
    };
    let committed = operator.post.store().begin(Actor::SYSTEM, operator.id(CITIZEN), work);
    committed.wait().map(mailstore::Committed::into_inner)
}

fn view(operator: &Operator) -> View<'static> {
    operator.post.store().view(operator.id(CITIZEN)).unwrap()
}

fn due(operator: &Operator) -> Vec<(i64, AccountId, QueueId)> {
    queue::due(operator.post.store(), i64::MAX / 4, 10).unwrap()
}

#[test]
fn it_is_there_if_and_only_if_the_transaction_was_committed() {
    let operator = Operator::new();
    let mail = prepare(&operator, &[LETTERS, MARIE]).unwrap();
    assert_eq!(due(&operator), [], "preparing sends nothing");
    assert!(commit(&operator, mail.clone(), true).is_err());
    assert_eq!(due(&operator), []);
    assert_eq!(view(&operator).service_record(&key()).unwrap(), None);
    let id = commit(&operator, mail.clone(), false).unwrap();
    assert_eq!(id, mail.queue_id());
    assert!(view(&operator).service_record(&key()).unwrap().is_some());
    let due: Vec<_> = due(&operator).into_iter().map(|(_, account, id)| (account, id)).collect();
    assert_eq!(due, [(operator.id(CITIZEN), id)], "in the account that causes it");
    let entry = queue::entry(&view(&operator), id).unwrap().unwrap();
    let waiting: Vec<_> = entry.recipients.iter().map(|to| to.address.to_string()).collect();
    assert_eq!(waiting, [LETTERS, MARIE]);
    let body = operator.post.store().body(&view(&operator), entry.body).unwrap();
    let text = String::from_utf8(body.read_all().unwrap()).unwrap();
    for field in ["Received: by ", "\r\nDate: ", "\r\nMessage-ID: <", "\r\nX-MSS-NIL: PLI-TEST"] {
        assert!(text.contains(field), "{field}: {text}");
    }
}

#[test]
fn it_belongs_to_one_account_and_its_recipients_are_judged_ahead() {
    let operator = Operator::new();
    let cases = [
        ("nobody@practice.example", Verdict::RecipientUnknown),
        ("a@gmail.example", Verdict::RecipientDomainNotListed),
    ];
    for (to, verdict) in cases {
        assert_eq!(prepare(&operator, &[to]).unwrap_err(), verdict, "{to}");
    }
    let mail = prepare(&operator, &[MARIE]).unwrap();
    let elsewhere = move |tx: &mut Transaction<'_>| mail.commit_in(tx);
    let committed = operator.post.store().begin(Actor::SYSTEM, operator.id(MARIE), elsewhere);
    assert!(committed.wait().is_err());
}

#[test]
fn a_recipient_here_has_it_once_however_often_the_attempt_is_made() {
    let operator = Operator::new();
    let mail = prepare(&operator, &[MARIE]).unwrap();
    let id = commit(&operator, mail, false).unwrap();
    assert_eq!(operator.messages(MARIE).len(), 0, "it waits for the relay");
    let (was_due, account, _) = due(&operator)[0];
    let mut entry = queue::entry(&view(&operator), id).unwrap().unwrap();
    // The first attempt ends before it is written back.
    for _ in 0..2 {
        let body = operator.post.store().body(&view(&operator), entry.body).unwrap();
        let body = std::sync::Arc::new(body);
        let attempt = operator.post.deliver_entry(&entry, &body, &entry.recipients);
        assert_eq!(operator.runtime.block_on(attempt).unwrap(), [Ok(())]);
    }
    entry.recipients.clear();
    let settlement = Settlement { account, was_due, due: was_due, entry, report: None };
    let _settled = operator.runtime.block_on(operator.post.settle(settlement)).unwrap();
    assert_eq!(due(&operator), []);
    let messages = operator.messages(MARIE);
    assert_eq!(messages.len(), 1);
    assert!(messages[0].contains("Subject: Accord"));
}

#[test]
fn the_account_itself_has_it_at_once_and_waits_for_it_when_it_is_full() {
    let operator = Operator::new();
    let mail = prepare(&operator, &[CITIZEN]).unwrap();
    commit(&operator, mail, false).unwrap();
    assert_eq!((operator.messages(CITIZEN).len(), due(&operator).len()), (1, 0));
    let mail = prepare(&operator, &[CITIZEN]).unwrap();
    let full = |tx: &mut Transaction<'_>| tx.set_quota(0);
    let _full = operator.post.store().begin(Actor::SYSTEM, operator.id(CITIZEN), full).wait();
    commit(&operator, mail, false).unwrap();
    assert_eq!((operator.messages(CITIZEN).len(), due(&operator).len()), (1, 1));
    // Full already when the mail is made.
    let mail = prepare(&operator, &[CITIZEN]).unwrap();
    commit(&operator, mail, false).unwrap();
    assert_eq!((operator.messages(CITIZEN).len(), due(&operator).len()), (1, 2));
    let stored = view(&operator).service_record(&key()).unwrap();
    assert!(stored.is_some(), "what the service does is done all the same");
}

#[test]
fn the_program_speaks_for_our_own_domains_only() {
    let operator = Operator::new();
    let octets = |from: &str| format!("From: {from}\r\n\r\nBonjour\r\n").into_bytes();
    let to = [LETTERS.parse().unwrap()];
    for (reverse_path, from) in [(LETTERS, CITIZEN), (CITIZEN, LETTERS)] {
        let reverse_path = ReversePath::Address(reverse_path.parse().unwrap());
        let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
        let account = operator.id(CITIZEN);
        let refused = operator.post.prepare_system(account, envelope, &to, &octets(from));
        assert_eq!(refused.map(drop), Err(Verdict::FromMismatch));
    }
}

#[test]
fn sent_alone_it_wakes_the_relay() {
    let operator = Operator::new();
    let reverse_path = ReversePath::Address(CITIZEN.parse().unwrap());
    let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
    let octets = format!("From: {CITIZEN}\r\n\r\nBonjour\r\n");
    let to = [LETTERS.parse().unwrap()];
    let (post, account) = (&operator.post, operator.id(CITIZEN));
    operator.runtime.block_on(async {
        let sent = post.submit_system(account, envelope, &to, octets.as_bytes()).await.unwrap();
        // Returns: it has been rung for.
        post.queued().await;
        assert_eq!(due(&operator)[0].2, sent.queue_id());
    });
}
