//! APPEND: messages stream into the store and are scanned while they come; all of them are added in one transaction.
//!
//! Failure: a message that is refused before it comes is not read by us but by the framer; one that fails while it
//! comes is read to its end and answered then. Of several messages all are added or none.

use std::sync::Arc;

use jiff::Timestamp;
use mailstore::body::{Body, BodyWriter};
use mailstore::message::{Limits, Scanner};
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{MailboxId, StoreError};

use super::answer::{Answer, of_target};
use super::open::Open;
use super::store::Named;
use crate::grammar::append::{Append, Head};
use crate::{APPEND_LIMIT, encode};

/// Messages of one APPEND.
const MAX_MESSAGES: usize = 1000;

/// Octets of all messages of one APPEND.
const MAX_OCTETS: u64 = 2 * APPEND_LIMIT as u64;

/// Octets of the structures of all messages of one APPEND: about what a transaction of the store writes.
const MAX_STRUCTURES: usize = 4 * 1024 * 1024;

/// Messages on their way in.
pub(super) struct Appending {
    pub(super) tag: String,
    mailbox: MailboxId,
    /// Those that have come whole.
    whole: Vec<Whole>,
    octets: u64,
    coming: Coming,
}

/// A message that has come whole.
#[derive(Clone)]
struct Whole {
    flags: Named,
    date: Option<Timestamp>,
    body: Arc<Body>,
    content: Arc<Prepared>,
}

/// A message that comes.
struct Coming {
    flags: Named,
    date: Option<Timestamp>,
    binary: bool,
    utf8: bool,
    writer: BodyWriter,
    scanner: Scanner,
    failed: Option<Answer>,
}

impl Coming {
    fn whole(self) -> Result<Whole, Answer> {
        let Self { flags, date, writer, scanner, failed, .. } = self;
        if let Some(answer) = failed {
            return Err(answer);
        }
        let content = Arc::new(Prepared::new(scanner.finish())?);
        let body = writer.finish().map_err(StoreError::from)?;
        Ok(Whole { flags, date, body, content })
    }
}

impl Appending {
    /// Takes in the next octets. May write to the disk.
    pub(super) fn write(&mut self, octets: &[u8]) {
        let coming = &mut self.coming;
        if coming.failed.is_some() {
            return;
        }
        // RFC 3501 §9, CHAR8
        if !coming.binary && octets.contains(&0) {
            coming.failed = Some(Answer::bad("There is a NUL in the literal"));
            return;
        }
        coming.scanner.push(octets);
        coming.failed =
            coming.writer.write(octets).err().map(|error| StoreError::from(error).into());
    }

    /// Whether the last message stands in the parentheses of UTF8.
    pub(super) fn is_utf8(&self) -> bool {
        self.coming.utf8
    }
}

impl Open {
    /// Whether the first message may come.
    // RFC 3501 §6.3.11
    pub(super) fn begin_append(&self, append: Append, size: u64) -> Result<Appending, Answer> {
        self.check_writes()?;
        let name = self.read_name(&append.mailbox)?;
        let mailbox = self.find(&self.view()?, &name).map_err(of_target)?;
        let coming = self.coming(append.head, size)?;
        Ok(Appending { tag: append.tag, mailbox, whole: Vec::new(), octets: size, coming })
    }

    /// Whether one more message may come.
    // RFC 3502 §6.3.11
    pub(super) fn append_next(
        &self,
        appending: Appending,
        head: Head,
        size: u64,
    ) -> Result<Appending, Answer> {
        let Appending { tag, mailbox, mut whole, octets, coming } = appending;
        whole.push(coming.whole()?);
        let octets = octets.saturating_add(size);
        let structures: usize = whole.iter().map(|one| one.content.stored_len()).sum();
        if whole.len() >= MAX_MESSAGES || octets > MAX_OCTETS || structures > MAX_STRUCTURES {
            return Err(Answer::no("[LIMIT] Too many messages at once"));
        }
        Ok(Appending { tag, mailbox, whole, octets, coming: self.coming(head, size)? })
    }

    fn coming(&self, head: Head, size: u64) -> Result<Coming, Answer> {
        // RFC 7889 §4
        if size > u64::from(APPEND_LIMIT) {
            return Err(Answer::no("[TOOBIG] The message is too large"));
        }
        // RFC 3502 §6.3.11: an empty one is the client's wish to stop.
        if size == 0 {
            return Err(Answer::no("[CANNOT] The message is empty"));
        }
        // RFC 6855 §4
        if head.utf8 && !self.enabled.utf8 {
            return Err(Answer::bad("ENABLE UTF8=ACCEPT comes first"));
        }
        Ok(Coming {
            flags: Named::read(head.flags.iter().map(String::as_str))?,
            date: head.date,
            binary: head.binary,
            utf8: head.utf8,
            writer: self.store.body_writer()?,
            scanner: Scanner::new(Limits::default()),
            failed: None,
        })
    }

    /// The last message has come whole.
    pub(super) async fn end_append(&mut self, appending: Appending) -> Answer {
        self.try_append(appending).await.unwrap_or_else(|answer| answer)
    }

    async fn try_append(&mut self, appending: Appending) -> Result<Answer, Answer> {
        let Appending { mailbox, mut whole, coming, .. } = appending;
        whole.push(coming.whole()?);
        // Messages that come into the mailbox that is looked at are this session's own: no second transaction.
        let claims = self.claims_recent(mailbox);
        let work = move |tx: &mut mailstore::Transaction<'_>| {
            let mut added = Vec::with_capacity(whole.len());
            for Whole { flags, date, body, content } in &whole {
                let flags = flags.bits(tx, mailbox)?;
                let internal_date = date.unwrap_or_else(|| tx.now());
                let (body, content) = (body.clone(), content.clone());
                let new = NewMessage { mailbox, body, content, flags, internal_date };
                added.push(tx.add_message(&new)?);
            }
            let recent = if claims { Some(tx.claim_recent(mailbox)?) } else { None };
            Ok((added, recent))
        };
        let (added, recent) = self.change(work).await.map_err(of_target)?;
        let uids: Vec<u32> = added.iter().map(|one| one.uid).collect();
        if let (Some(selected), Some(first), Some(last)) = (&mut self.selected, recent, uids.last())
        {
            selected.claim((first, last.saturating_add(1)));
        }
        let uid_validity = added.first().map_or(0, |one| one.uid_validity);
        // RFC 4315 §3
        Ok(Answer::ok(format!("[APPENDUID {uid_validity} {}] APPEND done", encode::set(&uids))))
    }
}
