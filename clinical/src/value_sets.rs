//! Codes that documents carry, with words for people: document types (*JDV_J07*), confidentiality
//! (*JDV_J08*), and the few kinds under which a citizen finds a document.
//!
//! The tables are our own wording of public facts. A code that is not in them keeps the label that
//! its document gives, and is of kind [`Kind::Other`]: nothing fails for a code that is new.

mod types;

use domain::{Bilingual, Lang};
use serde::{Deserialize, Serialize};

pub use types::DOCUMENT_TYPES;

/// LOINC.
pub const LOINC: &str = "2.16.840.1.113883.6.1";
/// The French document types that LOINC does not have (*TA_ASIP*).
pub const TA_ASIP: &str = "1.2.250.1.213.1.1.4.12";
/// HL7's confidentiality codes.
pub const HL7_CONFIDENTIALITY: &str = "2.16.840.1.113883.5.25";
/// The French confidentiality codes that HL7 does not have.
pub const FRENCH_CONFIDENTIALITY: &str = "1.2.250.1.213.1.1.4.13";
/// The set of formats (*JDV_J10*).
pub const IHE_FORMATS: &str = "1.3.6.1.4.1.19376.1.2.3";

/// A kind of document, as people look for it. The order of variants is a stored format: add at
/// the end only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Kind {
    /// Summaries.
    Summaries,
    /// Reports of stays, consultations and acts.
    Reports,
    /// Letters between professionals.
    Letters,
    /// Results of laboratories.
    Biology,
    /// Medical images and their reports.
    Imaging,
    /// Prescriptions, what was dispensed and administered.
    Prescriptions,
    /// Vaccinations.
    Vaccination,
    /// Prevention and the health of children.
    Prevention,
    /// Plans of care.
    CarePlans,
    /// Certificates and declarations.
    Certificates,
    /// What the citizen wishes or has deposited.
    Personal,
    /// Papers.
    Administrative,
    /// Anything else.
    Other,
}

impl Kind {
    /// Every kind, in the order in which people see them.
    pub const ALL: [Self; 13] = [
        Self::Summaries,
        Self::Reports,
        Self::Letters,
        Self::Biology,
        Self::Imaging,
        Self::Prescriptions,
        Self::Vaccination,
        Self::Prevention,
        Self::CarePlans,
        Self::Certificates,
        Self::Personal,
        Self::Administrative,
        Self::Other,
    ];

    /// A short name for addresses of pages.
    #[must_use]
    pub fn slug(self) -> &'static str {
        match self {
            Self::Summaries => "summaries",
            Self::Reports => "reports",
            Self::Letters => "letters",
            Self::Biology => "biology",
            Self::Imaging => "imaging",
            Self::Prescriptions => "prescriptions",
            Self::Vaccination => "vaccination",
            Self::Prevention => "prevention",
            Self::CarePlans => "care-plans",
            Self::Certificates => "certificates",
            Self::Personal => "personal",
            Self::Administrative => "administrative",
            Self::Other => "other",
        }
    }

    /// The kind with this short name.
    #[must_use]
    pub fn of_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.slug() == slug)
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> Bilingual {
        let (fr, en) = match self {
            Self::Summaries => ("Synthèses", "Summaries"),
            Self::Reports => ("Comptes rendus", "Reports"),
            Self::Letters => ("Lettres et courriers", "Letters"),
            Self::Biology => ("Biologie", "Laboratory results"),
            Self::Imaging => ("Imagerie", "Imaging"),
            Self::Prescriptions => ("Ordonnances et traitements", "Prescriptions and treatments"),
            Self::Vaccination => ("Vaccination", "Vaccination"),
            Self::Prevention => ("Prévention et santé de l’enfant", "Prevention and child health"),
            Self::CarePlans => ("Plans de soins", "Care plans"),
            Self::Certificates => ("Certificats et attestations", "Certificates"),
            Self::Personal => ("Mes volontés et mes documents", "My wishes and documents"),
            Self::Administrative => ("Documents administratifs", "Administrative documents"),
            Self::Other => ("Autres documents", "Other documents"),
        };
        Bilingual { fr, en }
    }
}

/// A document type (*JDV_J07*).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DocumentType {
    /// Its code.
    pub code: &'static str,
    /// The code system's OID.
    pub system: &'static str,
    /// Its label.
    pub label: Bilingual,
    /// Its kind.
    pub kind: Kind,
}

