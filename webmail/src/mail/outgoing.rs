//! A citizen's message on its way out: built, handed to the post, and kept in the Sent mailbox.
//!
//! What is sent is a function of the form alone: a form that is sent twice makes the same octets, which the post knows
//! again, and the copy is kept under the same fingerprint. So a double submission sends once, and a text that was
//! changed before sending again is another message.
//! Failure: a verdict, and nothing leaves or is kept then. What the post has taken leaves, and is never called not
//! sent: whether there is room for the copy is asked before.

use aws_lc_rs::digest::{Context, SHA256};
use domain::{MailAddress, ReversePath, Verdict};
use mail_builder::MessageBuilder;
use mail_builder::headers::address::Address;
use mail_builder::headers::content_type::ContentType;
use mail_builder::headers::message_id::MessageId as MessageIds;
use mail_builder::mime::MimePart;
use mailstore::message::digest_of;
use mailstore::model::flags::Flags;
use mailstore::model::mailbox::{MailboxName, SpecialUse};
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{MailboxId, QueueId, StoreError, ThreadId, Transaction};
use post::{DsnRequest, Envelope, Origin, Post, RecipientDsn, Submitter};
use std::sync::Arc;

use super::draft::DraftOf;
use super::sent::{Held, UNDO_FOR};

/// Octets handed to the post at once.
const CHUNK: usize = 64 * 1024;
/// How old a form may be and still date its message, seconds.
const MAX_FORM_AGE: i64 = 24 * 60 * 60;
/// Earlier messages that a message names.
// RFC 5322 §3.6.4
const MAX_REFERENCES: usize = 20;

/// A file to be sent.
#[derive(Clone)]
pub(crate) struct Upload {
    pub(crate) name: String,
    pub(crate) media_type: String,
    pub(crate) octets: Vec<u8>,
}

impl std::fmt::Debug for Upload {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Upload({} octets, …)", self.octets.len())
    }
}

/// A message to be sent. `Debug` prints nothing of it.
pub(crate) struct Outgoing {
    pub(crate) submitter: Submitter,
    /// The citizen's name.
    pub(crate) from_name: String,
    pub(crate) to: MailAddress,
    /// The recipient's name.
    pub(crate) to_name: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) files: Vec<Upload>,
    /// Identifiers of the messages it follows, oldest first, without brackets.
    pub(crate) follows: Vec<String>,
    /// What makes one form's message itself, whatever is in it.
    pub(crate) token: Token,
    /// How often the form's message was taken back: sent again, it is another one.
    pub(crate) undone: u32,
    /// The draft that it was, and becomes again when it is taken back.
    pub(crate) of: DraftOf,
    /// Of a first message: the conversation that shows to whom it goes.
    pub(crate) shown_by: String,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Outgoing({} files, …)", self.files.len())
    }
}

/// A form's own mark: when it was made, and a random value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Token {
    made: i64,
    random: [u8; 16],
}

impl Token {
    pub(crate) fn new(post: &Post) -> Result<Self, StoreError> {
        let mut random = [0; 16];
        post.random().fill(&mut random)?;
        Ok(Self { made: post.now().as_second(), random })
    }

    /// By which the form is known.
    pub(crate) fn id(&self) -> [u8; 16] {
        self.random
    }
}

impl std::fmt::Display for Token {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:x}-{}", self.made, hex::encode(self.random))
    }
}

impl std::str::FromStr for Token {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let (made, random) = text.split_once('-').ok_or(())?;
        let mut octets = [0; 16];
        hex::decode_to_slice(random, &mut octets).map_err(|_| ())?;
        Ok(Self { made: i64::from_str_radix(made, 16).map_err(|_| ())?, random: octets })
    }
}

impl Outgoing {
    /// What identifies it: the same for the same form with the same content.
    fn fingerprint(&self) -> Vec<u8> {
        let mut all = Context::new(&SHA256);
        let mut add = |part: &[u8]| {
            all.update(&(part.len() as u64).to_be_bytes());
            all.update(part);
        };
        add(&self.token.random);
        add(&self.undone.to_be_bytes());
        add(self.to.lookup_key().as_str().as_bytes());
        add(self.subject.as_bytes());
        add(self.text.as_bytes());
        for file in &self.files {
            add(file.name.as_bytes());
            add(&file.octets);
        }
        all.finish().as_ref().to_vec()
    }

    /// The message's octets.
    fn message(&self, id: &str, date: i64) -> std::io::Result<Vec<u8>> {
        // RFC 5322 §3.6.4
        let followed = self.follows.last().cloned();
        let skipped = self.follows.len().saturating_sub(MAX_REFERENCES);
        let mut builder = MessageBuilder::new()
            .message_id(id.to_owned())
            .date(date)
            .from(Address::new_address(
                Some(self.from_name.clone()),
                self.submitter.address.to_string(),
            ))
            .to(Address::new_address(Some(self.to_name.clone()), self.to.to_string()))
            .subject(self.subject.clone());
        if let Some(followed) = followed {
            let references = self.follows.iter().skip(skipped).cloned();
            builder = builder.in_reply_to(followed).references(MessageIds::new_list(references));
        }
        // MSS #53
        let text = MimePart::new("text/plain", self.text.replace("\r\n", "\n"));
        let body = if self.files.is_empty() {
            text
        } else {
            let boundary = format!("=_{}", id.split('@').next().unwrap_or_default());
            let mut parts = vec![text];
            parts.extend(self.files.iter().map(|file| {
                MimePart::new(file.media_type.as_str(), file.octets.as_slice())
                    .attachment(file.name.as_str())
            }));
            MimePart::new(
                ContentType::new("multipart/mixed").attribute("boundary", boundary),
                parts,
            )
        };
        builder.body(body).write_to_vec()
    }

