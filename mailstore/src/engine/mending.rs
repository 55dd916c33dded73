//! What the embedded engine does when a flush has failed: it reopens itself.
//!
//! After a failed flush nobody knows what the disk holds of the file concerned. The log goes on in
//! a fresh segment that voids what was not flushed; the keystore's slots are all written again.
//! The group that met the failure is answered with a temporary error, the next one is written as
//! usual, and the failure is counted and told as an alarm: a disk that fails a flush will fail
//! another. If reopening fails as well, the store stays open for reading only until an
//! administrator opens it again.

use super::embedded::Embedded;
use super::{Condition, Engine};
use crate::error::StoreError;
use crate::index::Index;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// How the store does, for metrics and alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vitals {
    /// Whether changes are taken.
    pub condition: Condition,
    /// Flushes of the log or the keystore that failed since the store was opened. Each one is
    /// reason to look at the disk.
    pub failed_flushes: u64,
}

/// What went wrong so far.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    failed_flushes: AtomicU64,
    /// Reopening failed: nothing is tried any more.
    pub(super) given_up: AtomicBool,
}

impl Embedded {
    /// Reopens what a failed flush has closed.
    pub(super) fn mend(&self) {
        let closed = self.log().is_poisoned() || self.with.keyring.is_poisoned();
        if !closed || self.incidents.given_up.load(Ordering::Acquire) {
            return;
        }
        self.incidents.failed_flushes.fetch_add(1, Ordering::Relaxed);
        tracing::error!("ALARM: the disk failed to flush; the store reopens itself");
        match self.reopen() {
            Ok(()) => tracing::warn!("the store is open again, in a fresh segment"),
            Err(error) => {
                self.incidents.given_up.store(true, Ordering::Release);
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, "ALARM: the store is open for reading only");
            }
        }
    }

    fn reopen(&self) -> Result<(), StoreError> {
        if self.with.keyring.is_poisoned() {
            self.with.keyring.renew()?;
            // Slots made for what was not committed, and slots whose end was not flushed.
            self.with.keyring.settle(&*self.index.snapshot()?)?;
        }
        if self.log().is_poisoned() {
            let at = self.with.clock.now().as_millisecond();
            let applied = self.log().reopen(at)?;
            if let Err(error) = self.index.apply(&applied) {
                self.break_off();
                return Err(error.into());
            }
            self.mark_unflushed();
            // The frames that named them are void.
            self.stranded.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        Ok(())
    }

    pub(super) fn vitals_now(&self) -> Vitals {
        Vitals {
            condition: self.condition(),
            failed_flushes: self.incidents.failed_flushes.load(Ordering::Relaxed),
        }
    }
}
