//! What the client asks of its caller about TLS and trust; the rules themselves are not here.
//!
//! Invariants: without a configuration nothing is sent; the check of the peer runs after each handshake before a
//! word is said, and again before each message, because lists change while connections live.
//! Failure: a [`Verdict`]; mail stays queued on it.

use std::sync::Arc;

use domain::Verdict;
use rustls::ClientConfig;
use rustls::pki_types::CertificateDer;

use super::route::NextHop;

/// Who knows how to speak TLS with a host: trust anchors, revocation, dates, our own certificate, whether the name
/// is compared ([`NextHop::compare_name`]).
pub trait TlsFor: Send + Sync {
    /// The configuration for a handshake with `hop` now.
    ///
    /// # Errors
    /// There is none now, and why.
    fn client_config(&self, hop: &NextHop) -> Result<Arc<ClientConfig>, Verdict>;
}

/// Judges the certificate chain that a peer has proved to hold, its own certificate first: its DN must be listed for
/// the recipients' domain.
// MSS #13, #14
pub type PeerCheck<'a> = &'a (dyn Fn(&[CertificateDer<'_>]) -> Result<(), Verdict> + Send + Sync);
