//! XDS metadata as `METADATA.XML` has them: the submission set, its documents, and what replaces
//! what (ebRIM 3.0).
//!
//! Reading is lenient about namespaces, prefixes, order and place, strict about size: no DTD, a
//! bounded number of nodes and octets. What is absent stays absent; whether that matters the rules
//! of filing say. Writing gives what reading understands. `Debug` prints nothing of a patient.

mod read;
mod values;
mod write;

pub use values::{Cx, Organisation, Person, instant};

use std::fmt;

/// Octets of a metadata file.
pub const MAX_METADATA: usize = 2 * 1024 * 1024;
/// Nodes of a metadata file.
pub const MAX_NODES: u32 = 200_000;
/// Documents of one submission set.
pub const MAX_DOCUMENTS: usize = 200;
/// Values of one list: authors, codes, associations.
pub const MAX_VALUES: usize = 1_000;

/// The scheme UUIDs that tell ebRIM's classifications and identifiers apart.
// MSS #61
pub mod scheme {
    /// Submission set: what makes a registry package one.
    pub const SUBMISSION_SET: &str = "a54d6aa5-d40d-43f9-88c5-b4633d873bdd";
    /// Submission set: author.
    pub const SET_AUTHOR: &str = "a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d";
    /// Submission set: contentTypeCode.
    pub const CONTENT_TYPE: &str = "aa543740-bdda-424e-8c96-df4873be8500";
    /// Submission set: patientId.
    pub const SET_PATIENT_ID: &str = "6b5aea1a-874d-4603-a4bc-96a0a7b38446";
    /// Submission set: sourceId.
    pub const SET_SOURCE_ID: &str = "554ac39e-e3fe-47fe-b233-965d2a147832";
    /// Submission set: uniqueId.
    pub const SET_UNIQUE_ID: &str = "96fdda7c-d067-4183-912e-bf5ee74998a8";
    /// Document entry: objectType of a stable document.
    pub const DOCUMENT_ENTRY: &str = "7edca82f-054d-47f2-a032-9b2a5b5186c1";
    /// Document entry: author.
    pub const AUTHOR: &str = "93606bcf-9494-43ec-9b4e-a7748d1a838d";
    /// Document entry: classCode.
    pub const CLASS_CODE: &str = "41a5887f-8865-4c09-adf7-e362475b143a";
    /// Document entry: typeCode.
    pub const TYPE_CODE: &str = "f0306f51-975f-434e-a61c-c59651d33983";
    /// Document entry: confidentialityCode.
    pub const CONFIDENTIALITY: &str = "f4f85eac-e6cb-4883-b524-f2705394840f";
    /// Document entry: eventCodeList.
    pub const EVENT_CODE: &str = "2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4";
    /// Document entry: formatCode.
    pub const FORMAT_CODE: &str = "a09d5840-386c-46f2-b5ad-9c3699a4309d";
    /// Document entry: healthcareFacilityTypeCode.
    pub const FACILITY_TYPE: &str = "f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1";
    /// Document entry: practiceSettingCode.
    pub const PRACTICE_SETTING: &str = "cccf5598-8b07-4b77-a05e-ae952c785ead";
    /// Document entry: patientId.
    pub const PATIENT_ID: &str = "58a6f841-87b3-4a3e-92fd-a8ffeff98427";
    /// Document entry: uniqueId.
    pub const UNIQUE_ID: &str = "2e82c1f6-a085-4c72-9da3-8640a32e42ab";
}

/// Why metadata are not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XdsError {
    /// More octets, nodes or values than allowed.
    #[error("the metadata are too large")]
    TooLarge,
    /// Not in an encoding that is read (UTF-8, ISO-8859-1).
    #[error("the metadata are not in UTF-8")]
    Encoding,
    /// No XML, or XML with a DTD.
    #[error("the metadata are no XML that is read")]
    Xml,
    /// No document is described.
    #[error("the metadata describe no document")]
    NoDocument,
}

/// A code with its system and label.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Code {
    /// The code.
    pub code: String,
    /// The code system's OID.
    pub system: Option<String>,
    /// Its label.
    pub label: Option<String>,
}

impl Code {
    /// A code.
    #[must_use]
    pub fn new(code: &str, system: &str, label: &str) -> Self {
        Self { code: code.into(), system: Some(system.into()), label: Some(label.into()) }
    }
}

