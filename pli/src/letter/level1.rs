//! A file that is no CDA as the body of a CDA level 1.
//!
//! Invariant: the document says who the patient is by number and all five traits, and which structure
//! wrote it. Failure: a sentence that names the option that is missing or wrong.

use crate::args::LetterSendArgs;
use clinical::cda::write::Level1;
use clinical::cda::{Agent, Id, Interval, Organisation, Participant};
use clinical::value_sets::{Confidentiality, LOINC, type_label};
use clinical::xds::Code;
use domain::{IdentityTraits, InsReading, Lang, Mode, StructureId};
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// The OID of structures.
const STRUCTURES: &str = "1.2.250.1.71.4.2.2";

fn given<'a>(option: &str, value: &'a Option<String>) -> Result<&'a str, String> {
    value.as_deref().ok_or_else(|| format!("--{option} is missing"))
}

fn parsed<T: std::str::FromStr>(option: &str, value: &Option<String>) -> Result<T, String>
where
    T::Err: std::fmt::Display,
{
    given(option, value)?.parse().map_err(|error| format!("--{option}: {error}"))
}

fn media_type(octets: &[u8]) -> Result<&'static str, String> {
    let known: [(&[u8], &str); 4] = [
        (b"%PDF-", "application/pdf"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"II*\0", "image/tiff"),
        (b"{\\rtf", "text/rtf"),
    ];
    let found = known.into_iter().find(|(magic, _)| octets.starts_with(magic));
    let text = || std::str::from_utf8(octets).is_ok().then_some("text/plain");
    found
        .map(|(_, kind)| kind)
        .or_else(text)
        .ok_or_else(|| "it is neither a PDF, an image, RTF nor plain text".to_owned())
}

/// The CDA around a file.
pub(super) fn around(
    octets: Vec<u8>,
    asked: &LetterSendArgs,
    mode: Mode,
    now: Timestamp,
) -> Result<Vec<u8>, String> {
    let of = &asked.identity;
    let ins = InsReading::read(given("ins", &of.ins)?, given("oid", &of.oid)?, mode)
        .map_err(|error| format!("--ins: {error}"))?;
    let traits = IdentityTraits::new(
        parsed("birth-name", &of.birth_name)?,
        parsed("given-names", &of.given_names)?,
        parsed("first-given-name", &of.first_given_name)?,
        parsed("birth-date", &of.birth_date)?,
        parsed("sex", &of.sex)?,
        parsed("birth-place", &of.birth_place)?,
    )
    .map_err(|error| format!("--given-names: {error}"))?;
    let structure: StructureId = parsed("structure", &asked.structure)?;
    let id = || -> Result<Id, String> {
        let root = super::new_oid().map_err(|error| error.to_string())?;
        Ok(Id { root, extension: None })
    };
    let organisation = Organisation {
        ids: vec![Id { root: STRUCTURES.to_owned(), extension: Some(structure.to_string()) }],
        name: Some(given("structure-name", &asked.structure_name)?.to_owned()),
        setting: None,
    };
    let program = Agent::Device {
        model: Some("Pli".to_owned()),
        software: Some("pli letter send".to_owned()),
    };
    let author = Participant {
        ids: vec![id()?],
        agent: Some(program),
        organisation: Some(organisation.clone()),
        ..Participant::default()
    };
    let label = type_label(&asked.type_code, Some(LOINC), None, Lang::Fr);
    let document = Level1 {
        id: id()?,
        set_id: id()?,
        version: 1,
        code: Code::new(&asked.type_code, LOINC, &label),
        title: asked.title.clone(),
        time: now.to_zoned(TimeZone::system()),
        confidentiality: Confidentiality::Normal,
        language: "fr-FR".to_owned(),
        ins,
        traits,
        local_ids: Vec::new(),
        author,
        custodian: organisation,
        legal_authenticator: None,
        act: Code::new("IMP", "2.16.840.1.113883.5.4", "Hospitalisation"),
        act_time: Interval::default(),
        facility: Code::new("SA01", "1.2.250.1.71.4.2.4", "Établissement public de santé"),
        replaces: None,
        media_type: media_type(&octets)?.to_owned(),
        body: octets,
    };
    document.to_xml().map_err(|error| format!("the document cannot be made: {error}"))
}
