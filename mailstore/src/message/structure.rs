//! The tree of parts that IMAP's BODYSTRUCTURE shows and its section numbers name.
//!
//! Invariants: offsets count octets of the raw message; `header_start <= body_start <= body_end`;
//! children lie inside their parent's body, in order and without overlap; a multipart has a
//! child; the tree is at most [`MAX_DEPTH`](super::limits::MAX_DEPTH) levels of containers deep, so
//! recursion over it is safe. A part without Content-Type has no parameters: that its text is
//! US-ASCII is for the one who shows it to say.

use super::envelope::Envelope;
use super::param::{self, Disposition, Param};
use super::raw::Raw;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::Range;

/// A part of a message, or the message.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Media type in lower case.
    pub media_type: String,
    /// Media subtype in lower case.
    pub media_subtype: String,
    /// Parameters of Content-Type as they stand.
    pub params: Vec<Param>,
    /// Content-Transfer-Encoding.
    pub encoding: Encoding,
    /// Content-ID with its angle brackets.
    pub id: Option<Raw>,
    /// Content-Description.
    pub description: Option<Raw>,
    /// Content-MD5.
    pub md5: Option<Raw>,
    /// Content-Disposition.
    pub disposition: Option<Box<Disposition>>,
    /// Content-Language.
    pub languages: Vec<Raw>,
    /// Content-Location.
    pub location: Option<Raw>,
    /// Where its header section begins.
    pub header_start: u64,
    /// Where its body begins: after the empty line.
    pub body_start: u64,
    /// Where its body ends: before the line end that belongs to the boundary.
    pub body_end: u64,
    /// Line ends in the body of a text or message/rfc822 part, else 0. A last line without one
    /// is not counted, as other servers do.
    pub lines: u64,
    /// Whether it holds other parts.
    pub kind: PartKind,
}

/// What a part holds. The order of variants is the stored format: never change it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PartKind {
    /// Content.
    #[default]
    Leaf,
    /// Other parts; at least one.
    // RFC 2046 §5.1
    Multipart {
        /// The parts in order.
        children: Vec<Part>,
    },
    /// A message (message/rfc822). message/global (RFC 6532) is a leaf: IMAP4rev1 has no form
    /// for its tree.
    // RFC 2046 §5.2.1
    Message {
        /// Its envelope.
        envelope: Box<Envelope>,
        /// Its header section and body as a part.
        child: Box<Part>,
    },
}

/// Content-Transfer-Encoding. The order of variants is the stored format: never change it.
// RFC 2045 §6.1
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Encoding {
    /// `7bit`, also if none is named.
    #[default]
    SevenBit,
    /// `8bit`
    EightBit,
    /// `binary`
    Binary,
    /// `quoted-printable`
    QuotedPrintable,
    /// `base64`
    Base64,
    /// Another, in lower case.
    Other(Raw),
}

impl Encoding {
    /// Its name.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        match self {
            Self::SevenBit => b"7bit",
            Self::EightBit => b"8bit",
            Self::Binary => b"binary",
            Self::QuotedPrintable => b"quoted-printable",
            Self::Base64 => b"base64",
            Self::Other(name) => name.as_bytes(),
        }
    }

    /// Whether the octets are the content itself.
    #[must_use]
    pub fn is_identity(&self) -> bool {
        matches!(self, Self::SevenBit | Self::EightBit | Self::Binary)
    }
}

impl Part {
    /// Whether it has this type and subtype (lower case).
    #[must_use]
    pub fn is(&self, media_type: &str, media_subtype: &str) -> bool {
        self.media_type == media_type && self.media_subtype == media_subtype
    }

    /// The octets of `BODY[n.MIME]`, and of `BODY[HEADER]` for a message.
    #[must_use]
    pub fn header_range(&self) -> Range<u64> {
        self.header_start..self.body_start
    }

    /// The octets of `BODY[n]`, and of `BODY[TEXT]` for a message.
    #[must_use]
    pub fn body_range(&self) -> Range<u64> {
        self.body_start..self.body_end
    }

    /// The message inside a message/rfc822 part: `BODY[n.HEADER]` is its
    /// [`header_range`](Self::header_range), `BODY[n.TEXT]` its [`body_range`](Self::body_range).
    #[must_use]
    pub fn message(&self) -> Option<(&Envelope, &Part)> {
        match &self.kind {
            PartKind::Message { envelope, child } => Some((envelope, child)),
            _ => None,
        }
    }

    /// The part with this section number, asked of a message's root; the root itself for an
    /// empty number.
    // RFC 3501 §6.4.5
    #[must_use]
    pub fn find(&self, path: &[u32]) -> Option<&Part> {
        let Some((&first, rest)) = path.split_first() else {
            return Some(self);
        };
        rest.iter().try_fold(self.numbered(first)?, |part, &number| match &part.kind {
            PartKind::Leaf => None,
            PartKind::Multipart { .. } => part.numbered(number),
            PartKind::Message { child, .. } => child.numbered(number),
        })
    }

