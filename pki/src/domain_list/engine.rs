//! The two operations of XML signatures that we do not write ourselves: canonical XML, and cryptography.
//!
//! Invariants: exclusive canonicalisation without comments, SHA-256, RSA PKCS#1 v1.5 of at least 2048 bits;
//! nothing else can be asked for. What a signature may look like is decided in `verify`, not here.
//! Failure: [`EngineError`].

use aws_lc_rs::digest::{SHA256, digest};
use bergshamra_c14n::C14nMode;
use bergshamra_xml::{NodeSet, XmlDocument};
use rustls::pki_types::CertificateDer;
use webpki::EndEntityCert;
use webpki::aws_lc_rs::RSA_PKCS1_2048_8192_SHA256;

use super::signature::DSIG;

/// An octet string cannot be made canonical, or a signature is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// The XML cannot be canonicalised.
    #[error("the XML cannot be brought into canonical form")]
    Canonical,
    /// The signature is not that of the certificate's key over the octets.
    #[error("the signature is wrong")]
    Signature,
}

/// What verifying and signing need.
pub trait SignatureEngine: Send + Sync {
    /// The canonical form of a whole document.
    ///
    /// # Errors
    /// [`EngineError::Canonical`].
    fn canonical(&self, document: &str) -> Result<String, EngineError>;

    /// The canonical form of the `SignedInfo` in a `Signature` element that stands alone.
    ///
    /// # Errors
    /// [`EngineError::Canonical`].
    fn canonical_signed_info(&self, signature: &str) -> Result<String, EngineError>;

    /// SHA-256.
    fn sha256(&self, octets: &[u8]) -> Vec<u8>;

    /// Checks RSA PKCS#1 v1.5 over SHA-256 with the key of a certificate.
    ///
    /// # Errors
    /// [`EngineError::Signature`], also when the key is of another kind.
    fn verify_rsa_sha256(
        &self,
        certificate: &CertificateDer<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), EngineError>;
}

/// Canonical XML of `bergshamra`, cryptography of aws-lc-rs.
#[derive(Clone, Copy, Debug, Default)]
pub struct DefaultEngine;

impl SignatureEngine for DefaultEngine {
    // XML-EXC-C14N §3
    fn canonical(&self, document: &str) -> Result<String, EngineError> {
        let octets =
            bergshamra_c14n::canonicalize::<&str>(document, C14nMode::Exclusive, None, &[]);
        text(octets.map_err(|_| EngineError::Canonical)?)
    }

    fn canonical_signed_info(&self, signature: &str) -> Result<String, EngineError> {
        let document =
            XmlDocument::parse(signature.to_owned()).map_err(|_| EngineError::Canonical)?;
        let tree = document.parse_doc().map_err(|_| EngineError::Canonical)?;
        let mut found = XmlDocument::find_elements(&tree, DSIG, "SignedInfo").into_iter();
        let (Some(signed_info), None) = (found.next(), found.next()) else {
            return Err(EngineError::Canonical);
        };
        let nodes = NodeSet::tree_without_comments(signed_info, &tree);
        let mode = C14nMode::Exclusive;
        let octets = bergshamra_c14n::canonicalize_doc::<&str>(&tree, mode, Some(&nodes), &[]);
        text(octets.map_err(|_| EngineError::Canonical)?)
    }

    fn sha256(&self, octets: &[u8]) -> Vec<u8> {
        digest(&SHA256, octets).as_ref().to_vec()
    }

    fn verify_rsa_sha256(
        &self,
        certificate: &CertificateDer<'_>,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), EngineError> {
        EndEntityCert::try_from(certificate)
            .and_then(|it| it.verify_signature(RSA_PKCS1_2048_8192_SHA256, message, signature))
            .map_err(|_| EngineError::Signature)
    }
}

fn text(octets: Vec<u8>) -> Result<String, EngineError> {
    String::from_utf8(octets).map_err(|_| EngineError::Canonical)
}
