//! What an operator is called, and what kinds of mailbox it runs.
//!
//! Invariants: an operator's name is short and safe as a folder name, a metric label and a host label; a
//! mailbox's kind never changes after creation (the mailstore keeps that).
//! Failure: a name or code that does not pass its gate is an error that says why.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::gate::text_value;

/// Longest operator name, in octets.
pub const MAX_OPERATOR_NAME: usize = 32;

/// A member of the trust domain that runs mailboxes (*opérateur MSSanté*), by the short name it has in
/// configuration, folders and metrics: 1 to 32 of `a-z`, `0-9`, `-`, first a letter, last not `-`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct OperatorName(String);

/// Why a text is not an operator's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OperatorNameError {
    /// No text, or more than [`MAX_OPERATOR_NAME`] octets.
    #[error("an operator's name has 1 to {MAX_OPERATOR_NAME} characters")]
    Length,
    /// A character outside the alphabet or out of its place.
    #[error(
        "an operator's name has a-z, 0-9 and '-', begins with a letter and does not end with '-'"
    )]
    Character,
}

impl OperatorName {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OperatorName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for OperatorName {
    type Err = OperatorNameError;

    fn from_str(text: &str) -> Result<Self, OperatorNameError> {
        if text.is_empty() || text.len() > MAX_OPERATOR_NAME {
            return Err(OperatorNameError::Length);
        }
        let alphabet = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let in_place = text.starts_with(|c: char| c.is_ascii_lowercase()) && !text.ends_with('-');
        if !in_place || !text.chars().all(alphabet) {
            return Err(OperatorNameError::Character);
        }
        Ok(Self(text.to_owned()))
    }
}

text_value!(OperatorName);

/// What a mailbox is for (*type de boîte aux lettres*, TRE_R257-TypeBAL).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum MailboxKind {
    /// One professional's own (*boîte personnelle*).
    Personal,
    /// A service's or team's (*boîte organisationnelle*).
    Organisational,
    /// A machine's or program's (*boîte applicative*).
    Application,
    /// A shared liberal practice's (*boîte de cabinet*).
    Practice,
    /// A citizen's own (*usager*); never in the directory, so the value set has no code for it.
    Citizen,
}

impl MailboxKind {
    /// Every kind.
    pub const ALL: [Self; 5] =
        [Self::Personal, Self::Organisational, Self::Application, Self::Practice, Self::Citizen];

    /// The code that the directory publishes; `None` for a citizen.
    // TRE_R257-TypeBAL
    pub fn code(self) -> Option<&'static str> {
        match self {
            Self::Citizen => None,
            _ => Some(self.as_str()),
        }
    }

    /// The name under which we store the kind: the published code, or `CITIZEN`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Personal => "PER",
            Self::Organisational => "ORG",
            Self::Application => "APP",
            Self::Practice => "CAB",
            Self::Citizen => "CITIZEN",
        }
    }
}

impl fmt::Display for MailboxKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The text is no mailbox kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a mailbox kind is PER, ORG, APP, CAB or CITIZEN")]
pub struct UnknownMailboxKind;

impl FromStr for MailboxKind {
    type Err = UnknownMailboxKind;

    /// Reads [`MailboxKind::as_str`], capitals only as in the value set.
    fn from_str(text: &str) -> Result<Self, UnknownMailboxKind> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(UnknownMailboxKind)
    }
}

text_value!(MailboxKind);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operator_names() {
        for good in ["a", "hopital-nord", "op2"] {
            assert_eq!(good.parse::<OperatorName>().unwrap().as_str(), good);
        }
        assert_eq!("".parse::<OperatorName>(), Err(OperatorNameError::Length));
        assert_eq!("a".repeat(33).parse::<OperatorName>(), Err(OperatorNameError::Length));
        for bad in ["2a", "-a", "a-", "A", "a/b", "..", "é"] {
            assert_eq!(bad.parse::<OperatorName>(), Err(OperatorNameError::Character), "{bad}");
        }
    }

    #[test]
    fn kinds_have_the_published_codes() {
        let codes: Vec<_> = MailboxKind::ALL.into_iter().map(MailboxKind::code).collect();
        assert_eq!(codes, [Some("PER"), Some("ORG"), Some("APP"), Some("CAB"), None]);
        for kind in MailboxKind::ALL {
            assert_eq!(kind.as_str().parse(), Ok(kind));
        }
        assert_eq!("per".parse::<MailboxKind>(), Err(UnknownMailboxKind));
    }
}
