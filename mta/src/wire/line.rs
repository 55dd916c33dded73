//! Framing of command lines: where a line ends, and whether it may be one.
//!
//! Invariants: a line ends at CRLF and nowhere else. One that holds a CR or LF on its own, a NUL or another control
//! character is reported once, at its end; so is one that is too long. What a line too long holds is not kept.
//! Each octet is looked at once, however the lines are cut into reads.
//! Failure: [`Framed::Malformed`], [`Framed::TooLong`], [`Framed::Endless`].

/// Longest command line without extensions, CRLF included.
// RFC 5321 §4.5.3.1.4
pub const BASE_LINE: usize = 512;

/// Longest command line that is read, CRLF included: [`BASE_LINE`] and what each extension adds to MAIL and RCPT
/// (SIZE 26, BODY 17, SMTPUTF8 10, RET and ENVID 115, NOTIFY and ORCPT 529, AUTH 500), rounded up.
// RFC 1870 §3, RFC 3461 §4.2, RFC 4954 §3, RFC 6152 §2, RFC 6531 §3.1
pub const EXTENDED_LINE: usize = 2048;

/// Longest line of an authentication exchange, CRLF included.
// RFC 4954 §4
pub const AUTH_LINE: usize = 12_288;

/// How much of one line too long is thrown away before the peer is given up.
pub const MAX_DISCARDED: usize = 64 * 1024;

/// What stands at the beginning of the buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framed {
    /// No whole line yet.
    More,
    /// A line: the octets used, less their CRLF.
    Line,
    /// A whole line with an octet that no command may have.
    Malformed,
    /// The end of a line longer than the limit.
    TooLong,
    /// A line without end: more than [`MAX_DISCARDED`] was thrown away.
    Endless,
}

/// Finds lines in what has been read.
#[derive(Clone, Debug, Default)]
pub struct LineFramer {
    /// Octets at the beginning of the buffer in which no line ends.
    scanned: usize,
    /// Octets of the present line already thrown away; 0 when it is not too long.
    discarded: usize,
}

impl LineFramer {
    /// Looks at the octets not used yet, and says how many are used up by what it found.
    ///
    /// With [`Framed::More`] the caller drops the octets used, keeps the rest and comes back with more behind it.
    pub fn frame(&mut self, buffered: &[u8], limit: usize) -> (usize, Framed) {
        let Some(end) = self.line_end(buffered) else {
            return self.unfinished(buffered, limit);
        };
        self.scanned = 0;
        let used = end + 2;
        let too_long = std::mem::take(&mut self.discarded) > 0 || used > limit;
        let line = buffered.get(..end).unwrap_or_default();
        let framed = match line {
            _ if too_long => Framed::TooLong,
            // RFC 5321 §2.3.8, §4.1.1
            _ if line.iter().any(u8::is_ascii_control) => Framed::Malformed,
            _ => Framed::Line,
        };
        (used, framed)
    }

    /// Where the first CRLF stands.
    fn line_end(&self, buffered: &[u8]) -> Option<usize> {
        // The CR may be the last octet of what was scanned before.
        let mut from = self.scanned.saturating_sub(1);
        loop {
            let rest = buffered.get(from..)?;
            let lf = from + memchr::memchr(b'\n', rest)?;
            let cr = lf.checked_sub(1);
            if let Some(cr) = cr.filter(|&cr| buffered.get(cr) == Some(&b'\r')) {
                return Some(cr);
            }
            from = lf + 1;
        }
    }

    fn unfinished(&mut self, buffered: &[u8], limit: usize) -> (usize, Framed) {
        self.scanned = buffered.len();
        if self.discarded == 0 && buffered.len() <= limit {
            return (0, Framed::More);
        }
        let kept = usize::from(buffered.last() == Some(&b'\r'));
        let used = buffered.len() - kept;
        self.scanned = kept;
        self.discarded = self.discarded.saturating_add(used.max(1));
        if self.discarded > MAX_DISCARDED { (used, Framed::Endless) } else { (used, Framed::More) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is found in `input` when it comes in pieces of the given sizes.
    fn found(input: &[u8], pieces: &[usize], limit: usize) -> Vec<(Framed, Vec<u8>)> {
        let (mut framer, mut buffer, mut found) = (LineFramer::default(), Vec::new(), Vec::new());
        let mut sizes = pieces.iter().copied().chain(std::iter::repeat(input.len().max(1)));
        let mut rest = input;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at(sizes.next().unwrap().clamp(1, rest.len()));
            buffer.extend_from_slice(piece);
            rest = later;
            loop {
                let (used, framed) = framer.frame(&buffer, limit);
                let line: Vec<u8> = buffer.drain(..used).collect();
                match framed {
                    Framed::More => break,
                    Framed::Line => found.push((framed, line)),
                    _ => found.push((framed, Vec::new())),
                }
                if framed == Framed::Endless {
                    return found;
                }
            }
            assert!(buffer.len() <= limit.max(1), "no more than a line is kept");
        }
        found
    }

    #[test]
    fn only_crlf_ends_a_line() {
        use Framed::{Line, Malformed};
        let table: &[(&[u8], &[Framed])] = &[
            (b"NOOP\r\nQUIT\r\n", &[Line, Line]),
            (b"\r\n", &[Line]),
            (b"NOOP\nQUIT\r\n", &[Malformed]),
            (b"NOOP\rQUIT\r\n", &[Malformed]),
            (b"NOOP\r\r\n", &[Malformed]),
            (b"NOOP\n\r\n", &[Malformed]),
            (b"\n\r\n", &[Malformed]),
            (b"NO\0OP\r\n", &[Malformed]),
            (b"NO\tOP\r\n", &[Malformed]),
            (b"NO\x7fOP\r\nNOOP\r\n", &[Malformed, Line]),
            (b"NOOP\n", &[]),
            (b"NOOP\r", &[]),
            (b"NOOP", &[]),
            (b"", &[]),
        ];
        for (input, expected) in table {
            let kinds: Vec<_> = found(input, &[], 64).into_iter().map(|(kind, _)| kind).collect();
            assert_eq!(kinds, *expected, "{input:?}");
        }
    }

    #[test]
    fn the_limit_counts_the_line_end_and_a_line_too_long_is_told_once() {
        use Framed::{Line, TooLong};
        let kinds = |input: &[u8], pieces: &[usize]| -> Vec<_> {
            found(input, pieces, 8).into_iter().map(|(kind, _)| kind).collect()
        };
        assert_eq!(kinds(b"123456\r\n", &[]), [Line]);
        assert_eq!(kinds(b"1234567\r\n", &[]), [TooLong]);
        let long = [b"x".repeat(1000).as_slice(), b"\r\nNOOP\r\n"].concat();
        assert_eq!(kinds(&long, &[]), [TooLong, Line]);
        assert_eq!(kinds(&long, &[1; 1008]), [TooLong, Line]);
        assert_eq!(kinds(&b"x".repeat(MAX_DISCARDED + 20), &[]), [Framed::Endless]);
        let almost = [b"y\r".repeat(5000).as_slice(), b"\r\n"].concat();
        assert_eq!(kinds(&almost, &[7; 3000]), [TooLong]);
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            input in prop::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'a'), any::<u8>()], 0..200),
            pieces in prop::collection::vec(1usize..9, 0..100),
        ) {
            prop_assert_eq!(found(&input, &pieces, 16), found(&input, &[], 16));
        }
    }
}
