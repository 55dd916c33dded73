//! Fingerprints: a repeat within five days stores nothing and gives the first queue id.
//!
//! DESIGN, *A message's way in*, 5.

use crate::bench::{Bench, DAY, Facts, SECOND, queue_id};
use crate::site::Site;
use mailstore::{AccountId, QueueId, Store, StoreError, Transaction};

contract! {
    a_repeat_gives_the_first_queue_id,
    after_five_days_a_repeat_is_new,
    fingerprints_of_two_accounts_never_meet,
    a_refused_transaction_leaves_no_fingerprint,
    a_repeat_in_the_same_commit_group_is_a_repeat,
    many_fingerprints_are_known_at_once,
}

fn accept(
    store: &Store,
    account: AccountId,
    fingerprint: &[u8],
    queue_id: QueueId,
) -> Option<QueueId> {
    let fingerprint = fingerprint.to_vec();
    let work = move |tx: &mut Transaction<'_>| tx.accept_once(&fingerprint, queue_id);
    let done: Result<_, StoreError> =
        store.begin(mailstore::Actor::RECEPTION, account, work).wait();
    done.unwrap().into_inner()
}

fn a_repeat_gives_the_first_queue_id(store: &Bench) -> Facts {
    let account = store.account("marie");
    assert_eq!(accept(store, account, b"one", queue_id(1)), None);
    assert_eq!(accept(store, account, b"two", queue_id(2)), None);
    assert_eq!(accept(store, account, b"one", queue_id(3)), Some(queue_id(1)));
    store.clock.advance(DAY * 5 - SECOND);
    assert_eq!(accept(store, account, b"two", queue_id(4)), Some(queue_id(2)));
    Facts::new(move |store| {
        assert_eq!(accept(store, account, b"one", queue_id(5)), Some(queue_id(1)));
        assert_eq!(accept(store, account, b"two", queue_id(5)), Some(queue_id(2)));
    })
}

fn after_five_days_a_repeat_is_new(store: &Bench) -> Facts {
    let account = store.account("marie");
    accept(store, account, b"one", queue_id(1));
    store.clock.advance(DAY * 3);
    // A repeat does not make the first one live longer.
    assert_eq!(accept(store, account, b"one", queue_id(2)), Some(queue_id(1)));
    store.clock.advance(DAY * 2 + SECOND);
    assert_eq!(accept(store, account, b"one", queue_id(3)), None);
    store.clock.advance(DAY * 5 - SECOND);
    // Expired ones are removed on the way; the new one under the same name stays.
    assert_eq!(accept(store, account, b"two", queue_id(4)), None);
    Facts::new(move |store| {
        assert_eq!(accept(store, account, b"one", queue_id(5)), Some(queue_id(3)));
    })
}

fn fingerprints_of_two_accounts_never_meet(store: &Bench) {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    assert_eq!(accept(store, marie, b"one", queue_id(1)), None);
    assert_eq!(accept(store, paul, b"one", queue_id(2)), None);
    assert_eq!(accept(store, marie, b"one", queue_id(3)), Some(queue_id(1)));
    assert_eq!(accept(store, paul, b"one", queue_id(3)), Some(queue_id(2)));
}

fn a_refused_transaction_leaves_no_fingerprint(store: &Bench) {
    let account = store.account("marie");
    store.refuse(account, |tx| {
        assert_eq!(tx.accept_once(b"one", queue_id(1))?, None);
        Err::<(), _>(StoreError::OverQuota)
    });
    assert_eq!(accept(store, account, b"one", queue_id(2)), None);
}

fn a_repeat_in_the_same_commit_group_is_a_repeat(store: &Bench) {
    let account = store.account("marie");
    let mut jobs = mailstore::Together::default();
    let waiting = [1, 2, 3].map(|number| {
        let work = move |tx: &mut Transaction<'_>| tx.accept_once(b"one", queue_id(number));
        jobs.add(mailstore::Actor::RECEPTION, account, work)
    });
    store.submit(jobs);
    let answers = waiting.map(|done| {
        let done: Result<_, StoreError> = done.wait();
        done.unwrap().into_inner()
    });
    assert_eq!(answers, [None, Some(queue_id(1)), Some(queue_id(1))]);
}

fn many_fingerprints_are_known_at_once(store: &Bench) {
    let account = store.account("marie");
    let of =
        |number: u8| store.change(account, move |tx| tx.accept_once(&[number], queue_id(number)));
    assert!((0..100).all(|number| of(number).is_none()));
    store.clock.advance(DAY * 4);
    assert!((100..200).all(|number| of(number).is_none()));
    assert!((0..200).all(|number| of(number) == Some(queue_id(number))));
    store.clock.advance(DAY * 2);
    // The first hundred has expired, the second has not.
    assert!((200..220).all(|number| of(number).is_none()));
    assert!((100..200).all(|number| of(number) == Some(queue_id(number))));
    assert!((0..100).all(|number| of(number).is_none()));
}

#[test]
fn expired_fingerprints_are_removed() {
    let site = Site::new(crate::bench::clock());
    site.create().unwrap();
    let records = |round: u8| {
        let store = Bench::at(&site);
        let account = match round {
            0 => store.account("marie"),
            _ => store.operator_view().unwrap().accounts(None, 1).unwrap()[0],
        };
        for number in 0..50 {
            let name = [round, number];
            store.change(account, move |tx| tx.accept_once(&name, queue_id(number)));
        }
        drop(store);
        site.clock.advance(DAY * 6);
        site.verify_sound();
        site.records()
    };
    let first = records(0);
    for round in 1..4 {
        let now = records(round);
        assert!(now <= first, "round {round}: {now} records, {first} at first");
    }
}
