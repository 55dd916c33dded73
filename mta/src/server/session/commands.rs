//! Commands: who takes which, and those that need no file of their own.
//!
//! Invariant: before TLS only EHLO, HELO, STARTTLS, HELP, NOOP, RSET and QUIT do something.
//! Failure: a reply; a BDAT whose count cannot be read ends the session, since nobody knows any more what on the
//! wire is message and what is command.

use domain::Verdict;

use super::{Hello, Session, Step, Waiting};
use crate::server::capability::offered;
use crate::server::config::Role;
use crate::server::reply::Reply;
use crate::wire::command::{Command, CommandError, Offered};

impl Session {
    /// Carries out one command line.
    pub(super) fn command_line(&mut self, line: &[u8]) -> Option<Step> {
        let offered = Offered {
            extensions: self.hello == Hello::Ehlo,
            auth: self.config.role == Role::Submission,
        };
        let command = Command::read(line, offered);
        let cheap = matches!(command, Ok(Command::Rcpt(..) | Command::Bdat { .. }));
        self.counters.idle_commands += u32::from(!cheap);
        match command {
            Ok(command) if self.peer.tls.is_none() && needs_tls(&command) => {
                self.refuse_plain(&command)
            }
            Ok(command) => self.command(command),
            Err(error) => {
                self.reply(self.fault(error));
                if error == CommandError::Count {
                    self.end();
                }
                None
            }
        }
    }

    fn command(&mut self, command: Command) -> Option<Step> {
        match command {
            Command::Ehlo(name) => self.ehlo(Hello::Ehlo, name),
            Command::Helo(name) => self.ehlo(Hello::Helo, name),
            Command::StartTls => self.start_tls(),
            Command::Auth(mechanism, response) => self.auth(mechanism, response),
            Command::Mail(path, params) => self.mail(path, params),
            Command::Rcpt(path, params) => self.rcpt(path, params),
            Command::Data => self.data(),
            Command::Bdat { octets, last } => self.bdat(octets, last),
            Command::Rset => self.say_after_forgetting(Reply::Done),
            Command::Quit => self.quit(),
            Command::Noop => self.say(Reply::Done),
            Command::Help => self.say(Reply::Help),
            // RFC 5321 §3.5.3
            Command::Vrfy => self.say(Reply::CannotVerify),
        }
    }

    pub(super) fn say(&mut self, reply: Reply) -> Option<Step> {
        self.reply(reply);
        None
    }

    // RFC 5321 §4.1.1.5
    fn say_after_forgetting(&mut self, reply: Reply) -> Option<Step> {
        self.forget_mail();
        self.utf8 = false;
        self.say(reply)
    }

    // RFC 5321 §4.1.1.10
    fn quit(&mut self) -> Option<Step> {
        self.reply(Reply::Bye);
        self.end();
        None
    }

    // RFC 5321 §4.1.1.1, §4.1.4
    fn ehlo(&mut self, hello: Hello, name: String) -> Option<Step> {
        self.forget_mail();
        self.utf8 = false;
        self.hello = hello;
        self.peer.helo = Some(name);
        self.external = false;
        let certificate = self.peer.tls.as_ref().is_some_and(|tls| !tls.certificates.is_empty());
        if hello == Hello::Ehlo && certificate && self.circumstances().auth() {
            return self.ask(Waiting::External, Step::External);
        }
        self.hello_reply();
        None
    }

    /// What EHLO or HELO is answered.
    pub(super) fn hello_reply(&mut self) {
        let offered = match self.hello {
            Hello::Ehlo => offered(self.circumstances()),
            Hello::Helo | Hello::NotYet => Vec::new(),
        };
        self.reply(Reply::Hello(self.config.hostname.to_string(), offered));
    }

    // RFC 3207 §4
    fn start_tls(&mut self) -> Option<Step> {
        if self.peer.tls.is_some() {
            return self.say(Reply::TlsAlready);
        }
        self.reply(Reply::TlsReady);
        if matches!(self.state, super::State::Over) {
            return None;
        }
        self.forget_mail();
        // Whatever came in plain text behind STARTTLS is not read: somebody on the way may have put it there.
        // RFC 3207 §4.2
        if !self.unread().is_empty() {
            tracing::warn!(
                octets = self.unread().len(),
                "plain text behind STARTTLS is thrown away"
            );
        }
        self.input.clear();
        self.at = 0;
        self.framer = crate::wire::line::LineFramer::default();
        self.ask(Waiting::Tls, Step::StartTls)
    }

    /// Refuses what needs TLS.
    // MSS #15
    fn refuse_plain(&mut self, command: &Command) -> Option<Step> {
        let refusal = Reply::Refused(Verdict::TlsRequired);
        match *command {
            Command::Bdat { octets, .. } => self.skip_chunk(octets, refusal),
            Command::Data => self.refuse_data(refusal),
            _ => self.say(refusal),
        }
    }

    /// The reply to a line that is no command.
    fn fault(&self, error: CommandError) -> Reply {
        let plain = self.peer.tls.is_none();
        match error {
            CommandError::Sender(_)
            | CommandError::Recipient(_)
            | CommandError::Parameter
            | CommandError::ParameterValue
                if plain =>
            {
                Reply::Refused(Verdict::TlsRequired)
            }
            CommandError::Unknown => Reply::Unknown,
            CommandError::NotImplemented => Reply::NotImplemented,
            CommandError::Characters => Reply::Malformed,
            CommandError::Syntax(form) => Reply::Syntax(form),
            CommandError::Count => Reply::Count,
            CommandError::Parameter => Reply::Parameter,
            CommandError::ParameterValue => Reply::ParameterValue,
            CommandError::Sender(_) => Reply::Refused(Verdict::SenderMalformed),
            // MSS #35
            CommandError::Recipient(_) => Reply::Refused(Verdict::RecipientMalformed),
        }
    }
}

// RFC 3207 §4
fn needs_tls(command: &Command) -> bool {
    matches!(
        command,
        Command::Auth(..)
            | Command::Mail(..)
            | Command::Rcpt(..)
            | Command::Data
            | Command::Bdat { .. }
            | Command::Vrfy
    )
}
