//! PKCS#12: key, certificate and chain in one file under a password, as mail programs import them.
//!
//! Ours, on `yasna` and aws-lc-rs, because every library for it brings a second provider of cryptography
//! (docs/adr/0004), and of a format of thirty years one scheme is enough.
//!
//! Invariants: written and read with PBES2 (PBKDF2-HMAC-SHA-256, AES-256-CBC) and a MAC of HMAC-SHA-256 only, which
//! OpenSSL 3 and NSS read and write; never RC2, 3DES or SHA-1. At most [`MAX_PKCS12`] octets; rounds of key
//! derivation from outside are bounded.
//! Failure: [`Pkcs12Error`]; a wrong password, another scheme and a damaged file are one.

mod read;
mod scheme;
mod write;

use std::fmt;

use rustls::pki_types::{CertificateDer, PrivateKeyDer};

pub use self::read::read;
pub use self::write::write;

/// Largest file read, in octets.
pub const MAX_PKCS12: usize = 1024 * 1024;

mod oid {
    //! Object identifiers of the format. Invariant: each is the standard's. Failure: none.

    // RFC 7292 §4, RFC 8018 appendix C, RFC 2985 appendix A
    pub(super) const DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 1];
    pub(super) const ENCRYPTED_DATA: &[u64] = &[1, 2, 840, 113_549, 1, 7, 6];
    pub(super) const SHROUDED_KEY_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 2];
    pub(super) const CERT_BAG: &[u64] = &[1, 2, 840, 113_549, 1, 12, 10, 1, 3];
    pub(super) const X509_CERTIFICATE: &[u64] = &[1, 2, 840, 113_549, 1, 9, 22, 1];
    pub(super) const FRIENDLY_NAME: &[u64] = &[1, 2, 840, 113_549, 1, 9, 20];
    pub(super) const LOCAL_KEY_ID: &[u64] = &[1, 2, 840, 113_549, 1, 9, 21];
    pub(super) const PBES2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 13];
    pub(super) const PBKDF2: &[u64] = &[1, 2, 840, 113_549, 1, 5, 12];
    pub(super) const HMAC_SHA256: &[u64] = &[1, 2, 840, 113_549, 2, 9];
    pub(super) const AES_256_CBC: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 1, 42];
    pub(super) const SHA256: &[u64] = &[2, 16, 840, 1, 101, 3, 4, 2, 1];
}

/// The file was not written or read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Pkcs12Error {
    /// More than [`MAX_PKCS12`] octets.
    #[error("the file is larger than {MAX_PKCS12} octets")]
    TooLarge,
    /// No certificate, or a key that is not in PKCS#8.
    #[error("the key or a certificate cannot be written")]
    Contents,
    /// Another password, another scheme, or damage.
    #[error("the file cannot be opened with this password")]
    Opening,
    /// The file has no key with a certificate.
    #[error("the file has no key with a certificate")]
    Nothing,
    /// The provider failed.
    #[error("no randomness")]
    Random,
}

/// What a file holds.
pub struct Opened {
    /// The key, in PKCS#8.
    pub key: PrivateKeyDer<'static>,
    /// Its certificate, then the others of the file in its order.
    pub chain: Vec<CertificateDer<'static>>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Opened(…)")
    }
}

#[cfg(test)]
mod tests {
    use domain::Mode;

    use super::*;
    use crate::fixture::{Land, person, run, text};

    #[test]
    fn what_is_written_is_read_again_and_by_openssl() {
        let mut land = Land::new(Mode::Test);
        let issued = land.authority.issue(&person(), None).unwrap();
        let mut chain = issued.chain.clone();
        chain.push(land.authority.root().der().clone());
        let password = "a long random word é";
        let octets = write("Marie MARTIN", &issued.key.der(), &chain, password).unwrap();
        let opened = read(&octets, password).unwrap();
        assert_eq!(opened.chain, chain);
        assert_eq!(opened.key, issued.key.der());
        assert_eq!(read(&octets, "other").unwrap_err(), Pkcs12Error::Opening);
        assert_eq!(read(&octets[..100], password).unwrap_err(), Pkcs12Error::Opening);

        let path = land.folder.write("marie.p12", &octets);
        let pass = format!("pass:{password}");
        let arguments = ["pkcs12", "-in", &path, "-passin", &pass, "-nodes", "-info"];
        let Some(output) = run("openssl", &arguments) else { return };
        let said = text(&output);
        assert!(output.status.success(), "{said}");
        assert_eq!(said.matches("BEGIN CERTIFICATE").count(), 3, "{said}");
        for expected in ["BEGIN PRIVATE KEY", "AES-256-CBC", "hmacWithSHA256", "MAC: sha256"] {
            assert!(said.contains(expected), "{expected} in {said}");
        }
    }

    #[test]
    fn nss_imports_it() {
        let mut land = Land::new(Mode::Test);
        let issued = land.authority.issue(&person(), None).unwrap();
        let mut chain = issued.chain.clone();
        chain.push(land.authority.root().der().clone());
        let octets = write("Marie MARTIN", &issued.key.der(), &chain, "word é").unwrap();
        let path = land.folder.write("marie.p12", &octets);
        let database = format!("sql:{}", land.folder.path().to_str().unwrap());
        let arguments = ["-N", "-d", &database, "--empty-password"];
        let Some(output) = run("certutil", &arguments) else { return };
        assert!(output.status.success(), "{}", text(&output));
        let arguments = ["-i", &path, "-d", &database, "-W", "word é", "-K", ""];
        let output = run("pk12util", &arguments).unwrap();
        assert!(output.status.success(), "{}", text(&output));
        let said = text(&run("certutil", &["-K", "-d", &database]).unwrap());
        assert!(said.contains("Marie MARTIN"), "{said}");
    }

    #[test]
    fn one_written_by_openssl_is_read() {
        let mut land = Land::new(Mode::Test);
        let issued = land.issue("a.mss.example");
        let key = land.folder.write("key.pem", issued.key.pem().as_bytes());
        let chain = land.folder.write("chain.pem", crate::pem::write_certificates(&issued.chain));
        let out = land.folder.path().join("out.p12");
        let arguments = [
            "pkcs12",
            "-export",
            "-inkey",
            &key,
            "-in",
            &chain,
            "-passout",
            "pass:word",
            "-out",
            out.to_str().unwrap(),
        ];
        let Some(output) = run("openssl", &arguments) else { return };
        assert!(output.status.success(), "{}", text(&output));
        let opened = read(&std::fs::read(out).unwrap(), "word").unwrap();
        assert_eq!(opened.chain[0], issued.chain[0]);
        assert_eq!(opened.key, issued.key.der());
    }
}
