//! What goes wrong in a file: with one line, which costs that line only, or with the whole.
//!
//! Invariants: a fault has its line's number and a reason, never any of its content; at most [`KEPT_FAULTS`] are
//! kept, all are counted. Failure of the whole: [`ImportError`]; nothing of the file counts then.

use std::io;

use crate::mailbox::MailboxError;

/// Most faults that are kept with their line.
pub const KEPT_FAULTS: usize = 1000;

/// How much is read of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Octets of one line; a longer one is a fault.
    pub line: usize,
    /// Octets of the file.
    pub file: u64,
    /// Lines of the file.
    pub lines: u64,
}

impl Default for Limits {
    /// A line of 256 KiB (64 practice places), 2 GiB, 4 million lines: the extraction had 89 MB and 535,928 lines
    /// in August 2026.
    fn default() -> Self {
        Self { line: 256 << 10, file: 2 << 30, lines: 4_000_000 }
    }
}

/// One line that does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LineFault {
    /// Number of the line, from 1.
    pub line: u64,
    /// Why.
    pub reason: FaultReason,
}

/// Why a line does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, thiserror::Error)]
pub enum FaultReason {
    /// Longer than [`Limits::line`].
    #[error("the line is too long")]
    TooLong,
    /// Not UTF-8.
    #[error("the line is not UTF-8")]
    NotUtf8,
    /// More or fewer fields than the header.
    #[error("the line has more or fewer fields than the header")]
    Fields,
    /// No address.
    #[error("the line has no address")]
    NoAddress,
    /// An address that is none.
    #[error("the address is not a mail address")]
    Address,
    /// A kind that is none of the four.
    #[error("the kind of mailbox is none of PER, ORG, APP and CAB")]
    Kind,
    /// A name that is none.
    #[error("a name is not a person's name")]
    Name,
    /// An identifier that is none.
    #[error("an identifier has not the shape of one")]
    Identifier,
    /// A text with invisible characters, or too long.
    #[error("a text is too long or has a character that nobody can see")]
    Text,
    /// A code that is none.
    #[error("a code of a nomenclature is not one")]
    Code,
    /// A line of the exchange format that is not the JSON of a record.
    #[error("the line is not a record of the exchange format")]
    NotARecord,
    /// Not the directory's to publish.
    #[error("a citizen's mailbox is never in the directory")]
    Citizen,
    /// No holder of the sort that the kind asks for.
    #[error("the mailbox has no holder of the sort that its kind asks for")]
    NoHolder,
    /// Too many skills or places.
    #[error("the professional has too many skills or places")]
    TooMany,
    /// A second record of an address.
    #[error("the address stands there already, with another holder")]
    OtherHolder,
    /// The address had another kind, here or in this source's last publication.
    #[error("the kind of a mailbox does not change; the earlier record stays")]
    KindChanged,
}

impl From<MailboxError> for FaultReason {
    fn from(error: MailboxError) -> Self {
        match error {
            MailboxError::CitizenKind | MailboxError::CitizenDomain => Self::Citizen,
            MailboxError::NoHolder => Self::NoHolder,
            MailboxError::TooMany => Self::TooMany,
            MailboxError::OtherHolder | MailboxError::AddressIsImmutable => Self::OtherHolder,
            MailboxError::KindIsImmutable => Self::KindChanged,
        }
    }
}

/// The faults of one file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    kept: Vec<LineFault>,
    count: u64,
}

impl Faults {
    /// The first [`KEPT_FAULTS`].
    pub fn kept(&self) -> &[LineFault] {
        &self.kept
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.count
    }

    pub(crate) fn add(&mut self, line: u64, reason: FaultReason) {
        self.count += 1;
        if self.kept.len() < KEPT_FAULTS {
            self.kept.push(LineFault { line, reason });
        }
    }
}

/// What an import found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportReport {
    /// Mailboxes that are in force now, as far as their source has a say.
    pub mailboxes: usize,
    /// Certificates.
    pub certificates: usize,
    /// Lines that did not count.
    pub faults: Faults,
    /// Columns that we do not know, by name; their values are passed over.
    pub unknown_columns: Vec<String>,
}

/// Why a file does not count at all; what was in force stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file could not be read.
    #[error("the file cannot be read")]
    Read(#[source] io::Error),
    /// More than [`Limits::file`] octets or [`Limits::lines`] lines, or more than a table holds.
    #[error("the file is larger than an import may be")]
    TooLarge,
    /// No header line, or none that is UTF-8.
    #[error("the file has no header line")]
    NoHeader,
    /// The header lacks the column of addresses.
    #[error("the header has no column 'Adresse BAL'")]
    NoAddressColumn,
    /// The header names a column twice.
    #[error("the header names a column twice")]
    RepeatedColumn,
    /// The first line is not the exchange format's, or of a version that we do not know.
    #[error("the file is not of the exchange format, version 1")]
    Version,
    /// The file speaks of another source than the one it was given for.
    #[error("the file is of another source")]
    OtherSource,
    /// The exchange format's last line is missing or counts other records: the file was cut.
    #[error("the file is cut: its last line is missing or counts other records")]
    Cut,
    /// The checksum is another.
    #[error("the file's checksum is wrong")]
    Checksum,
}
