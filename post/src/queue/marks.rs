//! What an administrator does to the queue: look, try at once, hold, take out.
//!
//! An entry that is held, or that is given up, bears a mark beside it in the account; whoever settles
//! an attempt reads it in the same transaction. So a command and an attempt under way never undo each
//! other, and a mark outlives a restart.
//!
//! Invariants: a held entry has no due time in the queue's own table; it has one in [`HELD`], by which
//! it is found. An entry that is given up is due at once, and the relay's next look at it tells the
//! sender.
//! Failure: the store's own.

use super::{Entry, TABLE, entry, key};
use crate::Post;
use mailstore::{
    AccountId, Actor, QueueId, ServiceKey, StoreError, TableName, Through, Transaction, View,
};
use serde::{Deserialize, Serialize};

/// Where held entries are found.
const HELD: TableName = TableName::constant("queueheld");
/// The table of marks.
const MARKS: TableName = TableName::constant("queuemark");

/// Who works on the queue.
const ADMINISTRATION: Actor = Actor { through: Through::Administration, ..Actor::SYSTEM };

/// Due times that a search for one entry looks at.
const MAX_SEARCHED: usize = 1_000_000;

/// Why an entry does not go its way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mark {
    /// It stays until it is let go.
    Held {
        /// Since when, seconds since 1970.
        since: i64,
        /// In an administrator's words.
        reason: String,
    },
    /// Nobody gets it any more; its sender is told.
    GivenUp {
        /// Since when, seconds since 1970.
        since: i64,
        /// In an administrator's words; the sender may read it.
        reason: String,
    },
}

/// An entry as it stands in the queue.
#[derive(Debug, Clone)]
pub struct Listed {
    /// The account that caused the mail.
    pub account: AccountId,
    /// When it is tried next, seconds since 1970; of a held one, since when it is held.
    pub at: i64,
    /// The entry.
    pub entry: Entry,
    /// Why it does not go its way, if so.
    pub mark: Option<Mark>,
}

/// What became of a command on one entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done {
    /// It is done.
    Changed,
    /// It was so already.
    Already,
    /// There is no such entry any more.
    Gone,
}

fn mark_key(id: QueueId) -> ServiceKey {
    ServiceKey::new(MARKS).id(*id.as_bytes())
}

/// The mark of an entry.
pub fn mark(view: &View<'_>, id: QueueId) -> Result<Option<Mark>, StoreError> {
    let octets = view.service_record(&mark_key(id))?;
    octets.map(|octets| postcard::from_bytes(&octets).map_err(|_| StoreError::Format)).transpose()
}

fn put_mark(tx: &mut Transaction<'_>, id: QueueId, mark: &Mark) -> Result<(), StoreError> {
    let octets = postcard::to_stdvec(mark).map_err(|_| StoreError::Format)?;
    tx.put_service_record(&mark_key(id), &octets)
}

/// Takes a mark away, with what finds it.
pub(super) fn clear_mark(tx: &mut Transaction<'_>, id: QueueId) -> Result<(), StoreError> {
    if let Some(Mark::Held { since, .. }) = mark(tx, id)? {
        tx.clear_due(HELD, since, *id.as_bytes());
    }
    tx.delete_service_record(&mark_key(id));
    Ok(())
}

/// When an entry is due after an attempt, for all that its mark says; none while it is held.
pub(super) fn due_under_mark(
    tx: &Transaction<'_>,
    id: QueueId,
    planned: i64,
) -> Result<Option<i64>, StoreError> {
    Ok(match mark(tx, id)? {
        None => Some(planned),
        Some(Mark::Held { .. }) => None,
        Some(Mark::GivenUp { .. }) => Some(tx.now().as_second()),
    })
}

impl Post {
    /// The queue, what is due first before the rest, then what is held; at most `limit` of each.
    pub fn listed(&self, limit: usize) -> Result<Vec<Listed>, StoreError> {
        let waiting = self.store.due(TABLE, i64::MAX, limit)?;
        let held = self.store.due(HELD, i64::MAX, limit)?;
        let mut listed = Vec::new();
        for (at, account, id) in waiting.into_iter().chain(held) {
            listed.extend(self.look(at, account, QueueId::from_bytes(id))?);
        }
        Ok(listed)
    }

    /// How many entries wait, and how many are held; up to `limit` of each are counted.
    pub fn queue_lengths(&self, limit: usize) -> Result<(usize, usize), StoreError> {
        let waiting = self.store.due(TABLE, i64::MAX, limit)?.len();
        Ok((waiting, self.store.due(HELD, i64::MAX, limit)?.len()))
    }

