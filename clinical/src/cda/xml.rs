//! From octets to a bounded tree, and the few ways in which the readers look at it.
//!
//! Elements are told by local name within the document's own namespace. Text is trimmed, and its
//! white space single, where a value is read.

use super::{CdaError, MAX_DEPTH, MAX_DOCUMENT, MAX_NODES, MAX_VALUES};
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use roxmltree::{Document, Error, Node, ParsingOptions};
use std::borrow::Cow;

/// HL7 v3's namespace.
pub(crate) const NAMESPACE: &str = "urn:hl7-org:v3";
/// How far into a document its declaration is looked for, octets.
const DECLARATION: usize = 400;

/// The document as text: what a byte order mark says and the declaration must agree, and the octets
/// must be right in that encoding.
pub(crate) fn decode(octets: &[u8]) -> Result<Cow<'_, str>, CdaError> {
    if octets.len() > MAX_DOCUMENT {
        return Err(CdaError::TooLarge);
    }
    let (mark, rest) = match Encoding::for_bom(octets) {
        Some((encoding, length)) => (Some(encoding), octets.get(length..).unwrap_or_default()),
        None if octets.starts_with(b"<\0") => (Some(UTF_16LE), octets),
        None if octets.starts_with(b"\0<") => (Some(UTF_16BE), octets),
        None => (None, octets),
    };
    let wide = mark.is_some_and(|mark| mark != UTF_8);
    let head = rest.get(..DECLARATION).unwrap_or(rest);
    let head: String =
        head.iter().filter(|octet| !wide || **octet != 0).map(|octet| char::from(*octet)).collect();
    let encoding = match (mark, declared(&head)) {
        (None, None) => UTF_8,
        (Some(mark), None) => mark,
        (mark, Some(label)) => {
            let stated = known(&label)?;
            match (stated, mark) {
                (Stated::Octets(encoding), None) => encoding,
                (Stated::Octets(encoding), Some(mark)) if encoding == mark => encoding,
                // "UTF-16" leaves the order to the mark.
                (Stated::Utf16(None), Some(mark)) if wide => mark,
                (Stated::Utf16(Some(order)), Some(mark)) if order == mark => mark,
                _ => return Err(CdaError::WrongEncoding),
            }
        }
    };
    encoding
        .decode_without_bom_handling_and_without_replacement(rest)
        .ok_or(CdaError::WrongEncoding)
}

enum Stated {
    Octets(&'static Encoding),
    Utf16(Option<&'static Encoding>),
}

fn known(label: &str) -> Result<Stated, CdaError> {
    Ok(match label.to_ascii_uppercase().as_str() {
        "UTF-8" | "UTF8" | "US-ASCII" => Stated::Octets(UTF_8),
        // The C1 controls of ISO-8859-1 stand in no text; where they occur, Windows wrote the file.
        "ISO-8859-1" | "LATIN1" | "WINDOWS-1252" | "CP1252" => Stated::Octets(WINDOWS_1252),
        "ISO-8859-15" => Stated::Octets(encoding_rs::ISO_8859_15),
        "UTF-16" => Stated::Utf16(None),
        "UTF-16LE" => Stated::Utf16(Some(UTF_16LE)),
        "UTF-16BE" => Stated::Utf16(Some(UTF_16BE)),
        _ => return Err(CdaError::UnknownEncoding),
    })
}

/// The encoding that an XML declaration names.
fn declared(head: &str) -> Option<String> {
    let (declaration, _) = head.strip_prefix("<?xml")?.split_once("?>")?;
    let (_, value) = declaration.split_once("encoding")?;
    let value = value.trim_start().strip_prefix('=')?.trim_start();
    let quote = value.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    value.get(1..)?.split_once(quote).map(|(label, _)| label.to_owned())
}

/// The tree of a CDA document.
pub(crate) fn parse(text: &str) -> Result<Document<'_>, CdaError> {
    let options =
        ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..ParsingOptions::default() };
    let xml = Document::parse_with_options(text, options).map_err(|error| match error {
        Error::NodesLimitReached => CdaError::TooLarge,
        Error::DtdDetected => CdaError::Dtd,
        _ => CdaError::Xml,
    })?;
    let root = xml.root_element().tag_name();
    if root.name() != "ClinicalDocument" || root.namespace() != Some(NAMESPACE) {
        return Err(CdaError::NotCda);
    }
    if depth_exceeds(&xml, MAX_DEPTH) { Err(CdaError::TooDeep) } else { Ok(xml) }
}

/// Walks the tree without recursion.
fn depth_exceeds(xml: &Document<'_>, limit: usize) -> bool {
    let (mut node, mut depth) = (xml.root(), 0);
    loop {
        if let Some(child) = node.first_child() {
            (node, depth) = (child, depth + 1);
            if depth > limit {
                return true;
            }
            continue;
        }
        loop {
            if let Some(next) = node.next_sibling() {
                node = next;
                break;
            }
            match node.parent() {
                Some(parent) => (node, depth) = (parent, depth.saturating_sub(1)),
                None => return false,
            }
        }
    }
}

/// Whether a node is the element of this name.
pub(crate) fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element()
        && node.tag_name().name() == name
        && node.tag_name().namespace() == Some(NAMESPACE)
}

/// The children of this name, at most [`MAX_VALUES`].
pub(crate) fn children<'a, 'i: 'a>(
    node: Node<'a, 'i>,
    name: &'a str,
) -> impl Iterator<Item = Node<'a, 'i>> + 'a {
    node.children().filter(move |child| is(*child, name)).take(MAX_VALUES)
}

/// The first child of this name.
pub(crate) fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| is(*child, name))
}

/// The first element at the end of a path.
pub(crate) fn at<'a, 'i>(node: Node<'a, 'i>, path: &[&str]) -> Option<Node<'a, 'i>> {
    path.iter().try_fold(node, |node, name| child(node, name))
}

/// An attribute that says something.
pub(crate) fn attribute<'a>(node: Node<'a, '_>, name: &str) -> Option<&'a str> {
    node.attribute(name).map(str::trim).filter(|value| !value.is_empty())
}

/// The text of an element and what is inside it, if it says something.
pub(crate) fn text(node: Node<'_, '_>) -> Option<String> {
    let mut all = String::new();
    for part in node.descendants().filter(Node::is_text).filter_map(|part| part.text()) {
        all.push_str(part);
    }
    let text = all.split_whitespace().collect::<Vec<_>>().join(" ");
    (!text.is_empty()).then_some(text)
}
