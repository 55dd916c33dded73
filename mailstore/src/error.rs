//! What can go wrong in the store, in three classes: a refusal (the caller asked for what cannot
//! be), our fault for the moment (nothing was changed, try again), damage (somebody has to look).
//!
//! `Display` says what happened in one sentence, without content: no name, no address.

use crate::body::BodyError;
use crate::index::IndexError;
use crate::keystore::KeystoreError;
use crate::log::LogError;
use crate::random::NoRandomness;
use crate::seal::{SealFault, Unsealable};
use std::io;
use std::sync::Arc;

/// Whose fault an error is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The caller asked for what cannot be; asking again gives the same.
    Refusal,
    /// Ours, for the moment; nothing was changed, try again.
    Temporary,
    /// Ours, until somebody looks.
    Damage,
}

/// An error of the store.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The key given as the operator's is not this store's.
    #[error("the operator's key does not open this store")]
    OperatorKey,
    /// There is no such account, or it was erased.
    #[error("there is no such account")]
    NoSuchAccount,
    /// The account's address or INS is taken.
    #[error("another account has this address or INS")]
    AccountExists,
    /// The operator's own account cannot be made or erased.
    #[error("the operator's own account stays as it is")]
    OperatorAccount,
    /// There is no such principal, or it has no home here.
    #[error("there is no such principal")]
    NoSuchPrincipal,
    /// The log-in name is taken.
    #[error("another principal has this log-in name")]
    LoginExists,
    /// There is no such mailbox in the account.
    #[error("there is no such mailbox")]
    NoSuchMailbox,
    /// A mailbox of this name exists.
    #[error("a mailbox of this name exists")]
    MailboxExists,
    /// The name cannot be a mailbox's.
    #[error("this cannot be the name of a mailbox")]
    MailboxName,
    /// INBOX stays, under its name.
    #[error("INBOX cannot be deleted or renamed")]
    InboxStays,
    /// A mailbox that has others below it is not deleted.
    #[error("the mailbox has others below it")]
    HasChildren,
    /// A mailbox cannot be moved below itself.
    #[error("a mailbox cannot lie below itself")]
    BelowItself,
    /// The text cannot be a keyword.
    // RFC 9051 §9, flag-keyword
    #[error("this cannot be a keyword")]
    Keyword,
    /// A consumer's cursor moves forwards, up to the last change.
    #[error("a cursor moves forwards, up to the last change")]
    Cursor,
    /// There is no such message in the account.
    #[error("there is no such message")]
    NoSuchMessage,
    /// There is no such body in the account.
    #[error("there is no such body")]
    NoSuchBody,
    /// The account's quota is used up.
    #[error("the account's quota is used up")]
    OverQuota,
    /// More than one command may touch, or more than an account may hold.
    #[error("a limit of the store is reached: {0}")]
    Limit(&'static str),
    /// The disk is full.
    #[error("the disk is full")]
    Full,
    /// The closure panicked; nothing of it was kept.
    #[error("a transaction panicked")]
    Panicked,
    /// The store is being opened; shortly it will be there.
    #[error("the store is being opened")]
    Opening,
    /// The store could not read or write; nothing was changed.
    #[error("the store is not available for the moment")]
    Unavailable(#[source] Cause),
    /// The store takes no changes until it is opened again or repaired.
    #[error("the store is open for reading only: {0}")]
    ReadOnly(&'static str),
    /// A record or a body does not open.
    #[error("damage: {0} does not open")]
    Damaged(&'static str),
    /// A record was written by another version of the program.
    #[error("a record was written by another version of the program")]
    Format,
}

/// An error's cause, shared by all whom it struck.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

impl StoreError {
    /// Whose fault it is.
    #[must_use]
    pub fn fault(&self) -> Fault {
        match self {
            Self::Full | Self::Opening | Self::Unavailable(_) => Fault::Temporary,
            Self::ReadOnly(_) | Self::Damaged(_) | Self::Format | Self::Panicked => Fault::Damage,
            _ => Fault::Refusal,
        }
    }

    fn unavailable(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Unavailable(Arc::new(error))
    }

    fn disk(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full,
            _ => Self::unavailable(error),
        }
    }
}

impl From<LogError> for StoreError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Disk(error) => Self::disk(error),
            LogError::Poisoned => Self::ReadOnly("the disk failed to flush"),
            LogError::Damaged => Self::ReadOnly("the log is damaged"),
            error @ LogError::TooLarge => Self::unavailable(error),
            LogError::Format => Self::Format,
            LogError::Snapshot => Self::Damaged("the snapshot of the log"),
            LogError::Manifest | LogError::Position => Self::Damaged("the log"),
            LogError::Index(error) => error.into(),
            LogError::Randomness(error) => error.into(),
        }
    }
}

impl From<KeystoreError> for StoreError {
    fn from(error: KeystoreError) -> Self {
        match error {
            KeystoreError::Disk(error) => Self::disk(error),
            KeystoreError::Foreign => Self::Damaged("the keystore"),
            KeystoreError::Slot(_) => Self::Damaged("an account's key"),
            KeystoreError::Poisoned => Self::ReadOnly("the disk failed to flush"),
            error @ (KeystoreError::Randomness(_) | KeystoreError::Cipher(_)) => {
                Self::unavailable(error)
            }
        }
    }
}

impl From<IndexError> for StoreError {
    fn from(error: IndexError) -> Self {
        match error {
            IndexError::Foreign => Self::Damaged("the index"),
            error @ IndexError::Database(_) => Self::unavailable(error),
        }
    }
}

impl From<BodyError> for StoreError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::Disk(error) => Self::disk(error),
            BodyError::Randomness(error) => error.into(),
            BodyError::Damaged => Self::Damaged("a body"),
        }
    }
}

impl From<NoRandomness> for StoreError {
    fn from(error: NoRandomness) -> Self {
        Self::unavailable(error)
    }
}

impl From<Unsealable> for StoreError {
    fn from(_: Unsealable) -> Self {
        Self::Damaged("a record")
    }
}

impl From<SealFault> for StoreError {
    fn from(error: SealFault) -> Self {
        Self::unavailable(error)
    }
}

impl From<io::Error> for StoreError {
    fn from(error: io::Error) -> Self {
        Self::disk(error)
    }
}
