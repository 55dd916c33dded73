//! What became of a message's attachments: kept per message, shown beside it.
//!
//! A stored format (postcard): add at the end only.

use crate::entry::EntryId;
use crate::refusal::Refusal;
use crate::{tables, text::Sentences};
use mailstore::{MessageId, StoreError, Transaction, View};
use serde::{Deserialize, Serialize};

/// Documents of one message whose fates are kept.
pub const MAX_FATES: usize = 256;

/// What became of one document of a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentFate {
    /// The attachment's section number in the message (IMAP's, `[2]`).
    pub part: Vec<u32>,
    /// The document's path inside the archive; of an archive that does not open, none.
    pub path: Option<String>,
    /// What became of it.
    pub fate: Fate,
    /// Its metadata keep it from the citizen for a while, filed or not.
    // MSS #72
    pub hidden: bool,
}

/// A document's fate. The order of variants is the stored format: add at the end only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Fate {
    /// Filed as this entry.
    Filed {
        /// The entry.
        entry: EntryId,
        /// It says that it replaces a document that the record does not hold.
        predecessor_unknown: bool,
    },
    /// The record holds it already, as this entry.
    Duplicate {
        /// The entry.
        entry: EntryId,
    },
    /// Not filed.
    NotFiled(Refusal),
    /// Not filed by itself; the citizen may file it by hand.
    MayBeFiledByHand,
}

impl Fate {
    /// The entry, if the record holds the document.
    #[must_use]
    pub fn entry(&self) -> Option<EntryId> {
        match self {
            Self::Filed { entry, .. } | Self::Duplicate { entry } => Some(*entry),
            Self::NotFiled(_) | Self::MayBeFiledByHand => None,
        }
    }

    /// What it means and what to do next, for a citizen and for a professional.
    #[must_use]
    pub fn sentences(&self) -> Sentences {
        crate::text::of_fate(self)
    }
}

/// What became of each document that a message carries, and which attachments the citizen may file
/// by hand. Empty: nothing to say.
pub fn fate_of_message(
    view: &View<'_>,
    message: MessageId,
) -> Result<Vec<AttachmentFate>, StoreError> {
    let mut fates = kept(view, message)?;
    let structure = view.structure(message)?;
    for (part, attached) in structure.part.leaves() {
        let known = fates.iter().any(|fate| fate.part == part);
        if !known && crate::by_hand::seems_allowed(attached) && fates.len() < MAX_FATES {
            fates.push(AttachmentFate {
                part,
                path: None,
                fate: Fate::MayBeFiledByHand,
                hidden: false,
            });
        }
    }
    Ok(fates)
}

/// Whether the documents service has been at a message: what it could not file counts, what the
/// citizen filed by hand does not.
pub fn is_handled(view: &View<'_>, message: MessageId) -> Result<bool, StoreError> {
    let by_service =
        |fate: &AttachmentFate| fate.path.is_some() || matches!(fate.fate, Fate::NotFiled(_));
    Ok(kept(view, message)?.iter().any(by_service))
}

fn kept(view: &View<'_>, message: MessageId) -> Result<Vec<AttachmentFate>, StoreError> {
    Ok(view.service_value(&tables::fate(message))?.unwrap_or_default())
}

/// Keeps the fates of a message's documents, in place of what was kept for the same parts. Where
/// there are too many, those of hidden documents are kept first: they withhold their attachment.
pub fn put_fates(
    tx: &mut Transaction<'_>,
    message: MessageId,
    fates: &[AttachmentFate],
) -> Result<(), StoreError> {
    let mut kept = kept(tx, message)?;
    kept.retain(|old| !fates.iter().any(|new| new.part == old.part));
    kept.extend(fates.iter().cloned());
    kept.sort_by_key(|fate| !fate.hidden);
    kept.truncate(MAX_FATES);
    tx.put_service_value(&tables::fate(message), &kept)
}
