//! One connection to a peer as a state machine without I/O: octets and events in, steps out.
//!
//! The driver asks [`Session::step`] for the next one, does it, and tells what came of it by one of the other methods.
//! This file has the connection's own states, up to TLS and after the last message; `mail` has those of a message,
//! `transaction` what is known of its recipients.
//!
//! Invariants:
//! - No octet of a message, and no address, leaves before [`Session::tls_established`]; nothing that was said before
//!   it counts after it.
//! - A command is written only when no octet of the peer waits unread: a peer that answers ahead is cut off.
//! - [`Step::Done`] comes exactly once for each [`Session::begin`], with an outcome for every recipient.
//! - Work is bounded by the number of commands, whatever the peer sends.
//!
//! Failure: a [`Failure`] ends the session; [`Step::Ended`] repeats it for ever.

mod mail;
#[cfg(test)]
mod tests;
mod transaction;

use std::collections::VecDeque;

use domain::MailDomain;

use self::transaction::Transaction;
use super::command;
use super::envelope::Envelope;
use super::extensions::Extensions;
use super::failure::{Failure, Loss, Phase, TlsFailure};
use super::login::Login;
use super::outcome::{Outcome, Problem};
use super::reply::{RawReply, Reply, ReplyReader};

/// What the driver has to do next.
#[derive(Debug)]
pub enum Step {
    /// Write these octets, all of them.
    Write(Vec<u8>),
    /// Read some octets; the deadline holds as long as the wait has the same number.
    Read(Wait),
    /// Do the TLS handshake and the check of the peer.
    Handshake,
    /// Read some of the message's body: [`Session::body`], [`Session::body_end`] or [`Session::body_failed`].
    Body,
    /// The message is dealt with.
    Done(Box<MessageReport>),
    /// Nothing under way: [`Session::begin`] or [`Session::quit`].
    Idle,
    /// Close the connection.
    Ended(Option<Failure>),
}

/// A reply that is awaited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// Counts the replies of the session.
    pub number: u64,
    /// What it answers: each phase has its time limit.
    pub phase: Phase,
}

/// What became of one message on this connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageReport {
    /// One for each recipient of the envelope, in its order.
    pub outcomes: Vec<Outcome>,
    /// Whether the peer has taken over the duty to report on delivery (it offers DSN).
    // RFC 3461 §5.2
    pub peer_reports: bool,
    /// What ended the connection, where it did.
    pub failure: Option<Failure>,
}

/// Where the session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Greeting,
    PlainEhlo,
    StartTls,
    Handshake,
    TlsEhlo,
    Login,
    Idle,
    Rset,
    Mail,
    /// Awaiting the answer to the RCPT of this place among those written.
    Rcpt(usize),
    Data,
    /// Body octets go out as they come.
    Stream,
    /// Body octets gather for the next BDAT.
    Gather,
    Chunk,
    Final,
    Quit,
    Ended,
}

/// One connection.
#[derive(Debug)]
pub struct Session {
    name: MailDomain,
    login: Option<Login>,
    state: State,
    reader: ReplyReader,
    steps: VecDeque<Step>,
    offered: Extensions,
    greeting: Option<Reply>,
    transaction: Option<Transaction>,
    served: bool,
    answered: u64,
    failure: Option<Failure>,
}

impl Session {
    /// A session on a connection just made. `name` is our host's name in A-labels.
    pub fn new(name: MailDomain) -> Self {
        Self {
            name,
            login: None,
            state: State::Greeting,
            reader: ReplyReader::default(),
            steps: VecDeque::new(),
            offered: Extensions::default(),
            greeting: None,
            transaction: None,
            served: false,
            answered: 0,
            failure: None,
        }
    }

    /// Logs in under TLS before the first message.
    #[must_use]
    pub fn logging_in(mut self, login: Option<Login>) -> Self {
        self.login = login;
        self
    }

    /// The next step.
    pub fn step(&mut self) -> Step {
        if let Some(step) = self.steps.pop_front() {
            return step;
        }
        match self.state {
            State::Handshake => Step::Handshake,
            State::Idle => Step::Idle,
            State::Stream | State::Gather => Step::Body,
            State::Ended => Step::Ended(self.failure.clone()),
            _ => Step::Read(Wait { number: self.answered, phase: self.phase() }),
        }
    }

