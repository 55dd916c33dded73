//! Accepting: the verdict on a whole message, and one transaction per account.
//!
//! A message for several recipients here is one transaction each, submitted together. If some of
//! them fail for the moment, the peer is told to repeat the whole: fingerprints absorb what has
//! been stored already. An entry for recipients elsewhere lies in the account that caused it: the
//! session's, or that of the citizen in whose name it writes, so that the citizen's exchanges are
//! judged in the transaction that stores.

use crate::author::{self, Refused};
use crate::envelope::{Recipient, Route};
use crate::facts::Facts;
use crate::incoming::{Context, Incoming, Message};
use crate::origin::Origin;
use crate::queue::{Entry, Waiting};
use crate::{aside, delivered, exchange, our_fault, queue, rules};
use aws_lc_rs::digest;
use domain::exchange::MessageKind;
use domain::{CitizenDomains, MailDomain, ReversePath, Verdict};
use mailstore::body::Body;
use mailstore::model::account::AccountState;
use mailstore::model::flags::Flags;
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::{AccountId, Actor, Committed, QueueId, StoreError, Together, Transaction, View};
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

    pub(crate) fn of(proofs: &[Committed<QueueId>]) -> Option<Self> {
        proofs.first().map(|proof| Self { queue_id: **proof })
    }
}

/// What every transaction of one message shares.
pub(crate) struct Shared {
    pub(crate) body: Arc<Body>,
    pub(crate) content: Arc<Prepared>,
    pub(crate) facts: Facts,
    pub(crate) queue_id: QueueId,
    pub(crate) fingerprint: Vec<u8>,
    pub(crate) sender_domains: BTreeSet<MailDomain>,
    pub(crate) added: u64,
    pub(crate) eight_bit: bool,
    pub(crate) utf8_headers: bool,
}

impl Incoming {
    /// Judges the message and stores it. At `Ok` it is on stable storage, for all recipients.
    pub async fn finish(self) -> Result<Accepted, Verdict> {
        self.finish_when(None).await
    }

    /// As [`Incoming::finish`], but nothing leaves before `due` (seconds since 1970): until then
    /// [`queue::withdraw`] takes the message back. Who has a mailbox here is reached from the queue
    /// too.
    pub async fn finish_held(self, due: i64) -> Result<Accepted, Verdict> {
        self.finish_when(Some(due)).await
    }

    async fn finish_when(self, held: Option<i64>) -> Result<Accepted, Verdict> {
        let is_large = self.is_large();
        let judge = move || {
            let (context, message) = self.end()?;
            let shared = Arc::new(judged(&context, message)?);
            Ok((context, shared))
        };
        let (context, shared) = if is_large { aside(judge).await? } else { judge()? };
        store(&context, &shared, held).await
    }
}

/// Judges a message that has come whole, and makes of it what transactions store.
pub(crate) fn judged(context: &Context, message: Message) -> Result<Shared, Verdict> {
    let facts = Facts::of(&message.digest);
    let own_domains = &context.post.settings.own_domains;
    rules::judge_message(&context.origin, &context.envelope, &facts, own_domains)?;
    let sender_domains = match &context.origin {
        Origin::Peer(peer) => peer.domains.clone(),
        Origin::Own(_) | Origin::System(_) => own_domains.clone(),
    };
    let fingerprint = fingerprint(context, &message.hash);
    let Message { body, digest, eight_bit, size, .. } = message;
    let added = body.len().saturating_sub(size);
    // RFC 6532 §3
    let utf8_headers = !digest.header.is_ascii();
    let content = Arc::new(Prepared::new(digest).map_err(our_fault)?);
    let queue_id = context.queue_id;
    Ok(Shared {
        body,
        content,
        facts,
        queue_id,
        fingerprint,
        sender_domains,
        added,
        eight_bit,
        utf8_headers,
    })
}

