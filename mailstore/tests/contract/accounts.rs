//! Accounts: made, found, listed, changed.
//!
//! DESIGN, *Accounts and directory*: address, kind, state, INS, traits, credentials and quota are
//! records of the account, changed in its log.

use crate::bench::{Bench, Facts, SECOND, assert_same, name, new_account};
use crate::dump::{accounts, everything};
use crate::letters::letter;
use domain::{Clock, InsReading, MailboxKind, Mode};
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::change::ChangeKind;
use mailstore::model::mailbox::SpecialUse;
use mailstore::model::principal::{NewPrincipal, PrincipalKind};
use mailstore::{AccountId, Actor, Fault, StoreError};

contract! {
    a_new_account_has_what_it_was_made_of,
    an_account_is_found_by_its_address_in_any_case,
    an_account_is_found_by_its_ins,
    checked_and_unchecked_ins_never_meet,
    an_address_or_ins_that_is_taken_is_refused,
    of_two_creations_at_once_one_wins,
    many_are_made_together_and_each_stands_for_itself,
    a_new_account_is_one_change,
    a_state_is_kept_and_logged,
    a_quota_is_kept_and_logged,
    accounts_are_listed_in_pages,
    the_operators_own_account_can_be_neither_found_nor_erased,
    nothing_personal_is_printed,
}

const RIGHT: &str = "246037433000253";
const WRONG: &str = "246037433000291";
const NIR: &str = "1.2.250.1.213.1.4.8";
const TEST: &str = "1.2.250.1.213.1.4.10";
const DEMO: &str = "1.2.250.1.213.1.4.11";

fn ins(number: &str, oid: &str) -> InsReading {
    InsReading::read(number, oid, Mode::Test).unwrap()
}

fn citizen(local: &str, ins: InsReading) -> NewAccount {
    NewAccount { kind: MailboxKind::Citizen, ins: Some(ins), ..new_account(local) }
}

fn a_new_account_has_what_it_was_made_of(store: &Bench) -> Facts {
    let owner = NewPrincipal {
        kind: PrincipalKind::Person,
        name: "Marie Martin".into(),
        login: Some("marie.martin".into()),
    };
    let made = store.create(NewAccount {
        state: AccountState::Invited,
        quota: 1_000_000,
        mailboxes: vec![
            (name("Envoyés"), SpecialUse::Sent),
            (name("Corbeille"), SpecialUse::Trash),
        ],
        owner: Some(owner.clone()),
        ..citizen("marie", ins(RIGHT, TEST))
    });
    let made = made.unwrap();
    let created = store.clock.now().as_second();
    Facts::new(move |store| {
        let view = store.view(made.account).unwrap();
        let record = view.account_record().unwrap();
        assert_eq!(record.address, "marie@hopital.example".parse().unwrap());
        assert_eq!(record.kind, MailboxKind::Citizen);
        assert_eq!(record.state, AccountState::Invited);
        assert_eq!(record.ins, Some(ins(RIGHT, TEST)));
        assert_eq!(record.created, created);
        let usage = view.counters().unwrap();
        assert_eq!((usage.quota, usage.messages, usage.octets), (1_000_000, 0, 0));
        assert_eq!(usage.mailboxes, 3);
        let used = |text| {
            let id = view.mailbox_named(&name(text)).unwrap().unwrap();
            view.mailbox(id).unwrap().special_use
        };
        assert_eq!(used("INBOX"), None);
        assert_eq!(used("Envoyés"), Some(SpecialUse::Sent));
        assert_eq!(used("Corbeille"), Some(SpecialUse::Trash));
        let principal = made.owner.unwrap();
        assert_eq!(view.principal(principal).unwrap(), owner);
        assert!(view.grant_of(principal).unwrap().unwrap().owner);
    })
}

fn an_account_is_found_by_its_address_in_any_case(store: &Bench) -> Facts {
    let marie = store.account("Marie.Martin");
    store.account("paul");
    Facts::new(move |store| {
        let view = store.operator_view().unwrap();
        let found = |address: &str| view.account_of(&address.parse().unwrap()).unwrap();
        for address in [
            "Marie.Martin@hopital.example",
            "marie.martin@hopital.example",
            "MARIE.MARTIN@HOPITAL.EXAMPLE",
        ] {
            assert_eq!(found(address), Some(marie), "{address}");
        }
        assert_eq!(found("mariemartin@hopital.example"), None);
        assert_eq!(found("marie.martin@clinique.example"), None);
        let kept = store.view(marie).unwrap().account_record().unwrap().address;
        assert_eq!(kept.to_string(), "Marie.Martin@hopital.example");
    })
}

