//! FETCH, step by step: a literal goes out in pieces, and no view of the store is held while the client reads.
//!
//! Invariant: octets are announced only when they are known to open. Failure: a damaged message has no response; the
//! others have, and the command ends with NO.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use imap_types::fetch::{Macro, MacroOrMessageDataItemNames, MessageDataItemName as Item, Section};
use mailstore::body::BodyReader;
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::model::mailbox::Mailbox;
use mailstore::model::message::{Message, Structure};
use mailstore::model::placement::{MAX_PLACEMENTS, Placement};
use mailstore::{StoreError, View};

use super::answer::Answer;
use super::open::{Open, Outcome};
use super::section::{self, Content};
use super::selected::Selected;
use crate::encode;

/// Octets of a literal written at once.
const PIECE: usize = 64 * 1024;

/// Octets of responses gathered before they are written.
const GATHERED: usize = 32 * 1024;

/// Octets of literals that a response reads before they are announced; beyond it the whole body is checked instead.
const READ_FIRST: usize = 256 * 1024;

/// Octets of a response that are held beside the literals that go out in pieces.
const MAX_HELD: usize = 1024 * 1024;

/// Items of one FETCH.
const MAX_ITEMS: usize = 64;

/// Names of header fields in all items of one FETCH.
const MAX_FIELD_NAMES: usize = 256;

/// The items that a macro stands for.
// RFC 3501 §6.4.5
fn expand(named: Macro) -> Vec<Item<'static>> {
    let mut items = vec![Item::Flags, Item::InternalDate, Item::Rfc822Size];
    match named {
        Macro::Full => items.extend([Item::Envelope, Item::Body]),
        Macro::All => items.push(Item::Envelope),
        _ => {}
    }
    items
}

fn field_names(item: &Item<'_>) -> usize {
    let Item::BodyExt { section, .. } = item else { return 0 };
    match section {
        Some(Section::HeaderFields(_, names) | Section::HeaderFieldsNot(_, names)) => {
            names.as_ref().len()
        }
        _ => 0,
    }
}

/// A FETCH under way.
pub(super) struct Job {
    pub(super) tag: String,
    pub(super) uid: bool,
    targets: VecDeque<u32>,
    items: Vec<Item<'static>>,
    /// Messages that were given `\Seen` by it.
    seen: BTreeSet<u32>,
    /// What of the present response is to be written yet.
    pieces: VecDeque<Piece>,
    damaged: bool,
    missing: bool,
    /// A response would have been larger than we hold.
    too_large: bool,
}

/// Part of a response.
enum Piece {
    Octets(Vec<u8>),
    Body { reader: Arc<BodyReader>, at: u64, end: u64 },
}

