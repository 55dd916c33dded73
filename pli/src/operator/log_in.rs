//! Who may read by IMAP: `access`, asked the way `imap` asks.
//!
//! The certificate of a connection is judged at each log-in, and again while its session lasts, against the trust of
//! that moment.
//! Failure: IMAP's own words for a refusal; causes are in the log.

use super::metrics::Metrics;
use access::{Access, CertificateDenied, Opened, Way};
use domain::{Clock, Verdict};
use imap::{Denied, LogIn, Peer};
use mailstore::model::principal::Rights;
use pki::{PeerChain, Trust, Usage};
use std::sync::Arc;

/// Log-in by `access`.
#[derive(Debug, Clone)]
pub(crate) struct ByAccess {
    access: Access,
    trust: Arc<Trust>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
}

impl ByAccess {
    pub(crate) fn new(
        access: Access,
        trust: Arc<Trust>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { access, trust, clock, metrics }
    }

    fn counted(&self, result: Result<imap::Opened, Denied>) -> Result<imap::Opened, Denied> {
        let outcome = match &result {
            Ok(_) => "opened",
            Err(Denied::Credentials) => "refused",
            Err(Denied::NotAllowed) => "not-allowed",
            Err(Denied::Throttled) => "throttled",
            Err(Denied::Unavailable) => "unavailable",
        };
        self.metrics.log_in("imap", outcome);
        result
    }
}

fn opened(by: &Opened) -> imap::Opened {
    let writes = by.rights.include(Rights::WRITE);
    imap::Opened { actor: by.actor, account: by.account, writes, secret: by.secret }
}

fn denied(error: access::Denied) -> Denied {
    match error {
        access::Denied::Credentials => Denied::Credentials,
        access::Denied::NotAllowed => Denied::NotAllowed,
        access::Denied::Throttled => Denied::Throttled,
        access::Denied::Unavailable => Denied::Unavailable,
    }
}

impl LogIn for ByAccess {
    async fn password(
        &self,
        peer: &Peer,
        authzid: Option<&str>,
        login: &str,
        secret: &str,
    ) -> Result<imap::Opened, Denied> {
        let by = self.access.with_password(Way::Imap, login, authzid, secret, peer.address).await;
        self.counted(by.map(|by| opened(&by)).map_err(denied))
    }

    // MSS #20, MSS #25
    async fn external(&self, peer: &Peer, authzid: &str) -> Result<imap::Opened, Denied> {
        let chain = PeerChain::read(&peer.certificates).map_err(|_| Denied::Credentials)?;
        let trust = self.trust.state();
        self.counted(match self.access.with_certificate(Way::Imap, &chain, &trust, authzid) {
            Ok(by) => Ok(opened(&by)),
            Err(CertificateDenied::Denied(error)) => Err(denied(error)),
            // The certificate may be right: only nobody can tell for the time being.
            Err(CertificateDenied::Trust(Verdict::CrlExpired)) => Err(Denied::Unavailable),
            Err(CertificateDenied::Trust(_)) => Err(Denied::Credentials),
        })
    }

    async fn still(
        &self,
        of: &imap::Opened,
        peer: &Peer,
        by_certificate: bool,
    ) -> Result<imap::Opened, Denied> {
        if !peer.certificates.is_empty() {
            let chain = PeerChain::read(&peer.certificates).map_err(|_| Denied::Credentials)?;
            let judged = self.trust.state().judge_peer(&chain, Usage::Client, self.clock.now());
            match judged.map_err(|fault| fault.verdict()) {
                Ok(_) => {}
                Err(Verdict::CrlExpired) => return Err(Denied::Unavailable),
                Err(_) => return Err(Denied::Credentials),
            }
            if by_certificate && !self.access.certificate_opens(Way::Imap, &chain) {
                return Err(Denied::NotAllowed);
            }
        }
        let principal = of.actor.principal.ok_or(Denied::NotAllowed)?;
        let by = self.access.still_open(Way::Imap, principal, of.account, of.secret);
        by.map(|by| opened(&by)).map_err(denied)
    }

    async fn external_opens(&self, peer: &Peer) -> bool {
        let Ok(chain) = PeerChain::read(&peer.certificates) else { return false };
        let judged = self.trust.state().judge_peer(&chain, Usage::Client, self.clock.now());
        judged.is_ok() && self.access.certificate_opens(Way::Imap, &chain)
    }
}
