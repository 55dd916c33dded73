//! `pli queue`: what is on its way to other operators, and an administrator's decisions about it.
//!
//! Invariants: a list names domains only; whole addresses, which may be a citizen's number, are shown
//! of one message when it is asked for by its id. Whoever holds or drops says why, and it is kept or
//! told.

use crate::administration::{Answer, Request, ask};
use crate::args::QueueCommand;
use jiff::Timestamp;
use mailstore::QueueId;
use mta::relay::Relay;
use post::Post;
use post::queue::{Done, Listed, Mark};
use std::collections::BTreeSet;
use std::error::Error;
use std::process::ExitCode;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Messages that one `retry --all` looks at.
const MAX_RETRIED: usize = 100_000;
/// Octets of a reason.
const MAX_REASON: usize = 200;

/// `pli queue`.
pub(crate) fn run(command: &QueueCommand) -> Outcome<ExitCode> {
    match command.clone() {
        QueueCommand::List { of, limit } => ask(&of, Request::ListQueue { limit }),
        QueueCommand::Show { of, id } => ask(&of, Request::ShowQueued { id }),
        QueueCommand::Retry { of, ids, all } => {
            let ids = (!all).then_some(ids);
            ask(&of, Request::RetryQueued { ids })
        }
        QueueCommand::Hold { of, ids, reason } => {
            ask(&of, Request::HoldQueued { ids, reason: checked(reason)? })
        }
        QueueCommand::Drop { of, ids, reason, silent } => {
            ask(&of, Request::DropQueued { ids, reason: checked(reason)?, silent })
        }
    }
}

/// A reason in one line: it may stand in a report.
fn checked(reason: String) -> Outcome<String> {
    let right =
        (1..=MAX_REASON).contains(&reason.trim().len()) && !reason.chars().any(char::is_control);
    let wrong = || format!("--reason: write one line of 1 to {MAX_REASON} octets").into();
    right.then(|| reason.trim().to_owned()).ok_or_else(wrong)
}

fn instant(second: i64) -> String {
    Timestamp::from_second(second).map_or_else(|_| "-".to_owned(), |at| at.to_string())
}

/// Why it waits, in a word.
fn state(listed: &Listed, now: i64) -> &'static str {
    match listed.mark {
        Some(Mark::Held { .. }) => "held",
        Some(Mark::GivenUp { .. }) => "given-up",
        None if listed.at <= now => "due",
        None => "waiting",
    }
}

/// The reasons of the last tries.
fn reasons(listed: &Listed) -> String {
    let mark = match &listed.mark {
        Some(Mark::Held { reason, .. } | Mark::GivenUp { reason, .. }) => Some(reason.as_str()),
        None => None,
    };
    let tries = listed.entry.recipients.iter().filter_map(|to| to.last.as_deref());
    let all: BTreeSet<&str> = mark.into_iter().chain(tries).collect();
    match all.is_empty() {
        true => "-".to_owned(),
        false => all.into_iter().collect::<Vec<_>>().join(", "),
    }
}

/// A line for each message.
pub(crate) fn list(post: &Post, limit: usize) -> Outcome<Answer> {
    let now = post.now().as_second();
    let listed = post.listed(limit)?;
    if listed.is_empty() {
        return Ok(Answer::Done("The queue is empty.\n".to_owned()));
    }
    let mut text = String::new();
    for listed in &listed {
        let entry = &listed.entry;
        let domains: BTreeSet<&str> =
            entry.recipients.iter().map(|to| to.address.domain().as_str()).collect();
        text.push_str(&format!(
            "{}  {:<8}  next {}  tries {}  {} octets  {} to {}  {}\n",
            entry.id,
            state(listed, now),
            if matches!(listed.mark, Some(Mark::Held { .. })) {
                "-".to_owned()
            } else {
                instant(listed.at)
            },
            entry.attempts,
            entry.size,
            entry.recipients.len(),
            domains.into_iter().collect::<Vec<_>>().join(", "),
            reasons(listed),
        ));
    }
    Ok(Answer::Done(text))
}

