//! Conversations: messages that name each other share a thread.

use crate::bench::{Bench, Facts};
use crate::letters::{letter, letter_with};
use mailstore::model::expunge::Expunge;
use mailstore::model::message::Added;
use mailstore::{AccountId, ThreadId};
use std::collections::BTreeSet;

contract! {
    a_reply_joins_by_references,
    a_reply_joins_by_in_reply_to,
    the_same_message_id_is_the_same_thread,
    strangers_have_threads_of_their_own,
    a_thread_ends_at_the_account,
    a_name_goes_with_the_last_message_that_holds_it,
    a_reply_may_arrive_before_what_it_answers,
    a_name_stays_while_its_message_lies_somewhere,
    two_messages_of_one_transaction_may_be_a_thread,
}

fn reply(store: &Bench, account: AccountId, id: &str, fields: &str) -> Added {
    store.deliver(account, &letter_with(id, fields))
}

fn a_reply_joins_by_references(store: &Bench) -> Facts {
    let account = store.account("marie");
    let root = store.deliver(account, &letter("root"));
    let first = reply(store, account, "first", "References: <root@clinique.example>\r\n");
    let fields = "References: <unknown@x> <root@clinique.example>\r\n <first@clinique.example>\r\n";
    let second = reply(store, account, "second", fields);
    // Only the oldest is known.
    let fields = "References: <second@clinique.example> <lost1@x> <lost2@x>\r\n";
    let third = reply(store, account, "third", fields);
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        for added in [root, first, second, third] {
            assert_eq!(added.thread, root.thread);
            assert_eq!(view.message(added.message).unwrap().thread, root.thread);
        }
    })
}

fn a_reply_joins_by_in_reply_to(store: &Bench) {
    let account = store.account("marie");
    let root = store.deliver(account, &letter("root"));
    let answer = reply(store, account, "answer", "In-Reply-To: <root@clinique.example>\r\n");
    assert_eq!(answer.thread, root.thread);
    let fields = "References: <lost@x>\r\nIn-Reply-To: <answer@clinique.example>\r\n";
    assert_eq!(reply(store, account, "other", fields).thread, root.thread);
}

fn the_same_message_id_is_the_same_thread(store: &Bench) {
    let account = store.account("marie");
    let (first, second) =
        (store.deliver(account, &letter("same")), store.deliver(account, &letter("same")));
    assert_ne!(first.message, second.message);
    assert_eq!(first.thread, second.thread);
}

fn strangers_have_threads_of_their_own(store: &Bench) {
    let account = store.account("marie");
    let mut threads: BTreeSet<ThreadId> = BTreeSet::new();
    for text in [
        letter("1"),
        letter("2"),
        letter_with("3", "References: <unknown@x>\r\nIn-Reply-To: <unknown@x>\r\n"),
        letter_with("4", "References: \r\nIn-Reply-To: your letter\r\n"),
        b"Subject: no name\r\n\r\n".to_vec(),
        b"Subject: no name\r\n\r\n".to_vec(),
        b"Message-ID: \r\n\r\n".to_vec(),
        b"Message-ID: \r\n\r\n".to_vec(),
        b"Message-ID: <>\r\n\r\n".to_vec(),
        b"Message-ID: <>\r\n\r\n".to_vec(),
    ] {
        let added = store.deliver(account, &text);
        assert!(threads.insert(added.thread), "{}", String::from_utf8_lossy(&text));
    }
}

fn a_thread_ends_at_the_account(store: &Bench) {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let hers = store.deliver(marie, &letter("root"));
    let fields = "References: <root@clinique.example>\r\n";
    let his = reply(store, paul, "answer", fields);
    assert_ne!(hers.thread, his.thread);
    assert_ne!(store.deliver(paul, &letter("root")).thread, hers.thread);
}

fn a_name_goes_with_the_last_message_that_holds_it(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let fields = "References: <root@clinique.example>\r\n";
    let root = store.deliver(account, &letter("root"));
    let first = reply(store, account, "first", fields);
    store.change(account, move |tx| tx.expunge(inbox, &[root.uid], Expunge::All));
    // The reply holds the name of what it answers.
    let second = reply(store, account, "second", fields);
    assert_eq!(second.thread, root.thread);
    store.change(account, move |tx| tx.expunge(inbox, &[first.uid, second.uid], Expunge::All));
    assert_ne!(reply(store, account, "third", fields).thread, root.thread);
}

fn a_reply_may_arrive_before_what_it_answers(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let fields = "References: <first@clinique.example> <root@clinique.example>\r\n";
    let answer = reply(store, account, "answer", fields);
    let root = store.deliver(account, &letter("root"));
    assert_eq!(root.thread, answer.thread);
    assert_eq!(store.deliver(account, &letter("first")).thread, answer.thread);
    // One of two messages with the same Message-ID goes: the other keeps the name.
    let again = store.deliver(account, &letter("root"));
    let gone = [answer.uid, root.uid];
    store.change(account, move |tx| tx.expunge(inbox, &gone, Expunge::All));
    let fields = "In-Reply-To: <root@clinique.example>\r\n";
    assert_eq!(reply(store, account, "late", fields).thread, again.thread);
}

fn a_name_stays_while_its_message_lies_somewhere(store: &Bench) {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    let root = store.deliver(account, &letter("root"));
    let fields = "References: <root@clinique.example>\r\n";
    store.change(account, move |tx| tx.copy(inbox, &[root.uid], other));
    store.change(account, move |tx| tx.expunge(inbox, &[root.uid], Expunge::All));
    assert_eq!(reply(store, account, "first", fields).thread, root.thread);
    let moved = store.change(account, move |tx| tx.move_messages(other, &[1], inbox));
    assert_eq!(moved.pairs.len(), 1);
    assert_eq!(reply(store, account, "second", fields).thread, root.thread);
}

fn two_messages_of_one_transaction_may_be_a_thread(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let root = store.message(inbox, &letter("root"));
    let fields = "References: <root@clinique.example>\r\n";
    let answer = store.message(inbox, &letter_with("answer", fields));
    let (root, answer) =
        store.change(account, move |tx| Ok((tx.add_message(&root)?, tx.add_message(&answer)?)));
    assert_eq!(root.thread, answer.thread);
}
