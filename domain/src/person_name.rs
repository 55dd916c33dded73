//! A person's name or given names, and when two spellings are the same name.
//!
//! Invariants: NFC, 1 to 100 characters, no control character, blanks single and inside only, at least one
//! letter; otherwise as written.
//! Failure: [`NameError`] says why and repeats nothing. `Debug` prints nothing.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::gate::{opaque_debug, text_value};

/// Longest name, in characters.
pub const MAX_NAME: usize = 100;

/// A name or a list of given names, as written.
///
/// `==` compares the spelling; [`PersonName::is_same_name`] compares the name.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct PersonName(String);

opaque_debug!(PersonName);

/// Why a text is not a person's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// No letter in it.
    #[error("the name has no letter")]
    Empty,
    /// More than [`MAX_NAME`] characters.
    #[error("the name is longer than {MAX_NAME} characters")]
    TooLong,
    /// A control character.
    #[error("the name has a control character")]
    Control,
}

impl PersonName {
    /// The name as written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether two spellings are the same name: accents, case, hyphens, apostrophes and
    /// blanks do not count.
    pub fn is_same_name(&self, other: &Self) -> bool {
        self.folded() == other.folded()
    }

    /// The name in the spelling by which names are compared: capitals without accents, `Œ` as `OE`, and hyphens,
    /// apostrophes and blanks as one blank.
    ///
    /// Registers write the same person `d'Artagnan`, `D ARTAGNAN` and `D’ARTAGNAN`, `Jean-Noël` and `JEAN NOEL`:
    /// civil status keeps signs that the national register drops. A sign still parts two words (`DARTAGNAN` is
    /// another name), since joining words would make different names equal.
    pub(crate) fn folded(&self) -> String {
        let mut folded = String::with_capacity(self.0.len());
        for c in self.0.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_uppercase) {
            match c {
                _ if is_separator(c) => {
                    if !folded.is_empty() && !folded.ends_with(' ') {
                        folded.push(' ');
                    }
                }
                'Œ' => folded.push_str("OE"),
                'Æ' => folded.push_str("AE"),
                'Ø' => folded.push('O'),
                'Ł' => folded.push('L'),
                'Đ' | 'Ð' => folded.push('D'),
                _ => folded.push(c),
            }
        }
        folded.truncate(folded.trim_end().len());
        folded
    }
}

fn is_separator(c: char) -> bool {
    c.is_whitespace()
        || matches!(
            c,
            '-' | '\u{2010}'..='\u{2015}' | '\'' | '\u{2018}' | '\u{2019}' | '\u{02BC}' | '`'
        )
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for PersonName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        if text.chars().count() > MAX_NAME {
            return Err(NameError::TooLong);
        }
        if text.chars().any(|c| c.is_control() && !c.is_whitespace()) {
            return Err(NameError::Control);
        }
        let composed: String = text.nfc().collect();
        let name = composed.split_whitespace().collect::<Vec<_>>().join(" ");
        if !name.chars().any(char::is_alphabetic) {
            return Err(NameError::Empty);
        }
        Ok(Self(name))
    }
}

text_value!(PersonName);

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> PersonName {
        text.parse().unwrap()
    }

    #[test]
    fn spellings_of_the_same_name() {
        for (one, other) in [
            ("d'Artagnan", "D ARTAGNAN"),
            ("d’Artagnan", "D'ARTAGNAN"),
            ("Jean-Noël", "JEAN NOEL"),
            ("NOE\u{308}L", "noël"),
            ("Lœtitia", "LOETITIA"),
            ("  Le   Goff ", "LE GOFF"),
            ("Strauß", "STRAUSS"),
            ("Le Goff--Martin", "LE GOFF MARTIN"),
        ] {
            assert!(name(one).is_same_name(&name(other)), "{one} {other}");
        }
        for (one, other) in
            [("DARTAGNAN", "D'ARTAGNAN"), ("MARTIN", "MARTINE"), ("LE GOFF", "GOFF LE")]
        {
            assert!(!name(one).is_same_name(&name(other)), "{one} {other}");
        }
    }

    #[test]
    fn what_is_no_name() {
        assert_eq!("".parse::<PersonName>(), Err(NameError::Empty));
        assert_eq!(" - ' ".parse::<PersonName>(), Err(NameError::Empty));
        assert_eq!("a\0".parse::<PersonName>(), Err(NameError::Control));
        assert_eq!("a".repeat(101).parse::<PersonName>(), Err(NameError::TooLong));
    }

    #[test]
    fn debug_prints_nothing_of_it() {
        assert_eq!(format!("{:?}", name("MARTIN")), "PersonName(…)");
    }
}
