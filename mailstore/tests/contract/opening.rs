//! Opening an embedded store: refused where it must be, whatever has become of the index; damage
//! of one account or one body stays there.

use crate::bench::{Bench, assert_same, clock, name};
use crate::dump::{everything, try_everything};
use crate::letters::{letter, octets};
use crate::site::Site;
use domain::ManualClock;
use mailstore::disk::{Disk, Open};
use mailstore::model::expunge::Expunge;
use mailstore::verify::Finding;
use mailstore::{AccountId, Condition, Fault, OpenError, StoreError};
use std::error::Error;

/// A closed store with a few accounts and messages, and everything in it.
fn filled() -> (Site, Vec<String>, AccountId) {
    let site = Site::new(clock());
    site.create().unwrap();
    let store = Bench::at(&site);
    let accounts = ["marie", "paul", "anne"].map(|local| store.account(local));
    for account in accounts {
        store.deliver_many(account, store.inbox(account), 100);
        store.deliver(account, &octets(300 * 1024));
        store.mailbox(account, "Analyses/2026");
    }
    let before = everything(&store);
    drop(store);
    site.verify_sound();
    (site, before, accounts[0])
}

/// Opens a store whose index was damaged; it must be as before, and stay so.
fn is_as_before(site: &Site, before: &[String], what: &str) {
    for _ in 0..2 {
        let store = site.open();
        match try_everything(&store) {
            Ok(now) => assert_same(before, &now, what),
            Err(error) => panic!("{what}: {error:?}"),
        }
        drop(store);
        site.verify_sound();
    }
}

#[test]
fn a_store_is_made_once() {
    let site = Site::new(clock());
    assert_error!(site.try_open().unwrap_err(), OpenError::Absent);
    site.create().unwrap();
    assert_error!(site.create().unwrap_err(), OpenError::Present);
    let store = Bench::at(&site);
    let account = store.account("marie");
    drop(store);
    assert_error!(site.create().unwrap_err(), OpenError::Present);
    assert!(site.open().view(account).is_ok());
}

#[test]
fn a_store_is_absent_in_a_directory_without_one() {
    let site = Site::new(clock());
    site.disk.create_dir(&site.embedding().dir).unwrap();
    assert_error!(site.try_open().unwrap_err(), OpenError::Absent);
    site.create().unwrap();
    site.open();
}

#[test]
fn a_store_in_use_is_refused_and_not_disturbed() {
    let site = Site::new(clock());
    site.create().unwrap();
    let store = Bench::at(&site);
    let account = store.account("marie");
    for _ in 0..3 {
        assert_error!(site.try_open().unwrap_err(), OpenError::InUse);
        assert_error!(site.create().unwrap_err(), OpenError::InUse | OpenError::Present);
        store.deliver(account, &letter("1"));
    }
    let second = (*store).clone();
    drop(store);
    // A clone is the same store.
    assert_error!(site.try_open().unwrap_err(), OpenError::InUse);
    let before = everything(&second);
    drop(second);
    site.verify_sound();
    is_as_before(&site, &before, "after the refused openings");
}

#[test]
fn a_wrong_operator_key_is_named_as_such_and_changes_nothing() {
    let (site, before, _) = filled();
    let mut wrong = site.clone();
    wrong.key = [8; 32];
    let error = wrong.try_open().unwrap_err();
    let mut told = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    let named = told.contains("operator") && told.contains("key");
    is_as_before(&site, &before, "after a wrong key");
    assert!(named, "the error says: {told}");
}

#[test]
fn an_index_that_is_no_index_is_rebuilt() {
    let (site, before, _) = filled();
    let index = site.disk.read_file(site.index()).unwrap();
    let replace = |what: &str, octets: &[u8]| {
        let site = site.fork();
        site.overwrite(&site.index(), octets);
        is_as_before(&site, &before, what);
    };
    replace("empty", &[]);
    replace("one octet", &[0x72]);
    replace("zeros", &vec![0; index.len()]);
    replace("garbage", &octets(index.len()));
    replace("short garbage", &octets(5000));
    replace("the header alone", &index[..512.min(index.len())]);
    for part in [2, 3, 10] {
        replace("truncated", &index[..index.len() - index.len() / part]);
    }
    let mut longer = index.clone();
    longer.extend(octets(9000));
    replace("longer", &longer);
    let mut headless = index.clone();
    headless[..4096].fill(0);
    replace("without its first page", &headless);
    let mut tail = index;
    let half = tail.len() / 2;
    tail[half..].fill(0xff);
    replace("half overwritten", &tail);
}

