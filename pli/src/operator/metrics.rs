//! What an operator counts and measures, in the text form that Prometheus reads.
//!
//! Invariants: each operator has its own registry; labels are names that the program chose (a verdict,
//! a listener, a state), never an address, a domain, a number of a person or anything a peer wrote.
//! Failure: what cannot be measured at the moment is left as it was.

use super::Published;
use domain::{Clock, Verdict};
use mailstore::{Condition, Store};
use post::Post;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::registry::Registry;
use std::sync::Arc;

/// Entries of the queue, and accounts that a service has to look at, that are counted at most.
const MAX_COUNTED: usize = 100_000;

type Label = (&'static str, &'static str);
type Counted<const N: usize> = Family<[Label; N], Counter>;

/// One operator's metrics.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
    accepted: Counted<1>,
    refused: Counted<3>,
    log_ins: Counted<2>,
    queue: Family<[Label; 1], Gauge>,
    pending: Gauge,
    writable: Gauge,
    list_age: Gauge,
    list_entries: Gauge,
    revocations_due: Gauge,
    certificate_expires: Gauge,
}

/// What is measured at each visit.
pub(crate) struct Measured<'a> {
    pub(crate) post: &'a Post,
    pub(crate) store: &'a Store,
    pub(crate) published: &'a Published,
    pub(crate) clock: &'a Arc<dyn Clock>,
}

impl Metrics {
    /// With everything at nothing.
    pub(crate) fn new() -> Self {
        let mut registry = Registry::with_prefix("pli");
        let version: Family<[Label; 1], Gauge> = Family::default();
        version.get_or_create(&[("version", env!("CARGO_PKG_VERSION"))]).set(1);
        registry.register("build", "The program that runs", version);
        let metrics = Self {
            accepted: Family::default(),
            refused: Family::default(),
            log_ins: Family::default(),
            queue: Family::default(),
            pending: Gauge::default(),
            writable: Gauge::default(),
            list_age: Gauge::default(),
            list_entries: Gauge::default(),
            revocations_due: Gauge::default(),
            certificate_expires: Gauge::default(),
            registry: Registry::default(),
        };
        metrics.register(&mut registry);
        Self { registry, ..metrics }
    }

    fn register(&self, to: &mut Registry) {
        let Self { accepted, refused, log_ins, queue, .. } = self;
        to.register("messages_accepted", "Messages that got their 250", accepted.clone());
        to.register("refusals", "Refusals by listener, step and verdict", refused.clone());
        to.register("log_ins", "Log-ins by face and outcome", log_ins.clone());
        to.register("queue_messages", "Messages on their way to other operators", queue.clone());
        for (name, help, gauge) in [
            (
                "services_pending_accounts",
                "Accounts that the services have not caught up with",
                &self.pending,
            ),
            ("store_writable", "1 while the store takes changes", &self.writable),
            (
                "domain_list_age_seconds",
                "Since the domain list was last known to be the newest; -1: none",
                &self.list_age,
            ),
            ("domain_list_entries", "Entries of the domain list", &self.list_entries),
            (
                "revocation_lists_due_seconds",
                "Until the first revocation list is late; negative: it is",
                &self.revocations_due,
            ),
            (
                "certificate_expires_seconds",
                "Until the operator's certificate expires",
                &self.certificate_expires,
            ),
        ] {
            to.register(name, help, gauge.clone());
        }
    }

    /// A message got its 250.
    pub(crate) fn accepted(&self, listener: &'static str) {
        self.accepted.get_or_create(&[("listener", listener)]).inc();
    }

    /// Something was refused.
    pub(crate) fn refused(&self, listener: &'static str, step: &'static str, verdict: Verdict) {
        let verdict = verdict.id();
        let labels = [("listener", listener), ("step", step), ("verdict", verdict)];
        self.refused.get_or_create(&labels).inc();
    }

    /// Somebody logged in, or did not.
    pub(crate) fn log_in(&self, face: &'static str, outcome: &'static str) {
        self.log_ins.get_or_create(&[("face", face), ("outcome", outcome)]).inc();
    }

    /// All of it as text.
    pub(crate) fn text(&self, of: &Measured<'_>) -> String {
        self.measure(of);
        let mut text = String::new();
        // It writes into a string, which takes everything.
        let _ = encode(&mut text, &self.registry);
        text
    }

    fn measure(&self, of: &Measured<'_>) {
        let count = |count: usize| i64::try_from(count).unwrap_or(i64::MAX);
        if let Ok((waiting, held)) = of.post.queue_lengths(MAX_COUNTED) {
            self.queue.get_or_create(&[("state", "waiting")]).set(count(waiting));
            self.queue.get_or_create(&[("state", "held")]).set(count(held));
        }
        let pending = of.store.pending(documents::CONSUMER, None, MAX_COUNTED);
        if let Ok(pending) = pending {
            self.pending.set(count(pending.len()));
        }
        self.writable.set(i64::from(of.store.condition() == Condition::Sound));
        let now = of.clock.now();
        let state = of.published.trust().state();
        self.list_age.set(of.published.list_age().map_or(-1, |age| age.as_secs()));
        self.list_entries.set(count(state.domain_list().map_or(0, |list| list.entries().len())));
        let due = state.revocation_due().map_or(-1, |due| due.duration_since(now).as_secs());
        self.revocations_due.set(due);
        let expires = of.published.identity().certificate().not_after();
        self.certificate_expires.set(expires.duration_since(now).as_secs());
    }
}
