//! Workers: tasks that an operator runs until it stops.
//!
//! Failure: a worker that ends or panics before it is told to is reported and started again after a
//! pause, so that a defect costs what was under way and not the work of all days to come.

use std::future::Future;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

/// The pause before a worker that ended is started again.
const PAUSE: Duration = Duration::from_secs(5);

/// Runs a worker until it is told to stop; `start` makes it, each time. Dropped, it takes the worker
/// with it.
pub(super) async fn keep_at_work<F>(
    name: &'static str,
    mut stop: watch::Receiver<bool>,
    start: impl Fn(watch::Receiver<bool>) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    loop {
        let mut worker = JoinSet::new();
        worker.spawn(start(stop.clone()));
        let ended = worker.join_next().await;
        if *stop.borrow() {
            return;
        }
        match ended {
            Some(Err(error)) => tracing::error!(worker = name, %error, "a worker is started again"),
            _ => tracing::error!(worker = name, "a worker ended; it is started again"),
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = stop.wait_for(|stop| *stop) => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test(start_paused = true)]
    async fn a_worker_that_panics_or_ends_is_started_again_until_it_is_told_to_stop() {
        let (stop, told) = watch::channel(false);
        let starts = Arc::new(AtomicUsize::new(0));
        let (counted, (ready, mut is_ready)) = (Arc::clone(&starts), watch::channel(false));
        let work = keep_at_work("counting", told, move |mut stop| {
            let (at, ready) = (counted.fetch_add(1, Ordering::SeqCst), ready.clone());
            async move {
                match at {
                    0 => panic!("as told"),
                    1 => {}
                    _ => {
                        ready.send_replace(true);
                        let _ = stop.wait_for(|stop| *stop).await;
                    }
                }
            }
        });
        let work = tokio::spawn(work);
        is_ready.wait_for(|ready| *ready).await.unwrap();
        stop.send_replace(true);
        work.await.unwrap();
        assert_eq!(starts.load(Ordering::SeqCst), 3);
    }
}
