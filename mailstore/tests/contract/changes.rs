//! The change log: contiguous, attributed, trimmed no further than promised; its consumers.
//!
//! DESIGN, *The change log*: it keeps the last 90 days and the last 10,000 changes, whichever
//! reaches further back, and up to the cursor of each registered consumer.

use crate::bench::{ARRIVALS, Bench, CONSUMERS, DAY, DOCUMENTS, Facts, SEARCH, name};
use crate::letters::letter;
use mailstore::model::change::ChangeKind;
use mailstore::model::expunge::Expunge;
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::model::mailbox::MailboxName;
use mailstore::{AccountId, Actor, PrincipalId, StoreError, Through, Transaction};

contract! {
    the_log_has_no_gap,
    a_change_says_who_made_it,
    the_log_is_read_in_parts,
    a_read_only_transaction_is_no_change,
    old_changes_go_once_more_than_enough_are_kept,
    a_consumer_that_is_behind_holds_the_log_back,
    a_change_marks_the_account_pending_for_each_consumer,
    a_cursor_at_the_head_clears_the_mark,
    a_change_after_the_cursor_in_one_transaction_marks_again,
    a_cursor_moves_forwards_up_to_the_head,
    pending_accounts_are_listed_in_pages,
    a_change_that_a_consumer_does_not_follow_leaves_nothing_pending_for_it,
    a_subscriber_is_woken_by_each_change,
    a_subscriber_is_not_woken_by_others,
}

const KEPT: u64 = 10_000;

fn head(store: &mailstore::Store, account: AccountId) -> u64 {
    store.view(account).unwrap().highest_mod_seq().unwrap()
}

fn the_log_has_no_gap(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "A/B"));
    store.deliver_many(account, inbox, 10);
    store.change(account, move |tx| {
        tx.store_flags(inbox, &[1, 2], FlagChange::Add(Flags::SEEN), None)?;
        tx.copy(inbox, &[1, 2], other)?;
        tx.move_messages(inbox, &[3], other)?;
        tx.expunge(inbox, &[4, 5], Expunge::All)?;
        tx.rename_mailbox(other, &name("C"))?;
        tx.delete_mailbox(other)
    });
    // What is refused leaves no gap either.
    store.refuse(account, move |tx| {
        tx.expunge(inbox, &[6], Expunge::All)?;
        Err::<(), _>(StoreError::OverQuota)
    });
    store.deliver(account, &letter("last"));
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let usage = view.counters().unwrap();
        assert_eq!(usage.floor, 0);
        let log = view.changes(0, usize::MAX).unwrap();
        let numbers: Vec<_> = log.iter().map(|(mod_seq, _)| *mod_seq).collect();
        assert_eq!(numbers, (1..=usage.mod_seq).collect::<Vec<_>>());
        assert_eq!(log.last().unwrap().1.kind, ChangeKind::Arrived);
        assert_eq!(log.iter().filter(|(_, c)| c.kind == ChangeKind::Arrived).count(), 11);
        assert!(log.windows(2).all(|pair| pair[0].1.at <= pair[1].1.at));
    })
}

fn a_change_says_who_made_it(store: &Bench) -> Facts {
    let account = store.account("marie");
    let since = head(store, account);
    let actors = [
        Actor::SYSTEM,
        Actor::RECEPTION,
        Actor {
            principal: Some(PrincipalId::from_bytes([1; 16])),
            account: Some(account),
            on_behalf_of: Some(PrincipalId::from_bytes([2; 16])),
            through: Through::Imap,
        },
        Actor { through: Through::Administration, ..Actor::SYSTEM },
        Actor { through: Through::Submission, ..Actor::SYSTEM },
        Actor { through: Through::Web, ..Actor::SYSTEM },
        Actor { through: Through::Api, ..Actor::SYSTEM },
    ];
    for (number, actor) in actors.into_iter().enumerate() {
        let work =
            move |tx: &mut Transaction<'_>| tx.create_mailbox(&name(&format!("{number}")), None);
        store.begin(actor, account, work).wait().unwrap().into_inner();
    }
    Facts::new(move |store| {
        let log = store.view(account).unwrap().changes(since, usize::MAX).unwrap();
        assert_eq!(log.iter().map(|(_, change)| change.actor).collect::<Vec<_>>(), actors);
    })
}

fn the_log_is_read_in_parts(store: &Bench) {
    let account = store.account("marie");
    store.deliver_many(account, store.inbox(account), 10);
    let head = head(store, account);
    let numbers = |since, limit| {
        let log = store.seen(account).changes(since, limit).unwrap();
        log.into_iter().map(|(mod_seq, _)| mod_seq).collect::<Vec<_>>()
    };
    assert_eq!(numbers(2, 3), [3, 4, 5]);
    assert_eq!(numbers(5, 100), (6..=head).collect::<Vec<_>>());
    assert_eq!(numbers(head - 1, 100), [head]);
    assert_eq!(numbers(head, 100), [0; 0]);
    assert_eq!(numbers(u64::MAX, 100), [0; 0]);
    assert_eq!(numbers(0, 0), [0; 0]);
}

