//! XDS metadata: what is written is read, and files of other makers are read too.

use super::*;

fn entry() -> DocumentEntry {
    DocumentEntry {
        id: "Document01".into(),
        mime: "text/xml".into(),
        unique_id: Some("1.2.3^4".into()),
        patient: Cx::read("279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH"),
        uri: Some("DOC0001.XML".into()),
        hash: Some("da39a3ee5e6b4b0d3255bfef95601890afd80709".into()),
        size: Some(12),
        creation_time: Some("20240102030405".into()),
        service_start: Some("20240101".into()),
        language: Some("fr-FR".into()),
        title: Some("Lettre <de> liaison & suite \"é\"".into()),
        authors: vec![Author {
            person: Person::read(
                "801234567897^MARTIN^Marie^^^^^^&1.2.250.1.71.4.2.1&ISO^D^^^IDNPS",
            ),
            institution: Organisation::read("CHU^^^^^&1.2.250.1.71.4.2.2&ISO^IDNST^^^1630013605"),
            role: Some("Chef".into()),
            specialty: Some("G15_10/SM26".into()),
        }],
        class_code: Some(Code::new("10", "1.2.250.1.213.1.1.4.1", "Compte rendu")),
        type_code: Some(Code::new("11490-0", crate::value_sets::LOINC, "Lettre")),
        confidentiality: vec![Code::new("N", "s", "Normal"), Code::new("MASQUE_PS", "t", "Masqué")],
        event_codes: vec![Code::new("E", "s", "x")],
        format_code: Some(Code::new("urn:ihe:iti:xds-sd:pdf:2008", "f", "pdf")),
        facility_type: Some(Code::new("SA01", "g", "Etablissement")),
        practice_setting: Some(Code::new("ETABLISSEMENT", "h", "Etablissement")),
        ..DocumentEntry::default()
    }
}

fn metadata() -> Metadata {
    let member = |kind, source: &str, target: &str| Association {
        kind,
        source: source.into(),
        target: target.into(),
    };
    Metadata {
        set: SubmissionSet {
            id: "SubmissionSet01".into(),
            unique_id: Some("1.9".into()),
            source_id: Some("1.8".into()),
            patient: entry().patient,
            content_type: Some(Code::new("04", "c", "Hospitalisation")),
            submission_time: Some("20240102030405".into()),
            title: Some("Envoi".into()),
            description: Some("Une lettre".into()),
            author: entry().authors.pop(),
        },
        documents: vec![entry()],
        associations: vec![
            member(AssociationKind::HasMember, "SubmissionSet01", "Document01"),
            member(AssociationKind::Replace, "Document01", "urn:uuid:old"),
            member(AssociationKind::Other("APND".into()), "Document01", "x"),
        ],
    }
}

#[test]
fn what_is_written_is_read() {
    let written = metadata();
    let read = Metadata::read(written.write().as_bytes()).unwrap();
    assert!(read == written, "{}", written.write());
    assert_eq!(read.replaced_by(&read.documents[0]).collect::<Vec<_>>(), ["urn:uuid:old"]);
}

/// The scheme UUIDs of spec/mssante.md, table 3.2, typed a second time.
// MSS #61
#[test]
fn every_scheme_of_the_table_stands_in_the_file_under_its_item() {
    let text = metadata().write();
    let xml = roxmltree::Document::parse(&text).unwrap();
    let table = [
        ("urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd", "SubmissionSet01"),
        ("urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d", "Chef"),
        ("urn:uuid:aa543740-bdda-424e-8c96-df4873be8500", "04"),
        ("urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446", "279035121518989"),
        ("urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832", "1.8"),
        ("urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8", "1.9"),
        ("urn:uuid:7edca82f-054d-47f2-a032-9b2a5b5186c1", "text/xml"),
        ("urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d", "Chef"),
        ("urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a", "10"),
        ("urn:uuid:f0306f51-975f-434e-a61c-c59651d33983", "11490-0"),
        ("urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f", "MASQUE_PS"),
        ("urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4", "E"),
        ("urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d", "urn:ihe:iti:xds-sd:pdf:2008"),
        ("urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1", "SA01"),
        ("urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead", "ETABLISSEMENT"),
        ("urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427", "279035121518989"),
        ("urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab", "1.2.3^4"),
    ];
    for (scheme, value) in table {
        let found = xml.descendants().any(|node| {
            node.attributes().any(|attribute| attribute.value() == scheme)
                && text.get(node.range()).is_some_and(|part| part.contains(value))
        });
        assert!(found, "{scheme} {value}");
    }
}

