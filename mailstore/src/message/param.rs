//! Structured MIME fields: a type and its parameters.
//!
//! Parameters are kept as they were sent: in order, repeated, with RFC 2231 sections apart and
//! their percent signs, since IMAP passes them to the client so. Only quotes are removed.
//! `value` puts sections together when somebody here wants to know. A field that cannot be
//! read is as if it were absent; a parameter that cannot be read is left out.

use super::limits::{Budget, FREE_TYPE_BYTES};
use super::raw::Raw;
use super::text;
use serde::{Deserialize, Serialize};
use std::fmt;

/// One parameter of Content-Type or Content-Disposition.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Param {
    /// Its name in lower case, with the `*0*` of RFC 2231 if it has it.
    pub name: String,
    /// Its value without quotes, else as sent.
    pub value: Raw,
}

impl fmt::Debug for Param {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Param({} bytes)", self.value.len())
    }
}

/// A Content-Disposition field.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Disposition {
    /// `inline`, `attachment` or another, in lower case.
    pub kind: String,
    /// Its parameters.
    pub params: Vec<Param>,
}

impl fmt::Debug for Disposition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Disposition({} params)", self.params.len())
    }
}

/// Type, subtype and parameters of a Content-Type field.
pub(super) type ContentType = (String, String, Vec<Param>);

// RFC 2045 §5.1
pub(super) fn content_type(field: &[u8], budget: &mut Budget) -> Option<ContentType> {
    let value = Raw::unfold(field, budget.limits().value_bytes);
    let mut words = Words::new(value.as_bytes());
    let media_type = words.token()?;
    words.eat(b'/').then_some(())?;
    let subtype = words.token()?;
    words.ends_or_meets(b';').then_some(())?;
    let length = media_type.len() + subtype.len();
    let paid = length <= FREE_TYPE_BYTES || budget.take(length);
    paid.then_some(())?;
    Some((media_type, subtype, params(&mut words, budget)))
}

// RFC 2183 §2
pub(super) fn disposition(field: &[u8], budget: &mut Budget) -> Option<Disposition> {
    let value = Raw::unfold(field, budget.limits().value_bytes);
    let mut words = Words::new(value.as_bytes());
    let kind = words.token()?;
    budget.take(kind.len() + size_of::<Disposition>()).then_some(())?;
    Some(Disposition { kind, params: params(&mut words, budget) })
}

/// The one token of a Content-Transfer-Encoding field.
// RFC 2045 §6.1
pub(super) fn token(field: &[u8]) -> Option<String> {
    let value = Raw::unfold(field, usize::MAX);
    Words::new(value.as_bytes()).token()
}

fn params(words: &mut Words<'_>, budget: &mut Budget) -> Vec<Param> {
    let mut params = Vec::new();
    while params.len() < budget.limits().params && words.skip_past(b';') {
        let Some(name) = words.token() else { continue };
        if !words.eat(b'=') {
            continue;
        }
        let value = words.value();
        if !budget.take(name.len() + size_of::<Param>()) {
            break;
        }
        let Some(value) = budget.raw(&value) else {
            break;
        };
        params.push(Param { name, value });
    }
    params
}

/// A parameter's value with its RFC 2231 sections put together.
#[derive(Default)]
pub(super) struct Value {
    charset: Option<Vec<u8>>,
    pub(super) bytes: Vec<u8>,
    extended: bool,
}

impl Value {
    /// For people. A value without RFC 2231's marks may hold encoded words: RFC 2047 §5 forbids
    /// them there, half of the programs send them.
    pub(super) fn decode(&self) -> String {
        if self.extended {
            text::decode(text::charset(self.charset.as_deref(), &self.bytes).as_bytes())
        } else {
            text::decode(&self.bytes)
        }
    }

