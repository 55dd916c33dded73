//! Reading the extraction.
//!
//! Invariants and failure: those of [`super`].

use std::io::BufRead;

use domain::{
    Adeli, CitizenDomains, Finess, MailboxKind, PersonId, PersonName, Rpps, Siret, StructureId,
};

use super::column::{ADDRESS_PARTS, COLUMNS, Column};
use crate::concept::Code;
use crate::fault::{FaultReason, ImportError, ImportReport, Limits};
use crate::lines::{Line, Lines};
use crate::mailbox::{Holder, Mailbox, MailboxDetails};
use crate::organisation::Organisation;
use crate::postal_address::PostalAddress;
use crate::profession::Profession;
use crate::professional::Professional;
use crate::skill::Skill;
use crate::table::{Builder, Repeated, SourceTable};
use crate::text::Text;

/// Most columns of a header, ours and others.
const MAX_COLUMNS: usize = 256;

/// Reads an extraction into a table.
// MSS #87
pub(crate) fn read(
    from: impl BufRead,
    citizens: &CitizenDomains,
    limits: Limits,
) -> Result<(SourceTable, ImportReport), ImportError> {
    let mut lines = Lines::new(from, limits);
    let mut report = ImportReport::default();
    let header = match lines.next()? {
        Some(Line::Octets(octets)) => std::str::from_utf8(octets).ok(),
        _ => None,
    };
    let header = Header::read(header.ok_or(ImportError::NoHeader)?, &mut report)?;
    let mut builder = Builder::new().map_err(|_| ImportError::TooLarge)?;
    loop {
        let read = match lines.next()? {
            None => break,
            Some(Line::TooLong) => Err(FaultReason::TooLong),
            Some(Line::Octets(octets)) => match std::str::from_utf8(octets) {
                Err(_) => Err(FaultReason::NotUtf8),
                Ok(line) if line.trim().is_empty() => continue,
                Ok(line) => header.fields(line).and_then(|fields| fields.mailbox(citizens)),
            },
        };
        let added = match read {
            Ok(mailbox) => {
                builder.add(mailbox, Repeated::Joins).map_err(|_| ImportError::TooLarge)?
            }
            Err(reason) => Err(reason),
        };
        if let Err(reason) = added {
            report.faults.add(lines.number(), reason);
        }
    }
    let table = builder.finish().map_err(|_| ImportError::TooLarge)?;
    report.mailboxes = table.len();
    Ok((table, report))
}

/// Where each column stands.
struct Header {
    places: Vec<Option<Column>>,
}

impl Header {
    fn read(line: &str, report: &mut ImportReport) -> Result<Self, ImportError> {
        let mut places = Vec::new();
        for name in line.split('|').map(str::trim) {
            let column = Column::named(name);
            if column.is_some() && places.contains(&column) {
                return Err(ImportError::RepeatedColumn);
            }
            if column.is_none() && !name.is_empty() {
                report.unknown_columns.push(name.chars().take(100).collect());
            }
            places.push(column);
            if places.len() > MAX_COLUMNS {
                return Err(ImportError::NoHeader);
            }
        }
        if places.contains(&Some(Column::Address)) {
            Ok(Self { places })
        } else {
            Err(ImportError::NoAddressColumn)
        }
    }

    fn fields<'a>(&self, line: &'a str) -> Result<Fields<'a>, FaultReason> {
        let mut values = [""; COLUMNS.len()];
        let mut found = 0;
        for (place, field) in line.split('|').enumerate() {
            found = place + 1;
            match self.places.get(place) {
                Some(Some(column)) => {
                    if let Some(value) = values.get_mut(*column as usize) {
                        *value = field.trim();
                    }
                }
                Some(None) => {}
                // A separator after the last field is nothing more.
                None if field.trim().is_empty() && place == self.places.len() => {}
                None => return Err(FaultReason::Fields),
            }
        }
        if found < self.places.len() { Err(FaultReason::Fields) } else { Ok(Fields(values)) }
    }
}

/// The fields of one line.
struct Fields<'a>([&'a str; COLUMNS.len()]);

