//! Reading the list's XML.
//!
//! Invariants: no DTD and so no entities; at most [`MAX_LIST`] octets, [`MAX_NODES`] nodes, [`MAX_ENTRIES`]
//! entries. What does not parse in an entry costs that entry and is reported; what does not parse in the list
//! costs the list. Elements that the format does not know are passed over.
//! Failure: [`ParseError`].

use std::collections::HashMap;
use std::sync::Arc;

use domain::{DistinguishedName, MailDomain};
use jiff::Timestamp;
use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use roxmltree::{Document, Node, NodeType, ParsingOptions};

use super::entry::{Contact, DomainEntry, EntryFault, Finding};

/// Namespace of the list.
// MSS #1
pub(super) const NAMESPACE: &str = "https://listeblanche.mssante.fr/schema";

/// Largest list read, in octets; the national one had 3.7 million in 2025.
pub const MAX_LIST: usize = 64 * 1024 * 1024;

/// Most nodes of the XML tree.
const MAX_NODES: u32 = 4_000_000;

/// Most entries; the national list had 8,655 in 2026.
pub const MAX_ENTRIES: usize = 200_000;

/// Most findings that are kept one by one; the rest is counted.
pub const MAX_FINDINGS: usize = 100;

/// What a list says, whoever signed it.
#[derive(Clone, Debug)]
pub(crate) struct Contents {
    pub(super) generated_at: Timestamp,
    pub(super) entries: Vec<DomainEntry>,
    pub(super) findings: Vec<Finding>,
    pub(super) left_out: usize,
}

/// Why a text is no domain list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// More than [`MAX_LIST`] octets.
    #[error("the list is larger than {MAX_LIST} octets")]
    TooLarge,
    /// Not UTF-8.
    #[error("the list is not UTF-8")]
    NotUtf8,
    /// Not XML, cut off, with a DTD, or with too many nodes.
    #[error("the list is not XML, or is cut off")]
    Xml,
    /// Another root element or another namespace.
    #[error("the list's root element is not ListeBlancheMSSante of its namespace")]
    Root,
    /// Not one `DateDeGeneration` in the form of xs:dateTime.
    #[error("the list has no date of generation")]
    GeneratedAt,
    /// Not one `ListeDomaines`.
    #[error("the list has no list of domains")]
    NoDomains,
    /// More than [`MAX_ENTRIES`].
    #[error("the list has more than {MAX_ENTRIES} entries")]
    TooManyEntries,
}

/// The tree of a text from outside.
pub(super) fn tree(text: &str) -> Result<Document<'_>, ParseError> {
    if text.len() > MAX_LIST {
        return Err(ParseError::TooLarge);
    }
    let options = ParsingOptions { allow_dtd: false, nodes_limit: MAX_NODES, ..Default::default() };
    Document::parse_with_options(text, options).map_err(|_| ParseError::Xml)
}

/// Reads a list, signed or not.
// MSS #1
// MSS #4
pub(crate) fn parse(text: &str) -> Result<Contents, ParseError> {
    let tree = tree(text)?;
    let root = tree.root_element();
    if !is(root, "ListeBlancheMSSante") {
        return Err(ParseError::Root);
    }
    let generated_at = only_child(root, "DateDeGeneration").and_then(text_of);
    let generated_at =
        generated_at.and_then(|text| instant(&text)).ok_or(ParseError::GeneratedAt)?;
    let domains = only_child(root, "ListeDomaines").ok_or(ParseError::NoDomains)?;
    let mut contents =
        Contents { generated_at, entries: Vec::new(), findings: Vec::new(), left_out: 0 };
    let mut names = Names::default();
    for (place, entry) in domains.children().filter(|node| is(*node, "Domaine")).enumerate() {
        if place == MAX_ENTRIES {
            return Err(ParseError::TooManyEntries);
        }
        match read_entry(entry, &mut names) {
            Ok(entry) => contents.entries.push(entry),
            Err(fault) => {
                contents.left_out += 1;
                if contents.findings.len() < MAX_FINDINGS {
                    contents.findings.push(Finding { entry: place + 1, fault });
                }
            }
        }
    }
    Ok(contents)
}

