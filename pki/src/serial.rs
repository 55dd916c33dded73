//! Serial numbers of certificates and numbers of revocation lists: unsigned integers of at most 20 octets.
//!
//! Invariant: no leading zero octets, so equal numbers are equal values and order is numeric.
//! Failure: [`SerialError`].

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Most octets of a number.
// RFC 5280 §4.1.2.2
pub const MAX_SERIAL: usize = 20;

/// An unsigned integer of at most [`MAX_SERIAL`] octets; its text is lower-case hexadecimal.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Serial(Vec<u8>);

/// The octets or the text are no serial number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a serial number has 1 to {MAX_SERIAL} octets, written in hexadecimal")]
pub struct SerialError;

impl Serial {
    /// From big-endian octets, with or without the zero octet that DER puts before a set top bit.
    ///
    /// # Errors
    /// [`SerialError`] when there are too many.
    // RFC 5280 §5.2.3
    pub fn from_be(octets: &[u8]) -> Result<Self, SerialError> {
        let first = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
        let octets = octets.get(first..).unwrap_or_default();
        if octets.len() > MAX_SERIAL { Err(SerialError) } else { Ok(Self(octets.to_vec())) }
    }

    /// Big-endian octets without leading zeros; none for zero.
    pub fn as_be(&self) -> &[u8] {
        &self.0
    }
}

impl From<u64> for Serial {
    fn from(number: u64) -> Self {
        let octets = number.to_be_bytes();
        let zeros = octets.iter().take_while(|octet| **octet == 0).count();
        Self(octets.into_iter().skip(zeros).collect())
    }
}

impl Ord for Serial {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.len().cmp(&other.0.len()).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for Serial {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("00");
        }
        self.0.iter().try_for_each(|octet| write!(f, "{octet:02x}"))
    }
}

impl fmt::Debug for Serial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Serial({self})")
    }
}

impl FromStr for Serial {
    type Err = SerialError;

    fn from_str(text: &str) -> Result<Self, SerialError> {
        if text.is_empty() || text.len() > 2 * (MAX_SERIAL + 1) || !text.len().is_multiple_of(2) {
            return Err(SerialError);
        }
        let (pairs, _) = text.as_bytes().as_chunks::<2>();
        let digit = |octet: u8| char::from(octet).to_digit(16).ok_or(SerialError);
        let octets: Result<Vec<u8>, SerialError> = pairs
            .iter()
            .map(|[high, low]| {
                u8::try_from(digit(*high)? * 16 + digit(*low)?).map_err(|_| SerialError)
            })
            .collect();
        Self::from_be(&octets?)
    }
}

impl TryFrom<String> for Serial {
    type Error = SerialError;

    fn try_from(text: String) -> Result<Self, SerialError> {
        text.parse()
    }
}

impl From<Serial> for String {
    fn from(serial: Serial) -> Self {
        serial.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_zeros_do_not_count_and_order_is_numeric() {
        let number = |octets: &[u8]| Serial::from_be(octets).unwrap();
        assert_eq!(number(&[0, 0x80, 1]), number(&[0x80, 1]));
        assert_eq!(number(&[0]), Serial::from(0));
        assert_eq!(number(&[1, 0]), Serial::from(256));
        assert!(Serial::from(255) < Serial::from(256));
        assert!(Serial::from(0) < Serial::from(1));
        assert_eq!(Serial::from_be(&[1; 21]), Err(SerialError));
        assert!(Serial::from_be(&[[0; 1].as_slice(), &[1; 20]].concat()).is_ok());
    }

    #[test]
    fn text_is_read_again() {
        for number in [0, 1, 255, 256, u64::MAX] {
            let serial = Serial::from(number);
            assert_eq!(serial.to_string().parse(), Ok(serial));
        }
        for bad in ["", "0", "0g", "é0", &"11".repeat(22)] {
            assert_eq!(bad.parse::<Serial>(), Err(SerialError), "{bad}");
        }
    }
}
