//! One document of the record: what it says of itself, its content, its file, taking it back.
//!
//! A CDA is shown as its narrative; one of level 1 as the PDF, image or text that it wraps. What cannot be shown can
//! be downloaded.
//! Failure: what is not in this account's record, or not to be seen yet, is not found.

use std::collections::HashMap;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Redirect, Response};
use jiff::Timestamp;
use mailstore::{StoreError, Transaction, View};
use record::{DecisionError, Entry, EntryId, EntryState, FiledBy};

use super::attachment::{handed_out, kind_label};
use super::content::{Content, with_media};
use super::conversations::veil_of;
use crate::app::App;
use crate::fault::Fault;
use crate::guard;
use crate::mail::veil::Veil;
use crate::page::{Page, Place, shown};
use crate::text::{Texts, fill};
use crate::visitor::Visitor;
use crate::when::When;

/// What has just happened, or holds of the document.
struct Notice {
    done: bool,
    title: String,
    text: String,
    undo: bool,
    newer: Option<String>,
}

/// The message it came with.
struct With {
    thread: String,
    id: String,
    said: String,
}

#[derive(Template)]
#[template(path = "document.html")]
struct DocumentPage {
    page: Page,
    id: String,
    csrf: String,
    notice: Option<Notice>,
    facts: Vec<(String, String)>,
    message: Option<With>,
    pdf: bool,
    image: bool,
    text: String,
    narrative: String,
    narrative_lang: String,
    unreadable: bool,
    filed: bool,
}

/// An entry of the session's account that the citizen may see.
fn find(view: &View<'_>, visitor: &Visitor, id: &str) -> Result<Entry, Fault> {
    let id: EntryId = id.parse().map_err(|_| Fault::NotFound)?;
    let entry = record::entry(view, id)?.ok_or(Fault::NotFound)?;
    // MSS #72
    if record::is_visible(&entry, visitor.now) { Ok(entry) } else { Err(Fault::NotFound) }
}

/// A document as its addresses read it: what it is, and its octets.
fn read(app: &App, visitor: &Visitor, id: &str) -> Result<(View<'static>, Entry, Vec<u8>), Fault> {
    let view = app.store().view(visitor.account)?;
    let entry = find(&view, visitor, id)?;
    let octets = record::octets(app.store(), &view, &entry)?;
    Ok((view, entry, octets))
}

/// `GET /record/{entry}`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        let view = app.store().view(visitor.account)?;
        let entry = find(&view, &visitor, &id)?;
        let t = visitor.texts();
        let when = app.when(visitor.lang);
        let veil = veil_of(app, &view, &visitor)?;
        let content = match record::octets(app.store(), &view, &entry) {
            Ok(octets) => Content::of(&entry, octets),
            Err(error @ (StoreError::Damaged(_) | StoreError::NoSuchBody)) => {
                tracing::error!(error = &error as &dyn std::error::Error, "a document");
                Content::Unreadable
            }
            Err(error) => return Err(error.into()),
        };
        let title = veil.over(&record::title(&view, &entry)?).into_owned();
        let here = format!("/record/{}", entry.id);
        let mut page = DocumentPage {
            page: visitor.page(app, &title, &here, Place::Record)?,
            id: entry.id.to_string(),
            csrf: visitor.csrf.clone(),
            notice: notice(t, &entry, &asked),
            facts: facts(t, &visitor, &when, &veil, &entry),
            message: with(t, &view, &when, &entry)?,
            pdf: false,
            image: false,
            text: String::new(),
            narrative: String::new(),
            narrative_lang: "fr".to_owned(),
            unreadable: false,
            filed: entry.state == EntryState::Filed,
        };
        match content {
            Content::Pdf(_) => page.pdf = true,
            Content::Image(..) => page.image = true,
            Content::Text(text) => page.text = veil.over(&text).into_owned(),
            Content::Narrative { html, lang, media } => {
                let label = &t.record.media;
                let html = with_media(&html, &media, &format!("{here}/media"), label);
                page.narrative = veil.over(&html).into_owned();
                page.narrative_lang = lang;
            }
            Content::Unreadable => page.unreadable = true,
        }
        shown(&page)
    })
    .await
}

fn notice(t: &Texts, entry: &Entry, asked: &HashMap<String, String>) -> Option<Notice> {
    let said = |done, title: &String, text: &String| Notice {
        done,
        title: title.clone(),
        text: text.clone(),
        undo: false,
        newer: None,
    };
    let nothing = String::new();
    match entry.state {
        EntryState::TakenBack { .. } => Some(Notice {
            undo: true,
            ..said(true, &t.record.taken_back, &t.record.taken_back_note)
        }),
        EntryState::Replaced { by } => Some(Notice {
            newer: Some(by.to_string()),
            ..said(false, &t.record.replaced, &nothing)
        }),
        EntryState::Filed if asked.contains_key("back") => {
            Some(said(true, &t.record.put_back, &nothing))
        }
        EntryState::Filed => None,
    }
}

