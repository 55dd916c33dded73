//! The queue: what is to go to other operators.
//!
//! An entry lies in the account that caused the mail, in the transaction that accepted it, and
//! holds the body. It is found by its due time. What became of each recipient is written back in
//! one transaction, with the next due time or with the reports that are due.

mod marks;

pub use marks::{Done, Listed, Mark, mark};

use crate::Post;
use crate::envelope::{DsnRequest, RecipientDsn};
use domain::{MailAddress, ReversePath};
use mailstore::body::Body;
use mailstore::message::{Limits, Scanner};
use mailstore::model::flags::Flags;
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{
    AccountId, Actor, BodyId, Committed, Fault, QueueId, ServiceKey, Store, StoreError, TableName,
    Transaction, View,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The table of queue entries, and the name of their due times.
#[expect(clippy::unreachable, reason = "the compiler has run it")]
const TABLE: TableName = match TableName::new("queue") {
    Some(name) => name,
    None => unreachable!(),
};

/// Octets by which reports may take a mailbox beyond its quota: who has no room is still told what did not arrive.
pub const REPORT_HEADROOM: u64 = 16 * 1024 * 1024;

/// A message on its way to other operators.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// What the `250` named.
    pub id: QueueId,
    /// Its octets.
    pub body: BodyId,
    /// Their number.
    pub size: u64,
    /// How many of them are fields that we have put before what came.
    pub added: u64,
    /// Where reports go.
    pub reverse_path: ReversePath,
    /// What the sender asked of reports.
    pub dsn: DsnRequest,
    /// Whether it needs a peer that takes addresses beyond ASCII.
    pub smtputf8: bool,
    /// Whether any octet is above 127.
    pub eight_bit: bool,
    /// Whether a header field is written in UTF-8.
    pub utf8_headers: bool,
    /// Its identifier without angle brackets.
    pub message_id: Option<String>,
    /// Whether its sender may be told of a failure: it has one, and is no report itself.
    pub may_report: bool,
    /// When it was accepted, seconds since 1970.
    pub accepted: i64,
    /// Tries so far.
    pub attempts: u32,
    /// Whether a delay has been reported.
    pub delay_reported: bool,
    /// Recipients that it has not reached yet.
    pub recipients: Vec<Waiting>,
    /// Whether no person sent it: of delays and successes nobody is told then.
    pub automatic: bool,
}

/// A recipient that a message has not reached yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its address.
    pub address: MailAddress,
    /// What the sender asked of reports.
    pub dsn: RecipientDsn,
    /// What the last try said: code, enhanced code and text, for the report.
    pub last: Option<String>,
}

fn key(id: QueueId) -> ServiceKey {
    ServiceKey::new(TABLE).id(*id.as_bytes())
}

/// An entry of an account.
pub fn entry(view: &View<'_>, id: QueueId) -> Result<Option<Entry>, StoreError> {
    view.service_record(&key(id))?
        .map(|octets| postcard::from_bytes(&octets).map_err(|_| StoreError::Format))
        .transpose()
}

/// Writes a new entry, due at an instant (seconds since 1970); the body must be held for it.
pub(crate) fn add(tx: &mut Transaction<'_>, entry: &Entry, due: i64) -> Result<(), StoreError> {
    let octets = postcard::to_stdvec(entry).map_err(|_| StoreError::Format)?;
    tx.put_service_record(&key(entry.id), &octets)?;
    tx.set_due(TABLE, due, *entry.id.as_bytes());
    Ok(())
}

/// Takes an entry back before it was due for the first time (`due`, seconds since 1970); false when
/// it is too late: it may have left.
pub fn withdraw(tx: &mut Transaction<'_>, id: QueueId, due: i64) -> Result<bool, StoreError> {
    let Some(entry) = entry(tx, id)? else { return Ok(false) };
    if entry.attempts > 0 || tx.now().as_second() >= due {
        return Ok(false);
    }
    tx.clear_due(TABLE, due, *id.as_bytes());
    tx.delete_service_record(&key(id));
    tx.release_record(entry.body, *id.as_bytes())?;
    Ok(true)
}

