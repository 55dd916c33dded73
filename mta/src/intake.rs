//! One message on its way from an SMTP session into the post, whoever brought it.
//!
//! Invariant: the `250` is made of what the post says is on stable storage. Failure: the post's verdicts.

use domain::{MailAddress, ReversePath, Verdict};
use post::{
    Arrival, DsnRequest, Envelope, Incoming, Notify, Origin, Post, Recipient, RecipientDsn,
};

use crate::server::handler::{Accepted, Peer, QueueId, Stored, Transaction};
use crate::wire::params::{MailParams, RcptParams, Ret};

/// The post's word that a message is on stable storage.
impl Stored for post::Accepted {}

/// One message on its way from a session into the post.
#[derive(Debug)]
pub struct Intake {
    post: Post,
    origin: Origin,
    envelope: Envelope,
    arrival: Arrival,
    /// Octets that MAIL declared; 0 without a word of it.
    size: u64,
    recipients: Vec<Recipient>,
    incoming: Option<Incoming>,
}

impl Intake {
    /// Begins at MAIL; `protocol` is what Received says.
    pub(crate) fn begin(
        post: Post,
        origin: Origin,
        peer: &Peer,
        from: &ReversePath,
        params: &MailParams,
        protocol: &'static str,
    ) -> Result<Self, Verdict> {
        post.sender(&origin, from)?;
        let arrival = Arrival {
            helo: peer.helo.clone().unwrap_or_default(),
            address: peer.address,
            protocol,
        };
        let envelope = Envelope {
            reverse_path: from.clone(),
            dsn: DsnRequest {
                full: params.ret == Some(Ret::Full),
                envelope_id: params.envid.as_ref().map(|id| id.as_str().to_owned()),
            },
            smtputf8: params.smtputf8,
        };
        let size = params.size.unwrap_or(0);
        Ok(Self { post, origin, envelope, arrival, size, recipients: Vec::new(), incoming: None })
    }
}

/// What a recipient's report options are to the post.
fn recipient_dsn(params: &RcptParams) -> RecipientDsn {
    let notify = params.notify.unwrap_or(Notify::DEFAULT);
    let original =
        params.orcpt.as_ref().map(|orcpt| format!("{};{}", orcpt.kind(), orcpt.address()));
    RecipientDsn { notify, original }
}

impl Transaction for Intake {
    async fn recipient(&mut self, to: &MailAddress, params: &RcptParams) -> Result<(), Verdict> {
        let recipient =
            self.post.recipient_of(&self.origin, to, recipient_dsn(params), self.size)?;
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
        let incoming = self.incoming.take().ok_or(Verdict::InternalFailure)?;
        self.incoming = Some(incoming.take(octets).await?);
        Ok(())
    }

    async fn end_body(self) -> Result<Accepted, Verdict> {
        let incoming = self.incoming.ok_or(Verdict::InternalFailure)?;
        let accepted = incoming.finish().await?;
        let queue_id =
            QueueId::new(accepted.queue_id().to_string()).ok_or(Verdict::InternalFailure)?;
        Ok(Accepted::new(queue_id, &accepted))
    }
}
