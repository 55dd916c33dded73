//! The certificate of the site, when browsers know another than the trust domain's.

use crate::config::WebSection;
use pki::{durable_file, pem};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::error::Error;

/// Octets of a file.
const MAX_PEM: u64 = 1024 * 1024;

/// As it was read.
pub(crate) struct WebIdentity {
    pub(crate) chain: Vec<CertificateDer<'static>>,
    pub(crate) key: PrivateKeyDer<'static>,
}

/// Reads it, where one is configured.
pub(crate) fn read_web_identity(
    web: &WebSection,
) -> Result<Option<WebIdentity>, Box<dyn Error + Send + Sync>> {
    let (certificate, key) = match (&web.certificate, &web.key) {
        (Some(certificate), Some(key)) => (certificate, key),
        (None, None) => return Ok(None),
        _ => return Err("web.certificate and web.key belong together: name both".into()),
    };
    let chain = pem::certificates(&durable_file::read(certificate, MAX_PEM)?)?;
    let key = pem::private_key(&durable_file::read(key, MAX_PEM)?)?;
    Ok(Some(WebIdentity { chain, key }))
}
