//! Mailboxes: names, hierarchy, UIDVALIDITY, keywords.

use crate::bench::{Bench, Facts, assert_same, keyword, name};
use crate::dump::everything;
use crate::letters::letter;
use mailstore::model::change::ChangeKind;
use mailstore::model::expunge::EXPUNGED_AT_ONCE;
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::model::keyword::MAX_KEYWORDS;
use mailstore::model::mailbox::{MAX_MAILBOXES, MailboxName, SpecialUse};
use mailstore::{AccountId, Actor, MailboxId, StoreError};

contract! {
    a_mailbox_is_found_by_its_name,
    inbox_is_found_whatever_its_case,
    a_name_that_cannot_be_is_refused,
    a_name_that_is_taken_is_refused,
    missing_parents_are_made,
    making_a_mailbox_is_one_change_whatever_parents_were_missing,
    renaming_takes_the_children_along,
    renaming_keeps_what_is_in_it,
    a_rename_that_cannot_be_changes_nothing,
    a_deleted_mailbox_takes_its_placements_with_it,
    deleting_a_mailbox_is_one_change,
    a_mailbox_that_must_stay_stays,
    a_mailbox_keeps_its_special_use_and_subscription,
    uid_validity_strictly_increases_though_the_clock_stands_still,
    keywords_keep_their_place_and_are_bounded,
    mailboxes_of_an_account_are_bounded,
    a_keyword_gets_the_bit_of_one_that_nobody_has_used_for_an_hour,
    a_mailbox_of_any_size_can_be_deleted,
    recent_messages_are_told_of_once,
}

fn found(store: &Bench, account: AccountId, text: &str) -> Option<MailboxId> {
    store.seen(account).mailbox_named(&name(text)).unwrap()
}

fn names(store: &mailstore::Store, account: AccountId) -> Vec<String> {
    let boxes = store.view(account).unwrap().mailboxes().unwrap();
    let mut names: Vec<_> = boxes.iter().map(|(_, m)| m.name.as_str().to_owned()).collect();
    names.sort();
    names
}

fn a_mailbox_is_found_by_its_name(store: &Bench) -> Facts {
    let account = store.account("marie");
    let made = store.mailbox(account, "Résultats d'analyses");
    let other = store.account("paul");
    Facts::new(move |store| {
        let of = |account, text| store.view(account).unwrap().mailbox_named(&name(text)).unwrap();
        assert_eq!(of(account, "Résultats d'analyses"), Some(made));
        assert_eq!(of(account, "résultats d'analyses"), None);
        assert_eq!(of(account, "Résultats"), None);
        assert_eq!(of(other, "Résultats d'analyses"), None);
        let record = store.view(account).unwrap().mailbox(made).unwrap();
        assert_eq!(record.name.as_str(), "Résultats d'analyses");
    })
}

fn inbox_is_found_whatever_its_case(store: &Bench) {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    for text in ["INBOX", "inbox", "InBoX"] {
        assert_eq!(found(store, account, text), Some(inbox));
        let error = store.refuse(account, move |tx| tx.create_mailbox(&name(text), None));
        assert_error!(error, StoreError::MailboxExists);
    }
    let child = store.mailbox(account, "inbox/2026");
    assert_eq!(found(store, account, "Inbox/2026"), Some(child));
    assert_eq!(names(store, account), ["INBOX", "INBOX/2026"]);
}

fn a_name_that_cannot_be_is_refused(_: &Bench) {
    let deep = ["a"; 21].join("/");
    let long = "a".repeat(1001);
    for bad in
        ["", "/", "/a", "a/", "a//b", " a", "a ", "a/ b", "a\0", "a\r\n", "a*", "a%", &deep, &long]
    {
        assert_error!(MailboxName::new(bad).unwrap_err(), StoreError::MailboxName);
    }
    for good in ["a", "a b", "a.b", "É/à/ç", "\"quoted\"", "&é", &["a"; 20].join("/")] {
        assert_eq!(MailboxName::new(good).unwrap().as_str(), good);
    }
}

