//! Beginning TLS on a connection.
//!
//! Invariant: a handshake takes [`HANDSHAKE_TIMEOUT`] at most; the verdict on the peer's certificate is the
//! configuration's, and the peer is known by what the handshake settled only.
//! Failure: [`Cut::Handshake`] with the reason, which the face logs; no octet of the protocol is read.

use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::stream::Cut;

/// How long a handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// What the handshake settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsInfo {
    /// The peer's certificate and those it sent with it; empty when it sent none.
    pub certificates: Vec<CertificateDer<'static>>,
    /// Such as `TLSv1_3`.
    pub protocol: &'static str,
    /// Such as `TLS13_AES_256_GCM_SHA384`.
    pub cipher: &'static str,
}

impl TlsInfo {
    fn of(connection: &ServerConnection) -> Self {
        let certificates = connection.peer_certificates().unwrap_or_default();
        let protocol = connection.protocol_version().and_then(|version| version.as_str());
        let suite = connection.negotiated_cipher_suite();
        let cipher = suite.and_then(|suite| suite.suite().as_str());
        Self {
            certificates: certificates.iter().map(|one| one.clone().into_owned()).collect(),
            protocol: protocol.unwrap_or("unknown"),
            cipher: cipher.unwrap_or("unknown"),
        }
    }
}

/// A handshake with the configuration of this moment, so that a swap counts from the next handshake on.
pub async fn handshake<S>(
    config: &watch::Receiver<Arc<ServerConfig>>,
    stream: S,
) -> Result<(Box<TlsStream<S>>, TlsInfo), Cut>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let acceptor = TlsAcceptor::from(config.borrow().clone());
    let stream = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await?;
    let stream = Box::new(stream.map_err(Cut::Handshake)?);
    let tls = TlsInfo::of(stream.get_ref().1);
    tracing::debug!(protocol = tls.protocol, cipher = tls.cipher, "TLS");
    Ok((stream, tls))
}
