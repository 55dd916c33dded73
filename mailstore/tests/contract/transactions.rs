//! Transactions: all or nothing, one account, one order, a proof at the end.
//!
//! DESIGN, *Contract*: closures run one after another; what is committed is visible.

use crate::bench::{Bench, Facts, assert_same, name};
use crate::dump::everything;
use crate::letters::{letter, octets};
use mailstore::message::{Digest, digest_of};
use mailstore::model::change::ChangeKind;
use mailstore::model::expunge::Expunge;
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::model::message::Prepared;
use mailstore::model::placement::MAX_PLACES;
use mailstore::{
    AccountId, Actor, Committing, Fault, MailboxId, StoreError, Through, Together, Transaction,
};
use std::collections::BTreeSet;
use std::sync::Arc;

contract! {
    an_error_of_the_closure_leaves_nothing,
    an_error_of_the_caller_comes_back_as_it_is,
    a_refused_message_leaves_nothing_even_if_the_closure_goes_on,
    a_refused_copy_leaves_nothing_even_if_the_closure_goes_on,
    transactions_submitted_together_see_each_others_order,
    a_transaction_does_not_see_a_refused_one_before_it,
    a_transaction_reads_what_it_has_written,
    a_committed_change_is_visible_at_return,
    an_older_view_stays_as_it_was,
    an_unknown_account_is_refused,
    a_transaction_cannot_touch_another_account,
    sequence_numbers_increase,
    a_thousand_jobs_in_one_submission_all_commit,
    a_transaction_that_is_too_large_is_refused_and_fails_no_other,
    threads_that_write_at_once_get_distinct_uids_and_one_order,
    a_change_whose_caller_no_longer_waits_is_committed,
    a_task_may_wait_for_its_commit,
    a_transaction_knows_its_time_and_its_actor,
}

fn an_error_of_the_closure_leaves_nothing(store: &Bench) {
    let account = store.account("marie");
    let kept = store.deliver(account, &letter("kept"));
    let before = everything(store);
    let new = store.message(store.inbox(account), &letter("lost"));
    let inbox = new.mailbox;
    let error = store.refuse(account, move |tx| {
        tx.create_mailbox(&name("Analyses/2026"), None)?;
        tx.add_message(&new)?;
        tx.store_flags(inbox, &[kept.uid], FlagChange::Add(Flags::SEEN), None)?;
        tx.expunge(inbox, &[kept.uid], Expunge::All)?;
        Err::<(), _>(StoreError::OverQuota)
    });
    assert_error!(error, StoreError::OverQuota);
    assert_same(&before, &everything(store), "after the refused transaction");
    // What follows takes up where the last commit ended.
    let next = store.deliver(account, &letter("next"));
    assert_eq!((next.uid, next.mod_seq), (kept.uid + 1, kept.mod_seq + 1));
}