fn a_name_that_is_taken_is_refused(store: &Bench) {
    let account = store.account("marie");
    store.mailbox(account, "A/B");
    let before = everything(store);
    for text in ["A", "A/B"] {
        let error = store.refuse(account, move |tx| tx.create_mailbox(&name(text), None));
        assert_error!(error, StoreError::MailboxExists);
    }
    assert_same(&before, &everything(store), "after the refused mailboxes");
}

fn missing_parents_are_made(store: &Bench) -> Facts {
    let account = store.account("marie");
    store.mailbox(account, "A");
    store.mailbox(account, "A/B/C/D");
    Facts::new(move |store| {
        assert_eq!(names(store, account), ["A", "A/B", "A/B/C", "A/B/C/D", "INBOX"]);
        assert_eq!(store.view(account).unwrap().counters().unwrap().mailboxes, 5);
    })
}

/// The kinds of the changes above `since`, and how many mailboxes each names.
fn logged(store: &Bench, account: AccountId, since: u64) -> Vec<(ChangeKind, usize)> {
    let changes = store.seen(account).changes(since, 10).unwrap();
    changes.iter().map(|(_, change)| (change.kind, change.mailboxes.len())).collect()
}

// DESIGN, Identities: a change is a command's effect: one modification sequence, one log entry.
fn making_a_mailbox_is_one_change_whatever_parents_were_missing(store: &Bench) {
    let account = store.account("marie");
    let since = store.seen(account).highest_mod_seq().unwrap();
    store.mailbox(account, "A/B/C");
    assert_eq!(logged(store, account, since), [(ChangeKind::MailboxCreated, 3)]);
}

fn renaming_takes_the_children_along(store: &Bench) -> Facts {
    let account = store.account("marie");
    let [a, _, deep] = ["A", "A/B", "A/B/C"].map(|text| store.mailbox(account, text));
    for text in ["AB", "AB/C", "B/A"] {
        store.mailbox(account, text);
    }
    let since = store.seen(account).highest_mod_seq().unwrap();
    store.change(account, move |tx| tx.rename_mailbox(a, &name("Z")));
    assert_eq!(logged(store, account, since), [(ChangeKind::MailboxChanged, 3)]);
    // The names that are free again, and new parents on the way.
    store.mailbox(account, "A");
    store.change(account, move |tx| tx.rename_mailbox(deep, &name("N/M/C")));
    Facts::new(move |store| {
        let expected = ["A", "AB", "AB/C", "B", "B/A", "INBOX", "N", "N/M", "N/M/C", "Z", "Z/B"];
        assert_eq!(names(store, account), expected);
        let view = store.view(account).unwrap();
        assert_eq!(view.mailbox_named(&name("Z")).unwrap(), Some(a));
        assert_eq!(view.mailbox_named(&name("N/M/C")).unwrap(), Some(deep));
        assert_eq!(view.mailbox_named(&name("Z/B/C")).unwrap(), None);
    })
}

fn renaming_keeps_what_is_in_it(store: &Bench) {
    let account = store.account("marie");
    let id = store.mailbox(account, "A");
    let added = store.deliver_to(account, id, &letter("1"));
    let before = store.seen(account);
    store.change(account, move |tx| tx.rename_mailbox(id, &name("B")));
    let after = store.seen(account);
    let uid_validity = |view: &mailstore::View<'_>| view.mailbox(id).unwrap().uid_validity;
    assert_eq!(uid_validity(&after), uid_validity(&before));
    assert_eq!(after.mailbox_state(id).unwrap().exists, 1);
    assert_eq!(after.placement(id, added.uid).unwrap().unwrap().message, added.message);
}