/// Names already read: a list has thousands of entries and a few hundred DNs.
#[derive(Default)]
struct Names(HashMap<String, Arc<DistinguishedName>>);

impl Names {
    fn read(&mut self, text: String) -> Result<Arc<DistinguishedName>, EntryFault> {
        if let Some(name) = self.0.get(&text) {
            return Ok(Arc::clone(name));
        }
        let name: Arc<DistinguishedName> = Arc::new(text.parse()?);
        self.0.insert(text, Arc::clone(&name));
        Ok(name)
    }
}

// MSS #1
fn read_entry(entry: Node<'_, '_>, names: &mut Names) -> Result<DomainEntry, EntryFault> {
    let mut fields = Fields::default();
    for child in entry.children().filter(Node::is_element) {
        fields.take(child)?;
    }
    let Fields([domain, description, dn, responsible, support, updated]) = fields;
    let domain: MailDomain = domain.ok_or(EntryFault::Missing(FIELDS[0]))?.trim().parse()?;
    let description = description.ok_or(EntryFault::Missing(FIELDS[1]))?;
    let dn = names.read(dn.ok_or(EntryFault::Missing(FIELDS[2]))?)?;
    let responsible = Contact(responsible.ok_or(EntryFault::Missing(FIELDS[3]))?);
    let support = Contact(support.ok_or(EntryFault::Missing(FIELDS[4]))?);
    let updated = instant(&updated.ok_or(EntryFault::Missing(FIELDS[5]))?);
    Ok(DomainEntry { domain, description, dn, responsible, support, updated })
}

/// The fields of an entry in the order in which they are written.
pub(super) const FIELDS: [&str; 6] = [
    "Nom",
    "Description",
    "DNCertificatOperateur",
    "ResponsableContact",
    "SupportContact",
    "DateMAJ",
];

#[derive(Default)]
struct Fields([Option<String>; 6]);

impl Fields {
    fn take(&mut self, child: Node<'_, '_>) -> Result<(), EntryFault> {
        for (field, name) in self.0.iter_mut().zip(FIELDS) {
            if is(child, name) {
                let text = text_of(child).filter(|_| field.is_none());
                *field = Some(text.ok_or(EntryFault::NotPlain(name))?);
            }
        }
        Ok(())
    }
}

/// Whether a node is an element of the list's namespace with this name.
fn is(node: Node<'_, '_>, name: &str) -> bool {
    node.is_element()
        && node.tag_name().name() == name
        && node.tag_name().namespace() == Some(NAMESPACE)
}

fn only_child<'a, 'input>(parent: Node<'a, 'input>, name: &str) -> Option<Node<'a, 'input>> {
    let mut found = parent.children().filter(|node| is(*node, name));
    found.next().filter(|_| found.next().is_none())
}

/// All text of an element that has nothing but text (a comment may part it in two).
fn text_of(node: Node<'_, '_>) -> Option<String> {
    let mut text = String::new();
    for child in node.children() {
        match child.node_type() {
            NodeType::Text => text.push_str(child.text().unwrap_or_default()),
            NodeType::Comment => {}
            _ => return None,
        }
    }
    Some(text)
}

/// An xs:dateTime, an xs:dateTime without zone, or an xs:date; the last two in UTC.
fn instant(text: &str) -> Option<Timestamp> {
    let text = text.trim();
    let civil = |civil: DateTime| civil.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp());
    text.parse::<Timestamp>().ok().or_else(|| {
        let at = text.parse::<DateTime>().ok();
        let at = at.or_else(|| text.parse::<Date>().ok().map(|date| date.at(0, 0, 0, 0)))?;
        civil(at).ok()
    })
}
