//! The INSEE code of the place where a person was born.
//!
//! Invariant: five characters: a commune (`51215`, `2A004`, `97105`) or a country (`99109`); whether the code was
//! ever given is the business of value sets, not of the value.
//! Failure: [`BirthPlaceError`]. `Debug` prints nothing of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::gate::{opaque_debug, text_value};

/// Birth place (*code officiel géographique du lieu de naissance*).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct BirthPlace(String);

opaque_debug!(BirthPlace);

/// The text is not an INSEE place code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a birth place is five digits, or 2A or 2B and three digits")]
pub struct BirthPlaceError;

impl BirthPlace {
    /// The five characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BirthPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BirthPlace {
    type Err = BirthPlaceError;

    /// Reads the code; small `a` and `b` become capitals.
    fn from_str(text: &str) -> Result<Self, BirthPlaceError> {
        let code = text.to_ascii_uppercase();
        let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
        let right = match code.strip_prefix("2A").or_else(|| code.strip_prefix("2B")) {
            Some(commune) => commune.len() == 3 && digits(commune),
            None => code.len() == 5 && digits(&code),
        };
        if right { Ok(Self(code)) } else { Err(BirthPlaceError) }
    }
}

text_value!(BirthPlace);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes() {
        for good in ["51215", "2A004", "2B033", "97105", "99109"] {
            assert_eq!(good.parse::<BirthPlace>().unwrap().as_str(), good);
        }
        assert_eq!("2a004".parse::<BirthPlace>(), "2A004".parse());
        for bad in ["", "5121", "512155", "2C004", "A2004", "2A04", "5121é"] {
            assert_eq!(bad.parse::<BirthPlace>(), Err(BirthPlaceError), "{bad}");
        }
        assert_eq!(format!("{:?}", "51215".parse::<BirthPlace>().unwrap()), "BirthPlace(…)");
    }
}
