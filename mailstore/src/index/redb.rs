//! The index in redb.
//!
//! Commits do not wait for the disk; [`RedbIndex::flush`] makes everything before it durable, with
//! quick repair, so that a restart does not walk the file. redb's pages go through [`Disk`], so a
//! simulated power cut tears them as well. Its cache is bounded explicitly.

use super::{Index, IndexError, Replay, Snapshot, SortedPair, Visit};
use crate::disk::{Disk, DiskFile, Open};
use crate::id::{BodyId, StoreId};
use crate::log::frame::Op;
use crate::log::{Applied, Location, Position};
use crate::sorted::{self, Table};
use redb::backends::InMemoryBackend;
use redb::{
    Database, Durability, ReadOnlyTable, ReadableDatabase, ReadableTable, StorageBackend,
    TableDefinition, WriteTransaction,
};
use std::fmt::Debug;
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

type Bytes = &'static [u8];
type Values<'tx> = redb::Table<'tx, Bytes, Bytes>;
const VALUES: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("values");
const BODIES: TableDefinition<'_, Bytes, Bytes> = TableDefinition::new("bodies");
const META: TableDefinition<'_, &'static str, Bytes> = TableDefinition::new("meta");
const POSITION: &str = "position";
const STORE: &str = "store";
/// Page cache of one operator's index.
const CACHE: usize = 64 * 1024 * 1024;
/// A frame of fewer operations is written key by key.
const RUNS_FROM: usize = 1024;
/// Neighbouring new keys that are worth a cursor.
const RUN: usize = 16;
/// Frames applied in one transaction of a replay.
const REPLAY_BATCH: usize = 1024;

fn failed(error: impl Into<redb::Error>) -> IndexError {
    IndexError::Database(Box::new(error.into()))
}

/// redb over a file of our disk.
#[derive(Debug)]
struct Backend {
    file: Box<dyn DiskFile>,
    closed: Arc<AtomicBool>,
}

impl Backend {
    /// The file, unless another database has taken it over.
    fn file(&self) -> io::Result<&dyn DiskFile> {
        if self.closed.load(Ordering::Acquire) {
            return Err(io::Error::other("this index was closed"));
        }
        Ok(&*self.file)
    }
}

impl StorageBackend for Backend {
    fn len(&self) -> io::Result<u64> {
        self.file()?.len()
    }
    fn read(&self, offset: u64, out: &mut [u8]) -> io::Result<()> {
        self.file()?.read_at(offset, out)
    }
    fn set_len(&self, len: u64) -> io::Result<()> {
        self.file()?.set_len(len)
    }
    fn sync_data(&self) -> io::Result<()> {
        self.file()?.sync()
    }
    fn write(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.file()?.write_at(offset, data)
    }
}

/// The index as a redb database.
pub(crate) struct RedbIndex {
    database: Database,
    closed: Arc<AtomicBool>,
}

impl Debug for RedbIndex {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedbIndex")
    }
}

impl RedbIndex {
    /// Opens the index file of a store, made empty if it is absent. Another store's is foreign.
    pub(crate) fn open(disk: &dyn Disk, path: &Path, store: StoreId) -> Result<Self, IndexError> {
        let file = disk.open(path, Open::Create).map_err(|e| IndexError::Database(e.into()))?;
        let closed = Arc::default();
        let database = Database::builder()
            .set_cache_size(CACHE)
            .create_with_backend(Backend { file, closed: Arc::clone(&closed) })
            .map_err(failed)?;
        let index = Self { database, closed };
        let tx = index.database.begin_write().map_err(failed)?;
        tx.open_table(VALUES).map_err(failed)?;
        tx.open_table(BODIES).map_err(failed)?;
        let mut meta = tx.open_table(META).map_err(failed)?;
        let known = meta.get(STORE).map_err(failed)?.map(|id| id.value() == store.as_bytes());
        match known {
            Some(true) => {}
            Some(false) => return Err(IndexError::Foreign),
            None => {
                meta.insert(STORE, store.as_bytes().as_slice()).map_err(failed)?;
            }
        }
        drop(meta);
        tx.commit().map_err(failed)?;
        Ok(index)
    }

