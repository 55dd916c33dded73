//! A conversation on paper: every word of it, nothing to press. Browsers print it, or save it as a PDF.

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use mailstore::ThreadId;

use super::conversation::{self, Shown};
use crate::app::App;
use crate::fault::Fault;
use crate::mail::person::Person;
use crate::page::{Page, Place, shown};
use crate::text::fill;
use crate::visitor::Visitor;

#[derive(Template)]
#[template(path = "print.html")]
struct PrintPage {
    page: Page,
    id: String,
    subject: String,
    person: Person,
    letters: Vec<Shown>,
    printed: String,
}

/// `GET /conversations/{thread}/print`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(thread): Path<String>,
) -> Result<Response, Fault> {
    let id: ThreadId = thread.parse().map_err(|_| Fault::NotFound)?;
    app.read(move |app| {
        let view = app.store().view(visitor.account)?;
        let when = app.when(visitor.lang).on_paper();
        let read = conversation::read(app, &view, &visitor, &when, id)?;
        let t = visitor.texts();
        let here = format!("/conversations/{id}/print");
        let title = format!("{} · {}", read.subject, read.person.name);
        let now = when.moment(app.post().now());
        shown(&PrintPage {
            page: visitor.page(app, &title, &here, Place::Conversations)?,
            id: id.to_string(),
            subject: read.subject,
            person: read.person,
            letters: read.letters,
            printed: fill(&t.mail.printed, &now.shown),
        })
    })
    .await
}
