//! COMPRESS=DEFLATE: what a client sends is inflated, what it is sent is deflated.
//!
//! Invariants: no more is inflated at once than `INFLATED`, whatever it was deflated from; each output begins without
//! a history, so that a silent session holds the inflater only. Failure: octets that are not deflated end the session.
// RFC 4978 §3

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

/// Octets inflated at once: the next ones when these are worked off.
const INFLATED: usize = 16 * 1024;

/// Octets deflated at once.
const PIECE: usize = 16 * 1024;

/// The two directions of a session.
#[derive(Debug)]
pub(super) struct Deflated {
    inflater: Decompress,
    /// What was read and is not inflated yet; [at] of it is.
    pending: Vec<u8>,
    at: usize,
}

/// The client's octets are not deflated.
#[derive(Debug)]
pub(super) struct NotDeflated;

impl Deflated {
    /// Begins with what was read behind the command.
    pub(super) fn new(pending: Vec<u8>) -> Self {
        Self { inflater: Decompress::new(false), pending, at: 0 }
    }

    /// Takes in what was read.
    pub(super) fn receive(&mut self, octets: &[u8]) {
        self.pending.drain(..self.at.min(self.pending.len()));
        self.at = 0;
        self.pending.extend_from_slice(octets);
    }

    /// Octets that it holds beside the inflater's.
    pub(super) fn held(&self) -> usize {
        self.pending.len()
    }

    /// Some octets of the client; none when more has to be read.
    pub(super) fn inflate(&mut self) -> Result<Vec<u8>, NotDeflated> {
        let mut out = Vec::with_capacity(INFLATED);
        let rest = self.pending.get(self.at..).unwrap_or_default();
        let before = self.inflater.total_in();
        let status = self.inflater.decompress_vec(rest, &mut out, FlushDecompress::None);
        let taken = self.inflater.total_in() - before;
        self.at += usize::try_from(taken).unwrap_or(usize::MAX);
        match status {
            // A client does not end its stream but with the connection.
            Ok(Status::Ok | Status::BufError) => Ok(out),
            Ok(Status::StreamEnd) | Err(_) => Err(NotDeflated),
        }
    }
}

/// Deflates an output, to its end: the client can read all of it.
// RFC 4978 §4
pub(super) fn deflate(octets: &[u8]) -> Vec<u8> {
    let mut deflater = Compress::new(Compression::fast(), false);
    let mut out = Vec::with_capacity(octets.len() / 2 + 64);
    loop {
        let taken = usize::try_from(deflater.total_in()).unwrap_or(usize::MAX);
        let rest = octets.get(taken..).unwrap_or_default();
        out.reserve(PIECE);
        let room = out.capacity() - out.len();
        let before = deflater.total_out();
        let done = deflater.compress_vec(rest, &mut out, FlushCompress::Sync);
        let written = usize::try_from(deflater.total_out() - before).unwrap_or(room);
        // With room left there is nothing more to write.
        if done.is_err() || written < room {
            return out;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_follow_one_another_in_one_stream() {
        let mut other = Deflated::new(Vec::new());
        let texts = [b"* OK first\r\n".to_vec(), vec![b'x'; 100_000], Vec::new(), b"last".to_vec()];
        for text in &texts {
            other.receive(&deflate(text));
            let mut inflated = Vec::new();
            loop {
                let piece = other.inflate().unwrap();
                if piece.is_empty() {
                    break;
                }
                assert!(piece.len() <= INFLATED);
                inflated.extend(piece);
            }
            assert_eq!(inflated, *text);
        }
    }

    #[test]
    fn what_is_not_deflated_is_told() {
        let mut other = Deflated::new(b"a NOOP\r\n".to_vec());
        assert!((0..3).any(|_| other.inflate().is_err()));
    }
}
