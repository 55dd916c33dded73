//! A code of a national nomenclature and its label, as professions and skills have them.
//!
//! Invariants: a code is 1 to 16 ASCII letters, digits and `_`; a concept has a code or a label; a label beside a
//! code stands only where our tables have none for it.
//! Failure: [`CodeError`].

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::text::Text;

/// Longest code, in characters.
pub const MAX_CODE: usize = 16;

/// A code of a nomenclature, as published.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Code(String);

/// The text is no code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a code has 1 to {MAX_CODE} ASCII letters, digits and '_'")]
pub struct CodeError;

impl Code {
    /// The code.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Code {
    type Err = CodeError;

    fn from_str(text: &str) -> Result<Self, CodeError> {
        let right = (1..=MAX_CODE).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if right { Ok(Self(text.to_owned())) } else { Err(CodeError) }
    }
}

impl TryFrom<String> for Code {
    type Error = CodeError;

    fn try_from(text: String) -> Result<Self, CodeError> {
        text.parse()
    }
}

impl From<Code> for String {
    fn from(code: Code) -> Self {
        code.0
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A profession or a skill as a register gives it: exchanged form of both.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Concept {
    /// The code, when the source has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Code>,
    /// The register's label, when we have none of our own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<Text>,
}

/// Neither a code nor a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither a code nor a label")]
pub struct NoConcept;

/// Between the code and the label of a packed concept; in no code and in no text.
const UNIT: char = '\u{1f}';

impl Concept {
    /// One string for tables; never empty for a concept with a code or a label.
    pub(crate) fn packed(&self) -> String {
        let code = self.code.as_ref().map_or("", Code::as_str);
        match &self.label {
            Some(label) => format!("{code}{UNIT}{label}"),
            None => code.to_owned(),
        }
    }

    /// The opposite of [`Concept::packed`].
    pub(crate) fn unpacked(packed: &str) -> Self {
        let (code, label) = packed.split_once(UNIT).unwrap_or((packed, ""));
        Self { code: code.parse().ok(), label: Text::kept(label) }
    }
}
