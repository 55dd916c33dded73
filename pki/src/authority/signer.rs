//! The authority's own keys, each with its certificate: root, issuing authority, signer of the domain list.
//!
//! Invariant: key and certificate lie in one secret file, so that a crash never leaves one of two.
//! Failure: [`AuthorityError`].

use std::path::Path;

use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, KeyUsagePurpose, SerialNumber,
};
use zeroize::Zeroizing;

use super::certify::new_serial;
use super::{AuthorityError, AuthorityParams, PrivateKey};
use crate::certificate::{Certificate, CertificateError, MAX_CERTIFICATE};
use crate::durable_file::{self, Access};
use crate::instant::to_offset;
use crate::name::NewName;
use crate::pem;

/// A key with its certificate.
pub(super) struct Signer {
    pub(super) key: PrivateKey,
    pub(super) certificate: Certificate,
}

impl Signer {
    pub(super) fn root(params: &AuthorityParams, name: &NewName) -> Result<Self, AuthorityError> {
        let key = PrivateKey::generate_sized(params.key)?;
        let draft = authority_draft(params, name, BasicConstraints::Unconstrained)?;
        let certificate = draft.self_signed(key.pair())?;
        Ok(Self { certificate: Certificate::from_der(certificate.der())?, key })
    }

    pub(super) fn issuing(
        params: &AuthorityParams,
        name: &NewName,
        root: &Self,
        root_name: &NewName,
    ) -> Result<Self, AuthorityError> {
        let key = PrivateKey::generate_sized(params.key)?;
        let mut draft = authority_draft(params, name, BasicConstraints::Constrained(0))?;
        draft.use_authority_key_identifier_extension = true;
        let issuer = root.issuer(root_name);
        let certificate = draft.signed_by(key.pair(), &issuer)?;
        Ok(Self { certificate: Certificate::from_der(certificate.der())?, key })
    }

    /// As rcgen's issuer. The name is made again from the parameters, because rcgen reads only one of two units
    /// from a certificate.
    pub(super) fn issuer(&self, name: &NewName) -> Issuer<'static, &KeyPair> {
        let mut params = CertificateParams::default();
        params.distinguished_name = name.for_rcgen.clone();
        params.key_usages = authority_usages();
        Issuer::new(params, self.key.pair())
    }

    pub(super) fn read(dir: &Path, name: &str) -> Result<Self, AuthorityError> {
        let limit = u64::try_from(4 * MAX_CERTIFICATE).unwrap_or(u64::MAX);
        let text = Zeroizing::new(durable_file::read(&dir.join(format!("{name}.key")), limit)?);
        let chain = pem::certificates(&text).map_err(|_| CertificateError::Der)?;
        let certificate = Certificate::from_der(chain.first().ok_or(CertificateError::Der)?)?;
        Ok(Self { key: PrivateKey::from_pem(&text)?, certificate })
    }

    /// Key and certificate are one file, so that a crash never leaves one of two.
    pub(super) fn write(&self, dir: &Path, name: &str) -> Result<(), AuthorityError> {
        let mut text = self.key.pem();
        text.push_str(&pem::write("CERTIFICATE", self.certificate.der()));
        let path = dir.join(format!("{name}.key"));
        Ok(durable_file::replace(&path, text.as_bytes(), Access::Secret)?)
    }
}

fn authority_usages() -> Vec<KeyUsagePurpose> {
    vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign]
}

fn authority_draft(
    params: &AuthorityParams,
    name: &NewName,
    constraints: BasicConstraints,
) -> Result<CertificateParams, AuthorityError> {
    let mut draft = CertificateParams::default();
    draft.distinguished_name = name.for_rcgen.clone();
    draft.not_before = to_offset(params.not_before);
    draft.not_after = to_offset(params.not_after);
    draft.is_ca = IsCa::Ca(constraints);
    draft.key_usages = authority_usages();
    draft.serial_number = Some(SerialNumber::from_slice(new_serial()?.as_be()));
    Ok(draft)
}
