//! What became of a form that was sent: that it was, and how its message is taken back while it has not left.
//!
//! A message waits [`UNDO_FOR`] in the queue. Taking it back removes the queue's entry and the copy in *Sent* and
//! makes a draft of it, in one transaction. Invariants: what the relay may have begun with is not taken back; a form
//! that was taken back and is sent again is a message of its own. Failure: that of the store.

use std::collections::BTreeMap;

use mailstore::model::expunge::Expunge;
use mailstore::{
    MailboxId, MessageId, QueueId, ServiceKey, StoreError, TableName, Transaction, View,
};
use serde::{Deserialize, Serialize};

use super::draft::{self, Draft, DraftOf};
use super::outgoing::Token;

/// Seconds for which a message can be taken back.
pub(crate) const UNDO_FOR: i64 = 10;
/// Seconds for which a form is remembered: longer than any session, and with it any form, lives.
const KEPT: i64 = 24 * 60 * 60;
/// Forms that are looked at.
const MAX_FORMS: usize = 1000;
const FORMS: TableName = TableName::constant("websent");

/// A message that waits. A stored format (postcard): add at the end only.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    pub(crate) queue: QueueId,
    /// When it leaves, seconds since 1970.
    pub(crate) due: i64,
    /// The copy.
    pub(crate) message: MessageId,
    pub(crate) mailbox: MailboxId,
    pub(crate) uid: u32,
    /// The draft that it becomes again, by [`DraftOf::id`].
    pub(crate) of: [u8; 16],
    /// Of a first message: the conversation that shows to whom it goes.
    pub(crate) to: String,
}

/// A form. A stored format (postcard): add at the end only.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Form {
    /// When it was sent last, seconds since 1970.
    at: i64,
    /// How often it was taken back.
    undone: u32,
    /// Its messages, each until it is taken back: a form that was changed and sent again has made two.
    held: Vec<Held>,
}

fn key(token: &Token) -> ServiceKey {
    ServiceKey::new(FORMS).id(token.id())
}

fn forms(view: &View<'_>) -> Result<Vec<(ServiceKey, Form)>, StoreError> {
    view.service_values(&ServiceKey::new(FORMS), MAX_FORMS)
}

/// How often a form was taken back.
pub(crate) fn undone(view: &View<'_>, token: &Token) -> Result<u32, StoreError> {
    let form: Option<Form> = view.service_value(&key(token))?;
    Ok(form.map_or(0, |form| form.undone))
}

/// Whether a form was sent, and not taken back since.
pub(crate) fn is_sent(view: &View<'_>, token: &Token) -> Result<bool, StoreError> {
    let form: Option<Form> = view.service_value(&key(token))?;
    Ok(form.is_some_and(|form| !form.held.is_empty()))
}

/// Notes that a form was sent; the draft it was is done with. Forms of before are forgotten.
pub(crate) fn note(tx: &mut Transaction<'_>, token: &Token, held: Held) -> Result<(), StoreError> {
    let now = tx.now().as_second();
    for (key, form) in forms(tx)? {
        if form.at.saturating_add(KEPT) < now {
            tx.delete_service_record(&key);
        }
    }
    draft::delete(tx, DraftOf::of_id(held.of));
    let mut form: Form = tx.service_value(&key(token))?.unwrap_or_default();
    form.at = now;
    form.held.push(held);
    tx.put_service_value(&key(token), &form)
}

/// The messages that can be taken back at `now` (seconds since 1970), with when each of them leaves.
pub(crate) fn waiting(view: &View<'_>, now: i64) -> Result<BTreeMap<MessageId, i64>, StoreError> {
    let held = forms(view)?.into_iter().flat_map(|(_, form)| form.held);
    Ok(held.filter(|held| held.due > now).map(|held| (held.message, held.due)).collect())
}

/// Takes a message back and makes a draft of `subject` and `text`; what the draft is of, or nothing when it is too
/// late.
pub(crate) fn take_back(
    tx: &mut Transaction<'_>,
    message: MessageId,
    subject: &str,
    text: &str,
) -> Result<Option<DraftOf>, StoreError> {
    let found = forms(tx)?.into_iter().find_map(|(key, mut form)| {
        let at = form.held.iter().position(|held| held.message == message)?;
        let held = form.held.swap_remove(at);
        Some((key, form, held))
    });
    let Some((key, mut form, held)) = found else { return Ok(None) };
    if !post::queue::withdraw(tx, held.queue, held.due)? {
        return Ok(None);
    }
    let _ = tx.expunge(held.mailbox, &[held.uid], Expunge::All)?;
    let of = DraftOf::of_id(held.of);
    let subject = if of == DraftOf::New { subject } else { "" };
    let (subject, text, saved) = (subject.to_owned(), text.to_owned(), tx.now().as_second());
    draft::put(tx, of, &Draft { to: held.to, subject, text, saved })?;
    form.undone = form.undone.saturating_add(1);
    tx.put_service_value(&key, &form)?;
    Ok(Some(of))
}
