//! The record in a store: lists, versions, people's decisions, what a citizen may see.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

use clinical::value_sets::{Confidentiality, Kind};
use domain::{MailboxKind, ManualClock};
use jiff::Timestamp;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::{
    AccountId, Actor, Committed, Faults, MessageId, SeededRandom, Store, StoreError, Transaction,
    View,
};
use record::{
    Decisions, Document, Entry, EntryId, EntryState, FiledBy, HIDDEN_FOR, Known, Names, decide,
    derive_again, entries, file, kinds, take_back, undo_take_back,
};
use std::sync::Arc;

const NOW: i64 = 1_800_000_000;

struct Land {
    store: Store,
    account: AccountId,
}

impl Land {
    fn new() -> Self {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(NOW).unwrap()));
        let random = Arc::new(SeededRandom::new(1));
        let store = Store::in_memory(clock, random, Vec::new(), Arc::<Faults>::default()).unwrap();
        let new = NewAccount {
            address: "279035121518989@patient.example".parse().unwrap(),
            kind: MailboxKind::Citizen,
            state: AccountState::Active,
            ins: None,
            traits: None,
            quota: 1_000_000,
            mailboxes: Vec::new(),
            owner: None,
        };
        let account = store.create_account_blocking(Actor::SYSTEM, new).unwrap().account;
        Self { store, account }
    }

    fn view(&self) -> View<'static> {
        self.store.view(self.account).unwrap()
    }

    fn transact<T: Send + 'static, E: From<StoreError> + Send + std::fmt::Debug + 'static>(
        &self,
        work: impl FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    ) -> Result<T, E> {
        self.store.begin(Actor::SYSTEM, self.account, work).wait().map(Committed::into_inner)
    }

    fn document(&self, number: u8, kind: Kind, date: i64) -> Document {
        let mut writer = self.store.body_writer().unwrap();
        writer.write(&[number]).unwrap();
        Document {
            id: EntryId::from_bytes([number; 16]),
            unique_id: Some(format!("1.2.{number}")),
            set_id: Some(format!("1.{number}")),
            version: Some(1),
            kind,
            type_code: None,
            title: format!("  Titre\u{7} {number}"),
            author: None,
            date,
            act: None,
            confidentiality: vec![Confidentiality::Normal],
            mime: "text/xml".into(),
            hash: [number; 32],
            body: writer.finish().unwrap(),
            message: MessageId::from_bytes([1; 16]),
            filed_by: FiledBy::Service,
            replaces: None,
        }
    }

    fn file(&self, document: Document, predecessor: Option<EntryId>) -> Entry {
        self.transact(move |tx| file(tx, &document, predecessor, false)).unwrap()
    }

    fn ids(&self, kind: Option<Kind>) -> Vec<u8> {
        let found = entries(&self.view(), kind, NOW, None, 1_000).unwrap();
        found.iter().map(|entry| entry.id.as_bytes()[0]).collect()
    }
}

#[test]
fn lists_go_from_the_newest_document_by_kind_and_page_by_page() {
    let land = Land::new();
    for number in 1..=90_u8 {
        let kind = if number % 2 == 0 { Kind::Biology } else { Kind::Letters };
        // Before 1970 too.
        land.file(land.document(number, kind, (i64::from(number) - 45) * 1_000_000), None);
    }
    assert_eq!(land.ids(None), (1..=90).rev().collect::<Vec<_>>());
    assert_eq!(land.ids(Some(Kind::Biology)), (1..=45).rev().map(|n| n * 2).collect::<Vec<_>>());
    assert!(land.ids(Some(Kind::Imaging)).is_empty());
    let view = land.view();
    let first = entries(&view, None, NOW, None, 70).unwrap();
    let rest = entries(&view, None, NOW, first.last(), 70).unwrap();
    assert_eq!((first.len(), rest.len()), (70, 20));
    assert_eq!(rest[0].id.as_bytes()[0], 20);
    assert_eq!(kinds(&view, NOW, 10).unwrap(), [(Kind::Letters, 10), (Kind::Biology, 10)]);
    assert_eq!(first[0].title, "Titre 90");
}

