//! The two uses of the password: encryption (PBES2) and the MAC.
//!
//! Invariants: keys are wiped when dropped; rounds are 1 to [`MAX_ITERATIONS`]. Failure: [`Pkcs12Error`].

use std::num::NonZeroU32;

use aws_lc_rs::cipher::{
    AES_256, DecryptionContext, PaddedBlockDecryptingKey, PaddedBlockEncryptingKey,
    UnboundCipherKey,
};
use aws_lc_rs::digest::{Context, SHA256, digest};
use aws_lc_rs::iv::FixedLength;
use aws_lc_rs::{hmac, pbkdf2, rand};
use yasna::models::ObjectIdentifier;
use yasna::{ASN1Error, ASN1ErrorKind, ASN1Result, BERReader, DERWriter};
use zeroize::Zeroizing;

use super::{Pkcs12Error, oid};

/// Rounds that we write. Our passwords are random, so this only delays who guesses a person's own.
pub(super) const ITERATIONS: u32 = 50_000;

/// Most rounds that a file may ask of us; each million costs about half a second.
const MAX_ITERATIONS: u32 = 1_000_000;

const SALT: usize = 16;
const IV: usize = 16;
const KEY: usize = 32;

/// Block of SHA-256, in octets.
const BLOCK: usize = 64;

/// Parameters of one PBES2 encryption.
// RFC 8018 §6.2
pub(super) struct Pbes2 {
    salt: Vec<u8>,
    iterations: u32,
    iv: [u8; IV],
}

impl Pbes2 {
    /// Encrypts under fresh parameters.
    pub(super) fn encrypt(password: &str, plain: &[u8]) -> Result<(Self, Vec<u8>), Pkcs12Error> {
        let salt = salt()?.to_vec();
        let key = derive(password, &salt, ITERATIONS).ok_or(Pkcs12Error::Random)?;
        let mut octets = plain.to_vec();
        let key = UnboundCipherKey::new(&AES_256, key.as_slice());
        let context = key
            .and_then(PaddedBlockEncryptingKey::cbc_pkcs7)
            .and_then(|key| key.encrypt(&mut octets))
            .map_err(|_| Pkcs12Error::Random)?;
        let DecryptionContext::Iv128(iv) = context else { return Err(Pkcs12Error::Random) };
        Ok((Self { salt, iterations: ITERATIONS, iv: *iv.as_ref() }, octets))
    }

    pub(super) fn decrypt(
        &self,
        password: &str,
        mut octets: Vec<u8>,
    ) -> Result<Zeroizing<Vec<u8>>, Pkcs12Error> {
        let key = derive(password, &self.salt, self.iterations).ok_or(Pkcs12Error::Opening)?;
        let context = DecryptionContext::Iv128(FixedLength::from(self.iv));
        let key = UnboundCipherKey::new(&AES_256, key.as_slice());
        let key = key.and_then(PaddedBlockDecryptingKey::cbc_pkcs7);
        let plain = key.as_ref().map_err(|_| Pkcs12Error::Opening)?;
        let plain = plain.decrypt(&mut octets, context).map_err(|_| Pkcs12Error::Opening)?;
        let plain = Zeroizing::new(plain.to_vec());
        drop(Zeroizing::new(octets));
        Ok(plain)
    }

    /// As `AlgorithmIdentifier`.
    // RFC 8018 appendix A.4
    pub(super) fn write(&self, writer: DERWriter<'_>) {
        writer.write_sequence(|algorithm| {
            algorithm.next().write_oid(&ObjectIdentifier::from_slice(oid::PBES2));
            algorithm.next().write_sequence(|parameters| {
                parameters.next().write_sequence(|kdf| {
                    kdf.next().write_oid(&ObjectIdentifier::from_slice(oid::PBKDF2));
                    kdf.next().write_sequence(|pbkdf2| {
                        pbkdf2.next().write_bytes(&self.salt);
                        pbkdf2.next().write_u32(self.iterations);
                        pbkdf2.next().write_sequence(|prf| {
                            prf.next().write_oid(&ObjectIdentifier::from_slice(oid::HMAC_SHA256));
                            prf.next().write_null();
                        });
                    });
                });
                parameters.next().write_sequence(|cipher| {
                    cipher.next().write_oid(&ObjectIdentifier::from_slice(oid::AES_256_CBC));
                    cipher.next().write_bytes(&self.iv);
                });
            });
        });
    }

