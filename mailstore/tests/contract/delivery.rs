//! Delivery: a message is stored once, gets a UID, is counted, and lists need no body.

use crate::bench::{Bench, Facts, SECOND, assert_same};
use crate::dump::everything;
use crate::letters::{letter, letter_with_attachment};
use domain::Clock;
use mailstore::message::digest_of;
use mailstore::model::change::ChangeKind;
use mailstore::model::expunge::Expunge;
use mailstore::model::flags::Flags;
use mailstore::{Actor, MailboxId, StoreError};

contract! {
    a_message_is_recorded_with_its_digest,
    dates_and_attachments_are_recorded,
    uids_ascend_and_are_never_used_again,
    counters_are_kept,
    first_flags_are_counted,
    an_arrival_is_one_change,
    a_message_for_an_unknown_mailbox_is_refused,
    placements_are_listed_by_ranges_and_in_pages,
    one_body_may_be_two_messages,
    a_message_without_any_header_is_stored_as_it_is,
}

fn a_message_is_recorded_with_its_digest(store: &Bench) -> Facts {
    let account = store.account("marie");
    let text = letter_with_attachment();
    let mut new = store.message(store.inbox(account), &text);
    let internal_date = store.clock.now() - SECOND * 3600;
    new.internal_date = internal_date;
    let added = store.change(account, move |tx| tx.add_message(&new));
    let received = store.clock.now().as_millisecond();
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let digest = digest_of(&text);
        let message = view.message(added.message).unwrap();
        assert_eq!(message.envelope, digest.envelope);
        assert_eq!(message.envelope.subject.unwrap().decode(), "Avec une piece jointe");
        assert_eq!(message.preview, "Voici les documents.");
        assert_eq!((message.size, message.received), (text.len() as u64, received));
        assert_eq!(message.thread, added.thread);
        let structure = view.structure(added.message).unwrap();
        assert_eq!(structure.part, digest.structure);
        assert_eq!(structure.header, digest.header);
        assert!(!structure.header_cut);
        assert_eq!(structure.part.find(&[2]).unwrap().filename().unwrap(), "IHE_XDM.ZIP");
        let placement = view.placement(view.inbox().unwrap(), added.uid).unwrap().unwrap();
        assert_eq!(placement.message, added.message);
        assert_eq!(placement.size, text.len() as u64);
        assert_eq!(placement.internal_date, internal_date.as_second());
        assert_eq!(view.places_of(added.message).unwrap(), [(view.inbox().unwrap(), added.uid)]);
        let body = store.body(&view, message.body).unwrap();
        assert_eq!(body.read_all().unwrap(), text);
        // A section is a range of the body's octets.
        let part = structure.part.find(&[1]).unwrap().body_range();
        let octets = body.read(part.start, (part.end - part.start) as usize).unwrap();
        assert_eq!(octets, b"Voici les documents.");
    })
}

fn dates_and_attachments_are_recorded(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let dated = store.deliver(account, &letter("1"));
    let attached = store.deliver(account, &letter_with_attachment());
    let first = store.clock.now().as_second();
    store.clock.advance(std::time::Duration::from_secs(60));
    store.change(account, move |tx| tx.copy(inbox, &[dated.uid], inbox));
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let [dated, attached] = [dated, attached].map(|m| view.message(m.message).unwrap());
        assert_eq!((dated.sent, dated.attachments), (Some(1_767_600_000), 0));
        assert_eq!((attached.sent, attached.attachments), (None, 1));
        let saved = |uid| view.placement(inbox, uid).unwrap().unwrap().saved;
        assert_eq!([1, 2, 3].map(saved), [first, first, first + 60]);
    })
}

fn uids_ascend_and_are_never_used_again(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    let mut last = 0;
    for number in 0..4 {
        let added = store.deliver(account, &letter(&number.to_string()));
        assert!(added.uid > last);
        last = added.uid;
        assert_eq!(added.uid_validity, store.seen(account).mailbox(inbox).unwrap().uid_validity);
        // Even the highest is not given again once it is gone.
        store.change(account, move |tx| tx.expunge(inbox, &[added.uid], Expunge::All));
    }
    assert_eq!(store.deliver_to(account, other, &letter("other")).uid, 1);
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        assert_eq!(view.mailbox_state(inbox).unwrap().uid_next, last + 1);
        assert_eq!(view.mailbox_state(other).unwrap().uid_next, 2);
    })
}

fn counters_are_kept(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let first = store.deliver(account, &letter("1"));
    let second = store.deliver(account, &letter_with_attachment());
    assert_ne!(first.message, second.message);
    let octets = (letter("1").len() + letter_with_attachment().len()) as u64;
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let state = view.mailbox_state(inbox).unwrap();
        assert_eq!((state.exists, state.unseen, state.deleted), (2, 2, 0));
        assert_eq!((state.uid_next, state.octets), (second.uid + 1, octets));
        assert_eq!(state.highest_mod_seq, second.mod_seq);
        let usage = view.counters().unwrap();
        assert_eq!((usage.messages, usage.octets, usage.mod_seq), (2, octets, second.mod_seq));
    })
}

