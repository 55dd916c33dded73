//! What identifies a certificate, and whom it is bound to.
//!
//! Invariants: the fingerprint is SHA-256 of the DER form; a serial number has no leading zero octets, so that two
//! spellings are one value. A renewed certificate has another fingerprint and serial number, and the same issuer
//! and subject: look-ups by these two find the binding of the old one.
//! Failure: [`CertificateError`].

use std::fmt;
use std::str::FromStr;

use domain::{DistinguishedName, MailAddress, StructureId};
use serde::{Deserialize, Serialize};

/// Longest serial number, in octets (RFC 5280, 4.1.2.2).
pub const MAX_SERIAL: usize = 20;

/// SHA-256 of a certificate's DER form.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Fingerprint([u8; 32]);

/// A certificate's serial number, most significant octet first.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SerialNumber(Vec<u8>);

/// Why a text or octets are neither a fingerprint nor a serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// Not hexadecimal.
    #[error("not hexadecimal digits, two for each octet")]
    Hex,
    /// Not as long as it must be.
    #[error("a fingerprint has 32 octets, a serial number 1 to {MAX_SERIAL}")]
    Length,
}

impl Fingerprint {
    /// The fingerprint of a certificate in DER.
    pub fn of_der(der: &[u8]) -> Self {
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der);
        let mut octets = [0; 32];
        for (to, from) in octets.iter_mut().zip(digest.as_ref()) {
            *to = *from;
        }
        Self(octets)
    }

    /// The octets.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl From<[u8; 32]> for Fingerprint {
    fn from(octets: [u8; 32]) -> Self {
        Self(octets)
    }
}

impl SerialNumber {
    /// A serial number of its octets, with or without leading zeros.
    ///
    /// # Errors
    /// [`CertificateError::Length`].
    pub fn new(octets: &[u8]) -> Result<Self, CertificateError> {
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        let octets = octets.get(zeros..).unwrap_or_default();
        match octets.len() {
            1..=MAX_SERIAL => Ok(Self(octets.to_vec())),
            _ => Err(CertificateError::Length),
        }
    }

    /// The octets, without leading zeros.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl FromStr for Fingerprint {
    type Err = CertificateError;

    /// Reads hexadecimal digits, with or without colons.
    fn from_str(text: &str) -> Result<Self, CertificateError> {
        read_hex(text)?.try_into().map(Self).map_err(|_| CertificateError::Length)
    }
}

impl FromStr for SerialNumber {
    type Err = CertificateError;

    /// Reads hexadecimal digits, with or without colons.
    fn from_str(text: &str) -> Result<Self, CertificateError> {
        Self::new(&read_hex(text)?)
    }
}

fn read_hex(text: &str) -> Result<Vec<u8>, CertificateError> {
    if text.len() > 3 * 32 {
        return Err(CertificateError::Length);
    }
    hex::decode(text.replace(':', "")).map_err(|_| CertificateError::Hex)
}

macro_rules! hex_value {
    ($($name:ident),+) => {
        $(
            impl fmt::Display for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    f.write_str(&hex::encode(&self.0))
                }
            }

            impl fmt::Debug for $name {
                fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                    write!(f, concat!(stringify!($name), "({})"), self)
                }
            }

            impl TryFrom<String> for $name {
                type Error = CertificateError;

                fn try_from(text: String) -> Result<Self, CertificateError> {
                    text.parse()
                }
            }

            impl From<$name> for String {
                fn from(value: $name) -> String {
                    value.to_string()
                }
            }
        )+
    };
}

hex_value!(Fingerprint, SerialNumber);

/// Whose a certificate is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BoundTo {
    /// A mailbox's.
    Mailbox(MailAddress),
    /// An organisation's.
    Organisation(StructureId),
}

/// A certificate and its holder.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CertificateBinding {
    /// SHA-256 of the DER form.
    pub fingerprint: Fingerprint,
    /// Issuer.
    pub issuer: DistinguishedName,
    /// Serial number.
    pub serial: SerialNumber,
    /// Subject.
    pub subject: DistinguishedName,
    /// Holder.
    pub bound_to: BoundTo,
}

impl fmt::Debug for CertificateBinding {
    /// The subject may name a person, the structure a liberal practice.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bound_to = match &self.bound_to {
            BoundTo::Mailbox(_) => "mailbox",
            BoundTo::Organisation(_) => "organisation",
        };
        write!(f, "CertificateBinding({}, of: {bound_to})", self.fingerprint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_forms() {
        let serial: SerialNumber = "00:0A:ff".parse().unwrap();
        assert_eq!(serial, SerialNumber::new(&[0, 0x0a, 0xff]).unwrap());
        assert_eq!(serial.to_string(), "0aff");
        assert_eq!("0".parse::<SerialNumber>(), Err(CertificateError::Hex));
        assert_eq!("00".parse::<SerialNumber>(), Err(CertificateError::Length));
        assert_eq!("01".repeat(21).parse::<SerialNumber>(), Err(CertificateError::Length));
        assert_eq!("01".parse::<Fingerprint>(), Err(CertificateError::Length));
        // SHA-256 of nothing, from the standard's own examples.
        let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        assert_eq!(Fingerprint::of_der(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Fingerprint::of_der(b"")));
    }
}
