//! Keeping and throwing away drafts, by a button or by the script that saves while one writes.
//!
//! Failure: without a session the text comes back, as it does when sending; a script is told so by the status.

use axum::extract::{Multipart, Path, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Json};
use domain::Lang;
use mailstore::{StoreError, ThreadId, Transaction};

use super::writing::{MAX_TEXT, subject};
use crate::app::App;
use crate::fault::Fault;
use crate::guard;
use crate::mail::draft::{self, Draft, DraftOf};
use crate::mail::outgoing::Token;
use crate::mail::sent;
use crate::mail::survey::Survey;
use crate::text::fill;
use crate::upload::{self, UploadForm};
use crate::visitor::Visitor;

/// What is done with a draft.
#[derive(Clone, Copy)]
enum Wish {
    Keep,
    Discard,
}

/// `POST /conversations/{thread}/draft`
pub(crate) async fn keep_answer(
    app: State<App>,
    lang: Extension<Lang>,
    visitor: Option<Visitor>,
    Path(thread): Path<String>,
    headers: HeaderMap,
    multipart: Multipart,
) -> Result<Response, Fault> {
    let of = DraftOf::Answer(thread.parse().map_err(|_| Fault::NotFound)?);
    carry_out(app, lang, visitor, (of, Wish::Keep), &headers, multipart).await
}

/// `POST /conversations/{thread}/discard`
pub(crate) async fn discard_answer(
    app: State<App>,
    lang: Extension<Lang>,
    visitor: Option<Visitor>,
    Path(thread): Path<String>,
    headers: HeaderMap,
    multipart: Multipart,
) -> Result<Response, Fault> {
    let of = DraftOf::Answer(thread.parse().map_err(|_| Fault::NotFound)?);
    carry_out(app, lang, visitor, (of, Wish::Discard), &headers, multipart).await
}

/// `POST /conversations/new/draft`
pub(crate) async fn keep_new(
    app: State<App>,
    lang: Extension<Lang>,
    visitor: Option<Visitor>,
    headers: HeaderMap,
    multipart: Multipart,
) -> Result<Response, Fault> {
    carry_out(app, lang, visitor, (DraftOf::New, Wish::Keep), &headers, multipart).await
}

/// `POST /conversations/new/discard`
pub(crate) async fn discard_new(
    app: State<App>,
    lang: Extension<Lang>,
    visitor: Option<Visitor>,
    headers: HeaderMap,
    multipart: Multipart,
) -> Result<Response, Fault> {
    carry_out(app, lang, visitor, (DraftOf::New, Wish::Discard), &headers, multipart).await
}

async fn carry_out(
    State(app): State<App>,
    Extension(lang): Extension<Lang>,
    visitor: Option<Visitor>,
    (of, wish): (DraftOf, Wish),
    headers: &HeaderMap,
    multipart: Multipart,
) -> Result<Response, Fault> {
    // Not an upload's turn: whoever saves while a message is being sent must not hold it up.
    let _turn = app.texts().await?;
    let Some(visitor) = visitor else {
        return guard::kept_text(lang, &upload::text(multipart).await?);
    };
    let form = UploadForm::read_texts(multipart).await?;
    visitor.signed_by(form.field("csrf"))?;
    let token = form.field("token").parse::<Token>().map_err(|()| Fault::Malformed)?;
    if let DraftOf::Answer(thread) = of {
        exists(&app, &visitor, thread).await?;
    }
    let draft = match wish {
        Wish::Keep => Draft {
            to: form.field("to").parse::<ThreadId>().map(|to| to.to_string()).unwrap_or_default(),
            subject: subject(&form),
            text: form.field("text").chars().take(MAX_TEXT).collect(),
            saved: visitor.now,
        },
        Wish::Discard => Draft::default(),
    };
    let work = move |tx: &mut Transaction<'_>| -> Result<(), StoreError> {
        // What a script saves may arrive behind the message itself.
        if !sent::is_sent(tx, &token)? {
            draft::put(tx, of, &draft)?;
        }
        Ok(())
    };
    let _ = app.store().transact(visitor.actor(), visitor.account, work).await?;
    Ok(match wish {
        Wish::Keep if wants_json(headers) => saved(&app, &visitor),
        Wish::Keep => Redirect::to(&format!("{}#text", of.page())).into_response(),
        Wish::Discard => Redirect::to(&format!("{}?discarded=1", of.page())).into_response(),
    })
}

/// Whether the conversation is the account's.
async fn exists(app: &App, visitor: &Visitor, thread: ThreadId) -> Result<(), Fault> {
    let visitor = visitor.clone();
    app.read(move |app| {
        let view = app.store().view(visitor.account)?;
        Survey::of(&view, &visitor.address)?.thread(thread).map(drop).ok_or(Fault::NotFound)
    })
    .await
}

/// Whether the site's script asks.
fn wants_json(headers: &HeaderMap) -> bool {
    headers.get(header::ACCEPT).is_some_and(|accept| accept == "application/json")
}

/// What the script shows: when the draft was kept, and the seconds until the session ends.
fn saved(app: &App, visitor: &Visitor) -> Response {
    let now = app.when(visitor.lang).moment(app.post().now());
    let said = fill(&visitor.texts().mail.draft_saved, &now.shown);
    let left = visitor.ends - visitor.now;
    Json(serde_json::json!({ "said": said, "left": left })).into_response()
}
