//! Mailbox names: modified UTF-7 on the wire, UTF-8 in the store; and the patterns of LIST.
//!
//! Invariant: what [`decode`] takes, [`encode`] gives back. Failure: a name that is not in the one right form is
//! refused, so that no two spellings name one mailbox.

use base64::Engine;
use base64::alphabet::IMAP_MUTF7;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};

/// Steps that matching a pattern may take.
const MAX_STEPS: usize = 100_000;

/// Made once: a name may have thousands of shifts.
// RFC 3501 §5.1.3
static BASE64: GeneralPurpose = GeneralPurpose::new(
    &IMAP_MUTF7,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::RequireNone),
);

/// A name for the wire.
// RFC 3501 §5.1.3
#[must_use]
pub fn encode(name: &str) -> String {
    let mut out = String::new();
    let mut shifted = Vec::new();
    for c in name.chars() {
        if matches!(c, ' '..='~') {
            flush(&mut shifted, &mut out);
            out.push(c);
            if c == '&' {
                out.push('-');
            }
        } else {
            let mut units = [0; 2];
            shifted.extend(c.encode_utf16(&mut units).iter().flat_map(|unit| unit.to_be_bytes()));
        }
    }
    flush(&mut shifted, &mut out);
    out
}

fn flush(shifted: &mut Vec<u8>, out: &mut String) {
    if !shifted.is_empty() {
        out.push('&');
        out.push_str(&BASE64.encode(&*shifted));
        out.push('-');
        shifted.clear();
    }
}

/// A name from the wire. Names in UTF-8, which clients send against the rule, are taken as they stand.
// RFC 3501 §5.1.3
#[must_use]
pub fn decode(wire: &str) -> Option<String> {
    let mut out = String::new();
    let mut rest = wire;
    while let Some((plain, shifted)) = rest.split_once('&') {
        out.push_str(plain);
        let (coded, after) = shifted.split_once('-')?;
        if coded.is_empty() {
            out.push('&');
        } else {
            let octets = BASE64.decode(coded).ok()?;
            let (pairs, odd) = octets.as_chunks::<2>();
            if !odd.is_empty() {
                return None;
            }
            let units = pairs.iter().map(|pair| u16::from_be_bytes(*pair));
            let text = char::decode_utf16(units).collect::<Result<String, _>>().ok()?;
            if text.chars().any(|c| matches!(c, ' '..='~')) {
                return None;
            }
            out.push_str(&text);
        }
        rest = after;
    }
    out.push_str(rest);
    Some(out)
}

/// Whether a name matches a pattern: `*` is anything, `%` anything but the separator; INBOX in any case.
// RFC 3501 §6.3.8
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = canonical(pattern).chars().collect();
    let name: Vec<char> = name.chars().collect();
    // Places in the pattern that the name read so far may have reached.
    let mut reached = vec![false; pattern.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    if pattern.len().saturating_mul(name.len()) > MAX_STEPS {
        return false;
    }
    pass_wildcards(&pattern, &mut reached);
    for c in name {
        let mut next = vec![false; pattern.len() + 1];
        for (at, want) in pattern.iter().enumerate() {
            if !reached.get(at).copied().unwrap_or_default() {
                continue;
            }
            let stays = *want == '*' || (*want == '%' && c != '/');
            let goes = *want == c && !matches!(want, '*' | '%');
            if let Some(place) = next.get_mut(if goes { at + 1 } else { at }) {
                *place |= stays || goes;
            }
        }
        pass_wildcards(&pattern, &mut next);
        reached = next;
    }
    reached.last().copied().unwrap_or_default()
}

/// A wildcard may stand for nothing.
fn pass_wildcards(pattern: &[char], reached: &mut [bool]) {
    for (at, want) in pattern.iter().enumerate() {
        let here = reached.get(at).copied().unwrap_or_default();
        if here
            && matches!(want, '*' | '%')
            && let Some(next) = reached.get_mut(at + 1)
        {
            *next = true;
        }
    }
}

/// INBOX in capitals.
// RFC 3501 §5.1
fn canonical(pattern: &str) -> String {
    match pattern.split_at_checked(5) {
        Some((inbox, rest))
            if inbox.eq_ignore_ascii_case("inbox")
                && (rest.is_empty() || rest.starts_with(['/', '*', '%'])) =>
        {
            format!("INBOX{rest}")
        }
        _ => pattern.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_go_there_and_back() {
        for (name, wire) in [
            ("INBOX", "INBOX"),
            ("R&D", "R&-D"),
            ("Envoyés", "Envoy&AOk-s"),
            ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),
            ("😀", "&2D3eAA-"),
        ] {
            assert_eq!(encode(name), wire);
            assert_eq!(decode(wire).as_deref(), Some(name));
        }
        for wire in ["&", "&AOk", "&A-", "&AGE-", "&2D0-", "&AOl=-"] {
            assert_eq!(decode(wire), None, "{wire}");
        }
    }

    #[test]
    fn patterns_match() {
        for (pattern, name, is) in [
            ("*", "a/b", true),
            ("%", "a/b", false),
            ("%", "a", true),
            ("%/%", "a/b", true),
            ("a/%", "a/b/c", false),
            ("a*c", "a/b/c", true),
            ("*b*", "aabaa", true),
            ("inbox", "INBOX", true),
            ("inbox/%", "INBOX/x", true),
            ("", "a", false),
            ("a%b%", "axbyc", true),
            ("A", "a", false),
        ] {
            assert_eq!(matches(pattern, name), is, "{pattern} {name}");
        }
    }
}
