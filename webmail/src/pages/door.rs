//! The front door: identifier and password, one-time code, leaving.
//!
//! Invariants: a new session has a new cookie, whatever came before; forms of people who are not logged in yet carry a
//! token that their browser keeps; what is said of a failure helps no guesser.
//! Failure: the same page with what to do.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};

use access::{CODE_LIFE, CodeAnswer, Denied, PendingLogIn};
use askama::Template;
use axum::extract::{Query, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::{Extension, Form};
use domain::{Lang, MailboxKind};

use crate::app::App;
use crate::cookie;
use crate::fault::Fault;
use crate::page::{Page, Problem, Problems, render};
use crate::serve::Caller;
use crate::text::Texts;
use crate::visitor::{Visitor, is_same, session};

/// Characters of an identifier.
const MAX_IDENTIFIER: usize = 320;

/// The cookie of a browser at the door, and that of a log-in that waits for its code.
fn door_cookie(app: &App) -> String {
    format!("{}-door", app.cookie())
}

fn code_cookie(app: &App) -> String {
    format!("{}-code", app.cookie())
}

#[derive(Template)]
#[template(path = "door.html")]
struct DoorPage {
    page: Page,
    csrf: String,
    identifier: String,
    said: Option<String>,
    problems: Problems,
}

#[derive(Template)]
#[template(path = "code.html")]
struct CodePage {
    page: Page,
    csrf: String,
    problems: Problems,
}

#[derive(Template)]
#[template(path = "out.html")]
struct OutPage {
    page: Page,
}

/// `GET /`
pub(crate) async fn front(visitor: Option<Visitor>) -> Redirect {
    Redirect::to(if visitor.is_some() { "/conversations" } else { "/login" })
}

/// A browser's token at the door: the one it has, or a new one with its cookie.
fn token(app: &App, headers: &HeaderMap) -> Result<(String, Option<String>), Fault> {
    let name = door_cookie(app);
    if let Some(kept) = cookie::value(headers, &name)
        && kept.len() == 32
        && kept.bytes().all(|b| b.is_ascii_hexdigit())
    {
        return Ok((kept.to_owned(), None));
    }
    let mut random = [0; 16];
    app.post().random().fill(&mut random).map_err(|error| crate::fault::ours(&error))?;
    let token = hex::encode(random);
    let set = cookie::set(&name, &token, None);
    Ok((token, Some(set)))
}

fn with_cookie(mut response: Response, set: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(set) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

fn signed(app: &App, headers: &HeaderMap, form: &HashMap<String, String>) -> Result<(), Fault> {
    let known = cookie::value(headers, &door_cookie(app)).unwrap_or_default();
    let given = form.get("csrf").map(String::as_str).unwrap_or_default();
    if is_same(given, known) { Ok(()) } else { Err(Fault::Forged) }
}

/// `GET /login`
pub(crate) async fn log_in(
    State(app): State<App>,
    Extension(lang): Extension<Lang>,
    visitor: Option<Visitor>,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    if visitor.is_some() {
        return Ok(Redirect::to("/conversations").into_response());
    }
    let t = Texts::in_lang(lang);
    let said = asked.contains_key("ended").then(|| t.door.ended.clone());
    door(&app, &headers, t, StatusCode::OK, String::new(), said, Problems::default())
}

fn door(
    app: &App,
    headers: &HeaderMap,
    t: &'static Texts,
    status: StatusCode,
    identifier: String,
    said: Option<String>,
    problems: Problems,
) -> Result<Response, Fault> {
    let (csrf, set) = token(app, headers)?;
    let page = Page::outside(t, &t.door.title, "/login").with(&problems);
    let response = render(status, &DoorPage { page, csrf, identifier, said, problems })?;
    Ok(match set {
        Some(set) => with_cookie(response, &set),
        None => response,
    })
}

/// `POST /login`: identifier and password.
pub(crate) async fn password(
    State(app): State<App>,
    Extension(lang): Extension<Lang>,
    caller: Option<Extension<Caller>>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    signed(&app, &headers, &form)?;
    let t = Texts::in_lang(lang);
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let identifier: String = field("identifier").trim().chars().take(MAX_IDENTIFIER).collect();
    let mut problems = Problems::default();
    if identifier.is_empty() {
        problems.push(Problem::of("identifier", &t.door.identifier_missing));
    }
    if field("password").is_empty() {
        problems.push(Problem::of("password", &t.door.password_missing));
    }
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    if problems.is_empty() {
        let from = caller.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(Caller(ip))| ip);
        match app.access().check_web_password(&identifier, field("password"), from).await {
            Ok(pending) => {
                let life = u64::try_from(CODE_LIFE).ok();
                let set = cookie::set(&code_cookie(&app), &pending.expose(), life);
                return Ok(with_cookie(Redirect::to("/login/code").into_response(), &set));
            }
            Err(denied) => {
                let (code, problem) = refused(t, &denied);
                status = code;
                problems.push(problem);
            }
        }
    }
    door(&app, &headers, t, status, identifier, None, problems)
}

fn refused(t: &Texts, denied: &Denied) -> (StatusCode, Problem) {
    let (status, field, text) = match denied {
        Denied::Credentials | Denied::NotAllowed => {
            (StatusCode::UNPROCESSABLE_ENTITY, "identifier", &t.door.refused)
        }
        Denied::Throttled => (StatusCode::TOO_MANY_REQUESTS, "", &t.door.throttled),
        Denied::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "", &t.door.unavailable),
    };
    (status, Problem::of(field, text))
}

