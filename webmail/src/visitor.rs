//! Who is asking: the session of a request's cookie, and whose space it opens.
//!
//! Invariants: a session opens one citizen's account and no other; its forms carry its token; every use is the
//! session's principal acting through the web. Failure: nobody is logged in, a form without its token, our fault.

use std::collections::HashMap;

use access::{ABSOLUTE_LIFE, IDLE_LIFE, Opened, SessionId, SessionToken, WebSession};
use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use domain::{IdentityTraits, Lang, MailAddress, MailboxKind, PersonName};
use jiff::Timestamp;
use mailstore::{AccountId, Actor};

use crate::app::App;
use crate::cookie;
use crate::fault::Fault;
use crate::page::{Page, Place, Who};
use crate::text::Texts;

/// Somebody who is logged in.
#[derive(Clone)]
pub(crate) struct Visitor {
    pub(crate) account: AccountId,
    pub(crate) address: MailAddress,
    /// As the pages call them.
    pub(crate) name: String,
    /// As subjects that are made for programs name them: name at birth, given name, date of birth.
    pub(crate) traits: String,
    pub(crate) lang: Lang,
    pub(crate) csrf: String,
    /// The second of the request.
    pub(crate) now: i64,
    /// When the session ends if it is not used, seconds since 1970.
    pub(crate) ends: i64,
    session: SessionId,
    opened: Opened,
}

/// A session in the list.
pub(crate) struct Session {
    pub(crate) id: String,
    pub(crate) created: Timestamp,
    pub(crate) last_seen: Timestamp,
    pub(crate) ends: Timestamp,
    pub(crate) current: bool,
}

/// The session of a request, with its cookie.
pub(crate) async fn session(
    app: &App,
    parts: &Parts,
) -> Result<Option<(SessionToken, WebSession)>, Fault> {
    let value = cookie::value(&parts.headers, app.cookie());
    let Some(token) = value.and_then(SessionToken::read) else { return Ok(None) };
    let session = app.access().session(&token).await?;
    // This is the citizens' site.
    let session = session.filter(|session| session.opened.kind == MailboxKind::Citizen);
    Ok(session.map(|session| (token, session)))
}

impl FromRequestParts<App> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Fault> {
        let Some((_, session)) = session(app, parts).await? else { return Err(Fault::LoggedOut) };
        let WebSession { id, opened, csrf, ends, .. } = session;
        let account = app.store().view(opened.account)?.account_record()?;
        Ok(Self {
            account: opened.account,
            name: account.traits.as_ref().map_or_else(String::new, called),
            traits: account.traits.as_ref().map_or_else(String::new, written),
            address: account.address,
            lang: parts.extensions.get().copied().unwrap_or_else(|| app.lang()),
            csrf,
            now: app.post().now().as_second(),
            ends,
            session: id,
            opened,
        })
    }
}

impl OptionalFromRequestParts<App> for Visitor {
    type Rejection = Fault;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Option<Self>, Fault> {
        match <Self as FromRequestParts<App>>::from_request_parts(parts, app).await {
            Ok(visitor) => Ok(Some(visitor)),
            Err(Fault::LoggedOut) => Ok(None),
            Err(fault) => Err(fault),
        }
    }
}

/// `Dominique PAT-TROIS`
fn called(traits: &IdentityTraits) -> String {
    format!("{} {}", capitalised(traits.first_given_name()), traits.birth_name())
}

/// `PAT-TROIS DOMINIQUE 28/03/1979`
fn written(traits: &IdentityTraits) -> String {
    let (birth_name, given_name) = (traits.birth_name(), traits.first_given_name());
    format!("{birth_name} {given_name} {}", traits.birth_date().strftime("%d/%m/%Y"))
}

/// A given name as people write it.
fn capitalised(name: &PersonName) -> String {
    let mut start = true;
    let letter = |c: char| {
        let first = std::mem::replace(&mut start, !c.is_alphanumeric());
        if first { c.to_uppercase().collect::<String>() } else { c.to_lowercase().collect() }
    };
    name.as_str().chars().map(letter).collect()
}

impl Visitor {
    pub(crate) fn texts(&self) -> &'static Texts {
        Texts::in_lang(self.lang)
    }

    /// Who acts in the store.
    pub(crate) fn actor(&self) -> Actor {
        self.opened.actor
    }

    /// A page of this space.
    pub(crate) fn page(
        &self,
        app: &App,
        title: &str,
        here: &str,
        place: Place,
    ) -> Result<Page, Fault> {
        let view = app.store().view(self.account)?;
        let unread = view.mailbox_state(view.inbox()?)?.unseen;
        let (name, csrf, left) = (self.name.clone(), self.csrf.clone(), self.ends - self.now);
        let who = Who { name, csrf, unread, left };
        Ok(Page { who: Some(who), place, ..Page::outside(self.texts(), title, here) })
    }

    /// Whether a form carries this session's token.
    pub(crate) fn signed(&self, form: &HashMap<String, String>) -> Result<(), Fault> {
        self.signed_by(form.get("csrf").map(String::as_str).unwrap_or_default())
    }

    /// Whether a token is this session's.
    pub(crate) fn signed_by(&self, token: &str) -> Result<(), Fault> {
        if is_same(token, &self.csrf) { Ok(()) } else { Err(Fault::Forged) }
    }

    /// The sessions of the same person, the newest first.
    pub(crate) fn sessions(&self, app: &App) -> Result<Vec<Session>, Fault> {
        let at = |second| Timestamp::from_second(second).unwrap_or_default();
        let rows = app.access().sessions(&self.opened)?.into_iter();
        Ok(rows
            .map(|row| Session {
                id: hex::encode(row.id),
                created: at(row.created),
                last_seen: at(row.last_seen),
                ends: at((row.last_seen + IDLE_LIFE).min(row.created + ABSOLUTE_LIFE)),
                current: row.id == self.session,
            })
            .collect())
    }

    /// Ends one of the person's sessions.
    pub(crate) async fn end(&self, app: &App, id: &str) -> Result<(), Fault> {
        let mut session = SessionId::default();
        hex::decode_to_slice(id, &mut session).map_err(|_| Fault::NotFound)?;
        Ok(app.access().end_sessions(&self.opened, Some(session), None).await?)
    }

    /// Ends all of the person's sessions but this one.
    pub(crate) async fn end_others(&self, app: &App) -> Result<(), Fault> {
        Ok(app.access().end_sessions(&self.opened, None, Some(self.session)).await?)
    }
}

/// Compares tokens in a time that tells nothing of where they differ.
pub(crate) fn is_same(given: &str, known: &str) -> bool {
    let (given, known) = (given.as_bytes(), known.as_bytes());
    let differing = given.iter().zip(known).fold(0, |all, (a, b)| all | (a ^ b));
    given.len() == known.len() && differing == 0 && !known.is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn given_names_are_written_as_people_do() {
        for (name, written) in [("DOMINIQUE", "Dominique"), ("MARIE-LOUISE", "Marie-Louise")] {
            assert_eq!(capitalised(&name.parse().unwrap()), written);
        }
    }

    #[test]
    fn an_empty_token_is_nobodys() {
        assert!(is_same("ab", "ab"));
        assert!(!is_same("ab", "ac") && !is_same("a", "ab") && !is_same("", ""));
    }
}
