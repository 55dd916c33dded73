//! The files inside a document: the body of level 1, and the media of structured documents.
//!
//! Invariant: what comes out is octet for octet what was put in. A file that is not readable base64,
//! is compressed or lies elsewhere is absent.

use super::xml::{self, at, attribute, child};
use super::{CdaError, MAX_MEDIA};
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use roxmltree::{Document, Node};
use std::collections::BTreeSet;
use std::fmt;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Octets of the id of a file.
const MAX_ID: usize = 256;

/// A file inside a structured document.
#[derive(Clone, PartialEq, Eq)]
pub struct Media {
    /// The id by which the narrative names it; unique in its document.
    pub id: String,
    /// Its media type as written, in small letters.
    pub media_type: String,
    /// Its octets.
    pub octets: Vec<u8>,
}

impl fmt::Debug for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Media").field("octets", &self.octets.len()).finish_non_exhaustive()
    }
}

/// The file that a document of level 1 carries, with its media type; none in a structured document.
///
/// # Errors
/// [`CdaError`]: it is no CDA.
pub fn level1_body(octets: &[u8]) -> Result<Option<(String, Vec<u8>)>, CdaError> {
    let text = xml::decode(octets)?;
    Ok(level1(&xml::parse(&text)?))
}

/// The media of a structured document (`observationMedia`), in their order, at most [`MAX_MEDIA`].
///
/// # Errors
/// [`CdaError`]: it is no CDA.
pub fn media(octets: &[u8]) -> Result<Vec<Media>, CdaError> {
    let text = xml::decode(octets)?;
    Ok(observed(&xml::parse(&text)?))
}

pub(crate) fn level1(document: &Document<'_>) -> Option<(String, Vec<u8>)> {
    encapsulated(at(document.root_element(), &["component", "nonXMLBody", "text"])?)
}

pub(crate) fn observed(document: &Document<'_>) -> Vec<Media> {
    let nodes = || document.descendants().filter(|node| xml::is(*node, "observationMedia"));
    let mut taken: BTreeSet<String> = nodes().filter_map(id_of).map(str::to_owned).collect();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for (number, node) in nodes().enumerate() {
        if found.len() >= MAX_MEDIA {
            break;
        }
        let Some((media_type, octets)) = child(node, "value").and_then(encapsulated) else {
            continue;
        };
        // Nothing names a file without an id, or the second one of an id: it is kept all the same.
        let id = match id_of(node).filter(|id| seen.insert((*id).to_owned())) {
            Some(id) => id.to_owned(),
            None => (number..)
                .map(|number| format!("media-{number}"))
                .find(|id| taken.insert(id.clone()))
                .unwrap_or_default(),
        };
        found.push(Media { id, media_type, octets });
    }
    found
}

/// The id of a file, if it is short enough to be named in a page.
fn id_of<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    attribute(node, "ID").filter(|id| id.len() <= MAX_ID)
}

/// Encapsulated data (ED): base64 or text.
fn encapsulated(node: Node<'_, '_>) -> Option<(String, Vec<u8>)> {
    if attribute(node, "compression").is_some() || attribute(node, "nullFlavor").is_some() {
        return None;
    }
    let media_type = attribute(node, "mediaType").unwrap_or("text/plain").to_ascii_lowercase();
    let mut text = String::new();
    for part in node.children().filter(Node::is_text).filter_map(|part| part.text()) {
        text.push_str(part);
    }
    let base64 = match attribute(node, "representation") {
        Some(representation) => representation.eq_ignore_ascii_case("B64"),
        None => !media_type.starts_with("text/"),
    };
    if !base64 {
        return (!text.trim().is_empty()).then(|| (media_type, text.into_bytes()));
    }
    text.retain(|c| !c.is_ascii_whitespace());
    let octets = BASE64.decode(text).ok()?;
    (!octets.is_empty()).then_some((media_type, octets))
}
