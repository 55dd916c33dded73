//! The veil: professionals' addresses are taken out of every text that a citizen sees.
//!
//! A professional who wants to be written to writes first, and is found by name; an address in a page would be
//! copied into other mail programs. Addresses outside the trust domain (a practice's ordinary mail) stay: they are
//! what the professional wanted to say.
//!
//! Invariant: no address that the directory knows, or whose domain takes part in the account's messages, passes
//! [`Veil::over`]. Failure: none; what cannot be read as an address is left alone.

use std::borrow::Cow;
use std::collections::BTreeSet;

use domain::{CitizenDomains, MailAddress, MailDomain};

use super::person::People;

/// Octets of what may be an address: local part, `@`, domain.
// RFC 5321 §4.5.3.1
const MAX_ADDRESS: usize = 320;

/// Takes addresses out of texts.
#[derive(Debug, Clone)]
pub(crate) struct Veil {
    people: People,
    domains: BTreeSet<MailDomain>,
}

impl Veil {
    /// A veil for an account's messages; `seen` are the addresses that they name.
    pub(crate) fn new<'a>(
        people: People,
        citizens: &CitizenDomains,
        seen: impl Iterator<Item = &'a MailAddress>,
    ) -> Self {
        let domains = seen
            .map(MailAddress::domain)
            .filter(|domain| !citizens.contains(domain))
            .cloned()
            .collect();
        Self { people, domains }
    }

    /// Who finds the names.
    pub(crate) fn people(&self) -> &People {
        &self.people
    }

    /// `text` with names in the place of addresses.
    // MSS #46
    pub(crate) fn over<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !text.contains('@') {
            return Cow::Borrowed(text);
        }
        let mut veiled = String::with_capacity(text.len());
        let mut rest = text;
        while let Some(at) = rest.find('@') {
            let (before, after) = (rest.get(..at).unwrap_or(""), rest.get(at + 1..).unwrap_or(""));
            let local = tail(before, is_local);
            let domain = head(after, is_domain).trim_end_matches(['.', '-']);
            let end = at + 1 + domain.len();
            match self.instead(local, domain) {
                Some(name) => {
                    veiled.push_str(before.get(..before.len() - local.len()).unwrap_or(""));
                    veiled.push_str(&name);
                }
                None => veiled.push_str(rest.get(..end).unwrap_or("")),
            }
            rest = rest.get(end..).unwrap_or("");
        }
        veiled.push_str(rest);
        Cow::Owned(veiled)
    }

    /// What stands in the place of an address that is not shown.
    fn instead(&self, local: &str, domain: &str) -> Option<String> {
        // Punctuation before an address belongs to the sentence.
        for start in local.char_indices().map(|(start, _)| start) {
            let address = format!("{}@{domain}", local.get(start..)?);
            let Ok(address) = address.parse::<MailAddress>() else { continue };
            let known = self.people.directory.find(&address).is_some();
            if known {
                let before = local.get(..start)?;
                return Some(format!("{before}{}", self.people.of(&address, None).name));
            }
        }
        let domain: MailDomain = domain.parse().ok()?;
        self.domains.contains(&domain).then(|| self.people.texts.mail.masked.clone())
    }
}

/// The end of a text whose characters all pass.
fn tail(text: &str, passes: fn(char) -> bool) -> &str {
    let kept = text.chars().rev().take_while(|c| passes(*c));
    let mut len = 0;
    for c in kept {
        if len + c.len_utf8() > MAX_ADDRESS {
            break;
        }
        len += c.len_utf8();
    }
    text.get(text.len() - len..).unwrap_or("")
}

/// The beginning of a text whose characters all pass.
fn head(text: &str, passes: fn(char) -> bool) -> &str {
    let end = text.find(|c| !passes(c)).unwrap_or(text.len());
    text.get(..end).unwrap_or("")
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric() || "!#$%*+-/=?^_`{|}~.".contains(c)
}

fn is_domain(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '-')
}

/// Whether a character may stand in what people read: no controls, nothing invisible, nothing that turns the text.
pub(crate) fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}