impl Open {
    // RFC 3501 §6.4.5
    pub(super) async fn fetch(
        &mut self,
        tag: &str,
        uids: Vec<u32>,
        items: MacroOrMessageDataItemNames<'static>,
        uid: bool,
    ) -> Outcome {
        let mut items = match items {
            MacroOrMessageDataItemNames::Macro(named) => expand(named),
            MacroOrMessageDataItemNames::MessageDataItemNames(items) => items,
        };
        let unknown = |item: &Item<'_>| {
            matches!(item, Item::Binary { .. } | Item::BinarySize { .. } | Item::ModSeq)
        };
        if items.iter().any(unknown) {
            return Answer::bad("FETCH of what?").into();
        }
        let names = items.iter().map(field_names).sum::<usize>();
        if items.len() > MAX_ITEMS || names > MAX_FIELD_NAMES {
            return Answer::bad("Too many items").into();
        }
        // RFC 3501 §6.4.8
        if uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        let seen = match self.mark_seen(&uids, &items).await {
            Ok(seen) => seen,
            Err(error) => return Answer::from(error).into(),
        };
        Outcome::Fetching(Box::new(Job {
            tag: tag.to_owned(),
            uid,
            targets: uids.into(),
            items,
            seen,
            pieces: VecDeque::new(),
            damaged: false,
            missing: false,
            too_large: false,
        }))
    }

    /// Gives the messages `\Seen` if what is fetched of them says so; returns those that had it not.
    async fn mark_seen(
        &mut self,
        uids: &[u32],
        items: &[Item<'_>],
    ) -> Result<BTreeSet<u32>, StoreError> {
        let sets = |item: &Item<'_>| {
            matches!(item, Item::BodyExt { peek: false, .. } | Item::Rfc822 | Item::Rfc822Text)
        };
        let mut seen = BTreeSet::new();
        let writes = self.opened.writes;
        let Some(selected) = self.selected.as_mut().filter(|selected| !selected.read_only) else {
            return Ok(seen);
        };
        if !writes || !items.iter().any(sets) {
            return Ok(seen);
        }
        let mailbox = selected.mailbox;
        for some in uids.chunks(MAX_PLACEMENTS) {
            let some = some.to_vec();
            let change = FlagChange::Add(Flags::SEEN);
            let stored =
                self.change(move |tx| tx.store_flags(mailbox, &some, change, None)).await?;
            seen.extend(stored.changed.iter().map(|one| one.uid));
            if let Some(selected) = &mut self.selected {
                selected.told.extend(stored.mod_seq);
            }
        }
        Ok(seen)
    }

    /// Writes some more; the answer when all is written.
    pub(super) fn fetch_step(
        &mut self,
        job: &mut Job,
        out: &mut Vec<u8>,
    ) -> Result<Option<Answer>, Cut> {
        while out.len() < GATHERED {
            if let Some(piece) = job.pieces.pop_front() {
                job.write(piece, out)?;
                continue;
            }
            let Some(uid) = job.targets.pop_front() else {
                return Ok(Some(job.answer()));
            };
            match self.compose(job, uid) {
                Ok(true) => {}
                Ok(false) => job.missing = true,
                Err(error) if section::is_damage(&error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "a message is damaged"
                    );
                    (job.damaged, job.pieces) = (true, VecDeque::new());
                }
                Err(StoreError::NoSuchMessage | StoreError::NoSuchBody) => {
                    (job.missing, job.pieces) = (true, VecDeque::new());
                }
                Err(error) => return Ok(Some(error.into())),
            }
        }
        Ok(None)
    }

    /// The response for one message; false when it is gone.
    fn compose(&self, job: &mut Job, uid: u32) -> Result<bool, StoreError> {
        let Some(selected) = &self.selected else { return Ok(false) };
        let view = self.view()?;
        let number = selected.number(uid);
        let placement = view.placement(selected.mailbox, uid)?;
        let (Some(number), Some(placement)) = (number, placement) else { return Ok(false) };
        let mut of = Source::new(self, &view, selected, uid, placement);
        let mut pieces = Pieces::default();
        pieces.text(format!("* {number} FETCH ("));
        for (at, item) in job.items.iter().enumerate() {
            if at > 0 {
                pieces.text(" ");
            }
            of.item(item, &mut pieces)?;
            if pieces.held() > MAX_HELD {
                job.too_large = true;
                return Ok(true);
            }
        }
        // RFC 3501 §7.4.2: a change of flags is told.
        if job.seen.contains(&uid) && !job.items.contains(&Item::Flags) {
            pieces.text(" ");
            of.item(&Item::Flags, &mut pieces)?;
        }
        pieces.text(")\r\n");
        job.pieces = pieces.end();
        Ok(true)
    }
}

/// A body failed amid its literal: nothing sensible can follow.
pub(super) struct Cut;

impl Job {
    fn write(&mut self, piece: Piece, out: &mut Vec<u8>) -> Result<(), Cut> {
        match piece {
            Piece::Octets(octets) => out.extend_from_slice(&octets),
            Piece::Body { reader, at, end } => {
                let count = usize::try_from(end.saturating_sub(at)).unwrap_or(PIECE).min(PIECE);
                let octets = reader.read(at, count).map_err(|_| Cut)?;
                if octets.len() != count {
                    return Err(Cut);
                }
                out.extend_from_slice(&octets);
                let at = at + count as u64;
                if at < end {
                    self.pieces.push_front(Piece::Body { reader, at, end });
                }
            }
        }
        Ok(())
    }

    /// Whether no response is half written.
    pub(super) fn is_between_responses(&self) -> bool {
        self.pieces.is_empty()
    }

    fn answer(&self) -> Answer {
        match (self.damaged, self.missing) {
            // RFC 5530 §3
            (true, _) => Answer::no("[CONTACTADMIN] A message is damaged; the others were sent"),
            _ if self.too_large => {
                Answer::no("[LIMIT] These items of a message are too large together")
            }
            (false, true) if !self.uid => {
                Answer::no("[EXPUNGEISSUED] Some of the messages are gone")
            }
            (false, _) => Answer::ok("FETCH done"),
        }
    }
}

/// A response in the making.
#[derive(Default)]
struct Pieces {
    done: VecDeque<Piece>,
    text: Vec<u8>,
}

impl Pieces {
    fn text(&mut self, text: impl AsRef<[u8]>) {
        self.text.extend_from_slice(text.as_ref());
    }

    fn body(&mut self, reader: Arc<BodyReader>, at: u64, end: u64) {
        self.done.push_back(Piece::Octets(std::mem::take(&mut self.text)));
        self.done.push_back(Piece::Body { reader, at, end });
    }

