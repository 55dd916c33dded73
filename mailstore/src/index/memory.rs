//! An index in memory: for the memory engine, and as the oracle of `verify`.

use super::{Index, IndexError, Replay, Snapshot, SortedPair, Visit};
use crate::id::BodyId;
use crate::log::frame::Op;
use crate::log::{Applied, Location, Position};
use crate::sorted::{SortedError, Table};
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
        for (id, location) in &applied.bodies {
            match location {
                Some(location) => self.bodies.insert(*id, *location),
                None => self.bodies.remove(id),
            };
        }
        self.position = Some(applied.position);
    }
}

/// Visits a pair as it stands in a sorted file.
type VisitSorted<'a, E> = &'a mut dyn FnMut(&[u8], &[u8]) -> Result<(), E>;

impl MemoryIndex {
    /// Visits all pairs in the order of a sorted file.
    pub(crate) fn visit_sorted<E: From<SortedError>>(
        &self,
        visit: VisitSorted<'_, E>,
    ) -> Result<(), E> {
        let contents = Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (key, value) in &contents.values {
            visit(&Table::Values.key(key), value)?;
        }
        for (id, location) in &contents.bodies {
            let value = postcard::to_stdvec(location).map_err(|_| SortedError::Order)?;
            visit(&Table::Bodies.key(id.as_bytes()), &value)?;
        }
        Ok(())
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

    fn load(&self, pairs: &[SortedPair]) -> Result<(), IndexError> {
        let mut contents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let contents = Arc::make_mut(&mut contents);
        for (key, value) in pairs {
            match Table::of(key).ok_or(IndexError::Foreign)? {
                (Table::Values, key) => {
                    contents.values.insert(key.to_vec(), value.clone());
                }
                (Table::Bodies, id) => {
                    let id = BodyId::from_bytes(id.try_into().map_err(|_| IndexError::Foreign)?);
                    let location = postcard::from_bytes(value).map_err(|_| IndexError::Foreign)?;
                    contents.bodies.insert(id, location);
                }
            }
        }
        Ok(())
    }

    fn stand_for(&self, position: Position) -> Result<(), IndexError> {
        let mut contents = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::make_mut(&mut contents).position = Some(position);
        Ok(())
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
