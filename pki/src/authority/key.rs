//! Private keys: made, kept in files of mode 0600, used to sign.
//!
//! Invariant: no `Debug` prints a key; PEM of a key is wiped when dropped.
//! Failure: [`AuthorityError`].

use std::fmt;
use std::path::Path;

use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use rustls::pki_types::PrivateKeyDer;
use zeroize::Zeroizing;

use super::{AuthorityError, AuthorityKey};
use crate::durable_file::{self, Access};
use crate::pem;

/// Largest key file, in octets.
const MAX_KEY: u64 = 64 * 1024;

/// An RSA private key.
pub struct PrivateKey(KeyPair);

impl PrivateKey {
    /// Makes a key of 2048 bits, as the national authority certifies.
    ///
    /// # Errors
    /// When the provider has no randomness.
    pub fn generate() -> Result<Self, AuthorityError> {
        Self::generate_sized(AuthorityKey::Rsa2048)
    }

    pub(super) fn generate_sized(size: AuthorityKey) -> Result<Self, AuthorityError> {
        let size = match size {
            AuthorityKey::Rsa2048 => RsaKeySize::_2048,
            AuthorityKey::Rsa3072 => RsaKeySize::_3072,
            AuthorityKey::Rsa4096 => RsaKeySize::_4096,
        };
        Ok(Self(KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, size)?))
    }

    /// Reads the PKCS#8 PEM of an RSA key.
    ///
    /// # Errors
    /// [`AuthorityError::Key`].
    pub fn from_pem(text: &[u8]) -> Result<Self, AuthorityError> {
        let der = pem::private_key(text).map_err(|_| AuthorityError::Key)?;
        let pair = KeyPair::from_der_and_sign_algo(&der, &PKCS_RSA_SHA256);
        Ok(Self(pair.map_err(|_| AuthorityError::Key)?))
    }

    /// The key in PKCS#8.
    pub fn der(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(self.0.serialize_der().into())
    }

    /// The key as PKCS#8 PEM.
    pub fn pem(&self) -> Zeroizing<String> {
        pem::write("PRIVATE KEY", self.0.serialized_der())
    }

    /// RSA PKCS#1 v1.5 over SHA-256.
    ///
    /// # Errors
    /// When the provider fails.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, AuthorityError> {
        Ok(rcgen::SigningKey::sign(&self.0, message)?)
    }

    pub(super) fn pair(&self) -> &KeyPair {
        &self.0
    }

    /// Reads a file of PKCS#8 PEM.
    ///
    /// # Errors
    /// [`AuthorityError::Key`] and those of the file system.
    pub fn read(path: &Path) -> Result<Self, AuthorityError> {
        Self::from_pem(&Zeroizing::new(durable_file::read(path, MAX_KEY)?))
    }

    /// Keeps it in a file of mode 0600.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, path: &Path) -> Result<(), AuthorityError> {
        Ok(durable_file::replace(path, self.pem().as_bytes(), Access::Secret)?)
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(…)")
    }
}
