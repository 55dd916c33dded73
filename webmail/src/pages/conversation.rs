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
use super::writing::Writing;
use crate::app::App;
use crate::fault::Fault;
use crate::mail::draft::DraftOf;
use crate::mail::letter::{Letter, Report};
use crate::mail::person::Person;
use crate::mail::sent;
use crate::mail::survey::{Item, Partner, Survey, Thread};
use crate::mail::veil::Veil;
use crate::page::{Page, Place, render};
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
    undone: Option<String>,
    late: Option<String>,
    discarded: Option<String>,
}

/// What the page has to say first.
struct Notice {
    done: bool,
    title: String,
    text: String,
    /// The message that can be taken back, and the seconds left for it.
    undo: Option<String>,
    left: i64,
}

/// Why there is no answer, and what one can do instead.
struct Closed {
    why: String,
    since: String,
    next: String,
    kept: String,
}

/// One message of the page.
pub(crate) struct Shown {
    id: String,
    pub(crate) author: String,
    pub(crate) at: Moment,
    mine: bool,
    automatic: bool,
    pub(crate) text: String,
    pub(crate) quoted: String,
    html: Option<String>,
    pub(crate) cut: bool,
    pub(crate) damaged: bool,
    pub(crate) report: Option<String>,
    failed: bool,
    pub(crate) cards: Vec<Card>,
}

#[derive(Template)]
#[template(path = "conversation.html")]
struct ConversationPage {
    page: Page,
    id: String,
    csrf: String,
    subject: String,
    person: Person,
    letters: Vec<Shown>,
    notice: Option<Notice>,
    reply_to: String,
    form: Option<Writing>,
    closed: Option<Closed>,
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
    app.read(move |app| page(app, &visitor, id, &asked, StatusCode::OK, Writing::default())).await
}

/// A conversation as its pages read it.
pub(crate) struct Read {
    pub(crate) thread: Thread,
    pub(crate) partner: Option<Partner>,
    pub(crate) person: Person,
    pub(crate) subject: String,
    pub(crate) letters: Vec<Shown>,
}

/// Reads a conversation of the account.
pub(crate) fn read(
    app: &App,
    view: &View<'_>,
    visitor: &Visitor,
    when: &When,
    id: ThreadId,
) -> Result<Read, Fault> {
    let thread = Survey::of(view, &visitor.address)?.thread(id).ok_or(Fault::NotFound)?;
    let veil = veil(app, visitor, std::slice::from_ref(&thread));
    let partner = thread.partner(view)?;
    let person = match &partner {
        Some(partner) => veil.people().of(&partner.address, partner.chosen.as_deref()),
        None => Person { name: visitor.texts().mail.unknown_sender.clone(), ..Person::default() },
    };
    let subject = titled(&veil, visitor, &thread.subject());
    let skipped = thread.items.len().saturating_sub(MAX_SHOWN);
    let items = thread.items.iter().skip(skipped);
    let letters = items
        .map(|item| shown(app, view, visitor, &veil, when, &person, item))
        .collect::<Result<_, _>>()?;
    Ok(Read { thread, partner, person, subject, letters })
}

/// The page with a form as it came.
pub(crate) fn page(
    app: &App,
    visitor: &Visitor,
    id: ThreadId,
    asked: &Asked,
    status: StatusCode,
    form: Writing,
) -> Result<Response, Fault> {
    let view = app.store().view(visitor.account)?;
    let when = app.when(visitor.lang);
    let read = read(app, &view, visitor, &when, id)?;
    let Read { thread, partner, person, subject, letters } = read;
    let t = visitor.texts();
    let here = format!("/conversations/{id}");
    let title = format!("{subject} · {}", person.name);
    let page = visitor.page(app, &title, &here, Place::Conversations)?.with(&form.problems);
    let notice = notice(t, &view, visitor, &thread, asked)?;
    let reply_to = fill(&t.mail.reply_to, &person.name);
    let form = form.shown(app, &view, visitor, DraftOf::Answer(id))?;
    let (form, closed) = match &partner {
        Some(partner) if partner.is_open() => (Some(form), None),
        partner => (None, Some(closed(t, &when, partner.as_ref(), form.text))),
    };
    let (id, csrf) = (id.to_string(), visitor.csrf.clone());
    let page = ConversationPage {
        page,
        id,
        csrf,
        subject,
        person,
        letters,
        notice,
        reply_to,
        form,
        closed,
    };
    render(status, &page)
}

/// What the page has to say first: that a message can still be taken back, else what has just happened.
fn notice(
    t: &Texts,
    view: &View<'_>,
    visitor: &Visitor,
    thread: &Thread,
    asked: &Asked,
) -> Result<Option<Notice>, StoreError> {
    let said = |title: &String, text: &String| Notice {
        done: true,
        title: title.clone(),
        text: text.clone(),
        undo: None,
        left: 0,
    };
    let waiting = sent::waiting(view, visitor.now)?;
    // The latest one, if there are several.
    let items = thread.items.iter().rev();
    let held = items.into_iter().find_map(|item| Some((item.id, waiting.get(&item.id)?)));
    if let Some((message, due)) = held {
        let undo = Some(message.to_string());
        let left = due - visitor.now;
        return Ok(Some(Notice { undo, left, ..said(&t.mail.leaving, &t.mail.leaving_more) }));
    }
    Ok(match asked {
        Asked { late: Some(_), .. } => {
            Some(Notice { done: false, ..said(&t.mail.too_late, &t.mail.too_late_more) })
        }
        Asked { sent: Some(_), .. } => Some(said(&t.mail.sent, &t.mail.sent_more)),
        Asked { undone: Some(_), .. } => Some(said(&t.mail.undone, &t.mail.undone_more)),
        Asked { filed: Some(_), .. } => Some(said(&t.record.filed, &String::new())),
        Asked { discarded: Some(_), .. } => Some(said(&t.mail.discarded, &String::new())),
        _ => None,
    })
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
