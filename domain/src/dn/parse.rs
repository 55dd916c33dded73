//! The string form of a distinguished name, read into its attributes.
//!
//! Invariant: an attribute ends only at a `,` or `+` that nothing protects. Failure: [`DnError`].

use std::iter::Peekable;
use std::str::Chars;

use super::{AttributeType, DnError, MAX_ATTRIBUTES};

/// `attribute *(("," / "+") attribute)`, most specific first.
// RFC 4514 §3
pub(super) fn read(text: &str) -> Result<Vec<(AttributeType, String)>, DnError> {
    let mut attributes = Vec::new();
    let mut rest = text.chars().peekable();
    skip_blanks(&mut rest);
    if rest.peek().is_none() {
        return Err(DnError::Empty);
    }
    loop {
        if attributes.len() == MAX_ATTRIBUTES {
            return Err(DnError::TooManyAttributes);
        }
        attributes.push((read_type(&mut rest)?, read_value(&mut rest)?));
        match rest.next() {
            None => return Ok(attributes),
            Some(',' | '+') => {}
            Some(_) => return Err(DnError::Separator),
        }
    }
}

fn read_type(rest: &mut Peekable<Chars<'_>>) -> Result<AttributeType, DnError> {
    let mut name = String::new();
    loop {
        match rest.next() {
            Some('=') => return AttributeType::from_name(name.trim()),
            None | Some(',' | '+' | ';' | '"' | '\\') => return Err(DnError::MissingEquals),
            Some(c) => name.push(c),
        }
    }
}

/// A value up to the separator, which stays in `rest`.
fn read_value(rest: &mut Peekable<Chars<'_>>) -> Result<String, DnError> {
    skip_blanks(rest);
    match rest.peek() {
        Some('#') => read_hex(rest),
        Some('"') => read_quoted(rest),
        _ => read_plain(rest),
    }
}

fn read_plain(rest: &mut Peekable<Chars<'_>>) -> Result<String, DnError> {
    let mut value = Octets::default();
    while let Some(&c) = rest.peek() {
        match c {
            ',' | '+' => break,
            // LDAPv2 read it as a separator, RFC 4514 wants it escaped: no guess.
            ';' => return Err(DnError::Separator),
            _ => {
                rest.next();
            }
        }
        if c == '\\' { value.push_escape(rest)? } else { value.push(c) }
    }
    value.finish()
}

/// The older form `"…"`, in which only `"` and `\` need a backslash.
// RFC 2253 §4
fn read_quoted(rest: &mut Peekable<Chars<'_>>) -> Result<String, DnError> {
    rest.next();
    let mut value = Octets::default();
    loop {
        match rest.next() {
            None => return Err(DnError::Separator),
            Some('"') => break,
            Some('\\') => value.push_escape(rest)?,
            Some(c) => value.push(c),
        }
    }
    skip_blanks(rest);
    value.finish()
}

/// `#` and the DER form of a text.
// RFC 4514 §2.4
fn read_hex(rest: &mut Peekable<Chars<'_>>) -> Result<String, DnError> {
    rest.next();
    let mut der = Vec::new();
    while let Some(high) = rest.next_if(char::is_ascii_hexdigit) {
        let low = rest.next_if(char::is_ascii_hexdigit).ok_or(DnError::Hex)?;
        der.push(octet(high, low).ok_or(DnError::Hex)?);
    }
    skip_blanks(rest);
    der_text(&der)
}

/// UTF8String, NumericString, PrintableString, IA5String and BMPString; of other types we cannot tell the text.
// ITU-T X.690 §8.1
fn der_text(der: &[u8]) -> Result<String, DnError> {
    let (tag, length, content) = match der {
        [tag, 0x81, length, content @ ..] => (tag, *length, content),
        [tag, length @ 0..=0x7F, content @ ..] => (tag, *length, content),
        _ => return Err(DnError::Hex),
    };
    if usize::from(length) != content.len() {
        return Err(DnError::Hex);
    }
    match tag {
        0x0C => String::from_utf8(content.to_vec()).map_err(|_| DnError::NotUtf8),
        0x12 | 0x13 | 0x16 if content.is_ascii() => {
            String::from_utf8(content.to_vec()).map_err(|_| DnError::NotUtf8)
        }
        0x1E => {
            let (units, odd) = content.as_chunks::<2>();
            let text = String::from_utf16(
                &units.iter().map(|unit| u16::from_be_bytes(*unit)).collect::<Vec<_>>(),
            );
            text.ok().filter(|_| odd.is_empty()).ok_or(DnError::Hex)
        }
        _ => Err(DnError::Hex),
    }
}

