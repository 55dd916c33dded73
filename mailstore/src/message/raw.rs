//! A value as it stands in a message: bytes, for they need not be text.
//!
//! Invariant: no NUL, CR or LF, so that it can always be sent as an IMAP string. Everything
//! else stays: encoded words (RFC 2047) undecoded, 8-bit bytes as they came, which makes a
//! value lossless whether it is UTF-8 (RFC 6532) or the Latin-1 of an old program. Nothing
//! fails: what may not stay is left out.

use super::text;
use serde::de::{Error, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;

/// Bytes of a header value, unfolded. `Debug` shows their number only: they are health data.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Raw(Box<[u8]>);

impl Raw {
    /// These bytes without NUL, CR and LF.
    #[must_use]
    pub fn new(bytes: &[u8]) -> Self {
        if memchr::memchr3(0, b'\r', b'\n', bytes).is_none() {
            return Self(bytes.into());
        }
        let may_stay = |byte: &u8| !matches!(byte, 0 | b'\r' | b'\n');
        Self(bytes.iter().copied().filter(may_stay).collect())
    }

    /// A header value unfolded, without white space around it, and cut after `limit` bytes.
    // RFC 5322 §2.2.3
    #[must_use]
    pub fn unfold(value: &[u8], limit: usize) -> Self {
        let mut raw = Self::new(value.trim_ascii());
        if let Some((kept, _)) = raw.0.split_at_checked(limit) {
            raw = Self(kept.into());
        }
        raw
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// How many bytes.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// For people: encoded words decoded, as [`text::decode`] does.
    #[must_use]
    pub fn decode(&self) -> String {
        text::decode(&self.0)
    }
}

impl fmt::Debug for Raw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}

impl From<&[u8]> for Raw {
    fn from(bytes: &[u8]) -> Self {
        Self::new(bytes)
    }
}

impl From<&str> for Raw {
    fn from(text: &str) -> Self {
        Self::new(text.as_bytes())
    }
}

impl Serialize for Raw {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Bytes;
        impl<'de> Visitor<'de> for Bytes {
            type Value = Raw;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Raw, E> {
                Ok(Raw::new(bytes))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
                let mut bytes = Vec::new();
                while let Some(byte) = seq.next_element()? {
                    bytes.push(byte);
                }
                Ok(Raw::new(&bytes))
            }
        }
        deserializer.deserialize_bytes(Bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unfolding_keeps_the_white_space_of_the_fold_and_every_8_bit_byte() {
        let raw = Raw::unfold(b" a\r\n b\n\tc\0 \xe9\xff \r\n", 100);
        assert_eq!(raw.as_bytes(), b"a b\tc \xe9\xff");
        assert_eq!(Raw::unfold(b"abc", 2).as_bytes(), b"ab");
        assert_eq!(Raw::unfold(b"abc", 3).as_bytes(), b"abc");
    }

    #[test]
    fn a_value_is_stored_in_its_length_and_one_byte() {
        let raw = Raw::from("\u{e9}t\u{e9}");
        let stored = postcard::to_stdvec(&raw).unwrap();
        assert_eq!(stored.len(), 6);
        assert_eq!(postcard::from_bytes::<Raw>(&stored).unwrap(), raw);
    }

    #[test]
    fn debug_shows_a_number_only() {
        assert_eq!(format!("{:?}", Raw::from("secret")), "6 bytes");
    }
}
