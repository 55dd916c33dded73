//! Following the change log: what came is put into the index, what is gone is taken out.
//!
//! Work is done in *batches*: changes of several accounts, one commit of the index, then the cursors
//! of these accounts and the [`Stamp`] in one group of the store. A crash in between has the batch done
//! again: until the first round after opening is done, what is added is taken out first.
//!
//! A new index walks through all accounts, in the order of their ids, behind what is pending in the
//! accounts that the walk has passed.
//!
//! Failure: the store's passes to the caller, who comes back; a message that is gone is passed over,
//! one whose body is damaged is found by its header section.

use crate::index::{SearchError, Writing};
use crate::position::{Stamp, Walk, messages};
use crate::schema::{Content, Fields};
use crate::words::French;
use crate::{CONSUMER, Extractor};
use mailstore::message::header_fields;
use mailstore::model::change::ChangeKind;
use mailstore::{AccountId, Actor, Fault, MessageId, Store, StoreError, Together, View};

/// Accounts looked up at once.
const ACCOUNTS: usize = 64;
/// Changes read at once.
const CHANGES: usize = 256;
/// Messages of one commit.
const BATCH: usize = 5_000;
/// Octets of messages of one commit.
const BATCH_OCTETS: u64 = 128 * 1024 * 1024;
/// Accounts of one commit.
const BATCH_ACCOUNTS: usize = 1_000;
/// Fields by which people look for a message.
const HEADLINE: [&str; 5] = ["Subject", "From", "To", "Cc", "Reply-To"];

/// What reads the store for the index.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) store: Store,
    pub(crate) extractor: Extractor,
    pub(crate) fields: Fields,
    pub(crate) french: French,
}

/// What was written since the last commit.
struct Batch {
    messages: usize,
    octets: u64,
    /// Whether the index has anything to commit.
    changed: bool,
    /// Accounts that were looked at.
    accounts: usize,
    /// How far each has come, for its cursor.
    reached: Vec<(AccountId, u64)>,
    walk: Walk,
}

impl Batch {
    fn new(walk: Walk) -> Self {
        let (messages, octets, changed, accounts) = (0, 0, false, 0);
        Self { messages, octets, changed, accounts, reached: Vec::new(), walk }
    }

    fn is_full(&self) -> bool {
        self.messages >= BATCH || self.octets >= BATCH_OCTETS || self.accounts >= BATCH_ACCOUNTS
    }
}

/// What a round did.
pub(crate) struct Round {
    /// How far each account has come: its cursor moves when the commit can be read.
    pub(crate) reached: Vec<(AccountId, u64)>,
    /// Whether there may be more to do.
    pub(crate) more: bool,
    /// Whether the index has changed.
    pub(crate) committed: bool,
}

impl Source {
    /// The texts of a message, by a way to read them; none if it is gone. With them its size, octets.
    pub(crate) fn content(
        &self,
        view: &View<'_>,
        id: MessageId,
        text: fn(&Extractor, &[u8]) -> String,
    ) -> Result<Option<(Content, u64)>, StoreError> {
        let (message, structure) = match (view.message(id), view.structure(id)) {
            (Err(StoreError::NoSuchMessage), _) | (_, Err(StoreError::NoSuchMessage)) => {
                return Ok(None);
            }
            (message, structure) => (message?, structure?),
        };
        let mut content = Content::default();
        for field in header_fields(&structure.header) {
            let value = field.decoded();
            if HEADLINE.iter().any(|name| field.is(name)) {
                content.headline.push_str(&value);
                content.headline.push('\n');
            }
            content.header.push_str(&format!("{}: {value}\n", field.name));
        }
        let body = self.store.body(view, message.body);
        match body.and_then(|body| Ok(body.read_all()?)) {
            Ok(octets) => content.text = text(&self.extractor, &octets),
            Err(StoreError::NoSuchBody) => {}
            Err(error) if error.fault() == Fault::Damage => {}
            Err(error) => return Err(error),
        }
        Ok(Some((content, message.size)))
    }

    /// One batch; `sure` says that nothing of it is in the index yet.
    pub(crate) fn round(&self, writing: &mut Writing, sure: bool) -> Result<Round, SearchError> {
        let mut batch = Batch::new(writing.position.walk);
        let mut more = self.follow(writing, &mut batch, sure)?;
        if !more && batch.walk != Walk::Done {
            self.walk(writing, &mut batch)?;
            more = batch.walk != Walk::Done;
        }
        let committed = batch.changed || batch.walk != writing.position.walk;
        if committed {
            writing.commit(batch.walk)?;
        }
        Ok(Round { reached: batch.reached, more, committed })
    }

    /// What is pending in accounts that the walk has passed; whether more is.
    fn follow(
        &self,
        writing: &mut Writing,
        batch: &mut Batch,
        sure: bool,
    ) -> Result<bool, SearchError> {
        let mut after = None;
        loop {
            let pending = self.store.pending(CONSUMER, after, ACCOUNTS)?;
            let Some(last) = pending.last() else { return Ok(false) };
            after = Some(*last);
            for account in pending {
                if batch.is_full() {
                    return Ok(true);
                }
                if batch.walk.covers(account) {
                    self.account(writing, batch, account, sure)?;
                }
            }
        }
    }

