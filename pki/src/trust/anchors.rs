//! The authorities that a trust domain stands on.
//!
//! Invariants: at least one root; in production none of test land, so no chain of test land can be built. Roots
//! are authorities that have issued themselves; other authorities are held as steps on the way.
//! Failure: [`AnchorError`].

use domain::Mode;
use jiff::Timestamp;
use rustls::pki_types::TrustAnchor;

use crate::certificate::{Certificate, CertificateError};
use crate::pem::{self, PemError};

/// Most certificates of authorities.
pub const MAX_ANCHORS: usize = 64;

/// Roots, and authorities below them (*chaîne de certification*).
#[derive(Clone, Debug)]
pub struct TrustAnchors {
    mode: Mode,
    roots: Vec<Root>,
    intermediates: Vec<Certificate>,
}

#[derive(Clone, Debug)]
struct Root {
    certificate: Certificate,
    anchor: TrustAnchor<'static>,
}

/// Why certificates cannot be trusted as authorities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AnchorError {
    /// The file is no PEM.
    #[error("the file of authorities cannot be read")]
    Pem(#[from] PemError),
    /// A certificate does not read.
    #[error("a certificate of an authority cannot be read")]
    Certificate(#[from] CertificateError),
    /// A certificate that may not issue.
    #[error("a certificate among the authorities may not issue certificates")]
    NotAnAuthority,
    /// A test authority in production.
    #[error("a test authority cannot be trusted in production")]
    TestAuthority,
    /// No certificate has issued itself.
    #[error("there is no root among the authorities")]
    NoRoot,
    /// More than [`MAX_ANCHORS`].
    #[error("there are more than {MAX_ANCHORS} authorities")]
    TooMany,
}

impl TrustAnchors {
    /// Of certificates in any order.
    ///
    /// # Errors
    /// [`AnchorError`].
    // MSS #17
    pub fn new(certificates: Vec<Certificate>, mode: Mode) -> Result<Self, AnchorError> {
        if certificates.len() > MAX_ANCHORS {
            return Err(AnchorError::TooMany);
        }
        let mut anchors = Self { mode, roots: Vec::new(), intermediates: Vec::new() };
        for certificate in certificates {
            if !certificate.is_authority() {
                return Err(AnchorError::NotAnAuthority);
            }
            if mode == Mode::Production && certificate.is_test_chain() {
                return Err(AnchorError::TestAuthority);
            }
            if certificate.subject() == certificate.issuer() {
                let anchor = webpki::anchor_from_trusted_cert(certificate.der())
                    .map_err(|_| CertificateError::Der)?
                    .to_owned();
                anchors.roots.push(Root { certificate, anchor });
            } else {
                anchors.intermediates.push(certificate);
            }
        }
        if anchors.roots.is_empty() { Err(AnchorError::NoRoot) } else { Ok(anchors) }
    }

    /// Of a PEM file such as `chain.pem`.
    ///
    /// # Errors
    /// [`AnchorError`].
    pub fn from_pem(text: &[u8], mode: Mode) -> Result<Self, AnchorError> {
        let certificates = pem::certificates(text)?;
        let certificates = certificates.iter().map(|der| Certificate::from_der(der));
        Self::new(certificates.collect::<Result<_, _>>()?, mode)
    }

    /// Whether test land is let in.
    pub fn mode(&self) -> Mode {
        self.mode
    }

    /// The roots in their time.
    pub(crate) fn roots_at(&self, at: Timestamp) -> Vec<TrustAnchor<'static>> {
        let in_time = |root: &&Root| {
            root.certificate.not_before() <= at && at <= root.certificate.not_after()
        };
        self.roots.iter().filter(in_time).map(|root| root.anchor.clone()).collect()
    }

    /// Authorities that are no roots.
    pub fn intermediates(&self) -> impl Iterator<Item = &Certificate> {
        self.intermediates.iter()
    }

    /// Every authority: who may sign revocation lists.
    pub fn authorities(&self) -> impl Iterator<Item = &Certificate> {
        self.roots.iter().map(|root| &root.certificate).chain(&self.intermediates)
    }
}
