//! What brought a message, and in whose name it may speak.

use domain::{MailAddress, MailDomain};
use mailstore::{AccountId, Actor};
use std::collections::BTreeSet;
use std::fmt;

/// What brought a message.
#[derive(Debug, Clone)]
pub enum Origin {
    /// Another operator.
    Peer(Peer),
    /// Somebody of ours who is logged in.
    Own(Submitter),
    /// This program, for the account that causes the mail: a service's mail.
    System(AccountId),
}

/// Another operator, as its certificate and the domain list make it known.
#[derive(Debug, Clone)]
pub struct Peer {
    /// What identifies it in traces and fingerprints: its certificate's subject.
    pub name: String,
    /// The domains that the domain list gives it.
    pub domains: BTreeSet<MailDomain>,
}

/// Somebody of ours who submits.
#[derive(Clone)]
pub struct Submitter {
    /// Who acts.
    pub actor: Actor,
    /// The account that the session opened: what it causes, reports and queue entries, lies there,
    /// unless it writes in the name of a citizen.
    pub account: AccountId,
    /// That account's address.
    pub address: MailAddress,
    /// Addresses of other accounts in whose name the actor may send.
    pub also_as: Vec<MailAddress>,
    /// Whether the account is a citizen's.
    pub is_citizen: bool,
}

impl fmt::Debug for Submitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Submitter({:?}, …)", self.account)
    }
}

impl Submitter {
    /// Whether the actor may send in the name of an address.
    #[must_use]
    pub fn may_send_as(&self, address: &MailAddress) -> bool {
        let key = address.lookup_key();
        self.address.lookup_key() == key || self.also_as.iter().any(|a| a.lookup_key() == key)
    }
}
