//! The languages in which people read the system, and a text in both.
//!
//! Failure: a language tag that is neither French nor English is an error that names nothing; the caller chooses
//! its fallback.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A language of the interface.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(rename_all = "lowercase")]
pub enum Lang {
    /// French, the language of the trust domain.
    #[default]
    Fr,
    /// English.
    En,
}

impl Lang {
    /// Every language, French first.
    pub const ALL: [Self; 2] = [Self::Fr, Self::En];

    /// The language tag (`fr`, `en`).
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fr => "fr",
            Self::En => "en",
        }
    }

    /// Of a text in both languages, the one to show.
    pub fn pick<T>(self, french: T, english: T) -> T {
        match self {
            Self::Fr => french,
            Self::En => english,
        }
    }
}

impl fmt::Display for Lang {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The tag is not one of a language that the system speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the system speaks French (fr) and English (en) only")]
pub struct UnknownLang;

impl FromStr for Lang {
    type Err = UnknownLang;

    /// Reads a language tag; only the primary subtag counts (`fr-FR` is French).
    // RFC 5646 §2.1
    fn from_str(tag: &str) -> Result<Self, UnknownLang> {
        let primary = tag.split('-').next().unwrap_or_default();
        Self::ALL
            .into_iter()
            .find(|lang| primary.eq_ignore_ascii_case(lang.as_str()))
            .ok_or(UnknownLang)
    }
}

/// One text in both languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bilingual {
    /// In French.
    pub fr: &'static str,
    /// In English.
    pub en: &'static str,
}

impl Bilingual {
    /// The text in `lang`.
    pub const fn get(self, lang: Lang) -> &'static str {
        match lang {
            Lang::Fr => self.fr,
            Lang::En => self.en,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_primary_subtag_decides() {
        assert_eq!("FR-ca".parse(), Ok(Lang::Fr));
        assert_eq!("en".parse(), Ok(Lang::En));
        for other in ["", "de", "fra", "-fr"] {
            assert_eq!(other.parse::<Lang>(), Err(UnknownLang), "{other}");
        }
    }
}
