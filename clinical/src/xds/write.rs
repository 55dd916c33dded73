//! Writing `METADATA.XML`, as spec/mssante.md §3.2 has it.
//!
//! Writing into memory cannot fail; a failure of the library would leave the file without an end,
//! which no reader takes.

use super::{AssociationKind, Author, Code, DocumentEntry, Metadata, SubmissionSet, scheme};
use quick_xml::Writer;
use quick_xml::events::{BytesDecl, Event};
use std::io;

const LCM: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0";
const RIM: &str = "urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0";
const ASSOCIATION: &str = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Association";
const CLASSIFICATION: &str =
    "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:Classification";
const IDENTIFIER: &str =
    "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:ExternalIdentifier";
const PACKAGE: &str = "urn:oasis:names:tc:ebxml-regrep:ObjectType:RegistryObject:RegistryPackage";

type Out = Writer<Vec<u8>>;

pub(super) fn write(metadata: &Metadata) -> String {
    let mut out = Writer::new_with_indent(Vec::new(), b' ', 1);
    // A Vec takes every write.
    let _ = file(&mut out, metadata);
    let mut octets = out.into_inner();
    octets.push(b'\n');
    String::from_utf8(octets).unwrap_or_default()
}

fn file(out: &mut Out, metadata: &Metadata) -> io::Result<()> {
    out.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let root = out
        .create_element("lcm:SubmitObjectsRequest")
        .with_attributes([("xmlns:lcm", LCM), ("xmlns:rim", RIM)]);
    root.write_inner_content(|out| {
        out.create_element("rim:RegistryObjectList").write_inner_content(|out| {
            for document in &metadata.documents {
                document_entry(out, document)?;
            }
            submission_set(out, &metadata.set)?;
            let id = metadata.set.id.as_str();
            let node = format!("urn:uuid:{}", scheme::SUBMISSION_SET);
            out.create_element("rim:Classification")
                .with_attributes([
                    ("classifiedObject", id),
                    ("classificationNode", node.as_str()),
                    ("id", "SubmissionSet01-class"),
                    ("objectType", CLASSIFICATION),
                ])
                .write_empty()?;
            for (number, association) in (1..).zip(&metadata.associations) {
                let kind = match &association.kind {
                    AssociationKind::HasMember => {
                        "urn:oasis:names:tc:ebxml-regrep:AssociationType:HasMember".to_owned()
                    }
                    AssociationKind::Replace => "urn:ihe:iti:2007:AssociationType:RPLC".to_owned(),
                    AssociationKind::Other(name) => {
                        format!("urn:ihe:iti:2007:AssociationType:{name}")
                    }
                };
                let id = format!("Association{number:02}");
                let element = out.create_element("rim:Association").with_attributes([
                    ("id", id.as_str()),
                    ("associationType", kind.as_str()),
                    ("sourceObject", association.source.as_str()),
                    ("targetObject", association.target.as_str()),
                    ("objectType", ASSOCIATION),
                ]);
                match association.kind {
                    AssociationKind::HasMember => element.write_inner_content(|out| {
                        slot(out, "SubmissionSetStatus", ["Original"])
                    })?,
                    _ => element.write_empty()?,
                };
            }
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

fn document_entry(out: &mut Out, document: &DocumentEntry) -> io::Result<()> {
    let object_type = format!("urn:uuid:{}", scheme::DOCUMENT_ENTRY);
    let id = document.id.as_str();
    let element = out.create_element("rim:ExtrinsicObject").with_attributes([
        ("id", id),
        ("mimeType", document.mime.as_str()),
        ("objectType", object_type.as_str()),
    ]);
    element.write_inner_content(|out| {
        slot(out, "creationTime", &document.creation_time)?;
        slot(out, "hash", &document.hash)?;
        slot(out, "languageCode", &document.language)?;
        let authenticator = document.legal_authenticator.as_ref().map(ToString::to_string);
        slot(out, "legalAuthenticator", authenticator)?;
        slot(out, "serviceStartTime", &document.service_start)?;
        slot(out, "serviceStopTime", &document.service_stop)?;
        slot(out, "size", document.size.map(|size| size.to_string()))?;
        slot(out, "sourcePatientId", document.source_patient.as_ref().map(ToString::to_string))?;
        slot(out, "URI", &document.uri)?;
        localized(out, "rim:Name", document.title.as_deref())?;
        for who in &document.authors {
            author(out, id, scheme::AUTHOR, who)?;
        }
        let one = [
            (scheme::CLASS_CODE, &document.class_code),
            (scheme::FORMAT_CODE, &document.format_code),
            (scheme::FACILITY_TYPE, &document.facility_type),
            (scheme::PRACTICE_SETTING, &document.practice_setting),
            (scheme::TYPE_CODE, &document.type_code),
        ];
        let many = [
            (scheme::CONFIDENTIALITY, &document.confidentiality),
            (scheme::EVENT_CODE, &document.event_codes),
        ];
        for (scheme, codes) in many {
            for value in codes {
                code(out, id, scheme, value)?;
            }
        }
        for (scheme, value) in one {
            if let Some(value) = value {
                code(out, id, scheme, value)?;
            }
        }
        let patient = document.patient.as_ref().map(ToString::to_string);
        identifier(out, id, scheme::PATIENT_ID, "XDSDocumentEntry.patientId", patient)?;
        let unique_id = document.unique_id.clone();
        identifier(out, id, scheme::UNIQUE_ID, "XDSDocumentEntry.uniqueId", unique_id)
    })?;
    Ok(())
}

fn submission_set(out: &mut Out, set: &SubmissionSet) -> io::Result<()> {
    let id = set.id.as_str();
    let element = out
        .create_element("rim:RegistryPackage")
        .with_attributes([("id", id), ("objectType", PACKAGE)]);
    element.write_inner_content(|out| {
        slot(out, "submissionTime", &set.submission_time)?;
        localized(out, "rim:Name", set.title.as_deref())?;
        localized(out, "rim:Description", set.description.as_deref())?;
        if let Some(who) = &set.author {
            author(out, id, scheme::SET_AUTHOR, who)?;
        }
        if let Some(value) = &set.content_type {
            code(out, id, scheme::CONTENT_TYPE, value)?;
        }
        let patient = set.patient.as_ref().map(ToString::to_string);
        identifier(out, id, scheme::SET_PATIENT_ID, "XDSSubmissionSet.patientId", patient)?;
        let source = set.source_id.clone();
        identifier(out, id, scheme::SET_SOURCE_ID, "XDSSubmissionSet.sourceId", source)?;
        let unique = set.unique_id.clone();
        identifier(out, id, scheme::SET_UNIQUE_ID, "XDSSubmissionSet.uniqueId", unique)
    })?;
    Ok(())
}

fn slot<I>(out: &mut Out, name: &str, values: I) -> io::Result<()>
where
    I: IntoIterator<Item: AsRef<str>>,
{
    let mut values = values.into_iter().peekable();
    if values.peek().is_none() {
        return Ok(());
    }
    out.create_element("rim:Slot").with_attribute(("name", name)).write_inner_content(|out| {
        out.create_element("rim:ValueList").write_inner_content(|out| {
            for value in values {
                let text = quick_xml::events::BytesText::new(value.as_ref());
                out.create_element("rim:Value").write_text_content(text)?;
            }
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(())
}

fn localized(out: &mut Out, element: &str, value: Option<&str>) -> io::Result<()> {
    let Some(value) = value else { return Ok(()) };
    out.create_element(element).write_inner_content(|out| {
        out.create_element("rim:LocalizedString")
            .with_attributes([("charset", "UTF-8"), ("xml:lang", "fr"), ("value", value)])
            .write_empty()?;
        Ok(())
    })?;
    Ok(())
}

/// Ids have to be unique in the file: numbered by the octets written so far.
fn next_id(out: &mut Out) -> String {
    format!("Object{}", out.get_mut().len())
}

fn author(out: &mut Out, owner: &str, scheme: &str, author: &Author) -> io::Result<()> {
    classification(out, owner, scheme, "", |out| {
        slot(out, "authorInstitution", author.institution.as_ref().map(ToString::to_string))?;
        slot(out, "authorPerson", author.person.as_ref().map(ToString::to_string))?;
        slot(out, "authorRole", &author.role)?;
        slot(out, "authorSpecialty", &author.specialty)
    })
}

fn code(out: &mut Out, owner: &str, scheme: &str, code: &Code) -> io::Result<()> {
    classification(out, owner, scheme, &code.code, |out| {
        slot(out, "codingScheme", &code.system)?;
        localized(out, "rim:Name", code.label.as_deref())
    })
}

fn classification(
    out: &mut Out,
    owner: &str,
    scheme: &str,
    code: &str,
    content: impl FnOnce(&mut Out) -> io::Result<()>,
) -> io::Result<()> {
    let (id, scheme) = (next_id(out), format!("urn:uuid:{scheme}"));
    out.create_element("rim:Classification")
        .with_attributes([
            ("id", id.as_str()),
            ("classificationScheme", scheme.as_str()),
            ("classifiedObject", owner),
            ("nodeRepresentation", code),
            ("objectType", CLASSIFICATION),
        ])
        .write_inner_content(content)?;
    Ok(())
}

fn identifier(
    out: &mut Out,
    owner: &str,
    scheme: &str,
    name: &str,
    value: Option<String>,
) -> io::Result<()> {
    let Some(value) = value else { return Ok(()) };
    let (id, scheme) = (next_id(out), format!("urn:uuid:{scheme}"));
    out.create_element("rim:ExternalIdentifier")
        .with_attributes([
            ("id", id.as_str()),
            ("identificationScheme", scheme.as_str()),
            ("registryObject", owner),
            ("value", value.as_str()),
            ("objectType", IDENTIFIER),
        ])
        .write_inner_content(|out| localized(out, "rim:Name", Some(name)))?;
    Ok(())
}