#[derive(Debug)]
enum Judged {
    Objected(&'static str),
    Store(StoreError),
}

impl From<StoreError> for Judged {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

fn an_error_of_the_caller_comes_back_as_it_is(store: &Bench) {
    let account = store.account("marie");
    let judge = |_: &mut Transaction<'_>| Err::<(), _>(Judged::Objected("550"));
    let error = store.begin(Actor::RECEPTION, account, judge).wait().unwrap_err();
    assert_error!(error, Judged::Objected("550"));
    let unknown = AccountId::from_bytes([9; 16]);
    let error = store.begin(Actor::RECEPTION, unknown, judge).wait().unwrap_err();
    assert_error!(error, Judged::Store(StoreError::NoSuchAccount));
}

fn a_refused_message_leaves_nothing_even_if_the_closure_goes_on(store: &Bench) -> Facts {
    let account = store.account("marie");
    let lost = store.message(MailboxId::from_bytes([1; 16]), &letter("lost"));
    let mut kept = lost.clone();
    kept.mailbox = store.inbox(account);
    store.change(account, move |tx| {
        assert_error!(tx.add_message(&lost).unwrap_err(), StoreError::NoSuchMailbox);
        tx.add_message(&kept)
    });
    Facts::new(move |store| {
        let usage = store.view(account).unwrap().counters().unwrap();
        assert_eq!((usage.messages, usage.octets), (1, letter("lost").len() as u64));
    })
}

fn a_refused_copy_leaves_nothing_even_if_the_closure_goes_on(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, full) = (store.inbox(account), store.mailbox(account, "Full"));
    let first = store.deliver(account, &letter("1"));
    let second = store.deliver(account, &letter("2"));
    store.change(account, move |tx| {
        (1..MAX_PLACES).try_for_each(|_| tx.copy(inbox, &[second.uid], inbox).map(drop))
    });
    store.change(account, move |tx| {
        // The second message has as many places as one may have.
        let copied = tx.copy(inbox, &[first.uid, second.uid], full);
        assert_error!(copied.unwrap_err(), StoreError::Limit(_));
        Ok(())
    });
    Facts::new(move |store| {
        let state = store.view(account).unwrap().mailbox_state(full).unwrap();
        assert_eq!((state.exists, state.uid_next), (0, 1));
    })
}

fn transactions_submitted_together_see_each_others_order(store: &Bench) {
    let account = store.account("marie");
    let mut jobs = Together::default();
    let mut waiting: Vec<Committing<usize, StoreError>> = Vec::new();
    for number in 0..5 {
        waiting.push(jobs.add(Actor::SYSTEM, account, move |tx| {
            let before = tx.mailboxes()?.len();
            tx.create_mailbox(&name(&format!("M{number}")), None)?;
            Ok(before)
        }));
    }
    store.submit(jobs);
    let seen: Vec<_> = waiting.into_iter().map(|w| w.wait().unwrap().into_inner()).collect();
    assert_eq!(seen, [1, 2, 3, 4, 5]);
}

fn a_transaction_does_not_see_a_refused_one_before_it(store: &Bench) {
    let account = store.account("marie");
    let mut jobs = Together::default();
    let refused = jobs.add(Actor::SYSTEM, account, |tx| {
        tx.create_mailbox(&name("Lost"), None)?;
        Err::<(), _>(StoreError::OverQuota)
    });
    let kept = jobs.add(Actor::SYSTEM, account, |tx| {
        assert_eq!(tx.mailbox_named(&name("Lost"))?, None);
        tx.create_mailbox(&name("Kept"), None)
    });
    store.submit(jobs);
    assert_error!(refused.wait().unwrap_err(), StoreError::OverQuota);
    kept.wait().unwrap().into_inner();
    assert_eq!(store.seen(account).mailboxes().unwrap().len(), 2);
}

fn a_transaction_reads_what_it_has_written(store: &Bench) {
    let account = store.account("marie");
    let first = store.message(store.inbox(account), &letter("1"));
    let head = store.seen(account).highest_mod_seq().unwrap();
    store.change(account, move |tx| {
        let inbox = first.mailbox;
        let added = tx.add_message(&first)?;
        tx.store_flags(inbox, &[added.uid], FlagChange::Add(Flags::FLAGGED), None)?;
        assert_eq!(tx.highest_mod_seq()?, head + 2);
        assert_eq!(tx.placements(inbox, 0, u32::MAX, 10)?.len(), 1);
        assert_eq!(tx.flags(inbox, 0, u32::MAX)?[0].flags, Flags::FLAGGED);
        assert_eq!(tx.message(added.message)?.body, first.body.id());
        let kinds: Vec<_> = tx.changes(head, 10)?.iter().map(|(_, change)| change.kind).collect();
        assert_eq!(kinds, [ChangeKind::Arrived, ChangeKind::Flags]);
        tx.expunge(inbox, &[added.uid], Expunge::All)?;
        assert!(tx.placements(inbox, 0, u32::MAX, 10)?.is_empty());
        assert_error!(tx.message(added.message).unwrap_err(), StoreError::NoSuchMessage);
        Ok(())
    });
}

fn a_committed_change_is_visible_at_return(store: &Bench) {
    let account = store.account("marie");
    for number in 1..=20 {
        let added = store.deliver(account, &letter(&number.to_string()));
        let view = store.seen(account);
        assert_eq!(view.highest_mod_seq().unwrap(), added.mod_seq);
        assert_eq!(view.mailbox_state(store.inbox(account)).unwrap().exists, number);
    }
}

fn an_older_view_stays_as_it_was(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let added = store.deliver(account, &letter("1"));
    let old = store.seen(account);
    let head = old.highest_mod_seq().unwrap();
    store.deliver(account, &letter("2"));
    store.mailbox(account, "Later");
    store.change(account, move |tx| tx.expunge(inbox, &[added.uid], Expunge::All));

    assert_eq!(old.highest_mod_seq().unwrap(), head);
    assert_eq!(old.mailboxes().unwrap().len(), 1);
    assert_eq!(old.mailbox_state(inbox).unwrap().exists, 1);
    assert_eq!(old.placements(inbox, 0, u32::MAX, 10).unwrap().len(), 1);
    let message = old.message(added.message).unwrap();
    assert_eq!(old.changes(head, 10).unwrap(), []);
    // The body of a message that was there is still read.
    assert_eq!(store.body(&old, message.body).unwrap().read_all().unwrap(), letter("1"));
}

fn an_unknown_account_is_refused(store: &Bench) {
    let unknown = AccountId::from_bytes([9; 16]);
    let error = store.refuse(unknown, |tx| tx.create_mailbox(&name("A"), None));
    assert_error!(error, StoreError::NoSuchAccount);
    assert_eq!(store.refuse(unknown, |_| Ok(())).fault(), Fault::Refusal);
    assert_error!(store.view(unknown).unwrap_err(), StoreError::NoSuchAccount);
    assert_error!(store.subscribe(unknown).unwrap_err(), StoreError::NoSuchAccount);
}

fn a_transaction_cannot_touch_another_account(store: &Bench) {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let hers = store.mailbox(marie, "Hers");
    let added = store.deliver_to(marie, hers, &letter("1"));
    let body = store.seen(marie).message(added.message).unwrap().body;
    let new = store.message(hers, &letter("2"));
    let before = everything(store);
    let his = store.inbox(paul);

    assert_error!(store.refuse(paul, move |tx| tx.add_message(&new)), StoreError::NoSuchMailbox);
    let flag = FlagChange::Add(Flags::SEEN);
    let error = store.refuse(paul, move |tx| tx.store_flags(hers, &[added.uid], flag, None));
    assert_error!(error, StoreError::NoSuchMailbox);
    let error = store.refuse(paul, move |tx| tx.copy(hers, &[added.uid], his));
    assert_error!(error, StoreError::NoSuchMailbox);
    let error = store.refuse(paul, move |tx| tx.delete_mailbox(hers));
    assert_error!(error, StoreError::NoSuchMailbox);
    let error = store.refuse(paul, move |tx| tx.share_with_record(body, [1; 16]));
    assert_error!(error, StoreError::NoSuchBody);
    let error = store.refuse(paul, move |tx| tx.release_record(body, [1; 16]));
    assert_error!(error, StoreError::NoSuchBody);

    let view = store.seen(paul);
    assert_error!(view.message(added.message).unwrap_err(), StoreError::NoSuchMessage);
    assert_error!(view.structure(added.message).unwrap_err(), StoreError::NoSuchMessage);
    assert_error!(view.mailbox_state(hers).unwrap_err(), StoreError::NoSuchMailbox);
    assert_error!(store.body(&view, body).unwrap_err(), StoreError::NoSuchBody);
    assert_eq!(view.places_of(added.message).unwrap(), []);
    assert_eq!(view.placement(hers, added.uid).unwrap(), None);
    assert_same(&before, &everything(store), "after the tries");
}

fn sequence_numbers_increase(store: &Bench) {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let mut last = 0;
    for number in 0..6 {
        let account = if number % 2 == 0 { marie } else { paul };
        let work =
            move |tx: &mut Transaction<'_>| tx.create_mailbox(&name(&format!("{number}")), None);
        let sequence = store.start(account, work).wait().unwrap().sequence();
        assert!(sequence > last, "{sequence} after {last}");
        last = sequence;
    }
    let mut jobs = Together::default();
    let work =
        |text: &'static str| move |tx: &mut Transaction<'_>| tx.create_mailbox(&name(text), None);
    let waiting =
        [jobs.add(Actor::SYSTEM, marie, work("A")), jobs.add(Actor::SYSTEM, paul, work("A"))];
    store.submit(jobs);
    for done in waiting {
        let done: Result<_, StoreError> = done.wait();
        let sequence = done.unwrap().sequence();
        assert!(sequence > last);
    }
}

fn a_thousand_jobs_in_one_submission_all_commit(store: &Bench) -> Facts {
    let accounts = [store.account("a"), store.account("b"), store.account("c")];
    let inboxes = accounts.map(|account| store.inbox(account));
    let mut jobs = Together::default();
    let mut waiting = Vec::new();
    for number in 0..1000 {
        let which = number % 3;
        let new = store.message(inboxes[which], &letter(&number.to_string()));
        waiting.push(jobs.add(Actor::RECEPTION, accounts[which], move |tx| tx.add_message(&new)));
    }
    store.submit(jobs);
    let mut last = 0;
    for (number, done) in waiting.into_iter().enumerate() {
        let done: Result<_, StoreError> = done.wait();
        let done = done.unwrap();
        assert!(done.sequence() >= last);
        last = done.sequence();
        assert_eq!(done.uid as usize, number / 3 + 1);
    }
    Facts::new(move |store| {
        let exists = |at: usize| {
            let view = store.view(accounts[at]).unwrap();
            view.mailbox_state(inboxes[at]).unwrap().exists
        };
        assert_eq!([exists(0), exists(1), exists(2)], [334, 333, 333]);
    })
}

// DESIGN, Frames: a batch of names is bounded to 4 MB; longer work is a logged task in steps.
fn a_transaction_that_is_too_large_is_refused_and_fails_no_other(store: &Bench) -> Facts {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let mut large = store.message(store.inbox(paul), &letter("large"));
    let digest = Digest { header: octets(4 * 1024 * 1024), ..digest_of(b"") };
    large.content = Arc::new(Prepared::new(digest).unwrap());
    let mut jobs = Together::default();
    let small = |text: &'static str| {
        move |tx: &mut Transaction<'_>| tx.create_mailbox(&name(text), None).map(drop)
    };
    let before = jobs.add(Actor::SYSTEM, marie, small("before"));
    let too_large = jobs.add(Actor::SYSTEM, paul, move |tx| {
        (0..5).try_for_each(|_| tx.add_message(&large).map(drop))
    });
    let after = jobs.add(Actor::SYSTEM, marie, small("after"));
    let last = jobs.add(Actor::SYSTEM, paul, small("last"));
    store.submit(jobs);
    let error: StoreError = too_large.wait().expect_err("20 MB of records");
    assert_error!(error, StoreError::Limit(_));
    for done in [before, after, last] {
        let done: Result<_, StoreError> = done.wait();
        done.expect("it has done nothing wrong").into_inner();
    }
    Facts::new(move |store| {
        let usage = |account| store.view(account).unwrap().counters().unwrap();
        assert_eq!((usage(marie).mailboxes, usage(paul).mailboxes), (3, 2));
        assert_eq!(usage(paul).messages, 0);
    })
}

