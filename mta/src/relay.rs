//! The relay: takes what is due from the queue to other operators, and writes back what became of it.
//!
//! | question | where |
//! | --- | --- |
//! | which jobs are in hand, which rest? | `jobs` |
//! | what is one attempt at an entry? | `attempt` |
//! | how does a message get to an operator? | `sending`, over the connections of `places` |
//! | what is the sender told? | `reports`; of what was delivered here, `delivered` |
//!
//! Invariants: an entry stays in the queue until what became of it is written back, so nothing is lost between. What
//! a peer has taken is written back before the next operator is tried. A slow operator holds its own places and no
//! mail to others. Time, randomness and names come from [`RelayParts`].
//! Failure: an attempt that cannot be written back, or panics, rests; the entry stays as it was.

mod attempt;
mod delivered;
mod jobs;
mod places;
mod reports;
mod sending;

use domain::{MailAddress, Verdict};
use jiff::tz::TimeZone;
use pki::tls::{NamePolicy, client_config};
use pki::{Identity, Trust, Usage};
use post::Post;
use rustls::ClientConfig;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::jobs::Jobs;
use self::places::Places;
use crate::client::{NextHop, Resolver, Routes, Schedule, TlsFor};
use crate::standings::Standings;

/// How often due times are looked at when nothing rings.
const LOOK: Duration = Duration::from_secs(1);

/// What a relay is made of.
#[derive(Clone)]
pub struct RelayParts {
    /// The operator's post, with its queue.
    pub post: Post,
    /// Who is trusted.
    pub trust: Arc<Trust>,
    /// Our own certificate.
    pub identity: Arc<Identity>,
    /// The civil clock.
    pub clock: Arc<dyn domain::Clock>,
    /// Configured ways.
    pub routes: Routes,
    /// The DNS.
    pub resolver: Arc<dyn Resolver>,
    /// When to try again.
    pub schedule: Schedule,
    /// From whom reports come.
    pub postmaster: MailAddress,
    /// The civil time of reports.
    pub zone: TimeZone,
    /// By which name citizens know a professional's mailbox.
    // MSS #46
    pub label_of: LabelQuestion,
}

/// The name by which people know a mailbox, if there is one.
pub type LabelQuestion = Arc<dyn Fn(&MailAddress) -> Option<String> + Send + Sync>;

/// Takes mail to other operators. Clones share it.
#[derive(Clone)]
pub struct Relay {
    parts: Arc<RelayParts>,
    jobs: Arc<Jobs>,
    places: Arc<Places>,
    standings: Arc<Standings>,
    routes: Arc<RwLock<Arc<Routes>>>,
}

impl Relay {
    /// A relay.
    #[must_use]
    pub fn new(parts: RelayParts) -> Self {
        let standings = Arc::new(Standings::new(Arc::clone(&parts.trust), Usage::Server));
        let routes = Arc::new(RwLock::new(Arc::new(parts.routes.clone())));
        let (jobs, places) = (Arc::default(), Arc::default());
        Self { parts: Arc::new(parts), jobs, places, standings, routes }
    }

    /// Takes other configured ways, from the next connection on.
    pub fn set_routes(&self, routes: Routes) {
        *self.routes.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(routes);
    }

    fn routes(&self) -> Arc<Routes> {
        Arc::clone(&self.routes.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Works the queue until told to stop; attempts under way are finished.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let (mut attempts, mut partings) = (JoinSet::new(), JoinSet::new());
        while !*stop.borrow_and_update() {
            self.start_due(&mut attempts);
            self.places.part_from_idle(&mut partings);
            tokio::select! {
                () = self.parts.post.queued() => {}
                () = self.places.freed() => {}
                () = tokio::time::sleep(LOOK) => {}
                Some(_) = attempts.join_next() => {}
                Some(_) = partings.join_next() => {}
                changed = stop.changed() => if changed.is_err() { break },
            }
        }
        while attempts.join_next().await.is_some() {}
        self.places.part_from_all(&mut partings);
        while partings.join_next().await.is_some() {}
    }

    /// Whether anything is in hand: an attempt is under way, or begins when a place is free.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        self.jobs.is_busy()
    }

    /// Makes one attempt at everything that is due now, and waits for them; returns how many.
    pub async fn run_due(&self) -> usize {
        let mut attempts = JoinSet::new();
        let mut started = self.start_due(&mut attempts);
        loop {
            tokio::select! {
                () = self.places.freed() => {}
                ended = attempts.join_next() => if ended.is_none() { break },
            }
            started += self.start_waiting(&mut attempts);
        }
        let mut partings = JoinSet::new();
        self.places.part_from_all(&mut partings);
        while partings.join_next().await.is_some() {}
        started
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        // Without randomness retries come at their bare times.
        let _ = self.parts.post.random().fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }
}

impl TlsFor for Relay {
    fn client_config(&self, hop: &NextHop) -> Result<Arc<ClientConfig>, Verdict> {
        let names = if hop.compare_name { NamePolicy::Compared } else { NamePolicy::Ignored };
        let RelayParts { identity, trust, clock, .. } = &*self.parts;
        let config = client_config(identity, trust, names, clock);
        config.map(Arc::new).map_err(|_| Verdict::InternalFailure)
    }
}