/// The document type of a code. The system decides where one is given: the codes of the set are
/// unique without it.
#[must_use]
pub fn document_type(code: &str, system: Option<&str>) -> Option<&'static DocumentType> {
    let known = DOCUMENT_TYPES.iter().find(|known| known.code == code)?;
    system.is_none_or(|system| system == known.system).then_some(known)
}

/// The kind of a document type; of one that the set lacks, [`Kind::Other`].
#[must_use]
pub fn kind_of(code: &str, system: Option<&str>) -> Kind {
    document_type(code, system).map_or(Kind::Other, |known| known.kind)
}

/// How confidential a document is (*JDV_J08*). The order of variants is a stored format: never
/// change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Confidentiality {
    /// Normal.
    Normal,
    /// Restricted.
    Restricted,
    /// Very restricted.
    VeryRestricted,
    /// Not shown to the citizen yet.
    InvisibleToPatient,
    /// Not shown to the citizen's legal representatives.
    InvisibleToRepresentatives,
    /// Hidden from health professionals.
    MaskedToProfessionals,
}

impl Confidentiality {
    /// Every code.
    pub const ALL: [Self; 6] = [
        Self::Normal,
        Self::Restricted,
        Self::VeryRestricted,
        Self::InvisibleToPatient,
        Self::InvisibleToRepresentatives,
        Self::MaskedToProfessionals,
    ];

    /// Its code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::Normal => "N",
            Self::Restricted => "R",
            Self::VeryRestricted => "V",
            Self::InvisibleToPatient => "INVISIBLE_PATIENT",
            Self::InvisibleToRepresentatives => "INVISIBLE_REPRESENTANTS_LEGAUX",
            Self::MaskedToProfessionals => "MASQUE_PS",
        }
    }

    /// The code system's OID.
    #[must_use]
    pub fn system(self) -> &'static str {
        match self {
            Self::Normal | Self::Restricted | Self::VeryRestricted => HL7_CONFIDENTIALITY,
            _ => FRENCH_CONFIDENTIALITY,
        }
    }

    /// The one with this code.
    #[must_use]
    pub fn of_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.code() == code)
    }

    /// What people read.
    #[must_use]
    pub fn label(self) -> Bilingual {
        let (fr, en) = match self {
            Self::Normal => ("Normal", "Normal"),
            Self::Restricted => ("Restreint", "Restricted"),
            Self::VeryRestricted => ("Très restreint", "Very restricted"),
            Self::InvisibleToPatient => {
                ("Non visible par le patient", "Not shown to the patient yet")
            }
            Self::InvisibleToRepresentatives => (
                "Non visible par les représentants légaux du patient",
                "Not shown to the patient’s legal representatives",
            ),
            Self::MaskedToProfessionals => {
                ("Masqué aux professionnels de santé", "Hidden from health professionals")
            }
        };
        Bilingual { fr, en }
    }
}

/// The label of a document type in a language: the set's, else what the document itself says.
#[must_use]
pub fn type_label(code: &str, system: Option<&str>, stated: Option<&str>, lang: Lang) -> String {
    match document_type(code, system) {
        Some(known) => known.label.get(lang).to_owned(),
        None => stated.unwrap_or(code).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn codes_are_unique_and_every_type_has_both_labels() {
        let codes: BTreeSet<_> = DOCUMENT_TYPES.iter().map(|known| known.code).collect();
        assert_eq!(codes.len(), DOCUMENT_TYPES.len());
        for known in &DOCUMENT_TYPES {
            assert!(!known.label.fr.is_empty() && !known.label.en.is_empty(), "{}", known.code);
        }
    }

    #[test]
    fn types_are_found_with_and_without_their_system_and_unknown_ones_are_other() {
        assert_eq!(kind_of("11502-2", Some(LOINC)), Kind::Biology);
        assert_eq!(kind_of("11490-0", None), Kind::Letters);
        assert_eq!(kind_of("SYNTH", Some(TA_ASIP)), Kind::Summaries);
        assert_eq!(kind_of("11502-2", Some(TA_ASIP)), Kind::Other);
        assert_eq!(kind_of("0-0", None), Kind::Other);
        assert_eq!(type_label("0-0", None, Some("Essai"), Lang::En), "Essai");
        assert_eq!(type_label("87273-9", None, Some("x"), Lang::Fr), "Note de vaccination");
    }

    #[test]
    fn kinds_and_confidentiality_read_back_from_their_names() {
        for kind in Kind::ALL {
            assert_eq!(Kind::of_slug(kind.slug()), Some(kind));
        }
        for code in Confidentiality::ALL {
            assert_eq!(Confidentiality::of_code(code.code()), Some(code));
        }
    }
}