/// `GET /login/code`
pub(crate) async fn ask_code(
    State(app): State<App>,
    Extension(lang): Extension<Lang>,
    headers: HeaderMap,
) -> Result<Response, Fault> {
    if cookie::value(&headers, &code_cookie(&app)).is_none() {
        return Ok(Redirect::to("/login").into_response());
    }
    code_page(&app, &headers, Texts::in_lang(lang), StatusCode::OK, Problems::default())
}

fn code_page(
    app: &App,
    headers: &HeaderMap,
    t: &'static Texts,
    status: StatusCode,
    problems: Problems,
) -> Result<Response, Fault> {
    let (csrf, set) = token(app, headers)?;
    let page = Page::outside(t, &t.door.code_title, "/login/code").with(&problems);
    let response = render(status, &CodePage { page, csrf, problems })?;
    Ok(match set {
        Some(set) => with_cookie(response, &set),
        None => response,
    })
}

/// `POST /login/code`: the one-time code.
pub(crate) async fn code(
    State(app): State<App>,
    Extension(lang): Extension<Lang>,
    headers: HeaderMap,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    signed(&app, &headers, &form)?;
    let t = Texts::in_lang(lang);
    let waiting = cookie::value(&headers, &code_cookie(&app)).and_then(PendingLogIn::read);
    let Some(pending) = waiting else { return expired(&app, &headers, t) };
    let typed = form.get("code").map(String::as_str).unwrap_or_default();
    let code: String = typed.chars().filter(char::is_ascii_digit).take(12).collect();
    let wrong = StatusCode::UNPROCESSABLE_ENTITY;
    if code.is_empty() {
        let problem = Problem::of("code", &t.door.code_missing);
        return code_page(&app, &headers, t, wrong, problem.into());
    }
    let token = match app.access().confirm_code(&pending, &code).await {
        Ok(CodeAnswer::LoggedIn(token)) => token,
        Ok(CodeAnswer::Wrong) => {
            let problem = Problem::of("code", &t.door.code_wrong);
            return code_page(&app, &headers, t, wrong, problem.into());
        }
        Ok(CodeAnswer::Expired) => return expired(&app, &headers, t),
        Err(denied) => {
            let (status, problem) = refused(t, &denied);
            return door(&app, &headers, t, status, String::new(), None, problem.into());
        }
    };
    let session = app.access().session(&token).await?;
    if session.is_none_or(|session| session.opened.kind != MailboxKind::Citizen) {
        app.access().end_session(&token).await?;
        let (status, problem) = refused(t, &Denied::NotAllowed);
        return door(&app, &headers, t, status, String::new(), None, problem.into());
    }
    let response = Redirect::to("/conversations").into_response();
    let response = with_cookie(response, &cookie::set(app.cookie(), &token.expose(), None));
    let response = with_cookie(response, &cookie::clear(&code_cookie(&app)));
    Ok(with_cookie(response, &cookie::clear(&door_cookie(&app))))
}

/// The first page again, saying that the code is of no use any more.
fn expired(app: &App, headers: &HeaderMap, t: &'static Texts) -> Result<Response, Fault> {
    let problem = Problem::of("identifier", &t.door.code_expired);
    let status = StatusCode::UNPROCESSABLE_ENTITY;
    let response = door(app, headers, t, status, String::new(), None, problem.into())?;
    Ok(with_cookie(response, &cookie::clear(&code_cookie(app))))
}

/// `POST /logout`
pub(crate) async fn log_out(
    State(app): State<App>,
    parts: axum::http::request::Parts,
    visitor: Option<Visitor>,
    Form(form): Form<HashMap<String, String>>,
) -> Result<Response, Fault> {
    if let Some(visitor) = visitor {
        visitor.signed(&form)?;
    }
    if let Some((token, _)) = session(&app, &parts).await? {
        app.access().end_session(&token).await?;
    }
    let response = Redirect::to("/logout").into_response();
    let mut response = with_cookie(response, &cookie::clear(app.cookie()));
    // W3C Clear Site Data
    let cleared = HeaderValue::from_static(r#""cache", "storage""#);
    response.headers_mut().insert(HeaderName::from_static("clear-site-data"), cleared);
    Ok(response)
}

/// `GET /logout`: the page that says one is out.
pub(crate) async fn out(
    Extension(lang): Extension<Lang>,
    visitor: Option<Visitor>,
) -> Result<Response, Fault> {
    if visitor.is_some() {
        return Ok(Redirect::to("/conversations").into_response());
    }
    let t = Texts::in_lang(lang);
    render(StatusCode::OK, &OutPage { page: Page::outside(t, &t.door.out_title, "/logout") })
}
