//! The way from a certificate to a root: built and checked by webpki, its errors turned into [`PeerFault`].
//!
//! Invariants:
//! - A late or missing revocation list never hides another fault: the way is then checked once more without the
//!   demand for freshness, and only when nothing else is wrong is the answer [`PeerFault::CrlExpired`].
//! - Every certificate of the way below the root needs a revocation list (where revocation is required).
//! - A root out of its time is no root.
//!
//! Failure: [`PeerFault`].

use jiff::Timestamp;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, RevocationCheckDepth,
    RevocationOptionsBuilder, UnknownStatusPolicy, aws_lc_rs as algorithms,
};

use crate::certificate::Certificate;
use crate::crl::RevocationLists;
use crate::instant::to_unix;
use crate::name;
use crate::trust::{PeerFault, TrustAnchors, Usage};

/// Most certificates that a peer may send besides its own.
pub(crate) const MAX_SENT: usize = 8;

/// `id-kp-emailProtection`, 1.3.6.1.5.5.7.3.4.
const EMAIL_PROTECTION: &[u8] = &[43, 6, 1, 5, 5, 7, 3, 4];

/// RSA PKCS#1 and ECDSA with SHA-256 and better; nothing with SHA-1 exists in webpki.
static SIGNATURES: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P384_SHA384,
];

/// Whether a certificate without any revocation list passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Revocation {
    /// No: the whole way needs lists that are in time.
    Required,
    /// Yes; what the lists at hand say still counts. For looking at files without a network.
    IfKnown,
}

/// What a certificate is checked against.
#[derive(Clone, Copy)]
pub(crate) struct Rules<'a> {
    pub(crate) anchors: &'a TrustAnchors,
    pub(crate) lists: &'a RevocationLists,
    pub(crate) at: Timestamp,
    pub(crate) usage: Usage,
    pub(crate) revocation: Revocation,
}

/// Checks `leaf` and the way from it to a root, over certificates that the peer sent and those that we hold.
// MSS #10
// MSS #11
// MSS #12
// MSS #17
// MSS #20
pub(crate) fn check(
    rules: &Rules<'_>,
    leaf: &Certificate,
    sent: &[CertificateDer<'_>],
) -> Result<(), PeerFault> {
    if sent.len() > MAX_SENT {
        return Err(PeerFault::Malformed);
    }
    if rules.anchors.mode() == domain::Mode::Production && names_test_land(leaf, sent)? {
        return Err(PeerFault::TestChain);
    }
    check_key_usage(rules.usage, leaf)?;
    let leaf = EndEntityCert::try_from(leaf.der()).map_err(|error| fault(&error))?;
    match rules.revocation {
        Revocation::IfKnown => walk(rules, &leaf, sent, Freshness::Ignored),
        Revocation::Required => match walk(rules, &leaf, sent, Freshness::Demanded) {
            Err(PeerFault::CrlExpired) => {
                walk(rules, &leaf, sent, Freshness::Ignored)?;
                Err(PeerFault::CrlExpired)
            }
            outcome => outcome,
        },
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Freshness {
    Demanded,
    Ignored,
}

fn walk(
    rules: &Rules<'_>,
    leaf: &EndEntityCert<'_>,
    sent: &[CertificateDer<'_>],
    freshness: Freshness,
) -> Result<(), PeerFault> {
    let roots = rules.anchors.roots_at(rules.at);
    let held = rules.anchors.intermediates().map(|held| held.der().clone());
    let between: Vec<CertificateDer<'_>> = sent.iter().cloned().chain(held).collect();
    let lists: Vec<&CertRevocationList<'_>> =
        rules.lists.iter().map(|list| list.for_webpki()).collect();
    let (expiration, unknown) = match freshness {
        Freshness::Demanded => (ExpirationPolicy::Enforce, UnknownStatusPolicy::Deny),
        Freshness::Ignored => (ExpirationPolicy::Ignore, UnknownStatusPolicy::Allow),
    };
    // Without any list webpki checks none.
    let options = match RevocationOptionsBuilder::new(&lists) {
        Ok(builder) => Some(
            builder
                .with_depth(RevocationCheckDepth::Chain)
                .with_status_policy(unknown)
                .with_expiration_policy(expiration)
                .build(),
        ),
        Err(_) if freshness == Freshness::Demanded => return Err(PeerFault::CrlExpired),
        Err(_) => None,
    };
    let at = to_unix(rules.at);
    leaf.verify_for_usage(SIGNATURES, &roots, &between, at, eku(rules.usage), options, None)
        .map(|_| ())
        .map_err(|error| fault(&error))
}

/// The names of authorities only; a peer that sends a test authority beside its own way is refused as well.
fn names_test_land(leaf: &Certificate, sent: &[CertificateDer<'_>]) -> Result<bool, PeerFault> {
    let mut found = name::is_for_tests(leaf.issuer());
    for one in sent {
        let one = Certificate::from_der(one).map_err(|_| PeerFault::Malformed)?;
        found |= one.is_test_chain();
    }
    Ok(found)
}

// RFC 5280 §4.2.1.12
fn eku(usage: Usage) -> KeyUsage {
    match usage {
        Usage::Client => KeyUsage::client_auth(),
        Usage::Server => KeyUsage::server_auth(),
        Usage::ListSigner => KeyUsage::required_if_present(EMAIL_PROTECTION),
    }
}

/// What webpki does not look at: the key usage bits; and that a signer of the domain list is made for signing, or
/// any server of the trust domain could sign one.
// RFC 5280 §4.2.1.3
fn check_key_usage(usage: Usage, leaf: &Certificate) -> Result<(), PeerFault> {
    let bits = leaf.key_usage();
    let fits = match usage {
        Usage::Client | Usage::Server => bits.is_none_or(|bits| bits.digital_signature),
        Usage::ListSigner => {
            bits.is_some_and(|bits| bits.digital_signature || bits.non_repudiation)
                && leaf.extended_key_usage().is_some_and(|usage| usage.email_protection)
        }
    };
    if fits { Ok(()) } else { Err(PeerFault::WrongUsage) }
}

/// The one mapping from webpki's errors.
pub(crate) fn fault(error: &webpki::Error) -> PeerFault {
    use webpki::Error;
    match error {
        Error::CertExpired { .. } => PeerFault::Expired,
        Error::CertNotValidYet { .. } => PeerFault::NotYetValid,
        Error::CertRevoked => PeerFault::Revoked,
        Error::UnknownRevocationStatus
        | Error::CrlExpired { .. }
        | Error::InvalidCrlSignatureForPublicKey
        | Error::IssuerNotCrlSigner => PeerFault::CrlExpired,
        Error::RequiredEkuNotFoundContext(_)
        | Error::EmptyEkuExtension
        | Error::CaUsedAsEndEntity
        | Error::EndEntityUsedAsCa => PeerFault::WrongUsage,
        Error::CertNotValidForName(_) => PeerFault::NameMismatch,
        Error::BadDer
        | Error::BadDerTime
        | Error::TrailingData(_)
        | Error::InvalidCertValidity
        | Error::InvalidSerialNumber
        | Error::ExtensionValueInvalid
        | Error::MalformedExtensions
        | Error::MalformedDnsIdentifier
        | Error::UnsupportedCertVersion
        | Error::UnsupportedCriticalExtension
        | Error::SignatureAlgorithmMismatch => PeerFault::Malformed,
        _ => PeerFault::Untrusted,
    }
}
