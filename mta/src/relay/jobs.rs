//! What is in hand: which entries and notes are being worked at, which wait for a place, and which rest.
//!
//! Invariants: a job is worked at once at a time; it is let go when its [`Hold`] is dropped, whatever ended the
//! attempt; what rests or waits hides nothing that is due behind it.
//! Failure: an attempt that fails or panics rests for [`REST`].

use domain::MailDomain;
use jiff::{SignedDuration, Timestamp};
use mailstore::{AccountId, Condition, QueueId, Store, StoreError};
use post::{delivered, queue};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use tokio::task::JoinSet;

use super::Relay;
use super::places::Place;

/// Jobs taken from the queue at once.
const BATCH: usize = 64;
/// Attempts under way at the same time.
const CONCURRENCY: usize = 64;
/// How long a job rests whose attempt could not be written back.
const REST: SignedDuration = SignedDuration::from_mins(15);

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A message goes to other operators.
    Entry,
    /// The report of a delivery here.
    Note,
}

/// A piece of work that was found due.
#[derive(Clone, Copy, Debug)]
pub(super) struct Job {
    pub(super) kind: Kind,
    pub(super) was_due: i64,
    pub(super) account: AccountId,
    pub(super) id: QueueId,
}

/// What becomes of a job after an attempt.
#[derive(Debug)]
pub(super) enum Next {
    /// What there is to know of it stands in the queue.
    Done,
    /// It begins again when there is a place at one of these operators, or when it is due in the queue besides.
    Waits { at: BTreeSet<MailDomain>, due: i64 },
    /// Too many wait for that operator: it is looked at again then.
    Rests(Timestamp),
}

#[derive(Debug, PartialEq, Eq)]
enum State {
    UnderWay,
    /// For a place at one of these operators; it is due in the queue since, or will be.
    Waits {
        at: BTreeSet<MailDomain>,
        due: i64,
        until: Option<Timestamp>,
    },
    RestsUntil(Timestamp),
}

/// The jobs in hand.
#[derive(Debug, Default)]
pub(super) struct Jobs(Mutex<BTreeMap<QueueId, State>>);

impl Jobs {
    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<QueueId, State>) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    pub(super) fn is_busy(&self) -> bool {
        let busy = |state: &State| matches!(state, State::UnderWay | State::Waits { .. });
        self.with(|jobs| jobs.values().any(busy))
    }

    /// How many due times to look at: those in hand are still due, and hide none behind them.
    fn batch(&self) -> usize {
        BATCH + self.with(|jobs| jobs.len())
    }
}

/// A job that an attempt is at.
struct Hold {
    relay: Relay,
    id: QueueId,
}

impl Hold {
    /// Takes a job that was found due, unless it is in hand already.
    fn take_due(relay: &Relay, id: QueueId, now: Timestamp) -> Option<Self> {
        relay.jobs.with(|jobs| {
            match jobs.get(&id) {
                None => {}
                Some(State::RestsUntil(until) | State::Waits { until: Some(until), .. })
                    if *until <= now => {}
                Some(_) => return None,
            }
            jobs.insert(id, State::UnderWay);
            Some(Self { relay: relay.clone(), id })
        })
    }

    /// Takes a job for which there is a place now, if it still waits; since when it is due, and where else it waits.
    fn take_waiting(relay: &Relay, id: QueueId) -> Option<(Self, i64, BTreeSet<MailDomain>)> {
        relay.jobs.with(|jobs| match jobs.insert(id, State::UnderWay) {
            Some(State::Waits { at, due, .. }) => {
                Some((Self { relay: relay.clone(), id }, due, at))
            }
            Some(other) => {
                jobs.insert(id, other);
                None
            }
            None => {
                jobs.remove(&id);
                None
            }
        })
    }

    fn becomes(&self, state: State) {
        self.relay.jobs.with(|jobs| jobs.insert(self.id, state));
    }

