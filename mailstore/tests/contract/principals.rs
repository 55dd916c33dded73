//! Principals and grants: who authenticates, and what opens to them.
//!
//! DESIGN, *Who acts*: a grant (principal, account, rights, from, until) opens accounts; owning
//! one is a grant as well.

use crate::bench::{Bench, DAY, Facts, SECOND, assert_same, new_account};
use crate::dump::everything;
use domain::Clock;
use mailstore::model::account::NewAccount;
use mailstore::model::change::ChangeKind;
use mailstore::model::principal::{Grant, NewPrincipal, PrincipalKind, Rights};
use mailstore::{AccountId, PrincipalId, StoreError};

contract! {
    a_principal_is_found_by_its_log_in_name,
    a_log_in_name_is_taken_once,
    an_account_whose_owner_cannot_be_made_is_not_made,
    a_principal_is_at_home_in_one_account,
    an_owner_has_every_right,
    a_grant_holds_for_its_time_and_its_rights,
    a_second_grant_replaces_the_first,
    a_revoked_grant_opens_nothing,
    a_grant_may_come_back_after_it_was_revoked,
    accounts_of_a_principal_are_those_that_opened_to_it,
    principals_and_grants_are_logged,
}

fn principal(login: Option<&str>) -> NewPrincipal {
    NewPrincipal {
        kind: PrincipalKind::Application,
        name: "Logiciel de cabinet".into(),
        login: login.map(Into::into),
    }
}

fn owned(local: &str) -> NewAccount {
    NewAccount { owner: Some(principal(Some(local))), ..new_account(local) }
}

fn make(store: &Bench, account: AccountId, login: Option<&str>) -> PrincipalId {
    let new = principal(login);
    store.change(account, move |tx| tx.create_principal(&new))
}

fn reader() -> Grant {
    Grant { rights: Rights::READ, owner: false, from: 0, until: None }
}

fn a_principal_is_found_by_its_log_in_name(store: &Bench) -> Facts {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let hers = make(store, marie, Some("marie"));
    let his = make(store, paul, Some("paul"));
    make(store, paul, None);
    make(store, paul, None);
    Facts::new(move |store| {
        let view = store.operator_view().unwrap();
        assert_eq!(view.principal_of_login("marie").unwrap(), Some((hers, marie)));
        assert_eq!(view.principal_of_login("paul").unwrap(), Some((his, paul)));
        assert_eq!(view.principal_of_login("pau").unwrap(), None);
        assert_eq!(view.principal_of_login("").unwrap(), None);
    })
}

fn a_log_in_name_is_taken_once(store: &Bench) {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    make(store, marie, Some("marie"));
    let before = everything(store);
    for account in [marie, paul] {
        let error = store.refuse(account, |tx| tx.create_principal(&principal(Some("marie"))));
        assert_error!(error, StoreError::LoginExists);
    }
    assert_same(&before, &everything(store), "after the refused principals");
}

fn an_account_whose_owner_cannot_be_made_is_not_made(store: &Bench) {
    store.create(owned("marie")).unwrap();
    let before = everything(store);
    let mut second = owned("paul");
    second.owner = Some(principal(Some("marie")));
    assert_error!(store.create(second).unwrap_err(), StoreError::LoginExists);
    assert_same(&before, &everything(store), "after the refused account");
    store.create(owned("paul")).unwrap();
}

fn a_principal_is_at_home_in_one_account(store: &Bench) {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let hers = make(store, marie, Some("marie"));
    store.change(paul, move |tx| tx.grant(hers, &reader()));
    assert_eq!(store.seen(marie).principal(hers).unwrap(), principal(Some("marie")));
    assert_error!(store.seen(paul).principal(hers).unwrap_err(), StoreError::NoSuchPrincipal);
}

fn an_owner_has_every_right(store: &Bench) -> Facts {
    let made = store.create(owned("marie")).unwrap();
    let owner = made.owner.unwrap();
    let now = store.clock.now();
    Facts::new(move |store| {
        let view = store.view(made.account).unwrap();
        let grant = view.grant_of(owner).unwrap().unwrap();
        assert!(grant.owner && grant.until.is_none());
        for rights in [Rights::READ, Rights::WRITE, Rights::SEND_AS, Rights::MANAGE, Rights::ALL] {
            assert!(grant.allows(rights, now) && grant.allows(rights, now + DAY * 3650));
            assert!(!grant.allows(rights, now - SECOND));
        }
        assert_eq!(view.grants().unwrap(), [(owner, grant)]);
        assert_eq!(store.operator_view().unwrap().accounts_of(owner, 100).unwrap(), [made.account]);
    })
}

