//! What EHLO offers: one line and its standard each.
//!
//! Invariant: what is offered depends on the role and on the state of the session only, so what EHLO says and what
//! the commands accept cannot differ.

use super::config::{Role, SessionConfig};

/// What decides which capabilities are offered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) config: &'a SessionConfig,
    /// TLS is on.
    pub(super) tls: bool,
    /// Somebody has authenticated.
    pub(super) authenticated: bool,
    /// The certificate presented opens something.
    pub(super) external: bool,
}

impl Circumstances<'_> {
    /// Whether AUTH is offered: on submission, under TLS, once.
    // RFC 4954 §4
    pub(super) fn auth(self) -> bool {
        self.config.role == Role::Submission && self.tls && !self.authenticated
    }
}

/// One line of the answer to EHLO, or none.
type Line = fn(Circumstances<'_>) -> Option<String>;

/// The capabilities in the order of EHLO's answer.
const TABLE: &[Line] = &[
    // RFC 2920 §3
    |_| Some("PIPELINING".to_owned()),
    // RFC 1870 §4
    |now| Some(format!("SIZE {}", now.config.max_message_size)),
    // RFC 6152 §2
    |_| Some("8BITMIME".to_owned()),
    // RFC 6531 §3.1
    |_| Some("SMTPUTF8".to_owned()),
    // RFC 3030 §2
    |_| Some("CHUNKING".to_owned()),
    // RFC 2034 §3
    |_| Some("ENHANCEDSTATUSCODES".to_owned()),
    // RFC 3461 §4
    |_| Some("DSN".to_owned()),
    // RFC 9422 §3
    |now| {
        let limits = now.config.limits;
        Some(format!("LIMITS MAILMAX={} RCPTMAX={}", limits.transactions, limits.recipients))
    },
    // RFC 3207 §4
    |now| (!now.tls).then(|| "STARTTLS".to_owned()),
    // RFC 4954 §3
    |now| {
        let mechanisms = if now.external { "AUTH PLAIN EXTERNAL" } else { "AUTH PLAIN" };
        now.auth().then(|| mechanisms.to_owned())
    },
    // RFC 5321 §4.1.1.8
    |_| Some("HELP".to_owned()),
];

/// The lines of EHLO's answer after the server's name.
pub(super) fn offered(now: Circumstances<'_>) -> Vec<String> {
    TABLE.iter().filter_map(|line| line(now)).collect()
}
