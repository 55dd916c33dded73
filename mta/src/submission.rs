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

use crate::intake::Intake;
use crate::server::handler::{Handler, Login, Peer};
use crate::wire::params::MailParams;

/// Mail from our own people's programs.
#[derive(Debug, Clone)]
pub struct Submission {
    post: Post,
    access: Access,
    trust: Arc<Trust>,
    clock: Arc<dyn Clock>,
}

impl Submission {
    /// Submission to the post of an operator, by those whom `access` lets in.
    #[must_use]
    pub fn new(post: Post, access: Access, trust: Arc<Trust>, clock: Arc<dyn Clock>) -> Self {
        Self { post, access, trust, clock }
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
    type Identity = Opened;
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

    // MSS #25
    async fn authenticate(&self, peer: &Peer, login: Login) -> Result<Opened, Verdict> {
        match login {
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
        }
    }

    async fn mail(
        &self,
        peer: &Peer,
        identity: Option<&Opened>,
        from: &ReversePath,
        params: &MailParams,
    ) -> Result<Intake, Verdict> {
        let opened = identity.ok_or(Verdict::AuthenticationFailed)?;
        let origin = Origin::Own(Submitter {
            actor: opened.actor,
            account: opened.account,
            address: opened.address.clone(),
            also_as: opened.also_as.clone(),
            is_citizen: opened.kind == MailboxKind::Citizen,
        });
        // RFC 3848 §1
        let protocol = if params.smtputf8 { "UTF8SMTPSA" } else { "ESMTPSA" };
        Intake::begin(self.post.clone(), origin, peer, from, params, protocol)
    }
}
