//! Which UIDs large mailboxes hold, as a session last saw them: a SELECT reads what changed since, not the mailbox.
//!
//! Invariants: a listing is exact for its modification sequence, and a mailbox's identity is never another's; what is
//! kept is bounded by [`MAX_NUMBERS`]. Failure: none; a mailbox that is not kept is read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use mailstore::{AccountId, MailboxId};

/// Messages from which a mailbox is kept.
const WORTH: usize = 1000;

/// UIDs of all that is kept: 16 MiB.
const MAX_NUMBERS: usize = 4 * 1024 * 1024;

/// A mailbox's UIDs at a modification sequence of its account.
#[derive(Debug, Clone)]
pub(super) struct Listing {
    /// In ascending order.
    pub(super) uids: Arc<Vec<u32>>,
    pub(super) mod_seq: u64,
}

/// The listings of an operator's mailboxes that were selected last.
#[derive(Debug, Default)]
pub struct Listings(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    of: HashMap<(AccountId, MailboxId), (Listing, u64)>,
    /// UIDs of all of them.
    numbers: usize,
    /// Grows with each use.
    turn: u64,
}

impl Listings {
    /// The listing of a mailbox, if it is kept.
    pub(super) fn of(&self, account: AccountId, mailbox: MailboxId) -> Option<Listing> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.turn += 1;
        let turn = kept.turn;
        let (listing, used) = kept.of.get_mut(&(account, mailbox))?;
        *used = turn;
        Some(listing.clone())
    }

    /// Keeps a listing, if it is worth it; those not used for longest make room.
    /// One that is older than what is kept changes nothing.
    pub(super) fn keep(&self, account: AccountId, mailbox: MailboxId, listing: Listing) {
        let numbers = listing.uids.len();
        if !(WORTH..=MAX_NUMBERS / 2).contains(&numbers) {
            return;
        }
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.turn += 1;
        let turn = kept.turn;
        let older = |(known, _): &(Listing, u64)| known.mod_seq >= listing.mod_seq;
        if kept.of.get(&(account, mailbox)).is_some_and(older) {
            return;
        }
        if let Some((before, _)) = kept.of.insert((account, mailbox), (listing, turn)) {
            kept.numbers = kept.numbers.saturating_sub(before.uids.len());
        }
        kept.numbers += numbers;
        while kept.numbers > MAX_NUMBERS {
            let oldest = kept.of.iter().min_by_key(|(_, (_, used))| *used).map(|(key, _)| *key);
            let Some((gone, _)) = oldest.and_then(|key| kept.of.remove(&key)) else { return };
            kept.numbers = kept.numbers.saturating_sub(gone.uids.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listing(numbers: usize) -> Listing {
        Listing { uids: Arc::new(vec![1; numbers]), mod_seq: 1 }
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let (listings, account) = (Listings::default(), AccountId::OPERATOR);
        let mailbox = |at: u8| MailboxId::from_bytes([at; 16]);
        listings.keep(account, mailbox(0), listing(WORTH - 1));
        assert!(listings.of(account, mailbox(0)).is_none());
        for at in 1..=5 {
            listings.keep(account, mailbox(at), listing(MAX_NUMBERS / 4));
            // The first is used again and again.
            assert!(listings.of(account, mailbox(1)).is_some());
        }
        let there: Vec<u8> =
            (1..=5).filter(|at| listings.of(account, mailbox(*at)).is_some()).collect();
        assert_eq!(there, [1, 3, 4, 5]);
        assert_eq!(listings.0.lock().unwrap().numbers, MAX_NUMBERS);
    }
}
