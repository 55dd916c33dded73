//! What is attached to a message: its card, its download, its layout in a frame, filing it by hand.

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use clinical::value_sets::Kind;
use domain::Lang;
use mailstore::message::{Part, PartKind};
use mailstore::{MessageId, StoreError, Transaction, View};
use record::by_hand::{self, ByHandError};
use record::part::PartError;
use record::{EntryState, Fate};
use std::collections::HashMap;

use super::conversations::veil;
use crate::app::App;
use crate::fault::{Fault, ours};
use crate::guard;
use crate::mail::letter::{Attached, FileKind, Letter, file_name};
use crate::mail::part::{MAX_DOWNLOAD, PartPath};
use crate::mail::survey::{Item, Survey, Thread};
use crate::mail::veil::Veil;
use crate::mail::withheld::Withholding;
use crate::mail::{html, part};
use crate::page::{Page, Place, Problem, Problems, render, shown};
use crate::text::Texts;
use crate::visitor::Visitor;
use crate::when::When;

/// Characters of a title that the citizen gives.
const MAX_TITLE: usize = 200;

/// An attachment as its message shows it.
#[derive(Debug)]
pub(crate) struct Card {
    pub(crate) path: String,
    pub(crate) title: String,
    /// Kind, size; date and author where the document says them.
    pub(crate) facts: String,
    pub(crate) fates: Vec<FateLine>,
    pub(crate) by_hand: bool,
}

/// What became of one document of an attachment.
#[derive(Debug)]
pub(crate) struct FateLine {
    pub(crate) said: String,
    pub(crate) next: String,
    pub(crate) done: bool,
    pub(crate) stop: bool,
    pub(crate) entry: Option<String>,
    pub(crate) document: String,
}

/// The cards of a message's attachments.
pub(crate) fn cards(
    view: &View<'_>,
    visitor: &Visitor,
    when: &When,
    veil: &Veil,
    item: &Item,
    letter: &Letter,
) -> Result<Vec<Card>, StoreError> {
    let t = visitor.texts();
    // What the citizen sent is the citizen's already.
    let fates = if item.mine { Vec::new() } else { record::fate_of_message(view, item.id)? };
    let withheld = Withholding { mine: item.mine, fates: &fates, now: visitor.now };
    let mut cards = Vec::new();
    for attached in &letter.attached {
        // MSS #72
        if withheld.holds(view, item.id, &attached.path.0)? {
            continue;
        }
        let mut card = Card {
            path: attached.path.to_string(),
            title: titled(t, attached),
            facts: facts(t, attached),
            fates: Vec::new(),
            by_hand: false,
        };
        for fate in fates.iter().filter(|fate| fate.part == attached.path.0) {
            card.by_hand |= fate.fate == Fate::MayBeFiledByHand;
            let entry = match fate.fate.entry() {
                Some(id) => record::entry(view, id)?,
                None => None,
            };
            if let Some(entry) = &entry {
                let title = record::title(view, entry)?;
                let author = entry.author.as_ref().and_then(|author| author.name.clone());
                let day = jiff::Timestamp::from_second(entry.date).map(|at| when.day(at).shown);
                let facts = [Some(kind_label(entry, visitor.lang)), day.ok(), author];
                let facts = facts.into_iter().flatten().collect::<Vec<_>>().join(" · ");
                // MSS #46
                card.facts = veil.over(&facts).into_owned();
                card.title = veil.over(&title).into_owned();
            }
            card.fates.push(fate_line(t, veil, &fate.fate, entry.as_ref()));
        }
        cards.push(card);
    }
    Ok(cards)
}

/// What a document is, in words.
pub(crate) fn kind_label(entry: &record::Entry, lang: Lang) -> String {
    match &entry.type_code {
        Some(code) => code.label(lang),
        None => entry.kind.label().get(lang).to_owned(),
    }
}

