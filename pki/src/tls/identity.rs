//! Our own certificate and key in handshakes; can be swapped while configurations live.
//!
//! Invariant: key and certificate belong together, checked before either is used. `Debug` prints no key.
//! Failure: [`IdentityError`]; after a failed swap the old one serves.

use std::fmt;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{SignatureScheme, crypto};

use crate::authority::Issued;
use crate::certificate::{Certificate, CertificateError};
use crate::pem::{self, PemError};

/// A certificate with its chain and key.
pub struct Identity {
    current: ArcSwap<Current>,
}

struct Current {
    certified: Arc<CertifiedKey>,
    certificate: Certificate,
}

/// Why a certificate and a key are no identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityError {
    /// A file is no PEM.
    #[error("the certificate or the key cannot be read")]
    Pem(#[from] PemError),
    /// The certificate does not read.
    #[error("the certificate cannot be read")]
    Certificate(#[from] CertificateError),
    /// The key is of a kind that we do not use, or is not the certificate's.
    #[error("the key cannot be used with the certificate")]
    Key,
}

impl Identity {
    /// Of a chain, own certificate first, and its key.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Arc<Self>, IdentityError> {
        let current = ArcSwap::from_pointee(Current::new(chain, key)?);
        Ok(Arc::new(Self { current }))
    }

    /// Of PEM texts.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Arc<Self>, IdentityError> {
        Self::new(pem::certificates(chain)?, pem::private_key(key)?)
    }

    /// Of what our own authority has issued.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn from_issued(issued: &Issued) -> Result<Arc<Self>, IdentityError> {
        Self::new(issued.chain.clone(), issued.key.der())
    }

    /// Takes another certificate and key for handshakes from now on.
    ///
    /// # Errors
    /// [`IdentityError`].
    pub fn replace(
        &self,
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<(), IdentityError> {
        self.current.store(Arc::new(Current::new(chain, key)?));
        Ok(())
    }

    /// The certificate in use.
    pub fn certificate(&self) -> Certificate {
        self.current.load().certificate.clone()
    }

    fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.current.load().certified)
    }
}

impl Current {
    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, IdentityError> {
        let own = chain.first().ok_or(PemError::Nothing)?;
        let certificate = Certificate::from_der(own)?;
        let provider: CryptoProvider = crypto::aws_lc_rs::default_provider();
        // Also holds that the key is the certificate's.
        let certified =
            CertifiedKey::from_der(chain, key, &provider).map_err(|_| IdentityError::Key)?;
        Ok(Self { certified: Arc::new(certified), certificate })
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Identity").field(&self.current.load().certificate).finish()
    }
}

impl ResolvesServerCert for Identity {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.certified())
    }
}

impl ResolvesClientCert for Identity {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        // Whether the server's hints name our root is the server's judgement, not ours.
        let certified = self.certified();
        certified.key.choose_scheme(schemes).is_some().then_some(certified)
    }

    fn has_certs(&self) -> bool {
        true
    }
}
