//! What the records of one account must say of each other.

use super::{Accounts, Finding, Report};
use crate::error::StoreError;
use crate::id::{BodyId, MailboxId, MessageId};
use crate::key::Key;
use crate::model::Record;
use crate::model::flags::Flags;
use crate::model::mailbox::MailboxState;
use crate::model::message::{Holder, Message};
use crate::view::View;
use std::collections::{BTreeMap, BTreeSet};

impl Accounts<'_> {
    /// Checks one account; an error is a record that does not open or read.
    pub(super) fn check_account(
        &self,
        view: &View<'_>,
        report: &mut Report,
    ) -> Result<(), StoreError> {
        let account = view.account_id();
        view.account_record()?;
        let mut wrong = Vec::new();
        let mut placed: BTreeMap<MessageId, BTreeSet<(MailboxId, u32)>> = BTreeMap::new();
        let mailboxes = view.mailboxes()?;
        for (id, mailbox) in &mailboxes {
            if view.mailbox_named(&mailbox.name)? != Some(*id) {
                wrong.push(format!("mailbox {id} is not found by its name"));
            }
            check_mailbox(view, *id, &mut placed, &mut wrong)?;
        }
        let messages = self.check_messages(view, &placed, &mut wrong, report)?;
        self.check_bodies(view, &messages, &mut wrong, report)?;

        let usage = view.usage()?;
        let octets: u64 = messages.values().map(|message| message.size).sum();
        if (usage.messages, usage.octets) != (messages.len() as u64, octets) {
            wrong.push("the counters of messages and octets are wrong".into());
        }
        if usize::try_from(usage.mailboxes) != Ok(mailboxes.len()) {
            wrong.push("the counter of mailboxes is wrong".into());
        }
        check_changes(view, usage.floor, usage.mod_seq, &mut wrong)?;
        let found = |what| Finding::Account { account, what };
        report.findings.extend(wrong.into_iter().map(found));
        Ok(())
    }

    fn check_messages(
        &self,
        view: &View<'_>,
        placed: &BTreeMap<MessageId, BTreeSet<(MailboxId, u32)>>,
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
            let what = match self.snapshot.body(body)? {
                None => Some("lies nowhere"),
                Some(location) => self
                    .bodies
                    .reader(body, &reference.secret(), reference.len, location)
                    .and_then(|reader| reader.check())
                    .err()
                    .map(|_| "does not open"),
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
    placed: &mut BTreeMap<MessageId, BTreeSet<(MailboxId, u32)>>,
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
    if highest_uid >= kept.uid_next || highest_mod_seq > kept.highest_mod_seq {
        wrong.push(format!("mailbox {id}: a UID or modification sequence is above its counter"));
    }
    for (uid, placement) in placements {
        placed.entry(placement.message).or_default().insert((id, uid));
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
