//! One message for reading: its text, what it quotes, its attachments, and what it reports.
//!
//! Text comes first; where there is only HTML its words are shown, and its layout is offered in a frame. A report
//! about the citizen's own message is one sentence of ours: its text names addresses and codes.
//! Failure: that of the store; a body that is damaged is said, and what is whole is shown.

use mailstore::message::{Part, header_fields};
use mailstore::model::message::{Message, Structure};
use mailstore::{Store, StoreError, View};

use super::part::{self, PartPath};
use super::veil::{Veil, is_shown};

/// Attachments that are shown of one message.
const MAX_ATTACHMENTS: usize = 100;
/// Characters of a file's name.
const MAX_NAME: usize = 120;

/// What a report says about the citizen's message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Report {
    Failed,
    Delayed,
    Delivered,
    Read,
    Other,
}

/// What a file is, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FileKind {
    Pdf,
    Image,
    Text,
    Message,
    Cda,
    Archive,
    Other,
}

/// Something attached.
#[derive(Debug, Clone)]
pub(crate) struct Attached {
    pub(crate) path: PartPath,
    /// The sender's name for it, veiled; may be empty.
    pub(crate) name: String,
    pub(crate) kind: FileKind,
    /// About how many octets it has once decoded.
    pub(crate) size: u64,
}

/// A message for reading.
#[derive(Debug, Clone)]
pub(crate) struct Letter {
    pub(crate) text: String,
    /// What the text quotes at its end.
    pub(crate) quoted: String,
    /// Where the sender's own layout is.
    pub(crate) html: Option<PartPath>,
    /// The text is longer than what is shown.
    pub(crate) cut: bool,
    pub(crate) damaged: bool,
    pub(crate) report: Option<Report>,
    pub(crate) automatic: bool,
    pub(crate) attached: Vec<Attached>,
}

impl Letter {
    /// Reads a message.
    pub(crate) fn read(
        store: &Store,
        view: &View<'_>,
        message: &Message,
        structure: &Structure,
        veil: &Veil,
    ) -> Result<Self, StoreError> {
        let leaves: Vec<(Vec<u32>, &Part)> = structure.part.leaves().collect();
        if structure.part.is("multipart", "report") {
            return Ok(Self {
                report: Some(report(store, view, message, &leaves)),
                ..Self::empty()
            });
        }
        let auto = header_fields(&structure.header).find(|field| field.is("Auto-Submitted"));
        let mut letter = Self {
            automatic: auto.is_some_and(|field| !field.decoded().trim().eq_ignore_ascii_case("no")),
            html: leaves
                .iter()
                .find(|(_, part)| part.is("text", "html") && !part.is_attachment())
                .map(|(path, _)| PartPath(path.clone())),
            attached: leaves
                .iter()
                .filter(|(_, part)| part.is_attachment())
                .take(MAX_ATTACHMENTS)
                .map(|(path, part)| Attached::of(path, part, veil))
                .collect(),
            ..Self::empty()
        };
        let plain = leaves.iter().any(|(_, part)| is_body(part, "plain"));
        let wanted = if plain { "plain" } else { "html" };
        let mut whole = String::new();
        for (_, part) in leaves.iter().filter(|(_, part)| is_body(part, wanted)) {
            match part::text(store, view, message, part) {
                Ok((text, all)) => {
                    whole.push_str(text.trim_end());
                    whole.push_str("\n\n");
                    letter.cut |= !all;
                }
                Err(error @ (StoreError::Damaged(_) | StoreError::NoSuchBody)) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "a body");
                    letter.damaged = true;
                }
                Err(error) => return Err(error),
            }
            if whole.len() as u64 > part::MAX_TEXT {
                letter.cut = true;
                break;
            }
        }
        let readable: String =
            whole.chars().filter(|c| *c == '\n' || *c == '\t' || is_shown(*c)).collect();
        let readable = veil.over(&readable);
        let (text, quoted) = split_quoted(readable.trim());
        letter.text = text.to_owned();
        letter.quoted = quoted.to_owned();
        Ok(letter)
    }

    fn empty() -> Self {
        Self {
            text: String::new(),
            quoted: String::new(),
            html: None,
            cut: false,
            damaged: false,
            report: None,
            automatic: false,
            attached: Vec::new(),
        }
    }
}

