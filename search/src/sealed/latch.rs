//! A lock that is held by a value, not by a scope: tantivy keeps its directory locks in a box.
//!
//! They keep apart users of one process; other processes are kept out by the store's own lock.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// The lock.
#[derive(Debug, Default)]
pub(super) struct Latch {
    held: Mutex<bool>,
    free: Condvar,
}

/// The lock, held until it is dropped.
#[derive(Debug)]
pub(super) struct Held(Arc<Latch>);

impl Latch {
    /// Takes the lock, waiting for it if asked to.
    pub(super) fn take(self: &Arc<Self>, wait: bool) -> Option<Held> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        while *held {
            if !wait {
                return None;
            }
            held = self.free.wait(held).unwrap_or_else(PoisonError::into_inner);
        }
        *held = true;
        Some(Held(Arc::clone(self)))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        *self.0.held.lock().unwrap_or_else(PoisonError::into_inner) = false;
        self.0.free.notify_one();
    }
}