fn a_grant_holds_for_its_time_and_its_rights(store: &Bench) -> Facts {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let secretary = make(store, paul, Some("secretary"));
    let now = store.clock.now();
    let from = now + DAY;
    let until = now + DAY * 3;
    let grant = Grant {
        rights: Rights::READ.and(Rights::SEND_AS),
        owner: false,
        from: from.as_second(),
        until: Some(until.as_second()),
    };
    store.change(marie, move |tx| tx.grant(secretary, &grant));
    Facts::new(move |store| {
        let kept = store.view(marie).unwrap().grant_of(secretary).unwrap().unwrap();
        assert_eq!(kept, grant);
        assert!(!kept.allows(Rights::READ, now) && !kept.allows(Rights::READ, from - SECOND));
        assert!(kept.allows(Rights::READ, from) && kept.allows(Rights::SEND_AS, until - SECOND));
        assert!(!kept.allows(Rights::READ, until) && !kept.allows(Rights::READ, until + DAY));
        assert!(!kept.allows(Rights::WRITE, from) && !kept.allows(Rights::ALL, from));
    })
}

fn a_second_grant_replaces_the_first(store: &Bench) {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let his = make(store, paul, None);
    store.change(marie, move |tx| tx.grant(his, &reader()));
    let wider = Grant { rights: Rights::ALL, ..reader() };
    store.change(marie, move |tx| tx.grant(his, &wider));
    assert_eq!(store.seen(marie).grants().unwrap(), [(his, wider)]);
    assert_eq!(store.operator_view().unwrap().accounts_of(his, 100).unwrap(), [marie]);
}

fn a_revoked_grant_opens_nothing(store: &Bench) -> Facts {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let his = make(store, paul, None);
    let other = make(store, paul, None);
    for id in [his, other] {
        store.change(marie, move |tx| tx.grant(id, &reader()));
    }
    store.change(marie, move |tx| tx.revoke(his));
    Facts::new(move |store| {
        let view = store.view(marie).unwrap();
        assert_eq!(view.grant_of(his).unwrap(), None);
        assert_eq!(view.grants().unwrap(), [(other, reader())]);
        let operator = store.operator_view().unwrap();
        assert_eq!(operator.accounts_of(his, 100).unwrap(), []);
        assert_eq!(operator.accounts_of(other, 100).unwrap(), [marie]);
    })
}

fn a_grant_may_come_back_after_it_was_revoked(store: &Bench) {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let his = make(store, paul, None);
    for _ in 0..3 {
        store.change(marie, move |tx| tx.grant(his, &reader()));
        assert_eq!(store.operator_view().unwrap().accounts_of(his, 100).unwrap(), [marie]);
        store.change(marie, move |tx| tx.revoke(his));
        assert_eq!(store.operator_view().unwrap().accounts_of(his, 100).unwrap(), []);
    }
}

fn accounts_of_a_principal_are_those_that_opened_to_it(store: &Bench) -> Facts {
    let mut opened: Vec<_> = ["a", "b", "c"].map(|local| store.account(local)).into();
    store.account("d");
    let his = make(store, opened[0], None);
    for &account in &opened {
        store.change(account, move |tx| tx.grant(his, &reader()));
    }
    opened.sort();
    Facts::new(move |store| {
        assert_eq!(store.operator_view().unwrap().accounts_of(his, 100).unwrap(), opened);
        let stranger = PrincipalId::from_bytes([3; 16]);
        assert_eq!(store.operator_view().unwrap().accounts_of(stranger, 100).unwrap(), []);
    })
}

fn principals_and_grants_are_logged(store: &Bench) {
    let account = store.account("marie");
    let kinds = |since| {
        let changes = store.seen(account).changes(since, 10).unwrap();
        changes.into_iter().map(|(_, change)| change.kind).collect::<Vec<_>>()
    };
    let head = || store.seen(account).highest_mod_seq().unwrap();
    let before = head();
    let id = make(store, account, Some("marie"));
    assert_eq!(kinds(before), [ChangeKind::RecordChanged], "a principal was made");
    let before = head();
    store.change(account, move |tx| tx.grant(id, &reader()));
    assert_eq!(kinds(before), [ChangeKind::RecordChanged], "a grant was given");
    let before = head();
    store.change(account, move |tx| tx.revoke(id));
    assert_eq!(kinds(before), [ChangeKind::RecordChanged], "a grant was revoked");
}