    /// Sends it and keeps a copy. At `Ok` it is on stable storage, and does not leave for [`UNDO_FOR`]. Gives the
    /// conversation that the copy belongs to; nothing when it had been sent before, or the copy failed.
    pub(crate) async fn send(self, post: &Post) -> Result<Option<ThreadId>, Unsent> {
        let fingerprint = self.fingerprint();
        let hash = hex::encode(fingerprint.get(..16).unwrap_or_default());
        let id = format!("{hash}@{}", post.settings().hostname);
        let now = post.now().as_second();
        let made = self.token.made;
        let date = if (now - MAX_FORM_AGE..=now).contains(&made) { made } else { now };
        let octets = self.message(&id, date).map_err(|_| Verdict::InternalFailure)?;

        self.has_room(post, octets.len())?;

        let origin = Origin::Own(self.submitter.clone());
        let reverse_path = ReversePath::Address(self.submitter.address.clone());
        post.sender(&origin, &reverse_path)?;
        let recipient = post.recipient(&origin, &self.to, RecipientDsn::default())?;
        let smtputf8 = self.to.needs_smtputf8() || self.submitter.address.needs_smtputf8();
        let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8 };
        // Where the citizen sits is nobody's business: no arrival is noted.
        let mut incoming = post.incoming(origin, envelope, vec![recipient], None)?;
        for chunk in octets.chunks(CHUNK) {
            incoming.write(chunk)?;
        }
        // Whole seconds: it is never less than was promised.
        let due = now + UNDO_FOR + 1;
        let accepted = incoming.finish_held(due).await?;
        let kept = self.keep_copy(post, octets, fingerprint, (accepted.queue_id(), due)).await;
        Ok(kept.unwrap_or_else(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "the copy of a sent message");
            None
        }))
    }

    /// Whether the sender's space has room for a copy of so many octets.
    fn has_room(&self, post: &Post, octets: usize) -> Result<(), Unsent> {
        let counters = post.store().view(self.submitter.account).and_then(|view| view.counters());
        let counters = counters.map_err(|error| {
            tracing::error!(error = &error as &dyn std::error::Error, "a message to send");
            Verdict::StorageUnavailable
        })?;
        let needed = counters.octets.saturating_add(octets as u64);
        if needed > counters.quota { Err(Unsent::SpaceFull) } else { Ok(()) }
    }

    /// Keeps the copy, once.
    async fn keep_copy(
        &self,
        post: &Post,
        octets: Vec<u8>,
        fingerprint: Vec<u8>,
        (queue, due): (QueueId, i64),
    ) -> Result<Option<ThreadId>, StoreError> {
        let mut writer = post.store().body_writer()?;
        for chunk in octets.chunks(CHUNK) {
            writer.write(chunk)?;
        }
        let body = writer.finish()?;
        let digest = digest_of(&octets);
        let content = Arc::new(Prepared::new(digest)?);
        let copy = [b"copy ", fingerprint.as_slice()].concat();
        let (token, of, to) = (self.token.clone(), self.of.id(), self.shown_by.clone());
        let work = move |tx: &mut Transaction<'_>| -> Result<Option<ThreadId>, StoreError> {
            if tx.accept_once(&copy, queue)?.is_some() {
                return Ok(None);
            }
            let sent = sent_mailbox(tx)?;
            let added = tx.add_message(&NewMessage {
                mailbox: sent,
                body: Arc::clone(&body),
                content: Arc::clone(&content),
                flags: Flags::SEEN,
                internal_date: tx.now(),
            })?;
            let (message, uid, to) = (added.message, added.uid, to.clone());
            let held = Held { queue, due, message, mailbox: sent, uid, of, to };
            super::sent::note(tx, &token, held)?;
            Ok(Some(added.thread))
        };
        let (actor, account) = (self.submitter.actor, self.submitter.account);
        Ok(post.store().transact(actor, account, work).await?.into_inner())
    }
}

/// Why a message did not leave.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsent {
    /// The post refused it.
    Refused(Verdict),
    /// The sender's own space has no room for the copy.
    SpaceFull,
}

impl From<Verdict> for Unsent {
    fn from(verdict: Verdict) -> Self {
        Self::Refused(verdict)
    }
}

/// The mailbox of sent messages, made when it is missing.
fn sent_mailbox(tx: &mut Transaction<'_>) -> Result<MailboxId, StoreError> {
    let is_sent = |special: Option<SpecialUse>| special == Some(SpecialUse::Sent);
    let known = tx.mailboxes()?.into_iter().find(|(_, record)| is_sent(record.special_use));
    match known {
        Some((id, _)) => Ok(id),
        None => {
            let name = MailboxName::new("Sent")?;
            match tx.mailbox_named(&name)? {
                Some(id) => Ok(id),
                None => tx.create_mailbox(&name, Some(SpecialUse::Sent)),
            }
        }
    }
}
