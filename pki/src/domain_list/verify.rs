//! Whether a list is the authority's: signature, signer, date.
//!
//! Invariants:
//! - The entries are read from the very octets that were digested: the canonical form of the document without
//!   its signature. The algorithms are read from the very octets that were signed.
//! - There is exactly one signature in the document, the last child of the root, in one form ([`super::signature`]).
//! - The signer is a certificate made for signing, on a way to the given authorities, in its time at the given
//!   instant, not revoked; where signers are named, one of them.
//!
//! Failure: [`ListRefusal`] says which.

use domain::DistinguishedName;
use jiff::{SignedDuration, Timestamp};
use roxmltree::{Document, Node};

use super::engine::{EngineError, SignatureEngine};
use super::parse::{self, Contents, MAX_LIST, ParseError};
use super::signature::{self, FormError};
use crate::certificate::{Certificate, CertificateError};
use crate::chain::{self, Revocation, Rules};
use crate::crl::RevocationLists;
use crate::trust::{PeerFault, TrustAnchors, Usage};

/// How far in the future a list may be dated. A list dated far ahead would keep every later one out.
pub const FUTURE_TOLERANCE: SignedDuration = SignedDuration::from_hours(24);

/// What a list is checked against.
#[derive(Clone, Copy)]
pub struct ListRules<'a> {
    /// Authorities of the signer.
    pub anchors: &'a TrustAnchors,
    /// What they have taken back.
    pub revocation_lists: &'a RevocationLists,
    /// Whether a revocation list is needed.
    pub revocation: Revocation,
    /// Who may sign; empty: whoever has a certificate for signing from the authorities, which in the national
    /// domain is every organisation that bought one, so an operator names the signer.
    pub signers: &'a [DistinguishedName],
    /// The instant of the check.
    pub at: Timestamp,
    /// Canonical XML and cryptography.
    pub engine: &'a dyn SignatureEngine,
}

