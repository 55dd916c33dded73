//! The runner, on a store in memory: effects and cursor are one, what fails is parked or tried again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests panic")]

use domain::{MailboxKind, ManualClock};
use jiff::Timestamp;
use kit::{Effects, Failure, Handling, NotCommitted, Runner, Service, parked};
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::change::{Change, ChangeKind};
use mailstore::{
    AccountId, Actor, Consumer, Faults, SeededRandom, ServiceKey, Store, StoreError, TableName,
    Transaction, View,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::watch;

const CONSUMER: Consumer =
    Consumer::new("counting").unwrap().following(&[ChangeKind::RecordChanged]);
const TABLE: TableName = TableName::new("counted").unwrap();

/// Counts changes in the account; fails, or disturbs itself, as told.
struct Counting {
    store: Store,
    runs: AtomicUsize,
    /// Runs that are parked, are told to come later, or change the account under themselves.
    parks: AtomicUsize,
    later: AtomicUsize,
    disturbs: AtomicUsize,
}

fn take(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Service for Counting {
    fn consumer(&self) -> Consumer {
        CONSUMER
    }

    fn handle<'a>(
        &'a self,
        view: &'a View<'static>,
        _: &'a Change,
        effects: &'a mut Effects,
    ) -> Handling<'a> {
        Box::pin(async move {
            self.runs.fetch_add(1, Ordering::SeqCst);
            let account = view.account_id();
            effects.record(count);
            if take(&self.parks) {
                return Err(Failure::Parked("as told".into()));
            }
            if take(&self.later) {
                return Err(Failure::Later(StoreError::Full));
            }
            if take(&self.disturbs) {
                change(&self.store, account).await;
            }
            Ok(())
        })
    }
}

fn count(tx: &mut Transaction<'_>) -> Result<(), NotCommitted> {
    let key = ServiceKey::new(TABLE);
    let counted = tx.service_record(&key)?.map_or(0, |octets| octets.len());
    Ok(tx.put_service_record(&key, &vec![1; counted + 1])?)
}

async fn change(store: &Store, account: AccountId) {
    store
        .transact(Actor::SYSTEM, account, |tx| tx.set_quota(1_000))
        .await
        .map(drop)
        .unwrap_or_else(|error: StoreError| panic!("{error}"));
}

struct Land {
    store: Store,
    faults: Arc<Faults>,
    service: Arc<Counting>,
    runner: Runner,
    account: AccountId,
}

/// An account with one change of its own: its creation is another kind.
async fn land() -> Land {
    let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap()));
    let faults = Arc::new(Faults::default());
    let random = Arc::new(SeededRandom::new(1));
    let store = Store::in_memory(clock, random, vec![CONSUMER], Arc::clone(&faults)).unwrap();
    let new = NewAccount {
        address: "marie@practice.example".parse().unwrap(),
        kind: MailboxKind::Personal,
        state: AccountState::Active,
        ins: None,
        traits: None,
        quota: 1_000,
        mailboxes: Vec::new(),
        owner: None,
    };
    let account = store.create_account(Actor::SYSTEM, new).await.unwrap().account;
    let service = Arc::new(Counting {
        store: store.clone(),
        runs: AtomicUsize::new(0),
        parks: AtomicUsize::new(0),
        later: AtomicUsize::new(0),
        disturbs: AtomicUsize::new(0),
    });
    let runner = Runner::new(store.clone(), service.clone());
    runner.run_until_idle().await;
    change(&store, account).await;
    Land { store, faults, service, runner, account }
}

impl Land {
    fn counted(&self) -> usize {
        let view = self.store.view(self.account).unwrap();
        view.service_record(&ServiceKey::new(TABLE)).unwrap().map_or(0, |octets| octets.len())
    }

    fn pending(&self) -> usize {
        self.store.pending(CONSUMER, None, 10).unwrap().len()
    }

    fn parked(&self) -> usize {
        parked(&self.store.view(self.account).unwrap(), CONSUMER, 10).unwrap().len()
    }
}

#[tokio::test]
async fn each_change_is_handled_once_and_the_account_is_pending_no_more() {
    let land = land().await;
    change(&land.store, land.account).await;
    assert_eq!(land.pending(), 1);
    assert!(land.runner.run_until_idle().await >= 2);
    assert_eq!((land.counted(), land.pending(), land.parked()), (2, 0, 0));
    assert_eq!(land.runner.run_until_idle().await, 0);
    assert_eq!(land.counted(), 2);
}

#[tokio::test]
async fn what_cannot_be_handled_is_parked_with_its_reason_and_the_rest_goes_on() {
    let land = land().await;
    change(&land.store, land.account).await;
    land.service.parks.store(1, Ordering::SeqCst);
    land.runner.run_until_idle().await;
    assert_eq!((land.counted(), land.pending(), land.parked()), (1, 0, 1));
    let view = land.store.view(land.account).unwrap();
    assert_eq!(parked(&view, CONSUMER, 10).unwrap()[0].1.reason, "as told");
}

#[tokio::test]
async fn a_change_whose_account_moved_on_meanwhile_is_handled_again_and_counted_once() {
    let land = land().await;
    land.service.disturbs.store(1, Ordering::SeqCst);
    land.runner.run_until_idle().await;
    // The change, once more after the disturbance, and the disturbance itself.
    assert_eq!(land.service.runs.load(Ordering::SeqCst), 3);
    assert_eq!((land.counted(), land.pending()), (2, 0));
}

#[tokio::test]
async fn a_store_that_fails_leaves_the_change_pending_with_nothing_of_its_effects() {
    let land = land().await;
    land.faults.fail_groups(1);
    land.runner.run_until_idle().await;
    assert_eq!((land.counted(), land.pending(), land.parked()), (0, 1, 0));
    land.service.later.store(1, Ordering::SeqCst);
    land.runner.run_until_idle().await;
    assert_eq!((land.counted(), land.pending(), land.parked()), (0, 1, 0));
    land.runner.run_until_idle().await;
    assert_eq!((land.counted(), land.pending(), land.parked()), (1, 0, 0));
}

#[tokio::test]
async fn a_running_service_is_woken_by_the_store_and_stops_when_told() {
    let Land { store, runner, account, .. } = land().await;
    let (stop, told) = watch::channel(false);
    let running = tokio::spawn(async move { runner.run(told).await });
    while !store.pending(CONSUMER, None, 1).unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    change(&store, account).await;
    while !store.pending(CONSUMER, None, 1).unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.send_replace(true);
    running.await.unwrap();
}
