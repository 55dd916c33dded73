//! The content of one part of a message, decoded.
//!
//! Invariants: a part is found in the structure that the scanner kept, never by parsing the whole message again; what
//! is read at once is bounded by the caller.
//! Failure: a part that is not there, is too long or whose body is damaged.

use mail_parser::decoders::html::html_to_text;
use mail_parser::{MessageParser, PartType};
use mailstore::message::Part;
use mailstore::model::message::Message;
use mailstore::{Store, StoreError, View};

/// Octets of a part shown as text, as they lie in the message.
pub(crate) const MAX_TEXT: u64 = 256 * 1024;
/// Octets of a part that is handed out, as they lie in the message: no message is longer.
pub(crate) const MAX_DOWNLOAD: u64 = 64 * 1024 * 1024;

/// A place in a message: the section numbers of IMAP, such as `1.2`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartPath(pub(crate) Vec<u32>);

/// Levels and digits of a path in an address.
const MAX_PATH: usize = 100;

impl std::str::FromStr for PartPath {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.get(..MAX_PATH).unwrap_or(text);
        text.split('.').map(str::parse).collect::<Result<_, _>>().map(Self)
    }
}

impl std::fmt::Display for PartPath {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))
    }
}

/// The octets of a part with its header, at most `limit`, and whether that is all.
fn octets(
    store: &Store,
    view: &View<'_>,
    message: &Message,
    part: &Part,
    limit: u64,
) -> Result<(Vec<u8>, bool), StoreError> {
    let reader = store.body(view, message.body)?;
    let header = part.body_start.saturating_sub(part.header_start);
    let body = part.body_end.saturating_sub(part.body_start);
    let count = header.saturating_add(body.min(limit));
    let count = usize::try_from(count).map_err(|_| StoreError::Limit("a part of a message"))?;
    Ok((reader.read(part.header_start, count)?, body <= limit))
}

/// A part's text, and whether it is whole. HTML is given as text too.
pub(crate) fn text(
    store: &Store,
    view: &View<'_>,
    message: &Message,
    part: &Part,
) -> Result<(String, bool), StoreError> {
    let (octets, whole) = octets(store, view, message, part, MAX_TEXT)?;
    Ok((decoded_text(&octets, true), whole))
}

/// The markup of an HTML part, as the sender wrote it.
pub(crate) fn markup(
    store: &Store,
    view: &View<'_>,
    message: &Message,
    part: &Part,
) -> Result<String, StoreError> {
    let (octets, _) = octets(store, view, message, part, MAX_TEXT)?;
    Ok(decoded_text(&octets, false))
}

/// The words of markup; a heading ends its line.
fn words(html: &str) -> String {
    let mut html = html.to_owned();
    for end in ["</h1>", "</h2>", "</h3>", "</h4>", "</h5>", "</h6>"] {
        for end in [end.to_owned(), end.to_uppercase()] {
            html = html.replace(&end, &format!("{end}<br>"));
        }
    }
    html_to_text(&html)
}

fn decoded_text(octets: &[u8], html_too: bool) -> String {
    let Some(parsed) = MessageParser::default().parse(octets) else { return String::new() };
    match parsed.parts.first().map(|part| &part.body) {
        Some(PartType::Text(text)) => text.to_string(),
        Some(PartType::Html(html)) if html_too => words(html),
        Some(PartType::Html(html)) => html.to_string(),
        Some(PartType::Binary(octets) | PartType::InlineBinary(octets)) => {
            String::from_utf8_lossy(octets).into_owned()
        }
        _ => String::new(),
    }
}
