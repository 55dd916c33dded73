//! Professions (*professions*, nomenclature G15, and G16 in training) with their labels.
//!
//! Invariants: the code of a profession that we know is its full one (`G15_10`, never `10`), and its label is ours.
//! Codes that we do not know pass, with the label of their source: a register grows faster than a program.
//! Failure: [`NoConcept`].

use domain::Lang;
use serde::{Deserialize, Serialize};

use crate::concept::{Code, Concept, NoConcept};
use crate::fold;
use crate::text::Text;

/// Code system of professions and skills in documents.
pub const PROFESSION_SYSTEM: &str = "1.2.250.1.213.1.1.4.5";

/// What somebody's profession is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Concept", into = "Concept")]
pub struct Profession(Concept);

/// Whom a label speaks of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gender {
    /// Feminine forms.
    Feminine,
    /// The others.
    Masculine,
}

struct Row {
    code: &'static str,
    label: &'static str,
    masculine: &'static str,
    feminine: &'static str,
    english: &'static str,
}

const fn row(
    code: &'static str,
    label: &'static str,
    masculine: &'static str,
    feminine: &'static str,
    english: &'static str,
) -> Row {
    Row { code, label, masculine, feminine, english }
}

/// Code, official label, what people say of a man and of a woman, English.
#[rustfmt::skip]
const TABLE: [Row; 40] = [
    row("G15_10", "Médecin", "médecin", "médecin", "physician"),
    row("G15_21", "Pharmacien", "pharmacien", "pharmacienne", "pharmacist"),
    row("G15_26", "Audioprothésiste", "audioprothésiste", "audioprothésiste", "hearing aid specialist"),
    row("G15_28", "Opticien-Lunetier", "opticien-lunetier", "opticienne-lunetière", "optician"),
    row("G15_31", "Assistant dentaire", "assistant dentaire", "assistante dentaire", "dental assistant"),
    row("G15_32", "Physicien médical", "physicien médical", "physicienne médicale", "medical physicist"),
    row("G15_35", "Aide-soignant", "aide-soignant", "aide-soignante", "nursing assistant"),
    row("G15_36", "Ambulancier", "ambulancier", "ambulancière", "ambulance worker"),
    row("G15_37", "Auxiliaire de puériculture", "auxiliaire de puériculture", "auxiliaire de puériculture", "child care assistant"),
    row("G15_38", "Préparateur en pharmacie hospitalière", "préparateur en pharmacie hospitalière", "préparatrice en pharmacie hospitalière", "hospital pharmacy technician"),
    row("G15_39", "Préparateur en pharmacie (officine)", "préparateur en pharmacie", "préparatrice en pharmacie", "pharmacy technician"),
    row("G15_40", "Chirurgien-Dentiste", "chirurgien-dentiste", "chirurgienne-dentiste", "dental surgeon"),
    row("G15_50", "Sage-Femme", "sage-femme", "sage-femme", "midwife"),
    row("G15_60", "Infirmier", "infirmier", "infirmière", "nurse"),
    row("G15_69", "Infirmier psychiatrique", "infirmier psychiatrique", "infirmière psychiatrique", "psychiatric nurse"),
    row("G15_70", "Masseur-Kinésithérapeute", "masseur-kinésithérapeute", "masseuse-kinésithérapeute", "physiotherapist"),
    row("G15_80", "Pédicure-Podologue", "pédicure-podologue", "pédicure-podologue", "podiatrist"),
    row("G15_81", "Orthoprothésiste", "orthoprothésiste", "orthoprothésiste", "prosthetist and orthotist"),
    row("G15_82", "Podo-Orthésiste", "podo-orthésiste", "podo-orthésiste", "foot orthotist"),
    row("G15_83", "Orthopédiste-Orthésiste", "orthopédiste-orthésiste", "orthopédiste-orthésiste", "orthotist"),
    row("G15_84", "Oculariste", "oculariste", "oculariste", "ocularist"),
    row("G15_85", "Epithésiste", "épithésiste", "épithésiste", "anaplastologist"),
    row("G15_86", "Technicien de laboratoire médical", "technicien de laboratoire médical", "technicienne de laboratoire médical", "medical laboratory technician"),
    row("G15_91", "Orthophoniste", "orthophoniste", "orthophoniste", "speech therapist"),
    row("G15_92", "Orthoptiste", "orthoptiste", "orthoptiste", "orthoptist"),
    row("G15_94", "Ergothérapeute", "ergothérapeute", "ergothérapeute", "occupational therapist"),
    row("G15_95", "Diététicien", "diététicien", "diététicienne", "dietitian"),
    row("G15_96", "Psychomotricien", "psychomotricien", "psychomotricienne", "psychomotor therapist"),
    row("G15_98", "Manipulateur ERM", "manipulateur en radiologie", "manipulatrice en radiologie", "radiographer"),
    row("G16_10", "Médecin en formation", "médecin en formation", "médecin en formation", "physician in training"),
    row("G16_21", "Pharmacien en formation", "pharmacien en formation", "pharmacienne en formation", "pharmacist in training"),
    row("G16_40", "Chirurgien-Dentiste en formation", "chirurgien-dentiste en formation", "chirurgienne-dentiste en formation", "dental surgeon in training"),
    row("G16_50", "Sage-Femme en formation", "sage-femme en formation", "sage-femme en formation", "midwife in training"),
    row("41", "Assistant de service social", "assistant de service social", "assistante de service social", "social worker"),
    row("71", "Ostéopathe", "ostéopathe", "ostéopathe", "osteopath"),
    row("72", "Psychothérapeute", "psychothérapeute", "psychothérapeute", "psychotherapist"),
    row("73", "Chiropracteur", "chiropracteur", "chiropractrice", "chiropractor"),
    row("93", "Psychologue", "psychologue", "psychologue", "psychologist"),
    row("331", "Secrétaire assistante médico-administrative", "secrétaire médical", "secrétaire médicale", "medical secretary"),
    row("332", "Assistant médical", "assistant médical", "assistante médicale", "medical assistant"),
];

