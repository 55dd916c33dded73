//! The gate of mailboxes, what may change about them, and what their `Debug` keeps to itself.

use super::*;

fn marie() -> Professional {
    let mut marie = Professional::named("Marie".parse().ok(), "MARTIN-SECRET".parse().unwrap());
    marie.id = Some("810001234567".parse().unwrap());
    marie
}

fn hospital() -> Organisation {
    Organisation {
        id: Some("1710000001".parse().unwrap()),
        legal_name: "Hôpital-secret".parse().ok(),
        ..Default::default()
    }
}

fn citizens() -> CitizenDomains {
    ["patient.mssante.fr".parse().unwrap()].into_iter().collect()
}

fn mailbox(address: &str, kind: MailboxKind, holder: Holder) -> Result<Mailbox, MailboxError> {
    Mailbox::new(address.parse().unwrap(), kind, holder, MailboxDetails::default(), &citizens())
}

#[test]
fn each_kind_has_its_holder() {
    use MailboxKind::*;
    let professional = || Holder { professional: Some(marie()), organisation: None };
    let organisation = || Holder { professional: None, organisation: Some(hospital()) };
    let nowhere = || Holder { professional: None, organisation: Some(Organisation::default()) };
    for (kind, holder, found) in [
        (Personal, professional(), None),
        (Personal, organisation(), Some(MailboxError::NoHolder)),
        (Practice, professional(), None),
        (Practice, organisation(), None),
        (Organisational, organisation(), None),
        (Organisational, professional(), Some(MailboxError::NoHolder)),
        (Application, organisation(), None),
        (Application, nowhere(), Some(MailboxError::NoHolder)),
        (Citizen, professional(), Some(MailboxError::CitizenKind)),
    ] {
        assert_eq!(mailbox("a@b.fr", kind, holder).err(), found, "{kind}");
    }
}

#[test]
fn citizens_are_refused() {
    let holder = Holder { professional: Some(marie()), organisation: None };
    let found = mailbox("279035121518989@Patient.MSSante.fr", MailboxKind::Personal, holder);
    assert_eq!(found, Err(MailboxError::CitizenDomain));
}

#[test]
fn address_and_kind_do_not_change() {
    let holder = Holder { professional: Some(marie()), organisation: Some(hospital()) };
    let before = mailbox("marie@b.fr", MailboxKind::Personal, holder).unwrap();
    let address = |text: &str| MailboxChange { address: text.parse().ok(), ..Default::default() };
    assert_eq!(before.amended(address("other@b.fr")), Err(MailboxError::AddressIsImmutable));
    assert_eq!(before.amended(address("marie@b.fr")).as_ref(), Ok(&before));
    let kind = MailboxChange { kind: Some(MailboxKind::Practice), ..Default::default() };
    assert_eq!(before.amended(kind), Err(MailboxError::KindIsImmutable));
    assert!(MailboxError::KindIsImmutable.to_string().contains("does not change"));
    let details = MailboxDetails { on_red_list: true, ..Default::default() };
    let hidden = MailboxChange { details: Some(details), ..Default::default() };
    assert!(before.amended(hidden).unwrap().details().on_red_list);
}

#[test]
fn lines_of_one_person_become_one_mailbox() {
    let town = |name: &str| Organisation { legal_name: name.parse().ok(), ..Default::default() };
    let line = |skill: &str, place: &str| {
        let mut marie = marie();
        marie.skills.push(crate::Skill::of_code(skill.parse().unwrap()));
        let holder = Holder { professional: Some(marie), organisation: Some(town(place)) };
        mailbox("marie@b.fr", MailboxKind::Personal, holder).unwrap()
    };
    let joined = line("SM04", "A").joined(line("SM04", "B")).unwrap();
    let joined = joined.joined(line("SM40", "A")).unwrap();
    let marie = joined.holder().professional.as_ref().unwrap();
    assert_eq!((marie.skills.len(), &marie.places), (2, &vec![town("B")]));
    let holder = Holder { professional: None, organisation: Some(town("A")) };
    let practice = mailbox("marie@b.fr", MailboxKind::Practice, holder).unwrap();
    assert_eq!(joined.joined(practice), Err(MailboxError::KindIsImmutable));
}

#[test]
fn debug_prints_no_person() {
    let holder = Holder { professional: Some(marie()), organisation: Some(hospital()) };
    let mailbox = mailbox("marie.martin@b.fr", MailboxKind::Personal, holder).unwrap();
    let printed = format!("{mailbox:?} {:?}", MailboxRecord::from(mailbox.clone()));
    for secret in ["arie", "ARTIN", "810001234567", "secret", "710000001"] {
        assert!(!printed.contains(secret), "{printed}");
    }
    assert!(printed.contains("RPPS") && printed.contains("FINESS"));
}
