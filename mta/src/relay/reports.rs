//! What the sender is told: the report on an attempt, with what comes back of the message.
//!
//! Invariants: nothing is told on `<>` and on reports; of automatic mail only what failed. Failure: a body that is
//! damaged comes back empty, and its recipients are given up: no repetition reads it.

use super::Relay;
use super::attempt::accepted_at;
use super::sending::envelope_id;
use crate::client::{Action, Dsn, Original, Reader, RecipientReport, Ret, Returned, is_asked};
use domain::ReversePath;
use mailstore::body::{BodyError, BodyReader};
use mailstore::{BodyId, StoreError, View};
use post::queue::{self, Entry};
use std::sync::Arc;
use tokio::task::spawn_blocking;

/// Octets in which a header section is looked for.
const HEADER: usize = 128 * 1024;

impl Relay {
    /// A body of an account; none where it is damaged: no repetition reads it.
    pub(super) fn body(
        &self,
        view: &View<'_>,
        id: BodyId,
    ) -> Result<Option<BodyReader>, StoreError> {
        match self.parts.post.store().body(view, id) {
            Ok(body) => Ok(Some(body)),
            Err(error) => none_if_damaged(error),
        }
    }

    /// The report for the account that caused the mail.
    pub(super) fn report(
        &self,
        entry: &Entry,
        body: Option<&BodyReader>,
        reader: Reader,
        told: Vec<RecipientReport>,
    ) -> Result<Option<queue::Report>, StoreError> {
        let octets = self.compose(entry, body, reader, told)?;
        octets.map(|octets| self.parts.post.report([octets.as_slice()])).transpose()
    }

    /// The report on what the sender asked to be told.
    pub(super) fn compose(
        &self,
        entry: &Entry,
        body: Option<&BodyReader>,
        reader: Reader,
        told: Vec<RecipientReport>,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let ReversePath::Address(to) = &entry.reverse_path else { return Ok(None) };
        // RFC 3834 §2
        let asked = |report: &RecipientReport| {
            let action = report.action();
            let fits = !entry.automatic || action == Action::Failed;
            fits && is_asked(report.recipient.notify(), action)
        };
        let mut recipients: Vec<_> = told.into_iter().filter(asked).collect();
        if recipients.is_empty() || !entry.may_report {
            return Ok(None);
        }
        // MSS #46
        if reader == Reader::Citizen {
            for report in &mut recipients {
                report.label = (self.parts.label_of)(report.recipient.address());
            }
        }
        let mut token = [0; 16];
        self.parts.post.random().fill(&mut token)?;
        let dsn = Dsn {
            token: u128::from_le_bytes(token),
            reporting_mta: self.parts.post.settings().hostname.clone(),
            from: self.parts.postmaster.clone(),
            to: to.clone(),
            reader,
            zone: self.parts.zone.clone(),
            now: self.parts.clock.now(),
            original: Original {
                message_id: entry.message_id.as_ref().map(|id| format!("<{id}>")),
                size: entry.size,
                eight_bit: entry.eight_bit,
                utf8_headers: entry.utf8_headers,
                ret: Some(if entry.dsn.full { Ret::Full } else { Ret::Headers }),
                envelope_id: envelope_id(entry),
                accepted_at: accepted_at(entry),
            },
            recipients,
        };
        let message = dsn.write();
        let original = match (message.returned, body) {
            (Returned::FullMessage, Some(body)) => body.read_all().map_err(StoreError::from),
            (Returned::HeaderSection, Some(body)) => header_section(body),
            (Returned::Nothing, _) | (_, None) => Ok(Vec::new()),
        };
        let original =
            original.or_else(|error| none_if_damaged(error).map(Option::unwrap_or_default))?;
        let pieces = [message.head.as_slice(), original.as_slice(), message.tail.as_slice()];
        Ok(Some(pieces.concat()))
    }
}

/// Damage of a body counts as none; any other fault stays one.
fn none_if_damaged<T>(error: StoreError) -> Result<Option<T>, StoreError> {
    match error {
        StoreError::Damaged(_) | StoreError::NoSuchBody => {
            tracing::error!(error = &error as &dyn std::error::Error, "a queued body");
            Ok(None)
        }
        error => Err(error),
    }
}

/// Does what reads or writes a message, beside other work.
pub(super) async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    let done = spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(StoreError::Unavailable(Arc::new(error))))
}

/// Whether a body will not be read, however often it is tried.
pub(super) async fn is_lost(body: Option<Arc<BodyReader>>) -> bool {
    let Some(body) = body else { return true };
    let is_lost = move || Ok(matches!(body.check(), Err(BodyError::Damaged)));
    aside(is_lost).await.unwrap_or(false)
}

/// The header section of a stored message, with the empty line.
fn header_section(body: &BodyReader) -> Result<Vec<u8>, StoreError> {
    let mut octets = body.read(0, HEADER)?;
    if let Some(end) = memchr::memmem::find(&octets, b"\r\n\r\n") {
        octets.truncate(end + 4);
    }
    Ok(octets)
}
