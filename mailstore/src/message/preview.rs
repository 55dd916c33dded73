//! The first words of a message, for lists.
//!
//! Made from the beginning of the first text part only, so memory and time are bounded whatever
//! the part's size. What cannot be decoded is left out; a message without text has an empty
//! preview. No control characters, nothing that turns the direction of text, no invisible
//! padding.

use super::structure::{Encoding, Part};
use super::text;
use mail_parser::decoders::html::add_html_token;

/// Characters of a preview.
// RFC 8970 §3.2
pub const PREVIEW_CHARS: usize = 256;

/// Bytes of a plain text that are read for it: 256 characters of 4 bytes, each as `=XX`, and
/// as much again for white space.
const PLAIN_BYTES: usize = 6 * 1024;

/// Bytes of an HTML text: style sheets come before the first word.
const HTML_BYTES: usize = 64 * 1024;

/// The beginning of a text part while it streams by.
#[derive(Debug)]
pub(super) struct Capture {
    bytes: Vec<u8>,
    limit: usize,
    html: bool,
    encoding: Encoding,
    charset: Option<String>,
}

impl Capture {
    /// A capture, if a preview can be made of this part.
    pub(super) fn of(part: &Part) -> Option<Self> {
        let html = part.is("text", "html");
        if !(html || part.is("text", "plain")) || part.is_attachment() {
            return None;
        }
        Some(Self {
            bytes: Vec::new(),
            limit: if html { HTML_BYTES } else { PLAIN_BYTES },
            html,
            encoding: part.encoding.clone(),
            charset: part.param("charset"),
        })
    }

    pub(super) fn push(&mut self, bytes: &[u8]) {
        let room = self.limit - self.bytes.len();
        let taken = bytes.split_at_checked(room).map_or(bytes, |(taken, _)| taken);
        self.bytes.extend_from_slice(taken);
    }

    /// The preview of a part whose body is `length` octets: what was pushed after belongs to
    /// the boundary.
    pub(super) fn read(mut self, length: u64) -> String {
        self.bytes.truncate(usize::try_from(length).unwrap_or(usize::MAX));
        let bytes = match self.encoding {
            Encoding::QuotedPrintable => quoted_printable(&self.bytes),
            Encoding::Base64 => base64(&self.bytes),
            _ => self.bytes,
        };
        let text = text::charset(self.charset.as_deref().map(str::as_bytes), &bytes);
        let mut words = Words::default();
        if self.html {
            html(&text, &mut words);
        } else {
            words.push(&text);
        }
        words.text
    }
}

/// Text with its white space folded, up to [`PREVIEW_CHARS`].
#[derive(Default)]
struct Words {
    text: String,
    chars: usize,
    gap: bool,
}

impl Words {
    fn push(&mut self, text: &str) {
        for c in text.chars() {
            if self.is_full() {
                return;
            }
            self.push_char(c);
        }
    }

    fn push_char(&mut self, c: char) {
        if c.is_whitespace() {
            self.gap = self.chars > 0;
        } else if !(c.is_control() || text::turns_direction(c) || self.pads(c)) {
            if std::mem::take(&mut self.gap) {
                self.chars += 1;
                self.text.push(' ');
                if self.is_full() {
                    self.text.pop();
                    return;
                }
            }
            self.chars += 1;
            self.text.push(c);
        }
    }

    /// Characters without width, with which newsletters fill the preview. The joiners mean
    /// something inside a word only.
    fn pads(&self, c: char) -> bool {
        match c {
            '\u{200c}' | '\u{200d}' => self.gap || self.chars == 0,
            '\u{ad}' | '\u{34f}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => true,
            _ => false,
        }
    }

    fn is_full(&self) -> bool {
        self.chars >= PREVIEW_CHARS
    }
}

/// The words of an HTML text. One pass; what is not closed goes to the end.
fn html(mut rest: &str, words: &mut Words) {
    while !rest.is_empty() && !words.is_full() {
        let (text, markup) = split(rest, rest.find(['<', '&']).unwrap_or(rest.len()));
        words.push(text);
        rest = match markup.as_bytes() {
            [b'<', b'!', b'-', b'-', ..] => after(markup, "-->"),
            [b'<', b'a'..=b'z' | b'A'..=b'Z' | b'/' | b'!' | b'?', ..] => tag(markup, words),
            [b'&', ..] => entity(markup, words),
            [] => "",
            _ => {
                let (sign, rest) = split(markup, 1);
                words.push(sign);
                rest
            }
        };
    }
}

/// Passes a tag, and what stands in an element that nobody sees.
fn tag<'a>(markup: &'a str, words: &mut Words) -> &'a str {
    let (_, inside) = split(markup, 1);
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '/';
    let (name, _) = split(inside, inside.find(|c| !is_name(c)).unwrap_or(inside.len()));
    let name = name.trim_end_matches('/').to_ascii_lowercase();
    let rest = after(markup, ">");
    match name.as_str() {
        "style" | "script" | "template" | "title" => after_element(rest, &name),
        "a" | "/a" | "abbr" | "/abbr" | "b" | "/b" | "big" | "/big" | "em" | "/em" | "font"
        | "/font" | "i" | "/i" | "small" | "/small" | "span" | "/span" | "strong" | "/strong"
        | "sub" | "/sub" | "sup" | "/sup" | "u" | "/u" | "wbr" => rest,
        _ => {
            words.push_char(' ');
            rest
        }
    }
}

/// Behind `</name …>`.
fn after_element<'a>(mut rest: &'a str, name: &str) -> &'a str {
    while let Some(at) = rest.find("</") {
        (_, rest) = split(rest, at + 2);
        let found = rest.as_bytes().get(..name.len());
        if found.is_some_and(|found| found.eq_ignore_ascii_case(name.as_bytes())) {
            return after(rest, ">");
        }
    }
    ""
}

