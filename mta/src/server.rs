//! Receiving: reception from other operators (port smtp) and submission by people's programs.
//!
//! ```text
//! serve.rs         sockets, TLS, timers, limits on connections
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
mod slots;

pub use config::{Limits, Role, SessionConfig};
pub use conversation::{Conversation, Wants};
pub use handler::{Accepted, Handler, Login, Peer, QueueId, Secret, Stored, TlsInfo, Transaction};
pub use serve::{ListenerConfig, Server};
pub use session::{Session, Step};
