//! Reception between operators: what a session asks, answered from the trust in force and by the post.
//!
//! The peer is judged at each MAIL against the list and the revocations of that moment: the session keeps the
//! certificate, not the rights.

use domain::{Clock, ReversePath, Verdict};
use pki::trust::ListingStep;
use pki::{ListingFault, Trust, Usage};
use post::{Origin, Peer as PostPeer, Post};
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;

use crate::intake::Intake;
use crate::server::handler::{Handler, Login, Peer};
use crate::standings::Standings;
use crate::swaps::Swaps;
use crate::wire::params::MailParams;

/// Mail from other operators.
#[derive(Debug, Clone)]
pub struct Reception {
    post: Post,
    standings: Arc<Standings>,
    clock: Arc<dyn Clock>,
    swaps: Swaps,
}

impl Reception {
    /// Reception by the post of an operator, of peers that `trust` knows.
    #[must_use]
    pub fn new(post: Post, trust: Arc<Trust>, clock: Arc<dyn Clock>) -> Self {
        let swaps = Swaps::of(&trust);
        let standings = Arc::new(Standings::new(trust, Usage::Client));
        Self { post, standings, clock, swaps }
    }

    /// Who the peer is, now.
    // MSS #13
    // MSS #17
    fn judge(&self, peer: &Peer, from: &ReversePath) -> Result<PostPeer, Verdict> {
        let tls = peer.tls.as_ref().ok_or(Verdict::TlsRequired)?;
        let (standing, state) = self.standings.judge(&tls.certificates, self.clock.now())?;
        if let Some(address) = from.address() {
            state
                .listed_for(&standing, address.domain())
                .map_err(|fault| fault.verdict(ListingStep::MailFrom))?;
        }
        let list = state.domain_list().ok_or(Verdict::DomainListStale)?;
        let domains: std::collections::BTreeSet<_> =
            list.domains_of(standing.dn()).iter().cloned().collect();
        if domains.is_empty() {
            return Err(ListingFault::OperatorNotListed.verdict(ListingStep::MailFrom));
        }
        Ok(PostPeer { name: standing.dn().to_string(), domains })
    }
}

impl Handler for Reception {
    type Identity = Infallible;
    type Transaction = Intake;

    async fn greet(&self, _peer: &Peer) -> Result<(), Verdict> {
        Ok(())
    }

    // MSS #11
    async fn still(&self, peer: &Peer, _identity: Option<&Infallible>) -> Result<(), Verdict> {
        let shown = peer.tls.as_ref().is_some_and(|tls| !tls.certificates.is_empty());
        if !shown {
            return Ok(());
        }
        match self.judge(peer, &ReversePath::Null) {
            // What will be right again, such as a list that is late, is told at MAIL.
            Err(verdict) if !verdict.is_temporary() => Err(verdict),
            _ => Ok(()),
        }
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.swaps.subscribe()
    }

    async fn external_opens(&self, _peer: &Peer) -> bool {
        false
    }

    async fn authenticate(&self, _peer: &Peer, _login: Login) -> Result<Infallible, Verdict> {
        Err(Verdict::AuthenticationFailed)
    }

    async fn mail(
        &self,
        peer: &Peer,
        _identity: Option<&Infallible>,
        from: &ReversePath,
        params: &MailParams,
    ) -> Result<Intake, Verdict> {
        let origin = Origin::Peer(self.judge(peer, from)?);
        // RFC 3848 §1
        let protocol = if params.smtputf8 { "UTF8SMTPS" } else { "ESMTPS" };
        Intake::begin(self.post.clone(), origin, peer, from, params, protocol)
    }
}
