//! Flags: what STORE does, in pages of 256 UIDs, one change for each command.

use crate::bench::{Bench, Facts, assert_same, keyword};
use crate::dump::everything;
use crate::letters::letter;
use mailstore::model::change::ChangeKind;
use mailstore::model::expunge::Expunge;
use mailstore::model::flags::{FlagChange, Flags, Stored};
use mailstore::model::keyword::Keyword;
use mailstore::model::placement::MAX_PLACEMENTS;
use mailstore::{AccountId, MailboxId, StoreError};

contract! {
    flags_are_set_added_and_removed,
    a_command_that_changes_nothing_takes_no_modification_sequence,
    a_command_is_one_change,
    what_changed_after_unchanged_since_is_left_alone,
    each_command_takes_the_next_modification_sequence,
    unknown_uids_are_ignored,
    uids_may_come_in_any_order_and_twice,
    an_unknown_mailbox_is_refused,
    more_placements_than_a_command_may_touch_are_refused,
    flags_are_kept_across_pages,
    a_thousand_messages_are_flagged_by_one_command,
    keywords_are_flags,
}

fn one(store: &Bench, account: AccountId, mailbox: MailboxId, uid: u32) -> (Flags, u64) {
    let found = store.seen(account).flags(mailbox, uid, uid).unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].uid, uid);
    (found[0].flags, found[0].mod_seq)
}

fn apply(
    store: &Bench,
    account: AccountId,
    uids: &[u32],
    change: FlagChange,
    unchanged_since: Option<u64>,
) -> Stored {
    let (inbox, uids) = (store.inbox(account), uids.to_vec());
    store.change(account, move |tx| tx.store_flags(inbox, &uids, change, unchanged_since))
}

fn flags_are_set_added_and_removed(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    let (uid, other) =
        (store.deliver(account, &letter("1")).uid, store.deliver(account, &letter("2")).uid);
    let both = Flags::SEEN.and(Flags::DELETED);
    for (change, expected, unseen, deleted) in [
        (FlagChange::Add(Flags::SEEN), Flags::SEEN, 1, 0),
        (FlagChange::Add(Flags::DELETED), both, 1, 1),
        (FlagChange::Add(Flags::SEEN.and(Flags::DRAFT)), both.and(Flags::DRAFT), 1, 1),
        (
            FlagChange::Remove(Flags::SEEN.and(Flags::FLAGGED)),
            Flags::DELETED.and(Flags::DRAFT),
            2,
            1,
        ),
        (FlagChange::Set(Flags::ANSWERED), Flags::ANSWERED, 2, 0),
        (FlagChange::Set(Flags::NONE), Flags::NONE, 2, 0),
        (FlagChange::Set(both), both, 1, 1),
    ] {
        let stored = apply(store, account, &[uid], change, None);
        let (flags, mod_seq) = one(store, account, inbox, uid);
        assert_eq!(flags, expected, "{change:?}");
        assert_eq!(stored.changed.len(), 1);
        assert_eq!((stored.changed[0].flags, stored.changed[0].mod_seq), (expected, mod_seq));
        assert!(stored.modified.is_empty());
        let state = store.seen(account).mailbox_state(inbox).unwrap();
        assert_eq!((state.unseen, state.deleted), (unseen, deleted), "{change:?}");
        assert_eq!(state.highest_mod_seq, mod_seq);
    }
    assert_eq!(one(store, account, inbox, other).0, Flags::NONE);
    Facts::new(move |store| {
        let found = store.view(account).unwrap().flags(inbox, 0, u32::MAX).unwrap();
        assert_eq!(found.iter().map(|f| f.flags).collect::<Vec<_>>(), [both, Flags::NONE]);
    })
}

fn a_command_that_changes_nothing_takes_no_modification_sequence(store: &Bench) {
    let account = store.account("marie");
    let uid = store.deliver(account, &letter("1")).uid;
    apply(store, account, &[uid], FlagChange::Add(Flags::SEEN), None);
    let before = everything(store);
    for change in [
        FlagChange::Add(Flags::SEEN),
        FlagChange::Set(Flags::SEEN),
        FlagChange::Remove(Flags::DRAFT),
        FlagChange::Add(Flags::NONE),
    ] {
        let stored = apply(store, account, &[uid], change, None);
        assert_eq!(stored, Stored::default());
    }
    assert_same(&before, &everything(store), "after commands without effect");
}

