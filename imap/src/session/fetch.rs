//! FETCH, step by step: a literal goes out in pieces, and no view of the store is held while the client reads.
//!
//! Flags and placements are read for a page of messages at once. Invariant: octets are announced only when they are
//! known to open. Failure: a damaged message has no response; the others have, and the command ends with NO.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use mailstore::body::BodyReader;
use mailstore::model::flags::{FlagChange, Flags, UidFlags};
use mailstore::model::mailbox::Mailbox;
use mailstore::model::placement::{MAX_PLACEMENTS, Placement};
use mailstore::{MailboxId, StoreError, View};

use super::OUTPUT;
use super::answer::Answer;
use super::decode::Decoder;
use super::open::{Open, Outcome};
use super::resync;
use super::section;
use super::selected::Selected;
use super::source::{Fault, Source};
use crate::grammar::fetch::{Fetch, Item};
use crate::grammar::set::Ranges;

/// Octets of a literal written at once.
const PIECE: usize = 64 * 1024;

/// Octets of a response that are held beside the literals that go out in pieces.
const MAX_HELD: usize = 1024 * 1024;

/// Messages whose flags lie together in the store.
const PAGE: u32 = 256;

/// Messages of a page from which its placements are read together.
const TOGETHER: usize = 4;

/// A FETCH under way.
pub(super) struct Job {
    pub(super) tag: String,
    pub(super) uid: bool,
    targets: VecDeque<u32>,
    items: Vec<Item>,
    /// Messages that were given `\Seen` by it, and are told with their flags.
    seen: BTreeSet<u32>,
    /// What they are told with.
    after_seen: Vec<Item>,
    page: Option<Page>,
    /// What of the present response is to be written yet.
    pieces: VecDeque<Piece>,
    damaged: bool,
    missing: bool,
    /// A response would have been larger than we hold.
    too_large: bool,
    /// A part's encoding is not known.
    not_decoded: bool,
}

/// What a page of messages is, read at once.
struct Page {
    first: u32,
    last: u32,
    mailbox: Mailbox,
    flags: Vec<UidFlags>,
    placements: Vec<(u32, Placement)>,
}

/// Part of a response that goes out after what was written.
pub(super) enum Piece {
    Octets(Vec<u8>),
    Body {
        reader: Arc<BodyReader>,
        at: u64,
        end: u64,
    },
    /// Some of what a part's octets decode to.
    Decoded {
        reader: Arc<BodyReader>,
        at: u64,
        end: u64,
        decoder: Decoder,
        /// Decoded octets that are passed over, and those that follow.
        skip: u64,
        left: u64,
    },
}

impl Open {
    // RFC 3501 §6.4.5
    pub(super) async fn fetch(&mut self, tag: &str, fetch: Fetch, out: &mut Vec<u8>) -> Outcome {
        match self.begin_fetch(tag, fetch, out).await {
            Ok(job) => Outcome::Fetching(Box::new(job)),
            Err(answer) => answer.into(),
        }
    }

    async fn begin_fetch(
        &mut self,
        tag: &str,
        fetch: Fetch,
        out: &mut Vec<u8>,
    ) -> Result<Job, Answer> {
        let Fetch { uid, set, mut items, changed_since, vanished } = fetch;
        if vanished && !self.enabled.qresync {
            return Err(Answer::bad("ENABLE QRESYNC comes first"));
        }
        let mut uids = self.named(&set, uid)?;
        let add = |item, items: &mut Vec<Item>| {
            if !items.contains(&item) {
                items.push(item);
            }
        };
        // RFC 3501 §6.4.8
        if uid && !items.contains(&Item::Uid) {
            items.insert(0, Item::Uid);
        }
        if let Some(since) = changed_since {
            add(Item::ModSeq, &mut items);
            uids = self.changed(uids, &set, since, vanished, out)?;
        }
        // RFC 7162 §3.1
        self.enabled.condstore |= items.contains(&Item::ModSeq);
        let seen = self.mark_seen(&uids, &items).await?;
        let mut after_seen = items.clone();
        // RFC 3501 §7.4.2: a change of flags is told.
        add(Item::Flags, &mut after_seen);
        if self.enabled.condstore {
            add(Item::ModSeq, &mut after_seen);
        }
        // RFC 7162 §3.2.4
        if self.enabled.qresync {
            add(Item::Uid, &mut after_seen);
        }
        Ok(Job {
            tag: tag.to_owned(),
            uid,
            targets: uids.into(),
            items,
            seen,
            after_seen,
            page: None,
            pieces: VecDeque::new(),
            damaged: false,
            missing: false,
            too_large: false,
            not_decoded: false,
        })
    }

