//! Looking for words in messages and in the documents that came with them.
//!
//! Invariant: what is withheld from the citizen for a while is not looked in: that a word stands in it would tell of it.

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use record::EntryId;
use serde::Deserialize;

use super::conversations::{titled, veil};
use crate::app::App;
use crate::fault::Fault;
use crate::mail::person::Person;
use crate::mail::survey::{Item, Survey, Thread, subject};
use crate::mail::veil::Veil;
use crate::mail::withheld::Withholding;
use crate::page::{Page, Place, shown};
use crate::text::fill;
use crate::visitor::Visitor;
use crate::when::{Moment, When};
use mailstore::{MessageId, StoreError, View};

/// Messages that are shown.
const MOST: usize = 50;
/// Characters of a question.
const MAX_QUESTION: usize = 200;
/// Documents named beside one message.
const MAX_DOCUMENTS: usize = 10;

/// What is looked for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    q: Option<String>,
}

struct Document {
    id: EntryId,
    title: String,
}

struct Row {
    thread: String,
    message: String,
    person: Person,
    mine: bool,
    subject: String,
    gist: String,
    at: Moment,
    documents: Vec<Document>,
}

#[derive(Template)]
#[template(path = "found.html")]
struct FoundPage {
    page: Page,
    question: String,
    count: String,
    rows: Vec<Row>,
    complete: bool,
}

/// `GET /search`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        let question: String = asked.q.unwrap_or_default().chars().take(MAX_QUESTION).collect();
        let question = question.trim().to_owned();
        let view = app.store().view(visitor.account)?;
        let survey = Survey::of(&view, &visitor.address)?;
        let veil = veil(app, &visitor, &survey.threads);
        let looking =
            Looking { view: &view, visitor: &visitor, veil: &veil, when: app.when(visitor.lang) };
        let (rows, complete) = looking.rows(app, &survey.threads, &question)?;
        let texts = &visitor.texts().mail;
        let count = match rows.len() {
            0 => texts.found_none.clone(),
            1 => texts.found_one.clone(),
            MOST => fill(&texts.found_most, &MOST.to_string()),
            more => fill(&texts.found_many, &more.to_string()),
        };
        let page = visitor.page(app, &texts.find_title, "/search", Place::Conversations)?;
        shown(&FoundPage { page, question, count, rows, complete })
    })
    .await
}

struct Looking<'v> {
    view: &'v View<'static>,
    visitor: &'v Visitor,
    veil: &'v Veil,
    when: When,
}

impl Looking<'_> {
    /// Messages of conversations in which the question's words stand, the best first; whether all were looked at.
    fn rows<'t>(
        &self,
        app: &App,
        threads: &'t [Thread],
        question: &str,
    ) -> Result<(Vec<Row>, bool), Fault> {
        let Some(search) = app.search() else { return Ok((Vec::new(), false)) };
        let item = |message: MessageId| {
            let of = |thread: &'t Thread| thread.items.iter().map(move |item| (thread, item));
            threads.iter().flat_map(of).find(|(_, item)| item.id == message)
        };
        let withheld = |message: MessageId| match item(message) {
            Some((_, item)) => self.is_withheld(item),
            // It is not shown at all.
            None => Ok(true),
        };
        let found = search.find(self.view, question, MOST, &withheld)?;
        let here = found.messages.into_iter().filter_map(item);
        let rows = here.map(|(thread, item)| self.row(thread, item));
        Ok((rows.collect::<Result<_, StoreError>>()?, found.complete))
    }

    // MSS #72
    fn is_withheld(&self, item: &Item) -> Result<bool, StoreError> {
        let fates = record::fate_of_message(self.view, item.id)?;
        let withheld = Withholding { mine: item.mine, fates: &fates, now: self.visitor.now };
        withheld.holds(self.view, item.id, &[])
    }

    fn row(&self, thread: &Thread, item: &Item) -> Result<Row, StoreError> {
        let people = self.veil.people();
        let person = match thread.partner(self.view)? {
            Some(partner) => people.of(&partner.address, partner.chosen.as_deref()),
            None => Person { name: people.texts.mail.unknown_sender.clone(), ..Person::default() },
        };
        Ok(Row {
            thread: thread.id.to_string(),
            message: item.id.to_string(),
            person,
            mine: item.mine,
            subject: titled(self.veil, self.visitor, &subject(&item.message)),
            gist: self.veil.over(&item.message.preview).into_owned(),
            at: self.when.millis(item.message.received),
            documents: self.documents(item)?,
        })
    }

    /// The documents of the record that came with a message and that the citizen sees.
    fn documents(&self, item: &Item) -> Result<Vec<Document>, StoreError> {
        let mut documents = Vec::new();
        for fate in record::fate_of_message(self.view, item.id)? {
            let Some(id) = fate.fate.entry() else { continue };
            let Some(entry) = record::entry(self.view, id)? else { continue };
            let is_shown = record::is_visible(&entry, self.visitor.now);
            if is_shown && documents.len() < MAX_DOCUMENTS {
                let title = record::title(self.view, &entry)?;
                documents.push(Document { id, title: self.veil.over(&title).into_owned() });
            }
        }
        Ok(documents)
    }
}
