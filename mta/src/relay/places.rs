//! Places at other operators: how many connections one gets at once, which are kept for the next message, who waits
//! for one, and an operator's rest while it is down.
//!
//! Invariants: connections in use and kept together are at most [`MAX_CONNECTIONS`](crate::client::MAX_CONNECTIONS)
//! an operator; nobody holds an attempt while it waits; a place is given back when it is dropped, whatever ended the
//! attempt, and then the first who waits has it. Failure: none.

use domain::MailDomain;
use jiff::{SignedDuration, Timestamp};
use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Relay;
use super::jobs::Job;
use crate::client::{Admission, Connection, Destinations, Health};

/// Messages over one connection; then the peer gets a fresh one.
pub(super) const MAX_MESSAGES: u32 = 100;
/// How long a connection is kept for the next message to the same domain.
pub(super) const KEPT_FOR: Duration = Duration::from_secs(5);
/// Connections kept in all.
const MAX_KEPT: usize = 128;
/// Jobs that wait for one operator; more are looked at again after a while.
pub(super) const MAX_WAITING: usize = 1024;
/// How long a job rests at least that finds as many waiting.
const CROWDED: SignedDuration = SignedDuration::from_secs(2);
/// Seconds over which such jobs come again, so that not all come at once.
const SPREAD: u64 = 4;

/// The places of all operators.
#[derive(Default)]
pub(super) struct Places {
    table: Mutex<Table>,
    freed: Notify,
}

#[derive(Default)]
struct Table {
    taken: Destinations,
    kept: HashMap<MailDomain, Vec<Kept>>,
    waiting: HashMap<MailDomain, VecDeque<Job>>,
    /// Connections to take leave of.
    leaving: Vec<Connection>,
}

/// A connection that has served, and can again.
pub(super) struct Kept {
    pub(super) connection: Connection,
    /// The host it leads to.
    pub(super) host: String,
    /// Messages that went over it.
    pub(super) sent: u32,
    since: Instant,
}

impl Kept {
    pub(super) fn new(connection: Connection, host: String) -> Self {
        Self { connection, host, sent: 0, since: Instant::now() }
    }
}

/// Why there is no place now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NoPlace {
    /// The operator is down; not before then.
    Rests(Timestamp),
    /// All places are taken.
    Busy,
}

/// A place at an operator.
pub(super) struct Place {
    relay: Relay,
    domain: MailDomain,
    health: Health,
}

impl Place {
    /// Whether it is at the operator of this domain.
    pub(super) fn is_at(&self, domain: &MailDomain) -> bool {
        self.domain == *domain
    }

    /// A connection that was kept, if there is one.
    pub(super) fn kept(&self) -> Option<Kept> {
        self.relay.places.with(|table| {
            let kept = table.kept.get_mut(&self.domain)?;
            let newest = kept.pop();
            if kept.is_empty() {
                table.kept.remove(&self.domain);
            }
            newest
        })
    }

    /// Somebody answered: the operator is up.
    pub(super) fn found_up(&mut self) {
        self.health = Health::Alive;
    }

    /// Nobody was reached: the operator rests.
    pub(super) fn found_down(&mut self) {
        self.health = Health::Dead;
    }

    /// Keeps the connection for the next message, or lets it go.
    pub(super) fn give_back(self, mut kept: Kept) {
        let usable = kept.connection.is_usable() && kept.sent < MAX_MESSAGES;
        kept.since = Instant::now();
        self.relay.places.with(|table| {
            let all: usize = table.kept.values().map(Vec::len).sum();
            if usable && all < MAX_KEPT {
                table.kept.entry(self.domain.clone()).or_default().push(kept);
            } else {
                table.leaving.push(kept.connection);
            }
        });
    }

    /// Lets a connection go that will not do.
    pub(super) fn leave(&self, kept: Kept) {
        self.relay.places.with(|table| table.leaving.push(kept.connection));
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let (now, random) = (self.relay.parts.clock.now(), self.relay.random());
        self.relay.places.with(|table| {
            table.taken.finished(self.domain.as_str(), self.health, now, random);
            if !table.waiting.is_empty() || !table.leaving.is_empty() {
                self.relay.places.freed.notify_one();
            }
        });
    }
}