    /// Octets that it holds.
    fn held(&self) -> usize {
        let octets = |piece: &Piece| match piece {
            Piece::Octets(octets) => octets.len(),
            Piece::Body { .. } => 0,
        };
        self.done.iter().map(octets).sum::<usize>() + self.text.len()
    }

    fn end(mut self) -> VecDeque<Piece> {
        self.done.push_back(Piece::Octets(self.text));
        self.done
    }
}

/// A message, read as far as its items ask for.
struct Source<'a> {
    open: &'a Open,
    view: &'a View<'static>,
    selected: &'a Selected,
    uid: u32,
    placement: Placement,
    mailbox: Option<Mailbox>,
    message: Option<Message>,
    structure: Option<Structure>,
    body: Option<Arc<BodyReader>>,
    checked: bool,
}

impl<'a> Source<'a> {
    fn new(
        open: &'a Open,
        view: &'a View<'static>,
        selected: &'a Selected,
        uid: u32,
        placement: Placement,
    ) -> Self {
        let (mailbox, message, structure, body) = (None, None, None, None);
        Self {
            open,
            view,
            selected,
            uid,
            placement,
            mailbox,
            message,
            structure,
            body,
            checked: false,
        }
    }

    fn message(&mut self) -> Result<&Message, StoreError> {
        Ok(match self.message.take() {
            Some(message) => self.message.insert(message),
            None => self.message.insert(self.view.message(self.placement.message)?),
        })
    }

    fn structure(&mut self) -> Result<&Structure, StoreError> {
        Ok(match self.structure.take() {
            Some(structure) => self.structure.insert(structure),
            None => self.structure.insert(self.view.structure(self.placement.message)?),
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

    fn item(&mut self, item: &Item<'_>, out: &mut Pieces) -> Result<(), StoreError> {
        match item {
            Item::Uid => out.text(format!("UID {}", self.uid)),
            Item::Flags => {
                let mailbox = match self.mailbox.take() {
                    Some(mailbox) => mailbox,
                    None => self.view.mailbox(self.selected.mailbox)?,
                };
                let found = self.view.flags(self.selected.mailbox, self.uid, self.uid)?;
                let flags = found.first().map(|one| one.flags).unwrap_or_default();
                let recent = self.selected.is_recent(self.uid);
                out.text(format!("FLAGS {}", encode::flags(flags, &mailbox, recent)));
                self.mailbox = Some(mailbox);
            }
            Item::InternalDate => {
                let date = encode::date_time(self.placement.internal_date);
                out.text(format!("INTERNALDATE {date}"));
            }
            Item::Rfc822Size => out.text(format!("RFC822.SIZE {}", self.placement.size)),
            Item::Envelope => {
                out.text("ENVELOPE ");
                encode::envelope::envelope(&mut out.text, &self.message()?.envelope);
            }
            Item::Body | Item::BodyStructure => {
                let extended = *item == Item::BodyStructure;
                out.text(if extended { "BODYSTRUCTURE " } else { "BODY " });
                encode::structure::structure(&mut out.text, &self.structure()?.part, extended);
            }
            Item::Rfc822 => self.section("RFC822".into(), None, None, out)?,
            Item::Rfc822Header => {
                self.section("RFC822.HEADER".into(), Some(&Section::Header(None)), None, out)?;
            }
            Item::Rfc822Text => {
                self.section("RFC822.TEXT".into(), Some(&Section::Text(None)), None, out)?;
            }
            Item::BodyExt { section, partial, .. } => {
                let mut name = b"BODY[".to_vec();
                name.extend(section::name(section.as_ref()));
                name.push(b']');
                let partial = partial.map(|(from, count)| (from, count.get()));
                if let Some((from, _)) = partial {
                    name.extend_from_slice(format!("<{from}>").as_bytes());
                }
                self.section(name, section.as_ref(), partial, out)?;
            }
            Item::Binary { .. } | Item::BinarySize { .. } | Item::ModSeq => {}
        }
        Ok(())
    }

    fn section(
        &mut self,
        name: Vec<u8>,
        section: Option<&Section<'_>>,
        partial: Option<(u32, u32)>,
        out: &mut Pieces,
    ) -> Result<(), StoreError> {
        let body = self.body()?;
        let mut content = section::find(&self.structure()?.part, section, &body)?;
        if let Some((from, count)) = partial {
            content = content.part(u64::from(from), u64::from(count));
        }
        out.text(name);
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
                if !self.checked {
                    body.check()?;
                    self.checked = true;
                }
                out.text(format!("{{{length}}}\r\n"));
                out.body(body, range.start, range.end);
            }
        }
        Ok(())
    }
}
