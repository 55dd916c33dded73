//! Receiving: reception from other operators (port smtp) and submission by people's programs.
//!
//! ```text
//! listener         sockets, TLS, limits on connections: a crate of all faces
//!    │
//! serve.rs         timers, what is read at once
//!    │ octets in, octets out
//! conversation.rs  carries out what the session asks of the handler
//!    │ steps and answers
//! session.rs       the state machine: commands, order, limits; no I/O, never waits
//!    │ replies
//! reply.rs         codes and texts, here only
//! ```
//!
//! The rules are behind [`Handler`], which somebody else implements: who may send, who exists, what is kept.

mod capability;
pub mod config;
mod conversation;
mod fold;
pub mod handler;
mod reply;
mod sasl;
pub mod serve;
mod session;

pub use config::{Limits, Role, SessionConfig};
pub use conversation::{Conversation, Wants};
pub use handler::{Accepted, Handler, Login, Peer, QueueId, Secret, Stored, Transaction};
pub use listener::TlsInfo;
pub use serve::{ListenerConfig, Server};
pub use session::{Session, Step};