    /// Adds a section: `charset'language'text` with percent signs, or plain text.
    // RFC 2231 §4
    fn add(&mut self, section: &[u8], extended: bool) {
        if !extended {
            self.bytes.extend_from_slice(section);
            return;
        }
        let mut section = section;
        if !self.extended && self.bytes.is_empty() {
            let mut quotes = section.splitn(3, |&byte| byte == b'\'');
            if let (Some(charset), Some(_), Some(rest)) =
                (quotes.next(), quotes.next(), quotes.next())
            {
                self.charset = Some(charset.to_vec()).filter(|charset| !charset.is_empty());
                section = rest;
            }
        }
        self.extended = true;
        percent_decode(section, &mut self.bytes);
    }
}

fn percent_decode(mut text: &[u8], out: &mut Vec<u8>) {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    while let [first, rest @ ..] = text {
        text = rest;
        if let (b'%', [high, low, after @ ..]) = (first, rest)
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
            && let Ok(byte) = u8::try_from(high * 16 + low)
        {
            out.push(byte);
            text = after;
        } else {
            out.push(*first);
        }
    }
}

/// The parameter `name` (lower case): extended, in sections, or plain, in this order.
// RFC 2231 §3
pub(super) fn value(params: &[Param], name: &str) -> Option<Value> {
    let named = |wanted: &str| {
        let found = params.iter().find(|param| param.name == wanted);
        found.map(|param| param.value.as_bytes())
    };
    let mut value = Value::default();
    if let Some(section) = named(&format!("{name}*")) {
        value.add(section, true);
        return Some(value);
    }
    for n in 0..params.len() {
        if let Some(section) = named(&format!("{name}*{n}*")) {
            value.add(section, true);
        } else if let Some(section) = named(&format!("{name}*{n}")) {
            value.add(section, false);
        } else if n == 0 {
            break;
        } else {
            return Some(value);
        }
    }
    if value.bytes.is_empty() {
        value.add(named(name)?, false);
    }
    Some(value)
}

/// Reads the words of a structured field.
struct Words<'a> {
    rest: &'a [u8],
}

impl<'a> Words<'a> {
    fn new(value: &'a [u8]) -> Self {
        Self { rest: value }
    }

    fn split(&mut self, at: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    fn take_while(&mut self, wanted: impl Fn(u8) -> bool) -> &'a [u8] {
        let end = self.rest.iter().position(|&byte| !wanted(byte));
        self.split(end.unwrap_or(self.rest.len()))
    }

    /// White space and comments, which nest.
    // RFC 5322 §3.2.2
    fn skip_space(&mut self) {
        loop {
            self.rest = self.rest.trim_ascii_start();
            if self.rest.first() != Some(&b'(') {
                return;
            }
            self.skip_comment();
        }
    }

    fn skip_comment(&mut self) {
        let mut depth = 0_usize;
        let mut bytes = self.rest.iter().enumerate();
        while let Some((at, byte)) = bytes.next() {
            match byte {
                b'\\' => {
                    bytes.next();
                }
                b'(' => depth += 1,
                b')' if depth == 1 => {
                    self.split(at + 1);
                    return;
                }
                b')' => depth -= 1,
                _ => {}
            }
        }
        self.rest = &[];
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.skip_space();
        match self.rest.split_first() {
            Some((first, rest)) if *first == byte => {
                self.rest = rest;
                true
            }
            _ => false,
        }
    }

    fn ends_or_meets(&mut self, byte: u8) -> bool {
        self.skip_space();
        self.rest.first().is_none_or(|&first| first == byte)
    }

    /// Goes behind the next such byte; false at the end.
    fn skip_past(&mut self, byte: u8) -> bool {
        self.take_while(|other| other != byte);
        !self.split(1).is_empty()
    }

    /// A token in lower case.
    // RFC 2045 §5.1
    fn token(&mut self) -> Option<String> {
        self.skip_space();
        let token = self.take_while(|b| b.is_ascii_graphic() && !b"()<>@,;:\\\"/[]?=".contains(&b));
        let token = str::from_utf8(token).ok()?.to_ascii_lowercase();
        (!token.is_empty()).then_some(token)
    }

