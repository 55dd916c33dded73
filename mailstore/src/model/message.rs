//! Messages: stored once, whatever mailboxes they lie in.
//!
//! The *message* record is what lists show, so that a listing opens no body; the *structure* is
//! what IMAP needs to cut parts out of the body. The body is held by reference
//! ([`body_reference`](super::body_reference)).

use super::Record;
use super::body_reference::Holder;
use super::change::{ChangeKind, Effect, Places};
use super::flags::Flags;
use super::placement::{OpenMailbox, Placement};
use crate::body::Body;
use crate::error::StoreError;
use crate::id::{BodyId, MailboxId, MessageId, ThreadId};
use crate::key::Key;
use crate::message::{Digest, Envelope, Part};
use crate::transaction::Transaction;
use crate::view::View;
use jiff::Timestamp;
use mail_parser::DateTime;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Octets of a Date field that are read.
const MAX_DATE: usize = 128;
const MONTHS: [&str; 12] =
    ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/// What lists show of a message.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its octets.
    pub body: BodyId,
    /// Their number.
    pub size: u64,
    /// When it came into the account, milliseconds since 1970.
    pub received: i64,
    /// When it was sent by its Date field, seconds since 1970. None when that cannot be read.
    // RFC 5322 §3.6.1
    pub sent: Option<i64>,
    /// Its conversation.
    pub thread: ThreadId,
    /// Parts that people see as attached.
    pub attachments: u16,
    /// Its envelope.
    pub envelope: Envelope,
    /// The beginning of its text.
    // RFC 8970 §3
    pub preview: String,
}

impl Record for Message {}

impl std::fmt::Debug for Message {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Message({:?}, {} octets, …)", self.body, self.size)
    }
}

/// What cuts parts out of a message's body.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Structure {
    /// The parts, with their places in the body.
    pub part: Part,
    /// The header section.
    #[serde(with = "serde_bytes")]
    pub header: Vec<u8>,
    /// Whether the header section was longer than what is kept of it.
    pub header_cut: bool,
}

impl Record for Structure {}

impl std::fmt::Debug for Structure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Structure({} octets of header, …)", self.header.len())
    }
}

/// What is kept of a message whatever account it comes into: made once, used for each recipient.
#[derive(Clone)]
pub struct Prepared {
    envelope: Envelope,
    preview: String,
    sent: Option<i64>,
    attachments: u16,
    structure: EncodedStructure,
}

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Prepared({} octets of structure, …)", self.structure.0.len())
    }
}

impl Prepared {
    /// What is kept of what the scanner found.
    pub fn new(digest: Digest) -> Result<Self, StoreError> {
        let attached = digest.structure.leaves().filter(|(_, part)| part.is_attachment()).count();
        let Digest { envelope, structure: part, header, header_cut, preview, .. } = digest;
        Ok(Self {
            sent: envelope.date.as_ref().and_then(|date| seconds_of(date.as_bytes())),
            attachments: u16::try_from(attached).unwrap_or(u16::MAX),
            structure: EncodedStructure(Structure { part, header, header_cut }.encode()?),
            envelope,
            preview,
        })
    }

    /// Octets of its structure as stored: most of what it holds.
    #[must_use]
    pub fn stored_len(&self) -> usize {
        self.structure.0.len()
    }
}

/// A [`Structure`] as stored.
#[derive(Clone, Serialize, Deserialize)]
struct EncodedStructure(Vec<u8>);

impl Record for EncodedStructure {
    fn encode(&self) -> Result<Vec<u8>, StoreError> {
        Ok(self.0.clone())
    }

    fn decode(octets: &[u8]) -> Result<Self, StoreError> {
        Ok(Self(octets.to_vec()))
    }
}

/// The instant of a Date field.
// RFC 5322 §3.3
fn seconds_of(date: &[u8]) -> Option<i64> {
    let date = date.get(..MAX_DATE).unwrap_or(date);
    let date = String::from_utf8_lossy(date).to_ascii_lowercase();
    // The parser takes any three letters for some month.
    if !MONTHS.iter().any(|month| date.contains(month)) {
        return None;
    }
    let mut at = DateTime::parse_rfc822(&date)?;
    // A leap second counts as the one before it.
    at.second = at.second.min(59);
    at.is_valid().then(|| at.to_timestamp())
}

/// A message to be added.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Where to.
    pub mailbox: MailboxId,
    /// Its octets.
    pub body: Arc<Body>,
    /// What is kept of them.
    pub content: Arc<Prepared>,
    /// Its first flags.
    pub flags: Flags,
    /// IMAP's INTERNALDATE.
    pub internal_date: Timestamp,
}