    /// Part `number` of a message whose root this is: of its parts, or it itself as part 1.
    fn numbered(&self, number: u32) -> Option<&Part> {
        let index = usize::try_from(number).ok()?.checked_sub(1)?;
        match &self.kind {
            PartKind::Multipart { children } => children.get(index),
            _ => (index == 0).then_some(self),
        }
    }

    /// Every part that has a section number, with it, in the order of the message.
    #[must_use]
    pub fn walk(&self) -> Walk<'_> {
        let mut walk = Walk { todo: Vec::new() };
        walk.push_numbered(&[], self);
        walk
    }

    /// The parts that hold content, with their section numbers. A message inside counts as one:
    /// its own leaves are those of [`Part::message`].
    pub fn leaves(&self) -> impl Iterator<Item = (Vec<u32>, &Part)> {
        let mut walk = self.walk();
        std::iter::from_fn(move || {
            loop {
                let (path, part) = walk.next_in_message()?;
                if !matches!(part.kind, PartKind::Multipart { .. }) {
                    return Some((path, part));
                }
            }
        })
    }

    /// Whether people see it as something attached, not as text of the message. What belongs to
    /// an HTML page (an image with Content-ID, not called an attachment) is neither.
    // RFC 2183 §2
    #[must_use]
    pub fn is_attachment(&self) -> bool {
        if matches!(self.kind, PartKind::Multipart { .. }) {
            return false;
        }
        let is_text = self.media_type == "text";
        let of_a_page = self.media_type == "image" && self.id.is_some();
        match self.disposition.as_deref().map(|d| d.kind.as_str()) {
            Some("inline") => !is_text && !of_a_page,
            // RFC 2183 §2.8: an unknown one is an attachment.
            Some(_) => true,
            None => !of_a_page && (!is_text || self.filename().is_some()),
        }
    }

    /// The name the sender gave the file, for people: from Content-Disposition, else from
    /// Content-Type. It may hold anything but control characters: it is no path.
    // RFC 2183 §2.3, RFC 2231 §3
    #[must_use]
    pub fn filename(&self) -> Option<String> {
        let disposition = self.disposition.as_deref();
        disposition
            .and_then(|disposition| param::value(&disposition.params, "filename"))
            .or_else(|| param::value(&self.params, "name"))
            .map(|value| value.decode())
            .filter(|name| !name.is_empty())
    }

    /// A parameter of Content-Type put together and decoded; `name` in lower case.
    #[must_use]
    pub fn param(&self, name: &str) -> Option<String> {
        param::value(&self.params, name).map(|value| value.decode())
    }

    pub(super) fn rename(&mut self, (media_type, media_subtype): (&str, &str)) {
        self.media_type = media_type.to_owned();
        self.media_subtype = media_subtype.to_owned();
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (header, body) = (self.header_range(), self.body_range());
        write!(f, "Part({header:?}, {body:?}, {} params, {:?})", self.params.len(), self.kind)
    }
}

impl fmt::Debug for PartKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Leaf => f.write_str("Leaf"),
            Self::Multipart { children } => f.debug_list().entries(children).finish(),
            Self::Message { child, .. } => write!(f, "Message({child:?})"),
        }
    }
}

impl fmt::Debug for Encoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SevenBit => "7bit",
            Self::EightBit => "8bit",
            Self::Binary => "binary",
            Self::QuotedPrintable => "quoted-printable",
            Self::Base64 => "base64",
            Self::Other(_) => "other",
        })
    }
}

/// Iterator of [`Part::walk`].
#[derive(Debug)]
pub struct Walk<'a> {
    /// Parts to come, the next one last.
    todo: Vec<(Vec<u32>, &'a Part)>,
}

impl<'a> Walk<'a> {
    fn push_numbered(&mut self, path: &[u32], root: &'a Part) {
        let parts = match &root.kind {
            PartKind::Multipart { children } => children.as_slice(),
            _ => std::slice::from_ref(root),
        };
        for (number, part) in (1..).zip(parts).collect::<Vec<(u32, _)>>().into_iter().rev() {
            self.todo.push(([path, &[number]].concat(), part));
        }
    }

    fn next_in_message(&mut self) -> Option<(Vec<u32>, &'a Part)> {
        let (path, part) = self.todo.pop()?;
        if matches!(part.kind, PartKind::Multipart { .. }) {
            self.push_numbered(&path, part);
        }
        Some((path, part))
    }
}

