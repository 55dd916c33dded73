//! Whether a receipt was asked for, and by whom.
//!
//! Automatic receipts go only to who wrote the message: the address asked for must be its author's
//! and the one that reports go to. Reports and automatic mail get none.

use domain::exchange::MessageKind;
use domain::{LookupKey, MailAddress};
use mailstore::message::{Address, Raw, decode, digest_of, header_fields};
use mailstore::model::message::Structure;

/// A receipt that was asked for.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Asked {
    /// By whom.
    pub(crate) to: MailAddress,
    /// The message's identifier without angle brackets.
    pub(crate) message_id: Option<String>,
    /// The message's subject, decoded.
    pub(crate) subject: String,
}

impl std::fmt::Debug for Asked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Asked(…)")
    }
}

/// The receipt that a message asks for and may have.
// MSS #67
// RFC 8098 §2.1
pub(crate) fn asked_of(structure: &Structure) -> Option<Asked> {
    let fields = |name| {
        header_fields(&structure.header).filter(move |field| field.is(name)).map(|f| f.unfolded())
    };
    let auto_submitted = fields("Auto-Submitted").next().map(|value| value.decode());
    let is_report = structure.part.is("multipart", "report");
    if MessageKind::of(is_report, auto_submitted.as_deref()) != MessageKind::Ordinary {
        return None;
    }
    let mut wishes = fields("Disposition-Notification-To");
    let wish = only(&wishes.next()?)?;
    if wishes.next().is_some() {
        return None;
    }
    let mut authors = fields("From");
    let author = only(&authors.next()?)?;
    if authors.next().is_some() || key(&author) != key(&wish) {
        return None;
    }
    // Reception writes the first. Mail that never left this operator has none but the author's
    // own, which can only keep a receipt from being sent.
    if let Some(path) = fields("Return-Path").next()
        && only(&path).is_none_or(|path| key(&path) != key(&wish))
    {
        return None;
    }
    let digest = digest_of(&structure.header);
    let subject = digest.envelope.subject.as_ref().map(|subject| decode(subject.as_bytes()));
    Some(Asked {
        to: wish,
        message_id: digest.envelope.bare_message_id(),
        subject: subject.unwrap_or_default(),
    })
}

fn key(address: &MailAddress) -> LookupKey {
    address.lookup_key()
}

/// The address of a field that holds exactly one.
fn only(value: &Raw) -> Option<MailAddress> {
    let list = digest_of([b"To: ", value.as_bytes(), b"\r\n\r\n"].concat()).envelope.to;
    let mut addresses = list.iter().filter_map(Address::addr_spec);
    let first = addresses.next()?.parse().ok()?;
    addresses.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(header: &str, body: &str) -> Option<Asked> {
        let octets = format!("{}\r\n\r\n{body}", header.replace('\n', "\r\n"));
        let digest = digest_of(octets);
        let structure = Structure {
            part: digest.structure,
            header: digest.header,
            header_cut: digest.header_cut,
        };
        asked_of(&structure)
    }

    const FROM: &str = "From: Lettres <letters@chu.example>\nMessage-ID: <1@chu.example>\n\
                        Subject: =?utf-8?q?XDM/1.0/DDM+=C3=A9?=";
    const WISH: &str = "Disposition-Notification-To: <Letters@CHU.example>";

    // MSS #67
    #[test]
    fn a_receipt_goes_only_to_the_author_who_asked_for_it() {
        let right = asked(&format!("{FROM}\n{WISH}"), "").unwrap();
        assert_eq!(right.to.to_string().to_lowercase(), "letters@chu.example");
        assert_eq!(right.message_id.as_deref(), Some("1@chu.example"));
        assert_eq!(right.subject, "XDM/1.0/DDM+é");
        let by_path = format!("Return-Path: <letters@chu.example>\n{FROM}\n{WISH}");
        assert!(asked(&by_path, "").is_some());
        let report = "Content-Type: multipart/report; boundary=x";
        for (header, why) in [
            (FROM.to_owned(), "not asked for"),
            (format!("{FROM}\nDisposition-Notification-To: <x@chu.example>"), "somebody else"),
            (format!("{FROM}\n{WISH}, <x@chu.example>"), "two addresses"),
            (format!("{FROM}\n{WISH}\n{WISH}"), "two fields"),
            (format!("{FROM}\nDisposition-Notification-To: nobody"), "no address"),
            (format!("Return-Path: <>\n{FROM}\n{WISH}"), "reports go to nobody"),
            (format!("Return-Path: <x@chu.example>\n{FROM}\n{WISH}"), "reports go elsewhere"),
            (format!("{FROM}\n{WISH}\nAuto-Submitted: auto-generated"), "automatic"),
            (format!("{FROM}\n{WISH}\n{report}"), "a report"),
        ] {
            assert_eq!(asked(&header, "--x\r\n\r\nx\r\n--x--\r\n"), None, "{why}");
        }
    }
}
