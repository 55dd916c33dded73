//! Accounts made in bulk: whatever the power does, each is there whole or not at all, and who goes
//! on where it was ends with all of them, each once.

use crate::world::World;
use domain::MailboxKind;
use mailstore::disk::Survival;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::{Actor, StoreError};

/// Enough for frames that the index writes by runs, and for groups that several cores seal.
const ACCOUNTS: usize = 600;

fn account(number: usize) -> NewAccount {
    NewAccount {
        address: format!("u{number}@patient.example").parse().unwrap(),
        kind: MailboxKind::Personal,
        state: AccountState::Active,
        ins: None,
        traits: None,
        quota: u64::MAX,
        mailboxes: Vec::new(),
        owner: None,
    }
}

/// Begins those that are missing, in portions; how many were acknowledged.
fn go_on(world: &World) -> Result<usize, StoreError> {
    let store = world.store.as_ref().unwrap();
    let mut done = 0;
    for first in (0..ACCOUNTS).step_by(250) {
        let mut missing = Vec::new();
        for number in first..ACCOUNTS.min(first + 250) {
            match world.numbered(number)? {
                Some(_) => done += 1,
                None => missing.push(account(number)),
            }
        }
        for creating in store.begin_accounts(Actor::SYSTEM, None, missing)? {
            let _made = creating.wait()?;
            done += 1;
        }
    }
    Ok(done)
}

#[test]
fn a_power_cut_leaves_whole_accounts_and_the_rest_is_made_after_it() {
    for seed in 0..40 {
        let mut world = World::new(seed);
        world.open().unwrap();
        let before = world.disk.stats().ops;
        world.disk.cut_after(1 + world.dice.roll(60));
        let made = go_on(&world);
        assert!(made.is_err() || !world.disk.is_off(), "seed {seed}");
        world.store = None;
        world.disk.power_cut();
        world.open().unwrap();
        world.verify(&format!("seed {seed}, cut after operation {before}"));
        world.open().unwrap();
        assert_eq!(go_on(&world).unwrap(), ACCOUNTS, "seed {seed}");
        world.disk.power_cut_with(Survival::None);
        world.open().unwrap();
        for number in 0..ACCOUNTS {
            let account = world.numbered(number).unwrap().unwrap();
            let view = world.store.as_ref().unwrap().view(account).unwrap();
            assert!(view.inbox().is_ok(), "seed {seed}: account {number}");
        }
        world.verify(&format!("seed {seed}, at the end"));
    }
}

#[test]
fn a_failed_write_of_the_keystore_fails_its_group_and_no_other() {
    use mailstore::disk::Fault;
    let mut world = World::new(1);
    world.open().unwrap();
    // The first write of a group that makes accounts is the keystore's.
    world.disk.fail_write(1, Fault::NoSpace);
    let refused = go_on(&world).unwrap_err();
    assert!(matches!(refused, StoreError::Full), "{refused:?}");
    assert_eq!(go_on(&world).unwrap(), ACCOUNTS);
    world.verify("after the failed write");
}
