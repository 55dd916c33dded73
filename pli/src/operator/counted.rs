//! Counting what SMTP sessions do, around the handlers that do it.
//!
//! Invariant: it answers what the handler answered, and changes nothing.

use super::metrics::Metrics;
use domain::{MailAddress, ReversePath, Verdict};
use mta::server::handler::{Accepted, Handler, Login, Peer, Transaction};
use mta::wire::params::{MailParams, RcptParams};
use std::sync::Arc;
use tokio::sync::watch;

/// A handler whose doings are counted.
pub(super) struct Counted<H> {
    inner: Arc<H>,
    tally: Tally,
}

/// A transaction of such a handler.
pub(super) struct CountedTransaction<T> {
    inner: T,
    tally: Tally,
}

#[derive(Clone)]
struct Tally {
    metrics: Arc<Metrics>,
    listener: &'static str,
}

impl Tally {
    fn of<T>(&self, step: &'static str, result: Result<T, Verdict>) -> Result<T, Verdict> {
        if let Err(verdict) = &result {
            self.metrics.refused(self.listener, step, *verdict);
        }
        result
    }
}

impl<H> Counted<H> {
    pub(super) fn new(inner: Arc<H>, metrics: &Arc<Metrics>, listener: &'static str) -> Self {
        Self { inner, tally: Tally { metrics: Arc::clone(metrics), listener } }
    }
}

impl<H: Handler> Handler for Counted<H> {
    type Identity = H::Identity;
    type Transaction = CountedTransaction<H::Transaction>;

    async fn greet(&self, peer: &Peer) -> Result<(), Verdict> {
        self.tally.of("connect", self.inner.greet(peer).await)
    }

    async fn external_opens(&self, peer: &Peer) -> bool {
        self.inner.external_opens(peer).await
    }

    async fn still(&self, peer: &Peer, identity: Option<&Self::Identity>) -> Result<(), Verdict> {
        self.tally.of("session", self.inner.still(peer, identity).await)
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.inner.changes()
    }

    async fn authenticate(&self, peer: &Peer, login: Login) -> Result<Self::Identity, Verdict> {
        let result = self.inner.authenticate(peer, login).await;
        let outcome = if result.is_ok() { "opened" } else { "refused" };
        self.tally.metrics.log_in(self.tally.listener, outcome);
        self.tally.of("log-in", result)
    }

    async fn mail(
        &self,
        peer: &Peer,
        identity: Option<&Self::Identity>,
        from: &ReversePath,
        params: &MailParams,
    ) -> Result<Self::Transaction, Verdict> {
        let result = self.inner.mail(peer, identity, from, params).await;
        let inner = self.tally.of("mail", result)?;
        Ok(CountedTransaction { inner, tally: self.tally.clone() })
    }
}

impl<T: Transaction> Transaction for CountedTransaction<T> {
    async fn recipient(&mut self, to: &MailAddress, params: &RcptParams) -> Result<(), Verdict> {
        let result = self.inner.recipient(to, params).await;
        self.tally.of("recipient", result)
    }

    async fn begin_body(&mut self) -> Result<(), Verdict> {
        let result = self.inner.begin_body().await;
        self.tally.of("message", result)
    }

    async fn body(&mut self, octets: &[u8]) -> Result<(), Verdict> {
        let result = self.inner.body(octets).await;
        self.tally.of("message", result)
    }

    async fn end_body(self) -> Result<Accepted, Verdict> {
        let result = self.tally.of("message", self.inner.end_body().await);
        if result.is_ok() {
            self.tally.metrics.accepted(self.tally.listener);
        }
        result
    }
}
