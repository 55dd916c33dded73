//! A professional (*professionnel de santé ou du social*) as published.
//!
//! Invariant: there is a family name; everything else may be missing in a source.
//! Failure: that of the values. `Debug` prints which register the identifier is of, and nothing else.

use std::fmt;

use domain::{PersonId, PersonName};
use serde::{Deserialize, Serialize};

use crate::organisation::Organisation;
use crate::profession::Profession;
use crate::skill::Skill;
use crate::title::Title;

/// Most skills, and most practice places, of one professional.
pub const MAX_SKILLS_AND_PLACES: usize = 64;

/// A professional.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Professional {
    /// RPPS, ADELI or another national identifier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<PersonId>,
    /// *Civilité d'exercice*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<Title>,
    /// *Prénom d'exercice*.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given_name: Option<PersonName>,
    /// *Nom d'exercice*.
    pub family_name: PersonName,
    /// Profession.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profession: Option<Profession>,
    /// Skills (*savoir-faire*), the main one first, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub skills: Vec<Skill>,
    /// Practice places besides the structure that holds the mailbox with the professional, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Organisation>,
}

impl Professional {
    /// Somebody of whom only the name is known.
    pub fn named(given_name: Option<PersonName>, family_name: PersonName) -> Self {
        Self {
            id: None,
            title: None,
            given_name,
            family_name,
            profession: None,
            skills: Vec::new(),
            places: Vec::new(),
        }
    }

    /// Whether two records speak of one person: same identifier; same names where one of them has none.
    pub fn is_same_person(&self, other: &Self) -> bool {
        match (&self.id, &other.id) {
            (Some(one), Some(other)) => one == other,
            _ => {
                let given = match (&self.given_name, &other.given_name) {
                    (Some(one), Some(other)) => one.is_same_name(other),
                    (None, None) => true,
                    _ => false,
                };
                given && self.family_name.is_same_name(&other.family_name)
            }
        }
    }
}

/// Which register an identifier is of, without the identifier.
pub(crate) fn register(id: Option<&PersonId>) -> &'static str {
    match id {
        Some(PersonId::Rpps(_)) => "RPPS",
        Some(PersonId::Adeli(_)) => "ADELI",
        Some(PersonId::Other(_)) => "other",
        None => "none",
    }
}

impl fmt::Debug for Professional {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Professional(id: {}, …)", register(self.id.as_ref()))
    }
}
