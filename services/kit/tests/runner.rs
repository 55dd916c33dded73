//! The runner, on a store in memory: effects and cursor are one, what fails is parked or tried again.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests panic")]

use domain::{MailboxKind, ManualClock};
use jiff::Timestamp;
use kit::{
    Effects, Failure, NotCommitted, NotRegistered, Runner, Service, Source, all_parked, parked,
    retry,
};
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::change::{Change, ChangeKind};
use mailstore::{
    AccountId, Actor, Consumer, Faults, SeededRandom, ServiceKey, Store, StoreError, TableName,
    Transaction, View,
};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;
use tokio::sync::watch;

const CONSUMER: Consumer =
    Consumer::new("counting").unwrap().following(&[ChangeKind::RecordChanged]);
const TABLE: TableName = TableName::new("counted").unwrap();

/// Counts changes in the account; fails, or disturbs itself, as told.
struct Counting {
    store: Store,
    runs: AtomicUsize,
    /// Runs that are parked, panic, are told to come later, or change the account under themselves.
    parks: AtomicUsize,
    panics: AtomicUsize,
    later: AtomicUsize,
    disturbs: AtomicUsize,
    derived: AtomicUsize,
    gate: Gate,
}

/// Holds a run up while it is closed.
#[derive(Default)]
struct Gate {
    closed: Mutex<bool>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, closed: bool) {
        *self.closed.lock().unwrap() = closed;
        self.changed.notify_all();
    }

    fn pass(&self) {
        let closed = self.closed.lock().unwrap();
        drop(self.changed.wait_while(closed, |closed| *closed).unwrap());
    }
}

fn take(counter: &AtomicUsize) -> bool {
    counter.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)).is_ok()
}

impl Service for Counting {
    fn consumer(&self) -> Consumer {
        CONSUMER
    }

    fn handle(
        &self,
        view: &View<'static>,
        _: &Change,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        self.gate.pass();
        effects.record(count);
        if take(&self.panics) {
            panic!("as told");
        }
        if take(&self.parks) {
            return Err(Failure::Parked("as told".into()));
        }
        if take(&self.later) {
            return Err(Failure::Later(StoreError::Full.into()));
        }
        if take(&self.disturbs) {
            let done = self.store.begin(Actor::SYSTEM, view.account_id(), set_quota).wait();
            let _ = done.unwrap();
        }
        Ok(())
    }

    fn sources(&self, view: &View<'static>) -> Result<Vec<Source>, Failure> {
        let is_ours = view.service_record(&ServiceKey::new(TABLE))?.is_some();
        Ok(if is_ours { vec![Source::Kept([1; 16]), Source::Kept([2; 16])] } else { Vec::new() })
    }

    fn derive(
        &self,
        view: &View<'static>,
        source: Source,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        self.derived.fetch_add(1, Ordering::SeqCst);
        if take(&self.panics) {
            panic!("as told");
        }
        if take(&self.disturbs) {
            let done = self.store.begin(Actor::SYSTEM, view.account_id(), set_quota).wait();
            let _ = done.unwrap();
        }
        effects.record(count);
        if source == Source::Kept([2; 16]) {
            effects.mail(|_| Err(StoreError::Full.into()));
            effects.after_mail(|| panic!("no mail was sent"));
        }
        Ok(())
    }
}

fn count(tx: &mut Transaction<'_>) -> Result<(), NotCommitted> {
    let key = ServiceKey::new(TABLE);
    let counted = tx.service_record(&key)?.map_or(0, |octets| octets.len());
    Ok(tx.put_service_record(&key, &vec![1; counted + 1])?)
}

fn set_quota(tx: &mut Transaction<'_>) -> Result<(), StoreError> {
    tx.set_quota(1_000)
}