fn skip_blanks(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|c| c.is_whitespace()).is_some() {}
}

fn octet(high: char, low: char) -> Option<u8> {
    u8::try_from(high.to_digit(16)? * 16 + low.to_digit(16)?).ok()
}

/// A value in the making: escapes give octets, which together must be UTF-8.
#[derive(Default)]
struct Octets(Vec<u8>);

impl Octets {
    fn push(&mut self, c: char) {
        self.0.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
    }

    /// What follows a backslash.
    // RFC 4514 §3: pair
    fn push_escape(&mut self, rest: &mut Peekable<Chars<'_>>) -> Result<(), DnError> {
        match rest.next() {
            Some(c @ ('\\' | '"' | '+' | ',' | ';' | '<' | '>' | ' ' | '#' | '=')) => self.push(c),
            Some(high) if high.is_ascii_hexdigit() => {
                let low = rest.next().ok_or(DnError::Escape)?;
                self.0.push(octet(high, low).ok_or(DnError::Escape)?);
            }
            _ => return Err(DnError::Escape),
        }
        Ok(())
    }

    /// Blanks at the ends go: they never count, so that an escaped one may go too.
    fn finish(self) -> Result<String, DnError> {
        String::from_utf8(self.0).map(|text| text.trim().to_owned()).map_err(|_| DnError::NotUtf8)
    }
}

#[cfg(test)]
mod tests {
    use super::super::DistinguishedName;
    use super::*;

    #[test]
    fn values_in_every_form() {
        for (text, value) in [
            ("O= a b ", "a b"),
            ("O=a\\, b", "a, b"),
            ("O=a\\2C b", "a, b"),
            ("O=a=b", "a=b"),
            ("O=a \"b\" <c>", "a \"b\" <c>"),
            ("O=\"a, \\\"b\\\"\" ", "a, \"b\""),
            ("O=\\#a", "#a"),
            ("O=#0C0161", "a"),
            ("O=#13810161", "a"),
            ("O=#1E0400E90061", "éa"),
            ("O=\\C3\\A9", "é"),
        ] {
            assert_eq!(
                read(text),
                Ok(vec![(AttributeType::Organization, value.to_owned())]),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_name() {
        use DnError::*;
        let many = vec!["O=a"; 33].join(",");
        let table = [
            ("", Empty),
            ("  ", Empty),
            ("a", MissingEquals),
            ("O=a,", MissingEquals),
            ("O=CENTRE, ANNEXE,C=FR", MissingEquals),
            ("O=A+B,C=FR", MissingEquals),
            ("X=a", UnknownType),
            ("=a", UnknownType),
            ("O=", EmptyValue),
            ("O=\\ ,C=FR", EmptyValue),
            ("O=a\\", Escape),
            ("O=a\\x", Escape),
            ("O=a\\Cx", Escape),
            ("O=a;C=FR", Separator),
            ("O=\"a\"b", Separator),
            ("O=\"a", Separator),
            ("O=#", Hex),
            ("O=#0", Hex),
            ("O=#0C02", Hex),
            ("O=#0C0161zz", Separator),
            ("O=#020101", Hex),
            ("O=#1E0161", Hex),
            ("O=#1301E9", Hex),
            ("O=#0C01E9", NotUtf8),
            ("O=\\E9", NotUtf8),
            ("O=a\\00b", ControlCharacter),
            ("O=a\tb", ControlCharacter),
            (many.as_str(), TooManyAttributes),
        ];
        for (text, reason) in table {
            assert_eq!(text.parse::<DistinguishedName>().unwrap_err(), reason, "{text}");
        }
    }
}
