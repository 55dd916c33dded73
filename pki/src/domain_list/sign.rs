//! Signing a list in the national form.
//!
//! Invariant: the signature is the last child of the root, in the one form that [`super::verify`] takes, and the
//! rest of the document is left as it is, octet by octet. Failure: [`SignError`].

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::CertificateDer;

use super::engine::{DefaultEngine, EngineError, SignatureEngine};
use super::parse::{ParseError, tree};
use super::signature::{DSIG, ENVELOPED, EXC_C14N, RSA_SHA256, SHA256};

/// Why a list was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError<E: std::error::Error + 'static> {
    /// It is no XML.
    #[error("the list to sign cannot be read")]
    Parse(#[from] ParseError),
    /// It cannot be brought into canonical form.
    #[error("the list to sign cannot be brought into canonical form")]
    Engine(#[from] EngineError),
    /// The key failed.
    #[error("the key did not sign")]
    Key(#[source] E),
}

/// Signs an unsigned list; `key` gives RSA PKCS#1 v1.5 over SHA-256 with the certificate's key.
///
/// # Errors
/// [`SignError`].
// MSS #2
// XML-DSig §3.1
pub fn sign<E: std::error::Error + 'static>(
    unsigned: &str,
    certificate: &CertificateDer<'_>,
    key: impl FnOnce(&[u8]) -> Result<Vec<u8>, E>,
) -> Result<String, SignError<E>> {
    let engine = DefaultEngine;
    let digest = engine.sha256(engine.canonical(unsigned)?.as_bytes());
    let signed_info = format!(
        "<SignedInfo><CanonicalizationMethod Algorithm=\"{EXC_C14N}\"/>\
         <SignatureMethod Algorithm=\"{RSA_SHA256}\"/><Reference URI=\"\"><Transforms>\
         <Transform Algorithm=\"{ENVELOPED}\"/><Transform Algorithm=\"{EXC_C14N}\"/></Transforms>\
         <DigestMethod Algorithm=\"{SHA256}\"/><DigestValue>{}</DigestValue></Reference></SignedInfo>",
        STANDARD.encode(digest),
    );
    let open = format!("<Signature xmlns=\"{DSIG}\">{signed_info}");
    let message = engine.canonical_signed_info(&format!("{open}</Signature>"))?;
    let value = key(message.as_bytes()).map_err(SignError::Key)?;
    let signature = format!(
        "{open}<SignatureValue>{}</SignatureValue><KeyInfo><X509Data><X509Certificate>{}\
         </X509Certificate></X509Data></KeyInfo></Signature>",
        STANDARD.encode(value),
        STANDARD.encode(certificate),
    );
    insert_last(unsigned, &signature)
}

/// Puts text before the end tag of the root.
fn insert_last<E: std::error::Error + 'static>(
    document: &str,
    addition: &str,
) -> Result<String, SignError<E>> {
    let end = tree(document)?.root_element().range().end;
    let (root, rest) = document.split_at_checked(end).ok_or(ParseError::Xml)?;
    let place = root.rfind("</").ok_or(ParseError::NoDomains)?;
    let (head, end_tag) = root.split_at_checked(place).ok_or(ParseError::Xml)?;
    Ok([head, addition, end_tag, rest].concat())
}
