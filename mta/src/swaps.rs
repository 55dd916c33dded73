//! Tells sessions of swaps of the trust in force, so that a peer whose certificate became bad is judged again at once.
//!
//! Invariant: who subscribes before a judgement hears of every swap after it. Failure: none.

use pki::Trust;
use std::sync::Arc;
use tokio::sync::watch;

/// Counts the swaps of one [`Trust`].
#[derive(Debug, Clone)]
pub(crate) struct Swaps(Arc<watch::Sender<u64>>);

impl Swaps {
    /// Of this trust, from now on.
    pub(crate) fn of(trust: &Trust) -> Self {
        let swaps = Arc::new(watch::Sender::new(trust.state().generation()));
        let counted = Arc::clone(&swaps);
        trust.watch(move |state| _ = counted.send_replace(state.generation()));
        Self(swaps)
    }

    /// Changes with each swap.
    pub(crate) fn subscribe(&self) -> watch::Receiver<u64> {
        self.0.subscribe()
    }
}
