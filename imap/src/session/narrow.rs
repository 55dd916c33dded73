//! Which messages a SEARCH has to look at: all, or those that an index of texts names.

use std::collections::BTreeSet;

use mailstore::{MailboxId, MessageId, StoreError, View};

use crate::grammar::search::Key;
use crate::texts::Texts;

/// What a SEARCH looks at.
pub(super) enum Scope {
    /// The index was not asked yet.
    Unknown,
    /// Every message.
    All,
    /// The messages with these UIDs, in order.
    Only(Vec<u32>),
}

impl Scope {
    /// Asks the index. Every message for which all keys hold is in the scope.
    pub(super) fn of(
        texts: &dyn Texts,
        view: &View<'static>,
        mailbox: MailboxId,
        keys: &[Key],
    ) -> Result<Self, StoreError> {
        let Some(messages) = all_of(texts, view, keys)? else { return Ok(Self::All) };
        let mut uids = Vec::new();
        for message in messages {
            let places = view.places_of(message)?.into_iter();
            uids.extend(places.filter(|(at, _)| *at == mailbox).map(|(_, uid)| uid));
        }
        uids.sort_unstable();
        Ok(Self::Only(uids))
    }
}

fn all_of(
    texts: &dyn Texts,
    view: &View<'static>,
    keys: &[Key],
) -> Result<Option<BTreeSet<MessageId>>, StoreError> {
    let mut all: Option<BTreeSet<MessageId>> = None;
    for key in keys {
        let Some(these) = by(texts, view, key)? else { continue };
        all = Some(match all {
            Some(others) => &others & &these,
            None => these,
        });
    }
    Ok(all)
}

/// The messages for which a key may hold; None when the index says nothing of it. The grammar has bounded how deep keys
/// nest.
fn by(
    texts: &dyn Texts,
    view: &View<'static>,
    key: &Key,
) -> Result<Option<BTreeSet<MessageId>>, StoreError> {
    match key {
        Key::Header(_, text) | Key::Body(text) | Key::Text(text) if !text.is_empty() => {
            texts.among(view, text)
        }
        Key::And(keys) => all_of(texts, view, keys),
        Key::Or(one, other) => match (by(texts, view, one)?, by(texts, view, other)?) {
            (Some(one), Some(other)) => Ok(Some(&one | &other)),
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}
