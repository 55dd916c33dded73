//! The runner: works the accounts that have changes for its service.
//!
//! A change is handled on one snapshot. Its effects are committed with the cursor in one
//! transaction, which is refused when the account has changed since the snapshot: then the change is
//! handled again. Failure: a change that cannot be handled is parked; a store that fails for the
//! moment leaves the account pending, and the runner comes back.

use crate::effects::{Effects, NotCommitted};
use crate::parked;
use crate::service::{Failure, Service};
use mailstore::model::change::Change;
use mailstore::{AccountId, Actor, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Accounts looked up at once.
const ACCOUNTS: usize = 64;
/// Changes read at once.
const CHANGES: usize = 64;
/// Times that a change is handled because its account moved on meanwhile.
const RUNS: usize = 100;
/// What failed for the moment is tried again after this.
const RETRY: Duration = Duration::from_secs(30);

/// Follows the change log for one service.
pub struct Runner {
    store: Store,
    service: Arc<dyn Service>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runner({})", self.service.consumer().name())
    }
}

impl Runner {
    /// A runner for a service whose consumer the store knows.
    #[must_use]
    pub fn new(store: Store, service: Arc<dyn Service>) -> Self {
        if !store.consumers().contains(&service.consumer()) {
            tracing::error!(service = service.consumer().name(), "not registered with the store");
        }
        Self { store, service }
    }

    /// Works until told to stop, woken by the store; a change under way is finished.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut changed = self.store.changed();
        while !*stop.borrow_and_update() {
            changed.borrow_and_update();
            self.round(Some(&stop)).await;
            tokio::select! {
                woken = changed.changed() => if woken.is_err() { break },
                () = tokio::time::sleep(RETRY) => {}
                told = stop.changed() => if told.is_err() { break },
            }
        }
    }

    /// Works until nothing is pending but what fails for the moment; returns how many changes were
    /// handled.
    pub async fn run_until_idle(&self) -> usize {
        let mut handled = 0;
        loop {
            match self.round(None).await {
                0 => return handled,
                more => handled += more,
            }
        }
    }

    /// Goes once through the pending accounts; returns how many changes were handled.
    async fn round(&self, stop: Option<&watch::Receiver<bool>>) -> usize {
        let (mut handled, mut after) = (0, None);
        loop {
            let pending = self.store.pending(self.service.consumer(), after, ACCOUNTS);
            let pending = match pending {
                Ok(pending) => pending,
                Err(error) => {
                    self.say(&error);
                    return handled;
                }
            };
            let Some(last) = pending.last() else { return handled };
            after = Some(*last);
            for account in pending {
                if stop.is_some_and(|stop| *stop.borrow()) {
                    return handled;
                }
                match self.account(account).await {
                    Ok(changes) => handled += changes,
                    // Erased meanwhile.
                    Err(StoreError::NoSuchAccount) => {}
                    Err(error) => self.say(&error),
                }
            }
        }
    }

    fn say(&self, error: &StoreError) {
        let service = self.service.consumer().name();
        tracing::error!(service, error = error as &dyn std::error::Error, "a service waits");
    }

    /// Handles what an account has pending.
    async fn account(&self, account: AccountId) -> Result<usize, StoreError> {
        let consumer = self.service.consumer();
        let mut handled = 0;
        loop {
            let view = self.store.view(account)?;
            let (cursor, head) = (view.cursor(consumer)?, view.highest_mod_seq()?);
            let changes = view.changes(cursor, CHANGES)?;
            drop(view);
            let whole = changes.len() < CHANGES;
            let mut reached = cursor;
            for (mod_seq, change) in &changes {
                if consumer.follows(change.kind) {
                    self.change(account, *mod_seq, change).await?;
                }
                reached = *mod_seq;
                handled += 1;
            }
            // A change's number may be gone with an old log: the head is reached all the same.
            let reached = if whole { head } else { reached };
            let advance = move |tx: &mut mailstore::Transaction<'_>| {
                let reached = reached.max(tx.cursor(consumer)?);
                tx.set_cursor(consumer, reached)
            };
            let _ =
                self.store.transact::<_, StoreError, _>(Actor::SYSTEM, account, advance).await?;
            if whole {
                return Ok(handled);
            }
        }
    }

    /// Handles one change and commits what it leads to with the cursor.
    async fn change(
        &self,
        account: AccountId,
        mod_seq: u64,
        change: &Change,
    ) -> Result<(), StoreError> {
        for _ in 0..RUNS {
            let view = self.store.view(account)?;
            let seen = view.highest_mod_seq()?;
            let mut effects = Effects::default();
            let outcome = self.service.handle(&view, change, &mut effects).await;
            drop(view);
            let outcome = match outcome {
                Ok(()) => self.commit(account, mod_seq, seen, effects).await,
                Err(Failure::Later(error)) => return Err(error),
                Err(Failure::Parked(reason)) => {
                    return self.park(account, mod_seq, change, reason).await;
                }
            };
            match outcome {
                Ok(()) => return Ok(()),
                Err(NotCommitted::Stale) => {}
                Err(NotCommitted::Store(error)) => match Failure::from(error.clone()) {
                    _ if matches!(error, StoreError::NoSuchAccount) => return Err(error),
                    Failure::Later(error) => return Err(error),
                    Failure::Parked(reason) => {
                        return self.park(account, mod_seq, change, reason).await;
                    }
                },
            }
        }
        self.park(account, mod_seq, change, "the account never came to rest".to_owned()).await
    }

    async fn commit(
        &self,
        account: AccountId,
        mod_seq: u64,
        seen: u64,
        effects: Effects,
    ) -> Result<(), NotCommitted> {
        let consumer = self.service.consumer();
        let (mut records, after) = effects.into_parts();
        let work = move |tx: &mut mailstore::Transaction<'_>| {
            if tx.highest_mod_seq()? != seen {
                return Err(NotCommitted::Stale);
            }
            for record in &mut records {
                record(tx)?;
            }
            tx.set_cursor(consumer, mod_seq)?;
            Ok(())
        };
        let _ = self.store.transact(Actor::SYSTEM, account, work).await?;
        for run in after {
            run();
        }
        Ok(())
    }

    async fn park(
        &self,
        account: AccountId,
        mod_seq: u64,
        change: &Change,
        reason: String,
    ) -> Result<(), StoreError> {
        let consumer = self.service.consumer();
        tracing::error!(service = consumer.name(), %account, mod_seq, reason, "a change is parked");
        let change = change.clone();
        let work = move |tx: &mut mailstore::Transaction<'_>| {
            parked::park(tx, consumer, mod_seq, &change, &reason)?;
            tx.set_cursor(consumer, mod_seq)
        };
        let _ = self.store.transact::<_, StoreError, _>(Actor::SYSTEM, account, work).await?;
        Ok(())
    }
}
