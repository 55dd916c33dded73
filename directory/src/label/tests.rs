//! The examples of the rules, and what must not get into a label.

use domain::MailboxKind;

use super::*;
use crate::mailbox::{Holder, MailboxDetails};
use crate::{Profession, Skill};

fn mailbox(
    title: &str,
    given: &str,
    family: &str,
    skill: &str,
    entity: &str,
    town: &str,
) -> Mailbox {
    let mut person = Professional::named(given.parse().ok(), family.parse().unwrap());
    person.title = title.parse().ok();
    person.profession = Some(Profession::of_code("G15_10".parse().unwrap()));
    person.skills = skill.parse().map(Skill::of_code).into_iter().collect();
    let organisation = Organisation {
        legal_name: entity.parse().ok(),
        address: PostalAddress { town_line: town.parse().ok(), ..Default::default() },
        ..Default::default()
    };
    let holder = Holder { professional: Some(person), organisation: Some(organisation) };
    let address = "a@b.fr".parse().unwrap();
    let details = MailboxDetails::default();
    Mailbox::new(address, MailboxKind::Personal, holder, details, &Default::default()).unwrap()
}

#[test]
fn from_names() {
    for (title, given, family, entity, label) in [
        ("DR", "Marie", "Martin", "Cabinet Medical", "Dr_Marie_MARTIN_Cabinet Medical"),
        ("", "Marie", "MARTIN", "", "Marie_MARTIN"),
        ("", "", "MARTIN", "", "MARTIN"),
        ("M.", "JEAN-NOËL", "d'Artagnan", "", "M_Jean-Noël_D'ARTAGNAN"),
        ("PR", "Marie", "Martin", "A_B <x@y.fr>", "Pr_Marie_MARTIN_A B xy.fr"),
        ("", "Ma\u{202e}rie", "Mar\r\nTin", "", "Marie_MAR TIN"),
    ] {
        assert_eq!(Label::of(&mailbox(title, given, family, "", entity, "")).from_name(), label);
    }
}

#[test]
fn web_lines() {
    let marie = mailbox("DR", "Marie", "Martin", "SM54", "", "Chalon-sur-Saône");
    let label = Label::of(&marie);
    assert_eq!(label.web(Lang::Fr), "Dr Marie MARTIN, médecin généraliste, Chalon-sur-Saône");
    assert_eq!(label.web(Lang::En), "Dr Marie MARTIN, general practitioner, Chalon-sur-Saône");
    let plain = mailbox("", "MARIE", "Martin", "SM47", "", "");
    assert_eq!(Label::of(&plain).web(Lang::Fr), "Marie MARTIN, médecin");
}

#[test]
fn organisations_are_called_by_their_name_and_service() {
    let organisation = Organisation { legal_name: "CH <Nord>".parse().ok(), ..Default::default() };
    let holder = Holder { professional: None, organisation: Some(organisation) };
    let details = MailboxDetails { service: "Cardiologie".parse().ok(), ..Default::default() };
    let address = "cardio@b.fr".parse().unwrap();
    let kind = MailboxKind::Organisational;
    let mailbox = Mailbox::new(address, kind, holder, details, &Default::default()).unwrap();
    assert_eq!(Label::of(&mailbox).from_name(), "CH Nord_Cardiologie");
    assert_eq!(Label::of(&mailbox).web(Lang::En), "CH Nord, Cardiologie");
}
