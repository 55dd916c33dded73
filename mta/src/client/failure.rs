//! How an attempt fails, by name: whatever is not an answer to a command.
//!
//! Invariant: every variant has one [`Reason`](super::outcome::Reason) and so one stable id.
//! Failure: none of its own.

use domain::Verdict;
use rustls::{AlertDescription, CertificateError};

use super::reply::{Reply, ReplyError};

/// Where in a connection something happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// TCP connect.
    Connect,
    /// Waiting for the greeting.
    Greeting,
    /// EHLO, before or after TLS.
    Ehlo,
    /// STARTTLS and the handshake.
    Tls,
    /// AUTH, at a submission service.
    Login,
    /// RSET between two messages.
    Rset,
    /// MAIL.
    Mail,
    /// RCPT.
    Rcpt,
    /// DATA.
    Data,
    /// Writing the body.
    Body,
    /// BDAT, but for the last.
    Chunk,
    /// Waiting for the answer to the whole message: it may have been taken.
    Final,
    /// QUIT.
    Quit,
}

/// How a connection is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Loss {
    /// The peer closed it.
    Closed,
    /// Nothing came in the time allowed.
    TimedOut,
    /// The network, or the TLS layer under way, reports an error.
    Broken,
}

/// Why an attempt ended without an answer for each recipient.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No address of the next hop took the connection.
    #[error("the peer cannot be reached")]
    Unreachable,
    /// Its name has no usable address, or no name to route to exists.
    #[error("the domain leads to no host")]
    NoRoute,
    /// The name server did not answer.
    #[error("the name server does not answer")]
    Dns,
    /// The domain says that it takes no mail.
    #[error("the domain takes no mail")]
    NullMx,
    /// The connection was lost.
    #[error("the connection was lost ({loss:?}) in {phase:?}")]
    Lost {
        /// How.
        loss: Loss,
        /// Where.
        phase: Phase,
    },
    /// A connection that was kept after a message is gone: a fresh one may serve at once.
    #[error("the kept connection is gone")]
    Stale,
    /// An answer to greeting, EHLO or RSET, or 421, that ends the connection.
    #[error("the peer turns the connection away in {phase:?}")]
    TurnedAway {
        /// Where.
        phase: Phase,
        /// Its answer.
        reply: Reply,
    },
    /// No STARTTLS in the answer to EHLO, or another answer to it than 220.
    #[error("the peer offers no TLS")]
    TlsNotOffered {
        /// The answer to STARTTLS.
        reply: Option<Reply>,
    },
    /// Octets in plain text after the answer to STARTTLS.
    #[error("octets were injected before TLS")]
    InjectedBeforeTls,
    /// The handshake, or what belongs to it, failed.
    #[error("TLS: {0}")]
    Tls(#[from] TlsFailure),
    /// The caller's check of the peer refused it.
    #[error("the peer is refused: {0}")]
    Peer(Verdict),
    /// What came is no reply.
    #[error("{error} in {phase:?}")]
    Reply {
        /// Why.
        error: ReplyError,
        /// Where.
        phase: Phase,
    },
    /// A reply that the command cannot have.
    #[error("an unexpected reply {code} in {phase:?}")]
    Unexpected {
        /// Its code.
        code: u16,
        /// Where.
        phase: Phase,
    },
    /// Octets came while no reply was awaited.
    #[error("octets came unasked in {phase:?}")]
    Unasked {
        /// Where.
        phase: Phase,
    },
    /// The body has a CR or LF on its own, which no transaction may carry.
    #[error("the body has a bare CR or LF")]
    BareLineEnding,
    /// The body could not be read to its end.
    #[error("the body cannot be read")]
    BodyUnavailable,
}

/// Why TLS did not come about.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TlsFailure {
    /// We refuse the peer's certificate.
    #[error("the peer's certificate is refused: {0}")]
    Certificate(Verdict),
    /// The peer refuses ours, or the terms, with an alert: during the handshake, or at the first read after it
    /// (where TLS 1.3 tells a client that its certificate is refused).
    // RFC 8446 §4.4.3
    #[error("the peer sent the alert {0:?}")]
    Alert(AlertDescription),
    /// The connection was lost in the handshake, or before the first octet after it.
    #[error("the connection was lost in the handshake ({0:?})")]
    Lost(Loss),
    /// What the peer sent is no TLS that we speak.
    #[error("the handshake failed")]
    Protocol,
    /// We have no configuration for this peer now.
    #[error("no TLS configuration: {0}")]
    NotConfigured(Verdict),
    /// The route's server name is no name that TLS can carry.
    #[error("the server name is malformed")]
    ServerName,
}

impl TlsFailure {
    /// What an error of the TLS library means.
    ///
    /// A verifier says a verdict of its own by [`CertificateError::Other`] around a [`Verdict`].
    // MSS #10, #11, #12
    pub fn of(error: &rustls::Error) -> Self {
        use rustls::Error as E;
        match error {
            E::AlertReceived(alert) => Self::Alert(*alert),
            E::InvalidCertificate(error) => Self::Certificate(certificate_verdict(error)),
            E::InvalidCertRevocationList(_) => Self::Certificate(Verdict::CrlExpired),
            E::NoCertificatesPresented => Self::Certificate(Verdict::CertificateUntrusted),
            _ => Self::Protocol,
        }
    }
}

fn certificate_verdict(error: &CertificateError) -> Verdict {
    use CertificateError as C;
    match error {
        C::Expired | C::ExpiredContext { .. } => Verdict::CertificateExpired,
        C::NotValidYet | C::NotValidYetContext { .. } => Verdict::CertificateNotYetValid,
        C::Revoked => Verdict::CertificateRevoked,
        C::UnknownRevocationStatus
        | C::ExpiredRevocationList
        | C::ExpiredRevocationListContext { .. } => Verdict::CrlExpired,
        C::NotValidForName | C::NotValidForNameContext { .. } => Verdict::CertificateNameMismatch,
        C::Other(other) => other.0.downcast_ref().copied().unwrap_or(Verdict::CertificateUntrusted),
        _ => Verdict::CertificateUntrusted,
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn verdicts_of_the_library_and_of_our_verifier() {
        let of = |error| TlsFailure::of(&rustls::Error::InvalidCertificate(error));
        let own = rustls::OtherError(Arc::new(Verdict::CertificateForTests));
        for (error, verdict) in [
            (CertificateError::Expired, Verdict::CertificateExpired),
            (CertificateError::Revoked, Verdict::CertificateRevoked),
            (CertificateError::UnknownIssuer, Verdict::CertificateUntrusted),
            (CertificateError::ExpiredRevocationList, Verdict::CrlExpired),
            (CertificateError::NotValidForName, Verdict::CertificateNameMismatch),
            (CertificateError::Other(own), Verdict::CertificateForTests),
        ] {
            assert_eq!(of(error), TlsFailure::Certificate(verdict));
        }
        let alert = rustls::Error::AlertReceived(AlertDescription::UnknownCA);
        assert_eq!(TlsFailure::of(&alert), TlsFailure::Alert(AlertDescription::UnknownCA));
        assert_eq!(TlsFailure::of(&rustls::Error::DecryptError), TlsFailure::Protocol);
    }
}