fn a_rename_that_cannot_be_changes_nothing(store: &Bench) {
    let account = store.account("marie");
    let a = store.mailbox(account, "A");
    let deep = format!("A/{}", ["x"; 19].join("/"));
    store.mailbox(account, &deep);
    store.mailbox(account, "B");
    let inbox = store.inbox(account);
    let before = everything(store);
    let try_rename = |id, to| store.refuse(account, move |tx| tx.rename_mailbox(id, &name(to)));
    assert_error!(try_rename(inbox, "Other"), StoreError::InboxStays);
    assert_error!(try_rename(a, "A/B"), StoreError::BelowItself);
    assert_error!(try_rename(a, "B"), StoreError::MailboxExists);
    assert_error!(try_rename(a, "INBOX"), StoreError::MailboxExists);
    // A child would lie too deep.
    assert_error!(try_rename(a, "N/O"), StoreError::MailboxName);
    let nobody = MailboxId::from_bytes([1; 16]);
    assert_error!(try_rename(nobody, "C"), StoreError::NoSuchMailbox);
    assert_same(&before, &everything(store), "after the refused renames");
}

fn a_deleted_mailbox_takes_its_placements_with_it(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, gone) = (store.inbox(account), store.mailbox(account, "Gone"));
    let only = store.deliver_to(account, gone, &letter("only"));
    let copied = store.deliver_to(account, gone, &letter("copied"));
    store.change(account, move |tx| tx.copy(gone, &[copied.uid], inbox));
    store.change(account, move |tx| tx.delete_mailbox(gone));
    let again = store.mailbox(account, "Gone");
    assert_ne!(again, gone);
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        assert_error!(view.mailbox(gone).unwrap_err(), StoreError::NoSuchMailbox);
        assert_error!(view.mailbox_state(gone).unwrap_err(), StoreError::NoSuchMailbox);
        assert_error!(view.message(only.message).unwrap_err(), StoreError::NoSuchMessage);
        assert_eq!(view.places_of(copied.message).unwrap(), [(inbox, 1)]);
        assert_eq!(view.flags(gone, 0, u32::MAX).unwrap(), []);
        assert_eq!(view.placements(gone, 0, u32::MAX, 10).unwrap(), []);
        let state = view.mailbox_state(again).unwrap();
        assert_eq!((state.exists, state.uid_next), (0, 1));
        let usage = view.counters().unwrap();
        assert_eq!((usage.mailboxes, usage.messages), (2, 1));
        assert_eq!(usage.octets, letter("copied").len() as u64);
    })
}

// DESIGN, Identities: a change is a command's effect: one modification sequence, one log entry.
fn deleting_a_mailbox_is_one_change(store: &Bench) {
    let account = store.account("marie");
    let gone = store.mailbox(account, "Gone");
    store.deliver_to(account, gone, &letter("1"));
    let since = store.seen(account).highest_mod_seq().unwrap();
    store.change(account, move |tx| tx.delete_mailbox(gone));
    assert_eq!(logged(store, account, since), [(ChangeKind::MailboxDeleted, 1)]);
}

fn a_mailbox_that_must_stay_stays(store: &Bench) {
    let account = store.account("marie");
    let (inbox, a) = (store.inbox(account), store.mailbox(account, "A"));
    let child = store.mailbox(account, "A/B");
    store.mailbox(account, "AB");
    let before = everything(store);
    for id in [inbox, a] {
        assert_error!(
            store.refuse(account, move |tx| tx.delete_mailbox(id)),
            StoreError::InboxStays | StoreError::HasChildren
        );
    }
    let nobody = MailboxId::from_bytes([1; 16]);
    let error = store.refuse(account, move |tx| tx.delete_mailbox(nobody));
    assert_error!(error, StoreError::NoSuchMailbox);
    assert_same(&before, &everything(store), "after the refused deletions");
    store.change(account, move |tx| tx.delete_mailbox(child));
    store.change(account, move |tx| tx.delete_mailbox(a));
    assert_eq!(names(store, account), ["AB", "INBOX"]);
}