    /// An entry by its id.
    pub fn find_listed(&self, id: QueueId) -> Result<Option<Listed>, StoreError> {
        for table in [TABLE, HELD] {
            let due = self.store.due(table, i64::MAX, MAX_SEARCHED)?;
            let found = due.into_iter().find(|(.., found)| found == id.as_bytes());
            if let Some((at, account, _)) = found {
                return self.look(at, account, id);
            }
        }
        Ok(None)
    }

    /// None when it went meanwhile.
    fn look(&self, at: i64, account: AccountId, id: QueueId) -> Result<Option<Listed>, StoreError> {
        let view = match self.store.view(account) {
            Err(StoreError::NoSuchAccount) => return Ok(None),
            view => view?,
        };
        let Some(entry) = entry(&view, id)? else { return Ok(None) };
        Ok(Some(Listed { account, at, entry, mark: mark(&view, id)? }))
    }

    /// Has an entry tried at once; a held one is let go.
    pub async fn retry_now(&self, of: &Listed) -> Result<Done, StoreError> {
        let (at, id) = (of.at, of.entry.id);
        let done = self.change(of.account, id, move |tx| {
            let now = tx.now().as_second();
            match mark(tx, id)? {
                Some(Mark::Held { .. }) => clear_mark(tx, id)?,
                // An attempt may be at it, or will be in a moment: its due time is that attempt's.
                _ if at <= now => return Ok(Done::Already),
                _ => tx.clear_due(TABLE, at, *id.as_bytes()),
            }
            tx.set_due(TABLE, now, *id.as_bytes());
            Ok(Done::Changed)
        });
        let done = done.await?;
        self.ring();
        Ok(done)
    }

    /// Keeps an entry from being tried until it is let go. An attempt under way is finished.
    pub async fn hold(&self, of: &Listed, reason: String) -> Result<Done, StoreError> {
        let (at, id) = (of.at, of.entry.id);
        let work = move |tx: &mut Transaction<'_>| {
            if mark(tx, id)?.is_some() {
                return Ok(Done::Already);
            }
            let since = tx.now().as_second();
            tx.clear_due(TABLE, at, *id.as_bytes());
            tx.set_due(HELD, since, *id.as_bytes());
            put_mark(tx, id, &Mark::Held { since, reason: reason.clone() })?;
            Ok(Done::Changed)
        };
        self.change(of.account, id, work).await
    }

    /// Gives an entry up: the relay tells its sender, and it is gone.
    pub async fn give_up(&self, of: &Listed, reason: String) -> Result<Done, StoreError> {
        let (at, id) = (of.at, of.entry.id);
        let done = self.change(of.account, id, move |tx| {
            let since = tx.now().as_second();
            match mark(tx, id)? {
                Some(Mark::GivenUp { .. }) => return Ok(Done::Already),
                Some(Mark::Held { .. }) => clear_mark(tx, id)?,
                None => tx.clear_due(TABLE, at, *id.as_bytes()),
            }
            tx.set_due(TABLE, since, *id.as_bytes());
            put_mark(tx, id, &Mark::GivenUp { since, reason: reason.clone() })?;
            Ok(Done::Changed)
        });
        let done = done.await?;
        self.ring();
        Ok(done)
    }

    /// Takes an entry out without a word to its sender.
    pub async fn drop_silently(&self, of: &Listed) -> Result<Done, StoreError> {
        let (at, id, body) = (of.at, of.entry.id, of.entry.body);
        let work = move |tx: &mut Transaction<'_>| {
            clear_mark(tx, id)?;
            tx.clear_due(TABLE, at, *id.as_bytes());
            tx.delete_service_record(&key(id));
            tx.release_record(body, *id.as_bytes())?;
            Ok(Done::Changed)
        };
        self.change(of.account, id, work).await
    }

    /// Changes an entry that is still there.
    async fn change<F>(
        &self,
        account: AccountId,
        id: QueueId,
        mut work: F,
    ) -> Result<Done, StoreError>
    where
        F: FnMut(&mut Transaction<'_>) -> Result<Done, StoreError> + Send + 'static,
    {
        let guarded = move |tx: &mut Transaction<'_>| match tx.service_record(&key(id))? {
            None => Ok(Done::Gone),
            Some(_) => work(tx),
        };
        Ok(self.store.transact(ADMINISTRATION, account, guarded).await?.into_inner())
    }
}
