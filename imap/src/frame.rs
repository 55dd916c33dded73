//! Octets cut into commands: lines, and the literals between them.
//!
//! A command comes whole, its literals in their places, but for the message of APPEND, which streams in pieces.
//! Invariants: no more is held than [`MAX_COMMAND`] and what one read brought. Failure: a line that is too long is
//! skipped to its end, a literal that was refused is skipped to its own.

/// Octets of a command with its literals.
pub const MAX_COMMAND: usize = 256 * 1024;

/// Octets of one literal that is not a message: names, passwords, search strings.
pub const MAX_LITERAL: u32 = 64 * 1024;

/// Digits of a literal's length.
const MAX_DIGITS: usize = 10;

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A whole command without its last line end.
    Command(Vec<u8>),
    /// A line that announces a literal: the session says what becomes of it.
    Literal(Announced),
    /// The next octets of a message.
    Piece(Vec<u8>),
    /// A command was too long and is being skipped; its beginning.
    TooLong(Vec<u8>),
}

/// A literal that the client is about to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Announced {
    /// Its octets.
    pub size: u64,
    /// Whether the client waits for leave.
    // RFC 3501 §4.3, RFC 7888 §3
    pub waits: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// In a line.
    Line,
    /// A literal is announced, nothing decided.
    Asked(Announced),
    /// In a literal that belongs to the command.
    Literal(u64),
    /// In a message.
    Message(u64),
    /// In a literal that was refused.
    Skip(u64),
    /// In a line that was too long.
    SkipLine,
}

/// Cuts the octets of one connection.
#[derive(Debug)]
pub struct Framer {
    input: Vec<u8>,
    at: usize,
    /// Octets behind `at` that hold no end of a line: a line that comes octet by octet is looked through once.
    scanned: usize,
    command: Vec<u8>,
    state: State,
}

impl Default for Framer {
    fn default() -> Self {
        Self { input: Vec::new(), at: 0, scanned: 0, command: Vec::new(), state: State::Line }
    }
}

impl Framer {
    /// Takes in what was read.
    pub fn push(&mut self, octets: &[u8]) {
        self.input.drain(..self.at.min(self.input.len()));
        self.at = 0;
        self.input.extend_from_slice(octets);
    }

    /// Forgets everything: TLS begins.
    // RFC 3501 §6.2.1
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What was read and not cut yet: it is taken elsewhere.
    pub fn take_rest(&mut self) -> Vec<u8> {
        let rest = self.input.split_off(self.at.min(self.input.len()));
        (self.input, self.at, self.scanned) = (Vec::new(), 0, 0);
        rest
    }

    /// The command as far as it has come.
    #[must_use]
    pub fn command(&self) -> &[u8] {
        &self.command
    }

    /// Octets that it holds.
    #[must_use]
    pub fn held(&self) -> usize {
        self.input.len() + self.command.len()
    }

    /// Whether a command has begun.
    #[must_use]
    pub fn is_amid_command(&self) -> bool {
        self.state != State::Line || !self.command.is_empty() || self.at < self.input.len()
    }

    /// Whether a message is coming.
    #[must_use]
    pub fn is_in_message(&self) -> bool {
        matches!(self.state, State::Message(_))
    }

    /// The announced literal is taken into the command.
    pub fn take_literal(&mut self) {
        if let State::Asked(literal) = self.state {
            self.command.extend_from_slice(b"\r\n");
            self.state = State::Literal(literal.size);
        }
    }

    /// The announced literal is a message and comes as pieces.
    pub fn take_message(&mut self) {
        if let State::Asked(literal) = self.state {
            self.command.clear();
            self.state = State::Message(literal.size);
        }
    }

    /// The announced literal is refused and the command is over; of a client that does not wait the octets come all
    /// the same, and the rest of its line.
    pub fn refuse_literal(&mut self) {
        if let State::Asked(literal) = self.state {
            self.command.clear();
            self.state = if literal.waits { State::Line } else { State::Skip(literal.size) };
        }
    }

    /// The next event; None when more has to be read, or a literal decided.
    pub fn next_event(&mut self) -> Option<Event> {
        loop {
            match self.state {
                State::Asked(_) => return None,
                State::Line => return self.line(),
                State::Literal(0) | State::Message(0) => self.state = State::Line,
                State::Skip(0) => self.state = State::SkipLine,
                State::Literal(left) => {
                    let piece = self.up_to(left)?;
                    self.state = State::Literal(left - piece.len() as u64);
                    self.command.extend_from_slice(&piece);
                }
                State::Message(left) => {
                    let piece = self.up_to(left)?;
                    self.state = State::Message(left - piece.len() as u64);
                    return Some(Event::Piece(piece));
                }
                State::Skip(left) => {
                    let piece = self.up_to(left)?;
                    self.state = State::Skip(left - piece.len() as u64);
                }
                State::SkipLine => {
                    let rest = self.input.get(self.at..).unwrap_or_default();
                    match rest.iter().position(|octet| *octet == b'\n') {
                        Some(end) => {
                            let line = rest.get(..=end).unwrap_or_default();
                            let again = announced(line.strip_suffix(b"\n").unwrap_or(line));
                            self.at += end + 1;
                            self.state = match again {
                                Some(literal) if !literal.waits => State::Skip(literal.size),
                                _ => State::Line,
                            };
                        }
                        None => {
                            self.at = self.input.len();
                            return None;
                        }
                    }
                }
            }
        }
    }