    /// Puts in what an account's change log has since its cursor.
    fn account(
        &self,
        writing: &mut Writing,
        batch: &mut Batch,
        account: AccountId,
        sure: bool,
    ) -> Result<(), SearchError> {
        let view = match self.store.view(account) {
            Err(StoreError::NoSuchAccount) => {
                self.take_out_account(writing, batch, account);
                return Ok(());
            }
            view => view?,
        };
        let (mut reached, counters) = (view.cursor(CONSUMER)?, view.counters()?);
        while reached < counters.mod_seq && !batch.is_full() {
            let changes = view.changes(reached, CHANGES)?;
            for (_, change) in &changes {
                for gone in &change.gone {
                    writing.writer.delete_term(self.fields.of_message(*gone));
                    batch.changed = true;
                }
                if change.kind == ChangeKind::Arrived {
                    for message in &change.messages {
                        self.put_in(writing, batch, &view, *message, sure)?;
                    }
                }
            }
            reached = match changes.last() {
                Some((last, _)) if changes.len() == CHANGES => *last,
                _ => counters.mod_seq,
            };
        }
        batch.reached.push((account, reached));
        batch.accounts += 1;
        Ok(())
    }

    fn put_in(
        &self,
        writing: &mut Writing,
        batch: &mut Batch,
        view: &View<'_>,
        message: MessageId,
        sure: bool,
    ) -> Result<(), SearchError> {
        let Some((content, size)) = self.content(view, message, Extractor::text)? else {
            return Ok(());
        };
        if !sure {
            writing.writer.delete_term(self.fields.of_message(message));
        }
        let account = view.account_id();
        let document = self.fields.document(&self.french, account, message, &content);
        writing.writer.add_document(document)?;
        batch.messages += 1;
        batch.octets = batch.octets.saturating_add(size);
        batch.changed = true;
        Ok(())
    }

    fn take_out_account(&self, writing: &Writing, batch: &mut Batch, account: AccountId) {
        writing.writer.delete_term(self.fields.of_account(account));
        batch.changed = true;
    }

    /// Puts in all of an account's messages, and nothing else of it. What changes meanwhile is in
    /// its change log, from where its cursor will stand.
    fn whole(
        &self,
        writing: &mut Writing,
        batch: &mut Batch,
        account: AccountId,
    ) -> Result<(), SearchError> {
        self.take_out_account(writing, batch, account);
        batch.accounts += 1;
        let (head, pending, all) = match self.store.view(account) {
            Err(StoreError::NoSuchAccount) => return Ok(()),
            view => {
                let view = view?;
                (view.highest_mod_seq()?, view.is_pending(CONSUMER)?, messages(&view)?)
            }
        };
        for some in all.chunks(ACCOUNTS) {
            // A view is not held for long: it keeps the store's older pages.
            let view = match self.store.view(account) {
                Err(StoreError::NoSuchAccount) => break,
                view => view?,
            };
            for message in some {
                self.put_in(writing, batch, &view, *message, true)?;
            }
            if batch.messages >= BATCH || batch.octets >= BATCH_OCTETS {
                // Half of an account: neither the walk nor its cursor says that it is in.
                writing.commit(writing.position.walk)?;
                (batch.messages, batch.octets) = (0, 0);
            }
        }
        // Where nothing is pending and nothing was put in, the cursor may stay where it stands.
        if pending || !all.is_empty() {
            batch.reached.push((account, head));
        }
        Ok(())
    }

    /// The next accounts of the walk.
    fn walk(&self, writing: &mut Writing, batch: &mut Batch) -> Result<(), SearchError> {
        while !batch.is_full() {
            let after = match batch.walk {
                Walk::Begun => None,
                Walk::Reached(account) => Some(account),
                Walk::Done => return Ok(()),
            };
            let accounts = self.store.operator_view()?.accounts(after, ACCOUNTS)?;
            if accounts.is_empty() {
                batch.walk = Walk::Done;
            }
            for account in accounts {
                self.whole(writing, batch, account)?;
                batch.walk = Walk::Reached(account);
                if batch.is_full() {
                    break;
                }
            }
        }
        Ok(())
    }

    /// Takes out what is left of accounts that live no more.
    pub(crate) fn sweep(&self, writing: &mut Writing) -> Result<bool, SearchError> {
        let searcher = writing.reading().searcher;
        let mut swept = false;
        for segment in searcher.segment_readers() {
            let accounts = segment.inverted_index(self.fields.account)?;
            let mut accounts = accounts.terms().stream().map_err(SearchError::Disk)?;
            while accounts.advance() {
                let Ok(id) = <[u8; 16]>::try_from(accounts.key()) else { continue };
                let account = AccountId::from_bytes(id);
                if matches!(self.store.view(account), Err(StoreError::NoSuchAccount)) {
                    writing.writer.delete_term(self.fields.of_account(account));
                    swept = true;
                }
            }
        }
        if swept {
            writing.commit(writing.position.walk)?;
        }
        Ok(swept)
    }

    /// Moves cursors to where accounts have come, and the stamp with them.
    pub(crate) fn move_cursors(
        &self,
        reached: Vec<(AccountId, u64)>,
        stamp: Stamp,
    ) -> Result<(), StoreError> {
        let mut jobs = Together::default();
        let mut moving = Vec::new();
        for (account, reached) in reached {
            moving.push(jobs.add::<_, StoreError, _>(Actor::SYSTEM, account, move |tx| {
                let reached = reached.max(tx.cursor(CONSUMER)?);
                tx.set_cursor(CONSUMER, reached)
            }));
        }
        let stamping =
            jobs.add::<_, StoreError, _>(Actor::SYSTEM, AccountId::OPERATOR, move |tx| {
                stamp.put(tx)
            });
        self.store.submit(jobs);
        let _ = stamping.wait()?;
        for one in moving {
            match one.wait() {
                // Erased meanwhile.
                Err(StoreError::NoSuchAccount) | Ok(_) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
