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
type Write = Box<dyn FnMut(&mut Transaction<'_>) -> Result<(), NotCommitted> + Send>;
type After = Box<dyn FnOnce() + Send>;

/// The effects of one change.
#[derive(Default)]
pub struct Effects {
    records: Vec<Write>,
    mail: Vec<Write>,
    after: Vec<After>,
}

impl std::fmt::Debug for Effects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Effects({} records, {} mails)", self.records.len(), self.mail.len())
    }
}

impl Effects {
    /// Writes records of the account (filings, fates), in the order of the calls. If one fails,
    /// nothing of the change's effects stays.
    pub fn record(
        &mut self,
        write: impl FnMut(&mut Transaction<'_>) -> Result<(), NotCommitted> + Send + 'static,
    ) {
        self.records.push(Box::new(write));
    }

    /// Sends mail with the records, after them. When records are derived again it is left out.
    pub fn mail(
        &mut self,
        write: impl FnMut(&mut Transaction<'_>) -> Result<(), NotCommitted> + Send + 'static,
    ) {
        self.mail.push(Box::new(write));
    }

    /// Runs when mail is committed: wakes whoever has work by it. Lost in a crash.
    pub fn after_mail(&mut self, run: impl FnOnce() + Send + 'static) {
        self.after.push(Box::new(run));
    }

    pub(crate) fn without_mail(self) -> Self {
        Self { records: self.records, ..Self::default() }
    }

    /// Writes everything.
    pub(crate) fn write(&mut self, tx: &mut Transaction<'_>) -> Result<(), NotCommitted> {
        self.records.iter_mut().chain(&mut self.mail).try_for_each(|write| write(tx))
    }

    pub(crate) fn take_after(&mut self) -> Vec<After> {
        std::mem::take(&mut self.after)
    }
}
