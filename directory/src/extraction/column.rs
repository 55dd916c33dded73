//! The columns of the extraction.
//!
//! Invariant: each is there once, in the order of the real file. Failure: an unknown name is no column of ours.

use crate::fold;

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    Kind,
    Address,
    PersonIdType,
    PersonId,
    PersonNationalId,
    StructureIdType,
    StructureId,
    Service,
    Title,
    FamilyName,
    GivenName,
    Category,
    CategoryLabel,
    ProfessionCode,
    ProfessionLabel,
    SkillCode,
    SkillLabel,
    DigitalOnly,
    LegalName,
    TradeName,
    Location,
    Distribution,
    Number,
    NumberSuffix,
    StreetType,
    Street,
    Locality,
    TownLine,
    PostalCode,
    Departement,
    Country,
}

use Column::*;

/// Every column with its name, in the order of the real file.
// MSS #87
pub(crate) const COLUMNS: [(Column, &str); 31] = [
    (Kind, "Type de BAL"),
    (Address, "Adresse BAL"),
    (PersonIdType, "Type Identifiant PP"),
    (PersonId, "Identifiant PP"),
    (PersonNationalId, "Identification nationale PP"),
    (StructureIdType, "Type identifiant structure"),
    (StructureId, "Identification Structure"),
    (Service, "Service de rattachement"),
    (Title, "Civilité d'exercice"),
    (FamilyName, "Nom d'exercice"),
    (GivenName, "Prénom d'exercice"),
    (Category, "Catégorie profession"),
    (CategoryLabel, "Libellé de catégorie profession"),
    (ProfessionCode, "Code Profession"),
    (ProfessionLabel, "Libellé Profession"),
    (SkillCode, "Code savoir-faire"),
    (SkillLabel, "Libellé savoir-faire"),
    (DigitalOnly, "Dématérialisation"),
    (LegalName, "Raison Sociale structure BAL"),
    (TradeName, "Enseigne commerciale structure BAL"),
    (Location, "L2COMPLEMENTLOCALISATION structure BAL"),
    (Distribution, "L3COMPLEMENTDISTRIBUTION structure BAL"),
    (Number, "L4NUMEROVOIE structure BAL"),
    (NumberSuffix, "L4COMPLEMENTNUMEROVOIE structure BAL"),
    (StreetType, "NL4TYPEVOIE structure BAL"),
    (Street, "L4LIBELLEVOIE structure BAL"),
    (Locality, "L5LIEUDITMENTION structure BAL"),
    (TownLine, "L6LIGNEACHEMINEMENT structure BAL"),
    (PostalCode, "Code postal structure BAL"),
    (Departement, "Département structure BAL"),
    (Country, "Pays structure BAL"),
];

/// The parts of a postal address, in their order.
pub(crate) const ADDRESS_PARTS: [Column; 11] = [
    Location,
    Distribution,
    Number,
    NumberSuffix,
    StreetType,
    Street,
    Locality,
    TownLine,
    PostalCode,
    Departement,
    Country,
];

impl Column {
    /// The column of a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        let name = fold::line(name);
        COLUMNS.into_iter().find(|(_, known)| fold::line(known) == name).map(|(column, _)| column)
    }
}