    fn up_to(&mut self, left: u64) -> Option<Vec<u8>> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let count = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let piece = rest.get(..count).filter(|piece| !piece.is_empty())?.to_vec();
        self.at += count;
        Some(piece)
    }

    fn line(&mut self) -> Option<Event> {
        let rest = self.input.get(self.at..).unwrap_or_default();
        let scanned = std::mem::take(&mut self.scanned);
        let fresh = rest.get(scanned..).unwrap_or_default();
        let end = fresh.iter().position(|octet| *octet == b'\n').map(|end| scanned + end);
        let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or_default();
        if self.command.len() + line.len() > MAX_COMMAND {
            let begun = if self.command.is_empty() { line } else { &self.command };
            let begun = begun.get(..64).unwrap_or(begun).to_vec();
            self.command.clear();
            self.state = State::SkipLine;
            return Some(Event::TooLong(begun));
        }
        let Some(end) = end else {
            self.scanned = rest.len();
            return None;
        };
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        self.command.extend_from_slice(line);
        self.at += end + 1;
        match announced(line) {
            Some(literal) => {
                self.state = State::Asked(literal);
                Some(Event::Literal(literal))
            }
            None => Some(Event::Command(std::mem::take(&mut self.command))),
        }
    }
}

/// The literal that a line ends with.
// RFC 3501 §9, literal; RFC 7888 §8
#[must_use]
pub fn announced(line: &[u8]) -> Option<Announced> {
    let line = line.strip_suffix(b"\r").unwrap_or(line).strip_suffix(b"}")?;
    let (line, waits) = match line.strip_suffix(b"+") {
        Some(line) => (line, false),
        None => (line, true),
    };
    let digits = line.iter().rev().take_while(|octet| octet.is_ascii_digit()).count();
    let (before, number) = line.split_at_checked(line.len() - digits)?;
    if !(1..=MAX_DIGITS).contains(&digits) || before.last() != Some(&b'{') {
        return None;
    }
    Some(Announced { size: std::str::from_utf8(number).ok()?.parse().ok()?, waits })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_comes_whole_however_it_is_cut() {
        let octets = b"a LOGIN {4+}\r\nj\r\nx {2}\r\npw\r\nb NOOP\n";
        for size in 1..octets.len() {
            let mut framer = Framer::default();
            let mut commands = Vec::new();
            for piece in octets.chunks(size) {
                framer.push(piece);
                while let Some(event) = framer.next_event() {
                    match event {
                        Event::Literal(_) => framer.take_literal(),
                        Event::Command(command) => commands.push(command),
                        other => panic!("{other:?}"),
                    }
                }
            }
            let whole = b"a LOGIN {4+}\r\nj\r\nx {2}\r\npw".to_vec();
            assert_eq!(commands, [whole, b"b NOOP".to_vec()]);
            assert!(!framer.is_amid_command());
        }
    }

    #[test]
    fn a_message_streams_and_a_refused_one_is_skipped() {
        let mut framer = Framer::default();
        framer.push(b"a APPEND x {6+}\r\n12\r\n56\r\nb NOOP\r\n");
        assert_eq!(framer.next_event(), Some(Event::Literal(Announced { size: 6, waits: false })));
        framer.take_message();
        assert_eq!(framer.next_event(), Some(Event::Piece(b"12\r\n56".to_vec())));
        assert_eq!(framer.next_event(), Some(Event::Command(Vec::new())));
        assert_eq!(framer.next_event(), Some(Event::Command(b"b NOOP".to_vec())));
        framer.push(b"a APPEND x {6+}\r\n12\r\n56 rest\r\nb NOOP\r\n");
        framer.next_event();
        framer.refuse_literal();
        assert_eq!(framer.next_event(), Some(Event::Command(b"b NOOP".to_vec())));
    }

    #[test]
    fn a_long_line_is_told_once_and_skipped() {
        let mut framer = Framer::default();
        framer.push(b"tag SEARCH ");
        framer.push(&vec![b'x'; MAX_COMMAND]);
        let Some(Event::TooLong(begun)) = framer.next_event() else { panic!() };
        assert!(begun.starts_with(b"tag SEARCH xx"));
        framer.push(b"xx\r\nb NOOP\r\n");
        assert_eq!(framer.next_event(), Some(Event::Command(b"b NOOP".to_vec())));
    }

    #[test]
    fn a_line_that_comes_octet_by_octet_is_looked_through_once() {
        let mut framer = Framer::default();
        let begun = std::time::Instant::now();
        for _ in 0..MAX_COMMAND {
            framer.push(b"x");
            assert_eq!(framer.next_event(), None);
        }
        // Looked through from its beginning each time, it would take minutes.
        assert!(begun.elapsed() < std::time::Duration::from_secs(5));
        framer.push(b"\r\nb NOOP\r\n");
        assert!(matches!(framer.next_event(), Some(Event::TooLong(_))));
        assert_eq!(framer.next_event(), Some(Event::Command(b"b NOOP".to_vec())));
    }

    #[test]
    fn only_a_length_in_braces_is_a_literal() {
        for line in [&b"{}"[..], b"{a}", b"x}", b"{12", b"12}", b"{99999999999}", b"{1-}"] {
            assert_eq!(announced(line), None);
        }
        assert_eq!(announced(b"x {0}"), Some(Announced { size: 0, waits: true }));
    }
}
