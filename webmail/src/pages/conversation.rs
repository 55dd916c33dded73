//! One conversation: its messages, what became of their attachments, and the answer or why there is none.

use std::collections::HashSet;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::Response;
use domain::ExchangeState;
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::{MailboxId, StoreError, ThreadId, Transaction, View};
use serde::Deserialize;

use super::attachment::{Card, cards};
use super::conversations::{titled, veil};
use crate::app::App;
use crate::fault::Fault;
use crate::mail::letter::{Letter, Report};
use crate::mail::outgoing::Token;
use crate::mail::person::Person;
use crate::mail::survey::{Item, Partner, Survey, Thread};
use crate::mail::veil::Veil;
use crate::page::{Page, Place, Problem, render};
use crate::text::{Texts, fill};
use crate::visitor::Visitor;
use crate::when::{Moment, When};

/// Messages of a conversation that are shown, the latest ones.
const MAX_SHOWN: usize = 200;

/// What has just happened.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    sent: Option<String>,
    filed: Option<String>,
}

/// The form of an answer.
#[derive(Debug, Clone, Default)]
pub(crate) struct ReplyForm {
    pub(crate) title: String,
    pub(crate) csrf: String,
    pub(crate) token: String,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) had_files: bool,
    pub(crate) problems: Vec<Problem>,
}

impl ReplyForm {
    pub(crate) fn wrong(&self, field: &str) -> bool {
        self.problems.iter().any(|problem| problem.field == field)
    }
}

/// Why there is no answer, and what one can do instead.
struct Closed {
    why: String,
    since: String,
    next: String,
    kept: String,
}

/// One message of the page.
struct Shown {
    id: String,
    author: String,
    at: Moment,
    mine: bool,
    automatic: bool,
    text: String,
    quoted: String,
    html: Option<String>,
    cut: bool,
    damaged: bool,
    report: Option<String>,
    failed: bool,
    cards: Vec<Card>,
}

#[derive(Template)]
#[template(path = "conversation.html")]
struct ConversationPage {
    page: Page,
    id: String,
    subject: String,
    person: Person,
    letters: Vec<Shown>,
    form: Option<ReplyForm>,
    closed: Option<Closed>,
    sent: bool,
    filed: Option<String>,
}

/// `GET /conversations/{thread}`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Path(thread): Path<String>,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    let id: ThreadId = thread.parse().map_err(|_| Fault::NotFound)?;
    let unread = app.read({
        let visitor = visitor.clone();
        move |app| {
            let view = app.store().view(visitor.account)?;
            let thread = Survey::of(&view, &visitor.address)?.thread(id).ok_or(Fault::NotFound)?;
            Ok(unread(&thread))
        }
    });
    mark_seen(&app, &visitor, unread.await?).await;
    app.read(move |app| page(app, &visitor, id, &asked, StatusCode::OK, ReplyForm::default())).await
}

/// The page with a form as it came.
pub(crate) fn page(
    app: &App,
    visitor: &Visitor,
    id: ThreadId,
    asked: &Asked,
    status: StatusCode,
    form: ReplyForm,
) -> Result<Response, Fault> {
    let view = app.store().view(visitor.account)?;
    let thread = Survey::of(&view, &visitor.address)?.thread(id).ok_or(Fault::NotFound)?;
    let veil = veil(app, visitor, std::slice::from_ref(&thread));
    let when = app.when(visitor.lang);
    let t = visitor.texts();
    let partner = thread.partner(&view)?;
    let person = match &partner {
        Some(partner) => veil.people().of(&partner.address, partner.chosen.as_deref()),
        None => Person { name: t.mail.unknown_sender.clone(), ..Person::default() },
    };
    let subject = titled(&veil, &thread.subject());
    let here = format!("/conversations/{id}");
    let page =
        visitor.page(app, &format!("{subject} · {}", person.name), &here, Place::Conversations)?;
    let skipped = thread.items.len().saturating_sub(MAX_SHOWN);
    let items = thread.items.iter().skip(skipped);
    let letters = items
        .map(|item| shown(app, &view, visitor, &veil, &when, &person, item))
        .collect::<Result<_, _>>()?;
    let (form, closed) = match &partner {
        Some(partner) if partner.is_open() => {
            let title = fill(&t.mail.reply_to, &person.name);
            let token = Token::new(app.post())?.to_string();
            // A form that comes back keeps its mark: sent again, it is the same message.
            let token = if form.token.is_empty() { token } else { form.token };
            (Some(ReplyForm { title, csrf: visitor.csrf.clone(), token, ..form }), None)
        }
        partner => (None, Some(closed(t, &when, partner.as_ref(), form.text))),
    };
    let filed = asked.filed.is_some().then(|| t.record.filed.clone());
    let sent = asked.sent.is_some();
    let page = ConversationPage {
        page,
        id: id.to_string(),
        subject,
        person,
        letters,
        form,
        closed,
        sent,
        filed,
    };
    render(status, &page)
}

