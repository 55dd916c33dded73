//! A table of messages and the trees they are.

use super::super::{Part, PartKind, Raw, digest_of};
use super::{scan_in_pieces, slice};

/// `subtype[body]` of a leaf with its line count if it has one, `subtype(…)` of a container.
fn shown(message: &[u8], part: &Part) -> String {
    let lines = match part.lines {
        0 => String::new(),
        lines => format!("*{lines}"),
    };
    let inside: Vec<String> = match &part.kind {
        PartKind::Leaf => {
            let body = String::from_utf8_lossy(slice(message, part.body_range()));
            let body = body.replace('\r', "\\r").replace('\n', "\\n");
            return format!("{}[{body}]{lines}", part.media_subtype);
        }
        PartKind::Multipart { children } => children.iter().map(|c| shown(message, c)).collect(),
        PartKind::Message { child, .. } => vec![shown(message, child)],
    };
    format!("{}({}){lines}", part.media_subtype, inside.join(" "))
}

#[test]
fn messages_and_their_trees() {
    let multipart = "Content-Type: multipart/mixed; boundary=b\r\n\r\n";
    let table: Vec<(&str, String, &str)> = vec![
        ("nothing", String::new(), "plain[]"),
        ("no header", "\r\nhi\r\n".into(), "plain[hi\\r\\n]*1"),
        ("no body", "Subject: x\r\n".into(), "plain[]"),
        ("a last line without end", "\r\na\r\nb".into(), "plain[a\\r\\nb]*1"),
        ("a lone CR is no line end", "\r\na\r--b\rc".into(), "plain[a\\r--b\\rc]"),
        (
            "preamble and epilogue are nobody's, the line end before a boundary is its own",
            format!("{multipart}pre\r\n--b\r\n\r\none\r\n\r\n--b\r\n\r\ntwo\r\n--b--\r\nepi\r\n--b\r\n"),
            "mixed(plain[one\\r\\n]*1 plain[two])",
        ),
        (
            "bare LF",
            format!("{multipart}--b\n\none\n--b\nContent-Type: text/html\n\ntwo\n--b--\n"),
            "mixed(plain[one] html[two])",
        ),
        (
            "white space after a boundary",
            format!("{multipart}--b \t\r\n\r\none\r\n--b--  \r\n"),
            "mixed(plain[one])",
        ),
        (
            "what only begins like a boundary is none",
            format!("{multipart}--b\r\n\r\n--bb\r\n--b x\r\n --b\r\n--b-\r\n--b--x\r\n--b--"),
            "mixed(plain[--bb\\r\\n--b x\\r\\n --b\\r\\n--b-\\r\\n--b--x]*4)",
        ),
        (
            "quoted boundary",
            "Content-Type: multipart/mixed; boundary=\"a (b):\"\r\n\r\n--a (b):\r\n\r\nx\r\n--a (b):--".into(),
            "mixed(plain[x])",
        ),
        (
            "no closing boundary",
            format!("{multipart}--b\r\n\r\none\r\n--b\r\n\r\ntwo\r\n"),
            "mixed(plain[one] plain[two\\r\\n]*1)",
        ),
        (
            "an outer boundary ends inner parts",
            format!("{multipart}--b\r\nContent-Type: multipart/x; boundary=c\r\n\r\n--c\r\n\r\n1\r\n--b\r\n\r\n2\r\n--c\r\n--b--"),
            "mixed(x(plain[1]) plain[2\\r\\n--c]*1)",
        ),
        (
            "an outer boundary that begins like the inner one",
            format!("{multipart}--b\r\nContent-Type: multipart/x; boundary=bc\r\n\r\n--bc\r\n\r\n1\r\n--bc--\r\n--b\r\n\r\n2\r\n--b--"),
            "mixed(x(plain[1]) plain[2])",
        ),
        (
            "the same boundary twice is the inner one's first",
            format!("{multipart}--b\r\nContent-Type: multipart/x; boundary=b\r\n\r\n--b\r\n\r\n1\r\n--b--\r\n--b\r\n\r\n2\r\n--b--"),
            "mixed(x(plain[1]) plain[2])",
        ),
        (
            "a boundary within a header section",
            format!("{multipart}--b\r\nContent-Type: text/html\r\n--b\r\n--b\r\n\r\n--b--\r\n"),
            "mixed(html[] plain[] plain[])",
        ),
        (
            "a multipart without parts is text",
            format!("{multipart}just text\r\n--b--\r\n"),
            "plain[just text\\r\\n--b--\\r\\n]*2",
        ),
        (
            "a multipart without boundary is text",
            "Content-Type: multipart/mixed\r\n\r\n--b\r\n\r\nx\r\n".into(),
            "plain[--b\\r\\n\\r\\nx\\r\\n]*3",
        ),
        (
            "a message in a message",
            "Content-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\na\r\nb\r\n".into(),
            "rfc822(plain[a\\r\\nb\\r\\n]*2)*4",
        ),
        (
            "a message that ends in its header",
            format!("{multipart}--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n--b\r\nContent-Type: message/rfc822\r\n--b--"),
            "mixed(rfc822(plain[])*1 rfc822(plain[]))",
        ),
        (
            "an encoded message is not looked into",
            "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\nAAAA\r\n".into(),
            "octet-stream[AAAA\\r\\n]",
        ),
        (
            "an encoded multipart is: the encoding is false",
            "Content-Transfer-Encoding: base64\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nx\r\n--b--".into(),
            "mixed(plain[x])",
        ),
        (
            "parts of a digest are messages unless they say otherwise",
            "Content-Type: multipart/digest; boundary=b\r\n\r\n--b\r\n\r\nSubject: 1\r\n\r\none\r\n--b\r\nContent-Type: text/html\r\n\r\ntwo\r\n--b--".into(),
            "digest(rfc822(plain[one])*2 html[two])",
        ),
        (
            "a malformed type is text, an unknown one itself",
            format!("{multipart}--b\r\nContent-Type: ?\r\n\r\nx\r\n--b\r\nContent-Type: a/z\r\n\r\ny\r\nz\r\n--b--"),
            "mixed(plain[x] z[y\\r\\nz])",
        ),
    ];
    for (name, message, expected) in table {
        for size in [1, 2, 3, 7, message.len()] {
            let digest = scan_in_pieces(message.as_bytes(), size);
            let tree = shown(message.as_bytes(), &digest.structure);
            assert_eq!(tree, expected, "{name}, in pieces of {size}");
        }
    }
}

