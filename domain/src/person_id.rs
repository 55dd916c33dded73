//! Identifiers of professionals: RPPS, ADELI, and the national identifier that prefixes either.
//!
//! Invariants: the shape is right. The key is *not* part of the gate: official samples carry identifiers with
//! wrong ones (801234567893, 807505123456), and a document must not be refused for its author's sample number;
//! who needs the key asks `has_valid_key`. Forms that we do not take apart stay as [`PersonId::Other`], so that
//! every identifier of a real document can be stored, compared and written back.
//! Failure: [`IdError`]. `Debug` prints no number.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::gate::{opaque_debug, text_value};
use crate::luhn;
use crate::other_id::{IdError, OtherId, read_digits, read_with_departement};

/// OID under which documents give a professional's national identifier.
pub const PERSON_ID_OID: &str = "1.2.250.1.71.4.2.1";

/// A professional in the national register (*répertoire partagé des professionnels de santé*): 11 digits.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Rpps(String);

/// A professional in a département's register (*automatisation des listes*): 9 characters.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Adeli(String);

/// A professional's national identifier (*PS_IdNat*): a digit that says the register, then the identifier in it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum PersonId {
    /// `8` and an RPPS.
    Rpps(Rpps),
    /// `0` and an ADELI.
    Adeli(Adeli),
    /// Any other form, as written (employees of a structure, old samples without the first digit).
    Other(OtherId),
}

opaque_debug!(Rpps, Adeli, PersonId);

impl Rpps {
    /// The 11 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the last digit is the key of the others (Luhn).
    pub fn has_valid_key(&self) -> bool {
        luhn::is_valid(&self.0)
    }
}

impl Adeli {
    /// The 9 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the last digit is the key of the others (Luhn, letters as in FINESS).
    pub fn has_valid_key(&self) -> bool {
        luhn::is_valid(&self.0)
    }
}

impl PersonId {
    /// The RPPS, if it is one.
    pub fn rpps(&self) -> Option<&Rpps> {
        match self {
            Self::Rpps(rpps) => Some(rpps),
            _ => None,
        }
    }

    /// Whether the key is right; `None` where the form has none that we know.
    pub fn has_valid_key(&self) -> Option<bool> {
        match self {
            Self::Rpps(rpps) => Some(rpps.has_valid_key()),
            Self::Adeli(adeli) => Some(adeli.has_valid_key()),
            Self::Other(_) => None,
        }
    }
}

impl From<Rpps> for PersonId {
    fn from(rpps: Rpps) -> Self {
        Self::Rpps(rpps)
    }
}

impl From<Adeli> for PersonId {
    fn from(adeli: Adeli) -> Self {
        Self::Adeli(adeli)
    }
}

impl fmt::Display for Rpps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Adeli {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for PersonId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rpps(rpps) => write!(f, "8{rpps}"),
            Self::Adeli(adeli) => write!(f, "0{adeli}"),
            Self::Other(other) => other.fmt(f),
        }
    }
}

impl FromStr for Rpps {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        read_digits(text, 11).map(Self)
    }
}

impl FromStr for Adeli {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        read_with_departement(text).map(Self)
    }
}

impl FromStr for PersonId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if let Some(rpps) = text.strip_prefix('8').and_then(|rest| rest.parse().ok()) {
            return Ok(Self::Rpps(rpps));
        }
        if let Some(adeli) = text.strip_prefix('0').and_then(|rest| rest.parse().ok()) {
            return Ok(Self::Adeli(adeli));
        }
        text.parse().map(Self::Other)
    }
}

text_value!(Rpps);
text_value!(Adeli);
text_value!(PersonId);

#[cfg(test)]
mod tests {
    use super::*;

    /// Every identifier that the official sample documents carry under [`PERSON_ID_OID`].
    const SAMPLES: [(&str, Option<bool>); 17] = [
        ("801234567897", Some(true)),
        ("801234560801", Some(true)),
        ("810002422979", Some(true)),
        ("801234534765", Some(false)),
        ("807505123456", Some(false)),
        ("801234567893", Some(false)),
        ("801234567896", Some(false)),
        ("801984758437", Some(false)),
        ("00B1057294", Some(true)),
        ("10100997245", None),
        ("10000441302", None),
        ("10101451689", None),
        ("10004000922", None),
        ("10000336601", None),
        ("697121458706", None),
        ("518003502400041/1.2.250.1.215.1.2", None),
        ("899700000000", Some(false)),
    ];

    #[test]
    fn sample_identifiers_are_read_and_written_as_they_are() {
        for (text, key) in SAMPLES {
            let id: PersonId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(id.has_valid_key(), key, "{text}");
        }
    }

    #[test]
    fn shapes() {
        assert_eq!("0123456789".parse::<Rpps>(), Err(IdError::Length { found: 10 }));
        assert_eq!("0123456789X".parse::<Rpps>(), Err(IdError::Character));
        assert_eq!("2a1234567".parse::<Adeli>().unwrap().as_str(), "2A1234567");
        assert_eq!("A21234567".parse::<Adeli>(), Err(IdError::Character));
        assert_eq!("".parse::<PersonId>(), Err(IdError::Length { found: 0 }));
        assert_eq!("8 01234567897".parse::<PersonId>(), Err(IdError::Character));
        let rpps: Rpps = "01234567897".parse().unwrap();
        assert_eq!("801234567897".parse::<PersonId>().unwrap().rpps(), Some(&rpps));
    }

    #[test]
    fn debug_prints_no_number() {
        assert_eq!(format!("{:?}", "801234567897".parse::<PersonId>().unwrap()), "PersonId(…)");
        assert_eq!(format!("{:?}", "01234567897".parse::<Rpps>().unwrap()), "Rpps(…)");
        assert_eq!(format!("{:?}", "2A1234567".parse::<Adeli>().unwrap()), "Adeli(…)");
    }
}
