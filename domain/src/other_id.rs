//! An identifier of a national register in a form that we do not take apart, and what all identifiers share.
//!
//! Invariant: 1 to 64 visible ASCII characters, compared as written.
//! Failure: [`IdError`] says why. `Debug` prints nothing: the identifier may be a person's.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::gate::{opaque_debug, text_value};

/// Longest identifier, in characters.
pub const MAX_ID: usize = 64;

/// An identifier of some other form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OtherId(String);

opaque_debug!(OtherId);

/// Why a text is not the identifier asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The length is wrong.
    #[error("the identifier has {found} characters")]
    Length {
        /// How many were found.
        found: usize,
    },
    /// A character that may not stand where it does.
    #[error("the identifier has a character that may not stand where it does")]
    Character,
}

impl OtherId {
    /// The identifier.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OtherId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for OtherId {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        if text.is_empty() || text.len() > MAX_ID {
            return Err(IdError::Length { found: text.chars().count() });
        }
        if !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(IdError::Character);
        }
        Ok(Self(text.to_owned()))
    }
}

text_value!(OtherId);

/// Exactly `length` digits.
pub(crate) fn read_digits(text: &str, length: usize) -> Result<String, IdError> {
    check_length(text, length)?;
    if text.bytes().all(|b| b.is_ascii_digit()) {
        Ok(text.to_owned())
    } else {
        Err(IdError::Character)
    }
}

/// Nine characters: a département of two (the second may be `A` or `B`) and seven digits; capitals come out.
pub(crate) fn read_with_departement(text: &str) -> Result<String, IdError> {
    check_length(text, 9)?;
    let number = text.to_ascii_uppercase();
    let allowed =
        |(place, c): (usize, char)| c.is_ascii_digit() || (place == 1 && matches!(c, 'A' | 'B'));
    if number.chars().enumerate().all(allowed) { Ok(number) } else { Err(IdError::Character) }
}

fn check_length(text: &str, length: usize) -> Result<(), IdError> {
    match text.chars().count() {
        found if found == length => Ok(()),
        found => Err(IdError::Length { found }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn visible_ascii_only() {
        let id = "518003502400041/1.2.250.1.215.1.2";
        assert_eq!(id.parse::<OtherId>().unwrap().as_str(), id);
        assert_eq!(format!("{:?}", id.parse::<OtherId>().unwrap()), "OtherId(…)");
        assert_eq!("".parse::<OtherId>(), Err(IdError::Length { found: 0 }));
        assert_eq!("1".repeat(65).parse::<OtherId>(), Err(IdError::Length { found: 65 }));
        for bad in ["a b", "é", "a\n"] {
            assert_eq!(bad.parse::<OtherId>(), Err(IdError::Character), "{bad:?}");
        }
    }
}