async fn change(store: &Store, account: AccountId) {
    let _ = store.transact(Actor::SYSTEM, account, set_quota).await.unwrap();
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
        panics: AtomicUsize::new(0),
        later: AtomicUsize::new(0),
        disturbs: AtomicUsize::new(0),
        derived: AtomicUsize::new(0),
        gate: Gate::default(),
    });
    let runner = Runner::new(store.clone(), service.clone()).unwrap();
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
        self.reasons().len()
    }

    fn reasons(&self) -> Vec<String> {
        let found = parked(&self.store.view(self.account).unwrap(), CONSUMER, 10).unwrap();
        found.into_iter().map(|(_, change)| change.reason).collect()
    }

    /// Asks for what is parked first.
    async fn retry(&self) {
        let first = &all_parked(&self.store, CONSUMER, 10).unwrap().remove(0);
        assert_eq!(first.account, self.account);
        assert!(self.ask(first.mod_seq).await);
    }

    async fn ask(&self, mod_seq: u64) -> bool {
        let work = move |tx: &mut Transaction<'_>| retry(tx, CONSUMER, mod_seq);
        let asked = self.store.transact::<_, StoreError, _>(Actor::SYSTEM, self.account, work);
        asked.await.unwrap().into_inner()
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

#[tokio::test]
async fn a_service_that_panics_parks_the_change_and_the_rest_goes_on() {
    let land = land().await;
    change(&land.store, land.account).await;
    land.service.panics.store(1, Ordering::SeqCst);
    land.runner.run_until_idle().await;
    assert_eq!((land.counted(), land.pending()), (1, 0));
    assert_eq!(land.reasons(), ["the service panicked"]);
}

#[tokio::test(start_paused = true)]
async fn an_account_that_never_comes_to_rest_has_its_change_parked() {
    let land = land().await;
    land.service.disturbs.store(20, Ordering::SeqCst);
    land.runner.run_until_idle().await;
    assert_eq!(land.reasons(), ["the account never came to rest"]);
    // The disturbances are changes like any other.
    assert_eq!((land.counted(), land.pending()), (20, 0));
}

#[tokio::test]
async fn what_is_parked_is_seen_and_handled_again_when_asked() {
    let land = land().await;
    land.service.parks.store(2, Ordering::SeqCst);
    land.runner.run_until_idle().await;
    assert_eq!((land.counted(), land.parked()), (0, 1));
    assert!(!all_parked(&land.store, CONSUMER, 10).unwrap()[0].asked);
    land.runner.run_until_idle().await;
    assert_eq!(land.parked(), 1, "nobody has asked");
    // It fails again, and waits to be asked for again.
    land.retry().await;
    assert!(all_parked(&land.store, CONSUMER, 10).unwrap()[0].asked);
    assert_eq!(land.runner.run_until_idle().await, 1);
    let found = all_parked(&land.store, CONSUMER, 10).unwrap();
    assert!(found.len() == 1 && !found[0].asked);
    land.retry().await;
    land.runner.run_until_idle().await;
    assert_eq!((land.counted(), land.parked(), land.pending()), (1, 0, 0));
    assert_eq!(all_parked(&land.store, CONSUMER, 10).unwrap(), []);
    assert!(!land.ask(1).await);
}

#[tokio::test]
async fn told_to_stop_the_runner_waits_for_its_grace_and_no_longer() {
    let Land { store, runner, account, service, .. } = land().await;
    let runner = runner.with_grace(Duration::from_millis(1));
    service.gate.set(true);
    let (stop, told) = watch::channel(false);
    let running = tokio::spawn(async move { runner.run(told).await });
    while service.runs.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    stop.send_replace(true);
    running.await.unwrap();
    assert_eq!(store.pending(CONSUMER, None, 1).unwrap(), [account], "the next start handles it");
    service.gate.set(false);
}

#[tokio::test]
async fn a_service_that_the_store_does_not_know_has_no_runner() {
    let land = land().await;
    let clock = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let random = Arc::new(SeededRandom::new(1));
    let other = Store::in_memory(clock, random, Vec::new(), Arc::<Faults>::default()).unwrap();
    let refused: NotRegistered = Runner::new(other, land.service.clone()).unwrap_err();
    assert!(refused.to_string().contains("counting"));
}

#[tokio::test]
async fn a_rebuild_derives_from_each_source_sends_no_mail_and_forgets_what_is_parked() {
    let land = land().await;
    change(&land.store, land.account).await;
    land.service.parks.store(1, Ordering::SeqCst);
    land.runner.run_until_idle().await;
    assert_eq!((land.counted(), land.parked()), (1, 1));
    // The account changes under the first derivation: it is made again.
    land.service.disturbs.store(1, Ordering::SeqCst);
    let mut seen = Vec::new();
    let rebuilt = land.runner.rebuild(&mut |progress| seen.push(progress.sources)).await.unwrap();
    assert_eq!((rebuilt.sources, rebuilt.failed), (2, 0));
    assert_eq!(seen.last(), Some(&2));
    assert_eq!(land.service.derived.load(Ordering::SeqCst), 3);
    assert_eq!((land.counted(), land.parked()), (3, 0));
    // What cannot be derived from is named, and the rest is derived.
    land.service.panics.store(1, Ordering::SeqCst);
    let rebuilt = land.runner.rebuild(&mut |_| {}).await.unwrap();
    assert_eq!((rebuilt.sources, rebuilt.failed), (1, 1));
    assert_eq!(rebuilt.failures, [(land.account, "the service panicked".to_owned())]);
}
