//! IHE XDM archives (`IHE_XDM.ZIP`): documents with their metadata, as a message carries them.
//!
//! Read in every layout that is met, written in one. An archive is hostile until proven otherwise:
//! it is read entry by entry from memory, under our own caps, and never extracted to a disk. What
//! makes it dangerous or incoherent refuses the whole archive, with the reason.

mod read;
mod write;

pub use write::{Application, Package, Sender};

use crate::xds::{DocumentEntry, Metadata, XdsError};
use std::fmt;

/// The name that mail gives the archive; case does not count.
pub const ARCHIVE_NAME: &str = "IHE_XDM.ZIP";

/// What an archive may take. MSSanté carries 25 MB a message; XML packs about ten to one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries of the archive.
    pub entries: usize,
    /// Expanded octets of one file.
    pub each: u64,
    /// Expanded octets together.
    pub total: u64,
    /// Documents together.
    pub documents: usize,
    /// Expanded octets for each packed one, of a file above [`Limits::RATIO_FROM`].
    pub ratio: u64,
}

impl Limits {
    /// Small files may pack well without being a bomb, octets.
    pub const RATIO_FROM: u64 = 1024 * 1024;
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            entries: 1_000,
            each: 40 * 1024 * 1024,
            total: 100 * 1024 * 1024,
            documents: 1_000,
            ratio: 200,
        }
    }
}

/// Why an archive is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum XdmError {
    /// No zip, cut off, or damaged.
    #[error("the archive is no zip, is cut off or damaged")]
    Damaged,
    /// A file is packed in a way that is not read.
    #[error("a file is packed in a way that is not read")]
    Compression,
    /// An entry is encrypted.
    #[error("an entry is encrypted")]
    Encrypted,
    /// A path is absolute or leads out of the archive.
    #[error("a path leads out of the archive")]
    Path,
    /// Two entries have one name.
    #[error("two entries have one name")]
    DuplicateName,
    /// An entry is a symbolic link.
    #[error("an entry is a symbolic link")]
    Link,
    /// A document is an archive itself.
    #[error("a document is an archive itself")]
    NestedArchive,
    /// Too many entries.
    #[error("the archive has too many entries")]
    TooManyEntries,
    /// The metadata describe too many documents.
    #[error("the metadata describe too many documents")]
    TooManyDocuments,
    /// It expands beyond the limits.
    #[error("the archive expands beyond the limits")]
    TooLarge,
    /// Nothing under `IHE_XDM` is called `METADATA.XML`.
    #[error("the archive has no metadata")]
    NoMetadata,
    /// The metadata cannot be read.
    #[error("the metadata cannot be read")]
    Metadata(#[source] XdsError),
    /// The metadata describe a document without saying where it lies.
    #[error("a document has no URI")]
    NoUri,
    /// The metadata name a file that the archive lacks.
    #[error("the metadata name a missing file")]
    MissingFile,
    /// An archive cannot be written of this.
    #[error("the archive cannot be written")]
    Write,
}

/// A document of an archive.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Its description.
    pub entry: DocumentEntry,
    /// Its path in the archive.
    pub path: String,
    /// Its octets.
    pub octets: Vec<u8>,
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Document({} octets, …)", self.octets.len())
    }
}

/// A submission set: one folder under `IHE_XDM`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subset {
    /// Its metadata, as read.
    pub metadata: Metadata,
    /// Its documents, in the order of the metadata.
    pub documents: Vec<Document>,
}

/// An archive that was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Archive {
    /// Its submission sets, in the order of their paths.
    pub subsets: Vec<Subset>,
}

impl Archive {
    /// Reads an archive.
    // MSS #57, MSS #58
    pub fn read(octets: &[u8], limits: &Limits) -> Result<Self, XdmError> {
        Self::read_within(octets, &mut { *limits })
    }

    /// Reads an archive, and takes what it expanded to off the limits, whether it is refused or not:
    /// so several archives share one total.
    pub fn read_within(octets: &[u8], limits: &mut Limits) -> Result<Self, XdmError> {
        read::read(octets, limits)
    }

    /// Writes an archive of one submission set.
    // MSS #56
    pub fn write(package: &Package) -> Result<Vec<u8>, XdmError> {
        write::write(package)
    }

    /// Every document with its set's metadata.
    pub fn documents(&self) -> impl Iterator<Item = (&Metadata, &Document)> {
        self.subsets
            .iter()
            .flat_map(|subset| subset.documents.iter().map(move |it| (&subset.metadata, it)))
    }
}

/// Whether an attachment's name says that it is an XDM archive.
#[must_use]
pub fn is_archive_name(name: &str) -> bool {
    name.eq_ignore_ascii_case(ARCHIVE_NAME)
}

#[cfg(test)]
mod tests;
