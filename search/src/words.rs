//! From text to the words of the index.
//!
//! *Plain* words are runs of letters and digits of the folded text, as IMAP's SEARCH needs them: a
//! part of a text is found by parts of its words. *Forms* are what people's questions are matched
//! by: French elision is taken off (*l'hôpital*), words that say nothing are left out, accents do
//! not count, and endings go (*hôpitaux*, *hopital*). A word has up to two stems, with its accents
//! and without, since the ending depends on them and people leave them out; and it has its whole
//! form without accents, for questions that hold the beginning of a word.
//!
//! Invariant: the same functions make the words of texts and of questions.

use frostem::{Algorithm, Stemmer};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, PoisonError};
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// Characters that a part of a word may have to be found inside it. A longer word is kept as
/// overlapping pieces of twice the length, so that each part lies inside one.
pub(crate) const PART: usize = 40;

/// Words whose forms are kept in memory, about 200 octets each.
const MET: usize = 10_000;

/// What is taken off before an apostrophe.
const ELIDED: [&str; 15] = [
    "l", "d", "j", "m", "t", "s", "c", "n", "qu", "jusqu", "lorsqu", "puisqu", "quoiqu", "presqu",
    "quelqu",
];

/// Words that say nothing of what a text is about.
const EMPTY: [&str; 61] = [
    "a", "ai", "as", "au", "aux", "avec", "ce", "ces", "cet", "cette", "dans", "de", "des", "du",
    "elle", "elles", "en", "est", "et", "eux", "il", "ils", "je", "la", "le", "les", "leur",
    "leurs", "lui", "ma", "mais", "me", "mes", "moi", "mon", "ne", "nos", "notre", "nous", "on",
    "ont", "ou", "où", "par", "pour", "que", "qui", "sa", "se", "ses", "son", "sont", "sur", "ta",
    "te", "tu", "un", "une", "vos", "votre", "vous",
];

/// Whether a character is part of a word.
pub(crate) fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || is_combining_mark(c)
}

/// The words of a folded text.
pub(crate) fn words(folded: &str) -> impl Iterator<Item = &str> {
    folded.split(|c| !is_of_word(c)).filter(|word| !word.is_empty())
}

/// The plain words of a folded text, each once; long ones in pieces.
pub(crate) fn plain(folded: &str) -> BTreeSet<&str> {
    words(folded).flat_map(pieces).collect()
}

/// A word, or pieces of it of which each part of [`PART`] characters lies in one.
fn pieces(word: &str) -> Vec<&str> {
    if word.len() <= 2 * PART {
        return vec![word];
    }
    let mut starts: Vec<usize> = word.char_indices().map(|(at, _)| at).step_by(PART).collect();
    starts.push(word.len());
    match starts.len() {
        // One piece and a rest that is shorter than one.
        ..=3 => vec![word],
        _ => starts
            .windows(3)
            .filter_map(|at| match at {
                [from, _, to] => word.get(*from..*to),
                _ => None,
            })
            .collect(),
    }
}

/// The beginning of a word that is looked for inside others.
pub(crate) fn part(word: &str) -> &str {
    let end = word.char_indices().nth(PART).map_or(word.len(), |(at, _)| at);
    word.get(..end).unwrap_or(word)
}

/// The forms under which a word is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Forms {
    /// Its stem.
    pub(crate) stem: String,
    /// The stem of the word without accents, if that is another.
    pub(crate) bare_stem: Option<String>,
    /// The word without accents.
    pub(crate) whole: String,
}

/// The French analysis.
pub(crate) struct French {
    stemmer: Stemmer,
    /// Forms of words that were met, since texts are made of few.
    met: Mutex<HashMap<String, Forms>>,
}

impl std::fmt::Debug for French {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("French")
    }
}

impl Default for French {
    fn default() -> Self {
        Self { stemmer: Stemmer::new(Algorithm::French), met: Mutex::default() }
    }
}

impl French {
    /// The forms of each word of a folded text that says something, in their order.
    pub(crate) fn forms(&self, folded: &str) -> Vec<Forms> {
        let mut forms = Vec::new();
        let mut rest = folded;
        while let Some(start) = rest.find(is_of_word) {
            let tail = rest.get(start..).unwrap_or_default();
            let end = tail.find(|c| !is_of_word(c)).unwrap_or(tail.len());
            let (word, behind) = tail.split_at_checked(end).unwrap_or((tail, ""));
            let elided = behind.starts_with(['\'', '’', 'ʼ']) && ELIDED.contains(&word);
            if !elided && !EMPTY.contains(&word) {
                forms.push(self.of(part(word)));
            }
            rest = behind;
        }
        forms
    }

