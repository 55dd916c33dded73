//! IMAP's SEARCH looks for parts of texts: from such a part to what the index can be asked.
//!
//! A text that holds the part has, for each word of the part, a word that holds it: inside the part
//! a word is whole, at its ends it may be the end or the beginning of a longer one. So the index
//! yields *candidates*, among which is every text that holds the part; each is confirmed on the text
//! itself.

use crate::words::{is_of_word, part, words};

/// What a word of the text must be like.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Probe<'a> {
    /// This word.
    Is(&'a str),
    /// A word that begins so.
    Begins(&'a str),
    /// A word that ends so.
    Ends(&'a str),
    /// A word that holds this.
    Holds(&'a str),
}

impl Probe<'_> {
    /// Whether a word (its octets) is such a one.
    pub(crate) fn fits(&self, word: &[u8]) -> bool {
        match self {
            Self::Is(text) => word == text.as_bytes(),
            Self::Begins(text) => word.starts_with(text.as_bytes()),
            Self::Ends(text) => word.ends_with(text.as_bytes()),
            Self::Holds(text) => memchr::memmem::find(word, text.as_bytes()).is_some(),
        }
    }
}

/// What a text must have to hold the folded `needle`: a fitting word for each probe. None when the
/// needle has no word.
pub(crate) fn probes<'n>(needle: &'n str) -> Option<Vec<Probe<'n>>> {
    let open_front = needle.starts_with(is_of_word);
    let open_back = needle.ends_with(is_of_word);
    let words: Vec<&str> = words(needle).collect();
    let last = words.len().checked_sub(1)?;
    let probe = |(at, word): (usize, &&'n str)| {
        let word: &'n str = word;
        // Of a long word the index has pieces: all that is known is that one holds its front.
        let cut = part(word);
        if cut.len() < word.len() {
            return Probe::Holds(cut);
        }
        match (at == 0 && open_front, at == last && open_back) {
            (false, false) => Probe::Is(word),
            (false, true) => Probe::Begins(word),
            (true, false) => Probe::Ends(word),
            (true, true) => Probe::Holds(word),
        }
    };
    Some(words.iter().enumerate().map(probe).collect())
}

#[cfg(test)]
#[expect(clippy::string_slice, reason = "a test fails by panicking")]
mod tests {
    use super::*;
    use crate::words::{PART, plain};
    use mailstore::message::fold;
    use proptest::prelude::*;

    #[test]
    fn a_word_inside_is_whole_and_one_at_an_end_may_go_on() {
        use Probe::{Begins, Ends, Holds, Is};
        for (needle, expected) in [
            ("pita", vec![Holds("pita")]),
            (" pita", vec![Begins("pita")]),
            ("pita ", vec![Ends("pita")]),
            ("(pita)", vec![Is("pita")]),
            ("te rendu op", vec![Ends("te"), Is("rendu"), Begins("op")]),
            ("dupont@hop", vec![Ends("dupont"), Begins("hop")]),
        ] {
            assert_eq!(probes(needle), Some(expected), "{needle}");
        }
        assert_eq!(probes(" - "), None);
        assert_eq!(probes(""), None);
        let long = "x".repeat(PART + 1);
        assert_eq!(probes(&long), Some(vec![Holds(&long[..PART])]));
    }

    proptest! {
        // The invariant on which SEARCH rests: who holds the part is a candidate.
        #[test]
        fn whoever_holds_the_part_has_a_word_for_each_probe(
            text in r"([a-céß]{1,6}|[A-C]{80,120}|[ .@'\r\n-]|\PC){0,30}",
            from in 0usize..200,
            len in 0usize..150,
        ) {
            let folded = fold(&text);
            let needle: String = folded.chars().skip(from).take(len).collect();
            let kept = plain(&folded);
            for probe in probes(&needle).into_iter().flatten() {
                prop_assert!(kept.iter().any(|word| probe.fits(word.as_bytes())), "{probe:?} of {needle:?}");
            }
        }
    }
}
