//! Lines of a file, with bounded memory.
//!
//! Invariants: no more than one line is held; a line beyond the limit is told as such and skipped to its end; CR LF
//! and LF end a line, a byte order mark before the first is dropped.
//! Failure: [`ImportError::Read`] and [`ImportError::TooLarge`].

use std::io::BufRead;

use crate::fault::{ImportError, Limits};

/// A line of the file.
pub(crate) enum Line<'a> {
    /// Its octets, without the end.
    Octets(&'a [u8]),
    /// Longer than the limit.
    TooLong,
}

/// Reads lines one by one.
pub(crate) struct Lines<R> {
    from: R,
    limits: Limits,
    line: Vec<u8>,
    number: u64,
    octets: u64,
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn new(from: R, limits: Limits) -> Self {
        Self { from, limits, line: Vec::new(), number: 0, octets: 0 }
    }

    /// Number of the last line, from 1.
    pub(crate) fn number(&self) -> u64 {
        self.number
    }

    /// The next line; `None` at the end of the file.
    pub(crate) fn next(&mut self) -> Result<Option<Line<'_>>, ImportError> {
        self.line.clear();
        let mut too_long = false;
        let mut any = false;
        loop {
            let buffer = self.from.fill_buf().map_err(ImportError::Read)?;
            if buffer.is_empty() {
                break;
            }
            any = true;
            let end = memchr::memchr(b'\n', buffer);
            let take = end.map_or(buffer.len(), |end| end + 1);
            let part = buffer.get(..take).unwrap_or_default();
            if self.line.len() + part.len() > self.limits.line {
                too_long = true;
            } else {
                self.line.extend_from_slice(part);
            }
            self.from.consume(take);
            self.octets += take as u64;
            if self.octets > self.limits.file {
                return Err(ImportError::TooLarge);
            }
            if end.is_some() {
                break;
            }
        }
        if !any {
            return Ok(None);
        }
        self.number += 1;
        if self.number > self.limits.lines {
            return Err(ImportError::TooLarge);
        }
        if too_long {
            return Ok(Some(Line::TooLong));
        }
        let line = self.line.strip_suffix(b"\n").unwrap_or(&self.line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let mark = if self.number == 1 { "\u{FEFF}".as_bytes() } else { b"" };
        Ok(Some(Line::Octets(line.strip_prefix(mark).unwrap_or(line))))
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::*;

    fn read(octets: &[u8], limits: Limits) -> Result<Vec<Option<Vec<u8>>>, ImportError> {
        let mut lines = Lines::new(BufReader::with_capacity(3, octets), limits);
        let mut found = Vec::new();
        while let Some(line) = lines.next()? {
            found.push(match line {
                Line::Octets(octets) => Some(octets.to_vec()),
                Line::TooLong => None,
            });
        }
        Ok(found)
    }

    #[test]
    fn ends_marks_and_limits() {
        let limits = Limits { line: 6, file: 100, lines: 5 };
        let found = read("\u{FEFF}a\r\nb\n\n12345678901\nc".as_bytes(), limits).unwrap();
        let line = |text: &str| Some(text.as_bytes().to_vec());
        assert_eq!(found, [line("a"), line("b"), line(""), None, line("c")]);
        assert!(matches!(read(&[b'\n'; 6], limits), Err(ImportError::TooLarge)));
        assert!(matches!(read(&[b'x'; 101], limits), Err(ImportError::TooLarge)));
        assert!(read(b"", limits).unwrap().is_empty());
    }
}
