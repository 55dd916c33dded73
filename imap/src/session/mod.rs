//! A session: what comes in goes through the framer and the grammar to a command, what goes out is gathered here.
//!
//! Invariants: no I/O on the connection; output is bounded by [`OUTPUT`] and one piece. STARTTLS forgets what came
//! before it. Failure: too many lines that are no commands end the session.

mod answer;
mod append;
pub(crate) mod auth;
mod candidate;
mod capability;
mod compress;
mod decode;
mod enabled;
mod fetch;
mod list;
mod listing;
mod literal;
mod mailboxes;
mod narrow;
mod open;
mod quota;
mod resync;
mod search;
mod section;
mod selected;
mod sort;
mod source;
mod store;
mod subject;
mod thread;
mod transfer;

use std::sync::Arc;

use imap_types::command::CommandBody;
use mailstore::Store;
use rustls::pki_types::CertificateDer;
use tokio::sync::watch;
use tokio::time::Instant;
use zeroize::Zeroizing;

use crate::encode;
use crate::frame::{Event, Framer};
use crate::grammar::{self, Command};
use crate::login::{LogIn, Peer};
use crate::texts::{Texts, Unindexed};
use answer::Answer;
use append::Appending;
pub use listing::Listings;
use open::{Open, Outcome};

/// Octets of output after which it is written before more is made.
pub const OUTPUT: usize = 64 * 1024;

/// Lines that are no commands.
const MAX_BAD: u32 = 50;

/// What a session waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wants {
    /// Octets from the client.
    Read,
    /// Its output to be written; there is more to do.
    Write,
    /// Its output to be written, then TLS.
    StartTls,
    /// Its output to be written, then the end.
    Close,
}

/// What the next line is.
enum Expects {
    Command,
    /// The response of an AUTHENTICATE.
    Response {
        tag: String,
        mechanism: auth::Mechanism,
    },
    /// The DONE of an IDLE.
    Done {
        tag: String,
    },
}

/// One client's session.
pub struct Session<L> {
    store: Store,
    texts: Arc<dyn Texts>,
    login: Arc<L>,
    listings: Arc<Listings>,
    peer: Peer,
    secure: bool,
    /// Whether the certificate shown opens something; None until it is asked.
    external: Option<bool>,
    framer: Framer,
    output: Vec<u8>,
    /// Once the client has asked for it; its output follows from [`Session::deflates`] on.
    deflated: Option<compress::Deflated>,
    /// Whether what is written is deflated.
    deflates: bool,
    expects: Expects,
    open: Option<Open>,
    appending: Option<Appending>,
    fetching: Option<Box<fetch::Job>>,
    searching: Option<Box<search::Job>>,
    attempts: u32,
    bad: u32,
    /// When it was last asked whether the log-in holds.
    asked: Instant,
    by_certificate: bool,
    /// What the client is told, once the session is to end.
    stopping: Option<&'static str>,
    /// Nothing more is taken.
    ends: bool,
    starts_tls: bool,
}

impl<L: LogIn> Session<L> {
    /// The session, with another way to find texts than to read every message.
    #[must_use]
    pub fn finding(self, texts: Arc<dyn Texts>) -> Self {
        Self { texts, ..self }
    }

    /// A session of a client that was not greeted yet; `secure` says whether it speaks over TLS.
    pub fn new(store: Store, login: Arc<L>, peer: Peer, secure: bool) -> Self {
        Self {
            store,
            texts: Arc::new(Unindexed),
            login,
            listings: Arc::default(),
            peer,
            secure,
            external: None,
            framer: Framer::default(),
            output: Vec::new(),
            deflated: None,
            deflates: false,
            expects: Expects::Command,
            open: None,
            appending: None,
            fetching: None,
            searching: None,
            attempts: 0,
            bad: 0,
            asked: Instant::now(),
            by_certificate: false,
            stopping: None,
            ends: false,
            starts_tls: false,
        }
    }

    /// Shares what is known of large mailboxes with other sessions of the same store.
    #[must_use]
    pub fn sharing(mut self, listings: Arc<Listings>) -> Self {
        self.listings = listings;
        self
    }

    /// Greets the client.
    // RFC 3501 §7.1.1
    pub async fn greet(&mut self) {
        self.find_external().await;
        let greeting = format!("* OK [CAPABILITY {}] Ready\r\n", self.capabilities());
        self.output.extend_from_slice(greeting.as_bytes());
    }

    /// TLS has begun.
    pub fn secured(&mut self, certificates: Vec<CertificateDer<'static>>) {
        // RFC 3501 §6.2.1: what came before is not of the client that speaks now.
        self.framer.clear();
        self.peer.certificates = certificates;
        (self.secure, self.external) = (true, None);
        self.starts_tls = false;
    }

    async fn find_external(&mut self) {
        // DESIGN: offered only when it opens something; programs stop when it fails.
        if self.external.is_none() {
            let opens = self.secure
                && !self.peer.certificates.is_empty()
                && self.login.external_opens(&self.peer).await;
            self.external = Some(opens);
        }
    }