fn fate_line(t: &Texts, veil: &Veil, fate: &Fate, entry: Option<&record::Entry>) -> FateLine {
    let taken_back = entry.is_some_and(|e| matches!(e.state, EntryState::TakenBack { .. }));
    let sentence = t.of(fate.sentences().citizen);
    let (said, next) = match fate {
        _ if taken_back => (&t.record.fate_taken_back, String::new()),
        Fate::Filed { predecessor_unknown: false, .. } => (&t.record.fate_filed, String::new()),
        Fate::Filed { .. } | Fate::Duplicate { .. } => (&t.record.fate_filed, sentence),
        Fate::NotFiled(_) => (&t.record.fate_not_filed, sentence),
        Fate::MayBeFiledByHand => (&t.record.fate_by_hand, String::new()),
    };
    FateLine {
        said: said.clone(),
        next,
        done: fate.entry().is_some() && !taken_back,
        stop: matches!(fate, Fate::NotFiled(_)),
        entry: entry.map(|entry| entry.id.to_string()),
        document: entry.map(|entry| veil.over(&entry.title).into_owned()).unwrap_or_default(),
    }
}

fn titled(t: &Texts, attached: &Attached) -> String {
    match attached.kind {
        FileKind::Archive => t.mail.archive.clone(),
        _ if attached.name.is_empty() => t.mail.untitled.clone(),
        _ => attached.name.clone(),
    }
}

fn facts(t: &Texts, attached: &Attached) -> String {
    let kind = match attached.kind {
        FileKind::Pdf => &t.mail.kind_pdf,
        FileKind::Image => &t.mail.kind_image,
        FileKind::Text => &t.mail.kind_text,
        FileKind::Message => &t.mail.kind_message,
        FileKind::Cda => &t.mail.kind_cda,
        FileKind::Archive | FileKind::Other => &t.mail.kind_other,
    };
    format!("{kind} · {}", size(t.lang, attached.size))
}

/// A size as people read it.
pub(crate) fn size(lang: Lang, octets: u64) -> String {
    let (kilo, mega) = match lang {
        Lang::Fr => ("ko", "Mo"),
        Lang::En => ("kB", "MB"),
    };
    match octets {
        0..1_000_000 => format!("{}\u{a0}{kilo}", octets.div_ceil(1000)),
        _ => {
            let tenths = octets / 100_000;
            let point = if lang == Lang::Fr { ',' } else { '.' };
            format!("{}{point}{}\u{a0}{mega}", tenths / 10, tenths % 10)
        }
    }
}

/// A message of the account that is in one of its conversations, and that conversation.
fn find(view: &View<'_>, visitor: &Visitor, message: &str) -> Result<(Thread, MessageId), Fault> {
    let id: MessageId = message.parse().map_err(|_| Fault::NotFound)?;
    let message = view.message(id)?;
    let survey = Survey::of(view, &visitor.address)?;
    Ok((survey.thread(message.thread).ok_or(Fault::NotFound)?, id))
}

/// A part of a message that may be handed out.
struct Readable {
    thread: Thread,
    message: MessageId,
    path: PartPath,
    part: Part,
}

/// What a path names in a message, unless it only holds other parts or is withheld for now.
fn readable(
    view: &View<'_>,
    visitor: &Visitor,
    message: &str,
    part: &str,
) -> Result<Readable, Fault> {
    let (thread, id) = find(view, visitor, message)?;
    let path: PartPath = part.parse().map_err(|_| Fault::NotFound)?;
    let structure = view.structure(id)?;
    let part = structure.part.find(&path.0).ok_or(Fault::NotFound)?;
    if matches!(part.kind, PartKind::Multipart { .. }) {
        return Err(Fault::NotFound);
    }
    let fates = record::fate_of_message(view, id)?;
    let mine = thread.items.iter().any(|item| item.id == id && item.mine);
    let withheld = Withholding { mine, fates: &fates, now: visitor.now };
    // MSS #72
    if withheld.holds(view, id, &path.0)? {
        return Err(Fault::NotFound);
    }
    Ok(Readable { thread, message: id, path, part: part.clone() })
}

#[derive(Template)]
#[template(path = "letter.html")]
struct LetterFrame {
    lang: Lang,
    title: String,
    assets: &'static str,
    content: String,
}

