//! The contract between a service and the runner.

use crate::effects::Effects;
use mailstore::model::change::Change;
use mailstore::{Consumer, MessageId, StoreError, View};

/// Something that follows the change log of accounts.
pub trait Service: Send + Sync + 'static {
    /// What it is registered as with the store: its name, and the kinds of change that it follows.
    fn consumer(&self) -> Consumer;

    /// Handles one change: reads `view`, and says in `effects` what it leads to. It may block. Runs
    /// again when what it read has changed before its effects were committed, so it does nothing
    /// else.
    fn handle(
        &self,
        view: &View<'static>,
        change: &Change,
        effects: &mut Effects,
    ) -> Result<(), Failure>;

    /// What its records of an account can be derived from again, in the order in which it is to be
    /// taken.
    fn sources(&self, view: &View<'static>) -> Result<Vec<Source>, Failure>;

    /// Derives again what comes of one source, under the same terms as [`Service::handle`]. What
    /// people decided stays. Mail among the effects is not sent.
    fn derive(
        &self,
        view: &View<'static>,
        source: Source,
        effects: &mut Effects,
    ) -> Result<(), Failure>;
}

/// What a service's records are derived from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Source {
    /// A record of the service that holds what it was made of, by an id of the service's own.
    Kept([u8; 16]),
    /// A message of the account.
    Message(MessageId),
}

/// Why a change was not handled.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Failure {
    /// It cannot be handled: it is parked with the reason, the service goes on. The reason names no
    /// person and no content: it enters the log.
    #[error("parked: {0}")]
    Parked(String),
    /// Not for the moment: the runner tries again later.
    #[error("not for the moment")]
    Later(#[source] Cause),
}

/// What is in the way for the moment.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Cause {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Something else that the service needs; no person and no content is named.
    #[error("{0}")]
    Unavailable(String),
}

impl From<StoreError> for Failure {
    /// What may pass is tried again; what stays as it is, is parked.
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::ReadOnly(_) => Self::Later(error.into()),
            _ if error.fault() == mailstore::Fault::Temporary => Self::Later(error.into()),
            _ => Self::Parked(error.to_string()),
        }
    }
}
