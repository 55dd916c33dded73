//! One sealed file: its key, its writer, its reader.

use super::BLOCK;
use super::cache::{Cache, FileNumber};
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use aws_lc_rs::hkdf;
use mailstore::disk::DiskFile;
use mailstore::{Random, Secret};
use std::fmt;
use std::io::{self, Write};
use std::ops::Range;
use std::sync::Arc;
use tantivy::HasLen;
use tantivy::directory::{AntiCallToken, FileHandle, OwnedBytes, TerminatingWrite};
use zeroize::Zeroizing;

const MAGIC: &[u8; 4] = b"PLS\x01";
const NONCE_LEN: usize = 12;
const TAG_LEN: usize = 16;
const WRAPPED_LEN: usize = 32 + TAG_LEN;
/// Octets before the first block.
pub(super) const HEADER_LEN: usize = 4 + NONCE_LEN + WRAPPED_LEN;
/// Octets of a whole block on the disk.
const SEALED_BLOCK: u64 = (BLOCK + TAG_LEN) as u64;

fn damaged(what: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}

/// The key that wraps the files' own keys.
pub(crate) struct Keys {
    wrapping: LessSafeKey,
    random: Arc<dyn Random>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keys(…)")
    }
}

fn aead(key: &[u8; 32]) -> io::Result<LessSafeKey> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| damaged("a key does not fit"))?;
    Ok(LessSafeKey::new(key))
}

impl Keys {
    /// Derives the wrapping key from the operator's.
    pub(crate) fn derive(operator: &Secret, random: Arc<dyn Random>) -> io::Result<Self> {
        let mut key = Zeroizing::new([0; 32]);
        hkdf::Salt::new(hkdf::HKDF_SHA256, b"pli")
            .extract(operator.expose())
            .expand(&[b"search files 1"], hkdf::HKDF_SHA256)
            .and_then(|okm| okm.fill(key.as_mut()))
            .map_err(|_| damaged("a key does not derive"))?;
        Ok(Self { wrapping: aead(&key)?, random })
    }

    /// A new file's key, and the header that carries it.
    fn create(&self, name: &[u8]) -> io::Result<(LessSafeKey, Vec<u8>)> {
        let (mut key, mut nonce) = (Zeroizing::new([0; 32]), [0; NONCE_LEN]);
        self.random.fill(key.as_mut()).map_err(io::Error::other)?;
        self.random.fill(&mut nonce).map_err(io::Error::other)?;
        let mut wrapped = Zeroizing::new(key.to_vec());
        let tag = self
            .wrapping
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(name),
                &mut wrapped,
            )
            .map_err(|_| damaged("a key does not seal"))?;
        let header = [MAGIC.as_slice(), &nonce, &wrapped, tag.as_ref()].concat();
        Ok((aead(&key)?, header))
    }

    /// The key of a file by its header.
    fn open(&self, name: &[u8], header: &[u8; HEADER_LEN]) -> io::Result<LessSafeKey> {
        let unreadable = || damaged("the header of an index file does not open");
        let rest = header.strip_prefix(MAGIC.as_slice()).ok_or_else(unreadable)?;
        let (nonce, wrapped) = rest.split_first_chunk::<NONCE_LEN>().ok_or_else(unreadable)?;
        let mut wrapped = Zeroizing::new(wrapped.to_vec());
        let key = self
            .wrapping
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(name), &mut wrapped)
            .map_err(|_| unreadable())?;
        aead(key.first_chunk::<32>().ok_or_else(unreadable)?)
    }
}

fn nonce_of(block: u64, last: bool) -> Nonce {
    let mut nonce = [0; NONCE_LEN];
    let [mark, _, _, _, number @ ..] = &mut nonce;
    *mark = u8::from(last);
    *number = block.to_be_bytes();
    Nonce::assume_unique_for_key(nonce)
}

/// Octets of content of a file of this length.
fn content_len(len: u64) -> io::Result<u64> {
    let sealed = len.checked_sub(HEADER_LEN as u64).filter(|sealed| *sealed >= TAG_LEN as u64);
    let sealed = sealed.ok_or_else(|| damaged("an index file is cut off"))?;
    sealed
        .checked_sub(sealed.div_ceil(SEALED_BLOCK) * TAG_LEN as u64)
        .ok_or_else(|| damaged("an index file is cut off"))
}

/// Writes one file, front to back. It is on the disk when it is terminated.
pub(super) struct Writer {
    file: Box<dyn DiskFile>,
    key: LessSafeKey,
    /// Content that waits for its block to be full.
    content: Vec<u8>,
    block: u64,
    offset: u64,
}