    /// Takes in what was read.
    pub fn receive(&mut self, octets: &[u8]) {
        match &mut self.deflated {
            Some(deflated) => deflated.receive(octets),
            None => self.framer.push(octets),
        }
    }

    /// What is to be written.
    pub fn take_output(&mut self) -> Vec<u8> {
        let output = std::mem::take(&mut self.output);
        // RFC 4978 §3: the answer to COMPRESS is the last that is not deflated.
        if !std::mem::replace(&mut self.deflates, self.deflated.is_some()) || output.is_empty() {
            return output;
        }
        compress::deflate(&output)
    }

    /// Whether a message is coming.
    #[must_use]
    pub fn is_receiving_message(&self) -> bool {
        self.framer.is_in_message()
    }

    /// Whether a command has begun and is not complete.
    #[must_use]
    pub fn is_amid_command(&self) -> bool {
        self.framer.is_amid_command() || self.appending.is_some()
    }

    /// Octets that it holds of what was read and of what is to be written.
    #[must_use]
    pub fn held(&self) -> usize {
        let deflated = self.deflated.as_ref().map_or(0, compress::Deflated::held);
        self.framer.held() + self.output.len() + deflated
    }

    /// The connection ends without more being read; what the client is told.
    pub fn cut_off(&mut self, why: &str) -> Vec<u8> {
        self.output.extend_from_slice(format!("* BYE {why}\r\n").as_bytes());
        self.ends = true;
        self.take_output()
    }

    /// Whether the client has logged in.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// The session is to end, and why; what has begun is finished.
    pub fn stop(&mut self, why: &'static str) {
        self.stopping.get_or_insert(why);
    }