/// `GET /messages/{message}/html/{part}`: the sender's own layout, for the frame.
pub(crate) async fn markup(
    State(app): State<App>,
    visitor: Visitor,
    Path((message, path)): Path<(String, String)>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        let view = app.store().view(visitor.account)?;
        let found = readable(&view, &visitor, &message, &path)?;
        if !found.part.is("text", "html") {
            return Err(Fault::NotFound);
        }
        let message = view.message(found.message)?;
        let markup = part::markup(app.store(), &view, &message, &found.part)?;
        let veil = veil(app, &visitor, std::slice::from_ref(&found.thread));
        let content = veil.over(&html::clean(&markup)).into_owned();
        let title = visitor.texts().mail.html_frame.clone();
        let assets = crate::assets::folder();
        let mut response = shown(&LetterFrame { lang: visitor.lang, title, assets, content })?;
        let policy = HeaderValue::from_static(guard::OF_LETTERS);
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
        Ok(response)
    })
    .await
}

/// `GET /messages/{message}/parts/{part}`: the file as it came.
pub(crate) async fn download(
    State(app): State<App>,
    visitor: Visitor,
    Path((message, path)): Path<(String, String)>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        let view = app.store().view(visitor.account)?;
        let Readable { message, path, part, .. } = readable(&view, &visitor, &message, &path)?;
        let name = part.filename().map(|name| file_name(&name)).unwrap_or_default();
        let content = record::part::content(app.store(), &view, message, &path.0, MAX_DOWNLOAD);
        let octets = match content {
            Ok(octets) => octets,
            Err(PartError::NoSuchPart) => return Err(Fault::NotFound),
            Err(PartError::Store(error)) => return Err(error.into()),
            Err(error) => return Err(ours(&error)),
        };
        let media_type = format!("{}/{}", part.media_type, part.media_subtype);
        Ok(handed_out(&media_type, &name, octets))
    })
    .await
}

/// A file for the citizen to keep, never shown by the browser.
pub(crate) fn handed_out(media_type: &str, name: &str, octets: Vec<u8>) -> Response {
    let media_type = HeaderValue::from_str(media_type)
        .unwrap_or(HeaderValue::from_static("application/octet-stream"));
    let disposition =
        HeaderValue::from_str(&disposition(name)).unwrap_or(HeaderValue::from_static("attachment"));
    let headers = [
        (header::CONTENT_TYPE, media_type),
        (header::CONTENT_DISPOSITION, disposition),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(guard::OF_FILES)),
    ];
    (headers, octets).into_response()
}

/// `attachment` with a name that every browser reads.
// RFC 6266 §4.3
// RFC 8187 §3.2.1
fn disposition(name: &str) -> String {
    let name = if name.is_empty() { "document" } else { name };
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ' ');
    let ascii: String = name.chars().map(|c| if plain(c) { c } else { '_' }).collect();
    let extended: String = name
        .bytes()
        .map(|b| match b {
            b'.' | b'-' | b'_' => char::from(b).to_string(),
            b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
            b => format!("%{b:02X}"),
        })
        .collect();
    format!("attachment; filename=\"{ascii}\"; filename*=UTF-8''{extended}")
}

