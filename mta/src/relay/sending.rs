//! A message on its way: to mailboxes of our own, or to another operator over a connection that was kept or a fresh
//! one.
//!
//! Invariants: the server's certificate is judged before each message, by the list and the revocations of that moment;
//! a kept connection that does not pass, or is gone, is given up for a fresh one, which counts. Nothing is tried
//! without a place. Failure: an outcome for each recipient, or [`NoPlace`].

use domain::{MailDomain, Verdict};
use mailstore::StoreError;
use mailstore::body::{BodyError, BodyReader};
use pki::trust::ListingStep;
use post::queue::{Entry, Waiting};
use rustls::pki_types::CertificateDer;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::task::{JoinHandle, spawn_blocking};

use super::Relay;
use super::places::{Kept, NoPlace, Place};
use crate::client::{
    Class, Envelope, EnvelopeId, Failure, MAX_RECIPIENTS, MessageFacts, MessageReport,
    OriginalRecipient, Outcome, PeerCheck, Problem, Reason, Recipient, Ret, Terms, Timeouts,
    connect, next_hops,
};

/// Octets read from a body at once.
const BLOCK: usize = 64 * 1024;

/// What is told of one recipient.
#[derive(Clone)]
pub(super) struct Told {
    pub(super) outcome: Outcome,
    /// The host that answered, or did not.
    pub(super) host: Option<String>,
    /// Whether the peer has taken over the duty to report.
    pub(super) peer_reports: bool,
}

impl Told {
    /// The same of all recipients.
    pub(super) fn all(number: usize, outcome: &Outcome, host: Option<String>) -> Vec<Self> {
        vec![Self { outcome: outcome.clone(), host, peer_reports: false }; number]
    }

    fn of(report: MessageReport, host: &str) -> Vec<Self> {
        let peer_reports = report.peer_reports;
        let told = |outcome| Self { outcome, host: Some(host.to_owned()), peer_reports };
        report.outcomes.into_iter().map(told).collect()
    }
}

/// A message that goes to several operators.
#[derive(Clone)]
pub(super) struct Letter {
    pub(super) relay: Relay,
    pub(super) entry: Arc<Entry>,
    /// None where it is damaged.
    pub(super) body: Option<Arc<BodyReader>>,
}

impl Letter {
    /// Sends it to its recipients in one domain, as many at a time as one transaction takes; what is told of each of
    /// these portions.
    pub(super) async fn send(
        self,
        domain: MailDomain,
        recipients: Vec<Waiting>,
        mut place: Option<Place>,
    ) -> (MailDomain, Vec<Result<Vec<Told>, NoPlace>>) {
        let own = self.relay.parts.post.settings().own_domains.contains(&domain);
        let mut all = Vec::new();
        for portion in recipients.chunks(MAX_RECIPIENTS) {
            let told = match &self.body {
                None => {
                    let lost = Problem::new(Reason::BodyUnavailable).outcome();
                    Ok(Told::all(portion.len(), &lost, None))
                }
                Some(body) if own => Ok(self.relay.deliver(&self.entry, body, portion).await),
                Some(body) => {
                    let there = place.take();
                    self.relay.send(&self.entry, body, &domain, portion, there).await
                }
            };
            all.push(told);
        }
        (domain, all)
    }
}