    /// Those changed after `since`; the client is told which vanished, if it asks.
    // RFC 7162 §3.1.4.1, §3.2.6
    fn changed(
        &self,
        uids: Vec<u32>,
        set: &str,
        since: u64,
        vanished: bool,
        out: &mut Vec<u8>,
    ) -> Result<Vec<u32>, Answer> {
        let (Some(selected), Some(first), Some(last)) = (&self.selected, uids.first(), uids.last())
        else {
            return Ok(uids);
        };
        let view = self.view()?;
        if vanished {
            let last = selected.uids.last().copied().unwrap_or_default();
            let known = Ranges::read(set, last);
            resync::tell_vanished(&view, selected, &known, since, &[], out)?;
        }
        let flags = view.flags(selected.mailbox, *first, *last)?;
        let changed = flags.iter().filter(|one| one.mod_seq > since);
        let named = changed.filter(|one| uids.binary_search(&one.uid).is_ok());
        Ok(named.map(|one| one.uid).collect())
    }

    /// Gives the messages `\Seen` if what is fetched of them says so; returns those that had it not.
    async fn mark_seen(
        &mut self,
        uids: &[u32],
        items: &[Item],
    ) -> Result<BTreeSet<u32>, StoreError> {
        let mut seen = BTreeSet::new();
        let writes = self.opened.writes;
        let Some(selected) = self.selected.as_mut().filter(|selected| !selected.read_only) else {
            return Ok(seen);
        };
        if !writes || !items.iter().any(Item::sets_seen) {
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
        while let Some(piece) = job.pieces.pop_front() {
            job.write(piece, out)?;
            if out.len() >= OUTPUT {
                return Ok(None);
            }
        }
        let view = match self.view() {
            Ok(view) => view,
            Err(error) => return Ok(Some(error.into())),
        };
        while out.len() < OUTPUT && job.pieces.is_empty() {
            let Some(uid) = job.targets.pop_front() else {
                return Ok(Some(job.answer()));
            };
            let begun = out.len();
            let failed = match self.compose(&view, job, uid, out) {
                Ok(()) => continue,
                Err(failed) => failed,
            };
            out.truncate(begun);
            job.pieces.clear();
            match failed {
                Fault::TooLarge => job.too_large = true,
                Fault::NotDecoded => job.not_decoded = true,
                Fault::Store(StoreError::NoSuchMessage | StoreError::NoSuchBody) => {
                    job.missing = true;
                }
                Fault::Store(error) if section::is_damage(&error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::error!(error, "a message is damaged");
                    job.damaged = true;
                }
                Fault::Store(error) => return Ok(Some(error.into())),
            }
        }
        Ok(None)
    }

    /// The response for one message.
    fn compose(
        &self,
        view: &View<'static>,
        job: &mut Job,
        uid: u32,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let Some(selected) = &self.selected else { return Err(StoreError::NoSuchMessage.into()) };
        let Some(number) = selected.number(uid) else {
            return Err(StoreError::NoSuchMessage.into());
        };
        let (mut page, items) = match job.page.take() {
            Some(page) if (page.first..=page.last).contains(&uid) => (page, &job.items),
            _ => (job.read_page(view, selected.mailbox, uid)?, &job.items),
        };
        let seen = job.seen.contains(&uid);
        let items = if seen { &job.after_seen } else { items };
        let composed = page.source(self, view, selected, uid).and_then(|mut of| {
            out.extend_from_slice(format!("* {number} FETCH (").as_bytes());
            let mut response = Response { begun: out.len(), out, pieces: VecDeque::new() };
            for (at, item) in items.iter().enumerate() {
                if at > 0 {
                    response.text(" ");
                }
                of.item(item, &mut response)?;
                if response.held() > MAX_HELD {
                    return Err(Fault::TooLarge);
                }
            }
            response.text(")\r\n");
            Ok(response.pieces)
        });
        job.page = Some(page);
        job.pieces = composed?;
        Ok(())
    }
}

impl Page {
    /// A message of it.
    fn source<'a>(
        &'a mut self,
        open: &'a Open,
        view: &'a View<'static>,
        selected: &'a Selected,
        uid: u32,
    ) -> Result<Source<'a>, Fault> {
        let at = self.flags.binary_search_by_key(&uid, |one| one.uid);
        let flags = at.ok().and_then(|at| self.flags.get(at)).ok_or(StoreError::NoSuchMessage)?;
        let at = self.placements.binary_search_by_key(&uid, |(uid, _)| *uid);
        let placement = at.ok().and_then(|at| self.placements.get(at)).map(|(_, placed)| *placed);
        Ok(Source::new(open, view, selected, &self.mailbox, *flags, placement))
    }
}