struct KindChoice {
    slug: &'static str,
    label: &'static str,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "file.html")]
struct FilePage {
    page: Page,
    message: String,
    path: String,
    thread: String,
    file: String,
    name: String,
    kinds: Vec<KindChoice>,
    csrf: String,
    problems: Problems,
}

fn file_page(
    app: &App,
    visitor: &Visitor,
    (message, path): (&str, &str),
    (name, kind): (Option<&str>, Kind),
    problems: Problems,
) -> Result<Response, Fault> {
    let view = app.store().view(visitor.account)?;
    let Readable { thread, message: id, path, part } = readable(&view, visitor, message, path)?;
    if !by_hand::seems_allowed(&part) {
        return Err(Fault::NotFound);
    }
    let veil = veil(app, visitor, std::slice::from_ref(&thread));
    let file = veil.over(&file_name(&part.filename().unwrap_or_default())).into_owned();
    let given = file.rsplit_once('.').map_or(file.as_str(), |(name, _)| name).replace('_', " ");
    let here = format!("/messages/{id}/file/{path}");
    let page = visitor
        .page(app, &visitor.texts().record.file_title, &here, Place::Record)?
        .with(&problems);
    let label = |kind: Kind| kind.label().get(visitor.lang);
    let kinds = Kind::ALL
        .map(|of| KindChoice { slug: of.slug(), label: label(of), chosen: of == kind })
        .into_iter()
        .collect();
    let status =
        if problems.is_empty() { StatusCode::OK } else { StatusCode::UNPROCESSABLE_ENTITY };
    let page = FilePage {
        page,
        message: id.to_string(),
        path: path.to_string(),
        thread: thread.id.to_string(),
        file,
        name: name.map_or(given, str::to_owned),
        kinds,
        csrf: visitor.csrf.clone(),
        problems,
    };
    render(status, &page)
}

/// `GET /messages/{message}/file/{part}`: under which title and kind?
pub(crate) async fn ask_file(
    State(app): State<App>,
    visitor: Visitor,
    Path((message, path)): Path<(String, String)>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        file_page(app, &visitor, (&message, &path), (None, Kind::Other), Problems::default())
    })
    .await
}

/// `POST /messages/{message}/file/{part}`: files it.
// MSS #79
pub(crate) async fn file(
    State(app): State<App>,
    visitor: Visitor,
    Path((message, path)): Path<(String, String)>,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    visitor.signed(&form)?;
    let title: String = form.get("name").map(|name| name.trim()).unwrap_or_default().to_owned();
    let title: String = title.chars().filter(|c| !c.is_control()).take(MAX_TITLE).collect();
    let kind = form.get("kind").and_then(|slug| Kind::of_slug(slug)).unwrap_or(Kind::Other);
    let prepared = app
        .read({
            let (visitor, message, path) = (visitor.clone(), message.clone(), path.clone());
            move |app| {
                let view = app.store().view(visitor.account)?;
                let Readable { thread, message, path, .. } =
                    readable(&view, &visitor, &message, &path)?;
                let date = view.message(message)?.received;
                Ok((thread.id, date, by_hand::prepare(app.store(), &view, message, &path.0)))
            }
        })
        .await?;
    let (thread, date, prepared) = prepared;
    let filed = match prepared {
        Ok(attachment) => {
            let date = jiff::Timestamp::from_millisecond(date).unwrap_or_else(|_| app.post().now());
            let title = title.clone();
            let work = move |tx: &mut Transaction<'_>| {
                by_hand::file_by_hand(tx, &attachment, &title, date, kind)
            };
            let done = app.store().transact(visitor.actor(), visitor.account, work).await;
            done.map(|entry| entry.into_inner().id)
        }
        Err(error) => Err(error),
    };
    match filed {
        Ok(_) | Err(ByHandError::AlreadyFiled(_)) => {
            Ok(Redirect::to(&format!("/conversations/{thread}?filed=1#m{message}")).into_response())
        }
        Err(error) => {
            if let ByHandError::Store(error) = &error {
                tracing::error!(error = error as &dyn std::error::Error, "filing by hand");
            }
            let said = visitor.texts().of(error.sentence());
            let field = if matches!(error, ByHandError::NoTitle) { "name" } else { "" };
            let problems = Problems::from(Problem::of(field, &said));
            app.read(move |app| {
                file_page(app, &visitor, (&message, &path), (Some(&title), kind), problems)
            })
            .await
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_ends_no_header() {
        assert_eq!(
            disposition("été \"1\"\r\n.pdf"),
            "attachment; filename=\"_t_ _1___.pdf\"; filename*=UTF-8''%C3%A9t%C3%A9%20%221%22%0D%0A.pdf"
        );
    }

    #[test]
    fn sizes_are_read_in_both_languages() {
        assert_eq!(size(Lang::Fr, 1), "1\u{a0}ko");
        assert_eq!(size(Lang::Fr, 2_450_000), "2,4\u{a0}Mo");
        assert_eq!(size(Lang::En, 2_450_000), "2.4\u{a0}MB");
    }
}
