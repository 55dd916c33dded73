//! Logging in as a client: what a program of ours says to the submission service of an operator.
//!
//! Invariants: said after TLS only, once, with an initial response, so that it is one line; `Debug`
//! prints the mechanism.
//! Failure: the server's refusal turns the connection away ([`super::Failure::TurnedAway`] in
//! [`super::Phase::Login`]).

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// How to log in.
#[derive(Clone)]
pub struct Login {
    mechanism: &'static str,
    response: Zeroizing<String>,
}

impl Login {
    /// By the certificate of the connection, to this mailbox; empty: its only one.
    // RFC 4422 §A
    pub fn external(authorization: &str) -> Self {
        Self { mechanism: "EXTERNAL", response: Zeroizing::new(authorization.to_owned()) }
    }

    /// By a name and an application secret.
    // RFC 4616 §2
    pub fn plain(name: &str, secret: &str) -> Self {
        Self { mechanism: "PLAIN", response: Zeroizing::new(format!("\0{name}\0{secret}")) }
    }

    /// The command line.
    // RFC 4954 §4
    pub(super) fn command(&self) -> Vec<u8> {
        let response = match self.response.is_empty() {
            // An initial response of no octets.
            true => "=".to_owned(),
            false => STANDARD.encode(self.response.as_bytes()),
        };
        format!("AUTH {} {response}\r\n", self.mechanism).into_bytes()
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login({}, …)", self.mechanism)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_with_its_response() {
        assert_eq!(Login::external("").command(), b"AUTH EXTERNAL =\r\n");
        assert_eq!(Login::external("a@b.fr").command(), b"AUTH EXTERNAL YUBiLmZy\r\n");
        assert_eq!(Login::plain("a", "b").command(), b"AUTH PLAIN AGEAYg==\r\n");
        assert_eq!(format!("{:?}", Login::plain("a", "b")), "Login(PLAIN, …)");
    }
}
