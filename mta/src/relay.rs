//! The relay: takes what is due from the queue to other operators, and writes back what became of it.
//!
//! One attempt of one entry: its recipients by domain, a connection each, the outcomes in one transaction with the
//! next due time or the report. Nothing is lost between: until that transaction the entry stays as it was, and a
//! peer that has taken the message knows its repetition.
//!
//! `places` holds how many connections an operator gets at once, and lets one that is down rest; `reports` writes what
//! the sender is told; `delivered` makes the reports of success.

mod delivered;
mod places;
mod reports;

use domain::{MailAddress, MailDomain, MailboxKind, Verdict};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mailstore::body::BodyReader;
use mailstore::{AccountId, QueueId, StoreError, View};
use pki::tls::{NamePolicy, client_config};
use pki::trust::ListingStep;
use pki::{Identity, PeerChain, Trust, Usage};
use places::Places;
use post::Post;
use post::queue::{self, Entry, Settlement, Waiting};
use reports::is_lost;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use std::collections::BTreeMap;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::client::{
    Attempts, Class, Envelope, EnvelopeId, Event, MAX_RECIPIENTS, MessageFacts, NextHop,
    OriginalRecipient, Outcome, Plan, Problem, Reader, Reason, Recipient, RecipientReport,
    Resolver, Ret, Routes, Schedule, Terms, Timeouts, TlsFor, connect, next_hops,
};

/// Entries taken from the queue at once.
const BATCH: usize = 64;
/// Attempts under way at the same time.
const CONCURRENCY: usize = 20;
/// How often due times are looked at when nothing rings.
const LOOK: Duration = Duration::from_secs(1);
/// How long an entry rests whose attempt could not be written back.
const REST: SignedDuration = SignedDuration::from_mins(15);
/// How much longer than others a recipient is kept whose operator was never free to be tried.
const GRACE: SignedDuration = SignedDuration::from_hours(24);
/// Octets read from a body at once.
const BLOCK: usize = 64 * 1024;

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

/// Entries that an attempt is at (None), and those that rest until an instant.
type Taken = BTreeMap<QueueId, Option<Timestamp>>;

/// An entry that an attempt is at; let go when dropped, whatever ended the attempt.
struct UnderWay {
    of: Arc<Mutex<Taken>>,
    id: QueueId,
}

impl UnderWay {
    /// Lets it go at an instant.
    fn rest(&self, until: Timestamp) {
        self.of.lock().unwrap_or_else(PoisonError::into_inner).insert(self.id, Some(until));
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        let mut taken = self.of.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.get(&self.id) == Some(&None) {
            taken.remove(&self.id);
        }
    }
}

/// Takes mail to other operators. Clones share it.
#[derive(Clone)]
pub struct Relay {
    parts: Arc<RelayParts>,
    under_way: Arc<Mutex<Taken>>,
    places: Arc<Places>,
}

impl Relay {
    /// A relay.
    #[must_use]
    pub fn new(parts: RelayParts) -> Self {
        Self { parts: Arc::new(parts), under_way: Arc::default(), places: Arc::default() }
    }

