//! The scanner: a message in pieces goes in, its [`Digest`] comes out.
//!
//! A state machine over lines. In a header section every line is kept up to a limit; in a body
//! only lines that begin with `--` are looked at, everything else is searched for the next one
//! and its line ends counted. The parts that are open form a stack; a boundary closes those
//! above the multipart it belongs to.
//!
//! Invariants: the digest does not depend on how the message was cut into pieces; memory is
//! bounded by [`Limits`], not by the message. Nothing fails: what cannot be a tree is a leaf.

use super::Digest;
use super::envelope::Envelope;
use super::limits::{Budget, Limits, MAX_BOUNDARY_BYTES, MAX_DEPTH};
use super::mime::{self, DefaultType};
use super::preview::Capture;
use super::structure::{Part, PartKind};
use memchr::memmem::Finder;
use std::fmt;

/// Bytes of a line that can be a boundary: dashes on both sides, white space, line end.
const MAX_BOUNDARY_LINE: usize = MAX_BOUNDARY_BYTES + 64;

/// Reads one message.
pub struct Scanner {
    section: Section,
    /// The place after the last byte read.
    here: Mark,
    line: Line,
    header: Header,
    open: Vec<Open>,
    parts: usize,
    budget: Budget,
    capture: Option<Capture>,
    finder: Finder<'static>,
    digest: Digest,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Section {
    Header,
    Body,
}

/// A place in the message, with the number of line ends before it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Mark {
    offset: u64,
    lines: u64,
}

impl Mark {
    /// The place before the line end of `length` octets that ends here.
    fn before_line_end(self, length: u64) -> Self {
        Self {
            offset: self.offset.saturating_sub(length),
            lines: self.lines.saturating_sub(length.min(1)),
        }
    }
}

/// The line that is being read.
#[derive(Debug, Default)]
struct Line {
    start: Mark,
    /// Octets of the line end before it; 0 for the first line.
    end_before: u64,
    /// Its beginning, if it came in pieces and may mean something.
    held: Vec<u8>,
    length: usize,
    /// It is known to be no boundary, and some of it has passed.
    passing: bool,
    /// The last byte was CR.
    after_cr: bool,
}

/// The header section that is being read.
#[derive(Debug, Default)]
struct Header {
    start: Mark,
    bytes: Vec<u8>,
    /// Where the current line begins in `bytes`.
    line: usize,
    cut: bool,
}

/// A part whose end has not come.
#[derive(Debug)]
struct Open {
    part: Part,
    body: Mark,
    /// Of a message: its envelope.
    envelope: Option<Envelope>,
    /// Of a multipart that waits for parts.
    boundary: Option<Vec<u8>>,
}

impl Scanner {
    /// A scanner at the beginning of a message.
    #[must_use]
    pub fn new(limits: Limits) -> Self {
        Self {
            section: Section::Header,
            here: Mark::default(),
            line: Line::default(),
            header: Header::default(),
            open: Vec::new(),
            parts: 1,
            budget: Budget::new(Limits { depth: limits.depth.min(MAX_DEPTH), ..limits }),
            capture: None,
            finder: Finder::new(b"\n--"),
            digest: Digest::default(),
        }
    }

    /// Reads the next piece of the message, of any size.
    pub fn push(&mut self, mut bytes: &[u8]) {
        while let Some(first) = bytes.first() {
            let in_body = self.section == Section::Body;
            let fresh = self.line.held.is_empty();
            let passing = in_body && fresh && (self.line.passing || *first != b'-');
            let length = if passing {
                self.skip_length(bytes)
            } else {
                memchr::memchr(b'\n', bytes).map_or(bytes.len(), |end| end + 1)
            };
            let (piece, rest) = bytes.split_at_checked(length).unwrap_or((bytes, &[]));
            if let (true, Some(capture)) = (in_body, &mut self.capture) {
                capture.push(piece);
            }
            if passing {
                self.skip(piece);
            } else {
                self.read(piece);
            }
            bytes = rest;
        }
    }

    /// The digest of what was pushed.
    #[must_use]
    pub fn finish(mut self) -> Digest {
        let last = std::mem::take(&mut self.line.held);
        if !last.is_empty() {
            self.end_line(&last, 0);
        }
        while self.section == Section::Header {
            self.end_header(self.here);
        }
        self.close_down_to(0, self.here);
        self.digest.size = self.here.offset;
        self.digest
    }

    /// How much of a body goes by until a line begins with `--`, or until the end of the piece;
    /// a dash at the piece's end that begins a line waits for the next.
    fn skip_length(&self, bytes: &[u8]) -> usize {
        if self.open.iter().all(|open| open.boundary.is_none()) {
            return bytes.len();
        }
        match self.finder.find(bytes) {
            Some(line_end) => line_end + 1,
            None if bytes.ends_with(b"\n-") => bytes.len() - 1,
            None => bytes.len(),
        }
    }

