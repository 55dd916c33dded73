//! A message as FETCH shows it, item by item.
//!
//! Invariant: no more of a message is read than its items ask for. Failure: [`Fault`], and the message has no
//! response.

use std::sync::Arc;

use imap_types::fetch::Section;
use mailstore::body::{BodyError, BodyReader};
use mailstore::model::flags::UidFlags;
use mailstore::model::mailbox::Mailbox;
use mailstore::model::message::{Message, Structure};
use mailstore::model::placement::Placement;
use mailstore::{StoreError, View};

use super::decode::Decoder;
use super::fetch::{Piece, Response};
use super::open::Open;
use super::section::{self, Content};
use super::selected::Selected;
use crate::encode;
use crate::grammar::fetch::Item;

/// Octets of literals that a response reads before they are announced; beyond it the whole body is checked instead.
const READ_FIRST: usize = 256 * 1024;

/// Octets of a part decoded at once.
const PIECE: usize = 64 * 1024;

/// Why a message has no response.
pub(super) enum Fault {
    Store(StoreError),
    TooLarge,
    /// The encoding of a part is not known.
    NotDecoded,
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl From<BodyError> for Fault {
    fn from(error: BodyError) -> Self {
        Self::Store(error.into())
    }
}

/// What a part's octets decode to.
struct Decoded {
    decoder: Decoder,
    /// Where they lie in the body.
    at: u64,
    end: u64,
    /// Octets of the content.
    size: u64,
    /// Whether there is a NUL among them.
    nul: bool,
}

/// A message, read as far as its items ask for.
pub(super) struct Source<'a> {
    open: &'a Open,
    view: &'a View<'static>,
    selected: &'a Selected,
    mailbox: &'a Mailbox,
    flags: UidFlags,
    placement: Option<Placement>,
    message: Option<Message>,
    structure: Option<Structure>,
    body: Option<Arc<BodyReader>>,
    checked: bool,
}

impl<'a> Source<'a> {
    pub(super) fn new(
        open: &'a Open,
        view: &'a View<'static>,
        selected: &'a Selected,
        mailbox: &'a Mailbox,
        flags: UidFlags,
        placement: Option<Placement>,
    ) -> Self {
        let (message, structure, body, checked) = (None, None, None, false);
        Self { open, view, selected, mailbox, flags, placement, message, structure, body, checked }
    }

    fn placement(&mut self) -> Result<Placement, StoreError> {
        if let Some(placement) = self.placement {
            return Ok(placement);
        }
        let found = self.view.placement(self.selected.mailbox, self.flags.uid)?;
        Ok(*self.placement.insert(found.ok_or(StoreError::NoSuchMessage)?))
    }

    fn message(&mut self) -> Result<&Message, StoreError> {
        let id = self.placement()?.message;
        Ok(match self.message.take() {
            Some(message) => self.message.insert(message),
            None => self.message.insert(self.view.message(id)?),
        })
    }

    fn structure(&mut self) -> Result<&Structure, StoreError> {
        let id = self.placement()?.message;
        Ok(match self.structure.take() {
            Some(structure) => self.structure.insert(structure),
            None => self.structure.insert(self.view.structure(id)?),
        })
    }

    fn body(&mut self) -> Result<Arc<BodyReader>, StoreError> {
        if let Some(body) = &self.body {
            return Ok(body.clone());
        }
        let id = self.message()?.body;
        let body = Arc::new(self.open.store.body(self.view, id)?);
        Ok(self.body.insert(body).clone())
    }

    /// Writes an item with its name.
    pub(super) fn item(&mut self, item: &Item, out: &mut Response<'_>) -> Result<(), Fault> {
        match item {
            Item::Uid => out.text(format!("UID {}", self.flags.uid)),
            Item::Flags => {
                out.text("FLAGS ");
                let recent = self.selected.is_recent(self.flags.uid);
                encode::flags(out.end(), self.flags.flags, self.mailbox, recent);
            }
            Item::InternalDate => {
                let date = encode::date_time(self.placement()?.internal_date);
                out.text(format!("INTERNALDATE {date}"));
            }
            Item::Size => out.text(format!("RFC822.SIZE {}", self.placement()?.size)),
            Item::Envelope => {
                out.text("ENVELOPE ");
                encode::envelope::envelope(out.end(), &self.message()?.envelope);
            }
            Item::Body | Item::BodyStructure => {
                let extended = *item == Item::BodyStructure;
                out.text(if extended { "BODYSTRUCTURE " } else { "BODY " });
                encode::structure::structure(out.end(), &self.structure()?.part, extended);
            }
            Item::Section { called, section, partial, .. } => {
                self.section(called, section.as_ref(), *partial, out)?;
            }
            Item::Binary { path, partial, .. } => self.binary(path, *partial, out)?,
            Item::BinarySize(path) => {
                let size = self.decoded(path)?.map_or(0, |decoded| decoded.size);
                out.text(format!("BINARY.SIZE[{}] {size}", dotted(path)));
            }
            Item::ModSeq => out.text(format!("MODSEQ ({})", self.flags.mod_seq)),
            // RFC 8474 §5.1, §5.2
            Item::EmailId => out.text(format!("EMAILID (M{})", self.placement()?.message)),
            Item::ThreadId => out.text(format!("THREADID (T{})", self.message()?.thread)),
            // RFC 8514 §4.2
            Item::SaveDate => {
                let date = encode::date_time(self.placement()?.saved);
                out.text(format!("SAVEDATE {date}"));
            }
            // RFC 8970 §3.2
            Item::Preview => {
                out.text("PREVIEW ");
                encode::string(out.end(), self.message()?.preview.as_bytes());
            }
        }
        Ok(())
    }

