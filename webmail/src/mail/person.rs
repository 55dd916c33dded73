//! Who is behind an address, as far as the directory knows.
//!
//! Invariants: the *verified* mark comes from the directory and nowhere else; a name that the sender chose is never
//! shown with it; no address is part of what people see.
//! Failure: none; who is unknown is called so.

use std::sync::Arc;

use directory::{Label, Snapshot};
use domain::{MailAddress, MailDomain};

use super::veil::is_shown;
use crate::text::Texts;

/// Characters of a name that a sender chose.
const MAX_CHOSEN_NAME: usize = 80;

/// Titles that are no part of initials.
const TITLES: [&str; 7] = ["dr", "pr", "m", "mme", "mr", "mrs", "prof"];

/// Somebody, as pages show them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) initials: String,
    /// Profession and place; may be empty.
    pub(crate) role: String,
    /// The directory knows them.
    pub(crate) verified: bool,
    /// A service or an organisation, not a person.
    pub(crate) house: bool,
    /// The operator's own mail service.
    pub(crate) service: bool,
}

/// Finds persons.
#[derive(Debug, Clone)]
pub(crate) struct People {
    pub(crate) directory: Arc<Snapshot>,
    pub(crate) texts: &'static Texts,
    /// Our own host and domains: what writes from there is the mail service.
    pub(crate) own: Vec<MailDomain>,
    pub(crate) operator: Arc<str>,
}

impl People {
    /// The person of an address; `chosen` is the name that the sender gave.
    pub(crate) fn of(&self, address: &MailAddress, chosen: Option<&str>) -> Person {
        if let Some(found) = self.directory.find(address) {
            let label = Label::of(&found.mailbox);
            let name = label.name(self.texts.lang).map(|name| plain(&name));
            let role = [label.role(self.texts.lang), label.town()];
            let role: Vec<String> = role.into_iter().flatten().map(|part| plain(&part)).collect();
            return Person {
                name: name
                    .filter(|name| !name.is_empty())
                    .unwrap_or_else(|| self.texts.mail.unknown_sender.clone()),
                role: role.join(", "),
                verified: true,
                house: found.mailbox.holder().professional.is_none(),
                ..Person::default()
            }
            .with_initials();
        }
        if self.own.contains(address.domain()) {
            let name = format!("{} · {}", self.texts.mail.operator, self.operator);
            return Person { name, house: true, service: true, ..Person::default() };
        }
        let chosen = chosen.map(plain).filter(|name| name.chars().any(char::is_alphanumeric));
        match chosen {
            Some(name) => Person { name, ..Person::default() }.with_initials(),
            None => {
                let name = self.texts.mail.unknown_sender.clone();
                Person { name, initials: "?".to_owned(), ..Person::default() }
            }
        }
    }
}

impl Person {
    fn with_initials(mut self) -> Self {
        self.initials = initials(&self.name);
        self
    }
}

/// First letters of the first and the last name.
pub(crate) fn initials(name: &str) -> String {
    let is_title =
        |word: &str| TITLES.contains(&word.trim_end_matches('.').to_lowercase().as_str());
    let words = || name.split_whitespace().filter(|word| !is_title(word));
    let first = |word: &str| word.chars().find(|c| c.is_alphabetic());
    let mut letters: Vec<char> = words().next().and_then(first).into_iter().collect();
    if words().nth(1).is_some() {
        letters.extend(words().next_back().and_then(first));
    }
    letters.into_iter().flat_map(char::to_uppercase).collect()
}

/// A name on one line, without what could look like an address or turn the text around.
fn plain(name: &str) -> String {
    let name: String = name
        .chars()
        .map(|c| if c == '_' || c.is_whitespace() { ' ' } else { c })
        .filter(|c| is_shown(*c) && !matches!(c, '<' | '>'))
        .take(MAX_CHOSEN_NAME)
        .collect();
    // A word with an `@` is an address, or pretends to be one.
    let words =
        name.split_whitespace().filter(|word| !word.contains(['@', '\u{ff20}', '\u{fe6b}']));
    words.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn initials_leave_titles_out() {
        for (name, letters) in [
            ("Dr Marie MARTIN", "MM"),
            ("Mme Élodie Le Goff", "ÉG"),
            ("CHU de Test", "CT"),
            ("Dr.", ""),
            ("zoé", "Z"),
            ("", ""),
        ] {
            assert_eq!(initials(name), letters, "{name}");
        }
    }

    #[test]
    fn a_chosen_name_is_no_address_and_no_markup() {
        assert_eq!(plain("Dr_Marie_MARTIN_Cabinet"), "Dr Marie MARTIN Cabinet");
        assert_eq!(plain("marie@chu.example <b>\u{202e}x"), "bx");
        assert_eq!(plain("\u{a0}\r\n "), "");
    }
}
