//! Archives octet by octet: what no writer of archives would write.

use flate2::write::DeflateEncoder;
use flate2::{Compression, Crc};
use std::io::Write;

/// An entry, with everything that can be said of it wrongly.
#[derive(Clone)]
pub(crate) struct RawEntry {
    pub(crate) name: Vec<u8>,
    /// Octets as they lie in the archive.
    pub(crate) packed: Vec<u8>,
    /// What the entry says of its expanded size.
    pub(crate) size: u32,
    pub(crate) crc: u32,
    /// 0: stored, 8: deflated.
    pub(crate) method: u16,
    pub(crate) flags: u16,
    /// Of a file made on Unix, the mode in the upper half.
    pub(crate) attributes: u32,
    /// It has no octets of its own: it stands where the first entry does.
    pub(crate) overlaps: bool,
}

impl RawEntry {
    pub(crate) fn stored(name: impl AsRef<[u8]>, octets: &[u8]) -> Self {
        let mut crc = Crc::new();
        crc.update(octets);
        Self {
            name: name.as_ref().to_vec(),
            packed: octets.to_vec(),
            size: octets.len() as u32,
            crc: crc.sum(),
            method: 0,
            // Names are UTF-8.
            flags: 1 << 11,
            attributes: 0o100_644 << 16,
            overlaps: false,
        }
    }

    pub(crate) fn deflated(name: impl AsRef<[u8]>, octets: &[u8]) -> Self {
        let mut packer = DeflateEncoder::new(Vec::new(), Compression::best());
        packer.write_all(octets).unwrap();
        Self { packed: packer.finish().unwrap(), method: 8, ..Self::stored(name, octets) }
    }

    fn fields(&self) -> Vec<u8> {
        let mut out = Vec::new();
        for field in [20, self.flags, self.method, 0, 0x21] {
            out.extend(u16::to_le_bytes(field));
        }
        for field in [self.crc, self.packed.len() as u32, self.size] {
            out.extend(u32::to_le_bytes(field));
        }
        out.extend((self.name.len() as u16).to_le_bytes());
        out.extend(0_u16.to_le_bytes());
        out
    }
}

/// The archive of these entries.
pub(crate) fn raw_zip(entries: &[RawEntry]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let offset = if entry.overlaps { 0 } else { out.len() as u32 };
        if !entry.overlaps {
            out.extend(b"PK\x03\x04");
            out.extend(entry.fields());
            out.extend(&entry.name);
            out.extend(&entry.packed);
        }
        directory.extend(b"PK\x01\x02");
        // Made on Unix.
        directory.extend(0x0314_u16.to_le_bytes());
        directory.extend(entry.fields());
        directory.extend([0; 6]);
        directory.extend(entry.attributes.to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(&entry.name);
    }
    let start = out.len() as u32;
    let count = (entries.len() as u16).to_le_bytes();
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend(count);
    out.extend(count);
    out.extend((directory.len() as u32).to_le_bytes());
    out.extend(start.to_le_bytes());
    out.extend([0; 2]);
    out
}
