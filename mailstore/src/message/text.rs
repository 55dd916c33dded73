//! From bytes to text for people: character sets and encoded words.
//!
//! The text that comes out has no control characters and no characters that change the
//! direction of what follows: a file name must not look like another. Nothing fails: a byte
//! that means nothing becomes U+FFFD.

use super::raw::Raw;
use mail_parser::HeaderValue;
use mail_parser::decoders::charsets::map::charset_decoder;
use mail_parser::parsers::MessageStream;
use std::borrow::Cow;

/// A header value for people: encoded words decoded, white space between two of them left out.
// RFC 2047 §6.2
#[must_use]
pub fn decode(value: &[u8]) -> String {
    let raw = Raw::unfold(value, usize::MAX);
    let text = charset(None, raw.as_bytes());
    if !text.contains("=?") {
        return presentable(&text).into_owned();
    }
    // The parser of unstructured fields ends at the line's end.
    let line = [text.as_bytes(), b"\n"].concat();
    match MessageStream::new(&line).parse_unstructured() {
        HeaderValue::Text(decoded) => presentable(&decoded).into_owned(),
        _ => String::new(),
    }
}

/// `bytes` in the character set of that name (RFC 2978). Without a name, with `us-ascii` or one
/// that nobody knows: UTF-8 if they are, else windows-1252, the commonest lie.
#[must_use]
pub(super) fn charset<'a>(name: Option<&[u8]>, bytes: &'a [u8]) -> Cow<'a, str> {
    let named = name
        .filter(|name| !name.eq_ignore_ascii_case(b"us-ascii"))
        .filter(|name| !name.eq_ignore_ascii_case(b"utf-8"))
        .and_then(charset_decoder);
    match (named, str::from_utf8(bytes)) {
        (Some(decode), _) => Cow::Owned(decode(bytes)),
        (None, Ok(text)) => Cow::Borrowed(text),
        (None, Err(_)) if name.is_some_and(|name| name.eq_ignore_ascii_case(b"utf-8")) => {
            String::from_utf8_lossy(bytes)
        }
        (None, Err(_)) => match charset_decoder(b"windows-1252") {
            Some(decode) => Cow::Owned(decode(bytes)),
            None => String::from_utf8_lossy(bytes),
        },
    }
}

/// Marks that turn the direction of the text after them.
pub(super) fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn presentable(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| c.is_control() || turns_direction(c)) {
        return Cow::Borrowed(text);
    }
    text.chars()
        .filter(|&c| !turns_direction(c))
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_become_text() {
        for (value, text) in [
            (&b"plain"[..], "plain"),
            (b"=?iso-8859-1?Q?Caf=E9?= =?utf-8?B?IGNyw6htZQ==?=", "Caf\u{e9} cr\u{e8}me"),
            (b"R\xe9sultat", "R\u{e9}sultat"),
            ("R\u{e9}sultat".as_bytes(), "R\u{e9}sultat"),
            (b"=?utf-8?Q?a=0D=0AB?=", "a  B"),
            (b"=?utf-8?Q?x=E2=80=AEgpj.exe?=", "xgpj.exe"),
            (b"=?broken", "=?broken"),
            (b"", ""),
        ] {
            assert_eq!(decode(value), text);
        }
    }

    #[test]
    fn an_absent_or_false_character_set_is_guessed() {
        assert_eq!(charset(None, "\u{e9}".as_bytes()), "\u{e9}");
        assert_eq!(charset(Some(b"us-ascii"), b"\xe9"), "\u{e9}");
        assert_eq!(charset(Some(b"no-such"), b"\xe9"), "\u{e9}");
        assert_eq!(charset(Some(b"UTF-8"), b"\xe9"), "\u{fffd}");
        assert_eq!(charset(Some(b"iso-8859-15"), b"\xa4"), "\u{20ac}");
    }

    proptest! {
        #[test]
        fn any_bytes_in_any_set_are_some_text(
            bytes in proptest::collection::vec(any::<u8>(), 0..40),
            name in proptest::sample::select(vec![
                "utf-7", "utf-16", "utf-16le", "utf-16be", "iso-2022-jp", "iso-2022-kr", "gb18030",
                "gbk", "big5", "shift_jis", "euc-jp", "euc-kr", "koi8-r", "macintosh", "", "x",
            ]),
        ) {
            let _ = charset(Some(name.as_bytes()), &bytes);
        }

        #[test]
        fn any_value_is_some_text(value in r"(=\?|\?=|\?[qQbB]\?|utf-7|[ -~]|\PC|\n|=[0-9A-F]{2}){0,30}") {
            prop_assert!(!decode(value.as_bytes()).chars().any(char::is_control));
        }
    }
}