fn find(post: &Post, id: &str) -> Outcome<Listed> {
    let read: QueueId = id.parse().map_err(|_| format!("{id} is no id of a message"))?;
    Ok(post.find_listed(read)?.ok_or_else(|| format!("there is no message {id} in the queue"))?)
}

/// All there is to know of one message, but what it says.
pub(crate) fn show(post: &Post, id: &str) -> Outcome<Answer> {
    let listed = find(post, id)?;
    let entry = &listed.entry;
    let mut text = format!(
        "id        {}\nstate     {}\nfrom      {}\naccepted  {}\ntries     {}\nsize      {} octets\n",
        entry.id,
        state(&listed, post.now().as_second()),
        entry.reverse_path,
        instant(entry.accepted),
        entry.attempts,
        entry.size,
    );
    match &listed.mark {
        None => text.push_str(&format!("next try  {}\n", instant(listed.at))),
        Some(Mark::Held { since, reason }) => {
            text.push_str(&format!("held      since {}: {reason}\n", instant(*since)));
        }
        Some(Mark::GivenUp { since, reason }) => {
            text.push_str(&format!("given up  since {}: {reason}\n", instant(*since)));
        }
    }
    for to in &entry.recipients {
        let last = to.last.as_deref().unwrap_or("not tried yet");
        text.push_str(&format!("to        {}  {last}\n", to.address));
    }
    Ok(Answer::Done(text))
}

fn said(id: &str, done: Done, changed: &str, already: &str) -> String {
    let what = match done {
        Done::Changed => changed,
        Done::Already => already,
        Done::Gone => "is no longer in the queue",
    };
    format!("{id}  {what}\n")
}

/// Has messages tried at once; without ids all that wait and are not held.
pub(crate) async fn retry(
    post: &Post,
    relay: Option<&Relay>,
    ids: Option<&[String]>,
) -> Outcome<Answer> {
    if let Some(relay) = relay {
        relay.wake();
    }
    let chosen = match ids {
        Some(ids) => ids.iter().map(|id| find(post, id)).collect::<Outcome<Vec<_>>>()?,
        None => {
            let mut all = post.listed(MAX_RETRIED)?;
            all.retain(|listed| listed.mark.is_none());
            all
        }
    };
    let mut text = String::new();
    for listed in &chosen {
        let done = post.retry_now(listed).await?;
        let id = listed.entry.id.to_string();
        text.push_str(&said(&id, done, "is tried at once", "is due already"));
    }
    if text.is_empty() {
        text.push_str("Nothing waits.\n");
    }
    Ok(Answer::Done(text))
}

/// Holds messages.
pub(crate) async fn hold(post: &Post, ids: &[String], reason: &str) -> Outcome<Answer> {
    let mut text = String::new();
    for id in ids {
        let done = post.hold(&find(post, id)?, reason.to_owned()).await?;
        text.push_str(&said(id, done, "is held; `pli queue retry` lets it go", "is held already"));
    }
    Ok(Answer::Done(text))
}

/// Takes messages out; their senders are told, unless that is to be left.
pub(crate) async fn drop(
    post: &Post,
    ids: &[String],
    reason: &str,
    silent: bool,
) -> Outcome<Answer> {
    let mut text = String::new();
    for id in ids {
        let listed = find(post, id)?;
        let (done, changed) = match silent {
            true => (post.drop_silently(&listed).await?, "is gone; nobody is told"),
            false => {
                let done = post.give_up(&listed, reason.to_owned()).await?;
                (done, "is given up; its sender is told")
            }
        };
        tracing::warn!(queue_id = %id, silent, reason, "taken out of the queue by an administrator");
        text.push_str(&said(id, done, changed, "is given up already"));
    }
    Ok(Answer::Done(text))
}
