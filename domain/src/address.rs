//! Mail addresses and the reverse path.
//!
//! Invariants of [`MailAddress`]: the local part is a dot-string, or a quoted string that really needs its
//! quotes, with the fewest escapes (so `"jean"@a.fr` and `jean@a.fr` are equal); its letters are kept as written;
//! no control, line-end or invisible direction character; within the limits of RFC 5321.
//! Failure: [`AddressError`] says why and never repeats the text. `Debug` prints the domain only.
//!
//! `Postmaster` without a domain (RFC 5321 §4.5.1) and source routes are the SMTP grammar's business.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::gate::{opaque_debug, text_value};
use crate::mail_domain::{DomainError, MailDomain};

/// Longest local part in its shortest spelling, in octets.
// RFC 5321 §4.5.3.1.1
pub const MAX_LOCAL_PART: usize = 64;

/// Longest address: a path of 256 octets without its angle brackets.
// RFC 5321 §4.5.3.1.3
pub const MAX_ADDRESS: usize = 254;

/// What is read at all: the longest address with every character of its local part escaped.
const MAX_TEXT: usize = MAX_ADDRESS + MAX_LOCAL_PART;

/// A mail address (*adresse de messagerie*): local part and domain.
///
/// Two addresses are equal when their local parts are, case included; look-ups go by
/// [`MailAddress::lookup_key`].
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailAddress {
    local: String,
    domain: MailDomain,
}

/// Why a text is not a mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// No `@` between local part and domain.
    #[error("the address has no '@'")]
    NoAt,
    /// Nothing before the `@`.
    #[error("the local part is empty")]
    EmptyLocalPart,
    /// The local part has more than [`MAX_LOCAL_PART`] octets.
    #[error("the local part is longer than {MAX_LOCAL_PART} octets")]
    LocalPartTooLong,
    /// The whole has more than [`MAX_ADDRESS`] octets.
    #[error("the address is longer than {MAX_ADDRESS} octets")]
    TooLong,
    /// A dot at an end of the local part, or two together, without quotes.
    #[error("the local part has a dot out of place")]
    Dot,
    /// A character that the local part cannot have, or not without quotes.
    #[error("the local part has a character that it cannot have")]
    Character,
    /// A quoted local part that does not end, or is followed by something else than `@`.
    #[error("the quoted local part does not end before '@'")]
    Quotes,
    /// The domain is wrong.
    #[error(transparent)]
    Domain(#[from] DomainError),
}

impl MailAddress {
    /// The local part in its shortest spelling: letters as written, quotes only where needed.
    pub fn local(&self) -> &str {
        &self.local
    }

    /// The domain.
    pub fn domain(&self) -> &MailDomain {
        &self.domain
    }

    /// What addresses are found by: as the address, with the ASCII letters of the local part in lower case.
    ///
    /// RFC 5321 leaves the case of local parts to the host that owns them; within the trust domain every host
    /// reads them without case.
    // RFC 5321 §2.4
    pub fn lookup_key(&self) -> LookupKey {
        let mut key: String = self.local.nfc().collect();
        key.make_ascii_lowercase();
        key.push('@');
        key.push_str(self.domain.as_str());
        LookupKey(key)
    }

    /// Whether the address goes only over a connection with SMTPUTF8.
    // RFC 6531 §3.2
    pub fn needs_smtputf8(&self) -> bool {
        !self.local.is_ascii() || self.domain.needs_smtputf8()
    }

    /// An address of a local part known to be a short atom (an INS).
    pub(crate) fn of_atom(atom: &str, domain: MailDomain) -> Self {
        Self { local: atom.to_owned(), domain }
    }
}

impl fmt::Display for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.local, self.domain)
    }
}

impl fmt::Debug for MailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailAddress(…@{})", self.domain)
    }
}

impl FromStr for MailAddress {
    type Err = AddressError;

    /// Reads a `Mailbox` without angle brackets.
    // RFC 5321 §4.1.2
    // RFC 6531 §3.3
    fn from_str(text: &str) -> Result<Self, AddressError> {
        if text.len() > MAX_TEXT {
            return Err(AddressError::TooLong);
        }
        let (content, domain) = match text.strip_prefix('"') {
            Some(quoted) => read_quoted(quoted)?,
            None => read_bare(text)?,
        };
        let local = shortest_spelling(&content);
        if local.len() > MAX_LOCAL_PART {
            return Err(AddressError::LocalPartTooLong);
        }
        let domain: MailDomain = domain.parse()?;
        if local.len() + 1 + domain.as_str().len() > MAX_ADDRESS {
            return Err(AddressError::TooLong);
        }
        Ok(Self { local, domain })
    }
}

