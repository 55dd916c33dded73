//! A peer's certificate, and what may be wrong with it.
//!
//! Invariants: [`PeerFault`] is mapped to verdicts and TLS alerts here and nowhere else; a [`PeerStanding`] is made
//! only by [`super::TrustState::judge_peer`], and holds for the instant it was made at.
//! Failure: [`PeerFault`].

use std::fmt;

use domain::{DistinguishedName, Verdict};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use rustls::{AlertDescription, CertificateError};

use crate::certificate::Certificate;
use crate::chain::MAX_SENT;
use crate::serial::Serial;

/// What a certificate is used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Usage {
    /// By a peer that connects to us.
    Client,
    /// By a server that we connect to.
    Server,
    /// To sign the domain list.
    ListSigner,
}

/// What is wrong with a peer's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PeerFault {
    /// There is none.
    #[error("no certificate")]
    Missing,
    /// It cannot be read, or is not in the form that it must have.
    #[error("the certificate is malformed")]
    Malformed,
    /// Its time, or that of an authority on its way, is over.
    #[error("the certificate has expired")]
    Expired,
    /// Its time has not begun.
    #[error("the certificate is not yet valid")]
    NotYetValid,
    /// No way leads to a root of the trust domain.
    #[error("the certificate is not issued by an authority of the trust domain")]
    Untrusted,
    /// It was taken back.
    #[error("the certificate is revoked")]
    Revoked,
    /// It is of test land, and we are not.
    #[error("the certificate is issued by a test authority")]
    TestChain,
    /// It is made for something else.
    #[error("the certificate is not made for this usage")]
    WrongUsage,
    /// It does not carry the server name that the route demands.
    #[error("the certificate does not carry the server name")]
    NameMismatch,
    /// All is well, but no revocation list is in its time.
    #[error("no revocation list in its time")]
    CrlExpired,
}

impl PeerFault {
    /// Every fault.
    pub const ALL: [Self; 10] = [
        Self::Missing,
        Self::Malformed,
        Self::Expired,
        Self::NotYetValid,
        Self::Untrusted,
        Self::Revoked,
        Self::TestChain,
        Self::WrongUsage,
        Self::NameMismatch,
        Self::CrlExpired,
    ];

    /// What people read.
    pub fn verdict(self) -> Verdict {
        match self {
            Self::Missing => Verdict::CertificateMissing,
            Self::Expired => Verdict::CertificateExpired,
            Self::NotYetValid => Verdict::CertificateNotYetValid,
            Self::Untrusted | Self::WrongUsage | Self::Malformed => Verdict::CertificateUntrusted,
            Self::Revoked => Verdict::CertificateRevoked,
            Self::TestChain => Verdict::CertificateForTests,
            Self::NameMismatch => Verdict::CertificateNameMismatch,
            Self::CrlExpired => Verdict::CrlExpired,
        }
    }

    /// The error that makes rustls send the right alert, and from which [`PeerFault::of_error`] reads the fault.
    // RFC 8446 §6.2
    pub(crate) fn tls_error(self) -> rustls::Error {
        match self {
            Self::Missing => rustls::Error::NoCertificatesPresented,
            Self::Malformed => CertificateError::BadEncoding.into(),
            Self::Expired => CertificateError::Expired.into(),
            Self::NotYetValid => CertificateError::NotValidYet.into(),
            Self::Untrusted => CertificateError::UnknownIssuer.into(),
            Self::Revoked => CertificateError::Revoked.into(),
            // access_denied: the certificate may be right, and yet we do not proceed
            Self::TestChain => CertificateError::ApplicationVerificationFailure.into(),
            Self::WrongUsage => CertificateError::InvalidPurpose.into(),
            Self::NameMismatch => CertificateError::NotValidForName.into(),
            Self::CrlExpired => CertificateError::ExpiredRevocationList.into(),
        }
    }

