//! The runner: works the accounts that have changes for its service.
//!
//! Failure: a change that cannot be handled is parked; a store that fails for the moment leaves the
//! account pending, and the runner comes back. Told to stop, it finishes the change under way, for
//! as long as its grace lasts; what is not committed by then is handled at the next start.

use crate::handler::{End, Handler, Work};
use crate::parked;
use crate::service::{Cause, Service};
use mailstore::model::change::Change;
use mailstore::{AccountId, Actor, Consumer, Store, StoreError};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Accounts looked up at once.
pub(crate) const ACCOUNTS: usize = 64;
/// Changes read at once.
const CHANGES: usize = 64;
/// What failed for the moment is tried again after this.
const RETRY: Duration = Duration::from_secs(30);
/// How long a change under way may take when the runner is told to stop.
const GRACE: Duration = Duration::from_secs(10);

/// The store does not know the consumer: its changes would never be pending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the service {0} is not registered with the store")]
pub struct NotRegistered(&'static str);

/// Follows the change log for one service.
pub struct Runner {
    pub(crate) handler: Handler,
    grace: Duration,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Runner({})", self.consumer().name())
    }
}

/// An account's cursor, its highest modification sequence, and changes between them by theirs.
type Unseen = (u64, u64, Vec<(u64, Change)>);

impl Runner {
    /// A runner for a service whose consumer the store knows.
    pub fn new(store: Store, service: Arc<dyn Service>) -> Result<Self, NotRegistered> {
        let consumer = service.consumer();
        if !store.consumers().contains(&consumer) {
            return Err(NotRegistered(consumer.name()));
        }
        Ok(Self { handler: Handler { store, service }, grace: GRACE })
    }

    /// With another grace than ten seconds.
    #[must_use]
    pub fn with_grace(self, grace: Duration) -> Self {
        Self { grace, ..self }
    }

    /// The consumer whose changes it works.
    #[must_use]
    pub fn consumer(&self) -> Consumer {
        self.handler.service.consumer()
    }

    /// Works until told to stop, woken by the store.
    pub async fn run(&self, mut stop: watch::Receiver<bool>) {
        let mut changed = self.handler.store.changed();
        while !*stop.borrow_and_update() {
            changed.borrow_and_update();
            tokio::select! {
                _ = self.round(Some(&stop)) => {}
                () = overdue(stop.clone(), self.grace) => {
                    let service = self.consumer().name();
                    tracing::error!(service, "a change is left under way; the next start handles it");
                    return;
                }
            }
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

    /// Goes once through what is to be handled again and the pending accounts; returns how many
    /// changes were handled.
    async fn round(&self, stop: Option<&watch::Receiver<bool>>) -> usize {
        let stopped = || stop.is_some_and(|stop| *stop.borrow());
        let (mut handled, mut after) = (self.asked(&stopped).await, None);
        loop {
            let pending = self.handler.store.pending(self.consumer(), after, ACCOUNTS);
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
                if stopped() {
                    return handled;
                }
                match self.account(account).await {
                    Ok(changes) => handled += changes,
                    // Erased meanwhile.
                    Err(Cause::Store(StoreError::NoSuchAccount)) => {}
                    Err(cause) => self.say(&cause),
                }
            }
        }
    }

    fn say(&self, error: &(dyn std::error::Error + 'static)) {
        let service = self.consumer().name();
        tracing::error!(service, error, "a service waits");
    }

    /// Handles what somebody has asked to be handled again; returns how much was.
    async fn asked(&self, stopped: &impl Fn() -> bool) -> usize {
        let mut handled = 0;
        loop {
            let asked = match parked::asked(&self.handler.store, self.consumer(), ACCOUNTS) {
                Ok(asked) => asked,
                Err(error) => {
                    self.say(&error);
                    return handled;
                }
            };
            if asked.is_empty() || stopped() {
                return handled;
            }
            for one in asked {
                match self.again(one.account, one.mod_seq).await {
                    Ok(()) => handled += 1,
                    Err(Cause::Store(StoreError::NoSuchAccount)) => {}
                    Err(cause) => {
                        self.say(&cause);
                        return handled;
                    }
                }
            }
        }
    }

    async fn again(&self, account: AccountId, mod_seq: u64) -> Result<(), Cause> {
        let found = {
            let view = self.handler.store.view(account)?;
            view.changes(mod_seq.saturating_sub(1), 1)?
        };
        match found.into_iter().find(|(at, _)| *at == mod_seq) {
            Some((_, change)) => {
                self.handler.work(account, Work::Again(mod_seq, change)).await.map(drop)
            }
            None => self.too_old(account, mod_seq).await,
        }
    }

    /// The log no longer has the change: it stays parked, with that reason.
    async fn too_old(&self, account: AccountId, mod_seq: u64) -> Result<(), Cause> {
        let consumer = self.consumer();
        let write = move |tx: &mut mailstore::Transaction<'_>| {
            parked::say(tx, consumer, mod_seq, "the log no longer has it: rebuild the service")
        };
        let store = &self.handler.store;
        let committed = store.transact::<_, StoreError, _>(Actor::SYSTEM, account, write).await;
        let _ = committed?;
        Ok(())
    }

    /// Handles what an account has pending.
    async fn account(&self, account: AccountId) -> Result<usize, Cause> {
        let consumer = self.consumer();
        let mut handled = 0;
        loop {
            let (cursor, head, changes) = self.unseen(account)?;
            let whole = changes.len() < CHANGES;
            let mut reached = cursor;
            for (mod_seq, change) in changes {
                if self.consumer().follows(change.kind) {
                    let _: End = self.handler.work(account, Work::Change(mod_seq, change)).await?;
                }
                reached = mod_seq;
                handled += 1;
            }
            // A change's number may be gone with an old log: the head is reached all the same.
            let reached = if whole { head } else { reached };
            let advance = move |tx: &mut mailstore::Transaction<'_>| {
                let reached = reached.max(tx.cursor(consumer)?);
                tx.set_cursor(consumer, reached)
            };
            let store = &self.handler.store;
            let _ = store.transact::<_, StoreError, _>(Actor::SYSTEM, account, advance).await?;
            if whole {
                return Ok(handled);
            }
        }
    }

    /// The cursor, the head of the log, and the next changes between them.
    fn unseen(&self, account: AccountId) -> Result<Unseen, StoreError> {
        let view = self.handler.store.view(account)?;
        let (cursor, head) = (view.cursor(self.consumer())?, view.highest_mod_seq()?);
        Ok((cursor, head, view.changes(cursor, CHANGES)?))
    }
}

/// Ready when the grace after being told to stop is over.
async fn overdue(mut stop: watch::Receiver<bool>, grace: Duration) {
    if stop.wait_for(|stop| *stop).await.is_err() {
        // Nobody is left who could say so.
        return std::future::pending().await;
    }
    tokio::time::sleep(grace).await;
}
