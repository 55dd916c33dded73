//! Invented entries for property tests: valid, varied, few enough names that some coincide.

use std::collections::BTreeMap;

use domain::MailboxKind;
use proptest::collection::vec;
use proptest::option::of;
use proptest::prelude::*;

use crate::mailbox::{Holder, Mailbox, MailboxDetails};
use crate::{Concept, Organisation, PostalAddress, Professional, Text};

fn text() -> impl Strategy<Value = Text> {
    prop_oneof!["[A-Zé'/ -]{1,12}", "(CABINET|CH) (NORD|SUD|D'ÉTÉ)"]
        .prop_filter_map("blank", |text| text.parse().ok())
}

fn concept() -> impl Strategy<Value = Concept> {
    let code =
        "(SM[0-9]{2}|CAPA0[1-9]|[0-9]{2,3}|G1[56]_(10|60))".prop_map(|code| code.parse().ok());
    (code, of(text())).prop_map(|(code, label)| Concept { code, label })
}

fn organisation() -> impl Strategy<Value = Organisation> {
    let id = of("(1[0-9]{9}|3[0-9]{14}|[0-9]{9}|[A-Z0-9/]{1,12})");
    (id, text(), of(text()), vec(of(text()), 11)).prop_map(|(id, name, trade_name, parts)| {
        Organisation {
            id: id.and_then(|id| id.parse().ok()),
            legal_name: Some(name),
            trade_name,
            address: PostalAddress::of_parts(parts.try_into().unwrap_or_default()),
        }
    })
}

fn professional() -> impl Strategy<Value = Professional> {
    let id = of("(8[0-9]{11}|0[0-9]{9}|[A-Z0-9/]{1,14})");
    let names = (of("[A-Z][a-zé-]{0,6}[a-z]"), "(LE |D')?[A-ZÉ][A-Z-]{0,8}");
    let title = of("(DR|PR|M|MME|Maître)");
    let skills = vec(concept(), 0..4);
    (id, names, title, of(concept()), skills, vec(organisation(), 0..3)).prop_map(
        |(id, (given, family), title, profession, skills, places)| Professional {
            id: id.and_then(|id| id.parse().ok()),
            title: title.and_then(|title| title.parse().ok()),
            given_name: given.and_then(|name| name.parse().ok()),
            family_name: family.parse().unwrap(),
            profession: profession.and_then(|concept| concept.try_into().ok()),
            skills: skills.into_iter().filter_map(|concept| concept.try_into().ok()).collect(),
            places,
        },
    )
}

fn mailbox() -> impl Strategy<Value = Mailbox> {
    let kind = prop::sample::select(vec![
        MailboxKind::Personal,
        MailboxKind::Practice,
        MailboxKind::Organisational,
        MailboxKind::Application,
    ]);
    let details = (of(text()), of(text()));
    ("[a-zA-Z]{1,3}@(a|b)\\.fr", kind, professional(), of(organisation()), organisation(), details)
        .prop_map(|(address, kind, person, place, owner, (service, digital_only))| {
            let persons = matches!(kind, MailboxKind::Personal | MailboxKind::Practice);
            let holder = Holder {
                professional: persons.then_some(person),
                organisation: if persons { place } else { Some(owner) },
            };
            let details = MailboxDetails { service, digital_only, ..Default::default() };
            let address = address.parse().unwrap();
            Mailbox::new(address, kind, holder, details, &Default::default()).unwrap()
        })
}

fn once_each(mailboxes: Vec<Mailbox>) -> Vec<Mailbox> {
    let named = mailboxes.into_iter().map(|one| (one.address().lookup_key(), one));
    named.collect::<BTreeMap<_, _>>().into_values().collect()
}

/// Mailboxes with what the extraction's columns can say.
pub(crate) fn published_mailboxes() -> impl Strategy<Value = Vec<Mailbox>> {
    vec(mailbox(), 0..8).prop_map(once_each)
}

/// Mailboxes with everything.
pub(crate) fn mailboxes() -> impl Strategy<Value = Vec<Mailbox>> {
    let details = (of(1_u16..9), of(text()), of(text()), of(text()), any::<[bool; 2]>());
    vec((mailbox(), details), 0..8).prop_map(|pairs| {
        let with = |(mailbox, (rank, description, responsible, phone, flags)): (Mailbox, _)| {
            let [on_red_list, accepts_citizen_prescriptions]: [bool; 2] = flags;
            let rank: Option<u16> = rank;
            let details = MailboxDetails {
                rank: rank.and_then(|rank| rank.try_into().ok()),
                description,
                responsible,
                phone,
                on_red_list,
                accepts_citizen_prescriptions,
                ..mailbox.details().clone()
            };
            let change = crate::MailboxChange { details: Some(details), ..Default::default() };
            mailbox.amended(change).unwrap()
        };
        once_each(pairs.into_iter().map(with).collect())
    })
}