fn a_read_only_transaction_is_no_change(store: &Bench) {
    let account = store.account("marie");
    let before = head(store, account);
    let seen = store.change(account, |tx| tx.highest_mod_seq());
    assert_eq!((seen, head(store, account)), (before, before));
}

/// So many changes of little weight; with the cursors of `followers` at the head afterwards.
fn change_often(
    store: &Bench,
    account: AccountId,
    count: u64,
    followers: &'static [mailstore::Consumer],
) {
    let mut left = count;
    while left > 0 {
        let now = left.min(2000);
        left -= now;
        store.change(account, move |tx| {
            (0..now).try_for_each(|n| tx.subscribe(&MailboxName::inbox(), n % 2 == 1))?;
            let head = tx.highest_mod_seq()?;
            followers.iter().try_for_each(|consumer| tx.set_cursor(*consumer, head))
        });
    }
}

/// The account's floor and how many changes are kept; they must be those above the floor.
fn kept(store: &mailstore::Store, account: AccountId) -> (u64, u64) {
    let view = store.view(account).unwrap();
    let usage = view.counters().unwrap();
    let log = view.changes(0, usize::MAX).unwrap();
    let numbers: Vec<_> = log.iter().map(|(mod_seq, _)| *mod_seq).collect();
    assert_eq!(numbers, (usage.floor + 1..=usage.mod_seq).collect::<Vec<_>>());
    (usage.floor, log.len() as u64)
}

fn old_changes_go_once_more_than_enough_are_kept(store: &Bench) -> Facts {
    let account = store.account("marie");
    change_often(store, account, KEPT + 100, &CONSUMERS);
    assert_eq!(kept(store, account).0, 0, "all are young");
    store.clock.advance(DAY * 89);
    change_often(store, account, 100, &CONSUMERS);
    assert_eq!(kept(store, account).0, 0, "none is 90 days old");
    store.clock.advance(DAY * 2);
    change_often(store, account, 1, &CONSUMERS);
    let (floor, count) = kept(store, account);
    assert!(count >= KEPT && floor > 0, "floor {floor}, {count} kept");
    change_often(store, account, 200, &CONSUMERS);
    Facts::new(move |store| assert_eq!(kept(store, account).1, KEPT))
}

fn a_consumer_that_is_behind_holds_the_log_back(store: &Bench) -> Facts {
    let account = store.account("marie");
    change_often(store, account, KEPT + 500, &[SEARCH]);
    store.change(account, |tx| tx.set_cursor(DOCUMENTS, 50));
    store.clock.advance(DAY * 400);
    change_often(store, account, 100, &[SEARCH]);
    assert_eq!(kept(store, account).0, 50);
    store.change(account, |tx| tx.set_cursor(DOCUMENTS, 70));
    change_often(store, account, 100, &[SEARCH]);
    assert_eq!(kept(store, account).0, 70);
    change_often(store, account, 1, &CONSUMERS);
    change_often(store, account, 400, &CONSUMERS);
    Facts::new(move |store| assert_eq!(kept(store, account).1, KEPT))
}

fn pending(store: &mailstore::Store, consumer: mailstore::Consumer) -> Vec<AccountId> {
    store.pending(consumer, None, 100).unwrap()
}

/// Brings both consumers to the head.
fn follow(store: &Bench, account: AccountId) {
    store.change(account, |tx| {
        let head = tx.highest_mod_seq()?;
        CONSUMERS.into_iter().try_for_each(|consumer| tx.set_cursor(consumer, head))
    });
}

fn a_change_marks_the_account_pending_for_each_consumer(store: &Bench) -> Facts {
    let mut all = vec![store.account("marie"), store.account("paul")];
    all.sort();
    let marie = all[0];
    for consumer in CONSUMERS {
        assert_eq!(pending(store, consumer), all, "a new account is a change");
    }
    all.iter().for_each(|account| follow(store, *account));
    assert_eq!(pending(store, SEARCH), []);
    store.deliver(marie, &letter("1"));
    Facts::new(move |store| {
        for consumer in CONSUMERS {
            assert_eq!(pending(store, consumer), [marie]);
        }
        let unknown = mailstore::Consumer::new("nobody").unwrap();
        assert_eq!(pending(store, unknown), []);
    })
}

