//! The five identity traits, and the comparison that guards a record against another person's documents.
//!
//! Invariants of [`IdentityTraits`]: the list of given names begins with the first given name; the birth date is
//! a full civil date. The French practice for dates that are not (unknown day, lunar calendar: `31/12` or the
//! first of the month by convention of the register) is the register's: we keep the date that it gives, and a
//! document with a partial date has incomplete traits.
//! Failure: [`TraitsError`] at the gate, [`TraitsMismatch`] when two differ; neither holds a value of the person,
//! and `Debug` prints nothing of one.

use std::fmt;
use std::str::FromStr;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::birth_place::BirthPlace;
use crate::gate::{opaque_debug, text_value};
use crate::person_name::PersonName;

/// Sex as civil status has it (*sexe*).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Sex {
    /// Female.
    Female,
    /// Male.
    Male,
    /// Not determined (*indéterminé*).
    Undetermined,
}

opaque_debug!(Sex);

/// The text is no code of a sex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a sex is F, M, U or I")]
pub struct UnknownSex;

impl Sex {
    /// The code that health documents use (code system 2.16.840.1.113883.5.1): `F`, `M`, `U`.
    pub fn code(self) -> &'static str {
        match self {
            Self::Female => "F",
            Self::Male => "M",
            Self::Undetermined => "U",
        }
    }
}

impl fmt::Display for Sex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl FromStr for Sex {
    type Err = UnknownSex;

    /// Reads `F`, `M`, `U`, or the `I` (*indéterminé*) of French registers.
    fn from_str(code: &str) -> Result<Self, UnknownSex> {
        match code {
            "F" => Ok(Self::Female),
            "M" => Ok(Self::Male),
            "U" | "I" => Ok(Self::Undetermined),
            _ => Err(UnknownSex),
        }
    }
}

text_value!(Sex);

/// One of the five identity traits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum IdentityTrait {
    /// Name at birth.
    BirthName,
    /// First given name.
    GivenNames,
    /// Birth date.
    BirthDate,
    /// Sex.
    Sex,
    /// Birth place.
    BirthPlace,
}

impl IdentityTrait {
    fn name(self) -> &'static str {
        match self {
            Self::BirthName => "birth name",
            Self::GivenNames => "first given name",
            Self::BirthDate => "birth date",
            Self::Sex => "sex",
            Self::BirthPlace => "birth place",
        }
    }
}

impl fmt::Display for IdentityTrait {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The five identity traits (*traits d'identité*): birth name, given names with the first one apart, birth date,
/// sex, birth place. There is no `Display`: each trait leaves on its own, on purpose.
// MSS #64
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "Parts", into = "Parts")]
pub struct IdentityTraits(Parts);

#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
struct Parts {
    birth_name: PersonName,
    given_names: PersonName,
    first_given_name: PersonName,
    birth_date: Date,
    sex: Sex,
    birth_place: BirthPlace,
}

opaque_debug!(IdentityTraits);

/// Why values are not the traits of one person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TraitsError {
    /// The list of given names begins with another one than the first given name.
    #[error("the list of given names does not begin with the first given name")]
    FirstGivenName,
}

/// Two sets of traits are not the same person's. Says which traits differ, never their values.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("identity traits differ: {}", names(.differing))]
pub struct TraitsMismatch {
    differing: Vec<IdentityTrait>,
}

impl TraitsMismatch {
    /// The traits that differ, at least one, each once, in the order of the regulation.
    pub fn differing(&self) -> &[IdentityTrait] {
        &self.differing
    }
}

fn names(differing: &[IdentityTrait]) -> String {
    differing.iter().map(|which| which.name()).collect::<Vec<_>>().join(", ")
}

impl IdentityTraits {
    /// The traits of one person.
    ///
    /// # Errors
    /// [`TraitsError::FirstGivenName`].
    pub fn new(
        birth_name: PersonName,
        given_names: PersonName,
        first_given_name: PersonName,
        birth_date: Date,
        sex: Sex,
        birth_place: BirthPlace,
    ) -> Result<Self, TraitsError> {
        Parts { birth_name, given_names, first_given_name, birth_date, sex, birth_place }.try_into()
    }

    /// Name at birth (*nom de naissance*).
    pub fn birth_name(&self) -> &PersonName {
        &self.0.birth_name
    }

    /// All given names as the register lists them (*liste des prénoms de naissance*).
    pub fn given_names(&self) -> &PersonName {
        &self.0.given_names
    }

    /// First given name (*premier prénom de naissance*).
    pub fn first_given_name(&self) -> &PersonName {
        &self.0.first_given_name
    }

    /// Birth date (*date de naissance*).
    pub fn birth_date(&self) -> Date {
        self.0.birth_date
    }

    /// Sex (*sexe*).
    pub fn sex(&self) -> Sex {
        self.0.sex
    }

    /// Birth place (*lieu de naissance*).
    pub fn birth_place(&self) -> &BirthPlace {
        &self.0.birth_place
    }

