//! The index in use. It can be replaced while the store runs: one that has failed takes nothing
//! more, and another is opened in its place.

use super::{Index, IndexError, Snapshot};
use crate::log::Applied;
use std::sync::{Arc, PoisonError, RwLock};

/// The index in use.
#[derive(Debug)]
pub(crate) struct Current(RwLock<Arc<dyn Index>>);

impl Current {
    pub(crate) fn new(index: Arc<dyn Index>) -> Self {
        Self(RwLock::new(index))
    }

    fn get(&self) -> Arc<dyn Index> {
        Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner))
    }

    pub(crate) fn replace(&self, index: Arc<dyn Index>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = index;
    }

    /// As [`Index::apply`].
    pub(crate) fn apply(&self, applied: &Applied<'_>) -> Result<(), IndexError> {
        self.get().apply(applied)
    }

    /// As [`Index::flush`].
    pub(crate) fn flush(&self) -> Result<(), IndexError> {
        self.get().flush()
    }

    /// As [`Index::snapshot`].
    pub(crate) fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        self.get().snapshot()
    }

    /// As [`Index::close`].
    pub(crate) fn close(&self) {
        self.get().close();
    }
}
