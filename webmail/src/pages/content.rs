//! What a document of the record is made of, as far as it can be shown.
//!
//! Invariant: only octets that begin as a PDF or an image do are called one, whatever a document says of itself.
//! Failure: [`Content::Unreadable`]; the document itself can still be downloaded.

use clinical::cda::{Header, Media};
use clinical::narrative;
use record::Entry;

/// Characters of a text that are shown.
const MAX_TEXT: usize = 500_000;

/// A document's content.
pub(crate) enum Content {
    /// A PDF.
    Pdf(Vec<u8>),
    /// An image that browsers show, with its media type.
    Image(&'static str, Vec<u8>),
    /// Plain text.
    Text(String),
    /// The words of a CDA as markup of ours, in which files are named by their id.
    Narrative { html: String, lang: String, media: Vec<Media> },
    /// Nothing that can be shown.
    Unreadable,
}

impl Content {
    /// What an entry's octets are.
    pub(crate) fn of(entry: &Entry, octets: Vec<u8>) -> Self {
        if !entry.is_cda() {
            return Self::plain(&entry.mime, octets);
        }
        let Ok(rendered) = narrative::html(&octets) else { return Self::Unreadable };
        let mut media = rendered.media;
        // A document of level 1 is the file that it wraps.
        if let Some(body) = media.iter().position(|media| media.id == narrative::BODY) {
            let body = media.swap_remove(body);
            return Self::plain(&body.media_type, body.octets);
        }
        if rendered.html.is_empty() {
            return Self::Unreadable;
        }
        let lang = Header::read(&octets).ok().and_then(|header| header.language);
        let lang = lang.filter(|lang| is_tag(lang)).unwrap_or_else(|| "fr".to_owned());
        Self::Narrative { html: rendered.html, lang, media }
    }

    /// What octets of a media type are.
    pub(crate) fn plain(media_type: &str, octets: Vec<u8>) -> Self {
        let start = octets.get(..1024).unwrap_or(&octets);
        match media_type {
            // The header may stand behind other octets.
            "application/pdf" if start.windows(5).any(|at| at == b"%PDF-") => Self::Pdf(octets),
            "image/jpeg" if start.starts_with(b"\xff\xd8\xff") => Self::Image("image/jpeg", octets),
            "image/png" if start.starts_with(b"\x89PNG\r\n\x1a\n") => {
                Self::Image("image/png", octets)
            }
            "text/plain" => {
                let text = String::from_utf8_lossy(&octets);
                Self::Text(
                    text.chars().filter(|c| *c == '\n' || !c.is_control()).take(MAX_TEXT).collect(),
                )
            }
            _ => Self::Unreadable,
        }
    }
}

/// Whether a text has the shape of a language tag.
// RFC 5646 §2.1
fn is_tag(text: &str) -> bool {
    let mut parts = text.split('-');
    parts.next().is_some_and(|first| (2..=3).contains(&first.len()))
        && text.len() <= 35
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// A narrative whose files lead to their own addresses under `folder`: images are shown, other files are linked under
/// `label`. A file that the document lacks stays what the narrative says of it.
pub(crate) fn with_media(html: &str, media: &[Media], folder: &str, label: &str) -> String {
    const MARK: &str = "data-media=\"";
    let mut out = String::with_capacity(html.len());
    let mut rest = html;
    while let Some((before, after)) = rest.split_once(MARK) {
        let Some((id, tail)) = after.split_once('"') else { break };
        let found = media.iter().position(|media| media.id == unescaped(id));
        match (found, before.strip_suffix("<span "), tail.split_once("></span>")) {
            (Some(number), Some(before), Some((_, tail))) => {
                out.push_str(before);
                out.push_str(&format!("<a href=\"{folder}/{number}\">{label}</a>"));
                rest = tail;
            }
            (Some(number), _, _) => {
                out.push_str(before);
                out.push_str(&format!("src=\"{folder}/{number}\""));
                rest = tail;
            }
            (None, _, _) => {
                out.push_str(before);
                rest = tail;
            }
        }
    }
    out.push_str(rest);
    out
}

/// An attribute's value as it was before it was written.
fn unescaped(value: &str) -> String {
    let value = value.replace("&lt;", "<").replace("&gt;", ">");
    value.replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_of_a_narrative_lead_to_their_addresses() {
        let media =
            |id: &str| Media { id: id.into(), media_type: "image/png".into(), octets: Vec::new() };
        let html = "<p><img alt=\"x\" data-media=\"a&amp;b\" data-type=\"image/png\"> \
            <span data-media=\"p\" data-type=\"application/pdf\"></span> <img data-media=\"gone\"></p>";
        assert_eq!(
            with_media(html, &[media("p"), media("a&b")], "/f", "Fichier"),
            "<p><img alt=\"x\" src=\"/f/1\" data-type=\"image/png\"> <a href=\"/f/0\">Fichier</a> <img ></p>"
        );
    }

    #[test]
    fn a_file_is_what_its_octets_are() {
        let pdf = |octets: &[u8]| {
            matches!(Content::plain("application/pdf", octets.to_vec()), Content::Pdf(_))
        };
        assert!(pdf(b"%PDF-1.4") && !pdf(b"<html>"));
        assert!(matches!(Content::plain("text/html", b"<b>".to_vec()), Content::Unreadable));
        assert!(is_tag("fr-FR") && !is_tag("fr\" x") && !is_tag(""));
    }
}