    fn of(&self, word: &str) -> Forms {
        let mut met = self.met.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(forms) = met.get(word) {
            return forms.clone();
        }
        let whole = bare(word);
        let stem = bare(&self.stemmer.stem(word));
        let bare_stem = self.stemmer.stem(&whole).into_owned();
        let bare_stem = Some(bare_stem).filter(|bare| *bare != stem);
        let forms = Forms { stem, bare_stem, whole };
        if met.len() >= MET {
            met.clear();
        }
        met.insert(word.to_owned(), forms.clone());
        forms
    }
}

/// A word without accents and ligatures.
fn bare(word: &str) -> String {
    let mut bare = String::with_capacity(word.len());
    for c in word.nfd().filter(|c| !is_combining_mark(*c)) {
        match c {
            'œ' => bare.push_str("oe"),
            'æ' => bare.push_str("ae"),
            'ß' => bare.push_str("ss"),
            c => bare.push(c),
        }
    }
    bare
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use mailstore::message::fold;
    use proptest::prelude::*;

    fn forms(text: &str) -> Vec<Forms> {
        French::default().forms(&fold(text))
    }

    fn stems(text: &str) -> BTreeSet<String> {
        let forms = forms(text).into_iter();
        forms.flat_map(|forms| [Some(forms.stem), forms.bare_stem]).flatten().collect()
    }

    #[test]
    fn words_that_mean_the_same_meet() {
        for (one, other) in [
            ("l'hôpital", "hopital"),
            ("L’HÔPITAL", "hôpitaux"),
            ("hopital", "hôpitaux"),
            ("hopitaux", "hôpital"),
            ("ordonnance", "ordonnances"),
            ("qu'opérée", "operee"),
            ("opérés", "opérée"),
            ("résultat", "RESULTATS"),
            ("analyse", "d'analyses"),
            ("médical", "médicaux"),
            ("médicale", "medical"),
            ("cœur", "coeur"),
            ("vaccin", "vaccins"),
            ("allergie", "allergies"),
            ("radiographie", "radiographies"),
            ("Noël", "noel"),
            ("jusqu'aujourd'hui", "aujourd’hui"),
        ] {
            let (left, right) = (stems(one), stems(other));
            assert!(
                left.intersection(&right).next().is_some(),
                "{one} {left:?}, {other} {right:?}"
            );
        }
    }

    #[test]
    fn words_that_mean_something_else_do_not_meet() {
        for (one, other) in
            [("hôpital", "hôte"), ("cancer", "canne"), ("poumon", "pouce"), ("main", "maintien")]
        {
            assert!(stems(one).is_disjoint(&stems(other)), "{one}, {other}");
        }
    }

    #[test]
    fn what_says_nothing_is_left_out() {
        assert_eq!(forms("de la, et l' du").len(), 0);
        let whole: Vec<_> =
            forms("Le compte rendu de l'hôpital").into_iter().map(|f| f.whole).collect();
        assert_eq!(whole, ["compte", "rendu", "hopital"]);
        // An apostrophe elides nothing behind other words.
        assert_eq!(forms("O'Brien").len(), 2);
    }

    #[test]
    fn a_long_word_is_kept_in_pieces_that_overlap() {
        let word: String = ('a'..='z').cycle().take(200).collect();
        let pieces = plain(&word);
        for from in 0..=200 - PART {
            let part = &word[from..from + PART];
            assert!(pieces.iter().any(|piece| piece.contains(part)), "{from}");
        }
        assert!(pieces.iter().all(|piece| piece.len() <= 3 * PART));
    }

    proptest! {
        #[test]
        fn any_part_of_a_word_lies_in_a_piece(word in "[a-zà-öø-ÿ]{1,300}", from in 0usize..300, len in 1usize..=PART) {
            let part: String = word.chars().skip(from).take(len).collect();
            let pieces = plain(&word);
            prop_assert!(pieces.iter().any(|piece| piece.contains(&part)));
        }

        #[test]
        fn any_text_has_words(text in r"\PC{0,60}") {
            let folded = fold(&text);
            let _ = (forms(&text), plain(&folded));
        }
    }
}
