//! Hostile messages: what is kept of them stays below the stated sizes.

use super::super::limits::{MAX_DEPTH, MAX_HEADER_BYTES, MAX_PARTS};
use super::super::{
    Address, Digest, Envelope, Limits, MAX_DIGEST_MEMORY, MAX_DIGEST_STORED, Part, PartKind, Raw,
    Scanner, digest_of,
};
use super::every_part;

/// Bytes that a digest occupies, every allocation with 16 bytes of the allocator's own.
fn memory(digest: &Digest) -> usize {
    let parts = every_part(&digest.structure).into_iter().map(|(_, part)| part);
    size_of::<Digest>()
        + heap(digest.header.capacity())
        + heap(digest.preview.capacity())
        + of_envelope(&digest.envelope)
        + parts.map(of_part).sum::<usize>()
}

fn heap(bytes: usize) -> usize {
    if bytes == 0 { 0 } else { bytes + 16 }
}

fn of_raw(raw: &Option<Raw>) -> usize {
    raw.as_ref().map_or(0, |raw| heap(raw.len()))
}

fn of_params(params: &[super::super::Param]) -> usize {
    let size = |param: &super::super::Param| heap(param.name.len()) + heap(param.value.len());
    heap(size_of_val(params)) + params.iter().map(size).sum::<usize>()
}

fn of_part(part: &Part) -> usize {
    let inside = match &part.kind {
        PartKind::Leaf => 0,
        PartKind::Multipart { children } => heap(children.capacity() * size_of::<Part>()),
        PartKind::Message { envelope, .. } => {
            heap(size_of::<Part>()) + heap(size_of::<Envelope>()) + of_envelope(envelope)
        }
    };
    let disposition = part.disposition.as_ref().map_or(0, |disposition| {
        heap(size_of_val(&**disposition))
            + heap(disposition.kind.len())
            + of_params(&disposition.params)
    });
    let values = [&part.id, &part.description, &part.md5, &part.location];
    inside
        + disposition
        + heap(part.media_type.capacity())
        + heap(part.media_subtype.capacity())
        + of_params(&part.params)
        + values.map(of_raw).iter().sum::<usize>()
        + part.languages.iter().map(|raw| heap(raw.len()) + size_of::<Raw>()).sum::<usize>()
}

fn of_envelope(envelope: &Envelope) -> usize {
    let e = envelope;
    let lists = [&e.from, &e.sender, &e.reply_to, &e.to, &e.cc, &e.bcc];
    let of_address = |address: &Address| match address {
        Address::Mailbox { name, route, mailbox, host } => {
            of_raw(name) + of_raw(route) + heap(mailbox.len()) + heap(host.len())
        }
        Address::GroupStart(name) => heap(name.len()),
        Address::GroupEnd => 0,
    };
    let of_list = |list: &Vec<Address>| {
        heap(list.capacity() * size_of::<Address>()) + list.iter().map(of_address).sum::<usize>()
    };
    let values = [&e.date, &e.subject, &e.in_reply_to, &e.message_id];
    lists.map(of_list).iter().sum::<usize>()
        + values.map(of_raw).iter().sum::<usize>()
        + e.references.iter().map(|id| heap(id.capacity()) + size_of::<String>()).sum::<usize>()
}

fn assert_bounded(digest: &Digest) {
    assert!(memory(digest) <= MAX_DIGEST_MEMORY, "{} in memory", memory(digest));
    let stored = postcard::to_stdvec(digest).unwrap();
    assert!(stored.len() <= MAX_DIGEST_STORED, "{} stored", stored.len());
    assert_eq!(postcard::from_bytes::<Digest>(&stored).unwrap(), *digest);
}

