//! Making one certificate: its number, its time, its place in the record.
//!
//! Invariant: what is made is in the record that the caller writes before it hands the certificate out.
//! Failure: [`AuthorityError`]; the record of the caller is then thrown away.

use jiff::Timestamp;
use rcgen::SerialNumber;
use rustls::pki_types::CertificateSigningRequestDer;
use x509_parser::prelude::{FromDer, X509CertificationRequest};
use x509_parser::public_key::PublicKey;

use super::record::{IssuedRecord, Record};
use super::signer::Signer;
use super::{AuthorityError, AuthorityParams, BACKDATE, PrivateKey, params};
use crate::certificate::{Certificate, MAX_CERTIFICATE};
use crate::instant::{to_offset, whole_second};
use crate::profile::{Draft, Extensions, Profile};
use crate::serial::Serial;

/// Octets of a serial number.
const SERIAL_OCTETS: usize = 16;

/// Smallest RSA modulus that is certified, in octets.
const MIN_MODULUS: usize = 256;

/// The time of a certificate, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// First instant.
    pub not_before: Timestamp,
    /// Last instant.
    pub not_after: Timestamp,
}

/// Random, positive, exactly 16 octets: the top bit is clear and the next set.
// RFC 5280 §4.1.2.2
pub(super) fn new_serial() -> Result<Serial, AuthorityError> {
    let mut octets = [0; SERIAL_OCTETS];
    aws_lc_rs::rand::fill(&mut octets).map_err(|_| AuthorityError::Random)?;
    let [first, ..] = &mut octets;
    *first = (*first & 0x7F) | 0x40;
    Serial::from_be(&octets).map_err(|_| AuthorityError::Random)
}

pub(super) fn certify_list_signer(
    record: &mut Record,
    issuing: &Signer,
    now: Timestamp,
) -> Result<Signer, AuthorityError> {
    let key = PrivateKey::generate()?;
    let profile = Profile::ListSigner {
        subject: record.params.list_signer.clone(),
        host: record.params.list_host.clone(),
    };
    let certificate = certify(record, issuing, &profile, key.pair(), None, now)?;
    Ok(Signer { key, certificate })
}

/// Makes a certificate and records it; the caller writes the record before it hands the certificate out.
pub(super) fn certify(
    record: &mut Record,
    issuing: &Signer,
    profile: &Profile,
    key: &impl rcgen::PublicKeyData,
    validity: Option<Validity>,
    now: Timestamp,
) -> Result<Certificate, AuthorityError> {
    let params = &record.params;
    let extensions =
        Extensions { crl_url: params.crl_url.as_deref(), policy_arc: &params.policies };
    let Draft { params: mut draft, subject, kind } = profile.draft(&extensions)?;
    let validity = validity.unwrap_or_else(|| default_validity(params, now));
    if validity.not_after <= validity.not_before || validity.not_after > params.not_after {
        return Err(AuthorityError::Validity);
    }
    let serial = new_serial()?;
    draft.not_before = to_offset(validity.not_before);
    draft.not_after = to_offset(validity.not_after);
    draft.serial_number = Some(SerialNumber::from_slice(serial.as_be()));
    let signed = draft.signed_by(key, &issuing.issuer(&params.issuing_name()?))?;
    let certificate = Certificate::from_der(signed.der())?;
    record.issued.push(IssuedRecord {
        serial,
        kind,
        subject,
        not_before: certificate.not_before(),
        not_after: certificate.not_after(),
        issued_at: whole_second(now),
    });
    Ok(certificate)
}

fn default_validity(params: &AuthorityParams, now: Timestamp) -> Validity {
    let not_before = now.checked_sub(BACKDATE).unwrap_or(now).max(params.not_before);
    let not_after = params::later(now, params.leaf_days).min(params.not_after);
    Validity { not_before, not_after }
}

// RFC 2986 §4
pub(super) fn requested_key(
    request: &CertificateSigningRequestDer<'_>,
) -> Result<rcgen::SubjectPublicKeyInfo, AuthorityError> {
    if request.len() > MAX_CERTIFICATE {
        return Err(AuthorityError::Request);
    }
    let parsed = X509CertificationRequest::from_der(request);
    let (_, parsed) = parsed.map_err(|_| AuthorityError::Request)?;
    parsed.verify_signature().map_err(|_| AuthorityError::Request)?;
    let key = &parsed.certification_request_info.subject_pki;
    match key.parsed() {
        Ok(PublicKey::RSA(rsa))
            if (MIN_MODULUS..=2 * MIN_MODULUS).contains(&(rsa.key_size() / 8)) => {}
        _ => return Err(AuthorityError::Request),
    }
    rcgen::SubjectPublicKeyInfo::from_der(key.raw).map_err(|_| AuthorityError::Request)
}
