//! The documents service: files what messages carry into the citizen's record, once, with a receipt.
//!
//! ```text
//! Documents   follows *arrived* changes of citizens' accounts          lib.rs
//! archive     an attachment's octets → documents with their facts      archive.rs
//! filing      documents → fates: judged, then filed in one transaction filing.rs
//! again       what the record can be derived from again                again.rs
//! asked       whether a receipt was asked for, and of whom             asked.rs
//! receipt     the receipt as a message                                 receipt.rs
//! Notices     tells citizens of what is kept from them for now         notices.rs
//! ```
//! Invariants: a message stays readable whatever becomes of its attachments; entries, fates, the
//! receipt and the cursor are one transaction; what was judged on the snapshot is judged again
//! inside it. A receipt is sent once a message, only when asked, never on reports, on automatic
//! mail or to nobody.

mod again;
mod archive;
mod asked;
mod filing;
mod notices;
mod receipt;

pub use archive::{MAX_ARCHIVE, MAX_ARCHIVES, MAX_EXPANDED};
pub use notices::Notices;

use asked::asked_of;
use domain::{MailboxKind, ReversePath, Verdict};
use filing::Plan;
use kit::{Cause, Effects, Failure, NotCommitted, Service, Source};
use mailstore::model::account::AccountState;
use mailstore::model::change::{Change, ChangeKind};
use mailstore::model::message::Structure;
use mailstore::{Consumer, MessageId, ServiceKey, StoreError, TableName, Transaction, View};
use post::{DsnRequest, Envelope, Post, PreparedMail};
use receipt::{Outcome, Receipt};
use record::{EntryId, put_fates};

/// The name under which the service follows the change log.
#[expect(clippy::unreachable, reason = "the compiler has run it")]
pub const CONSUMER: Consumer = match Consumer::new("documents") {
    Some(consumer) => consumer.following(&[ChangeKind::Arrived]),
    None => unreachable!(),
};

/// Messages that a receipt was sent for.
#[expect(clippy::unreachable, reason = "the compiler has run it")]
const RECEIPTS: TableName = match TableName::new("receipt") {
    Some(name) => name,
    None => unreachable!(),
};

/// The service.
pub struct Documents {
    post: Post,
}

impl std::fmt::Debug for Documents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Documents({:?})", self.post)
    }
}

impl Documents {
    /// The service of an operator.
    #[must_use]
    pub fn new(post: Post) -> Self {
        Self { post }
    }

    /// Whether the record of this account is kept from its mail.
    fn keeps_record(view: &View<'_>) -> Result<bool, StoreError> {
        let account = view.account_record()?;
        let takes = !matches!(account.state, AccountState::Objected | AccountState::Closed);
        Ok(account.kind == MailboxKind::Citizen && takes)
    }

    /// Reads what a message carries, and says what it leads to.
    fn message(
        &self,
        view: &View<'static>,
        id: MessageId,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        let Some((structure, plan)) = self.plan(view, id)? else { return Ok(()) };
        let receipt = self.receipt(view, id, &structure, &plan)?;
        file(plan, id, effects);
        if let Some((key, mail)) = receipt {
            effects.mail(move |tx| {
                remember(tx, &key, id)?;
                mail.commit_in(tx)?;
                Ok(())
            });
            let post = self.post.clone();
            effects.after_mail(move || post.ring());
        }
        Ok(())
    }

    /// What is to be done with a message's documents. None: it has none, or is gone.
    fn plan(
        &self,
        view: &View<'static>,
        id: MessageId,
    ) -> Result<Option<(Structure, Plan)>, Failure> {
        let structure = match view.structure(id) {
            // Removed meanwhile: nothing is left to file.
            Err(StoreError::NoSuchMessage) => return Ok(None),
            structure => structure?,
        };
        let mut plan = Plan::new(&self.post, view, id)?;
        archive::find(&self.post, view, id, &structure, |found| plan.add(&self.post, view, found))?;
        Ok(if plan.is_empty() { None } else { Some((structure, plan)) })
    }
}

