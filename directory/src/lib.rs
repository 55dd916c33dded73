//! The directory: the published view of the whole trust domain, never of its citizens.
//!
//! | question | where |
//! | --- | --- |
//! | what is published? | [`Professional`], [`Organisation`], [`Mailbox`], [`CertificateBinding`] |
//! | how do I look something up? | [`Directory::snapshot`], then the methods of [`Snapshot`] |
//! | how do entries come in? | [`Directory::publish`], [`Directory::import_exchange`], [`Directory::import_extraction`] |
//! | whose entry counts? | [`source`] |
//! | what do people see? | [`Label`] |
//! | what do the files look like? | [`extraction`] (the national one), [`exchange`] (ours), [`files`] (the folder) |
//!
//! Invariants: no citizen's address gets in; a mailbox's address and kind never change; a red-listed mailbox comes
//! out of no search; nothing that decides the acceptance of a local recipient is read here. Values pass one gate and
//! are valid from there on; `Debug` prints nothing of persons.

mod certificate;
mod concept;
mod directory;
pub mod exchange;
pub mod extraction;
mod fault;
pub mod files;
mod fold;
#[cfg(test)]
mod generated;
mod label;
mod lines;
mod mailbox;
mod organisation;
mod postal_address;
mod profession;
mod professional;
mod search;
mod skill;
mod snapshot;
pub mod source;
mod table;
mod text;
mod title;

pub use certificate::{
    BoundTo, CertificateBinding, CertificateError, Fingerprint, MAX_SERIAL, SerialNumber,
};
pub use concept::{Code, CodeError, Concept, MAX_CODE, NoConcept};
pub use directory::{Directory, Opened, ReplaceError};
pub use fault::{FaultReason, Faults, ImportError, ImportReport, KEPT_FAULTS, Limits, LineFault};
pub use files::Damage;
pub use label::Label;
pub use mailbox::{EMAIL_TYPE, Holder, Mailbox, MailboxChange, MailboxDetails, MailboxError};
pub use organisation::Organisation;
pub use postal_address::PostalAddress;
pub use profession::{PROFESSION_SYSTEM, Profession};
pub use professional::{MAX_SKILLS_AND_PLACES, Professional};
pub use search::{
    AddressMatch, Found, MAX_OFFSET, MAX_PAGE, MAX_QUERY_TEXT, MAX_QUERY_WORDS, MIN_ADDRESS_PART,
    Page, Query, QueryError,
};
pub use skill::Skill;
pub use snapshot::{MAX_OF_ONE_HOLDER, Snapshot};
pub use source::{DomainOwners, Source};
pub use table::{SourceTable, TableFull};
pub use text::{MAX_TEXT, Text, TextError};
pub use title::Title;