impl<'a> Fields<'a> {
    fn get(&self, column: Column) -> &'a str {
        self.0.get(column as usize).copied().unwrap_or_default()
    }

    fn text(&self, column: Column) -> Result<Option<Text>, FaultReason> {
        match self.get(column) {
            "" => Ok(None),
            text => Text::optional(text).map_err(|_| FaultReason::Text),
        }
    }

    fn code(&self, column: Column) -> Result<Option<Code>, FaultReason> {
        match self.get(column) {
            "" => Ok(None),
            code => code.parse().map(Some).map_err(|_| FaultReason::Code),
        }
    }

    fn name(&self, column: Column) -> Result<Option<PersonName>, FaultReason> {
        match self.get(column) {
            "" => Ok(None),
            name => name.parse().map(Some).map_err(|_| FaultReason::Name),
        }
    }

    fn mailbox(&self, citizens: &CitizenDomains) -> Result<Mailbox, FaultReason> {
        let address = match self.get(Column::Address) {
            "" => return Err(FaultReason::NoAddress),
            address => address.parse().map_err(|_| FaultReason::Address)?,
        };
        let holder =
            Holder { professional: self.professional()?, organisation: self.organisation()? };
        let kind = match self.get(Column::Kind) {
            "" if holder.professional.is_some() => MailboxKind::Personal,
            "" => MailboxKind::Organisational,
            code => MailboxKind::ALL
                .into_iter()
                .find(|kind| kind.code().is_some_and(|known| known.eq_ignore_ascii_case(code)))
                .ok_or(FaultReason::Kind)?,
        };
        let details = MailboxDetails {
            service: self.text(Column::Service)?,
            digital_only: self.text(Column::DigitalOnly)?,
            ..MailboxDetails::default()
        };
        Mailbox::new(address, kind, holder, details, citizens).map_err(FaultReason::from)
    }

    fn professional(&self) -> Result<Option<Professional>, FaultReason> {
        let Some(family_name) = self.name(Column::FamilyName)? else {
            return Ok(None);
        };
        let mut person = Professional::named(self.name(Column::GivenName)?, family_name);
        person.id = self.person_id()?;
        person.title = match self.get(Column::Title) {
            "" => None,
            title => Some(title.parse().map_err(|_| FaultReason::Text)?),
        };
        let in_training = self.get(Column::Category).eq_ignore_ascii_case("E");
        let code = self.code(Column::ProfessionCode)?;
        let label = self.text(Column::ProfessionLabel)?;
        person.profession = Profession::new(code, label, in_training).ok();
        let skill = Skill::new(self.code(Column::SkillCode)?, self.text(Column::SkillLabel)?);
        person.skills.extend(skill);
        Ok(Some(person))
    }

    fn person_id(&self) -> Result<Option<PersonId>, FaultReason> {
        let wrong = |_| FaultReason::Identifier;
        let national = self.get(Column::PersonNationalId);
        let id = self.get(Column::PersonId);
        match (national, self.get(Column::PersonIdType), id) {
            ("", _, "") => Ok(None),
            ("", kind @ ("8" | "0"), id) => format!("{kind}{id}").parse().map(Some).map_err(wrong),
            ("", _, id) => {
                let rpps = id.parse::<Rpps>().map(PersonId::from);
                let known = rpps.or_else(|_| id.parse::<Adeli>().map(PersonId::from));
                known.or_else(|_| id.parse()).map(Some).map_err(wrong)
            }
            (national, ..) => national.parse().map(Some).map_err(wrong),
        }
    }

    fn organisation(&self) -> Result<Option<Organisation>, FaultReason> {
        let mut parts = [const { None }; ADDRESS_PARTS.len()];
        for (part, column) in parts.iter_mut().zip(ADDRESS_PARTS) {
            *part = self.text(column)?;
        }
        let organisation = Organisation {
            id: self.structure_id()?,
            legal_name: self.text(Column::LegalName)?,
            trade_name: self.text(Column::TradeName)?,
            address: PostalAddress::of_parts(parts),
        };
        Ok((!organisation.is_blank()).then_some(organisation))
    }

    fn structure_id(&self) -> Result<Option<StructureId>, FaultReason> {
        let id = self.get(Column::StructureId);
        if id.is_empty() {
            return Ok(None);
        }
        read_structure_id(self.get(Column::StructureIdType), id)
            .map(Some)
            .map_err(|_| FaultReason::Identifier)
    }
}

/// A structure's identifier with its type.
pub(super) fn read_structure_id(kind: &str, id: &str) -> Result<StructureId, domain::IdError> {
    let finess = || id.parse::<Finess>().map(StructureId::from);
    let siret = || id.parse::<Siret>().map(StructureId::from);
    match kind.to_ascii_uppercase().as_str() {
        "1" | "FINESS" => finess().or_else(|_| id.parse()),
        "3" | "SIRET" => siret().or_else(|_| id.parse()),
        "" => finess().or_else(|_| siret()).or_else(|_| id.parse()),
        _ => id.parse(),
    }
}