fn an_account_is_found_by_its_ins(store: &Bench) -> Facts {
    let real = store.create(citizen("real", ins(RIGHT, NIR))).unwrap().account;
    let test = store.create(citizen("test", ins(RIGHT, TEST))).unwrap().account;
    Facts::new(move |store| {
        let view = store.operator_view().unwrap();
        assert_eq!(view.account_of_ins(&ins(RIGHT, NIR)).unwrap(), Some(real));
        // A number of test land is nobody's real number.
        assert_eq!(view.account_of_ins(&ins(RIGHT, TEST)).unwrap(), Some(test));
        assert_eq!(view.account_of_ins(&ins(RIGHT, DEMO)).unwrap(), None);
    })
}

fn checked_and_unchecked_ins_never_meet(store: &Bench) -> Facts {
    let wrong = ins(WRONG, TEST);
    assert!(wrong.checked().is_none() && ins(RIGHT, TEST).checked().is_some());
    let unchecked = store.create(citizen("unchecked", wrong)).unwrap().account;
    let checked = store.create(citizen("checked", ins(RIGHT, TEST))).unwrap().account;
    Facts::new(move |store| {
        let view = store.operator_view().unwrap();
        assert_eq!(view.account_of_ins(&ins(WRONG, TEST)).unwrap(), Some(unchecked));
        assert_eq!(view.account_of_ins(&ins(RIGHT, TEST)).unwrap(), Some(checked));
        assert_eq!(view.account_of_ins(&ins(WRONG, DEMO)).unwrap(), None);
    })
}

fn an_address_or_ins_that_is_taken_is_refused(store: &Bench) {
    store.create(citizen("marie", ins(RIGHT, NIR))).unwrap();
    let before = everything(store);
    let error = store.create(new_account("MARIE")).unwrap_err();
    assert_error!(error, StoreError::AccountExists);
    assert_eq!(error.fault(), Fault::Refusal);
    let error = store.create(citizen("paul", ins(RIGHT, NIR))).unwrap_err();
    assert_error!(error, StoreError::AccountExists);
    assert_same(&before, &everything(store), "after the refused accounts");
    // The refused account's own address has stayed free.
    store.account("paul");
}

fn of_two_creations_at_once_one_wins(store: &Bench) {
    let made: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..4).map(|_| scope.spawn(|| store.create(new_account("marie")))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let won: Vec<_> = made.iter().flatten().map(|made| made.account).collect();
    assert_eq!(won.len(), 1);
    for error in made.iter().filter_map(|made| made.as_ref().err()) {
        assert_error!(error, StoreError::AccountExists);
    }
    assert_eq!(accounts(&store.operator_view().unwrap()).unwrap(), won);
}

fn many_are_made_together_and_each_stands_for_itself(store: &Bench) -> Facts {
    let owner = NewPrincipal {
        kind: PrincipalKind::Person,
        name: "Marie Martin".into(),
        login: Some("marie.martin".into()),
    };
    let hers = store.create(NewAccount { owner: Some(owner), ..new_account("marie") }).unwrap();
    let owner = hers.owner.unwrap();
    store.account("a3");
    let new = (0..300).map(|number| new_account(&format!("a{number}"))).collect();
    let begun = store.begin_accounts(Actor::SYSTEM, Some(owner), new).unwrap();
    let mut made = Vec::new();
    let mut groups = std::collections::BTreeSet::new();
    for (number, creating) in begun.into_iter().enumerate() {
        match creating.wait() {
            Ok(done) => {
                groups.insert(done.sequence());
                assert_eq!(done.owner, Some(owner));
                made.push((number, done.account));
            }
            Err(error) => {
                assert_eq!(number, 3, "{error:?}");
                assert_error!(error, StoreError::AccountExists);
            }
        }
    }
    assert_eq!((made.len(), groups.len()), (299, 1), "they share a commit group");
    Facts::new(move |store| {
        let operator = store.operator_view().unwrap();
        for (number, account) in &made {
            let address = format!("a{number}@hopital.example").parse().unwrap();
            assert_eq!(operator.account_of(&address).unwrap(), Some(*account));
            let view = store.view(*account).unwrap();
            assert!(view.grant_of(owner).unwrap().unwrap().owner);
            assert!(view.inbox().is_ok());
        }
        // Hers and the others.
        assert_eq!(operator.accounts_of(owner, 1000).unwrap().len(), 300);
        assert_eq!(operator.accounts_of(owner, 7).unwrap().len(), 7);
    })
}

