//! SMTP: mail from other operators and from people's programs comes in, mail to other operators goes out.
//!
//! | subject | where |
//! | --- | --- |
//! | octets: lines, message bodies, commands and their parameters | [`wire`] |
//! | receiving: session, replies, sockets | [`server`] |
//! | reception between operators: trust and the post behind a session | [`reception`] |
//! | submission by our own people's programs: log-in and the post behind a session | [`submission`] |
//! | a message on its way from either into the post | [`intake`] |
//! | sending: routes, sessions, schedule, reports | [`client`] |
//! | the queue worked off | [`relay`] |
//!
//! Invariants: this crate decides nothing about people. It knows commands, limits and replies; who may send, who
//! exists and what is kept is said by the [`server::Handler`], whose refusals are values of [`domain::Verdict`].
//! No part of an address before its `@`, no secret and no word of a message enters a log.

pub mod client;
pub mod intake;
pub mod reception;
pub mod relay;
pub mod server;
mod standings;
pub mod submission;
mod swaps;
pub mod wire;
