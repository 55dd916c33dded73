//! Writing a file: the certificates in one encrypted part, the key in a bag of its own, a MAC over both.
//!
//! Invariant: the key's certificate comes first and shares the key's `localKeyID`. Failure: [`Pkcs12Error`].

use aws_lc_rs::digest::{SHA256, digest};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use yasna::models::ObjectIdentifier;
use yasna::{DERWriter, DERWriterSet, Tag, construct_der};

use super::scheme::{self, ITERATIONS, Pbes2};
use super::{Pkcs12Error, oid};

/// Writes a file; the chain has the key's certificate first. `label` is what programs show (*friendlyName*).
///
/// # Errors
/// [`Pkcs12Error::Contents`].
// RFC 7292 §4
pub fn write(
    label: &str,
    key: &PrivateKeyDer<'_>,
    chain: &[CertificateDer<'_>],
    password: &str,
) -> Result<Vec<u8>, Pkcs12Error> {
    let PrivateKeyDer::Pkcs8(key) = key else { return Err(Pkcs12Error::Contents) };
    let own = chain.first().ok_or(Pkcs12Error::Contents)?;
    let key_id = digest(&SHA256, own).as_ref().to_vec();
    let certificates = certificates_part(label, &key_id, chain, password)?;
    let key = key_part(label, &key_id, key.secret_pkcs8_der(), password)?;
    let safe = construct_der(|writer| {
        writer.write_sequence(|parts| {
            parts.next().write_der(&certificates);
            parts.next().write_der(&key);
        });
    });
    let salt = scheme::salt()?;
    let mac = scheme::mac(password, &salt, ITERATIONS, &safe).ok_or(Pkcs12Error::Random)?;
    Ok(construct_der(|writer| {
        writer.write_sequence(|pfx| {
            pfx.next().write_u8(3);
            write_data(pfx.next(), &safe);
            pfx.next().write_sequence(|mac_data| {
                mac_data.next().write_sequence(|info| {
                    info.next().write_sequence(|algorithm| {
                        algorithm.next().write_oid(&ObjectIdentifier::from_slice(oid::SHA256));
                        algorithm.next().write_null();
                    });
                    info.next().write_bytes(mac.as_ref());
                });
                mac_data.next().write_bytes(&salt);
                mac_data.next().write_u32(ITERATIONS);
            });
        });
    }))
}

/// A `ContentInfo` of type data.
// RFC 5652 §4
fn write_data(writer: DERWriter<'_>, octets: &[u8]) {
    writer.write_sequence(|content| {
        content.next().write_oid(&ObjectIdentifier::from_slice(oid::DATA));
        content.next().write_tagged(Tag::context(0), |data| data.write_bytes(octets));
    });
}

// RFC 7292 §4.2.3
// RFC 5652 §8
fn certificates_part(
    label: &str,
    key_id: &[u8],
    chain: &[CertificateDer<'_>],
    password: &str,
) -> Result<Vec<u8>, Pkcs12Error> {
    let bags = construct_der(|writer| {
        writer.write_sequence(|bags| {
            for (place, certificate) in chain.iter().enumerate() {
                bags.next().write_sequence(|bag| {
                    bag.next().write_oid(&ObjectIdentifier::from_slice(oid::CERT_BAG));
                    bag.next().write_tagged(Tag::context(0), |value| {
                        value.write_sequence(|value| {
                            let kind = ObjectIdentifier::from_slice(oid::X509_CERTIFICATE);
                            value.next().write_oid(&kind);
                            value
                                .next()
                                .write_tagged(Tag::context(0), |der| der.write_bytes(certificate));
                        });
                    });
                    if place == 0 {
                        bag.next().write_set_of(|set| attributes(set, label, key_id));
                    }
                });
            }
        });
    });
    let (scheme, octets) = Pbes2::encrypt(password, &bags)?;
    Ok(construct_der(|writer| {
        writer.write_sequence(|content| {
            content.next().write_oid(&ObjectIdentifier::from_slice(oid::ENCRYPTED_DATA));
            content.next().write_tagged(Tag::context(0), |data| {
                data.write_sequence(|data| {
                    data.next().write_u8(0);
                    data.next().write_sequence(|info| {
                        info.next().write_oid(&ObjectIdentifier::from_slice(oid::DATA));
                        scheme.write(info.next());
                        info.next()
                            .write_tagged_implicit(Tag::context(0), |it| it.write_bytes(&octets));
                    });
                });
            });
        });
    }))
}

// RFC 7292 §4.2.2
fn key_part(
    label: &str,
    key_id: &[u8],
    key: &[u8],
    password: &str,
) -> Result<Vec<u8>, Pkcs12Error> {
    let (scheme, octets) = Pbes2::encrypt(password, key)?;
    let bags = construct_der(|writer| {
        writer.write_sequence(|bags| {
            bags.next().write_sequence(|bag| {
                bag.next().write_oid(&ObjectIdentifier::from_slice(oid::SHROUDED_KEY_BAG));
                bag.next().write_tagged(Tag::context(0), |value| {
                    value.write_sequence(|encrypted| {
                        scheme.write(encrypted.next());
                        encrypted.next().write_bytes(&octets);
                    });
                });
                bag.next().write_set_of(|set| attributes(set, label, key_id));
            });
        });
    });
    Ok(construct_der(|writer| write_data(writer, &bags)))
}

// RFC 7292 §4.2
fn attributes(set: &mut DERWriterSet<'_>, label: &str, key_id: &[u8]) {
    set.next().write_sequence(|attribute| {
        attribute.next().write_oid(&ObjectIdentifier::from_slice(oid::FRIENDLY_NAME));
        attribute.next().write_set_of(|values| values.next().write_bmp_string(label));
    });
    set.next().write_sequence(|attribute| {
        attribute.next().write_oid(&ObjectIdentifier::from_slice(oid::LOCAL_KEY_ID));
        attribute.next().write_set_of(|values| values.next().write_bytes(key_id));
    });
}
