//! A mail domain as it stands after the `@`.
//!
//! Invariants: at least one label; lower case and NFC, so equality is the comparison "without case" that the
//! domain list asks for; never an address literal, never a bare IP address, no trailing dot.
//! Failure: [`DomainError`] says why; the text is not kept.
//!
//! Known limit: the A-label (`xn--…`) and the U-label form of one name are two values. Nothing is lost in
//! safety: a domain in the form that the domain list does not use is simply not listed.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use crate::gate::text_value;

/// Longest domain, in octets.
// RFC 5321 §4.5.3.1.2
pub const MAX_DOMAIN: usize = 255;

/// Longest label, in characters (of a U-label too: its A-label is longer still).
// RFC 1035 §2.3.4
pub const MAX_LABEL: usize = 63;

/// A mail domain, lower case, of A-labels or U-labels (*domaine de messagerie*).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailDomain(String);

/// Why a text is not a mail domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainError {
    /// No text.
    #[error("the domain is empty")]
    Empty,
    /// More than [`MAX_DOMAIN`] octets.
    #[error("the domain is longer than {MAX_DOMAIN} octets")]
    TooLong,
    /// `[192.0.2.1]`, `192.0.2.1`: the trust domain knows mail domains by name only.
    #[error("the domain is an IP address; a name is needed")]
    AddressLiteral,
    /// Two dots together, or one at an end.
    #[error("the domain has an empty label")]
    EmptyLabel,
    /// A label of more than [`MAX_LABEL`] characters.
    #[error("the domain has a label longer than {MAX_LABEL} characters")]
    LabelTooLong,
    /// A label begins or ends with `-`.
    #[error("a label of the domain begins or ends with a hyphen")]
    Hyphen,
    /// Something that is neither letter, digit nor hyphen, or a look-alike form of one.
    #[error("the domain has a character that domains cannot have")]
    Character,
}

impl MailDomain {
    /// The domain in its one spelling.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it has U-labels, so that it needs SMTPUTF8 on the wire.
    // RFC 6531 §3.2
    pub fn needs_smtputf8(&self) -> bool {
        !self.0.is_ascii()
    }
}

impl fmt::Display for MailDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for MailDomain {
    type Err = DomainError;

    // RFC 5321 §4.1.2
    // RFC 6531 §3.3
    // MSS #8
    fn from_str(text: &str) -> Result<Self, DomainError> {
        if text.is_empty() {
            return Err(DomainError::Empty);
        }
        if text.len() > MAX_DOMAIN {
            return Err(DomainError::TooLong);
        }
        if text.starts_with('[') {
            return Err(DomainError::AddressLiteral);
        }
        let folded: String = text.nfc().flat_map(char::to_lowercase).nfc().collect();
        if folded.len() > MAX_DOMAIN {
            return Err(DomainError::TooLong);
        }
        folded.split('.').try_for_each(check_label)?;
        // A last label of digits only is an IP address without its brackets (RFC 3696 §2).
        if folded.rsplit('.').next().is_some_and(|top| top.bytes().all(|b| b.is_ascii_digit())) {
            return Err(DomainError::AddressLiteral);
        }
        Ok(Self(folded))
    }
}

text_value!(MailDomain);

// RFC 5321 §4.1.2
// RFC 5890 §2.3.2.1
fn check_label(label: &str) -> Result<(), DomainError> {
    if label.is_empty() {
        return Err(DomainError::EmptyLabel);
    }
    if label.chars().count() > MAX_LABEL {
        return Err(DomainError::LabelTooLong);
    }
    if label.starts_with('-') || label.ends_with('-') {
        return Err(DomainError::Hyphen);
    }
    let letter = |c: char| match c {
        _ if c.is_ascii() => c.is_ascii_alphanumeric() || c == '-',
        _ => c.is_alphanumeric() || is_combining_mark(c),
    };
    // Compatibility forms (full-width letters, ligatures) are look-alikes that IDNA disallows.
    let plain = label.is_ascii() || label.nfkc().eq(label.chars());
    if !plain || !label.chars().all(letter) || label.starts_with(is_combining_mark) {
        return Err(DomainError::Character);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn case_and_composition_do_not_count() {
        let domain: MailDomain = "UC-CMP.mssante.fr".parse().unwrap();
        assert_eq!(domain, "uc-cmp.MSSANTE.fr".parse().unwrap());
        assert_eq!(domain.as_str(), "uc-cmp.mssante.fr");
        let composed: MailDomain = "CLINIQUE-ÉTOILE.fr".parse().unwrap();
        assert_eq!(composed, "clinique-e\u{301}toile.fr".parse().unwrap());
        assert!(composed.needs_smtputf8());
        assert!(!domain.needs_smtputf8());
    }

    #[test]
    fn what_is_no_domain() {
        use DomainError::*;
        let long_label = format!("{}.fr", "a".repeat(64));
        let long = format!("{}fr", "abc.".repeat(64));
        let table = [
            ("", Empty),
            (long.as_str(), TooLong),
            ("[192.0.2.1]", AddressLiteral),
            ("[IPv6:2001:db8::1]", AddressLiteral),
            ("192.0.2.1", AddressLiteral),
            ("a..fr", EmptyLabel),
            (".fr", EmptyLabel),
            ("a.fr.", EmptyLabel),
            (long_label.as_str(), LabelTooLong),
            ("-a.fr", Hyphen),
            ("a-.fr", Hyphen),
            ("a_b.fr", Character),
            ("a b.fr", Character),
            ("a\r\n.fr", Character),
            ("ａ.fr", Character),
            ("a。fr", Character),
            ("\u{301}a.fr", Character),
            ("a\u{202e}.fr", Character),
        ];
        for (text, reason) in table {
            assert_eq!(text.parse::<MailDomain>(), Err(reason), "{text:?}");
        }
        assert!("localhost".parse::<MailDomain>().is_ok());
        assert!("3com.fr".parse::<MailDomain>().is_ok());
    }

    proptest! {
        #[test]
        fn reading_is_stable(text in "\\PC{0,40}") {
            if let Ok(domain) = text.parse::<MailDomain>() {
                prop_assert_eq!(domain.as_str().parse::<MailDomain>(), Ok(domain.clone()));
            }
        }
    }
}