/// What makes a repetition recognisable: the same peer, sender and octets as received, the
/// Message-ID among them. A recipient here is the account that it is asked in; one elsewhere is
/// asked by its address.
fn fingerprint(context: &Context, hash: &[u8; 32]) -> Vec<u8> {
    let origin = match &context.origin {
        Origin::Peer(peer) => format!("peer {}", peer.name),
        Origin::Own(submitter) => format!("own {}", submitter.account),
        Origin::System(account) => format!("system {account}"),
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

async fn store(
    context: &Context,
    shared: &Arc<Shared>,
    held: Option<i64>,
) -> Result<Accepted, Verdict> {
    let actor = match &context.origin {
        Origin::Peer(_) => Actor::RECEPTION,
        Origin::Own(submitter) => submitter.actor,
        Origin::System(_) => Actor::SYSTEM,
    };
    let authors = author::citizens(context, &shared.facts)?;
    author::judge_now(context, &authors)?;
    let mut here: BTreeMap<AccountId, Vec<Recipient>> = BTreeMap::new();
    let mut elsewhere = Vec::new();
    for recipient in &context.recipients {
        match recipient.route {
            // Twice the same recipient is one delivery.
            Route::Local(account) if held.is_none() => {
                here.entry(account).or_default().push(recipient.clone());
            }
            Route::Local(_) | Route::Remote => elsewhere.push(recipient.clone()),
        }
    }
    room(context, shared, here.keys())?;
    let mut together = Together::default();
    let mut waiting = Vec::new();
    let mut rings = false;
    for (account, recipients) in here {
        let note = note(context, shared, recipients);
        rings |= note.is_some();
        let shared = Arc::clone(shared);
        let citizens = context.post.settings.citizen_domains.clone();
        let work = move |tx: &mut Transaction<'_>| {
            let (id, first) = deliver(tx, &shared, &citizens)?;
            match &note {
                Some(note) if first => delivered::add(tx, &shared.body, note)?,
                _ => {}
            }
            Ok(id)
        };
        waiting.push(together.add(actor, account, work));
    }
    let mut queued = None;
    if !elsewhere.is_empty() {
        // Several citizens who write together have been judged above; a transaction reads one.
        let account = authors.first().copied().unwrap_or(match &context.origin {
            Origin::Own(submitter) => submitter.account,
            Origin::System(account) => *account,
            Origin::Peer(_) => AccountId::OPERATOR,
        });
        let question = author::Question::of(context, &elsewhere, !authors.is_empty());
        let shared = Arc::clone(shared);
        let entry = entry(context, &shared, &elsewhere);
        let work = move |tx: &mut Transaction<'_>| {
            question.judge(tx)?;
            enqueue(tx, &shared, &entry, held).map_err(Refused::from)
        };
        queued = Some(together.add(actor, account, work));
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
    let mut verdict = None;
    if let Some(commit) = queued {
        match commit.done().await {
            Ok(proof) => proofs.push(proof),
            Err(Refused::Verdict(why)) => verdict = Some(why),
            Err(Refused::Store(error)) => refused = Some(worse(refused, error)),
        }
        rings = true;
    }
    // Whatever is answered: what was stored has notes that wait.
    if rings {
        context.post.ring();
    }
    if let Some(verdict) = verdict {
        return Err(verdict);
    }
    match refused {
        None => Accepted::of(&proofs).ok_or(Verdict::InternalFailure),
        // An account that went between RCPT and now.
        Some(StoreError::NoSuchAccount) if proofs.is_empty() => Err(Verdict::RecipientUnknown),
        Some(error) => Err(our_fault(error)),
    }
}

/// Whether all recipients here have room, so that nobody has a message that is refused. The
/// transactions look once more.
fn room<'a>(
    context: &Context,
    shared: &Shared,
    accounts: impl Iterator<Item = &'a AccountId>,
) -> Result<(), Verdict> {
    for account in accounts {
        match context.post.store.view(*account) {
            // Said by the transaction.
            Err(StoreError::NoSuchAccount) => {}
            view => has_room(&view.map_err(our_fault)?, shared.body.len())?,
        }
    }
    Ok(())
}

/// Whether an account has room for a message of this size.
pub(crate) fn has_room(view: &View<'_>, octets: u64) -> Result<(), Verdict> {
    let counters = view.counters().map_err(our_fault)?;
    let room = counters.quota.saturating_sub(counters.octets);
    if counters.octets >= counters.quota || octets > room {
        return Err(Verdict::QuotaExceeded);
    }
    Ok(())
}

/// Of two errors the one for which the peer repeats.
pub(crate) fn worse(known: Option<StoreError>, error: StoreError) -> StoreError {
    match known {
        Some(known) if known.fault() == mailstore::Fault::Temporary => known,
        _ => error,
    }
}

/// The note of a delivery, if the sender asked to be told of it.
// RFC 3461 §4.1
// RFC 3834 §2
fn note(context: &Context, shared: &Shared, mut recipients: Vec<Recipient>) -> Option<Entry> {
    recipients.retain(|recipient| recipient.dsn.notify.success);
    let note = entry(context, shared, &recipients);
    let asked = !recipients.is_empty() && note.may_report && !note.automatic;
    asked.then(|| Entry { id: delivered::note_id(note.id), ..note })
}

/// Stores the message in one recipient's account, once; whether this was the first time.
pub(crate) fn deliver(
    tx: &mut Transaction<'_>,
    shared: &Shared,
    citizens: &CitizenDomains,
) -> Result<(QueueId, bool), StoreError> {
    if let Some(first) = tx.accept_once(&shared.fingerprint, shared.queue_id)? {
        return Ok((first, false));
    }
    place(tx, shared, citizens)?;
    Ok((shared.queue_id, true))
}

/// Puts the message into the account's INBOX, with what it does to a citizen's exchanges.
pub(crate) fn place(
    tx: &mut Transaction<'_>,
    shared: &Shared,
    citizens: &CitizenDomains,
) -> Result<(), StoreError> {
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
    Ok(())
}

/// The queue entry of a message for recipients that are not reached at once.
pub(crate) fn entry(context: &Context, shared: &Shared, recipients: &[Recipient]) -> Entry {
    let waiting = |recipient: &Recipient| Waiting {
        address: recipient.address.clone(),
        dsn: recipient.dsn.clone(),
        last: None,
    };
    Entry {
        id: shared.queue_id,
        body: shared.body.id(),
        size: shared.body.len(),
        added: shared.added,
        reverse_path: context.envelope.reverse_path.clone(),
        dsn: context.envelope.dsn.clone(),
        smtputf8: context.envelope.smtputf8,
        eight_bit: shared.eight_bit,
        utf8_headers: shared.utf8_headers,
        message_id: shared.facts.message_id.clone(),
        // RFC 5321 §4.5.5, RFC 3464 §2
        // A report goes from `<>`, so that one on automatic mail cannot loop.
        may_report: shared.facts.kind != MessageKind::Report
            && context.envelope.reverse_path != ReversePath::Null,
        accepted: context.post.clock.now().as_second(),
        attempts: 0,
        delay_reported: false,
        recipients: recipients.iter().map(waiting).collect(),
        automatic: shared.facts.kind == MessageKind::AutoSubmitted,
    }
}

/// Stores the queue entry in the account that caused the mail, for the recipients that this message
/// has not been accepted for already.
fn enqueue(
    tx: &mut Transaction<'_>,
    shared: &Shared,
    entry: &Entry,
    held: Option<i64>,
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
    queue::add(tx, &entry, held.unwrap_or(entry.accepted))?;
    Ok(entry.id)
}
