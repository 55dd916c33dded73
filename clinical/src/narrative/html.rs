//! The narrative as HTML.
//!
//! Elements written: `section`, `h3` to `h6`, `div`, `p`, `span`, `strong`, `em`, `u`, `ins`, `del`,
//! `sub`, `sup`, `small`, `br`, `ul`, `ol`, `li`, `table` and its parts, `img`. Attributes written:
//! `colspan`, `rowspan`, `scope`, `type` of a list, `alt`, `data-media`, `data-type`, `data-missing`,
//! `data-added` (a text that is not the document's: a link's target, a note's number).

use super::{
    MAX_SPAN, References, Role, name, role, says_something, sections, single_spaced, styled, target,
};
use crate::cda::xml;
use roxmltree::Node;
use std::fmt::Write;

/// The images that a page shows as such; of others, as of a PDF, it offers the file.
const IMAGES: [&str; 4] = ["image/jpeg", "image/png", "image/gif", "image/webp"];
/// References to files that a narrative shows: a short one may stand for a long id.
const MAX_REFERENCES: usize = 10_000;
/// Characters of a caption that stand for an image.
const MAX_ALT: usize = 200;
/// The level of a top section's heading, and of the deepest one.
const HEADINGS: (usize, usize) = (3, 6);

pub(super) fn write(top: &[Node<'_, '_>], references: &References<'_>) -> String {
    let mut html = Html { out: String::new(), references, shown: 0 };
    for section in top {
        html.section(*section, HEADINGS.0);
    }
    html.out
}

struct Html<'a> {
    out: String,
    references: &'a References<'a>,
    /// References to files so far.
    shown: usize,
}

/// What may stand in the place where a node stands.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Flow,
    /// Inside `p`: lines only.
    Line,
}