    /// Opens a copy of the index file of a store; the file stays as it is.
    pub(crate) fn open_unchanged(
        disk: &dyn Disk,
        path: &Path,
        store: StoreId,
    ) -> Result<Self, IndexError> {
        let io = |error: io::Error| IndexError::Database(error.into());
        let file = disk.open(path, Open::Read).map_err(io)?;
        let len = usize::try_from(file.len().map_err(io)?).map_err(|_| IndexError::Foreign)?;
        let mut octets = vec![0; len];
        file.read_at(0, &mut octets).map_err(io)?;
        let copy = InMemoryBackend::new();
        copy.set_len(len as u64).map_err(io)?;
        copy.write(0, &octets).map_err(io)?;
        let builder = Database::builder();
        let database = builder.create_with_backend(copy).map_err(failed)?;
        let index = Self { database, closed: Arc::default() };
        let tx = index.database.begin_read().map_err(failed)?;
        let meta = tx.open_table(META).map_err(failed)?;
        let own = meta.get(STORE).map_err(failed)?;
        if own.is_none_or(|id| id.value() != store.as_bytes()) {
            return Err(IndexError::Foreign);
        }
        Ok(index)
    }

    fn write(&self) -> Result<WriteTransaction, IndexError> {
        let mut tx = self.database.begin_write().map_err(failed)?;
        tx.set_durability(Durability::None).map_err(failed)?;
        Ok(tx)
    }
}

/// Writes what a frame puts and deletes. A long frame has runs of neighbouring keys that are all
/// new (accounts made in bulk, a snapshot): a cursor lays those down as full pages, many times
/// faster than key by key.
fn write_ops(values: &mut Values<'_>, ops: &[Op<'_>]) -> Result<(), IndexError> {
    let seek_runs = ops.len() >= RUNS_FROM;
    let mut rest = ops;
    while !rest.is_empty() {
        let run = if seek_runs { run_of_new(values, rest)? } else { 0 };
        let (now, later) = rest.split_at(run.max(RUN).min(rest.len()));
        if run >= RUN {
            write_run(values, now)?;
        } else {
            now.iter().try_for_each(|op| write_op(values, op))?;
        }
        rest = later;
    }
    Ok(())
}

fn write_op(values: &mut Values<'_>, op: &Op<'_>) -> Result<(), IndexError> {
    match op {
        Op::Put { key, value } => values.insert(key, value).map(drop).map_err(failed),
        Op::Delete { key } => values.remove(key).map(drop).map_err(failed),
    }
}

/// How many of the next operations put ascending keys between two that are there.
fn run_of_new(values: &Values<'_>, ops: &[Op<'_>]) -> Result<usize, IndexError> {
    let Some(Op::Put { key: first, .. }) = ops.first() else { return Ok(0) };
    let mut later = values.range::<&[u8]>(first..).map_err(failed)?;
    let next = later.next().transpose().map_err(failed)?;
    let mut before: Option<&[u8]> = None;
    let mut count = 0;
    for op in ops {
        let Op::Put { key, .. } = op else { break };
        let ascends = before.replace(key).is_none_or(|before| before < *key);
        if !ascends || next.as_ref().is_some_and(|(next, _)| *key >= next.value()) {
            break;
        }
        count += 1;
    }
    Ok(count)
}

fn write_run(values: &mut Values<'_>, run: &[Op<'_>]) -> Result<(), IndexError> {
    let Some(Op::Put { key: first, .. }) = run.first() else { return Ok(()) };
    let mut cursor = values.lower_bound_mut(Bound::Included(*first)).map_err(failed)?;
    for op in run {
        if let Op::Put { key, value } = op {
            cursor.insert_before(*key, *value).map_err(failed)?;
        }
    }
    cursor.close().map_err(failed)
}

fn write_frame(tx: &WriteTransaction, applied: &Applied<'_>) -> Result<(), IndexError> {
    let mut values = tx.open_table(VALUES).map_err(failed)?;
    write_ops(&mut values, &applied.ops)?;
    drop(values);
    if !applied.bodies.is_empty() {
        let mut bodies = tx.open_table(BODIES).map_err(failed)?;
        for (id, location) in &applied.bodies {
            let id = id.as_bytes().as_slice();
            match location {
                Some(location) => {
                    let value = postcard::to_stdvec(location).map_err(|_| IndexError::Foreign)?;
                    bodies.insert(id, value.as_slice()).map_err(failed)?;
                }
                None => {
                    bodies.remove(id).map_err(failed)?;
                }
            }
        }
    }
    write_position(tx, applied.position)
}

fn write_position(tx: &WriteTransaction, position: Position) -> Result<(), IndexError> {
    let position = postcard::to_stdvec(&position).map_err(|_| IndexError::Foreign)?;
    let mut meta = tx.open_table(META).map_err(failed)?;
    meta.insert(POSITION, position.as_slice()).map_err(failed)?;
    Ok(())
}