fn known(code: &str) -> Option<&'static Row> {
    TABLE.iter().find(|row| row.code == code)
}

impl Profession {
    /// The physicians' code.
    pub const PHYSICIAN: &str = "G15_10";

    /// A profession by its code, full (`G15_10`) or bare as the extraction writes it (`10`).
    pub fn of_code(code: Code) -> Self {
        Self::new(Some(code), None, false).unwrap_or(Self(Concept::default()))
    }

    /// What a register says of a profession: code, label, whether the person is in training.
    ///
    /// # Errors
    /// [`NoConcept`] without code and label.
    pub fn new(
        code: Option<Code>,
        label: Option<Text>,
        in_training: bool,
    ) -> Result<Self, NoConcept> {
        let by_code = code.as_ref().and_then(|code| {
            let training = in_training.then(|| known(&format!("G16_{code}"))).flatten();
            training.or_else(|| known(&format!("G15_{code}"))).or_else(|| known(code.as_str()))
        });
        let by_label = || {
            let label = fold::line(label.as_ref()?.as_str());
            TABLE.iter().find(|row| fold::line(row.label) == label)
        };
        let found = match &code {
            Some(_) => by_code,
            None => by_label(),
        };
        match found.and_then(|row| row.code.parse().ok()) {
            Some(code) => Ok(Self(Concept { code: Some(code), label: None })),
            None if code.is_none() && label.is_none() => Err(NoConcept),
            None => Ok(Self(Concept { code, label })),
        }
    }

    /// The code, when the source has one.
    pub fn code(&self) -> Option<&Code> {
        self.0.code.as_ref()
    }

    /// The official French label; the source's where the code is not in our table.
    pub fn label(&self) -> Option<&str> {
        self.row().map(|row| row.label).or(self.0.label.as_ref().map(Text::as_str))
    }

    /// What people say, in a sentence.
    pub(crate) fn spoken(&self, lang: Lang, gender: Gender) -> Option<&str> {
        match (self.row(), lang, gender) {
            (Some(row), Lang::En, _) => Some(row.english),
            (Some(row), Lang::Fr, Gender::Feminine) => Some(row.feminine),
            (Some(row), Lang::Fr, Gender::Masculine) => Some(row.masculine),
            (None, ..) => self.label(),
        }
    }

    /// Whether the code is one of our table.
    pub(crate) fn is_known(&self) -> bool {
        self.row().is_some()
    }

    pub(crate) fn concept(&self) -> &Concept {
        &self.0
    }

    fn row(&self) -> Option<&'static Row> {
        known(self.0.code.as_ref()?.as_str())
    }
}

impl TryFrom<Concept> for Profession {
    type Error = NoConcept;

    fn try_from(concept: Concept) -> Result<Self, NoConcept> {
        Self::new(concept.code, concept.label, false)
    }
}

impl From<Profession> for Concept {
    fn from(profession: Profession) -> Self {
        profession.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_codes_and_labels_become_full_codes() {
        let profession = |code: &str, label: &str, training| {
            Profession::new(code.parse().ok(), Text::optional(label).unwrap(), training).unwrap()
        };
        for (code, label, training, full) in [
            ("10", "Médecin", false, "G15_10"),
            ("10", "", true, "G16_10"),
            ("60", "", true, "G15_60"),
            ("G15_60", "", false, "G15_60"),
            ("", "SAGE FEMME", false, "G15_50"),
            ("93", "Psychologue", false, "93"),
            ("999", "Rebouteux", false, "999"),
        ] {
            let found = profession(code, label, training);
            assert_eq!(found.code().unwrap().as_str(), full);
        }
        assert_eq!(profession("999", "Rebouteux", false).label(), Some("Rebouteux"));
        assert_eq!(profession("", "Rebouteux", false).code(), None);
        assert_eq!(Profession::new(None, None, false), Err(NoConcept));
        let nurse = profession("60", "Infirmier", false);
        assert_eq!(nurse.spoken(Lang::Fr, Gender::Feminine), Some("infirmière"));
        assert_eq!(nurse.spoken(Lang::En, Gender::Masculine), Some("nurse"));
    }

    #[test]
    fn the_table_is_sound() {
        for (place, row) in TABLE.iter().enumerate() {
            assert!(row.code.parse::<Code>().is_ok());
            assert!(TABLE.iter().skip(place + 1).all(|other| other.code != row.code));
        }
    }
}
