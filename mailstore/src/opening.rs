//! A store that is opened beside whatever else its process does.
//!
//! Making the index anew takes a minute for a million messages. A store opened with
//! [`Store::open_beside`] is there at once: until it is ready everything asked of it is refused
//! with [`StoreError::Opening`], a temporary fault of ours, so a peer that delivers comes back and
//! a person is told to try again. Nothing is accepted before: whether a recipient exists, and
//! whether a message is a repetition, only the index can tell.

use crate::engine::awaited::Awaited;
use crate::engine::embedded::{self, Embedded, Embedding, OpenError};
pub use crate::engine::opening::Rebuilding;
use crate::error::StoreError;
use crate::log::Recovery;
use crate::store::Store;
use std::sync::Arc;
use tokio::sync::{oneshot, watch};

/// A store being opened.
#[derive(Debug)]
pub struct Opening {
    done: oneshot::Receiver<Result<Recovery, OpenError>>,
    progress: watch::Receiver<Option<Rebuilding>>,
}

impl Opening {
    /// How far making the index anew has come; None while nothing of the kind is needed.
    #[must_use]
    pub fn progress(&self) -> watch::Receiver<Option<Rebuilding>> {
        self.progress.clone()
    }

    /// Waits until the store is open, or could not be opened.
    pub async fn done(self) -> Result<Recovery, OpenError> {
        self.done.await.unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }

    /// As [`Opening::done`], on a thread that may block.
    pub fn wait(self) -> Result<Recovery, OpenError> {
        self.done.blocking_recv().unwrap_or_else(|_| Err(StoreError::Panicked.into()))
    }
}

impl Store {
    /// Opens an embedded store on a thread of its own. That it is absent or in use is said at
    /// once, everything else by [`Opening`].
    pub fn open_beside(embedding: Embedding) -> Result<(Self, Opening), OpenError> {
        let lock = embedded::lock_present(&*embedding.disk, &embedding.dir)?;
        let awaited =
            Arc::new(Awaited::new(Arc::clone(&embedding.random), embedding.disk.takes_turns()));
        let store = Self::start(Arc::clone(&awaited) as _, embedding.consumers.clone())?;
        let (tell, done) = oneshot::channel();
        let (heard, progress) = watch::channel(None);
        let of_thread = store.clone();
        std::thread::Builder::new().name("opening".into()).spawn(move || {
            let hear = |now| {
                heard.send_replace(Some(now));
            };
            let opened = Embedded::open(embedding, lock, &hear).map(|(engine, recovery)| {
                awaited.set(engine);
                of_thread.settled();
                recovery
            });
            // Who no longer waits has no need of the answer.
            let _ = tell.send(opened);
        })?;
        Ok((store, Opening { done, progress }))
    }
}
