//! From a message to its text: what SEARCH looks in and what the index is made of.
//!
//! Bodies, attached texts, HTML without its markup, the narrative of CDA documents, alone and in
//! IHE XDM archives, PDF files, and messages inside messages; with the names of attachments.
//!
//! Bounded: octets of text, parts, levels, archives and PDF files of one message, each by a constant.
//! Failure: what cannot be read has no text. A parser that panics loses that message's text and
//! nothing else; PDF files are read by a process of their own (`pdf.rs`).

pub mod pdf;

use clinical::xdm::{self, Archive, Limits};
use mail_parser::decoders::html::html_to_text;
use mail_parser::{Message, MessageParser, MessagePart, MimeHeaders, PartType};
use mailstore::message::decode;
use pdf::ReadPdf;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// Octets of text that are taken from one message.
pub const MAX_TEXT: usize = 1024 * 1024;
/// Octets of HTML, CDA or plain text that are read of one part.
const MAX_PART: usize = 8 * 1024 * 1024;
/// Parts of one message that are read, those of messages inside counted.
const MAX_PARTS: usize = 256;
/// Messages inside messages that are looked into.
const MAX_INSIDE: usize = 5;
/// Archives of one message that are opened, and PDF files that are read.
const MAX_OPENED: usize = 16;
/// Characters of a header field or a file name that are taken from a part.
const MAX_FIELD: usize = 1000;
/// What archives may take: less than for filing, nothing is lost by leaving one out.
const ARCHIVES: Limits = Limits {
    entries: 200,
    documents: 100,
    each: MAX_PART as u64,
    total: 32 * 1024 * 1024,
    ratio: 200,
};

/// Reads texts out of messages.
#[derive(Debug, Clone)]
pub struct Extractor {
    pdf: Arc<dyn ReadPdf>,
}

impl Extractor {
    /// An extractor that reads PDF files this way.
    #[must_use]
    pub fn new(pdf: Arc<dyn ReadPdf>) -> Self {
        Self { pdf }
    }

    /// The text of a message behind its header section: at most [`MAX_TEXT`] octets.
    #[must_use]
    pub fn text(&self, message: &[u8]) -> String {
        self.read(message, false)
    }

    /// The same without what is attached.
    #[must_use]
    pub fn letter(&self, message: &[u8]) -> String {
        self.read(message, true)
    }

    fn read(&self, message: &[u8], letter: bool) -> String {
        let read = catch_unwind(AssertUnwindSafe(|| {
            let text = String::new();
            let mut reading = Reading { pdf: &*self.pdf, letter, text, parts: 0, opened: 0 };
            if let Some(message) = MessageParser::default().parse(message) {
                reading.message(&message, 0);
            }
            reading.text
        }));
        // The message of a panic may hold what was read: it is not passed on.
        read.unwrap_or_else(|_| {
            tracing::warn!("a message's text could not be read");
            String::new()
        })
    }
}

/// The text so far.
struct Reading<'a> {
    pdf: &'a dyn ReadPdf,
    /// Whether attachments are left out.
    letter: bool,
    text: String,
    parts: usize,
    opened: usize,
}

impl Reading<'_> {
    /// Adds text on lines of its own, as far as there is room.
    fn add(&mut self, text: &str) {
        let room = MAX_TEXT.saturating_sub(self.text.len() + 1);
        let end = text.floor_char_boundary(room);
        self.text.push_str(text.get(..end).unwrap_or_default());
        self.text.push('\n');
    }

    fn is_full(&self) -> bool {
        self.text.len() + 1 >= MAX_TEXT || self.parts >= MAX_PARTS
    }

    fn message(&mut self, message: &Message<'_>, depth: usize) {
        for part in &message.parts {
            self.parts += 1;
            if self.is_full() {
                return;
            }
            self.part(part, depth);
        }
    }

    fn part(&mut self, part: &MessagePart<'_>, depth: usize) {
        let is_plain = matches!(part.body, PartType::Text(_) | PartType::Html(_)) && !is_xml(part);
        let is_named = part.attachment_name().is_some() || part.content_disposition().is_some();
        if self.letter && (!is_plain || is_named) {
            return;
        }
        let name = part.attachment_name().map(|name| first(name, MAX_FIELD));
        if let Some(name) = name {
            self.add(name);
        }
        match &part.body {
            PartType::Text(text) if is_xml(part) => self.document(text.as_bytes(), part),
            PartType::Text(text) => self.add(first(text, MAX_PART)),
            PartType::Html(html) => self.add(&html_to_text(first(html, MAX_PART))),
            PartType::Message(inner) if depth < MAX_INSIDE => {
                for (name, value) in inner.headers_raw().take(MAX_PARTS) {
                    let value = first(value, MAX_FIELD);
                    self.add(&format!("{name}: {}", decode(value.as_bytes())));
                }
                self.message(inner, depth + 1);
            }
            PartType::Binary(octets) | PartType::InlineBinary(octets) => {
                self.document(octets, part)
            }
            PartType::Message(_) | PartType::Multipart(_) => {}
        }
    }

    /// An attachment, by what its octets are.
    fn document(&mut self, octets: &[u8], part: &MessagePart<'_>) {
        let is_archive = octets.starts_with(b"PK\x03\x04")
            && part.attachment_name().is_some_and(xdm::is_archive_name);
        if is_archive {
            self.archive(octets);
        } else if !self.file(octets) && is_text(part) {
            self.add(first(&String::from_utf8_lossy(octets), MAX_PART));
        }
    }

    fn archive(&mut self, octets: &[u8]) {
        if self.opened >= MAX_OPENED {
            return;
        }
        self.opened += 1;
        let Ok(archive) = Archive::read(octets, &ARCHIVES) else { return };
        for (_, document) in archive.documents() {
            if self.is_full() {
                return;
            }
            self.parts += 1;
            if let Some(title) = &document.entry.title {
                self.add(first(title, MAX_FIELD));
            }
            self.file(&document.octets);
        }
    }

    /// A PDF file or a CDA document; whether it is one.
    fn file(&mut self, octets: &[u8]) -> bool {
        if pdf::is_pdf(octets) {
            if self.opened < MAX_OPENED && octets.len() <= pdf::MAX_PDF {
                self.opened += 1;
                let text = self.pdf.text(octets).unwrap_or_default();
                self.add(&text);
            }
            return true;
        }
        if octets.len() > MAX_PART || !octets.iter().take(512).any(|octet| *octet == b'<') {
            return false;
        }
        let Ok(rendered) = clinical::narrative::html(octets) else { return false };
        if let Ok(header) = clinical::cda::Header::read(octets) {
            let title = header.title.as_deref().unwrap_or_default();
            self.add(first(title, MAX_FIELD));
        }
        self.add(&rendered.text);
        for media in rendered.media.iter().filter(|media| pdf::is_pdf(&media.octets)) {
            self.file(&media.octets);
        }
        true
    }
}

fn first(text: &str, octets: usize) -> &str {
    text.get(..text.floor_char_boundary(octets)).unwrap_or_default()
}

fn is_xml(part: &MessagePart<'_>) -> bool {
    part.content_type().and_then(|it| it.subtype()).is_some_and(|it| it.eq_ignore_ascii_case("xml"))
}

fn is_text(part: &MessagePart<'_>) -> bool {
    part.content_type().is_some_and(|it| it.ctype().eq_ignore_ascii_case("text"))
}
