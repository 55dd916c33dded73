//! Tokens of IMAP, read one by one; for the commands that imap-codec lacks.
//!
//! Failure: `None`, and the command is refused.

use std::borrow::Cow;

/// Levels of parentheses.
pub const MAX_NESTING: usize = 20;

/// What is left of a line with its literals.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads from here.
    #[must_use]
    pub fn new(line: &'a [u8]) -> Self {
        Self { rest: line }
    }

    /// What is left.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether nothing is left.
    #[must_use]
    pub fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// This octet, if it comes next.
    pub fn octet(&mut self, octet: u8) -> Option<()> {
        let (first, rest) = self.rest.split_first()?;
        (*first == octet).then(|| self.rest = rest)
    }

    /// One space.
    pub fn space(&mut self) -> Option<()> {
        self.octet(b' ')
    }

    fn take_while(&mut self, belongs: impl Fn(u8) -> bool) -> Option<&'a str> {
        let end = self.rest.iter().position(|octet| !belongs(*octet)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).filter(|_| end > 0)?;
        self.rest = rest;
        std::str::from_utf8(taken).ok()
    }

    /// An atom; `]` is let through, as in `astring`.
    // RFC 3501 §9, ATOM-CHAR
    pub fn atom(&mut self) -> Option<&'a str> {
        self.take_while(|octet| octet.is_ascii_graphic() && !b"(){%*\"\\".contains(&octet))
    }

    /// A flag or an attribute: an atom, perhaps after a backslash.
    pub fn flag(&mut self) -> Option<String> {
        let system = self.octet(b'\\').is_some();
        let atom = self.atom()?;
        Some(if system { format!("\\{atom}") } else { atom.to_owned() })
    }

    /// A number.
    pub fn number(&mut self) -> Option<u64> {
        self.take_while(|octet| octet.is_ascii_digit())?.parse().ok()
    }

    /// A set of numbers as it stands.
    // RFC 3501 §9, sequence-set
    pub fn set(&mut self) -> Option<&'a str> {
        self.take_while(|octet| octet.is_ascii_digit() || b"*:,".contains(&octet))
    }

    /// The messages of a command: a set as it stands, or `$`.
    // RFC 5182 §2.1
    pub fn messages(&mut self) -> Option<&'a str> {
        match self.octet(b'$') {
            Some(()) => Some("$"),
            None => self.set(),
        }
    }

    /// Letters, digits and dots: the name of an item, before its section.
    pub fn word(&mut self) -> Option<&'a str> {
        self.take_while(|octet| octet.is_ascii_alphanumeric() || octet == b'.')
    }

    /// A string: quoted or a literal.
    pub fn string(&mut self) -> Option<Cow<'a, [u8]>> {
        match self.rest.first()? {
            b'"' => self.quoted().map(Cow::Owned),
            b'{' => self.literal().map(Cow::Borrowed),
            _ => None,
        }
    }

    /// A string or an atom, as text.
    // RFC 3501 §9, astring
    pub fn astring(&mut self) -> Option<String> {
        match self.rest.first()? {
            b'"' | b'{' => String::from_utf8(self.string()?.into_owned()).ok(),
            _ => self.atom().map(str::to_owned),
        }
    }

    /// As [`Reader::astring`], wildcards being allowed.
    // RFC 3501 §9, list-mailbox
    pub fn pattern(&mut self) -> Option<String> {
        match self.rest.first()? {
            b'"' | b'{' => self.astring(),
            _ => self
                .take_while(|octet| {
                    (octet.is_ascii_graphic() || octet > 127) && !b"(){\"\\".contains(&octet)
                })
                .map(str::to_owned),
        }
    }

    fn quoted(&mut self) -> Option<Vec<u8>> {
        let mut out = Vec::new();
        let mut octets = self.rest.iter().enumerate().skip(1);
        while let Some((at, octet)) = octets.next() {
            match octet {
                b'"' => {
                    self.rest = self.rest.get(at + 1..)?;
                    return Some(out);
                }
                // RFC 3501 §9, QUOTED-CHAR
                b'\\' => out.push(*octets.next().filter(|(_, c)| matches!(c, b'"' | b'\\'))?.1),
                b'\r' | b'\n' => return None,
                octet => out.push(*octet),
            }
        }
        None
    }

    fn literal(&mut self) -> Option<&'a [u8]> {
        let end = self.rest.iter().position(|octet| *octet == b'\n')?;
        let (line, rest) = self.rest.split_at_checked(end + 1)?;
        let size = crate::frame::announced(line.strip_suffix(b"\n")?)?.size;
        let (octets, rest) = rest.split_at_checked(usize::try_from(size).ok()?)?;
        self.rest = rest;
        (!octets.contains(&0)).then_some(octets)
    }

    /// A list in parentheses, each item read by `item`.
    pub fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Option<T>) -> Option<Vec<T>> {
        self.octet(b'(')?;
        let mut items = Vec::new();
        if self.octet(b')').is_some() {
            return Some(items);
        }
        loop {
            items.push(item(self)?);
            if self.octet(b')').is_some() {
                return Some(items);
            }
            self.space()?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_in_all_their_forms() {
        let mut reader = Reader::new(b"atom \"a \\\" b\" {3}\r\n) ( (a b) ()");
        assert_eq!(reader.astring().as_deref(), Some("atom"));
        reader.space().unwrap();
        assert_eq!(reader.astring().as_deref(), Some("a \" b"));
        reader.space().unwrap();
        assert_eq!(reader.astring().as_deref(), Some(") ("));
        reader.space().unwrap();
        let atom = |reader: &mut Reader<'_>| reader.atom().map(str::to_owned);
        assert_eq!(reader.list(atom), Some(vec!["a".to_owned(), "b".to_owned()]));
        reader.space().unwrap();
        assert_eq!(reader.list(atom), Some(Vec::new()));
        assert!(reader.is_at_end());
        for wrong in [&b"\"open"[..], b"\"\\x\"", b"{5}\r\nab", b"{1}\r\n\0", b""] {
            assert_eq!(Reader::new(wrong).astring(), None);
        }
    }
}