fn a_cursor_at_the_head_clears_the_mark(store: &Bench) -> Facts {
    let account = store.account("marie");
    let head = store.deliver(account, &letter("1")).mod_seq;
    assert_eq!(store.seen(account).cursor(SEARCH).unwrap(), 0);
    store.change(account, move |tx| tx.set_cursor(SEARCH, head - 1));
    assert_eq!(pending(store, SEARCH), [account]);
    store.change(account, move |tx| tx.set_cursor(SEARCH, head));
    Facts::new(move |store| {
        assert_eq!(pending(store, SEARCH), []);
        assert_eq!(pending(store, DOCUMENTS), [account]);
        let view = store.view(account).unwrap();
        assert_eq!(view.cursor(SEARCH).unwrap(), head);
        assert_eq!(view.cursor(DOCUMENTS).unwrap(), 0);
        // A cursor is no change of the account.
        assert_eq!(view.highest_mod_seq().unwrap(), head);
    })
}

fn a_change_after_the_cursor_in_one_transaction_marks_again(store: &Bench) -> Facts {
    let account = store.account("marie");
    store.change(account, |tx| {
        let head = tx.highest_mod_seq()?;
        tx.set_cursor(SEARCH, head)?;
        tx.create_mailbox(&name("A"), None)
    });
    Facts::new(move |store| assert_eq!(pending(store, SEARCH), [account]))
}

fn a_cursor_moves_forwards_up_to_the_head(store: &Bench) {
    let account = store.account("marie");
    let head = store.deliver(account, &letter("1")).mod_seq;
    store.change(account, move |tx| tx.set_cursor(SEARCH, head - 1));
    for wrong in [head - 2, head + 1] {
        let error = store.refuse(account, move |tx| tx.set_cursor(SEARCH, wrong));
        assert_error!(error, StoreError::Cursor);
    }
    assert_eq!(store.seen(account).cursor(SEARCH).unwrap(), head - 1);
}

fn a_change_that_a_consumer_does_not_follow_leaves_nothing_pending_for_it(store: &Bench) -> Facts {
    let account = store.account("marie");
    assert_eq!(pending(store, ARRIVALS), [], "a new account brings no message");
    store.change(account, |tx| tx.set_quota(4096));
    assert_eq!(pending(store, ARRIVALS), []);
    let head = store.deliver(account, &letter("1")).mod_seq;
    assert_eq!(pending(store, ARRIVALS), [account]);
    store.change(account, move |tx| tx.set_cursor(ARRIVALS, head));
    store.change(account, |tx| tx.set_quota(8192));
    Facts::new(move |store| {
        assert_eq!(pending(store, ARRIVALS), []);
        assert_eq!(pending(store, SEARCH), [account]);
    })
}

fn pending_accounts_are_listed_in_pages(store: &Bench) -> Facts {
    let mut all: Vec<_> = (0..7).map(|n| store.account(&format!("a{n}"))).collect();
    all.sort();
    let done = all.remove(3);
    follow(store, done);
    Facts::new(move |store| {
        assert_eq!(store.pending(SEARCH, None, 4).unwrap(), all[..4]);
        assert_eq!(store.pending(SEARCH, Some(all[3]), 4).unwrap(), all[4..]);
        assert_eq!(store.pending(SEARCH, Some(done), 100).unwrap(), all[3..]);
        assert_eq!(store.pending(SEARCH, Some(all[5]), 4).unwrap(), []);
    })
}

fn a_subscriber_is_woken_by_each_change(store: &Bench) {
    let account = store.account("marie");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut first = store.subscribe(account).unwrap();
    assert_eq!(*first.borrow_and_update(), head(store, account));
    let mut second = store.subscribe(account).unwrap();
    for text in ["1", "2"] {
        let added = store.deliver(account, &letter(text));
        for woken in [&mut first, &mut second] {
            // The wake-up may come a little after the reply, but it comes.
            while *woken.borrow_and_update() < added.mod_seq {
                runtime.block_on(woken.changed()).unwrap();
            }
            assert_eq!(*woken.borrow(), added.mod_seq);
        }
    }
    drop((first, second));
    let late = store.subscribe(account).unwrap();
    assert_eq!(*late.borrow(), head(store, account));
}

fn a_subscriber_is_not_woken_by_others(store: &Bench) {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let hers = store.subscribe(marie).unwrap();
    let mut his = store.subscribe(paul).unwrap();
    let added = store.deliver(paul, &letter("1"));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    while *his.borrow_and_update() < added.mod_seq {
        runtime.block_on(his.changed()).unwrap();
    }
    store.refuse(marie, |tx| {
        tx.create_mailbox(&name("A"), None)?;
        Err::<(), _>(StoreError::OverQuota)
    });
    store.change(marie, |tx| tx.inbox());
    store.deliver(paul, &letter("2"));
    assert_eq!(*hers.borrow(), head(store, marie));
    assert!(!hers.has_changed().unwrap());
}
