//! The columns, the lines that are wrong, and the way back.

use domain::{CitizenDomains, MailboxKind};
use proptest::prelude::*;

use super::column::{COLUMNS, Column};
use super::*;
use crate::fault::{FaultReason, ImportError, ImportReport, Limits};
use crate::generated;
use crate::mailbox::Mailbox;
use crate::table::SourceTable;

fn citizens() -> CitizenDomains {
    ["patient.mssante.fr".parse().unwrap()].into_iter().collect()
}

fn import(file: &[u8]) -> Result<(SourceTable, ImportReport), ImportError> {
    read(file, &citizens(), Limits::default())
}

fn written(mailboxes: &[Mailbox]) -> Vec<u8> {
    let mut file = Vec::new();
    write(mailboxes.iter().cloned(), &mut file).unwrap();
    file
}

fn by_address(mut mailboxes: Vec<Mailbox>) -> Vec<Mailbox> {
    mailboxes.sort_by(|one, other| one.address().cmp(other.address()));
    mailboxes
}

/// Only the columns that the first source of the rules lists, in another order, with a mark, CR LF and one more.
const FEW_COLUMNS: &str = "\u{FEFF}Nom d’exercice|Prénom d'exercice|adresse bal|Autre chose|Libellé savoir-faire|\
    Raison Sociale structure BAL|L6LIGNEACHEMINEMENT structure BAL|Code postal structure BAL\r\n\
    MARTIN|Marie|marie.martin@a.mssante.fr|x|Médecine Générale|CABINET|71100 CHALON SUR SAONE|71100\r\n\
    ||accueil@a.mssante.fr|||CLINIQUE \"DU NORD\"||\r\n\
    \r\n\
    MARTIN|Marie|Marie.Martin@a.mssante.fr||Pédiatrie|CABINET 2|21000 DIJON|21000|\r\n";

#[test]
fn columns_are_found_by_name() {
    let (table, report) = import(FEW_COLUMNS.as_bytes()).unwrap();
    assert_eq!((report.mailboxes, report.faults.count()), (2, 0));
    assert_eq!(report.unknown_columns, ["Autre chose"]);
    let mailboxes: Vec<_> = table.mailboxes().collect();
    assert_eq!(mailboxes[0].kind(), MailboxKind::Organisational);
    assert_eq!(mailboxes[1].kind(), MailboxKind::Personal);
    let marie = mailboxes[1].holder().professional.as_ref().unwrap();
    let skills: Vec<_> = marie.skills.iter().map(|skill| skill.code().unwrap().as_str()).collect();
    assert_eq!((skills, marie.places.len()), (vec!["SM54", "SM40"], 1));
}

#[test]
fn a_wrong_line_costs_that_line() {
    let file = "Type de BAL|Adresse BAL|Nom d'exercice|Identification nationale PP|Code savoir-faire\n\
        PER|a@a.fr|MARTIN|801234567897|SM54\n\
        PER|secret|MARTIN||\n\
        PER||MARTIN||\n\
        XXX|b@a.fr|MARTIN||\n\
        PER|c@a.fr|12345||\n\
        PER|d@a.fr|MARTIN|é|\n\
        PER|e@a.fr|MARTIN||S M\n\
        PER|279035121518989@Patient.mssante.fr|MARTIN||\n\
        PER|f@a.fr|||\n\
        PER|g@a.fr|MARTIN\n\
        PER|h@a.fr|MARTIN|||x\n\
        CAB|a@a.fr|MARTIN||\n\
        PER|a@a.fr|DURAND||\n\
        CITIZEN|i@a.fr|MARTIN||\n";
    let (table, report) = import(file.as_bytes()).unwrap();
    use FaultReason::*;
    let reasons: Vec<_> =
        report.faults.kept().iter().map(|fault| (fault.line, fault.reason)).collect();
    let expected = [
        (3, Address),
        (4, NoAddress),
        (5, Kind),
        (6, Name),
        (7, Identifier),
        (8, Code),
        (9, Citizen),
        (10, NoHolder),
        (11, Fields),
        (12, Fields),
        (13, KindChanged),
        (14, OtherHolder),
        (15, Kind),
    ];
    assert_eq!(reasons, expected);
    assert_eq!(table.len(), 1);
    assert!(!format!("{report:?}").contains("secret"));
}

#[test]
fn octets_and_bounds() {
    let few = Limits { line: 40, file: 200, lines: 4 };
    let with = |text: &[u8]| read(text, &citizens(), few);
    let mut file = b"Adresse BAL|Nom d'exercice\n\xff|M\n".to_vec();
    file.extend(b"a".repeat(60));
    file.extend(b"\na@a.fr|M\n");
    let (table, report) = with(&file).unwrap();
    let reasons: Vec<_> = report.faults.kept().iter().map(|fault| fault.reason).collect();
    assert_eq!((table.len(), reasons), (1, vec![FaultReason::NotUtf8, FaultReason::TooLong]));
    file.extend(b"b@a.fr|M\n");
    assert!(matches!(with(&file), Err(ImportError::TooLarge)));
    assert!(matches!(with(b""), Err(ImportError::NoHeader)));
    assert!(matches!(with(b"Nom d'exercice\n"), Err(ImportError::NoAddressColumn)));
    assert!(matches!(with(b"Adresse BAL|adresse bal\n"), Err(ImportError::RepeatedColumn)));
}

#[test]
fn what_is_written_has_the_columns_of_the_real_file() {
    let header = String::from_utf8(written(&[])).unwrap();
    assert!(header.starts_with("Type de BAL|Adresse BAL|Type Identifiant PP|Identifiant PP|"));
    assert_eq!(header.trim().split('|').count(), 31);
    for (place, (column, name)) in COLUMNS.iter().enumerate() {
        assert_eq!(Column::named(name), Some(*column));
        assert_eq!(*column as usize, place);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..Default::default() })]

    #[test]
    fn import_export_import_is_import(mailboxes in generated::published_mailboxes()) {
        let mailboxes = by_address(mailboxes);
        let (table, report) = import(&written(&mailboxes)).unwrap();
        prop_assert_eq!(report.faults.kept(), []);
        let found = by_address(table.mailboxes().collect());
        prop_assert_eq!(&found, &mailboxes);
        let (again, _) = import(&written(&found)).unwrap();
        prop_assert_eq!(by_address(again.mailboxes().collect()), mailboxes);
    }

    #[test]
    fn nothing_panics(octets in proptest::collection::vec(any::<u8>(), 0..300), text in "[|\\PC\n]{0,200}") {
        let _ = import(&octets);
        let with_header = format!("{}\n{text}", FEW_COLUMNS.lines().next().unwrap());
        let _ = import(with_header.as_bytes());
        let mut cut = FEW_COLUMNS.as_bytes().to_vec();
        for (place, octet) in octets.iter().enumerate().take(20) {
            let at = (place * 37 + usize::from(*octet)) % cut.len();
            cut[at] = octet.rotate_left(3);
        }
        let _ = import(&cut);
    }
}