impl Places {
    fn with<T>(&self, work: impl FnOnce(&mut Table) -> T) -> T {
        work(&mut self.table.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Until a place was given back since the last call.
    pub(super) async fn freed(&self) {
        self.freed.notified().await;
    }

    /// Takes leave of connections that are no more used or were kept for long enough.
    pub(super) fn part_from_idle(&self, partings: &mut JoinSet<()>) {
        let now = Instant::now();
        self.part(partings, |kept| now.duration_since(kept.since) >= KEPT_FOR);
    }

    /// Takes leave of all connections that no attempt uses.
    pub(super) fn part_from_all(&self, partings: &mut JoinSet<()>) {
        self.part(partings, |_| true);
    }

    fn part(&self, partings: &mut JoinSet<()>, mut over: impl FnMut(&Kept) -> bool) {
        let leaving = self.with(|table| {
            let mut leaving = std::mem::take(&mut table.leaving);
            for kept in table.kept.values_mut() {
                leaving.extend(kept.extract_if(.., |kept| over(kept)).map(|kept| kept.connection));
            }
            table.kept.retain(|_, kept| !kept.is_empty());
            leaving
        });
        for connection in leaving {
            partings.spawn(connection.quit());
        }
    }
}

impl Relay {
    /// A place at the operator of a domain, if there is one now.
    pub(super) fn place_at(&self, domain: &MailDomain) -> Result<Place, NoPlace> {
        let now = self.parts.clock.now();
        match self.places.with(|table| table.taken.admit(domain.as_str(), now)) {
            Admission::Go => Ok(self.place(domain.clone())),
            Admission::RestsUntil(until) => Err(NoPlace::Rests(until)),
            Admission::Busy => Err(NoPlace::Busy),
        }
    }

    /// Ends the rest of every operator that was down, so that the next attempt asks it again.
    pub fn wake(&self) {
        self.places.with(|table| table.taken.wake());
    }

    fn place(&self, domain: MailDomain) -> Place {
        Place { relay: self.clone(), domain, health: Health::Unknown }
    }

    /// Whether as many wait for a place at an operator as may; then, until when to rest.
    pub(super) fn is_crowded(&self, domain: &MailDomain) -> Option<Timestamp> {
        let waiting = self.places.with(|table| table.waiting.get(domain).map_or(0, VecDeque::len));
        (waiting >= MAX_WAITING).then(|| {
            let spread = i64::try_from(self.random() % SPREAD).unwrap_or_default();
            self.parts.clock.now() + CROWDED + SignedDuration::from_secs(spread)
        })
    }

    /// Puts a job behind those that wait for a place at an operator.
    pub(super) fn wait_for_place(&self, domain: MailDomain, job: Job) {
        self.places.with(|table| table.waiting.entry(domain).or_default().push_back(job));
        // A place may have become free meanwhile.
        self.places.freed.notify_one();
    }

    /// The first job that waits where there is a place now, with the place. Who waits for an operator that rests
    /// begins without one, and learns until when.
    pub(super) fn next_waiting(&self) -> Option<(Job, Option<Place>)> {
        let now = self.parts.clock.now();
        let (job, domain, admission) = self.places.with(|table| {
            let Table { taken, waiting, .. } = table;
            let mut admitted = None;
            for domain in waiting.keys() {
                let admission = taken.admit(domain.as_str(), now);
                if admission != Admission::Busy {
                    admitted = Some((domain.clone(), admission));
                    break;
                }
            }
            let (domain, admission) = admitted?;
            let jobs = waiting.get_mut(&domain)?;
            let job = jobs.pop_front();
            if jobs.is_empty() {
                waiting.remove(&domain);
            }
            Some((job, domain, admission))
        })?;
        let place = (admission == Admission::Go).then(|| self.place(domain));
        Some((job?, place))
    }
}
