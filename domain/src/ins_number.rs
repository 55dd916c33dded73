//! The 15 characters of an INS: shape and key.
//!
//! Invariants: [`InsNumber`] is well formed *and* its key is right; [`UncheckedInsNumber`] is well formed and its
//! key is wrong. They are two types without conversion between them, so that a wrong key cannot be taken for a
//! right one and no two of them are equal; the second leaves this crate only by way of a test-mode reading.
//! Failure: [`InsError`] says why and holds no character of the number. `Debug` prints nothing of it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::gate::{opaque_debug, text_value};

/// Characters of an INS: a body of 13 and a key of 2.
// MSS #31
pub const INS_LENGTH: usize = 15;

/// Characters of the body.
pub const BODY_LENGTH: usize = 13;

/// An INS number (*matricule INS*), shape and key checked, without the OID that says who gave it:
/// sex, year (2), month (2), place of birth (5), rank (3), key (2).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct InsNumber(String);

/// A well-formed number whose key is wrong, as many official samples are. Never equal to an [`InsNumber`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct UncheckedInsNumber(String);

opaque_debug!(InsNumber, UncheckedInsNumber);

/// Why a text, with its OID and under a mode, is not an INS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InsError {
    /// Not [`INS_LENGTH`] characters ([`BODY_LENGTH`] where a body is asked for).
    #[error("the number has {found} characters")]
    Length {
        /// How many were found.
        found: usize,
    },
    /// Something else than a digit (or than A, B in the Corsican départements).
    #[error("character {position} of the number is not one that may stand there")]
    Character {
        /// Place of the character, counted from 1.
        position: usize,
    },
    /// The first digit is neither 1 nor 2.
    #[error("the first digit of the number is neither 1 nor 2")]
    SexDigit,
    /// The month is neither 01 to 12 nor 20 to 99.
    #[error("the month in the number is neither 01 to 12 nor 20 to 99")]
    Month,
    /// The key is wrong.
    #[error("the key of the number is wrong: {expected:02} is right")]
    Key {
        /// The right key, 1 to 97.
        expected: u8,
    },
    /// The key is right where a number with a wrong one was stored.
    #[error("the key of the number is right, so it is no unchecked number")]
    KeyIsRight,
    /// The OID is none of an INS.
    #[error("the OID is none of an INS")]
    UnknownOid,
    /// A number with a wrong key was read under an OID of real people.
    #[error("only test and demonstration numbers may have a wrong key")]
    NotATestOid,
    /// A test or demonstration number reached an operator that serves real people.
    #[error("a test number is refused in production")]
    TestNumberInProduction,
}

/// The key of a body of 13 characters, 1 to 97: 97 less the remainder of the body by 97, where the Corsican
/// départements `2A` and `2B` count as 19 and 18.
///
/// # Errors
/// The body is not well formed.
// MSS #31
pub fn key_of(body: &str) -> Result<u8, InsError> {
    let length = body.chars().count();
    if length != BODY_LENGTH {
        return Err(InsError::Length { found: length });
    }
    check_body(body)?;
    let digits = match body.get(5..7) {
        Some("2A") => body.replacen("2A", "19", 1),
        Some("2B") => body.replacen("2B", "18", 1),
        _ => body.to_owned(),
    };
    let remainder = digits.bytes().fold(0_u8, |sum, digit| {
        // Below 97 × 10 + 9, back below 97: fits once widened.
        let next = (u16::from(sum) * 10 + u16::from(digit - b'0')) % 97;
        u8::try_from(next).unwrap_or_default()
    });
    Ok(97 - remainder)
}

/// Sex, characters and month of a body.
fn check_body(body: &str) -> Result<(), InsError> {
    for (place, character) in body.chars().enumerate() {
        let corsican = place == 6 && matches!(character, 'A' | 'B') && body.get(5..6) == Some("2");
        if !character.is_ascii_digit() && !corsican {
            return Err(InsError::Character { position: place + 1 });
        }
    }
    if !body.starts_with(['1', '2']) {
        return Err(InsError::SexDigit);
    }
    match body.get(3..5).and_then(|month| month.parse::<u8>().ok()) {
        Some(1..=12 | 20..=99) => Ok(()),
        _ => Err(InsError::Month),
    }
}

/// A well-formed number, sorted by its key.
pub(crate) enum Keyed {
    Right(InsNumber),
    Wrong(UncheckedInsNumber, InsError),
}

/// Reads 15 characters; small `a` and `b` become capitals.
pub(crate) fn read(text: &str) -> Result<Keyed, InsError> {
    let length = text.chars().count();
    if length != INS_LENGTH {
        return Err(InsError::Length { found: length });
    }
    if let Some(place) = text.chars().position(|c| !c.is_ascii()) {
        return Err(InsError::Character { position: place + 1 });
    }
    let number = text.to_ascii_uppercase();
    let (body, key) =
        number.split_at_checked(BODY_LENGTH).ok_or(InsError::Length { found: length })?;
    let expected = key_of(body)?;
    if let Some(place) = key.chars().position(|c| !c.is_ascii_digit()) {
        return Err(InsError::Character { position: BODY_LENGTH + place + 1 });
    }
    if key.parse() == Ok(expected) {
        Ok(Keyed::Right(InsNumber(number)))
    } else {
        Ok(Keyed::Wrong(UncheckedInsNumber(number), InsError::Key { expected }))
    }
}

impl InsNumber {
    /// The 15 characters.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl UncheckedInsNumber {
    /// The 15 characters, the last two of which are not the key of the others.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for InsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for UncheckedInsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for InsNumber {
    type Err = InsError;

