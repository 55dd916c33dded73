//! Every outcome of the rules of filing, as a table.

use super::*;
use crate::entry::{EntryState, FiledBy, SeriesId};
use clinical::value_sets::Kind;
use mailstore::{BodyId, MessageId};

const TEST: &str = "1.2.250.1.213.1.4.10";
const NIR: &str = "1.2.250.1.213.1.4.8";
const OWN: &str = "279035121518989";
const OTHER: &str = "255081416802538";
const WRONG_KEY: &str = "279035121518988";

fn patient(number: &str, oid: &str) -> Option<StatedPatient> {
    Some(StatedPatient { number: number.into(), oid: oid.into() })
}

fn traits(birth_name: &str) -> IdentityTraits {
    let name = |text: &str| text.parse::<domain::PersonName>().unwrap();
    IdentityTraits::new(
        name(birth_name),
        name("DOMINIQUE MARIE-LOUISE"),
        name("DOMINIQUE"),
        jiff::civil::date(1979, 3, 28),
        domain::Sex::Female,
        "51215".parse().unwrap(),
    )
    .unwrap()
}

fn author(person: &str, organisation: &str) -> Author {
    let id = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Author { person_id: id(person), organisation_id: id(organisation), ..Author::default() }
}

fn entry(number: u8, version: u64, hash: u8) -> Entry {
    Entry {
        id: EntryId::from_bytes([number; 16]),
        series: SeriesId::from_bytes([1; 16]),
        unique_id: Some("1.2.3.1".into()),
        set_id: Some("1.2.3".into()),
        version: Some(version),
        kind: Kind::Reports,
        type_code: None,
        title: "x".into(),
        author: Some(author("8marie", "1chu")),
        date: 0,
        act: None,
        confidentiality: Vec::new(),
        mime: "text/xml".into(),
        hash: [hash; 32],
        size: 10,
        body: BodyId::from_bytes([1; 16]),
        message: MessageId::from_bytes([1; 16]),
        filed_at: 0,
        filed_by: FiledBy::Service,
        state: EntryState::Filed,
        predecessor_unknown: false,
        replaces: None,
    }
}

/// What a case changes: by default everything is right and the record is empty.
#[derive(Clone)]
struct Case {
    mode: Mode,
    own: Option<(&'static str, &'static str)>,
    own_traits: Option<IdentityTraits>,
    metadata: MetadataFacts,
    header: Option<HeaderFacts>,
    same: Option<Entry>,
    predecessor: Option<Entry>,
    says_replaces: bool,
}

impl Case {
    fn right() -> Self {
        Self {
            mode: Mode::Test,
            own: Some((OWN, TEST)),
            own_traits: Some(traits("PAT-TROIS")),
            metadata: MetadataFacts {
                patient: patient(OWN, TEST),
                is_others: false,
                unique_id: "1.2.3.2".into(),
                type_code: Some("11490-0".into()),
                sha1: Some([1; 20]),
                size: Some(10),
            },
            header: Some(HeaderFacts {
                unique_id: "1.2.3.2".into(),
                patient: patient(OWN, TEST),
                traits: Some(traits("Pat Trois")),
                type_code: "11490-0".into(),
                version: Some(2),
                author: author("8marie", "1chu"),
            }),
            same: None,
            predecessor: None,
            says_replaces: false,
        }
    }

    fn judge(&self) -> Filing {
        let ins = self.own.map(|(number, oid)| InsReading::read(number, oid, Mode::Test).unwrap());
        judge(&Facts {
            citizen: Citizen { ins: ins.as_ref(), traits: self.own_traits.as_ref() },
            mode: self.mode,
            metadata: &self.metadata,
            octets: OctetFacts { sha1: [1; 20], hash: [7; 32], size: 10 },
            header: self.header.as_ref(),
            held: Held {
                same: self.same.as_ref(),
                says_replaces: self.says_replaces,
                predecessor: self.predecessor.as_ref(),
            },
        })
    }
}

fn when(change: impl FnOnce(&mut Case)) -> Filing {
    let mut case = Case::right();
    change(&mut case);
    case.judge()
}

fn when_header(change: impl FnOnce(&mut HeaderFacts)) -> Filing {
    when(|case| change(case.header.as_mut().unwrap()))
}

const FIRST: Filing = Filing::File { replaces: None, predecessor_unknown: false };

#[test]
fn a_document_that_is_right_is_filed() {
    assert_eq!(Case::right().judge(), FIRST);
    // Without a type in the metadata, and of a citizen whose traits are not known.
    assert_eq!(when(|case| case.metadata.type_code = None), FIRST);
    assert_eq!(when(|case| case.own_traits = None), FIRST);
}