/// Files what a plan says, and keeps the fates.
fn file(plan: Plan, id: MessageId, effects: &mut Effects) {
    effects.record(move |tx| {
        let fates = plan.carry_out(tx)?;
        Ok(put_fates(tx, id, &fates)?)
    });
}

impl Documents {
    /// The receipt that the message asks for, with what remembers it.
    fn receipt(
        &self,
        view: &View<'static>,
        id: MessageId,
        structure: &Structure,
        plan: &Plan,
    ) -> Result<Option<(ServiceKey, PreparedMail)>, Failure> {
        let Some(asked) = asked_of(structure) else { return Ok(None) };
        let key = match &asked.message_id {
            // The same message again is answered once.
            Some(message) => {
                let name = format!("{} {message}", asked.to.lookup_key().as_str());
                ServiceKey::new(RECEIPTS).lookup(view, &name)
            }
            None => ServiceKey::new(RECEIPTS).id(*id.as_bytes()),
        };
        if view.service_record(&key)?.is_some() {
            return Ok(None);
        }
        let account = view.account_record()?;
        let body = self.post.store().body(view, view.message(id)?.body)?;
        let original = body.read_all().map_err(StoreError::from)?;
        let outcomes: Vec<Outcome> = plan.outcomes().collect();
        let hostname = self.post.settings().hostname.to_string();
        let own_id = EntryId::random(self.post.random()).map_err(StoreError::from)?;
        let receipt = Receipt {
            from: &account.address,
            to: &asked.to,
            hostname: &hostname,
            message_id: &format!("{own_id}@{hostname}"),
            at: self.post.now(),
            original_message_id: asked.message_id.as_deref(),
            original_subject: &asked.subject,
            original: &original,
            outcomes: &outcomes,
        };
        let octets = receipt.octets().map_err(|error| Failure::Parked(error.to_string()))?;
        let envelope = Envelope {
            reverse_path: ReversePath::Null,
            dsn: DsnRequest::default(),
            smtputf8: false,
        };
        let to = [asked.to.clone()];
        match self.post.prepare_system(view.account_id(), envelope, &to, &octets) {
            Ok(mail) => Ok(Some((key, mail))),
            Err(Verdict::StorageUnavailable) => {
                Err(Failure::Later(Cause::Unavailable("no mail is taken in".to_owned())))
            }
            // Whoever asked cannot be written to; the documents are filed all the same.
            Err(verdict) => {
                tracing::warn!(verdict = verdict.id(), message = %id, "no receipt is sent");
                Ok(None)
            }
        }
    }
}

/// Notes that a receipt is sent for a message.
fn remember(tx: &mut Transaction<'_>, key: &ServiceKey, id: MessageId) -> Result<(), NotCommitted> {
    Ok(tx.put_service_record(key, id.as_bytes())?)
}

impl Service for Documents {
    fn consumer(&self) -> Consumer {
        CONSUMER
    }

    fn handle(
        &self,
        view: &View<'static>,
        change: &Change,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        // What the citizen's own session put here, a sent copy or an upload, was not received.
        if change.actor.account == Some(view.account_id()) || !Self::keeps_record(view)? {
            return Ok(());
        }
        change.messages.iter().try_for_each(|message| self.message(view, *message, effects))
    }

    fn sources(&self, view: &View<'static>) -> Result<Vec<Source>, Failure> {
        if Self::keeps_record(view)? { Ok(again::sources(view)?) } else { Ok(Vec::new()) }
    }

    fn derive(
        &self,
        view: &View<'static>,
        source: Source,
        effects: &mut Effects,
    ) -> Result<(), Failure> {
        match source {
            Source::Message(id) => {
                if let Some((_, plan)) = self.plan(view, id)? {
                    file(plan, id, effects);
                }
                Ok(())
            }
            Source::Kept(id) => again::kept(&self.post, view, EntryId::from_bytes(id), effects),
        }
    }
}