    /// A parameter's value: quoted, or all up to white space; if then no comment, semicolon or
    /// end follows, somebody forgot the quotes and all up to the semicolon is meant.
    fn value(&mut self) -> Vec<u8> {
        self.skip_space();
        if self.rest.first() == Some(&b'"') {
            self.split(1);
            return self.quoted();
        }
        let whole = self.rest;
        let value = self.take_while(|byte| byte != b';' && !byte.is_ascii_whitespace());
        if self.ends_or_meets(b';') {
            return value.to_vec();
        }
        self.rest = whole;
        self.take_while(|byte| byte != b';').trim_ascii().to_vec()
    }

    /// The rest of a quoted string, whose end may be missing.
    // RFC 5322 §3.2.4
    fn quoted(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        while let [first, rest @ ..] = self.rest {
            self.rest = rest;
            match (first, rest) {
                (b'"', _) => break,
                (b'\\', [escaped, after @ ..]) => {
                    text.push(*escaped);
                    self.rest = after;
                }
                _ => text.push(*first),
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::Limits;
    use super::*;

    fn read(field: &str) -> Option<(String, Vec<(String, String)>)> {
        let mut budget = Budget::new(Limits::default());
        let (media_type, subtype, params) = content_type(field.as_bytes(), &mut budget)?;
        let params = params
            .into_iter()
            .map(|p| (p.name, String::from_utf8(p.value.as_bytes().to_vec()).unwrap()))
            .collect();
        Some((format!("{media_type}/{subtype}"), params))
    }

    fn decoded(field: &str, name: &str) -> Option<String> {
        let mut budget = Budget::new(Limits::default());
        let (_, _, params) = content_type(field.as_bytes(), &mut budget)?;
        value(&params, name).map(|value| value.decode())
    }

    #[test]
    fn content_types() {
        for (field, media_type, params) in [
            ("Text/Plain", "text/plain", vec![]),
            (
                " text/plain; charset=us-ascii (Plain (old) text)",
                "text/plain",
                vec![("charset", "us-ascii")],
            ),
            (
                "multipart / mixed ;\r\n Boundary=\"a;\\\"b\" ; x=",
                "multipart/mixed",
                vec![("boundary", "a;\"b"), ("x", "")],
            ),
            (
                "application/pdf; name=my report (1).pdf; ; =y; z",
                "application/pdf",
                vec![("name", "my report (1).pdf")],
            ),
            ("a/b; n=\"open", "a/b", vec![("n", "open")]),
        ] {
            let (found, found_params) = read(field).unwrap();
            assert_eq!(found, media_type);
            let found_params: Vec<_> =
                found_params.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            assert_eq!(found_params, params, "{field}");
        }
    }

    #[test]
    fn what_is_no_content_type_is_none() {
        for field in [
            "",
            "text",
            "text/",
            "/plain",
            "text plain",
            "text/plain x",
            "(text/plain",
            "t\u{e9}/x",
        ] {
            assert_eq!(read(field), None, "{field}");
        }
    }

    #[test]
    fn sections_and_character_sets_are_put_together() {
        for (params, name) in [
            ("name*=utf-8'fr'r%C3%A9sum%c3%a9.pdf", "r\u{e9}sum\u{e9}.pdf"),
            ("name*=iso-8859-1''r%e9.pdf; name=other", "r\u{e9}.pdf"),
            ("name*0*=utf-8''r%C3; name*1*=%A9; name*2=\"%20.pdf\"; name*4=no", "r\u{e9}%20.pdf"),
            ("name*0=\"a\"; name*1=\"b\"", "ab"),
            ("name=\"=?utf-8?Q?r=C3=A9?=\"", "r\u{e9}"),
            ("name*=no-quotes%zz", "no-quotes%zz"),
        ] {
            let field = format!("a/b; {params}");
            assert_eq!(decoded(&field, "name").as_deref(), Some(name), "{params}");
        }
        assert_eq!(decoded("a/b; x=y", "name"), None);
    }
}
