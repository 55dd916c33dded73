//! The keystore: account keys in fixed slots, outside the log, so that erasing one is erasing
//! an account.
//!
//! A file of 128-byte slots written in place, many to a flush: new keys wait in memory until
//! [`Keystore::flush`] writes those that lie together at one stroke. Slot 0 is the header. A slot is
//! `magic (4), key number (2), zeros (2), account (16), nonce (12), wrapped secret (48),
//! checksum (8), zeros`; a free slot is all zeros. A slot never crosses a disk sector, so a power
//! cut leaves it old or new. The secret is wrapped by a key derived from the operator's key, with
//! the account id and the key number as associated data.
//!
//! Order (DESIGN, *Keystore and erasure*): creating, the slot is flushed before the frame that
//! first uses it; erasing, the batch *erasing* is on disk before the slot is overwritten. What a
//! crash leaves between is settled at opening by the engine: slots that no account names are freed.
//!
//! An unreadable slot is damage of that account only.

use crate::disk::{Disk, DiskFile, Open};
use crate::id::{AccountId, StoreId};
use crate::random::{NoRandomness, Random};
use crate::seal::{Secret, Unsealable};
use aws_lc_rs::aead::{Aad, LessSafeKey, Nonce};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use xxhash_rust::xxh3::xxh3_64;
use zeroize::Zeroizing;

const SLOT_LEN: usize = 128;
const HEADER_MAGIC: &[u8; 8] = b"pli-keys";
const FORMAT: u16 = 1;
const SLOT_MAGIC: [u8; 4] = *b"slot";
const SEALED_AT: usize = 36;
const CHECKSUM_AT: usize = 84;
/// The file grows by this many slots at a time (4 KiB).
const GROWTH: u32 = 32;

/// Number of a slot in the keystore.
pub(crate) type SlotNumber = u32;

