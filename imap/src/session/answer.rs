//! Tagged answers, and what an error of the store is for a client.

use mailstore::{Fault, StoreError};

/// What a command is answered with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It was done.
    Ok(String),
    /// It was not.
    No(String),
    /// It could not be understood, or not here.
    Bad(String),
}

impl Answer {
    pub(super) fn ok(text: impl Into<String>) -> Self {
        Self::Ok(text.into())
    }

    pub(super) fn no(text: impl Into<String>) -> Self {
        Self::No(text.into())
    }

    pub(super) fn bad(text: impl Into<String>) -> Self {
        Self::Bad(text.into())
    }

    /// Writes it behind the tag.
    pub(super) fn write(&self, tag: &str, out: &mut Vec<u8>) {
        let (status, text) = match self {
            Self::Ok(text) => ("OK", text),
            Self::No(text) => ("NO", text),
            Self::Bad(text) => ("BAD", text),
        };
        out.extend_from_slice(format!("{tag} {status} {text}\r\n").as_bytes());
    }
}

impl From<StoreError> for Answer {
    // RFC 5530 §3
    fn from(error: StoreError) -> Self {
        Self::No(match error {
            StoreError::NoSuchMailbox => "[NONEXISTENT] There is no such mailbox".into(),
            StoreError::MailboxExists => "[ALREADYEXISTS] A mailbox of this name exists".into(),
            StoreError::MailboxName
            | StoreError::InboxStays
            | StoreError::BelowItself
            | StoreError::Keyword => format!("[CANNOT] {error}"),
            // RFC 9051 §7.1, HASCHILDREN
            StoreError::HasChildren => format!("[HASCHILDREN] {error}"),
            StoreError::Full => {
                "[UNAVAILABLE] The server's disk is full for the moment; deleting works".into()
            }
            StoreError::ReadOnly(_) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a change is refused");
                "[CONTACTADMIN] The server can only be read until somebody has looked".into()
            }
            StoreError::OverQuota => "[OVERQUOTA] The mailbox's quota is used up".into(),
            StoreError::Limit(_) => format!("[LIMIT] {error}"),
            StoreError::NoSuchMessage => "[EXPUNGEISSUED] A message is gone".into(),
            error => match error.fault() {
                Fault::Damage => {
                    tracing::error!(error = &error as &dyn std::error::Error, "damage");
                    "[CONTACTADMIN] Something is damaged here".into()
                }
                Fault::Temporary => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "a command failed");
                    "[UNAVAILABLE] Not available for the moment".into()
                }
                Fault::Refusal => format!("[CANNOT] {error}"),
            },
        })
    }
}

/// As [`Answer::from`], for a target that the client could make.
// RFC 3501 §7.1, TRYCREATE
pub(super) fn of_target(error: StoreError) -> Answer {
    match error {
        StoreError::NoSuchMailbox => Answer::no("[TRYCREATE] There is no such mailbox"),
        error => error.into(),
    }
}
