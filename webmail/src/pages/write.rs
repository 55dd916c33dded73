//! Sending: an answer in a conversation, and a message that begins one with somebody who has written before.
//!
//! To whom a message goes is found on this side, from the conversation or from those who have written; a form never
//! names an address. A message that does not leave comes back with its text and the reason; one that leaves waits a
//! few seconds, in which it can be taken back.

use axum::Extension;
use axum::extract::{Multipart, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use domain::{Lang, MailAddress, Verdict};
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::{MailboxId, ThreadId, Transaction};
use post::Submitter;

use super::conversation;
use super::writing::{Writing, problems, subject};
use crate::app::App;
use crate::fault::Fault;
use crate::guard;
use crate::mail::draft::DraftOf;
use crate::mail::outgoing::{Outgoing, Token, Unsent};
use crate::mail::photo;
use crate::mail::sent;
use crate::mail::survey::{self, Partner, Survey};
use crate::page::{Problem, Problems};
use crate::text::{Texts, fill};
use crate::upload::{self, UploadForm};
use crate::visitor::Visitor;

/// What a conversation gives an answer.
struct Followed {
    to: Recipient,
    subject: String,
    follows: Vec<String>,
    /// The message that is answered: its mailbox and UID.
    place: Option<(MailboxId, u32)>,
}

/// Whom a message goes to.
struct Recipient {
    address: MailAddress,
    name: String,
}

/// A form with files, as it came.
struct Sending {
    form: UploadForm,
    token: Token,
    problems: Problems,
}

impl Sending {
    /// Reads and checks a form; its photographs are one document, if it says so.
    async fn read(app: &App, visitor: &Visitor, multipart: Multipart) -> Result<Self, Fault> {
        let mut form = UploadForm::read(multipart).await?;
        visitor.signed_by(form.field("csrf"))?;
        let token = form.field("token").parse::<Token>().map_err(|()| Fault::Malformed)?;
        let t = visitor.texts();
        let mut problems = problems(t, &form);
        if problems.is_empty() && !form.field("pdf").is_empty() {
            let _turn = app.photos().await?;
            let files = std::mem::take(&mut form.files);
            match app.read(move |_| Ok(photo::gathered(files, &t.mail.photos))).await? {
                Ok(files) => form.files = files,
                Err(error) => {
                    // What it is called is the citizen's own; why is for the log.
                    tracing::debug!(error = &error as &dyn std::error::Error, "a photograph");
                    let text = fill(&t.mail.photo_broken, &error.name);
                    problems.push(Problem::of("files", &text));
                }
            }
        }
        Ok(Self { form, token, problems })
    }

    /// Sends it. Gives the conversation, or nothing when it had been sent before.
    async fn send(
        &self,
        app: &App,
        visitor: &Visitor,
        to: Recipient,
        (subject, follows): (String, Vec<String>),
        of: DraftOf,
    ) -> Result<Result<Option<ThreadId>, Unsent>, Fault> {
        let undone = sent::undone(&app.store().view(visitor.account)?, &self.token)?;
        let outgoing = Outgoing {
            submitter: submitter(visitor),
            from_name: visitor.name.clone(),
            to: to.address,
            to_name: to.name,
            subject,
            text: self.form.field("text").to_owned(),
            files: self.form.files.clone(),
            follows,
            token: self.token.clone(),
            undone,
            of,
            shown_by: self.form.field("to").to_owned(),
        };
        Ok(outgoing.send(app.post()).await)
    }
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
        let _turn = app.texts().await?;
        return guard::kept_text(lang, &upload::text(multipart).await?);
    };
    let _turn = app.upload(visitor.account).await?;
    let mut sending = Sending::read(&app, &visitor, multipart).await?;
    let id: ThreadId = thread.parse().map_err(|_| Fault::NotFound)?;
    let followed = app.read({
        let visitor = visitor.clone();
        move |app| followed(app, &visitor, id)
    });
    let Followed { to, subject, follows, place } = followed.await?;
    if sending.problems.is_empty() {
        let of = DraftOf::Answer(id);
        match sending.send(&app, &visitor, to, (subject, follows), of).await? {
            Ok(_) => {
                mark_answered(&app, &visitor, place).await;
                let to = format!("/conversations/{id}?sent=1");
                return Ok(Redirect::to(&to).into_response());
            }
            Err(verdict) => sending.problems.push(refused(visitor.texts(), verdict)),
        }
    }
    let back = Writing::back(&sending.form, sending.problems);
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
    let subject = item.map(|item| survey::subject(&item.message)).unwrap_or_default();
    let place = item.filter(|item| !item.mine).map(|item| (item.mailbox, item.uid));
    let follows = follows.unwrap_or_default();
    let to = recipient_of(app, partner);
    Ok(Followed { to, subject: answered(&subject), follows, place })
}