    /// Works the queue until told to stop; attempts under way are finished. A slow peer holds one
    /// attempt, not the queue.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut attempts = JoinSet::new();
        while !*stop.borrow_and_update() {
            self.start_due(&mut attempts);
            tokio::select! {
                () = self.parts.post.queued() => {}
                () = tokio::time::sleep(LOOK) => {}
                Some(_) = attempts.join_next() => {}
                changed = stop.changed() => if changed.is_err() { break },
            }
        }
        while attempts.join_next().await.is_some() {}
    }

    /// Whether an attempt is under way.
    #[must_use]
    pub fn is_busy(&self) -> bool {
        let taken = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        taken.values().any(Option::is_none)
    }

    /// Makes one attempt at everything that is due now, and waits for them; returns how many.
    pub async fn run_due(&self) -> usize {
        let mut attempts = JoinSet::new();
        let started = self.start_due(&mut attempts);
        while attempts.join_next().await.is_some() {}
        started
    }

    /// Starts attempts at what is due and nobody is at, as many as there is room for.
    fn start_due(&self, attempts: &mut JoinSet<()>) -> usize {
        let now = self.parts.clock.now();
        let due = match queue::due(self.parts.post.store(), now.as_second(), self.batch()) {
            Ok(due) => due,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "the queue");
                return 0;
            }
        };
        let mut started = 0;
        for (was_due, account, id) in due {
            if attempts.len() >= CONCURRENCY {
                break;
            }
            let Some(guard) = self.take(id, now) else { continue };
            started += 1;
            let relay = self.clone();
            attempts.spawn(async move {
                if let Err(error) = relay.attempt(was_due, account, id).await {
                    // The entry stays as it was; it rests, so that it does not stand in the way.
                    tracing::error!(
                        queue_id = %id,
                        error = &error as &dyn std::error::Error,
                        "an attempt was not written back"
                    );
                    guard.rest(relay.parts.clock.now() + REST);
                }
            });
        }
        started + self.start_notes(attempts, now)
    }

    /// Entries to look at: those taken or resting are still due, and hide none behind them.
    fn batch(&self) -> usize {
        BATCH + self.under_way.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Takes an entry, unless an attempt is at it or it rests.
    fn take(&self, id: QueueId, now: Timestamp) -> Option<UnderWay> {
        let mut taken = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|_, until| until.is_none_or(|until| until > now));
        if taken.contains_key(&id) {
            return None;
        }
        taken.insert(id, None);
        Some(UnderWay { of: Arc::clone(&self.under_way), id })
    }

    /// One attempt at one entry.
    async fn attempt(
        &self,
        was_due: i64,
        account: AccountId,
        id: QueueId,
    ) -> Result<(), StoreError> {
        let store = self.parts.post.store();
        let (mut entry, body, reader) = {
            let view = store.view(account)?;
            match queue::entry(&view, id)? {
                Some(entry) => {
                    let body = self.body(&view, entry.body)?.map(Arc::new);
                    (entry, body, reader_of(&view)?)
                }
                None => return self.parts.post.clear_due(account, was_due, id).await.map(drop),
            }
        };
        entry.attempts = entry.attempts.saturating_add(1);
        let mut told = Vec::new();
        let mut waiting = Vec::new();
        let (mut tried, mut rests) = (false, None);
        for (domain, recipients) in by_domain(std::mem::take(&mut entry.recipients)) {
            let outcomes = match &body {
                None => {
                    let lost = Problem::new(Reason::BodyUnavailable).outcome();
                    Ok(vec![(lost, None, false); recipients.len()])
                }
                Some(body) if self.parts.post.settings().own_domains.contains(&domain) => {
                    Ok(self.deliver_here(&entry, body, &recipients).await)
                }
                Some(body) => self.deliver(&entry, body, &domain, &recipients).await,
            };
            let untried = outcomes.is_err();
            tried |= !untried;
            let outcomes = outcomes.unwrap_or_else(|until| {
                rests = rests.or(Some(until)).min(Some(until));
                let resting = Problem::new(Reason::Verdict(Verdict::PeerUnreachable)).outcome();
                vec![(resting, None, false); recipients.len()]
            });
            for (recipient, (outcome, host, peer_reports)) in recipients.into_iter().zip(outcomes) {
                let done = Done { recipient, outcome, host, peer_reports, untried };
                self.sort(&entry, body.as_deref(), done, &mut told, &mut waiting);
            }
        }
        let now = self.parts.clock.now();
        let plan = self.plan(&entry, now);
        let untried_until = rests;
        // Nobody was tried: that was no attempt.
        let rests = rests.filter(|_| !tried);
        if rests.is_some() {
            entry.attempts = entry.attempts.saturating_sub(1);
        }
        let due = match plan {
            Plan::Retry { at, .. } => rests.unwrap_or(at).as_second(),
            // Who has not been tried waits beyond that time.
            Plan::GiveUp => untried_until.unwrap_or(now).as_second(),
        };
        if let Plan::Retry { report_delay: true, .. } = plan
            && !waiting.is_empty()
        {
            entry.delay_reported = true;
            let until = self.parts.schedule.gives_up_at(accepted_at(&entry));
            for (recipient, problem) in &waiting {
                told.push(self.report_of(
                    recipient,
                    Event::Delayed { problem: problem.clone(), retried_until: until },
                    None,
                ));
            }
        }
        entry.recipients = waiting.into_iter().map(|(recipient, _)| recipient).collect();
        let report = self.report(&entry, body.as_deref(), reader, told)?;
        let settlement = Settlement { account, was_due, entry, due, report };
        let _written = self.parts.post.settle(settlement).await?;
        Ok(())
    }

    fn plan(&self, entry: &Entry, now: Timestamp) -> Plan {
        let attempts = Attempts {
            accepted_at: accepted_at(entry),
            made: entry.attempts,
            delay_reported: entry.delay_reported,
        };
        self.parts.schedule.plan(attempts, now, self.random())
    }

    fn random(&self) -> u64 {
        let mut bytes = [0; 8];
        // Without randomness retries come at their bare times.
        let _ = self.parts.post.random().fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Sorts one outcome into what is to be told and what is to be tried again.
    fn sort(
        &self,
        entry: &Entry,
        body: Option<&BodyReader>,
        done: Done,
        told: &mut Vec<RecipientReport>,
        waiting: &mut Vec<(Waiting, Problem)>,
    ) {
        let Done { mut recipient, outcome, host, peer_reports, untried } = done;
        match outcome {
            Outcome::Stored => told.push(self.report_of(&recipient, Event::Delivered, None)),
            Outcome::Delivered { .. } if peer_reports => {}
            Outcome::Delivered { reply } => {
                told.push(self.report_of(&recipient, Event::Relayed { reply }, host));
            }
            Outcome::Refused(problem) => {
                told.push(self.report_of(&recipient, Event::Failed(problem), host));
            }
            Outcome::Deferred(problem) => {
                tracing::info!(queue_id = %entry.id, reason = problem.reason.id(), "deferred");
                let lost = problem.reason == Reason::BodyUnavailable && is_lost(body);
                if lost || self.gives_up(entry, untried) {
                    let event = Event::Failed(problem.expired());
                    told.push(self.report_of(&recipient, event, host));
                } else {
                    recipient.last = Some(problem.reason.id().to_owned());
                    waiting.push((recipient, problem));
                }
            }
        }
    }

    /// Whether a recipient is given up; one that was not even tried has a while longer.
    fn gives_up(&self, entry: &Entry, untried: bool) -> bool {
        let now = self.parts.clock.now();
        let last = self.parts.schedule.gives_up_at(accepted_at(entry)).saturating_add(GRACE);
        self.plan(entry, now) == Plan::GiveUp && (!untried || last.is_ok_and(|last| now >= last))
    }

    fn report_of(&self, to: &Waiting, event: Event, host: Option<String>) -> RecipientReport {
        RecipientReport {
            recipient: client_recipient(to),
            label: None,
            event,
            remote_mta: host,
            last_attempt: Some(self.parts.clock.now()),
        }
    }

    /// Delivers an entry to recipients of our own.
    async fn deliver_here(
        &self,
        entry: &Entry,
        body: &BodyReader,
        recipients: &[Waiting],
    ) -> Vec<(Outcome, Option<String>, bool)> {
        let outcome = |result| match result {
            Ok(()) => Outcome::Stored,
            Err(verdict) => {
                let problem = Problem::new(Reason::Verdict(verdict));
                // What our own program sends can wait until there is room again.
                let status = match verdict {
                    Verdict::QuotaExceeded => problem.status.in_class(Class::Temporary),
                    _ => problem.status,
                };
                Problem { status, ..problem }.outcome()
            }
        };
        let results = self.parts.post.deliver_entry(entry, body, recipients).await;
        results.into_iter().map(|result| (outcome(result), None, false)).collect()
    }

    /// Sends an entry to its recipients in one domain; an outcome for each. Nothing is tried while the operator rests.
    async fn deliver(
        &self,
        entry: &Entry,
        body: &Arc<BodyReader>,
        domain: &MailDomain,
        recipients: &[Waiting],
    ) -> Result<Vec<(Outcome, Option<String>, bool)>, Timestamp> {
        let all = |outcome: Outcome, host: Option<String>| {
            Ok(vec![(outcome, host, false); recipients.len()])
        };
        let check = |chain: &[CertificateDer<'_>]| self.check(chain, domain);
        let terms = Terms {
            name: &self.parts.post.settings().hostname,
            tls: self,
            check: &check,
            login: None,
            timeouts: Timeouts::default(),
        };
        let mut random = || self.random();
        let resolver = &*self.parts.resolver;
        let hops = match next_hops(domain, &self.parts.routes, resolver, &mut random).await {
            Ok(hops) => hops,
            Err(failure) => return all(failure.problem().outcome(), None),
        };
        let place = self.place_at(domain)?;
        let mut connected = match connect(&hops, resolver, terms).await {
            Ok(connected) => connected,
            Err(none) => {
                if none.failure.concerns_host() {
                    place.found_down();
                }
                return all(none.failure.problem().outcome(), none.host);
            }
        };
        let facts = MessageFacts {
            // Without our trace: what a peer has room for is what our sender was told that there is room for.
            size: entry.size.saturating_sub(entry.added),
            eight_bit: entry.eight_bit,
            utf8_headers: entry.utf8_headers,
        };
        let to = recipients.iter().map(client_recipient).collect();
        let Ok(envelope) = Envelope::new(entry.reverse_path.clone(), to, facts) else {
            return all(Problem::new(Reason::BodyUnavailable).outcome(), None);
        };
        let ret = if entry.dsn.full { Ret::Full } else { Ret::Headers };
        let envelope = envelope.reported(Some(ret), envelope_id(entry));
        let mut octets = BodyStream { body: Arc::clone(body), at: 0, block: Vec::new(), read: 0 };
        let report = connected.connection.send(envelope, &mut octets, &check).await;
        let host = Some(connected.hop.host.clone());
        connected.connection.quit().await;
        let told = |outcome| (outcome, host.clone(), report.peer_reports);
        Ok(report.outcomes.into_iter().map(told).collect())
    }

    /// Whether the server that we reached serves a domain.
    // MSS #13
    // MSS #14
    fn check(&self, chain: &[CertificateDer<'_>], domain: &MailDomain) -> Result<(), Verdict> {
        let chain = PeerChain::read(chain).map_err(|fault| fault.verdict())?;
        let state = self.parts.trust.state();
        let standing = state
            .judge_peer(&chain, Usage::Server, self.parts.clock.now())
            .map_err(|fault| fault.verdict())?;
        let listed = state.listed_for(&standing, domain);
        listed.map_err(|fault| fault.verdict(ListingStep::Relay))
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

/// One recipient after an attempt.
struct Done {
    recipient: Waiting,
    outcome: Outcome,
    host: Option<String>,
    peer_reports: bool,
    /// The operator rested or had no place.
    untried: bool,
}

/// In whose words the account that caused the mail is told.
fn reader_of(view: &View<'_>) -> Result<Reader, StoreError> {
    Ok(match view.account_record()?.kind {
        MailboxKind::Citizen => Reader::Citizen,
        _ => Reader::Professional,
    })
}

fn accepted_at(entry: &Entry) -> Timestamp {
    Timestamp::from_second(entry.accepted).unwrap_or(Timestamp::UNIX_EPOCH)
}

fn envelope_id(entry: &Entry) -> Option<EnvelopeId> {
    EnvelopeId::new(entry.dsn.envelope_id.as_deref()?)
}

/// Recipients by domain, in portions that one transaction takes.
fn by_domain(recipients: Vec<Waiting>) -> Vec<(MailDomain, Vec<Waiting>)> {
    let mut domains: BTreeMap<MailDomain, Vec<Waiting>> = BTreeMap::new();
    for recipient in recipients {
        domains.entry(recipient.address.domain().clone()).or_default().push(recipient);
    }
    let mut portions = Vec::new();
    for (domain, recipients) in domains {
        for portion in recipients.chunks(MAX_RECIPIENTS) {
            portions.push((domain.clone(), portion.to_vec()));
        }
    }
    portions
}

fn client_recipient(of: &Waiting) -> Recipient {
    let original = of.dsn.original.as_deref().and_then(|original| {
        let (kind, address) = original.split_once(';')?;
        OriginalRecipient::new(kind, address)
    });
    Recipient::new(of.address.clone(), Some(of.dsn.notify), original)
}

/// A stored body as a stream. A block is read and opened when it is asked for: a short, bounded piece of work.
struct BodyStream {
    body: Arc<BodyReader>,
    at: u64,
    block: Vec<u8>,
    read: usize,
}

impl AsyncRead for BodyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read == self.block.len() {
            self.block = self.body.read(self.at, BLOCK).map_err(io::Error::other)?;
            self.at += self.block.len() as u64;
            self.read = 0;
        }
        let rest = self.block.get(self.read..).unwrap_or_default();
        let now = rest.get(..rest.len().min(into.remaining())).unwrap_or_default();
        into.put_slice(now);
        let taken = now.len();
        self.read += taken;
        Poll::Ready(Ok(()))
    }
}
