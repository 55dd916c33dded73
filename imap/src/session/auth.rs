//! LOGIN and AUTHENTICATE.
//!
//! Invariants: no password is taken in clear text; what is decoded is wiped when dropped; a session makes a bounded
//! number of attempts. Failure: the client learns that it is denied, not why its name or password is wrong.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use imap_types::auth::AuthMechanism;
use tokio::time::Instant;
use zeroize::Zeroizing;

use super::answer::Answer;
use super::open::Open;
use super::{Expects, Session};
use crate::login::{Denied, LogIn, Opened};

/// Longest name or password, in octets.
// RFC 4616 §2
const MAX_PART: usize = 255;

/// Attempts of one connection.
const MAX_ATTEMPTS: u32 = 5;

/// How long an answer whether a log-in still holds is good for.
pub(crate) const ASK_AGAIN: Duration = Duration::from_secs(60);

/// A mechanism of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mechanism {
    Plain,
    External,
}

impl<L: LogIn> Session<L> {
    // RFC 3501 §6.2.3
    pub(super) async fn login(&mut self, name: &[u8], secret: &[u8]) -> Answer {
        if !self.secure {
            // RFC 5530 §3
            return Answer::no("[PRIVACYREQUIRED] Begin TLS first");
        }
        let (Ok(name), Ok(secret)) = (std::str::from_utf8(name), std::str::from_utf8(secret))
        else {
            return self.opened(Err(Denied::Credentials)).await;
        };
        if name.is_empty() || secret.is_empty() || name.len().max(secret.len()) > MAX_PART {
            return self.opened(Err(Denied::Credentials)).await;
        }
        self.by_certificate = false;
        let opened = self.login.password(&self.peer, None, name, secret).await;
        self.opened(opened).await
    }

    /// The answer, or None when the client's response comes first.
    // RFC 3501 §6.2.2, RFC 4959 §3
    pub(super) async fn authenticate(
        &mut self,
        tag: &str,
        mechanism: &AuthMechanism<'_>,
        initial: Option<&[u8]>,
    ) -> Option<Answer> {
        if !self.secure {
            return Some(Answer::no("[PRIVACYREQUIRED] Begin TLS first"));
        }
        let mechanism = match mechanism {
            AuthMechanism::Plain => Mechanism::Plain,
            other
                if other.to_string().eq_ignore_ascii_case("EXTERNAL")
                    && self.external == Some(true) =>
            {
                Mechanism::External
            }
            _ => return Some(Answer::no("[CANNOT] There is no such mechanism here")),
        };
        match initial {
            Some(response) => Some(self.respond(mechanism, response).await),
            None => {
                self.output.extend_from_slice(b"+ \r\n");
                self.expects = Expects::Response { tag: tag.to_owned(), mechanism };
                None
            }
        }
    }

    /// A response in base64; `*` is the client's wish to stop.
    pub(super) async fn respond_line(&mut self, mechanism: Mechanism, line: &[u8]) -> Answer {
        if line == b"*" {
            return Answer::bad("AUTHENTICATE was stopped");
        }
        match STANDARD.decode(line) {
            Ok(octets) => self.respond(mechanism, &Zeroizing::new(octets)).await,
            Err(_) => Answer::bad("The response is not base64"),
        }
    }

    async fn respond(&mut self, mechanism: Mechanism, response: &[u8]) -> Answer {
        let Ok(text) = std::str::from_utf8(response) else {
            return self.opened(Err(Denied::Credentials)).await;
        };
        self.by_certificate = mechanism == Mechanism::External;
        let opened = match mechanism {
            Mechanism::Plain => match plain(text) {
                Some((authzid, name, secret)) => {
                    let authzid = Some(authzid).filter(|authzid| !authzid.is_empty());
                    self.login.password(&self.peer, authzid, name, secret).await
                }
                None => Err(Denied::Credentials),
            },
            // RFC 4422 §A.1
            Mechanism::External if !text.contains('\0') && text.len() <= MAX_PART => {
                self.login.external(&self.peer, text).await
            }
            Mechanism::External => Err(Denied::Credentials),
        };
        self.opened(opened).await
    }

    /// Asks from time to time whether the log-in still opens the account; ends the session if not.
    pub(super) async fn check_log_in(&mut self) {
        let Some(open) = &mut self.open else { return };
        // A response is not broken off in its midst.
        let amid = self.fetching.as_ref().is_some_and(|job| !job.is_between_responses());
        if amid || self.asked.elapsed() < ASK_AGAIN {
            return;
        }
        self.asked = Instant::now();
        match self.login.still(&open.opened, &self.peer, self.by_certificate).await {
            Ok(opened) => open.opened.writes = opened.writes,
            Err(Denied::Unavailable) => {}
            Err(_) => {
                tracing::info!("the log-in was taken back");
                self.output.extend_from_slice(b"* BYE Log in again\r\n");
                self.ends = true;
            }
        }
    }

    async fn opened(&mut self, opened: Result<Opened, Denied>) -> Answer {
        let denied = match opened {
            Ok(opened) => match Open::new(
                self.store.clone(),
                self.texts.clone(),
                opened,
                self.listings.clone(),
            ) {
                Ok(open) => {
                    self.open = Some(open);
                    self.asked = Instant::now();
                    return Answer::ok(format!("[CAPABILITY {}] Logged in", self.capabilities()));
                }
                Err(error) => return error.into(),
            },
            Err(denied) => denied,
        };
        self.attempts += 1;
        if self.attempts >= MAX_ATTEMPTS {
            self.output.extend_from_slice(b"* BYE Too many attempts\r\n");
            self.ends = true;
        }
        // RFC 5530 §3
        Answer::no(match denied {
            Denied::Credentials => "[AUTHENTICATIONFAILED] Name, password or certificate is wrong",
            Denied::NotAllowed => "[AUTHORIZATIONFAILED] This log-in does not open that mailbox",
            Denied::Throttled => "[LIMIT] Too many attempts; try again later",
            Denied::Unavailable => "[UNAVAILABLE] Log-in is not available for the moment",
        })
    }
}

// RFC 4616 §2
fn plain(text: &str) -> Option<(&str, &str, &str)> {
    let mut parts = text.split('\0');
    let (authzid, name, secret) = (parts.next()?, parts.next()?, parts.next()?);
    let bad = parts.next().is_some()
        || name.is_empty()
        || secret.is_empty()
        || [authzid, name, secret].iter().any(|part| part.len() > MAX_PART);
    (!bad).then_some((authzid, name, secret))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_has_three_parts() {
        assert_eq!(plain("z\0n\0s"), Some(("z", "n", "s")));
        assert_eq!(plain("\0n\0s"), Some(("", "n", "s")));
        let long = format!("\0n\0{}", "s".repeat(MAX_PART + 1));
        for wrong in ["", "n", "\0n", "\0\0s", "\0n\0", "\0n\0s\0x", &long] {
            assert_eq!(plain(wrong), None);
        }
    }
}
