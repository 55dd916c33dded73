//! The index as its users see it: asked by many, written by one task.

use crate::follow::Source;
use crate::index::{self, Reading, SearchError, Writing};
use crate::position::{Stamp, messages};
use crate::question;
use crate::schema::{Content, Fields};
use crate::sealed::{Keys, SealedDirectory};
use crate::words::{Forms, French};
use crate::{CONSUMER, Extractor, ReadPdf};
use mailstore::disk::Disk;
use mailstore::message::fold;
use mailstore::model::change::ChangeKind;
use mailstore::{AccountId, MessageId, Random, Secret, Store, StoreError, View};
use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::sync::watch;

/// Changes that the index lacks and that are read for a question instead.
const MAX_TAIL: usize = 2_000;
/// Messages that the index lacks and that are read for a person's question.
const MAX_READ: usize = 200;
/// Changes gather for so long before they are put into the index.
const GATHER: Duration = Duration::from_secs(2);
/// What was deleted is taken out of the files after this at the latest, when nothing else is to do.
const PURGE: Duration = Duration::from_secs(5 * 60);
/// With a large index it takes long: it may take this part of the time, one of so many.
const PURGE_SHARE: u32 = 20;
/// Accounts that live no more are looked for this often, should nobody have said so.
const SWEEP: Duration = Duration::from_secs(3600);
/// What failed is tried again after this.
const RETRY: Duration = Duration::from_secs(30);
/// Failures on end after which the index is made again.
const FAILURES: u32 = 3;

/// What a search is opened with.
#[derive(Debug)]
pub struct SearchParts {
    /// The store, which knows [`CONSUMER`].
    pub store: Store,
    /// The disk that the index lies on.
    pub disk: Arc<dyn Disk>,
    /// Its folder; nothing else lies there.
    pub dir: PathBuf,
    /// The operator's key, from which the index's is derived.
    pub operator_key: Secret,
    /// Where keys come from.
    pub random: Arc<dyn Random>,
    /// How PDF files are read.
    pub pdf: Arc<dyn ReadPdf>,
}

/// Messages that answer a question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The messages, the best answers first.
    pub messages: Vec<MessageId>,
    /// Whether all messages were looked at: not while an index is being made.
    pub complete: bool,
}

/// An operator's search. Clones share it.
#[derive(Clone)]
pub struct Search(Arc<Shared>);

impl fmt::Debug for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Search")
    }
}

struct Shared {
    source: Source,
    directory: SealedDirectory,
    random: Arc<dyn Random>,
    state: Mutex<State>,
    reading: RwLock<Option<Arc<Reading>>>,
}

/// The writing side.
struct State {
    /// None after a failure, until it is opened again.
    writing: Option<Writing>,
    /// Whether nothing that the cursors do not cover is in the index.
    sure: bool,
    /// Whether there may be something deleted in its files.
    deleted: bool,
    failures: u32,
    purged: Instant,
    purge_took: Duration,
    swept: Option<Instant>,
}

impl Search {
    /// Opens the index of a store, or makes an empty one. Blocks.
    pub fn open(parts: SearchParts) -> Result<Self, SearchError> {
        let SearchParts { store, disk, dir, operator_key, random, pdf } = parts;
        disk.create_dir(&dir)?;
        let keys = Keys::derive(&operator_key, Arc::clone(&random))?;
        let directory = SealedDirectory::new(disk, dir, keys);
        let (_, fields) = Fields::schema();
        let extractor = Extractor::new(pdf);
        let source = Source { store, extractor, fields, french: French::default() };
        let writing = index::open(&directory, Stamp::read(&source.store)?, &*random)?;
        let reading = RwLock::new(Some(Arc::new(writing.reading())));
        let state = Mutex::new(State {
            writing: Some(writing),
            sure: false,
            deleted: true,
            failures: 0,
            purged: Instant::now(),
            purge_took: Duration::ZERO,
            swept: None,
        });
        Ok(Self(Arc::new(Shared { source, directory, random, state, reading })))
    }

    /// The text of a message behind its header section, folded: what SEARCH BODY looks in.
    #[must_use]
    pub fn text(&self, message: &[u8]) -> String {
        // A PDF file takes its time.
        unhurried(|| fold(&self.0.source.extractor.text(message)))
    }

    /// The messages of the view's account among which is every one that holds `text` in its header
    /// section or in what [`Search::text`] gives. None: not known, each has to be looked at.
    pub fn among(
        &self,
        view: &View<'_>,
        text: &str,
    ) -> Result<Option<BTreeSet<MessageId>>, StoreError> {
        let Some((reading, tail)) = self.0.at(view)? else { return Ok(None) };
        let (fields, account) = (&self.0.source.fields, view.account_id());
        let asked = self.0.ask(&reading, |reading| {
            question::candidates(&reading.searcher, fields, account, &fold(text))
        });
        Ok(asked.flatten().map(|mut found| {
            found.extend(tail);
            found
        }))
    }

