//! The account page: who one is, which devices are logged in, the language.

use std::collections::HashMap;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use domain::Lang;
use serde::Deserialize;

use crate::app::App;
use crate::fault::Fault;
use crate::page::{Page, Place, Safe, attribute, shown};
use crate::text::fill;
use crate::visitor::Visitor;

/// What has just happened.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    ended: Option<String>,
}

struct Device {
    id: String,
    since: String,
    seen: String,
    until: String,
    current: bool,
}

struct LangChoice {
    tag: &'static str,
    name: &'static str,
    chosen: bool,
}

impl LangChoice {
    fn current(&self) -> Safe {
        attribute(self.chosen, " aria-current=\"true\"")
    }
}

#[derive(Template)]
#[template(path = "account.html")]
struct AccountPage {
    page: Page,
    said: Option<String>,
    identity: Vec<(String, String)>,
    langs: Vec<LangChoice>,
    sessions: Vec<Device>,
    csrf: String,
}

/// `GET /account`
pub(crate) async fn show(
    State(app): State<App>,
    visitor: Visitor,
    Query(asked): Query<Asked>,
) -> Result<Response, Fault> {
    app.read(move |app| {
        let t = visitor.texts();
        let when = app.when(visitor.lang);
        let view = app.store().view(visitor.account)?;
        let account = view.account_record()?;
        let mut identity = Vec::new();
        if let Some(traits) = &account.traits {
            identity.push((t.account.name.clone(), traits.birth_name().to_string()));
            identity.push((t.account.given_names.clone(), traits.given_names().to_string()));
            identity.push((t.account.birth_date.clone(), when.date(traits.birth_date())));
        }
        identity.push((t.account.address.clone(), account.address.to_string()));
        let sessions = visitor.sessions(app)?.into_iter().map(|session| Device {
            id: session.id,
            since: fill(&t.account.since, &when.moment(session.created).shown),
            seen: fill(&t.account.last_seen, &when.moment(session.last_seen).shown),
            until: fill(&t.account.until, &when.moment(session.ends).shown),
            current: session.current,
        });
        let sessions = sessions.collect();
        let said = asked.ended.as_deref().map(|which| match which {
            "others" => t.account.ended_all.clone(),
            _ => t.account.ended.clone(),
        });
        let names = [(Lang::Fr, "Français"), (Lang::En, "English")];
        let lang = visitor.lang;
        let choice = |(of, name): (Lang, &'static str)| LangChoice {
            tag: of.as_str(),
            name,
            chosen: of == lang,
        };
        let langs = names.map(choice).into_iter().collect();
        let page = visitor.page(app, &t.account.title, "/account", Place::Account)?;
        let csrf = visitor.csrf.clone();
        shown(&AccountPage { page, said, identity, langs, sessions, csrf })
    })
    .await
}

/// `POST /account/end`: ends one of the account's sessions.
pub(crate) async fn end(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    visitor.signed(&form)?;
    let id = form.get("session").ok_or(Fault::NotFound)?;
    visitor.end(&app, id).await?;
    Ok(Redirect::to("/account?ended=one").into_response())
}

/// `POST /account/end-others`
pub(crate) async fn end_others(
    State(app): State<App>,
    visitor: Visitor,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    visitor.signed(&form)?;
    visitor.end_others(&app).await?;
    Ok(Redirect::to("/account?ended=others").into_response())
}