    fn section(
        &mut self,
        called: &str,
        section: Option<&Section<'_>>,
        partial: Option<(u32, u32)>,
        out: &mut Response<'_>,
    ) -> Result<(), Fault> {
        let body = self.body()?;
        let mut content = match section {
            None => Content::Range(0..body.len()),
            Some(section) => section::find(&self.structure()?.part, section, &body)?,
        };
        match called {
            "" => {
                out.text("BODY[");
                section::name(out.end(), section);
                out.text("]");
            }
            called => out.text(called),
        }
        if let Some((from, count)) = partial {
            content = content.part(u64::from(from), u64::from(count));
            out.text(format!("<{from}>"));
        }
        out.text(" ");
        match content {
            Content::Nil => out.text("NIL"),
            Content::Octets(octets) => {
                out.text(format!("{{{}}}\r\n", octets.len()));
                out.text(octets);
            }
            Content::Range(range) => {
                let length = range.end.saturating_sub(range.start);
                let count = usize::try_from(length).unwrap_or(usize::MAX);
                if count.saturating_add(out.held()) <= READ_FIRST {
                    let octets = body.read(range.start, count)?;
                    out.text(format!("{{{}}}\r\n", octets.len()));
                    out.text(octets);
                    return Ok(());
                }
                self.check(&body)?;
                out.text(format!("{{{length}}}\r\n"));
                out.later(Piece::Body { reader: body, at: range.start, end: range.end });
            }
        }
        Ok(())
    }

    /// Makes sure once that a body opens.
    fn check(&mut self, body: &BodyReader) -> Result<(), BodyError> {
        if !self.checked {
            body.check()?;
            self.checked = true;
        }
        Ok(())
    }

    /// Decodes a part once, to know what will be sent; None when there is no such part.
    // RFC 3516 §4.2
    fn decoded(&mut self, path: &[u32]) -> Result<Option<Decoded>, Fault> {
        let body = self.body()?;
        let (decoder, (at, end)) = match path {
            [] => (Decoder::Identity, (0, body.len())),
            path => {
                let Some(part) = self.structure()?.part.find(path) else { return Ok(None) };
                let range = part.body_range();
                let decoder = Decoder::of(&part.encoding).ok_or(Fault::NotDecoded)?;
                (decoder, (range.start, range.end))
            }
        };
        let (mut counting, mut from, mut size, mut nul) = (decoder.clone(), at, 0, false);
        let mut decoded = Vec::new();
        while from < end {
            let count = usize::try_from(end - from).unwrap_or(PIECE).min(PIECE);
            counting.push(&body.read(from, count)?, &mut decoded);
            from += count as u64;
            if from >= end {
                counting.end(&mut decoded);
            }
            size += decoded.len() as u64;
            nul |= decoded.contains(&0);
            decoded.clear();
        }
        Ok(Some(Decoded { decoder, at, end, size, nul }))
    }

    // RFC 3516 §4.2, §4.3
    fn binary(
        &mut self,
        path: &[u32],
        partial: Option<(u32, u32)>,
        out: &mut Response<'_>,
    ) -> Result<(), Fault> {
        out.text(format!("BINARY[{}]", dotted(path)));
        if let Some((from, _)) = partial {
            out.text(format!("<{from}>"));
        }
        let Some(Decoded { decoder, at, end, size, nul }) = self.decoded(path)? else {
            out.text(" NIL");
            return Ok(());
        };
        let (from, count) = partial.unwrap_or((0, u32::MAX));
        let skip = u64::from(from).min(size);
        let left = if partial.is_some() { u64::from(count) } else { size }.min(size - skip);
        // A literal8 only where it must be: clients read the other kind anyhow.
        let tilde = if nul { "~" } else { "" };
        out.text(format!(" {tilde}{{{left}}}\r\n"));
        if left > 0 {
            let reader = self.body()?;
            out.later(Piece::Decoded { reader, at, end, decoder, skip, left });
        }
        Ok(())
    }
}

/// The number of a part.
fn dotted(path: &[u32]) -> String {
    path.iter().map(ToString::to_string).collect::<Vec<_>>().join(".")
}
