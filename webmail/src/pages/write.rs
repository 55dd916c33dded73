//! Writing: an answer in a conversation, and a new conversation with somebody who has written before.
//!
//! To whom a message goes is found on this side, from the conversation or from those who have written; a form never
//! names an address. A message that does not leave comes back with its text and the reason.

use askama::Template;
use axum::Extension;
use axum::extract::{Multipart, Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::{Lang, MailAddress, Verdict};
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::{MailboxId, ThreadId, Transaction, View};
use post::Submitter;
use serde::Deserialize;
use std::collections::BTreeMap;

use super::conversation::{self, ReplyForm};
use super::conversations::veil;
use crate::app::App;
use crate::fault::Fault;
use crate::guard;
use crate::mail::outgoing::{Outgoing, Token};
use crate::mail::person::Person;
use crate::mail::survey::{Partner, Survey, Thread, subject};
use crate::page::{Page, Place, Problem, render};
use crate::text::Texts;
use crate::upload::{self, UploadForm};
use crate::visitor::Visitor;

/// Characters of a text that is written here.
const MAX_TEXT: usize = 100_000;
/// Characters of a subject.
const MAX_SUBJECT: usize = 200;
/// People that a new conversation can be begun with, the latest ones.
const MAX_PEOPLE: usize = 100;

/// What a conversation gives an answer.
struct Followed {
    partner: Partner,
    to_name: String,
    subject: String,
    follows: Vec<String>,
    /// The message that is answered: its mailbox and UID.
    place: Option<(MailboxId, u32)>,
}

/// `POST /conversations/{thread}/reply`
pub(crate) async fn reply(
    State(app): State<App>,
    Extension(lang): Extension<Lang>,
    visitor: Option<Visitor>,
    Path(thread): Path<String>,
    multipart: Multipart,
) -> Result<Response, Fault> {
    let Some(visitor) = visitor else {
        let _turn = app.ended().await?;
        return guard::kept_text(lang, &upload::text(multipart).await?);
    };
    let _turn = app.upload(visitor.account).await?;
    let form = UploadForm::read(multipart).await?;
    visitor.signed_by(form.field("csrf"))?;
    let id: ThreadId = thread.parse().map_err(|_| Fault::NotFound)?;
    let followed = app.read({
        let visitor = visitor.clone();
        move |app| followed(app, &visitor, id)
    });
    let followed = followed.await?;
    let t = visitor.texts();
    let token = form.field("token").parse::<Token>().map_err(|()| Fault::Malformed)?;
    let mut problems = problems(t, &form);
    if problems.is_empty() {
        let outgoing = Outgoing {
            submitter: submitter(&visitor),
            from_name: visitor.name.clone(),
            to: followed.partner.answer_to.clone(),
            to_name: followed.to_name,
            subject: followed.subject,
            text: form.field("text").to_owned(),
            files: form.files.clone(),
            follows: followed.follows,
            token,
        };
        match outgoing.send(app.post()).await {
            Ok(_) => {
                mark_answered(&app, &visitor, followed.place).await;
                let to = format!("/conversations/{id}?sent=1");
                return Ok(Redirect::to(&to).into_response());
            }
            Err(verdict) => problems.push(refused(t, verdict)),
        }
    }
    let back = ReplyForm {
        token: form.field("token").to_owned(),
        text: form.field("text").to_owned(),
        had_files: form.too_large || !form.files.is_empty(),
        problems,
        ..ReplyForm::default()
    };
    app.read(move |app| {
        let asked = conversation::Asked::default();
        let status = StatusCode::UNPROCESSABLE_ENTITY;
        conversation::page(app, &visitor, id, &asked, status, back)
    })
    .await
}

fn followed(app: &App, visitor: &Visitor, id: ThreadId) -> Result<Followed, Fault> {
    let view = app.store().view(visitor.account)?;
    let thread = Survey::of(&view, &visitor.address)?.thread(id).ok_or(Fault::NotFound)?;
    let partner = thread.partner(&view)?.ok_or(Fault::NotFound)?;
    let item = thread.followed(&view)?.or(thread.items.last());
    let follows = item.map(|item| {
        let mut follows = item.message.envelope.follows();
        follows.extend(item.message.envelope.bare_message_id());
        follows.retain(|id| id.bytes().all(|b| b.is_ascii_graphic()));
        follows
    });
    let subject = item.map(|item| subject(&item.message)).unwrap_or_default();
    let to_name = app.people(Lang::Fr).of(&partner.address, partner.chosen.as_deref()).name;
    let place = item.filter(|item| !item.mine).map(|item| (item.mailbox, item.uid));
    let follows = follows.unwrap_or_default();
    Ok(Followed { partner, to_name, subject: answered(&subject), follows, place })
}

/// The subject of an answer.
// RFC 5322 §3.6.5
fn answered(subject: &str) -> String {
    let is_answer = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if is_answer { subject.to_owned() } else { format!("Re: {subject}") }
}

/// What keeps a message from being tried at all.
fn problems(t: &Texts, form: &UploadForm) -> Vec<Problem> {
    let mut problems = Vec::new();
    let text = form.field("text");
    if form.too_large {
        problems.push(Problem::of("files", &t.faults.too_large));
    } else if text.trim().is_empty() && form.files.is_empty() {
        problems.push(Problem::of("text", &t.mail.text_missing));
    }
    if text.chars().count() > MAX_TEXT {
        problems.push(Problem::of("text", &t.mail.too_long));
    }
    problems
}

/// A verdict, in the citizen's words.
fn refused(t: &Texts, verdict: Verdict) -> Problem {
    let text = format!("{} {}", t.of(verdict.citizen()), t.of(verdict.next_step()));
    Problem { field: if verdict == Verdict::MessageTooLarge { "files" } else { "" }, text }
}

fn submitter(visitor: &Visitor) -> Submitter {
    Submitter {
        actor: visitor.actor(),
        account: visitor.account,
        address: visitor.address.clone(),
        also_as: Vec::new(),
        is_citizen: true,
    }
}

/// Notes that a message was answered. The answer has left in any case.
async fn mark_answered(app: &App, visitor: &Visitor, place: Option<(MailboxId, u32)>) {
    let Some((mailbox, uid)) = place else { return };
    let flags = Flags::ANSWERED.and(Flags::SEEN);
    let work = move |tx: &mut Transaction<'_>| {
        tx.store_flags(mailbox, &[uid], FlagChange::Add(flags), None).map(drop)
    };
    if let Err(error) = app.store().transact(visitor.actor(), visitor.account, work).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a message is not marked");
    }
}

