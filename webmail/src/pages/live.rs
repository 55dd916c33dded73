//! What happens while a page is open: mail that arrives (server-sent events), and a session that is to go on.
//!
//! Invariants: an event says how many messages are unread and nothing of them; listening is no use of the session,
//! and ends with it; each account and each address has a few listeners. Failure: the stream ends, and the browser asks again.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use axum::{Form, Json};
use futures_util::stream;
use mailstore::AccountId;
use serde_json::json;
use tokio::sync::watch;
use tokio::time::timeout;

use crate::app::{App, Listening};
use crate::cookie;
use crate::fault::Fault;
use crate::serve::{Caller, Stop};
use crate::visitor::Visitor;
use access::SessionToken;

/// How often a listener is looked after: a line is sent, so that nobody on the way takes the connection for dead.
const LOOK: Duration = Duration::from_secs(25);

/// One who listens.
struct Listener {
    app: App,
    token: SessionToken,
    account: AccountId,
    changes: watch::Receiver<u64>,
    stop: watch::Receiver<bool>,
    unread: u32,
    _place: Listening,
}

/// `GET /events`
pub(crate) async fn events(State(app): State<App>, request: Request) -> Result<Response, Fault> {
    // Nobody there, or too many: no content, so that the browser does not ask again.
    let nothing = || Ok(StatusCode::NO_CONTENT.into_response());
    let stop = request.extensions().get::<Stop>().map(|Stop(stop)| stop.clone());
    let value = cookie::value(request.headers(), app.cookie());
    let Some(token) = value.and_then(SessionToken::read) else { return nothing() };
    let Some(session) = app.access().look_at_session(&token)? else { return nothing() };
    let account = session.opened.account;
    let from = request.extensions().get::<Caller>();
    let from = from.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Caller(from)| *from);
    let Some(place) = app.listen(account, from) else { return nothing() };
    let listener = Listener {
        changes: app.store().subscribe(account)?,
        unread: unread(&app, account)?,
        stop: stop.unwrap_or_else(|| watch::channel(false).1),
        token,
        account,
        app,
        _place: place,
    };
    let events = stream::unfold(listener, |mut listener| async move {
        let event = listener.next().await?;
        Some((Ok::<_, Infallible>(event), listener))
    });
    let headers = [(header::CACHE_CONTROL, "no-store")];
    Ok((headers, Sse::new(events)).into_response())
}

impl Listener {
    /// What is to be said next; nothing when there is nothing more to say.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if *self.stop.borrow() {
                return None;
            }
            tokio::select! {
                changed = timeout(LOOK, self.changes.changed()) => match changed {
                    Ok(changed) => changed.ok()?,
                    Err(_) => {
                        // The session may have ended by itself, or from elsewhere.
                        self.app.access().look_at_session(&self.token).ok()??;
                        return Some(Event::default().comment(""));
                    }
                },
                Ok(()) = self.stop.changed() => continue,
            }
            let unread = unread(&self.app, self.account).ok()?;
            if unread != self.unread {
                let arrived = unread > self.unread;
                self.unread = unread;
                self.app.access().look_at_session(&self.token).ok()??;
                let said = json!({ "unread": unread, "arrived": arrived });
                return Some(Event::default().data(said.to_string()));
            }
        }
    }
}

fn unread(app: &App, account: AccountId) -> Result<u32, Fault> {
    let view = app.store().view(account)?;
    Ok(view.mailbox_state(view.inbox()?)?.unseen)
}

/// `POST /session/stay`: the session is used, so it goes on; how many seconds it now has.
pub(crate) async fn stay(
    visitor: Visitor,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    visitor.signed(&form)?;
    Ok(Json(json!({ "left": visitor.ends - visitor.now })).into_response())
}
