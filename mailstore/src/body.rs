//! Bodies: the octets of messages and documents, sealed in 64 KiB chunks under a key of their own.
//!
//! The key is kept, sealed, in each account that names the body. Chunk *n* is AES-256-GCM with a
//! nonce made of *n* and of whether it is the last, and with the body's id as associated data: a
//! chunk moved, left out or cut off does not open, and a partial fetch opens only the chunks it
//! needs.
//!
//! A [`BodyWriter`] seals while octets stream in. Up to [`INLINE_MAX`] they wait in memory and go
//! into the frame that names them; beyond it, or when the operator's body memory is used up, into
//! a file of their own, on stable storage when [`BodyWriter::finish`] returns. A body that no
//! frame ever named is removed: at once, or when the store is next opened.

use crate::disk::{Disk, DiskFile, Open, Room};
use crate::id::BodyId;
use crate::log::Location;
use crate::random::{NoRandomness, Random};
use crate::seal::{Secret, Unsealable};
use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Octets of a body in one chunk.
pub const CHUNK: usize = 64 * 1024;
/// A longer body is a file of its own.
pub const INLINE_MAX: u64 = 256 * 1024;
/// Octets of sealed bodies that one operator holds in memory.
const MEMORY: usize = 64 * 1024 * 1024;
const TAG: usize = 16;
const FOLDER: &str = "bodies";
/// Segment files kept open for reading.
const OPEN_FILES: usize = 64;

/// Why a body could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BodyError {
    /// The disk failed.
    #[error("a body could not be written or read")]
    Disk(#[from] io::Error),
    /// No randomness for its key.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// A chunk does not open: this body is damaged.
    #[error("a body is damaged")]
    Damaged,
}

impl From<Unsealable> for BodyError {
    fn from(_: Unsealable) -> Self {
        Self::Damaged
    }
}

/// Octets of a sealed body.
#[must_use]
pub fn sealed_len(len: u64) -> u64 {
    len + len.div_ceil(CHUNK as u64).max(1) * TAG as u64
}

/// Where an operator's bodies lie.
#[derive(Debug)]
pub(crate) struct Bodies {
    disk: Arc<dyn Disk>,
    dir: PathBuf,
    random: Arc<dyn Random>,
    memory: Arc<AtomicUsize>,
    room: Room,
    segments: Mutex<HashMap<u64, Arc<dyn DiskFile>>>,
}

impl Bodies {
    pub(crate) fn new(disk: Arc<dyn Disk>, dir: &Path, random: Arc<dyn Random>) -> Self {
        Self {
            room: Room::new(Arc::clone(&disk), dir),
            disk,
            dir: dir.to_path_buf(),
            random,
            memory: Arc::default(),
            segments: Mutex::default(),
        }
    }

    /// Makes the folder of body files.
    pub(crate) fn create(disk: &dyn Disk, dir: &Path) -> io::Result<()> {
        disk.create_dir(&dir.join(FOLDER))
    }

    fn path(&self, id: BodyId) -> PathBuf {
        self.dir.join(FOLDER).join(id.to_string())
    }

    /// Removes body files that `named` does not know.
    pub(crate) fn sweep(&self, named: &dyn Fn(BodyId) -> bool) -> io::Result<()> {
        for path in self.disk.list(&self.dir.join(FOLDER))? {
            let id = path.file_name().and_then(|name| name.to_str()?.parse().ok());
            if !id.is_some_and(named) {
                self.disk.remove(&path)?;
            }
        }
        Ok(())
    }

    /// Refuses what would take from the room kept in reserve.
    fn check_room(&self, octets: usize) -> io::Result<()> {
        let has = self.room.has(octets as u64);
        has.then_some(()).ok_or_else(|| io::ErrorKind::StorageFull.into())
    }

    /// Opens a body for reading.
    pub(crate) fn reader(
        &self,
        id: BodyId,
        secret: &Secret,
        len: u64,
        location: Location,
    ) -> Result<BodyReader, BodyError> {
        let (file, base) = match location {
            Location::File { .. } => (self.open_file(id)?.into(), 0),
            Location::Segment { number, offset, .. } => (self.segment(number)?, offset),
        };
        Ok(BodyReader { id, key: secret.aead(b"body 1")?, len, file, base })
    }

    /// A body's file; one that is not there is damage, not a passing fault.
    fn open_file(&self, id: BodyId) -> Result<Box<dyn DiskFile>, BodyError> {
        self.disk.open(&self.path(id), Open::Read).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => BodyError::Damaged,
            _ => BodyError::Disk(error),
        })
    }

    fn segment(&self, number: u64) -> io::Result<Arc<dyn DiskFile>> {
        let mut open = self.segments.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(file) = open.get(&number) {
            return Ok(Arc::clone(file));
        }
        if open.len() >= OPEN_FILES {
            open.clear();
        }
        let path = crate::log::segment_path(&self.dir, number);
        let file: Arc<dyn DiskFile> = self.disk.open(&path, Open::Read)?.into();
        open.insert(number, Arc::clone(&file));
        Ok(file)
    }
}

