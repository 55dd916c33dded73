//! Reports of success: of each note that a delivery here has left, a report to the sender.
//!
//! Failure: a note whose sender cannot be reached by mail at all goes without a report; any other one rests and is
//! looked at again.

use super::Relay;
use super::jobs::Job;
use super::reports::aside;
use crate::client::{Event, Reader};
use domain::{ReversePath, Verdict};
use mailstore::{AccountId, QueueId, StoreError};
use post::{DsnRequest, Notify, PreparedMail, RecipientDsn, delivered};

/// What a report is asked of: nothing, it is one.
const UNREPORTED: RecipientDsn = RecipientDsn { notify: Notify::NEVER, original: None };

impl Relay {
    /// Makes the report of one note.
    // RFC 3461 §5.2.1
    pub(super) async fn tell(&self, job: Job) -> Result<(), StoreError> {
        let Job { was_due, account, id, .. } = job;
        let relay = self.clone();
        let report = aside(move || relay.success_report(account, id)).await?;
        let _settled = self.parts.post.settle_note(account, was_due, id, report).await?;
        Ok(())
    }

    fn success_report(
        &self,
        account: AccountId,
        id: QueueId,
    ) -> Result<Option<PreparedMail>, StoreError> {
        let post = &self.parts.post;
        let (note, body) = {
            let view = post.store().view(account)?;
            let Some(note) = delivered::note(&view, id)? else { return Ok(None) };
            let body = self.body(&view, note.body)?;
            (note, body)
        };
        let ReversePath::Address(to) = &note.reverse_path else { return Ok(None) };
        let reader = match post.settings().citizen_domains.contains(to.domain()) {
            true => Reader::Citizen,
            false => Reader::Professional,
        };
        let told = note.recipients.iter();
        let told = told.map(|to| self.report_of(to, Event::Delivered, None)).collect();
        let Some(octets) = self.compose(&note, body.as_ref(), reader, told)? else {
            return Ok(None);
        };
        let envelope = post::Envelope {
            reverse_path: ReversePath::Null,
            dsn: DsnRequest::default(),
            smtputf8: to.needs_smtputf8(),
        };
        let recipients = vec![(to.clone(), UNREPORTED)];
        match post.prepare_mail(account, envelope, recipients, &octets) {
            Ok(report) => Ok(Some(report)),
            Err(verdict @ (Verdict::StorageUnavailable | Verdict::InternalFailure)) => {
                tracing::warn!(queue_id = %id, verdict = verdict.id(), "a report waits");
                Err(StoreError::Unavailable(std::sync::Arc::new(verdict)))
            }
            Err(verdict) => {
                tracing::warn!(queue_id = %id, verdict = verdict.id(), "nobody takes the report");
                Ok(None)
            }
        }
    }
}
