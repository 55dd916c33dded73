//! Messages: stored once, whatever mailboxes they lie in.
//!
//! The *message* record is what lists show, so that a listing opens no body; the *structure* is
//! what IMAP needs to cut parts out of the body. The body is held by reference: a message holds
//! it, and so does a document filed from it; it is dead when no account names it.

use super::Record;
use super::change::{ChangeKind, Places};
use super::flags::Flags;
use super::placement::Placement;
use crate::body::Body;
use crate::error::StoreError;
use crate::id::{BodyId, MailboxId, MessageId, ThreadId};
use crate::key::Key;
use crate::message::{Digest, Envelope, Part};
use crate::seal::Secret;
use crate::transaction::Transaction;
use crate::view::View;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What lists show of a message.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its octets.
    pub body: BodyId,
    /// Their number.
    pub size: u64,
    /// When it came into the account, milliseconds since 1970.
    pub received: i64,
    /// Its conversation.
    pub thread: ThreadId,
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

/// What keeps a body alive in an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Holder {
    /// A message.
    Message(MessageId),
    /// A filed document's entry, by its id.
    Document([u8; 16]),
}

/// An account's reference to a body, with the body's key.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BodyReference {
    key: [u8; 32],
    pub(crate) len: u64,
    pub(crate) holders: Vec<Holder>,
}

impl Record for BodyReference {}

impl BodyReference {
    pub(crate) fn secret(&self) -> Secret {
        Secret::from_bytes(self.key)
    }
}

impl Drop for BodyReference {
    fn drop(&mut self) {
        zeroize::Zeroize::zeroize(&mut self.key);
    }
}

/// A message to be added.
#[derive(Debug, Clone)]
pub struct NewMessage {
    /// Where to.
    pub mailbox: MailboxId,
    /// Its octets.
    pub body: Arc<Body>,
    /// What the scanner found in them.
    pub digest: Arc<Digest>,
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

    pub(crate) fn body_reference(&self, id: BodyId) -> Result<Option<BodyReference>, StoreError> {
        self.record(&Key::body(self.account, id))
    }
}

impl Transaction<'_> {
    /// Adds a message to a mailbox.
    pub fn add_message(&mut self, new: &NewMessage) -> Result<Added, StoreError> {
        let account = self.account;
        let size = new.body.len();
        let mut counters = self.counters()?;
        if counters.octets.saturating_add(size) > counters.quota {
            return Err(StoreError::OverQuota);
        }
        counters.octets += size;
        counters.messages += 1;
        self.put_counters(&counters)?;

        let id = MessageId::random(self.random())?;
        let digest = &*new.digest;
        let thread = self.join_thread(id, &digest.envelope)?;
        let message = Message {
            body: new.body.id(),
            size,
            received: self.now().as_millisecond(),
            thread,
            envelope: digest.envelope.clone(),
            preview: digest.preview.clone(),
        };
        let structure = Structure {
            part: digest.structure.clone(),
            header: digest.header.clone(),
            header_cut: digest.header_cut,
        };
        self.put(Key::message(account, id), &message)?;
        self.put(Key::structure(account, id), &structure)?;
        self.hold_body(&new.body, Holder::Message(id))?;

        let mod_seq = self.next_mod_seq()?;
        let internal_date = new.internal_date.as_second();
        let placement = Placement { message: id, size, internal_date };
        let uid = self.place(new.mailbox, placement, new.flags, mod_seq)?;
        let placed = vec![Places { mailbox: new.mailbox, uids: [uid].into_iter().collect() }];
        self.log_placements(mod_seq, ChangeKind::Arrived, &[id], placed, Vec::new(), &[])?;
        let uid_validity = self.mailbox(new.mailbox)?.uid_validity;
        Ok(Added { message: id, thread, uid, uid_validity, mod_seq })
    }

    /// Keeps a body for `holder`.
    pub fn hold_body(&mut self, body: &Arc<Body>, holder: Holder) -> Result<(), StoreError> {
        let key = Key::body(self.account, body.id());
        let known: Option<BodyReference> = self.record(&key)?;
        let mut reference = known.unwrap_or_else(|| BodyReference {
            key: *body.secret().expose(),
            len: body.len(),
            holders: Vec::new(),
        });
        if !reference.holders.contains(&holder) {
            reference.holders.push(holder);
        }
        self.put(key, &reference)?;
        self.mark(Key::body_owner(body.id(), self.account));
        self.bodies.push(Arc::clone(body));
        Ok(())
    }

    /// Keeps a body that the account names already for another holder.
    pub fn share_body(&mut self, id: BodyId, holder: Holder) -> Result<(), StoreError> {
        let mut reference = self.body_reference(id)?.ok_or(StoreError::NoSuchBody)?;
        if !reference.holders.contains(&holder) {
            reference.holders.push(holder);
        }
        self.put(Key::body(self.account, id), &reference)
    }

    /// `holder` needs a body no more; without holders the account no longer names it.
    pub fn release_body(&mut self, id: BodyId, holder: Holder) -> Result<(), StoreError> {
        let mut reference = self.body_reference(id)?.ok_or(StoreError::NoSuchBody)?;
        reference.holders.retain(|held| *held != holder);
        let key = Key::body(self.account, id);
        if reference.holders.is_empty() {
            self.delete(key);
            self.delete(Key::body_owner(id, self.account));
            return Ok(());
        }
        self.put(key, &reference)
    }

    /// Removes a message whose last placement went.
    pub(crate) fn remove_message(&mut self, id: MessageId) -> Result<(), StoreError> {
        let message = self.message(id)?;
        self.leave_thread(id, &message.envelope)?;
        self.release_body(message.body, Holder::Message(id))?;
        self.delete(Key::message(self.account, id));
        self.delete(Key::structure(self.account, id));
        let mut counters = self.counters()?;
        counters.messages = counters.messages.saturating_sub(1);
        counters.octets = counters.octets.saturating_sub(message.size);
        self.put_counters(&counters)
    }
}
