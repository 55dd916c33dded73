//! Placements: COPY, MOVE and EXPUNGE change where messages lie, not the messages.
//!
//! DESIGN, *Identities*: a message record is stored once; a placement (mailbox, UID) carries the
//! flags and is what MOVE and COPY change.

use crate::bench::{Bench, Facts, assert_same, keyword};
use crate::dump::everything;
use crate::letters::{letter, octets};
use mailstore::model::change::{Change, ChangeKind};
use mailstore::model::expunge::Expunge;
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::{AccountId, MailboxId, StoreError};

contract! {
    a_copy_is_another_placement_of_the_same_message,
    a_move_leaves_nothing_behind,
    a_move_into_the_same_mailbox_gives_new_uids,
    a_copy_into_the_same_mailbox_is_placed_twice,
    flags_and_dates_go_along,
    keywords_are_translated,
    each_command_is_one_change,
    expunge_takes_only_what_is_deleted_unless_told,
    a_message_is_gone_with_its_last_placement,
    unknown_uids_are_ignored,
    unknown_mailboxes_are_refused,
    a_thousand_messages_move_by_one_command,
}

fn exists(
    store: &mailstore::Store,
    account: AccountId,
    mailbox: MailboxId,
) -> (u32, u32, u32, u64) {
    let state = store.view(account).unwrap().mailbox_state(mailbox).unwrap();
    (state.exists, state.unseen, state.deleted, state.octets)
}

fn a_copy_is_another_placement_of_the_same_message(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    let added = store.deliver(account, &letter("1"));
    let len = letter("1").len() as u64;
    let usage = store.seen(account).counters().unwrap();
    let done = store.change(account, move |tx| tx.copy(inbox, &[added.uid], other));
    assert_eq!(done.pairs, [(added.uid, 1)]);
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        assert_eq!(view.placement(inbox, added.uid).unwrap().unwrap().message, added.message);
        assert_eq!(view.placement(other, 1).unwrap().unwrap().message, added.message);
        let mut places = view.places_of(added.message).unwrap();
        places.sort();
        let mut expected = vec![(inbox, added.uid), (other, 1)];
        expected.sort();
        assert_eq!(places, expected);
        assert_eq!(exists(store, account, inbox), (1, 1, 0, len));
        assert_eq!(exists(store, account, other), (1, 1, 0, len));
        // Stored once.
        let now = view.counters().unwrap();
        assert_eq!((now.messages, now.octets), (usage.messages, usage.octets));
    })
}

fn a_move_leaves_nothing_behind(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    let added = store.deliver(account, &letter("1"));
    let kept = store.deliver(account, &letter("2"));
    store.deliver_to(account, other, &letter("3"));
    let done = store.change(account, move |tx| tx.move_messages(inbox, &[added.uid], other));
    assert_eq!(done.pairs, [(added.uid, 2)]);
    let len = letter("1").len() as u64;
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        assert_eq!(view.placement(inbox, added.uid).unwrap(), None);
        assert_eq!(view.flags(inbox, 0, u32::MAX).unwrap()[0].uid, kept.uid);
        assert_eq!(view.places_of(added.message).unwrap(), [(other, 2)]);
        assert_eq!(exists(store, account, inbox), (1, 1, 0, len));
        assert_eq!(exists(store, account, other), (2, 2, 0, 2 * len));
        assert_eq!(view.mailbox_state(inbox).unwrap().uid_next, 3);
        // EMAILID and THREADID stay.
        let message = view.message(added.message).unwrap();
        assert_eq!(message.thread, added.thread);
        assert_eq!(store.body(&view, message.body).unwrap().read_all().unwrap(), letter("1"));
    })
}

fn a_move_into_the_same_mailbox_gives_new_uids(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let added = store.deliver_many(account, inbox, 3);
    let done = store.change(account, move |tx| tx.move_messages(inbox, &[1, 3], inbox));
    assert_eq!(done.pairs, [(1, 4), (3, 5)]);
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let placed = view.placements(inbox, 0, u32::MAX, 10).unwrap();
        let placed: Vec<_> = placed.iter().map(|(uid, p)| (*uid, p.message)).collect();
        let [first, second, third] = [0, 1, 2].map(|at| added[at].message);
        assert_eq!(placed, [(2, second), (4, first), (5, third)]);
        assert_eq!(view.mailbox_state(inbox).unwrap().exists, 3);
        assert_eq!(view.counters().unwrap().messages, 3);
    })
}

fn a_copy_into_the_same_mailbox_is_placed_twice(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let added = store.deliver(account, &letter("1"));
    let done = store.change(account, move |tx| tx.copy(inbox, &[1], inbox));
    assert_eq!(done.pairs, [(1, 2)]);
    store.change(account, move |tx| tx.expunge(inbox, &[1], Expunge::All));
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        assert_eq!(view.places_of(added.message).unwrap(), [(inbox, 2)]);
        assert!(view.message(added.message).is_ok());
        assert_eq!(exists(store, account, inbox), (1, 1, 0, letter("1").len() as u64));
    })
}

