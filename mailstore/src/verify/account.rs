//! What the records of one account must say of each other.

use super::{Finding, Report};
use crate::body::BodyReader;
use crate::error::StoreError;
use crate::id::{BodyId, MailboxId, MessageId};
use crate::key::Key;
use crate::log::Location;
use crate::model::Record;
use crate::model::account::{Counters, Found};
use crate::model::body_reference::Holder;
use crate::model::flags::Flags;
use crate::model::mailbox::{Mailbox, MailboxState};
use crate::model::message::Message;
use crate::model::thread::Named;
use crate::seal::Secret;
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};

/// Where messages lie, by the placements of all mailboxes.
type Placed = BTreeMap<MessageId, BTreeSet<(MailboxId, u32)>>;

/// Opens a body: its id, secret, length and place.
type OpenBody<'a> = dyn Fn(BodyId, &Secret, u64, Location) -> Result<BodyReader, StoreError> + 'a;

/// The check of an account, wherever its bodies are read from.
pub(super) struct Check<'a> {
    pub(super) open_body: &'a OpenBody<'a>,
}

impl Check<'_> {
    /// Checks one account; an error is a record that does not open or read.
    pub(super) fn check_account(
        &self,
        view: &View<'_>,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let account = view.account_id();
        view.account_record()?;
        let counters = view.counters()?;
        let mut wrong = Vec::new();
        let mut placed = Placed::new();
        let mailboxes = view.mailboxes()?;
        for (id, mailbox) in &mailboxes {
            if view.mailbox_named(&mailbox.name)? != Some(*id) {
                wrong.push(format!("mailbox {id} is not found by its name"));
            }
            check_mailbox(view, *id, &counters, &mut placed, &mut wrong)?;
        }
        check_uid_validities(&mailboxes, &counters, &mut wrong);
        let messages = self.check_messages(view, &placed, &mut wrong, report)?;
        check_leftovers(view, &placed, &messages, &mut wrong)?;
        check_threads(view, &messages, &mut wrong)?;
        self.check_bodies(view, &messages, &mut wrong, report)?;
        check_found_by(view, &mut wrong)?;
        check_due(view, &mut wrong)?;

        let octets: u64 = messages.values().map(|message| message.size).sum();
        if (counters.messages, counters.octets) != (messages.len() as u64, octets) {
            wrong.push("the counters of messages and octets are wrong".into());
        }
        if usize::try_from(counters.mailboxes) != Ok(mailboxes.len()) {
            wrong.push("the counter of mailboxes is wrong".into());
        }
        if usize::try_from(counters.subscriptions) != Ok(view.subscriptions()?.len()) {
            wrong.push("the counter of subscriptions is wrong".into());
        }
        check_changes(view, counters.floor, counters.mod_seq, &mut wrong)?;
        let found = |what| Finding::Account { account, what };
        report.findings.extend(wrong.into_iter().map(found));
        Ok(())
    }

    fn check_messages(
        &self,
        view: &View<'_>,
        placed: &Placed,
        wrong: &mut Vec<String>,
        report: &mut Report,
    ) -> Result<BTreeMap<MessageId, Message>, StoreError> {
        let mut messages = BTreeMap::new();
        for (key, value) in view.all(&Key::messages(view.account_id()))? {
            let id = MessageId::from_bytes(key.last_id().ok_or(StoreError::Format)?);
            view.structure(id)?;
            let places: BTreeSet<_> = view.places_of(id)?.into_iter().collect();
            if placed.get(&id) != Some(&places) {
                wrong.push(format!("message {id} does not lie where it says"));
            }
            messages.insert(id, Message::decode(&value)?);
            report.messages += 1;
        }
        for id in placed.keys().filter(|id| !messages.contains_key(id)) {
            wrong.push(format!("message {id} is placed and does not exist"));
        }
        Ok(messages)
    }

    fn check_bodies(
        &self,
        view: &View<'_>,
        messages: &BTreeMap<MessageId, Message>,
        wrong: &mut Vec<String>,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let account = view.account_id();
        let mut held: BTreeSet<(BodyId, MessageId)> = BTreeSet::new();
        for (key, _) in view.all(&Key::bodies(account))? {
            let body = BodyId::from_bytes(key.last_id().ok_or(StoreError::Format)?);
            let reference = view.body_reference(body)?.ok_or(StoreError::NoSuchBody)?;
            for holder in &reference.holders {
                if let Holder::Message(message) = holder {
                    held.insert((body, *message));
                }
            }
            if !view.exists(&Key::body_owner(body, account))? {
                wrong.push(format!("body {body} does not name its account"));
            }
            let what = match view.snapshot.body(body)? {
                None => Some("lies nowhere"),
                Some(location) => {
                    let secret = reference.secret();
                    match (self.open_body)(body, &secret, reference.len, location) {
                        Ok(reader) => reader.check().err().map(|_| "does not open"),
                        Err(_) => Some("does not open"),
                    }
                }
            };
            report.bodies += 1;
            report.octets += reference.len;
            report.findings.extend(what.map(|what| Finding::Body { account, body, what }));
        }
        let needed: BTreeSet<_> = messages.iter().map(|(id, m)| (m.body, *id)).collect();
        if held != needed {
            wrong.push("bodies are held by other messages than those that need them".into());
        }
        Ok(())
    }
}