    // MSS #30
    // MSS #31
    fn from_str(text: &str) -> Result<Self, InsError> {
        match read(text)? {
            Keyed::Right(number) => Ok(number),
            Keyed::Wrong(_, reason) => Err(reason),
        }
    }
}

impl FromStr for UncheckedInsNumber {
    type Err = InsError;

    fn from_str(text: &str) -> Result<Self, InsError> {
        match read(text)? {
            Keyed::Right(_) => Err(InsError::KeyIsRight),
            Keyed::Wrong(number, _) => Ok(number),
        }
    }
}

text_value!(InsNumber);
text_value!(UncheckedInsNumber);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn check_values_of_the_specification() {
        for right in ["279035121518989", "146026322000196", "185057512345673", "255081416802538"] {
            assert_eq!(right.parse::<InsNumber>().unwrap().as_str(), right);
            assert_eq!(right.parse::<UncheckedInsNumber>(), Err(InsError::KeyIsRight));
        }
        for (wrong, expected) in
            [("246037433000291", 53), ("288091234567823", 94), ("276037510669380", 26)]
        {
            assert_eq!(wrong.parse::<InsNumber>(), Err(InsError::Key { expected }));
            assert_eq!(wrong.parse::<UncheckedInsNumber>().unwrap().as_str(), wrong);
        }
    }

    #[test]
    fn corsica() {
        assert_eq!(key_of("260052A004012"), Ok(81));
        assert_eq!(key_of("260052B004012"), Ok(11));
        assert_eq!("260052a00401281".parse(), "260052A00401281".parse::<InsNumber>());
        // The letters stand for digits in the key only: the number written with them is another one.
        assert_ne!("260051900401281".parse::<InsNumber>(), "260052A00401281".parse());
    }

    #[test]
    fn what_is_no_number() {
        use InsError::*;
        let table = [
            ("", Length { found: 0 }),
            ("27903512151898", Length { found: 14 }),
            ("2790351215189890", Length { found: 16 }),
            ("27903512151é989", Character { position: 12 }),
            ("279035121518é89", Character { position: 13 }),
            ("2790351215189é9", Character { position: 14 }),
            ("27903512151898X", Character { position: 15 }),
            ("2790A5121518989", Character { position: 5 }),
            ("279031A21518989", Character { position: 7 }),
            ("279032C21518989", Character { position: 7 }),
            ("27903 121518989", Character { position: 6 }),
            ("379035121518989", SexDigit),
            ("079035121518989", SexDigit),
            ("279005121518989", Month),
            ("279135121518989", Month),
            ("279195121518989", Month),
            ("279035121518900", Key { expected: 89 }),
        ];
        for (text, reason) in table {
            assert_eq!(text.parse::<InsNumber>(), Err(reason), "{text}");
        }
        assert_eq!(key_of("27903512151898"), Err(Length { found: 14 }));
    }

    #[test]
    fn debug_and_errors_print_nothing_of_it() {
        assert_eq!(
            format!("{:?}", "279035121518989".parse::<InsNumber>().unwrap()),
            "InsNumber(…)"
        );
        assert_eq!(
            format!("{:?}", "246037433000291".parse::<UncheckedInsNumber>().unwrap()),
            "UncheckedInsNumber(…)"
        );
        let error = "246037433000291".parse::<InsNumber>().unwrap_err().to_string();
        assert_eq!(error, "the key of the number is wrong: 53 is right");
    }

    /// Any well-formed body.
    fn bodies() -> impl Strategy<Value = String> {
        let month = prop_oneof![1_u8..=12, 20_u8..=99];
        let place = prop_oneof![
            (0_u32..100_000).prop_map(|place| format!("{place:05}")),
            ("[AB]", 0_u32..1000).prop_map(|(letter, place)| format!("2{letter}{place:03}")),
        ];
        (1_u8..=2, 0_u8..100, month, place, 0_u16..1000).prop_map(
            |(sex, year, month, place, rank)| format!("{sex}{year:02}{month:02}{place}{rank:03}"),
        )
    }

    proptest! {
        #[test]
        fn the_computed_key_is_right_and_no_other(body in bodies(), other in 0_u8..100) {
            let key = key_of(&body).unwrap();
            prop_assert!((1..=97).contains(&key));
            let right = format!("{body}{key:02}");
            prop_assert!(right.parse::<InsNumber>().is_ok());
            let number = format!("{body}{other:02}").parse::<InsNumber>();
            prop_assert_eq!(number.is_ok(), other == key);
        }

        #[test]
        fn one_changed_character_is_always_noticed(body in bodies(), place in 0_usize..13, put in "[0-9AB]") {
            let key = key_of(&body).unwrap();
            let mut changed = body.clone();
            changed.replace_range(place..=place, &put);
            prop_assume!(changed != body);
            let number = format!("{changed}{key:02}");
            prop_assert!(number.parse::<InsNumber>().is_err());
        }

        #[test]
        fn two_neighbouring_digits_in_the_wrong_order_are_noticed(body in bodies(), place in 0_usize..12) {
            let key = key_of(&body).unwrap();
            let mut swapped: Vec<char> = body.chars().collect();
            swapped.swap(place, place + 1);
            let swapped: String = swapped.into_iter().collect();
            prop_assume!(swapped != body && !body.contains(['A', 'B']));
            let number = format!("{swapped}{key:02}");
            prop_assert!(number.parse::<InsNumber>().is_err());
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,20}") {
            let _ = text.parse::<InsNumber>();
            let _ = key_of(&text);
        }
    }
}