fn flags_and_dates_go_along(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    let flags = Flags::SEEN.and(Flags::DELETED).and(Flags::ANSWERED);
    for text in ["1", "2"] {
        let mut new = store.message(inbox, &letter(text));
        new.flags = flags;
        store.change(account, move |tx| tx.add_message(&new));
    }
    store.clock.advance(std::time::Duration::from_secs(86_400));
    store.change(account, move |tx| tx.copy(inbox, &[1], other));
    store.change(account, move |tx| tx.move_messages(inbox, &[2], other));
    let len = letter("1").len() as u64;
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let date = view.placement(inbox, 1).unwrap().unwrap().internal_date;
        for found in view.flags(other, 0, u32::MAX).unwrap() {
            assert_eq!(found.flags, flags);
            let placement = view.placement(other, found.uid).unwrap().unwrap();
            assert_eq!((placement.internal_date, placement.size), (date, len));
        }
        assert_eq!(exists(store, account, inbox), (1, 0, 1, len));
        assert_eq!(exists(store, account, other), (2, 0, 2, 2 * len));
    })
}

fn keywords_are_translated(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    store.deliver_many(account, inbox, 2);
    store.change(account, move |tx| {
        let [red, green, blue] =
            ["red", "green", "blue"].map(|word| tx.keyword(inbox, &keyword(word)));
        let (red, blue) = (Flags::keyword(red?).unwrap(), Flags::keyword(blue?).unwrap());
        green?;
        tx.store_flags(inbox, &[1], FlagChange::Set(red.and(blue).and(Flags::SEEN)), None)?;
        tx.store_flags(inbox, &[2], FlagChange::Set(blue), None)?;
        // Where they go, other words have these bits; one is the same in another case.
        tx.keyword(other, &keyword("black"))?;
        tx.keyword(other, &keyword("Blue"))
    });
    store.change(account, move |tx| tx.copy(inbox, &[1], other));
    store.change(account, move |tx| tx.move_messages(inbox, &[2], other));
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let mailbox = view.mailbox(other).unwrap();
        let words: Vec<_> = mailbox.keywords().map(ToString::to_string).collect();
        assert_eq!(words, ["black", "Blue", "red"]);
        let flags = view.flags(other, 0, u32::MAX).unwrap();
        let expected = Flags::SEEN.and(Flags::keyword(1).unwrap()).and(Flags::keyword(2).unwrap());
        assert_eq!(flags[0].flags, expected);
        assert_eq!(flags[1].flags, Flags::keyword(1).unwrap());
    })
}

fn only_change(store: &Bench, account: AccountId, since: u64) -> Change {
    let mut changes = store.seen(account).changes(since, 10).unwrap();
    assert_eq!(changes.len(), 1, "{changes:?}");
    assert_eq!(changes[0].0, since + 1);
    changes.remove(0).1
}

fn each_command_is_one_change(store: &Bench) {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    let added = store.deliver_many(account, inbox, 4);
    let head = || store.seen(account).highest_mod_seq().unwrap();
    let highest = |mailbox| store.seen(account).mailbox_state(mailbox).unwrap().highest_mod_seq;

    let since = head();
    store.change(account, move |tx| tx.copy(inbox, &[1, 2], other));
    let change = only_change(store, account, since);
    assert_eq!(change.kind, ChangeKind::Copied);
    assert_eq!(change.messages, [added[0].message, added[1].message]);
    assert_eq!((change.placed[0].mailbox, change.placed[0].uids.ranges()), (other, &[(1, 2)][..]));
    assert!(change.removed.is_empty());
    assert_eq!((highest(inbox), highest(other)), (since, since + 1));

    let since = head();
    store.change(account, move |tx| tx.move_messages(inbox, &[2, 4], other));
    let change = only_change(store, account, since);
    assert_eq!(change.kind, ChangeKind::Moved);
    assert_eq!(change.messages, [added[1].message, added[3].message]);
    assert_eq!((change.placed[0].mailbox, change.placed[0].uids.ranges()), (other, &[(3, 4)][..]));
    assert_eq!(change.removed[0].mailbox, inbox);
    assert_eq!(change.removed[0].uids.ranges(), [(2, 2), (4, 4)]);
    assert_eq!(change.removed[0].messages, change.messages);
    assert_eq!((highest(inbox), highest(other)), (since + 1, since + 1));

    let since = head();
    store.change(account, move |tx| tx.expunge(inbox, &[1, 3], Expunge::All));
    let change = only_change(store, account, since);
    assert_eq!(change.kind, ChangeKind::Expunged);
    // The first still lies in the other mailbox.
    assert_eq!(change.messages, []);
    assert_eq!(change.gone, [added[2].message]);
    assert_eq!(change.removed[0].messages, [added[0].message, added[2].message]);
    assert!(change.placed.is_empty());
    assert_eq!(change.removed[0].uids.ranges(), [(1, 1), (3, 3)]);
    assert_eq!((highest(inbox), highest(other)), (since + 1, since));
}