text_value!(MailAddress);

/// Dot-string "@" domain.
fn read_bare(text: &str) -> Result<(String, &str), AddressError> {
    let (local, domain) = text.rsplit_once('@').ok_or(AddressError::NoAt)?;
    if local.is_empty() {
        return Err(AddressError::EmptyLocalPart);
    }
    if !local.chars().all(|c| c == '.' || is_atext(c)) {
        return Err(AddressError::Character);
    }
    if !is_dot_string(local) {
        return Err(AddressError::Dot);
    }
    Ok((local.to_owned(), domain))
}

/// The rest of a quoted-string after its first quote, "@" domain; returns the content without quotes and escapes.
fn read_quoted(text: &str) -> Result<(String, &str), AddressError> {
    let mut content = String::new();
    let mut rest = text.chars();
    loop {
        match rest.next().ok_or(AddressError::Quotes)? {
            '"' => break,
            '\\' => match rest.next().ok_or(AddressError::Quotes)? {
                c @ ' '..='~' => content.push(c),
                _ => return Err(AddressError::Character),
            },
            c if c == ' ' || c.is_ascii_graphic() || is_utf8_letter(c) => content.push(c),
            _ => return Err(AddressError::Character),
        }
    }
    if content.is_empty() {
        return Err(AddressError::EmptyLocalPart);
    }
    let domain = rest.as_str().strip_prefix('@').ok_or(AddressError::Quotes)?;
    Ok((content, domain))
}

fn shortest_spelling(content: &str) -> String {
    if is_dot_string(content) {
        return content.to_owned();
    }
    let mut quoted = String::with_capacity(content.len() + 2);
    quoted.push('"');
    for c in content.chars() {
        if matches!(c, '"' | '\\') {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted.push('"');
    quoted
}

fn is_dot_string(text: &str) -> bool {
    text.split('.').all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

// RFC 5322 §3.2.3
fn is_atext(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c) || is_utf8_letter(c)
}

/// UTF8-non-ascii, less what nobody can see: controls, blanks, direction marks, joiners at will.
// RFC 6531 §3.3
fn is_utf8_letter(c: char) -> bool {
    let invisible = matches!(c, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}');
    !c.is_ascii() && !c.is_control() && !c.is_whitespace() && !invisible
}

/// The text under which an address is found; made by [`MailAddress::lookup_key`] only.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LookupKey(String);

impl LookupKey {
    /// The key's text: names a person, to be hashed before it becomes a store key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

opaque_debug!(LookupKey);

/// Where reports about a message go: nowhere, or to an address (*MAIL FROM*).
// RFC 5321 §4.1.2
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum ReversePath {
    /// `<>`: the message is a report.
    // RFC 5321 §4.5.5
    Null,
    /// The sender's address.
    Address(MailAddress),
}

impl ReversePath {
    /// The address, unless the path is null.
    pub fn address(&self) -> Option<&MailAddress> {
        match self {
            Self::Null => None,
            Self::Address(address) => Some(address),
        }
    }

    /// Whether the path is `<>`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }
}

impl From<MailAddress> for ReversePath {
    fn from(address: MailAddress) -> Self {
        Self::Address(address)
    }
}

impl fmt::Display for ReversePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("<>"),
            Self::Address(address) => write!(f, "<{address}>"),
        }
    }
}

impl FromStr for ReversePath {
    type Err = AddressError;

    /// Reads a path with or without its angle brackets; nothing between them is the null path.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let inner =
            text.strip_prefix('<').and_then(|inner| inner.strip_suffix('>')).unwrap_or(text);
        if inner.is_empty() { Ok(Self::Null) } else { inner.parse().map(Self::Address) }
    }
}

