//! Frames: one commit group, as it lies in a segment.
//!
//! ```text
//! offset  length
//!      0       4  magic "PLI1"
//!      4       4  length of the head, octets
//!      8       8  the segment's random marker
//!     16       8  sequence number
//!     24       8  head checksum of the previous frame
//!     32       8  length of the bodies, octets
//!     40       8  checksum of the bodies
//!     48       8  checksum of octets 0 to 7 and 16 to 47 and of the head
//!     56       …  head (the merged batches of the group), bodies, zeros up to a multiple of 8
//! ```
//! All numbers are little-endian; checksums are XXH3-64. They find what a disk did, not what an
//! attacker did: values and bodies carry their own authentication tags.
//!
//! The marker makes a frame of another segment, or of a file's earlier life, not a frame here. It
//! is compared, not summed: a frame written again elsewhere keeps its checksum, so what names it
//! by sequence number and checksum still does.

use crate::id::BodyId;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;
#[cfg(test)]
use xxhash_rust::xxh3::xxh3_64;

/// Octets before the head.
pub(crate) const HEADER_LEN: usize = 56;
/// Where the marker stands in the header.
pub(crate) const MARKER_AT: usize = 8;
const MAGIC: [u8; 4] = *b"PLI1";
const ALIGN: usize = 8;
/// Octets of a head. A commit group ends well below it.
pub(crate) const MAX_HEAD: usize = 32 * 1024 * 1024;
/// Bodies of one frame.
pub(crate) const MAX_BODIES: usize = 32 * 1024 * 1024;

/// One change of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Op<'a> {
    Put {
        #[serde(borrow, with = "serde_bytes")]
        key: &'a [u8],
        #[serde(borrow, with = "serde_bytes")]
        value: &'a [u8],
    },
    Delete {
        #[serde(borrow, with = "serde_bytes")]
        key: &'a [u8],
    },
}

/// A body that this frame brings or names. The order of variants is the stored format: never
/// change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum BodyEntry {
    /// Its sealed octets lie in the frame's bodies.
    Inline { id: BodyId, offset: u32, len: u32 },
    /// It is a file of its own.
    File { id: BodyId, len: u64 },
}

/// What a frame says: the merged batches of one commit group.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Head<'a> {
    /// When the group was formed, milliseconds since 1970.
    pub(crate) at: i64,
    #[serde(borrow)]
    pub(crate) ops: Vec<Op<'a>>,
    pub(crate) bodies: Vec<BodyEntry>,
}

/// Where a frame stands in the chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) marker: u64,
    pub(crate) sequence: u64,
    /// Head checksum of the frame before.
    pub(crate) previous: u64,
}

/// The fixed part of a frame whose head checksum held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameInfo {
    pub(crate) link: Link,
    pub(crate) head_len: usize,
    pub(crate) bodies_len: usize,
    pub(crate) bodies_checksum: u64,
    pub(crate) checksum: u64,
}

impl FrameInfo {
    /// Octets from the frame's beginning to its bodies.
    pub(crate) fn bodies_at(&self) -> usize {
        HEADER_LEN + self.head_len
    }

    /// Octets of the whole frame, padding included.
    pub(crate) fn len(&self) -> usize {
        (self.bodies_at() + self.bodies_len).next_multiple_of(ALIGN)
    }
}

/// Why bytes are not a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAFrame {
    #[error("fewer octets than a frame's header says")]
    Short,
    #[error("no frame of this segment begins here")]
    Foreign,
    #[error("the checksum of the batches does not hold")]
    Checksum,
    #[error("the batches do not read")]
    Head,
}

/// A frame's octets and the checksum that the next frame names.
pub(crate) struct Encoded {
    pub(crate) octets: Vec<u8>,
    pub(crate) checksum: u64,
}

/// Lays out a frame. None when the head or the bodies pass their bound.
pub(crate) fn encode(link: Link, head: &Head<'_>, bodies: &[&[u8]]) -> Option<Encoded> {
    let mut octets = vec![0; HEADER_LEN];
    octets = postcard::to_extend(head, octets).ok()?;
    let head_len = octets.len() - HEADER_LEN;
    let mut bodies_checksum = Xxh3::new();
    octets.reserve(bodies.iter().map(|body| body.len()).sum::<usize>() + ALIGN);
    for body in bodies {
        bodies_checksum.update(body);
        octets.extend_from_slice(body);
    }
    let bodies_len = octets.len() - HEADER_LEN - head_len;
    if head_len > MAX_HEAD || bodies_len > MAX_BODIES {
        return None;
    }
    octets.resize(octets.len().next_multiple_of(ALIGN), 0);

    let mut header = Vec::with_capacity(HEADER_LEN);
    header.extend(MAGIC);
    header.extend(u32::try_from(head_len).ok()?.to_le_bytes());
    header.extend(link.marker.to_le_bytes());
    header.extend(link.sequence.to_le_bytes());
    header.extend(link.previous.to_le_bytes());
    header.extend((bodies_len as u64).to_le_bytes());
    header.extend(bodies_checksum.digest().to_le_bytes());
    let checksum = head_checksum(&header, octets.get(HEADER_LEN..HEADER_LEN + head_len)?);
    header.extend(checksum.to_le_bytes());
    octets.get_mut(..HEADER_LEN)?.copy_from_slice(&header);
    Some(Encoded { octets, checksum })
}

