//! Health documents: CDA with its narrative, archives, metadata.

use clinical::xdm::{Archive, Limits};
use clinical::xds::{Cx, Metadata, instant};
use clinical::{cda, narrative};

pub(super) const CDA_WORDS: &[&str] = &[
    "<!DOCTYPE a [<!ENTITY x \"y\">]>",
    "&x;",
    "&#0;",
    "&#x10ffff;",
    "<![CDATA[",
    "]]>",
    "<!--",
    "<?xml version=\"1.0\" encoding=\"UTF-16\"?>",
    "<component>",
    "<section>",
    "<text>",
    "<table>",
    "<td>",
    "<list>",
    "<renderMultiMedia referencedObject=\"a b\"/>",
    " ID=\"a\"",
    "<observationMedia>",
    " representation=\"B64\"",
    " mediaType=\"application/pdf\"",
    " nullFlavor=\"UNK\"",
    " value=\"20240102030405.1234+0100\"",
    "xmlns=\"urn:hl7-org:v3\"",
    "<linkHtml href=\"javascript:x\"/>",
    "<footnote>",
    "<content styleCode=\"Bold\">",
    "\u{feff}",
];
pub(super) const XDM_WORDS: &[&str] = &[
    "PK\x03\x04",
    "PK\x01\x02",
    "PK\x05\x06",
    "PK\x06\x06",
    "../",
    "\\",
    "IHE_XDM/",
    "METADATA.XML",
    "C:",
];
pub(super) const XDS_WORDS: &[&str] = &[
    "<ExtrinsicObject>",
    "<Slot name=\"URI\">",
    "<Value>",
    "urn:uuid:",
    "<Classification",
    " classifiedObject=\"a\"",
    "<ExternalIdentifier",
    "^^^&1.2&ISO^NH",
    "<Association associationType=\"RPLC\"",
    "<Name><LocalizedString value=\"x\"/></Name>",
    "&amp;",
];

pub(super) fn cda(octets: &[u8]) {
    let header = cda::Header::read(octets);
    let failure = header.as_ref().err().copied();
    assert_eq!(cda::check(octets).err(), failure, "two readers differ");
    assert_eq!(cda::media(octets).err(), failure, "two readers differ");
    assert_eq!(cda::level1_body(octets).err(), failure, "two readers differ");
    assert_eq!(cda::codes(octets).err(), failure, "two readers differ");
    assert_eq!(narrative::html(octets).err(), failure, "two readers differ");
    if let Ok(header) = header {
        let _ = header.identity(domain::Mode::Test);
        let _ = (header.patient.traits(), header.unique_id(), header.replaces());
    }
}

/// What one archive of an input may expand to.
const SMALL: Limits =
    Limits { entries: 200, each: 1 << 20, total: 2 << 20, documents: 50, ratio: 200 };

pub(super) fn xdm(octets: &[u8]) {
    let mut limits = SMALL;
    let found = Archive::read_within(octets, &mut limits);
    assert!(limits.total <= SMALL.total, "nothing is taken off");
    if let Ok(archive) = found {
        let sum: u64 = archive.documents().map(|(_, document)| document.octets.len() as u64).sum();
        assert!(sum <= SMALL.total, "more than the limits");
        for (_, document) in archive.documents() {
            assert!(!document.path.split('/').any(|part| part == ".."), "a path leads out");
        }
    }
}

pub(super) fn xds(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let _ = (Cx::read(&text), instant(&text));
    let Ok(metadata) = Metadata::read(octets) else { return };
    let again = Metadata::read(metadata.write().as_bytes());
    let documents = again.map_or(0, |again| again.documents.len());
    assert_eq!(documents, metadata.documents.len(), "what is written does not read");
    for entry in &metadata.documents {
        let _ = (entry.sha1(), metadata.replaced_by(entry));
    }
}
