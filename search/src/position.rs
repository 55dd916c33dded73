//! How far the index has come, and whether it is the one that the store knows.
//!
//! With each commit the index holds a [`Position`]: which format and which *generation* it is of, and
//! how far the walk through all accounts has come that makes a new index whole. Behind the walk an
//! account's place in its change log is the consumer's cursor in the store, moved after the commit.
//!
//! The store keeps a [`Stamp`]: the generation, and the commit up to which cursors were moved. An
//! index of another generation, or one that is behind the stamp (an old copy put back, a disk that
//! lost what it said it had), does not hold what the cursors say: it is thrown away and made again.

use mailstore::{
    AccountId, MessageId, ServiceKey, Store, StoreError, TableName, Transaction, View,
};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Changes with what is put into the index, so that an older one is made again.
const FORMAT: &str = "1";

const TABLE: TableName = TableName::constant("searchstamp");

/// An index from its making to its end.
pub(crate) type Generation = [u8; 16];

/// How far the walk through all accounts has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Walk {
    /// No account is in the index.
    Begun,
    /// Accounts up to this one are.
    Reached(AccountId),
    /// All are.
    Done,
}

impl Walk {
    /// Whether an account has been walked: from there on its cursor says what is in the index.
    pub(crate) fn covers(self, account: AccountId) -> bool {
        match self {
            Self::Begun => false,
            Self::Reached(last) => account <= last,
            Self::Done => true,
        }
    }
}

/// What the index says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    pub(crate) generation: Generation,
    pub(crate) walk: Walk,
}

impl Position {
    /// As the index keeps it.
    pub(crate) fn encode(&self) -> String {
        let walk = match self.walk {
            Walk::Begun => "begun".to_owned(),
            Walk::Reached(account) => account.to_string(),
            Walk::Done => "done".to_owned(),
        };
        format!("{FORMAT} {} {walk}", hex::encode(self.generation))
    }

    /// Reads it; none if it is of another format.
    pub(crate) fn decode(text: &str) -> Option<Self> {
        let mut parts = text.split(' ');
        if parts.next() != Some(FORMAT) {
            return None;
        }
        let mut generation = Generation::default();
        hex::decode_to_slice(parts.next()?, &mut generation).ok()?;
        let walk = match parts.next()? {
            "begun" => Walk::Begun,
            "done" => Walk::Done,
            account => Walk::Reached(AccountId::from_str(account).ok()?),
        };
        Some(Self { generation, walk })
    }
}

/// What the store knows of its index. A stored format: add at the end only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stamp {
    pub(crate) generation: Generation,
    /// The commit (tantivy's opstamp) up to which cursors were moved.
    pub(crate) commit: u64,
}

impl Stamp {
    /// The stamp in the store, if there is one.
    pub(crate) fn read(store: &Store) -> Result<Option<Self>, StoreError> {
        let value = store.operator_view()?.service_record(&ServiceKey::new(TABLE))?;
        // One that cannot be read stands for another index.
        Ok(value.and_then(|octets| postcard::from_bytes(&octets).ok()))
    }

    /// Puts it into the operator's own account.
    pub(crate) fn put(&self, tx: &mut Transaction<'_>) -> Result<(), StoreError> {
        let octets = postcard::to_stdvec(self).map_err(|_| StoreError::Format)?;
        tx.put_service_record(&ServiceKey::new(TABLE), &octets)
    }

    /// Whether an index of this generation that has come to this commit is the one.
    pub(crate) fn fits(&self, generation: &Generation, commit: u64) -> bool {
        self.generation == *generation && self.commit <= commit
    }
}

/// Every message of an account, each once.
pub(crate) fn messages(view: &View<'_>) -> Result<Vec<MessageId>, StoreError> {
    const PAGE: usize = 1024;
    let mut messages = Vec::new();
    for (mailbox, _) in view.mailboxes()? {
        let mut first = 1;
        loop {
            let page = view.placements(mailbox, first, u32::MAX, PAGE)?;
            messages.extend(page.iter().map(|(_, placement)| placement.message));
            match page.last() {
                Some((last, _)) if page.len() == PAGE && *last < u32::MAX => first = last + 1,
                _ => break,
            }
        }
    }
    messages.sort_unstable();
    messages.dedup();
    Ok(messages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_position_reads_back_and_another_format_does_not() {
        let account = AccountId::from_bytes([7; 16]);
        for walk in [Walk::Begun, Walk::Reached(account), Walk::Done] {
            let position = Position { generation: [3; 16], walk };
            assert_eq!(Position::decode(&position.encode()), Some(position));
        }
        for other in ["", "0 00 done", "1", "1 zz done", "1 03030303030303030303030303030303 x"] {
            assert_eq!(Position::decode(other), None, "{other}");
        }
    }

    #[test]
    fn the_walk_covers_what_it_has_passed() {
        let (low, high) = (AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16]));
        assert!(!Walk::Begun.covers(low) && Walk::Done.covers(high));
        assert!(Walk::Reached(low).covers(low) && !Walk::Reached(low).covers(high));
    }

    #[test]
    fn a_stamp_fits_its_own_index_as_new_or_newer() {
        let stamp = Stamp { generation: [1; 16], commit: 5 };
        assert!(stamp.fits(&[1; 16], 5) && stamp.fits(&[1; 16], 6));
        assert!(!stamp.fits(&[1; 16], 4) && !stamp.fits(&[2; 16], 5));
    }
}
