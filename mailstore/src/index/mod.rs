//! The index: the keys and values that the log adds up to, in a key-value database.
//!
//! It is disposable. It is updated after the log without waiting for the disk, and made durable
//! once a second together with the log position it stands for; at opening the frames behind that
//! position are applied again. Lost or damaged, it is rebuilt from the log. Values lie in it
//! sealed, as in the log.

mod current;
mod memory;
mod redb;

pub(crate) use self::current::Current;
pub(crate) use self::memory::MemoryIndex;
pub(crate) use self::redb::RedbIndex;

use crate::id::BodyId;
use crate::log::{Applied, Location, LogError, Position};
use std::fmt::Debug;
use std::ops::ControlFlow;
use std::sync::Arc;

/// The index could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The database failed.
    #[error("the index failed")]
    Database(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A stored value is none of ours.
    #[error("the index holds what this program did not write")]
    Foreign,
}

impl From<IndexError> for LogError {
    fn from(error: IndexError) -> Self {
        Self::Index(error)
    }
}

/// Visits a stored pair; says whether to go on.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(&[u8], &[u8]) -> ControlFlow<()>;

/// A key with its table's tag, and its value; see [`crate::sorted`].
pub(crate) type SortedPair = (Vec<u8>, Vec<u8>);

/// All keys and values at one moment. Cheap to take, consistent while held.
pub(crate) trait Snapshot: Send + Sync + Debug {
    /// The stored value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError>;
    /// Pairs with `from <= key < to` in the order of keys, or backwards.
    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        backwards: bool,
        visit: Visit<'_>,
    ) -> Result<(), IndexError>;
    /// Where a body lies.
    fn body(&self, id: BodyId) -> Result<Option<Location>, IndexError>;
}

/// A key-value database that follows the log.
pub(crate) trait Index: Send + Sync + Debug {
    /// The last frame that it stands for.
    fn position(&self) -> Result<Option<Position>, IndexError>;
    /// Applies one frame; readers see it at return.
    fn apply(&self, applied: &Applied<'_>) -> Result<(), IndexError>;
    /// Applies many frames, which need not be seen before `finish`.
    fn replay(&self) -> Box<dyn Replay + '_>;
    /// Puts pairs behind all that are there: an empty index is filled in the order of keys, which
    /// carry their table.
    fn load(&self, pairs: &[SortedPair]) -> Result<(), IndexError>;
    /// What was loaded is the state at this frame.
    fn stand_for(&self, position: Position) -> Result<(), IndexError>;
    /// Makes all that was applied durable.
    fn flush(&self) -> Result<(), IndexError>;
    /// From now on nothing of it reaches the disk: another one is opened in its place. What still
    /// reads from it may fail.
    fn close(&self);
    /// The present state.
    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError>;
}

/// Frames on their way into an index.
pub(crate) trait Replay {
    fn apply(&mut self, applied: &Applied<'_>) -> Result<(), IndexError>;
    fn finish(self: Box<Self>) -> Result<(), IndexError>;
}
