//! How texts are compared: without case, without the ways in which one text can be written.
//!
//! Compatibility forms are taken apart and composed again (NFKC: a ligature is its letters, a
//! decomposed accent its letter), letters are small, white space is one blank, and what is not seen
//! (soft hyphens, joiners, marks of direction) is left out. Accents count.
//!
//! Bounded: the result has at most [`GROWTH`] characters for each of the text.

use super::text::turns_direction;
use unicode_normalization::UnicodeNormalization;

/// Characters that one character may become (U+FDFA, an Arabic ligature).
pub const GROWTH: usize = 18;

/// The text as it is compared: two texts that a reader takes for the same are equal, and one holds
/// the other if its folded form does.
// RFC 9051 §6.4.4
#[must_use]
pub fn fold(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    if text.is_ascii() {
        spaced(text.chars().map(|c| c.to_ascii_lowercase()), &mut folded);
    } else {
        let seen = text.chars().filter(|c| !is_unseen(*c));
        spaced(seen.nfkc().flat_map(small), &mut folded);
    }
    folded
}

/// Adds characters, white space and controls as one blank.
fn spaced(characters: impl Iterator<Item = char>, to: &mut String) {
    for c in characters {
        let c = if c.is_whitespace() || c.is_control() { ' ' } else { c };
        if c != ' ' || !to.ends_with(' ') {
            to.push(c);
        }
    }
}

/// Small letters, each by itself: a sigma at the end of a word is a sigma.
fn small(c: char) -> impl Iterator<Item = char> {
    c.to_lowercase().map(|c| if c == 'ς' { 'σ' } else { c })
}

fn is_unseen(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}') || turns_direction(c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_reads_the_same_is_the_same() {
        for (one, other) in [
            ("HÔPITAL", "hôpital"),
            ("ho\u{302}pital", "hôpital"),
            ("con\u{fb01}dentiel", "confidentiel"),
            ("compte\r\n  rendu", "compte rendu"),
            ("38,5\u{a0}°C", "38,5 °c"),
            ("ordon\u{ad}nance", "ordonnance"),
            ("ΑΣ", "ας"),
        ] {
            assert_eq!(fold(one), fold(other), "{one}");
        }
        assert_ne!(fold("hôpital"), fold("hopital"));
    }

    proptest! {
        #[test]
        fn folding_ends_and_is_bounded(text in r"\PC{0,40}|[\u{fdfa}\u{149}ǅﬁΣ\u{300}\u{345}]{0,9}") {
            let folded = fold(&text);
            prop_assert!(folded.chars().count() <= text.chars().count() * GROWTH);
            prop_assert!(!folded.contains("  "));
        }
    }
}
