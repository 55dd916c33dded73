//! Writing the list's XML, unsigned.
//!
//! Invariant: what is written is read again as the same list. Failure: [`WriteError`].

use std::io::{self, Write};

use jiff::Timestamp;
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::entry::DomainEntry;
use super::parse::{FIELDS, MAX_ENTRIES, NAMESPACE};

/// Why a list cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// A text has a control character, which XML cannot carry.
    #[error("a text of the list has a control character")]
    ControlCharacter,
    /// More than [`MAX_ENTRIES`].
    #[error("the list has more than {MAX_ENTRIES} entries")]
    TooManyEntries,
    /// The writer failed.
    #[error("the list could not be written")]
    Xml,
}

impl From<io::Error> for WriteError {
    fn from(_: io::Error) -> Self {
        Self::Xml
    }
}

/// Writes a list; the date in whole seconds, UTC.
///
/// # Errors
/// [`WriteError`].
// MSS #1
pub fn write(generated_at: Timestamp, entries: &[DomainEntry]) -> Result<String, WriteError> {
    if entries.len() > MAX_ENTRIES {
        return Err(WriteError::TooManyEntries);
    }
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 2);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = BytesStart::new("ListeBlancheMSSante").with_attributes([("xmlns", NAMESPACE)]);
    xml.write_event(Event::Start(root))?;
    field(&mut xml, "DateDeGeneration", &seconds(generated_at))?;
    xml.write_event(Event::Start(BytesStart::new("ListeDomaines")))?;
    for entry in entries {
        write_entry(&mut xml, entry)?;
    }
    xml.write_event(Event::End(BytesEnd::new("ListeDomaines")))?;
    xml.write_event(Event::End(BytesEnd::new("ListeBlancheMSSante")))?;
    String::from_utf8(xml.into_inner()).map_err(|_| WriteError::Xml)
}

fn write_entry<W: Write>(xml: &mut Writer<W>, entry: &DomainEntry) -> Result<(), WriteError> {
    xml.write_event(Event::Start(BytesStart::new("Domaine")))?;
    let values = [
        entry.domain.to_string(),
        entry.description.clone(),
        entry.dn.to_string(),
        entry.responsible.0.clone(),
        entry.support.0.clone(),
        entry.updated.map(seconds).unwrap_or_default(),
    ];
    for (name, value) in FIELDS.iter().zip(&values) {
        field(xml, name, value)?;
    }
    Ok(xml.write_event(Event::End(BytesEnd::new("Domaine")))?)
}

fn field<W: Write>(xml: &mut Writer<W>, name: &str, value: &str) -> Result<(), WriteError> {
    // XML 1.0 §2.2: Char
    let writable = |c: char| !c.is_control() && !matches!(c, '\u{FFFE}' | '\u{FFFF}');
    if !value.chars().all(|c| writable(c) || c == '\n' || c == '\t') {
        return Err(WriteError::ControlCharacter);
    }
    xml.write_event(Event::Start(BytesStart::new(name)))?;
    xml.write_event(Event::Text(BytesText::new(value)))?;
    Ok(xml.write_event(Event::End(BytesEnd::new(name)))?)
}

fn seconds(at: Timestamp) -> String {
    crate::instant::whole_second(at).to_string()
}
