//! Engines: what keeps the keys and values.
//!
//! An engine commits groups of jobs that the sequencer ([`crate::store`]) hands it, one group
//! after another, and gives snapshots of what is committed. One contract suite runs on every
//! engine (`tests/contract`).

pub(crate) mod awaited;
pub(crate) mod embedded;
pub(crate) mod group;
pub(crate) mod keyring;
pub(crate) mod memory;
pub(crate) mod mending;
pub(crate) mod opening;
pub(crate) mod upkeep;

use crate::body::{BodyReader, BodyWriter};
use crate::error::StoreError;
use crate::id::{AccountId, BodyId};
use crate::index::Snapshot;
use crate::log::Location;
use crate::random::Random;
use crate::seal::{AccountKey, Secret};
use crate::transaction::Transaction;
use keyring::NewKey;
use std::fmt::Debug;
use std::sync::Arc;
use upkeep::Pace;

/// One closure against one account, waiting for its commit.
pub(crate) trait Job: Send {
    /// The account it reads and writes.
    fn account(&self) -> AccountId;
    /// The key of the account, if it makes it.
    fn new_key(&self) -> Option<&NewKey>;
    /// Who acts.
    fn actor(&self) -> crate::actor::Actor;
    /// Runs the closure; false when it refuses, and nothing of it is to stay.
    fn run(&mut self, tx: &mut Transaction<'_>) -> bool;
    /// Tells the caller: `Ok` with the frame's sequence number once everything is on stable
    /// storage and visible.
    fn finish(self: Box<Self>, outcome: Result<u64, StoreError>);
}

/// Whether an engine takes changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// It does.
    Sound,
    /// It does not for the moment; it tries each second to be sound again: why.
    Mending(&'static str),
    /// It does not, until it is opened again or repaired: why.
    ReadOnly(&'static str),
}

/// What keeps the keys and values.
pub(crate) trait Engine: Send + Sync + Debug {
    /// Commits jobs in their order, in one or more groups, and finishes each. Called by one
    /// thread only. Returns the accounts that changed, with their modification sequences.
    fn commit(&self, jobs: Vec<Box<dyn Job>>) -> Vec<(AccountId, u64)>;
    /// What is committed.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, StoreError>;
    /// Where new identities come from.
    fn random(&self) -> &dyn Random;
    /// The operator's key.
    fn operator_key(&self) -> Result<Arc<AccountKey>, StoreError>;
    /// The key of an account.
    fn account_key(
        &self,
        snapshot: &dyn Snapshot,
        account: AccountId,
    ) -> Result<Arc<AccountKey>, StoreError>;
    /// Destroys the key of an account whose erasure is committed; on stable storage at return.
    fn destroy_key(&self, snapshot: &dyn Snapshot, account: AccountId) -> Result<(), StoreError>;
    /// Takes in a new body.
    fn body_writer(&self) -> Result<BodyWriter, StoreError>;
    /// Opens a body.
    fn body_reader(
        &self,
        id: BodyId,
        secret: &Secret,
        len: u64,
        location: Location,
    ) -> Result<BodyReader, StoreError>;
    /// Once a second: makes the index durable.
    fn tick(&self);
    /// Writes a snapshot of the log beside the writer; false when there is nothing new to stand
    /// for. Not called by the sequencer.
    fn write_snapshot(&self, pace: &Pace) -> Result<bool, StoreError>;
    /// Does what is due beside the writer, until told to end. Not called by the sequencer.
    fn keep(&self, pace: &Pace);
    /// Whether a thread is to keep it: not where things are done in turn.
    fn wants_keeper(&self) -> bool;
    /// Something that must not happen did: no more changes are taken.
    fn break_off(&self);
    /// Whether changes are taken.
    fn condition(&self) -> Condition;
    /// How the store does.
    fn vitals(&self) -> mending::Vitals;
}