    /// The fault in an error of one of our verifiers.
    pub(crate) fn of_error(error: &CertificateError) -> Self {
        match error {
            CertificateError::BadEncoding | CertificateError::UnhandledCriticalExtension => {
                Self::Malformed
            }
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::Expired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::NotYetValid
            }
            CertificateError::Revoked => Self::Revoked,
            CertificateError::ApplicationVerificationFailure => Self::TestChain,
            CertificateError::InvalidPurpose | CertificateError::InvalidPurposeContext { .. } => {
                Self::WrongUsage
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::NameMismatch
            }
            CertificateError::UnknownRevocationStatus
            | CertificateError::ExpiredRevocationList
            | CertificateError::ExpiredRevocationListContext { .. } => Self::CrlExpired,
            _ => Self::Untrusted,
        }
    }

    /// What a peer says of *our* certificate by an alert; `None` for alerts about something else.
    // RFC 8446 §6.2
    pub(crate) fn of_alert(alert: AlertDescription) -> Option<Self> {
        match alert {
            AlertDescription::BadCertificate => Some(Self::Malformed),
            AlertDescription::UnsupportedCertificate => Some(Self::WrongUsage),
            AlertDescription::CertificateRevoked => Some(Self::Revoked),
            AlertDescription::CertificateExpired => Some(Self::Expired),
            AlertDescription::CertificateUnknown | AlertDescription::UnknownCA => {
                Some(Self::Untrusted)
            }
            AlertDescription::AccessDenied => Some(Self::TestChain),
            AlertDescription::CertificateRequired | AlertDescription::NoCertificate => {
                Some(Self::Missing)
            }
            _ => None,
        }
    }
}

/// A peer's certificate with what it sent along, as a session keeps it.
#[derive(Clone)]
pub struct PeerChain {
    certificate: Certificate,
    sent: Vec<CertificateDer<'static>>,
}

impl PeerChain {
    /// Of the certificates of a handshake, the peer's own first.
    ///
    /// # Errors
    /// [`PeerFault::Missing`], [`PeerFault::Malformed`].
    pub fn read(certificates: &[CertificateDer<'_>]) -> Result<Self, PeerFault> {
        let (own, sent) = certificates.split_first().ok_or(PeerFault::Missing)?;
        if sent.len() > MAX_SENT {
            return Err(PeerFault::Malformed);
        }
        let certificate = Certificate::from_der(own).map_err(|_| PeerFault::Malformed)?;
        let sent = sent.iter().map(|der| der.clone().into_owned()).collect();
        Ok(Self { certificate, sent })
    }

    /// The peer's own.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// What it sent along.
    pub fn sent(&self) -> &[CertificateDer<'static>] {
        &self.sent
    }
}

impl fmt::Debug for PeerChain {
    // Not what was sent: octets of certificates have names in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PeerChain").field(&self.certificate).field(&self.sent.len()).finish()
    }
}

/// A peer whose certificate is right at an instant.
#[derive(Clone, PartialEq, Eq)]
pub struct PeerStanding {
    pub(super) dn: DistinguishedName,
    pub(super) issuer: DistinguishedName,
    pub(super) serial: Serial,
    pub(super) at: Timestamp,
}

impl fmt::Debug for PeerStanding {
    // Not the DN: it may be a person's.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerStanding")
            .field("issuer", &self.issuer.to_string())
            .field("serial", &self.serial)
            .field("at", &self.at)
            .finish_non_exhaustive()
    }
}

impl PeerStanding {
    /// What the domain list knows it by.
    pub fn dn(&self) -> &DistinguishedName {
        &self.dn
    }

    /// Who issued the certificate.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// Its number there.
    pub fn serial(&self) -> &Serial {
        &self.serial
    }

    /// When it was judged.
    pub fn at(&self) -> Timestamp {
        self.at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_survives_the_way_through_rustls() {
        for fault in PeerFault::ALL {
            match fault.tls_error() {
                rustls::Error::InvalidCertificate(error) => {
                    assert_eq!(PeerFault::of_error(&error), fault);
                }
                rustls::Error::NoCertificatesPresented => assert_eq!(fault, PeerFault::Missing),
                other => panic!("{other}"),
            }
        }
    }

    #[test]
    fn verdicts_are_about_the_peer() {
        for fault in PeerFault::ALL {
            assert_eq!(fault.verdict().area(), domain::verdict::Area::Peer, "{fault}");
        }
        assert_eq!(PeerFault::CrlExpired.verdict().code(), 454);
    }
}
