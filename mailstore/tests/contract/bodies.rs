//! Bodies: octets come back as they went in, are stored once, and live as long as somebody holds
//! them.
//!
//! DESIGN, *Sealing*: sealed in chunks of 64 KiB, so that a partial fetch opens only what it
//! needs. *Frames*: above 256 KB a file of its own. *Manifest*: a body is dead when no account
//! names it.

use crate::bench::{Bench, Facts};
use crate::letters::{letter, octets};
use mailstore::body::{CHUNK, INLINE_MAX};
use mailstore::model::expunge::Expunge;
use mailstore::model::message::Added;
use mailstore::{Actor, BodyId, Committing, Store, StoreError, Together};

contract! {
    a_body_comes_back_octet_for_octet,
    a_body_may_come_in_pieces_of_any_length,
    parts_are_read_across_chunks,
    a_body_that_several_accounts_share_is_stored_once,
    a_shared_body_survives_the_expunge_in_one_account,
    a_shared_body_survives_the_erasure_of_one_account,
    a_document_holds_its_body_after_the_message_is_gone,
    a_body_that_nobody_holds_is_gone,
    a_body_opens_only_in_accounts_that_name_it,
    a_body_may_be_named_by_a_later_transaction,
    bodies_beyond_the_memory_allowance_are_stored_as_well,
    one_transaction_may_name_many_bodies,
    a_body_that_no_transaction_names_leaves_nothing,
}

const LARGE: usize = 300 * 1024;

fn read(store: &Store, account: mailstore::AccountId, id: BodyId) -> Result<Vec<u8>, StoreError> {
    let reader = store.body(&store.view(account)?, id)?;
    reader.check()?;
    Ok(reader.read_all()?)
}

fn a_body_comes_back_octet_for_octet(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inline = INLINE_MAX as usize;
    let lens = [
        0,
        1,
        CHUNK - 1,
        CHUNK,
        CHUNK + 1,
        2 * CHUNK,
        inline - 1,
        inline,
        inline + 1,
        5 * 1024 * 1024,
    ];
    let added = lens.map(|len| {
        let files = store.site.as_ref().map_or(0, |site| site.body_files().len());
        let added = store.deliver(account, &octets(len));
        if let Some(site) = &store.site {
            let own_file = usize::from(len > inline);
            assert_eq!(site.body_files().len(), files + own_file, "{len} octets");
        }
        added
    });
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        for (added, len) in added.iter().zip(lens) {
            let message = view.message(added.message).unwrap();
            let reader = store.body(&view, message.body).unwrap();
            assert_eq!((message.size, reader.len()), (len as u64, len as u64));
            assert_eq!(reader.is_empty(), len == 0);
            reader.check().unwrap();
            assert!(reader.read_all().unwrap() == octets(len), "{len} octets");
        }
    })
}

fn a_body_may_come_in_pieces_of_any_length(store: &Bench) -> Facts {
    let account = store.account("marie");
    let pieces = [1000, 4096, CHUNK - 1, CHUNK, CHUNK + 1, 150_000];
    let ids = pieces.map(|piece| {
        let mut writer = store.body_writer().unwrap();
        assert!(writer.is_empty());
        writer.write(&[]).unwrap();
        octets(LARGE).chunks(piece).for_each(|piece| writer.write(piece).unwrap());
        assert_eq!(writer.len(), LARGE as u64);
        let body = writer.finish().unwrap();
        let id = body.id();
        assert_eq!((body.len(), body.is_empty()), (LARGE as u64, false));
        store.change(account, move |tx| tx.hold_record(&body, [1; 16]));
        id
    });
    Facts::new(move |store| {
        for (id, piece) in ids.iter().zip(pieces) {
            let back = read(store, account, *id).unwrap();
            assert!(back == octets(LARGE), "pieces of {piece} octets");
        }
    })
}

fn parts_are_read_across_chunks(store: &Bench) -> Facts {
    let account = store.account("marie");
    let lens = [2 * CHUNK + 100, LARGE];
    let added = lens.map(|len| store.deliver(account, &octets(len)));
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        for (added, len) in added.iter().zip(lens) {
            let reader = store.body(&view, view.message(added.message).unwrap().body).unwrap();
            let whole = octets(len);
            let marks = [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK - 1, 2 * CHUNK, len - 1, len];
            for from in marks {
                for count in [0, 1, 2, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, len, usize::MAX] {
                    let to = from.saturating_add(count).min(len);
                    let part = reader.read(from as u64, count).unwrap();
                    assert!(part == whole[from..to], "{count} octets from {from} of {len}");
                }
            }
            assert_eq!(reader.read(len as u64 + 1, 10).unwrap(), b"");
            assert_eq!(reader.read(u64::MAX, 10).unwrap(), b"");
        }
    })
}