impl Writer {
    /// Begins an empty file of this name.
    pub(super) fn new(file: Box<dyn DiskFile>, keys: &Keys, name: &[u8]) -> io::Result<Self> {
        let (key, header) = keys.create(name)?;
        file.write_at(0, &header)?;
        let (content, offset) = (Vec::with_capacity(BLOCK + TAG_LEN), header.len() as u64);
        Ok(Self { file, key, content, block: 0, offset })
    }

    fn write_block(&mut self, last: bool) -> io::Result<()> {
        self.key
            .seal_in_place_append_tag(nonce_of(self.block, last), Aad::empty(), &mut self.content)
            .map_err(|_| damaged("a block does not seal"))?;
        self.file.write_at(self.offset, &self.content)?;
        self.offset += self.content.len() as u64;
        self.block += 1;
        self.content.clear();
        Ok(())
    }

    /// Writes the last block, and has everything on the disk.
    pub(super) fn finish(&mut self) -> io::Result<()> {
        self.write_block(true)?;
        self.file.sync()
    }
}

impl Write for Writer {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        // A full block is written when more comes: only the end knows which one is the last.
        if self.content.len() == BLOCK {
            self.write_block(false)?;
        }
        let room = BLOCK - self.content.len();
        let taken = octets.get(..room).unwrap_or(octets);
        self.content.extend_from_slice(taken);
        Ok(taken.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl TerminatingWrite for Writer {
    fn terminate_ref(&mut self, _: AntiCallToken) -> io::Result<()> {
        self.finish()
    }
}

/// A file open for reading.
pub(super) struct Reader {
    file: Box<dyn DiskFile>,
    key: LessSafeKey,
    number: FileNumber,
    cache: Arc<Cache>,
    len: u64,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reader({} octets, …)", self.len)
    }
}

impl Reader {
    /// Opens a file of this name.
    pub(super) fn new(
        file: Box<dyn DiskFile>,
        keys: &Keys,
        name: &[u8],
        number: FileNumber,
        cache: Arc<Cache>,
    ) -> io::Result<Self> {
        let mut header = [0; HEADER_LEN];
        file.read_at(0, &mut header)?;
        let (key, len) = (keys.open(name, &header)?, content_len(file.len()?)?);
        Ok(Self { file, key, number, cache, len })
    }

    /// The last block's number. An empty file has one block, and so has a full one.
    fn last(&self) -> u64 {
        self.len.saturating_sub(1) / BLOCK as u64
    }

    fn block(&self, block: u64) -> io::Result<Arc<[u8]>> {
        if let Some(content) = self.cache.get(self.number, block) {
            return Ok(content);
        }
        let last = block == self.last();
        let count = if last { self.len - block * BLOCK as u64 } else { BLOCK as u64 };
        let mut sealed = vec![0; usize::try_from(count).unwrap_or(BLOCK) + TAG_LEN];
        self.file.read_at(HEADER_LEN as u64 + block * SEALED_BLOCK, &mut sealed)?;
        let content = self
            .key
            .open_in_place(nonce_of(block, last), Aad::empty(), &mut sealed)
            .map_err(|_| damaged("a block of an index file does not open"))?;
        let content: Arc<[u8]> = Arc::from(&*content);
        self.cache.put(self.number, block, Arc::clone(&content));
        Ok(content)
    }

    /// All of the content.
    pub(super) fn read_all(&self) -> io::Result<Vec<u8>> {
        // Of an empty file too, the tag is checked.
        self.block(self.last())?;
        let len = usize::try_from(self.len).map_err(io::Error::other)?;
        Ok(self.read_bytes(0..len)?.to_vec())
    }
}

impl HasLen for Reader {
    fn len(&self) -> usize {
        usize::try_from(self.len).unwrap_or(usize::MAX)
    }
}

impl FileHandle for Reader {
    fn read_bytes(&self, range: Range<usize>) -> io::Result<OwnedBytes> {
        if range.end > HasLen::len(self) || range.start > range.end {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        if range.is_empty() {
            return Ok(OwnedBytes::empty());
        }
        let (first, last) = (range.start / BLOCK, (range.end - 1) / BLOCK);
        let begin = range.start - first * BLOCK;
        if first == last {
            let content = self.block(first as u64)?;
            let end = range.end - first * BLOCK;
            return Ok(OwnedBytes::new(content).slice(begin..end));
        }
        let mut out = Vec::with_capacity((last - first + 1) * BLOCK);
        for block in first..=last {
            out.extend_from_slice(&self.block(block as u64)?);
        }
        Ok(OwnedBytes::new(out).slice(begin..range.end - first * BLOCK))
    }
}
