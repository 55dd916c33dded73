//! Writing the extraction.
//!
//! Invariants and failure: those of [`super`].

use std::io::{self, Write};

use domain::{PersonId, StructureId};

use super::column::{ADDRESS_PARTS, COLUMNS, Column};
use super::read::read_structure_id;
use crate::mailbox::Mailbox;
use crate::organisation::Organisation;
use crate::professional::Professional;
use crate::text::Text;

/// Writes mailboxes as an extraction; those on the red list are passed over.
///
/// # Errors
/// What `to` returns.
// MSS #87
pub fn write(mailboxes: impl IntoIterator<Item = Mailbox>, mut to: impl Write) -> io::Result<()> {
    let names: Vec<_> = COLUMNS.iter().map(|(_, name)| *name).collect();
    writeln!(to, "{}", names.join("|"))?;
    for mailbox in mailboxes {
        if mailbox.details().on_red_list {
            continue;
        }
        let person = mailbox.holder().professional.as_ref();
        let lines = person.map_or(1, |person| person.skills.len().max(person.places.len() + 1));
        for line in 0..lines.max(1) {
            let fields = fields(&mailbox, line);
            for (place, field) in fields.iter().enumerate() {
                let separator = if place == 0 { "" } else { "|" };
                write!(to, "{separator}{}", field.replace('|', "/"))?;
            }
            writeln!(to)?;
        }
    }
    to.flush()
}

/// The fields of one of a mailbox's lines: the first has its organisation, the next the further places; each has the
/// skill of its number.
fn fields(mailbox: &Mailbox, line: usize) -> [String; COLUMNS.len()] {
    let mut fields = [const { String::new() }; COLUMNS.len()];
    let mut set = |column: Column, value: &str| {
        if let Some(field) = fields.get_mut(column as usize) {
            value.clone_into(field);
        }
    };
    let details = mailbox.details();
    set(Column::Kind, mailbox.kind().as_str());
    set(Column::Address, &mailbox.address().to_string());
    set(Column::Service, details.service.as_ref().map_or("", Text::as_str));
    set(Column::DigitalOnly, details.digital_only.as_ref().map_or("", Text::as_str));
    let holder = mailbox.holder();
    let mut organisation = holder.organisation.as_ref();
    if let Some(person) = &holder.professional {
        set_person(person, line, &mut set);
        if let Some(place) = line.checked_sub(1).and_then(|line| person.places.get(line)) {
            organisation = Some(place);
        }
    }
    if let Some(organisation) = organisation {
        set_organisation(organisation, &mut set);
    }
    fields
}

fn set_person(person: &Professional, line: usize, set: &mut impl FnMut(Column, &str)) {
    let (kind, id) = match &person.id {
        Some(PersonId::Rpps(rpps)) => ("8", rpps.as_str()),
        Some(PersonId::Adeli(adeli)) => ("0", adeli.as_str()),
        Some(PersonId::Other(_)) | None => ("", ""),
    };
    set(Column::PersonIdType, kind);
    set(Column::PersonId, id);
    let national = person.id.as_ref().map(ToString::to_string).unwrap_or_default();
    set(Column::PersonNationalId, &national);
    set(Column::Title, person.title.as_ref().map_or("", |title| title.code()));
    set(Column::FamilyName, person.family_name.as_str());
    set(Column::GivenName, person.given_name.as_ref().map_or("", |name| name.as_str()));
    if let Some(profession) = &person.profession {
        let code = profession.code().map_or("", |code| code.as_str());
        // Bare as in the real file, where our table gives the full code back.
        let bare = code.split_once('_').map(|(nomenclature, bare)| (nomenclature == "G16", bare));
        let (training, bare) = bare.filter(|_| profession.is_known()).unwrap_or((false, code));
        set(Column::Category, if training { "E" } else { "" });
        set(Column::ProfessionCode, bare);
        set(Column::ProfessionLabel, profession.label().unwrap_or_default());
    }
    if let Some(skill) = person.skills.get(line) {
        set(Column::SkillCode, skill.code().map_or("", |code| code.as_str()));
        set(Column::SkillLabel, skill.label().unwrap_or_default());
    }
}

fn set_organisation(organisation: &Organisation, set: &mut impl FnMut(Column, &str)) {
    if let Some(id) = &organisation.id {
        let (kind, text) = match id {
            StructureId::Finess(finess) => ("1", finess.as_str()),
            StructureId::Siret(siret) => ("3", siret.as_str()),
            // An identifier that would be taken for one of these says that it is none.
            StructureId::Other(other) => match read_structure_id("", other.as_str()) {
                Ok(StructureId::Other(_)) => ("", other.as_str()),
                _ => ("AUTRE", other.as_str()),
            },
        };
        set(Column::StructureIdType, kind);
        set(Column::StructureId, text);
    }
    let text = |text: &Option<Text>| text.as_ref().map(Text::to_string).unwrap_or_default();
    set(Column::LegalName, &text(&organisation.legal_name));
    set(Column::TradeName, &text(&organisation.trade_name));
    for (column, part) in ADDRESS_PARTS.into_iter().zip(organisation.address.parts()) {
        set(column, &text(part));
    }
}
