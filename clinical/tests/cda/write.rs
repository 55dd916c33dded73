//! The writer: what it writes passes the rules and reads back equal.

use clinical::cda::write::{Level1, MEDIA_TYPES, WriteError};
use clinical::cda::{
    Agent, Body, Code, Header, Id, Identity, Interval, Organisation, Participant, Person, Related,
    Time, check, confidentiality, level1_body,
};
use clinical::value_sets::{Confidentiality, LOINC};
use domain::{IdentityTraits, InsReading, Mode, Sex};
use jiff::civil::date;
use proptest::prelude::*;

fn id(root: &str, extension: Option<&str>) -> Id {
    Id { root: root.into(), extension: extension.map(str::to_owned) }
}

/// A discharge letter of a test person, version 2.
pub(crate) fn letter() -> Level1 {
    let organisation = Organisation {
        ids: vec![id("1.2.250.1.71.4.2.2", Some("1120459876"))],
        name: Some("Clinique des charmes".into()),
        setting: Some(Code::new(
            "ETABLISSEMENT",
            "1.2.250.1.213.1.1.4.9",
            "Établissement de santé",
        )),
    };
    let person = Person {
        prefix: Some("M".into()),
        given: Some("Marcel".into()),
        family: Some("CAMPARINI".into()),
        suffix: Some("DR".into()),
    };
    Level1 {
        id: id("1.2.250.1.999.1", Some("2")),
        set_id: id("1.2.250.1.999.2", None),
        version: 2,
        code: Code::new("11490-0", LOINC, "Lettre de liaison à la sortie"),
        title: "Lettre".into(),
        time: date(2026, 3, 1).at(9, 30, 0, 0).in_tz("Europe/Paris").unwrap(),
        confidentiality: Confidentiality::Normal,
        language: "fr-FR".into(),
        ins: InsReading::read("279035121518989", "1.2.250.1.213.1.4.10", Mode::Test).unwrap(),
        traits: IdentityTraits::new(
            "PAT-TROIS".parse().unwrap(),
            "DOMINIQUE MARIE-LOUISE".parse().unwrap(),
            "DOMINIQUE".parse().unwrap(),
            date(1979, 3, 28),
            Sex::Female,
            "51215".parse().unwrap(),
        )
        .unwrap(),
        local_ids: vec![id("1.2.3.4", Some("12 345"))],
        author: Participant {
            time: Some(Time::read("20260301093000+0100")),
            ids: vec![id("1.2.250.1.71.4.2.1", Some("801234534765"))],
            code: Some(Code::new("G15_10/SM27", "1.2.250.1.213.1.1.4.5", "Médecin")),
            agent: Some(Agent::Person(person)),
            organisation: Some(organisation.clone()),
            ..Participant::default()
        },
        custodian: Organisation { setting: None, ..organisation },
        legal_authenticator: None,
        act: Code::new("IMP", "2.16.840.1.113883.5.4", "Hospitalisation"),
        act_time: Interval {
            low: Some(Time::read("20260220")),
            high: Some(Time::read("20260301")),
        },
        facility: Code::new("SA01", "1.2.250.1.71.4.2.4", "Établissement public de santé"),
        replaces: Some(Related {
            kind: "RPLC".into(),
            ids: vec![id("1.2.250.1.999.1", Some("1"))],
            set_id: Some(id("1.2.250.1.999.2", None)),
            version: Some(1),
        }),
        media_type: "application/pdf".into(),
        body: b"%PDF-1.7 not quite".to_vec(),
    }
}

