//! Reading `METADATA.XML`.
//!
//! Elements are told by their local names, scheme UUIDs with or without `urn:uuid:` and in either
//! case. A classification or identifier counts for the object around it, else for the one it names.

use super::{
    Association, AssociationKind, Author, Code, Cx, DocumentEntry, MAX_DOCUMENTS, MAX_METADATA,
    MAX_NODES, MAX_VALUES, Metadata, Organisation, Person, SubmissionSet, XdsError, scheme,
};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use roxmltree::{Document, Error, Node, ParsingOptions};
use std::borrow::Cow;

pub(super) fn read(octets: &[u8]) -> Result<Metadata, XdsError> {
    if octets.len() > MAX_METADATA {
        return Err(XdsError::TooLarge);
    }
    let text = text_of(octets)?;
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let xml = Document::parse_with_options(&text, options).map_err(|error| match error {
        Error::NodesLimitReached => XdsError::TooLarge,
        _ => XdsError::Xml,
    })?;
    let all = Objects::gather(&xml)?;
    let documents: Vec<_> =
        elements(&xml, "ExtrinsicObject").map(|node| all.document(node)).collect();
    if documents.len() > MAX_DOCUMENTS {
        return Err(XdsError::TooLarge);
    }
    if documents.is_empty() {
        return Err(XdsError::NoDocument);
    }
    let set = elements(&xml, "RegistryPackage").map(|node| all.set(node)).next();
    let associations = elements(&xml, "Association").map(association).take(MAX_VALUES).collect();
    Ok(Metadata { set: set.unwrap_or_default(), documents, associations })
}

/// The text of metadata: UTF-16 where a mark or the first character says so, else UTF-8, else what
/// Windows writes where that is declared.
fn text_of(octets: &[u8]) -> Result<Cow<'_, str>, XdsError> {
    let (wide, rest) = match Encoding::for_bom(octets) {
        Some((encoding, mark)) if encoding != UTF_8 => {
            (Some(encoding), octets.get(mark..).unwrap_or_default())
        }
        _ if octets.starts_with(b"<\0") => (Some(UTF_16LE), octets),
        _ if octets.starts_with(b"\0<") => (Some(UTF_16BE), octets),
        _ => (None, octets.strip_prefix(b"\xef\xbb\xbf").unwrap_or(octets)),
    };
    if let Some(wide) = wide {
        let text = wide.decode_without_bom_handling_and_without_replacement(rest);
        return text.ok_or(XdsError::Encoding);
    }
    if let Ok(text) = std::str::from_utf8(rest) {
        return Ok(text.into());
    }
    let head = String::from_utf8_lossy(rest.get(..120).unwrap_or(rest)).to_ascii_lowercase();
    if head.contains("iso-8859-1") || head.contains("windows-1252") {
        return Ok(rest.iter().map(|octet| char::from(*octet)).collect::<String>().into());
    }
    Err(XdsError::Encoding)
}

fn elements<'a>(
    xml: &'a Document<'a>,
    name: &'static str,
) -> impl Iterator<Item = Node<'a, 'a>> + 'a {
    xml.descendants().filter(move |node| node.is_element() && node.tag_name().name() == name)
}

/// A UUID as this file compares them.
fn uuid(text: &str) -> String {
    text.trim().to_ascii_lowercase().trim_start_matches("urn:uuid:").to_owned()
}

/// What hangs on an object.
struct Hung<'a> {
    owner: String,
    scheme: String,
    node: Node<'a, 'a>,
}

/// The classifications and identifiers of all objects.
struct Objects<'a> {
    classifications: Vec<Hung<'a>>,
    identifiers: Vec<Hung<'a>>,
}

impl<'a> Objects<'a> {
    fn gather(xml: &'a Document<'a>) -> Result<Self, XdsError> {
        let hung = |name, scheme_name: &'static str, owner_name: &'static str| {
            let hang = |node: Node<'a, 'a>| Hung {
                owner: owner_of(node, owner_name),
                scheme: uuid(node.attribute(scheme_name).unwrap_or_default()),
                node,
            };
            elements(xml, name).map(hang).collect::<Vec<_>>()
        };
        let classifications = hung("Classification", "classificationScheme", "classifiedObject");
        let identifiers = hung("ExternalIdentifier", "identificationScheme", "registryObject");
        if classifications.len() + identifiers.len() > MAX_VALUES * 10 {
            return Err(XdsError::TooLarge);
        }
        Ok(Self { classifications, identifiers })
    }

    fn identifier(&self, owner: Node<'_, '_>, scheme: &str) -> Option<String> {
        let owner = key(owner);
        let found = self.identifiers.iter().find(|it| it.owner == owner && it.scheme == scheme)?;
        let value = found.node.attribute("value")?.trim();
        (!value.is_empty()).then(|| value.to_owned())
    }

    fn classified(
        &self,
        owner: Node<'_, '_>,
        scheme: &'static str,
    ) -> impl Iterator<Item = Node<'a, 'a>> {
        let owner = key(owner);
        self.classifications
            .iter()
            .filter(move |it| it.owner == owner && it.scheme == scheme)
            .map(|it| it.node)
    }

    fn codes(&self, owner: Node<'_, '_>, scheme: &'static str) -> Vec<Code> {
        self.classified(owner, scheme).filter_map(code).take(MAX_VALUES).collect()
    }

    fn code(&self, owner: Node<'_, '_>, scheme: &'static str) -> Option<Code> {
        self.classified(owner, scheme).find_map(code)
    }

    fn patient(&self, owner: Node<'_, '_>, scheme: &str) -> Option<Cx> {
        self.identifier(owner, scheme).and_then(|value| Cx::read(&value))
    }

