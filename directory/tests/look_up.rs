//! What searches and look-ups find, whose entries count, and what the red list hides.

#![allow(clippy::unwrap_used, reason = "a test panics on purpose")]

mod made;

use directory::*;
use domain::{CitizenDomains, MailboxKind};
use made::*;

fn names(page: &Page) -> Vec<String> {
    page.found.iter().map(|found| found.mailbox.address().local().to_owned()).collect()
}

fn query(name: &str) -> Query {
    Query { name: name.to_owned(), limit: 10, ..Query::default() }
}

fn nord() -> Directory {
    let directory = directory_of("nord", "nord.fr");
    let marie =
        person("marie@nord.fr", "8", "Marie", "LÉVÊQUE-Martin", "SM54", "71100 CHALON SUR SAONE");
    let paul = person("paul@nord.fr", "9", "Paul", "Martinez", "SM40", "Dijon");
    let hidden = red(person("hidden@nord.fr", "9", "Paul", "Martin", "SM40", "Dijon"));
    let service = organisation("cardio@nord.fr", "1710000001", "CH d'Été", "Cardiologie");
    directory.publish(&operator("nord"), [paul, marie, hidden, service], []).unwrap();
    directory
}

#[test]
fn names_are_searched_by_the_beginning_of_their_words() {
    let snapshot = nord().snapshot();
    for (asked, found) in [
        ("martin", vec!["marie", "paul"]),
        ("LEV mar", vec!["marie"]),
        ("marie levêque", vec!["marie"]),
        ("martinez", vec!["paul"]),
        ("ete", vec!["cardio"]),
        ("cardio d'e", vec!["cardio"]),
        ("artin", vec![]),
        ("marie paul", vec![]),
    ] {
        assert_eq!(names(&snapshot.search(&query(asked)).unwrap()), found, "{asked}");
    }
}

#[test]
fn filters_narrow() {
    let snapshot = nord().snapshot();
    let all = || query("");
    let table = [
        (Query { skill: "SM40".parse().ok(), ..all() }, vec!["paul"]),
        (Query { profession: "G15_10".parse().ok(), ..all() }, vec!["marie", "paul"]),
        (Query { profession: "G15_60".parse().ok(), ..all() }, vec![]),
        (Query { town: Some("châlon".into()), ..all() }, vec!["marie"]),
        (Query { town: Some("dijon".into()), ..query("martin") }, vec!["paul"]),
        (Query { postal_code: Some("71".into()), ..all() }, vec!["marie", "paul"]),
        (Query { departement: Some("SAONE et loire".into()), ..all() }, vec!["marie", "paul"]),
        (Query { departement: Some("saone".into()), ..all() }, vec![]),
        (Query { kind: Some(MailboxKind::Organisational), ..all() }, vec!["cardio"]),
        (Query { address: Some(AddressMatch::Contains("RI".into())), ..query("lev") }, vec![]),
        (Query { address: Some(AddressMatch::Contains("ARIE@n".into())), ..all() }, vec!["marie"]),
        (
            Query { address: Some(AddressMatch::Exact("Paul@nord.fr".into())), ..all() },
            vec!["paul"],
        ),
        (Query { address: Some(AddressMatch::Exact("hidden@nord.fr".into())), ..all() }, vec![]),
    ];
    for (query, found) in table {
        match snapshot.search(&query) {
            Ok(page) => assert_eq!(names(&page), found, "{query:?}"),
            Err(error) => assert_eq!(error, QueryError::TooShort),
        }
    }
}

#[test]
fn questions_have_bounds() {
    let snapshot = nord().snapshot();
    let error = |query: Query| snapshot.search(&query).unwrap_err();
    assert_eq!(error(query(" - ")), QueryError::Empty);
    assert_eq!(error(query(&"a".repeat(201))), QueryError::TooLong);
    assert_eq!(error(query("a b c d e f g h i")), QueryError::TooLong);
    assert_eq!(error(Query { limit: 0, ..query("a") }), QueryError::Page);
    assert_eq!(error(Query { limit: 101, ..query("a") }), QueryError::Page);
    assert_eq!(error(Query { offset: MAX_OFFSET + 1, ..query("a") }), QueryError::Page);
}

#[test]
fn pages_follow_each_other_across_sources() {
    let owners = [("a.fr", "a"), ("b.fr", "b")];
    let owners = owners.map(|(domain, name)| (domain.parse().unwrap(), operator(name)));
    let directory = Directory::in_memory(CitizenDomains::default(), owners.into_iter().collect());
    for name in ["a", "b"] {
        let one = |n: u8| {
            let family = format!("Martin {}", char::from(b'a' + n));
            person(&format!("{name}{n}@{name}.fr"), "8", "Luc", &family, "SM54", "Dijon")
        };
        directory.publish(&operator(name), (0..5).map(one), []).unwrap();
    }
    let snapshot = directory.snapshot();
    let mut all = Vec::new();
    for offset in [0, 4, 8] {
        let page = snapshot.search(&Query { offset, limit: 4, ..query("martin") }).unwrap();
        assert_eq!(page.more, offset < 8);
        all.extend(names(&page));
    }
    assert_eq!(all, ["a0", "b0", "a1", "b1", "a2", "b2", "a3", "b3", "a4", "b4"]);
}

#[test]
fn the_red_list_hides_from_all_but_the_exact_address() {
    let snapshot = nord().snapshot();
    let hidden = snapshot.find(&"Hidden@nord.fr".parse().unwrap()).unwrap();
    assert!(!hidden.published && hidden.mailbox.details().on_red_list);
    assert_eq!(snapshot.by_person(&id("9")).len(), 1);
    assert_eq!((snapshot.len(), snapshot.published().count()), (4, 3));
    let mut file = Vec::new();
    let all = snapshot.table(&Source::Operator(operator("nord"))).unwrap().mailboxes();
    extraction::write(all, &mut file).unwrap();
    assert!(!String::from_utf8(file).unwrap().contains("hidden"));
}

