//! Identifiers of structures: FINESS, SIRET, and the national identifier that prefixes either.
//!
//! Invariants: the shape is right; the key is asked apart (`has_valid_key`), for the same reason as for persons.
//! FINESS numbers may have a letter in second place (Corsica, and new numbers such as `0B0078671`, found in the
//! national domain list as `10B0078671`). Forms that we do not take apart stay as [`StructureId::Other`].
//! Failure: [`IdError`]. FINESS and SIRET are public and `Debug` prints them, other forms not.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::gate::text_value;
use crate::luhn;
use crate::other_id::{IdError, OtherId, read_digits, read_with_departement};

/// OID under which documents give a structure's national identifier.
pub const STRUCTURE_ID_OID: &str = "1.2.250.1.71.4.2.2";

/// La Poste's SIREN: its many offices have SIRET numbers with a key of their own.
const LA_POSTE: &str = "356000000";

/// An establishment of health or social care (*fichier national des établissements sanitaires et sociaux*):
/// 9 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Finess(String);

/// An establishment of any enterprise (*système d'identification du répertoire des établissements*): 14 digits.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Siret(String);

/// A structure's national identifier (*Struct_IdNat*): a digit that says the register, then the identifier in it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum StructureId {
    /// `1` and a FINESS.
    Finess(Finess),
    /// `3` and a SIRET.
    Siret(Siret),
    /// Any other form, as written (a practice's, a SIREN, old samples).
    Other(OtherId),
}

impl Finess {
    /// The 9 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the last digit is the key of the others (Luhn, `A` as 1, `B` as 2).
    pub fn has_valid_key(&self) -> bool {
        luhn::is_valid(&self.0)
    }
}

impl Siret {
    /// The 14 digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether the last digit is the key of the others (Luhn). For La Poste's offices the sum of the digits is a
    /// multiple of five instead; its head office follows Luhn.
    pub fn has_valid_key(&self) -> bool {
        let digit_sum: u32 = self.0.chars().filter_map(|c| c.to_digit(10)).sum();
        luhn::is_valid(&self.0) || (self.0.starts_with(LA_POSTE) && digit_sum.is_multiple_of(5))
    }
}

impl StructureId {
    /// Whether the key is right; `None` where the form has none that we know.
    pub fn has_valid_key(&self) -> Option<bool> {
        match self {
            Self::Finess(finess) => Some(finess.has_valid_key()),
            Self::Siret(siret) => Some(siret.has_valid_key()),
            Self::Other(_) => None,
        }
    }
}

impl From<Finess> for StructureId {
    fn from(finess: Finess) -> Self {
        Self::Finess(finess)
    }
}

impl From<Siret> for StructureId {
    fn from(siret: Siret) -> Self {
        Self::Siret(siret)
    }
}

impl fmt::Display for Finess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Siret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for StructureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Finess(finess) => write!(f, "1{finess}"),
            Self::Siret(siret) => write!(f, "3{siret}"),
            Self::Other(other) => other.fmt(f),
        }
    }
}

impl FromStr for Finess {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        read_with_departement(text).map(Self)
    }
}

impl FromStr for Siret {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        read_digits(text, 14).map(Self)
    }
}

impl FromStr for StructureId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if let Some(finess) = text.strip_prefix('1').and_then(|rest| rest.parse().ok()) {
            return Ok(Self::Finess(finess));
        }
        if let Some(siret) = text.strip_prefix('3').and_then(|rest| rest.parse().ok()) {
            return Ok(Self::Siret(siret));
        }
        text.parse().map(Self::Other)
    }
}

text_value!(Finess);
text_value!(Siret);
text_value!(StructureId);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn real_and_sample_identifiers() {
        let table = [
            ("1630013605", Some(true)),
            ("318310021300028", Some(true)),
            ("347976684200724", Some(true)),
            ("318003502400041", Some(true)),
            ("10B0078671", Some(true)),
            ("12A0000014", Some(true)),
            ("1750803447", Some(true)),
            ("1120459876", Some(false)),
            ("1750300551", Some(false)),
            ("318310021300029", Some(false)),
            ("335600000000048", Some(true)),
            ("335600000049837", Some(true)),
            ("335600000049838", Some(false)),
            ("2801234567", None),
            ("101235555", None),
            ("10004000922005", None),
            ("00B105729400", None),
        ];
        for (text, key) in table {
            let id: StructureId = text.parse().unwrap();
            assert_eq!(id.to_string(), text);
            assert_eq!(id.has_valid_key(), key, "{text}");
        }
    }

    #[test]
    fn shapes() {
        assert_eq!("2a0000014".parse::<Finess>().unwrap().as_str(), "2A0000014");
        assert_eq!("2C0000014".parse::<Finess>(), Err(IdError::Character));
        assert_eq!("1831002130002".parse::<Siret>(), Err(IdError::Length { found: 13 }));
        assert_eq!("1831002130002é".parse::<Siret>(), Err(IdError::Character));
        assert_eq!("".parse::<StructureId>(), Err(IdError::Length { found: 0 }));
    }
}
