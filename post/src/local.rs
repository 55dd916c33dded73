//! From the queue to accounts here: what a service sends from one account to another.
//!
//! An attempt may be made again after its delivery was stored and before that was written back; the
//! entry's id is the fingerprint, so that each recipient has the message once.

use crate::accept::{self, Shared};
use crate::envelope::Route;
use crate::facts::Facts;
use crate::queue::{Entry, Waiting};
use crate::{Post, our_fault};
use domain::Verdict;
use mailstore::body::BodyReader;
use mailstore::message::{Limits, Scanner};
use mailstore::model::message::Prepared;
use mailstore::{AccountId, Actor, QueueId, StoreError, Together, Transaction};
use std::sync::Arc;

/// Octets copied at once.
const BLOCK: usize = 64 * 1024;

impl Post {
    /// Delivers an entry to recipients in our own domains; what became of each. They are judged first:
    /// a message that nobody takes is not copied.
    ///
    /// # Errors
    /// The message could not be read or copied, for anybody; it is lost when it is [`StoreError::Damaged`].
    pub async fn deliver_entry(
        &self,
        entry: &Entry,
        body: &Arc<BodyReader>,
        recipients: &[Waiting],
    ) -> Result<Vec<Result<(), Verdict>>, StoreError> {
        let here = |to: &Waiting| match self.local(&to.address, entry.size) {
            Ok(Route::Local(account)) => Ok(account),
            Ok(Route::Remote) => Err(Verdict::RecipientUnknown),
            Err(verdict) => Err(verdict),
        };
        let accounts: Vec<Result<AccountId, Verdict>> = recipients.iter().map(here).collect();
        if accounts.iter().all(Result::is_err) {
            return Ok(accounts.into_iter().map(|account| account.map(drop)).collect());
        }
        let (post, copied, octets) = (self.clone(), entry.clone(), Arc::clone(body));
        let copied = tokio::task::spawn_blocking(move || post.copy(&copied, &octets)).await;
        let ended = |error| StoreError::Unavailable(Arc::new(error));
        let shared = Arc::new(copied.map_err(ended)??);
        let mut together = Together::default();
        let mut waiting = Vec::new();
        for account in accounts {
            let account = match account {
                Ok(account) => account,
                Err(verdict) => {
                    waiting.push(Err(verdict));
                    continue;
                }
            };
            let shared = Arc::clone(&shared);
            let citizens = self.settings.citizen_domains.clone();
            let work = move |tx: &mut Transaction<'_>| accept::deliver(tx, &shared, &citizens);
            waiting.push(Ok(together.add::<(QueueId, bool), StoreError, _>(
                Actor::SYSTEM,
                account,
                work,
            )));
        }
        self.store.submit(together);
        let mut outcomes = Vec::new();
        for commit in waiting {
            outcomes.push(match commit {
                Err(verdict) => Err(verdict),
                Ok(commit) => match commit.done().await {
                    Ok(_) => Ok(()),
                    Err(StoreError::NoSuchAccount) => Err(Verdict::RecipientUnknown),
                    Err(error) => Err(our_fault(error)),
                },
            });
        }
        Ok(outcomes)
    }

    /// The entry's message as a body that other accounts can name: bodies are sealed per account.
    fn copy(&self, entry: &Entry, body: &BodyReader) -> Result<Shared, StoreError> {
        let mut writer = self.store.body_writer()?;
        let mut scanner = Scanner::new(Limits::default());
        let mut at = 0;
        loop {
            let block = body.read(at, BLOCK)?;
            if block.is_empty() {
                break;
            }
            at += block.len() as u64;
            scanner.push(&block);
            writer.write(&block)?;
        }
        let digest = scanner.finish();
        let facts = Facts::of(&digest);
        let mut fingerprint = b"queue ".to_vec();
        fingerprint.extend_from_slice(entry.id.as_bytes());
        Ok(Shared {
            body: writer.finish()?,
            content: Arc::new(Prepared::new(digest)?),
            facts,
            queue_id: entry.id,
            fingerprint,
            sender_domains: self.settings.own_domains.clone(),
            added: entry.added,
            eight_bit: entry.eight_bit,
            utf8_headers: entry.utf8_headers,
        })
    }
}
