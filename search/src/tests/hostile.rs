//! What a message may carry: every text is found, nothing does harm.

#![expect(clippy::string_slice, reason = "a test fails by panicking")]

use super::land::{Land, letter};
use crate::extract::MAX_TEXT;
use crate::{Extractor, NoPdf, ReadPdf};
use lopdf::content::{Content, Operation};
use lopdf::{Document, Object, Stream, dictionary};
use std::sync::Arc;

/// A PDF file with these pages.
fn pdf(pages: &[&str]) -> Vec<u8> {
    let mut document = Document::with_version("1.5");
    let root = document.new_object_id();
    let font = document.add_object(dictionary! {
        "Type" => "Font", "Subtype" => "Type1", "BaseFont" => "Helvetica",
        "Encoding" => "WinAnsiEncoding",
    });
    let resources = document.add_object(dictionary! { "Font" => dictionary! { "F1" => font } });
    let mut kids: Vec<Object> = Vec::new();
    for text in pages {
        let (encoded, _, _) = encoding_rs::WINDOWS_1252.encode(text);
        let operations = vec![
            Operation::new("BT", vec![]),
            Operation::new("Tf", vec!["F1".into(), 12.into()]),
            Operation::new("Tj", vec![Object::string_literal(encoded.into_owned())]),
            Operation::new("ET", vec![]),
        ];
        let content = Content { operations }.encode().unwrap();
        let content = document.add_object(Stream::new(dictionary! {}, content));
        let page = dictionary! {
            "Type" => "Page", "Parent" => root, "Contents" => content, "Resources" => resources,
        };
        kids.push(document.add_object(page).into());
    }
    let count = kids.len() as i64;
    let tree = dictionary! { "Type" => "Pages", "Kids" => kids, "Count" => count };
    document.objects.insert(root, Object::Dictionary(tree));
    let catalog = document.add_object(dictionary! { "Type" => "Catalog", "Pages" => root });
    document.trailer.set("Root", catalog);
    let mut octets = Vec::new();
    document.save_to(&mut octets).unwrap();
    octets
}

fn base64(octets: &[u8]) -> String {
    use std::fmt::Write as _;
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for (line, group) in octets.chunks(3).enumerate() {
        let bits =
            group.iter().fold(0u32, |bits, o| bits << 8 | u32::from(*o)) << (8 * (3 - group.len()));
        for at in 0..4 {
            let sign = LETTERS[(bits >> (18 - 6 * at) & 63) as usize] as char;
            text.push(if at > group.len() { '=' } else { sign });
        }
        if line % 18 == 17 {
            write!(text, "\r\n").unwrap();
        }
    }
    text
}

/// A letter with attachments: type, name, octets.
fn with(attachments: &[(&str, &str, &[u8])]) -> String {
    let mut message = "From: house@clinique.example\r\nSubject: Documents\r\nMIME-Version: 1.0\r\n\
        Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n\
        <p>Voici <b>vos</b> r&eacute;sultats<script>var cachette=1</script></p>\r\n"
        .to_owned();
    for (kind, name, octets) in attachments {
        message.push_str(&format!(
            "--b\r\nContent-Type: {kind}\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\
             Content-Transfer-Encoding: base64\r\n\r\n{}\r\n",
            base64(octets)
        ));
    }
    message + "--b--\r\n"
}

const CDA: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\
    <ClinicalDocument xmlns=\"urn:hl7-org:v3\"><title>Bilan biologique</title><component><structuredBody>\
    <component><section><title>Conclusion</title><text><paragraph>glycémie normale</paragraph></text>\
    </section></component></structuredBody></component></ClinicalDocument>";

#[test]
fn the_text_of_every_kind_of_attachment_is_found() {
    let land = Land::new();
    let marie = land.account("marie");
    let inner = letter("Adressé par erreur", "le texte du message transmis");
    let message = land.deliver(
        marie,
        with(&[
            (
                "application/pdf",
                "ordonnance-2026.pdf",
                &pdf(&["Première page", "amoxicilline 500 mg"]),
            ),
            ("text/xml", "cr.xml", CDA.as_bytes()),
            ("text/plain", "note.txt", "à rappeler lundi".as_bytes()),
            ("message/rfc822", "transmis.eml", inner.as_bytes()),
        ]),
    );
    land.search.catch_up().unwrap();
    for part in [
        "amoxicill",
        "première page",
        "ordonnance-2026.pdf",
        "glycémie normale",
        "bilan biologique",
        "rappeler lundi",
        "vos résultats",
    ] {
        assert_eq!(land.holding(marie, part), [message], "{part}");
        assert_eq!(land.candidates(marie, part), 1, "{part}");
    }
    assert_eq!(land.find(marie, "glycemies"), [message]);
    assert_eq!(land.find(marie, "amoxicilline"), [message]);
    assert_eq!(land.holding(marie, "cachette"), [], "a script is no text");
}

