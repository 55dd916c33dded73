//! Reading a file: first the MAC, then what it covers.
//!
//! Invariant: nothing behind the MAC is parsed before the MAC is right. Failure: [`Pkcs12Error`].

use aws_lc_rs::constant_time;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use yasna::{ASN1Result, BERReader, BERReaderSeq, Tag, parse_ber};
use zeroize::Zeroizing;

use super::scheme::{self, Pbes2, expect, invalid};
use super::{MAX_PKCS12, Opened, Pkcs12Error, oid};

/// Most parts, and most bags of a part.
const MAX_BAGS: usize = 64;

/// Opens a file.
///
/// # Errors
/// [`Pkcs12Error`].
// RFC 7292 §5.2
pub fn read(octets: &[u8], password: &str) -> Result<Opened, Pkcs12Error> {
    if octets.len() > MAX_PKCS12 {
        return Err(Pkcs12Error::TooLarge);
    }
    let opening = |_| Pkcs12Error::Opening;
    let file = parse_ber(octets, read_pfx).map_err(opening)?;
    let mac = scheme::mac(password, &file.salt, file.iterations, &file.safe);
    let mac = mac.ok_or(Pkcs12Error::Opening)?;
    constant_time::verify_slices_are_equal(mac.as_ref(), &file.mac)
        .map_err(|_| Pkcs12Error::Opening)?;
    let parts = parse_ber(&file.safe, |reader| some(reader, read_part)).map_err(opening)?;
    let mut bags = Vec::new();
    for part in parts {
        let part = match part {
            Part::Plain(octets) => Zeroizing::new(octets),
            Part::Encrypted(scheme, octets) => scheme.decrypt(password, octets)?,
        };
        bags.extend(parse_ber(&part, |reader| some(reader, read_bag)).map_err(opening)?);
    }
    open(bags, password)
}

fn open(bags: Vec<Bag>, password: &str) -> Result<Opened, Pkcs12Error> {
    let (mut key, mut certificates) = (None, Vec::new());
    for Bag { contents, key_id } in bags {
        match contents {
            Contents::Key(scheme, octets) if key.is_none() => {
                key = Some((scheme.decrypt(password, octets)?, key_id));
            }
            Contents::Certificate(der) => certificates.push((CertificateDer::from(der), key_id)),
            Contents::Key(..) | Contents::Other => {}
        }
    }
    let (key, key_id) = key.ok_or(Pkcs12Error::Nothing)?;
    let own = certificates.iter().position(|(_, id)| id.is_some() && *id == key_id).unwrap_or(0);
    if certificates.is_empty() {
        return Err(Pkcs12Error::Nothing);
    }
    let mut chain: Vec<_> = certificates.into_iter().map(|(der, _)| der).collect();
    let first = chain.remove(own);
    chain.insert(0, first);
    Ok(Opened { key: PrivateKeyDer::Pkcs8(key.to_vec().into()), chain })
}

struct Pfx {
    safe: Vec<u8>,
    mac: Vec<u8>,
    salt: Vec<u8>,
    iterations: u32,
}

// RFC 7292 §4
fn read_pfx(reader: BERReader<'_, '_>) -> ASN1Result<Pfx> {
    reader.read_sequence(|pfx| {
        if pfx.next().read_u8()? != 3 {
            return Err(invalid());
        }
        let safe = pfx.next().read_sequence(|content| {
            expect(content.next(), oid::DATA)?;
            content.next().read_tagged(Tag::context(0), |data| data.read_bytes())
        })?;
        pfx.next().read_sequence(|mac_data| {
            let mac = mac_data.next().read_sequence(|info| {
                info.next().read_sequence(|algorithm| {
                    expect(algorithm.next(), oid::SHA256)?;
                    algorithm.read_optional(|null| null.read_null()).map(|_| ())
                })?;
                info.next().read_bytes()
            })?;
            let salt = mac_data.next().read_bytes()?;
            let iterations = mac_data.read_default(1, |rounds| rounds.read_u32())?;
            Ok(Pfx { safe, mac, salt, iterations })
        })
    })
}

enum Part {
    Plain(Vec<u8>),
    Encrypted(Pbes2, Vec<u8>),
}

// RFC 7292 §4.1
fn read_part(reader: BERReader<'_, '_>) -> ASN1Result<Part> {
    reader.read_sequence(|content| {
        let kind = content.next().read_oid()?;
        content.next().read_tagged(Tag::context(0), |value| match kind.components().as_slice() {
            oid::DATA => value.read_bytes().map(Part::Plain),
            oid::ENCRYPTED_DATA => value.read_sequence(|data| {
                data.next().read_u8()?;
                data.next().read_sequence(|info| {
                    expect(info.next(), oid::DATA)?;
                    let scheme = Pbes2::read(info.next())?;
                    let octets = info
                        .next()
                        .read_tagged_implicit(Tag::context(0), |octets| octets.read_bytes())?;
                    Ok(Part::Encrypted(scheme, octets))
                })
            }),
            _ => Err(invalid()),
        })
    })
}

struct Bag {
    contents: Contents,
    key_id: Option<Vec<u8>>,
}

enum Contents {
    Key(Pbes2, Vec<u8>),
    Certificate(Vec<u8>),
    Other,
}

// RFC 7292 §4.2
fn read_bag(reader: BERReader<'_, '_>) -> ASN1Result<Bag> {
    reader.read_sequence(|bag| {
        let kind = bag.next().read_oid()?;
        let contents = bag.next().read_tagged(Tag::context(0), |value| {
            match kind.components().as_slice() {
                oid::SHROUDED_KEY_BAG => value.read_sequence(|encrypted| {
                    let scheme = Pbes2::read(encrypted.next())?;
                    Ok(Contents::Key(scheme, encrypted.next().read_bytes()?))
                }),
                oid::CERT_BAG => value.read_sequence(|certificate| {
                    expect(certificate.next(), oid::X509_CERTIFICATE)?;
                    let der = certificate.next();
                    let der = der.read_tagged(Tag::context(0), |der| der.read_bytes())?;
                    Ok(Contents::Certificate(der))
                }),
                _ => value.read_der().map(|_| Contents::Other),
            }
        })?;
        Ok(Bag { contents, key_id: read_key_id(bag)? })
    })
}

/// The `localKeyID` among a bag's attributes.
fn read_key_id(bag: &mut BERReaderSeq<'_, '_>) -> ASN1Result<Option<Vec<u8>>> {
    let mut key_id = None;
    bag.read_optional(|attributes| {
        attributes.read_set_of(|attribute| {
            attribute.read_sequence(|attribute| {
                let kind = attribute.next().read_oid()?;
                attribute.next().read_set_of(|value| {
                    match kind.components().as_slice() {
                        oid::LOCAL_KEY_ID => key_id = Some(value.read_bytes()?),
                        _ => drop(value.read_der()?),
                    }
                    Ok(())
                })
            })
        })
    })?;
    Ok(key_id)
}

/// The members of a sequence, at most [`MAX_BAGS`].
fn some<T>(
    reader: BERReader<'_, '_>,
    mut member: impl FnMut(BERReader<'_, '_>) -> ASN1Result<T>,
) -> ASN1Result<Vec<T>> {
    let mut members = Vec::new();
    reader.read_sequence_of(|reader| {
        if members.len() == MAX_BAGS {
            return Err(invalid());
        }
        members.push(member(reader)?);
        Ok(())
    })?;
    Ok(members)
}
