//! The list of conversations.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use crate::app::App;
use crate::fault::Fault;
use crate::mail::draft::{self, DraftOf};
use crate::mail::person::Person;
use crate::mail::survey::{Survey, Thread, named};
use crate::mail::veil::Veil;
use crate::page::{Page, Place, shown};
use crate::text::fill;
use crate::visitor::Visitor;
use crate::when::{Moment, When};
use mailstore::{StoreError, View};

/// Conversations of one page.
const PAGE: usize = 25;

/// Which page.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    page: Option<usize>,
}

struct Row {
    id: String,
    person: Person,
    subject: String,
    gist: String,
    at: Moment,
    unread: usize,
    attachments: String,
    closed: bool,
    draft: bool,
}

#[derive(Template)]
#[template(path = "conversations.html")]
struct ListPage {
    page: Page,
    /// What is looked for: nothing yet.
    question: &'static str,
    rows: Vec<Row>,
    /// There is a draft of a message that begins a conversation.
    begun: bool,
    newer: Option<usize>,
    older: Option<usize>,
    cut: bool,
}

/// `GET /conversations`
pub(crate) async fn list(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        let view = app.store().view(visitor.account)?;
        let survey = Survey::of(&view, &visitor.address)?;
        let number = asked.page.unwrap_or(1).clamp(1, survey.threads.len() / PAGE + 1);
        let skipped = (number - 1) * PAGE;
        let older = (survey.threads.len() > skipped + PAGE).then_some(number + 1);
        let page = visitor.page(
            app,
            &visitor.texts().mail.title,
            "/conversations",
            Place::Conversations,
        )?;
        let veil = veil(app, &visitor, &survey.threads);
        let when = app.when(visitor.lang);
        let here = survey.threads.iter().skip(skipped).take(PAGE);
        let drafts = draft::all(&view)?;
        let row = |thread: &Thread| {
            let draft = drafts.contains(&DraftOf::Answer(thread.id).id());
            Ok(Row { draft, ..row(&view, &visitor, thread, &veil, &when)? })
        };
        let rows = here.map(row).collect::<Result<_, StoreError>>()?;
        let begun = drafts.contains(&DraftOf::New.id());
        let newer = (number > 1).then(|| number - 1);
        shown(&ListPage { page, question: "", rows, begun, newer, older, cut: survey.cut })
    })
    .await
}

/// A veil over whatever these conversations name.
pub(crate) fn veil(app: &App, visitor: &Visitor, threads: &[Thread]) -> Veil {
    let messages = threads.iter().flat_map(|thread| &thread.items).map(|item| &item.message);
    let seen: Vec<_> = messages.flat_map(named).collect();
    let citizens = &app.post().settings().citizen_domains;
    Veil::new(app.people(visitor.lang), citizens, seen.iter())
}

/// A veil over whatever all of the account's conversations name, for what lies outside of them.
// MSS #46
pub(crate) fn veil_of(app: &App, view: &View<'_>, visitor: &Visitor) -> Result<Veil, StoreError> {
    Ok(veil(app, visitor, &Survey::of(view, &visitor.address)?.threads))
}

fn row(
    view: &View<'_>,
    visitor: &Visitor,
    thread: &Thread,
    veil: &Veil,
    when: &When,
) -> Result<Row, StoreError> {
    let partner = thread.partner(view)?;
    let people = veil.people();
    let person = match &partner {
        Some(partner) => people.of(&partner.address, partner.chosen.as_deref()),
        None => Person { name: people.texts.mail.unknown_sender.clone(), ..Person::default() },
    };
    let last = thread.items.last();
    let subject = thread.subject();
    let attached: u32 = thread.items.iter().map(|item| u32::from(item.message.attachments)).sum();
    let attachments = match attached {
        0 => String::new(),
        1 => people.texts.mail.attachment.clone(),
        more => fill(&people.texts.mail.attachments, &more.to_string()),
    };
    Ok(Row {
        id: thread.id.to_string(),
        person,
        subject: titled(veil, visitor, &subject),
        gist: last.map(|item| veil.over(&item.message.preview).into_owned()).unwrap_or_default(),
        at: when.millis(last.map_or(0, |item| item.message.received)),
        unread: thread.unread(),
        attachments,
        closed: partner.is_some_and(|partner| partner.exchange.is_some() && !partner.is_open()),
        draft: false,
    })
}

/// A subject for people, never empty: who they are is in the banner already.
pub(crate) fn titled(veil: &Veil, visitor: &Visitor, subject: &str) -> String {
    let own =
        subject.len().checked_sub(visitor.traits.len()).and_then(|at| subject.split_at_checked(at));
    let label = own.filter(|(label, traits)| {
        !label.trim().is_empty() && traits.to_lowercase() == visitor.traits.to_lowercase()
    });
    match label {
        _ if subject.is_empty() => veil.people().texts.mail.no_subject.clone(),
        Some((label, _)) if !visitor.traits.is_empty() => veil.over(label.trim()).into_owned(),
        _ => veil.over(subject).into_owned(),
    }
}