#[test]
fn a_thousand_levels_are_cut_at_a_hundred() {
    let multiparts: String = (0..1_000)
        .map(|n| format!("Content-Type: multipart/mixed; boundary=b{n}\r\n\r\n--b{n}\r\n"))
        .collect();
    let messages = "Content-Type: message/rfc822\r\n\r\n".repeat(1_000);
    for message in [multiparts, messages] {
        let digest = digest_of(&message);
        let parts = every_part(&digest.structure);
        let (deepest, last) = parts.last().unwrap();
        assert_eq!((*deepest, parts.len()), (MAX_DEPTH, MAX_DEPTH + 1));
        assert!(last.is("application", "octet-stream"));
        assert_eq!(last.kind, PartKind::Leaf);
        assert_eq!(last.params, []);
        assert_bounded(&digest);
    }
}

#[test]
fn of_a_hundred_thousand_parts_ten_thousand_are_listed() {
    let multipart = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let message = format!("{multipart}{}", "--b\r\n\r\nx\r\n".repeat(100_000));
    let digest = digest_of(&message);
    assert_eq!(every_part(&digest.structure).len(), MAX_PARTS);
    assert_eq!(digest.structure.find(&[9_999]).unwrap().body_range().count(), 1);
    assert_bounded(&digest);

    let part = "--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\nx\r\n";
    let digest = digest_of(format!("{multipart}{}", part.repeat(100_000)));
    assert_eq!(every_part(&digest.structure).len(), MAX_PARTS);
    let last = digest.structure.find(&[5_000]).unwrap();
    assert!(last.is("application", "octet-stream"));
    assert_bounded(&digest);
}

#[test]
fn ten_megabytes_of_header_are_cut_after_a_whole_field() {
    for (field, whole) in [("X-Field: some value\r\n folded\r\n", true), ("a", false), (" ", false)]
    {
        let mut scanner = Scanner::new(Limits::default());
        scanner.push(b"Subject: first\r\n");
        for _ in 0..10_000_000 / field.len() {
            scanner.push(field.as_bytes());
        }
        if !whole {
            scanner.push(b"\r\n");
        }
        scanner.push(b"Subject: last\r\n\r\nbody\r\n");
        let digest = scanner.finish();
        assert!(digest.header_cut);
        assert!(digest.header.len() <= MAX_HEADER_BYTES);
        assert!(!whole || digest.header.ends_with(b" folded\r\n"));
        assert_eq!(digest.preview, "body");
        // A subject that is folded without end is cut as a field.
        let subject = (field != " ").then(|| Raw::from("first"));
        assert_eq!(digest.envelope.subject, subject);
        assert_bounded(&digest);
    }
}

#[test]
fn values_of_all_parts_together_are_bounded() {
    let address = "To: \"nnnnnnnnnn\" <m@h>, a@b, c@d, e@f, g@h, i@j, k@l, m@n, o@p, q@r\r\n";
    let params: String = (0..70).map(|n| format!(";\r\n p{n}=\"value {n}\"")).collect();
    let rich = format!(
        "Content-ID: <{0}>\r\nContent-Description: {0}\r\nContent-Disposition: attachment{params}\r\n\
         Content-Type: message/rfc822{params}\r\n\r\n{1}Subject: {0}\r\nReferences:{2}\r\n\r\n",
        "x".repeat(500),
        address.repeat(200),
        " <i@d>".repeat(200),
    );
    let multipart = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let digest = digest_of(format!("{multipart}{}", format!("--b\r\n{rich}\r\n").repeat(6_000)));
    assert_eq!(every_part(&digest.structure).len(), MAX_PARTS);
    let first = digest.structure.find(&[1]).unwrap();
    assert_eq!(first.disposition.as_ref().unwrap().params.len(), 64);
    assert_eq!(first.message().unwrap().0.to.len(), 1_000);
    assert_bounded(&digest);
}

#[test]
fn a_small_message_is_stored_in_little() {
    let digest = digest_of("\r\nhi\r\n");
    let stored = postcard::to_stdvec(&digest).unwrap();
    assert!(stored.len() < 60, "{}", stored.len());
}
