//! `xtext`, the spelling of free text in parameters of MAIL and RCPT, and its kin for addresses beyond ASCII.
//!
//! Invariants: what is decoded holds no control character; [`decode`] gives printable ASCII only.
//! Failure: `None`; the text is not kept.

use std::fmt::Write;

/// Reads `xtext`.
// RFC 3461 §4
pub fn decode(text: &str) -> Option<String> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '+' => {
                let (high, low) = (rest.next()?.to_digit(16)?, rest.next()?.to_digit(16)?);
                let c = char::from_u32(high * 16 + low)?;
                decoded.push(Some(c).filter(|c| matches!(c, ' '..='~'))?);
            }
            '!'..='<' | '>'..='~' => decoded.push(c),
            _ => return None,
        }
    }
    Some(decoded)
}

/// Writes printable ASCII as `xtext`.
// RFC 3461 §4
pub fn encode(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '!'..='*' | ','..='<' | '>'..='~' => encoded.push(c),
            // Writing to a string does not fail.
            _ => _ = write!(encoded, "+{:02X}", u32::from(c)),
        }
    }
    encoded
}

/// Reads an address of type `utf-8`, in any of its three spellings.
// RFC 6533 §3
pub fn decode_utf8(text: &str) -> Option<String> {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        if let Some(escape) = rest.strip_prefix(r"\x{") {
            let (hex, later) = escape.split_once('}')?;
            let c = Some(hex).filter(|hex| (2..=6).contains(&hex.len()))?;
            let c = char::from_u32(u32::from_str_radix(c, 16).ok()?)?;
            decoded.push(Some(c).filter(|c| !c.is_control())?);
            rest = later;
            continue;
        }
        if matches!(c, '\\' | '+' | '=' | ' ') || c.is_control() {
            return None;
        }
        decoded.push(c);
        rest = rest.get(c.len_utf8()..)?;
    }
    Some(decoded)
}

/// Writes an address of type `utf-8` in ASCII, for peers with and without SMTPUTF8.
// RFC 6533 §3
pub fn encode_utf8(text: &str) -> String {
    let mut encoded = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' | '+' | '=' => _ = write!(encoded, r"\x{{{:02X}}}", u32::from(c)),
            '!'..='~' => encoded.push(c),
            _ => _ = write!(encoded, r"\x{{{:02X}}}", u32::from(c)),
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn examples_and_what_is_no_xtext() {
        assert_eq!(decode("e+3Dmc2+2Bc").as_deref(), Some("e=mc2+c"));
        assert_eq!(encode("a b=c+d"), "a+20b+3Dc+2Bd");
        for wrong in ["+", "+2", "+2G", "+C3+A9", "+0D+0A", "+00", "a b", "a=b", "é", "+7F"] {
            assert_eq!(decode(wrong), None, "{wrong}");
        }
        assert_eq!(decode_utf8(r"h\x{E9}l\x{E8}ne@a.fr").as_deref(), Some("hélène@a.fr"));
        assert_eq!(decode_utf8("hélène@a.fr").as_deref(), Some("hélène@a.fr"));
        assert_eq!(encode_utf8("hé@a.fr"), r"h\x{E9}@a.fr");
        for wrong in [r"\x{0D}", r"\x{D800}", r"\x{110000}", r"\x{E9", r"\xE9", "a+b", r"\x{}"] {
            assert_eq!(decode_utf8(wrong), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn decoding_takes_back_what_encoding_did(text in "[ -~]{0,40}", wide in "[!-~é-ÿ𝄞]{0,20}") {
            prop_assert_eq!(decode(&encode(&text)), Some(text));
            prop_assert_eq!(decode_utf8(&encode_utf8(&wide)), Some(wide));
        }
    }
}
