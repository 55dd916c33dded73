//! Skills (*savoir-faire*: specialities, qualifications) with their labels.
//!
//! Invariants: a label of a skill whose code we know is ours; a label without code that is one of ours becomes its
//! code (the first of the table where several share it). Codes that we do not know pass, with their source's label.
//! Failure: [`NoConcept`].

mod table;

use std::collections::HashMap;
use std::sync::LazyLock;

use domain::Lang;
use serde::{Deserialize, Serialize};

use self::table::{Row, TABLE};
use crate::concept::{Code, Concept, NoConcept};
use crate::fold;
use crate::text::Text;

/// What a professional is qualified for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Concept", into = "Concept")]
pub struct Skill(Concept);

static BY_CODE: LazyLock<HashMap<&'static str, &'static Row>> =
    LazyLock::new(|| TABLE.iter().map(|row| (row.0, row)).collect());

static BY_LABEL: LazyLock<HashMap<String, &'static Row>> =
    LazyLock::new(|| TABLE.iter().rev().map(|row| (fold::line(row.1), row)).collect());

impl Skill {
    /// A skill by its code.
    pub fn of_code(code: Code) -> Self {
        Self(Concept { code: Some(code), label: None })
    }

    /// What a register says of a skill.
    ///
    /// # Errors
    /// [`NoConcept`] without code and label.
    pub fn new(code: Option<Code>, label: Option<Text>) -> Result<Self, NoConcept> {
        let concept = match (code, label) {
            (None, None) => return Err(NoConcept),
            (Some(code), label) => {
                let ours = BY_CODE.contains_key(code.as_str());
                Concept { code: Some(code), label: label.filter(|_| !ours) }
            }
            (None, Some(label)) => {
                let row = BY_LABEL.get(&fold::line(label.as_str()));
                match row.and_then(|row| row.0.parse().ok()) {
                    Some(code) => Concept { code: Some(code), label: None },
                    None => Concept { code: None, label: Some(label) },
                }
            }
        };
        Ok(Self(concept))
    }

    /// The code, when the source has one.
    pub fn code(&self) -> Option<&Code> {
        self.0.code.as_ref()
    }

    /// The official French label; the source's where the code is not in our table.
    pub fn label(&self) -> Option<&str> {
        self.row().map(|row| row.1).or(self.0.label.as_ref().map(Text::as_str))
    }

    /// What people call somebody who has the skill.
    pub(crate) fn spoken(&self, lang: Lang) -> Option<&'static str> {
        let row = self.row()?;
        let name = match lang {
            Lang::Fr => row.2,
            Lang::En => row.3,
        };
        (!name.is_empty()).then_some(name)
    }

    pub(crate) fn concept(&self) -> &Concept {
        &self.0
    }

    fn row(&self) -> Option<&'static Row> {
        BY_CODE.get(self.0.code.as_ref()?.as_str()).copied()
    }
}

impl TryFrom<Concept> for Skill {
    type Error = NoConcept;

    fn try_from(concept: Concept) -> Result<Self, NoConcept> {
        Self::new(concept.code, concept.label)
    }
}

impl From<Skill> for Concept {
    fn from(skill: Skill) -> Self {
        skill.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_become_codes_and_the_reverse() {
        let skill = |code: &str, label: &str| {
            Skill::new(code.parse().ok(), Text::optional(label).unwrap()).unwrap()
        };
        assert_eq!(skill("SM54", "whatever").label(), Some("Médecine Générale"));
        assert_eq!(skill("", "médecine generale").code().unwrap().as_str(), "SM54");
        assert_eq!(skill("", "Pédiatrie").spoken(Lang::En), Some("paediatrician"));
        assert_eq!(skill("CAPA06", "Gérontologie").label(), Some("Gérontologie"));
        assert_eq!(skill("", "Voyance").code(), None);
        assert_eq!(skill("SM47", "").spoken(Lang::Fr), None);
        assert_eq!(Skill::new(None, None), Err(NoConcept));
        assert_eq!(BY_CODE.len(), TABLE.len());
    }
}
