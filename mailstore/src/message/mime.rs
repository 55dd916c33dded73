//! The Content-* fields of one part.
//!
//! What cannot be read is as if absent: RFC 2045 §5.2 makes text/plain of a part whose type is
//! absent or malformed.

use super::header::header_fields;
use super::limits::{Budget, MAX_BOUNDARY_BYTES, MAX_LANGUAGES};
use super::param;
use super::raw::Raw;
use super::structure::{Encoding, Part};

/// What a part is if it does not say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DefaultType {
    TextPlain,
    /// Of the children of multipart/digest.
    // RFC 2046 §5.1.5
    Message,
}

impl DefaultType {
    fn names(self) -> (&'static str, &'static str) {
        match self {
            // RFC 2045 §5.2
            Self::TextPlain => ("text", "plain"),
            Self::Message => ("message", "rfc822"),
        }
    }
}

/// A leaf with what the fields of `header` say. Of a field that comes twice the first counts.
pub(super) fn read(header: &[u8], default: DefaultType, budget: &mut Budget) -> Part {
    let mut part = Part::default();
    let mut content_type = None;
    let mut encoding_seen = false;
    for field in header_fields(header) {
        let value = field.value;
        match field.name.to_ascii_lowercase().as_str() {
            "content-type" if content_type.is_none() => {
                content_type = Some(param::content_type(value, budget));
            }
            "content-transfer-encoding" if !encoding_seen => {
                encoding_seen = true;
                part.encoding = encoding(value, budget);
            }
            "content-disposition" if part.disposition.is_none() => {
                part.disposition = param::disposition(value, budget).map(Box::new);
            }
            "content-language" if part.languages.is_empty() => {
                part.languages = languages(value, budget);
            }
            "content-id" => keep_first(&mut part.id, value, budget),
            "content-description" => keep_first(&mut part.description, value, budget),
            "content-location" => keep_first(&mut part.location, value, budget),
            "content-md5" => keep_first(&mut part.md5, value, budget),
            _ => {}
        }
    }
    match content_type {
        Some(Some((media_type, media_subtype, params))) => {
            part.media_type = media_type;
            part.media_subtype = media_subtype;
            part.params = params;
        }
        Some(None) => part.rename(DefaultType::TextPlain.names()),
        None => part.rename(default.names()),
    }
    part
}

/// The boundary of a multipart, if it has one that a line can hold.
// RFC 2046 §5.1.1
pub(super) fn boundary(part: &Part) -> Option<Vec<u8>> {
    let mut boundary = param::value(&part.params, "boundary")?.bytes;
    boundary.truncate(boundary.trim_ascii_end().len());
    (1..=MAX_BOUNDARY_BYTES).contains(&boundary.len()).then_some(boundary)
}

fn keep_first(place: &mut Option<Raw>, value: &[u8], budget: &mut Budget) {
    if place.is_none() {
        *place = budget.raw(value);
    }
}

// RFC 2045 §6.1
fn encoding(value: &[u8], budget: &mut Budget) -> Encoding {
    match param::token(value).as_deref() {
        None | Some("7bit") => Encoding::SevenBit,
        Some("8bit") => Encoding::EightBit,
        Some("binary") => Encoding::Binary,
        Some("quoted-printable") => Encoding::QuotedPrintable,
        Some("base64") => Encoding::Base64,
        Some(other) => match budget.raw(other.as_bytes()) {
            Some(other) => Encoding::Other(other),
            None => Encoding::SevenBit,
        },
    }
}

// RFC 3282 §2
fn languages(value: &[u8], budget: &mut Budget) -> Vec<Raw> {
    value
        .split(|&byte| byte == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|language| !language.is_empty())
        .take(MAX_LANGUAGES)
        .map_while(|language| budget.raw(language))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::limits::Limits;
    use super::*;

    fn part(header: &str) -> Part {
        let mut budget = Budget::new(Limits::default());
        read(header.as_bytes(), DefaultType::TextPlain, &mut budget)
    }

    #[test]
    fn every_field_of_a_part_is_read_and_the_first_of_two_counts() {
        let part = part(
            "Content-Type: image/PNG; name=x.png\r\nCONTENT-TYPE: text/html\r\n\
             Content-Transfer-Encoding: BASE64\r\nContent-Transfer-Encoding: 7bit\r\n\
             Content-ID: <1@x>\r\nContent-Description: a\r\n b\r\n\
             Content-Disposition: INLINE; filename=y.png\r\nContent-Language: fr, en\r\n\
             Content-Location: http://x\r\nContent-MD5: Q2hlY2s=\r\n",
        );
        assert_eq!((part.media_type.as_str(), part.media_subtype.as_str()), ("image", "png"));
        assert_eq!(part.encoding, Encoding::Base64);
        assert_eq!(part.id, Some(Raw::from("<1@x>")));
        assert_eq!(part.description, Some(Raw::from("a b")));
        assert_eq!(part.disposition.as_ref().unwrap().kind, "inline");
        assert_eq!(part.languages, [Raw::from("fr"), Raw::from("en")]);
        assert_eq!(part.location, Some(Raw::from("http://x")));
        assert_eq!(part.md5, Some(Raw::from("Q2hlY2s=")));
    }

    #[test]
    fn types_that_are_absent_or_malformed() {
        let mut budget = Budget::new(Limits::default());
        for (header, default, subtype) in [
            ("", DefaultType::TextPlain, "plain"),
            ("", DefaultType::Message, "rfc822"),
            ("Content-Type: rubbish\r\n", DefaultType::Message, "plain"),
            ("Content-Type: text/html\r\n", DefaultType::Message, "html"),
        ] {
            let part = read(header.as_bytes(), default, &mut budget);
            assert_eq!(part.media_subtype, subtype, "{header}");
        }
    }

    #[test]
    fn boundaries() {
        for (value, expected) in [
            ("multipart/mixed; boundary=\"a b  \"", Some("a b")),
            ("multipart/mixed; boundary*0=a; boundary*1=b", Some("ab")),
            ("multipart/mixed; boundary=\"\"", None),
            ("multipart/mixed", None),
        ] {
            let part = part(&format!("Content-Type: {value}\r\n"));
            assert_eq!(boundary(&part).as_deref(), expected.map(str::as_bytes), "{value}");
        }
        let long = format!("Content-Type: multipart/mixed; boundary={}\r\n", "x".repeat(995));
        assert_eq!(boundary(&part(&long)), None);
    }
}
