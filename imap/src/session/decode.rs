//! Content transfer encodings undone piece by piece, for BINARY.
//!
//! Invariant: what comes out does not depend on how the octets are cut. Failure: octets that are not of the encoding
//! are passed over, as RFC 2045 §6.7 and §6.8 advise.

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use mailstore::message::Encoding;

/// Without padding: what is decoded ends with whole groups of four, or with the part.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// White space at the end of a line that is held until it is known whether the line ends.
const MAX_HELD: usize = 1024;

/// A decoder in the midst of a part.
#[derive(Debug, Clone)]
pub(super) enum Decoder {
    /// The octets are the content.
    // RFC 2045 §6.2
    Identity,
    /// Letters that are no whole group yet; whether the padding was met.
    // RFC 2045 §6.8
    Base64 { held: Vec<u8>, ended: bool },
    /// Octets whose meaning depends on what follows: an escape begun, or white space.
    // RFC 2045 §6.7
    QuotedPrintable { held: Vec<u8> },
}

impl Decoder {
    /// The decoder of an encoding; None of one that is not known.
    pub(super) fn of(encoding: &Encoding) -> Option<Self> {
        Some(match encoding {
            Encoding::SevenBit | Encoding::EightBit | Encoding::Binary => Self::Identity,
            Encoding::Base64 => Self::Base64 { held: Vec::new(), ended: false },
            Encoding::QuotedPrintable => Self::QuotedPrintable { held: Vec::new() },
            Encoding::Other(_) => return None,
        })
    }

    /// Decodes some more.
    pub(super) fn push(&mut self, octets: &[u8], out: &mut Vec<u8>) {
        match self {
            Self::Identity => out.extend_from_slice(octets),
            Self::Base64 { held, ended } => {
                for octet in octets {
                    match octet {
                        _ if *ended => {}
                        b'=' => *ended = true,
                        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' => held.push(*octet),
                        _ => {}
                    }
                }
                let whole = held.len() / 4 * 4;
                let rest = held.split_off(whole);
                letters(held, out);
                *held = rest;
            }
            Self::QuotedPrintable { held } => {
                for octet in octets {
                    quoted_printable(held, *octet, out);
                }
            }
        }
    }

    /// The part has ended.
    pub(super) fn end(&mut self, out: &mut Vec<u8>) {
        match self {
            Self::Identity => {}
            Self::Base64 { held, .. } => {
                // One letter alone is no octet.
                if held.len() % 4 == 1 {
                    held.pop();
                }
                letters(held, out);
                held.clear();
            }
            Self::QuotedPrintable { held } => {
                if held.first() == Some(&b'=') && held.iter().skip(1).any(|c| !is_blank(*c)) {
                    out.extend_from_slice(held);
                }
                held.clear();
            }
        }
    }
}

fn letters(letters: &[u8], out: &mut Vec<u8>) {
    // Only letters of the alphabet are here, so this does not fail.
    _ = BASE64.decode_vec(letters, out);
}

fn is_blank(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r')
}

fn quoted_printable(held: &mut Vec<u8>, octet: u8, out: &mut Vec<u8>) {
    match (held.first(), octet) {
        // A soft line break, perhaps with white space that was added on the way.
        (Some(b'='), b'\n') if held.iter().skip(1).all(|c| is_blank(*c)) => held.clear(),
        (Some(b'='), _) => escaped(held, octet, out),
        // White space at the end of a line does not belong to it.
        (_, b'\n') => {
            let cr = held.last() == Some(&b'\r');
            held.clear();
            out.extend_from_slice(if cr { b"\r\n" } else { b"\n" });
        }
        (_, octet) if is_blank(octet) && held.len() < MAX_HELD => held.push(octet),
        (_, octet) => {
            out.append(held);
            match octet {
                b'=' => held.push(octet),
                octet => out.push(octet),
            }
        }
    }
}

/// One more octet behind `=`.
fn escaped(held: &mut Vec<u8>, octet: u8, out: &mut Vec<u8>) {
    held.push(octet);
    let digit = |at: usize| held.get(at).and_then(|octet| char::from(*octet).to_digit(16));
    match (digit(1), digit(2), held.len()) {
        (Some(high), Some(low), 3) => {
            out.extend(u8::try_from(high * 16 + low).ok());
            held.clear();
        }
        (Some(_), _, 2) => {}
        (None, _, length) if held.iter().skip(1).all(|c| is_blank(*c)) && length < MAX_HELD => {}
        // No escape after all; the last octet may begin another.
        _ => {
            held.pop();
            out.append(held);
            quoted_printable(held, octet, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(encoding: &Encoding, text: &[u8], piece: usize) -> String {
        let (mut decoder, mut out) = (Decoder::of(encoding).unwrap(), Vec::new());
        for piece in text.chunks(piece) {
            decoder.push(piece, &mut out);
        }
        decoder.end(&mut out);
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn however_it_is_cut_the_content_is_the_same() {
        for (encoding, text, content) in [
            (Encoding::SevenBit, &b"a=20\r\n"[..], "a=20\r\n"),
            (Encoding::Base64, b"SMOpbW9n\r\nbG9i aW5l\r\n", "H\u{e9}moglobine"),
            (Encoding::Base64, b"YQ==\r\nignored", "a"),
            (Encoding::Base64, b"YWI", "ab"),
            (Encoding::Base64, b"Y", ""),
            (Encoding::QuotedPrintable, b"H=C3=A9mo=\r\nglobine", "H\u{e9}moglobine"),
            (Encoding::QuotedPrintable, b"a  \r\nb= \t\r\nc ", "a\r\nbc"),
            (Encoding::QuotedPrintable, b"a b\nc=\nd", "a b\ncd"),
            (Encoding::QuotedPrintable, b"1=2 =zz ==41=", "1=2 =zz =A"),
        ] {
            for piece in 1..=text.len() {
                assert_eq!(decoded(&encoding, text, piece), content, "{piece}");
            }
        }
    }
}
