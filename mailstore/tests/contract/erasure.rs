//! Erasure: nothing finds the account, nothing reads it, everybody else keeps everything.
//!
//! DESIGN, *Keystore and erasure*: batch *erasing* on disk, slot overwritten, batch *erased*; at
//! opening *erasing* is carried through. After erasure no file gives back a marker word.

use crate::bench::{Bench, CONSUMERS, Facts, assert_same, clock, keyword, name, new_account};
use crate::dump::{accounts, everything};
use crate::letters::{letter, octets};
use crate::site::Site;
use domain::{InsReading, Mode};
use mailstore::model::account::{CreatedAccount, NewAccount};
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::model::mailbox::SpecialUse;
use mailstore::model::principal::{Grant, NewPrincipal, PrincipalKind, Rights};
use mailstore::verify::Finding;
use mailstore::{AccountId, Actor, Fault, Store, StoreError};

contract! {
    nothing_finds_an_erased_account,
    an_erased_account_takes_no_changes,
    an_erased_account_cannot_be_subscribed_to,
    its_address_ins_and_log_in_name_can_be_used_again,
    others_are_untouched,
    a_large_account_is_erased_in_steps,
    what_is_stored_is_sealed,
}

/// No file may ever hold this.
const MARKER: &str = "xylographe";
const INS: &str = "246037433000253";

fn ins() -> InsReading {
    InsReading::read(INS, "1.2.250.1.213.1.4.10", Mode::Test).unwrap()
}

/// An account that holds something of everything, and names the marker wherever it can.
fn full_account(store: &Bench) -> CreatedAccount {
    let owner = NewPrincipal {
        kind: PrincipalKind::Person,
        name: format!("Dr {MARKER}"),
        login: Some(MARKER.into()),
    };
    let made = store.create(NewAccount {
        ins: Some(ins()),
        owner: Some(owner),
        mailboxes: vec![(name(MARKER), SpecialUse::Archive)],
        ..new_account(MARKER)
    });
    let made = made.unwrap();
    let account = made.account;
    let inbox = store.inbox(account);
    store.deliver(account, &letter(MARKER));
    store.deliver(account, format!("\r\n{}", MARKER.repeat(40_000)).as_bytes());
    store.deliver(account, &octets(300 * 1024));
    store.mailbox(account, &format!("{MARKER}/{MARKER}"));
    store.change(account, move |tx| {
        let at = tx.keyword(inbox, &keyword(MARKER))?;
        tx.store_flags(inbox, &[1], FlagChange::Add(Flags::keyword(at).unwrap()), None)?;
        tx.accept_once(MARKER.as_bytes(), crate::bench::queue_id(1))
    });
    made
}

fn gone(store: &Store, made: CreatedAccount) {
    let operator = store.operator_view().unwrap();
    let address = new_account(MARKER).address;
    assert_eq!(operator.account_of(&address).unwrap(), None);
    assert_eq!(operator.account_of_ins(&ins()).unwrap(), None);
    assert_eq!(operator.principal_of_login(MARKER).unwrap(), None);
    assert_eq!(operator.accounts_of(made.owner.unwrap(), 100).unwrap(), []);
    assert!(!accounts(&operator).unwrap().contains(&made.account));
    for consumer in CONSUMERS {
        assert!(!store.pending(consumer, None, 100).unwrap().contains(&made.account));
    }
    let error = store.view(made.account).unwrap_err();
    assert_error!(error, StoreError::NoSuchAccount);
    assert_eq!(error.fault(), Fault::Refusal);
}

fn nothing_finds_an_erased_account(store: &Bench) -> Facts {
    let made = full_account(store);
    store.erase_account(Actor::SYSTEM, made.account).unwrap();
    let site = store.site.clone();
    let opening = std::cell::Cell::new(0);
    Facts::new(move |store| {
        gone(store, made);
        if let Some(site) = &site
            && opening.replace(opening.get() + 1) > 0
        {
            assert!(site.body_files().is_empty(), "bodies are swept at opening");
        }
    })
}

