//! Reading headers: the samples, identities, encodings, the two values of the envelope.

use crate::samples;
use crate::write::letter;
use clinical::cda::{
    Agent, Body, CdaError, Header, Identity, codes, confidentiality, ins_is_complete, level1_body,
    media, x_mss_code_cda, x_mss_ins,
};
use clinical::value_sets::Confidentiality;
use domain::ins_number::InsError;
use domain::{IdentityTrait, Mode};

#[test]
fn every_sample_reads() {
    for (name, octets) in samples::all() {
        let header = Header::read(&octets).unwrap_or_else(|error| panic!("{name}: {error}"));
        let whole = header.id.is_some()
            && header.set_id.is_some()
            && header.version.is_some()
            && header.code.is_some()
            && header.title.is_some()
            && header.effective_time.as_ref().is_some_and(|time| time.instant().is_some())
            && header.language.as_deref() == Some("fr-FR")
            && header.custodian.as_ref().is_some_and(|custodian| custodian.name.is_some())
            && header.legal_authenticator.is_some()
            && header.encounter.is_some()
            && !header.authors.is_empty()
            && header
                .events
                .iter()
                .all(|event| !event.performers.is_empty() || event.code.is_some());
        assert!(whole, "{name}");
        assert_eq!(confidentiality(&header), Confidentiality::Normal, "{name}");
        assert_eq!(header.body == Body::Structured, level1_body(&octets) == Ok(None), "{name}");
        match (name.starts_with("CSE-"), header.identity(Mode::Test)) {
            (_, Identity::Complete(..)) => assert!(!name.starts_with("CSE-MDE"), "{name}"),
            (true, Identity::Invalid(InsError::Key { .. })) => {}
            (_, other) => panic!("{name}: {other:?}"),
        }
        assert!(!format!("{header:?}").contains("PAT-TROIS"));
    }
}

#[test]
fn what_a_letter_says() {
    let Some(octets) = samples::one("DOC_NON_STRUCTURE") else { return };
    let header = Header::read(&octets).unwrap();
    assert_eq!(header.unique_id().as_deref(), Some("1.3.6.1.4.1.19376.1.2.20.12345.1.1"));
    assert_eq!((header.version, header.template_ids.len()), (Some(1), 3));
    let code = header.code.clone().unwrap();
    assert_eq!(
        (code.code.as_str(), code.label.as_deref()),
        ("11502-2", Some("CR d'examens biologiques"))
    );
    let when = header.effective_time.as_ref().unwrap();
    assert_eq!(when.as_str(), "20210401134745+0100");
    assert_eq!(when.instant().unwrap().to_string(), "2021-04-01T12:47:45Z");
    let author = header.authors.first().unwrap();
    assert_eq!(author.ids.first().unwrap().to_string(), "1.2.250.1.71.4.2.1^801234534765");
    assert_eq!(author.agent.as_ref().unwrap().to_string(), "DR Marcel CAMPARINI");
    assert_eq!(author.code.as_ref().unwrap().code, "G15_10/SM03");
    let organisation = author.organisation.as_ref().unwrap();
    assert_eq!(organisation.name.as_deref(), Some("Laboratoire des charmes"));
    assert_eq!(organisation.ids.first().unwrap().extension.as_deref(), Some("1120459876"));
    assert_eq!(header.legal_authenticator.as_ref().unwrap().signature.as_deref(), Some("S"));
    let event = header.events.first().unwrap();
    assert_eq!(event.time.high.as_ref().unwrap().as_str(), "20210104135500+0100");
    let setting = event.performers.first().unwrap().organisation.clone().unwrap().setting.unwrap();
    assert_eq!(setting.code, "AMBULATOIRE");
    assert_eq!(header.encounter.as_ref().unwrap().facility.as_ref().unwrap().code, "SA07");
    assert_eq!(header.body, Body::NonXml(Some("application/pdf".into())));
    let Identity::Complete(ins, traits) = header.identity(Mode::Test) else { panic!() };
    assert_eq!((ins.as_str(), ins.oid().as_str()), ("279035121518989", "1.2.250.1.213.1.4.10"));
    assert_eq!(traits.given_names().as_str(), "DOMINIQUE MARIE-LOUISE");
    assert_eq!(
        header.identity(Mode::Production),
        Identity::Invalid(InsError::TestNumberInProduction)
    );
    let (media_type, pdf) = level1_body(&octets).unwrap().unwrap();
    assert_eq!(media_type, "application/pdf");
    assert!(pdf.starts_with(b"%PDF-1.5") && pdf.trim_ascii_end().ends_with(b"%%EOF"));
}