fn check_mailbox(
    view: &View<'_>,
    id: MailboxId,
    account: &Counters,
    placed: &mut Placed,
    wrong: &mut Vec<String>,
) -> Result<(), StoreError> {
    let kept = view.mailbox_state(id)?;
    let flags = view.flags(id, 0, u32::MAX)?;
    let placements = view.placements(id, 0, u32::MAX, usize::MAX)?;
    if flags.iter().map(|f| f.uid).ne(placements.iter().map(|p| p.0)) {
        wrong.push(format!("mailbox {id}: flags and placements are not of the same UIDs"));
    }
    let count = |wanted: &dyn Fn(Flags) -> bool| {
        u32::try_from(flags.iter().filter(|f| wanted(f.flags)).count()).unwrap_or(u32::MAX)
    };
    let counted = MailboxState {
        exists: count(&|_| true),
        unseen: count(&|flags| !flags.contain(Flags::SEEN)),
        deleted: count(&|flags| flags.contain(Flags::DELETED)),
        octets: placements.iter().map(|(_, placement)| placement.size).sum(),
        ..kept
    };
    if counted != kept {
        wrong.push(format!("mailbox {id}: its counters are wrong"));
    }
    let highest_uid = placements.last().map_or(0, |(uid, _)| *uid);
    let highest_mod_seq = flags.iter().map(|f| f.mod_seq).max().unwrap_or(0);
    let in_order = highest_uid < kept.uid_next
        && kept.recent_from <= kept.uid_next
        && highest_mod_seq <= kept.highest_mod_seq
        && kept.highest_mod_seq <= account.mod_seq;
    if !in_order {
        wrong.push(format!("mailbox {id}: a UID or modification sequence is above its counter"));
    }
    for (uid, placement) in placements {
        placed.entry(placement.message).or_default().insert((id, uid));
    }
    Ok(())
}

fn check_uid_validities(
    mailboxes: &[(MailboxId, Mailbox)],
    counters: &Counters,
    wrong: &mut Vec<String>,
) {
    let given: BTreeSet<_> = mailboxes.iter().map(|(_, mailbox)| mailbox.uid_validity).collect();
    if given.len() != mailboxes.len() || given.last() > Some(&counters.uid_validity) {
        wrong.push("a UIDVALIDITY is given twice or above its counter".into());
    }
}

/// Structures and places are those of messages that exist.
fn check_leftovers(
    view: &View<'_>,
    placed: &Placed,
    messages: &BTreeMap<MessageId, Message>,
    wrong: &mut Vec<String>,
) -> Result<(), StoreError> {
    for (key, _) in view.all(&Key::structures(view.account_id()))? {
        let id = MessageId::from_bytes(key.last_id().ok_or(StoreError::Format)?);
        if !messages.contains_key(&id) {
            wrong.push(format!("there is a structure of message {id}, which does not exist"));
        }
    }
    for (key, _) in view.all(&Key::places_all(view.account_id()))? {
        let (id, mailbox, uid) = key.place_of().ok_or(StoreError::Format)?;
        if !placed.get(&id).is_some_and(|places| places.contains(&(mailbox, uid))) {
            wrong.push(format!("message {id} names a place where it does not lie"));
        }
    }
    Ok(())
}

/// Each name of a conversation counts the messages that hold it.
fn check_threads(
    view: &View<'_>,
    messages: &BTreeMap<MessageId, Message>,
    wrong: &mut Vec<String>,
) -> Result<(), StoreError> {
    let mut held: BTreeMap<Key, u32> = BTreeMap::new();
    for name in messages.values().flat_map(|message| view.thread_names(&message.envelope)) {
        *held.entry(name).or_default() += 1;
    }
    let mut counted = BTreeMap::new();
    for (key, value) in view.all(&Key::message_id_threads(view.account_id()))? {
        counted.insert(key, Named::decode(&value)?.holders);
    }
    if held != counted {
        wrong.push("names of conversations are held by other messages than they count".into());
    }
    Ok(())
}

/// The keys by which the account is to be found lead back to it.
fn check_found_by(view: &View<'_>, wrong: &mut Vec<String>) -> Result<(), StoreError> {
    let account = view.account_id();
    let registration = view.registration(account)?.ok_or(StoreError::NoSuchAccount)?;
    for key in registration.found_by {
        let found: Option<Found> = view.record(&Key::from_stored(&key))?;
        if found.is_none_or(|found| found.account != account) {
            wrong.push("a key by which the account is to be found does not lead to it".into());
        }
    }
    Ok(())
}

fn check_due(view: &View<'_>, wrong: &mut Vec<String>) -> Result<(), StoreError> {
    for (key, _) in view.all(&Key::due_of_all(view.account_id()))? {
        let beside = key.due_beside(view.account_id()).ok_or(StoreError::Format)?;
        if !view.exists(&beside)? {
            wrong.push("something due is not found by its instant".into());
        }
    }
    Ok(())
}

fn check_changes(
    view: &View<'_>,
    floor: u64,
    head: u64,
    wrong: &mut Vec<String>,
) -> Result<(), StoreError> {
    let changes = view.changes(floor, usize::MAX)?;
    if changes.iter().map(|(mod_seq, _)| *mod_seq).ne(floor + 1..=head) {
        wrong.push("the change log has a gap".into());
    }
    Ok(())
}
