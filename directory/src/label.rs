//! What people see of a mailbox's holder: the name in a From field, and a line on a page.
//!
//! Invariants: nothing in a label can end a header line, look like an address or turn the text around: controls,
//! direction marks, `<`, `>` and `@` are taken out; an underscore within a part becomes a blank, so that parts stay
//! apart.
//! Failure: there is none; an application mailbox without a name is labelled by its address' local part.

use domain::Lang;

use crate::mailbox::Mailbox;
use crate::organisation::Organisation;
use crate::postal_address::{PostalAddress, readable};
use crate::profession::Gender;
use crate::professional::Professional;
use crate::text::{Text, is_invisible};
use crate::title::Title;

/// The label of one mailbox.
#[derive(Clone, Copy)]
pub struct Label<'a>(&'a Mailbox);

impl<'a> Label<'a> {
    /// The label of `mailbox`.
    pub fn of(mailbox: &'a Mailbox) -> Self {
        Self(mailbox)
    }

    /// `<Title>_<Given name>_<FAMILY NAME>_<Entity>`, only the names being mandatory; what has no person is called by
    /// its entity and service.
    // MSS #50
    pub fn from_name(&self) -> String {
        let parts: Vec<String> = match self.person() {
            Some(person) => {
                let title = person
                    .title
                    .as_ref()
                    .map(|title| title.label(Lang::Fr).trim_end_matches('.').to_owned());
                let given = person.given_name.as_ref().map(|name| readable(name.as_str()));
                let family = Some(person.family_name.as_str().to_uppercase());
                let entity = self.entity().map(|entity| entity.to_owned());
                [title, given, family, entity].into_iter().flatten().collect()
            }
            None => {
                let service = self.0.details().service.as_ref().map(Text::as_str);
                [self.entity(), service].into_iter().flatten().map(str::to_owned).collect()
            }
        };
        let parts: Vec<String> =
            parts.iter().map(|part| clean(part)).filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { clean(self.0.address().local()) } else { parts.join("_") }
    }

    /// `Dr Marie MARTIN, médecin généraliste, Chalon-sur-Saône`.
    pub fn web(&self, lang: Lang) -> String {
        let parts = [self.name(lang), self.role(lang), self.town()];
        let parts: Vec<String> =
            parts.into_iter().flatten().map(|part| clean_line(&part)).collect();
        let parts: Vec<String> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        if parts.is_empty() { clean_line(self.0.address().local()) } else { parts.join(", ") }
    }

    /// Who it is: `Dr Marie MARTIN`, or the structure's name.
    pub fn name(&self, lang: Lang) -> Option<String> {
        let Some(person) = self.person() else {
            return self.entity().map(str::to_owned);
        };
        let title = person.title.as_ref().map(|title| title.label(lang).to_owned());
        let given = person.given_name.as_ref().map(|name| readable(name.as_str()));
        let family = Some(person.family_name.as_str().to_uppercase());
        Some([title, given, family].into_iter().flatten().collect::<Vec<_>>().join(" "))
    }

    /// What they do: a profession with its speciality, or the service.
    pub fn role(&self, lang: Lang) -> Option<String> {
        let Some(person) = self.person() else {
            return self.0.details().service.as_ref().map(Text::to_string);
        };
        if let Some(spoken) = person.skills.iter().find_map(|skill| skill.spoken(lang)) {
            return Some(spoken.to_owned());
        }
        let gender = match person.title {
            Some(Title::Madam) => Gender::Feminine,
            _ => Gender::Masculine,
        };
        person.profession.as_ref()?.spoken(lang, gender).map(str::to_owned)
    }

    /// Where: the town of the mailbox's structure, else of the first practice place.
    pub fn town(&self) -> Option<String> {
        let holder = self.0.holder();
        let places = self.person().map(|person| person.places.as_slice()).unwrap_or_default();
        let places = holder.organisation.iter().chain(places);
        places.map(|place| &place.address).find_map(PostalAddress::town)
    }

    fn person(&self) -> Option<&'a Professional> {
        self.0.holder().professional.as_ref()
    }

    fn entity(&self) -> Option<&'a str> {
        self.0.holder().organisation.as_ref().and_then(Organisation::name).map(Text::as_str)
    }
}

fn clean(part: &str) -> String {
    clean_line(&part.replace('_', " "))
}

fn clean_line(part: &str) -> String {
    let kept: String = part
        .chars()
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_invisible(*c) && !matches!(c, '<' | '>' | '@'))
        .collect();
    kept.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests;
