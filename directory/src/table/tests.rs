//! A table gives back what was put in, in order of name, and finds it.

use proptest::prelude::*;

use super::*;
use crate::fold;
use crate::generated;
use crate::label::Label;

fn table(mailboxes: &[Mailbox]) -> SourceTable {
    let mut builder = Builder::new().unwrap();
    for mailbox in mailboxes {
        builder.add(mailbox.clone(), Repeated::Refused).unwrap().unwrap();
    }
    builder.finish().unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..Default::default() })]

    #[test]
    fn nothing_is_lost_and_everything_is_found(mailboxes in generated::mailboxes()) {
        let table = table(&mailboxes);
        prop_assert_eq!(table.len(), mailboxes.len());
        for mailbox in &mailboxes {
            let number = table.find(&mailbox.address().lookup_key()).unwrap();
            let found = table.mailbox(number).unwrap();
            prop_assert_eq!(&found, mailbox);
            if let Some(id) = mailbox.holder().professional.as_ref().and_then(|one| one.id.as_ref()) {
                let key = format!("{PERSON}{id}");
                prop_assert!(table.of_identifier(&key).contains(&number));
            }
            if let Some(person) = &mailbox.holder().professional {
                for word in fold::words(person.family_name.as_str()) {
                    let prefix: String = word.chars().take(2).collect();
                    let range = table.words().beginning_with(&prefix);
                    prop_assert!(table.words().rows(&range).contains(&number));
                }
            }
            prop_assert!(!Label::of(&found).from_name().contains(['<', '>', '\r', '\n']));
        }
        let keys: Vec<_> = (0..).take(table.len()).map(|number| table.order_key(number)).collect();
        prop_assert!(keys.is_sorted());
    }
}

#[test]
fn an_empty_table_answers() {
    let table = table(&[]);
    assert!(table.is_empty());
    assert_eq!(table.find(&"a@b.fr".parse::<MailAddress>().unwrap().lookup_key()), None);
    assert!(table.of_identifier("P1").is_empty());
    assert!(table.words().rows(&table.words().beginning_with("a")).is_empty());
    assert_eq!(format!("{table:?}"), "SourceTable(0 mailboxes, 0 certificates)");
}