fn a_command_is_one_change(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver_many(account, inbox, 10);
    apply(store, account, &[4], FlagChange::Add(Flags::SEEN), None);
    let since = store.seen(account).highest_mod_seq().unwrap();
    apply(store, account, &[2, 3, 4, 5, 9], FlagChange::Add(Flags::SEEN), None);
    let changes = store.seen(account).changes(since, 10).unwrap();
    let [(mod_seq, change)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((*mod_seq, change.kind), (since + 1, ChangeKind::Flags));
    assert_eq!(change.placed.len(), 1);
    assert_eq!(change.placed[0].mailbox, inbox);
    // Only what did change.
    assert_eq!(change.placed[0].uids.ranges(), [(2, 3), (5, 5), (9, 9)]);
    assert!(change.removed.is_empty() && change.mailboxes.is_empty());
    for uid in [2, 3, 5, 9] {
        assert_eq!(one(store, account, inbox, uid).1, since + 1);
    }
    assert!(one(store, account, inbox, 4).1 <= since);
}

// RFC 7162 §3.1.3
fn what_changed_after_unchanged_since_is_left_alone(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver_many(account, inbox, 4);
    let since = store.seen(account).highest_mod_seq().unwrap();
    apply(store, account, &[2, 3], FlagChange::Add(Flags::FLAGGED), None);
    let stored = apply(store, account, &[1, 2, 3, 4], FlagChange::Add(Flags::SEEN), Some(since));
    assert_eq!(stored.modified, [2, 3]);
    assert_eq!(stored.changed.iter().map(|f| f.uid).collect::<Vec<_>>(), [1, 4]);
    assert_eq!(one(store, account, inbox, 2).0, Flags::FLAGGED);
    // Exactly at `since` is unchanged.
    let (_, at) = one(store, account, inbox, 2);
    let stored = apply(store, account, &[2], FlagChange::Add(Flags::SEEN), Some(at));
    assert_eq!((stored.changed.len(), stored.modified.len()), (1, 0));
    // RFC 7162 §3.1.3: zero fails for every message.
    let head = store.seen(account).highest_mod_seq().unwrap();
    let stored = apply(store, account, &[1, 2], FlagChange::Add(Flags::DRAFT), Some(0));
    assert_eq!((stored.changed.len(), stored.modified), (0, vec![1, 2]));
    assert_eq!(store.seen(account).highest_mod_seq().unwrap(), head);
}

fn each_command_takes_the_next_modification_sequence(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver_many(account, inbox, 3);
    for round in 0..6 {
        let before = store.seen(account).highest_mod_seq().unwrap();
        let change = match round % 2 {
            0 => FlagChange::Add(Flags::SEEN),
            _ => FlagChange::Remove(Flags::SEEN),
        };
        apply(store, account, &[1, 2, 3], change, None);
        let view = store.seen(account);
        assert_eq!(view.highest_mod_seq().unwrap(), before + 1);
        assert_eq!(view.changes(before, 10).unwrap().len(), 1);
        assert!(view.flags(inbox, 1, 3).unwrap().iter().all(|f| f.mod_seq == before + 1));
    }
}

fn unknown_uids_are_ignored(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver_many(account, inbox, 3);
    store.change(account, move |tx| tx.expunge(inbox, &[2], Expunge::All));
    let stored =
        apply(store, account, &[0, 1, 2, 3, 4, 999, u32::MAX], FlagChange::Add(Flags::SEEN), None);
    assert_eq!(stored.changed.iter().map(|f| f.uid).collect::<Vec<_>>(), [1, 3]);
    let before = everything(store);
    let stored = apply(store, account, &[0, 2, 4], FlagChange::Set(Flags::DRAFT), Some(0));
    assert_eq!(stored, Stored::default());
    apply(store, account, &[], FlagChange::Set(Flags::DRAFT), None);
    assert_same(&before, &everything(store), "after unknown UIDs");
}

fn uids_may_come_in_any_order_and_twice(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver_many(account, inbox, 300);
    let uids = [299, 1, 257, 2, 1, 299, 256, 255];
    let stored = apply(store, account, &uids, FlagChange::Add(Flags::SEEN), None);
    let changed: Vec<_> = stored.changed.iter().map(|f| f.uid).collect();
    assert_eq!(changed, [1, 2, 255, 256, 257, 299]);
    assert_eq!(store.seen(account).mailbox_state(inbox).unwrap().unseen, 294);
}

fn an_unknown_mailbox_is_refused(store: &Bench) {
    let account = store.account("marie");
    let nobody = MailboxId::from_bytes([1; 16]);
    let change = FlagChange::Add(Flags::SEEN);
    let error = store.refuse(account, move |tx| tx.store_flags(nobody, &[1], change, None));
    assert_error!(error, StoreError::NoSuchMailbox);
}

fn more_placements_than_a_command_may_touch_are_refused(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver(account, &letter("1"));
    let before = everything(store);
    let uids: Vec<_> = (1..=MAX_PLACEMENTS as u32 + 1).collect();
    let change = FlagChange::Add(Flags::SEEN);
    let many = uids.clone();
    let error = store.refuse(account, move |tx| tx.store_flags(inbox, &many, change, None));
    assert_error!(error, StoreError::Limit(_));
    let many = uids.clone();
    let error = store.refuse(account, move |tx| tx.expunge(inbox, &many, Expunge::All));
    assert_error!(error, StoreError::Limit(_));
    let many = uids.clone();
    let error = store.refuse(account, move |tx| tx.copy(inbox, &many, inbox));
    assert_error!(error, StoreError::Limit(_));
    assert_same(&before, &everything(store), "after commands that are too long");
    apply(store, account, &uids[..MAX_PLACEMENTS], change, None);
}

fn flags_are_kept_across_pages(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver_many(account, inbox, 520);
    let uids = [1, 254, 255, 256, 257, 511, 512, 513, 520];
    apply(store, account, &uids, FlagChange::Add(Flags::FLAGGED), None);
    apply(store, account, &[255, 256, 512], FlagChange::Add(Flags::SEEN), None);
    // A page that is emptied and one that loses its edges.
    let emptied: Vec<_> = (256..512).collect();
    store.change(account, move |tx| tx.expunge(inbox, &emptied, Expunge::All));
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let all = view.flags(inbox, 0, u32::MAX).unwrap();
        assert_eq!(all.len(), 520 - 256);
        assert!(all.windows(2).all(|pair| pair[0].uid < pair[1].uid));
        for found in &all {
            let flagged = uids.contains(&found.uid);
            assert_eq!(found.flags.contain(Flags::FLAGGED), flagged, "uid {}", found.uid);
            assert_eq!(found.flags.contain(Flags::SEEN), [255, 512].contains(&found.uid));
        }
        let around: Vec<_> = view.flags(inbox, 254, 513).unwrap().iter().map(|f| f.uid).collect();
        assert_eq!(around, [254, 255, 512, 513]);
        let state = view.mailbox_state(inbox).unwrap();
        assert_eq!((state.exists, state.unseen), (264, 262));
    })
}