    /// Whether it was told to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.stopping.is_some()
    }

    /// The changes that an idling client waits for.
    #[must_use]
    pub fn changes_to_wait_for(&self) -> Option<watch::Receiver<u64>> {
        match &self.expects {
            Expects::Done { .. } => self.open.as_ref().map(|open| open.changes.clone()),
            _ => None,
        }
    }

    /// Goes on as far as it can.
    pub async fn advance(&mut self) -> Wants {
        self.find_external().await;
        loop {
            if self.ends {
                return Wants::Close;
            }
            if self.starts_tls {
                return Wants::StartTls;
            }
            let ends_plain = self.deflated.is_some() && !self.deflates;
            if self.output.len() >= OUTPUT || ends_plain {
                return Wants::Write;
            }
            self.check_log_in().await;
            if self.ends {
                return Wants::Close;
            }
            if let Some(job) = self.fetching.take() {
                self.fetch_on(job).await;
                continue;
            }
            if let Some(job) = self.searching.take() {
                if self.search_on(job).await {
                    return Wants::Write;
                }
                // Other sessions get their turn.
                tokio::task::yield_now().await;
                continue;
            }
            if let (Some(why), None) = (self.stopping, &self.appending) {
                self.output.extend_from_slice(format!("* BYE {why}\r\n").as_bytes());
                return Wants::Close;
            }
            if let (Expects::Done { .. }, Some(open)) = (&self.expects, &mut self.open)
                && open.changes.has_changed().unwrap_or_default()
            {
                open.refresh(true, &mut self.output).await;
            }
            match self.framer.next_event() {
                None if self.inflate() => {}
                None => return Wants::Read,
                Some(Event::Literal(literal)) => self.literal(literal),
                Some(Event::Piece(octets)) => {
                    if let Some(appending) = &mut self.appending {
                        appending.write(&octets);
                    }
                }
                Some(Event::TooLong(begun)) => {
                    self.expects = Expects::Command;
                    let tag = grammar::tag_of(&begun).unwrap_or_else(|| "*".into());
                    self.refuse(&tag, "The command is too long");
                }
                Some(Event::Command(line)) => self.line(Zeroizing::new(line)).await,
            }
        }
    }

    /// Whether there are more octets of a client that deflates.
    fn inflate(&mut self) -> bool {
        match self.deflated.as_mut().map(compress::Deflated::inflate) {
            None => false,
            Some(Ok(octets)) => {
                self.framer.push(&octets);
                !octets.is_empty()
            }
            Some(Err(compress::NotDeflated)) => {
                self.output.extend_from_slice(b"* BYE This is not deflated\r\n");
                self.ends = true;
                true
            }
        }
    }

    // RFC 4978 §3
    fn compress(&mut self) -> Answer {
        if self.deflated.is_some() {
            return Answer::no("[COMPRESSIONACTIVE] DEFLATE is active already");
        }
        self.deflated = Some(compress::Deflated::new(self.framer.take_rest()));
        Answer::ok("DEFLATE active")
    }

    async fn fetch_on(&mut self, mut job: Box<fetch::Job>) {
        let Some(open) = &mut self.open else { return };
        match open.fetch_step(&mut job, &mut self.output) {
            Ok(None) => self.fetching = Some(job),
            Ok(Some(answer)) => {
                open.refresh(job.uid, &mut self.output).await;
                answer.write(&job.tag, &mut self.output);
            }
            Err(fetch::Cut) => {
                tracing::error!("a body failed while it was sent");
                self.ends = true;
            }
        }
    }

    /// Whether there is something to write at once.
    async fn search_on(&mut self, mut job: Box<search::Job>) -> bool {
        let Some(open) = &mut self.open else { return false };
        match open.search_step(&mut job, &mut self.output) {
            search::Step::Done(answer) => {
                open.refresh(job.uid, &mut self.output).await;
                answer.write(&job.tag, &mut self.output);
                false
            }
            search::Step::More => {
                self.searching = Some(job);
                false
            }
            search::Step::Tell => {
                self.searching = Some(job);
                true
            }
        }
    }

    fn refuse(&mut self, tag: &str, text: &str) {
        self.bad += 1;
        Answer::bad(text).write(tag, &mut self.output);
        if self.bad >= MAX_BAD {
            self.output.extend_from_slice(b"* BYE Too many errors\r\n");
            self.ends = true;
        }
    }

    async fn line(&mut self, line: Zeroizing<Vec<u8>>) {
        if let Some(appending) = self.appending.take() {
            let Some(open) = &mut self.open else { return };
            let tag = appending.tag.clone();
            let expected: &[u8] = if appending.is_utf8() { b")" } else { b"" };
            if line.as_slice() != expected {
                return self.refuse(&tag, "Nothing may follow the message");
            }
            let answer = open.end_append(appending).await;
            open.refresh(true, &mut self.output).await;
            return answer.write(&tag, &mut self.output);
        }
        match std::mem::replace(&mut self.expects, Expects::Command) {
            Expects::Response { tag, mechanism } => {
                let answer = self.respond_line(mechanism, &line).await;
                answer.write(&tag, &mut self.output);
            }
            // RFC 2177 §3
            Expects::Done { tag } => match line.eq_ignore_ascii_case(b"DONE") {
                true => Answer::ok("IDLE done").write(&tag, &mut self.output),
                false => self.refuse(&tag, "DONE was expected"),
            },
            Expects::Command => match grammar::read(&line) {
                Ok(line) => self.command(&line.tag, line.command).await,
                Err(bad) => self.refuse(bad.tag.as_deref().unwrap_or("*"), bad.text),
            },
        }
    }

    async fn command(&mut self, tag: &str, command: Command) {
        let answer = match command {
            Command::Standard(CommandBody::Capability) => {
                let line = format!("* CAPABILITY {}\r\n", self.capabilities());
                self.output.extend_from_slice(line.as_bytes());
                Answer::ok("CAPABILITY done")
            }
            Command::Standard(CommandBody::Noop) => {
                if let Some(open) = &mut self.open {
                    open.refresh(true, &mut self.output).await;
                }
                Answer::ok("NOOP done")
            }
            Command::Standard(CommandBody::Id { .. }) => {
                // RFC 2971 §3.2
                self.output.extend_from_slice(b"* ID (\"name\" ");
                encode::string(&mut self.output, b"Pli");
                self.output.extend_from_slice(b")\r\n");
                Answer::ok("ID done")
            }
            Command::Standard(CommandBody::Compress { .. }) if self.open.is_some() => {
                self.compress()
            }
            Command::Standard(CommandBody::Logout) => {
                self.output.extend_from_slice(b"* BYE Goodbye\r\n");
                self.ends = true;
                Answer::ok("LOGOUT done")
            }
            command => match &mut self.open {
                Some(open) => match open.execute(tag, command, &mut self.output).await {
                    Outcome::Done(answer) => answer,
                    Outcome::Fetching(job) => {
                        self.fetching = Some(job);
                        return;
                    }
                    Outcome::Searching(job) => {
                        self.searching = Some(job);
                        return;
                    }
                    Outcome::Idle => {
                        self.output.extend_from_slice(b"+ Idling\r\n");
                        self.expects = Expects::Done { tag: tag.to_owned() };
                        return;
                    }
                },
                None => match self.before_login(tag, command).await {
                    Some(answer) => answer,
                    None => return,
                },
            },
        };
        answer.write(tag, &mut self.output);
    }

    async fn before_login(&mut self, tag: &str, command: Command) -> Option<Answer> {
        match command {
            // RFC 3501 §6.2.1
            Command::Standard(CommandBody::StartTLS) if !self.secure => {
                self.starts_tls = true;
                Some(Answer::ok("Begin TLS now"))
            }
            Command::Standard(CommandBody::StartTLS) => Some(Answer::bad("TLS has begun already")),
            Command::Standard(CommandBody::Login { username, password }) => {
                Some(self.login(username.as_ref(), password.declassify().as_ref()).await)
            }
            Command::Standard(CommandBody::Authenticate { mechanism, initial_response }) => {
                let initial = initial_response.as_ref().map(|secret| secret.declassify().as_ref());
                self.authenticate(tag, &mechanism, initial).await
            }
            _ => Some(Answer::bad("Log in first")),
        }
    }
}