/// Takes in the octets of one body.
pub struct BodyWriter {
    bodies: Arc<Bodies>,
    id: BodyId,
    secret: Secret,
    key: Chunks,
    pending: Vec<u8>,
    sealed: Sealed,
    len: u64,
    written: u64,
    failed: bool,
}

impl fmt::Debug for BodyWriter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyWriter({}, {} octets so far)", self.id, self.len)
    }
}

#[derive(Debug)]
enum Sealed {
    Memory(Vec<u8>, Reserved),
    File(Box<dyn DiskFile>, Arc<BodyFile>),
}

/// A body's file, removed with the last reference to it unless a frame that names it is on the
/// disk, or may be.
#[derive(Debug)]
pub(crate) struct BodyFile {
    disk: Arc<dyn Disk>,
    path: PathBuf,
    kept: AtomicBool,
}

impl BodyFile {
    /// The file stays, whatever becomes of the reference.
    pub(crate) fn keep(&self) {
        self.kept.store(true, Ordering::Release);
    }
}

impl Drop for BodyFile {
    fn drop(&mut self) {
        if !*self.kept.get_mut() {
            // What stays behind is swept at the next opening.
            let _ = self.disk.remove(&self.path);
        }
    }
}

/// Memory taken from the operator's allowance, given back when dropped.
#[derive(Debug)]
struct Reserved(Arc<AtomicUsize>, usize);

impl Reserved {
    fn grow(&mut self, octets: usize) -> bool {
        let before = self.0.fetch_add(octets, Ordering::Relaxed);
        if before + octets > MEMORY {
            self.0.fetch_sub(octets, Ordering::Relaxed);
            return false;
        }
        self.1 += octets;
        true
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.0.fetch_sub(self.1, Ordering::Relaxed);
    }
}

struct Chunks(LessSafeKey, BodyId);

fn nonce(chunk: u64, last: bool) -> Nonce {
    let mut bytes = [0; 12];
    let (flag, number) = bytes.split_at_mut(4);
    flag.fill(u8::from(last));
    number.copy_from_slice(&chunk.to_be_bytes());
    Nonce::assume_unique_for_key(bytes)
}

impl BodyWriter {
    pub(crate) fn new(bodies: &Arc<Bodies>) -> Result<Self, BodyError> {
        let id = BodyId::random(&*bodies.random)?;
        let secret = Secret::random(&*bodies.random)?;
        Ok(Self {
            bodies: Arc::clone(bodies),
            id,
            key: Chunks(secret.aead(b"body 1")?, id),
            secret,
            pending: Vec::new(),
            sealed: Sealed::Memory(Vec::new(), Reserved(Arc::clone(&bodies.memory), 0)),
            len: 0,
            written: 0,
            failed: false,
        })
    }

    /// Octets taken in so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was taken in.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes in the next octets. May write to the disk. After an error nothing more is taken.
    pub fn write(&mut self, octets: &[u8]) -> Result<(), BodyError> {
        self.sound()?;
        let written = self.take(octets);
        self.failed |= written.is_err();
        written
    }

    fn sound(&self) -> Result<(), BodyError> {
        if self.failed {
            Err(BodyError::Disk(io::Error::other("it failed before")))
        } else {
            Ok(())
        }
    }

    fn take(&mut self, mut octets: &[u8]) -> Result<(), BodyError> {
        self.len += octets.len() as u64;
        while !octets.is_empty() {
            if self.pending.len() == CHUNK {
                self.seal_pending(false)?;
            }
            let room = CHUNK - self.pending.len();
            let (now, later) = octets.split_at_checked(room).unwrap_or((octets, &[]));
            self.pending.extend_from_slice(now);
            octets = later;
        }
        Ok(())
    }

    /// Ends the body. A body of its own file is on stable storage at return.
    pub fn finish(mut self) -> Result<Arc<Body>, BodyError> {
        self.sound()?;
        self.seal_pending(true)?;
        let octets = match self.sealed {
            Sealed::Memory(octets, reserved) => Octets::Memory(octets, reserved),
            Sealed::File(file, guard) => {
                file.sync()?;
                self.bodies.disk.sync_dir(&self.bodies.dir.join(FOLDER))?;
                Octets::File(guard)
            }
        };
        Ok(Arc::new(Body {
            id: self.id,
            secret: self.secret,
            len: self.len,
            octets,
            stored: AtomicBool::new(false),
        }))
    }

    fn seal_pending(&mut self, last: bool) -> Result<(), BodyError> {
        let chunk = self.written / (CHUNK + TAG) as u64;
        let Chunks(key, id) = &self.key;
        key.seal_in_place_append_tag(
            nonce(chunk, last),
            Aad::from(id.as_bytes()),
            &mut self.pending,
        )
        .map_err(|_| BodyError::Damaged)?;
        if let Sealed::Memory(octets, reserved) = &mut self.sealed {
            if self.len <= INLINE_MAX && reserved.grow(self.pending.len()) {
                octets.extend_from_slice(&self.pending);
            } else {
                self.bodies.check_room(octets.len())?;
                let path = self.bodies.path(self.id);
                let file = self.bodies.disk.open(&path, Open::CreateNew)?;
                let disk = Arc::clone(&self.bodies.disk);
                let guard = Arc::new(BodyFile { disk, path, kept: AtomicBool::new(false) });
                file.write_at(0, octets)?;
                self.sealed = Sealed::File(file, guard);
            }
        }
        if let Sealed::File(file, _) = &self.sealed {
            self.bodies.check_room(self.pending.len())?;
            file.write_at(self.written, &self.pending)?;
        }
        self.written += self.pending.len() as u64;
        self.pending.clear();
        Ok(())
    }
}