impl Relay {
    /// Delivers an entry to recipients of our own.
    async fn deliver(
        &self,
        entry: &Entry,
        body: &Arc<BodyReader>,
        recipients: &[Waiting],
    ) -> Vec<Told> {
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
        let results = match self.parts.post.deliver_entry(entry, body, recipients).await {
            Ok(results) => results,
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a queued message");
                let reason = match error {
                    StoreError::Damaged(_) => Reason::BodyUnavailable,
                    _ => Reason::Verdict(Verdict::StorageUnavailable),
                };
                return Told::all(recipients.len(), &Problem::new(reason).outcome(), None);
            }
        };
        let told = |result| Told { outcome: outcome(result), host: None, peer_reports: false };
        results.into_iter().map(told).collect()
    }

    /// Sends an entry to its recipients in one domain. Nothing is tried while the operator has no place.
    async fn send(
        &self,
        entry: &Entry,
        body: &Arc<BodyReader>,
        domain: &MailDomain,
        recipients: &[Waiting],
        place: Option<Place>,
    ) -> Result<Vec<Told>, NoPlace> {
        let mut place = place.map_or_else(|| self.place_at(domain), Ok)?;
        let all = |outcome: Outcome, host| Ok(Told::all(recipients.len(), &outcome, host));
        let Some(envelope) = envelope_of(entry, recipients) else {
            return all(Problem::new(Reason::BodyUnavailable).outcome(), None);
        };
        let check = |chain: &[CertificateDer<'_>]| self.check(chain, domain);
        while let Some(mut kept) = place.kept() {
            if check(kept.connection.peer_chain()).is_err() {
                place.leave(kept);
                continue;
            }
            let report = hand_over(&mut kept, envelope.clone(), body, &check).await;
            if report.failure == Some(Failure::Stale) {
                place.leave(kept);
                continue;
            }
            place.found_up();
            let told = Told::of(report, &kept.host);
            place.give_back(kept);
            return Ok(told);
        }
        let terms = Terms {
            name: &self.parts.post.settings().hostname,
            tls: self,
            check: &check,
            login: None,
            timeouts: Timeouts::default(),
        };
        let mut random = || self.random();
        let resolver = &*self.parts.resolver;
        let routes = self.routes();
        let hops = match next_hops(domain, &routes, resolver, &mut random).await {
            Ok(hops) => hops,
            Err(failure) => return all(failure.problem().outcome(), None),
        };
        let connected = match connect(&hops, resolver, terms).await {
            Ok(connected) => connected,
            Err(none) => {
                if none.failure.concerns_host() {
                    place.found_down();
                }
                return all(none.failure.problem().outcome(), none.host);
            }
        };
        place.found_up();
        let mut fresh = Kept::new(connected.connection, connected.hop.host);
        let report = hand_over(&mut fresh, envelope, body, &check).await;
        let told = Told::of(report, &fresh.host);
        place.give_back(fresh);
        Ok(told)
    }

    /// Whether the server that we reached serves a domain.
    // MSS #13
    // MSS #14
    fn check(&self, chain: &[CertificateDer<'_>], domain: &MailDomain) -> Result<(), Verdict> {
        let (standing, state) = self.standings.judge(chain, self.parts.clock.now())?;
        let listed = state.listed_for(&standing, domain);
        listed.map_err(|fault| fault.verdict(ListingStep::Relay))
    }
}

/// Sends one message over a connection.
async fn hand_over(
    over: &mut Kept,
    envelope: Envelope,
    body: &Arc<BodyReader>,
    check: PeerCheck<'_>,
) -> MessageReport {
    over.sent += 1;
    let mut octets = BodyStream::new(Arc::clone(body));
    over.connection.send(envelope, &mut octets, check).await
}

fn envelope_of(entry: &Entry, recipients: &[Waiting]) -> Option<Envelope> {
    let facts = MessageFacts {
        // Without our trace: what a peer has room for is what our sender was told that there is room for.
        size: entry.size.saturating_sub(entry.added),
        eight_bit: entry.eight_bit,
        utf8_headers: entry.utf8_headers,
    };
    let to = recipients.iter().map(recipient_of).collect();
    let envelope = Envelope::new(entry.reverse_path.clone(), to, facts).ok()?;
    let ret = if entry.dsn.full { Ret::Full } else { Ret::Headers };
    Some(envelope.reported(Some(ret), envelope_id(entry)))
}

/// The sender's own name for the sending.
pub(super) fn envelope_id(entry: &Entry) -> Option<EnvelopeId> {
    EnvelopeId::new(entry.dsn.envelope_id.as_deref()?)
}

/// A recipient of the queue as one of a transaction.
pub(super) fn recipient_of(of: &Waiting) -> Recipient {
    let original = of.dsn.original.as_deref().and_then(|original| {
        let (kind, address) = original.split_once(';')?;
        OriginalRecipient::new(kind, address)
    });
    Recipient::new(of.address.clone(), Some(of.dsn.notify), original)
}

/// A stored body as a stream. Blocks are read and opened beside other work, one ahead of what is asked for.
struct BodyStream {
    body: Arc<BodyReader>,
    /// Where the block after those fetched begins.
    at: u64,
    block: Vec<u8>,
    read: usize,
    fetched: Option<JoinHandle<Result<Vec<u8>, BodyError>>>,
}

impl BodyStream {
    fn new(body: Arc<BodyReader>) -> Self {
        let mut stream = Self { body, at: 0, block: Vec::new(), read: 0, fetched: None };
        stream.fetch();
        stream
    }

    /// Begins to read the next block, if there is one.
    fn fetch(&mut self) {
        self.fetched = (self.at < self.body.len()).then(|| {
            let (body, at) = (Arc::clone(&self.body), self.at);
            self.at += BLOCK as u64;
            spawn_blocking(move || body.read(at, BLOCK))
        });
    }
}

impl AsyncRead for BodyStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.read == self.block.len()
            && let Some(fetched) = &mut self.fetched
        {
            let block = ready!(Pin::new(fetched).poll(context));
            self.fetched = None;
            self.block = block.map_err(io::Error::other)?.map_err(io::Error::other)?;
            self.read = 0;
            self.fetch();
        }
        let rest = self.block.get(self.read..).unwrap_or_default();
        let now = rest.get(..rest.len().min(into.remaining())).unwrap_or_default();
        into.put_slice(now);
        let taken = now.len();
        self.read += taken;
        Poll::Ready(Ok(()))
    }
}