fn an_erased_account_takes_no_changes(store: &Bench) {
    let made = full_account(store);
    let new = store.message(store.inbox(made.account), &letter("late"));
    store.erase_account(Actor::SYSTEM, made.account).unwrap();
    let error = store.refuse(made.account, move |tx| tx.add_message(&new));
    assert_error!(error, StoreError::NoSuchAccount);
    // It may be asked for again.
    store.erase_account(Actor::SYSTEM, made.account).unwrap();
    let never = AccountId::from_bytes([5; 16]);
    let error = store.erase_account(Actor::SYSTEM, never).unwrap_err();
    assert_error!(error, StoreError::NoSuchAccount);
}

fn an_erased_account_cannot_be_subscribed_to(store: &Bench) {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let woken = store.subscribe(marie).unwrap();
    store.erase_account(Actor::SYSTEM, marie).unwrap();
    store.erase_account(Actor::SYSTEM, paul).unwrap();
    assert_error!(store.subscribe(paul).unwrap_err(), StoreError::NoSuchAccount);
    // Whether somebody had subscribed before makes no difference.
    assert_error!(store.subscribe(marie).unwrap_err(), StoreError::NoSuchAccount);
    drop(woken);
}

fn its_address_ins_and_log_in_name_can_be_used_again(store: &Bench) -> Facts {
    let first = full_account(store);
    store.erase_account(Actor::SYSTEM, first.account).unwrap();
    let second = full_account(store);
    assert_ne!(first.account, second.account);
    Facts::new(move |store| {
        let operator = store.operator_view().unwrap();
        let found = operator.account_of(&new_account(MARKER).address).unwrap();
        assert_eq!(found, Some(second.account));
        assert_eq!(operator.account_of_ins(&ins()).unwrap(), Some(second.account));
        let owner = (second.owner.unwrap(), second.account);
        assert_eq!(operator.principal_of_login(MARKER).unwrap(), Some(owner));
        assert_error!(store.view(first.account).unwrap_err(), StoreError::NoSuchAccount);
        assert_eq!(store.view(second.account).unwrap().counters().unwrap().messages, 3);
    })
}

fn others_are_untouched(store: &Bench) -> Facts {
    let (marie, paul) = (store.account("marie"), store.account("paul"));
    let erased = full_account(store);
    store.deliver(marie, &letter("1"));
    store.deliver(paul, &octets(300 * 1024));
    // Grants both ways between the erased account and another.
    let hers = NewPrincipal { kind: PrincipalKind::Person, name: "M".into(), login: None };
    let hers = store.change(marie, move |tx| tx.create_principal(&hers));
    let reader = Grant { rights: Rights::READ, owner: false, from: 0, until: None };
    for account in [marie, erased.account] {
        store.change(account, move |tx| tx.grant(hers, &reader));
    }
    let of_others = move |store: &Store| {
        let mine = |line: &String| {
            let ours = [marie, paul].iter().any(|id| line.starts_with(&id.to_string()));
            ours && !line.contains(" accounts of ")
        };
        everything(store).into_iter().filter(mine).collect::<Vec<_>>()
    };
    let before = of_others(store);
    assert!(before.len() > 10);
    store.erase_account(Actor::SYSTEM, erased.account).unwrap();
    Facts::new(move |store| {
        assert_same(&before, &of_others(store), "after the erasure of another");
        assert_eq!(store.operator_view().unwrap().accounts_of(hers, 100).unwrap(), [marie]);
    })
}

fn a_large_account_is_erased_in_steps(store: &Bench) -> Facts {
    let account = store.account("marie");
    store.deliver_many(account, store.inbox(account), 1200);
    store.erase_account(Actor::SYSTEM, account).unwrap();
    Facts::new(move |store| {
        assert_error!(store.view(account).unwrap_err(), StoreError::NoSuchAccount);
        assert_eq!(accounts(&store.operator_view().unwrap()).unwrap(), []);
    })
}