/// Somebody that a new conversation can be begun with; `id` is that of the conversation that shows them.
struct Choice {
    id: String,
    person: Person,
    chosen: bool,
}

#[derive(Template)]
#[template(path = "compose.html")]
struct ComposePage {
    page: Page,
    people: Vec<Choice>,
    form: ReplyForm,
}

/// Whom to write to, asked for in the address.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    to: Option<String>,
}

/// `GET /conversations/new`
pub(crate) async fn new(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        compose(app, &visitor, asked.to.as_deref(), StatusCode::OK, ReplyForm::default())
    })
    .await
}

fn compose(
    app: &App,
    visitor: &Visitor,
    to: Option<&str>,
    status: StatusCode,
    form: ReplyForm,
) -> Result<Response, Fault> {
    let view = app.store().view(visitor.account)?;
    let survey = Survey::of(&view, &visitor.address)?;
    let veil = veil(app, visitor, &survey.threads);
    let open = open_partners(&view, &survey.threads)?;
    let only = open.len() == 1;
    let people = open.into_iter().map(|(id, partner)| {
        let id = id.to_string();
        let chosen = only || to == Some(&id);
        let person = veil.people().of(&partner.address, partner.chosen.as_deref());
        Choice { id, person, chosen }
    });
    let people = people.collect();
    let t = visitor.texts();
    let page = visitor.page(app, &t.mail.new_title, "/conversations/new", Place::Conversations)?;
    let token = Token::new(app.post())?.to_string();
    let token = if form.token.is_empty() { token } else { form.token };
    let form = ReplyForm { csrf: visitor.csrf.clone(), token, ..form };
    render(status, &ComposePage { page, people, form })
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

/// `POST /conversations/new`
pub(crate) async fn send_new(
    State(app): State<App>,
    Extension(lang): Extension<Lang>,
    visitor: Option<Visitor>,
    multipart: Multipart,
) -> Result<Response, Fault> {
    let Some(visitor) = visitor else {
        let _turn = app.ended().await?;
        return guard::kept_text(lang, &upload::text(multipart).await?);
    };
    let _turn = app.upload(visitor.account).await?;
    let form = UploadForm::read(multipart).await?;
    visitor.signed_by(form.field("csrf"))?;
    let token = form.field("token").parse::<Token>().map_err(|()| Fault::Malformed)?;
    let to = form.field("to").to_owned();
    let found = app.read({
        let (visitor, to) = (visitor.clone(), to.clone());
        move |app| recipient(app, &visitor, &to)
    });
    let found = found.await?;
    let t = visitor.texts();
    let subject: String = form.field("subject").chars().filter(|c| !c.is_control()).collect();
    let subject: String = subject.trim().chars().take(MAX_SUBJECT).collect();
    let mut problems = problems(t, &form);
    if subject.is_empty() {
        problems.insert(0, Problem::of("subject", &t.mail.subject_missing));
    }
    match found {
        None => problems.insert(0, Problem::of("to", &t.mail.to_missing)),
        Some((address, to_name)) if problems.is_empty() => {
            let outgoing = Outgoing {
                submitter: submitter(&visitor),
                from_name: visitor.name.clone(),
                to: address,
                to_name,
                subject: subject.clone(),
                text: form.field("text").to_owned(),
                files: form.files.clone(),
                follows: Vec::new(),
                token,
            };
            match outgoing.send(app.post()).await {
                Ok(Some(thread)) => {
                    let to = format!("/conversations/{thread}?sent=1");
                    return Ok(Redirect::to(&to).into_response());
                }
                Ok(None) => return Ok(Redirect::to("/conversations").into_response()),
                Err(verdict) => problems.push(refused(t, verdict)),
            }
        }
        Some(_) => {}
    }
    let back = ReplyForm {
        token: form.field("token").to_owned(),
        subject,
        text: form.field("text").to_owned(),
        had_files: form.too_large || !form.files.is_empty(),
        problems,
        ..ReplyForm::default()
    };
    app.read(move |app| compose(app, &visitor, Some(&to), StatusCode::UNPROCESSABLE_ENTITY, back))
        .await
}

/// The address and name of somebody who was chosen.
fn recipient(
    app: &App,
    visitor: &Visitor,
    to: &str,
) -> Result<Option<(MailAddress, String)>, Fault> {
    let Ok(id) = to.parse::<ThreadId>() else { return Ok(None) };
    let view = app.store().view(visitor.account)?;
    let Some(thread) = Survey::of(&view, &visitor.address)?.thread(id) else { return Ok(None) };
    let people = app.people(Lang::Fr);
    Ok(thread.partner(&view)?.map(|partner| {
        let name = people.of(&partner.address, partner.chosen.as_deref()).name;
        (partner.answer_to, name)
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_so_once() {
        assert_eq!(answered("Bilan"), "Re: Bilan");
        assert_eq!(answered("RE: Bilan"), "RE: Bilan");
        assert_eq!(answered("é"), "Re: é");
    }
}
