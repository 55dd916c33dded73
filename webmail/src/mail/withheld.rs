//! What a message carries that the citizen does not see yet.
//!
//! Invariant: while its time lasts, a document that its metadata keep from the citizen leaves by no part of its
//! message: neither as the archive that it lies in, filed or not, nor inside what holds that archive. An archive that
//! nobody has judged yet counts as one with such a document.
//! Failure: that of the store.

use clinical::xdm::is_archive_name;
use mailstore::message::{Part, PartKind};
use mailstore::{MessageId, StoreError, View};
use record::{AttachmentFate, HIDDEN_FOR};

/// A message, as far as it decides what is withheld.
pub(crate) struct Withholding<'f> {
    /// The citizen wrote it.
    pub(crate) mine: bool,
    pub(crate) fates: &'f [AttachmentFate],
    /// Seconds since 1970.
    pub(crate) now: i64,
}

impl Withholding<'_> {
    /// Whether a part is not to be handed out yet.
    // MSS #72
    pub(crate) fn holds(
        &self,
        view: &View<'_>,
        message: MessageId,
        part: &[u32],
    ) -> Result<bool, StoreError> {
        let received = view.message(message)?.received / 1000;
        let fresh = self.now < received.saturating_add(HIDDEN_FOR);
        let structure = view.structure(message)?;
        for (path, leaf) in structure.part.walk() {
            if !path.starts_with(part) || matches!(leaf.kind, PartKind::Multipart { .. }) {
                continue;
            }
            let mut judged = false;
            for fate in self.fates.iter().filter(|fate| fate.part == path) {
                judged = true;
                if fate.hidden && fresh {
                    return Ok(true);
                }
                if let Some(entry) = fate.fate.entry()
                    && let Some(entry) = record::entry(view, entry)?
                    && !record::is_visible(&entry, self.now)
                {
                    return Ok(true);
                }
            }
            if fresh && !judged && !self.mine && may_be_archive(leaf) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Whether documents may lie in it: an archive, or a message that was not looked into.
fn may_be_archive(leaf: &Part) -> bool {
    let closed = matches!(leaf.kind, PartKind::Leaf)
        && (leaf.is("message", "rfc822") || leaf.is("message", "global"));
    closed || leaf.filename().is_some_and(|name| is_archive_name(&name))
}
