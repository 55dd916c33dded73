//! A document's narrative for people: safe HTML, plain text, and the files that it shows.
//!
//! Invariants: the HTML holds only elements and attributes of our own making, with no style, class,
//! link or source from the document, so it loads nothing; every text is escaped. No word is lost: an
//! element that is not known, or stands where it may not, gives its text all the same, in its place.
//! An image or file stands as a reference (`data-media`) that the page resolves from
//! [`Rendered::media`]. The HTML nests as HTML demands, so that a browser moves no word.
//! Failure: [`CdaError`], as for every reading of a document.

mod html;
mod text;

use crate::cda::{CdaError, Media, body, xml};
use roxmltree::{Document, Node};
use std::collections::BTreeMap;

/// The name of the file of a document of level 1 among [`Rendered::media`].
pub const BODY: &str = "body";
/// Columns or rows that one cell may span.
const MAX_SPAN: u16 = 100;

/// A narrative, rendered.
#[derive(Clone, PartialEq, Eq)]
pub struct Rendered {
    /// HTML to stand inside a page, below a heading of the second level. Empty for level 1.
    pub html: String,
    /// The same as lines of text.
    pub text: String,
    /// The files of the document, whether the narrative names them or not; of level 1 its body, named
    /// [`BODY`].
    pub media: Vec<Media>,
    /// The sections at the top: their titles.
    pub titles: Vec<String>,
}

impl std::fmt::Debug for Rendered {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rendered").field("media", &self.media).finish_non_exhaustive()
    }
}

/// Renders the narrative of a document.
///
/// # Errors
/// [`CdaError`]: it is no CDA.
pub fn html(octets: &[u8]) -> Result<Rendered, CdaError> {
    let text = xml::decode(octets)?;
    let document = xml::parse(&text)?;
    let mut media = body::observed(&document);
    if let Some((media_type, octets)) = body::level1(&document) {
        media.push(Media { id: BODY.to_owned(), media_type, octets });
    }
    let sections = sections(xml::at(document.root_element(), &["component", "structuredBody"]));
    let titles = sections
        .iter()
        .filter_map(|section| xml::child(*section, "title").and_then(xml::text))
        .collect();
    let references = References::gather(&document, &media);
    let html = html::write(&sections, &references);
    let text = text::write(&sections, &references);
    Ok(Rendered { html, text, media, titles })
}

/// The sections directly inside a body or a section.
fn sections<'a, 'i>(node: Option<Node<'a, 'i>>) -> Vec<Node<'a, 'i>> {
    node.into_iter()
        .flat_map(|node| node.children())
        .filter(|node| xml::is(*node, "component"))
        .flat_map(|component| component.children())
        .filter(|node| xml::is(*node, "section"))
        .collect()
}

/// What the narrative's references lead to.
struct References<'a> {
    /// By the id that the narrative uses: the file.
    media: BTreeMap<&'a str, &'a Media>,
    /// By the id of a footnote: its number.
    footnotes: BTreeMap<&'a str, usize>,
}

impl<'a> References<'a> {
    fn gather(document: &'a Document<'_>, files: &'a [Media]) -> Self {
        let mut media: BTreeMap<&str, &Media> =
            files.iter().map(|file| (file.id.as_str(), file)).collect();
        let (mut footnotes, mut number) = (BTreeMap::new(), 0);
        for node in document.descendants().filter(Node::is_element) {
            // A region of interest stands for the image in which it lies.
            if xml::is(node, "regionOfInterest") {
                let inside = node
                    .descendants()
                    .filter(|inner| xml::is(*inner, "observationMedia"))
                    .find_map(|inner| media.get(xml::attribute(inner, "ID")?).copied());
                if let Some((id, file)) = xml::attribute(node, "ID").zip(inside) {
                    media.entry(id).or_insert(file);
                }
            } else if xml::is(node, "footnote") {
                number += 1;
                if let Some(id) = xml::attribute(node, "ID") {
                    footnotes.entry(id).or_insert(number);
                }
            }
        }
        Self { media, footnotes }
    }

    /// The files that a `renderMultiMedia` names; an id that leads nowhere gives none.
    fn files<'r>(
        &'r self,
        node: Node<'r, '_>,
    ) -> impl Iterator<Item = (&'r str, Option<&'a Media>)> + use<'r, 'a> {
        xml::attribute(node, "referencedObject")
            .unwrap_or_default()
            .split_whitespace()
            .map(|id| (id, self.media.get(id).copied()))
    }
}

/// The target of a `linkHtml`, unless it lies in the document itself.
fn target<'a>(node: Node<'a, '_>) -> Option<&'a str> {
    xml::attribute(node, "href").filter(|href| !href.starts_with('#'))
}

/// Whether an element's styles (`styleCode`, a list) include one, in whatever case.
fn styled(node: Node<'_, '_>, names: &[&str]) -> bool {
    xml::attribute(node, "styleCode")
        .unwrap_or_default()
        .split_whitespace()
        .any(|style| names.iter().any(|name| style.eq_ignore_ascii_case(name)))
}

/// What an element of the narrative is, as far as nesting goes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Role {
    /// Stands in a line.
    Line,
    /// Stands on its own.
    Block,
    /// Stands in a table only: `thead`, `tbody`, `tfoot`.
    Rows,
    /// `tr`.
    Row,
    /// `td`, `th`.
    Cell,
    /// `item`.
    Item,
    /// `caption`.
    Caption,
    /// `col`, `colgroup`: they hold no text of their own.
    Columns,
}

fn role(node: Node<'_, '_>) -> Role {
    match name(node) {
        "paragraph" | "list" | "table" => Role::Block,
        "thead" | "tbody" | "tfoot" => Role::Rows,
        "tr" => Role::Row,
        "td" | "th" => Role::Cell,
        "item" => Role::Item,
        "caption" => Role::Caption,
        "col" | "colgroup" => Role::Columns,
        _ => Role::Line,
    }
}

/// The name of an element of the narrative; of others, nothing.
fn name<'a>(node: Node<'a, '_>) -> &'a str {
    let tag = node.tag_name();
    if tag.namespace() == Some(xml::NAMESPACE) { node.tag_name().name() } else { "" }
}

/// Whether there is a word directly in a node that holds none in a right document.
fn says_something(node: Node<'_, '_>) -> bool {
    match node.is_element() {
        true => !matches!(role(node), Role::Columns) || xml::text(node).is_some(),
        false => node.is_text() && node.text().is_some_and(|text| !text.trim().is_empty()),
    }
}

/// Text with its runs of XML's white space as one blank.
fn single_spaced(text: &str) -> impl Iterator<Item = char> + '_ {
    let mut blank = false;
    text.chars().filter_map(move |c| {
        let white = matches!(c, ' ' | '\t' | '\r' | '\n');
        let out = match (white, blank) {
            (true, true) => None,
            (true, false) => Some(' '),
            (false, _) => Some(c),
        };
        blank = white;
        out
    })
}
