//! A line of text for people: a structure's name, a service, a line of a postal address.
//!
//! Invariants: NFC, 1 to 500 characters, blanks single and inside only, no control character and no invisible
//! direction mark (it could make a name read as another).
//! Failure: [`TextError`] says why and repeats nothing. `Debug` prints nothing: a practice is often called after
//! its doctor.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::{UnicodeNormalization, is_nfc};

/// Longest text, in characters.
pub const MAX_TEXT: usize = 500;

/// One line of text, never empty.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Text(String);

/// Why a text cannot be shown as a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing but blanks.
    #[error("the text is empty")]
    Empty,
    /// More than [`MAX_TEXT`] characters.
    #[error("the text is longer than {MAX_TEXT} characters")]
    TooLong,
    /// A control character or an invisible direction mark.
    #[error("the text has a character that nobody can see")]
    Invisible,
}

impl Text {
    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, or `None` when there are only blanks.
    ///
    /// # Errors
    /// Any [`TextError`] but [`TextError::Empty`].
    pub fn optional(text: &str) -> Result<Option<Self>, TextError> {
        match text.parse() {
            Ok(text) => Ok(Some(text)),
            Err(TextError::Empty) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// What already passed the gate; `None` for the empty string, which stands for no text in a table.
    pub(crate) fn kept(text: &str) -> Option<Self> {
        (!text.is_empty()).then(|| Self(text.to_owned()))
    }
}

/// Controls and marks that change how the text around them reads.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
}

impl FromStr for Text {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        // Four octets a character at most: what is longer is not even looked at.
        if text.len() > MAX_TEXT * 4 {
            return Err(TextError::TooLong);
        }
        if text.chars().any(|c| is_invisible(c) && !c.is_whitespace()) {
            return Err(TextError::Invisible);
        }
        let mut line = String::with_capacity(text.len());
        for word in text.split_whitespace() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(word);
        }
        if !is_nfc(&line) {
            line = line.nfc().collect();
        }
        if line.is_empty() {
            return Err(TextError::Empty);
        }
        if line.chars().count() > MAX_TEXT {
            return Err(TextError::TooLong);
        }
        Ok(Self(line))
    }
}

impl TryFrom<String> for Text {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        text.parse()
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_without_tricks() {
        let text: Text = " CABINET \t DU\nDR  E\u{301}TOILE ".parse().unwrap();
        assert_eq!(text.as_str(), "CABINET DU DR ÉTOILE");
        assert_eq!(format!("{text:?}"), "Text(…)");
        for (bad, reason) in [
            ("  ", TextError::Empty),
            ("a\u{0}b", TextError::Invisible),
            ("a\u{202e}b", TextError::Invisible),
            ("a".repeat(501).as_str(), TextError::TooLong),
            ("a".repeat(9000).as_str(), TextError::TooLong),
        ] {
            assert_eq!(bad.parse::<Text>(), Err(reason));
        }
        assert_eq!(Text::optional(" "), Ok(None));
        assert!("é".repeat(500).parse::<Text>().is_ok());
    }
}