impl Html<'_> {
    fn section(&mut self, section: Node<'_, '_>, level: usize) {
        self.out.push_str("<section>");
        for node in section.children() {
            if xml::is(node, "title") {
                let level = level.min(HEADINGS.1);
                let _ = write!(self.out, "<h{level}>");
                // A title has no marks; whatever is inside it is text.
                for part in node.descendants().filter(Node::is_text) {
                    self.text(part.text().unwrap_or_default());
                }
                let _ = write!(self.out, "</h{level}>");
            } else if xml::is(node, "text") {
                self.out.push_str("<div>");
                self.children(node, Place::Flow);
                self.out.push_str("</div>");
            }
        }
        for inner in sections(Some(section)) {
            self.section(inner, level + 1);
        }
        self.out.push_str("</section>");
    }

    fn children(&mut self, node: Node<'_, '_>, place: Place) {
        for child in node.children() {
            self.node(child, place);
        }
    }

    fn node(&mut self, node: Node<'_, '_>, place: Place) {
        if node.is_text() {
            self.text(node.text().unwrap_or_default());
        }
        if !node.is_element() {
            return;
        }
        match name(node) {
            "br" => self.out.push_str("<br>"),
            "sub" => self.wrapped("sub", node, place),
            "sup" => self.wrapped("sup", node, place),
            "content" => self.content(node, place),
            "linkHtml" => self.link(node, place),
            "footnote" => self.footnote(node, place),
            "footnoteRef" => self.footnote_ref(node, place),
            "renderMultiMedia" => self.media(node, place),
            "paragraph" => self.paragraph(node, place),
            "list" => self.list(node),
            "table" => self.table(node),
            _ => match role(node) {
                // A part of a table or list out of its place keeps a place of its own.
                Role::Row | Role::Cell | Role::Item | Role::Caption => {
                    self.wrapped("div", node, place)
                }
                _ => self.children(node, place),
            },
        }
    }

    fn text(&mut self, text: &str) {
        for c in single_spaced(text) {
            match c {
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '&' => self.out.push_str("&amp;"),
                '\u{a0}' => self.out.push_str("&nbsp;"),
                _ => self.out.push(c),
            }
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        let _ = write!(self.out, " {name}=\"");
        for (number, part) in value.split('"').enumerate() {
            if number > 0 {
                self.out.push_str("&quot;");
            }
            self.text(part);
        }
        self.out.push('"');
    }

    fn wrapped(&mut self, element: &str, node: Node<'_, '_>, place: Place) {
        let _ = write!(self.out, "<{element}>");
        self.children(node, place);
        let _ = write!(self.out, "</{element}>");
    }

    fn added(&mut self, text: &str) {
        self.out.push_str("<small data-added=\"\">");
        self.text(text);
        self.out.push_str("</small>");
    }

    fn content(&mut self, node: Node<'_, '_>, place: Place) {
        let revised = xml::attribute(node, "revised");
        let marks = [
            ("ins", revised == Some("insert")),
            ("del", revised == Some("delete")),
            ("strong", styled(node, &["Bold", "BoldItalics"])),
            ("em", styled(node, &["Italics", "Italic", "BoldItalics", "Emphasis"])),
            ("u", styled(node, &["Underline"])),
        ];
        let marks = marks.into_iter().filter_map(|(mark, set)| set.then_some(mark));
        for mark in marks.clone() {
            let _ = write!(self.out, "<{mark}>");
        }
        self.children(node, place);
        for mark in marks.rev() {
            let _ = write!(self.out, "</{mark}>");
        }
    }

    /// A link leads nowhere by itself: its text, and its target to be read.
    fn link(&mut self, node: Node<'_, '_>, place: Place) {
        self.wrapped("span", node, place);
        if let Some(target) = target(node) {
            self.added(&format!(" ({target})"));
        }
    }

    fn number(&self, id: Option<&str>) -> Option<usize> {
        self.references.footnotes.get(id?).copied()
    }

    /// A note stands where it is made, small, with the number by which others name it.
    fn footnote(&mut self, node: Node<'_, '_>, place: Place) {
        if let Some(number) = self.number(xml::attribute(node, "ID")) {
            self.added(&format!(" [{number}] "));
        }
        self.wrapped("small", node, place);
    }

    fn footnote_ref(&mut self, node: Node<'_, '_>, place: Place) {
        if let Some(number) = self.number(xml::attribute(node, "IDREF")) {
            self.added(&format!(" [{number}]"));
        }
        self.children(node, place);
    }

    fn media(&mut self, node: Node<'_, '_>, place: Place) {
        let caption = xml::text(node).unwrap_or_default();
        // What stands for the image is short; the whole caption follows it.
        let alt: String = caption.chars().take(MAX_ALT).collect();
        for (id, file) in self.references.files(node) {
            if self.shown >= MAX_REFERENCES {
                break;
            }
            self.shown += 1;
            match file {
                Some(file) if IMAGES.contains(&file.media_type.as_str()) => {
                    self.out.push_str("<img");
                    self.attribute("alt", &alt);
                    self.attribute("data-media", &file.id);
                    self.attribute("data-type", &file.media_type);
                    self.out.push('>');
                }
                Some(file) => {
                    self.out.push_str("<span");
                    self.attribute("data-media", &file.id);
                    self.attribute("data-type", &file.media_type);
                    self.out.push_str("></span>");
                }
                None => {
                    self.out.push_str("<span");
                    self.attribute("data-missing", id);
                    self.out.push_str("></span>");
                }
            }
        }
        if !caption.is_empty() {
            self.wrapped("span", node, place);
        }
    }

    fn paragraph(&mut self, node: Node<'_, '_>, place: Place) {
        let lines_only = node
            .descendants()
            .skip(1)
            .all(|inner| !inner.is_element() || matches!(role(inner), Role::Line | Role::Columns));
        if lines_only && place == Place::Flow {
            self.wrapped("p", node, Place::Line);
        } else {
            self.wrapped("div", node, place);
        }
    }

    fn list(&mut self, node: Node<'_, '_>) {
        let ordered = xml::attribute(node, "listType") == Some("ordered");
        let styles = [
            ("1", ["Arabic"]),
            ("i", ["LittleRoman"]),
            ("I", ["BigRoman"]),
            ("a", ["LittleAlpha"]),
            ("A", ["BigAlpha"]),
        ];
        let style = styles.iter().find(|(_, names)| styled(node, names)).map(|(letter, _)| *letter);
        self.out.push_str(if ordered { "<ol" } else { "<ul" });
        if let Some(style) = style.filter(|_| ordered) {
            self.attribute("type", style);
        }
        self.out.push('>');
        // What is no item (the caption, stray text) becomes one: nothing else may stand in a list.
        for child in node.children().filter(|child| says_something(*child)) {
            self.out.push_str("<li>");
            match role(child) {
                Role::Item if child.is_element() => self.children(child, Place::Flow),
                Role::Caption if child.is_element() => self.wrapped("strong", child, Place::Flow),
                _ => self.node(child, Place::Flow),
            }
            self.out.push_str("</li>");
        }
        self.out.push_str(if ordered { "</ol>" } else { "</ul>" });
    }

    /// A table. A browser moves what may not stand in a table in front of it: so whatever is no row
    /// becomes one.
    fn table(&mut self, node: Node<'_, '_>) {
        self.out.push_str("<table>");
        let mut open = false;
        let mut begun = false;
        for child in node.children().filter(|child| says_something(*child)) {
            let rows = child.is_element() && role(child) == Role::Rows;
            let caption = child.is_element() && role(child) == Role::Caption && !begun;
            if open && rows {
                self.out.push_str("</tbody>");
                open = false;
            }
            if !open && !rows && !caption {
                self.out.push_str("<tbody>");
                open = true;
            }
            begun |= !caption;
            if rows {
                self.rows(child);
            } else if caption {
                self.wrapped("caption", child, Place::Flow);
            } else {
                self.row(child);
            }
        }
        if open {
            self.out.push_str("</tbody>");
        }
        self.out.push_str("</table>");
    }

    fn rows(&mut self, node: Node<'_, '_>) {
        let element = match name(node) {
            "thead" => "thead",
            "tfoot" => "tfoot",
            _ => "tbody",
        };
        let _ = write!(self.out, "<{element}>");
        for child in node.children().filter(|child| says_something(*child)) {
            self.row(child);
        }
        let _ = write!(self.out, "</{element}>");
    }

    fn row(&mut self, node: Node<'_, '_>) {
        self.out.push_str("<tr>");
        if node.is_element() && role(node) == Role::Row {
            for child in node.children().filter(|child| says_something(*child)) {
                self.cell(child);
            }
        } else {
            self.cell(node);
        }
        self.out.push_str("</tr>");
    }

    fn cell(&mut self, node: Node<'_, '_>) {
        if !(node.is_element() && role(node) == Role::Cell) {
            self.out.push_str("<td>");
            self.node(node, Place::Flow);
            self.out.push_str("</td>");
            return;
        }
        let element = if name(node) == "th" { "th" } else { "td" };
        let _ = write!(self.out, "<{element}");
        for span in ["colspan", "rowspan"] {
            let number = xml::attribute(node, span).and_then(|value| value.parse::<u16>().ok());
            if let Some(number) = number.filter(|number| (2..=MAX_SPAN).contains(number)) {
                self.attribute(span, &number.to_string());
            }
        }
        let scopes = ["row", "col", "rowgroup", "colgroup"];
        let scope = xml::attribute(node, "scope");
        if let Some(scope) = scopes.iter().find(|known| Some(**known) == scope) {
            self.attribute("scope", scope);
        }
        self.out.push('>');
        self.children(node, Place::Flow);
        let _ = write!(self.out, "</{element}>");
    }
}
