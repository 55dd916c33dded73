//! Sealing of values and keyed hashes.
//!
//! A sealed value is `version (1), key number (2), nonce (12), AES-256-GCM(value), tag (16)`
//! under its account's key, with the store key as associated data: a value moved to another key
//! does not open. The log, the snapshot and the index hold the same bytes.
//!
//! A value that does not open is [`Unsealable`]: damage of that value, or a key that is gone.

use crate::key::Key;
use crate::random::{NoRandomness, Random};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::{hkdf, hmac};
use std::fmt;
use zeroize::Zeroizing;

const VERSION: u8 = 1;
const HEADER_LEN: usize = 3;
/// Octets of a nonce.
pub(crate) const NONCE_LEN: usize = 12;
/// Bytes that sealing adds to a value.
const OVERHEAD: usize = HEADER_LEN + NONCE_LEN + 16;

/// The value does not open under this key for this store key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a sealed value does not open")]
pub(crate) struct Unsealable;

/// A keyed hash (HMAC-SHA-256, first 128 bits) that stands for a name in a store key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Lookup(pub(crate) [u8; 16]);

/// What a keyed hash is taken of, so that equal texts of two kinds never meet.
/// The discriminant goes into the hash: never change one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum LookupOf {
    /// A mail address.
    Address = 1,
    /// A citizen's INS with its OID.
    Ins = 2,
    /// A log-in name.
    Login = 3,
    /// A mailbox's name.
    MailboxName = 4,
    /// A Message-ID.
    MessageId = 5,
    /// What makes a repeated delivery recognisable.
    Fingerprint = 6,
    /// A name in a table of another crate.
    Service = 7,
}

/// 256 secret bits. Printing shows nothing; dropped bytes are wiped.
#[derive(Clone)]
pub struct Secret(Zeroizing<[u8; 32]>);

impl Secret {
    /// A new secret.
    pub fn random(random: &dyn Random) -> Result<Self, NoRandomness> {
        let mut bytes = Zeroizing::new([0; 32]);
        random.fill(bytes.as_mut())?;
        Ok(Self(bytes))
    }

    /// The secret with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// The bytes, for the place that wraps or stores them.
    #[must_use]
    pub fn expose(&self) -> &[u8; 32] {
        &self.0
    }

    /// What keys for several purposes are derived from.
    fn root(&self) -> Root {
        Root(hkdf::Salt::new(hkdf::HKDF_SHA256, b"pli").extract(self.expose()))
    }

    /// An AES-256-GCM key derived for one purpose.
    pub(crate) fn aead(&self, purpose: &'static [u8]) -> Result<LessSafeKey, Unsealable> {
        self.root().aead(purpose)
    }
}

/// A secret ready for derivation.
struct Root(hkdf::Prk);

impl Root {
    fn derive(&self, purpose: &'static [u8]) -> Result<Zeroizing<[u8; 32]>, Unsealable> {
        let mut out = Zeroizing::new([0; 32]);
        self.0
            .expand(&[purpose], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(out.as_mut()))
            .map_err(|_| Unsealable)?;
        Ok(out)
    }

    fn aead(&self, purpose: &'static [u8]) -> Result<LessSafeKey, Unsealable> {
        let bytes = self.derive(purpose)?;
        let key = UnboundKey::new(&AES_256_GCM, bytes.as_ref()).map_err(|_| Unsealable)?;
        Ok(LessSafeKey::new(key))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// An account's key, ready for use.
pub(crate) struct AccountKey {
    number: u16,
    seal: LessSafeKey,
    lookup: hmac::Key,
}

impl fmt::Debug for AccountKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "AccountKey({}, …)", self.number)
    }
}

impl AccountKey {
    /// The key that belongs to a secret of the keystore.
    pub(crate) fn derive(secret: &Secret, number: u16) -> Result<Self, Unsealable> {
        let root = secret.root();
        let lookup = root.derive(b"lookup 1")?;
        Ok(Self {
            number,
            seal: root.aead(b"seal 1")?,
            lookup: hmac::Key::new(hmac::HMAC_SHA256, lookup.as_ref()),
        })
    }

    /// Seals `value` for `key`.
    pub(crate) fn seal(
        &self,
        random: &dyn Random,
        key: &Key,
        value: &[u8],
    ) -> Result<Vec<u8>, SealFault> {
        let mut nonce = [0; NONCE_LEN];
        random.fill(&mut nonce)?;
        Ok(self.seal_with(nonce, key, value)?)
    }