fn a_thousand_messages_are_flagged_by_one_command(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver_many(account, inbox, 1000);
    let since = store.seen(account).highest_mod_seq().unwrap();
    let uids: Vec<_> = (1..=1000).collect();
    let stored = apply(store, account, &uids, FlagChange::Add(Flags::SEEN), None);
    assert_eq!(stored.changed.len(), 1000);
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        assert_eq!(view.highest_mod_seq().unwrap(), since + 1);
        let changes = view.changes(since, 10).unwrap();
        assert_eq!(changes.len(), 1);
        assert_eq!(changes[0].1.placed[0].uids.ranges(), [(1, 1000)]);
        let flags = view.flags(inbox, 0, u32::MAX).unwrap();
        assert!(flags.iter().all(|f| f.flags == Flags::SEEN && f.mod_seq == since + 1));
        let state = view.mailbox_state(inbox).unwrap();
        assert_eq!((state.exists, state.unseen), (1000, 0));
    })
}

fn keywords_are_flags(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver_many(account, inbox, 2);
    let bit = store.change(account, move |tx| {
        let at = tx.keyword(inbox, &keyword("$Forwarded"))?;
        let last = tx.keyword(inbox, &keyword("urgent"))?;
        let flags = Flags::keyword(at).unwrap().and(Flags::keyword(last).unwrap()).and(Flags::SEEN);
        tx.store_flags(inbox, &[2], FlagChange::Add(flags), None)?;
        tx.store_flags(inbox, &[2], FlagChange::Remove(Flags::keyword(at).unwrap()), None)?;
        Ok(last)
    });
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        let mailbox = view.mailbox(inbox).unwrap();
        let words: Vec<_> = mailbox.keywords().map(Keyword::as_str).collect();
        assert_eq!(words, ["$Forwarded", "urgent"]);
        let flags: Vec<_> = view.flags(inbox, 1, 2).unwrap().iter().map(|f| f.flags).collect();
        assert_eq!(flags, [Flags::NONE, Flags::SEEN.and(Flags::keyword(bit).unwrap())]);
    })
}