/// Puts pairs behind all that are there.
fn append(mut table: Values<'_>, pairs: &[(&[u8], &[u8])]) -> Result<(), IndexError> {
    let mut cursor = table.upper_bound_mut(Bound::<&[u8]>::Unbounded).map_err(failed)?;
    for (key, value) in pairs {
        cursor.insert_before(*key, *value).map_err(failed)?;
    }
    cursor.close().map_err(failed)
}

impl Index for RedbIndex {
    fn position(&self) -> Result<Option<Position>, IndexError> {
        let tx = self.database.begin_read().map_err(failed)?;
        let meta = tx.open_table(META).map_err(failed)?;
        let Some(value) = meta.get(POSITION).map_err(failed)? else { return Ok(None) };
        postcard::from_bytes(value.value()).map(Some).map_err(|_| IndexError::Foreign)
    }

    fn apply(&self, applied: &Applied<'_>) -> Result<(), IndexError> {
        let tx = self.write()?;
        write_frame(&tx, applied)?;
        tx.commit().map_err(failed)
    }

    fn replay(&self) -> Box<dyn Replay + '_> {
        Box::new(RedbReplay { index: self, open: None })
    }

    fn load(&self, pairs: &[SortedPair]) -> Result<(), IndexError> {
        let tx = self.write()?;
        for (table, definition) in [(Table::Values, VALUES), (Table::Bodies, BODIES)] {
            let own: Vec<_> = pairs
                .iter()
                .filter_map(|(key, value)| Some((sorted::Table::of(key)?, value.as_slice())))
                .filter_map(|((of, key), value)| (of == table).then_some((key, value)))
                .collect();
            if !own.is_empty() {
                append(tx.open_table(definition).map_err(failed)?, &own)?;
            }
        }
        tx.commit().map_err(failed)
    }

    fn stand_for(&self, position: Position) -> Result<(), IndexError> {
        let tx = self.write()?;
        write_position(&tx, position)?;
        tx.commit().map_err(failed)
    }

    fn flush(&self) -> Result<(), IndexError> {
        let mut tx = self.database.begin_write().map_err(failed)?;
        tx.set_quick_repair(true);
        tx.commit().map_err(failed)
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
    }

    fn snapshot(&self) -> Result<Arc<dyn Snapshot>, IndexError> {
        let tx = self.database.begin_read().map_err(failed)?;
        Ok(Arc::new(RedbSnapshot {
            values: tx.open_table(VALUES).map_err(failed)?,
            bodies: tx.open_table(BODIES).map_err(failed)?,
        }))
    }
}

struct RedbReplay<'a> {
    index: &'a RedbIndex,
    open: Option<(WriteTransaction, usize)>,
}

impl Replay for RedbReplay<'_> {
    fn apply(&mut self, applied: &Applied<'_>) -> Result<(), IndexError> {
        let (tx, frames) = match self.open.take() {
            Some(open) => open,
            None => (self.index.write()?, 0),
        };
        write_frame(&tx, applied)?;
        if frames + 1 == REPLAY_BATCH {
            tx.commit().map_err(failed)?;
        } else {
            self.open = Some((tx, frames + 1));
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Result<(), IndexError> {
        self.open.map_or(Ok(()), |(tx, _)| tx.commit().map_err(failed))
    }
}

struct RedbSnapshot {
    values: ReadOnlyTable<Bytes, Bytes>,
    bodies: ReadOnlyTable<Bytes, Bytes>,
}

impl Debug for RedbSnapshot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("RedbSnapshot")
    }
}

impl Snapshot for RedbSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, IndexError> {
        let value = ReadableTable::get(&self.values, key).map_err(failed)?;
        Ok(value.map(|value| value.value().to_vec()))
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
        let mut range = ReadableTable::range::<&[u8]>(&self.values, from..to).map_err(failed)?;
        while let Some(pair) = if backwards { range.next_back() } else { range.next() } {
            let (key, value) = pair.map_err(failed)?;
            if visit(key.value(), value.value()).is_break() {
                break;
            }
        }
        Ok(())
    }

    fn body(&self, id: BodyId) -> Result<Option<Location>, IndexError> {
        let value = ReadableTable::get(&self.bodies, id.as_bytes().as_slice()).map_err(failed)?;
        let Some(value) = value else { return Ok(None) };
        postcard::from_bytes(value.value()).map(Some).map_err(|_| IndexError::Foreign)
    }
}