impl Attached {
    fn of(path: &[u32], part: &Part, veil: &Veil) -> Self {
        let name = part.filename().map(|name| file_name(&name)).unwrap_or_default();
        let encoded = part.body_end.saturating_sub(part.body_start);
        let base64 = part.encoding.name().eq_ignore_ascii_case(b"base64");
        Self {
            path: PartPath(path.to_vec()),
            kind: FileKind::of(part, &name),
            name: veil.over(&name).into_owned(),
            size: if base64 { encoded / 78 * 57 } else { encoded },
        }
    }
}

impl FileKind {
    fn of(part: &Part, name: &str) -> Self {
        let ends = |end: &str| name.to_ascii_lowercase().ends_with(end);
        match (part.media_type.as_str(), part.media_subtype.as_str()) {
            ("application", "pdf") => Self::Pdf,
            ("image", _) => Self::Image,
            ("text", "xml") | ("application", "xml" | "hl7-v3+xml" | "hl7-cda+xml") => Self::Cda,
            ("text", _) => Self::Text,
            ("message", _) => Self::Message,
            ("application", "zip" | "x-zip-compressed") => Self::Archive,
            _ if ends(".pdf") => Self::Pdf,
            _ if ends(".zip") => Self::Archive,
            _ => Self::Other,
        }
    }
}

fn is_body(part: &Part, subtype: &str) -> bool {
    part.is("text", subtype) && !part.is_attachment()
}

/// A file's name without folders and without what people cannot see.
pub(crate) fn file_name(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown: String = last.chars().filter(|c| is_shown(*c)).collect();
    let count = shown.chars().count();
    // The end says what kind of file it is.
    let skipped = count.saturating_sub(MAX_NAME);
    shown.chars().skip(skipped).collect::<String>().trim().to_owned()
}

/// The text, and what it quotes at its end with the line that introduces it.
fn split_quoted(text: &str) -> (&str, &str) {
    let mut start = text.len();
    let mut any = false;
    for line in text.split_inclusive('\n').rev() {
        let bare = line.trim();
        let introduces = any && bare.ends_with(':');
        if bare.starts_with('>') || bare.is_empty() || introduces {
            any |= bare.starts_with('>');
            start -= line.len();
            if introduces {
                break;
            }
        } else {
            break;
        }
    }
    match (any, text.split_at_checked(start)) {
        (true, Some((own, quoted))) => (own.trim_end(), quoted.trim()),
        _ => (text, ""),
    }
}

/// What a report says.
// RFC 3464 §2.3.3
// RFC 8098 §3.2.6
fn report(
    store: &Store,
    view: &View<'_>,
    message: &Message,
    leaves: &[(Vec<u32>, &Part)],
) -> Report {
    let field = |part: &Part, name: &str| {
        let (text, _) = part::text(store, view, message, part).ok()?;
        text.lines().find_map(|line| {
            let (field, value) = line.split_once(':')?;
            field.trim().eq_ignore_ascii_case(name).then(|| value.trim().to_ascii_lowercase())
        })
    };
    for (_, part) in leaves {
        if part.is("message", "delivery-status") {
            return match field(part, "Action").as_deref() {
                Some("failed") => Report::Failed,
                Some("delayed") => Report::Delayed,
                Some("delivered" | "relayed" | "expanded") => Report::Delivered,
                _ => Report::Other,
            };
        }
        if part.is("message", "disposition-notification") {
            let read = field(part, "Disposition").is_some_and(|value| value.contains("displayed"));
            return if read { Report::Read } else { Report::Other };
        }
    }
    Report::Other
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_at_the_end_is_told_from_the_answer() {
        for (text, own, quoted) in [
            ("Bonjour", "Bonjour", ""),
            (
                "Merci\n\nLe 3 mars, Dr A a écrit :\n> un\n> deux\n",
                "Merci",
                "Le 3 mars, Dr A a écrit :\n> un\n> deux",
            ),
            ("> un\noui\n> deux\nnon", "> un\noui\n> deux\nnon", ""),
            ("à prendre :\n", "à prendre :\n", ""),
            ("> tout", "", "> tout"),
        ] {
            assert_eq!(split_quoted(text), (own, quoted), "{text:?}");
        }
    }

    #[test]
    fn a_file_name_is_no_path_and_hides_nothing() {
        assert_eq!(file_name("../../etc/passwd"), "passwd");
        assert_eq!(file_name("C:\\x\\a\u{202e}fdp.exe"), "afdp.exe");
        assert!(file_name(&format!("{}.pdf", "é".repeat(500))).ends_with(".pdf"));
    }
}