#[test]
fn a_version_takes_the_place_of_the_one_before_and_keeps_peoples_decisions() {
    let land = Land::new();
    let first = land.file(land.document(1, Kind::Letters, 1), None);
    let decisions =
        Decisions { title: Some("Ma lettre".into()), kind: Some(Kind::Reports), masked: true };
    let (series, decided) = (first.series, decisions.clone());
    land.transact(move |tx| decide(tx, series, &decided)).unwrap();
    assert_eq!((land.ids(Some(Kind::Letters)), land.ids(Some(Kind::Reports))), (vec![], vec![1]));

    let known = |unique_id, set_id, replaces: &[String]| {
        Known::of(&land.view(), &[], Names { unique_id, set_id, replaces }).unwrap()
    };
    let id_of = |entry: Option<Entry>| entry.map(|entry| entry.id);
    assert_eq!(id_of(known("1.2.2", Some("1.1"), &[]).predecessor), Some(first.id));
    let named = known("1.2.2", None, &["9".into(), "1.2.1".into()]);
    assert_eq!((id_of(named.same), id_of(named.predecessor)), (None, Some(first.id)));
    assert_eq!(id_of(known("1.2.1", None, &[]).same), Some(first.id));
    assert!(known("1.2.2", Some("9"), &[]).series.is_none());
    let second = land.file(
        Document {
            set_id: Some("1.1".into()),
            version: Some(2),
            ..land.document(2, Kind::Letters, 2)
        },
        Some(first.id),
    );
    assert_eq!((land.ids(None), land.ids(Some(Kind::Reports))), (vec![2], vec![2]));
    let view = land.view();
    assert_eq!(record::title(&view, &second).unwrap(), "Ma lettre");
    let kept = record::series(&view, first.series).unwrap().unwrap();
    assert_eq!((kept.entries, kept.decisions), (vec![first.id, second.id], decisions));
    let former = record::entry_of(&view, "1.2.1").unwrap().unwrap();
    assert_eq!(former.state, EntryState::Replaced { by: second.id });
    assert!(land.transact(move |tx| take_back(tx, first.id)).is_err());
}

#[test]
fn what_is_derived_again_keeps_what_people_decided_and_where_the_entry_stands() {
    let land = Land::new();
    let entry = land.file(land.document(1, Kind::Letters, 1), None);
    let decisions = Decisions { kind: Some(Kind::Reports), ..Decisions::default() };
    let series = entry.series;
    land.transact(move |tx| decide(tx, series, &decisions)).unwrap();
    let derived = Entry {
        title: "Autre\u{7}".into(),
        kind: Kind::Biology,
        date: 5,
        set_id: Some("1.9".into()),
        // What is not derived does not change.
        hash: [9; 32],
        state: EntryState::TakenBack { at: 1 },
        ..entry.clone()
    };
    assert!(land.transact(move |tx| derive_again(tx, &derived)).unwrap());
    let found = record::entry(&land.view(), entry.id).unwrap().unwrap();
    assert_eq!((found.title.as_str(), found.kind, found.date), ("Autre", Kind::Reports, 5));
    assert_eq!((found.hash, found.state), (entry.hash, EntryState::Filed));
    assert_eq!((land.ids(None), land.ids(Some(Kind::Reports))), (vec![1], vec![1]));
    assert_eq!(record::series_of(&land.view(), "1.9").unwrap().unwrap().id, series);
    let nobody = Entry { id: EntryId::from_bytes([7; 16]), ..entry };
    assert!(!land.transact(move |tx| derive_again(tx, &nobody)).unwrap());
}

#[test]
fn what_is_taken_back_is_found_but_not_listed_until_that_is_undone() {
    let land = Land::new();
    let entry = land.file(land.document(1, Kind::Letters, 1), None);
    let id = entry.id;
    land.transact(move |tx| take_back(tx, id)).unwrap();
    assert_eq!((land.ids(None), land.ids(Some(Kind::Letters))), (vec![], vec![]));
    let found = record::entry_of(&land.view(), "1.2.1").unwrap().unwrap();
    assert_eq!(found.state, EntryState::TakenBack { at: NOW });
    assert_eq!(record::octets(&land.store, &land.view(), &found).unwrap(), [1]);
    land.transact(move |tx| undo_take_back(tx, id)).unwrap();
    assert_eq!(land.ids(None), [1]);
    assert_eq!(record::entry(&land.view(), id).unwrap().unwrap(), entry);
}

#[test]
fn what_is_not_to_be_seen_before_a_consultation_is_listed_after_a_month() {
    let land = Land::new();
    let hidden = Document {
        confidentiality: vec![Confidentiality::Normal, Confidentiality::InvisibleToPatient],
        ..land.document(1, Kind::Biology, 1)
    };
    land.file(hidden, None);
    land.file(land.document(2, Kind::Biology, 2), None);
    let listed = |now| entries(&land.view(), None, now, None, 10).unwrap().len();
    assert_eq!((listed(NOW), listed(NOW + HIDDEN_FOR - 1), listed(NOW + HIDDEN_FOR)), (1, 1, 2));
}

#[test]
fn nothing_of_a_document_is_printed() {
    let land = Land::new();
    let document = land.document(1, Kind::Biology, 1);
    let printed = format!("{document:?}");
    let printed = format!("{printed} {:?}", land.file(document, None));
    assert!(!printed.contains("Titre") && !printed.contains("1.2."), "{printed}");
}