    fn skip(&mut self, piece: &[u8]) {
        self.here.offset += piece.len() as u64;
        self.here.lines += memchr::memchr_iter(b'\n', piece).count() as u64;
        self.line.passing = !piece.ends_with(b"\n");
        let line_end = self.line_end(piece);
        if !self.line.passing {
            self.next_line(line_end);
        }
    }

    /// Reads a line, or what there is of it.
    fn read(&mut self, piece: &[u8]) {
        let complete = piece.ends_with(b"\n");
        self.here.offset += piece.len() as u64;
        self.here.lines += u64::from(complete);
        self.line.length += piece.len();
        let line_end = self.line_end(piece);
        if self.section == Section::Header {
            self.header.push(piece, self.budget.limits().header_bytes);
        }
        if complete && self.line.held.is_empty() {
            self.end_line(piece, line_end);
            return;
        }
        let room = MAX_BOUNDARY_LINE.saturating_sub(self.line.held.len());
        let kept = piece.split_at_checked(room).map_or(piece, |(kept, _)| kept);
        self.line.held.extend_from_slice(kept);
        if complete {
            let mut line = std::mem::take(&mut self.line.held);
            self.end_line(&line, line_end);
            line.clear();
            self.line.held = line;
        }
    }

    /// The length of the line end with which `piece` ends, if it does.
    fn line_end(&mut self, piece: &[u8]) -> u64 {
        let after_cr = std::mem::replace(&mut self.line.after_cr, piece.ends_with(b"\r"));
        match piece {
            [.., b'\r', b'\n'] => 2,
            [b'\n'] if after_cr => 2,
            _ => 1,
        }
    }

    /// `line` is the beginning of the line that ends here.
    fn end_line(&mut self, line: &[u8], line_end: u64) {
        let (start, end_before) = (self.line.start, self.line.end_before);
        let possible = line.starts_with(b"--") && self.line.length <= MAX_BOUNDARY_LINE;
        let delimiter = possible.then(|| self.delimiter(line)).flatten();
        self.next_line(line_end);
        if let Some((level, closing)) = delimiter {
            self.end_part(level, closing, start, end_before);
        } else if self.section == Section::Header {
            self.header.line = self.header.bytes.len();
            if matches!(line, b"\n" | b"\r\n") {
                self.end_header(self.here);
            }
        }
    }

    fn next_line(&mut self, line_end: u64) {
        self.line.start = self.here;
        self.line.end_before = line_end;
        self.line.length = 0;
        self.line.passing = false;
    }

    /// The innermost open multipart whose delimiter this line is, and whether it closes it.
    /// The whole line must match: a boundary that begins like another is not taken for it.
    // RFC 2046 §5.1.1
    fn delimiter(&self, line: &[u8]) -> Option<(usize, bool)> {
        let text = line.strip_prefix(b"--")?.trim_ascii_end();
        let closing = text.strip_suffix(b"--");
        self.open.iter().enumerate().rev().find_map(|(level, open)| {
            let boundary = open.boundary.as_deref()?;
            match (boundary == text, Some(boundary) == closing) {
                (true, _) => Some((level, false)),
                (false, true) => Some((level, true)),
                (false, false) => None,
            }
        })
    }

    /// A delimiter line that starts at `start` ends a part of the multipart at `level`.
    fn end_part(&mut self, level: usize, closing: bool, start: Mark, end_before: u64) {
        if self.section == Section::Header {
            self.header.drop_line();
        }
        while self.section == Section::Header {
            self.end_header(start);
        }
        // RFC 2046 §5.1.1: the line end before it belongs to the delimiter.
        self.close_down_to(level + 1, start.before_line_end(end_before));
        if closing {
            // What follows is epilogue, up to a delimiter of an outer level.
            if let Some(multipart) = self.open.last_mut() {
                multipart.boundary = None;
            }
        } else if self.parts < self.budget.limits().parts {
            self.begin_header(self.here);
        }
    }

    fn begin_header(&mut self, start: Mark) {
        self.parts += 1;
        self.section = Section::Header;
        self.header.start = start;
        self.header.bytes.clear();
        self.header.line = 0;
        self.header.cut = false;
    }

    /// The header section is complete, a part is open.
    fn end_header(&mut self, body: Mark) {
        self.section = Section::Body;
        self.header.drop_cut_field();
        let holder = self.open.last().map(|open| &open.part);
        let in_multipart =
            holder.is_some_and(|part| matches!(part.kind, PartKind::Multipart { .. }));
        let default = match holder {
            // RFC 2046 §5.1.5
            Some(part) if part.is("multipart", "digest") => DefaultType::Message,
            _ => DefaultType::TextPlain,
        };
        let envelope =
            (!in_multipart).then(|| Envelope::read(&self.header.bytes, &mut self.budget));
        let mut part = mime::read(&self.header.bytes, default, &mut self.budget);
        part.header_start = self.header.start.offset;
        part.body_start = body.offset;
        if self.open.is_empty() {
            self.digest.header = self.header.bytes.clone();
            self.digest.header_cut = self.header.cut;
        }
        self.begin_body(part, body, envelope);
    }