fn expunge_takes_only_what_is_deleted_unless_told(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let added = store.deliver_many(account, inbox, 5);
    store.change(account, move |tx| {
        tx.store_flags(inbox, &[2, 4, 5], FlagChange::Add(Flags::DELETED), None)
    });
    let done = store.change(account, move |tx| tx.expunge(inbox, &[1, 2, 3, 4], Expunge::Deleted));
    assert_eq!(done.uids, [2, 4]);
    let done = store.change(account, move |tx| tx.expunge(inbox, &[3], Expunge::All));
    assert_eq!(done.uids, [3]);
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let left: Vec<_> = view.flags(inbox, 0, u32::MAX).unwrap().iter().map(|f| f.uid).collect();
        assert_eq!(left, [1, 5]);
        let state = view.mailbox_state(inbox).unwrap();
        assert_eq!((state.exists, state.unseen, state.deleted), (2, 2, 1));
        assert_eq!(state.uid_next, 6);
        assert_eq!(view.counters().unwrap().messages, 2);
        assert_error!(view.message(added[1].message).unwrap_err(), StoreError::NoSuchMessage);
    })
}

fn a_message_is_gone_with_its_last_placement(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    let text = octets(300 * 1024);
    let added = store.deliver(account, &text);
    let body = store.seen(account).message(added.message).unwrap().body;
    store.change(account, move |tx| tx.copy(inbox, &[1], other));
    store.change(account, move |tx| tx.expunge(inbox, &[1], Expunge::All));
    assert_eq!(store.seen(account).counters().unwrap().octets, text.len() as u64);
    let view = store.seen(account);
    assert!(store.body(&view, body).unwrap().read_all().unwrap() == text);
    store.change(account, move |tx| tx.expunge(other, &[1], Expunge::All));
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        assert_error!(view.message(added.message).unwrap_err(), StoreError::NoSuchMessage);
        assert_error!(view.structure(added.message).unwrap_err(), StoreError::NoSuchMessage);
        assert_eq!(view.places_of(added.message).unwrap(), []);
        assert_error!(store.body(&view, body).unwrap_err(), StoreError::NoSuchBody);
        let usage = view.counters().unwrap();
        assert_eq!((usage.messages, usage.octets), (0, 0));
        assert_eq!(exists(store, account, inbox), (0, 0, 0, 0));
        assert_eq!(exists(store, account, other), (0, 0, 0, 0));
    })
}

fn unknown_uids_are_ignored(store: &Bench) {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    store.deliver_many(account, inbox, 2);
    let before = everything(store);
    for uids in [&[][..], &[0, 3, u32::MAX][..]] {
        assert_eq!(store.change(account, move |tx| tx.copy(inbox, uids, other)).pairs, []);
        assert_eq!(store.change(account, move |tx| tx.move_messages(inbox, uids, other)).pairs, []);
        assert_eq!(
            store.change(account, move |tx| tx.expunge(inbox, uids, Expunge::All)).uids,
            [0; 0]
        );
    }
    assert_same(&before, &everything(store), "after commands on unknown UIDs");
    let uids = &[7, 2, 9, 1];
    assert_eq!(
        store.change(account, move |tx| tx.copy(inbox, uids, other)).pairs,
        [(1, 1), (2, 2)]
    );
    assert_eq!(store.change(account, move |tx| tx.expunge(inbox, uids, Expunge::All)).uids, [1, 2]);
}

fn unknown_mailboxes_are_refused(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver(account, &letter("1"));
    let before = everything(store);
    let nobody = MailboxId::from_bytes([1; 16]);
    for (from, to) in [(inbox, nobody), (nobody, inbox)] {
        let error = store.refuse(account, move |tx| tx.copy(from, &[1], to));
        assert_error!(error, StoreError::NoSuchMailbox);
        let error = store.refuse(account, move |tx| tx.move_messages(from, &[1], to));
        assert_error!(error, StoreError::NoSuchMailbox);
    }
    let error = store.refuse(account, move |tx| tx.expunge(nobody, &[1], Expunge::All));
    assert_error!(error, StoreError::NoSuchMailbox);
    assert_same(&before, &everything(store), "after commands on unknown mailboxes");
}

fn a_thousand_messages_move_by_one_command(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    store.deliver_many(account, inbox, 1000);
    let since = store.seen(account).highest_mod_seq().unwrap();
    let all: Vec<_> = (1..=1000).collect();
    let done = store.change(account, move |tx| tx.move_messages(inbox, &all, other));
    assert_eq!(done.pairs, (1..=1000).map(|uid| (uid, uid)).collect::<Vec<_>>());
    assert_eq!(only_change(store, account, since).kind, ChangeKind::Moved);
    Facts::new(move |store| {
        assert_eq!(exists(store, account, inbox).0, 0);
        assert_eq!(exists(store, account, other).0, 1000);
        let view = store.view(account).unwrap();
        let flags = view.flags(other, 0, u32::MAX).unwrap();
        assert!(flags.iter().all(|f| f.mod_seq == since + 1));
        assert_eq!(view.flags(inbox, 0, u32::MAX).unwrap(), []);
    })
}
