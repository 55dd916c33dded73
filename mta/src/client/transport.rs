//! The client's sockets, TLS and timers: drives a [`Session`] over one connection.
//!
//! Invariants: there is no way on in plain text once TLS is asked for; the body is read in blocks of [`BLOCK`]
//! octets and held once; each read and write has a deadline.
//! Failure: every error ends in a [`Failure`]; a write that fails is followed by one short read, because a peer that
//! hangs up has often said why.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use domain::MailDomain;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::envelope::Envelope;
use super::extensions::Extensions;
use super::failure::{Failure, Loss, TlsFailure};
use super::login::Login;
use super::reply::Reply;
use super::route::NextHop;
use super::session::{MessageReport, Session, Step, Wait};
use super::timeouts::Timeouts;
use super::tls::{PeerCheck, TlsFor};

/// Octets read at once, from the peer and from the body.
const BLOCK: usize = 32 * 1024;

/// Where a message's octets come from.
pub type BodySource<'a> = &'a mut (dyn AsyncRead + Send + Unpin);

/// What a connection is made with.
#[derive(Clone, Copy)]
pub struct Terms<'a> {
    /// Our host's name in A-labels.
    pub name: &'a MailDomain,
    /// TLS configurations.
    pub tls: &'a dyn TlsFor,
    /// The check of the peer.
    pub check: PeerCheck<'a>,
    /// How to log in, at a submission service.
    pub login: Option<&'a Login>,
    /// Time limits.
    pub timeouts: Timeouts,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// A handshake took it and failed.
    Gone,
}

/// A connection under TLS to a checked peer, ready for messages.
pub struct Connection {
    session: Session,
    stream: Stream,
    chain: Vec<CertificateDer<'static>>,
    timeouts: Timeouts,
    deadline: Option<(Wait, Instant)>,
}

impl Connection {
    /// Brings a TCP connection to the point where messages can go.
    ///
    /// # Errors
    /// Any [`Failure`]: nothing of a message has been sent.
    pub async fn establish(
        stream: TcpStream,
        hop: &NextHop,
        terms: Terms<'_>,
    ) -> Result<Self, Failure> {
        let mut connection = Self {
            session: Session::new(terms.name.clone()).logging_in(terms.login.cloned()),
            stream: Stream::Plain(stream),
            chain: Vec::new(),
            timeouts: terms.timeouts,
            deadline: None,
        };
        loop {
            match connection.session.step() {
                Step::Handshake => match connection.handshake(hop, terms).await {
                    Ok(()) => connection.session.tls_established(),
                    Err(failure) => connection.session.tls_failed(failure),
                },
                Step::Idle => return Ok(connection),
                Step::Ended(failure) => return Err(failure.unwrap_or(Failure::Stale)),
                step => connection.exchange(step).await,
            }
        }
    }

    /// Sends one message; the peer is checked again first. A report that has a failure ends the connection.
    pub async fn send(
        &mut self,
        envelope: Envelope,
        body: BodySource<'_>,
        check: PeerCheck<'_>,
    ) -> MessageReport {
        if let Err(verdict) = check(&self.chain) {
            self.session.tls_failed(Failure::Peer(verdict));
        }
        let recipients = envelope.recipients().len();
        self.session.begin(envelope);
        let mut block = vec![0; BLOCK];
        loop {
            match self.session.step() {
                Step::Done(report) => return *report,
                Step::Body => match body.read(&mut block).await {
                    Ok(0) => self.session.body_end(),
                    Ok(read) => self.session.body(block.get(..read).unwrap_or_default()),
                    Err(_) => self.session.body_failed(),
                },
                step @ (Step::Write(_) | Step::Read(_)) => self.exchange(step).await,
                // A message that has begun ends in its report: not reached.
                Step::Ended(_) | Step::Idle | Step::Handshake => {
                    let outcomes = vec![Failure::Stale.problem().outcome(); recipients];
                    let failure = Some(Failure::Stale);
                    return MessageReport { outcomes, peer_reports: false, failure };
                }
            }
        }
    }

    /// Whether another message can go.
    pub fn is_usable(&mut self) -> bool {
        self.session.is_idle()
    }

    /// What the peer offers.
    pub fn offered(&self) -> &Extensions {
        self.session.offered()
    }

    /// The peer's greeting.
    pub fn greeting(&self) -> Option<&Reply> {
        self.session.greeting()
    }

    /// The peer's certificate chain.
    pub fn peer_chain(&self) -> &[CertificateDer<'static>] {
        &self.chain
    }

