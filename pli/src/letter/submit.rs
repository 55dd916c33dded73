//! Submitting a letter to an operator's submission service, as any program of a hospital would: SMTP
//! with STARTTLS, the mailbox's certificate, AUTH EXTERNAL.
//!
//! Invariants: the server is checked against the authorities that the caller trusts, and by name;
//! nothing is said in plain text.
//! Failure: [`SubmitError`] says where it stopped and what the server answered; nothing was accepted.

use domain::{Clock, MailAddress, MailDomain, Verdict};
use mta::client::{
    Connection, Envelope, Failure, Login, MessageFacts, NextHop, Notify, Outcome, Recipient, Reply,
    SystemResolver, Terms, Timeouts, TlsFor, connect,
};
use pki::tls::{NamePolicy, client_config};
use pki::{Identity, Trust};
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;
use std::sync::Arc;

/// Where to submit, and as whom.
#[derive(Debug, Clone)]
pub(crate) struct Service {
    /// Host name or address.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// The name in the server's certificate.
    pub(crate) server_name: String,
    /// Whom we trust.
    pub(crate) trust: Arc<Trust>,
    /// The mailbox's certificate.
    pub(crate) identity: Arc<Identity>,
    pub(crate) clock: Arc<dyn Clock>,
    /// The mailbox.
    pub(crate) from: MailAddress,
}

/// Why a letter was not accepted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SubmitError {
    #[error("the submission service could not be used: {0}")]
    Service(String, #[source] Failure),
    #[error("the letter was refused for {recipient}: {answer}")]
    Refused { recipient: MailAddress, answer: String },
    #[error("the letter cannot be sent as it is: {0}")]
    Envelope(String),
}

impl TlsFor for Service {
    fn client_config(&self, _: &NextHop) -> Result<Arc<ClientConfig>, Verdict> {
        let config = client_config(&self.identity, &self.trust, NamePolicy::Compared, &self.clock);
        config.map(Arc::new).map_err(|_| Verdict::InternalFailure)
    }
}

/// What the server says in words, where it said something.
fn spoken(failure: &Failure) -> String {
    match failure {
        Failure::TurnedAway { reply, .. } => format!("{failure}: {}", words(reply)),
        other => other.to_string(),
    }
}

fn words(reply: &Reply) -> String {
    format!("{} {}", reply.code(), reply.text())
}

impl Service {
    /// Submits a message and asks to be told of its delivery; returns what the server said when it
    /// accepted it.
    pub(crate) async fn submit(
        &self,
        message: &[u8],
        to: &MailAddress,
    ) -> Result<String, SubmitError> {
        let name: MailDomain = self.from.domain().clone();
        // Chain, dates and name were checked in the handshake; there is no list to ask.
        let check = |_: &[CertificateDer<'_>]| Ok(());
        let login = Login::external(&self.from.to_string());
        let terms = Terms {
            name: &name,
            tls: self,
            check: &check,
            login: Some(&login),
            timeouts: Timeouts::default(),
        };
        let hop = NextHop {
            host: self.host.clone(),
            port: self.port,
            server_name: self.server_name.clone(),
            compare_name: true,
            configured: true,
        };
        let resolver = SystemResolver::new().map_err(|_| {
            SubmitError::Service("there is no name server".to_owned(), Failure::Dns)
        })?;
        let connected = connect(&[hop], &resolver, terms).await;
        let mut connection: Connection = connected
            .map_err(|none| SubmitError::Service(spoken(&none.failure), none.failure))?
            .connection;
        let facts = MessageFacts {
            size: message.len() as u64,
            eight_bit: !message.is_ascii(),
            utf8_headers: false,
        };
        let notify = Notify { success: true, failure: true, delay: true };
        let recipient = Recipient::new(to.clone(), Some(notify), None);
        let envelope = Envelope::new(self.from.clone().into(), vec![recipient], facts)
            .map_err(|error| SubmitError::Envelope(error.to_string()))?;
        let mut octets = message;
        let report = connection.send(envelope, &mut octets, &check).await;
        connection.quit().await;
        match report.outcomes.into_iter().next() {
            Some(Outcome::Delivered { reply }) => Ok(words(&reply)),
            Some(Outcome::Refused(problem) | Outcome::Deferred(problem)) => {
                let answer = problem.reply.as_ref().map(words);
                let answer = answer.unwrap_or_else(|| problem.reason.id().to_owned());
                Err(SubmitError::Refused { recipient: to.clone(), answer })
            }
            // Nothing was asked of this connection but the one message.
            Some(Outcome::Stored) | None => {
                Err(SubmitError::Envelope("there is no recipient".to_owned()))
            }
        }
    }
}
