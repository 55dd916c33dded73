//! One SMTP session as a state machine without I/O: octets in, replies out, and questions to whoever knows.
//!
//! The caller loops: [`Session::step`] says what is needed next; the caller does it and gives the answer with the
//! method that the [`Step`] names. Replies gather in the output until the session has nothing left to read, so
//! a group of pipelined commands is answered in one write.
//!
//! Invariants: what came in plain text is never read after STARTTLS; what is announced as message is never read as
//! commands, refused or not; memory is one read and one command line; every octet of input is used once, and
//! each step uses input, ends the session or asks a question, so any input ends in bounded work.
//! Failure: every fault of the peer has its reply; a session over one of its [`Limits`](super::Limits), and one
//! whose caller leaves a question unanswered, is ended.

mod body;
mod commands;
mod envelope;
mod login;
mod step;

use std::net::IpAddr;
use std::ops::Range;
use std::sync::Arc;

use domain::Verdict;
use listener::TlsInfo;
use zeroize::{Zeroize, Zeroizing};

use self::body::{Body, Transfer};
use self::envelope::Envelope;
pub use self::step::Step;
use super::capability::Circumstances;
use super::config::SessionConfig;
use super::handler::{Accepted, Peer};
use super::reply::{Reply, Style};
use crate::wire::command::Mechanism;
use crate::wire::line::{AUTH_LINE, BASE_LINE, EXTENDED_LINE, Framed, LineFramer};

#[derive(Debug)]
enum State {
    /// Nothing was said yet.
    Connected,
    /// A command comes next.
    Commands,
    /// A response of a login comes next.
    Response(Mechanism),
    /// The message comes.
    Body(Body),
    /// The connection is to be closed.
    Over,
}

/// The question that is out.
#[derive(Debug)]
enum Waiting {
    Nothing,
    Greeting,
    Still,
    External,
    Login,
    Mail(Envelope),
    Recipient,
    Begin(Transfer),
    Body,
    End,
    Tls,
}

/// How the peer greeted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hello {
    NotYet,
    Helo,
    Ehlo,
}

/// What is counted against the limits.
#[derive(Clone, Copy, Debug, Default)]
struct Counters {
    transactions: u32,
    errors: u32,
    refusals: u32,
    deferrals: u32,
    failed_logins: u32,
    idle_commands: u32,
    discarded: u64,
    /// Messages and chunks; not limited by itself.
    bodies: u64,
}

/// One SMTP session.
#[derive(Debug)]
pub struct Session {
    config: Arc<SessionConfig>,
    peer: Peer,
    /// What was read; used up to `at`.
    input: Vec<u8>,
    at: usize,
    framer: LineFramer,
    output: Vec<u8>,
    state: State,
    waiting: Waiting,
    hello: Hello,
    authenticated: bool,
    /// The certificate opens something.
    external: bool,
    /// The last MAIL said SMTPUTF8.
    utf8: bool,
    envelope: Option<Envelope>,
    /// What [`Step::Body`] is about, in the input.
    piece: Range<usize>,
    /// The caller has a transaction to drop.
    abandon: bool,
    stopping: bool,
    /// The peer is to be judged again.
    doubtful: bool,
    counters: Counters,
}

/// Input kept between reads when there is nothing in it.
const IDLE_INPUT: usize = 4096;

impl Session {
    /// A session with a peer that has just connected, under TLS already where the listener is so.
    pub fn new(config: Arc<SessionConfig>, address: IpAddr, tls: Option<TlsInfo>) -> Self {
        Self {
            config,
            peer: Peer { address, tls, helo: None },
            input: Vec::new(),
            at: 0,
            framer: LineFramer::default(),
            output: Vec::new(),
            state: State::Connected,
            waiting: Waiting::Nothing,
            hello: Hello::NotYet,
            authenticated: false,
            external: false,
            utf8: false,
            envelope: None,
            piece: 0..0,
            abandon: false,
            stopping: false,
            doubtful: false,
            counters: Counters::default(),
        }
    }

    /// Who is at the other end.
    pub fn peer(&self) -> &Peer {
        &self.peer
    }

    /// Takes what was read: all of a read, after [`Step::Read`].
    pub fn receive(&mut self, octets: &[u8]) {
        self.input.drain(..self.at.min(self.input.len()));
        self.at = 0;
        if self.input.is_empty() && octets.len() <= IDLE_INPUT {
            self.input.shrink_to(IDLE_INPUT);
        }
        self.input.extend_from_slice(octets);
    }

    /// How many octets of replies wait to be written.
    pub fn output_len(&self) -> usize {
        self.output.len()
    }