    /// Compares two sets of traits as identity vigilance asks: names as names (see
    /// [`PersonName::is_same_name`]), date, sex and place exactly. Of the given names the first counts; the rest
    /// of the list is often cut or missing in documents and decides nothing.
    ///
    /// # Errors
    /// [`TraitsMismatch`] names every trait that differs.
    pub fn compare(&self, other: &Self) -> Result<(), TraitsMismatch> {
        let (one, two) = (&self.0, &other.0);
        let differing: Vec<_> = [
            (IdentityTrait::BirthName, one.birth_name.is_same_name(&two.birth_name)),
            (IdentityTrait::GivenNames, one.first_given_name.is_same_name(&two.first_given_name)),
            (IdentityTrait::BirthDate, one.birth_date == two.birth_date),
            (IdentityTrait::Sex, one.sex == two.sex),
            (IdentityTrait::BirthPlace, one.birth_place == two.birth_place),
        ]
        .into_iter()
        .filter_map(|(which, same)| (!same).then_some(which))
        .collect();
        if differing.is_empty() { Ok(()) } else { Err(TraitsMismatch { differing }) }
    }
}

impl TryFrom<Parts> for IdentityTraits {
    type Error = TraitsError;

    fn try_from(parts: Parts) -> Result<Self, TraitsError> {
        let (list, first) = (parts.given_names.folded(), parts.first_given_name.folded());
        let begins =
            list.strip_prefix(&first).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '));
        if begins { Ok(Self(parts)) } else { Err(TraitsError::FirstGivenName) }
    }
}

impl From<IdentityTraits> for Parts {
    fn from(traits: IdentityTraits) -> Self {
        traits.0
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn person(
        birth: &str,
        list: &str,
        first: &str,
        day: Date,
        sex: Sex,
        place: &str,
    ) -> IdentityTraits {
        let name = |text: &str| text.parse::<PersonName>().unwrap();
        IdentityTraits::new(name(birth), name(list), name(first), day, sex, place.parse().unwrap())
            .unwrap()
    }

    fn pat_trois() -> IdentityTraits {
        let list = "DOMINIQUE MARIE-LOUISE";
        person("PAT-TROIS", list, "DOMINIQUE", date(1979, 3, 28), Sex::Female, "51215")
    }

    #[test]
    fn each_trait_counts_and_is_named_alone() {
        use IdentityTrait::{BirthDate, BirthName, BirthPlace, GivenNames};
        let day = date(1979, 3, 28);
        let table = [
            (person("Pat Trois", "Dominique", "Dominique", day, Sex::Female, "51215"), vec![]),
            (
                person("PAT-DEUX", "DOMINIQUE", "DOMINIQUE", day, Sex::Female, "51215"),
                vec![BirthName],
            ),
            (person("PAT-TROIS", "MARIE", "MARIE", day, Sex::Female, "51215"), vec![GivenNames]),
            (
                person(
                    "PAT-TROIS",
                    "DOMINIQUE",
                    "DOMINIQUE",
                    date(1979, 3, 29),
                    Sex::Female,
                    "51215",
                ),
                vec![BirthDate],
            ),
            (
                person("PAT-TROIS", "DOMINIQUE", "DOMINIQUE", day, Sex::Male, "51215"),
                vec![IdentityTrait::Sex],
            ),
            (
                person("PAT-TROIS", "DOMINIQUE", "DOMINIQUE", day, Sex::Female, "51216"),
                vec![BirthPlace],
            ),
            (
                person("A", "B", "B", date(2000, 1, 1), Sex::Undetermined, "2A004"),
                vec![BirthName, GivenNames, BirthDate, IdentityTrait::Sex, BirthPlace],
            ),
        ];
        for (other, differing) in table {
            for outcome in [pat_trois().compare(&other), other.compare(&pat_trois())] {
                let found =
                    outcome.err().map(|mismatch| mismatch.differing().to_vec()).unwrap_or_default();
                assert_eq!(found, differing);
            }
        }
    }

    #[test]
    fn the_list_begins_with_the_first_given_name() {
        let name = |text: &str| text.parse::<PersonName>().unwrap();
        let new = |list, first| {
            IdentityTraits::new(
                name("A"),
                name(list),
                name(first),
                date(2000, 1, 1),
                Sex::Male,
                "51215".parse().unwrap(),
            )
        };
        assert!(new("Jean-Noël Marie", "JEAN NOEL").is_ok());
        assert_eq!(new("JEANNE", "JEAN"), Err(TraitsError::FirstGivenName));
        assert_eq!(new("MARIE JEAN", "JEAN"), Err(TraitsError::FirstGivenName));
    }

    #[test]
    fn debug_and_mismatch_print_nothing_of_the_person() {
        assert_eq!(format!("{:?}", pat_trois()), "IdentityTraits(…)");
        assert_eq!(format!("{:?}", pat_trois().sex()), "Sex(…)");
        let other = person("A", "B", "B", date(1979, 3, 28), Sex::Female, "51215");
        let mismatch = pat_trois().compare(&other).unwrap_err();
        assert_eq!(mismatch.to_string(), "identity traits differ: birth name, first given name");
        assert_eq!(
            format!("{mismatch:?}"),
            "TraitsMismatch { differing: [BirthName, GivenNames] }"
        );
    }

    #[test]
    fn codes_of_sex() {
        for sex in [Sex::Female, Sex::Male, Sex::Undetermined] {
            assert_eq!(sex.code().parse(), Ok(sex));
        }
        assert_eq!("I".parse(), Ok(Sex::Undetermined));
        assert_eq!("f".parse::<Sex>(), Err(UnknownSex));
    }
}
