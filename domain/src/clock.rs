//! Civil time, passed in: rules, dates, retries and retention ask a [`Clock`]; nothing else reads the time.
//!
//! Invariant: a [`ManualClock`] never goes back, and its copies share one time.
//! Failure: setting it back is an error and leaves it as it was; moving past the end of time stops at the end.

use std::fmt::Debug;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// A source of civil time.
pub trait Clock: Debug + Send + Sync {
    /// The instant now.
    fn now(&self) -> Timestamp;
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> Timestamp {
        (**self).now()
    }
}

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// A clock that moves only when told, for tests and demonstrations; clones share the same time.
#[derive(Clone, Debug)]
pub struct ManualClock {
    now: Arc<Mutex<Timestamp>>,
}

/// A manual clock was asked to go back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a clock cannot go back from {now} to {asked}")]
pub struct GoesBack {
    /// The time it shows.
    pub now: Timestamp,
    /// The earlier time asked for.
    pub asked: Timestamp,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { now: Arc::new(Mutex::new(start)) }
    }

    /// Moves forward by `step` and returns the new time; stops at [`Timestamp::MAX`].
    pub fn advance(&self, step: Duration) -> Timestamp {
        let mut now = self.lock();
        *now = now.checked_add(step).unwrap_or(Timestamp::MAX);
        *now
    }

    /// Moves forward to `asked`.
    ///
    /// # Errors
    /// [`GoesBack`] when `asked` is earlier than now.
    pub fn advance_to(&self, asked: Timestamp) -> Result<(), GoesBack> {
        let mut now = self.lock();
        if asked < *now {
            return Err(GoesBack { now: *now, asked });
        }
        *now = asked;
        Ok(())
    }

    // The value is a plain instant: a holder that panicked cannot have left it half written.
    fn lock(&self) -> MutexGuard<'_, Timestamp> {
        self.now.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_is_shared_and_moves_forward_only() {
        let clock = ManualClock::new(Timestamp::UNIX_EPOCH);
        let other = clock.clone();
        let later = clock.advance(Duration::from_secs(42 * 24 * 3600));
        assert_eq!(other.now(), later);
        assert_eq!(later.as_second(), 3_628_800);
        assert_eq!(
            other.advance_to(Timestamp::UNIX_EPOCH),
            Err(GoesBack { now: later, asked: Timestamp::UNIX_EPOCH })
        );
        assert_eq!(clock.now(), later);
        assert_eq!(other.advance_to(later), Ok(()));
        assert_eq!(clock.advance(Duration::MAX), Timestamp::MAX);
    }

    #[test]
    fn any_clock_can_be_shared_as_a_trait_object() {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        assert!(clock.now() > Timestamp::UNIX_EPOCH);
    }
}