#[test]
fn the_documents_of_an_archive_are_found() {
    use clinical::xdm::{Archive, Package};
    use clinical::xds::DocumentEntry;
    let entry = DocumentEntry {
        unique_id: Some("1.2.3".into()),
        mime: "text/xml".into(),
        title: Some("Compte rendu de biologie".into()),
        ..DocumentEntry::default()
    };
    let package = Package { documents: vec![(entry, CDA.into())], ..Package::default() };
    let archive = Archive::write(&package).unwrap();
    let land = Land::new();
    let marie = land.account("marie");
    let message = land.deliver(marie, with(&[("application/zip", "IHE_XDM.ZIP", &archive)]));
    land.search.catch_up().unwrap();
    for question in ["glycémie", "biologie", "conclusion"] {
        assert_eq!(land.find(marie, question), [message], "{question}");
    }
}

#[test]
fn what_cannot_be_read_has_no_text_and_hides_none() {
    let land = Land::new();
    let marie = land.account("marie");
    let sound = pdf(&["texte"]);
    let cut = &sound[..sound.len() / 2];
    let bomb = format!("<!DOCTYPE a [<!ENTITY b \"{}\">]><ClinicalDocument/>", "&b;".repeat(1000));
    for octets in
        [cut, b"%PDF-1.7\nxref garbage", b"PK\x03\x04\xff\xff", bomb.as_bytes(), &[0; 5000]]
    {
        for name in ["IHE_XDM.ZIP", "a.pdf", "a.xml"] {
            let message = with(&[("application/octet-stream", name, octets)]) + "\r\n";
            land.deliver(marie, message);
        }
    }
    land.search.catch_up().unwrap();
    assert_eq!(land.find(marie, "résultats").len(), 15);
}

#[test]
fn text_is_bounded_whatever_comes() {
    let extractor = Extractor::new(Arc::new(NoPdf));
    let long = letter("Long", &"mot ".repeat(MAX_TEXT));
    assert!(extractor.text(long.as_bytes()).len() <= MAX_TEXT);
    let wide = "é".repeat(MAX_TEXT);
    assert!(extractor.text(letter("Large", &wide).as_bytes()).len() <= MAX_TEXT);
    let mut deep = letter("Fond", "le fond");
    for _ in 0..1000 {
        deep = format!("MIME-Version: 1.0\r\nContent-Type: message/rfc822\r\n\r\n{deep}");
    }
    let _ = extractor.text(deep.as_bytes());
    let parts = "--b\r\n\r\npartie\r\n".repeat(20_000);
    let many = format!(
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n"
    );
    assert!(extractor.text(many.as_bytes()).len() <= MAX_TEXT);
    let open = format!("Content-Type: text/html\r\n\r\n{}", "<".repeat(3_000_000));
    let _ = extractor.text(open.as_bytes());
}

#[test]
fn a_word_without_end_is_found_by_its_parts() {
    let land = Land::new();
    let marie = land.account("marie");
    let word: String = (0..5_000).map(|at| char::from(b'a' + (at * at % 26) as u8)).collect();
    let message = land.letter(marie, "Long", &word);
    land.search.catch_up().unwrap();
    for from in [0, 33, 1_000, 4_970] {
        assert_eq!(land.holding(marie, &word[from..from + 25]), [message], "{from}");
    }
    assert_eq!(land.holding(marie, &word), [message]);
}

#[test]
fn a_parser_that_panics_costs_one_text() {
    #[derive(Debug)]
    struct Breaks;
    impl ReadPdf for Breaks {
        fn text(&self, _: &[u8]) -> Option<String> {
            panic!("as a parser would")
        }
    }
    let extractor = Extractor::new(Arc::new(Breaks));
    let message = with(&[("application/pdf", "a.pdf", b"%PDF-1.4")]);
    assert_eq!(extractor.text(message.as_bytes()), "");
    assert_ne!(extractor.text(letter("Un", "texte").as_bytes()), "");
}

#[test]
fn what_is_withheld_is_found_by_the_letter_alone() {
    let land = Land::new();
    let marie = land.account("marie");
    let message = land.deliver(
        marie,
        with(&[("text/xml", "cr.xml", CDA.as_bytes()), ("text/plain", "note.txt", b"annexe")]),
    );
    let late = |question: &str| {
        let found = land.search.find(&land.view(marie), question, 50, &|_| Ok(true)).unwrap();
        found.messages
    };
    for _ in 0..2 {
        for (question, expected) in [
            ("résultats", vec![message]),
            ("documents", vec![message]),
            ("glycémie", vec![]),
            ("annexe", vec![]),
            ("cr.xml", vec![]),
        ] {
            assert_eq!(late(question), expected, "{question}");
        }
        assert_eq!(land.find(marie, "glycémie"), [message]);
        land.search.catch_up().unwrap();
    }
}