fn threads_that_write_at_once_get_distinct_uids_and_one_order(store: &Bench) {
    let account = store.account("marie");
    let write = || {
        let deliver = |n: u32| store.deliver(account, &letter(&n.to_string()));
        (0..25).map(deliver).collect::<Vec<_>>()
    };
    let added: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(write)).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let uids: BTreeSet<_> = added.iter().map(|added| added.uid).collect();
    assert_eq!(uids, (1..=100).collect());
    let mut by_uid = added;
    by_uid.sort_by_key(|added| added.uid);
    assert!(by_uid.windows(2).all(|pair| pair[0].mod_seq < pair[1].mod_seq));
}

fn a_change_whose_caller_no_longer_waits_is_committed(store: &Bench) {
    let account = store.account("marie");
    drop(store.start(account, |tx| tx.create_mailbox(&name("Unawaited"), None)));
    store.mailbox(account, "Awaited");
    assert!(store.seen(account).mailbox_named(&name("Unawaited")).unwrap().is_some());
}

fn a_task_may_wait_for_its_commit(store: &Bench) {
    let account = store.account("marie");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let done: Result<_, StoreError> =
        runtime.block_on(
            store.transact(Actor::SYSTEM, account, |tx| tx.create_mailbox(&name("Async"), None)),
        );
    let made = done.unwrap().into_inner();
    assert_eq!(store.seen(account).mailbox_named(&name("Async")).unwrap(), Some(made));
}

fn a_transaction_knows_its_time_and_its_actor(store: &Bench) {
    let account = store.account("marie");
    let clock = store.clock.clone();
    let actor = Actor { account: Some(account), through: Through::Imap, ..Actor::SYSTEM };
    let work = move |tx: &mut Transaction<'_>| {
        assert_eq!(tx.now(), domain::Clock::now(&clock));
        assert_eq!(tx.actor(), actor);
        assert_eq!(tx.account_id(), account);
        Ok::<_, StoreError>(())
    };
    store.begin(actor, account, work).wait().unwrap().into_inner();
}