#[test]
fn devices_versions_and_media_are_read() {
    let Some(device) = samples::one("CNAM-HR") else { return };
    let author = Header::read(&device).unwrap().authors.remove(0);
    assert!(matches!(author.agent, Some(Agent::Device { .. })));
    assert_eq!(author.agent.unwrap().to_string(), "Assurance Maladie");
    let replaced = Header::read(&samples::one("IPS-FR").unwrap()).unwrap();
    let parent = replaced.replaces().unwrap();
    assert_eq!((replaced.version, parent.version, parent.ids.len()), (Some(2), Some(1), 1));
    let found = media(&samples::one("IPS-FR").unwrap()).unwrap();
    let ids: Vec<&str> = found.iter().map(|media| media.id.as_str()).collect();
    assert_eq!(ids, ["directives-anticipees-pdf", "doc-1", "doc-2"]);
    assert!(found.iter().all(|media| media.octets.starts_with(b"%PDF")));
    let image = media(&samples::one("eP-MED").unwrap()).unwrap().remove(0);
    assert_eq!((image.id.as_str(), image.media_type.as_str()), ("Code2dPDF", "image/jpeg"));
    // The sample calls a PNG a JPEG: the type is what the document says, the octets are what they are.
    assert!(image.octets.starts_with(b"\x89PNG"));
}

// The number of this sample stands under the OID of real people with a wrong key.
#[test]
fn a_wrong_key_under_the_oid_of_real_people_is_told() {
    let Some(octets) = samples::one("CSE-MDE") else { return };
    let header = Header::read(&octets).unwrap();
    for mode in [Mode::Test, Mode::Production] {
        assert!(matches!(header.identity(mode), Identity::Invalid(InsError::Key { .. })));
        assert!(!ins_is_complete(&header, mode));
    }
    assert!(header.patient.traits().is_ok());
}

fn xml() -> String {
    String::from_utf8(letter().to_xml().unwrap()).unwrap()
}

fn changed(from: &str, to: &str) -> Header {
    let xml = xml();
    assert!(xml.contains(from), "{from}");
    Header::read(xml.replacen(from, to, 1).as_bytes()).unwrap()
}

const ID: &str = r#"<id root="1.2.250.1.213.1.4.10" extension="279035121518989"/>"#;

