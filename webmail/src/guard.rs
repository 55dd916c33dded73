//! What surrounds every request: who may send forms, the language, the headers, the time it may take, and the pages
//! of faults.
//!
//! Invariants: each answer carries the policy of its kind, the strictest by default; nothing private is kept by a
//! browser; a form from another site is refused before anything of it is read.

use std::time::Duration;

use askama::Template;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::Lang;

use crate::app::App;
use crate::fault::Fault;
use crate::language;
use crate::page::{Page, Place, render};
use crate::text::Texts;
use crate::visitor::Visitor;

/// How long a request may take in all, an upload over a slow line included.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10 * 60);

/// What a page may load and do: our own style sheet, script and pictures, our own forms, our own frames.
// W3C CSP Level 3
const OF_PAGES: &str = "default-src 'none'; script-src 'self'; connect-src 'self'; \
     style-src 'self'; img-src 'self'; font-src 'self'; form-action 'self'; frame-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// What a letter in its frame may do: nothing.
pub(crate) const OF_LETTERS: &str = "default-src 'none'; style-src 'self'; form-action 'none'; \
     frame-ancestors 'self'; base-uri 'none'; sandbox";

/// What a document in its viewer may do.
pub(crate) const OF_DOCUMENTS: &str = "default-src 'none'; style-src 'unsafe-inline'; \
     object-src 'self'; img-src 'self' data:; frame-ancestors 'self'; base-uri 'none'";

/// What a file that is handed out may do: nothing, should a browser show it after all.
pub(crate) const OF_FILES: &str =
    "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; sandbox";

/// Headers that every answer has, unless it has set them itself.
const ALWAYS: [(&str, &str); 9] = [
    ("content-security-policy", OF_PAGES),
    ("strict-transport-security", "max-age=31536000"),
    ("x-content-type-options", "nosniff"),
    ("referrer-policy", "no-referrer"),
    ("cache-control", "no-store"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=(), interest-cohort=()"),
    ("x-robots-tag", "noindex, nofollow"),
];

/// Runs one request.
pub(crate) async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let cookie = format!("{}-lang", app.cookie());
    let (lang, asked) = language::of(request.uri(), request.headers(), &cookie, app.lang());
    request.extensions_mut().insert(lang);
    let here = request.uri().path().to_owned();
    let (parts, body) = request.into_parts();
    let asked_by = parts.clone();
    let request = Request::from_parts(parts, body);
    let answered = if is_foreign(request.method(), request.headers(), app.origin()) {
        Fault::Forged.into_response()
    } else {
        match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
            Ok(response) => response,
            Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
        }
    };
    let mut response = match fault_of(&answered) {
        None => answered,
        Some(fault) => fault_page(&app, asked_by, fault, lang, &here).await,
    };
    if asked && let Ok(value) = HeaderValue::from_str(&language::cookie(&cookie, lang)) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    let headers = response.headers_mut();
    for (name, value) in ALWAYS {
        headers.entry(HeaderName::from_static(name)).or_insert(HeaderValue::from_static(value));
    }
    response
}

/// Whether a form comes from elsewhere. Browsers that say where a request comes from are believed; under our
/// referrer policy they give no origin with a form, so without `Sec-Fetch-Site` the form's token alone decides.
// W3C Fetch Metadata
fn is_foreign(method: &Method, headers: &HeaderMap, origin: &str) -> bool {
    if method == Method::GET || method == Method::HEAD {
        return false;
    }
    let value = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    if value("sec-fetch-site").is_some_and(|site| site != "same-origin") {
        return true;
    }
    value("origin").is_some_and(|from| from != "null" && from != origin)
}

#[derive(Template)]
#[template(path = "fault.html")]
struct FaultPage {
    page: Page,
    text: String,
    kept: String,
    to: &'static str,
    action: String,
}

/// The fault that an answer has no page for yet.
fn fault_of(response: &Response) -> Option<Fault> {
    let is_page = response
        .headers()
        .get(header::CONTENT_TYPE)
        .is_some_and(|media_type| media_type.as_bytes().starts_with(b"text/html"));
    match (response.extensions().get::<Fault>(), response.status()) {
        (Some(fault), _) => Some(*fault),
        (None, _) if is_page => None,
        // What axum itself refuses has no page of its own.
        (None, StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED) => Some(Fault::NotFound),
        (None, StatusCode::PAYLOAD_TOO_LARGE) => Some(Fault::TooLarge),
        (None, StatusCode::REQUEST_TIMEOUT) => Some(Fault::Ours),
        (None, status) if status.is_client_error() => Some(Fault::Malformed),
        (None, _) => None,
    }
}

/// The page of a fault, in the reader's language, and in their own space if they are in it.
async fn fault_page(app: &App, mut by: Parts, fault: Fault, lang: Lang, here: &str) -> Response {
    let t = Texts::in_lang(lang);
    let (title, text) = match fault {
        Fault::NotFound | Fault::LoggedOut => (&t.faults.not_found_title, &t.faults.not_found),
        Fault::Forged => (&t.faults.forgery_title, &t.faults.forgery),
        Fault::Malformed => (&t.faults.bad_title, &t.faults.bad),
        Fault::TooLarge => (&t.faults.too_large_title, &t.faults.far_too_large),
        Fault::Busy => (&t.faults.busy_title, &t.faults.busy),
        Fault::Slow => (&t.faults.slow_title, &t.faults.slow),
        Fault::Later => (&t.faults.later_title, &t.faults.later),
        Fault::Ours => (&t.faults.broken_title, &t.faults.broken),
    };
    // The address of a form has no page of its own.
    let here = if fault == Fault::NotFound { "/" } else { here };
    let found = Visitor::from_request_parts(&mut by, app).await;
    let page = found.and_then(|visitor| visitor.page(app, title, here, Place::Elsewhere));
    // Nobody, or a store that fails: the page stands for itself.
    let page = page.unwrap_or_else(|_| Page::outside(t, title, here));
    let (text, action) = (text.clone(), t.faults.home.clone());
    let page = FaultPage { page, text, kept: String::new(), to: "/", action };
    render(fault.status(), &page).unwrap_or_else(|_| fault.status().into_response())
}

/// The page that gives a text back whose session has ended.
pub(crate) fn kept_text(lang: Lang, text: &str) -> Result<Response, Fault> {
    let t = Texts::in_lang(lang);
    let page = Page::outside(t, &t.faults.ended_title, "/");
    let (text, kept) = (t.faults.ended.clone(), text.to_owned());
    let action = t.door.log_in.clone();
    render(StatusCode::FORBIDDEN, &FaultPage { page, text, kept, to: "/login", action })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_from_elsewhere_are_told_from_ours() {
        let foreign = |method: Method, pairs: &[(&'static str, &str)]| {
            let mut headers = HeaderMap::new();
            for (name, value) in pairs {
                headers.insert(*name, value.parse().unwrap());
            }
            is_foreign(&method, &headers, "https://pli.example")
        };
        assert!(!foreign(Method::GET, &[("sec-fetch-site", "cross-site")]));
        assert!(!foreign(Method::POST, &[]));
        assert!(!foreign(Method::POST, &[("origin", "null"), ("sec-fetch-site", "same-origin")]));
        assert!(!foreign(Method::POST, &[("origin", "https://pli.example")]));
        assert!(foreign(Method::POST, &[("origin", "https://evil.example")]));
        assert!(foreign(Method::POST, &[("origin", "null"), ("sec-fetch-site", "cross-site")]));
        assert!(foreign(Method::POST, &[("sec-fetch-site", "same-site")]));
    }
}
