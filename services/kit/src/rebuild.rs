//! Deriving again all that a service keeps: account by account, source by source.
//!
//! Each source is a transaction of its own, so a rebuild that is interrupted is begun again without
//! harm, and mail comes in meanwhile. Mail among the effects is left out. Where everything of an
//! account could be derived, nothing of it is parked any more.

use crate::handler::{End, Work};
use crate::parked;
use crate::runner::{ACCOUNTS, Runner};
use crate::service::{Cause, Failure, Source};
use mailstore::{AccountId, Actor, StoreError, Transaction};
use std::sync::Arc;

/// Failures that are named; the others are counted.
const MAX_NAMED: usize = 100;
/// Parked changes of one account that are forgotten at once.
const PARKED: usize = 1_000;

/// How far a rebuild has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Accounts that are done.
    pub accounts: usize,
    /// Sources that are done.
    pub sources: usize,
}

/// What a rebuild did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rebuilt {
    /// Accounts that were looked at.
    pub accounts: usize,
    /// Sources that were derived from.
    pub sources: usize,
    /// Sources that could not be derived from.
    pub failed: usize,
    /// The first of those: the account and the reason.
    pub failures: Vec<(AccountId, String)>,
}

impl Runner {
    /// Derives again what the service keeps, in every account.
    pub async fn rebuild(
        &self,
        progress: &mut (dyn FnMut(Progress) + Send),
    ) -> Result<Rebuilt, Cause> {
        let mut rebuilt = Rebuilt::default();
        let mut after = None;
        loop {
            let accounts = self.handler.store.operator_view()?.accounts(after, ACCOUNTS)?;
            let Some(last) = accounts.last() else { return Ok(rebuilt) };
            after = Some(*last);
            for account in accounts {
                match self.rebuild_account(account, &mut rebuilt).await {
                    // Erased meanwhile.
                    Ok(()) | Err(Cause::Store(StoreError::NoSuchAccount)) => {}
                    Err(cause) => return Err(cause),
                }
                rebuilt.accounts += 1;
                progress(Progress { accounts: rebuilt.accounts, sources: rebuilt.sources });
            }
        }
    }

    async fn rebuild_account(
        &self,
        account: AccountId,
        rebuilt: &mut Rebuilt,
    ) -> Result<(), Cause> {
        let before = rebuilt.failed;
        let sources = match self.sources(account).await {
            Ok(sources) => sources,
            Err(Failure::Later(cause)) => return Err(cause),
            Err(Failure::Parked(reason)) => {
                rebuilt.fail(account, reason);
                return Ok(());
            }
        };
        for source in sources {
            match self.handler.work(account, Work::Derive(source)).await? {
                End::Done => rebuilt.sources += 1,
                End::GivenUp(reason) => rebuilt.fail(account, reason),
            }
        }
        if rebuilt.failed == before { self.forget_parked(account).await } else { Ok(()) }
    }

    async fn sources(&self, account: AccountId) -> Result<Vec<Source>, Failure> {
        let (store, service) = (self.handler.store.clone(), Arc::clone(&self.handler.service));
        let run = move || {
            service.sources(&store.view(account).map_err(Cause::from).map_err(Failure::Later)?)
        };
        match self.handler.blocking(run).await {
            Ok(Ok(sources)) => sources,
            Ok(Err(reason)) => Err(Failure::Parked(reason)),
            Err(cause) => Err(Failure::Later(cause)),
        }
    }

    async fn forget_parked(&self, account: AccountId) -> Result<(), Cause> {
        let consumer = self.consumer();
        if parked::parked(&self.handler.store.view(account)?, consumer, 1)?.is_empty() {
            return Ok(());
        }
        let write = move |tx: &mut Transaction<'_>| {
            for (mod_seq, _) in parked::parked(tx, consumer, PARKED)? {
                parked::remove(tx, consumer, mod_seq)?;
            }
            Ok(())
        };
        let store = &self.handler.store;
        let _ = store.transact::<_, StoreError, _>(Actor::SYSTEM, account, write).await?;
        Ok(())
    }
}

impl Rebuilt {
    fn fail(&mut self, account: AccountId, reason: String) {
        self.failed += 1;
        if self.failures.len() < MAX_NAMED {
            self.failures.push((account, reason));
        }
    }
}
