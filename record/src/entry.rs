//! What the record holds: entries (one version of a document each) and series (a document with its
//! versions and people's decisions).
//!
//! An entry is found by its document's uniqueId; a series is the document's `setId`, else its
//! uniqueId, else an id given at filing by hand. Everything here is a stored format (postcard): add
//! at the end only. `Debug` prints nothing of a document.

use clinical::value_sets::{Confidentiality, Kind, document_type};
use domain::Lang;
use mailstore::{BodyId, MessageId};
use serde::{Deserialize, Serialize};
use std::fmt;

mailstore::ids! {
    /// An entry of the record: one version of a document.
    EntryId,
    /// A document: the series of its versions.
    SeriesId,
}

/// Who made a document.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Author {
    /// The author's name as people read it.
    pub name: Option<String>,
    /// What the author is: profession and speciality.
    pub profession: Option<String>,
    /// The organisation the author works for.
    pub organisation: Option<String>,
    /// The author's national identifier.
    pub person_id: Option<String>,
    /// The organisation's national identifier.
    pub organisation_id: Option<String>,
}

impl fmt::Debug for Author {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Author(…)")
    }
}

/// A document's type.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TypeCode {
    /// The code.
    pub code: String,
    /// The code system's OID.
    pub system: Option<String>,
    /// The label that the document gives.
    pub stated: Option<String>,
}

impl fmt::Debug for TypeCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TypeCode(…)")
    }
}

impl TypeCode {
    /// What people read: our words for a known code, else the document's own.
    #[must_use]
    pub fn label(&self, lang: Lang) -> String {
        let stated = self.stated.as_deref();
        clinical::value_sets::type_label(&self.code, self.system.as_deref(), stated, lang)
    }

    /// The kind under which it is found.
    #[must_use]
    pub fn kind(&self) -> Kind {
        document_type(&self.code, self.system.as_deref()).map_or(Kind::Other, |known| known.kind)
    }
}

/// How a document came into the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum FiledBy {
    /// The documents service, from a message's XDM archive.
    Service,
    /// The citizen, by hand.
    Citizen,
}

/// Where an entry stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum EntryState {
    /// In the record.
    Filed,
    /// Taken back by the citizen, since this instant (seconds since 1970); can be undone.
    TakenBack {
        /// Since when.
        at: i64,
    },
    /// A newer version took its place.
    Replaced {
        /// The newer version.
        by: EntryId,
    },
}

/// One version of a document in the record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Its id.
    pub id: EntryId,
    /// The document it is a version of.
    pub series: SeriesId,
    /// The document's uniqueId, `root` or `root^extension`; of one filed by hand, none.
    pub unique_id: Option<String>,
    /// The id that all versions share, as the document gives it.
    pub set_id: Option<String>,
    /// The version's number as the document gives it.
    pub version: Option<u64>,
    /// Its kind.
    pub kind: Kind,
    /// Its type; of one filed by hand, none.
    pub type_code: Option<TypeCode>,
    /// Its title.
    pub title: String,
    /// Who made it; of one filed by hand, nobody.
    pub author: Option<Author>,
    /// The document's own date, by which people look for it: seconds since 1970.
    pub date: i64,
    /// When the act began that it documents, if it says so.
    pub act: Option<i64>,
    /// How confidential it is: everything its metadata and its header say.
    pub confidentiality: Vec<Confidentiality>,
    /// Its media type.
    pub mime: String,
    /// SHA-256 of its octets.
    pub hash: [u8; 32],
    /// Its octets' number.
    pub size: u64,
    /// Its octets: held by the record, so that they outlive the message.
    pub body: BodyId,
    /// The message it came with.
    pub message: MessageId,
    /// When it was filed, seconds since 1970.
    pub filed_at: i64,
    /// How it came in.
    pub filed_by: FiledBy,
    /// Where it stands.
    pub state: EntryState,
    /// It says that it replaces a document that the record does not hold.
    pub predecessor_unknown: bool,
    /// The document it says it replaces, if any.
    pub replaces: Option<String>,
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Entry({}, {:?}, {} octets, …)", self.id, self.state, self.size)
    }
}

impl Entry {
    /// Whether its octets are a CDA document.
    #[must_use]
    pub fn is_cda(&self) -> bool {
        self.filed_by == FiledBy::Service && matches!(&*self.mime, "text/xml" | "application/xml")
    }

    /// Whether the citizen may see it: what is not to be shown before a consultation is not.
    #[must_use]
    pub fn is_visible_to_citizen(&self) -> bool {
        !self.confidentiality.contains(&Confidentiality::InvisibleToPatient)
    }

    /// The file name's ending that fits its media type.
    #[must_use]
    pub fn extension(&self) -> &'static str {
        match &*self.mime {
            "text/xml" | "application/xml" => "xml",
            "application/pdf" => "pdf",
            "image/jpeg" => "jpg",
            "image/png" => "png",
            "image/tiff" => "tif",
            "text/rtf" | "application/rtf" => "rtf",
            "text/plain" => "txt",
            _ => "bin",
        }
    }
}

/// A document: its versions, and what people decided for all of them.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Series {
    /// Its id.
    pub id: SeriesId,
    /// Its versions, in the order of their filing.
    pub entries: Vec<EntryId>,
    /// What people decided.
    pub decisions: Decisions,
}

impl fmt::Debug for Series {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Series({}, {} versions, …)", self.id, self.entries.len())
    }
}

/// What people decided for a document; holds for later versions.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Decisions {
    /// A title of the citizen's own.
    pub title: Option<String>,
    /// A kind of the citizen's own.
    pub kind: Option<Kind>,
    /// Hidden from professionals.
    pub masked: bool,
}

impl fmt::Debug for Decisions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Decisions(masked: {}, …)", self.masked)
    }
}
