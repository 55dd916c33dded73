//! Texts as SEARCH looks in them: the program may have an index of them, else messages are read.
//!
//! Invariant: an index narrows and never decides: whatever it names is looked at, and whatever it does not name holds
//! no such text. Failure: an index that cannot tell says so, and all messages are looked at.

use std::collections::BTreeSet;
use std::fmt::Debug;

use mail_parser::{Message, MessageParser, PartType};
use mailstore::message::fold;
use mailstore::{MessageId, StoreError, View};

/// Messages inside messages that are looked into.
const MAX_INSIDE: usize = 5;

/// Knows the texts of messages.
pub trait Texts: Send + Sync + Debug {
    /// The messages of the view's account among which is every one with this text in its header section or in what
    /// [`Texts::text`] gives. None: each has to be looked at.
    fn among(
        &self,
        view: &View<'static>,
        text: &str,
    ) -> Result<Option<BTreeSet<MessageId>>, StoreError>;

    /// The text of a message behind its header section, as `mailstore::message::fold` gives it.
    fn text(&self, message: &[u8]) -> String;
}

/// Without an index: the text parts, as they stand.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unindexed;

impl Texts for Unindexed {
    fn among(&self, _: &View<'static>, _: &str) -> Result<Option<BTreeSet<MessageId>>, StoreError> {
        Ok(None)
    }

    fn text(&self, message: &[u8]) -> String {
        let mut text = String::new();
        if let Some(message) = MessageParser::default().parse(message) {
            gather(&message, &mut text, 0);
        }
        fold(&text)
    }
}

fn gather(message: &Message<'_>, text: &mut String, depth: usize) {
    for part in &message.parts {
        match &part.body {
            PartType::Text(content) | PartType::Html(content) => {
                text.push_str(content);
                text.push('\n');
            }
            PartType::Message(inner) if depth < MAX_INSIDE => gather(inner, text, depth + 1),
            _ => {}
        }
    }
}