/// Why a list is not taken; the one that was there stays.
#[derive(Debug, thiserror::Error)]
pub enum ListRefusal {
    /// It is no list.
    #[error("the list cannot be read")]
    Parse(#[from] ParseError),
    /// There is no signature, or it is not the last child of the root.
    #[error("the list is not signed")]
    Unsigned,
    /// There is a second signature.
    #[error("the list has more than one signature")]
    SeveralSignatures,
    /// The signature is not in the one form.
    #[error("the list's signature has another form than the one accepted")]
    Form(#[from] FormError),
    /// The document is not what was signed.
    #[error("the list is not what was signed")]
    Digest,
    /// The signature is not that of the certificate's key.
    #[error("the list's signature is wrong")]
    Signature,
    /// The document cannot be brought into canonical form.
    #[error("the list cannot be brought into canonical form")]
    Canonical,
    /// The signer's certificate cannot be read.
    #[error("the signer's certificate cannot be read")]
    SignerCertificate(#[source] CertificateError),
    /// The signer's certificate is not right.
    #[error("the signer's certificate is refused")]
    Signer(#[source] PeerFault),
    /// The signer is none of those that may sign.
    #[error("the signer is none of those that may sign the list")]
    OtherSigner,
    /// It is older than the list that we have.
    #[error("the list of {offered} is older than ours of {current}")]
    Rollback {
        /// Date of ours.
        current: Timestamp,
        /// Date of the one offered.
        offered: Timestamp,
    },
    /// It is dated too far ahead.
    #[error("the list is dated in the future")]
    FromFuture,
    /// Not one entry could be read.
    #[error("the list has no entry that can be read")]
    Empty,
    /// The file system refuses.
    #[error("the list cannot be kept")]
    Io(#[from] std::io::Error),
}

/// A list whose signature is right, with who signed it.
pub(super) struct Checked {
    pub(super) contents: Contents,
    pub(super) signer: Certificate,
}

/// Checks everything but the date against an earlier list.
// MSS #2
// MSS #3
// MSS #4
// MSS #5
pub(super) fn verify(octets: &[u8], rules: &ListRules<'_>) -> Result<Checked, ListRefusal> {
    let Signed { canonical, signer } = check_signature(octets, rules.engine)?;
    check_signer(&signer, rules)?;
    let contents = parse::parse(&canonical)?;
    if contents.generated_at.duration_since(rules.at) > FUTURE_TOLERANCE {
        return Err(ListRefusal::FromFuture);
    }
    if contents.entries.is_empty() {
        return Err(ListRefusal::Empty);
    }
    Ok(Checked { contents, signer })
}

/// What was signed, and the certificate that it names.
pub(super) struct Signed {
    pub(super) canonical: String,
    pub(super) signer: Certificate,
}

/// Checks that the certificate in the document has signed the document; nothing of who that is.
pub(super) fn check_signature(
    octets: &[u8],
    engine_of: &dyn SignatureEngine,
) -> Result<Signed, ListRefusal> {
    let text = as_text(octets)?;
    let tree = parse::tree(text)?;
    let element = find_signature(&tree)?;
    let range = element.range();
    let read = signature::read(element)?;
    let slice = text.get(range.clone()).ok_or(ListRefusal::Canonical)?;
    let signed_info = engine_of.canonical_signed_info(slice).map_err(engine)?;
    let digest = read_signed_info(&signed_info)?;
    let signer =
        Certificate::from_der(&read.certificate).map_err(ListRefusal::SignerCertificate)?;
    let message = signed_info.as_bytes();
    engine_of.verify_rsa_sha256(signer.der(), message, &read.value).map_err(engine)?;
    drop(tree);

    // XML-DSig §6.6.4: the enveloped signature is taken out, nothing else.
    let (before, after) = (text.get(..range.start), text.get(range.end..));
    let rest = [before.unwrap_or_default(), after.unwrap_or_default()].concat();
    let canonical = engine_of.canonical(&rest).map_err(engine)?;
    if engine_of.sha256(canonical.as_bytes()) != digest {
        return Err(ListRefusal::Digest);
    }
    Ok(Signed { canonical, signer })
}

pub(super) fn as_text(octets: &[u8]) -> Result<&str, ParseError> {
    if octets.len() > MAX_LIST {
        return Err(ParseError::TooLarge);
    }
    // XML 1.0 §4.3.3: a byte order mark may come first
    let octets = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(octets);
    std::str::from_utf8(octets).map_err(|_| ParseError::NotUtf8)
}

// MSS #3
fn find_signature<'a, 'input>(tree: &'a Document<'input>) -> Result<Node<'a, 'input>, ListRefusal> {
    let mut signatures = tree.descendants().filter(|node| signature::is(*node, "Signature"));
    let signature = signatures.next().ok_or(ListRefusal::Unsigned)?;
    if signatures.next().is_some() {
        return Err(ListRefusal::SeveralSignatures);
    }
    let last = tree.root_element().last_element_child();
    if last == Some(signature) { Ok(signature) } else { Err(ListRefusal::Unsigned) }
}

fn read_signed_info(canonical: &str) -> Result<Vec<u8>, ListRefusal> {
    let tree = parse::tree(canonical)?;
    Ok(signature::read_signed_info(tree.root_element())?)
}

// MSS #5
fn check_signer(signer: &Certificate, rules: &ListRules<'_>) -> Result<(), ListRefusal> {
    let rules_of_chain = Rules {
        anchors: rules.anchors,
        lists: rules.revocation_lists,
        at: rules.at,
        usage: Usage::ListSigner,
        revocation: rules.revocation,
    };
    chain::check(&rules_of_chain, signer, &[]).map_err(ListRefusal::Signer)?;
    if rules.signers.is_empty() || rules.signers.contains(signer.subject()) {
        Ok(())
    } else {
        Err(ListRefusal::OtherSigner)
    }
}

fn engine(error: EngineError) -> ListRefusal {
    match error {
        EngineError::Canonical => ListRefusal::Canonical,
        EngineError::Signature => ListRefusal::Signature,
    }
}
