//! Quota: octets of messages, as received, each message once.

use crate::bench::{Bench, Facts, assert_same, new_account};
use crate::dump::everything;
use crate::letters::octets;
use mailstore::model::account::NewAccount;
use mailstore::model::expunge::Expunge;
use mailstore::{AccountId, Actor, Fault, StoreError, Together};

contract! {
    a_message_over_quota_is_refused,
    a_message_may_fill_the_quota_exactly,
    a_copy_takes_no_quota,
    what_is_expunged_is_free_again,
    a_quota_may_be_set_below_what_is_used,
    the_quota_holds_within_one_commit_group,
}

fn account(store: &Bench, quota: u64) -> AccountId {
    store.create(NewAccount { quota, ..new_account("marie") }).unwrap().account
}

fn try_deliver(store: &Bench, account: AccountId, len: usize) -> StoreError {
    let new = store.message(store.inbox(account), &octets(len));
    store.refuse(account, move |tx| tx.add_message(&new))
}

fn a_message_over_quota_is_refused(store: &Bench) {
    let account = account(store, 1000);
    store.deliver(account, &octets(600));
    let before = everything(store);
    let error = try_deliver(store, account, 401);
    assert_error!(error, StoreError::OverQuota);
    assert_eq!(error.fault(), Fault::Refusal);
    assert_same(&before, &everything(store), "after the refused message");
}

fn a_message_may_fill_the_quota_exactly(store: &Bench) -> Facts {
    let account = account(store, 1000);
    store.deliver(account, &octets(600));
    store.deliver(account, &octets(400));
    store.deliver(account, &octets(0));
    assert_error!(try_deliver(store, account, 1), StoreError::OverQuota);
    Facts::new(move |store| {
        let usage = store.view(account).unwrap().counters().unwrap();
        assert_eq!((usage.octets, usage.quota, usage.messages), (1000, 1000, 3));
    })
}

fn a_copy_takes_no_quota(store: &Bench) {
    let account = account(store, 1000);
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    store.deliver(account, &octets(1000));
    store.change(account, move |tx| tx.copy(inbox, &[1], other));
    store.change(account, move |tx| tx.move_messages(inbox, &[1], other));
    assert_eq!(store.seen(account).counters().unwrap().octets, 1000);
}

fn what_is_expunged_is_free_again(store: &Bench) {
    let account = account(store, 1000);
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    store.deliver(account, &octets(700));
    store.change(account, move |tx| tx.copy(inbox, &[1], other));
    store.change(account, move |tx| tx.expunge(inbox, &[1], Expunge::All));
    // It still lies in the other mailbox.
    assert_error!(try_deliver(store, account, 700), StoreError::OverQuota);
    store.change(account, move |tx| tx.expunge(other, &[1], Expunge::All));
    assert_eq!(store.seen(account).counters().unwrap().octets, 0);
    store.deliver(account, &octets(1000));
    store.change(account, move |tx| tx.expunge(inbox, &[2], Expunge::All));
    store.deliver_to(account, other, &octets(1000));
    store.change(account, move |tx| tx.delete_mailbox(other));
    store.deliver(account, &octets(1000));
}

fn a_quota_may_be_set_below_what_is_used(store: &Bench) -> Facts {
    let account = account(store, 1000);
    let inbox = store.inbox(account);
    store.deliver(account, &octets(400));
    store.deliver(account, &octets(400));
    store.change(account, |tx| tx.set_quota(500));
    assert_error!(try_deliver(store, account, 0), StoreError::OverQuota);
    assert_eq!(store.seen(account).mailbox_state(inbox).unwrap().exists, 2);
    store.change(account, move |tx| tx.expunge(inbox, &[1], Expunge::All));
    store.deliver(account, &octets(100));
    store.change(account, |tx| tx.set_quota(u64::MAX));
    store.deliver(account, &octets(5000));
    Facts::new(move |store| {
        let usage = store.view(account).unwrap().counters().unwrap();
        assert_eq!((usage.octets, usage.quota), (5500, u64::MAX));
    })
}

fn the_quota_holds_within_one_commit_group(store: &Bench) {
    let account = account(store, 1000);
    let mut jobs = Together::default();
    let waiting = [400, 400, 400, 200].map(|len| {
        let new = store.message(store.inbox(account), &octets(len));
        jobs.add(Actor::RECEPTION, account, move |tx| tx.add_message(&new))
    });
    store.submit(jobs);
    let done = waiting.map(|done| {
        let done: Result<_, StoreError> = done.wait();
        done.is_ok()
    });
    assert_eq!(done, [true, true, false, true]);
}
