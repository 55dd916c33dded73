//! The strict rules: samples pass, and each element taken away is told.

use crate::samples;
use crate::write::letter;
use clinical::cda::{Finding, check};
use domain::IdentityTrait;

// MSS #62
#[test]
fn every_sample_passes() {
    for (name, octets) in samples::all() {
        assert_eq!(check(&octets), Ok(Vec::new()), "{name}");
    }
}

fn xml() -> String {
    String::from_utf8(letter().to_xml().unwrap()).unwrap()
}

/// The first top element of this name, from `<` to `>`.
fn element(xml: &str, name: &str) -> String {
    let (start, end) = (format!("<{name}"), format!("</{name}>"));
    let from = xml
        .match_indices(&start)
        .map(|(at, _)| at)
        .find(|at| !xml[at + start.len()..].starts_with(|c: char| c.is_alphanumeric()))
        .unwrap();
    let rest = &xml[from..];
    let tag = rest.find('>').unwrap();
    let to =
        if rest[..tag].ends_with('/') { tag + 1 } else { rest.find(&end).unwrap() + end.len() };
    rest[..to].to_owned()
}

// MSS #62
#[test]
fn each_mandatory_element_taken_away_or_doubled_is_told() {
    let xml = xml();
    assert_eq!(check(xml.as_bytes()), Ok(Vec::new()));
    let once = [
        "id",
        "code",
        "title",
        "effectiveTime",
        "confidentialityCode",
        "languageCode",
        "setId",
        "versionNumber",
        "recordTarget",
        "custodian",
        "legalAuthenticator",
        "componentOf",
        "component",
        "realmCode",
        "typeId",
    ];
    for name in once {
        let element = element(&xml, name);
        let found = check(xml.replacen(&element, "", 1).as_bytes()).unwrap();
        assert!(found.contains(&Finding::Missing(name)), "{name}: {found:?}");
        let twice = xml.replacen(&element, &format!("{element}{element}"), 1);
        assert_eq!(check(twice.as_bytes()).unwrap(), [Finding::Repeated(name)], "{name}");
        let null = xml.replacen(&element, &format!(r#"<{name} nullFlavor="UNK"/>"#), 1);
        assert!(check(null.as_bytes()).unwrap().contains(&Finding::Null(name)), "{name}");
    }
    for name in ["author", "documentationOf"] {
        let found = check(xml.replacen(&element(&xml, name), "", 1).as_bytes()).unwrap();
        assert_eq!(found, [Finding::Missing(name)]);
    }
}

// MSS #62
#[test]
fn values_that_must_be_are_told() {
    let table = [
        (r#"<realmCode code="FR"/>"#, r#"<realmCode code="US"/>"#, Finding::Wrong("realmCode")),
        ("POCD_HD000040", "POCD_HD000041", Finding::Wrong("typeId")),
        (
            r#"versionNumber value="2""#,
            r#"versionNumber value="0""#,
            Finding::Wrong("versionNumber"),
        ),
        (
            r#"signatureCode code="S""#,
            r#"signatureCode code="X""#,
            Finding::Wrong("legalAuthenticator/signatureCode"),
        ),
        (r#"representation="B64""#, "", Finding::Wrong("nonXMLBody/text representation")),
        (
            r#"mediaType="application/pdf""#,
            r#"mediaType="text/html""#,
            Finding::Wrong("nonXMLBody/text mediaType"),
        ),
        (
            r#"<performer typeCode="PRF">"#,
            r#"<performer/><performer typeCode="PRF">"#,
            Finding::Repeated("serviceEvent/performer"),
        ),
        (
            "<legalAuthenticator>",
            "<dataEnterer/><dataEnterer/><legalAuthenticator>",
            Finding::Repeated("dataEnterer"),
        ),
        (
            "<relatedDocument",
            r#"<relatedDocument typeCode="RPLC"/><relatedDocument"#,
            Finding::Repeated("relatedDocument RPLC"),
        ),
    ];
    for (from, to, finding) in table {
        let xml = xml();
        assert!(xml.contains(from), "{from}");
        let found = check(xml.replacen(from, to, 1).as_bytes()).unwrap();
        assert_eq!(found, [finding], "{from}");
        assert_eq!(finding.error_code(), 906);
    }
}

// MSS #63
#[test]
fn level_1_has_exactly_three_templates() {
    let xml = xml();
    let third = r#"<templateId root="1.3.6.1.4.1.19376.1.2.20"/>"#;
    let fourth = format!(r#"{third}<templateId root="1.2.250.1.213.1.1.1.29"/>"#);
    let found = check(xml.replacen(third, &fourth, 1).as_bytes()).unwrap();
    assert_eq!(found, [Finding::TemplatesOfLevel1(4)]);
    let found = check(xml.replacen(third, "", 1).as_bytes()).unwrap();
    assert_eq!(found, [Finding::TemplatesOfLevel1(2), Finding::Missing("templateId of XDS-SD")]);
    let other = r#"<templateId root="1.2.250.1.213.1.1.1.29"/>"#;
    let found = check(xml.replacen(third, other, 1).as_bytes()).unwrap();
    assert_eq!(found, [Finding::Missing("templateId of XDS-SD")]);
    for framework in ["2.16.840.1.113883.2.8.2.1", "1.2.250.1.213.1.1.1.1"] {
        let found = check(xml.replacen(framework, "1.2.3", 1).as_bytes()).unwrap();
        assert!(matches!(found[..], [Finding::Missing(_)]), "{framework}: {found:?}");
    }
}

// MSS #64
#[test]
fn an_ins_without_a_trait_is_error_905() {
    let table = [
        (r#"<family qualifier="BR">PAT-TROIS</family>"#, IdentityTrait::BirthName),
        ("<given>DOMINIQUE MARIE-LOUISE</given>", IdentityTrait::GivenNames),
        (r#"<given qualifier="BR">DOMINIQUE</given>"#, IdentityTrait::GivenNames),
        (r#"<birthTime value="19790328"/>"#, IdentityTrait::BirthDate),
        (
            r#"<administrativeGenderCode code="F" codeSystem="2.16.840.1.113883.5.1"/>"#,
            IdentityTrait::Sex,
        ),
        ("<county>51215</county>", IdentityTrait::BirthPlace),
    ];
    for (element, which) in table {
        let xml = xml();
        assert!(xml.contains(element), "{element}");
        let without = xml.replacen(element, "", 1);
        assert_eq!(check(without.as_bytes()).unwrap(), [Finding::Trait(which)], "{element}");
        assert_eq!(Finding::Trait(which).error_code(), 905);
        // Without an INS the traits are the business of whoever files.
        let local = without.replacen("1.2.250.1.213.1.4.10", "1.2.3.4", 1);
        assert_eq!(check(local.as_bytes()).unwrap(), []);
    }
}