fn a_mailbox_keeps_its_special_use_and_subscription(store: &Bench) -> Facts {
    let account = store.account("marie");
    let uses = [
        SpecialUse::Archive,
        SpecialUse::Drafts,
        SpecialUse::Junk,
        SpecialUse::Sent,
        SpecialUse::Trash,
    ];
    let made = uses.map(|special_use| {
        let of = name(&format!("{special_use:?}"));
        store.change(account, move |tx| tx.create_mailbox(&of, Some(special_use)))
    });
    let (shown, renamed) = (made[0], made[1]);
    let since = store.seen(account).highest_mod_seq().unwrap();
    store.change(account, move |tx| tx.subscribe(&name("Archive"), true));
    assert_eq!(logged(store, account, since), [(ChangeKind::RecordChanged, 0)]);
    store.change(account, move |tx| tx.subscribe(&name("Archive"), true));
    assert_eq!(logged(store, account, since).len(), 1, "it was subscribed already");
    store.change(account, move |tx| tx.subscribe(&name("Junk"), true));
    store.change(account, move |tx| tx.subscribe(&name("Junk"), false));
    store.change(account, move |tx| tx.rename_mailbox(renamed, &name("Brouillons")));
    store.change(account, move |tx| tx.delete_mailbox(shown));
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        for (id, special_use) in made.iter().zip(uses).skip(1) {
            let mailbox = view.mailbox(*id).unwrap();
            assert_eq!(mailbox.special_use, Some(special_use));
        }
        // The name stays subscribed though its mailbox is gone.
        assert_eq!(view.subscriptions().unwrap(), [name("Archive"), name("INBOX")]);
    })
}

fn uid_validity_strictly_increases_though_the_clock_stands_still(store: &Bench) {
    let account = store.account("marie");
    let uid_validity = |id| store.seen(account).mailbox(id).unwrap().uid_validity;
    let mut last = uid_validity(store.inbox(account));
    for round in 0..5 {
        let id = store.mailbox(account, "A");
        let now = uid_validity(id);
        assert!(now > last, "round {round}: {now} after {last}");
        last = now;
        store.change(account, move |tx| tx.delete_mailbox(id));
    }
    // Several in one transaction, and after time has passed.
    let made = store.change(account, |tx| {
        ["B", "C"]
            .into_iter()
            .map(|text| tx.create_mailbox(&name(text), None))
            .collect::<Result<Vec<_>, _>>()
    });
    store.clock.advance(std::time::Duration::from_secs(3600));
    for id in made.into_iter().chain([store.mailbox(account, "D")]) {
        assert!(uid_validity(id) > last);
        last = uid_validity(id);
    }
}

fn keywords_keep_their_place_and_are_bounded(store: &Bench) -> Facts {
    let account = store.account("marie");
    let (inbox, other) = (store.inbox(account), store.mailbox(account, "Other"));
    let places = store.change(account, move |tx| {
        (0..MAX_KEYWORDS)
            .map(|n| tx.keyword(inbox, &keyword(&format!("Key{n}"))))
            .collect::<Result<Vec<_>, _>>()
    });
    assert_eq!(places, (0..MAX_KEYWORDS).collect::<Vec<_>>());
    let again = store.change(account, move |tx| {
        Ok((tx.keyword(inbox, &keyword("key7"))?, tx.keyword(inbox, &keyword("KEY7"))?))
    });
    assert_eq!(again, (7, 7));
    let error = store.refuse(account, move |tx| tx.keyword(inbox, &keyword("one-more")));
    assert_error!(error, StoreError::Limit(_));
    assert_eq!(store.change(account, move |tx| tx.keyword(other, &keyword("one-more"))), 0);
    // No two keywords share a bit, and none a system flag's.
    let system = [Flags::SEEN, Flags::ANSWERED, Flags::FLAGGED, Flags::DELETED, Flags::DRAFT];
    let mut all = system.into_iter().fold(Flags::NONE, Flags::and);
    for at in places {
        let bit = Flags::keyword(at).unwrap();
        assert!(bit != Flags::NONE && all.without(bit) == all, "keyword {at}");
        all = all.and(bit);
    }
    Facts::new(move |store| {
        let mailbox = store.view(account).unwrap().mailbox(inbox).unwrap();
        let kept: Vec<_> = mailbox.keywords().map(ToString::to_string).collect();
        assert_eq!(kept, (0..MAX_KEYWORDS).map(|n| format!("Key{n}")).collect::<Vec<_>>());
    })
}

