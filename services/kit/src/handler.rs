//! One piece of a service's work: handled on a snapshot, committed, or given up.
//!
//! The service runs on a thread that may block, so what it does neither holds the runtime nor ends
//! the runner: a panic is a reason to park like any other. The transaction is refused when the
//! account has changed since the snapshot; then the work is done again, after a pause that grows.

use crate::effects::{Effects, NotCommitted};
use crate::parked;
use crate::service::{Cause, Failure, Service, Source};
use mailstore::model::change::Change;
use mailstore::{AccountId, Actor, Store, StoreError, Transaction};
use std::sync::Arc;
use std::time::Duration;

/// Times that work is done because its account moved on meanwhile.
pub(crate) const RUNS: u32 = 20;
/// The pause before the second time; it doubles with each.
const FIRST_PAUSE: Duration = Duration::from_millis(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// What is to be done.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// A change that the cursor has come to.
    Change(u64, Change),
    /// A parked change that somebody has asked to be handled again.
    Again(u64, Change),
    /// A source to be derived from again.
    Derive(Source),
}

/// How a piece of work ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum End {
    /// Its effects are committed.
    Done,
    /// It cannot be done; a change is parked.
    GivenUp(String),
}

/// What the service made of it.
struct Outcome {
    /// The account's highest modification sequence on the snapshot.
    seen: u64,
    effects: Effects,
    result: Result<(), Failure>,
}

#[derive(Clone)]
pub(crate) struct Handler {
    pub(crate) store: Store,
    pub(crate) service: Arc<dyn Service>,
}

impl Handler {
    /// Does it, and commits what it leads to. An error: it is left as it was.
    pub(crate) async fn work(&self, account: AccountId, work: Work) -> Result<End, Cause> {
        let work = Arc::new(work);
        for run in 0..RUNS {
            if run > 0 {
                tokio::time::sleep(pause(run)).await;
            }
            let outcome = self.run(account, Arc::clone(&work)).await?;
            let ended = match outcome.result {
                Ok(()) => self.commit(account, &work, outcome.seen, outcome.effects).await,
                Err(Failure::Later(cause)) => return Err(cause),
                Err(Failure::Parked(reason)) => return self.give_up(account, &work, reason).await,
            };
            match ended {
                Ok(()) => return Ok(End::Done),
                Err(NotCommitted::Stale) => {}
                Err(NotCommitted::Store(StoreError::NoSuchAccount)) => {
                    return Err(StoreError::NoSuchAccount.into());
                }
                Err(NotCommitted::Store(error)) => match Failure::from(error) {
                    Failure::Later(cause) => return Err(cause),
                    Failure::Parked(reason) => return self.give_up(account, &work, reason).await,
                },
            }
        }
        self.give_up(account, &work, "the account never came to rest".to_owned()).await
    }

    /// Has the service look at the account as it is now.
    async fn run(&self, account: AccountId, work: Arc<Work>) -> Result<Outcome, Cause> {
        let Self { store, service } = self.clone();
        let run = move || {
            let view = store.view(account)?;
            let seen = view.highest_mod_seq()?;
            let mut effects = Effects::default();
            let result = match &*work {
                Work::Change(_, change) | Work::Again(_, change) => {
                    service.handle(&view, change, &mut effects)
                }
                Work::Derive(source) => service.derive(&view, *source, &mut effects),
            };
            if matches!(*work, Work::Derive(_)) {
                effects = effects.without_mail();
            }
            Ok(Outcome { seen, effects, result })
        };
        self.blocking(run).await?.unwrap_or_else(|reason| {
            let result = Err(Failure::Parked(reason));
            Ok(Outcome { seen: 0, effects: Effects::default(), result })
        })
    }

    /// Runs where it may block. The inner error: it panicked.
    pub(crate) async fn blocking<T: Send + 'static>(
        &self,
        run: impl FnOnce() -> T + Send + 'static,
    ) -> Result<Result<T, String>, Cause> {
        match tokio::task::spawn_blocking(run).await {
            Ok(done) => Ok(Ok(done)),
            Err(error) if error.is_panic() => Ok(Err("the service panicked".to_owned())),
            Err(_) => Err(Cause::Unavailable("the program is ending".to_owned())),
        }
    }

    async fn commit(
        &self,
        account: AccountId,
        work: &Arc<Work>,
        seen: u64,
        mut effects: Effects,
    ) -> Result<(), NotCommitted> {
        let consumer = self.service.consumer();
        let after = effects.take_after();
        let work = Arc::clone(work);
        let write = move |tx: &mut Transaction<'_>| {
            if tx.highest_mod_seq()? != seen {
                return Err(NotCommitted::Stale);
            }
            effects.write(tx)?;
            match &*work {
                Work::Change(mod_seq, _) => tx.set_cursor(consumer, *mod_seq)?,
                Work::Again(mod_seq, _) => parked::remove(tx, consumer, *mod_seq)?,
                Work::Derive(_) => {}
            }
            Ok(())
        };
        let _ = self.store.transact(Actor::SYSTEM, account, write).await?;
        for run in after {
            run();
        }
        Ok(())
    }

    async fn give_up(
        &self,
        account: AccountId,
        work: &Arc<Work>,
        reason: String,
    ) -> Result<End, Cause> {
        let consumer = self.service.consumer();
        let given_up = End::GivenUp(reason.clone());
        let (mod_seq, is_first) = match &**work {
            Work::Change(mod_seq, _) => (*mod_seq, true),
            Work::Again(mod_seq, _) => (*mod_seq, false),
            Work::Derive(_) => return Ok(given_up),
        };
        tracing::error!(service = consumer.name(), %account, mod_seq, reason, "a change is parked");
        let work = Arc::clone(work);
        let write = move |tx: &mut Transaction<'_>| {
            if let Work::Change(_, change) | Work::Again(_, change) = &*work {
                parked::park(tx, consumer, mod_seq, change, &reason)?;
            }
            if is_first { tx.set_cursor(consumer, mod_seq) } else { Ok(()) }
        };
        let _ = self.store.transact::<_, StoreError, _>(Actor::SYSTEM, account, write).await?;
        Ok(given_up)
    }
}

fn pause(run: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(2_u32.saturating_pow(run.saturating_sub(1))).min(LONGEST_PAUSE)
}
