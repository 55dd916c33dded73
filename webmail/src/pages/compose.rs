//! The page of a message that begins a conversation: with whom, about what.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use mailstore::{ThreadId, View};
use serde::Deserialize;

use super::conversations::veil;
use super::writing::Writing;
use crate::app::App;
use crate::fault::Fault;
use crate::mail::draft::DraftOf;
use crate::mail::person::Person;
use crate::mail::survey::{Partner, Survey, Thread};
use crate::page::{Page, Place, render};
use crate::visitor::Visitor;

/// People that a new conversation can be begun with, the latest ones.
const MAX_PEOPLE: usize = 100;

/// Somebody that a new conversation can be begun with; `id` is that of the conversation that shows them.
struct Choice {
    id: String,
    person: Person,
    chosen: bool,
}

/// What has just happened.
struct Notice {
    title: String,
    text: String,
}

#[derive(Template)]
#[template(path = "compose.html")]
struct ComposePage {
    page: Page,
    notice: Option<Notice>,
    people: Vec<Choice>,
    form: Writing,
}

/// Whom to write to, asked for in the address, and what has just happened.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    to: Option<String>,
    undone: Option<String>,
    discarded: Option<String>,
}

/// `GET /conversations/new`
pub(crate) async fn new(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let form = Writing::default();
    app.read(move |app| page(app, &visitor, Some(&asked), StatusCode::OK, form)).await
}

/// The page with a form as it came.
pub(crate) fn page(
    app: &App,
    visitor: &Visitor,
    asked: Option<&Asked>,
    status: StatusCode,
    form: Writing,
) -> Result<Response, Fault> {
    let view = app.store().view(visitor.account)?;
    let survey = Survey::of(&view, &visitor.address)?;
    let veil = veil(app, visitor, &survey.threads);
    let open = open_partners(&view, &survey.threads)?;
    let form = form.shown(app, &view, visitor, DraftOf::New)?;
    let only = open.len() == 1;
    let to = asked.and_then(|asked| asked.to.as_deref()).unwrap_or(&form.to);
    // Whichever of their conversations was meant.
    let meant = survey.threads.iter().find(|thread| thread.id.to_string() == to);
    let meant = match meant {
        Some(thread) => thread.partner(&view)?.map(|partner| partner.answer_to.lookup_key()),
        None => None,
    };
    let people = open.into_iter().map(|(id, partner)| {
        let id = id.to_string();
        let chosen = only || meant.as_ref() == Some(&partner.answer_to.lookup_key());
        let person = veil.people().of(&partner.address, partner.chosen.as_deref());
        Choice { id, person, chosen }
    });
    let people = people.collect();
    let t = visitor.texts();
    let notice = match asked {
        Some(Asked { undone: Some(_), .. }) => Some((&t.mail.undone, &t.mail.undone_more)),
        Some(Asked { discarded: Some(_), .. }) => Some((&t.mail.discarded, &String::new())),
        _ => None,
    };
    let notice = notice.map(|(title, text)| Notice { title: title.clone(), text: text.clone() });
    let page = visitor.page(app, &t.mail.new_title, "/conversations/new", Place::Conversations)?;
    let page = page.with(&form.problems);
    render(status, &ComposePage { page, notice, people, form })
}

/// Those who have written and may be written to, each once, with a conversation that shows them.
// MSS #38
fn open_partners(view: &View<'_>, threads: &[Thread]) -> Result<Vec<(ThreadId, Partner)>, Fault> {
    let mut found: BTreeMap<String, ()> = BTreeMap::new();
    let mut open = Vec::new();
    for thread in threads {
        if let Some(partner) = thread.partner(view)?
            && partner.is_open()
            && found.insert(partner.answer_to.lookup_key().as_str().to_owned(), ()).is_none()
        {
            open.push((thread.id, partner));
        }
        if open.len() >= MAX_PEOPLE {
            break;
        }
    }
    Ok(open)
}
