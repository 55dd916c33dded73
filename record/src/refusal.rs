//! Why a document was not filed: one value per reason, each with its national code.

use serde::{Deserialize, Serialize};

/// A reason for not filing. The order of variants is the stored format: add at the end only.
// MSS #70
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// The record holds another document under the same uniqueId.
    #[error("another document is filed under the same uniqueId")]
    SameIdOtherContent,
    /// The record holds this version or a later one.
    #[error("the version is not above the filed one")]
    VersionNotAbove,
    /// It replaces a document of another author and organisation.
    #[error("it replaces a document of another author and organisation")]
    ReplacesAnothers,
    /// The metadata name a patient that is nobody's here.
    #[error("the metadata name an unknown patient")]
    UnknownPatient,
    /// The metadata or the document carry no INS.
    #[error("no INS in the metadata or the document")]
    NoIns,
    /// The metadata name another citizen.
    #[error("the metadata name another citizen")]
    OtherCitizen,
    /// The document names another citizen than the metadata.
    #[error("the document names another citizen")]
    DocumentOfOther,
    /// The document's identity traits are not the citizen's.
    #[error("the identity traits differ")]
    TraitsDiffer,
    /// The INS is malformed or its key is wrong.
    #[error("the INS is malformed or its key is wrong")]
    InsIncomplete,
    /// The INS stands without the five identity traits.
    #[error("the five identity traits are not complete")]
    TraitsIncomplete,
    /// The octets are not those of the metadata's hash.
    #[error("the hash differs")]
    HashDiffers,
    /// There are more or fewer octets than the metadata say.
    #[error("the size differs")]
    SizeDiffers,
    /// The metadata give no hash or no size.
    #[error("the metadata give no hash or no size")]
    NoHash,
    /// The metadata and the document's header contradict each other.
    #[error("the metadata contradict the document")]
    Contradiction,
    /// The document is no CDA that can be read.
    #[error("the document cannot be read")]
    Unreadable,
    /// The archive cannot be opened: truncated, damaged, encrypted, or no zip.
    #[error("the archive cannot be opened")]
    ArchiveDamaged,
    /// The archive is dangerous: paths that lead out, links, nested archives, duplicate names.
    #[error("the archive is dangerous")]
    ArchiveDangerous,
    /// The archive would grow beyond every measure.
    #[error("the archive is too large")]
    ArchiveTooLarge,
    /// The archive has no metadata, or metadata that cannot be read.
    #[error("the archive has no readable metadata")]
    NoMetadata,
    /// The metadata name a file that is not in the archive.
    #[error("the metadata name a missing file")]
    MissingFile,
    /// The attachment cannot be decoded, or is larger than what is opened.
    #[error("an attachment cannot be decoded")]
    AttachmentUndecodable,
}

impl Refusal {
    /// Every reason.
    pub const ALL: [Self; 21] = [
        Self::SameIdOtherContent,
        Self::VersionNotAbove,
        Self::ReplacesAnothers,
        Self::UnknownPatient,
        Self::NoIns,
        Self::OtherCitizen,
        Self::DocumentOfOther,
        Self::TraitsDiffer,
        Self::InsIncomplete,
        Self::TraitsIncomplete,
        Self::HashDiffers,
        Self::SizeDiffers,
        Self::NoHash,
        Self::Contradiction,
        Self::Unreadable,
        Self::ArchiveDamaged,
        Self::ArchiveDangerous,
        Self::ArchiveTooLarge,
        Self::NoMetadata,
        Self::MissingFile,
        Self::AttachmentUndecodable,
    ];

    /// The national code of integration reports.
    #[must_use]
    pub fn code(self) -> u16 {
        match self {
            Self::SameIdOtherContent | Self::VersionNotAbove => 900,
            Self::ReplacesAnothers => 901,
            Self::UnknownPatient => 902,
            Self::NoIns => 903,
            Self::OtherCitizen | Self::DocumentOfOther | Self::TraitsDiffer => 904,
            Self::InsIncomplete | Self::TraitsIncomplete => 905,
            _ => 906,
        }
    }
}