#[test]
fn header_and_sections_are_slices_of_the_message() {
    let message =
        b"Subject: outer\r\nX: 1\r\nContent-Type: multipart/mixed; boundary=b\r\nx: 2\r\n\r\n\
        --b\r\nContent-Type: message/rfc822\r\nContent-Description: d\r\n\r\n\
        Subject: inner\r\n\r\ntext\r\n--b--\r\n";
    let digest = digest_of(message);
    assert_eq!(digest.header, slice(message, digest.structure.header_range()));
    assert!(!digest.header_cut);
    assert_eq!(digest.field("x"), Some(Raw::from("1")));
    assert_eq!(digest.fields("X").count(), 2);
    assert_eq!(digest.envelope.subject, Some(Raw::from("outer")));

    let part = digest.structure.find(&[1]).unwrap();
    let mime = b"Content-Type: message/rfc822\r\nContent-Description: d\r\n\r\n";
    assert_eq!(slice(message, part.header_range()), mime);
    let (envelope, inner) = part.message().unwrap();
    assert_eq!(envelope.subject, Some(Raw::from("inner")));
    assert_eq!(slice(message, inner.header_range()), b"Subject: inner\r\n\r\n");
    assert_eq!(slice(message, inner.body_range()), b"text");
}

#[test]
fn debug_of_everything_shows_no_content() {
    let message = "Subject: secret\r\nFrom: secret <secret@secret>\r\nReferences: <secret@x>\r\n\
        Content-Type: multipart/secret; boundary=secret\r\n\r\n--secret\r\n\
        Content-Type: secret/secret; name=secret\r\nContent-Transfer-Encoding: secret\r\n\
        Content-Disposition: secret; filename=secret\r\nContent-ID: secret\r\n\r\nsecret\r\n\
        --secret\r\n\r\nsecret\r\n--secret\r\nContent-Type: message/rfc822\r\n\r\nTo: secret\r\n\r\n";
    let mut scanner = super::Scanner::new(super::Limits::default());
    scanner.push(message.as_bytes());
    let shown = format!("{scanner:#?}");
    let digest = scanner.finish();
    let part = digest.structure.find(&[1]).unwrap();
    assert_eq!(part.filename().as_deref(), Some("secret"));
    assert_eq!(digest.preview, "secret");
    let shown = format!(
        "{shown} {digest:#?} {:#?} {part:#?} {:#?} {:#?} {:#?} {:#?}",
        digest.envelope,
        part.disposition,
        part.params,
        part.encoding,
        digest.fields("subject").collect::<Vec<_>>(),
    );
    assert!(!shown.contains("secret"), "{shown}");
}