    /// The replies to be written.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// While a message or a chunk is coming in: the how manieth of this session.
    pub fn receiving_body(&self) -> Option<u64> {
        matches!(self.state, State::Body(_)).then_some(self.counters.bodies)
    }

    /// The octets that [`Step::Body`] is about.
    pub fn body(&self) -> &[u8] {
        self.input.get(self.piece.clone()).unwrap_or_default()
    }

    /// The server stops: the transaction in hand is finished, another one is not begun.
    pub fn stop(&mut self) {
        self.stopping = true;
    }

    /// Whether [`Session::stop`] was called.
    pub fn is_stopping(&self) -> bool {
        self.stopping
    }

    /// What let the peer in may not hold any more: it is judged again before the next command, or before the message
    /// that is coming is stored.
    pub fn doubt(&mut self) {
        self.doubtful = self.peer.tls.is_some();
    }

    /// Nothing came for too long: the session ends.
    // RFC 5321 §4.5.3.2
    pub fn timed_out(&mut self) {
        self.waiting = Waiting::Nothing;
        self.reply(Reply::TimedOut);
    }

    /// What is needed next.
    pub fn step(&mut self) -> Step {
        if !matches!(self.waiting, Waiting::Nothing) {
            tracing::error!("a question of the session was not answered");
            self.waiting = Waiting::Nothing;
            self.end();
        }
        loop {
            if std::mem::take(&mut self.abandon) {
                return Step::Abandon;
            }
            let step = match self.state {
                State::Commands if self.doubtful => self.ask_again(),
                State::Connected => self.ask(Waiting::Greeting, Step::Greet),
                State::Commands | State::Response(_) => self.next_line(),
                State::Body(_) => self.next_octets(),
                State::Over => Some(Step::Close),
            };
            if let Some(step) = step {
                return step;
            }
        }
    }

    /// Has the peer judged again.
    fn ask_again(&mut self) -> Option<Step> {
        self.doubtful = false;
        self.ask(Waiting::Still, Step::Still)
    }

    /// The answer to [`Step::Greet`], [`Step::Still`], [`Step::Authenticate`], [`Step::Mail`], [`Step::Recipient`],
    /// [`Step::BeginBody`], [`Step::Body`].
    pub fn answered(&mut self, answer: Result<(), Verdict>) {
        match std::mem::replace(&mut self.waiting, Waiting::Nothing) {
            Waiting::Greeting => self.greeted(answer),
            Waiting::Still => self.judged_again(answer),
            Waiting::Login => self.logged_in(answer),
            Waiting::Mail(envelope) => self.mail_answered(envelope, answer),
            Waiting::Recipient => self.recipient_answered(answer),
            Waiting::Begin(transfer) => self.body_begun(transfer, answer),
            Waiting::Body => self.body_taken(answer),
            other => self.not_asked(other),
        }
    }

    /// The answer to [`Step::External`].
    pub fn external(&mut self, opens: bool) {
        match std::mem::replace(&mut self.waiting, Waiting::Nothing) {
            Waiting::External => {
                self.external = opens;
                self.hello_reply();
            }
            other => self.not_asked(other),
        }
    }

    /// The answer to [`Step::EndBody`].
    pub fn ended(&mut self, answer: Result<Accepted, Verdict>) {
        match std::mem::replace(&mut self.waiting, Waiting::Nothing) {
            Waiting::End => self.body_ended(answer),
            other => self.not_asked(other),
        }
    }

    /// The answer to [`Step::StartTls`]: TLS is on, and the session begins anew.
    // RFC 3207 §4.2
    pub fn secured(&mut self, tls: TlsInfo) {
        match std::mem::replace(&mut self.waiting, Waiting::Nothing) {
            Waiting::Tls => {
                self.peer.tls = Some(tls);
                self.peer.helo = None;
                self.hello = Hello::NotYet;
            }
            other => self.not_asked(other),
        }
    }

    fn not_asked(&mut self, waiting: Waiting) {
        tracing::error!("an answer that the session did not ask for");
        self.waiting = waiting;
    }

    fn ask(&mut self, waiting: Waiting, step: Step) -> Option<Step> {
        self.waiting = waiting;
        Some(step)
    }

    fn greeted(&mut self, answer: Result<(), Verdict>) {
        match answer {
            Ok(()) => {
                self.state = State::Commands;
                self.reply(Reply::Ready(self.config.hostname.to_string()));
            }
            Err(verdict) => {
                self.reply(Reply::Refused(verdict));
                self.end();
            }
        }
    }