    // RFC 8018 appendix A.4
    pub(super) fn read(reader: BERReader<'_, '_>) -> ASN1Result<Self> {
        reader.read_sequence(|algorithm| {
            expect(algorithm.next(), oid::PBES2)?;
            algorithm.next().read_sequence(|parameters| {
                let (salt, iterations) = parameters.next().read_sequence(|kdf| {
                    expect(kdf.next(), oid::PBKDF2)?;
                    kdf.next().read_sequence(|pbkdf2| {
                        let salt = pbkdf2.next().read_bytes()?;
                        let iterations = pbkdf2.next().read_u32()?;
                        let length = pbkdf2.read_optional(|length| length.read_u32())?;
                        pbkdf2.next().read_sequence(|prf| {
                            expect(prf.next(), oid::HMAC_SHA256)?;
                            prf.read_optional(|null| null.read_null()).map(|_| ())
                        })?;
                        match length {
                            None | Some(32) => Ok((salt, iterations)),
                            Some(_) => Err(invalid()),
                        }
                    })
                })?;
                let iv = parameters.next().read_sequence(|cipher| {
                    expect(cipher.next(), oid::AES_256_CBC)?;
                    cipher.next().read_bytes()
                })?;
                let iv = iv.try_into().map_err(|_| invalid())?;
                Ok(Self { salt, iterations, iv })
            })
        })
    }
}

/// PBKDF2-HMAC-SHA-256 over the password in UTF-8.
// RFC 8018 §5.2
fn derive(password: &str, salt: &[u8], iterations: u32) -> Option<Zeroizing<[u8; KEY]>> {
    let iterations = NonZeroU32::new(iterations).filter(|rounds| rounds.get() <= MAX_ITERATIONS)?;
    let mut key = Zeroizing::new([0; KEY]);
    let (algorithm, secret) = (pbkdf2::PBKDF2_HMAC_SHA256, password.as_bytes());
    pbkdf2::derive(algorithm, iterations, salt, secret, key.as_mut_slice());
    Some(key)
}

pub(super) fn salt() -> Result<[u8; SALT], Pkcs12Error> {
    let mut salt = [0; SALT];
    rand::fill(&mut salt).map_err(|_| Pkcs12Error::Random)?;
    Ok(salt)
}

/// HMAC-SHA-256 under a key of the format's own derivation. `None` when the rounds are out of bounds.
// RFC 7292 §5.1
pub(super) fn mac(
    password: &str,
    salt: &[u8],
    iterations: u32,
    octets: &[u8],
) -> Option<hmac::Tag> {
    if iterations == 0 || iterations > MAX_ITERATIONS {
        return None;
    }
    let key = mac_key(password, salt, iterations);
    Some(hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()), octets))
}

/// The derivation for ID 3 with SHA-256: as long as one hash, so its first block is the key.
// RFC 7292 appendix B.2
fn mac_key(password: &str, salt: &[u8], iterations: u32) -> Zeroizing<Vec<u8>> {
    const MAC_ID: u8 = 3;
    // RFC 7292 appendix B.1: BMPString with two zero octets at its end
    let mut name = Zeroizing::new(Vec::new());
    name.extend(password.encode_utf16().chain([0]).flat_map(u16::to_be_bytes));
    let mut first = Context::new(&SHA256);
    first.update(&[MAC_ID; BLOCK]);
    for text in [salt, name.as_slice()] {
        let filled: Vec<u8> =
            text.iter().copied().cycle().take(text.len().next_multiple_of(BLOCK)).collect();
        first.update(&Zeroizing::new(filled));
    }
    let mut key = Zeroizing::new(first.finish().as_ref().to_vec());
    for _ in 1..iterations {
        let next = digest(&SHA256, &key);
        key.clear();
        key.extend_from_slice(next.as_ref());
    }
    key
}

pub(super) fn expect(reader: BERReader<'_, '_>, wanted: &[u64]) -> ASN1Result<()> {
    let found = reader.read_oid()?;
    if found.components() == wanted { Ok(()) } else { Err(invalid()) }
}

pub(super) fn invalid() -> ASN1Error {
    ASN1Error::new(ASN1ErrorKind::Invalid)
}
