//! The language of a page: asked for in its address, else the cookie's, else the operator's (French).

use axum::http::{HeaderMap, Uri};
use domain::Lang;

use crate::cookie;

/// How long a choice is kept, seconds: a year.
const KEPT: u64 = 365 * 24 * 60 * 60;

/// A request's language, and whether the address asked for it.
pub(crate) fn of(uri: &Uri, headers: &HeaderMap, name: &str, otherwise: Lang) -> (Lang, bool) {
    let query = uri.query().unwrap_or_default();
    let asked = query.split('&').find_map(|pair| pair.strip_prefix("lang=")?.parse().ok());
    match asked {
        Some(lang) => (lang, true),
        None => {
            let kept = cookie::value(headers, name).and_then(|value| value.parse().ok());
            (kept.unwrap_or(otherwise), false)
        }
    }
}

/// The cookie that keeps a choice.
pub(crate) fn cookie(name: &str, lang: Lang) -> String {
    cookie::set(name, lang.as_str(), Some(KEPT))
}