/// Reads the fixed part at the beginning of `octets`, unchecked but for magic, marker and bounds.
pub(crate) fn peek(octets: &[u8], marker: u64) -> Result<FrameInfo, NotAFrame> {
    let header = octets.get(..HEADER_LEN).ok_or(NotAFrame::Short)?;
    let info = FrameInfo {
        link: Link {
            marker: number(header, MARKER_AT)?,
            sequence: number(header, 16)?,
            previous: number(header, 24)?,
        },
        head_len: usize::try_from(number(header, 0)? >> 32).map_err(|_| NotAFrame::Foreign)?,
        bodies_len: usize::try_from(number(header, 32)?).map_err(|_| NotAFrame::Foreign)?,
        bodies_checksum: number(header, 40)?,
        checksum: number(header, 48)?,
    };
    let ours = header.get(..4) == Some(&MAGIC)
        && info.link.marker == marker
        && info.head_len <= MAX_HEAD
        && info.bodies_len <= MAX_BODIES;
    if ours { Ok(info) } else { Err(NotAFrame::Foreign) }
}

/// Checks the head of the frame at the beginning of `octets`, which may end before the bodies.
pub(crate) fn check_head(octets: &[u8], info: &FrameInfo) -> Result<(), NotAFrame> {
    let header = octets.get(..48).ok_or(NotAFrame::Short)?;
    let head = octets.get(HEADER_LEN..info.bodies_at()).ok_or(NotAFrame::Short)?;
    if head_checksum(header, head) == info.checksum { Ok(()) } else { Err(NotAFrame::Checksum) }
}

/// A frame's octets for a segment with another marker; its checksum stays.
pub(crate) fn remark(octets: &mut [u8], marker: u64) -> Result<(), NotAFrame> {
    let place = octets.get_mut(MARKER_AT..16).ok_or(NotAFrame::Short)?;
    place.copy_from_slice(&marker.to_le_bytes());
    Ok(())
}

/// The head of the frame at the beginning of `octets`.
pub(crate) fn head<'a>(octets: &'a [u8], info: &FrameInfo) -> Result<Head<'a>, NotAFrame> {
    let head = octets.get(HEADER_LEN..info.bodies_at()).ok_or(NotAFrame::Short)?;
    postcard::from_bytes(head).map_err(|_| NotAFrame::Head)
}

#[cfg(test)]
/// The bodies, if all of them are there and their checksum holds.
pub(crate) fn bodies<'a>(octets: &'a [u8], info: &FrameInfo) -> Option<&'a [u8]> {
    let bodies = octets.get(info.bodies_at()..)?.get(..info.bodies_len)?;
    (xxh3_64(bodies) == info.bodies_checksum).then_some(bodies)
}

fn head_checksum(header: &[u8], head: &[u8]) -> u64 {
    let mut checksum = Xxh3::new();
    checksum.update(header.get(..8).unwrap_or_default());
    checksum.update(header.get(16..48).unwrap_or_default());
    checksum.update(head);
    checksum.digest()
}

fn number(header: &[u8], at: usize) -> Result<u64, NotAFrame> {
    let bytes = header.get(at..at + 8).and_then(|bytes| bytes.try_into().ok());
    bytes.map(u64::from_le_bytes).ok_or(NotAFrame::Short)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> (Encoded, Link) {
        let link = Link { marker: 5, sequence: 9, previous: 77 };
        let head = Head {
            at: 1_700_000_000_000,
            ops: vec![Op::Put { key: b"k", value: b"value" }, Op::Delete { key: b"gone" }],
            bodies: vec![BodyEntry::Inline { id: BodyId::from_bytes([1; 16]), offset: 0, len: 5 }],
        };
        (encode(link, &head, &[b"bo", b"dy!"]).unwrap(), link)
    }

    #[test]
    fn a_frame_reads_back() {
        let (frame, link) = sample();
        let info = peek(&frame.octets, 5).unwrap();
        check_head(&frame.octets, &info).unwrap();
        assert_eq!((info.link, info.checksum), (link, frame.checksum));
        assert_eq!(info.len(), frame.octets.len());
        let head = head(&frame.octets, &info).unwrap();
        assert_eq!(head.ops.len(), 2);
        assert_eq!(bodies(&frame.octets, &info), Some(&b"body!"[..]));
        assert_eq!(peek(&frame.octets, 6), Err(NotAFrame::Foreign));
    }

    #[test]
    fn every_flipped_bit_of_a_frame_is_noticed() {
        let (frame, _) = sample();
        let info = peek(&frame.octets, 5).unwrap();
        let end = info.bodies_at() + info.bodies_len;
        for at in 0..end {
            let mut bad = frame.octets.clone();
            bad[at] ^= 0x10;
            let sound = peek(&bad, 5)
                .is_ok_and(|info| check_head(&bad, &info).is_ok() && bodies(&bad, &info).is_some());
            assert!(!sound, "octet {at}");
        }
        for len in 0..end {
            let cut = &frame.octets[..len];
            let sound = peek(cut, 5)
                .is_ok_and(|info| check_head(cut, &info).is_ok() && bodies(cut, &info).is_some());
            assert!(!sound, "cut at {len}");
        }
    }
}
