//! Messages: the scanner, header fields, and HTML for people.

use mailstore::message::{Limits, Scanner, decode, digest_of, header_fields};
use std::sync::Arc;

pub(super) const WORDS: &[&str] = &[
    "Content-Type: multipart/mixed; boundary=b\r\n",
    "Content-Type: message/rfc822\r\n",
    "\r\n--b\r\n",
    "\r\n--b--\r\n",
    "Content-Transfer-Encoding: base64\r\n",
    "Content-Transfer-Encoding: quoted-printable\r\n",
    "=\r\n",
    "=E9",
    "Content-Disposition: attachment; filename*0*=utf-8''%e9; filename*1=b\r\n",
    "; charset=utf-7",
    "; charset=iso-2022-jp",
    "=?utf-8?q?=C3=A9?=",
    "=?utf-8?b?w6k?=",
    "=?",
    "?=",
    "From: <a@b.example>\r\n",
    "To: a:b@c,d;,<e@f>\r\n",
    "(((",
    "\"",
    "Message-ID: <1@b.example>\r\n",
    "References: <1@a> <2@b>\r\n",
    "Date: Tue, 1 Jan 2030 00:00:00 +0000\r\n",
    "Subject: x\r\n",
    "\r\n\r\n",
    "\r\n ",
    "\n",
    "\0",
    "text/html",
    "text/plain; format=flowed",
    "Disposition-Notification-To: <letters@chu.example>\r\n",
    "X-MSS-MES: FIN\r\n",
    "filename=IHE_XDM.ZIP",
];
pub(super) const HTML_WORDS: &[&str] = &[
    "<script>",
    "</script>",
    "<style>",
    "<svg",
    "<math><mtext>",
    "<a href=javascript:x>",
    " onerror=x",
    "<img src=x",
    "<table>",
    "<td colspan=9>",
    "<!--",
    "-->",
    "<![CDATA[",
    "&#x3c;",
    "&lt;",
    "<iframe srcdoc=",
    "<form>",
    "<template>",
    "<noscript>",
    "<title>",
    "<plaintext>",
    "<base href=",
    "\0",
    "'",
    "\"",
    "<p ",
    "<select>",
];

pub(super) fn scan(octets: &[u8]) {
    let whole = digest_of(octets);
    let cut = octets.first().map_or(1, |first| usize::from(*first).max(1));
    let mut scanner = Scanner::new(Limits::default());
    for piece in octets.chunks(cut) {
        scanner.push(piece);
    }
    assert!(scanner.finish() == whole, "the cut counts");
    for (path, part) in whole.structure.leaves() {
        let range = part.body_range();
        assert!(range.start <= range.end && range.end <= octets.len() as u64, "outside");
        assert!(whole.structure.find(&path).is_some(), "a leaf that is not found");
        let _ = (part.filename(), part.is_attachment());
    }
    let mut out = Vec::new();
    imap::encode::structure::structure(&mut out, &whole.structure, true);
    imap::encode::envelope::envelope(&mut out, &whole.envelope);
    assert!(!out.contains(&0), "a NUL is sent to a client");
}

pub(super) fn header(octets: &[u8]) {
    let _ = decode(octets);
    for field in header_fields(octets) {
        let _ = (field.decoded(), field.unfolded());
    }
    let digest = digest_of([b"To: ", octets, b"\r\nDate: ", octets, b"\r\n\r\n"].concat());
    for address in &digest.envelope.to {
        let _ = address.addr_spec();
    }
    let _ = digest.envelope.bare_message_id();
}

/// The text that SEARCH looks in; PDF files are read by another process.
pub(super) fn text(octets: &[u8]) {
    let extractor = search::Extractor::new(Arc::new(search::NoPdf));
    let all = extractor.text(octets);
    assert!(all.len() <= search::extract::MAX_TEXT, "more text than is taken");
    let _ = extractor.letter(octets);
}

/// What stays of any markup acts, loads and leads nowhere, also when a page is read anew from it.
pub(super) fn html(octets: &[u8]) {
    let clean = webmail::clean_html(&String::from_utf8_lossy(octets));
    let again = webmail::clean_html(&clean);
    for shown in [&clean, &again] {
        for tag in shown.split('<').skip(1) {
            let tag = tag.split_once('>').map_or(tag, |(tag, _)| tag).to_ascii_lowercase();
            assert!(!is_wild(&tag), "it stays: {tag:?}");
        }
    }
}

/// Whether a tag, without its brackets, is one that is not shown, or has an attribute that acts.
fn is_wild(tag: &str) -> bool {
    const ELEMENTS: [&str; 9] =
        ["script", "style", "svg", "math", "img", "a", "iframe", "form", "object"];
    let name: String = tag.chars().take_while(char::is_ascii_alphanumeric).collect();
    // What stands in quotes is a value.
    let bare: String = tag.split('"').step_by(2).collect();
    let acts = [" on", " href", " src", " style"].iter().any(|attribute| bare.contains(attribute));
    ELEMENTS.contains(&name.as_str()) || acts
}
