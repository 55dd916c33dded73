//! The contract between a service and the runner.

use crate::effects::Effects;
use mailstore::model::change::Change;
use mailstore::{Consumer, StoreError, View};
use std::pin::Pin;

/// A change being handled.
pub type Handling<'a> = Pin<Box<dyn Future<Output = Result<(), Failure>> + Send + 'a>>;

/// Something that follows the change log of accounts.
pub trait Service: Send + Sync + 'static {
    /// What it is registered as with the store: its name, and the kinds of change that it follows.
    fn consumer(&self) -> Consumer;

    /// Handles one change: reads `view`, and says in `effects` what it leads to. Runs again when
    /// what it read has changed before its effects were committed, so it does nothing else.
    fn handle<'a>(
        &'a self,
        view: &'a View<'static>,
        change: &'a Change,
        effects: &'a mut Effects,
    ) -> Handling<'a>;
}

/// Why a change was not handled.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// It cannot be handled: it is parked with the reason, the service goes on. The reason names no
    /// person and no content: it enters the log.
    #[error("parked: {0}")]
    Parked(String),
    /// Not for the moment: the runner tries again later.
    #[error("the store, for the moment")]
    Later(#[source] StoreError),
}

impl From<StoreError> for Failure {
    /// What may pass is tried again; what stays as it is, is parked.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ReadOnly(_) => Self::Later(error),
            _ if error.fault() == mailstore::Fault::Temporary => Self::Later(error),
            _ => Self::Parked(error.to_string()),
        }
    }
}
