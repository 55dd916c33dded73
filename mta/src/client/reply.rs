//! A peer's replies: framing, bounds, and the text made fit for reports.
//!
//! Framing and the enhanced code are ours and not `smtp-proto`'s, whose receiver takes lines of different codes
//! as one reply, has no limit on lines, and reads `5.7.509` as `5.7.255`.
//!
//! Invariants: a reply has one code from 200 to 599 on all its lines; at most [`MAX_REPLY_LINES`] lines of at most
//! [`MAX_REPLY_LINE`] octets; [`Reply::text`] is one line without control or direction characters, at most
//! [`MAX_REPLY_TEXT`] characters. A line may end in LF alone: nothing hangs on it here.
//! Failure: [`ReplyError`]; the connection is of no more use.

use super::status::{Class, Status};

/// Longest line of a reply, in octets, its end included. The standard's is 512.
// RFC 5321 §4.5.3.1.5
pub const MAX_REPLY_LINE: usize = 2048;

/// Most lines of a reply.
pub const MAX_REPLY_LINES: usize = 100;

/// Longest text kept of a reply, in characters.
pub const MAX_REPLY_TEXT: usize = 1024;

/// Most octets that wait to be read as replies; a peer that sends more unasked is cut off.
const MAX_WAITING: usize = 256 * 1024;

/// What a peer answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    status: Option<Status>,
    text: String,
}

impl Reply {
    /// The basic code, 200 to 599.
    pub fn code(&self) -> u16 {
        self.code
    }

    /// The enhanced code, where the peer sent one of the class of its basic code.
    pub fn status(&self) -> Option<Status> {
        self.status
    }

    /// The class of the basic code; `None` for 3yz.
    pub fn class(&self) -> Option<Class> {
        Class::of_reply(self.code)
    }

    /// The text, in one line, safe to be shown. It may name a person: never logged.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Why octets from the peer are no reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplyError {
    /// No code, an unknown separator, or lines of different codes.
    #[error("the reply is malformed")]
    Malformed,
    /// A line, the number of lines or what waits is beyond its limit.
    #[error("the reply is too long")]
    TooLong,
}

/// A reply as framed: its code and its lines without codes.
#[derive(Clone, Debug)]
pub(super) struct RawReply {
    pub(super) code: u16,
    pub(super) lines: Vec<Vec<u8>>,
}

impl RawReply {
    /// The value for everybody else.
    // RFC 2034 §4
    pub(super) fn reply(&self) -> Reply {
        let mut status = None;
        let mut text = Visible::default();
        for (place, line) in self.lines.iter().enumerate() {
            let line = String::from_utf8_lossy(line);
            let (found, rest) = split_status(&line, self.code);
            if place == 0 {
                status = found;
            }
            text.push_line(rest);
        }
        Reply { code: self.code, status, text: text.0 }
    }
}

/// The enhanced code at the head of a line, when its class is that of the reply.
fn split_status(line: &str, code: u16) -> (Option<Status>, &str) {
    let (first, rest) = line.split_once(' ').unwrap_or((line, ""));
    match Status::read(first) {
        Some(status) if Some(status.class()) == Class::of_reply(code) => (Some(status), rest),
        _ => (None, line),
    }
}

/// Text of a peer as far as it may be shown.
#[derive(Default)]
struct Visible(String);

impl Visible {
    fn push_line(&mut self, line: &str) {
        let line = line.trim();
        if line.is_empty() {
            return;
        }
        if !self.0.is_empty() {
            self.0.push(' ');
        }
        let room = MAX_REPLY_TEXT.saturating_sub(self.0.chars().count());
        self.0.extend(line.chars().map(shown).take(room));
    }
}

/// A text of somebody else in one line without control and direction characters, of at most `limit` characters.
pub(super) fn visible(text: &str, limit: usize) -> String {
    text.trim().chars().map(shown).take(limit).collect()
}

fn shown(c: char) -> char {
    match c {
        '\t' | '\r' | '\n' => ' ',
        '\u{200B}'..='\u{200F}'
        | '\u{2028}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}'
        | '\u{FEFF}' => '?',
        c if c.is_control() => '?',
        c => c,
    }
}

/// Frames replies out of what arrives.
#[derive(Debug, Default)]
pub(super) struct ReplyReader {
    waiting: Vec<u8>,
    /// How much of `waiting` has no line end.
    searched: usize,
    code: Option<u16>,
    lines: Vec<Vec<u8>>,
}

impl ReplyReader {
    /// Takes octets that arrived.
    pub(super) fn push(&mut self, octets: &[u8]) -> Result<(), ReplyError> {
        if self.waiting.len() + octets.len() > MAX_WAITING {
            return Err(ReplyError::TooLong);
        }
        self.waiting.extend_from_slice(octets);
        Ok(())
    }