/// Delivers one body to three accounts; gives it and the messages.
fn shared(store: &Bench, text: &[u8]) -> (BodyId, Vec<(mailstore::AccountId, Added)>) {
    let accounts = ["a", "b", "c"].map(|local| store.account(local));
    let new = store.message(store.inbox(accounts[0]), text);
    let mut jobs = Together::default();
    let waiting = accounts.map(|account| {
        let mut new = new.clone();
        new.mailbox = store.inbox(account);
        jobs.add(Actor::RECEPTION, account, move |tx| tx.add_message(&new))
    });
    store.submit(jobs);
    let done = |done: Committing<Added, StoreError>| done.wait().unwrap().into_inner();
    (new.body.id(), accounts.into_iter().zip(waiting.map(done)).collect())
}

fn a_body_that_several_accounts_share_is_stored_once(store: &Bench) -> Facts {
    let text = octets(LARGE);
    let (id, messages) = shared(store, &text);
    let site = store.site.clone();
    Facts::new(move |store| {
        for (account, added) in &messages {
            let message = store.view(*account).unwrap().message(added.message).unwrap();
            assert_eq!(message.body, id);
            assert!(read(store, *account, id).unwrap() == text);
        }
        if let Some(site) = &site {
            assert_eq!(site.body_files().len(), 1);
        }
    })
}

fn a_shared_body_survives_the_expunge_in_one_account(store: &Bench) -> Facts {
    let texts = [letter("1"), octets(LARGE)];
    let delivered = texts.clone().map(|text| {
        let shared = shared_in(store, &text);
        let (account, added) = shared.1[0];
        let inbox = store.inbox(account);
        store.change(account, move |tx| tx.expunge(inbox, &[added.uid], Expunge::All));
        shared
    });
    Facts::new(move |store| {
        for ((id, messages), text) in delivered.iter().zip(&texts) {
            assert_error!(read(store, messages[0].0, *id).unwrap_err(), StoreError::NoSuchBody);
            assert!(read(store, messages[1].0, *id).unwrap() == *text);
            assert!(read(store, messages[2].0, *id).unwrap() == *text);
        }
    })
}

/// As [`shared`], in accounts that may exist already.
fn shared_in(store: &Bench, text: &[u8]) -> (BodyId, Vec<(mailstore::AccountId, Added)>) {
    let known = store.operator_view().unwrap().accounts(None, 3).unwrap();
    if known.is_empty() {
        return shared(store, text);
    }
    let new = store.message(store.inbox(known[0]), text);
    let deliver = |account| {
        let mut new = new.clone();
        new.mailbox = store.inbox(account);
        (account, store.change(account, move |tx| tx.add_message(&new)))
    };
    (new.body.id(), known.into_iter().map(deliver).collect())
}

fn a_shared_body_survives_the_erasure_of_one_account(store: &Bench) -> Facts {
    let texts = [letter("1"), octets(LARGE)];
    let delivered = texts.clone().map(|text| shared_in(store, &text));
    let erased = delivered[0].1[0].0;
    store.erase_account(Actor::SYSTEM, erased).unwrap();
    Facts::new(move |store| {
        for ((id, messages), text) in delivered.iter().zip(&texts) {
            for (account, _) in messages.iter().filter(|(account, _)| *account != erased) {
                assert!(read(store, *account, *id).unwrap() == *text);
            }
        }
    })
}

fn a_document_holds_its_body_after_the_message_is_gone(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let texts = [letter("1"), octets(LARGE)];
    let ids = texts.clone().map(|text| {
        let added = store.deliver(account, &text);
        let body = store.seen(account).message(added.message).unwrap().body;
        store.change(account, move |tx| tx.share_with_record(body, [1; 16]));
        store.change(account, move |tx| tx.expunge(inbox, &[added.uid], Expunge::All));
        body
    });
    Facts::new(move |store| {
        for (id, text) in ids.iter().zip(&texts) {
            assert!(read(store, account, *id).unwrap() == *text);
        }
    })
}