    fn rest(&self) {
        self.becomes(State::RestsUntil(self.relay.parts.clock.now() + REST));
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.rest();
        }
        self.relay.jobs.with(|jobs| {
            if jobs.get(&self.id) == Some(&State::UnderWay) {
                jobs.remove(&self.id);
            }
        });
    }
}

impl Kind {
    fn due(
        self,
        store: &Store,
        now: Timestamp,
        most: usize,
    ) -> Result<Vec<(i64, AccountId, QueueId)>, StoreError> {
        match self {
            Self::Entry => queue::due(store, now.as_second(), most),
            Self::Note => delivered::due(store, now.as_second(), most),
        }
    }
}

impl Relay {
    /// Starts attempts at what has a place now and at what is due, as many as there is room for; none
    /// while the store takes no changes: what a peer has taken could not be written back, and it would
    /// be sent again.
    pub(super) fn start_due(&self, attempts: &mut JoinSet<()>) -> usize {
        if self.parts.post.store().condition() != Condition::Sound {
            return 0;
        }
        let mut started = self.start_waiting(attempts);
        let now = self.parts.clock.now();
        for kind in [Kind::Entry, Kind::Note] {
            if attempts.len() >= CONCURRENCY {
                break;
            }
            let due = match kind.due(self.parts.post.store(), now, self.jobs.batch()) {
                Ok(due) => due,
                Err(error) => {
                    tracing::error!(?kind, error = &error as &dyn std::error::Error, "the queue");
                    continue;
                }
            };
            for (was_due, account, id) in due {
                if attempts.len() >= CONCURRENCY {
                    break;
                }
                let Some(hold) = Hold::take_due(self, id, now) else { continue };
                let job = Job { kind, was_due, account, id };
                attempts.spawn(hold.work(job, None, BTreeSet::new()));
                started += 1;
            }
        }
        started
    }

    /// Starts attempts at what waits for a place, where there is one now.
    pub(super) fn start_waiting(&self, attempts: &mut JoinSet<()>) -> usize {
        let mut started = 0;
        while attempts.len() < CONCURRENCY
            && let Some((job, place)) = self.next_waiting()
        {
            let Some((hold, was_due, mut at)) = Hold::take_waiting(self, job.id) else { continue };
            match &place {
                Some(place) => at.retain(|domain| !place.is_at(domain)),
                None => at.clear(),
            }
            attempts.spawn(hold.work(Job { was_due, ..job }, place, at));
            started += 1;
        }
        started
    }
}

impl Hold {
    /// One attempt, with the place that there is for it; it goes on waiting elsewhere.
    async fn work(self, job: Job, place: Option<Place>, elsewhere: BTreeSet<MailDomain>) {
        let relay = &self.relay;
        let next = match job.kind {
            Kind::Entry => relay.attempt(job, place).await,
            Kind::Note => relay.tell(job).await.map(|()| Next::Done),
        };
        match next {
            Ok(Next::Done) if elsewhere.is_empty() => {}
            Ok(Next::Done) => self.wait(elsewhere, job.was_due, job),
            Ok(Next::Rests(until)) => self.becomes(State::RestsUntil(until)),
            Ok(Next::Waits { mut at, due }) => {
                at.extend(elsewhere);
                self.wait(at, due, job);
            }
            Err(error) => {
                // The entry stays as it was; it rests, so that it does not stand in the way.
                let error = &error as &dyn std::error::Error;
                tracing::error!(queue_id = %job.id, error, "an attempt was not written back");
                self.rest();
            }
        }
    }

    /// Has the job wait for a place at one of these operators.
    fn wait(&self, at: BTreeSet<MailDomain>, due: i64, job: Job) {
        let relay = &self.relay;
        let again = Timestamp::from_second(due).ok();
        let until = again.filter(|due| *due > relay.parts.clock.now());
        self.becomes(State::Waits { at: at.clone(), due, until });
        for domain in at {
            relay.wait_for_place(domain, job);
        }
    }
}