#[test]
fn identities_are_complete_incomplete_invalid_ambiguous_or_none() {
    let incomplete = |from, to, which| {
        let Identity::Incomplete(_, missing) = changed(from, to).identity(Mode::Test) else {
            panic!("{from}")
        };
        assert_eq!(missing.0, [which], "{from}");
    };
    incomplete("<county>51215</county>", "", IdentityTrait::BirthPlace);
    incomplete("<county>51215</county>", "<county>DOMPREMY</county>", IdentityTrait::BirthPlace);
    incomplete(
        r#"<family qualifier="BR">"#,
        r#"<family qualifier="CL">"#,
        IdentityTrait::BirthName,
    );
    incomplete("<given>DOMINIQUE MARIE-LOUISE</given>", "", IdentityTrait::GivenNames);
    incomplete(
        "<given>DOMINIQUE MARIE-LOUISE</given>",
        "<given>MARIE</given>",
        IdentityTrait::GivenNames,
    );
    incomplete(
        r#"<birthTime value="19790328"/>"#,
        r#"<birthTime value="1979"/>"#,
        IdentityTrait::BirthDate,
    );
    incomplete(
        r#"<administrativeGenderCode code="F""#,
        r#"<administrativeGenderCode code="X""#,
        IdentityTrait::Sex,
    );
    let of = |to: &str| changed(ID, to).identity(Mode::Test);
    assert!(matches!(of(ID), Identity::Complete(..)));
    assert!(matches!(of(&format!("{ID}{ID}")), Identity::Complete(..)));
    assert_eq!(of(r#"<id root="1.2.3" extension="279035121518989"/>"#), Identity::NoIns);
    let other = ID.replace("4.10", "4.8");
    assert_eq!(of(&format!("{ID}{other}")), Identity::Ambiguous);
    assert_eq!(
        changed("<recordTarget>", "<recordTarget/><recordTarget>").identity(Mode::Test),
        Identity::Ambiguous
    );
    let short = ID.replace("279035121518989", "27903");
    assert_eq!(of(&short), Identity::Invalid(InsError::Length { found: 5 }));
    let empty = r#"<id root="1.2.250.1.213.1.4.10"/>"#;
    assert_eq!(of(empty), Identity::Invalid(InsError::Length { found: 0 }));
}

// MSS #47
#[test]
fn code_cda_names_the_types_in_order() {
    let one = changed("11490-0", "34112-3");
    let two = changed("11490-0", "11502-2");
    assert_eq!(x_mss_code_cda([&one, &two]).as_deref(), Some("34112-3,11502-2"));
    assert_eq!(x_mss_code_cda([]), None);
    let bad = changed("11490-0", "1,2&#10;X: y");
    assert_eq!(x_mss_code_cda([&bad]), None);
    assert_eq!(codes(xml().as_bytes()).unwrap().unwrap().code, "11490-0");
}

// MSS #48
#[test]
fn ins_is_complete_with_number_oid_and_four_traits() {
    let value = |header: &Header| x_mss_ins([header], Mode::Test);
    let whole = changed(ID, ID);
    assert_eq!(value(&whole), Some("O"));
    assert_eq!(value(&changed("<county>51215</county>", "")), Some("O"));
    assert_eq!(x_mss_ins([], Mode::Test), None);
    for (from, to) in [
        ("279035121518989", ""),
        ("1.2.250.1.213.1.4.10", ""),
        (r#"<family qualifier="BR">PAT-TROIS</family>"#, ""),
        (r#"<given qualifier="BR">DOMINIQUE</given>"#, ""),
        (r#"<birthTime value="19790328"/>"#, ""),
        (r#"<administrativeGenderCode code="F""#, "<administrativeGenderCode"),
    ] {
        let lacking = changed(from, to);
        assert_eq!(value(&lacking), Some("N"), "{from}");
        assert_eq!(x_mss_ins([&whole, &lacking], Mode::Test), Some("N"));
    }
}

// MSS #53
#[test]
fn encodings_are_read_as_declared_and_wrong_declarations_told() {
    let xml = xml().replacen("<title>Lettre</title>", "<title>Été « œuvre »</title>", 1);
    let title = |octets: &[u8]| Header::read(octets).map(|header| header.title.unwrap());
    let right = Ok("Été « œuvre »".to_owned());
    assert_eq!(title(xml.as_bytes()), right);
    assert_eq!(title(&[b"\xef\xbb\xbf", xml.as_bytes()].concat()), right);
    let utf16 = |declared: &str, little: bool, mark: bool| {
        let text = xml.replacen("UTF-8", declared, 1);
        let mark = if mark { "\u{feff}" } else { "" };
        format!("{mark}{text}")
            .encode_utf16()
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect::<Vec<u8>>()
    };
    for little in [true, false] {
        for mark in [true, false] {
            assert_eq!(title(&utf16("UTF-16", little, mark)), right);
        }
    }
    assert_eq!(title(&utf16("UTF-16LE", true, true)), right);
    assert_eq!(title(&utf16("UTF-16BE", true, true)), Err(CdaError::WrongEncoding));
    assert_eq!(title(&utf16("UTF-8", true, true)), Err(CdaError::WrongEncoding));
    let single: Vec<u8> = xml
        .replace("UTF-8", "ISO-8859-1")
        .replace('œ', "oe")
        .replace('’', "'")
        .chars()
        .map(|c| u8::try_from(u32::from(c)).unwrap())
        .collect();
    assert_eq!(title(&single), Ok("Été « oeuvre »".to_owned()));
    let text = |octets: &[u8], to: &[u8]| {
        let at = octets.windows(10).position(|window| window == b"ISO-8859-1").unwrap();
        [&octets[..at], to, &octets[at + 10..]].concat()
    };
    assert_eq!(title(&text(&single, b"UTF-8")), Err(CdaError::WrongEncoding));
    assert_eq!(title(&text(&single, b"UTF-16")), Err(CdaError::WrongEncoding));
    assert_eq!(title(&text(&single, b"KOI8-R")), Err(CdaError::UnknownEncoding));
    let marked = [b"\xef\xbb\xbf".as_slice(), &single].concat();
    assert_eq!(title(&marked), Err(CdaError::WrongEncoding));
}
