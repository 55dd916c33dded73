//! A message on its way in: traced, bounded, hashed, scanned and sealed while it streams.
//!
//! The header section is held back until it is complete, so that what a submission has to add
//! (RFC 6409 §8) stands before the rest. Nobody holds the whole message.

use crate::envelope::{Envelope, Recipient};
use crate::facts::Facts;
use crate::origin::Origin;
use crate::trace::{self, Arrival};
use crate::{Post, aside, our_fault};
use aws_lc_rs::digest;
use domain::Verdict;
use mailstore::QueueId;
use mailstore::body::{Body, BodyError, BodyWriter, INLINE_MAX};
use mailstore::message::{Digest, Limits, Scanner, digest_of};
use std::fmt;
use std::sync::Arc;

/// Octets of a header section; what the scanner keeps whole.
// RFC 5322 §2.1 sets none; mailstore::message::limits keeps as much.
const MAX_HEADER: usize = mailstore::message::limits::MAX_HEADER_BYTES;

/// Octets by which a peer's message may be larger than the limit: its operator took a message of
/// just the limit and put its trace before it, and what a submission lacks (RFC 6409 §8). What is
/// announced, and what a declared size is held against, stays the limit.
// MSS #34
pub const TRACE_HEADROOM: u64 = 8 * 1024;

/// A message that streams in.
pub struct Incoming {
    pub(crate) post: Post,
    pub(crate) origin: Origin,
    pub(crate) envelope: Envelope,
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) queue_id: QueueId,
    arrival: Option<Arrival>,
    writer: BodyWriter,
    scanner: Scanner,
    hash: digest::Context,
    /// The header section, until it is complete.
    header: Option<Vec<u8>>,
    /// Octets received.
    size: u64,
    /// Whether any octet was above 127.
    eight_bit: bool,
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Incoming({}, {} octets so far)", self.queue_id, self.size)
    }
}

/// A message that has come whole, not judged yet.
#[derive(Debug)]
pub struct Message {
    pub(crate) body: Arc<Body>,
    pub(crate) digest: Digest,
    /// SHA-256 of the octets as received, without what we added.
    pub(crate) hash: [u8; 32],
    /// Octets received.
    pub(crate) size: u64,
    /// Whether any octet is above 127.
    pub(crate) eight_bit: bool,
}

impl Post {
    /// Begins to take in a message for recipients that [`Post::recipient`] accepted.
    pub fn incoming(
        &self,
        origin: Origin,
        envelope: Envelope,
        recipients: Vec<Recipient>,
        arrival: Option<Arrival>,
    ) -> Result<Incoming, Verdict> {
        let queue_id = QueueId::random(&*self.random).map_err(|e| our_fault(e.into()))?;
        Ok(Incoming {
            post: self.clone(),
            origin,
            envelope,
            recipients,
            queue_id,
            arrival,
            writer: self.store.body_writer().map_err(our_fault)?,
            scanner: Scanner::new(Limits::default()),
            hash: digest::Context::new(&digest::SHA256),
            header: Some(Vec::new()),
            size: 0,
            eight_bit: false,
        })
    }
}

fn body_fault(error: BodyError) -> Verdict {
    our_fault(error.into())
}

impl Incoming {
    /// Whether the message is one that lies in a file of its own: what is written may wait for the disk.
    pub(crate) fn is_large(&self) -> bool {
        self.size > INLINE_MAX
    }

    /// As [`Incoming::write`], beside other work when it may wait for the disk. An error is the message's end.
    pub async fn take(mut self, octets: &[u8]) -> Result<Self, Verdict> {
        if !self.is_large() {
            return self.write(octets).map(|()| self);
        }
        let octets = octets.to_vec();
        aside(move || self.write(&octets).map(|()| self)).await
    }

    /// Takes in the next octets. May write to the disk.
    pub fn write(&mut self, octets: &[u8]) -> Result<(), Verdict> {
        self.size += octets.len() as u64;
        // MSS #34
        let headroom = if let Origin::Peer(_) = self.origin { TRACE_HEADROOM } else { 0 };
        if self.size > self.post.settings.max_size.saturating_add(headroom) {
            return Err(Verdict::MessageTooLarge);
        }
        // Nobody could read it: mail programs get messages as strings without NUL.
        // RFC 2045 §2.7, RFC 2045 §2.8
        if octets.contains(&0) {
            return Err(Verdict::MessageMalformed);
        }
        self.hash.update(octets);
        let Some(header) = &mut self.header else { return self.keep(octets) };
        // A separator may lie across two pieces.
        let from = header.len().saturating_sub(3);
        header.extend_from_slice(octets);
        let end = end_of_header(header, from);
        // A first line that begins with a blank would continue what we put before it.
        // RFC 5322 §2.2.3
        let continues = header.first().is_some_and(|first| matches!(first, b' ' | b'\t'));
        if continues || end.unwrap_or(header.len()) > MAX_HEADER {
            return Err(Verdict::MessageMalformed);
        }
        if end.is_some() { self.begin() } else { Ok(()) }
    }

