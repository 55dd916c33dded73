//! Reception between operators: what a session asks, answered from the trust in force and by the post.
//!
//! The peer is judged at each MAIL against the list and the revocations of that moment: the session keeps the
//! certificate, not the rights.

use domain::{Clock, MailAddress, ReversePath, Verdict};
use pki::trust::ListingStep;
use pki::{ListingFault, PeerChain, Trust, Usage};
use post::{
    Arrival, DsnRequest, Envelope, Incoming, Notify as PostNotify, Origin, Peer as PostPeer, Post,
    Recipient, RecipientDsn,
};
use std::convert::Infallible;
use std::sync::Arc;

use crate::server::handler::{Accepted, Handler, Login, Peer, QueueId, Stored, Transaction};
use crate::wire::params::{MailParams, Notify, RcptParams, Ret};

/// The post's word that a message is on stable storage.
impl Stored for post::Accepted {}

/// Mail from other operators.
#[derive(Debug, Clone)]
pub struct Reception {
    post: Post,
    trust: Arc<Trust>,
    clock: Arc<dyn Clock>,
}

impl Reception {
    /// Reception by the post of an operator, of peers that `trust` knows.
    #[must_use]
    pub fn new(post: Post, trust: Arc<Trust>, clock: Arc<dyn Clock>) -> Self {
        Self { post, trust, clock }
    }

    /// Who the peer is, now.
    // MSS #10
    // MSS #11
    // MSS #12
    // MSS #13
    // MSS #17
    fn judge(&self, peer: &Peer, from: &ReversePath) -> Result<PostPeer, Verdict> {
        let tls = peer.tls.as_ref().ok_or(Verdict::TlsRequired)?;
        let chain = PeerChain::read(&tls.certificates).map_err(|fault| fault.verdict())?;
        let state = self.trust.state();
        let standing = state
            .judge_peer(&chain, Usage::Client, self.clock.now())
            .map_err(|fault| fault.verdict())?;
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
    type Transaction = ReceptionTransaction;

    async fn greet(&self, _peer: &Peer) -> Result<(), Verdict> {
        Ok(())
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
    ) -> Result<ReceptionTransaction, Verdict> {
        let origin = Origin::Peer(self.judge(peer, from)?);
        self.post.sender(&origin, from)?;
        let arrival = Arrival {
            helo: peer.helo.clone().unwrap_or_default(),
            address: peer.address,
            // RFC 3848 §1
            protocol: if params.smtputf8 { "UTF8SMTPS" } else { "ESMTPS" },
        };
        let envelope = Envelope {
            reverse_path: from.clone(),
            dsn: DsnRequest {
                full: params.ret == Some(Ret::Full),
                envelope_id: params.envid.as_ref().map(|id| id.as_str().to_owned()),
            },
            smtputf8: params.smtputf8,
        };
        let post = self.post.clone();
        Ok(ReceptionTransaction {
            post,
            origin,
            envelope,
            arrival,
            recipients: Vec::new(),
            incoming: None,
        })
    }
}

/// One message from another operator.
#[derive(Debug)]
pub struct ReceptionTransaction {
    post: Post,
    origin: Origin,
    envelope: Envelope,
    arrival: Arrival,
    recipients: Vec<Recipient>,
    incoming: Option<Incoming>,
}

/// What a recipient's report options are to the post.
fn recipient_dsn(params: &RcptParams) -> RecipientDsn {
    let notify = match params.notify {
        None => PostNotify::DEFAULT,
        Some(Notify::Never) => PostNotify::NEVER,
        Some(Notify::When { success, failure, delay }) => PostNotify { success, failure, delay },
    };
    let original =
        params.orcpt.as_ref().map(|orcpt| format!("{};{}", orcpt.kind(), orcpt.address()));
    RecipientDsn { notify, original }
}

impl Transaction for ReceptionTransaction {
    async fn recipient(&mut self, to: &MailAddress, params: &RcptParams) -> Result<(), Verdict> {
        let recipient = self.post.recipient(&self.origin, to, recipient_dsn(params))?;
        self.recipients.push(recipient);
        Ok(())
    }

    async fn begin_body(&mut self) -> Result<(), Verdict> {
        let recipients = std::mem::take(&mut self.recipients);
        let (origin, envelope) = (self.origin.clone(), self.envelope.clone());
        let arrival = Some(self.arrival.clone());
        self.incoming = Some(self.post.incoming(origin, envelope, recipients, arrival)?);
        Ok(())
    }

    async fn body(&mut self, octets: &[u8]) -> Result<(), Verdict> {
        self.incoming.as_mut().ok_or(Verdict::InternalFailure)?.write(octets)
    }

    async fn end_body(self) -> Result<Accepted, Verdict> {
        let incoming = self.incoming.ok_or(Verdict::InternalFailure)?;
        let accepted = incoming.finish().await?;
        let queue_id =
            QueueId::new(accepted.queue_id().to_string()).ok_or(Verdict::InternalFailure)?;
        Ok(Accepted::new(queue_id, &accepted))
    }
}
