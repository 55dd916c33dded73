//! The sending half: from a queued message to an answer for each recipient, and to the reports about it.
//!
//! Code map, in the order of a message's way out:
//!
//! | subject | files |
//! | --- | --- |
//! | what is to be sent | `envelope` |
//! | where to | `route`, `resolver` |
//! | when | `schedule`, `destinations` |
//! | over which connection | `connect`, `transport`, `tls`, `timeouts` |
//! | in which words | `session` (state machine), `command`, `body`, `extensions`, `reply` |
//! | with which result | `failure`, `outcome`, `status` |
//! | told to the sender | `dsn` |
//!
//! Invariants:
//! - Nothing of a message leaves but under TLS, to a peer that the caller's check has admitted; there is no fall-back.
//! - Time, randomness, DNS, TLS configurations and the peer check are passed in; only `transport` and `connect` have
//!   sockets and timers.
//! - Nothing here stores, and nothing decides who may write to whom.
//!
//! Failure: values ([`Failure`], [`Outcome`], [`Problem`]); whether a failure is temporary stands in `outcome` alone.

mod body;
mod command;
mod connect;
mod destinations;
mod dsn;
mod envelope;
mod extensions;
mod failure;
mod login;
mod outcome;
mod reply;
mod resolver;
mod route;
mod schedule;
mod session;
mod status;
mod timeouts;
mod tls;
mod transport;

pub use self::connect::{Connected, MAX_ATTEMPTS, NotConnected, connect};
pub use self::destinations::{
    Admission, Destinations, Health, MAX_CONNECTIONS, MAX_DESTINATIONS, RESTS,
};
pub use self::dsn::{
    Action, Dsn, DsnMessage, Event, MAX_RETURNED, Original, Reader, RecipientReport, Returned,
    is_asked,
};
pub use self::envelope::{
    Envelope, EnvelopeError, EnvelopeId, MAX_RECIPIENTS, MessageFacts, Notify, OriginalRecipient,
    Recipient, Ret,
};
pub use self::extensions::Extensions;
pub use self::failure::{Failure, Loss, Phase, TlsFailure};
pub use self::login::Login;
pub use self::outcome::{Outcome, Problem, Reason};
pub use self::reply::{MAX_REPLY_LINE, MAX_REPLY_LINES, MAX_REPLY_TEXT, Reply, ReplyError};
pub use self::resolver::{Answer, LookupError, MAX_ANSWERS, Mx, Resolver, SystemResolver};
pub use self::route::{
    MAX_ADDRESSES, MAX_HOSTS, NextHop, Random, Route, Routes, SMTP_PORT, next_hops,
};
pub use self::schedule::{
    Attempts, DELAY_REPORT_AFTER, FIRST_WAITS, GIVE_UP_AFTER, JITTER_PERCENT, LATER_WAIT, Plan,
    Schedule,
};
pub use self::session::{MessageReport, Session, Step, Wait};
pub use self::status::{Class, Status};
pub use self::timeouts::Timeouts;
pub use self::tls::{PeerCheck, TlsFor};
pub use self::transport::{BodySource, Connection, Terms};