    // RFC 5321 §3.8
    fn judged_again(&mut self, answer: Result<(), Verdict>) {
        if let Err(verdict) = answer {
            tracing::info!(verdict = verdict.id(), "not let in any more");
            self.reply(Reply::NoMore);
        }
    }

    /// Takes the next line out of the input.
    fn next_line(&mut self) -> Option<Step> {
        let between = self.envelope.is_none() && matches!(self.state, State::Commands);
        if self.stopping && between {
            // RFC 5321 §3.8
            self.reply(Reply::Refused(Verdict::ServiceUnavailable));
            return None;
        }
        let limit = self.line_limit();
        let unread = self.input.get(self.at..).unwrap_or_default();
        let (used, framed) = self.framer.frame(unread, limit);
        let start = self.at;
        self.at += used;
        let response = match self.state {
            State::Response(mechanism) => Some(mechanism),
            _ => None,
        };
        match (framed, response) {
            (Framed::More, _) => return Some(Step::Read),
            (Framed::Line, _) => {
                let line = self.take_line(start);
                return match response {
                    Some(mechanism) => self.response(mechanism, &line),
                    None => self.command_line(&line),
                };
            }
            (Framed::Malformed, None) => self.reply(Reply::Malformed),
            (Framed::TooLong, None) => self.reply(Reply::LineTooLong),
            (Framed::Malformed, Some(_)) => self.login_over(Reply::LoginMalformed),
            (Framed::TooLong, Some(_)) => self.login_over(Reply::AuthLineTooLong),
            (Framed::Endless, _) => self.reply(Reply::TooMuch),
        }
        None
    }

    /// The line between `start` and the octets not used yet, without its CRLF; wiped in the input, since it may
    /// hold a password.
    fn take_line(&mut self, start: usize) -> Zeroizing<Vec<u8>> {
        let octets = self.input.get_mut(start..self.at).unwrap_or_default();
        let line = octets.strip_suffix(b"\r\n").unwrap_or_default();
        let line = Zeroizing::new(line.to_vec());
        octets.zeroize();
        line
    }

    fn line_limit(&self) -> usize {
        let auth = |octets: &[u8]| octets.eq_ignore_ascii_case(b"AUTH ");
        match self.state {
            State::Response(_) => AUTH_LINE,
            _ if self.circumstances().auth() && self.unread().get(..5).is_some_and(auth) => {
                AUTH_LINE
            }
            _ if self.hello == Hello::Ehlo => EXTENDED_LINE,
            _ => BASE_LINE,
        }
    }

    /// What was read and is not used yet.
    fn unread(&self) -> &[u8] {
        self.input.get(self.at..).unwrap_or_default()
    }

    fn circumstances(&self) -> Circumstances<'_> {
        Circumstances {
            config: &self.config,
            tls: self.peer.tls.is_some(),
            authenticated: self.authenticated,
            external: self.external,
        }
    }

    /// Writes a reply, counts it, and ends the session when it is a 421 or one too many.
    ///
    /// Comes after all other changes of state.
    fn reply(&mut self, reply: Reply) {
        let code = reply.code();
        match &reply {
            Reply::Refused(verdict) => {
                tracing::info!(verdict = verdict.id(), code, "refused");
                self.counters.refusals += u32::from(code >= 500);
                self.counters.deferrals += u32::from(code < 500);
            }
            Reply::Accepted(accepted) => {
                tracing::info!(queue_id = accepted.queue_id().as_str(), code, "accepted");
            }
            _ if code >= 400 => {
                tracing::debug!(code, "error of the peer");
                self.counters.errors += 1;
            }
            _ => {}
        }
        let style = Style { lang: self.config.lang, utf8: self.utf8 };
        reply.write(style, &mut self.output);
        // RFC 5321 §3.8
        if code == 421 {
            self.end();
        } else if self.is_over_limits() {
            self.reply(Reply::TooMuch);
        }
    }

    // RFC 5321 §7.8
    fn is_over_limits(&self) -> bool {
        let (counted, limits) = (self.counters, self.config.limits);
        counted.errors > limits.errors
            || counted.refusals > limits.refusals
            || counted.deferrals > limits.deferrals
            || counted.failed_logins >= limits.failed_logins.max(1)
            || counted.idle_commands > limits.idle_commands
            || counted.discarded > limits.discarded
    }

    /// The connection is to be closed.
    fn end(&mut self) {
        self.forget_mail();
        self.state = State::Over;
    }

    /// The transaction is over before its time.
    fn forget_mail(&mut self) {
        if self.envelope.take().is_some() {
            self.abandon = true;
        }
    }
}