/// A character reference, or the ampersand.
fn entity<'a>(markup: &'a str, words: &mut Words) -> &'a str {
    const LONGEST_NAME: usize = 32;
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'#';
    let mut name = markup.bytes().skip(1).take(LONGEST_NAME);
    match name.position(|byte| !is_name(&byte)) {
        Some(length) if length > 0 && markup.as_bytes().get(length + 1) == Some(&b';') => {
            let (reference, rest) = split(markup, length + 2);
            let mut decoded = String::new();
            add_html_token(&mut decoded, reference.as_bytes(), false);
            words.push(&decoded);
            rest
        }
        _ => {
            let (ampersand, rest) = split(markup, 1);
            words.push(ampersand);
            rest
        }
    }
}

fn after<'a>(text: &'a str, mark: &str) -> &'a str {
    match text.find(mark) {
        Some(at) => split(text, at + mark.len()).1,
        None => "",
    }
}

fn split(text: &str, at: usize) -> (&str, &str) {
    text.split_at_checked(at).unwrap_or((text, ""))
}

// RFC 2045 §6.7
fn quoted_printable(mut rest: &[u8]) -> Vec<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let mut out = Vec::with_capacity(rest.len());
    while let [first, after @ ..] = rest {
        rest = after;
        match (first, after) {
            (b'=', [b'\n', after @ ..] | [b'\r', b'\n', after @ ..]) => rest = after,
            (b'=', [high, low, after @ ..]) => match (digit(*high), digit(*low)) {
                (Some(high), Some(low)) => {
                    out.extend(u8::try_from(high * 16 + low));
                    rest = after;
                }
                _ => out.push(*first),
            },
            _ => out.push(*first),
        }
    }
    out
}

/// Whatever else stands between the digits is passed over; the first `=` ends it.
// RFC 2045 §6.8
fn base64(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0_u32, 0_u32);
    for &byte in text {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' => break,
            _ => continue,
        };
        bits = (bits << 6) | u32::from(digit);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.extend(u8::try_from((bits >> count) & 0xff));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::digest_of;
    use super::*;
    use proptest::prelude::*;

    fn preview(message: &str) -> String {
        digest_of(message).preview
    }

    #[test]
    fn previews() {
        for (message, expected) in [
            ("\n Hello \n\n\tyou\u{202e} \u{200b}\n", "Hello you"),
            (
                "Content-Transfer-Encoding: quoted-printable\n\
                 Content-Type: text/plain; charset=iso-8859-1\n\nR=E9su=\nltat = 3=\n",
                "R\u{e9}sultat = 3",
            ),
            (
                "Content-Transfer-Encoding: base64\nContent-Type: text/plain; charset=utf-8\n\n\
                 UsOpc3Vs\ndGF0*==\n",
                "R\u{e9}sultat",
            ),
            (
                "Content-Type: text/html\n\n<!DOCTYPE html><HTML><head><style>a > b {}</style>\
                 <title>t</title></head><body><!-- <p>no --><p>1 &lt; 2 &amp;&nbsp;<b>b</b>old</p>\
                 <p>a<br/>b &eacute;&#233;&#xE9; &x; & 3 < 4</p><script>x</script>end",
                "1 < 2 & bold a b \u{e9}\u{e9}\u{e9} &x; & 3 < 4 end",
            ),
            ("Content-Type: text/html\n\n<p>a <style>never closed", "a"),
            ("Content-Type: text/html\n\na<", "a<"),
            ("Content-Type: application/pdf\n\n%PDF", ""),
            ("Content-Type: text/plain\nContent-Disposition: attachment\n\nno", ""),
            ("Content-Type: message/rfc822\n\nSubject: x\n\nnot this\n", ""),
        ] {
            assert_eq!(preview(message), expected, "{message}");
        }
    }

    #[test]
    fn the_first_part_with_words_gives_the_preview() {
        let message = "Content-Type: multipart/alternative; boundary=b\n\npreamble\n\
            --b\n\n \n--b\nContent-Type: text/html\n\n<p>words</p>\n--b\n\nmore\n--b--\n";
        assert_eq!(preview(message), "words");
    }

    #[test]
    fn a_preview_has_256_characters_at_most() {
        assert_eq!(preview(&format!("\n{}", "\u{e9}".repeat(10_000))), "\u{e9}".repeat(256));
        let words = preview(&format!("\n{} tail", "x".repeat(255)));
        assert_eq!(words, "x".repeat(255));
        assert_eq!(preview(&format!("\n{}b", "a ".repeat(300))).chars().count(), 255);
    }

    #[test]
    fn padding_of_newsletters_is_left_out() {
        let message = format!("Content-Type: text/html\n\nHi{}there", "&zwnj;&nbsp;".repeat(90));
        assert_eq!(preview(&message), "Hi\u{200c} there");
    }

    proptest! {
        #[test]
        fn any_text_has_a_bounded_preview(
            body in r"([ -~]|\PC|<[a-z/!-]{0,6}|>|&#?[a-z0-9]{0,9};?|=[0-9A-F]{0,2}|\n){0,200}",
            encoding in prop::sample::select(vec!["7bit", "base64", "quoted-printable"]),
            subtype in prop::sample::select(vec!["plain", "html"]),
        ) {
            let preview = preview(&format!(
                "Content-Type: text/{subtype}\nContent-Transfer-Encoding: {encoding}\n\n{body}"
            ));
            prop_assert!(preview.chars().count() <= PREVIEW_CHARS);
            prop_assert!(!preview.chars().any(|c| c.is_control()));
            prop_assert_eq!(preview.trim(), preview.as_str());
        }
    }
}