/// Where a message to somebody goes, and by which name.
fn recipient_of(app: &App, partner: Partner) -> Recipient {
    let name = app.people(Lang::Fr).of(&partner.address, partner.chosen.as_deref()).name;
    Recipient { address: partner.answer_to, name }
}

/// The subject of an answer.
// RFC 5322 §3.6.5
fn answered(subject: &str) -> String {
    let is_answer = subject.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("re:"));
    if is_answer { subject.to_owned() } else { format!("Re: {subject}") }
}

/// A verdict, in the citizen's words.
fn refused(t: &Texts, unsent: Unsent) -> Problem {
    let verdict = match unsent {
        Unsent::Refused(verdict) => verdict,
        Unsent::SpaceFull => return Problem::of("", &t.mail.space_full),
    };
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

/// `POST /conversations/new`
pub(crate) async fn send_new(
    State(app): State<App>,
    Extension(lang): Extension<Lang>,
    visitor: Option<Visitor>,
    multipart: Multipart,
) -> Result<Response, Fault> {
    let Some(visitor) = visitor else {
        let _turn = app.texts().await?;
        return guard::kept_text(lang, &upload::text(multipart).await?);
    };
    let _turn = app.upload(visitor.account).await?;
    let sending = Sending::read(&app, &visitor, multipart).await?;
    let found = app.read({
        let (visitor, to) = (visitor.clone(), sending.form.field("to").to_owned());
        move |app| recipient(app, &visitor, &to)
    });
    let found = found.await?;
    let t = visitor.texts();
    let subject = subject(&sending.form);
    let missing = [
        found.is_none().then(|| Problem::of("to", &t.mail.to_missing)),
        subject.is_empty().then(|| Problem::of("subject", &t.mail.subject_missing)),
    ];
    let missing = missing.into_iter().flatten();
    let mut problems: Problems = missing.chain(sending.problems.iter().cloned()).collect();
    if let Some(to) = found
        && problems.is_empty()
    {
        match sending.send(&app, &visitor, to, (subject, Vec::new()), DraftOf::New).await? {
            Ok(Some(thread)) => {
                let to = format!("/conversations/{thread}?sent=1");
                return Ok(Redirect::to(&to).into_response());
            }
            Ok(None) => return Ok(Redirect::to("/conversations").into_response()),
            Err(verdict) => problems.push(refused(t, verdict)),
        }
    }
    let back = Writing::back(&sending.form, problems);
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    app.read(move |app| super::compose::page(app, &visitor, None, status, back)).await
}

/// Somebody who was chosen.
fn recipient(app: &App, visitor: &Visitor, to: &str) -> Result<Option<Recipient>, Fault> {
    let Ok(id) = to.parse::<ThreadId>() else { return Ok(None) };
    let view = app.store().view(visitor.account)?;
    let Some(thread) = Survey::of(&view, &visitor.address)?.thread(id) else { return Ok(None) };
    Ok(thread.partner(&view)?.map(|partner| recipient_of(app, partner)))
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
