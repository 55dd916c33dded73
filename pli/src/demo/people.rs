//! Who lives in the demo: fictitious operators, professionals and citizens, as tables.
//!
//! Invariants: every identifier has a right control key and belongs to nobody; the citizens' numbers
//! stand under the OID of tests. `tests` holds both.
//! Failure: a value that does not pass its gate is a defect of this file, and an error of the demo.

use directory::{Holder, Mailbox, MailboxDetails, Organisation, PostalAddress, Professional};
use domain::{CitizenDomains, IdentityTraits, InsReading, MailboxKind, Mode, Sex};
use pki::Subject;
use std::error::Error;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// The OID of test numbers (*NIR de test*).
pub(crate) const INS_OID: &str = "1.2.250.1.213.1.4.10";
/// The citizens' domain.
pub(crate) const CITIZENS: &str = "patient.mss.example";
/// The chosen password of every citizen of the demo, and of nobody else.
pub(crate) const CITIZEN_PASSWORD: &str = "lettre-cachetee-2026";
/// The application that sends the hospital's letters.
pub(crate) const LETTERS: &str = "letters@chu.mss.example";
/// The service that answers for a letter.
pub(crate) const SERVICE: &str = "cardiologie@chu.mss.example";
/// The application of load tests.
pub(crate) const BENCH: &str = "bench@chu.mss.example";

/// One of the three operators.
#[derive(Debug)]
pub(crate) struct Place {
    /// Its key in `demo.json`, and its name.
    pub(crate) name: &'static str,
    /// Its domain.
    pub(crate) domain: &'static str,
    /// Its files below `pki/`.
    pub(crate) file: &'static str,
    pub(crate) structure: &'static str,
    pub(crate) legal_name: &'static str,
    pub(crate) department: &'static str,
}

/// In the order of their ports.
pub(crate) const PLACES: [Place; 3] = [
    Place {
        name: "hospital",
        domain: "chu.mss.example",
        file: "chu",
        structure: "1759990005",
        legal_name: "CHU DE LA DEMONSTRATION",
        department: "Paris (75)",
    },
    Place {
        name: "practice",
        domain: "practice.mss.example",
        file: "practice",
        structure: "399900000000011",
        legal_name: "CABINET DES TILLEULS",
        department: "Saône-et-Loire (71)",
    },
    Place {
        name: "citizens",
        domain: CITIZENS,
        file: "patient",
        structure: "399900000100019",
        legal_name: "SERVICE DES CITOYENS",
        department: "Paris (75)",
    },
];

impl Place {
    pub(crate) fn hostname(&self) -> String {
        format!("mail.{}", self.domain)
    }

    pub(crate) fn subject(&self) -> Outcome<Subject> {
        Ok(Subject {
            structure: self.structure.parse()?,
            legal_name: self.legal_name.to_owned(),
            department: self.department.to_owned(),
        })
    }

    fn organisation(&self) -> Outcome<Organisation> {
        let (street, postal_code, town) = match self.name {
            "practice" => ("place des Tilleuls", "71100", "CHALON SUR SAONE"),
            _ => ("avenue de la Démonstration", "75013", "PARIS"),
        };
        Ok(Organisation {
            id: Some(self.structure.parse()?),
            legal_name: Some(self.legal_name.parse()?),
            trade_name: None,
            address: PostalAddress {
                number: Some("1".parse()?),
                street: Some(street.parse()?),
                town_line: Some(format!("{postal_code} {town}").parse()?),
                postal_code: Some(postal_code.parse()?),
                ..PostalAddress::default()
            },
        })
    }
}

/// A professional's mailbox.
#[derive(Debug)]
pub(crate) struct Desk {
    /// Place among [`PLACES`].
    pub(crate) place: usize,
    pub(crate) local: &'static str,
    pub(crate) kind: MailboxKind,
    /// RPPS, given name, family name, profession's code, skill's code.
    pub(crate) person: Option<[&'static str; 5]>,
    /// What the mailbox serves.
    pub(crate) service: Option<&'static str>,
}

/// The professionals' mailboxes.
pub(crate) const DESKS: [Desk; 5] = [
    Desk {
        place: 1,
        local: "marie.martin",
        kind: MailboxKind::Personal,
        person: Some(["10997000012", "Marie", "MARTIN", "10", "SM54"]),
        service: None,
    },
    Desk {
        place: 0,
        local: "paul.bernard",
        kind: MailboxKind::Personal,
        person: Some(["10997000020", "Paul", "BERNARD", "10", "SM04"]),
        service: None,
    },
    Desk {
        place: 1,
        local: "secretariat",
        kind: MailboxKind::Practice,
        person: None,
        service: Some("Secrétariat"),
    },
    Desk {
        place: 0,
        local: "cardiologie",
        kind: MailboxKind::Organisational,
        person: None,
        service: Some("Cardiologie"),
    },
    Desk {
        place: 0,
        local: "letters",
        kind: MailboxKind::Application,
        person: None,
        service: Some("Lettres de sortie"),
    },
];

impl Desk {
    pub(crate) fn address(&self) -> String {
        let domain = PLACES.get(self.place).map_or("", |place| place.domain);
        format!("{}@{domain}", self.local)
    }

