//! What a change leads to: collected while it is handled, committed with the cursor.

use mailstore::{StoreError, Transaction};

/// Why effects were not committed.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NotCommitted {
    /// What the service has read is no longer so: the change is handled again.
    #[error("the account has changed meanwhile")]
    Stale,
    /// The store refused.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Writes into the account; may run more than once, does no I/O.
type Record = Box<dyn FnMut(&mut Transaction<'_>) -> Result<(), NotCommitted> + Send>;
type After = Box<dyn FnOnce() + Send>;

/// The effects of one change.
#[derive(Default)]
pub struct Effects {
    records: Vec<Record>,
    after: Vec<After>,
}

impl std::fmt::Debug for Effects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Effects({} records)", self.records.len())
    }
}

impl Effects {
    /// Writes records of the account (filings, fates, mail to be sent), in the order of the calls.
    /// If one fails, nothing of the change's effects stays.
    pub fn record(
        &mut self,
        write: impl FnMut(&mut Transaction<'_>) -> Result<(), NotCommitted> + Send + 'static,
    ) {
        self.records.push(Box::new(write));
    }

    /// Runs when all is committed: wakes whoever has work by it. Lost in a crash.
    pub fn after_commit(&mut self, run: impl FnOnce() + Send + 'static) {
        self.after.push(Box::new(run));
    }

    pub(crate) fn into_parts(self) -> (Vec<Record>, Vec<After>) {
        (self.records, self.after)
    }
}
