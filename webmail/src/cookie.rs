//! Cookies: read from requests, written with every protection there is.
//!
//! Invariant: all our cookies are `__Host-`: secure, for this host alone, for all its pages; no script reads them.
//! `Lax`, not `Strict`: a link in an ordinary mail ("you have a new message") must not meet the log-in page.

use axum::http::{HeaderMap, header};

/// The value of a cookie.
// RFC 6265 §4.2.1
pub(crate) fn value<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let fields = headers.get_all(header::COOKIE).into_iter().filter_map(|v| v.to_str().ok());
    let mut pairs = fields.flat_map(|field| field.split(';'));
    pairs.find_map(|pair| {
        let (known, value) = pair.trim().split_once('=')?;
        (known == name).then_some(value)
    })
}

/// A `Set-Cookie` value; without an age it ends with the browser.
// RFC 6265 §4.1.1
pub(crate) fn set(name: &str, value: &str, max_age: Option<u64>) -> String {
    let age = max_age.map(|age| format!("; Max-Age={age}")).unwrap_or_default();
    format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax{age}")
}

/// Takes a cookie away.
pub(crate) fn clear(name: &str) -> String {
    set(name, "", Some(0))
}