    fn begin_body(&mut self, mut part: Part, body: Mark, envelope: Option<Envelope>) {
        let deep = self.open.len() >= self.budget.limits().depth;
        let mut boundary = None;
        let mut is_message = false;
        if part.media_type == "multipart" {
            boundary = mime::boundary(&part);
            match (&boundary, deep) {
                (Some(_), false) => part.kind = PartKind::Multipart { children: Vec::new() },
                (Some(_), true) => make_opaque(&mut part),
                (None, _) => make_text(&mut part),
            }
        } else if part.is("message", "rfc822") {
            // RFC 2046 §5.2.1: no other encoding is allowed; inside one nothing can be found.
            let full = self.parts >= self.budget.limits().parts;
            is_message = part.encoding.is_identity() && !deep && !full;
            if !is_message {
                make_opaque(&mut part);
            }
        }
        if part.kind == PartKind::Leaf {
            boundary = None;
        }
        if is_message {
            part.kind = PartKind::Message { envelope: Box::default(), child: Box::default() };
        } else if self.digest.preview.is_empty() && !self.inside_message() {
            self.capture = Capture::of(&part).filter(|_| part.kind == PartKind::Leaf);
        }
        self.open.push(Open { part, body, envelope, boundary });
        if is_message {
            self.begin_header(body);
        }
    }

    fn inside_message(&self) -> bool {
        let is_message = |open: &Open| matches!(open.part.kind, PartKind::Message { .. });
        self.open.iter().any(is_message)
    }

    /// Closes all open parts from this level up; they end at `end`, or where their bodies begin
    /// if a delimiter came sooner than their line end.
    fn close_down_to(&mut self, level: usize, mut end: Mark) {
        while self.open.len() > level
            && let Some(mut open) = self.open.pop()
        {
            end = end.max(open.body);
            if let Some(capture) = self.capture.take() {
                self.digest.preview = capture.read(end.offset - open.body.offset);
            }
            match &mut open.part.kind {
                PartKind::Multipart { children } if children.is_empty() => {
                    make_text(&mut open.part);
                }
                PartKind::Multipart { children } => children.shrink_to_fit(),
                PartKind::Message { .. } | PartKind::Leaf => {}
            }
            open.part.body_end = end.offset;
            let is_message = matches!(open.part.kind, PartKind::Message { .. });
            if is_message || open.part.media_type == "text" {
                open.part.lines = end.lines - open.body.lines;
            }
            self.attach(open);
        }
    }

    /// Gives a closed part to the one that holds it.
    fn attach(&mut self, closed: Open) {
        let own = closed.envelope.unwrap_or_default();
        match self.open.last_mut().map(|holder| &mut holder.part.kind) {
            Some(PartKind::Multipart { children }) => children.push(closed.part),
            Some(PartKind::Message { envelope, child }) => {
                **envelope = own;
                **child = closed.part;
            }
            Some(PartKind::Leaf) | None => {
                self.digest.envelope = own;
                self.digest.structure = closed.part;
            }
        }
    }
}

/// Content that is not looked into.
fn make_opaque(part: &mut Part) {
    part.rename(("application", "octet-stream"));
    become_leaf(part);
}

/// A multipart in which no part can be found: its text is shown as it stands.
// RFC 2045 §5.2
fn make_text(part: &mut Part) {
    part.rename(("text", "plain"));
    become_leaf(part);
}

fn become_leaf(part: &mut Part) {
    part.kind = PartKind::Leaf;
    part.params.retain(|param| !param.name.starts_with("boundary"));
}

impl Header {
    fn push(&mut self, bytes: &[u8], limit: usize) {
        let room = limit.saturating_sub(self.bytes.len());
        let kept = bytes.split_at_checked(room).map_or(bytes, |(kept, _)| kept);
        self.cut |= kept.len() < bytes.len();
        self.bytes.extend_from_slice(kept);
    }

    /// The current line is no part of the section.
    fn drop_line(&mut self) {
        self.bytes.truncate(self.line);
    }

    /// Of a section that was cut, the last field may be incomplete.
    fn drop_cut_field(&mut self) {
        if !self.cut {
            return;
        }
        let begins_field = |&end: &usize| {
            let next = self.bytes.get(end + 1);
            next.is_some_and(|byte| !matches!(byte, b' ' | b'\t'))
        };
        let end = memchr::memrchr_iter(b'\n', &self.bytes).find(begins_field);
        self.bytes.truncate(end.map_or(0, |end| end + 1));
    }
}

impl fmt::Debug for Scanner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner")
            .field("octets", &self.here.offset)
            .field("parts", &self.parts)
            .finish_non_exhaustive()
    }
}
