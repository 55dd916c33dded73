//! The index: opened, made again, written, committed, merged.
//!
//! Invariants: merges are ordered here and nowhere else; what was deleted is in no file after
//! [`Writing::purge`]; [`Reading`] is published after its commit is on the disk. The writer's memory
//! and the cache of blocks are of fixed size.
//! Failure: an index that does not open, is of another format or another store, or is behind what the
//! store knows ([`Stamp`]) is removed, and an empty one takes its place.

use crate::position::{Generation, Position, Stamp, Walk};
use crate::schema::Fields;
use crate::sealed::SealedDirectory;
use crate::separated::{SEPARATED, Separated};
use mailstore::{NoRandomness, Random, StoreError};
use std::io;
use std::path::Path;
use tantivy::directory::Directory;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, MergePolicy, NoMergePolicy};
use tantivy::schema::Schema;
use tantivy::{IndexReader, IndexSettings, IndexWriter, ReloadPolicy, Searcher, TantivyError};

/// Octets that gather in memory before they become a segment.
pub const WRITER_HEAP: usize = 24 * 1024 * 1024;
/// Segments of a size that are merged into one.
const SEGMENTS: usize = 6;
/// Documents below which sizes do not differ.
const SMALL: u32 = 2_000;

/// Why the index does not work.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// Its folder.
    #[error("the folder of the search index")]
    Disk(#[from] io::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The index.
    #[error("the search index")]
    Index(#[from] TantivyError),
    /// A defect in the index's code, stopped.
    #[error("the search index has broken off")]
    BrokenOff,
}

impl From<NoRandomness> for SearchError {
    fn from(error: NoRandomness) -> Self {
        Self::Store(error.into())
    }
}

/// What questions are asked of: the index at one commit.
pub(crate) struct Reading {
    pub(crate) searcher: Searcher,
    pub(crate) walk: Walk,
}

/// The index, being written.
pub(crate) struct Writing {
    pub(crate) writer: IndexWriter,
    reader: IndexReader,
    pub(crate) position: Position,
    /// The last commit.
    pub(crate) commit: u64,
}

/// Opens the index that the store knows, else makes an empty one.
pub(crate) fn open(
    directory: &SealedDirectory,
    stamp: Option<Stamp>,
    random: &dyn Random,
) -> Result<Writing, SearchError> {
    let (schema, _) = Fields::schema();
    match existing(directory, &schema, stamp) {
        Ok(writing) => Ok(writing),
        Err(why) => {
            if directory.exists(Path::new(META)).unwrap_or(true) {
                tracing::warn!(why, "the search index is made again");
            }
            make(directory, schema, random)
        }
    }
}

/// tantivy's own name for what an index consists of.
const META: &str = "meta.json";

fn existing(
    directory: &SealedDirectory,
    schema: &Schema,
    stamp: Option<Stamp>,
) -> Result<Writing, &'static str> {
    let index = tantivy::Index::open(directory.clone()).map_err(|_| "it does not open")?;
    if index.schema() != *schema {
        return Err("it has other fields");
    }
    let metas = index.load_metas().map_err(|_| "it does not open")?;
    let position =
        metas.payload.as_deref().and_then(Position::decode).ok_or("of another format")?;
    match stamp {
        Some(stamp) if stamp.fits(&position.generation, metas.opstamp) => {}
        Some(_) => return Err("it is older than the store, or another's"),
        None if position.walk == Walk::Begun => {}
        None => return Err("the store knows of none"),
    }
    Writing::begin(&index, position, metas.opstamp).map_err(|_| "it does not open")
}

/// Makes an empty index in place of whatever is there.
pub(crate) fn make(
    directory: &SealedDirectory,
    schema: Schema,
    random: &dyn Random,
) -> Result<Writing, SearchError> {
    directory.clear()?;
    let settings =
        IndexSettings { docstore_compress_dedicated_thread: false, ..IndexSettings::default() };
    let index = tantivy::Index::create(directory.clone(), schema, settings)?;
    let mut generation = Generation::default();
    random.fill(&mut generation)?;
    let position = Position { generation, walk: Walk::Begun };
    let mut writing = Writing::begin(&index, position, 0)?;
    writing.commit(Walk::Begun)?;
    Ok(writing)
}

impl Writing {
    fn begin(
        index: &tantivy::Index,
        position: Position,
        commit: u64,
    ) -> Result<Self, TantivyError> {
        let options = IndexWriterOptions::builder()
            .num_worker_threads(1)
            .memory_budget_per_thread(WRITER_HEAP)
            .num_merge_threads(1)
            .build();
        index.tokenizers().register(SEPARATED, Separated::default());
        let writer: IndexWriter = index.writer_with_options(options)?;
        writer.set_merge_policy(Box::new(NoMergePolicy));
        let reader = index.reader_builder().reload_policy(ReloadPolicy::Manual).try_into()?;
        Ok(Self { writer, reader, position, commit })
    }

    /// Puts what was written on the disk, with how far the walk has come.
    pub(crate) fn commit(&mut self, walk: Walk) -> Result<(), TantivyError> {
        self.position.walk = walk;
        let mut prepared = self.writer.prepare_commit()?;
        prepared.set_payload(&self.position.encode());
        self.commit = prepared.commit()?;
        self.reader.reload()
    }

    /// The index at its last commit.
    pub(crate) fn reading(&self) -> Reading {
        Reading { searcher: self.reader.searcher(), walk: self.position.walk }
    }

    /// Merges segments of a size, so that a question has few to ask.
    pub(crate) fn merge(&mut self) -> Result<(), TantivyError> {
        let mut policy = LogMergePolicy::default();
        policy.set_min_num_segments(SEGMENTS);
        policy.set_min_layer_size(SMALL);
        let metas = self.writer.index().searchable_segment_metas()?;
        let candidates = policy.compute_merge_candidates(&metas);
        drop(metas);
        for candidate in candidates {
            self.writer.merge(&candidate.0).wait()?;
        }
        self.settle()
    }

    /// Writes each segment again that holds something deleted, without it, and removes the old
    /// files: what was deleted is in none any more.
    pub(crate) fn purge(&mut self) -> Result<(), TantivyError> {
        let metas = self.writer.index().searchable_segment_metas()?;
        let with_deleted = metas.iter().filter(|meta| meta.has_deletes());
        let with_deleted: Vec<_> = with_deleted.map(|meta| meta.id()).collect();
        // What names a segment keeps its files.
        drop(metas);
        for id in with_deleted {
            self.writer.merge(&[id]).wait()?;
        }
        self.settle()
    }

    /// Lets go of the segments that others have replaced, and has their files removed.
    fn settle(&mut self) -> Result<(), TantivyError> {
        self.reader.reload()?;
        self.writer.garbage_collect_files().wait()?;
        Ok(())
    }
}