/// Opening does not read the whole index; what it does not notice, `verify` does.
#[test]
fn an_index_with_a_flipped_byte_is_rebuilt_or_found_by_verify() {
    let (site, before, _) = filled();
    let index = site.disk.read_file(site.index()).unwrap();
    let used: Vec<_> = (0..index.len()).filter(|at| index[*at] != 0).collect();
    let mut bad = Vec::new();
    let mut unseen = Vec::new();
    for step in 0..24 {
        let at = used[step * (used.len() - 1) / 23];
        let site = site.fork();
        site.disk.corrupt(site.index(), at as u64, 0x55).unwrap();
        let unopened = site.fork();
        let opened = std::panic::catch_unwind(|| {
            let store = site.open();
            let same = try_everything(&store).map(|now| now == before);
            drop(store);
            same.map_err(|error| error.to_string())
        });
        match opened {
            Ok(Ok(true)) => {}
            Ok(Ok(false)) => bad.push(format!("octet {at}: the store reads otherwise")),
            Ok(Err(error)) => bad.push(format!("octet {at}: {error}")),
            Err(_) => bad.push(format!("octet {at}: a panic")),
        }
        let found = std::panic::catch_unwind(|| unopened.verify().findings.len());
        if bad.last().is_some_and(|last| last.starts_with(&format!("octet {at}:")))
            && !matches!(found, Ok(1..))
        {
            unseen.push(at);
        }
    }
    assert!(unseen.is_empty(), "verify finds nothing at {unseen:?}: {bad:#?}");
}

#[test]
fn an_index_that_is_behind_the_log_catches_up() {
    let (site, _, account) = filled();
    let old = site.disk.read_file(site.index()).unwrap();
    let store = Bench::at(&site);
    store.deliver_many(account, store.inbox(account), 30);
    store.account("late");
    let before = everything(&store);
    drop(store);
    site.overwrite(&site.index(), &old);
    is_as_before(&site, &before, "with yesterday's index");
}

#[test]
fn a_log_that_ends_before_its_index_has_lost_frames_and_is_not_built_on() {
    let (site, _, account) = filled();
    let old = site.fork();
    let store = Bench::at(&site);
    store.deliver_many(account, store.inbox(account), 30);
    drop(store);
    // An index is flushed only with frames that were on the disk.
    old.overwrite(&old.index(), &site.disk.read_file(site.index()).unwrap());
    let found = old.verify().findings;
    assert!(found.iter().any(|finding| matches!(finding, Finding::Log(_))), "{found:?}");
    for _ in 0..2 {
        let (store, recovery) = old.try_open().unwrap();
        assert!(!recovery.damage.is_empty());
        assert!(matches!(store.condition(), Condition::ReadOnly(_)));
    }
}

#[test]
fn an_index_of_another_store_is_rebuilt() {
    let (site, before, _) = filled();
    let (other, ..) = filled();
    site.overwrite(&site.index(), &other.disk.read_file(other.index()).unwrap());
    is_as_before(&site, &before, "with the index of another store");
}

#[test]
fn a_keystore_of_another_store_is_refused() {
    let (site, before, _) = filled();
    let (other, ..) = filled();
    let own = site.disk.read_file(site.keystore()).unwrap();
    site.overwrite(&site.keystore(), &other.disk.read_file(other.keystore()).unwrap());
    let error = site.try_open().unwrap_err();
    let OpenError::Failed(error) = error else { panic!("{error:?}") };
    assert_eq!(error.fault(), Fault::Damage);
    site.overwrite(&site.keystore(), &own);
    is_as_before(&site, &before, "with its own keystore again");
}

#[test]
fn a_damaged_key_slot_is_damage_of_that_account_only() {
    let (site, _, account) = filled();
    let keystore = site.disk.read_file(site.keystore()).unwrap();
    let at = memchr::memmem::find(&keystore, account.as_bytes()).unwrap();
    let slot = at / 128 * 128;
    site.disk.corrupt(site.keystore(), slot as u64 + 40, 0x55).unwrap();
    let store = Bench::at(&site);
    let error = store.view(account).unwrap_err();
    assert_eq!(error.fault(), Fault::Damage, "{error:?}");
    let error = store.refuse(account, |tx| tx.create_mailbox(&name("A"), None));
    assert_eq!(error.fault(), Fault::Damage, "{error:?}");
    let all = store.operator_view().unwrap().accounts(None, 10).unwrap();
    assert_eq!(all.len(), 3);
    for other in all.into_iter().filter(|id| *id != account) {
        assert_eq!(store.seen(other).counters().unwrap().messages, 101);
        store.deliver(other, &letter("still served"));
    }
    // A new account never gets the damaged slot.
    let late = store.account("late");
    drop(store);
    assert!(site.open().view(late).is_ok());
    let findings = site.verify().findings;
    assert!(
        findings.iter().any(|finding| matches!(finding, Finding::AccountKey(id) if *id == account)),
        "{findings:?}"
    );
}

