//! Address lists as ENVELOPE shows them.
//!
//! Names keep their encoded words; quotes and comments are gone. Whatever stands in the field,
//! the result can be sent: an address that has no domain gets an empty one, because IMAP keeps
//! NIL there for the marks of a group. One pass over the bytes, no recursion.

use super::limits::Budget;
use super::raw::Raw;
use serde::{Deserialize, Serialize};
use std::fmt;

/// An element of an address list. The order of variants is the stored format: never change it.
// RFC 3501 §7.4.2
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Address {
    /// Somebody.
    Mailbox {
        /// The display name, or the comment that stands for it.
        name: Option<Raw>,
        /// The source route of old (`@a,@b`).
        route: Option<Raw>,
        /// The part before the `@`, without quotes.
        mailbox: Raw,
        /// The domain, empty if there was none.
        host: Raw,
    },
    /// A group of this name begins.
    GroupStart(Raw),
    /// The group ends.
    GroupEnd,
}

impl Address {
    /// `mailbox@host`, if it is somebody's.
    #[must_use]
    pub fn addr_spec(&self) -> Option<String> {
        match self {
            Self::Mailbox { mailbox, host, .. } => Some(format!(
                "{}@{}",
                String::from_utf8_lossy(mailbox.as_bytes()),
                String::from_utf8_lossy(host.as_bytes())
            )),
            Self::GroupStart(_) | Self::GroupEnd => None,
        }
    }

    /// The display name (or the group's name) for people.
    #[must_use]
    pub fn display_name(&self) -> Option<String> {
        match self {
            Self::Mailbox { name, .. } => name.as_ref().map(Raw::decode),
            Self::GroupStart(name) => Some(name.decode()),
            Self::GroupEnd => None,
        }
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mailbox { .. } => "Mailbox",
            Self::GroupStart(_) => "GroupStart",
            Self::GroupEnd => "GroupEnd",
        })
    }
}

/// Adds the addresses of a field to `list`, up to the limit.
// RFC 5322 §3.4
pub(super) fn read(field: &[u8], list: &mut Vec<Address>, budget: &mut Budget) {
    let value = Raw::unfold(field, usize::MAX);
    let mut reader = Reader {
        rest: value.as_bytes(),
        list,
        budget,
        in_group: false,
        element: Element::default(),
    };
    while reader.step() {}
    reader.end_element();
    reader.end_group();
}

/// One address while it is read.
#[derive(Default)]
struct Element {
    /// Words with one space between them: the display name if `<` follows.
    phrase: Vec<u8>,
    /// The same words without space: the local part if `@` follows.
    local: Vec<u8>,
    /// What follows the `@`.
    domain: Option<Vec<u8>>,
    comment: Option<Vec<u8>>,
    /// White space was met since the last word.
    space: bool,
    angle: Option<Angle>,
}

/// What stood between `<` and `>`.
#[derive(Default)]
struct Angle {
    route: Option<Vec<u8>>,
    local: Vec<u8>,
    domain: Vec<u8>,
}

impl Element {
    fn word(&mut self, word: &[u8]) {
        if self.space && !self.phrase.is_empty() {
            self.phrase.push(b' ');
        }
        self.space = false;
        self.phrase.extend_from_slice(word);
        match &mut self.domain {
            Some(domain) => domain.extend_from_slice(word),
            None => self.local.extend_from_slice(word),
        }
    }

    fn at(&mut self) {
        match &mut self.domain {
            Some(domain) => domain.push(b'@'),
            None => self.domain = Some(Vec::new()),
        }
        self.phrase.push(b'@');
        self.space = false;
    }

    fn is_empty(&self) -> bool {
        self.local.is_empty() && self.domain.is_none() && self.angle.is_none()
    }
}

struct Reader<'a> {
    rest: &'a [u8],
    list: &'a mut Vec<Address>,
    budget: &'a mut Budget,
    in_group: bool,
    element: Element,
}

impl<'a> Reader<'a> {
    /// Reads one word or sign; false at the end or when the list is full.
    fn step(&mut self) -> bool {
        let Some((&first, rest)) = self.rest.split_first() else {
            return false;
        };
        match first {
            b' ' | b'\t' => {
                self.element.space = true;
                self.rest = rest;
            }
            b'"' => {
                self.rest = rest;
                let text = self.delimited(b'"');
                self.element.word(&text);
            }
            b'(' => {
                let comment = self.comment();
                self.element.comment = Some(comment);
                self.element.space = true;
            }
            b'<' => {
                self.rest = rest;
                self.element.angle = Some(self.angle());
            }
            b'@' => {
                self.element.at();
                self.rest = rest;
            }
            b',' => {
                self.rest = rest;
                self.end_element();
            }
            b';' => {
                self.rest = rest;
                self.end_element();
                self.end_group();
            }
            b':' if !self.in_group && self.element.domain.is_none() => {
                self.rest = rest;
                let name = std::mem::take(&mut self.element).phrase;
                if let Some(name) = self.budget.raw(&name) {
                    self.in_group = self.push(Address::GroupStart(name));
                }
            }
            b'[' => {
                let literal = self.domain_literal();
                self.element.word(literal);
            }
            _ => {
                let word = self.atom();
                self.element.word(word);
            }
        }
        self.list.len() < self.budget.limits().addresses
    }

