//! What the record is derived from again: messages that are still there, and filed documents whose
//! message is gone.
//!
//! A message counts when the service has been at it, or when the change log still says that
//! somebody else brought it: what the citizen put into a mailbox is nobody's document. People's
//! decisions, and where an entry stands, are not derived: they stay.

use crate::archive;
use crate::filing::derived;
use kit::{Effects, Failure, NotCommitted, Source};
use mailstore::model::change::ChangeKind;
use mailstore::{MessageId, StoreError, View};
use post::Post;
use record::{Entry, EntryId, FiledBy, derive_again, is_handled};
use std::collections::{BTreeSet, HashSet};

/// Rows read at once.
const PAGE: usize = 256;

/// Every source of an account's record: first the filed documents whose message is gone, then the
/// messages, the longest here first.
pub(crate) fn sources(view: &View<'_>) -> Result<Vec<Source>, StoreError> {
    let mut sources: Vec<Source> = orphans(view)?.into_iter().map(Source::Kept).collect();
    let received = received(view)?;
    // By when they came; a message in several mailboxes is one.
    let mut messages: BTreeSet<(i64, MessageId)> = BTreeSet::new();
    for (mailbox, _) in view.mailboxes()? {
        let mut first = 0;
        loop {
            let placed = view.placements(mailbox, first, u32::MAX, PAGE)?;
            for (_, placement) in &placed {
                let id = placement.message;
                if received.contains(&id) || is_handled(view, id)? {
                    messages.insert((view.message(id)?.received, id));
                }
            }
            match placed.last() {
                Some((last, _)) if placed.len() == PAGE && *last < u32::MAX => first = last + 1,
                _ => break,
            }
        }
    }
    sources.extend(messages.into_iter().map(|(_, id)| Source::Message(id)));
    Ok(sources)
}

/// Filed documents whose message is gone.
fn orphans(view: &View<'_>) -> Result<Vec<[u8; 16]>, StoreError> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let entries = record::entries_by_id(view, after, PAGE)?;
        let Some(last) = entries.last() else { return Ok(found) };
        after = Some(last.id);
        for entry in entries.iter().filter(|entry| entry.filed_by == FiledBy::Service) {
            match view.message(entry.message) {
                Err(StoreError::NoSuchMessage) => found.push(*entry.id.as_bytes()),
                message => drop(message?),
            }
        }
    }
}

/// The messages of which the change log says that somebody else brought them.
fn received(view: &View<'_>) -> Result<HashSet<MessageId>, StoreError> {
    let (mut found, mut since) = (HashSet::new(), 0);
    loop {
        let changes = view.changes(since, PAGE)?;
        let Some((last, _)) = changes.last() else { return Ok(found) };
        since = *last;
        for (_, change) in &changes {
            let is_own = change.actor.account == Some(view.account_id());
            if change.kind == ChangeKind::Arrived && !is_own {
                found.extend(change.messages.iter().copied());
            }
        }
    }
}

/// Derives a filed document's entry again, from its own octets.
pub(crate) fn kept(
    post: &Post,
    view: &View<'_>,
    id: EntryId,
    effects: &mut Effects,
) -> Result<(), Failure> {
    let Some(entry) = record::entry(view, id)? else { return Ok(()) };
    let octets = record::octets(post.store(), view, &entry)?;
    let now: Entry = derived(&entry, &archive::alone(octets, String::new()));
    effects.record(move |tx| match derive_again(tx, &now)? {
        true => Ok(()),
        false => Err(NotCommitted::Stale),
    });
    Ok(())
}
