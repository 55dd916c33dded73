//! Texts in ASCII, for peers that have not said SMTPUTF8.
//!
//! Invariant: the result is printable ASCII. Failure: a character without a likeness becomes `?`.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The text without accents.
// RFC 5321 §4.2
// RFC 6531 §3.7.4.1
pub(super) fn to_ascii(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    for c in text.nfd().filter(|&c| !is_combining_mark(c)) {
        match c {
            ' '..='~' => folded.push(c),
            'œ' => folded.push_str("oe"),
            'Œ' => folded.push_str("OE"),
            'æ' => folded.push_str("ae"),
            'Æ' => folded.push_str("AE"),
            '’' | '‘' => folded.push('\''),
            '“' | '”' | '«' | '»' => folded.push('"'),
            '–' | '—' | '‑' => folded.push('-'),
            '…' => folded.push_str("..."),
            _ if c.is_whitespace() => folded.push(' '),
            _ => folded.push('?'),
        }
    }
    folded
}

#[cfg(test)]
mod tests {
    use domain::{Lang, Verdict};

    use super::*;

    #[test]
    fn french_stays_readable() {
        assert_eq!(
            to_ascii("« Cœur » : l’été, déjà…\u{a0}– Ça €"),
            "\" Coeur \" : l'ete, deja... - Ca ?"
        );
    }

    #[test]
    fn no_text_of_a_verdict_loses_a_character() {
        for verdict in Verdict::ALL {
            for text in Lang::ALL.map(|lang| verdict.professional().get(lang)) {
                let folded = to_ascii(text);
                assert_eq!(folded.contains('?'), text.contains('?'), "{folded}");
                assert!(folded.bytes().all(|b| matches!(b, b' '..=b'~')), "{folded}");
            }
        }
    }
}
