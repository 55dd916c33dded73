//! Our verifiers of the other side's certificate, on the trust in force at each handshake.
//!
//! Invariants:
//! - Offered, not required: a client without a certificate completes the handshake, one with a bad certificate
//!   does not.
//! - A late revocation list alone fails no handshake of a client (the alert would say `unknown_ca`); the session
//!   judges the peer again and answers with a code. Going out it fails: nothing must be sent, and the mail waits.
//! - Time is that of the configuration's clock, which rustls hands in.
//!
//! Failure: the fault as the rustls error that makes the right alert ([`PeerFault::tls_error`]).

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use webpki::EndEntityCert;

use crate::certificate::Certificate;
use crate::chain::{self, MAX_SENT};
use crate::instant::from_unix;
use crate::trust::{PeerFault, Trust, Usage};

/// Whether the server's DNS name counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NamePolicy {
    /// It must be in the certificate (the default of configured routes).
    Compared,
    /// It need not: the caller compares the DN with the domain list.
    Ignored,
}

/// Verifies clients and servers by a [`Trust`].
pub struct PeerVerifier {
    trust: Arc<Trust>,
    names: NamePolicy,
    algorithms: WebPkiSupportedAlgorithms,
}

impl PeerVerifier {
    pub(super) fn new(
        trust: Arc<Trust>,
        names: NamePolicy,
        algorithms: WebPkiSupportedAlgorithms,
    ) -> Self {
        Self { trust, names, algorithms }
    }

    fn check(
        &self,
        own: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        usage: Usage,
        now: UnixTime,
    ) -> Result<(), PeerFault> {
        if sent.len() > MAX_SENT {
            return Err(PeerFault::Malformed);
        }
        let certificate = Certificate::from_der(own).map_err(|_| PeerFault::Malformed)?;
        self.trust.state().check(&certificate, sent, usage, from_unix(now))
    }
}

impl fmt::Debug for PeerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerVerifier").field("names", &self.names).finish_non_exhaustive()
    }
}

impl ClientCertVerifier for PeerVerifier {
    fn offer_client_auth(&self) -> bool {
        true
    }

    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// No hints: they are taken once and would not follow a swap, and a client with one certificate needs none.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        own: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        match self.check(own, sent, Usage::Client, now) {
            Ok(()) | Err(PeerFault::CrlExpired) => Ok(ClientCertVerified::assertion()),
            Err(fault) => Err(fault.tls_error()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

impl ServerCertVerifier for PeerVerifier {
    fn verify_server_cert(
        &self,
        own: &CertificateDer<'_>,
        sent: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(own, sent, Usage::Server, now).map_err(PeerFault::tls_error)?;
        if self.names == NamePolicy::Compared {
            EndEntityCert::try_from(own)
                .and_then(|it| it.verify_is_valid_for_subject_name(server_name))
                .map_err(|error| chain::fault(&error).tls_error())?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}