impl<'a> Iterator for Walk<'a> {
    type Item = (Vec<u32>, &'a Part);

    fn next(&mut self) -> Option<Self::Item> {
        let (path, part) = self.next_in_message()?;
        if let PartKind::Message { child, .. } = &part.kind {
            self.push_numbered(&path, child);
        }
        Some((path, part))
    }
}

#[cfg(test)]
mod tests {
    use super::super::digest_of;
    use super::*;

    /// The message of RFC 3501 §6.4.5's example, with subjects for content.
    const EXAMPLE: &str = "Content-Type: multipart/mixed; boundary=A\n\n\
        --A\nContent-Type: text/plain\n\n1\n\
        --A\nContent-Type: application/octet-stream\n\n2\n\
        --A\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=B\n\n\
        --B\nContent-Type: text/plain\n\n3.1\n\
        --B\nContent-Type: application/octet-stream\n\n3.2\n--B--\n\
        --A\nContent-Type: multipart/mixed; boundary=C\n\n\
        --C\nContent-Type: image/gif\n\n4.1\n\
        --C\nContent-Type: message/rfc822\n\nContent-Type: multipart/mixed; boundary=D\n\n\
        --D\nContent-Type: text/plain\n\n4.2.1\n\
        --D\nContent-Type: multipart/alternative; boundary=E\n\n\
        --E\nContent-Type: text/plain\n\n4.2.2.1\n\
        --E\nContent-Type: text/richtext\n\n4.2.2.2\n--E--\n--D--\n--C--\n--A--\n";

    fn body(message: &str, part: &Part) -> String {
        let (start, end) = (part.body_start as usize, part.body_end as usize);
        message.get(start..end).unwrap().to_owned()
    }

    #[test]
    fn section_numbers_are_those_of_the_standards_example() {
        let root = digest_of(EXAMPLE).structure;
        let numbers: Vec<String> = root
            .walk()
            .map(|(path, _)| path.iter().map(u32::to_string).collect::<Vec<_>>().join("."))
            .collect();
        assert_eq!(
            numbers,
            [
                "1", "2", "3", "3.1", "3.2", "4", "4.1", "4.2", "4.2.1", "4.2.2", "4.2.2.1",
                "4.2.2.2"
            ]
        );
        for (path, part) in root.walk() {
            assert_eq!(root.find(&path), Some(part));
            if part.kind == PartKind::Leaf {
                let number: Vec<String> = path.iter().map(u32::to_string).collect();
                assert_eq!(body(EXAMPLE, part), number.join("."));
            }
        }
        for missing in [&[0][..], &[5], &[1, 1], &[3, 3], &[4, 0], &[4, 2, 2, 3]] {
            assert_eq!(root.find(missing), None, "{missing:?}");
        }
        let leaves: Vec<Vec<u32>> = root.leaves().map(|(path, _)| path).collect();
        assert_eq!(leaves, [vec![1], vec![2], vec![3], vec![4, 1], vec![4, 2]]);
    }

    #[test]
    fn a_message_without_parts_is_its_part_1() {
        let root = digest_of("Subject: x\n\nbody\n").structure;
        assert_eq!(root.find(&[1]), Some(&root));
        assert_eq!(root.find(&[]), Some(&root));
        assert_eq!(root.find(&[1, 1]), None);
        assert_eq!(root.find(&[2]), None);

        let message = "Content-Type: message/rfc822\n\nSubject: y\n\nbody\n";
        let root = digest_of(message).structure;
        assert_eq!(root.find(&[1]), Some(&root));
        let inner = root.find(&[1, 1]).unwrap();
        assert_eq!(body(message, inner), "body\n");
        assert_eq!(root.message().unwrap().1, inner);
        assert_eq!(root.find(&[1, 1, 1]), None);
    }

    #[test]
    fn attachments_and_their_names() {
        for (header, attached, name) in [
            ("Content-Type: text/plain", false, None),
            ("Content-Type: text/plain; name=a.txt", true, Some("a.txt")),
            ("Content-Type: text/html\nContent-Disposition: attachment", true, None),
            ("Content-Type: text/plain; name=a\nContent-Disposition: inline", false, Some("a")),
            ("Content-Type: application/pdf", true, None),
            ("Content-Type: application/pdf\nContent-Disposition: inline", true, None),
            ("Content-Type: image/png\nContent-ID: <1@x>", false, None),
            ("Content-Type: image/png\nContent-Disposition: inline", true, None),
            ("Content-Type: message/rfc822", true, None),
            (
                "Content-Type: application/pdf; name=old.pdf\n\
                 Content-Disposition: x; filename*=utf-8''r%C3%A9.pdf",
                true,
                Some("r\u{e9}.pdf"),
            ),
        ] {
            let part = digest_of(format!("{header}\n\n\n")).structure;
            assert_eq!(part.is_attachment(), attached, "{header}");
            assert_eq!(part.filename().as_deref(), name, "{header}");
        }
    }
}
