//! What an administrator asks of one operator: the same command line whether it runs or not.
//!
//! A running operator listens on a Unix socket in its data directory (`control.sock`): one request,
//! one answer. Where nothing listens, the command opens the store itself; the store's own lock keeps
//! the two apart.
//!
//! Invariants: the socket has mode 0600, and the server asks the kernel who calls: only the
//! operator's own user and root are served. Requests, answers, callers and waiting are bounded. A
//! request may carry a password: no type here has a printing `Debug`.
//! Failure: [`Answer::Refused`] says in one sentence what is in the way, with its causes.

mod ask;
mod desk;
mod frame;
mod mailboxes;
mod request;
mod services;
mod socket;

pub(crate) use ask::{Where, ask, ask_running};
pub(crate) use desk::{Desk, Parts};
pub(crate) use request::{Answer, NewCitizen, NewMailbox, Request, ServicesRequest};
pub(crate) use socket::{Control, SOCKET};