/// Why the citizen may not write here.
fn closed(t: &Texts, when: &When, partner: Option<&Partner>, kept: String) -> Closed {
    let exchange = partner.and_then(|partner| partner.exchange);
    match exchange {
        Some(exchange) if exchange.state() == ExchangeState::Closed => Closed {
            why: t.mail.closed.clone(),
            since: fill(&t.mail.closed_since, &when.day(exchange.since()).shown),
            next: t.mail.closed_next.clone(),
            kept,
        },
        _ => Closed {
            why: t.mail.automatic_only.clone(),
            since: String::new(),
            next: t.mail.automatic_next.clone(),
            kept,
        },
    }
}

fn shown(
    app: &App,
    view: &View<'_>,
    visitor: &Visitor,
    veil: &Veil,
    when: &When,
    partner: &Person,
    item: &Item,
) -> Result<Shown, StoreError> {
    let t = visitor.texts();
    let structure = view.structure(item.id)?;
    let letter = Letter::read(app.store(), view, &item.message, &structure, veil)?;
    let author = if item.mine {
        t.mail.you.clone()
    } else {
        match crate::mail::survey::from(&item.message) {
            Some(from) => {
                let chosen = crate::mail::survey::chosen(&item.message);
                veil.people().of(&from, chosen.as_deref()).name
            }
            None => partner.name.clone(),
        }
    };
    let report = letter.report.map(|report| match report {
        Report::Failed => t.mail.report_failed.clone(),
        Report::Delayed => t.mail.report_delayed.clone(),
        Report::Delivered => t.mail.report_delivered.clone(),
        Report::Read => t.mail.report_read.clone(),
        Report::Other => t.mail.report.clone(),
    });
    Ok(Shown {
        id: item.id.to_string(),
        author,
        at: when.millis(item.message.received),
        mine: item.mine,
        automatic: letter.automatic,
        html: letter.html.as_ref().map(ToString::to_string),
        cut: letter.cut,
        damaged: letter.damaged,
        failed: letter.report == Some(Report::Failed),
        report,
        cards: cards(view, visitor, when, veil, item, &letter)?,
        text: letter.text,
        quoted: letter.quoted,
    })
}

fn unread(thread: &Thread) -> Vec<(MailboxId, u32)> {
    thread.items.iter().filter(|item| item.unread).map(|item| (item.mailbox, item.uid)).collect()
}

/// Notes that the citizen has seen the messages. The page is shown in any case.
async fn mark_seen(app: &App, visitor: &Visitor, unread: Vec<(MailboxId, u32)>) {
    if unread.is_empty() {
        return;
    }
    let work = move |tx: &mut Transaction<'_>| -> Result<(), StoreError> {
        let mailboxes: HashSet<MailboxId> = unread.iter().map(|(mailbox, _)| *mailbox).collect();
        for mailbox in mailboxes {
            let here = unread.iter().filter(|(of, _)| *of == mailbox).map(|(_, uid)| *uid);
            let uids: Vec<u32> = here.collect();
            tx.store_flags(mailbox, &uids, FlagChange::Add(Flags::SEEN), None)?;
        }
        Ok(())
    };
    if let Err(error) = app.store().transact(visitor.actor(), visitor.account, work).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "messages are not marked as seen");
    }
}
