//! Fingerprints: what makes a repeated delivery recognisable.
//!
//! SMTP delivers at least once. A repeat of a message (what makes one is the caller's matter) is
//! answered with the first queue id and stores nothing, so that between two operators of this
//! kind delivery is exactly once. A fingerprint lives for five days; each delivery removes a few
//! that have expired.

use super::Record;
use crate::error::StoreError;
use crate::id::QueueId;
use crate::key::Key;
use crate::seal::LookupOf;
use crate::transaction::Transaction;
use serde::{Deserialize, Serialize};

/// A peer gives up after less, seconds.
pub const FINGERPRINT_LIFE: i64 = 5 * 24 * 3600;
/// Expired fingerprints removed by one new one.
const REMOVED_AT_ONCE: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Fingerprint {
    pub(super) queue_id: QueueId,
    pub(super) expires: i64,
}

impl Record for Fingerprint {}

impl Transaction<'_> {
    /// What was accepted under this fingerprint; None lets it stand for `queue_id` from now on.
    pub fn accept_once(
        &mut self,
        fingerprint: &[u8],
        queue_id: QueueId,
    ) -> Result<Option<QueueId>, StoreError> {
        let account = self.account;
        let now = self.now().as_second();
        let hash = self.lookup(LookupOf::Fingerprint, fingerprint);
        let key = Key::fingerprint(account, hash);
        match self.record::<Fingerprint>(&key)? {
            Some(known) if now < known.expires => return Ok(Some(known.queue_id)),
            Some(stale) => {
                self.delete(Key::fingerprint_expiry(account, second(stale.expires), hash))
            }
            None => {}
        }
        self.remove_expired(now)?;
        let expires = now + FINGERPRINT_LIFE;
        self.put(key, &Fingerprint { queue_id, expires })?;
        self.mark(Key::fingerprint_expiry(account, second(expires), hash));
        Ok(None)
    }

    fn remove_expired(&mut self, now: i64) -> Result<(), StoreError> {
        let all = Key::fingerprint_expiries(self.account);
        let until = Key::fingerprint_expiries_from(self.account, second(now));
        for (key, _) in self.pairs(&all, &until, false, REMOVED_AT_ONCE)? {
            if let Some(hash) = key.last_id() {
                self.delete(Key::fingerprint(self.account, crate::seal::Lookup(hash)));
            }
            self.delete(key);
        }
        Ok(())
    }
}

fn second(of: i64) -> u64 {
    u64::try_from(of).unwrap_or(0)
}
