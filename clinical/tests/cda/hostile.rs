//! Documents made to hurt: entities, depth, size, noise.

use crate::write::letter;
use clinical::cda::{self, CdaError, Header, MAX_DEPTH, check, level1_body, media};
use clinical::narrative;
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn everything(octets: &[u8]) -> Result<(), CdaError> {
    let header = Header::read(octets);
    let _ = header.as_ref().map(|header| header.identity(domain::Mode::Test));
    assert_eq!(check(octets).err(), header.as_ref().err().copied());
    assert_eq!(media(octets).err(), header.as_ref().err().copied());
    assert_eq!(level1_body(octets).err(), header.as_ref().err().copied());
    assert_eq!(cda::codes(octets).err(), header.as_ref().err().copied());
    assert_eq!(narrative::html(octets).err(), header.as_ref().err().copied());
    header.map(|_| ())
}

fn root(inner: &str) -> String {
    format!(r#"<ClinicalDocument xmlns="urn:hl7-org:v3">{inner}</ClinicalDocument>"#)
}

#[test]
fn a_dtd_is_refused_whatever_is_in_it() {
    let external = r#"<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>"#;
    let laughs = r#"<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>"#;
    for dtd in
        [external, laughs, "<!DOCTYPE ClinicalDocument>", r#"<!DOCTYPE a SYSTEM "http://a/b">"#]
    {
        let xml = format!("{dtd}{}", root("<title>&x;&c;</title>"));
        assert_eq!(everything(xml.as_bytes()), Err(CdaError::Dtd));
    }
    assert_eq!(everything(root("<title>&x;</title>").as_bytes()), Err(CdaError::Xml));
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| {
        let inner = format!("{}{}", "<content>".repeat(depth), "</content>".repeat(depth));
        root(&format!(
            "<component><structuredBody><component><section><text>{inner}</text></section></component></structuredBody></component>"
        ))
    };
    // Six elements stand around what is nested.
    assert_eq!(everything(nested(MAX_DEPTH - 6).as_bytes()), Ok(()));
    assert_eq!(everything(nested(MAX_DEPTH - 5).as_bytes()), Err(CdaError::TooDeep));
    assert_eq!(everything(nested(100_000).as_bytes()), Err(CdaError::TooDeep));
    let sections = MAX_DEPTH / 2 - 2;
    let inner = format!(
        "{}{}",
        "<component><section>".repeat(sections),
        "</section></component>".repeat(sections)
    );
    let xml = root(&format!("<component><structuredBody>{inner}</structuredBody></component>"));
    assert_eq!(everything(xml.as_bytes()), Ok(()));
}

#[test]
fn size_is_bounded_and_refused_fast() {
    let large = vec![b' '; 100 * 1024 * 1024];
    let begun = Instant::now();
    assert_eq!(everything(&large), Err(CdaError::TooLarge));
    assert!(begun.elapsed() < Duration::from_millis(500));
    let many = root(&"<a/>".repeat(1_000_001));
    assert_eq!(Header::read(many.as_bytes()).err(), Some(CdaError::TooLarge));
}

#[test]
fn what_is_no_cda_is_told() {
    let table: [(&[u8], CdaError); 6] = [
        (b"", CdaError::Xml),
        (b"\0\0\0", CdaError::Xml),
        (b"<ClinicalDocument/>", CdaError::NotCda),
        (b"<a xmlns='urn:hl7-org:v3'/>", CdaError::NotCda),
        (b"<ClinicalDocument xmlns='urn:hl7-org:v3'>", CdaError::Xml),
        (
            b"<ClinicalDocument xmlns='urn:hl7-org:v3'>\xff</ClinicalDocument>",
            CdaError::WrongEncoding,
        ),
    ];
    for (octets, error) in table {
        assert_eq!(everything(octets), Err(error), "{octets:?}");
    }
    assert_eq!(everything(root("").as_bytes()), Ok(()));
}

#[test]
fn a_body_that_is_no_base64_is_absent() {
    let body = |text: &str| {
        let xml = root(&format!("<component><nonXMLBody>{text}</nonXMLBody></component>"));
        level1_body(xml.as_bytes()).unwrap()
    };
    assert_eq!(body(r#"<text mediaType="application/pdf" representation="B64">=A!</text>"#), None);
    assert_eq!(body(r#"<text mediaType="application/pdf" representation="B64"/>"#), None);
    assert_eq!(body(r#"<text mediaType="application/pdf" compression="DF">AQI=</text>"#), None);
    let pdf = Some(("application/pdf".to_owned(), vec![1, 2]));
    assert_eq!(
        body("<text mediaType='application/pdf' representation='B64'> A<!-- x -->Q\nI </text>"),
        pdf
    );
    let plain = Some(("text/plain".to_owned(), b" a\n b".to_vec()));
    assert_eq!(body("<text mediaType='text/plain'> a\n b</text>"), plain);
}

#[test]
fn references_do_not_multiply_what_they_name() {
    let id = "i".repeat(200);
    let region = format!(
        "<entry><regionOfInterest ID='r'><observationMedia ID='{id}'><value mediaType='image/png' representation='B64'>AQI=</value></observationMedia></regionOfInterest></entry>"
    );
    let caption = "c".repeat(10_000);
    let named = format!(
        "<text><renderMultiMedia referencedObject='{}'><caption>{caption}</caption></renderMultiMedia></text>",
        "r ".repeat(1_000_000)
    );
    let xml = root(&format!(
        "<component><structuredBody><component><section>{named}{region}</section></component></structuredBody></component>"
    ));
    let rendered = narrative::html(xml.as_bytes()).unwrap();
    assert!(rendered.html.contains(&caption));
    assert_eq!(rendered.html.matches("<img").count(), 10_000);
    assert!(rendered.html.len() < 6_000_000);
}

proptest! {
    #[test]
    fn noise_never_panics(octets in proptest::collection::vec(any::<u8>(), 0..400)) {
        let _ = everything(&octets);
    }

    #[test]
    fn a_damaged_document_never_panics(
        at in 0_usize..4_000, len in 0_usize..60, noise in proptest::collection::vec(any::<u8>(), 0..20),
    ) {
        let mut xml = letter().to_xml().unwrap();
        let from = at.min(xml.len());
        let to = (from + len).min(xml.len());
        xml.splice(from..to, noise);
        let _ = everything(&xml);
    }

    #[test]
    fn a_narrative_of_any_elements_never_panics_and_loses_no_word(
        parts in proptest::collection::vec(
            (0_usize..16, any::<bool>()), 0..60,
        ),
    ) {
        const NAMES: [&str; 16] = [
            "paragraph", "list", "item", "table", "thead", "tbody", "tr", "td", "th", "caption", "content",
            "linkHtml", "footnote", "renderMultiMedia", "sub", "other",
        ];
        let (mut xml, mut open, mut words) = (String::new(), Vec::new(), 0);
        for (which, closes) in parts {
            if closes {
                if let Some(name) = open.pop() {
                    xml.push_str(&format!("</{name}>"));
                }
            } else {
                xml.push_str(&format!("<{}>", NAMES[which]));
                open.push(NAMES[which]);
            }
            words += 1;
            xml.push_str(&format!("w{words}."));
        }
        while let Some(name) = open.pop() {
            xml.push_str(&format!("</{name}>"));
        }
        let xml = root(&format!("<component><structuredBody><component><section><text>{xml}</text></section></component></structuredBody></component>"));
        let rendered = narrative::html(xml.as_bytes()).unwrap();
        // A parser that works as browsers do finds the words in their order.
        let mut builder = ammonia::Builder::empty();
        builder.tags(std::collections::HashSet::from(["td"]));
        let parsed = builder.clean(&rendered.html).to_string().replace("<td>", "").replace("</td>", "");
        for text in [&parsed, &rendered.text] {
            let mut rest = text.as_str();
            for word in 1..=words {
                let word = format!("w{word}.");
                let at = rest.find(&word);
                prop_assert!(at.is_some(), "{word} in {text}");
                rest = &rest[at.unwrap() + word.len()..];
            }
        }
    }
}
