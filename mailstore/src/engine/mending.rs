//! What the embedded engine does when a flush, or the index, has failed: it mends itself.
//!
//! After a failed flush nobody knows what the disk holds of the file concerned. The log goes on in
//! a fresh segment that voids what was not flushed; the keystore's slots are all written again.
//! The group that met the failure is answered with a temporary error, the next one is written as
//! usual, and the failure is counted and told as an alarm: a disk that fails a flush will fail
//! another. If reopening fails as well, the store stays open for reading only until an
//! administrator opens it again.
//!
//! An index that failed (somebody else has filled the disk, say) is opened again from what it had
//! made durable, and gets the frames since; if it does not open it is made anew. Until that
//! succeeds, tried each second, changes get temporary errors and so may reads.

use super::embedded::{Embedded, INDEX};
use super::opening::refill;
use super::{Condition, Engine};
use crate::disk::Disk;
use crate::error::StoreError;
use crate::id::StoreId;
use crate::index::{IndexError, RedbIndex};
use crate::log::LogError;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, PoisonError};

/// How the store does, for metrics and alarms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Vitals {
    /// Whether changes are taken.
    pub condition: Condition,
    /// Flushes of the log or the keystore that failed since the store was opened. Each one is
    /// reason to look at the disk.
    pub failed_flushes: u64,
    /// The disk is full but for the reserve: mail is put off until there is room.
    pub disk_full: bool,
}

/// What went wrong so far.
#[derive(Debug, Default)]
pub(super) struct Incidents {
    failed_flushes: AtomicU64,
    /// Reopening failed: nothing is tried any more.
    given_up: AtomicBool,
    /// There is no index that follows the log.
    index_lost: AtomicBool,
}

impl Incidents {
    pub(super) fn index_lost(&self) -> bool {
        self.index_lost.load(Ordering::Acquire)
    }
}

/// Where the store lies.
#[derive(Debug)]
pub(super) struct Place {
    pub(super) disk: Arc<dyn Disk>,
    pub(super) dir: PathBuf,
    pub(super) store: StoreId,
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
                self.replace_index(error)?;
            }
            self.mark_unflushed();
            // The frames that named them are void.
            self.stranded.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        Ok(())
    }

    /// The index failed: another one is opened in its place.
    pub(super) fn replace_index(&self, error: IndexError) -> Result<(), StoreError> {
        tracing::error!(
            error = &error as &dyn std::error::Error,
            "ALARM: the index failed; it is opened again"
        );
        self.incidents.index_lost.store(true, Ordering::Release);
        self.renew_index().inspect_err(|error| {
            let error = error as &dyn std::error::Error;
            tracing::error!(error, "the index does not open; it is tried each second");
        })
    }

    /// Each second: tries again what [`Embedded::replace_index`] could not do.
    pub(super) fn find_index_again(&self) {
        if self.incidents.index_lost() && self.renew_index().is_ok() {
            tracing::warn!("the index is open again");
        }
    }

    fn renew_index(&self) -> Result<(), StoreError> {
        // redb may panic on pages that no redb wrote, at its end as well.
        let _ = catch_unwind(AssertUnwindSafe(|| self.index.close()));
        let Place { disk, dir, store } = &self.place;
        let path = dir.join(INDEX);
        let log = self.log();
        let open = || {
            let index = RedbIndex::open(&**disk, &path, *store)?;
            log.catch_up(&index)?;
            Ok::<_, LogError>(index)
        };
        // redb may panic on pages that no redb wrote.
        let opened = match catch_unwind(AssertUnwindSafe(open)) {
            Ok(Ok(index)) => index,
            Ok(Err(LogError::Disk(error))) => return Err(error.into()),
            // On a full disk a rebuild would fail as well, and what is there may yet do.
            Ok(Err(error)) if !self.room.has(0) => return Err(error.into()),
            _ => {
                disk.remove(&path)?;
                let index = RedbIndex::open(&**disk, &path, *store)?;
                refill(&**disk, dir, &log, &index)?;
                index
            }
        };
        self.index.replace(Arc::new(opened));
        self.mark_unflushed();
        self.incidents.index_lost.store(false, Ordering::Release);
        Ok(())
    }

    /// Why no change can be taken now, if none can.
    pub(super) fn refusal(&self) -> Option<StoreError> {
        match self.condition() {
            Condition::Sound => None,
            Condition::Mending(why) => {
                Some(StoreError::Unavailable(Arc::new(io::Error::other(why))))
            }
            Condition::ReadOnly(why) => Some(StoreError::ReadOnly(why)),
        }
    }

    pub(super) fn vitals_now(&self) -> Vitals {
        Vitals {
            condition: self.condition(),
            failed_flushes: self.incidents.failed_flushes.load(Ordering::Relaxed),
            disk_full: self.room.was_tight(),
        }
    }
}
