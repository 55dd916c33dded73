//! Accepting: the verdict on a whole message, and one transaction per account.
//!
//! A message for several recipients here is one transaction each, submitted together. If some of
//! them fail for the moment, the peer is told to repeat the whole: fingerprints absorb what has
//! been stored already. An entry for recipients elsewhere lies in the account that caused it.

use crate::envelope::{Recipient, Route};
use crate::facts::Facts;
use crate::incoming::{Context, Incoming, Message};
use crate::origin::Origin;
use crate::queue::{Entry, Waiting};
use crate::{exchange, our_fault, queue, rules};
use aws_lc_rs::digest;
use domain::exchange::MessageKind;
use domain::{MailDomain, ReversePath, Verdict};
use mailstore::body::Body;
use mailstore::model::account::AccountState;
use mailstore::model::flags::Flags;
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{AccountId, Actor, Committed, QueueId, StoreError, Together, Transaction};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// A message that is on stable storage, for every recipient that was accepted: what a `250` is
/// made of. Nothing else makes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    queue_id: QueueId,
}

impl Accepted {
    /// What the `250` names: of a repeated message, the first one's.
    #[must_use]
    pub fn queue_id(&self) -> QueueId {
        self.queue_id
    }

    fn of(proofs: &[Committed<QueueId>]) -> Option<Self> {
        proofs.first().map(|proof| Self { queue_id: **proof })
    }
}

/// What every transaction of one message shares.
struct Shared {
    body: Arc<Body>,
    content: Arc<Prepared>,
    facts: Facts,
    queue_id: QueueId,
    fingerprint: Vec<u8>,
    sender_domains: BTreeSet<MailDomain>,
    eight_bit: bool,
    utf8_headers: bool,
}

impl Incoming {
    /// Judges the message and stores it. At `Ok` it is on stable storage, for all recipients.
    pub async fn finish(self) -> Result<Accepted, Verdict> {
        let (context, message) = self.end()?;
        let facts = Facts::of(&message.digest);
        let own_domains = &context.post.settings.own_domains;
        rules::judge_message(&context.origin, &context.envelope, &facts, own_domains)?;
        let sender_domains = match &context.origin {
            Origin::Peer(peer) => peer.domains.clone(),
            Origin::Own(_) | Origin::System => own_domains.clone(),
        };
        let fingerprint = fingerprint(&context, &message.hash);
        let queue_id = context.queue_id;
        let Message { body, digest, eight_bit, .. } = message;
        // RFC 6532 §3
        let utf8_headers = !digest.header.is_ascii();
        let content = Arc::new(Prepared::new(digest).map_err(our_fault)?);
        let shared = Arc::new(Shared {
            body,
            content,
            facts,
            queue_id,
            fingerprint,
            sender_domains,
            eight_bit,
            utf8_headers,
        });
        store(&context, &shared).await
    }
}

/// What makes a repetition recognisable: the same peer, sender and octets as received, the
/// Message-ID among them. A recipient here is the account that it is asked in; one elsewhere is
/// asked by its address.
fn fingerprint(context: &Context, hash: &[u8; 32]) -> Vec<u8> {
    let origin = match &context.origin {
        Origin::Peer(peer) => format!("peer {}", peer.name),
        Origin::Own(submitter) => format!("own {}", submitter.account),
        Origin::System => "system".to_owned(),
    };
    let reverse_path = match &context.envelope.reverse_path {
        ReversePath::Null => String::new(),
        ReversePath::Address(address) => address.lookup_key().as_str().to_owned(),
    };
    let mut all = digest::Context::new(&digest::SHA256);
    for part in [origin.as_bytes(), reverse_path.as_bytes(), hash] {
        all.update(&(part.len() as u64).to_be_bytes());
        all.update(part);
    }
    all.finish().as_ref().to_vec()
}

