//! Questions: parts of texts, French words, what has only just come, one account at a time.

use super::land::{Land, letter};
use proptest::prelude::*;
use std::collections::BTreeSet;

#[test]
fn imap_finds_parts_of_words_wherever_they_stand() {
    let land = Land::new();
    let marie = land.account("marie");
    let one = land.letter(marie, "Compte rendu", "Bonjour,\r\nradiographie du thorax.");
    let other = land.letter(marie, "Rappel", "Votre vaccin (DTP) est à faire.");
    land.search.catch_up().unwrap();
    for (part, expected) in [
        ("graphi", vec![one]),
        ("RADIO", vec![one]),
        ("thorax.", vec![one]),
        ("du thorax", vec![one]),
        ("bonjour, radio", vec![one]),
        ("te rendu", vec![one]),
        ("(dtp) est", vec![other]),
        ("À FAIRE", vec![other]),
        ("a faire", vec![]),
        ("house@clinique", vec![one, other]),
        ("subject: rappel", vec![other]),
        ("hepatite", vec![]),
    ] {
        let found: BTreeSet<_> = land.holding(marie, part).into_iter().collect();
        assert_eq!(found, expected.into_iter().collect(), "{part}");
    }
    assert_eq!(land.candidates(marie, "graphi"), 1, "the index tells them apart");
    assert_eq!(land.candidates(marie, "hepatite"), 0);
}

#[test]
fn people_find_words_in_any_form_the_best_first() {
    let land = Land::new();
    let marie = land.account("marie");
    let body = land.letter(marie, "Sortie", "Vous avez été opérée à l'hôpital de Lyon.");
    let head = land.letter(marie, "Hôpital : convocation", "Merci de venir à jeun.");
    land.letter(marie, "Facture", "Rien à voir.");
    land.search.catch_up().unwrap();
    for question in ["hopital", "Hôpitaux", "l’hôpital", "de l'hopital"] {
        assert_eq!(land.find(marie, question), [head, body], "{question}");
    }
    assert_eq!(land.find(marie, "opérés hôpital"), [body], "every word counts");
    assert_eq!(land.find(marie, "convoc"), [head], "the beginning of a word is enough");
    assert_eq!(land.find(marie, "de la"), [], "words that say nothing find nothing");
    assert_eq!(land.find(marie, "pneumologie"), []);
}

#[test]
fn an_answer_is_never_stale() {
    let land = Land::new();
    let marie = land.account("marie");
    let first = land.letter(marie, "Un", "premier marqueur");
    assert_eq!(land.holding(marie, "marqueur"), [first], "before the index has anything");
    assert_eq!(land.find(marie, "marqueur"), [first]);
    land.search.catch_up().unwrap();
    let second = land.letter(marie, "Deux", "second marqueur");
    assert_eq!(land.candidates(marie, "marqueur"), 2, "what the index lacks is a candidate");
    let both: BTreeSet<_> = land.holding(marie, "marqueur").into_iter().collect();
    assert_eq!(both, [first, second].into());
    assert_eq!(land.find(marie, "marqueur").len(), 2);
    land.expunge(marie, first);
    assert_eq!(land.find(marie, "marqueur"), [second]);
    assert_eq!(land.holding(marie, "marqueur"), [second]);
    land.search.catch_up().unwrap();
    assert_eq!(land.candidates(marie, "marqueur"), 1);
    assert_eq!(land.find(marie, "marqueur"), [second]);
}

#[test]
fn what_follows_the_log_moves_cursor_and_pending_mark() {
    let land = Land::new();
    let marie = land.account("marie");
    land.letter(marie, "Un", "texte");
    assert!(!land.store.pending(crate::CONSUMER, None, 9).unwrap().is_empty());
    land.search.catch_up().unwrap();
    assert!(land.store.pending(crate::CONSUMER, None, 9).unwrap().is_empty());
    let view = land.view(marie);
    assert_eq!(view.cursor(crate::CONSUMER).unwrap(), view.highest_mod_seq().unwrap());
}

#[test]
fn one_accounts_words_weigh_nothing_in_anothers_order() {
    let land = Land::new();
    let (marie, paul) = (land.account("marie"), land.account("paul"));
    land.letter(marie, "Note", "rein rein foie");
    land.letter(marie, "Note", "foie");
    land.search.catch_up().unwrap();
    let before = land.find(marie, "foie");
    for _ in 0..5 {
        land.letter(paul, "Note", "rein foie foie foie");
    }
    land.search.catch_up().unwrap();
    assert_eq!(land.find(marie, "foie"), before);
    assert_eq!(land.find(paul, "foie").len(), 5);
}

const WORDS: [&str; 8] =
    ["hôpital", "hopitaux", "rein", "reins", "Prein", "d'analyse", "zz-9", "cœur"];

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]

    // Whatever two accounts hold and whatever is asked, each finds its own, all of it for IMAP.
    #[test]
    fn a_question_never_leaves_its_account(
        texts in proptest::collection::vec((0usize..3, proptest::collection::vec(0usize..8, 1..4)), 1..8),
        late in proptest::collection::vec((0usize..3, 0usize..8), 0..3),
        asked in proptest::collection::vec(0usize..8, 1..3),
        cut in 0usize..4,
    ) {
        let land = Land::new();
        let accounts = ["a", "b", "c"].map(|name| land.account(name));
        for (who, words) in &texts {
            let text: Vec<_> = words.iter().map(|at| WORDS[*at]).collect();
            land.letter(accounts[*who], "Note", &text.join(" "));
        }
        land.search.catch_up().unwrap();
        for (who, word) in &late {
            land.letter(accounts[*who], WORDS[*word], "tard");
        }
        let question = asked.iter().map(|at| WORDS[*at]).collect::<Vec<_>>().join(" ");
        let part: String = question.chars().skip(cut).collect();
        for account in accounts {
            let view = land.view(account);
            let own = crate::position::messages(&view).unwrap();
            for message in land.search.find(&view, &question, 100, &|_| Ok(false)).unwrap().messages {
                prop_assert!(own.contains(&message));
            }
            let among = land.search.among(&view, &part).unwrap();
            for message in among.iter().flatten() {
                prop_assert!(own.contains(message));
            }
            for message in own.iter().filter(|it| land.holds(&view, **it, &part)) {
                prop_assert!(among.as_ref().is_none_or(|among| among.contains(message)));
            }
        }
    }
}

#[test]
fn many_messages_are_many_segments_and_one_answer() {
    let land = Land::new();
    let marie = land.account("marie");
    let mut rare = Vec::new();
    for round in 0..9 {
        let letters: Vec<_> =
            (0..40).map(|at| letter("Note", &format!("texte {round} {at}"))).collect();
        let octets: Vec<_> = letters.iter().map(String::as_bytes).collect();
        land.deliver_all(marie, &octets);
        rare.push(land.letter(marie, "Rare", &format!("aiguille{round}")));
        land.search.catch_up().unwrap();
    }
    for (round, message) in rare.iter().enumerate() {
        assert_eq!(land.holding(marie, &format!("guille{round}")), [*message]);
    }
    assert_eq!(land.find(marie, "aiguille").len(), 9);
}
