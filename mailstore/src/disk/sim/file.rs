//! The content of one simulated file: what reads see, and what a power cut could make of it.
//!
//! A file is a row of 512-byte sectors. A sector that changed since the last flush has a history: its durable content
//! and every content since, each stamped with the operation that made it; a cut picks one of them. Contents are
//! shared, so keeping a history, flushing and forking copy no data.
//!
//! Invariant: bytes of `sectors` at and after `len` are zero.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

const SECTOR: usize = 512;
const ZEROS: [u8; SECTOR] = [0; SECTOR];

/// Above this many contents between two flushes every other one is forgotten, so that a sector rewritten for ever
/// takes bounded memory.
const MAX_BETWEEN: usize = 64;

/// One sector's bytes; `None` is zeros.
type Sector = Option<Arc<[u8; SECTOR]>>;

#[derive(Clone, Debug, Default)]
pub(super) struct Content {
    len: u64,
    /// What reads see; sectors after the last one are zeros.
    sectors: Vec<Sector>,
    /// The sectors written since the last flush.
    dirty: BTreeMap<usize, History>,
    durable_len: u64,
    /// The changes of length since the last flush.
    lens: Vec<Resize>,
    /// The durable content of sectors that a failed flush dropped: shown by reads, marked clean, not on the disk.
    lost: BTreeMap<usize, Sector>,
}

#[derive(Clone, Debug)]
struct History {
    durable: Sector,
    /// Contents after the durable one and before the present one, oldest first.
    between: Vec<(u64, Sector)>,
    /// The operation that made the present content.
    last: u64,
}

#[derive(Clone, Copy, Debug)]
struct Resize {
    op: u64,
    before: u64,
    after: u64,
}

impl Content {
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Fills the buffer; false when the file ends before.
    pub(super) fn read(&self, offset: u64, buf: &mut [u8]) -> bool {
        let end = offset.checked_add(buf.len() as u64);
        if end.is_none_or(|end| end > self.len) {
            return false;
        }
        let (mut index, mut skip) = place(offset);
        let mut rest = buf;
        while !rest.is_empty() {
            let (part, tail) = rest.split_at_mut(rest.len().min(SECTOR - skip));
            let sector = self.sector(index).as_deref().unwrap_or(&ZEROS);
            if let Some(bytes) = sector.get(skip..skip + part.len()) {
                part.copy_from_slice(bytes);
            }
            (index, skip, rest) = (index + 1, 0, tail);
        }
        true
    }

    pub(super) fn write(&mut self, op: u64, offset: u64, data: &[u8]) {
        if data.is_empty() {
            return;
        }
        let end = offset + data.len() as u64;
        self.sectors
            .reserve((end.div_ceil(SECTOR as u64) as usize).saturating_sub(self.sectors.len()));
        let (mut index, mut skip) = place(offset);
        let mut rest = data;
        while !rest.is_empty() {
            let (part, tail) = rest.split_at(rest.len().min(SECTOR - skip));
            let new = overlaid(self.sector(index), skip, part);
            self.put(op, index, new);
            (index, skip, rest) = (index + 1, 0, tail);
        }
        self.resize(op, self.len.max(end));
    }

    pub(super) fn set_len(&mut self, op: u64, len: u64) {
        if len < self.len {
            let first = len.div_ceil(SECTOR as u64) as usize;
            let lost: Vec<usize> = self.lost.range(first..).map(|(&index, _)| index).collect();
            for index in (first..self.sectors.len()).chain(lost) {
                if self.sector(index).is_some() || self.lost.contains_key(&index) {
                    self.put(op, index, None);
                }
            }
            self.sectors.truncate(first);
            let (index, kept) = place(len);
            if kept > 0 && self.sector(index).is_some() {
                let new = overlaid(self.sector(index), kept, ZEROS.get(kept..).unwrap_or_default());
                self.put(op, index, new);
            }
        }
        self.resize(op, len);
    }

    /// A flush: everything becomes durable but what an earlier failed flush has dropped.
    pub(super) fn sync(&mut self) {
        self.durable_len = match self.dirty.last_key_value() {
            // A dropped change of length comes back as far as data written since then needs it.
            Some((&last, _)) if self.lens.is_empty() => {
                self.durable_len.max(self.len.min(end_of(last)))
            }
            None if self.lens.is_empty() => self.durable_len,
            _ => self.len,
        };
        self.dirty.clear();
        self.lens.clear();
        // Should the file become longer again, the disk has zeros here.
        let beyond = self.durable_len.div_ceil(SECTOR as u64) as usize;
        self.lost.range_mut(beyond..).for_each(|(_, durable)| *durable = None);
    }

    /// A failed flush, as on Linux: each unsynced sector that does not land is dropped from what can become durable,
    /// stays visible, and counts as clean.
    pub(super) fn fail_sync(&mut self, mut lands: impl FnMut() -> bool) {
        for (index, history) in std::mem::take(&mut self.dirty) {
            if lands() {
                self.durable_len = self.durable_len.max(self.len.min(end_of(index)));
            } else {
                self.lost.insert(index, history.durable);
            }
        }
        self.lens.clear();
    }