    fn split(&mut self, at: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at_checked(at).unwrap_or((self.rest, &[]));
        self.rest = rest;
        taken
    }

    /// At least one byte, up to white space or a sign.
    fn atom(&mut self) -> &'a [u8] {
        let ends = |byte: &u8| b" \t\"(<@,;:[>".contains(byte);
        let end = self.rest.iter().skip(1).position(ends);
        self.split(end.map_or(self.rest.len(), |end| end + 1))
    }

    /// `[…]`, or the bracket alone if it is not closed before the next sign: looking further
    /// would read a row of brackets over and over.
    // RFC 5322 §3.4.1
    fn domain_literal(&mut self) -> &'a [u8] {
        let signs = |byte: &u8| b"[]<>,;\"(".contains(byte);
        let end = self.rest.iter().skip(1).position(signs);
        let closed = end.filter(|end| self.rest.get(end + 1) == Some(&b']'));
        self.split(closed.map_or(1, |end| end + 2))
    }

    /// Text up to the closing sign, without backslashes.
    fn delimited(&mut self, close: u8) -> Vec<u8> {
        let mut text = Vec::new();
        while let [first, rest @ ..] = self.rest {
            self.rest = rest;
            match (first, rest) {
                (first, _) if *first == close => break,
                (b'\\', [escaped, after @ ..]) => {
                    text.push(*escaped);
                    self.rest = after;
                }
                _ => text.push(*first),
            }
        }
        text
    }

    /// A comment with those inside it.
    fn comment(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut depth = 0_usize;
        while let [first, rest @ ..] = self.rest {
            self.rest = rest;
            match (first, rest) {
                (b')', _) if depth <= 1 => break,
                (b'\\', [escaped, after @ ..]) => {
                    text.push(*escaped);
                    self.rest = after;
                    continue;
                }
                (b')', _) => depth -= 1,
                (b'(', _) => {
                    depth += 1;
                    if depth == 1 {
                        continue;
                    }
                }
                _ => {}
            }
            text.push(*first);
        }
        text
    }

    /// What stands between `<` and `>`; without `>`, all up to the comma.
    // RFC 5322 §4.4
    fn angle(&mut self) -> Angle {
        let mut angle = Angle::default();
        let mut in_domain = false;
        while let Some((&first, rest)) = self.rest.split_first() {
            let routing = !in_domain && angle.local.is_empty() && angle.route.is_none();
            match first {
                b'>' => {
                    self.rest = rest;
                    break;
                }
                b'@' if routing => {
                    if let Some(end) = self.route_length() {
                        angle.route = Some(self.split(end).to_vec());
                        self.split(1);
                        continue;
                    }
                    self.rest = rest;
                    in_domain = true;
                }
                b',' | b';' => break,
                b'(' => {
                    self.comment();
                }
                b'"' if !in_domain => {
                    self.rest = rest;
                    let text = self.delimited(b'"');
                    angle.local.extend(text);
                }
                b'@' if !in_domain => {
                    self.rest = rest;
                    in_domain = true;
                }
                _ => {
                    self.rest = rest;
                    let part = if in_domain { &mut angle.domain } else { &mut angle.local };
                    if !first.is_ascii_whitespace() {
                        part.push(first);
                    }
                }
            }
        }
        angle
    }

    /// The length of `@a,@b` if a colon ends it within these brackets.
    fn route_length(&self) -> Option<usize> {
        let end = self.rest.iter().position(|byte| b":><;\"".contains(byte))?;
        (self.rest.get(end) == Some(&b':')).then_some(end)
    }

    fn end_element(&mut self) {
        let element = std::mem::take(&mut self.element);
        if element.is_empty() {
            return;
        }
        let (name, route, mailbox, host) = match element.angle {
            Some(angle) => (Some(element.phrase), angle.route, angle.local, angle.domain),
            None => (None, None, element.local, element.domain.unwrap_or_default()),
        };
        let name = name.filter(|name| !name.is_empty()).or(element.comment);
        let mut kept = |value: Option<Vec<u8>>| value.and_then(|value| self.budget.raw(&value));
        let (name, route) = (kept(name), kept(route));
        if let (Some(mailbox), Some(host)) = (kept(Some(mailbox)), kept(Some(host))) {
            self.push(Address::Mailbox { name, route, mailbox, host });
        }
    }

    fn end_group(&mut self) {
        if std::mem::take(&mut self.in_group) {
            // Without its end a group's beginning could not be sent: never refused.
            self.list.push(Address::GroupEnd);
        }
    }

    fn push(&mut self, address: Address) -> bool {
        let room = self.list.len() < self.budget.limits().addresses;
        let kept = room && self.budget.take(size_of::<Address>());
        if kept {
            self.list.push(address);
        }
        kept
    }
}

