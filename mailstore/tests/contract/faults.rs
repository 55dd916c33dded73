//! Faults that only the memory engine takes orders for: a commit group that fails, a delivery to
//! several recipients that a crash cuts in two.

use crate::bench::{Bench, assert_same, name, new_account, queue_id};
use crate::dump::everything;
use crate::letters::{letter, octets};
use mailstore::model::message::{Added, NewMessage, Prepared};
use mailstore::{AccountId, Actor, Committing, Fault, QueueId, StoreError, Together};

#[test]
fn a_failed_group_is_temporary_changes_nothing_and_the_next_try_works() {
    let store = Bench::in_memory();
    let account = store.account("marie");
    for text in [letter("inline"), octets(300 * 1024)] {
        let new = store.message(store.inbox(account), &text);
        let before = everything(&store);
        store.faults.fail_groups(1);
        let again = new.clone();
        let error = store.refuse(account, move |tx| tx.add_message(&again));
        assert_eq!(error.fault(), Fault::Temporary, "{error:?}");
        assert_same(&before, &everything(&store), "after the failed group");

        let head = store.seen(account).highest_mod_seq().unwrap();
        let added = store.change(account, move |tx| tx.add_message(&new));
        assert_eq!(added.mod_seq, head + 1);
        let view = store.seen(account);
        let body = view.message(added.message).unwrap().body;
        assert_eq!(store.body(&view, body).unwrap().read_all().unwrap(), text);
    }
}

#[test]
fn a_group_fails_as_a_whole() {
    let store = Bench::in_memory();
    let accounts = [store.account("a"), store.account("b")];
    let before = everything(&store);
    store.faults.fail_groups(1);
    let mut jobs = Together::default();
    let waiting =
        accounts.map(|id| jobs.add(Actor::SYSTEM, id, |tx| tx.create_mailbox(&name("M"), None)));
    store.submit(jobs);
    for done in waiting {
        let error: StoreError = done.wait().unwrap_err();
        assert_eq!(error.fault(), Fault::Temporary);
    }
    assert_same(&before, &everything(&store), "after the failed group");
}

#[test]
fn a_failed_creation_leaves_address_and_log_in_name_free() {
    let store = Bench::in_memory();
    let before = everything(&store);
    store.faults.fail_groups(1);
    let error = store.create(new_account("marie")).unwrap_err();
    assert_eq!(error.fault(), Fault::Temporary);
    assert_same(&before, &everything(&store), "after the failed creation");
    store.account("marie");
}

#[test]
fn a_subscriber_is_not_woken_by_a_failed_group() {
    let store = Bench::in_memory();
    let account = store.account("marie");
    let woken = store.subscribe(account).unwrap();
    store.faults.fail_groups(1);
    store.refuse(account, |tx| tx.create_mailbox(&name("M"), None));
    assert!(!woken.has_changed().unwrap());
}

/// Delivers one message to all recipients; each answers with the queue id it stands under.
fn accept(
    store: &Bench,
    recipients: &[AccountId],
    fingerprint: &'static [u8],
    queue_id: QueueId,
) -> Vec<Result<QueueId, StoreError>> {
    let body = store.take_in(&letter("1"));
    let content = Prepared::new(mailstore::message::digest_of(letter("1"))).unwrap();
    let content = std::sync::Arc::new(content);
    let mut jobs = Together::default();
    let mut waiting: Vec<Committing<QueueId, StoreError>> = Vec::new();
    for &account in recipients {
        let new = NewMessage {
            body: std::sync::Arc::clone(&body),
            content: std::sync::Arc::clone(&content),
            ..store.message(store.inbox(account), b"")
        };
        waiting.push(jobs.add(Actor::RECEPTION, account, move |tx| {
            if let Some(first) = tx.accept_once(fingerprint, queue_id)? {
                return Ok(first);
            }
            let _: Added = tx.add_message(&new)?;
            Ok(queue_id)
        }));
    }
    store.submit(jobs);
    waiting.into_iter().map(|done| done.wait().map(|done| done.into_inner())).collect()
}

#[test]
fn a_delivery_cut_half_way_and_repeated_reaches_each_recipient_exactly_once() {
    let store = Bench::in_memory();
    let recipients: Vec<_> =
        ["a", "b", "c", "d", "e", "f"].map(|local| store.account(local)).into();
    let exists = |account: &AccountId| {
        store.seen(*account).mailbox_state(store.inbox(*account)).unwrap().exists
    };
    store.faults.commit_halfway(true);
    let answers = accept(&store, &recipients, b"repeat", queue_id(1));
    for answer in &answers[..3] {
        assert_eq!(*answer.as_ref().unwrap(), queue_id(1));
    }
    for answer in &answers[3..] {
        assert_eq!(answer.as_ref().unwrap_err().fault(), Fault::Temporary);
    }
    assert_eq!(recipients.iter().map(exists).collect::<Vec<_>>(), [1, 1, 1, 0, 0, 0]);

    store.faults.commit_halfway(false);
    let answers = accept(&store, &recipients, b"repeat", queue_id(2));
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    let (first, second) = (queue_id(1), queue_id(2));
    assert_eq!(answers, [first, first, first, second, second, second]);
    assert_eq!(recipients.iter().map(exists).collect::<Vec<_>>(), [1; 6]);

    let answers = accept(&store, &recipients, b"repeat", queue_id(3));
    let answers: Vec<_> = answers.into_iter().map(Result::unwrap).collect();
    assert_eq!(answers, [first, first, first, second, second, second]);
    assert_eq!(recipients.iter().map(exists).collect::<Vec<_>>(), [1; 6]);
}