    /// The messages of the view's account that answer a person's question, at most `limit`: each of
    /// its words stands in them in some form, or a longer word that begins so. Of a message for which
    /// `withheld` says yes, only what it says itself counts, not what is attached. Blocks.
    pub fn find(
        &self,
        view: &View<'_>,
        question: &str,
        limit: usize,
        withheld: &dyn Fn(MessageId) -> Result<bool, StoreError>,
    ) -> Result<Found, StoreError> {
        let Source { fields, french, .. } = &self.0.source;
        let words = french.forms(&fold(question));
        let at = self.0.at(view)?;
        let (mut indexed, unread, mut complete) = match at {
            Some((reading, tail)) => {
                let asked = self.0.ask(&reading, |reading| {
                    let account = view.account_id();
                    question::best(&reading.searcher, fields, account, &words, limit)
                });
                (asked.clone().unwrap_or_default(), tail, asked.is_some())
            }
            None => (Vec::new(), messages(view)?, true),
        };
        complete &= unread.len() <= MAX_READ;
        let mut found = Vec::new();
        for message in unread.into_iter().rev().take(MAX_READ) {
            if let Some((content, _)) = self.0.source.content(view, message, Extractor::text)?
                && self.0.source.answers(&content, &words)
            {
                indexed.retain(|known| *known != message);
                found.push(message);
            }
        }
        found.extend(indexed);
        // What the index still has may be gone.
        let mut living = Vec::new();
        for message in found {
            match view.message(message) {
                Ok(_) if !withheld(message)? => living.push(message),
                Ok(_) => {
                    let content = self.0.source.content(view, message, Extractor::letter)?;
                    if content.is_some_and(|(content, _)| self.0.source.answers(&content, &words)) {
                        living.push(message);
                    }
                }
                Err(StoreError::NoSuchMessage) => {}
                Err(error) => return Err(error),
            }
        }
        living.truncate(limit);
        Ok(Found { messages: living, complete })
    }

    #[cfg(test)]
    pub(crate) fn directory(&self) -> &SealedDirectory {
        &self.0.directory
    }

    /// Takes an erased account out of the index and its files. Blocks.
    pub fn forget(&self, account: AccountId) -> Result<(), SearchError> {
        let mut state = self.0.state();
        let source = &self.0.source;
        self.0.write(&mut state, |writing, _| {
            writing.writer.delete_term(source.fields.of_account(account));
            writing.commit(writing.position.walk)?;
            Ok(writing.purge()?)
        })
    }

    /// Puts everything in that is to be put in, and takes everything out. Blocks.
    pub fn catch_up(&self) -> Result<(), SearchError> {
        while self.0.round()? {}
        self.0.tidy(true)
    }

    /// Follows the change log until told to stop.
    pub async fn run(self, mut stop: watch::Receiver<bool>) {
        let mut changed = self.0.source.store.changed();
        while !*stop.borrow_and_update() {
            changed.borrow_and_update();
            let (shared, told) = (Arc::clone(&self.0), stop.clone());
            let worked = tokio::task::spawn_blocking(move || shared.work(&told)).await;
            let failed = !matches!(worked, Ok(Ok(())));
            if let Ok(Err(error)) = worked {
                tracing::error!(error = &error as &dyn std::error::Error, "the search index waits");
            }
            tokio::select! {
                woken = changed.changed(), if !failed => if woken.is_err() { break },
                () = tokio::time::sleep(if failed { RETRY } else { PURGE }) => continue,
                told = stop.changed() => if told.is_err() { break } else { continue },
            }
            tokio::select! {
                () = tokio::time::sleep(GATHER) => {}
                told = stop.changed() => if told.is_err() { break },
            }
        }
    }
}

/// Runs what may take long, so that other tasks of this thread go on elsewhere.
fn unhurried<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current() {
        Ok(handle) if handle.runtime_flavor() == RuntimeFlavor::MultiThread => {
            tokio::task::block_in_place(work)
        }
        _ => work(),
    }
}

impl Source {
    /// Whether each word stands in a message, in some form, or as the beginning of one.
    fn answers(&self, content: &Content, words: &[Forms]) -> bool {
        let mut has = self.french.forms(&fold(&content.headline));
        has.extend(self.french.forms(&fold(&content.text)));
        let meet = |word: &Forms, one: &Forms| {
            let stems = |forms: &'_ Forms| [Some(forms.stem.clone()), forms.bare_stem.clone()];
            stems(word).into_iter().flatten().any(|stem| stems(one).contains(&Some(stem)))
                || question::stands_for(&word.whole, &one.whole)
        };
        !words.is_empty() && words.iter().all(|word| has.iter().any(|one| meet(word, one)))
    }
}

