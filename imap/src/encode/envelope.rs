//! ENVELOPE.

use mailstore::message::{Address, Envelope, Raw};

use super::nstring;

/// Writes an envelope.
// RFC 3501 §7.4.2
pub fn envelope(out: &mut Vec<u8>, envelope: &Envelope) {
    out.push(b'(');
    raw(out, envelope.date.as_ref());
    out.push(b' ');
    raw(out, envelope.subject.as_ref());
    for list in [
        &envelope.from,
        envelope.sender_or_from(),
        envelope.reply_to_or_from(),
        &envelope.to,
        &envelope.cc,
        &envelope.bcc,
    ] {
        out.push(b' ');
        addresses(out, list);
    }
    out.push(b' ');
    raw(out, envelope.in_reply_to.as_ref());
    out.push(b' ');
    raw(out, envelope.message_id.as_ref());
    out.push(b')');
}

fn raw(out: &mut Vec<u8>, value: Option<&Raw>) {
    nstring(out, value.map(Raw::as_bytes));
}

fn addresses(out: &mut Vec<u8>, addresses: &[Address]) {
    if addresses.is_empty() {
        out.extend_from_slice(b"NIL");
        return;
    }
    out.push(b'(');
    for address in addresses {
        out.push(b'(');
        match address {
            Address::Mailbox { name, route, mailbox, host } => {
                raw(out, name.as_ref());
                out.push(b' ');
                raw(out, route.as_ref());
                out.push(b' ');
                raw(out, Some(mailbox));
                out.push(b' ');
                // An absent host would begin or end a group.
                raw(out, Some(host));
            }
            Address::GroupStart(name) => {
                out.extend_from_slice(b"NIL NIL ");
                raw(out, Some(name));
                out.extend_from_slice(b" NIL");
            }
            Address::GroupEnd => out.extend_from_slice(b"NIL NIL NIL NIL"),
        }
        out.push(b')');
    }
    out.push(b')');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_written() {
        let digest = mailstore::message::digest_of(
            "From: A <a@x>\r\nTo: g: b@y;\r\nSubject: \"q\"\r\nMessage-ID: <1@x>\r\n\r\n",
        );
        let mut out = Vec::new();
        envelope(&mut out, &digest.envelope);
        let from = r#"(("A" NIL "a" "x"))"#;
        assert_eq!(
            String::from_utf8(out).unwrap(),
            format!(
                r#"(NIL "\"q\"" {from} {from} {from} ((NIL NIL "g" NIL)(NIL NIL "b" "y")(NIL NIL NIL NIL)) NIL NIL NIL "<1@x>")"#
            )
        );
    }
}
