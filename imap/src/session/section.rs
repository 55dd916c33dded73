//! Sections of a message: which octets of its body BODY[…] is.
//!
//! Failure: a part that is not there is NIL.

use std::ops::Range;

use imap_types::fetch::{Part as Path, Section};
use mailstore::body::BodyReader;
use mailstore::message::{Part, header_fields, limits::MAX_HEADER_BYTES};
use mailstore::{StoreError, body::BodyError};

/// What a section is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Content {
    /// Octets of the body.
    Range(Range<u64>),
    /// Octets made of it.
    Octets(Vec<u8>),
    /// Nothing: there is no such part.
    Nil,
}

impl Content {
    fn len(&self) -> u64 {
        match self {
            Self::Range(range) => range.end.saturating_sub(range.start),
            Self::Octets(octets) => octets.len() as u64,
            Self::Nil => 0,
        }
    }

    /// Some of it.
    // RFC 3501 §6.4.5, partial
    pub(super) fn part(self, from: u64, count: u64) -> Self {
        let from = from.min(self.len());
        let to = from.saturating_add(count).min(self.len());
        match self {
            Self::Range(range) => Self::Range(range.start + from..range.start + to),
            Self::Octets(octets) => {
                let place = |at| usize::try_from(at).unwrap_or(usize::MAX);
                Self::Octets(octets.get(place(from)..place(to)).unwrap_or_default().to_vec())
            }
            Self::Nil => Self::Nil,
        }
    }
}

/// Finds a section.
// RFC 3501 §6.4.5
pub(super) fn find(
    root: &Part,
    section: &Section<'_>,
    body: &BodyReader,
) -> Result<Content, BodyError> {
    Ok(match section {
        Section::Part(path) => {
            at(root, path).map_or(Content::Nil, |part| Content::Range(part.body_range()))
        }
        Section::Mime(path) => {
            at(root, path).map_or(Content::Nil, |part| Content::Range(part.header_range()))
        }
        Section::Header(path) => match message(root, path.as_ref()) {
            Some(part) => Content::Range(part.header_range()),
            None => Content::Nil,
        },
        Section::Text(path) => match message(root, path.as_ref()) {
            Some(part) => Content::Range(part.body_range()),
            None => Content::Nil,
        },
        Section::HeaderFields(path, names) => fields(message(root, path.as_ref()), body, |name| {
            names.as_ref().iter().any(|one| one.as_ref().eq_ignore_ascii_case(name.as_bytes()))
        })?,
        Section::HeaderFieldsNot(path, names) => {
            fields(message(root, path.as_ref()), body, |name| {
                !names.as_ref().iter().any(|one| one.as_ref().eq_ignore_ascii_case(name.as_bytes()))
            })?
        }
    })
}

fn at<'a>(root: &'a Part, path: &Path) -> Option<&'a Part> {
    let path: Vec<u32> = path.0.as_ref().iter().map(|number| number.get()).collect();
    root.find(&path)
}

/// The message whose HEADER or TEXT is asked for: this one, or one inside it.
fn message<'a>(root: &'a Part, path: Option<&Path>) -> Option<&'a Part> {
    match path {
        None => Some(root),
        Some(path) => at(root, path)?.message().map(|(_, child)| child),
    }
}

fn fields(
    part: Option<&Part>,
    body: &BodyReader,
    wanted: impl Fn(&str) -> bool,
) -> Result<Content, BodyError> {
    let Some(part) = part else { return Ok(Content::Nil) };
    let range = part.header_range();
    let length = usize::try_from(range.end.saturating_sub(range.start)).unwrap_or(usize::MAX);
    let header = body.read(range.start, length.min(MAX_HEADER_BYTES))?;
    let mut out = Vec::new();
    for field in header_fields(&header).filter(|field| wanted(field.name)) {
        out.extend_from_slice(field.raw);
    }
    out.extend_from_slice(b"\r\n");
    Ok(Content::Octets(out))
}

/// Some of decoded octets: `skip` are passed over, at most `left` are written; what is left of both.
pub(super) fn cut(octets: &[u8], skip: u64, left: u64, out: &mut Vec<u8>) -> (u64, u64) {
    let count = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
    let octets = match octets.get(count(skip)..) {
        Some(octets) => octets,
        None => return (skip - octets.len() as u64, left),
    };
    let octets = octets.get(..count(left)).unwrap_or(octets);
    out.extend_from_slice(octets);
    (0, left - octets.len() as u64)
}

/// Writes the name of a section, as a response repeats it.
pub(super) fn name(out: &mut Vec<u8>, section: Option<&Section<'_>>) {
    let (path, rest, names) = match section {
        None => return,
        Some(Section::Part(path)) => (Some(path), "", None),
        Some(Section::Mime(path)) => (Some(path), "MIME", None),
        Some(Section::Header(path)) => (path.as_ref(), "HEADER", None),
        Some(Section::Text(path)) => (path.as_ref(), "TEXT", None),
        Some(Section::HeaderFields(path, names)) => (path.as_ref(), "HEADER.FIELDS", Some(names)),
        Some(Section::HeaderFieldsNot(path, names)) => {
            (path.as_ref(), "HEADER.FIELDS.NOT", Some(names))
        }
    };
    if let Some(path) = path {
        let path: Vec<String> = path.0.as_ref().iter().map(ToString::to_string).collect();
        out.extend_from_slice(path.join(".").as_bytes());
        if !rest.is_empty() {
            out.push(b'.');
        }
    }
    out.extend_from_slice(rest.as_bytes());
    if let Some(names) = names {
        for (at, name) in names.as_ref().iter().enumerate() {
            out.extend_from_slice(if at == 0 { b" (" } else { b" " });
            header_name(out, name.as_ref());
        }
        out.push(b')');
    }
}

/// A field name, as an atom where it can be one: clients compare it with what they sent.
fn header_name(out: &mut Vec<u8>, name: &[u8]) {
    let atom = |octet: &u8| octet.is_ascii_graphic() && !b"(){%*\"\\]".contains(octet);
    if !name.is_empty() && name.iter().all(atom) {
        out.extend_from_slice(name);
    } else {
        crate::encode::string(out, name);
    }
}

/// Whether a damaged body is the cause.
pub(super) fn is_damage(error: &StoreError) -> bool {
    error.fault() == mailstore::Fault::Damage
}
