//! Taking back a message that has not left yet: it becomes a draft again.

use std::collections::HashMap;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect, Response};
use mailstore::{MessageId, Transaction};

use crate::app::App;
use crate::fault::{Fault, ours};
use crate::mail::part::MAX_DOWNLOAD;
use crate::mail::sent;
use crate::mail::survey;
use crate::visitor::Visitor;

/// `POST /messages/{message}/undo`
pub(crate) async fn undo(
    State(app): State<App>,
    visitor: Visitor,
    Path(message): Path<String>,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    visitor.signed(&form)?;
    let id: MessageId = message.parse().map_err(|_| Fault::NotFound)?;
    let read = app.read({
        let visitor = visitor.clone();
        move |app| words(app, &visitor, id)
    });
    let (thread, subject, text) = read.await?;
    let work = move |tx: &mut Transaction<'_>| sent::take_back(tx, id, &subject, &text);
    let undone = app.store().transact(visitor.actor(), visitor.account, work).await?;
    let to = match undone.into_inner() {
        Some(of) => format!("{}?undone=1#text", of.page()),
        None => format!("/conversations/{thread}?late=1"),
    };
    Ok(Redirect::to(&to).into_response())
}

/// A message's conversation, its subject, and its text as it was written.
fn words(app: &App, visitor: &Visitor, id: MessageId) -> Result<(String, String, String), Fault> {
    let view = app.store().view(visitor.account)?;
    let message = view.message(id)?;
    let structure = view.structure(id)?;
    let text = structure.part.leaves().find(|(_, part)| part.is("text", "plain"));
    let Some((path, _)) = text else { return Err(Fault::NotFound) };
    let octets = record::part::content(app.store(), &view, id, &path, MAX_DOWNLOAD);
    let octets = octets.map_err(|error| ours(&error))?;
    let text = String::from_utf8_lossy(&octets).replace("\r\n", "\n");
    Ok((message.thread.to_string(), survey::subject(&message), text.trim_end().to_owned()))
}