    /// Whether nothing waits, not even a part of a reply.
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.code.is_none()
    }

    /// The next whole reply, if it is there.
    pub(super) fn next(&mut self) -> Result<Option<RawReply>, ReplyError> {
        while let Some(line) = self.line()? {
            if let Some(code) = self.take_line(&line)? {
                let lines = std::mem::take(&mut self.lines);
                self.code = None;
                return Ok(Some(RawReply { code, lines }));
            }
        }
        Ok(None)
    }

    /// The next line without its end.
    fn line(&mut self) -> Result<Option<Vec<u8>>, ReplyError> {
        let unsearched = self.waiting.get(self.searched..).unwrap_or_default();
        let Some(end) = unsearched.iter().position(|&b| b == b'\n').map(|at| at + self.searched)
        else {
            self.searched = self.waiting.len();
            let too_long = self.searched >= MAX_REPLY_LINE;
            return if too_long { Err(ReplyError::TooLong) } else { Ok(None) };
        };
        if end >= MAX_REPLY_LINE {
            return Err(ReplyError::TooLong);
        }
        let mut line: Vec<u8> = self.waiting.drain(..=end).collect();
        self.searched = 0;
        line.pop();
        if line.last() == Some(&b'\r') {
            line.pop();
        }
        Ok(Some(line))
    }

    /// Adds a line; the code when it was the last one.
    // RFC 5321 §4.2
    fn take_line(&mut self, line: &[u8]) -> Result<Option<u16>, ReplyError> {
        let (code, rest) = line.split_at_checked(3).ok_or(ReplyError::Malformed)?;
        let code = code
            .iter()
            .try_fold(0_u16, |code, b| b.is_ascii_digit().then(|| code * 10 + u16::from(b - b'0')));
        let code = code.filter(|code| (200..600).contains(code)).ok_or(ReplyError::Malformed)?;
        if *self.code.get_or_insert(code) != code {
            return Err(ReplyError::Malformed);
        }
        let (last, text) = match rest.split_first() {
            None => (true, rest),
            Some((b' ', text)) => (true, text),
            Some((b'-', text)) => (false, text),
            Some(_) => return Err(ReplyError::Malformed),
        };
        if self.lines.len() == MAX_REPLY_LINES {
            return Err(ReplyError::TooLong);
        }
        self.lines.push(text.to_owned());
        Ok(last.then_some(code))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(octets: &[u8]) -> Result<Option<Reply>, ReplyError> {
        let mut reader = ReplyReader::default();
        reader.push(octets)?;
        Ok(reader.next()?.map(|raw| raw.reply()))
    }

    #[test]
    fn lines_are_joined_and_their_enhanced_codes_removed() {
        let reply = read(b"550-5.1.1 Unknown\r\n550 5.1.1 at this address\r\n").unwrap().unwrap();
        assert_eq!((reply.code(), reply.text()), (550, "Unknown at this address"));
        assert_eq!(reply.status(), Status::read("5.1.1"));
    }

    #[test]
    fn an_enhanced_code_of_another_class_is_text() {
        let reply = read(b"450 5.1.1 greylisted\r\n").unwrap().unwrap();
        assert_eq!((reply.status(), reply.text()), (None, "5.1.1 greylisted"));
        let reply = read(b"550 5.7.509 refused\r\n").unwrap().unwrap();
        assert_eq!(reply.status().unwrap().to_string(), "5.7.509");
    }

    #[test]
    fn a_code_alone_is_a_reply() {
        assert_eq!(read(b"250\r\n").unwrap().unwrap().code(), 250);
        assert_eq!(read(b"250 \n").unwrap().unwrap().text(), "");
        assert_eq!(read(b"250-a\r\n250").unwrap(), None);
    }

    #[test]
    fn what_is_no_reply() {
        for octets in [
            &b"\r\n"[..],
            b"25\r\n",
            b"2500 a\r\n",
            b"25a a\r\n",
            b"199 a\r\n",
            b"600 a\r\n",
            b"250-a\r\n550 b\r\n",
            b"\x16\x03\x01\x00\xff\n",
        ] {
            assert_eq!(read(octets), Err(ReplyError::Malformed), "{octets:?}");
        }
    }

    #[test]
    fn endless_replies_end() {
        assert_eq!(read(&[b'2'; MAX_REPLY_LINE]), Err(ReplyError::TooLong));
        let longest = [b"250 ", vec![b'a'; MAX_REPLY_LINE - 6].as_slice(), b"\r\n"].concat();
        assert!(read(&longest).unwrap().is_some());
        let lines = b"250-a\r\n".repeat(MAX_REPLY_LINES);
        assert_eq!(read(&lines), Ok(None));
        assert_eq!(read(&[lines.as_slice(), b"250 a\r\n"].concat()), Err(ReplyError::TooLong));
        assert_eq!(read(&vec![b'\n'; MAX_WAITING + 1]), Err(ReplyError::TooLong));
    }

    #[test]
    fn texts_are_safe_to_show() {
        let reply = read("550 a\u{1b}[31m\tb\u{202e}c\u{85}d\r\n".as_bytes()).unwrap().unwrap();
        assert_eq!(reply.text(), "a?[31m b?c?d");
        assert_eq!(read(b"550 \xff\r\n").unwrap().unwrap().text(), "\u{fffd}");
        let many = format!("550-{}\r\n550 {}\r\n", "é".repeat(700), "à".repeat(700));
        let reply = read(many.as_bytes()).unwrap().unwrap();
        assert_eq!(reply.text().chars().count(), MAX_REPLY_TEXT);
    }
}