    /// Takes leave.
    pub async fn quit(mut self) {
        self.session.quit();
        loop {
            match self.session.step() {
                Step::Ended(_) => break,
                step @ (Step::Write(_) | Step::Read(_)) => self.exchange(step).await,
                _ => self.session.quit(),
            }
        }
        if let Stream::Tls(stream) = &mut self.stream {
            let _ = timeout(self.timeouts.parting, stream.shutdown()).await;
        }
    }

    /// Does one step of reading or writing.
    async fn exchange(&mut self, step: Step) {
        match step {
            Step::Write(octets) => self.write(&octets).await,
            Step::Read(wait) => {
                let deadline = self.deadline_of(wait);
                self.read(deadline).await;
            }
            _ => {}
        }
    }

    fn deadline_of(&mut self, wait: Wait) -> Instant {
        match self.deadline {
            Some((known, deadline)) if known == wait => deadline,
            _ => {
                let deadline = Instant::now() + self.timeouts.of(wait.phase);
                self.deadline = Some((wait, deadline));
                deadline
            }
        }
    }

    // RFC 5321 §4.5.3.2.5
    async fn write(&mut self, octets: &[u8]) {
        let limit = self.timeouts.block;
        let written = match &mut self.stream {
            Stream::Plain(stream) => write_all(stream, octets, limit).await,
            Stream::Tls(stream) => write_all(stream, octets, limit).await,
            Stream::Gone => Err(Loss::Broken),
        };
        match written {
            Ok(()) => {}
            Err(Loss::TimedOut) => self.session.lost(Loss::TimedOut),
            Err(loss) => {
                self.read(Instant::now() + self.timeouts.parting).await;
                self.session.lost(loss);
            }
        }
    }

    async fn read(&mut self, deadline: Instant) {
        let mut block = vec![0; BLOCK];
        let read = match &mut self.stream {
            Stream::Plain(stream) => timeout_at(deadline, stream.read(&mut block)).await,
            Stream::Tls(stream) => timeout_at(deadline, stream.read(&mut block)).await,
            Stream::Gone => return self.session.lost(Loss::Broken),
        };
        match read {
            Err(_) => self.session.lost(Loss::TimedOut),
            Ok(Ok(0)) => self.session.lost(Loss::Closed),
            Ok(Ok(read)) => self.session.received(block.get(..read).unwrap_or_default()),
            Ok(Err(error)) => match tls_error(&error) {
                // RFC 8446 §4.4.3
                Some(failure @ TlsFailure::Alert(_)) => self.session.alerted(failure),
                _ if error.kind() == io::ErrorKind::UnexpectedEof => {
                    self.session.lost(Loss::Closed);
                }
                _ => self.session.lost(Loss::Broken),
            },
        }
    }

    // RFC 3207 §4
    async fn handshake(&mut self, hop: &NextHop, terms: Terms<'_>) -> Result<(), Failure> {
        let config = terms.tls.client_config(hop).map_err(TlsFailure::NotConfigured)?;
        let name =
            ServerName::try_from(hop.server_name.clone()).map_err(|_| TlsFailure::ServerName)?;
        let Stream::Plain(stream) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(TlsFailure::Protocol.into());
        };
        let connector = TlsConnector::from(Arc::clone(&config));
        let handshake = timeout(terms.timeouts.handshake, connector.connect(name, stream)).await;
        let stream = match handshake {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => return Err(handshake_failure(&error).into()),
            Err(_) => return Err(TlsFailure::Lost(Loss::TimedOut).into()),
        };
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        self.chain = chain.iter().map(|der| der.clone().into_owned()).collect();
        self.stream = Stream::Tls(Box::new(stream));
        // MSS #13, #14
        (terms.check)(&self.chain).map_err(Failure::Peer)
    }
}

async fn write_all<S>(stream: &mut S, octets: &[u8], limit: Duration) -> Result<(), Loss>
where
    S: AsyncWrite + Unpin,
{
    // Each block has its own deadline: a large BDAT may take longer as a whole.
    for block in octets.chunks(BLOCK) {
        match timeout(limit, stream.write_all(block)).await {
            Ok(Ok(())) => {}
            Ok(Err(_)) => return Err(Loss::Broken),
            Err(_) => return Err(Loss::TimedOut),
        }
    }
    match timeout(limit, stream.flush()).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(_)) => Err(Loss::Broken),
        Err(_) => Err(Loss::TimedOut),
    }
}

/// What the TLS library says inside an I/O error.
fn tls_error(error: &io::Error) -> Option<TlsFailure> {
    error.get_ref()?.downcast_ref::<rustls::Error>().map(TlsFailure::of)
}

fn handshake_failure(error: &io::Error) -> TlsFailure {
    let lost = match error.kind() {
        io::ErrorKind::UnexpectedEof => Loss::Closed,
        _ => Loss::Broken,
    };
    tls_error(error).unwrap_or(TlsFailure::Lost(lost))
}
