//! A header section as its fields.
//!
//! Lines end at LF with or without CR. What is not a field (no colon, a name with spaces) is
//! passed over together with its continuation lines. An empty line ends the section.

use super::raw::Raw;
use super::text;
use std::fmt;

/// One field of a header section, still folded.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Field<'a> {
    /// Its name as it was written.
    pub name: &'a str,
    /// What follows the colon, folds and the last line end included.
    pub value: &'a [u8],
    /// The whole field with its line ends, as `BODY[HEADER.FIELDS]` sends it.
    pub raw: &'a [u8],
}

impl Field<'_> {
    /// Whether the field has this name; case does not count.
    #[must_use]
    pub fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    /// The value unfolded.
    #[must_use]
    pub fn unfolded(&self) -> Raw {
        Raw::unfold(self.value, usize::MAX)
    }

    /// The value for people.
    #[must_use]
    pub fn decoded(&self) -> String {
        text::decode(self.value)
    }
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Field({} bytes)", self.raw.len())
    }
}

/// The fields of a header section, in order.
#[must_use]
pub fn header_fields(header: &[u8]) -> HeaderFields<'_> {
    HeaderFields { rest: header }
}

/// Iterator of [`header_fields`].
#[derive(Clone)]
pub struct HeaderFields<'a> {
    rest: &'a [u8],
}

impl fmt::Debug for HeaderFields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HeaderFields({} bytes)", self.rest.len())
    }
}

impl<'a> Iterator for HeaderFields<'a> {
    type Item = Field<'a>;

    fn next(&mut self) -> Option<Field<'a>> {
        loop {
            if matches!(self.rest, [] | [b'\n', ..] | [b'\r', b'\n', ..]) {
                self.rest = &[];
                return None;
            }
            let (raw, rest) = self.rest.split_at_checked(field_length(self.rest))?;
            self.rest = rest;
            if let Some(field) = parse(raw) {
                return Some(field);
            }
        }
    }
}

/// The length of the line at the start of `lines` and of its continuations.
// RFC 5322 §2.2.3
fn field_length(lines: &[u8]) -> usize {
    memchr::memchr_iter(b'\n', lines)
        .map(|end| end + 1)
        .find(|&next| !matches!(lines.get(next), Some(b' ' | b'\t')))
        .unwrap_or(lines.len())
}

// RFC 5322 §3.6.8; white space before the colon is of its §4.5.8.
fn parse(raw: &[u8]) -> Option<Field<'_>> {
    let (name, value) = raw.split_at_checked(memchr::memchr(b':', raw)?)?;
    let name = name.trim_ascii_end();
    if name.is_empty() || !name.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    Some(Field { name: str::from_utf8(name).ok()?, value: value.get(1..)?, raw })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_found_among_folds_and_rubbish() {
        let header =
            b"From mbox line\r\n with: more\r\nSubject: a\r\n  b\r\nX-Obs : 1\nbad name: 2\r\n\
            Empty:\r\nX:y\r\n\r\nBody: no\r\n";
        let fields: Vec<_> = header_fields(header)
            .map(|field| (field.name, field.unfolded().as_bytes().to_vec()))
            .collect();
        assert_eq!(
            fields,
            [
                ("Subject", b"a  b".to_vec()),
                ("X-Obs", b"1".to_vec()),
                ("Empty", vec![]),
                ("X", b"y".to_vec()),
            ]
        );
        let raw: Vec<_> = header_fields(header).map(|field| field.raw).collect();
        assert_eq!(raw[0], b"Subject: a\r\n  b\r\n");
    }

    #[test]
    fn a_field_without_line_end_counts() {
        let field = header_fields(b"A: b").next().unwrap();
        assert_eq!((field.name, field.value), ("A", &b" b"[..]));
        assert!(field.is("a"));
        assert_eq!(header_fields(b"").next(), None);
    }
}