#[derive(Debug)]
enum Octets {
    /// With the allowance that they take.
    Memory(Vec<u8>, #[expect(dead_code, reason = "held until the body is dropped")] Reserved),
    File(Arc<BodyFile>),
}

/// A finished body, ready to be named by transactions.
pub struct Body {
    id: BodyId,
    secret: Secret,
    len: u64,
    octets: Octets,
    /// A frame that names it is on the disk.
    stored: AtomicBool,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({}, {} octets)", self.id, self.len)
    }
}

impl Body {
    /// Its identity.
    #[must_use]
    pub fn id(&self) -> BodyId {
        self.id
    }

    /// Its length, octets.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether it is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(crate) fn secret(&self) -> &Secret {
        &self.secret
    }

    pub(crate) fn is_stored(&self) -> bool {
        self.stored.load(Ordering::Acquire)
    }

    pub(crate) fn set_stored(&self) {
        self.stored.store(true, Ordering::Release);
        if let Some(file) = self.file() {
            file.keep();
        }
    }

    /// The file that holds it, if one of its own does.
    pub(crate) fn file(&self) -> Option<&Arc<BodyFile>> {
        match &self.octets {
            Octets::Memory(..) => None,
            Octets::File(file) => Some(file),
        }
    }

    /// Octets that it puts into the frame that brings it.
    pub(crate) fn inline_len(&self) -> u64 {
        match &self.octets {
            Octets::Memory(octets, _) => octets.len() as u64,
            Octets::File(_) => 0,
        }
    }

    /// The body as a frame takes it.
    pub(crate) fn as_new(&self) -> crate::log::NewBody<'_> {
        match &self.octets {
            Octets::Memory(octets, _) => crate::log::NewBody::Inline(self.id, octets),
            Octets::File(_) => crate::log::NewBody::File(self.id, sealed_len(self.len)),
        }
    }
}

/// Reads parts of a body.
pub struct BodyReader {
    id: BodyId,
    key: LessSafeKey,
    len: u64,
    file: Arc<dyn DiskFile>,
    base: u64,
}

impl fmt::Debug for BodyReader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "BodyReader({}, {} octets)", self.id, self.len)
    }
}

impl BodyReader {
    /// The body's length, octets.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the body is empty.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The octets from `offset` on, at most `count`; fewer at the end. Reads from the disk.
    pub fn read(&self, offset: u64, count: usize) -> Result<Vec<u8>, BodyError> {
        let end = offset.saturating_add(count as u64).min(self.len);
        let mut out = Vec::with_capacity(usize::try_from(end.saturating_sub(offset)).unwrap_or(0));
        let mut at = offset;
        while at < end {
            let chunk = at / CHUNK as u64;
            let start = chunk * CHUNK as u64;
            let octets = self.chunk(chunk)?;
            let from = usize::try_from(at - start).map_err(|_| BodyError::Damaged)?;
            let to =
                usize::try_from(end - start).map_err(|_| BodyError::Damaged)?.min(octets.len());
            out.extend_from_slice(octets.get(from..to).ok_or(BodyError::Damaged)?);
            at = start + to as u64;
        }
        Ok(out)
    }

    /// The whole body. For bodies whose length the caller has bounded.
    pub fn read_all(&self) -> Result<Vec<u8>, BodyError> {
        self.read(0, usize::try_from(self.len).map_err(|_| BodyError::Damaged)?)
    }

    /// Opens every chunk and keeps none.
    pub fn check(&self) -> Result<(), BodyError> {
        (0..self.len.div_ceil(CHUNK as u64).max(1)).try_for_each(|n| self.chunk(n).map(drop))
    }

    fn chunk(&self, chunk: u64) -> Result<Vec<u8>, BodyError> {
        let start = chunk * CHUNK as u64;
        let plain = (self.len - start).min(CHUNK as u64);
        let last = start + plain == self.len;
        let plain = usize::try_from(plain).map_err(|_| BodyError::Damaged)?;
        let mut octets = vec![0; plain + TAG];
        let at = self.base + chunk * (CHUNK + TAG) as u64;
        self.file.read_at(at, &mut octets).map_err(|error| match error.kind() {
            io::ErrorKind::UnexpectedEof => BodyError::Damaged,
            _ => BodyError::Disk(error),
        })?;
        self.key
            .open_in_place(nonce(chunk, last), Aad::from(self.id.as_bytes()), &mut octets)
            .map_err(|_| BodyError::Damaged)?;
        octets.truncate(plain);
        Ok(octets)
    }
}
