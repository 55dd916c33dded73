//! What the store records of a message, read while the message streams by.
//!
//! [`Scanner`] sees the raw message once, in pieces, and yields its [`Digest`]: enough for every
//! listing of IMAP and of the web, for threads, and for finding any section of the message as a
//! range of octets. So a listing never opens a body.
//!
//! | file | holds |
//! | --- | --- |
//! | [`scan`] | the scanner: lines, header sections, boundaries, the stack of open parts |
//! | [`structure`] | the tree of parts, section numbers, attachments and their names |
//! | [`envelope`], [`address`] | ENVELOPE and threads |
//! | [`header`] | a header section as fields |
//! | `mime`, [`param`] | Content-* fields, parameters and their RFC 2231 sections |
//! | [`raw`], [`text`] | a value as it stands, and for people |
//! | [`mod@fold`] | how texts are compared |
//! | [`preview`] | the first words |
//! | [`limits`] | every bound, with its reason |
//!
//! Invariants
//! - No message fails. What cannot be read degrades to a leaf or an absent value; the digest can
//!   always be sent by IMAP.
//! - Bounded: with the default [`Limits`] a scanner and its digest together stay below
//!   [`MAX_DIGEST_MEMORY`], and a digest's stored form below [`MAX_DIGEST_STORED`], whatever the
//!   message.
//! - `Debug` of everything here shows sizes and counts, never content: subjects and names are
//!   health data.
//! - Line ends are CRLF or LF. A lone CR is a byte like others.

pub mod address;
pub mod envelope;
pub mod fold;
pub mod header;
pub mod limits;
mod mime;
pub mod param;
pub mod preview;
pub mod raw;
pub mod scan;
pub mod structure;
pub mod text;

#[cfg(test)]
mod tests;

pub use address::Address;
pub use envelope::Envelope;
pub use fold::fold;
pub use header::{Field, HeaderFields, header_fields};
pub use limits::Limits;
pub use param::{Disposition, Param};
pub use raw::Raw;
pub use scan::Scanner;
pub use structure::{Encoding, Part, PartKind};
pub use text::decode;

use serde::{Deserialize, Serialize};
use std::fmt;

/// Bytes of memory that a scanner and its digest never pass, with the default limits.
pub const MAX_DIGEST_MEMORY: usize = 8 * 1024 * 1024;

/// Bytes of a digest as it is stored (postcard), with the default limits.
pub const MAX_DIGEST_STORED: usize = 2 * 1024 * 1024;

/// What is recorded of a message.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Digest {
    /// Octets of the message.
    pub size: u64,
    /// Its envelope.
    pub envelope: Envelope,
    /// Its tree of parts.
    pub structure: Part,
    /// Its header section as it stands, with the empty line; if it was cut, whole fields up to
    /// [`limits::MAX_HEADER_BYTES`] and no empty line.
    pub header: Vec<u8>,
    /// The header section was longer than is kept.
    pub header_cut: bool,
    /// Its first words: at most [`preview::PREVIEW_CHARS`] characters, on one line.
    // RFC 8970 §3
    pub preview: String,
}

impl Digest {
    /// The fields of the kept header section with this name (case does not count), in order.
    pub fn fields(&self, name: &str) -> impl Iterator<Item = Field<'_>> {
        header_fields(&self.header).filter(move |field| field.is(name))
    }

    /// The unfolded value of the first field with this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<Raw> {
        self.fields(name).next().map(|field| field.unfolded())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Digest")
            .field("size", &self.size)
            .field("structure", &self.structure)
            .field("header", &self.header.len())
            .field("header_cut", &self.header_cut)
            .field("preview", &self.preview.len())
            .finish_non_exhaustive()
    }
}

/// Scans a message that is at hand as a whole.
#[must_use]
pub fn digest_of(message: impl AsRef<[u8]>) -> Digest {
    let mut scanner = Scanner::new(Limits::default());
    scanner.push(message.as_ref());
    scanner.finish()
}
