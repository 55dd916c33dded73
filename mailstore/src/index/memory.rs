//! An index in memory: for the memory engine, and as the oracle of `verify`.

use super::{Index, IndexError, Replay, Snapshot, Visit};
use crate::id::BodyId;
use crate::log::frame::Op;
use crate::log::{Applied, Location, Position};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Keys and values in a balanced tree; a snapshot shares it until the next change.
#[derive(Debug, Default)]
pub(crate) struct MemoryIndex(Mutex<Arc<Contents>>);

#[derive(Debug, Default, Clone)]
struct Contents {
    values: BTreeMap<Vec<u8>, Vec<u8>>,
    bodies: BTreeMap<BodyId, Location>,
    position: Option<Position>,
}

impl Contents {
    fn apply(&mut self, applied: &Applied<'_>) {
        for op in &applied.ops {
            match op {
                Op::Put { key, value } => {
                    self.values.insert(key.to_vec(), value.to_vec());
                }
                Op::Delete { key } => {
                    self.values.remove(*key);
                }
            }
        }
        self.bodies.extend(applied.bodies.iter().copied());
        self.position = Some(applied.position);
    }
}

impl Index for MemoryIndex {
    fn position(&self) -> Result<Option<Position>, IndexError> {
        Ok(self.0.lock().unwrap_or_else(PoisonError::into_inner).position)
    }

    fn apply(&self, applied: &Applied<'_>) -> Result<(), IndexError> {
        let mut contents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut contents).apply(applied);
        Ok(())
    }

    fn replay(&self) -> Box<dyn Replay + '_> {
        Box::new(MemoryReplay(self))
    }

    fn flush(&self) -> Result<(), IndexError> {
        Ok(())
    }

    fn close(&self) {}

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        let contents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Arc::clone(&contents) as Arc<dyn Snapshot>)
    }
}

struct MemoryReplay<'a>(&'a MemoryIndex);

impl Replay for MemoryReplay<'_> {
    fn apply(&mut self, applied: &Applied<'_>) -> Result<(), IndexError> {
        self.0.apply(applied)
    }

    fn finish(self: Box<Self>) -> Result<(), IndexError> {
        Ok(())
    }
}

impl Snapshot for Contents {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        Ok(self.values.get(key).cloned())
    }

    fn range(
        &self,
        from: &[u8],
        to: &[u8],
        backwards: bool,
        visit: Visit<'_>,
    ) -> Result<(), IndexError> {
        if from >= to {
            return Ok(());
        }
        let mut range = self.values.range(from.to_vec()..to.to_vec());
        while let Some((key, value)) = if backwards { range.next_back() } else { range.next() } {
            if visit(key, value).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn body(&self, id: BodyId) -> Result<Option<Location>, IndexError> {
        Ok(self.bodies.get(&id).copied())
    }
}
