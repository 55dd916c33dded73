//! What the session needs from the rest of the system, as two traits; and what it tells it.
//!
//! Invariants: an [`Accepted`] cannot be made without what the store returned; a transaction that is dropped is
//! forgotten (RSET, a lost connection, a refused message), so whatever it holds is freed by `Drop`. Secrets and
//! names of logins do not show in `Debug`.
//! Failure: every answer is a [`Verdict`]; one with code 421 ends the session once its reply is written. A handler
//! that panics costs its own connection only.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;

use domain::{MailAddress, ReversePath, Verdict};
use listener::TlsInfo;
use tokio::sync::watch;
use zeroize::Zeroizing;

use crate::wire::params::{MailParams, RcptParams};

/// The rules behind a listener.
pub trait Handler: Send + Sync + 'static {
    /// Who has authenticated.
    type Identity: Send + Sync;
    /// One mail transaction.
    type Transaction: Transaction;

    /// Whether the peer may come in at all; asked once, before the greeting.
    fn greet(&self, peer: &Peer) -> impl Future<Output = Result<(), Verdict>> + Send;

    /// Whether the peer's certificate opens something, so that EXTERNAL is offered; asked at EHLO.
    fn external_opens(&self, peer: &Peer) -> impl Future<Output = bool> + Send;

    /// Who logs in. Asked under TLS only, and no more once it succeeded.
    fn authenticate(
        &self,
        peer: &Peer,
        login: Login,
    ) -> impl Future<Output = Result<Self::Identity, Verdict>> + Send;

    /// Whether the peer, and who has logged in, would be let in now as well. Asked after each of [`Handler::changes`]
    /// and from time to time, under TLS, between commands and before a message is stored. An `Err` ends the session.
    fn still(
        &self,
        peer: &Peer,
        identity: Option<&Self::Identity>,
    ) -> impl Future<Output = Result<(), Verdict>> + Send;

    /// Changes with what [`Handler::still`] may answer otherwise for, such as the trust in force.
    fn changes(&self) -> watch::Receiver<u64>;

    /// Whether a transaction may begin. The peer is judged here, against the domain list and revocations of this
    /// moment. At reception it has presented a certificate and `identity` is `None`; at submission it is there.
    fn mail(
        &self,
        peer: &Peer,
        identity: Option<&Self::Identity>,
        from: &ReversePath,
        params: &MailParams,
    ) -> impl Future<Output = Result<Self::Transaction, Verdict>> + Send;
}

/// One mail transaction. Calls come in this order: `recipient` any number of times, at least one accepted;
/// `begin_body`; `body` any number of times; `end_body`. Dropped at any moment, it is forgotten.
pub trait Transaction: Send {
    /// Whether this recipient is taken; an `Err` leaves the others as they are.
    fn recipient(
        &mut self,
        to: &MailAddress,
        params: &RcptParams,
    ) -> impl Future<Output = Result<(), Verdict>> + Send;

    /// The message comes. An `Err` is the transaction's end.
    fn begin_body(&mut self) -> impl Future<Output = Result<(), Verdict>> + Send;

    /// The next octets of the message, 64 KiB at most, dots of the transfer removed. Nothing more is read from the
    /// peer until this returns. An `Err` is the transaction's end; the peer hears of it after the message.
    fn body(&mut self, octets: &[u8]) -> impl Future<Output = Result<(), Verdict>> + Send;

    /// The message is whole, has no CR or LF on its own, and is to be stored.
    fn end_body(self) -> impl Future<Output = Result<Accepted, Verdict>> + Send;
}

/// Who is at the other end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// Where the connection comes from.
    pub address: IpAddr,
    /// TLS, once it is on.
    pub tls: Option<TlsInfo>,
    /// What the peer called itself in EHLO or HELO: a claim, its characters fit for a trace header.
    pub helo: Option<String>,
}

/// How somebody logs in. `Debug` prints the mechanism only.
pub enum Login {
    /// A name and a password.
    // RFC 4616 §2
    Plain {
        /// Whose account is meant; empty: the name's own.
        authorization: String,
        /// The name.
        authentication: String,
        /// The password.
        password: Secret,
    },
    /// The certificate of the connection.
    // RFC 4422 §A
    External {
        /// Whose account is meant; empty: the certificate's only one.
        authorization: String,
    },
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Plain { .. } => "Plain(…)",
            Self::External { .. } => "External(…)",
        })
    }
}

/// A password: silent in `Debug`, wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Keeps a secret.
    pub fn new(text: Zeroizing<String>) -> Self {
        Self(text)
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Longest queue id.
pub const MAX_QUEUE_ID: usize = 64;

/// The name under which a message is found in our logs: letters, digits, `-` and `_`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueId(String);

impl QueueId {
    /// The id, when its characters may stand in a reply.
    pub fn new(id: impl Into<String>) -> Option<Self> {
        let id = id.into();
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        let fits = (1..=MAX_QUEUE_ID).contains(&id.len()) && id.bytes().all(plain);
        fits.then_some(Self(id))
    }

    /// The id.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A token that only a store makes, and only once what it stands for is on stable storage.
pub trait Stored {}

/// A message taken over: what 250 at the end of a message says, and the only way to say it.
#[derive(Debug, PartialEq, Eq)]
pub struct Accepted {
    queue_id: QueueId,
}

impl Accepted {
    /// Takes the store's token as proof.
    // RFC 5321 §4.2.5
    pub fn new(queue_id: QueueId, _proof: &impl Stored) -> Self {
        Self { queue_id }
    }

    /// The message's name in our logs.
    pub fn queue_id(&self) -> &QueueId {
        &self.queue_id
    }
}
