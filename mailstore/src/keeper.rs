//! The thread that looks after a store beside its sequencer: snapshots, and what they make room
//! for. Failures are told by the engine and tried again at the next round.
//!
//! Dropped, it ends in the middle of its work, which leaves nothing that the next opening does
//! not sweep.

use crate::engine::Engine;
use crate::engine::upkeep::Pace;
use std::io;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// From one round to the next.
const ROUND: Duration = Duration::from_secs(10);

/// A running keeper.
#[derive(Debug)]
pub(crate) struct Keeper(Arc<Pace>, Option<JoinHandle<()>>);

impl Keeper {
    /// Starts one.
    pub(crate) fn start(engine: Arc<dyn Engine>) -> io::Result<Self> {
        let pace = Arc::<Pace>::default();
        let of_thread = Arc::clone(&pace);
        let thread = std::thread::Builder::new().name("keeper".into()).spawn(move || {
            while of_thread.rest(ROUND) {
                engine.keep(&of_thread);
            }
        })?;
        Ok(Self(pace, Some(thread)))
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        self.0.end();
        if let Some(thread) = self.1.take() {
            let _ = thread.join();
        }
    }
}
