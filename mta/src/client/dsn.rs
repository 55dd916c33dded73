//! Delivery status notifications: who gets one, and what it says, as values; `message` writes them.
//!
//! Invariants: never one that was not asked for ([`is_asked`]); who may be told anything at all is the queue entry's;
//! a status is of the class of its action.
//! Failure: none. `Debug` prints no address and no text of a peer.

mod fields;
mod message;
mod mime;
#[cfg(test)]
mod tests;
mod text;

use std::fmt;

use domain::{MailAddress, MailDomain};
use jiff::Timestamp;
use jiff::tz::TimeZone;

pub use self::message::{DsnMessage, Returned};
use super::envelope::{EnvelopeId, Notify, Recipient, Ret};
use super::outcome::Problem;
use super::reply::Reply;
use super::status::{Class, Status};

/// Above this size a report gives back headers only, whatever was asked.
pub const MAX_RETURNED: u64 = 8 * 1024 * 1024;

/// What a report tells of a recipient.
#[derive(Clone, PartialEq, Eq)]
pub enum Event {
    /// It did not get the message and will not.
    Failed(Problem),
    /// It has not got it yet.
    Delayed {
        /// Why.
        problem: Problem,
        /// Until when it is tried.
        retried_until: Timestamp,
    },
    /// It has got the message from us.
    Delivered,
    /// A peer that sends no reports has taken the message: nobody will tell more.
    Relayed {
        /// Its answer.
        reply: Reply,
    },
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Action {
    /// `failed`.
    Failed,
    /// `delayed`.
    Delayed,
    /// `relayed`.
    Relayed,
    /// `delivered`.
    Delivered,
}

impl Action {
    /// Every action, the worst first.
    const ALL: [Self; 4] = [Self::Failed, Self::Delayed, Self::Relayed, Self::Delivered];
}

/// Whether the sender asked for, or did not forbid, a report on such an event.
// RFC 3461 §4.1, RFC 3461 §5.2
pub fn is_asked(notify: Option<Notify>, action: Action) -> bool {
    let notify = notify.unwrap_or(Notify::DEFAULT);
    match action {
        Action::Failed => notify.failure,
        Action::Delayed => notify.delay,
        Action::Delivered | Action::Relayed => notify.success,
    }
}

/// One recipient in a report.
#[derive(Clone)]
pub struct RecipientReport {
    /// Who, with ORCPT.
    pub recipient: Recipient,
    /// What the sender knows the recipient by, shown in place of the address (MSS #46); without one a professional is
    /// shown the address, a citizen nothing of it.
    pub label: Option<String>,
    /// What happened.
    pub event: Event,
    /// The host that answered, or did not.
    pub remote_mta: Option<String>,
    /// When.
    pub last_attempt: Option<Timestamp>,
}

impl RecipientReport {
    /// The kind of its event.
    pub fn action(&self) -> Action {
        match &self.event {
            Event::Failed(_) => Action::Failed,
            Event::Delayed { .. } => Action::Delayed,
            Event::Delivered => Action::Delivered,
            Event::Relayed { .. } => Action::Relayed,
        }
    }

    /// The status, in the class of the action.
    // RFC 3464 §2.3.4
    pub fn status(&self) -> Status {
        match &self.event {
            Event::Failed(problem) => problem.status.in_class(Class::Permanent),
            Event::Delayed { problem, .. } => problem.status.in_class(Class::Temporary),
            Event::Delivered => Status::new(Class::Success, 1, 5),
            Event::Relayed { .. } => Status::new(Class::Success, 0, 0),
        }
    }

    fn problem(&self) -> Option<&Problem> {
        match &self.event {
            Event::Failed(problem) | Event::Delayed { problem, .. } => Some(problem),
            Event::Delivered | Event::Relayed { .. } => None,
        }
    }
}

impl fmt::Debug for RecipientReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecipientReport({:?}, {})", self.action(), self.status())
    }
}

/// For whom the text is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// A professional or an operator: with the server's answer.
    Professional,
    /// A citizen: plain words, and of a professional the label alone (MSS #46).
    Citizen,
}

/// The message that is reported on.
#[derive(Clone)]
pub struct Original {
    /// Its Message-ID with angle brackets.
    pub message_id: Option<String>,
    /// Octets.
    pub size: u64,
    /// Whether any octet is above 127.
    pub eight_bit: bool,
    /// Whether a header field is written in UTF-8.
    pub utf8_headers: bool,
    /// RET.
    pub ret: Option<Ret>,
    /// ENVID.
    pub envelope_id: Option<EnvelopeId>,
    /// When we accepted it.
    pub accepted_at: Timestamp,
}

/// A report to be written.
#[derive(Clone)]
pub struct Dsn {
    /// Random, for Message-ID and boundary.
    pub token: u128,
    /// Our host's name.
    pub reporting_mta: MailDomain,
    /// The operator's `postmaster`, in one of its own domains.
    pub from: MailAddress,
    /// The original's sender; the report's own MAIL FROM is `<>`.
    pub to: MailAddress,
    /// Whose words to use.
    pub reader: Reader,
    /// The civil time of the text.
    pub zone: TimeZone,
    /// Now.
    pub now: Timestamp,
    /// What is reported on.
    pub original: Original,
    /// Those it tells of, at least one; a report tells of one transaction, so at most 100.
    pub recipients: Vec<RecipientReport>,
}

impl Dsn {
    /// The worst of what it tells: it decides the subject.
    pub fn action(&self) -> Action {
        let actions = self.recipients.iter().map(RecipientReport::action);
        actions.min().unwrap_or(Action::Delivered)
    }

    /// How much of the original it gives back: all only when asked, for a failure, and up to [`MAX_RETURNED`]; to a
    /// citizen nothing, because its header names the recipient's address.
    // RFC 3461 §4.3, RFC 3461 §6.2
    // MSS #46
    pub fn returned(&self) -> Returned {
        if self.reader == Reader::Citizen {
            return Returned::Nothing;
        }
        let asked = self.original.ret == Some(Ret::Full) && self.action() == Action::Failed;
        if asked && self.original.size <= MAX_RETURNED {
            Returned::FullMessage
        } else {
            Returned::HeaderSection
        }
    }
}

impl fmt::Debug for Dsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dsn").field("recipients", &self.recipients).finish_non_exhaustive()
    }
}