/// A body failed amid its literal: nothing sensible can follow.
pub(super) struct Cut;

impl Job {
    /// Reads the page of a message; only what is needed of it, when few of its messages are asked for.
    fn read_page(&self, view: &View<'_>, mailbox: MailboxId, uid: u32) -> Result<Page, StoreError> {
        let last = uid / PAGE * PAGE + (PAGE - 1);
        let more = self.targets.iter().take_while(|next| **next <= last).count();
        let last = if more < TOGETHER { uid } else { last };
        let placements = match self.items.iter().all(Item::is_of_flags) {
            true => Vec::new(),
            false => view.placements(mailbox, uid, last, usize::MAX)?,
        };
        let flags = view.flags(mailbox, uid, last)?;
        Ok(Page { first: uid, last, mailbox: view.mailbox(mailbox)?, flags, placements })
    }

    fn write(&mut self, piece: Piece, out: &mut Vec<u8>) -> Result<(), Cut> {
        match piece {
            Piece::Octets(octets) => out.extend_from_slice(&octets),
            Piece::Body { reader, at, end } => {
                let octets = read(&reader, at, end)?;
                let at = at + octets.len() as u64;
                out.extend_from_slice(&octets);
                if at < end {
                    self.pieces.push_front(Piece::Body { reader, at, end });
                }
            }
            Piece::Decoded { reader, at, end, mut decoder, skip, left } => {
                let octets = read(&reader, at, end)?;
                let at = at + octets.len() as u64;
                let mut decoded = Vec::new();
                decoder.push(&octets, &mut decoded);
                if at >= end {
                    decoder.end(&mut decoded);
                }
                let (skip, left) = section::cut(&decoded, skip, left, out);
                match (left, at < end) {
                    (0, _) => {}
                    // It decoded to more when it was counted.
                    (_, false) => return Err(Cut),
                    (_, true) => {
                        let more = Piece::Decoded { reader, at, end, decoder, skip, left };
                        self.pieces.push_front(more);
                    }
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
            // RFC 3516 §4.3
            _ if self.not_decoded => {
                Answer::no("[UNKNOWN-CTE] The encoding of a part is not known")
            }
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

/// The next octets of a body.
fn read(reader: &BodyReader, at: u64, end: u64) -> Result<Vec<u8>, Cut> {
    let count = usize::try_from(end.saturating_sub(at)).unwrap_or(PIECE).min(PIECE);
    let octets = reader.read(at, count).map_err(|_| Cut)?;
    if octets.len() == count { Ok(octets) } else { Err(Cut) }
}

/// A response in the making: written at once up to its first large literal.
pub(super) struct Response<'a> {
    begun: usize,
    pub(super) out: &'a mut Vec<u8>,
    pieces: VecDeque<Piece>,
}

impl Response<'_> {
    /// Where the next octets go.
    pub(super) fn end(&mut self) -> &mut Vec<u8> {
        match self.pieces.back_mut() {
            Some(Piece::Octets(octets)) => octets,
            _ => self.out,
        }
    }

    pub(super) fn text(&mut self, text: impl AsRef<[u8]>) {
        self.end().extend_from_slice(text.as_ref());
    }

    /// Octets that are read when their turn comes.
    pub(super) fn later(&mut self, piece: Piece) {
        self.pieces.push_back(piece);
        self.pieces.push_back(Piece::Octets(Vec::new()));
    }

    /// Octets that it holds.
    pub(super) fn held(&self) -> usize {
        let octets = |piece: &Piece| match piece {
            Piece::Octets(octets) => octets.len(),
            Piece::Body { .. } | Piece::Decoded { .. } => 0,
        };
        let written = self.out.len().saturating_sub(self.begun);
        self.pieces.iter().map(octets).sum::<usize>() + written
    }
}
