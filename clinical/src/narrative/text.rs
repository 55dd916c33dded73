//! The narrative as lines of text: a title on its own line, a line for each row of a table.

use super::{References, Role, name, role, sections, single_spaced, target};
use crate::cda::xml;
use roxmltree::Node;

pub(super) fn write(top: &[Node<'_, '_>], references: &References<'_>) -> String {
    let mut text = Text { out: String::new(), references, in_cell: false };
    for section in top {
        text.section(*section);
    }
    text.out.truncate(text.out.trim_end().len());
    text.out
}

struct Text<'a> {
    out: String,
    references: &'a References<'a>,
    in_cell: bool,
}

impl Text<'_> {
    fn section(&mut self, section: Node<'_, '_>) {
        for node in section.children() {
            if xml::is(node, "title") || xml::is(node, "text") {
                self.line();
                self.children(node);
                self.line();
            }
        }
        self.out.push('\n');
        for inner in sections(Some(section)) {
            self.section(inner);
        }
    }

    /// Begins a line, if the last one says something.
    fn line(&mut self) {
        self.out.truncate(self.out.trim_end_matches(' ').len());
        if !self.out.is_empty() && !self.out.ends_with('\n') {
            self.out.push('\n');
        }
    }

    fn children(&mut self, node: Node<'_, '_>) {
        for child in node.children() {
            self.node(child);
        }
    }

    fn node(&mut self, node: Node<'_, '_>) {
        if node.is_text() {
            for c in single_spaced(node.text().unwrap_or_default()) {
                if c != ' ' || !(self.out.is_empty() || self.out.ends_with([' ', '\n'])) {
                    self.out.push(c);
                }
            }
        }
        if !node.is_element() {
            return;
        }
        let number = |id| {
            let id = xml::attribute(node, id)?;
            self.references.footnotes.get(id).copied()
        };
        match name(node) {
            "br" => self.line(),
            "linkHtml" => {
                self.children(node);
                if let Some(target) = target(node) {
                    self.out.push_str(&format!(" ({target})"));
                }
            }
            "footnote" => {
                let mark = number("ID").map_or(" [".to_owned(), |number| format!(" [{number}: "));
                self.out.push_str(&mark);
                self.children(node);
                self.out.push(']');
            }
            "footnoteRef" => {
                if let Some(number) = number("IDREF") {
                    self.out.push_str(&format!(" [{number}]"));
                }
                self.children(node);
            }
            _ => match role(node) {
                Role::Line | Role::Columns => self.children(node),
                Role::Cell => self.cell(node),
                Role::Item => {
                    self.line();
                    self.out.push_str("- ");
                    self.children(node);
                    self.line();
                }
                Role::Block | Role::Rows | Role::Row | Role::Caption => {
                    self.line();
                    self.children(node);
                    self.line();
                }
            },
        }
    }

    /// A cell stands beside the last one, on one line whatever is in it.
    fn cell(&mut self, node: Node<'_, '_>) {
        let beside = node.prev_siblings().skip(1).any(|before| before.is_element());
        let mark = if beside { " | " } else { "" };
        // A cell inside a cell is joined with it, once.
        if self.in_cell {
            self.out.push_str(mark);
            return self.children(node);
        }
        let before = std::mem::take(&mut self.out);
        self.in_cell = true;
        self.children(node);
        self.in_cell = false;
        let cell = std::mem::replace(&mut self.out, before);
        self.out.push_str(mark);
        let lines: Vec<&str> =
            cell.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
        self.out.push_str(&lines.join(" / "));
    }
}