text_value!(ReversePath);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn address(text: &str) -> MailAddress {
        text.parse().unwrap()
    }

    #[test]
    fn quotes_that_are_not_needed_do_not_count() {
        assert_eq!(address(r#""jean.martin"@a.fr"#), address("jean.martin@A.FR"));
        assert_eq!(address(r#""j\e\an"@a.fr"#), address("jean@a.fr"));
        assert_eq!(address(r#""jean martin"@a.fr"#).local(), r#""jean martin""#);
        assert_eq!(address(r#""a\"b\\c@d"@a.fr"#).to_string(), r#""a\"b\\c@d"@a.fr"#);
        assert_eq!(address(r#"".a"@a.fr"#).local(), r#"".a""#);
    }

    #[test]
    fn look_ups_do_not_see_case() {
        assert_ne!(address("Jean@a.fr"), address("jean@a.fr"));
        assert_eq!(address("Jean@a.fr").local(), "Jean");
        assert_eq!(address("Jean@A.fr").lookup_key(), address("jEAN@a.fr").lookup_key());
        assert_eq!(address("Jean@A.fr").lookup_key().as_str(), "jean@a.fr");
        assert_eq!(address("ele\u{301}@a.fr").lookup_key(), address("elé@a.fr").lookup_key());
    }

    #[test]
    fn smtputf8_local_parts_pass() {
        assert!(address("hélène@a.fr").needs_smtputf8());
        assert!(!address("helene@a.fr").needs_smtputf8());
    }

    #[test]
    fn what_is_no_address() {
        use AddressError::*;
        let long_local = format!("{}@a.fr", "a".repeat(65));
        let long = format!("a@{}fr", "abc.".repeat(63));
        let endless = "a".repeat(1000);
        let table = [
            ("", NoAt),
            ("jean", NoAt),
            ("@a.fr", EmptyLocalPart),
            (r#"""@a.fr"#, EmptyLocalPart),
            (long_local.as_str(), LocalPartTooLong),
            (long.as_str(), TooLong),
            (endless.as_str(), TooLong),
            (".a@a.fr", Dot),
            ("a..b@a.fr", Dot),
            ("a.@a.fr", Dot),
            ("a b@a.fr", Character),
            ("a@b@a.fr", Character),
            ("a\r\n@a.fr", Character),
            ("a\u{202e}b@a.fr", Character),
            ("a\u{85}b@a.fr", Character),
            ("\"a\nb\"@a.fr", Character),
            ("\"a\\\nb\"@a.fr", Character),
            ("<a@a.fr>", Character),
            (r#""a@a.fr"#, Quotes),
            (r#""a"b@a.fr"#, Quotes),
            (r#""a\"#, Quotes),
            ("a@", Domain(DomainError::Empty)),
            ("a@[192.0.2.1]", Domain(DomainError::AddressLiteral)),
        ];
        for (text, reason) in table {
            assert_eq!(text.parse::<MailAddress>(), Err(reason), "{text:?}");
        }
    }

    #[test]
    fn debug_prints_no_local_part() {
        let who = address("marie.martin@a.fr");
        assert_eq!(format!("{who:?}"), "MailAddress(…@a.fr)");
        assert_eq!(format!("{:?}", who.lookup_key()), "LookupKey(…)");
        assert_eq!(format!("{:?}", ReversePath::from(who)), "Address(MailAddress(…@a.fr))");
    }

    #[test]
    fn reverse_paths() {
        assert_eq!("<>".parse(), Ok(ReversePath::Null));
        assert_eq!("".parse(), Ok(ReversePath::Null));
        let path: ReversePath = "<a@a.fr>".parse().unwrap();
        assert_eq!(path, "a@a.fr".parse().unwrap());
        assert_eq!(path.to_string(), "<a@a.fr>");
        assert_eq!(path.address(), Some(&address("a@a.fr")));
        assert!("< >".parse::<ReversePath>().is_err());
        assert!("<a@a.fr".parse::<ReversePath>().is_err());
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_and_read_again(text in "(\"[ -~é]{0,12}\"|[a-zA-Z.é]{1,12})@[a-z]{1,8}\\.fr") {
            if let Ok(read) = text.parse::<MailAddress>() {
                prop_assert_eq!(read.to_string().parse::<MailAddress>(), Ok(read.clone()));
                prop_assert_eq!(MailAddress::try_from(String::from(read.clone())), Ok(read));
            }
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,80}") {
            let _ = text.parse::<MailAddress>();
            let _ = text.parse::<ReversePath>();
        }
    }
}