/// The index as it was read, and the messages of an account that it lacks.
type Covering = (Arc<Reading>, Vec<MessageId>);

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The index as it covers the account of a view, with the messages that it lacks; none if it does
    /// not cover it, or lacks too much.
    fn at(&self, view: &View<'_>) -> Result<Option<Covering>, StoreError> {
        // A commit is published before cursors move: this one is not older than the view's cursor.
        let reading = self.reading.read().unwrap_or_else(PoisonError::into_inner).clone();
        let covering = reading.filter(|reading| reading.walk.covers(view.account_id()));
        let Some(reading) = covering else { return Ok(None) };
        if !view.is_pending(CONSUMER)? {
            return Ok(Some((reading, Vec::new())));
        }
        let changes = view.changes(view.cursor(CONSUMER)?, MAX_TAIL + 1)?;
        if changes.len() > MAX_TAIL {
            return Ok(None);
        }
        let arrived = changes.into_iter().filter(|(_, it)| it.kind == ChangeKind::Arrived);
        Ok(Some((reading, arrived.flat_map(|(_, it)| it.messages).collect())))
    }

    /// Asks the index; none, and the index is given up, if it is damaged.
    fn ask<T>(
        &self,
        reading: &Reading,
        question: impl FnOnce(&Reading) -> tantivy::Result<T>,
    ) -> Option<T> {
        let why = match catch_unwind(AssertUnwindSafe(|| question(reading))) {
            Ok(Ok(answer)) => return Some(answer),
            Ok(Err(error)) => error.to_string(),
            Err(_) => "it broke off".to_owned(),
        };
        tracing::error!(why, "the search index does not answer; it is made again");
        *self.reading.write().unwrap_or_else(PoisonError::into_inner) = None;
        None
    }

    /// Does something with the writer, opening the index again after a failure, or making it again.
    fn write<T>(
        &self,
        state: &mut State,
        work: impl FnOnce(&mut Writing, bool) -> Result<T, SearchError>,
    ) -> Result<T, SearchError> {
        let given_up = self.reading.read().unwrap_or_else(PoisonError::into_inner).is_none();
        if given_up || state.failures >= FAILURES {
            state.writing = None;
            let (schema, _) = Fields::schema();
            let made = index::make(&self.directory, schema, &*self.random)?;
            state.writing = Some(made);
            state.failures = 0;
        } else if state.writing.is_none() {
            let stamp = Stamp::read(&self.source.store)?;
            state.writing = Some(index::open(&self.directory, stamp, &*self.random)?);
        }
        let sure = state.sure;
        let Some(writing) = &mut state.writing else { return Err(SearchError::BrokenOff) };
        let done = catch_unwind(AssertUnwindSafe(|| {
            let done = work(writing, sure)?;
            Ok((done, writing.reading()))
        }));
        match done.unwrap_or(Err(SearchError::BrokenOff)) {
            Ok((done, reading)) => {
                let reading = Some(Arc::new(reading));
                *self.reading.write().unwrap_or_else(PoisonError::into_inner) = reading;
                state.failures = 0;
                Ok(done)
            }
            Err(error) => {
                // What was begun is done again from the last commit.
                (state.writing, state.sure) = (None, false);
                // The store's own failures are not the index's.
                state.failures += u32::from(!matches!(error, SearchError::Store(_)));
                Err(error)
            }
        }
    }

    /// One batch; whether there may be more.
    fn round(&self) -> Result<bool, SearchError> {
        let mut state = self.state();
        let (round, stamp) = self.write(&mut state, |writing, sure| {
            let round = self.source.round(writing, sure)?;
            if round.committed {
                writing.merge()?;
            }
            let Writing { position, commit, .. } = writing;
            Ok((round, Stamp { generation: position.generation, commit: *commit }))
        })?;
        state.deleted |= round.committed;
        let moved = self.source.move_cursors(round.reached, stamp);
        state.sure = moved.is_ok() && (state.sure || !round.more);
        moved?;
        Ok(round.more)
    }

    /// Takes out of the files what was deleted: when asked to, or after a while.
    fn tidy(&self, now: bool) -> Result<(), SearchError> {
        let mut state = self.state();
        if state.swept.is_none_or(|at| at.elapsed() >= SWEEP) {
            state.deleted |= self.write(&mut state, |writing, _| self.source.sweep(writing))?;
            state.swept = Some(Instant::now());
        }
        let due = PURGE.max(state.purge_took.saturating_mul(PURGE_SHARE));
        if state.deleted && (now || state.purged.elapsed() >= due) {
            let begun = Instant::now();
            self.write(&mut state, |writing, _| Ok(writing.purge()?))?;
            (state.deleted, state.purged) = (false, Instant::now());
            state.purge_took = begun.elapsed();
        }
        Ok(())
    }

    /// Does what is to be done.
    fn work(&self, stop: &watch::Receiver<bool>) -> Result<(), SearchError> {
        while self.round()? {
            if *stop.borrow() {
                return Ok(());
            }
        }
        self.tidy(false)
    }
}
