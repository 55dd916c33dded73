//! Invented entries for the tests.
#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "made for tests, each of which uses some"
)]

use directory::*;
use domain::{CitizenDomains, MailboxKind, OperatorName, PersonId};

pub fn operator(name: &str) -> OperatorName {
    name.parse().unwrap()
}

/// The RPPS whose eleven digits are all `digit`.
pub fn id(digit: &str) -> PersonId {
    format!("8{}", digit.repeat(11)).parse().unwrap()
}

pub fn citizens() -> CitizenDomains {
    ["patient.fr".parse().unwrap()].into_iter().collect()
}

pub fn owners(name: &str, domain: &str) -> DomainOwners {
    [(domain.parse().unwrap(), operator(name))].into_iter().collect()
}

pub fn directory_of(name: &str, domain: &str) -> Directory {
    Directory::in_memory(citizens(), owners(name, domain))
}

pub fn mailbox(address: &str, kind: MailboxKind, holder: Holder) -> Mailbox {
    let details = MailboxDetails::default();
    Mailbox::new(address.parse().unwrap(), kind, holder, details, &CitizenDomains::default())
        .unwrap()
}

/// A physician at a practice in `town`, Saône-et-Loire.
pub fn person(
    address: &str,
    digit: &str,
    given: &str,
    family: &str,
    skill: &str,
    town: &str,
) -> Mailbox {
    let mut person = Professional::named(given.parse().ok(), family.parse().unwrap());
    person.id = Some(id(digit));
    person.profession = Some(Profession::of_code("10".parse().unwrap()));
    person.skills = vec![Skill::of_code(skill.parse().unwrap())];
    let organisation = Organisation {
        address: PostalAddress {
            town_line: town.parse().ok(),
            postal_code: "71100".parse().ok(),
            departement: "Saône-et-Loire".parse().ok(),
            ..PostalAddress::default()
        },
        ..Organisation::default()
    };
    let holder = Holder { professional: Some(person), organisation: Some(organisation) };
    mailbox(address, MailboxKind::Personal, holder)
}

pub fn organisation(address: &str, id: &str, name: &str, service: &str) -> Mailbox {
    let organisation = Organisation {
        id: id.parse().ok(),
        legal_name: name.parse().ok(),
        ..Organisation::default()
    };
    let holder = Holder { professional: None, organisation: Some(organisation) };
    let details = MailboxDetails { service: service.parse().ok(), ..MailboxDetails::default() };
    amended(mailbox(address, MailboxKind::Organisational, holder), details)
}

pub fn red(mailbox: Mailbox) -> Mailbox {
    let details = MailboxDetails { on_red_list: true, ..mailbox.details().clone() };
    amended(mailbox, details)
}

pub fn ranked(mailbox: Mailbox, rank: u16) -> Mailbox {
    let details = MailboxDetails { rank: rank.try_into().ok(), ..mailbox.details().clone() };
    amended(mailbox, details)
}

fn amended(mailbox: Mailbox, details: MailboxDetails) -> Mailbox {
    mailbox.amended(MailboxChange { details: Some(details), ..Default::default() }).unwrap()
}

pub fn certificate(der: &[u8], serial: &str, bound_to: BoundTo) -> CertificateBinding {
    CertificateBinding {
        fingerprint: Fingerprint::of_der(der),
        issuer: "CN=AC,O=ASIP-SANTE,C=FR".parse().unwrap(),
        serial: serial.parse().unwrap(),
        subject: "CN=marie,OU=1710000001,O=CH,C=FR".parse().unwrap(),
        bound_to,
    }
}