    fn document(&self, node: Node<'_, '_>) -> DocumentEntry {
        DocumentEntry {
            id: node.attribute("id").unwrap_or_default().to_owned(),
            mime: node.attribute("mimeType").unwrap_or_default().trim().to_ascii_lowercase(),
            unique_id: self.identifier(node, scheme::UNIQUE_ID),
            patient: self.patient(node, scheme::PATIENT_ID),
            uri: uri(node),
            hash: slot(node, "hash"),
            size: slot(node, "size").and_then(|size| size.parse().ok()),
            creation_time: slot(node, "creationTime"),
            service_start: slot(node, "serviceStartTime"),
            service_stop: slot(node, "serviceStopTime"),
            language: slot(node, "languageCode"),
            legal_authenticator: slot(node, "legalAuthenticator").and_then(|x| Person::read(&x)),
            source_patient: slot(node, "sourcePatientId").and_then(|x| Cx::read(&x)),
            title: localized(node, "Name"),
            authors: self.classified(node, scheme::AUTHOR).map(author).take(MAX_VALUES).collect(),
            class_code: self.code(node, scheme::CLASS_CODE),
            type_code: self.code(node, scheme::TYPE_CODE),
            confidentiality: self.codes(node, scheme::CONFIDENTIALITY),
            event_codes: self.codes(node, scheme::EVENT_CODE),
            format_code: self.code(node, scheme::FORMAT_CODE),
            facility_type: self.code(node, scheme::FACILITY_TYPE),
            practice_setting: self.code(node, scheme::PRACTICE_SETTING),
        }
    }

    fn set(&self, node: Node<'_, '_>) -> SubmissionSet {
        SubmissionSet {
            id: node.attribute("id").unwrap_or_default().to_owned(),
            unique_id: self.identifier(node, scheme::SET_UNIQUE_ID),
            source_id: self.identifier(node, scheme::SET_SOURCE_ID),
            patient: self.patient(node, scheme::SET_PATIENT_ID),
            content_type: self.code(node, scheme::CONTENT_TYPE),
            submission_time: slot(node, "submissionTime"),
            title: localized(node, "Name"),
            description: localized(node, "Description"),
            author: self.classified(node, scheme::SET_AUTHOR).map(author).next(),
        }
    }
}

/// What tells an object apart: its id, else its place in the file.
fn key(node: Node<'_, '_>) -> String {
    node.attribute("id").map_or_else(|| format!("#{:?}", node.id()), uuid)
}

fn owner_of(node: Node<'_, '_>, attribute: &str) -> String {
    let is_object = |parent: &Node<'_, '_>| {
        matches!(parent.tag_name().name(), "ExtrinsicObject" | "RegistryPackage")
    };
    match node.parent().filter(is_object) {
        Some(parent) => key(parent),
        None => node.attribute(attribute).map(uuid).unwrap_or_default(),
    }
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Option<Node<'a, 'a>> {
    node.children().find(|child| child.tag_name().name() == name)
}

fn slot_values<'a>(node: Node<'a, '_>, name: &str) -> Vec<String> {
    node.children()
        .filter(|child| child.tag_name().name() == "Slot")
        .filter(|slot| slot.attribute("name").is_some_and(|it| it.eq_ignore_ascii_case(name)))
        .flat_map(|slot| slot.descendants())
        .filter(|value| value.tag_name().name() == "Value")
        .filter_map(|value| value.text().map(|text| text.trim().to_owned()))
        .filter(|text| !text.is_empty())
        .take(MAX_VALUES)
        .collect()
}

fn slot(node: Node<'_, '_>, name: &str) -> Option<String> {
    slot_values(node, name).into_iter().next()
}

/// A URI that was cut into numbered pieces (`1|…`, `2|…`) is put together.
fn uri(node: Node<'_, '_>) -> Option<String> {
    let mut pieces = slot_values(node, "URI");
    if pieces.len() > 1 && pieces.iter().all(|piece| piece.contains('|')) {
        pieces.sort();
        let rest = |piece: &String| piece.split_once('|').map(|(_, rest)| rest.to_owned());
        return Some(pieces.iter().filter_map(rest).collect());
    }
    pieces.into_iter().next()
}

fn localized(node: Node<'_, '_>, name: &str) -> Option<String> {
    let named = node.children().find(|child| child.tag_name().name() == name)?;
    let text = named.descendants().find(|it| it.tag_name().name() == "LocalizedString")?;
    let value = text.attribute("value")?.trim();
    (!value.is_empty()).then(|| value.to_owned())
}

fn code<'a>(node: Node<'a, 'a>) -> Option<Code> {
    let code = node.attribute("nodeRepresentation")?.trim();
    if code.is_empty() {
        return None;
    }
    let label = child(node, "Name").and_then(|_| localized(node, "Name"));
    Some(Code { code: code.to_owned(), system: slot(node, "codingScheme"), label })
}

fn author(node: Node<'_, '_>) -> Author {
    Author {
        person: slot(node, "authorPerson").and_then(|text| Person::read(&text)),
        institution: slot(node, "authorInstitution").and_then(|text| Organisation::read(&text)),
        role: slot(node, "authorRole"),
        specialty: slot(node, "authorSpecialty"),
    }
}

fn association(node: Node<'_, '_>) -> Association {
    let named = node.attribute("associationType").unwrap_or_default();
    let kind = match named.rsplit(':').next().unwrap_or_default() {
        "HasMember" => AssociationKind::HasMember,
        "RPLC" => AssociationKind::Replace,
        other => AssociationKind::Other(other.to_owned()),
    };
    let end = |name| node.attribute(name).unwrap_or_default().to_owned();
    Association { kind, source: end("sourceObject"), target: end("targetObject") }
}