fn reads_back(letter: &Level1) {
    let xml = letter.to_xml().unwrap();
    assert_eq!(check(&xml), Ok(Vec::new()));
    let header = Header::read(&xml).unwrap();
    assert_eq!(header.id.as_ref(), Some(&letter.id));
    assert_eq!(header.set_id.as_ref(), Some(&letter.set_id));
    assert_eq!(header.version, Some(letter.version));
    assert!(header.code.as_ref() == Some(&letter.code));
    assert_eq!(header.title.as_ref(), Some(&letter.title));
    assert_eq!(header.effective_time.unwrap().instant(), Some(letter.time.timestamp()));
    assert_eq!(confidentiality(&Header::read(&xml).unwrap()), letter.confidentiality);
    assert_eq!(header.language.as_ref(), Some(&letter.language));
    assert_eq!(header.template_ids.len(), 3);
    assert!(header.authors == [letter.author.clone()]);
    assert_eq!(header.custodian.as_ref(), Some(&letter.custodian));
    assert!(header.related == letter.replaces.clone().into_iter().collect::<Vec<_>>());
    assert_eq!(header.events.len(), 1);
    assert!(header.events[0].time == letter.act_time);
    assert!(header.encounter.unwrap().facility.as_ref() == Some(&letter.facility));
    assert_eq!(header.body, Body::NonXml(Some(letter.media_type.clone())));
    assert_eq!(header.patient.ids[1..], letter.local_ids[..]);
    let identity = Header::read(&xml).unwrap().identity(Mode::Test);
    assert_eq!(identity, Identity::Complete(letter.ins.clone(), letter.traits.clone()));
    let body = level1_body(&xml).unwrap();
    assert!(body == Some((letter.media_type.clone(), letter.body.clone())));
}

// MSS #62
// MSS #63
#[test]
fn a_letter_passes_the_rules_and_reads_back() {
    reads_back(&letter());
    for media_type in MEDIA_TYPES {
        reads_back(&Level1 { media_type: media_type.into(), ..letter() });
    }
    for confidentiality in Confidentiality::ALL {
        reads_back(&Level1 { confidentiality, replaces: None, ..letter() });
    }
    let wrong_key = InsReading::read("246037433000291", "1.2.250.1.213.1.4.10", Mode::Test);
    reads_back(&Level1 { ins: wrong_key.unwrap(), ..letter() });
}

#[test]
fn a_device_may_be_the_author_and_its_organisation_answers() {
    let mut letter = letter();
    letter.author.agent =
        Some(Agent::Device { model: Some("Dossier".into()), software: Some("Pli".into()) });
    letter.author.code = None;
    reads_back(&letter);
    let header = Header::read(&letter.to_xml().unwrap()).unwrap();
    let authenticator = header.legal_authenticator.unwrap();
    assert_eq!((authenticator.agent, authenticator.signature.as_deref()), (None, Some("S")));
    assert_eq!(authenticator.organisation, letter.author.organisation);
}

#[test]
fn what_would_break_the_rules_is_not_written() {
    let refused = |letter: Level1| letter.to_xml().unwrap_err();
    assert_eq!(
        refused(Level1 { media_type: "text/html".into(), ..letter() }),
        WriteError::MediaType
    );
    assert_eq!(refused(Level1 { body: Vec::new(), ..letter() }), WriteError::Size);
    assert_eq!(
        refused(Level1 { title: " \u{1} ".into(), ..letter() }),
        WriteError::Missing("title")
    );
    assert_eq!(refused(Level1 { version: 0, ..letter() }), WriteError::Missing("versionNumber"));
}

/// Text as it comes back: white space single and outside gone.
fn words() -> impl Strategy<Value = String> {
    r#"[a-zA-ZÀ-ÿŒœ0-9<>&"'’\]é😀]{1,12}( [a-zA-Z<>&"']{1,8}){0,3}"#
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_is_written_reads_back(
        title in words(), name in words(), family in words(), extension in words(), label in words(),
        version in 1_u32.., body in proptest::collection::vec(any::<u8>(), 1..2_000),
    ) {
        let mut letter = Level1 { title, version, body, ..letter() };
        letter.id.extension = Some(extension);
        letter.code.label = Some(label);
        letter.custodian.name = Some(name.clone());
        letter.author.organisation.as_mut().unwrap().name = Some(name);
        let Some(Agent::Person(person)) = letter.author.agent.as_mut() else { panic!("a person") };
        person.family = Some(family);
        reads_back(&letter);
    }
}