#[test]
fn a_damaged_body_costs_only_that_message() {
    let (site, _, account) = filled();
    let files = site.body_files();
    assert_eq!(files.len(), 3);
    // One changed, one cut, one gone.
    site.disk.corrupt(&files[0], 70_000, 1).unwrap();
    site.disk.open(&files[1], Open::Write).unwrap().set_len(100_000).unwrap();
    site.disk.remove(&files[2]).unwrap();
    let store = Bench::at(&site);
    for owner in store.operator_view().unwrap().accounts(None, 10).unwrap() {
        let view = store.seen(owner);
        let inbox = view.inbox().unwrap();
        let (mut whole, mut broken) = (0, 0);
        for (_, placement) in view.placements(inbox, 0, u32::MAX, 1000).unwrap() {
            // A listing opens no body.
            let message = view.message(placement.message).unwrap();
            view.structure(placement.message).unwrap();
            let octets = store.body(&view, message.body).and_then(|b| Ok(b.read_all()?));
            match octets {
                Ok(_) => whole += 1,
                Err(error) => {
                    broken += 1;
                    assert_eq!(error.fault(), Fault::Damage, "{error:?}");
                }
            }
        }
        assert_eq!((whole, broken), (100, 1));
    }
    let inbox = store.inbox(account);
    store.deliver(account, &letter("still written"));
    store.change(account, move |tx| tx.expunge(inbox, &[101], Expunge::All));
    drop(store);
    let report = site.verify();
    let bodies = report.findings.iter().filter(|f| matches!(f, Finding::Body { .. })).count();
    assert_eq!((report.findings.len(), bodies), (2, 2), "{:?}", report.findings);
}

#[test]
fn chunks_outside_the_damage_are_still_read() {
    let site = Site::new(clock());
    site.create().unwrap();
    let store = Bench::at(&site);
    let account = store.account("marie");
    let added = store.deliver(account, &octets(300 * 1024));
    let id = store.seen(account).message(added.message).unwrap().body;
    site.disk.corrupt(&site.body_files()[0], 70_000, 1).unwrap();
    let reader = store.body(&store.seen(account), id).unwrap();
    assert_eq!(reader.read(0, 65_536).unwrap(), octets(300 * 1024)[..65_536]);
    assert_eq!(reader.read(131_072, 1000).unwrap(), octets(300 * 1024)[131_072..132_072]);
    assert!(reader.read(65_000, 1000).is_err() && reader.check().is_err());
    let error = StoreError::from(reader.read_all().unwrap_err());
    assert_eq!(error.fault(), Fault::Damage);
}

#[test]
fn uid_validity_increases_though_the_clock_was_set_back() {
    let (site, _, account) = filled();
    let mut earlier = site.clone();
    earlier.clock = ManualClock::new("2020-01-01T00:00:00Z".parse().unwrap());
    let highest = |store: &Bench| {
        let boxes = store.seen(account).mailboxes().unwrap();
        boxes.into_iter().map(|(_, mailbox)| mailbox.uid_validity).max().unwrap()
    };
    let store = Bench::at(&earlier);
    let before = highest(&store);
    let made = store.mailbox(account, "Later");
    assert!(store.seen(account).mailbox(made).unwrap().uid_validity > before);
}

#[test]
fn what_was_submitted_before_the_store_was_dropped_is_committed() {
    let site = Site::new(clock());
    site.create().unwrap();
    let store = Bench::at(&site);
    let account = store.account("marie");
    let waiting: Vec<_> = (0..50)
        .map(|n| store.start(account, move |tx| tx.create_mailbox(&name(&format!("{n}")), None)))
        .collect();
    drop(store);
    waiting.into_iter().for_each(|done| drop(done.wait().unwrap()));
    assert_eq!(site.open().view(account).unwrap().mailboxes().unwrap().len(), 51);
    site.verify_sound();
}

#[test]
fn identities_are_kept_and_never_given_again() {
    let (site, ..) = filled();
    let mut seen = std::collections::BTreeSet::new();
    for round in 0..3 {
        let store = Bench::at(&site);
        let account = store.account(&format!("round{round}"));
        assert!(seen.insert(account.to_string()));
        for added in store.deliver_many(account, store.inbox(account), 10) {
            assert!(seen.insert(added.message.to_string()));
            assert!(seen.insert(added.thread.to_string()));
        }
    }
}