/// Why the keystore could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeystoreError {
    /// The disk failed.
    #[error("the keystore could not be read or written")]
    Disk(#[from] io::Error),
    /// This file is not a keystore of this store.
    #[error("the keystore is not one of this store")]
    Foreign,
    /// The slot holds no key of this account, or the operator's key is another.
    #[error("slot {0} of the keystore does not open: wrong operator key, or damage")]
    Slot(SlotNumber),
    /// No randomness.
    #[error(transparent)]
    Randomness(#[from] NoRandomness),
    /// A flush failed earlier; what the disk holds is not known until all slots are written again.
    #[error("the disk failed to flush the keystore")]
    Poisoned,
    /// The cipher refused.
    #[error("a key could not be wrapped")]
    Cipher(#[from] Unsealable),
}

/// What lies in a slot, as far as it can be read without the operator's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slot {
    /// All zeros.
    Free,
    /// A key of this account.
    Used(AccountId),
    /// Neither.
    Damaged,
}

/// The open keystore.
#[derive(Debug)]
pub(crate) struct Keystore {
    file: Box<dyn DiskFile>,
    wrap: LessSafeKey,
    slots: SlotNumber,
    /// Slots that the file has; those behind them are free or waiting.
    in_file: SlotNumber,
    free: BTreeSet<SlotNumber>,
    /// New slots that are not written yet.
    waiting: BTreeMap<SlotNumber, [u8; SLOT_LEN]>,
    poisoned: AtomicBool,
}

impl Keystore {
    /// Writes an empty keystore. It is on disk (but for its directory entry) at return.
    pub(crate) fn create(
        disk: &dyn Disk,
        path: &Path,
        store: StoreId,
    ) -> Result<(), KeystoreError> {
        let file = disk.open(path, Open::Create)?;
        let mut header = [0; SLOT_LEN];
        put(&mut header, 0, HEADER_MAGIC);
        put(&mut header, 8, &FORMAT.to_be_bytes());
        put(&mut header, 16, store.as_bytes());
        let checksum = xxh3_64(header.get(..CHECKSUM_AT).unwrap_or_default());
        put(&mut header, CHECKSUM_AT, &checksum.to_be_bytes());
        file.write_at(0, &header)?;
        file.set_len(u64::from(GROWTH) * SLOT_LEN as u64)?;
        file.sync()?;
        Ok(())
    }

    /// Opens the keystore of `store`; `operator` unwraps its keys.
    pub(crate) fn open(
        disk: &dyn Disk,
        path: &Path,
        how: Open,
        store: StoreId,
        operator: &Secret,
    ) -> Result<Self, KeystoreError> {
        let file = disk.open(path, how)?;
        let mut header = [0; SLOT_LEN];
        file.read_at(0, &mut header)?;
        let checksum = xxh3_64(header.get(..CHECKSUM_AT).unwrap_or_default()).to_be_bytes();
        let expected: [(usize, &[u8]); 4] = [
            (0, HEADER_MAGIC),
            (8, &FORMAT.to_be_bytes()),
            (16, store.as_bytes()),
            (CHECKSUM_AT, &checksum),
        ];
        for (at, bytes) in expected {
            if header.get(at..at + bytes.len()) != Some(bytes) {
                return Err(KeystoreError::Foreign);
            }
        }
        let slots = SlotNumber::try_from(file.len()? / SLOT_LEN as u64)
            .map_err(|_| KeystoreError::Foreign)?;
        let mut keystore = Self {
            file,
            wrap: operator.aead(b"keystore 1")?,
            slots,
            in_file: slots,
            free: BTreeSet::new(),
            waiting: BTreeMap::new(),
            poisoned: AtomicBool::new(false),
        };
        let used: Vec<_> = keystore.slots()?;
        keystore.free = used
            .into_iter()
            .filter_map(|(number, slot)| (slot == Slot::Free).then_some(number))
            .collect();
        Ok(keystore)
    }

    /// Whether the file holds another key than the operator's own.
    pub(crate) fn was_used(disk: &dyn Disk, path: &Path) -> io::Result<bool> {
        let file = match disk.open(path, Open::Read) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            file => file?,
        };
        let mut slot = [0; SLOT_LEN];
        for number in 1..file.len()? / SLOT_LEN as u64 {
            file.read_at(number * SLOT_LEN as u64, &mut slot)?;
            if !matches!(read_slot(&slot), Slot::Free | Slot::Used(AccountId::OPERATOR)) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Every slot of the file and what lies in it.
    pub(crate) fn slots(&self) -> Result<Vec<(SlotNumber, Slot)>, KeystoreError> {
        /// Slots read at once.
        const BATCH: u32 = 8192;
        let mut all = Vec::new();
        let mut buffer = Vec::new();
        let mut first = 1;
        while first < self.in_file {
            let count = BATCH.min(self.in_file - first);
            buffer.resize(count as usize * SLOT_LEN, 0);
            self.file.read_at(offset(first), &mut buffer)?;
            for (number, bytes) in (first..).zip(buffer.chunks_exact(SLOT_LEN)) {
                all.push((number, read_slot(bytes)));
            }
            first += count;
        }
        Ok(all)
    }

    /// Gives a new key of `account` a free slot, which [`Keystore::flush`] writes.
    pub(crate) fn write(
        &mut self,
        random: &dyn Random,
        account: AccountId,
        secret: &Secret,
        key_number: u16,
    ) -> Result<SlotNumber, KeystoreError> {
        let number = match self.free.first() {
            Some(number) => *number,
            None => self.grow()?,
        };
        let mut nonce = [0; 12];
        random.fill(&mut nonce)?;
        let mut wrapped = Zeroizing::new(secret.expose().to_vec());
        self.wrap
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(associated(account, key_number)),
                &mut *wrapped,
            )
            .map_err(|_| Unsealable)?;
        let mut slot = [0; SLOT_LEN];
        put(&mut slot, 0, &SLOT_MAGIC);
        put(&mut slot, 4, &key_number.to_be_bytes());
        put(&mut slot, 8, account.as_bytes());
        put(&mut slot, 24, &nonce);
        put(&mut slot, SEALED_AT, &wrapped);
        let checksum = xxh3_64(slot.get(..CHECKSUM_AT).unwrap_or_default());
        put(&mut slot, CHECKSUM_AT, &checksum.to_be_bytes());
        self.waiting.insert(number, slot);
        self.free.remove(&number);
        Ok(number)
    }

    /// The secret in a slot, and its number, if it belongs to `account`.
    pub(crate) fn read(
        &self,
        number: SlotNumber,
        account: AccountId,
    ) -> Result<(Secret, u16), KeystoreError> {
        let bad = || KeystoreError::Slot(number);
        if number == 0 || number >= self.slots {
            return Err(bad());
        }
        let mut slot = [0; SLOT_LEN];
        match self.waiting.get(&number) {
            Some(waiting) => slot = *waiting,
            None if number < self.in_file => self.file.read_at(offset(number), &mut slot)?,
            None => return Err(bad()),
        }
        if read_slot(&slot) != Slot::Used(account) {
            return Err(bad());
        }
        let key_number = u16::from_be_bytes(array(&slot, 4).ok_or_else(bad)?);
        let nonce = Nonce::assume_unique_for_key(array(&slot, 24).ok_or_else(bad)?);
        let mut wrapped = Zeroizing::new(array::<48>(&slot, SEALED_AT).ok_or_else(bad)?);
        let opened = self
            .wrap
            .open_in_place(nonce, Aad::from(associated(account, key_number)), wrapped.as_mut())
            .map_err(|_| bad())?;
        let bytes = <[u8; 32]>::try_from(&*opened).map_err(|_| bad())?;
        Ok((Secret::from_bytes(bytes), key_number))
    }

    /// Overwrites a slot with zeros; it is free from now on. Not durable before
    /// [`Keystore::flush`].
    pub(crate) fn overwrite(&mut self, number: SlotNumber) -> Result<(), KeystoreError> {
        if number == 0 || number >= self.slots {
            return Err(KeystoreError::Slot(number));
        }
        if self.waiting.remove(&number).is_none() && number < self.in_file {
            self.file.write_at(offset(number), &[0; SLOT_LEN])?;
        }
        self.free.insert(number);
        Ok(())
    }

    /// Puts everything on stable storage. A failed write leaves the keys waiting, and they are
    /// written again by the next flush. After a failed flush nobody knows what is there, and a
    /// later one would succeed without it: this keystore flushes no more before
    /// [`Keystore::renew`].
    pub(crate) fn flush(&mut self) -> Result<(), KeystoreError> {
        if self.is_poisoned() {
            return Err(KeystoreError::Poisoned);
        }
        self.write_waiting()?;
        let flushed = self.file.sync();
        self.poisoned.store(flushed.is_err(), Ordering::Release);
        Ok(flushed?)
    }

    fn write_waiting(&mut self) -> Result<(), KeystoreError> {
        if self.in_file < self.slots {
            self.file.set_len(offset(self.slots))?;
            self.in_file = self.slots;
        }
        let mut run = Vec::new();
        let mut first = None;
        let mut next = None;
        for (number, slot) in &self.waiting {
            if next != Some(*number)
                && let Some(first) = first.replace(*number)
            {
                self.file.write_at(offset(first), &run)?;
                run.clear();
            }
            run.extend_from_slice(slot);
            next = number.checked_add(1);
        }
        if let Some(first) = first {
            self.file.write_at(offset(first), &run)?;
        }
        self.waiting.clear();
        Ok(())
    }

    /// Whether a flush failed.
    pub(crate) fn is_poisoned(&self) -> bool {
        self.poisoned.load(Ordering::Acquire)
    }

    /// Writes every slot again where it lies, and flushes: after a failed flush the page cache shows
    /// slots that the disk does not have. At `Ok` what the slots show is what the disk has.
    pub(crate) fn renew(&mut self) -> Result<(), KeystoreError> {
        /// Octets written at once.
        const BATCH: u64 = 1024 * 1024;
        let end = offset(self.in_file);
        let mut at = 0;
        let mut buffer = Vec::new();
        while at < end {
            let len = usize::try_from(BATCH.min(end - at)).map_err(|_| KeystoreError::Foreign)?;
            buffer.resize(len, 0);
            self.file.read_at(at, &mut buffer)?;
            self.file.write_at(at, &buffer)?;
            at += len as u64;
        }
        let flushed = self.file.sync();
        self.poisoned.store(flushed.is_err(), Ordering::Release);
        Ok(flushed?)
    }

    /// More free slots; the file grows with the next flush.
    fn grow(&mut self) -> Result<SlotNumber, KeystoreError> {
        let first = self.slots;
        let slots = first.checked_add(GROWTH).ok_or(KeystoreError::Foreign)?;
        self.slots = slots;
        self.free.extend(first..slots);
        Ok(first)
    }
}

fn offset(number: SlotNumber) -> u64 {
    u64::from(number) * SLOT_LEN as u64
}

fn associated(account: AccountId, key_number: u16) -> [u8; 18] {
    let mut bytes = [0; 18];
    put(&mut bytes, 0, account.as_bytes());
    put(&mut bytes, 16, &key_number.to_be_bytes());
    bytes
}

fn read_slot(bytes: &[u8]) -> Slot {
    if bytes.iter().all(|byte| *byte == 0) {
        return Slot::Free;
    }
    let sound = array(bytes, 0) == Some(SLOT_MAGIC)
        && array(bytes, CHECKSUM_AT).map(u64::from_be_bytes)
            == bytes.get(..CHECKSUM_AT).map(xxh3_64);
    match array(bytes, 8) {
        Some(account) if sound => Slot::Used(AccountId::from_bytes(account)),
        _ => Slot::Damaged,
    }
}

fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    if let Some(place) = bytes.get_mut(at..at + value.len()) {
        place.copy_from_slice(value);
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::SimDisk;
    use crate::random::SeededRandom;

    const PATH: &str = "/s/keystore";

    fn fixture() -> (SimDisk, StoreId, Secret, SeededRandom) {
        let disk = SimDisk::new(1);
        disk.create_dir(Path::new("/s")).unwrap();
        let store = StoreId::from_bytes([9; 16]);
        Keystore::create(&disk, Path::new(PATH), store).unwrap();
        disk.sync_dir(Path::new("/s")).unwrap();
        (disk, store, Secret::from_bytes([1; 32]), SeededRandom::new(1))
    }

    #[test]
    fn a_key_reads_back_under_the_same_operator_key_only() {
        let (disk, store, operator, random) = fixture();
        let account = AccountId::from_bytes([2; 16]);
        let secret = Secret::from_bytes([7; 32]);
        let mut keystore =
            Keystore::open(&disk, Path::new(PATH), Open::Write, store, &operator).unwrap();
        let slot = keystore.write(&random, account, &secret, 1).unwrap();
        keystore.flush().unwrap();
        drop(keystore);

        let again = Keystore::open(&disk, Path::new(PATH), Open::Write, store, &operator).unwrap();
        let (read, number) = again.read(slot, account).unwrap();
        assert_eq!((read.expose(), number), (secret.expose(), 1));
        assert!(again.read(slot, AccountId::from_bytes([3; 16])).is_err());
        let wrong = Secret::from_bytes([2; 32]);
        let other = Keystore::open(&disk, Path::new(PATH), Open::Write, store, &wrong).unwrap();
        assert!(matches!(other.read(slot, account), Err(KeystoreError::Slot(_))));
        let foreign = StoreId::from_bytes([8; 16]);
        let refused = Keystore::open(&disk, Path::new(PATH), Open::Write, foreign, &operator);
        assert!(matches!(refused, Err(KeystoreError::Foreign)));
    }

    #[test]
    fn an_overwritten_slot_holds_nothing_and_is_used_again() {
        let (disk, store, operator, random) = fixture();
        let account = AccountId::from_bytes([2; 16]);
        let mut keystore =
            Keystore::open(&disk, Path::new(PATH), Open::Write, store, &operator).unwrap();
        let secret = Secret::from_bytes([7; 32]);
        let slot = keystore.write(&random, account, &secret, 1).unwrap();
        keystore.overwrite(slot).unwrap();
        keystore.flush().unwrap();
        assert!(keystore.read(slot, account).is_err());
        let bytes = disk.read_file(Path::new(PATH)).unwrap();
        assert!(bytes[SLOT_LEN..].iter().all(|byte| *byte == 0));
        assert_eq!(keystore.write(&random, account, &secret, 1).unwrap(), slot);
    }

    #[test]
    fn the_file_grows_as_slots_are_used_up() {
        let (disk, store, operator, random) = fixture();
        let mut keystore =
            Keystore::open(&disk, Path::new(PATH), Open::Write, store, &operator).unwrap();
        let secret = Secret::from_bytes([7; 32]);
        let mut taken = BTreeSet::new();
        for n in 0..100u8 {
            let account = AccountId::from_bytes([n; 16]);
            assert!(taken.insert(keystore.write(&random, account, &secret, 1).unwrap()));
        }
        keystore.flush().unwrap();
        drop(keystore);
        let again = Keystore::open(&disk, Path::new(PATH), Open::Write, store, &operator).unwrap();
        let used = again.slots().unwrap().into_iter().filter(|(_, s)| *s != Slot::Free);
        assert_eq!(used.count(), 100);
    }

    #[test]
    fn a_damaged_slot_is_damage_of_that_account_only() {
        let (disk, store, operator, random) = fixture();
        let mut keystore =
            Keystore::open(&disk, Path::new(PATH), Open::Write, store, &operator).unwrap();
        let secret = Secret::from_bytes([7; 32]);
        let (a, b) = (AccountId::from_bytes([1; 16]), AccountId::from_bytes([2; 16]));
        let first = keystore.write(&random, a, &secret, 1).unwrap();
        let second = keystore.write(&random, b, &secret, 1).unwrap();
        keystore.flush().unwrap();
        disk.corrupt(Path::new(PATH), offset(first) + 40, 1).unwrap();
        let again = Keystore::open(&disk, Path::new(PATH), Open::Write, store, &operator).unwrap();
        assert!(again.read(first, a).is_err());
        assert!(again.read(second, b).is_ok());
    }
}