    /// What the peer offers, under TLS once it is up.
    pub fn offered(&self) -> &Extensions {
        &self.offered
    }

    /// The peer's greeting.
    pub fn greeting(&self) -> Option<&Reply> {
        self.greeting.as_ref()
    }

    /// Octets came from the peer.
    pub fn received(&mut self, octets: &[u8]) {
        match self.state {
            State::Ended => return,
            State::Handshake => return self.fail(Failure::InjectedBeforeTls),
            _ => {}
        }
        if let Err(error) = self.reader.push(octets) {
            return self.fail(Failure::Reply { error, phase: self.phase() });
        }
        while !matches!(self.state, State::Handshake | State::Idle | State::Gather | State::Ended) {
            match self.reader.next() {
                Ok(Some(raw)) => self.answer(&raw),
                Ok(None) => return,
                Err(error) => self.fail(Failure::Reply { error, phase: self.phase() }),
            }
        }
    }

    /// The connection is lost, or the time of the awaited reply is over.
    pub fn lost(&mut self, loss: Loss) {
        let phase = self.phase();
        match self.state {
            State::Ended => {}
            State::Quit => self.state = State::Ended,
            State::Idle => self.fail(Failure::Stale),
            State::Rset if loss != Loss::TimedOut => self.fail(Failure::Stale),
            // A refusal of our certificate can lose its alert on the way.
            // RFC 8446 §4.4.3
            State::TlsEhlo if self.reader.is_empty() && loss != Loss::TimedOut => {
                self.fail(TlsFailure::Lost(loss).into());
            }
            _ => self.fail(Failure::Lost { loss, phase }),
        }
    }

    /// TLS is up and the peer has been checked.
    // RFC 3207 §4.2
    pub fn tls_established(&mut self) {
        if self.state == State::Handshake {
            self.reader = ReplyReader::default();
            self.offered = Extensions::default();
            self.command(command::ehlo(&self.name), State::TlsEhlo);
        }
    }

    /// TLS did not come about, the peer's certificate is refused, or ours was.
    pub fn tls_failed(&mut self, failure: Failure) {
        if self.state != State::Ended {
            self.fail(failure);
        }
    }

    /// A TLS alert came instead of a reply: until the first octet after the handshake, the peer refuses our certificate.
    // RFC 8446 §4.4.3
    pub fn alerted(&mut self, alert: TlsFailure) {
        if self.state == State::TlsEhlo && self.reader.is_empty() {
            self.fail(alert.into());
        } else {
            self.lost(Loss::Broken);
        }
    }

    /// Whether a message can begin.
    pub fn is_idle(&self) -> bool {
        self.state == State::Idle && self.steps.is_empty()
    }

    /// Begins a message; only when idle. On a session that has ended, its failure becomes that of the recipients.
    pub fn begin(&mut self, envelope: Envelope) {
        self.transaction = Some(Transaction::new(envelope, &self.offered));
        match self.state {
            State::Idle => self.open_transaction(),
            State::Ended => self.fail(self.failure.clone().unwrap_or(Failure::Stale)),
            _ => self.fail(Failure::Unasked { phase: self.phase() }),
        }
    }

    /// Ends the session, in order when idle; a message under way is lost with the connection.
    // RFC 5321 §4.1.1.10
    pub fn quit(&mut self) {
        if self.state == State::Idle {
            self.command(b"QUIT\r\n".to_vec(), State::Quit);
        } else if self.transaction.is_some() {
            self.lost(Loss::Closed);
        } else {
            self.state = State::Ended;
        }
    }

    /// A reply came.
    fn answer(&mut self, raw: &RawReply) {
        self.answered += 1;
        let reply = raw.reply();
        // RFC 5321 §3.8
        if reply.code() == 421 && self.state != State::Quit {
            return self.turned_away(reply);
        }
        match self.state {
            State::Greeting => self.on_greeting(reply),
            State::PlainEhlo => self.on_plain_ehlo(raw, reply),
            State::StartTls => self.on_starttls(reply),
            State::TlsEhlo => self.on_tls_ehlo(raw, reply),
            State::Login => self.on_login(reply),
            State::Quit => self.state = State::Ended,
            _ => self.on_mail_answer(reply),
        }
    }

