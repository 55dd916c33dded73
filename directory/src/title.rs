//! How a professional is addressed (*civilité d'exercice*).
//!
//! Invariant: a title that we know is never kept as free text. Failure: that of [`Text`].

use std::fmt;
use std::str::FromStr;

use domain::Lang;
use serde::{Deserialize, Serialize};

use crate::text::{Text, TextError};

/// A title before a name.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Title {
    /// *Docteur*.
    Doctor,
    /// *Professeur*.
    Professor,
    /// *Monsieur*.
    Mister,
    /// *Madame*.
    Madam,
    /// Any other, as written.
    Other(Text),
}

impl Title {
    /// The title as people see it.
    pub fn label(&self, lang: Lang) -> &str {
        match (self, lang) {
            (Self::Doctor, _) => "Dr",
            (Self::Professor, Lang::Fr) => "Pr",
            (Self::Professor, Lang::En) => "Prof.",
            (Self::Mister, Lang::Fr) => "M.",
            (Self::Mister, Lang::En) => "Mr",
            (Self::Madam, Lang::Fr) => "Mme",
            (Self::Madam, Lang::En) => "Ms",
            (Self::Other(text), _) => text.as_str(),
        }
    }

    /// The title as the registers write it.
    pub fn code(&self) -> &str {
        match self {
            Self::Doctor => "DR",
            Self::Professor => "PR",
            Self::Mister => "M",
            Self::Madam => "MME",
            Self::Other(text) => text.as_str(),
        }
    }
}

impl FromStr for Title {
    type Err = TextError;

    fn from_str(text: &str) -> Result<Self, TextError> {
        let written: Text = text.parse()?;
        Ok(match written.as_str().trim_end_matches('.').to_lowercase().as_str() {
            "dr" | "docteur" => Self::Doctor,
            "pr" | "professeur" => Self::Professor,
            "m" | "mr" | "monsieur" => Self::Mister,
            "mme" | "madame" | "mlle" | "mademoiselle" => Self::Madam,
            _ => Self::Other(written),
        })
    }
}

impl TryFrom<String> for Title {
    type Error = TextError;

    fn try_from(text: String) -> Result<Self, TextError> {
        text.parse()
    }
}

impl From<Title> for String {
    fn from(title: Title) -> Self {
        title.code().to_owned()
    }
}

impl fmt::Display for Title {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles_are_read_and_written() {
        for (text, title, shown) in [
            ("DR", Title::Doctor, "Dr"),
            ("docteur", Title::Doctor, "Dr"),
            ("Pr.", Title::Professor, "Pr"),
            ("M.", Title::Mister, "M."),
            ("MLLE", Title::Madam, "Mme"),
        ] {
            assert_eq!(text.parse::<Title>().unwrap(), title);
            assert_eq!(title.code().parse::<Title>().unwrap(), title);
            assert_eq!(title.label(Lang::Fr), shown);
        }
        let other: Title = "Maître".parse().unwrap();
        assert_eq!(other.label(Lang::En), "Maître");
    }
}