    /// Writes the trace, what the header lacks, and the header section held back.
    fn begin(&mut self) -> Result<(), Verdict> {
        let Some(header) = self.header.take() else { return Ok(()) };
        let now = self.post.clock.now();
        let mut added = String::new();
        // Only what a peer brings ends here for sure: all its recipients are ours.
        if let Origin::Peer(_) = self.origin {
            added = trace::return_path(&self.envelope.reverse_path);
        }
        let hostname = &self.post.settings.hostname;
        added += &trace::received(self.arrival.as_ref(), hostname, self.queue_id, now);
        if let Origin::Own(_) | Origin::System(_) = self.origin {
            self.complete(&header, &mut added);
        }
        self.keep(added.as_bytes())?;
        self.keep(&header)
    }

    /// What a submission may lack.
    // RFC 6409 §8.2, §8.3
    fn complete(&mut self, header: &[u8], added: &mut String) {
        let digest = digest_of(header);
        let facts = Facts::of(&digest);
        let now = self.post.clock.now();
        if digest.field("Date").is_none() {
            added.push_str(&format!("Date: {}\r\n", trace::date(now)));
        }
        let nameless = digest.field("Message-ID").is_none();
        if nameless {
            let hostname = &self.post.settings.hostname;
            added.push_str(&format!("Message-ID: <{}@{hostname}>\r\n", self.queue_id));
        }
        // MSS #49
        if facts.mss_nil.is_none() {
            added.push_str(&format!("X-MSS-NIL: {}\r\n", self.post.settings.product));
        }
        // RFC 6409 §8.1
        if let Origin::Own(submitter) = &self.origin
            && facts.sender.is_none()
            && !facts.from.is_empty()
            && facts.from.iter().all(|from| submitter.may_send_as(from))
            && (facts.from.len() > 1 || facts.from.first() != Some(&submitter.address))
        {
            added.push_str(&format!("Sender: <{}>\r\n", submitter.address));
        }
        // Two messages without a name may have the same octets and be two all the same: a device that
        // reports twice, a form that is sent every day. Only a name makes a repetition known.
        if nameless {
            self.hash.update(self.queue_id.as_bytes());
        }
    }

    fn keep(&mut self, octets: &[u8]) -> Result<(), Verdict> {
        self.eight_bit |= !octets.is_ascii();
        self.scanner.push(octets);
        self.writer.write(octets).map_err(body_fault)
    }

    /// The message has come whole.
    pub(crate) fn end(mut self) -> Result<(Context, Message), Verdict> {
        // A message without a body ends in its header section.
        self.begin()?;
        let digest = self.scanner.finish();
        if digest.header_cut {
            return Err(Verdict::MessageMalformed);
        }
        let mut hash = [0; 32];
        for (to, from) in hash.iter_mut().zip(self.hash.finish().as_ref()) {
            *to = *from;
        }
        let body = self.writer.finish().map_err(body_fault)?;
        let (eight_bit, size) = (self.eight_bit, self.size);
        let context = Context {
            post: self.post,
            origin: self.origin,
            envelope: self.envelope,
            recipients: self.recipients,
            queue_id: self.queue_id,
        };
        Ok((context, Message { body, digest, hash, size, eight_bit }))
    }
}

/// What a message came with.
pub(crate) struct Context {
    pub(crate) post: Post,
    pub(crate) origin: Origin,
    pub(crate) envelope: Envelope,
    pub(crate) recipients: Vec<Recipient>,
    pub(crate) queue_id: QueueId,
}

/// Where the body begins, if the empty line has come.
fn end_of_header(header: &[u8], from: usize) -> Option<usize> {
    if header.starts_with(b"\r\n") {
        return Some(2);
    }
    let rest = header.get(from..)?;
    let at = rest.windows(4).position(|window| window == b"\r\n\r\n")?;
    Some(from + at + 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_line_is_found_wherever_the_pieces_end() {
        let header = b"A: 1\r\nB: 2\r\n\r\nbody";
        assert_eq!(end_of_header(header, 0), Some(14));
        for cut in 0..header.len() {
            let from = header[..cut].len().saturating_sub(3);
            let found = end_of_header(&header[..cut], 0).or_else(|| end_of_header(header, from));
            assert_eq!(found, Some(14), "cut at {cut}");
        }
        assert_eq!(end_of_header(b"\r\nbody", 0), Some(2));
        assert_eq!(end_of_header(b"A: 1\r\n", 0), None);
    }
}
