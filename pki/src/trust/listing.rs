//! Which domains a peer may speak for, by the domain list.
//!
//! Invariants: only a verified list answers; without one nobody is listed. A list that nobody could renew for
//! [`STALE_AFTER`] goes on to serve the pairs that it has.
//! Failure: [`ListingFault`], mapped to a verdict here and nowhere else.

use domain::Verdict;
use jiff::SignedDuration;

/// How long after the last successful look at the authority's list the operator is alarmed.
pub const ALARM_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// How long after it a peer that the list lacks is told to come back, since a newer list may have it.
pub const STALE_AFTER: SignedDuration = SignedDuration::from_hours(72);

/// Why a peer does not speak for a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ListingFault {
    /// Its DN is nowhere in the list.
    #[error("the certificate's DN is not in the domain list")]
    OperatorNotListed,
    /// Its DN is listed, for other domains.
    #[error("the certificate's DN is not listed for the domain")]
    DomainNotPeers,
    /// The list is missing or too old to say no for good.
    #[error("the domain list is missing or out of date")]
    Stale,
}

/// At which point the question is asked: the same *no* has another text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListingStep {
    /// A peer's MAIL FROM.
    MailFrom,
    /// The From field of a peer's message.
    From,
    /// The recipient's domain at the server that we reached.
    Relay,
}

impl ListingFault {
    /// What people read.
    // MSS #13
    // MSS #14
    pub fn verdict(self, step: ListingStep) -> Verdict {
        match (self, step) {
            (Self::Stale, _) => Verdict::DomainListStale,
            (_, ListingStep::Relay) => Verdict::ServerNotListed,
            (Self::OperatorNotListed, _) => Verdict::OperatorNotListed,
            (Self::DomainNotPeers, ListingStep::MailFrom) => Verdict::SenderDomainNotPeers,
            (Self::DomainNotPeers, ListingStep::From) => Verdict::FromDomainNotPeers,
        }
    }
}