#[cfg(test)]
mod tests {
    use super::super::limits::Limits;
    use super::*;
    use proptest::prelude::*;

    fn list(field: &[u8]) -> Vec<Address> {
        let mut list = Vec::new();
        read(field, &mut list, &mut Budget::new(Limits::default()));
        list
    }

    /// `name|route|mailbox|host` of each, `{name` and `}` for groups.
    fn shown(field: &str) -> Vec<String> {
        let text = |raw: &Raw| String::from_utf8(raw.as_bytes().to_vec()).unwrap();
        let optional = |raw: &Option<Raw>| raw.as_ref().map_or("NIL".into(), text);
        list(field.as_bytes())
            .iter()
            .map(|address| match address {
                Address::Mailbox { name, route, mailbox, host } => format!(
                    "{}|{}|{}|{}",
                    optional(name),
                    optional(route),
                    text(mailbox),
                    text(host)
                ),
                Address::GroupStart(name) => format!("{{{}", text(name)),
                Address::GroupEnd => "}".into(),
            })
            .collect()
    }

    #[test]
    fn address_lists() {
        for (field, expected) in [
            ("a@b.c", vec!["NIL|NIL|a|b.c"]),
            ("Jo  Q. Public <jo@x.org>", vec!["Jo Q. Public|NIL|jo|x.org"]),
            ("\"Doe, \\\"J\\\"\" <j@x>, k@y", vec!["Doe, \"J\"|NIL|j|x", "NIL|NIL|k|y"]),
            ("=?utf-8?Q?R=C3=A9my?= <r@x>", vec!["=?utf-8?Q?R=C3=A9my?=|NIL|r|x"]),
            ("j@x (John (jr) Doe)", vec!["John (jr) Doe|NIL|j|x"]),
            ("\"john doe\"@x", vec!["NIL|NIL|john doe|x"]),
            ("<@a.b,@c.d:e@f>", vec!["NIL|@a.b,@c.d|e|f"]),
            ("x@[IPv6:::1]", vec!["NIL|NIL|x|[IPv6:::1]"]),
            ("<y@[1.2.3.4]>", vec!["NIL|NIL|y|[1.2.3.4]"]),
            ("A Group:Ed <e@x>,j@y;", vec!["{A Group", "Ed|NIL|e|x", "NIL|NIL|j|y", "}"]),
            ("Undisclosed recipients:;", vec!["{Undisclosed recipients", "}"]),
            ("g: a@b", vec!["{g", "NIL|NIL|a|b", "}"]),
            ("g:a@b;, c@d", vec!["{g", "NIL|NIL|a|b", "}", "NIL|NIL|c|d"]),
            ("a@b; c@d", vec!["NIL|NIL|a|b", "NIL|NIL|c|d"]),
            ("jo@x.org <jo@x.org>", vec!["jo@x.org|NIL|jo|x.org"]),
            ("[a, [[b@c", vec!["NIL|NIL|[a|", "NIL|NIL|[[b|c"]),
            ("nobody", vec!["NIL|NIL|nobody|"]),
            ("<>", vec!["NIL|NIL||"]),
            ("Name <n@x", vec!["Name|NIL|n|x"]),
            ("Name <n@x, m@y", vec!["Name|NIL|n|x", "NIL|NIL|m|y"]),
            ("a @ b . c", vec!["NIL|NIL|a|b.c"]),
            ("R\u{e9}my <r\u{e9}@x>", vec!["R\u{e9}my|NIL|r\u{e9}|x"]),
            (" , ,", vec![]),
            ("", vec![]),
            ("(only a comment)", vec![]),
            ("> a@b", vec!["NIL|NIL|>a|b"]),
        ] {
            assert_eq!(shown(field), expected, "{field}");
        }
    }

    #[test]
    fn a_list_is_bounded_and_its_group_still_ends() {
        let field = format!("g:{}", "a@b,".repeat(5_000));
        let list = list(field.as_bytes());
        assert_eq!(list.len(), 1_001);
        assert_eq!(list.last(), Some(&Address::GroupEnd));
    }

    proptest! {
        #[test]
        fn any_field_is_some_list_with_paired_groups(field in r#"([ -~]|[<>@,;:"()\[\]\\]|a){0,60}"#) {
            let mut open = false;
            for address in list(field.as_bytes()) {
                match address {
                    Address::GroupStart(_) => prop_assert!(!std::mem::replace(&mut open, true)),
                    Address::GroupEnd => prop_assert!(std::mem::replace(&mut open, false)),
                    Address::Mailbox { .. } => {}
                }
            }
            prop_assert!(!open);
        }
    }
}