async fn store(context: &Context, shared: &Arc<Shared>) -> Result<Accepted, Verdict> {
    let actor = match &context.origin {
        Origin::Peer(_) => Actor::RECEPTION,
        Origin::Own(submitter) => submitter.actor,
        Origin::System => Actor::SYSTEM,
    };
    let mut here: BTreeMap<AccountId, ()> = BTreeMap::new();
    let mut elsewhere = Vec::new();
    for recipient in &context.recipients {
        match recipient.route {
            // Twice the same recipient is one delivery.
            Route::Local(account) => {
                here.insert(account, ());
            }
            Route::Remote => elsewhere.push(recipient.clone()),
        }
    }
    let mut together = Together::default();
    let mut waiting = Vec::new();
    for account in here.into_keys() {
        let shared = Arc::clone(shared);
        let citizens = context.post.settings.citizen_domains.clone();
        let work = move |tx: &mut Transaction<'_>| deliver(tx, &shared, &citizens);
        waiting.push(together.add(actor, account, work));
    }
    let queued = !elsewhere.is_empty();
    if queued {
        let account = match &context.origin {
            Origin::Own(submitter) => submitter.account,
            Origin::Peer(_) | Origin::System => AccountId::OPERATOR,
        };
        let shared = Arc::clone(shared);
        let entry = entry(context, &shared, &elsewhere);
        let work = move |tx: &mut Transaction<'_>| enqueue(tx, &shared, &entry);
        waiting.push(together.add(actor, account, work));
    }
    context.post.store.submit(together);
    let mut proofs = Vec::new();
    let mut refused: Option<StoreError> = None;
    for commit in waiting {
        match commit.done().await {
            Ok(proof) => proofs.push(proof),
            Err(error) => refused = Some(worse(refused, error)),
        }
    }
    if queued {
        context.post.queued.notify_one();
    }
    match refused {
        None => Accepted::of(&proofs).ok_or(Verdict::InternalFailure),
        // An account that went between RCPT and now.
        Some(StoreError::NoSuchAccount) if proofs.is_empty() => Err(Verdict::RecipientUnknown),
        Some(error) => Err(our_fault(error)),
    }
}

/// Of two errors the one for which the peer repeats.
fn worse(known: Option<StoreError>, error: StoreError) -> StoreError {
    match known {
        Some(known) if known.fault() == mailstore::Fault::Temporary => known,
        _ => error,
    }
}

/// Stores the message in one recipient's account.
fn deliver(
    tx: &mut Transaction<'_>,
    shared: &Shared,
    citizens: &domain::CitizenDomains,
) -> Result<QueueId, StoreError> {
    if let Some(first) = tx.accept_once(&shared.fingerprint, shared.queue_id)? {
        return Ok(first);
    }
    let account = tx.account_record()?;
    if let AccountState::Objected | AccountState::Closed = account.state {
        return Err(StoreError::NoSuchAccount);
    }
    tx.add_message(&NewMessage {
        mailbox: tx.inbox()?,
        body: Arc::clone(&shared.body),
        content: Arc::clone(&shared.content),
        flags: Flags::NONE,
        internal_date: tx.now(),
    })?;
    if account.kind == domain::MailboxKind::Citizen {
        exchange::apply(tx, &shared.facts, &shared.sender_domains, citizens)?;
    }
    Ok(shared.queue_id)
}

fn entry(context: &Context, shared: &Shared, recipients: &[Recipient]) -> Entry {
    let waiting = |recipient: &Recipient| Waiting {
        address: recipient.address.clone(),
        dsn: recipient.dsn.clone(),
        last: None,
    };
    Entry {
        id: shared.queue_id,
        body: shared.body.id(),
        size: shared.body.len(),
        reverse_path: context.envelope.reverse_path.clone(),
        dsn: context.envelope.dsn.clone(),
        smtputf8: context.envelope.smtputf8,
        eight_bit: shared.eight_bit,
        utf8_headers: shared.utf8_headers,
        message_id: shared.facts.message_id.clone(),
        may_report: shared.facts.kind == MessageKind::Ordinary
            && context.envelope.reverse_path != ReversePath::Null,
        accepted: context.post.clock.now().as_second(),
        attempts: 0,
        delay_reported: false,
        recipients: recipients.iter().map(waiting).collect(),
    }
}

/// Stores the queue entry in the account that caused the mail, for the recipients that this message
/// has not been accepted for already.
fn enqueue(
    tx: &mut Transaction<'_>,
    shared: &Shared,
    entry: &Entry,
) -> Result<QueueId, StoreError> {
    let mut entry = entry.clone();
    let mut first = None;
    let mut new = Vec::new();
    for recipient in entry.recipients {
        let mut fingerprint = shared.fingerprint.clone();
        fingerprint.extend_from_slice(recipient.address.lookup_key().as_str().as_bytes());
        match tx.accept_once(&fingerprint, entry.id)? {
            // Named twice in this message, it is new once.
            Some(id) if id == entry.id => {}
            Some(id) => first = first.or(Some(id)),
            None => new.push(recipient),
        }
    }
    entry.recipients = new;
    if entry.recipients.is_empty() {
        return Ok(first.unwrap_or(entry.id));
    }
    tx.hold_record(&shared.body, *entry.id.as_bytes())?;
    queue::add(tx, &entry)?;
    Ok(entry.id)
}