/// An author.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Author {
    /// The person, or device.
    pub person: Option<Person>,
    /// Where the author works.
    pub institution: Option<Organisation>,
    /// The author's role towards the patient.
    pub role: Option<String>,
    /// The author's profession and speciality: a code, or `code^label^OID`.
    pub specialty: Option<String>,
}

/// The submission set.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct SubmissionSet {
    /// Its id in the file.
    pub id: String,
    /// uniqueId.
    pub unique_id: Option<String>,
    /// sourceId: the application that made it.
    pub source_id: Option<String>,
    /// patientId.
    pub patient: Option<Cx>,
    /// contentTypeCode.
    pub content_type: Option<Code>,
    /// submissionTime as written.
    pub submission_time: Option<String>,
    /// Its title.
    pub title: Option<String>,
    /// Its description.
    pub description: Option<String>,
    /// Its author.
    pub author: Option<Author>,
}

/// A document's description.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct DocumentEntry {
    /// Its id in the file, or registry.
    pub id: String,
    /// mimeType.
    pub mime: String,
    /// uniqueId.
    pub unique_id: Option<String>,
    /// patientId.
    pub patient: Option<Cx>,
    /// URI: where the document lies, relative to the metadata.
    pub uri: Option<String>,
    /// hash: SHA-1, hexadecimal.
    pub hash: Option<String>,
    /// size, octets.
    pub size: Option<u64>,
    /// creationTime as written.
    pub creation_time: Option<String>,
    /// serviceStartTime as written.
    pub service_start: Option<String>,
    /// serviceStopTime as written.
    pub service_stop: Option<String>,
    /// languageCode.
    pub language: Option<String>,
    /// legalAuthenticator.
    pub legal_authenticator: Option<Person>,
    /// sourcePatientId.
    pub source_patient: Option<Cx>,
    /// Its title.
    pub title: Option<String>,
    /// Its authors.
    pub authors: Vec<Author>,
    /// classCode.
    pub class_code: Option<Code>,
    /// typeCode.
    pub type_code: Option<Code>,
    /// confidentialityCode, one or more.
    pub confidentiality: Vec<Code>,
    /// eventCodeList.
    pub event_codes: Vec<Code>,
    /// formatCode.
    pub format_code: Option<Code>,
    /// healthcareFacilityTypeCode.
    pub facility_type: Option<Code>,
    /// practiceSettingCode.
    pub practice_setting: Option<Code>,
}

impl DocumentEntry {
    /// The hash's octets, if it is a SHA-1.
    #[must_use]
    pub fn sha1(&self) -> Option<[u8; 20]> {
        let hash = self.hash.as_ref()?.trim();
        if hash.len() != 40 || !hash.is_ascii() {
            return None;
        }
        let mut octets = [0; 20];
        for (octet, pair) in octets.iter_mut().zip(hash.as_bytes().chunks_exact(2)) {
            *octet = u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok()?;
        }
        Some(octets)
    }
}

/// What an association says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AssociationKind {
    /// The set holds the document.
    HasMember,
    /// The source replaces the target.
    Replace,
    /// Anything else (addendum, transformation …), by its name.
    Other(String),
}

/// An association between two objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Association {
    /// What it says.
    pub kind: AssociationKind,
    /// sourceObject.
    pub source: String,
    /// targetObject.
    pub target: String,
}

/// A metadata file.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Metadata {
    /// The submission set.
    pub set: SubmissionSet,
    /// The documents.
    pub documents: Vec<DocumentEntry>,
    /// The associations.
    pub associations: Vec<Association>,
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Metadata({} documents, …)", self.documents.len())
    }
}

impl fmt::Debug for DocumentEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DocumentEntry(…)")
    }
}

impl Metadata {
    /// Reads a metadata file.
    pub fn read(octets: &[u8]) -> Result<Self, XdsError> {
        read::read(octets)
    }

    /// Writes a metadata file.
    #[must_use]
    pub fn write(&self) -> String {
        write::write(self)
    }

    /// The ids of what a document replaces by association.
    pub fn replaced_by<'a>(&'a self, document: &'a DocumentEntry) -> impl Iterator<Item = &'a str> {
        self.associations
            .iter()
            .filter(|a| a.kind == AssociationKind::Replace && a.source == document.id)
            .map(|a| a.target.as_str())
    }
}

#[cfg(test)]
mod tests;