/// A message that was added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Added {
    /// The message.
    pub message: MessageId,
    /// Its conversation.
    pub thread: ThreadId,
    /// Its UID.
    pub uid: u32,
    /// The mailbox's UIDVALIDITY.
    pub uid_validity: u32,
    /// The change's modification sequence.
    pub mod_seq: u64,
}

impl View<'_> {
    /// A message.
    pub fn message(&self, id: MessageId) -> Result<Message, StoreError> {
        self.record(&Key::message(self.account, id))?.ok_or(StoreError::NoSuchMessage)
    }

    /// A message's structure.
    pub fn structure(&self, id: MessageId) -> Result<Structure, StoreError> {
        self.record(&Key::structure(self.account, id))?.ok_or(StoreError::NoSuchMessage)
    }
}

impl Transaction<'_> {
    /// Adds a message to a mailbox.
    pub fn add_message(&mut self, new: &NewMessage) -> Result<Added, StoreError> {
        self.command(|tx| tx.add(new))
    }

    fn add(&mut self, new: &NewMessage) -> Result<Added, StoreError> {
        let account = self.account;
        let uid_validity = self.mailbox(new.mailbox)?.uid_validity;
        let size = new.body.len();
        let mod_seq = self.count_in(size)?;

        let id = MessageId::random(self.random())?;
        let content = &*new.content;
        let thread = self.join_thread(&content.envelope)?;
        let message = Message {
            body: new.body.id(),
            size,
            received: self.now().as_millisecond(),
            sent: content.sent,
            thread,
            attachments: content.attachments,
            envelope: content.envelope.clone(),
            preview: content.preview.clone(),
        };
        self.put(Key::message(account, id), &message)?;
        self.put(Key::structure(account, id), &content.structure)?;
        self.hold_body(&new.body, Holder::Message(id))?;

        let internal_date = new.internal_date.as_second();
        let placement = Placement { message: id, size, internal_date, saved: 0 };
        let mut mailbox = OpenMailbox::open(self, new.mailbox)?;
        let uid = mailbox.place(self, placement, new.flags, mod_seq)?;
        mailbox.close(self)?;
        let mut effect = Effect::of(ChangeKind::Arrived);
        effect.messages.push(id);
        effect.placed.push(Places { mailbox: new.mailbox, uids: [uid].into_iter().collect() });
        self.log_change(mod_seq, effect)?;
        Ok(Added { message: id, thread, uid, uid_validity, mod_seq })
    }

    /// Counts a message of `size` octets in; returns its modification sequence.
    fn count_in(&mut self, size: u64) -> Result<u64, StoreError> {
        let mut counters = self.counters()?;
        if counters.octets.saturating_add(size) > counters.quota {
            return Err(StoreError::OverQuota);
        }
        counters.octets += size;
        counters.messages += 1;
        self.advance(&mut counters)
    }

    /// Removes a message whose last placement went; its octets are counted out by the caller.
    pub(super) fn remove_message(&mut self, id: MessageId) -> Result<(), StoreError> {
        let message = self.message(id)?;
        self.leave_thread(&message.envelope)?;
        self.release_body(message.body, Holder::Message(id))?;
        self.delete(Key::message(self.account, id));
        self.delete(Key::structure(self.account, id));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_date_field_is_read_with_its_zone() {
        for (date, second) in [
            ("Mon, 5 Jan 2026 09:00:00 +0100", 1_767_600_000),
            ("5 Jan 2026 08:00:00 GMT", 1_767_600_000),
            ("Mon, 5 Jan 2026 09:00:00 +0100 (CET)", 1_767_600_000),
            ("Sat, 31 Dec 2016 23:59:60 +0000", 1_483_228_799),
        ] {
            assert_eq!(seconds_of(date.as_bytes()), Some(second), "{date}");
        }
    }

    #[test]
    fn an_odd_date_field_is_no_date() {
        let long = format!("{}5 Jan 2026 08:00:00 GMT", " ".repeat(200));
        for odd in ["", "yesterday", "99 Jan 2026 08:00:00 +0000", "5 Foo 2026 08:00:00 +0000"] {
            assert_eq!(seconds_of(odd.as_bytes()), None, "{odd}");
        }
        assert_eq!(seconds_of(long.as_bytes()), None);
        assert_eq!(seconds_of(b"\xff\xfe 2026"), None);
    }

    proptest! {
        #[test]
        fn no_date_field_panics(date in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _read = seconds_of(&date);
        }

        #[test]
        fn nothing_like_a_date_panics(date in "[0-9:;,+() \\\\-]{0,60}|[0-9A-Za-z :+-]{0,60}") {
            let _read = seconds_of(date.as_bytes());
        }
    }
}
