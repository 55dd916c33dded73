//! Filing by hand: an attachment that the citizen adds to the record.
//!
//! Allowed are the types of the national space, by the file name's ending *and* the content, up to
//! 5 MB. Two steps, since a transaction does no I/O: [`prepare`] reads and checks, [`file_by_hand`] files.

use crate::entry::{Entry, EntryId, EntryState, FiledBy};
use crate::fate::{AttachmentFate, Fate, put_fates};
use crate::filing::{Document, file};
use crate::part::{self, PartError};
use crate::{list, tables};
use aws_lc_rs::digest;
use clinical::value_sets::{Confidentiality, Kind};
use domain::Bilingual;
use jiff::Timestamp;
use mailstore::body::Body;
use mailstore::message::Part;
use mailstore::{MessageId, Store, StoreError, Transaction, View};
use std::sync::Arc;

/// Octets of an attachment filed by hand.
// MSS #79
pub const MAX_BY_HAND: u64 = 5 * 1024 * 1024;

/// What may be filed by hand.
// MSS #79
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileType {
    /// `.jpg`, `.jpeg`
    Jpeg,
    /// `.png`
    Png,
    /// `.pdf`
    Pdf,
    /// `.rtf`
    Rtf,
    /// `.tif`, `.tiff`
    Tiff,
    /// `.txt`
    Text,
}

impl FileType {
    /// The type of a file name's ending.
    #[must_use]
    pub fn of_name(name: &str) -> Option<Self> {
        let (_, ending) = name.rsplit_once('.')?;
        Some(match &*ending.to_ascii_lowercase() {
            "jpg" | "jpeg" => Self::Jpeg,
            "png" => Self::Png,
            "pdf" => Self::Pdf,
            "rtf" => Self::Rtf,
            "tif" | "tiff" => Self::Tiff,
            "txt" => Self::Text,
            _ => return None,
        })
    }

    /// Its media type.
    #[must_use]
    pub fn mime(self) -> &'static str {
        match self {
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
            Self::Pdf => "application/pdf",
            Self::Rtf => "text/rtf",
            Self::Tiff => "image/tiff",
            Self::Text => "text/plain",
        }
    }

    /// Whether octets begin as this type's do; of a text, whether they are one.
    #[must_use]
    pub fn fits(self, octets: &[u8]) -> bool {
        match self {
            Self::Jpeg => octets.starts_with(b"\xff\xd8\xff"),
            Self::Png => octets.starts_with(b"\x89PNG\r\n\x1a\n"),
            // The header may stand behind other octets.
            Self::Pdf => octets.get(..1024).unwrap_or(octets).windows(5).any(|at| at == b"%PDF-"),
            Self::Rtf => octets.starts_with(b"{\\rtf"),
            Self::Tiff => octets.starts_with(b"II*\0") || octets.starts_with(b"MM\0*"),
            Self::Text => {
                octets.iter().all(|o| *o >= 0x20 || matches!(o, b'\t' | b'\n' | 0x0c | b'\r'))
            }
        }
    }
}

/// Why an attachment is not filed by hand.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ByHandError {
    /// The file's type is not one of the allowed ones.
    #[error("files of this type are not filed")]
    TypeNotAllowed,
    /// The file is not of the type that its name says.
    #[error("the file is not what its name says")]
    ContentDiffers,
    /// It is larger than 5 MB, or empty.
    #[error("the file is larger than 5 MB, or empty")]
    Size,
    /// The record holds it, as this entry.
    #[error("the file is in the record already")]
    AlreadyFiled(EntryId),
    /// The message has no such attachment, or one that cannot be decoded.
    #[error("the message has no such attachment")]
    NoSuchAttachment,
    /// A title has to be given.
    #[error("the document has no title")]
    NoTitle,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ByHandError {
    /// What it means and what to do next.
    #[must_use]
    pub fn sentence(&self) -> Bilingual {
        let (fr, en) = match self {
            Self::TypeNotAllowed => (
                "Ce type de fichier ne peut pas être ajouté au dossier. Sont acceptés : .jpeg, .jpg, .png, .pdf, .rtf, .tif, .tiff et .txt.",
                "Files of this type cannot be added to the record. Accepted are .jpeg, .jpg, .png, .pdf, .rtf, .tif, .tiff and .txt.",
            ),
            Self::ContentDiffers => (
                "Le contenu de ce fichier ne correspond pas à son nom : il n’est pas ajouté. Demandez à l’expéditeur de le renvoyer.",
                "The content of this file does not fit its name: it is not added. Ask the sender to send it again.",
            ),
            Self::Size => (
                "Ce fichier est vide ou dépasse 5 Mo : il n’est pas ajouté. Vous pouvez le télécharger depuis le message.",
                "This file is empty or larger than 5 MB: it is not added. You can download it from the message.",
            ),
            Self::AlreadyFiled(_) => {
                ("Ce fichier est déjà dans votre dossier.", "This file is in your record already.")
            }
            Self::NoSuchAttachment => (
                "Cette pièce jointe ne peut pas être lue. Demandez à l’expéditeur de la renvoyer.",
                "This attachment cannot be read. Ask the sender to send it again.",
            ),
            Self::NoTitle => ("Donnez un titre au document.", "Give the document a title."),
            Self::Store(_) => (
                "Le document n’a pas pu être ajouté pour le moment. Réessayez plus tard.",
                "The document could not be added for the moment. Try again later.",
            ),
        };
        Bilingual { fr, en }
    }
}