fn what_is_stored_is_sealed(store: &Bench) -> Facts {
    full_account(store);
    let site = store.site.clone();
    Facts::new(move |_| {
        let Some(site) = &site else { return };
        // The search does find what is there.
        assert_eq!(site.files_with(b"pli-keys"), [site.keystore()]);
        for word in [MARKER, INS, "Compte rendu", "clinique.example", "INBOX"] {
            assert_eq!(site.files_with(word.as_bytes()), [] as [std::path::PathBuf; 0], "{word}");
        }
        assert_eq!(site.files_with(&octets(300 * 1024)[..32]), [] as [std::path::PathBuf; 0]);
    })
}

fn site_with_two_accounts() -> (Site, CreatedAccount, AccountId) {
    let site = Site::new(clock());
    site.create().unwrap();
    let store = Bench::at(&site);
    let made = full_account(&store);
    let other = store.account("other");
    store.deliver(other, &letter("kept"));
    drop(store);
    (site, made, other)
}

#[test]
fn the_key_of_an_erased_account_is_zeros_in_the_keystore() {
    const SLOT: usize = 128;
    let (site, made, other) = site_with_two_accounts();
    let slot_of = |site: &Site, account: AccountId| {
        let keystore = site.disk.read_file(site.keystore()).unwrap();
        memchr::memmem::find(&keystore, account.as_bytes()).map(|at| at / SLOT)
    };
    let slot = slot_of(&site, made.account).expect("a living account has a slot");
    let store = site.open();
    store.erase_account(Actor::SYSTEM, made.account).unwrap();
    let keystore = site.disk.read_file(site.keystore()).unwrap();
    assert_eq!(keystore[slot * SLOT..(slot + 1) * SLOT], [0; SLOT]);
    assert_eq!(slot_of(&site, made.account), None);
    assert!(slot_of(&site, other).is_some());
    // And not only in the page cache.
    site.disk.power_cut_with(mailstore::disk::Survival::None);
    assert_eq!(slot_of(&site, made.account), None);
    drop(store);
    gone(&site.open(), made);
}

#[test]
fn an_older_copy_of_the_log_cannot_be_read_with_the_keystore_after_erasure() {
    let (site, made, other) = site_with_two_accounts();
    let copy = site.fork();
    let control = site.fork();
    assert_eq!(control.open().view(made.account).unwrap().counters().unwrap().messages, 3);

    let store = site.open();
    store.erase_account(Actor::SYSTEM, made.account).unwrap();
    drop(store);
    let keystore = site.disk.read_file(site.keystore()).unwrap();
    copy.overwrite(&copy.keystore(), &keystore);
    for rebuilt in [false, true] {
        if rebuilt {
            mailstore::disk::Disk::remove(&copy.disk, &copy.index()).unwrap();
        }
        // An account without slot is damage of that account only.
        let store = copy.open();
        let error = store.view(made.account).expect_err("its key is gone");
        assert_eq!(error.fault(), Fault::Damage, "{error:?}");
        assert_eq!(store.view(other).unwrap().counters().unwrap().messages, 1);
        drop(store);
        let report = copy.verify();
        assert_eq!(report.findings, [Finding::AccountKey(made.account)]);
    }
}

#[test]
fn a_power_cut_during_erasure_leaves_the_account_whole_or_gone() {
    let (site, made, other) = site_with_two_accounts();
    let whole = everything(&site.fork().open());
    for ops in 1.. {
        let site = site.fork();
        let store = site.open();
        site.disk.cut_after(ops);
        let erased = store.erase_account(Actor::SYSTEM, made.account);
        let cut = site.disk.is_off();
        drop(store);
        site.disk.restart();
        let (store, recovery) = site.try_open().unwrap();
        assert!(recovery.damage.is_empty(), "cut after {ops}: {recovery:?}");
        if erased.is_ok() || store.view(made.account).is_err() {
            gone(&store, made);
        } else {
            assert_same(&whole, &everything(&store), &format!("cut after {ops}"));
        }
        assert_eq!(store.view(other).unwrap().counters().unwrap().messages, 1);
        drop(store);
        site.verify_sound();
        if !cut {
            return;
        }
    }
}