    /// The power went: `lands` says of each unsynced operation, newest first for each sector, whether its content of
    /// that sector is the one on the disk.
    pub(super) fn settle(&mut self, mut lands: impl FnMut(u64) -> bool) {
        let lens = std::mem::take(&mut self.lens);
        let survivor = lens.iter().rev().find(|resize| lands(resize.op));
        let (since, mut len) =
            survivor.map_or((0, self.durable_len), |resize| (resize.op, resize.after));
        let seen = self.len;
        let len_at = |op: u64| {
            let last = lens.iter().rev().find(|resize| resize.op <= op).map(|resize| resize.after);
            last.or(lens.first().map(|resize| resize.before)).unwrap_or(seen)
        };

        for (index, durable) in std::mem::take(&mut self.lost) {
            self.replace(index, durable);
        }
        for (index, mut history) in std::mem::take(&mut self.dirty) {
            let present = self.sector(index).clone();
            history.between.push((history.last, present));
            let landed = history.between.into_iter().rev().find(|(op, _)| lands(*op));
            let (op, content) = landed.unwrap_or((0, history.durable));
            // Data that came after the surviving length, beyond the end, extends the file.
            if op > since && content.is_some() {
                len = len.max(end_of(index).min(len_at(op)));
            }
            self.replace(index, content);
        }
        self.cut_to(len);
    }

    /// The bytes of the visible content.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut bytes = vec![0; self.len as usize];
        self.read(0, &mut bytes);
        bytes
    }

    /// Flips bits of one byte in the visible content and in all that a cut could bring; false beyond the end.
    pub(super) fn corrupt(&mut self, offset: u64, xor: u8) -> bool {
        if offset >= self.len {
            return false;
        }
        let (index, at) = place(offset);
        let flipped = |sector: &Sector| {
            let mut bytes = sector.as_deref().copied().unwrap_or(ZEROS);
            if let Some(byte) = bytes.get_mut(at) {
                *byte ^= xor;
            }
            stored(bytes)
        };
        self.replace(index, flipped(self.sector(index)));
        if let Some(history) = self.dirty.get_mut(&index) {
            history.durable = flipped(&history.durable);
            history.between.iter_mut().for_each(|(_, content)| *content = flipped(content));
        }
        if let Some(durable) = self.lost.get_mut(&index) {
            *durable = flipped(durable);
        }
        true
    }

    /// The first operation that a cut could undo.
    pub(super) fn oldest_unsynced(&self) -> Option<u64> {
        let sectors = self
            .dirty
            .values()
            .map(|history| history.between.first().map_or(history.last, |(op, _)| *op));
        sectors.chain(self.lens.first().map(|resize| resize.op)).min()
    }

    fn sector(&self, index: usize) -> &Sector {
        self.sectors.get(index).unwrap_or(&None)
    }

    /// Changes a sector's visible content and gives the old one back.
    fn replace(&mut self, index: usize, new: Sector) -> Sector {
        if let Some(sector) = self.sectors.get_mut(index) {
            return std::mem::replace(sector, new);
        }
        if new.is_some() {
            self.sectors.resize(index, None);
            self.sectors.push(new);
        }
        None
    }

    /// A write of one sector.
    fn put(&mut self, op: u64, index: usize, new: Sector) {
        let old = self.replace(index, new);
        match self.dirty.entry(index) {
            Entry::Vacant(vacant) => {
                let durable = self.lost.remove(&index).unwrap_or(old);
                vacant.insert(History { durable, between: Vec::new(), last: op });
            }
            Entry::Occupied(occupied) => {
                let history = occupied.into_mut();
                history.between.push((history.last, old));
                history.last = op;
                if history.between.len() > MAX_BETWEEN {
                    let mut keep = false;
                    history.between.retain(|_| {
                        keep = !keep;
                        keep
                    });
                }
            }
        }
    }

    fn resize(&mut self, op: u64, len: u64) {
        if len != self.len {
            self.lens.push(Resize { op, before: self.len, after: len });
            self.len = len;
        }
    }

    /// Makes `len` the visible and the durable length, and keeps the invariant.
    fn cut_to(&mut self, len: u64) {
        self.len = len;
        self.durable_len = len;
        self.sectors.truncate(len.div_ceil(SECTOR as u64) as usize);
        let (index, kept) = place(len);
        if kept > 0 && self.sector(index).is_some() {
            let new = overlaid(self.sector(index), kept, ZEROS.get(kept..).unwrap_or_default());
            self.replace(index, new);
        }
    }
}

/// The sector of an offset, and the place in it.
fn place(offset: u64) -> (usize, usize) {
    ((offset / SECTOR as u64) as usize, (offset % SECTOR as u64) as usize)
}

fn end_of(index: usize) -> u64 {
    (index as u64 + 1) * SECTOR as u64
}

fn overlaid(old: &Sector, skip: usize, part: &[u8]) -> Sector {
    if let Ok(whole) = part.try_into() {
        return stored(whole);
    }
    let mut bytes = old.as_deref().copied().unwrap_or(ZEROS);
    if let Some(place) = bytes.get_mut(skip..skip + part.len()) {
        place.copy_from_slice(part);
    }
    stored(bytes)
}

fn stored(bytes: [u8; SECTOR]) -> Sector {
    (bytes != ZEROS).then(|| Arc::new(bytes))
}
