//! The mailstore: accounts, mailboxes, messages and their change log.
//!
//! | question | where |
//! | --- | --- |
//! | how do I read and change an account? | [`Store`], [`View`], [`Transaction`] |
//! | what is kept of a message, a mailbox, …? | [`model`] |
//! | what does the scanner find in a message? | [`message`] |
//! | how do octets of a body come and go? | [`body`] |
//! | what lies on the disk? | [`log`], [`keystore`], [`index`], and [`engine::embedded`] for the folder |
//! | how are values sealed, and what is a store key made of? | [`seal`], [`key`] |
//! | how is a power cut tested? | [`disk`] |
//! | is a store sound? | [`verify`] |
//!
//! Invariants: only this crate knows store keys and record formats; a transaction touches one
//! account; what [`Committed`] wraps is on stable storage; no value lies on the disk unsealed but
//! marks, which are keys without a value.

mod actor;
pub mod body;
pub mod disk;
mod engine;
mod error;
mod id;
mod index;
mod keeper;
mod key;
mod keystore;
mod log;
pub mod message;
pub mod model;
mod opening;
mod random;
mod seal;
mod sorted;
mod store;
mod transaction;
pub mod verify;
mod view;

pub use actor::{Actor, Through};
pub use engine::Condition;
pub use engine::embedded::{Embedding, OpenError};
pub use engine::memory::Faults;
pub use engine::mending::Vitals;
pub use error::{Cause, Fault, StoreError};
pub use id::{
    AccountId, BadId, BodyId, MailboxId, MessageId, PrincipalId, QueueId, StoreId, ThreadId,
};
pub use key::{Consumer, ServiceKey, TableName};
pub use log::Recovery;
pub use log::walk::Damage;
pub use opening::{Opening, Rebuilding};
pub use random::{NoRandomness, Random, SeededRandom, SystemRandom};
pub use seal::Secret;
pub use store::{Committed, Committing, Store, Together};
pub use transaction::Transaction;
pub use view::View;