/// What an attempt leaves behind.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The account of the entry.
    pub account: AccountId,
    /// When the entry was due.
    pub was_due: i64,
    /// The entry with the recipients that still wait, and what is now known of it.
    pub entry: Entry,
    /// When it is due again, seconds since 1970; without recipients it is done.
    pub due: i64,
    /// The report for the account that caused the mail.
    pub report: Option<Report>,
}

/// A report, sealed and scanned, ready to be stored.
#[derive(Debug, Clone)]
pub struct Report {
    body: Arc<Body>,
    content: Arc<Prepared>,
}

impl Post {
    /// Takes in a report that this operator has written.
    pub fn report<'a>(
        &self,
        octets: impl IntoIterator<Item = &'a [u8]>,
    ) -> Result<Report, StoreError> {
        let mut writer = self.store.body_writer()?;
        let mut scanner = Scanner::new(Limits::default());
        for piece in octets {
            scanner.push(piece);
            writer.write(piece)?;
        }
        let content = Arc::new(Prepared::new(scanner.finish())?);
        Ok(Report { body: writer.finish()?, content })
    }

    /// Takes back a due time that leads to no entry.
    pub async fn clear_due(
        &self,
        account: AccountId,
        was_due: i64,
        id: QueueId,
    ) -> Result<Committed<()>, StoreError> {
        let clear = move |tx: &mut Transaction<'_>| {
            tx.clear_due(TABLE, was_due, *id.as_bytes());
            Ok(())
        };
        self.store.transact(Actor::SYSTEM, account, clear).await
    }

    /// Writes back what an attempt left: entry, due time and report in one transaction, so that a
    /// recipient is reported on once.
    pub async fn settle(&self, settlement: Settlement) -> Result<Committed<()>, StoreError> {
        let account = settlement.account;
        let work = move |tx: &mut Transaction<'_>| settle(tx, &settlement);
        self.store.transact(Actor::SYSTEM, account, work).await
    }
}

fn settle(tx: &mut Transaction<'_>, settlement: &Settlement) -> Result<(), StoreError> {
    let Settlement { entry, was_due, due, report, .. } = settlement;
    let id = *entry.id.as_bytes();
    tx.clear_due(TABLE, *was_due, id);
    // Taken out of the queue meanwhile: nothing is left to write back.
    if tx.service_record(&key(entry.id))?.is_none() {
        return Ok(());
    }
    if entry.recipients.is_empty() {
        tx.delete_service_record(&key(entry.id));
        tx.release_record(entry.body, id)?;
        marks::clear_mark(tx, entry.id)?;
    } else {
        let octets = postcard::to_stdvec(entry).map_err(|_| StoreError::Format)?;
        tx.put_service_record(&key(entry.id), &octets)?;
        if let Some(due) = marks::due_under_mark(tx, entry.id, *due)? {
            tx.set_due(TABLE, due, id);
        }
    }
    let Some(report) = report else { return Ok(()) };
    match add_report(tx, report) {
        // No room even beyond the quota, or no mailbox: what became of the message counts all the same.
        Err(error) if error.fault() == Fault::Refusal => {
            tracing::warn!(queue_id = %entry.id, %error, "a report could not be stored");
            Ok(())
        }
        added => added,
    }
}

fn add_report(tx: &mut Transaction<'_>, report: &Report) -> Result<(), StoreError> {
    let new = NewMessage {
        mailbox: tx.inbox()?,
        body: Arc::clone(&report.body),
        content: Arc::clone(&report.content),
        flags: Flags::NONE,
        internal_date: tx.now(),
    };
    let quota = tx.counters()?.quota;
    match tx.add_message(&new) {
        Err(StoreError::OverQuota) => {
            tx.set_quota(quota.saturating_add(REPORT_HEADROOM))?;
            let added = tx.add_message(&new).map(drop);
            tx.set_quota(quota)?;
            added
        }
        added => added.map(drop),
    }
}

/// Entries that are due: second, account, id.
pub fn due(
    store: &Store,
    until: i64,
    limit: usize,
) -> Result<Vec<(i64, AccountId, QueueId)>, StoreError> {
    let due = store.due(TABLE, until, limit)?;
    let named = |(at, account, id)| (at, account, QueueId::from_bytes(id));
    Ok(due.into_iter().map(named).collect())
}
