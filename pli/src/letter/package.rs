//! A CDA document packed as IHE XDM: its description made of its own header.
//!
//! Invariant: nothing is described that the document does not say; the patient's number in the
//! description is the document's. Failure: [`PackError`] says what the document lacks.

use clinical::cda::{Body, CdaError, Header, Participant};
use clinical::value_sets::{IHE_FORMATS, LOINC, document_type};
use clinical::xdm::{Application, Archive, Package, Sender, XdmError};
use clinical::xds::{Author, Code, Cx, DocumentEntry, Organisation, Person, SubmissionSet};
use jiff::Timestamp;

/// Why a document cannot be packed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PackError {
    #[error("the document is no CDA")]
    Cda(#[from] CdaError),
    #[error("the document has no national identity number (INS)")]
    NoIns,
    #[error("the archive could not be written")]
    Archive(#[from] XdmError),
}

/// What identifies a submission.
pub(crate) struct Submission<'a> {
    /// The set's own OID.
    pub(crate) unique_id: String,
    /// The application's OID.
    pub(crate) source_id: &'a str,
    /// Who sends.
    pub(crate) sender: Sender,
    pub(crate) now: Timestamp,
}

/// Packs documents; returns the archive and the documents' headers.
pub(crate) fn pack(
    documents: Vec<Vec<u8>>,
    submission: &Submission<'_>,
) -> Result<(Vec<u8>, Vec<Header>), PackError> {
    let headers = documents.iter().map(|octets| Header::read(octets));
    let headers: Vec<Header> = headers.collect::<Result<_, _>>()?;
    let patient = headers.first().and_then(patient).ok_or(PackError::NoIns)?;
    let replaces = headers.iter().enumerate().filter_map(|(index, header)| {
        let replaced = header.replaces()?.ids.first()?.to_string();
        Some((index, replaced))
    });
    let set = SubmissionSet {
        unique_id: Some(submission.unique_id.clone()),
        source_id: Some(submission.source_id.to_owned()),
        patient: Some(patient),
        submission_time: Some(submission.now.strftime("%Y%m%d%H%M%S").to_string()),
        title: headers.first().and_then(|header| header.title.clone()),
        author: headers.first().and_then(|header| header.authors.first()).map(author),
        ..SubmissionSet::default()
    };
    let package = Package {
        sender: submission.sender.clone(),
        application: Application {
            name: "Pli".to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            publisher: "Pli".to_owned(),
        },
        set,
        replaces: replaces.collect(),
        documents: headers.iter().map(described).zip(documents).collect(),
    };
    Ok((Archive::write(&package)?, headers))
}

fn patient(header: &Header) -> Option<Cx> {
    let (number, oid) = header.patient.ins_as_written()?;
    Some(Cx {
        number: number.to_owned(),
        oid: oid.as_str().to_owned(),
        kind: Some("NH".to_owned()),
    })
}

fn author(of: &Participant) -> Author {
    let person = match &of.agent {
        Some(clinical::cda::Agent::Person(person)) => Some(Person {
            id: of.ids.first().and_then(|id| id.extension.clone()),
            oid: of.ids.first().map(|id| id.root.clone()),
            family: person.family.clone(),
            given: person.given.clone(),
        }),
        Some(device) => Some(Person { family: Some(device.to_string()), ..Person::default() }),
        None => None,
    };
    let institution = of.organisation.as_ref().map(|organisation| Organisation {
        name: organisation.name.clone(),
        id: organisation.ids.first().and_then(|id| id.extension.clone()),
        oid: organisation.ids.first().map(|id| id.root.clone()),
    });
    let specialty = of.code.as_ref().map(|code| {
        let part = |text: &Option<String>| text.clone().unwrap_or_default();
        format!("{}^{}^{}", code.code, part(&code.label), part(&code.system))
    });
    Author { person, institution, role: None, specialty }
}

fn described(header: &Header) -> DocumentEntry {
    let event = header.events.first();
    let written = |time: Option<&clinical::cda::Time>| {
        time.and_then(clinical::cda::Time::instant)
            .map(|at| at.strftime("%Y%m%d%H%M%S").to_string())
    };
    let class = header.code.as_ref().and_then(|code| {
        let known = document_type(&code.code, code.system.as_deref())?;
        Some(Code::new(known.kind.slug(), LOINC, known.kind.label().fr))
    });
    let setting = event
        .and_then(|event| event.performers.first())
        .and_then(|performer| performer.organisation.as_ref())
        .and_then(|organisation| organisation.setting.clone());
    DocumentEntry {
        mime: "text/xml".to_owned(),
        unique_id: header.unique_id(),
        patient: patient(header),
        source_patient: patient(header),
        creation_time: written(header.effective_time.as_ref()),
        service_start: written(event.and_then(|event| event.time.low.as_ref())),
        service_stop: written(event.and_then(|event| event.time.high.as_ref())),
        language: header.language.clone(),
        title: header.title.clone(),
        authors: header.authors.iter().map(author).collect(),
        class_code: class,
        type_code: header.code.clone(),
        confidentiality: header.confidentiality.iter().cloned().collect(),
        event_codes: event.and_then(|event| event.code.clone()).into_iter().collect(),
        format_code: format(header),
        facility_type: header.encounter.as_ref().and_then(|encounter| encounter.facility.clone()),
        practice_setting: setting,
        ..DocumentEntry::default()
    }
}

/// The form of a level 1 with a PDF; of structured bodies, the document's own templates say it.
fn format(header: &Header) -> Option<Code> {
    let pdf = matches!(&header.body, Body::NonXml(Some(kind)) if kind == "application/pdf");
    pdf.then(|| Code::new("urn:ihe:iti:xds-sd:pdf:2008", IHE_FORMATS, "Document PDF"))
}
