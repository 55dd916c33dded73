//! Mail that this program sends: services' receipts, notices, disposition notifications.
//!
//! A service's records, its mail and its place in the change log are one transaction of the account
//! that causes the mail. So the octets are taken in and judged ahead ([`Post::prepare_system`]) and
//! what is left to do in that transaction is [`PreparedMail::commit_in`]. For the account itself
//! the message is put into its INBOX; for everybody else it is queued there, other accounts of
//! ours included, to which the relay delivers. No fingerprint is asked for: the transaction is once.

use crate::accept::{self, Accepted, Shared};
use crate::envelope::{Envelope, Recipient, RecipientDsn, Route};
use crate::origin::Origin;
use crate::queue::{self, Entry};
use crate::{Post, our_fault};
use domain::{CitizenDomains, MailAddress, Verdict};
use mailstore::{AccountId, Actor, Fault, QueueId, StoreError, Transaction};
use std::fmt;
use std::sync::Arc;

/// A message of this program, judged and sealed, that a transaction is to send.
#[derive(Clone)]
pub struct PreparedMail {
    account: AccountId,
    shared: Arc<Shared>,
    citizens: CitizenDomains,
    /// The entry for recipients that are not this account.
    elsewhere: Entry,
    /// The entry for this account too, for when it has no room now.
    everybody: Option<Entry>,
}

impl fmt::Debug for PreparedMail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PreparedMail({}, {:?})", self.shared.queue_id, self.account)
    }
}

impl PreparedMail {
    /// By which the message is known: what its `Received` field says.
    #[must_use]
    pub fn queue_id(&self) -> QueueId {
        self.shared.queue_id
    }

    /// Its Message-ID without angle brackets.
    #[must_use]
    pub fn message_id(&self) -> Option<&str> {
        self.shared.facts.message_id.as_deref()
    }

    /// Sends it with a transaction of the account for which it was prepared; when that is
    /// committed, [`Post::ring`] wakes the relay.
    pub fn commit_in(&self, tx: &mut Transaction<'_>) -> Result<QueueId, StoreError> {
        if tx.account_id() != self.account {
            return Err(StoreError::NoSuchAccount);
        }
        let entry = match &self.everybody {
            None => &self.elsewhere,
            Some(everybody) => match accept::place(tx, &self.shared, &self.citizens) {
                Ok(()) => &self.elsewhere,
                // No room now: it waits, and what the service does is done all the same.
                Err(error) if error.fault() == Fault::Refusal => everybody,
                Err(error) => return Err(error),
            },
        };
        if !entry.recipients.is_empty() {
            tx.hold_record(&self.shared.body, *entry.id.as_bytes())?;
            queue::add(tx, entry, entry.accepted)?;
        }
        Ok(self.shared.queue_id)
    }
}

impl Post {
    /// Takes in a message that this program sends on behalf of `account`: its octets with CRLF, its
    /// reverse path and From in a domain of our own, and what is asked of reports for each
    /// recipient. What its header lacks (Date, Message-ID, X-MSS-NIL) is added. It is sent by
    /// [`PreparedMail::commit_in`].
    pub fn prepare_mail(
        &self,
        account: AccountId,
        envelope: Envelope,
        recipients: Vec<(MailAddress, RecipientDsn)>,
        octets: &[u8],
    ) -> Result<PreparedMail, Verdict> {
        let origin = Origin::System(account);
        self.sender(&origin, &envelope.reverse_path)?;
        let mut accepted = Vec::new();
        for (address, dsn) in recipients {
            let route = self.route_of(&origin, &address)?;
            accepted.push(Recipient { address, dsn, route });
        }
        let mut incoming = self.incoming(origin, envelope, accepted, None)?;
        incoming.write(octets)?;
        let (context, message) = incoming.end()?;
        let shared = accept::judged(&context, message)?;
        let is_here = |route| route == Route::Local(account);
        let here = context.recipients.iter().any(|to| is_here(to.route));
        let mut elsewhere = context.recipients.clone();
        elsewhere.retain(|to| !is_here(to.route));
        Ok(PreparedMail {
            account,
            citizens: self.settings.citizen_domains.clone(),
            elsewhere: accept::entry(&context, &shared, &elsewhere),
            everybody: here.then(|| accept::entry(&context, &shared, &context.recipients)),
            shared: Arc::new(shared),
        })
    }

    /// As [`Post::prepare_mail`], with reports as they are when nothing is asked.
    pub fn prepare_system(
        &self,
        account: AccountId,
        envelope: Envelope,
        recipients: &[MailAddress],
        octets: &[u8],
    ) -> Result<PreparedMail, Verdict> {
        let plain = |to: &MailAddress| (to.clone(), RecipientDsn::default());
        let recipients = recipients.iter().map(plain).collect();
        self.prepare_mail(account, envelope, recipients, octets)
    }

    /// Sends a message of this program in a transaction of its own.
    pub async fn submit_system(
        &self,
        account: AccountId,
        envelope: Envelope,
        recipients: &[MailAddress],
        octets: &[u8],
    ) -> Result<Accepted, Verdict> {
        let mail = self.prepare_system(account, envelope, recipients, octets)?;
        let work = move |tx: &mut Transaction<'_>| mail.commit_in(tx);
        let committed = self.store.transact(Actor::SYSTEM, account, work).await;
        let committed = committed.map_err(|error: StoreError| our_fault(error))?;
        self.ring();
        Accepted::of(&[committed]).ok_or(Verdict::InternalFailure)
    }
}
