//! Words as the index takes them: a text of words, each behind a sign that is in none.
//!
//! The words are made before (`words.rs`, `schema.rs`); here they are only taken apart again, without
//! a copy of each. tantivy's own way to give it words made elsewhere writes and reads JSON.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// The name under which the index knows it.
pub(crate) const SEPARATED: &str = "separated";
/// What stands between two words: folding leaves no control characters in a text.
const SEPARATOR: char = '\0';

/// Puts words into a text, to be taken apart by [`Separated`].
pub(crate) fn joined(words: impl Iterator<Item = String>) -> String {
    let mut text = String::new();
    for word in words {
        text.push(SEPARATOR);
        text.push_str(&word);
    }
    text
}

/// Takes the words of a text apart.
#[derive(Debug, Clone, Default)]
pub(crate) struct Separated {
    token: Token,
}

/// The words of one text.
pub(crate) struct Words<'a> {
    rest: &'a str,
    token: &'a mut Token,
}

impl Tokenizer for Separated {
    type TokenStream<'a> = Words<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Words<'a> {
        self.token.reset();
        Words { rest: text.strip_prefix(SEPARATOR).unwrap_or(text), token: &mut self.token }
    }
}

impl TokenStream for Words<'_> {
    fn advance(&mut self) -> bool {
        if self.rest.is_empty() {
            return false;
        }
        let (word, rest) = self.rest.split_once(SEPARATOR).unwrap_or((self.rest, ""));
        self.rest = rest;
        self.token.text.clear();
        self.token.text.push_str(word);
        // The first one is at 0.
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joined_words_come_apart_again() {
        let words = ["un", "deux", "é"];
        let text = joined(words.iter().map(|word| (*word).to_owned()));
        let mut separated = Separated::default();
        for text in [text.as_str(), ""] {
            let mut stream = separated.token_stream(text);
            let mut found = Vec::new();
            while stream.advance() {
                found.push((stream.token().position, stream.token().text.clone()));
            }
            let expected = if text.is_empty() { &words[..0] } else { &words[..] };
            let expected: Vec<_> =
                expected.iter().enumerate().map(|(at, word)| (at, (*word).to_owned())).collect();
            assert_eq!(found, expected);
        }
    }
}
