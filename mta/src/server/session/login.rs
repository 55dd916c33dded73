//! AUTH: the exchange with the client; who it is says the handler.
//!
//! Invariants: offered on submission, under TLS, once; a response is decoded into values that wipe themselves.
//! Failure: a reply, and the session is where it was; too many refused logins end it.

use domain::Verdict;

use super::{Hello, Session, State, Step, Waiting};
use crate::server::config::Role;
use crate::server::reply::Reply;
use crate::server::sasl;
use crate::wire::command::{InitialResponse, Mechanism};

impl Session {
    // RFC 4954 §4
    pub(super) fn auth(
        &mut self,
        mechanism: Mechanism,
        initial: Option<InitialResponse>,
    ) -> Option<Step> {
        let refusal = match mechanism {
            _ if self.config.role == Role::Reception => Some(Reply::NotImplemented),
            _ if self.hello != Hello::Ehlo => Some(Reply::HelloFirst),
            _ if self.authenticated || self.envelope.is_some() => Some(Reply::LoginOutOfOrder),
            Mechanism::Other => Some(Reply::Mechanism),
            Mechanism::External if !self.external => Some(Reply::Mechanism),
            Mechanism::Plain | Mechanism::External => None,
        };
        if let Some(refusal) = refusal {
            return self.say(refusal);
        }
        match initial {
            Some(InitialResponse(response)) => self.response(mechanism, response.as_bytes()),
            None => {
                self.state = State::Response(mechanism);
                self.say(Reply::Challenge)
            }
        }
    }

    /// The client's response; `*` gives up.
    // RFC 4954 §4
    pub(super) fn response(&mut self, mechanism: Mechanism, line: &[u8]) -> Option<Step> {
        self.state = State::Commands;
        if line == b"*" {
            return self.say(Reply::LoginCancelled);
        }
        let login = std::str::from_utf8(line).ok().and_then(|text| sasl::read(mechanism, text));
        match login {
            Some(login) => self.ask(Waiting::Login, Step::Authenticate(login)),
            None => self.say(Reply::LoginMalformed),
        }
    }

    /// The exchange ends without a login.
    pub(super) fn login_over(&mut self, reply: Reply) {
        self.state = State::Commands;
        self.reply(reply);
    }

    pub(super) fn logged_in(&mut self, answer: Result<(), Verdict>) {
        match answer {
            Ok(()) => {
                self.authenticated = true;
                self.reply(Reply::LoggedIn);
            }
            Err(verdict) => {
                self.counters.failed_logins += 1;
                self.reply(Reply::Refused(verdict));
            }
        }
    }
}
