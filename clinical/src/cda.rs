//! Health documents in CDA R2: the header that filing needs, the body as octets, the strict rules of
//! the national profile, and a writer of level 1.
//!
//! Invariants: reading is lenient (what a document lacks is absent, and the rules of filing say
//! whether that matters), checking is strict ([`check`]). No DTD, no external entity; octets, nodes
//! and depth are bounded. `Debug` prints nothing of a document's content.
//! Failure: [`CdaError`], which repeats nothing of the document.

pub(crate) mod body;
mod check;
mod envelope;
mod header;
mod identity;
mod read;
mod time;
pub mod write;
pub(crate) mod xml;

pub use crate::xds::Code;
pub use body::{Media, level1_body, media};
pub use check::{Finding, check};
pub use envelope::{codes, confidentiality, ins_is_complete, x_mss_code_cda, x_mss_ins};
pub use header::{
    Agent, Body, Encounter, Event, Header, Id, Interval, Organisation, Participant, Patient,
    Person, Related,
};
pub use identity::{Identity, MissingTraits};
pub use time::{Precision, Time};

/// Octets of a document: more than a message can carry.
pub const MAX_DOCUMENT: usize = 32 * 1024 * 1024;
/// Nodes of a document.
pub const MAX_NODES: u32 = 1_000_000;
/// Elements inside each other.
pub const MAX_DEPTH: usize = 200;
/// Values of one list of the header: authors, ids, events.
pub const MAX_VALUES: usize = 500;
/// Media of one document.
pub const MAX_MEDIA: usize = 200;

/// Why a document is not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CdaError {
    /// More octets than [`MAX_DOCUMENT`], or nodes than [`MAX_NODES`].
    #[error("the document is too large")]
    TooLarge,
    /// More than [`MAX_DEPTH`] elements inside each other.
    #[error("the document is nested too deeply")]
    TooDeep,
    /// A document type definition, which could bring entities from outside.
    #[error("the document has a DTD, which is refused")]
    Dtd,
    /// Declared in an encoding other than UTF-8, UTF-16, ISO-8859-1 and their like.
    #[error("the document is in an encoding that is not read")]
    UnknownEncoding,
    /// The octets are not what the declaration says.
    #[error("the document is not in the encoding that it declares")]
    WrongEncoding,
    /// Not well-formed XML.
    #[error("the document is not well-formed XML")]
    Xml,
    /// XML, but no `ClinicalDocument` of HL7 v3.
    #[error("the document is no CDA")]
    NotCda,
}