fn first_flags_are_counted(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    for flags in [Flags::NONE, Flags::SEEN, Flags::SEEN.and(Flags::DELETED), Flags::DRAFT] {
        let mut new = store.message(inbox, &letter("1"));
        new.flags = flags;
        let added = store.change(account, move |tx| tx.add_message(&new));
        let kept = store.seen(account).flags(inbox, added.uid, added.uid).unwrap()[0];
        assert_eq!((kept.flags, kept.mod_seq), (flags, added.mod_seq));
    }
    Facts::new(move |store| {
        let state = store.view(account).unwrap().mailbox_state(inbox).unwrap();
        assert_eq!((state.exists, state.unseen, state.deleted), (4, 2, 1));
    })
}

fn an_arrival_is_one_change(store: &Bench) {
    let account = store.account("marie");
    let head = store.seen(account).highest_mod_seq().unwrap();
    let new = store.message(store.inbox(account), &letter("1"));
    let mailbox = new.mailbox;
    let done = store.begin(Actor::RECEPTION, account, move |tx| tx.add_message(&new));
    let added = Result::<_, StoreError>::unwrap(done.wait()).into_inner();
    let changes = store.seen(account).changes(head, 10).unwrap();
    let [(mod_seq, change)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((*mod_seq, added.mod_seq), (head + 1, head + 1));
    assert_eq!((change.kind, change.actor), (ChangeKind::Arrived, Actor::RECEPTION));
    assert_eq!(change.at, store.clock.now().as_second());
    assert_eq!(change.messages, [added.message]);
    assert_eq!(change.placed.len(), 1);
    assert_eq!(change.placed[0].mailbox, mailbox);
    assert_eq!(change.placed[0].uids.ranges(), [(added.uid, added.uid)]);
    assert!(change.removed.is_empty() && change.mailboxes.is_empty());
}

fn a_message_for_an_unknown_mailbox_is_refused(store: &Bench) {
    let account = store.account("marie");
    let before = everything(store);
    let new = store.message(MailboxId::from_bytes([1; 16]), &letter("1"));
    let error = store.refuse(account, move |tx| tx.add_message(&new));
    assert_error!(error, StoreError::NoSuchMailbox);
    assert_same(&before, &everything(store), "after the refused message");
}

fn placements_are_listed_by_ranges_and_in_pages(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver_many(account, inbox, 20);
    store.change(account, move |tx| tx.expunge(inbox, &[5, 6, 20], Expunge::All));
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let listed = |first, last, limit| {
            let found = view.placements(inbox, first, last, limit).unwrap();
            found.into_iter().map(|(uid, _)| uid).collect::<Vec<_>>()
        };
        assert_eq!(listed(1, 7, 100), [1, 2, 3, 4, 7]);
        assert_eq!(listed(4, 6, 100), [4]);
        assert_eq!(listed(5, 6, 100), [0; 0]);
        assert_eq!(listed(19, u32::MAX, 100), [19]);
        assert_eq!(listed(4, u32::MAX, 3), [4, 7, 8]);
        assert_eq!(listed(9, 3, 100), [0; 0]);
        assert_eq!(listed(0, u32::MAX, 100).len(), 17);
        let flags: Vec<_> = view.flags(inbox, 4, 8).unwrap().iter().map(|f| f.uid).collect();
        assert_eq!(flags, [4, 7, 8]);
    })
}

fn one_body_may_be_two_messages(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, sent) = (store.inbox(account), store.mailbox(account, "Sent"));
    let new = store.message(inbox, &letter("1"));
    let mut mine = new.clone();
    mine.mailbox = sent;
    let (first, second) =
        store.change(account, move |tx| Ok((tx.add_message(&new)?, tx.add_message(&mine)?)));
    assert_ne!(first.message, second.message);
    assert_eq!(first.mod_seq + 1, second.mod_seq);
    store.change(account, move |tx| tx.expunge(inbox, &[first.uid], Expunge::All));
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let body = view.message(second.message).unwrap().body;
        assert_eq!(store.body(&view, body).unwrap().read_all().unwrap(), letter("1"));
    })
}

fn a_message_without_any_header_is_stored_as_it_is(store: &Bench) -> Facts {
    let account = store.account("marie");
    let texts: Vec<&'static [u8]> = vec![b"", b"\r\n", b"\r\nno header", b"no colon", b"\0\xff\r"];
    let added: Vec<_> = texts.iter().map(|text| store.deliver(account, text)).collect();
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        for (added, text) in added.iter().zip(&texts) {
            let body = view.message(added.message).unwrap().body;
            assert_eq!(store.body(&view, body).unwrap().read_all().unwrap(), *text);
            view.structure(added.message).unwrap();
        }
    })
}
