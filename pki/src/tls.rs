//! TLS configurations of servers and outgoing relays.
//!
//! Invariants:
//! - TLS 1.3 and 1.2; of TLS 1.2 only ECDHE_RSA with AES-GCM. aws-lc-rs is the only provider.
//! - No resumption and no tickets anywhere: a ticket would bring a revoked certificate back unchecked.
//! - Verifiers read the [`Trust`] in force and the [`Identity`] in force at each handshake; a configuration is
//!   built once and never rebuilt.
//! - Time comes from the clock that is passed in.
//!
//! Failure: [`rustls::Error`] when a configuration cannot be built, which a test holds never happens;
//! [`HandshakeFault`] for handshakes.

mod handshake_fault;
mod identity;
#[cfg(test)]
mod tests;
mod verifier;

use std::sync::Arc;

use domain::Clock;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, cipher_suite};
use rustls::pki_types::UnixTime;
use rustls::server::NoServerSessionStorage;
use rustls::time_provider::TimeProvider;
use rustls::version::{TLS12, TLS13};
use rustls::{
    ClientConfig, RootCertStore, ServerConfig, SupportedCipherSuite, SupportedProtocolVersion,
};

pub use self::handshake_fault::HandshakeFault;
pub use self::identity::{Identity, IdentityError};
pub use self::verifier::{NamePolicy, PeerVerifier};
use crate::instant::to_unix;
use crate::pem::{self, PemError};
use crate::trust::Trust;

/// The suites; those of TLS 1.2 are 0xC030 and 0xC02F. The two CBC suites that the national rules also allow are
/// not in rustls.
// MSS #19
pub const CIPHER_SUITES: [SupportedCipherSuite; 5] = [
    cipher_suite::TLS13_AES_256_GCM_SHA384,
    cipher_suite::TLS13_AES_128_GCM_SHA256,
    cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
];

// MSS #18
static VERSIONS: [&SupportedProtocolVersion; 2] = [&TLS13, &TLS12];

/// Whether a server asks for the client's certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientAuth {
    /// It asks; none completes the handshake, a bad one does not.
    Offered,
    /// It does not ask (web pages).
    None,
}

/// The provider with our suites only.
pub fn provider() -> CryptoProvider {
    CryptoProvider { cipher_suites: CIPHER_SUITES.to_vec(), ..aws_lc_rs::default_provider() }
}

/// A server's configuration.
///
/// # Errors
/// When rustls refuses the suites.
// MSS #15
// MSS #18
// MSS #19
// MSS #20
pub fn server_config(
    identity: &Arc<Identity>,
    trust: &Arc<Trust>,
    client_auth: ClientAuth,
    clock: &Arc<dyn Clock>,
) -> Result<ServerConfig, rustls::Error> {
    let provider = Arc::new(provider());
    let algorithms = provider.signature_verification_algorithms;
    let builder = ServerConfig::builder_with_details(provider, time_of(clock))
        .with_protocol_versions(&VERSIONS)?;
    let builder = match client_auth {
        ClientAuth::None => builder.with_no_client_auth(),
        ClientAuth::Offered => builder.with_client_cert_verifier(Arc::new(PeerVerifier::new(
            Arc::clone(trust),
            NamePolicy::Ignored,
            algorithms,
        ))),
    };
    let mut config = builder.with_cert_resolver(Arc::clone(identity) as _);
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    Ok(config)
}

/// A relay's configuration.
///
/// # Errors
/// When rustls refuses the suites.
// MSS #10
// MSS #18
// MSS #19
pub fn client_config(
    identity: &Arc<Identity>,
    trust: &Arc<Trust>,
    names: NamePolicy,
    clock: &Arc<dyn Clock>,
) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(provider());
    let verifier =
        PeerVerifier::new(Arc::clone(trust), names, provider.signature_verification_algorithms);
    let mut config = ClientConfig::builder_with_details(provider, time_of(clock))
        .with_protocol_versions(&VERSIONS)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_client_cert_resolver(Arc::clone(identity) as _);
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// What fetches published files by HTTPS: it trusts servers that these authorities (PEM) have certified, and shows no
/// certificate. Revocation is not asked: what is fetched has its own signature.
///
/// # Errors
/// [`PemError`] of the authorities; [`rustls::Error`] for one that cannot be a root.
pub fn fetch_config(
    authorities: &[u8],
    clock: &Arc<dyn Clock>,
) -> Result<ClientConfig, FetchConfigError> {
    let mut roots = RootCertStore::empty();
    for certificate in pem::certificates(authorities)? {
        roots.add(certificate)?;
    }
    let config =
        ClientConfig::builder_with_details(Arc::new(aws_lc_rs::default_provider()), time_of(clock));
    let mut config = config
        .with_protocol_versions(&VERSIONS)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Why no configuration for fetching can be made.
#[derive(Debug, thiserror::Error)]
pub enum FetchConfigError {
    /// The file of authorities.
    #[error("the authorities of web servers cannot be read")]
    Pem(#[from] PemError),
    /// One of them.
    #[error("an authority of web servers cannot be trusted")]
    Root(#[from] rustls::Error),
}

fn time_of(clock: &Arc<dyn Clock>) -> Arc<dyn TimeProvider> {
    Arc::new(ClockTime(Arc::clone(clock)))
}

/// Civil time as rustls asks for it.
#[derive(Debug)]
struct ClockTime(Arc<dyn Clock>);

impl TimeProvider for ClockTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(to_unix(self.0.now()))
    }
}
