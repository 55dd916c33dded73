//! The command lines that the client writes.
//!
//! Invariant: parameters are values whose gates let no line end through, so one call writes one line.
//! Failure: none.

use domain::MailDomain;

use super::envelope::{Envelope, Recipient, Ret, notify_value};
use super::extensions::Extensions;

/// EHLO; HELO is never written, because a peer of the trust domain has STARTTLS and so EHLO.
// RFC 5321 §4.1.1.1
pub(super) fn ehlo(name: &MailDomain) -> Vec<u8> {
    format!("EHLO {name}\r\n").into_bytes()
}

/// MAIL, with the parameters that the peer offers and the message needs.
// RFC 5321 §4.1.1.2
pub(super) fn mail(envelope: &Envelope, offered: &Extensions, smtputf8: bool) -> Vec<u8> {
    let mut line = format!("MAIL FROM:{}", envelope.sender);
    // RFC 1870 §6
    if offered.size {
        line.push_str(&format!(" SIZE={}", envelope.message.size));
    }
    // RFC 6152 §2
    if envelope.message.eight_bit && offered.eight_bit_mime {
        line.push_str(" BODY=8BITMIME");
    }
    // RFC 6531 §3.4
    if smtputf8 {
        line.push_str(" SMTPUTF8");
    }
    // RFC 3461 §4.3, RFC 3461 §4.4
    if offered.dsn {
        match envelope.returned {
            Some(Ret::Full) => line.push_str(" RET=FULL"),
            Some(Ret::Headers) => line.push_str(" RET=HDRS"),
            None => {}
        }
        if let Some(id) = &envelope.envelope_id {
            line.push_str(&format!(" ENVID={}", id.to_xtext()));
        }
    }
    line.push_str("\r\n");
    line.into_bytes()
}

/// RCPT.
// RFC 5321 §4.1.1.3
pub(super) fn rcpt(recipient: &Recipient, offered: &Extensions) -> Vec<u8> {
    let mut line = format!("RCPT TO:<{}>", recipient.address);
    // RFC 3461 §4.1, RFC 3461 §4.2
    if offered.dsn {
        if let Some(notify) = recipient.notify {
            line.push_str(&format!(" NOTIFY={}", notify_value(notify)));
        }
        if let Some(original) = &recipient.original {
            line.push_str(&format!(" ORCPT={}", original.to_parameter()));
        }
    }
    line.push_str("\r\n");
    line.into_bytes()
}

/// BDAT with its octets.
// RFC 3030 §2
pub(super) fn bdat(octets: &[u8], last: bool) -> Vec<u8> {
    let mut command = Vec::with_capacity(octets.len() + 24);
    command.extend_from_slice(format!("BDAT {}", octets.len()).as_bytes());
    command.extend_from_slice(if last { b" LAST\r\n" } else { b"\r\n" });
    command.extend_from_slice(octets);
    command
}

#[cfg(test)]
mod tests {
    use domain::{MailAddress, ReversePath};

    use super::super::envelope::{EnvelopeId, MessageFacts, Notify, OriginalRecipient};
    use super::*;

    fn envelope(eight_bit: bool) -> Envelope {
        let original = OriginalRecipient::new("rfc822", "b+x@b.fr").unwrap();
        let notify = Notify { success: true, ..Notify::NEVER };
        let to = Recipient::new("b@b.fr".parse().unwrap(), Some(notify), Some(original));
        let from: MailAddress = "a@a.fr".parse().unwrap();
        let message = MessageFacts { size: 42, eight_bit, utf8_headers: false };
        Envelope::new(from.into(), vec![to], message)
            .unwrap()
            .reported(Some(Ret::Headers), Some(EnvelopeId::new("a=1").unwrap()))
    }

    #[test]
    fn parameters_are_written_only_where_offered() {
        let none = Extensions::default();
        let all = Extensions { size: true, eight_bit_mime: true, dsn: true, ..none };
        let envelope = envelope(true);
        assert_eq!(mail(&envelope, &none, false), b"MAIL FROM:<a@a.fr>\r\n");
        assert_eq!(
            mail(&envelope, &all, true),
            b"MAIL FROM:<a@a.fr> SIZE=42 BODY=8BITMIME SMTPUTF8 RET=HDRS ENVID=a+3D1\r\n"
        );
        let to = &envelope.recipients[0];
        assert_eq!(rcpt(to, &none), b"RCPT TO:<b@b.fr>\r\n");
        assert_eq!(rcpt(to, &all), b"RCPT TO:<b@b.fr> NOTIFY=SUCCESS ORCPT=rfc822;b+2Bx@b.fr\r\n");
    }

    #[test]
    fn the_null_path_is_written_as_one() {
        let to: MailAddress = "b@b.fr".parse().unwrap();
        let message = MessageFacts { size: 0, eight_bit: false, utf8_headers: false };
        let envelope = Envelope::new(ReversePath::Null, vec![to.into()], message).unwrap();
        assert_eq!(mail(&envelope, &Extensions::default(), false), b"MAIL FROM:<>\r\n");
    }
}
