//! Submission: mail programs of our own people, on 587 and 465.
//!
//! Who logs in is said by `access`; what may be sent in whose name, by the post. The certificate of the connection is
//! judged at AUTH EXTERNAL against the trust of that moment.
//! Failure: verdicts only; a log-in that fails says nothing of who exists.

use access::{Access, CertificateDenied, Denied, Opened, Way};
use domain::{Clock, MailboxKind, ReversePath, Verdict};
use pki::{PeerChain, Trust, Usage};
use post::{Origin, Post, Submitter};
use std::sync::Arc;
use tokio::sync::watch;

use crate::intake::Intake;
use crate::server::handler::{Handler, Login, Peer};
use crate::swaps::Swaps;
use crate::wire::params::MailParams;

/// Mail from our own people's programs.
#[derive(Debug, Clone)]
pub struct Submission {
    post: Post,
    access: Access,
    trust: Arc<Trust>,
    clock: Arc<dyn Clock>,
    swaps: Swaps,
}

/// Who has logged in, and how.
#[derive(Debug, Clone)]
pub struct LoggedIn {
    opened: Opened,
    by_certificate: bool,
}

impl Submission {
    /// Submission to the post of an operator, by those whom `access` lets in.
    #[must_use]
    pub fn new(post: Post, access: Access, trust: Arc<Trust>, clock: Arc<dyn Clock>) -> Self {
        let swaps = Swaps::of(&trust);
        Self { post, access, trust, clock, swaps }
    }

    /// What a log-in opens now: its secret or certificate, and its grants, are judged again.
    fn opened_now(&self, peer: &Peer, of: &LoggedIn) -> Result<Opened, Denied> {
        if of.by_certificate {
            let chain = chain(peer).ok_or(Denied::Credentials)?;
            if !self.access.certificate_opens(Way::Submission, &chain) {
                return Err(Denied::Credentials);
            }
        }
        let Opened { principal, account, secret, .. } = of.opened;
        self.access.still_open(Way::Submission, principal, account, secret)
    }
}

/// The chain of a connection, when there is one.
fn chain(peer: &Peer) -> Option<PeerChain> {
    PeerChain::read(&peer.tls.as_ref()?.certificates).ok()
}

/// A refused log-in as a verdict.
fn denied(denied: Denied) -> Verdict {
    match denied {
        Denied::Credentials | Denied::NotAllowed => Verdict::AuthenticationFailed,
        Denied::Throttled => Verdict::AuthenticationThrottled,
        Denied::Unavailable => Verdict::StorageUnavailable,
    }
}

impl Handler for Submission {
    type Identity = LoggedIn;
    type Transaction = Intake;

    async fn greet(&self, _peer: &Peer) -> Result<(), Verdict> {
        Ok(())
    }

    // A certificate that is not trusted now is offered nothing, unless it is only the revocation list that is late:
    // then AUTH says so.
    async fn external_opens(&self, peer: &Peer) -> bool {
        let Some(chain) = chain(peer) else { return false };
        let judged = self.trust.state().judge_peer(&chain, Usage::Client, self.clock.now());
        let trusted = judged.map_or_else(|fault| fault.verdict() == Verdict::CrlExpired, |_| true);
        trusted && self.access.certificate_opens(Way::Submission, &chain)
    }

    async fn still(&self, peer: &Peer, identity: Option<&LoggedIn>) -> Result<(), Verdict> {
        if let Some(chain) = chain(peer) {
            let judged = self.trust.state().judge_peer(&chain, Usage::Client, self.clock.now());
            match judged.map_err(|fault| fault.verdict()) {
                Err(verdict) if !verdict.is_temporary() => return Err(verdict),
                _ => {}
            }
        }
        let Some(identity) = identity else { return Ok(()) };
        match self.opened_now(peer, identity) {
            Err(Denied::Credentials | Denied::NotAllowed) => Err(Verdict::AuthenticationFailed),
            // Nobody can tell for the time being.
            Err(Denied::Throttled | Denied::Unavailable) | Ok(_) => Ok(()),
        }
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.swaps.subscribe()
    }

    // MSS #25
    async fn authenticate(&self, peer: &Peer, login: Login) -> Result<LoggedIn, Verdict> {
        let by_certificate = matches!(login, Login::External { .. });
        let opened = match login {
            Login::Plain { authorization, authentication, password } => self
                .access
                .with_password(
                    Way::Submission,
                    &authentication,
                    Some(&authorization),
                    password.expose(),
                    peer.address,
                )
                .await
                .map_err(denied),
            Login::External { authorization } => {
                let chain = chain(peer).ok_or(Verdict::AuthenticationFailed)?;
                let trust = self.trust.state();
                self.access
                    .with_certificate(Way::Submission, &chain, &trust, &authorization)
                    .map_err(|error| match error {
                        CertificateDenied::Trust(verdict) => verdict,
                        CertificateDenied::Denied(error) => denied(error),
                    })
            }
        };
        opened.map(|opened| LoggedIn { opened, by_certificate })
    }

    async fn mail(
        &self,
        peer: &Peer,
        identity: Option<&LoggedIn>,
        from: &ReversePath,
        params: &MailParams,
    ) -> Result<Intake, Verdict> {
        let identity = identity.ok_or(Verdict::AuthenticationFailed)?;
        let opened = self.opened_now(peer, identity).map_err(denied)?;
        let origin = Origin::Own(Submitter {
            actor: opened.actor,
            account: opened.account,
            address: opened.address,
            also_as: opened.also_as,
            is_citizen: opened.kind == MailboxKind::Citizen,
        });
        // RFC 3848 §1
        let protocol = if params.smtputf8 { "UTF8SMTPSA" } else { "ESMTPSA" };
        Intake::begin(self.post.clone(), origin, peer, from, params, protocol)
    }
}
