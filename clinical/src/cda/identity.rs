//! Who a document says that its patient is: the INS and the five identity traits, judged.
//!
//! Invariant: an identity is complete only when the number passes the gate of `domain` under the
//! given mode and all five traits do. What is wrong is named, never repeated.

use super::header::{Header, Patient};
use domain::ins_number::InsError;
use domain::{IdentityTrait, IdentityTraits, InsOid, InsReading, Mode, PersonName, Sex};

/// What a document's identity is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// No identifier stands under an INS OID (error 903).
    NoIns,
    /// The number is none (error 905): wrong key, wrong length, a test number in production.
    Invalid(InsError),
    /// Several record targets, or several INS: nobody can say whose document it is (error 905).
    Ambiguous,
    /// The number is right, traits are missing or wrong (error 905).
    Incomplete(InsReading, MissingTraits),
    /// Number and five traits.
    Complete(InsReading, IdentityTraits),
}

/// The traits that a document lacks, or has in a form that is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("identity traits are missing or wrong: {}", names(.0))]
pub struct MissingTraits(pub Vec<IdentityTrait>);

fn names(traits: &[IdentityTrait]) -> String {
    traits.iter().map(IdentityTrait::to_string).collect::<Vec<_>>().join(", ")
}

impl Identity {
    /// The INS, if the number is right.
    #[must_use]
    pub fn ins(&self) -> Option<&InsReading> {
        match self {
            Self::Incomplete(ins, _) | Self::Complete(ins, _) => Some(ins),
            _ => None,
        }
    }
}

impl Header {
    /// Judges the identity of the document's patient.
    // MSS #64
    #[must_use]
    pub fn identity(&self, mode: Mode) -> Identity {
        if self.record_targets > 1 {
            return Identity::Ambiguous;
        }
        match self.patient.ins(mode) {
            None => Identity::NoIns,
            Some(Err(InsOrTwo::Two)) => Identity::Ambiguous,
            Some(Err(InsOrTwo::Ins(error))) => Identity::Invalid(error),
            Some(Ok(ins)) => match self.patient.traits() {
                Ok(traits) => Identity::Complete(ins, traits),
                Err(missing) => Identity::Incomplete(ins, missing),
            },
        }
    }
}

enum InsOrTwo {
    Ins(InsError),
    Two,
}

impl Patient {
    /// The number under an INS OID, as written, with its OID.
    #[must_use]
    pub fn ins_as_written(&self) -> Option<(&str, InsOid)> {
        self.written().next()
    }

    fn written(&self) -> impl Iterator<Item = (&str, InsOid)> {
        self.ids.iter().filter_map(|id| {
            Some((id.extension.as_deref().unwrap_or_default(), id.root.parse().ok()?))
        })
    }

    fn ins(&self, mode: Mode) -> Option<Result<InsReading, InsOrTwo>> {
        let mut written = self.written();
        let (number, oid) = written.next()?;
        if written.any(|other| other != (number, oid)) {
            return Some(Err(InsOrTwo::Two));
        }
        Some(InsReading::read(number, oid.as_str(), mode).map_err(InsOrTwo::Ins))
    }

    /// The five identity traits.
    ///
    /// # Errors
    /// Which of them are missing or wrong.
    pub fn traits(&self) -> Result<IdentityTraits, MissingTraits> {
        let name = |text: &Option<String>| text.as_deref()?.parse::<PersonName>().ok();
        let birth_name = name(&self.birth_name);
        let given = name(&self.given_names).zip(name(&self.first_given_name));
        let birth_date = self.birth_time.as_ref().and_then(super::Time::date);
        let sex = self.sex.as_deref().and_then(|code| code.parse::<Sex>().ok());
        let birth_place = self.birth_place.as_deref().and_then(|code| code.parse().ok());
        let missing: Vec<IdentityTrait> = [
            (IdentityTrait::BirthName, birth_name.is_none()),
            (IdentityTrait::GivenNames, given.is_none()),
            (IdentityTrait::BirthDate, birth_date.is_none()),
            (IdentityTrait::Sex, sex.is_none()),
            (IdentityTrait::BirthPlace, birth_place.is_none()),
        ]
        .into_iter()
        .filter_map(|(which, lacks)| lacks.then_some(which))
        .collect();
        match (birth_name, given, birth_date, sex, birth_place) {
            (Some(birth), Some((list, first)), Some(date), Some(sex), Some(place)) => {
                IdentityTraits::new(birth, list, first, date, sex, place)
                    .map_err(|_| MissingTraits(vec![IdentityTrait::GivenNames]))
            }
            _ => Err(MissingTraits(missing)),
        }
    }
}