// MSS #60, MSS #64, MSS #70
#[test]
fn every_reason_of_identity() {
    use Refusal::*;
    let table = [
        (when(|case| case.metadata.patient = None), NoIns, 903),
        (when(|case| case.metadata.patient = patient("42", "1.2.3")), NoIns, 903),
        (when(|case| case.metadata.patient = patient("42", TEST)), InsIncomplete, 905),
        (when(|case| case.metadata.patient = patient(WRONG_KEY, NIR)), InsIncomplete, 905),
        (when(|case| case.mode = Mode::Production), InsIncomplete, 905),
        (when(|case| case.metadata.patient = patient(OTHER, TEST)), UnknownPatient, 902),
        // The same number of another register is somebody else.
        (when(|case| case.metadata.patient = patient(OWN, NIR)), UnknownPatient, 902),
        (when(|case| case.metadata.patient = patient(WRONG_KEY, TEST)), UnknownPatient, 902),
        (when(|case| case.own = None), UnknownPatient, 902),
        (
            when(|case| {
                case.metadata.patient = patient(OTHER, TEST);
                case.metadata.is_others = true;
            }),
            OtherCitizen,
            904,
        ),
        (when_header(|header| header.patient = None), NoIns, 903),
        (when_header(|header| header.patient = patient(WRONG_KEY, NIR)), InsIncomplete, 905),
        (when_header(|header| header.patient = patient(OTHER, TEST)), DocumentOfOther, 904),
        (when_header(|header| header.traits = None), TraitsIncomplete, 905),
        (when_header(|header| header.traits = Some(traits("DURAND"))), TraitsDiffer, 904),
    ];
    for (filing, refusal, code) in table {
        assert_eq!(filing, Filing::Refuse(refusal));
        assert_eq!(refusal.code(), code, "{refusal:?}");
    }
}

#[test]
fn a_wrong_key_of_test_land_is_itself_only() {
    let filed = when(|case| {
        case.own = Some((WRONG_KEY, TEST));
        case.metadata.patient = patient(WRONG_KEY, TEST);
        case.header.as_mut().unwrap().patient = patient(WRONG_KEY, TEST);
    });
    assert_eq!(filed, FIRST);
}

// MSS #59
#[test]
fn every_reason_of_the_octets_and_of_contradictions() {
    use Refusal::*;
    let table = [
        (when(|case| case.metadata.sha1 = Some([2; 20])), HashDiffers),
        (when(|case| case.metadata.size = Some(11)), SizeDiffers),
        (when(|case| case.metadata.sha1 = None), NoHash),
        (when(|case| case.metadata.size = None), NoHash),
        (when(|case| case.header = None), Unreadable),
        (when_header(|header| header.unique_id = "1.2.3.9".into()), Contradiction),
        (when_header(|header| header.type_code = "11502-2".into()), Contradiction),
    ];
    for (filing, refusal) in table {
        assert_eq!(filing, Filing::Refuse(refusal));
        assert_eq!(refusal.code(), 906, "{refusal:?}");
    }
    // What broke the document broke its hash first.
    let both = when(|case| {
        case.header = None;
        case.metadata.sha1 = Some([2; 20]);
    });
    assert_eq!(both, Filing::Refuse(HashDiffers));
}

// MSS #66
#[test]
fn the_same_document_again_is_a_duplicate_and_another_under_its_id_is_refused() {
    let duplicate = when(|case| case.same = Some(entry(5, 2, 7)));
    assert_eq!(duplicate, Filing::Duplicate(EntryId::from_bytes([5; 16])));
    let other = when(|case| case.same = Some(entry(5, 2, 8)));
    assert_eq!(other, Filing::Refuse(Refusal::SameIdOtherContent));
    assert_eq!(Refusal::SameIdOtherContent.code(), 900);
}

// MSS #65
#[test]
fn a_replacement_needs_a_higher_version_and_the_same_author_or_organisation() {
    let by = |version: u64, who: Author| {
        when(|case| {
            case.says_replaces = true;
            case.predecessor = Some(entry(5, 1, 8));
            let header = case.header.as_mut().unwrap();
            (header.version, header.author) = (Some(version), who);
        })
    };
    let replaced =
        Filing::File { replaces: Some(EntryId::from_bytes([5; 16])), predecessor_unknown: false };
    assert_eq!(by(2, author("8marie", "1chu")), replaced);
    assert_eq!(by(9, author("8marie", "1other")), replaced);
    assert_eq!(by(2, author("8paul", "1chu")), replaced);
    assert_eq!(by(2, author("8paul", "1other")), Filing::Refuse(Refusal::ReplacesAnothers));
    assert_eq!(by(2, author("", "")), Filing::Refuse(Refusal::ReplacesAnothers));
    for version in [0, 1] {
        let older = by(version, author("8marie", "1chu"));
        assert_eq!(older, Filing::Refuse(Refusal::VersionNotAbove));
    }
    assert_eq!(Refusal::VersionNotAbove.code(), 900);
    assert_eq!(Refusal::ReplacesAnothers.code(), 901);
}

#[test]
fn a_replacement_of_what_is_not_held_is_filed_as_a_first_version_and_says_so() {
    let filed = when(|case| case.says_replaces = true);
    assert_eq!(filed, Filing::File { replaces: None, predecessor_unknown: true });
}
