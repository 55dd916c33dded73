//! What a session is told when it begins: its role, its names, its limits.
//!
//! Invariant: every limit has a default that is a named constant with its clause.

use domain::{Lang, MailAddress, MailDomain};

/// What a listener is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Mail from other operators: TLS with the peer's certificate before MAIL, no authentication.
    // MSS #15
    Reception,
    /// Mail from people's programs: TLS and authentication before MAIL.
    // RFC 6409 §4.3
    Submission,
}

/// What a session is told when it begins.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// What the listener is for.
    pub role: Role,
    /// This server's name in its greeting.
    pub hostname: MailDomain,
    /// The language of replies.
    pub lang: Lang,
    /// Who `<Postmaster>` is.
    // RFC 5321 §4.5.1
    pub postmaster: MailAddress,
    /// Largest message, in octets: announced, and held against what MAIL declares.
    pub max_message_size: u64,
    /// Octets more that are taken at reception: another operator may have put its trace before a message of just the
    /// limit. Default [`post::TRACE_HEADROOM`]; none at submission.
    pub trace_headroom: u64,
    /// The other limits.
    pub limits: Limits,
}

impl SessionConfig {
    /// Defaults for all but the names.
    pub fn new(role: Role, hostname: MailDomain, postmaster: MailAddress) -> Self {
        let lang = Lang::default();
        let (max_message_size, limits) = (MAX_MESSAGE_SIZE, Limits::default());
        let trace_headroom = match role {
            Role::Reception => post::TRACE_HEADROOM,
            Role::Submission => 0,
        };
        Self { role, hostname, lang, postmaster, max_message_size, trace_headroom, limits }
    }

    /// Octets that are taken.
    // MSS #34
    pub(super) fn max_octets(&self) -> u64 {
        self.max_message_size.saturating_add(self.trace_headroom)
    }
}

/// Largest message, in octets.
// MSS #34
pub const MAX_MESSAGE_SIZE: u64 = 26_214_400;

/// Recipients of one transaction: what every server has to take.
// RFC 5321 §4.5.3.1.8
pub const MAX_RECIPIENTS: u32 = 100;

/// Transactions of one session.
// RFC 9422 §4.1
pub const MAX_TRANSACTIONS: u32 = 10_000;

/// Commands that are wrong or out of order, before the session is ended.
// RFC 5321 §7.8
pub const MAX_ERRORS: u32 = 20;

/// Refused senders, recipients and messages without one accepted message in between.
// RFC 5321 §7.8
pub const MAX_REFUSALS: u32 = 300;

/// Senders, recipients and messages refused for the moment without one accepted message in between: many more than a
/// group of recipients has, a hundred of which are taken.
// RFC 5321 §7.8
pub const MAX_DEFERRALS: u32 = 3_000;

/// Failed authentications; the last of them ends the session.
// RFC 4954 §4
pub const MAX_FAILED_LOGINS: u32 = 3;

/// Commands other than RCPT and BDAT without one accepted message in between.
// RFC 5321 §7.8
pub const MAX_IDLE_COMMANDS: u32 = 200;

/// Octets of refused messages that are read to their end, without one accepted message in between.
// RFC 5321 §7.8
pub const MAX_DISCARDED: u64 = 4 * MAX_MESSAGE_SIZE;

/// Limits of a session besides the size of a message. A session that goes over one of them, other than
/// `recipients`, ends with 421.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Recipients of one transaction, default [`MAX_RECIPIENTS`]; more get 452 4.5.3.
    pub recipients: u32,
    /// Transactions, default [`MAX_TRANSACTIONS`].
    pub transactions: u32,
    /// Commands that are wrong or out of order, default [`MAX_ERRORS`].
    pub errors: u32,
    /// Refusals since a message was accepted, default [`MAX_REFUSALS`].
    pub refusals: u32,
    /// Refusals for the moment since a message was accepted, default [`MAX_DEFERRALS`].
    pub deferrals: u32,
    /// Failed authentications, the last of which ends the session, default [`MAX_FAILED_LOGINS`].
    pub failed_logins: u32,
    /// Commands since a message was accepted, default [`MAX_IDLE_COMMANDS`].
    pub idle_commands: u32,
    /// Octets of refused messages since one was accepted, default [`MAX_DISCARDED`].
    pub discarded: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            recipients: MAX_RECIPIENTS,
            transactions: MAX_TRANSACTIONS,
            errors: MAX_ERRORS,
            refusals: MAX_REFUSALS,
            deferrals: MAX_DEFERRALS,
            failed_logins: MAX_FAILED_LOGINS,
            idle_commands: MAX_IDLE_COMMANDS,
            discarded: MAX_DISCARDED,
        }
    }
}
