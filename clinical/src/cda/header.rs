//! The header of a document, as far as filing, answering and showing need it.
//!
//! Everything may be absent: a document that lacks something is read all the same. `Debug` prints
//! the shape only.

use super::time::Time;
use super::{CdaError, Code, read, xml};
use std::fmt;

/// An instance identifier (II).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// The OID (or UUID).
    pub root: String,
    /// What tells apart under the OID.
    pub extension: Option<String>,
}

impl fmt::Display for Id {
    /// `root`, or `root^extension`: the form of XDS' uniqueId.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.root)?;
        self.extension.as_ref().map_or(Ok(()), |extension| write!(f, "^{extension}"))
    }
}

/// A document's header.
#[derive(Clone, PartialEq, Eq)]
pub struct Header {
    /// The document's id.
    pub id: Option<Id>,
    /// What all its versions share.
    pub set_id: Option<Id>,
    /// Its version.
    pub version: Option<u32>,
    /// Its type.
    pub code: Option<Code>,
    /// Its title.
    pub title: Option<String>,
    /// When it was made.
    pub effective_time: Option<Time>,
    /// Its confidentiality.
    pub confidentiality: Option<Code>,
    /// Its language (`fr-FR`).
    pub language: Option<String>,
    /// The templates that it claims to follow.
    pub template_ids: Vec<Id>,
    /// The patient. With several record targets, the first.
    pub patient: Patient,
    /// How many record targets there are: one is right.
    pub record_targets: usize,
    /// Its authors.
    pub authors: Vec<Participant>,
    /// Who keeps the original.
    pub custodian: Option<Organisation>,
    /// Who answers for it.
    pub legal_authenticator: Option<Participant>,
    /// The documents that it replaces, completes or transforms.
    pub related: Vec<Related>,
    /// What it documents.
    pub events: Vec<Event>,
    /// During which care.
    pub encounter: Option<Encounter>,
    /// What its body is.
    pub body: Body,
}

/// Whose document it is, as written.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Patient {
    /// The identifiers: INS, local numbers.
    pub ids: Vec<Id>,
    /// Birth name (`family qualifier="BR"`).
    pub birth_name: Option<String>,
    /// The list of given names (`given` without qualifier).
    pub given_names: Option<String>,
    /// The first of them (`given qualifier="BR"`).
    pub first_given_name: Option<String>,
    /// The family name in use (`qualifier="CL"`, else without qualifier).
    pub used_name: Option<String>,
    /// The given name in use (`qualifier="CL"`).
    pub used_given_name: Option<String>,
    /// Birth date.
    pub birth_time: Option<Time>,
    /// Code of the sex (`F`, `M`, `U`).
    pub sex: Option<String>,
    /// INSEE code of the birth place (`birthplace/place/addr/county`).
    pub birth_place: Option<String>,
}

/// A person's name for people to read.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// Before the name (`M`, `MME`).
    pub prefix: Option<String>,
    /// Given name.
    pub given: Option<String>,
    /// Family name.
    pub family: Option<String>,
    /// Title (`DR`).
    pub suffix: Option<String>,
}

impl fmt::Display for Person {
    /// Title, given name, family name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let title = self.suffix.as_ref().or(self.prefix.as_ref());
        let parts = [title, self.given.as_ref(), self.family.as_ref()];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        f.write_str(&parts.join(" "))
    }
}

/// Who did something.
#[derive(Clone, PartialEq, Eq)]
pub enum Agent {
    /// A person.
    Person(Person),
    /// A device or program.
    Device {
        /// Its model.
        model: Option<String>,
        /// Its software.
        software: Option<String>,
    },
}

impl fmt::Display for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(person) => person.fmt(f),
            Self::Device { model, software } => {
                f.write_str(software.as_ref().or(model.as_ref()).map_or("", String::as_str))
            }
        }
    }
}

/// An author, a legal authenticator, a performer.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Participant {
    /// When.
    pub time: Option<Time>,
    /// The identifiers (RPPS under `1.2.250.1.71.4.2.1`).
    pub ids: Vec<Id>,
    /// Profession and speciality.
    pub code: Option<Code>,
    /// The role in this document (`PCP`).
    pub function: Option<Code>,
    /// Who.
    pub agent: Option<Agent>,
    /// For which organisation.
    pub organisation: Option<Organisation>,
    /// A legal authenticator's `signatureCode`.
    pub signature: Option<String>,
}

/// An organisation.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Organisation {
    /// The identifiers (`1.2.250.1.71.4.2.2`).
    pub ids: Vec<Id>,
    /// Its name.
    pub name: Option<String>,
    /// Its practice setting (`standardIndustryClassCode`).
    pub setting: Option<Code>,
}

/// Another document that this one stands in relation to.
#[derive(Clone, PartialEq, Eq)]
pub struct Related {
    /// `RPLC`, `APND` or `XFRM`.
    pub kind: String,
    /// The other document's ids.
    pub ids: Vec<Id>,
    /// What its versions share.
    pub set_id: Option<Id>,
    /// Its version.
    pub version: Option<u32>,
}

/// From when to when.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Interval {
    /// Beginning; of a single point in time, that.
    pub low: Option<Time>,
    /// End.
    pub high: Option<Time>,
}

/// What a document documents.
#[derive(Clone, PartialEq, Eq)]
pub struct Event {
    /// The act.
    pub code: Option<Code>,
    /// When.
    pub time: Interval,
    /// By whom.
    pub performers: Vec<Participant>,
}

/// The care during which a document came to be.
#[derive(Clone, PartialEq, Eq)]
pub struct Encounter {
    /// Its identifiers.
    pub ids: Vec<Id>,
    /// What kind of care.
    pub code: Option<Code>,
    /// When.
    pub time: Interval,
    /// What kind of facility (*JDV_J02*).
    pub facility: Option<Code>,
    /// The facility.
    pub place: Option<Organisation>,
}

/// What a body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Body {
    /// Sections with narrative and entries.
    Structured,
    /// One file in base64 (level 1), with its media type as written.
    NonXml(Option<String>),
    /// There is none.
    Absent,
}

impl Header {
    /// Reads the header of a document.
    ///
    /// # Errors
    /// [`CdaError`]: no bounded, well-formed CDA. A header that lacks elements is no error.
    pub fn read(octets: &[u8]) -> Result<Self, CdaError> {
        let text = xml::decode(octets)?;
        let document = xml::parse(&text)?;
        Ok(read::header(document.root_element()))
    }

    /// The id in the form of XDS' uniqueId.
    #[must_use]
    pub fn unique_id(&self) -> Option<String> {
        self.id.as_ref().map(Id::to_string)
    }

    /// The document that this one replaces.
    // MSS #65
    #[must_use]
    pub fn replaces(&self) -> Option<&Related> {
        self.related.iter().find(|related| related.kind == "RPLC")
    }
}

macro_rules! shape_only {
    ($($name:ident),*) => {
        $(impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(…)"))
            }
        })*
    };
}

shape_only!(
    Patient,
    Person,
    Agent,
    Participant,
    Organisation,
    Related,
    Event,
    Encounter,
    Id,
    Interval
);

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Header").field("body", &self.body).finish_non_exhaustive()
    }
}