fn a_new_account_is_one_change(store: &Bench) -> Facts {
    let owner = NewPrincipal {
        kind: PrincipalKind::Person,
        name: "Marie Martin".into(),
        login: Some("marie.martin".into()),
    };
    let mailboxes = vec![(name("Dossiers/Envoyés"), SpecialUse::Sent)];
    let new = NewAccount { mailboxes, owner: Some(owner), ..new_account("marie") };
    let account = store.create(new).unwrap().account;
    Facts::new(move |store| {
        let changes = store.view(account).unwrap().changes(0, 10).unwrap();
        let [(mod_seq, change)] = &changes[..] else { panic!("{changes:?}") };
        assert_eq!((*mod_seq, change.kind), (1, ChangeKind::MailboxCreated));
        // INBOX, the parent and the child.
        assert_eq!(change.mailboxes.len(), 3);
    })
}

fn last_kinds(store: &Bench, account: AccountId, since: u64) -> Vec<ChangeKind> {
    let changes = store.seen(account).changes(since, 10).unwrap();
    changes.into_iter().map(|(_, change)| change.kind).collect()
}

fn a_state_is_kept_and_logged(store: &Bench) {
    let account = store.account("marie");
    for state in [
        AccountState::Invited,
        AccountState::Created,
        AccountState::Active,
        AccountState::Objected,
        AccountState::Closed,
    ] {
        let since = store.seen(account).highest_mod_seq().unwrap();
        store.change(account, move |tx| tx.set_account_state(state));
        assert_eq!(store.seen(account).account_record().unwrap().state, state);
        assert_eq!(last_kinds(store, account, since), [ChangeKind::RecordChanged]);
    }
}

fn a_quota_is_kept_and_logged(store: &Bench) {
    let account = store.account("marie");
    let since = store.seen(account).highest_mod_seq().unwrap();
    store.change(account, |tx| tx.set_quota(4096));
    assert_eq!(store.seen(account).counters().unwrap().quota, 4096);
    assert_eq!(last_kinds(store, account, since), [ChangeKind::RecordChanged]);
}

fn accounts_are_listed_in_pages(store: &Bench) -> Facts {
    let mut made: Vec<_> = (0..9).map(|n| store.account(&format!("a{n}"))).collect();
    // One that is erased is not listed, nor does it shorten a page.
    made.sort();
    store.erase_account(Actor::SYSTEM, made.remove(1)).unwrap();
    Facts::new(move |store| {
        let view = store.operator_view().unwrap();
        assert_eq!(accounts(&view).unwrap(), made);
        assert_eq!(view.accounts(None, 3).unwrap(), made[..3]);
        assert_eq!(view.accounts(Some(made[2]), 3).unwrap(), made[3..6]);
        assert_eq!(view.accounts(Some(made[7]), 3).unwrap(), []);
        assert_eq!(view.accounts(None, usize::MAX).unwrap(), made);
        assert_eq!(view.accounts(None, 0).unwrap(), []);
    })
}

fn the_operators_own_account_can_be_neither_found_nor_erased(store: &Bench) {
    let error = store.erase_account(Actor::SYSTEM, AccountId::OPERATOR).unwrap_err();
    assert_error!(error, StoreError::OperatorAccount);
    let view = store.operator_view().unwrap();
    assert_eq!(view.account_id(), AccountId::OPERATOR);
    assert_eq!(accounts(&view).unwrap(), []);
}

fn nothing_personal_is_printed(store: &Bench) {
    let owner = NewPrincipal {
        kind: PrincipalKind::Person,
        name: "Zylberstein".into(),
        login: Some("zylberstein".into()),
    };
    let made = store.create(NewAccount { owner: Some(owner), ..new_account("zylberstein") });
    let made = made.unwrap();
    let account = made.account;
    let mailbox = store.mailbox(account, "Zylberstein");
    store.clock.advance(SECOND);
    let text = String::from_utf8(letter("zylberstein")).unwrap();
    let new = store.message(mailbox, text.as_bytes());
    let printed_new = format!("{new:?}");
    let added = store.change(account, move |tx| tx.add_message(&new));
    let view = store.seen(account);
    let head = view.highest_mod_seq().unwrap();
    let message = view.message(added.message).unwrap();
    let printed = [
        printed_new,
        format!("{:?}", view.account_record().unwrap()),
        format!("{:?}", view.principal(made.owner.unwrap()).unwrap()),
        format!("{:?}", view.mailbox(mailbox).unwrap()),
        format!("{:?}", view.structure(added.message).unwrap()),
        format!("{:?}", view.changes(head - 1, 10).unwrap()),
        format!("{:?}", store.body(&view, message.body).unwrap()),
        format!("{message:?}"),
    ];
    for text in printed {
        assert!(!text.to_lowercase().contains("zylberstein"), "{text}");
    }
}