/// An attachment that may be filed: read, checked, kept as a body of its own.
#[derive(Clone)]
pub struct Attachment {
    message: MessageId,
    part: Vec<u32>,
    file_type: FileType,
    hash: [u8; 32],
    body: Arc<Body>,
    /// The name that the sender gave the file: what a title can begin with.
    pub file_name: String,
}

impl std::fmt::Debug for Attachment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Attachment({:?}, {} octets, …)", self.file_type, self.body.len())
    }
}

/// Whether an attachment could be filed by hand, as far as its name and size tell.
#[must_use]
pub fn seems_allowed(part: &Part) -> bool {
    let range = part.body_range();
    let encoded = range.end.saturating_sub(range.start);
    let most = if part.encoding.is_identity() { MAX_BY_HAND } else { MAX_BY_HAND * 3 / 2 };
    part.is_attachment()
        && encoded > 0
        && encoded <= most
        && part.filename().is_some_and(|name| FileType::of_name(&name).is_some())
}

/// Reads and checks an attachment. Writes its octets as a body that dies if nothing files it.
// MSS #79
pub fn prepare(
    store: &Store,
    view: &View<'_>,
    message: MessageId,
    path: &[u32],
) -> Result<Attachment, ByHandError> {
    let structure = view.structure(message)?;
    let part = structure.part.find(path).ok_or(ByHandError::NoSuchAttachment)?;
    let file_name = part.filename().ok_or(ByHandError::TypeNotAllowed)?;
    let file_type = FileType::of_name(&file_name).ok_or(ByHandError::TypeNotAllowed)?;
    let octets = match part::content(store, view, message, path, MAX_BY_HAND) {
        Ok(octets) if octets.is_empty() => return Err(ByHandError::Size),
        Ok(octets) => octets,
        Err(PartError::TooLarge) => return Err(ByHandError::Size),
        Err(PartError::NoSuchPart | PartError::Undecodable) => {
            return Err(ByHandError::NoSuchAttachment);
        }
        Err(PartError::Store(error)) => return Err(error.into()),
    };
    if !file_type.fits(&octets) {
        return Err(ByHandError::ContentDiffers);
    }
    let mut writer = store.body_writer()?;
    writer.write(&octets).map_err(StoreError::from)?;
    let body = writer.finish().map_err(StoreError::from)?;
    let hash = sha256(&octets);
    Ok(Attachment { message, part: path.to_vec(), file_type, hash, body, file_name })
}

/// SHA-256 of octets.
#[must_use]
pub fn sha256(octets: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    for (to, from) in hash.iter_mut().zip(digest::digest(&digest::SHA256, octets).as_ref()) {
        *to = *from;
    }
    hash
}

/// Files a prepared attachment under the citizen's title, date and kind, and notes its fate beside
/// the message.
// MSS #79
pub fn file_by_hand(
    tx: &mut Transaction<'_>,
    attachment: &Attachment,
    title: &str,
    date: Timestamp,
    kind: Kind,
) -> Result<Entry, ByHandError> {
    if title.trim().is_empty() {
        return Err(ByHandError::NoTitle);
    }
    let known: Option<EntryId> = tx.service_value(&tables::by_hash(tx, &attachment.hash))?;
    if let Some(id) = known
        && let Some(known) = list::entry(tx, id)?
        && known.state == EntryState::Filed
    {
        return Err(ByHandError::AlreadyFiled(id));
    }
    let document = Document {
        id: EntryId::random(tx.random()).map_err(StoreError::from)?,
        unique_id: None,
        set_id: None,
        version: None,
        kind,
        type_code: None,
        title: title.to_owned(),
        author: None,
        date: date.as_second(),
        act: None,
        confidentiality: vec![Confidentiality::Normal],
        mime: attachment.file_type.mime().to_owned(),
        hash: attachment.hash,
        body: Arc::clone(&attachment.body),
        message: attachment.message,
        filed_by: FiledBy::Citizen,
        replaces: None,
    };
    let entry = file(tx, &document, None, false)?;
    let fate = Fate::Filed { entry: entry.id, predecessor_unknown: false };
    let fate = AttachmentFate { part: attachment.part.clone(), path: None, fate, hidden: false };
    put_fates(tx, attachment.message, &[fate])?;
    Ok(entry)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_told_by_ending_and_content() {
        for (name, octets, allowed) in [
            ("a.pdf", &b"%PDF-1.7"[..], true),
            ("a.PDF", b"\n%PDF-1.4", true),
            ("a.pdf", b"MZ\x90", false),
            ("a.jpeg", b"\xff\xd8\xff\xe0", true),
            ("a.jpg", b"\x89PNG\r\n\x1a\n", false),
            ("a.png", b"\x89PNG\r\n\x1a\n", true),
            ("a.rtf", b"{\\rtf1", true),
            ("a.tif", b"II*\0", true),
            ("a.tiff", b"MM\0*", true),
            ("a.txt", "é\r\n\tx".as_bytes(), true),
            ("a.txt", b"a\0b", false),
        ] {
            assert_eq!(FileType::of_name(name).unwrap().fits(octets), allowed, "{name}");
        }
        for name in ["a.docx", "a.exe", "pdf", "a.pdf.exe", "", "a."] {
            assert_eq!(FileType::of_name(name), None, "{name}");
        }
    }
}
