//! BODYSTRUCTURE and BODY.

use mailstore::message::{Disposition, Param, Part, PartKind, Raw};

use super::{envelope::envelope, nstring, string};

/// Writes the structure of a part; `extended` is BODYSTRUCTURE, else BODY. Its depth is the scanner's, which is
/// bounded.
// RFC 3501 §7.4.2
pub fn structure(out: &mut Vec<u8>, part: &Part, extended: bool) {
    out.push(b'(');
    match &part.kind {
        PartKind::Multipart { children } => {
            for child in children {
                structure(out, child, extended);
            }
            out.push(b' ');
            string(out, part.media_subtype.as_bytes());
            if extended {
                out.push(b' ');
                params(out, &part.params);
                tail(out, part);
            }
        }
        PartKind::Leaf | PartKind::Message { .. } => {
            single(out, part, extended);
            if extended {
                out.push(b' ');
                raw(out, part.md5.as_ref());
                tail(out, part);
            }
        }
    }
    out.push(b')');
}

fn single(out: &mut Vec<u8>, part: &Part, extended: bool) {
    // A message/rfc822 that was not looked into has no tree to show.
    let opaque = part.is("message", "rfc822") && part.message().is_none();
    let (media_type, media_subtype) = match opaque {
        true => ("application", "octet-stream"),
        false => (part.media_type.as_str(), part.media_subtype.as_str()),
    };
    string(out, media_type.as_bytes());
    out.push(b' ');
    string(out, media_subtype.as_bytes());
    out.push(b' ');
    params(out, &part.params);
    out.push(b' ');
    raw(out, part.id.as_ref());
    out.push(b' ');
    raw(out, part.description.as_ref());
    out.push(b' ');
    string(out, part.encoding.name());
    let range = part.body_range();
    out.extend_from_slice(format!(" {}", range.end.saturating_sub(range.start)).as_bytes());
    if let Some((of, child)) = part.message() {
        out.push(b' ');
        envelope(out, of);
        out.push(b' ');
        structure(out, child, extended);
        out.extend_from_slice(format!(" {}", part.lines).as_bytes());
    } else if media_type == "text" {
        out.extend_from_slice(format!(" {}", part.lines).as_bytes());
    }
}

/// Disposition, languages, location.
fn tail(out: &mut Vec<u8>, part: &Part) {
    out.push(b' ');
    match part.disposition.as_deref() {
        Some(Disposition { kind, params: of }) => {
            out.push(b'(');
            string(out, kind.as_bytes());
            out.push(b' ');
            params(out, of);
            out.push(b')');
        }
        None => out.extend_from_slice(b"NIL"),
    }
    out.push(b' ');
    match part.languages.as_slice() {
        [] => out.extend_from_slice(b"NIL"),
        languages => {
            for (at, language) in languages.iter().enumerate() {
                out.push(if at == 0 { b'(' } else { b' ' });
                string(out, language.as_bytes());
            }
            out.push(b')');
        }
    }
    out.push(b' ');
    raw(out, part.location.as_ref());
}

fn raw(out: &mut Vec<u8>, value: Option<&Raw>) {
    nstring(out, value.map(Raw::as_bytes));
}

fn params(out: &mut Vec<u8>, params: &[Param]) {
    if params.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    for (at, param) in params.iter().enumerate() {
        out.push(if at == 0 { b'(' } else { b' ' });
        string(out, param.name.as_bytes());
        out.push(b' ');
        string(out, param.value.as_bytes());
    }
    out.push(b')');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(message: &str, extended: bool) -> String {
        let mut out = Vec::new();
        structure(&mut out, &mailstore::message::digest_of(message).structure, extended);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn structures_are_written() {
        assert_eq!(of("A: b\r\n\r\nx\r\n", false), r#"("text" "plain" NIL NIL NIL "7bit" 3 1)"#);
        let multipart = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b\r\n\
            Content-Type: message/rfc822\r\nContent-Disposition: attachment; filename=\"a b\"\r\n\r\n\
            Subject: y\r\n\r\nz\r\n\r\n--b--\r\n";
        assert_eq!(
            of(multipart, true),
            concat!(
                r#"(("text" "plain" NIL NIL NIL "7bit" 1 0 NIL NIL NIL NIL)"#,
                r#"("message" "rfc822" NIL NIL NIL "7bit" 17 "#,
                r#"(NIL "y" NIL NIL NIL NIL NIL NIL NIL NIL) "#,
                r#"("text" "plain" NIL NIL NIL "7bit" 3 1 NIL NIL NIL NIL) 3 "#,
                r#"NIL ("attachment" ("filename" "a b")) NIL NIL) "#,
                r#""mixed" ("boundary" "b") NIL NIL NIL)"#
            )
        );
    }
}