fn a_body_that_nobody_holds_is_gone(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let added = store.deliver(account, &octets(LARGE));
    let id = store.seen(account).message(added.message).unwrap().body;
    let (first, second) = ([1; 16], [2; 16]);
    for holder in [first, second, second] {
        store.change(account, move |tx| tx.share_with_record(id, holder));
    }
    store.change(account, move |tx| tx.expunge(inbox, &[added.uid], Expunge::All));
    store.change(account, move |tx| tx.release_record(id, first));
    assert!(read(store, account, id).unwrap() == octets(LARGE));
    store.change(account, move |tx| tx.release_record(id, second));
    let error = store.refuse(account, move |tx| tx.release_record(id, second));
    assert_error!(error, StoreError::NoSuchBody);
    let error = store.refuse(account, move |tx| tx.share_with_record(id, first));
    assert_error!(error, StoreError::NoSuchBody);
    let site = store.site.clone();
    let opening = std::cell::Cell::new(0);
    Facts::new(move |store| {
        assert_error!(read(store, account, id).unwrap_err(), StoreError::NoSuchBody);
        // Its file is swept when the store is next opened, if not before.
        if let Some(site) = &site
            && opening.replace(opening.get() + 1) > 0
        {
            assert!(site.body_files().is_empty());
        }
    })
}

fn a_body_opens_only_in_accounts_that_name_it(store: &Bench) {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let added = store.deliver(marie, &letter("1"));
    let id = store.seen(marie).message(added.message).unwrap().body;
    assert!(store.body(&store.seen(marie), id).is_ok());
    assert_error!(store.body(&store.seen(paul), id).unwrap_err(), StoreError::NoSuchBody);
    let operator = store.operator_view().unwrap();
    assert_error!(store.body(&operator, id).unwrap_err(), StoreError::NoSuchBody);
}

fn a_body_may_be_named_by_a_later_transaction(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let text = octets(LARGE);
    let new = store.message(inbox, &text);
    let id = new.body.id();
    // Held, let go, and held again while the caller still has it.
    for _ in 0..2 {
        let new = new.clone();
        let added = store.change(account, move |tx| tx.add_message(&new));
        store.change(account, move |tx| tx.expunge(inbox, &[added.uid], Expunge::All));
    }
    store.change(account, move |tx| tx.add_message(&new));
    Facts::new(move |store| assert!(read(store, account, id).unwrap() == text))
}

fn bodies_beyond_the_memory_allowance_are_stored_as_well(store: &Bench) -> Facts {
    let account = store.account("marie");
    // 64 MB are held in memory for all bodies under way; these take 70 MB.
    let text = octets(250 * 1024);
    let bodies: Vec<_> = (0..280).map(|_| store.take_in(&text)).collect();
    let ids: Vec<_> = bodies.iter().map(|body| body.id()).collect();
    let mut jobs = Together::default();
    let mut waiting = Vec::new();
    for body in bodies {
        waiting.push(jobs.add(Actor::SYSTEM, account, move |tx| tx.hold_record(&body, [1; 16])));
    }
    store.submit(jobs);
    for done in waiting {
        let done: Result<_, StoreError> = done.wait();
        done.unwrap().into_inner();
    }
    let site = store.site.clone();
    Facts::new(move |store| {
        for id in [ids[0], ids[140], ids[279]] {
            assert!(read(store, account, id).unwrap() == text);
        }
        if let Some(site) = &site {
            assert!(!site.body_files().is_empty());
        }
    })
}

// DESIGN, Frames: bodies may go ahead of the batch that names them. IMAP's MULTIAPPEND is atomic.
fn one_transaction_may_name_many_bodies(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let text = octets(250 * 1024);
    // 20 MB, each short enough to lie in a frame.
    let messages: Vec<_> = (0..80).map(|_| store.message(inbox, &text)).collect();
    let added: Vec<Added> =
        store.change(account, move |tx| messages.iter().map(|new| tx.add_message(new)).collect());
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        assert_eq!(view.counters().unwrap().messages, 80);
        for added in [added[0], added[40], added[79]] {
            let id = view.message(added.message).unwrap().body;
            assert!(read(store, account, id).unwrap() == text);
        }
    })
}

fn a_body_that_no_transaction_names_leaves_nothing(store: &Bench) -> Facts {
    drop(store.take_in(&octets(LARGE)));
    if let Some(site) = &store.site {
        assert!(site.body_files().is_empty(), "a finished body was dropped");
    }
    // A connection that ends in the middle of DATA.
    let mut writer = store.body_writer().unwrap();
    writer.write(&octets(LARGE)).unwrap();
    drop(writer);
    // A transaction that refuses.
    let account = store.account("marie");
    let body = store.take_in(&octets(LARGE));
    store.refuse(account, move |tx| {
        tx.hold_record(&body, [1; 16])?;
        Err::<(), _>(StoreError::OverQuota)
    });
    let site = store.site.clone();
    let opening = std::cell::Cell::new(0);
    Facts::new(move |_| {
        if let Some(site) = &site
            && opening.replace(opening.get() + 1) > 0
        {
            assert!(site.body_files().is_empty(), "swept at opening");
        }
    })
}