    /// As the directory publishes it.
    pub(crate) fn mailbox(&self, citizens: &CitizenDomains) -> Outcome<Mailbox> {
        let place = PLACES.get(self.place).ok_or("no such operator")?;
        let professional = self.person.map(professional).transpose()?;
        let details = MailboxDetails {
            service: self.service.map(str::parse).transpose()?,
            ..MailboxDetails::default()
        };
        let holder = Holder { professional, organisation: Some(place.organisation()?) };
        Ok(Mailbox::new(self.address().parse()?, self.kind, holder, details, citizens)?)
    }
}

fn professional([rpps, given, family, profession, skill]: [&str; 5]) -> Outcome<Professional> {
    let mut one = Professional::named(Some(given.parse()?), family.parse()?);
    one.id = Some(format!("8{rpps}").parse()?);
    one.title = Some("DR".parse()?);
    one.profession = Some(directory::Profession::of_code(profession.parse()?));
    one.skills = vec![directory::Skill::of_code(skill.parse()?)];
    Ok(one)
}

/// How far a citizen has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Active,
    /// A child, whose space its parent opens: the parent's number.
    ChildOf(&'static str),
    NotActivated,
    Objected,
}

/// A citizen.
pub(crate) struct Citizen {
    pub(crate) ins: &'static str,
    pub(crate) birth_name: &'static str,
    pub(crate) given_names: &'static str,
    pub(crate) first_given_name: &'static str,
    pub(crate) birth_date: &'static str,
    pub(crate) sex: Sex,
    pub(crate) birth_place: &'static str,
    pub(crate) email: &'static str,
    pub(crate) standing: Standing,
}

/// The citizens; the first is the national test person.
pub(crate) const CITIZENS_TABLE: [Citizen; 5] = [
    Citizen {
        ins: "279035121518989",
        birth_name: "PAT-TROIS",
        given_names: "DOMINIQUE MARIE-LOUISE",
        first_given_name: "DOMINIQUE",
        birth_date: "1979-03-28",
        sex: Sex::Female,
        birth_place: "51215",
        email: "dominique@courriel.example",
        standing: Standing::Active,
    },
    Citizen {
        ins: "151067505612324",
        birth_name: "CARPENTIER",
        given_names: "HENRI",
        first_given_name: "HENRI",
        birth_date: "1951-06-14",
        sex: Sex::Male,
        birth_place: "75056",
        email: "henri@courriel.example",
        standing: Standing::Active,
    },
    Citizen {
        ins: "216095145404529",
        birth_name: "PAT-TROIS",
        given_names: "LOUIS",
        first_given_name: "LOUIS",
        birth_date: "2016-09-03",
        sex: Sex::Male,
        birth_place: "51454",
        email: "dominique@courriel.example",
        standing: Standing::ChildOf("279035121518989"),
    },
    Citizen {
        ins: "188016938121096",
        birth_name: "LAURENT",
        given_names: "KARIM",
        first_given_name: "KARIM",
        birth_date: "1988-01-20",
        sex: Sex::Male,
        birth_place: "69381",
        email: "karim@courriel.example",
        standing: Standing::NotActivated,
    },
    Citizen {
        ins: "260113306308788",
        birth_name: "DUBOIS",
        given_names: "ANNE",
        first_given_name: "ANNE",
        birth_date: "1960-11-02",
        sex: Sex::Female,
        birth_place: "33063",
        email: "anne@courriel.example",
        standing: Standing::Objected,
    },
];

impl Citizen {
    pub(crate) fn address(&self) -> String {
        format!("{}@{CITIZENS}", self.ins)
    }

    pub(crate) fn identity(&self) -> Outcome<(InsReading, IdentityTraits)> {
        let ins = InsReading::read(self.ins, INS_OID, Mode::Test)?;
        let traits = IdentityTraits::new(
            self.birth_name.parse()?,
            self.given_names.parse()?,
            self.first_given_name.parse()?,
            self.birth_date.parse()?,
            self.sex,
            self.birth_place.parse()?,
        )?;
        Ok((ins, traits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everybody_passes_the_gates_with_right_keys() {
        let citizens = [CITIZENS.parse().unwrap()].into_iter().collect();
        for desk in &DESKS {
            desk.mailbox(&citizens).unwrap();
        }
        for place in &PLACES {
            place.subject().unwrap();
        }
        for citizen in &CITIZENS_TABLE {
            let (ins, _) = citizen.identity().unwrap();
            assert!(ins.checked().is_some(), "{}", citizen.birth_name);
        }
    }
}
