//! Why a handshake failed, from the error that rustls returns: the error itself carries it, so nothing is kept
//! aside a connection.
//!
//! Invariant: what we found in the peer's certificate and what the peer says of ours are never mixed up.
//! Failure: an error that tells nothing is [`HandshakeFault::Protocol`].

use domain::Verdict;
use rustls::{AlertDescription, Error};

use crate::trust::PeerFault;

/// Why a handshake failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum HandshakeFault {
    /// The peer's certificate, as we judged it.
    #[error("the peer's certificate was refused: {0}")]
    PeerCertificate(PeerFault),
    /// Our certificate, as the peer's alert says.
    #[error("the peer refused our certificate: {0}")]
    OwnCertificate(PeerFault),
    /// No version of TLS or no suite in common.
    #[error("no TLS version or suite in common")]
    NothingInCommon,
    /// Anything else: the peer breaks the protocol, or does not speak TLS.
    #[error("the handshake broke off")]
    Protocol,
}

impl HandshakeFault {
    /// Reads an error of a rustls connection. Also right for one at the first read after a handshake of TLS 1.3,
    /// when the server's alert about our certificate arrives.
    // RFC 8446 §4.4.2.4
    pub fn of(error: &Error) -> Self {
        match error {
            Error::InvalidCertificate(error) => Self::PeerCertificate(PeerFault::of_error(error)),
            Error::NoCertificatesPresented => Self::PeerCertificate(PeerFault::Missing),
            Error::PeerIncompatible(_)
            | Error::AlertReceived(
                AlertDescription::HandshakeFailure
                | AlertDescription::ProtocolVersion
                | AlertDescription::InsufficientSecurity,
            ) => Self::NothingInCommon,
            Error::AlertReceived(alert) => {
                PeerFault::of_alert(*alert).map_or(Self::Protocol, Self::OwnCertificate)
            }
            _ => Self::Protocol,
        }
    }

    /// The same through the `std::io::Error` in which stream adapters wrap rustls' own; `None` when it is not one.
    pub fn of_io(error: &std::io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<Error>().map(Self::of)
    }

    /// What people read of mail that waits for it; that we cannot talk to a peer is the peer's silence to them.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::PeerCertificate(fault) => fault.verdict(),
            Self::OwnCertificate(_) | Self::NothingInCommon | Self::Protocol => {
                Verdict::PeerUnreachable
            }
        }
    }
}
