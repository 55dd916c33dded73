//! APPEND: the message streams into the store and is scanned while it comes.
//!
//! Failure: a message that is refused before it comes is not read by us but by the framer; one that fails while it
//! comes is read to its end and answered then.

use std::sync::Arc;

use jiff::Timestamp;
use mailstore::body::BodyWriter;
use mailstore::message::{Limits, Scanner};
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{MailboxId, StoreError};

use super::answer::{Answer, of_target};
use super::open::{Open, read_name};
use super::store::Named;
use crate::APPEND_LIMIT;
use crate::grammar::append::Append;

/// A message on its way in.
pub(super) struct Appending {
    pub(super) tag: String,
    mailbox: MailboxId,
    flags: Named,
    date: Option<Timestamp>,
    writer: BodyWriter,
    scanner: Scanner,
    failed: Option<StoreError>,
}

impl Appending {
    /// Takes in the next octets. May write to the disk.
    pub(super) fn write(&mut self, octets: &[u8]) {
        if self.failed.is_none() {
            self.scanner.push(octets);
            self.failed = self.writer.write(octets).err().map(StoreError::from);
        }
    }
}

impl Open {
    /// Whether the message may come.
    // RFC 3501 §6.3.11
    pub(super) fn begin_append(&self, append: Append, size: u64) -> Result<Appending, Answer> {
        self.check_writes()?;
        let name = read_name(&append.mailbox)?;
        let mailbox = self.find(&self.view()?, &name).map_err(of_target)?;
        // RFC 7889 §4
        if size > u64::from(APPEND_LIMIT) {
            return Err(Answer::no("[TOOBIG] The message is too large"));
        }
        if size == 0 {
            return Err(Answer::no("[CANNOT] The message is empty"));
        }
        Ok(Appending {
            tag: append.tag,
            mailbox,
            flags: Named::read(append.flags.iter().map(String::as_str))?,
            date: append.date,
            writer: self.store.body_writer()?,
            scanner: Scanner::new(Limits::default()),
            failed: None,
        })
    }

    /// The message has come whole.
    pub(super) async fn end_append(&self, appending: Appending) -> Answer {
        self.try_append(appending).await.unwrap_or_else(|error| match error {
            StoreError::NoSuchMailbox => of_target(error),
            error => error.into(),
        })
    }

    async fn try_append(&self, appending: Appending) -> Result<Answer, StoreError> {
        let Appending { mailbox, flags, date, writer, scanner, failed, .. } = appending;
        if let Some(error) = failed {
            return Err(error);
        }
        let content = Arc::new(Prepared::new(scanner.finish())?);
        let body = writer.finish()?;
        let added = self
            .change(move |tx| {
                let flags = flags.bits(tx, mailbox)?;
                let internal_date = date.unwrap_or_else(|| tx.now());
                let (body, content) = (body.clone(), content.clone());
                tx.add_message(&NewMessage { mailbox, body, content, flags, internal_date })
            })
            .await?;
        // RFC 4315 §3
        Ok(Answer::ok(format!("[APPENDUID {} {}] APPEND done", added.uid_validity, added.uid)))
    }
}
