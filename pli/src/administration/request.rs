//! The requests and their answers, as they travel.
//!
//! Both ends are the same program; a request that the other does not know is refused, so that a
//! newer command line tells an older operator's administrator what to do.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

/// What can be asked.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Request {
    AddMailbox(NewMailbox),
    AddCitizen(Box<NewCitizen>),
    /// Another application secret for a mailbox's owner.
    AddSecret {
        address: String,
        label: String,
    },
    /// Lets a certificate (PEM) open a mailbox.
    BindCertificate {
        address: String,
        certificate: String,
    },
    /// What waits in the queue.
    ListQueue {
        limit: usize,
    },
    ShowQueued {
        id: String,
    },
    /// Of the ids named, or all that wait.
    RetryQueued {
        ids: Option<Vec<String>>,
    },
    HoldQueued {
        ids: Vec<String>,
        reason: String,
    },
    DropQueued {
        ids: Vec<String>,
        reason: String,
        silent: bool,
    },
    /// Reads the configuration and what it names again.
    Reload,
    VerifyStore {
        quiet: bool,
    },
    Services(ServicesRequest),
}

/// What can be asked of a service, by its name.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum ServicesRequest {
    /// The changes that it could not handle.
    Parked { service: String, limit: usize },
    /// To handle them again; those of one mailbox, or all.
    Retry { service: String, address: Option<String> },
    /// To derive again all that it keeps.
    Rebuild { service: String },
}

/// A professional's mailbox.
#[derive(Serialize, Deserialize)]
pub(crate) struct NewMailbox {
    pub(crate) address: String,
    pub(crate) kind: String,
    pub(crate) name: String,
    /// PEM.
    pub(crate) certificate: Option<String>,
}

/// A citizen's space, as its texts came from the command line.
#[derive(Serialize, Deserialize)]
pub(crate) struct NewCitizen {
    pub(crate) ins: String,
    pub(crate) oid: String,
    pub(crate) birth_name: String,
    pub(crate) first_given_name: String,
    pub(crate) given_names: String,
    pub(crate) birth_date: String,
    pub(crate) sex: String,
    pub(crate) birth_place: String,
    pub(crate) email: String,
    pub(crate) password: Zeroizing<String>,
}

/// What is answered.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Answer {
    /// Done; what is to be printed.
    Done(String),
    /// Done, and something is not as it should be: exit code 1.
    Found(String),
    /// Not done: the reason and its causes.
    Refused(Vec<String>),
}

impl Answer {
    /// Of an error with its causes.
    pub(crate) fn refused(error: &dyn std::error::Error) -> Self {
        let mut reasons = vec![error.to_string()];
        let mut source = error.source();
        while let Some(cause) = source {
            reasons.push(cause.to_string());
            source = cause.source();
        }
        Self::Refused(reasons)
    }
}