#[test]
fn other_makers_files_are_read_whatever_their_prefixes_case_and_places() {
    let xml = r#"<?xml version="1.0"?>
<SubmitObjectsRequest xmlns="urn:oasis:names:tc:ebxml-regrep:xsd:lcm:3.0"><RegistryObjectList>
<ExtrinsicObject id="D1" mimeType="TEXT/XML"><Slot name="uri"><ValueList><Value>2|.XML</Value><Value>1|A</Value></ValueList></Slot>
<Slot name="size"><ValueList><Value> 7 </Value></ValueList></Slot></ExtrinsicObject>
<ExternalIdentifier identificationScheme="URN:UUID:58A6F841-87B3-4A3E-92FD-A8FFEFF98427" registryObject="D1" value="1^^^&amp;1.2&amp;ISO^NH"/>
<Classification classificationScheme="f0306f51-975f-434e-a61c-c59651d33983" classifiedObject="D1" nodeRepresentation="REMB"/>
</RegistryObjectList></SubmitObjectsRequest>"#;
    let read = Metadata::read(xml.as_bytes()).unwrap();
    let document = &read.documents[0];
    assert_eq!(document.uri.as_deref(), Some("A.XML"));
    assert_eq!((document.size, document.mime.as_str()), (Some(7), "text/xml"));
    assert_eq!(document.type_code.as_ref().unwrap().code, "REMB");
    assert_eq!(document.patient.as_ref().unwrap().oid, "1.2");
}

#[test]
fn what_is_no_metadata_is_refused_with_its_reason() {
    let entity = "<!DOCTYPE a [<!ENTITY x \"y\">]><a>&x;</a>";
    let many = format!("<a>{}</a>", "<b/>".repeat(MAX_NODES as usize));
    for (text, error) in [
        ("", XdsError::Xml),
        ("<a>", XdsError::Xml),
        (entity, XdsError::Xml),
        ("<a/>", XdsError::NoDocument),
        (many.as_str(), XdsError::TooLarge),
    ] {
        assert_eq!(Metadata::read(text.as_bytes()).unwrap_err(), error);
    }
    assert_eq!(Metadata::read(b"<a>\xe9</a>").unwrap_err(), XdsError::Encoding);
    let latin = b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>";
    assert_eq!(Metadata::read(latin).unwrap_err(), XdsError::NoDocument);
    assert_eq!(Metadata::read(&vec![b' '; MAX_METADATA + 1]).unwrap_err(), XdsError::TooLarge);
}

#[test]
fn a_patient_is_read_from_component_one_and_the_oid_of_component_four() {
    for (text, number, oid) in [
        (
            "279035121518989^^^&1.2.250.1.213.1.4.10&ISO^NH",
            "279035121518989",
            "1.2.250.1.213.1.4.10",
        ),
        ("1^^^&1.2.250.1.213.1.4.2&^INS-C^^", "1", "1.2.250.1.213.1.4.2"),
        ("1^^^1.2.3", "1", "1.2.3"),
        ("1", "1", ""),
    ] {
        let cx = Cx::read(text).unwrap();
        assert_eq!((cx.number.as_str(), cx.oid.as_str()), (number, oid), "{text}");
    }
    assert!(Cx::read("^^^&1.2&ISO").is_none() && Cx::read("").is_none());
}

#[test]
fn instants_are_read_as_far_as_they_are_written() {
    for (text, at) in [
        ("20240102030405", Some("2024-01-02T03:04:05Z")),
        ("20240102", Some("2024-01-02T00:00:00Z")),
        ("2024", Some("2024-01-01T00:00:00Z")),
        ("20240102030405+0100", Some("2024-01-02T02:04:05Z")),
        ("20240102030405-0330", Some("2024-01-02T06:34:05Z")),
        ("20241302", None),
        ("202", None),
        ("20240102é", None),
        ("", None),
    ] {
        assert_eq!(instant(text).map(|at| at.to_string()).as_deref(), at, "{text}");
    }
}