#[test]
fn identifiers_find_the_preferred_mailbox_first() {
    let directory = directory_of("nord", "nord.fr");
    let at = |address: &str, rank| {
        ranked(person(address, "8", "Marie", "MARTIN", "SM54", "Dijon"), rank)
    };
    let mailboxes = [at("c@nord.fr", 2), at("a@nord.fr", 3), at("b@nord.fr", 1)];
    directory.publish(&operator("nord"), mailboxes, []).unwrap();
    let found = directory.snapshot().by_person(&id("8"));
    let found: Vec<_> = found.iter().map(|found| found.mailbox.address().local()).collect();
    assert_eq!(found, ["b", "c", "a"]);
    let snapshot = nord().snapshot();
    assert_eq!(snapshot.by_structure(&"1710000001".parse().unwrap()).len(), 1);
    assert!(snapshot.by_structure(&"1710000002".parse().unwrap()).is_empty());
}

#[test]
fn an_operator_speaks_for_its_domains_and_no_other() {
    let directory = directory_of("nord", "nord.fr");
    let extraction = "Type de BAL|Adresse BAL|Nom d'exercice\nPER|marie@nord.fr|MARTIN\n\
        PER|gone@nord.fr|PARTI\nPER|other@sud.fr|DURAND\n";
    let import = || directory.import_extraction(extraction.as_bytes(), Limits::default()).unwrap();
    import();
    let source = |address: &str| {
        directory.snapshot().find(&address.parse().unwrap()).map(|found| found.source)
    };
    assert_eq!(source("marie@nord.fr"), Some(Source::National));
    let own = person("marie@nord.fr", "8", "Marie", "MARTIN", "SM54", "Dijon");
    let foreign = person("other@sud.fr", "8", "Marie", "MARTIN", "SM54", "Dijon");
    directory.publish(&operator("nord"), [own, foreign], []).unwrap();
    import();
    assert_eq!(source("marie@nord.fr"), Some(Source::Operator(operator("nord"))));
    assert_eq!(source("gone@nord.fr"), None, "an old extraction brings nobody back");
    assert_eq!(source("other@sud.fr"), Some(Source::National));
    let both = [("nord.fr", "nord"), ("sud.fr", "nord")];
    let both = both.map(|(domain, name)| (domain.parse().unwrap(), operator(name)));
    directory.set_owners(both.into_iter().collect());
    assert_eq!(source("other@sud.fr"), Some(Source::Operator(operator("nord"))));
    directory.withdraw(&Source::Operator(operator("nord"))).unwrap();
    assert_eq!(source("gone@nord.fr"), Some(Source::National));
}

#[test]
fn of_two_operators_of_a_domain_the_first_counts_for_an_address() {
    let owners = ["b", "a"].map(|name| ("x.fr".parse().unwrap(), operator(name)));
    let directory = Directory::in_memory(CitizenDomains::default(), owners.into_iter().collect());
    let at = |address: &str, family: &str| person(address, "8", "Luc", family, "SM54", "Dijon");
    directory
        .publish(&operator("b"), [at("one@x.fr", "MARTIN"), at("two@x.fr", "MARTIN")], [])
        .unwrap();
    directory.publish(&operator("a"), [at("one@x.fr", "MARTIN")], []).unwrap();
    let snapshot = directory.snapshot();
    let page = snapshot.search(&query("martin")).unwrap();
    let sources: Vec<_> = page.found.iter().map(|found| found.source.to_string()).collect();
    assert_eq!(
        (names(&page), sources),
        (vec!["one".into(), "two".into()], vec!["operator-a".into(), "operator-b".into()])
    );
    assert_eq!(snapshot.len(), 2);
}

#[test]
fn a_reader_keeps_its_snapshot() {
    let directory = nord();
    let before = directory.snapshot();
    directory.publish(&operator("nord"), [], []).unwrap();
    assert_eq!((before.len(), directory.snapshot().len()), (4, 0));
}

#[test]
fn certificates_are_found_three_ways() {
    let directory = directory_of("nord", "nord.fr");
    let old = certificate(b"old", "01", BoundTo::Mailbox("marie@nord.fr".parse().unwrap()));
    let foreign = certificate(b"f", "02", BoundTo::Mailbox("marie@sud.fr".parse().unwrap()));
    let own = certificate(b"o", "03", BoundTo::Organisation("1710000001".parse().unwrap()));
    let all = [old.clone(), foreign.clone(), own.clone()];
    directory.publish(&operator("nord"), [], all).unwrap();
    let snapshot = directory.snapshot();
    assert_eq!(snapshot.by_fingerprint(&Fingerprint::of_der(b"old")), std::slice::from_ref(&old));
    assert!(snapshot.by_fingerprint(&Fingerprint::of_der(b"new")).is_empty());
    let issuer = "C=fr, O=ASIP-SANTE,CN=AC".parse().unwrap();
    assert_eq!(snapshot.by_serial(&issuer, &"0001".parse().unwrap()), std::slice::from_ref(&old));
    assert!(snapshot.by_serial(&old.subject, &old.serial).is_empty());
    assert!(snapshot.by_fingerprint(&foreign.fingerprint).is_empty(), "another's domain");
    // A renewed certificate: same issuer, same subject.
    assert_eq!(snapshot.by_subject(&issuer, &old.subject), [old, own]);
}