    /// As [`AccountKey::seal`], with a random nonce that the caller has drawn for this value alone.
    pub(crate) fn seal_with(
        &self,
        nonce: [u8; NONCE_LEN],
        key: &Key,
        value: &[u8],
    ) -> Result<Vec<u8>, Unsealable> {
        let mut out = Vec::with_capacity(value.len() + OVERHEAD);
        out.push(VERSION);
        out.extend(self.number.to_be_bytes());
        out.extend(nonce);
        out.extend(value);
        let body = out.get_mut(HEADER_LEN + NONCE_LEN..).ok_or(Unsealable)?;
        let tag = self
            .seal
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(key.as_bytes()),
                body,
            )
            .map_err(|_| Unsealable)?;
        out.extend(tag.as_ref());
        Ok(out)
    }

    /// Opens what [`AccountKey::seal`] sealed for `key`.
    pub(crate) fn open(&self, key: &Key, sealed: &[u8]) -> Result<Vec<u8>, Unsealable> {
        let (header, rest) = sealed.split_at_checked(HEADER_LEN).ok_or(Unsealable)?;
        let [number_high, number_low] = self.number.to_be_bytes();
        if header != [VERSION, number_high, number_low] {
            return Err(Unsealable);
        }
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(Unsealable)?;
        let mut out = body.to_vec();
        let opened = self
            .seal
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(key.as_bytes()),
                &mut out,
            )
            .map_err(|_| Unsealable)?;
        let len = opened.len();
        out.truncate(len);
        Ok(out)
    }

    /// The keyed hash that stands for `name` in store keys.
    #[must_use]
    pub(crate) fn lookup(&self, of: LookupOf, name: &[u8]) -> Lookup {
        let mut context = hmac::Context::with_key(&self.lookup);
        context.update(&[of as u8]);
        context.update(name);
        let tag = context.sign();
        let mut hash = [0; 16];
        for (to, from) in hash.iter_mut().zip(tag.as_ref()) {
            *to = *from;
        }
        Lookup(hash)
    }
}

/// Sealing failed: no randomness, or a value beyond what the cipher takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SealFault {
    /// No nonce could be had.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// The cipher refused.
    #[error("a value could not be sealed")]
    Cipher,
}

impl From<Unsealable> for SealFault {
    fn from(_: Unsealable) -> Self {
        Self::Cipher
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::AccountId;
    use crate::random::SeededRandom;

    fn key() -> AccountKey {
        AccountKey::derive(&Secret::from_bytes([3; 32]), 1).unwrap()
    }

    #[test]
    fn a_value_opens_only_under_its_own_store_key_and_whole() {
        let (random, account) = (SeededRandom::new(1), AccountId::from_bytes([1; 16]));
        let (here, there) = (Key::change(account, 1), Key::change(account, 2));
        let sealed = key().seal(&random, &here, b"marker").unwrap();
        assert_eq!(sealed.len(), 6 + OVERHEAD);
        assert_eq!(key().open(&here, &sealed).unwrap(), b"marker");
        assert_eq!(key().open(&there, &sealed), Err(Unsealable));
        for at in 0..sealed.len() {
            let mut bad = sealed.clone();
            bad[at] ^= 1;
            assert_eq!(key().open(&here, &bad), Err(Unsealable), "byte {at}");
        }
        assert_eq!(key().open(&here, &sealed[..sealed.len() - 1]), Err(Unsealable));
        assert_eq!(key().open(&here, b""), Err(Unsealable));
    }

    #[test]
    fn keyed_hashes_differ_by_kind_and_by_key() {
        let other = AccountKey::derive(&Secret::from_bytes([4; 32]), 1).unwrap();
        let hash = key().lookup(LookupOf::Address, b"a@b.example");
        assert_eq!(hash, key().lookup(LookupOf::Address, b"a@b.example"));
        assert_ne!(hash, key().lookup(LookupOf::Login, b"a@b.example"));
        assert_ne!(hash, other.lookup(LookupOf::Address, b"a@b.example"));
    }

    #[test]
    fn secrets_and_keys_print_nothing() {
        let secret = Secret::from_bytes([0x41; 32]);
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(format!("{:?}", key()), "AccountKey(1, …)");
    }
}
