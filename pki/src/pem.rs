//! PEM: certificates, revocation lists and keys as text.
//!
//! Invariants: at most [`MAX_PEM`] octets and [`MAX_ITEMS`] items a file; other kinds of item are passed over.
//! Failure: [`PemError`].

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{
    CertificateDer, CertificateRevocationListDer, CertificateSigningRequestDer, PrivateKeyDer,
};
use zeroize::Zeroizing;

/// Largest PEM text read, in octets; a national revocation list has a few hundred thousand entries.
pub const MAX_PEM: usize = 64 * 1024 * 1024;

/// Most items of a PEM text.
pub const MAX_ITEMS: usize = 1000;

/// Octets of a line.
// RFC 7468 §2
const LINE: usize = 64;

/// Why a text holds not what is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// More than [`MAX_PEM`] octets.
    #[error("the text is larger than {MAX_PEM} octets")]
    TooLarge,
    /// More than [`MAX_ITEMS`].
    #[error("the text has more than {MAX_ITEMS} items")]
    TooMany,
    /// An item does not end, or is no base64.
    #[error("the text is not PEM")]
    Syntax,
    /// No item of the kind that is wanted.
    #[error("the text has no item of the kind wanted")]
    Nothing,
}

/// All certificates, in order.
///
/// # Errors
/// [`PemError`], also when there is none.
pub fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, PemError> {
    all(text)
}

/// All revocation lists, in order.
///
/// # Errors
/// [`PemError`], also when there is none.
pub fn revocation_lists(
    text: &[u8],
) -> Result<Vec<CertificateRevocationListDer<'static>>, PemError> {
    all(text)
}

/// The first private key.
///
/// # Errors
/// [`PemError`], also when there is none.
pub fn private_key(text: &[u8]) -> Result<PrivateKeyDer<'static>, PemError> {
    first(text)
}

/// The first certificate request.
///
/// # Errors
/// [`PemError`], also when there is none.
pub fn request(text: &[u8]) -> Result<CertificateSigningRequestDer<'static>, PemError> {
    first(text)
}

fn all<T: PemObject>(text: &[u8]) -> Result<Vec<T>, PemError> {
    if text.len() > MAX_PEM {
        return Err(PemError::TooLarge);
    }
    let mut items = Vec::new();
    for item in T::pem_slice_iter(text) {
        if items.len() == MAX_ITEMS {
            return Err(PemError::TooMany);
        }
        items.push(item.map_err(|_| PemError::Syntax)?);
    }
    if items.is_empty() { Err(PemError::Nothing) } else { Ok(items) }
}

fn first<T: PemObject>(text: &[u8]) -> Result<T, PemError> {
    if text.len() > MAX_PEM {
        return Err(PemError::TooLarge);
    }
    T::pem_slice_iter(text).next().ok_or(PemError::Nothing)?.map_err(|_| PemError::Syntax)
}

/// One item as text; the label as in `CERTIFICATE`, `X509 CRL`, `PRIVATE KEY`. The text may be a secret.
// RFC 7468 §2
pub fn write(label: &str, der: &[u8]) -> Zeroizing<String> {
    let encoded = Zeroizing::new(STANDARD.encode(der));
    let mut text = Zeroizing::new(String::with_capacity(encoded.len() + encoded.len() / 32 + 64));
    text.push_str(&format!("-----BEGIN {label}-----\n"));
    for line in encoded.as_bytes().chunks(LINE) {
        text.extend(line.iter().map(|octet| char::from(*octet)));
        text.push('\n');
    }
    text.push_str(&format!("-----END {label}-----\n"));
    text
}

/// Certificates one after another.
pub fn write_certificates<'a>(
    chain: impl IntoIterator<Item = &'a CertificateDer<'static>>,
) -> String {
    chain.into_iter().map(|certificate| write("CERTIFICATE", certificate).to_string()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_again() {
        let one = CertificateDer::from((0..200).collect::<Vec<u8>>());
        let two = CertificateDer::from(vec![7; 48]);
        let text = write_certificates([&one, &two]);
        assert!(text.lines().all(|line| line.len() <= LINE));
        assert_eq!(certificates(text.as_bytes()), Ok(vec![one, two]));
        assert_eq!(revocation_lists(text.as_bytes()), Err(PemError::Nothing));
        assert_eq!(certificates(b"-----BEGIN CERTIFICATE-----\n!"), Err(PemError::Syntax));
        assert_eq!(certificates(b""), Err(PemError::Nothing));
    }
}