fn facts(
    t: &Texts,
    visitor: &Visitor,
    when: &When,
    veil: &Veil,
    entry: &Entry,
) -> Vec<(String, String)> {
    let day = |second| Timestamp::from_second(second).map(|at| when.day(at).shown).ok();
    let author = entry.author.as_ref();
    let name = author.and_then(|author| {
        let parts = [author.name.as_deref(), author.profession.as_deref()];
        let parts: Vec<&str> = parts.into_iter().flatten().collect();
        (!parts.is_empty()).then(|| parts.join(", "))
    });
    let name = match entry.filed_by {
        FiledBy::Citizen => Some(t.record.filed_by_you.clone()),
        FiledBy::Service => name,
    };
    let confidentiality: Vec<&str> =
        entry.confidentiality.iter().map(|one| one.label().get(visitor.lang)).collect();
    let all = [
        (&t.record.kind, Some(kind_label(entry, visitor.lang))),
        (&t.record.date, day(entry.date)),
        (&t.record.author, name),
        (&t.record.organisation, author.and_then(|author| author.organisation.clone())),
        (&t.record.confidentiality, Some(confidentiality.join(", "))),
        (&t.record.version, entry.version.map(|version| version.to_string())),
        (&t.record.filed_at, day(entry.filed_at)),
    ];
    let known = all.into_iter().filter_map(|(name, value)| {
        let value = value.filter(|value| !value.is_empty())?;
        Some((name.clone(), veil.over(&value).into_owned()))
    });
    known.collect()
}

/// The message, if it is still there.
fn with(
    t: &Texts,
    view: &View<'_>,
    when: &When,
    entry: &Entry,
) -> Result<Option<With>, StoreError> {
    match view.message(entry.message) {
        Ok(message) => {
            let at = Timestamp::from_millisecond(message.received).unwrap_or_default();
            let said = fill(&t.record.see_message, &when.day(at).shown);
            let (thread, id) = (message.thread.to_string(), entry.message.to_string());
            Ok(Some(With { thread, id, said }))
        }
        Err(StoreError::NoSuchMessage) => Ok(None),
        Err(error) => Err(error),
    }
}

/// `GET /record/{entry}/view`: a PDF or an image, for the page's frame or a window of its own.
pub(crate) async fn view(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        let (_, entry, octets) = read(app, &visitor, &id)?;
        inline(Content::of(&entry, octets)).ok_or(Fault::NotFound)
    })
    .await
}

/// `GET /record/{entry}/media/{number}`: a file inside a document.
pub(crate) async fn media(
    State(app): State<App>,
    visitor: Visitor,
    Path((id, number)): Path<(String, usize)>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        let (_, entry, octets) = read(app, &visitor, &id)?;
        let Content::Narrative { mut media, .. } = Content::of(&entry, octets) else {
            return Err(Fault::NotFound);
        };
        if number >= media.len() {
            return Err(Fault::NotFound);
        }
        let file = media.swap_remove(number);
        let shown = inline(Content::plain(&file.media_type, file.octets.clone()));
        Ok(shown.unwrap_or_else(|| handed_out("application/octet-stream", "", file.octets)))
    })
    .await
}

/// What a browser may show by itself: a PDF or an image.
fn inline(content: Content) -> Option<Response> {
    let (media_type, octets) = match content {
        Content::Pdf(octets) => ("application/pdf", octets),
        Content::Image(media_type, octets) => (media_type, octets),
        _ => return None,
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("inline")),
        (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(guard::OF_DOCUMENTS)),
    ];
    Some((headers, octets).into_response())
}

/// `GET /record/{entry}/download`: the document, octet by octet as it was filed; of a wrapped PDF or image that one.
pub(crate) async fn download(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        let (view, entry, octets) = read(app, &visitor, &id)?;
        let veil = veil_of(app, &view, &visitor)?;
        let title = veil.over(&record::title(&view, &entry)?).into_owned();
        let name = |extension: &str| format!("{}.{extension}", title.replace(['/', '\\'], "-"));
        Ok(match Content::of(&entry, octets.clone()) {
            Content::Pdf(pdf) => handed_out("application/pdf", &name("pdf"), pdf),
            Content::Image(media_type, image) => {
                let extension = if media_type == "image/png" { "png" } else { "jpg" };
                handed_out(media_type, &name(extension), image)
            }
            _ => handed_out(&entry.mime, &name(entry.extension()), octets),
        })
    })
    .await
}

/// `POST /record/{entry}/take-back`
pub(crate) async fn take_back(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    decide(&app, &visitor, &id, &form, record::take_back, "").await
}

/// `POST /record/{entry}/undo`
pub(crate) async fn undo(
    State(app): State<App>,
    visitor: Visitor,
    Path(id): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    decide(&app, &visitor, &id, &form, record::undo_take_back, "?back=1").await
}

async fn decide(
    app: &App,
    visitor: &Visitor,
    id: &str,
    form: &HashMap<String, String>,
    what: fn(&mut Transaction<'_>, EntryId) -> Result<(), DecisionError>,
    then: &str,
) -> Result<Response, Fault> {
    visitor.signed(form)?;
    let entry = find(&app.store().view(visitor.account)?, visitor, id)?.id;
    let work = move |tx: &mut Transaction<'_>| what(tx, entry);
    match app.store().transact(visitor.actor(), visitor.account, work).await {
        // Replaced in between: its page says so.
        Ok(_) | Err(DecisionError::State) => {
            Ok(Redirect::to(&format!("/record/{entry}{then}")).into_response())
        }
        Err(DecisionError::NoSuchEntry) => Err(Fault::NotFound),
        Err(DecisionError::Store(error)) => Err(error.into()),
    }
}
