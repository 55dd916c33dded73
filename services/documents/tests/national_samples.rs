//! The thirteen national sample documents, each packed as an XDM archive and sent by a hospital to the
//! citizen whom it names.
//!
//! Read from the folder of shared data beside the workspace; where it is absent the tests say so.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "tests panic"
)]

mod land;

use clinical::cda::{Header, Identity};
use clinical::value_sets::{Confidentiality, Kind};
use clinical::xds::{Code, Cx, DocumentEntry};
use domain::{Lang, Mode, Verdict};
use land::{CITIZEN, Land, message};
use record::{Fate, Refusal};
use std::path::PathBuf;

/// File, kind, type code, author, organisation, date, whether it replaces something.
type Sample = (&'static str, Kind, &'static str, &'static str, &'static str, &'static str, bool);

#[rustfmt::skip]
const SAMPLES: [Sample; 12] = [
    ("BIO-CR-BIO_2024.01_TSH_1", Kind::Biology, "11502-2", "DR Marcel CAMPARINI", "Laboratoire des charmes", "2021-04-01T16:10:00Z", false),
    ("CNAM-HR_2021.01", Kind::Administrative, "REMB", "Assurance Maladie", "Assurance Maladie", "2019-07-01T15:49:00Z", false),
    ("CSE-CS8_2025.01", Kind::Certificates, "CERT_DECL", "DR Charles MULLER", "Clinique du Belvédère", "2021-05-03T10:45:00Z", false),
    ("DOC_NON_STRUCTURE_CDA-R2-N1", Kind::Biology, "11502-2", "DR Marcel CAMPARINI", "Laboratoire des charmes", "2021-04-01T12:47:45Z", false),
    ("IMG_CR_IMG_2024.01_CDA-R2-Niveau-1", Kind::Imaging, "18748-4", "DR Jacques BIDEAULT", "Centre de radiologie Ambroise", "2021-01-08T10:17:00Z", true),
    ("IPS-FR_2024.01", Kind::Summaries, "60591-5", "DR Stéphane MEDIONI", "Centre de soins le Belvédère", "2024-04-02T10:17:00Z", true),
    ("LDL-EES_2022.01", Kind::Letters, "18761-7", "DR Charles BOILEAU", "Centre de soins du Belvédère", "2019-10-29T10:17:00Z", false),
    ("LDL-SES_2022.01", Kind::Letters, "11490-0", "DR Charles DAVID", "Hôpital Européen Georges Pompidou", "2019-12-03T12:30:00Z", false),
    ("VAC-NOTE_2023.01", Kind::Vaccination, "87273-9", "DR Charles MULLER", "Cabinet Médical du Dr MULLER", "2021-04-09T14:35:00Z", false),
    ("VAC_2023.01", Kind::Vaccination, "11369-6", "DR Charles MULLER", "Cabinet Médical du Dr MULLER", "2021-04-09T16:00:00Z", false),
    ("VSM_1.4_2022.01", Kind::Summaries, "SYNTH", "DR Stéphane MEDIONI", "Centre de soins le Belvédère", "2020-03-12T10:17:00Z", false),
    ("eP-MED-DM_2024.01_PosoStruct", Kind::Prescriptions, "57833-6", "DR Romain PIOU", "Cabinet du DR Pierre JOLI", "2023-12-01T08:30:00Z", false),
];
const WRONG_KEY: &str = "CSE-MDE_2023.01";

fn sample(name: &str) -> Option<Vec<u8>> {
    let file = format!(
        "{}/../../../shared/data/cda/{name}.xml",
        std::env::var("CARGO_MANIFEST_DIR").unwrap()
    );
    let octets = std::fs::read(PathBuf::from(file)).ok();
    if octets.is_none() {
        eprintln!("skipped: the national sample {name} is not at hand");
    }
    octets
}

/// The archive as the hospital's program makes it: metadata from the header.
fn archive(octets: &[u8]) -> Vec<u8> {
    let header = Header::read(octets).unwrap();
    let (number, oid) = header.patient.ins_as_written().unwrap();
    let confidentiality = header.confidentiality.as_ref().unwrap();
    land::pack(
        DocumentEntry {
            mime: "text/xml".into(),
            unique_id: header.unique_id(),
            patient: Cx::read(&format!("{number}^^^&{oid}&ISO^NH")),
            title: header.title.clone(),
            type_code: header.code.clone(),
            confidentiality: vec![Code::new(&confidentiality.code, "2.16.840.1.113883.5.25", "")],
            ..DocumentEntry::default()
        },
        octets,
    )
}

#[test]
fn twelve_are_filed_under_their_type_author_date_and_confidentiality() {
    let land = Land::new();
    for (name, kind, code, author, organisation, date, replaces) in SAMPLES {
        let Some(octets) = sample(name) else { return };
        let Identity::Complete(ins, traits) = Header::read(&octets).unwrap().identity(Mode::Test)
        else {
            panic!("{name} has no complete identity")
        };
        let number = ins.as_str().to_owned();
        if number != CITIZEN {
            land.account_of(ins, Some(traits));
        }
        land.send(
            &number,
            &message("Disposition-Notification-To: <letters@chu.example>\n", &archive(&octets)),
        )
        .unwrap();
        land.settle();
        let fates = land.last_fates(&number);
        let Fate::Filed { entry, predecessor_unknown } = fates[0].fate else {
            panic!("{name}: {:?}", fates[0].fate)
        };
        assert_eq!(predecessor_unknown, replaces, "{name}");
        let entries = land.entries(&number);
        let entry = entries.iter().find(|filed| filed.id == entry).unwrap();
        assert_eq!(entry.kind, kind, "{name}");
        assert_eq!(entry.type_code.as_ref().unwrap().code, code, "{name}");
        assert!(!entry.type_code.as_ref().unwrap().label(Lang::En).is_empty());
        let who = entry.author.as_ref().unwrap();
        assert_eq!(who.name.as_deref(), Some(author), "{name}");
        assert_eq!(who.organisation.as_deref(), Some(organisation), "{name}");
        assert_eq!(entry.date, date.parse::<jiff::Timestamp>().unwrap().as_second(), "{name}");
        assert_eq!(entry.confidentiality, [Confidentiality::Normal], "{name}");
        assert_eq!(land.octets(&number, entry), octets, "{name}");
        let receipt = land.receipts().pop().unwrap();
        assert!(receipt.contains(&format!("Pli-Filed-Document: entry={}", entry.id)), "{name}");
    }
    assert_eq!(land.entries(CITIZEN).len() + 1, SAMPLES.len(), "eleven are the same person's");
    assert_eq!(land.receipts().len(), SAMPLES.len());
}

#[test]
fn the_level_1_pdf_comes_back_byte_for_byte() {
    let land = Land::new();
    let Some(octets) = sample("DOC_NON_STRUCTURE_CDA-R2-N1") else { return };
    land.send(CITIZEN, &message("", &archive(&octets))).unwrap();
    land.settle();
    let entry = land.entries(CITIZEN).pop().unwrap();
    let body = |octets: &[u8]| clinical::cda::level1_body(octets).unwrap().unwrap().1;
    let pdf = body(&land.octets(CITIZEN, &entry));
    assert!(pdf.starts_with(b"%PDF-"));
    assert_eq!(pdf, body(&octets));
}

// MSS #70
#[test]
fn the_one_with_a_wrong_key_is_filed_for_nobody() {
    let Some(octets) = sample(WRONG_KEY) else { return };
    let land = Land::new();
    let zip = archive(&octets);
    let own = Header::read(&octets).unwrap().patient.ins_as_written().unwrap().0.to_owned();
    // MSS #30
    assert_eq!(land.send(&own, &message("", &zip)), Err(Verdict::RecipientMalformed));
    let reply = Verdict::RecipientMalformed;
    assert_eq!((reply.code(), reply.enhanced().to_string()), (550, "5.1.3".to_owned()));
    land.send(CITIZEN, &message("Disposition-Notification-To: <letters@chu.example>\n", &zip))
        .unwrap();
    land.settle();
    assert_eq!(land.entries(CITIZEN).len(), 0);
    let fate = &land.last_fates(CITIZEN)[0].fate;
    assert_eq!(*fate, Fate::NotFiled(Refusal::InsIncomplete));
    assert!(land.receipts()[0].contains("processed/Error: 905^INS incomplet ou non valide"));
}
