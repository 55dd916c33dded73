//! Log-in as IMAP sees it: the program says who may open what.
//!
//! Invariants: passwords are passed on, never kept or printed. Failure: a [`Denied`], which says no more than the
//! client needs.

use std::fmt;
use std::future::Future;
use std::net::IpAddr;

use mailstore::{AccountId, Actor};
use rustls::pki_types::CertificateDer;

/// The other end of a connection.
#[derive(Clone)]
pub struct Peer {
    /// Its address.
    pub address: IpAddr,
    /// The certificates that it showed in the TLS handshake, its own first; empty when none.
    pub certificates: Vec<CertificateDer<'static>>,
}

impl fmt::Debug for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Peer({}, {} certificates)", self.address, self.certificates.len())
    }
}

/// What a log-in opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opened {
    /// Whose changes they will be.
    pub actor: Actor,
    /// The account.
    pub account: AccountId,
    /// Whether it may change anything.
    pub writes: bool,
    /// The identity of the application secret that opened it, if one did: taken back, it ends the session.
    pub secret: Option<[u8; 16]>,
}

/// Why a log-in opened nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Name, password or certificate are wrong.
    #[error("the credentials are wrong")]
    Credentials,
    /// The credentials are right, but do not open this account this way.
    #[error("this log-in does not open that account")]
    NotAllowed,
    /// Too many failed attempts.
    #[error("too many attempts")]
    Throttled,
    /// It cannot be found out at the moment.
    #[error("log-in is not available for the moment")]
    Unavailable,
}

/// Who may open what.
pub trait LogIn: Send + Sync + 'static {
    /// Opens an account by a name and its password; `authzid` is the account asked for, if one was named.
    fn password(
        &self,
        peer: &Peer,
        authzid: Option<&str>,
        login: &str,
        secret: &str,
    ) -> impl Future<Output = Result<Opened, Denied>> + Send;

    /// Opens an account by the certificate shown; `authzid` is empty when the client names no account.
    fn external(
        &self,
        peer: &Peer,
        authzid: &str,
    ) -> impl Future<Output = Result<Opened, Denied>> + Send;

    /// What a log-in opens now: its secret, its grants and the certificate shown, if one was, are judged again.
    /// `by_certificate` says whether that opened it. [`Denied::Unavailable`] leaves the session as it is.
    fn still(
        &self,
        opened: &Opened,
        peer: &Peer,
        by_certificate: bool,
    ) -> impl Future<Output = Result<Opened, Denied>> + Send;

    /// Whether the certificate shown opens anything: only then EXTERNAL is offered.
    fn external_opens(&self, peer: &Peer) -> impl Future<Output = bool> + Send;
}