fn mailboxes_of_an_account_are_bounded(store: &Bench) {
    let account = store.account("marie");
    store.change(account, |tx| {
        (1..MAX_MAILBOXES)
            .try_for_each(|n| tx.create_mailbox(&name(&format!("{n}")), None).map(drop))
    });
    let error = store.refuse(account, |tx| tx.create_mailbox(&name("one more"), None));
    assert_error!(error, StoreError::Limit(_));
    let (id, usage) =
        (found(store, account, "7").unwrap(), store.seen(account).counters().unwrap());
    assert_eq!(usage.mailboxes, MAX_MAILBOXES);
    store.change(account, move |tx| tx.delete_mailbox(id));
    store.mailbox(account, "one more");
}

fn a_keyword_gets_the_bit_of_one_that_nobody_has_used_for_an_hour(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver_many(account, inbox, 2);
    store.change(account, move |tx| {
        (0..MAX_KEYWORDS)
            .try_for_each(|n| tx.keyword(inbox, &keyword(&format!("Key{n}"))).map(drop))?;
        let used = Flags::keyword(0).unwrap();
        tx.store_flags(inbox, &[2], FlagChange::Add(used), None)
    });
    store.clock.advance(std::time::Duration::from_secs(3600));
    // Asked for again, this one stays.
    store.change(account, move |tx| tx.keyword(inbox, &keyword("key1")));
    assert_eq!(store.change(account, move |tx| tx.keyword(inbox, &keyword("new"))), 2);
    Facts::new(move |store| {
        let mailbox = store.view(account).unwrap().mailbox(inbox).unwrap();
        let bit = |text| mailbox.keyword_bit(&keyword(text));
        assert_eq!(["KEY0", "Key1", "Key2", "new"].map(bit), [Some(0), Some(1), None, Some(2)]);
    })
}

fn a_mailbox_of_any_size_can_be_deleted(store: &Bench) -> Facts {
    let account = store.account("marie");
    let large = store.mailbox(account, "Large");
    store.deliver_many(account, large, EXPUNGED_AT_ONCE + 10);
    let since = store.seen(account).highest_mod_seq().unwrap();
    store.delete_mailbox_blocking(Actor::SYSTEM, account, large).unwrap().into_inner();
    let expected = [(ChangeKind::Expunged, 0), (ChangeKind::MailboxDeleted, 1)];
    assert_eq!(logged(store, account, since), expected);
    let inbox = store.inbox(account);
    let refused = store.delete_mailbox_blocking(Actor::SYSTEM, account, inbox);
    assert_error!(refused.unwrap_err(), StoreError::InboxStays);
    Facts::new(move |store| {
        let view = store.view(account).unwrap();
        assert_eq!(view.counters().unwrap().messages, 0);
        let log = view.changes(since, 10).unwrap();
        assert_eq!(log[0].1.gone.len() + log[1].1.gone.len(), EXPUNGED_AT_ONCE + 10);
        assert_eq!(log[1].1.removed[0].mailbox, large);
    })
}

// RFC 3501 §2.3.2
fn recent_messages_are_told_of_once(store: &Bench) -> Facts {
    let account = store.account("marie");
    let inbox = store.inbox(account);
    store.deliver_many(account, inbox, 3);
    let before = store.seen(account).highest_mod_seq().unwrap();
    let claim = || store.change(account, move |tx| tx.claim_recent(inbox));
    assert_eq!((claim(), claim()), (1, 4));
    assert_eq!(store.seen(account).highest_mod_seq().unwrap(), before);
    store.deliver_many(account, inbox, 1);
    Facts::new(move |store| {
        let state = store.view(account).unwrap().mailbox_state(inbox).unwrap();
        assert_eq!((state.recent_from, state.uid_next), (4, 5));
    })
}