    // RFC 5321 §3.1
    fn on_greeting(&mut self, reply: Reply) {
        self.greeting = Some(reply.clone());
        match reply.code() {
            220 => self.command(command::ehlo(&self.name), State::PlainEhlo),
            400.. => self.turned_away(reply),
            _ => self.unexpected(&reply),
        }
    }

    // MSS #15
    fn on_plain_ehlo(&mut self, raw: &RawReply, reply: Reply) {
        match reply.code() {
            250 => {
                self.offered = Extensions::read(raw);
                if self.offered.starttls {
                    self.command(b"STARTTLS\r\n".to_vec(), State::StartTls);
                } else {
                    self.fail(Failure::TlsNotOffered { reply: None });
                }
            }
            500 | 502 => self.fail(Failure::TlsNotOffered { reply: Some(reply) }),
            400.. => self.turned_away(reply),
            _ => self.unexpected(&reply),
        }
    }

    // RFC 3207 §4
    // MSS #15
    fn on_starttls(&mut self, reply: Reply) {
        if reply.code() != 220 {
            self.fail(Failure::TlsNotOffered { reply: Some(reply) });
        } else if self.reader.is_empty() {
            self.state = State::Handshake;
        } else {
            self.fail(Failure::InjectedBeforeTls);
        }
    }

    fn on_tls_ehlo(&mut self, raw: &RawReply, reply: Reply) {
        match reply.code() {
            250 => {
                self.offered = Extensions::read(raw);
                match self.login.take() {
                    None => self.state = State::Idle,
                    Some(login) => self.command(login.command(), State::Login),
                }
            }
            400.. => self.turned_away(reply),
            _ => self.unexpected(&reply),
        }
    }

    // RFC 4954 §4
    fn on_login(&mut self, reply: Reply) {
        match reply.code() {
            235 => self.state = State::Idle,
            400.. => self.turned_away(reply),
            _ => self.unexpected(&reply),
        }
    }

    /// Writes a command and goes to the state that awaits its answer.
    fn command(&mut self, octets: Vec<u8>, awaiting: State) {
        if !self.reader.is_empty() {
            return match self.reader.next() {
                Ok(Some(raw)) if raw.code == 421 => self.turned_away(raw.reply()),
                _ => self.fail(Failure::Unasked { phase: self.phase() }),
            };
        }
        self.steps.push_back(Step::Write(octets));
        self.state = awaiting;
    }

    fn turned_away(&mut self, reply: Reply) {
        let stale = matches!(self.state, State::Idle | State::Rset) && self.served;
        let phase = self.phase();
        self.fail(if stale { Failure::Stale } else { Failure::TurnedAway { phase, reply } });
    }

    fn unexpected(&mut self, reply: &Reply) {
        self.fail(Failure::Unexpected { code: reply.code(), phase: self.phase() });
    }

    /// Ends the session; a message under way gets its report first.
    fn fail(&mut self, failure: Failure) {
        self.steps.retain(|step| matches!(step, Step::Done(_)));
        self.failure = Some(failure.clone());
        self.conclude(&failure.problem());
        self.state = State::Ended;
    }

    /// Reports on the message: recipients without an outcome get the problem's.
    fn conclude(&mut self, problem: &Problem) {
        self.state = State::Idle;
        if let Some(transaction) = self.transaction.take() {
            let outcomes = transaction.outcomes(|| problem.clone().outcome());
            self.done(outcomes);
        }
    }

    fn done(&mut self, outcomes: Vec<Outcome>) {
        let (peer_reports, failure) = (self.offered.dsn, self.failure.clone());
        let report = MessageReport { outcomes, peer_reports, failure };
        self.steps.push_back(Step::Done(Box::new(report)));
    }

    fn phase(&self) -> Phase {
        match self.state {
            State::Greeting => Phase::Greeting,
            State::PlainEhlo | State::TlsEhlo => Phase::Ehlo,
            State::StartTls | State::Handshake => Phase::Tls,
            State::Login => Phase::Login,
            State::Idle | State::Rset => Phase::Rset,
            State::Mail => Phase::Mail,
            State::Rcpt(_) => Phase::Rcpt,
            State::Data => Phase::Data,
            State::Stream | State::Gather => Phase::Body,
            State::Chunk => Phase::Chunk,
            State::Final => Phase::Final,
            State::Quit | State::Ended => Phase::Quit,
        }
    }
}
