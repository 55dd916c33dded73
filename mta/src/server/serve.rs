//! Sockets, TLS and timers of the receiving side; the only file of it that waits for the outside.
//!
//! Invariants: connections are bounded, in all and for each address; what is read at once, how long a peer may be
//! silent, how long a message and a session may take are bounded; replies of a batch go out in one write.
//! The TLS configuration is taken anew for each handshake, so that a swap counts from the next one on.
//! Failure: a connection that fails, and a handler that panics, costs that connection only. When the server stops,
//! transactions in hand are finished within [`ListenerConfig::grace`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::Instrument;

use super::config::SessionConfig;
use super::conversation::{Conversation, Wants};
use super::handler::{Handler, TlsInfo};
use super::reply::{Reply, Style};
use super::session::Session;
use super::slots::Slots;

/// How long a command may take to come.
// RFC 5321 §4.5.3.2.7
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(300);

/// How long the next octets of a message may take to come.
// RFC 5321 §4.5.3.2.5
pub const DATA_TIMEOUT: Duration = Duration::from_secs(180);

/// How long one message or chunk may take in all: 25 MB at 15 kB a second.
// RFC 5321 §7.8
pub const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// How long a session may take in all; a message that has begun is finished.
// RFC 5321 §7.8
pub const SESSION_TIMEOUT: Duration = Duration::from_secs(2 * 60 * 60);

/// How long the peer may leave our replies unread.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(120);

/// How long a handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the peer may take to close its side.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// How much is read and thrown away while the peer closes its side.
const LINGER_READ: usize = 1024 * 1024;

/// Read at once while commands come, and all that a silent connection holds.
const COMMAND_READ: usize = 4 * 1024;

/// Read at once while a message comes.
const BODY_READ: usize = 64 * 1024;

/// How long accepting rests when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What a listener is told when it begins.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// For each session.
    pub session: Arc<SessionConfig>,
    /// TLS from the first octet on.
    // RFC 8314 §3.3
    pub implicit_tls: bool,
    /// Connections at the same time, default 2000.
    pub max_connections: usize,
    /// Connections at the same time from one address (IPv6: one /64), default 100.
    pub max_connections_per_address: usize,
    /// How long transactions in hand may take when the server stops, default 30 seconds.
    pub grace: Duration,
}

impl ListenerConfig {
    /// Defaults, STARTTLS.
    pub fn new(session: SessionConfig) -> Self {
        Self {
            session: Arc::new(session),
            implicit_tls: false,
            max_connections: 2000,
            max_connections_per_address: 100,
            grace: Duration::from_secs(30),
        }
    }
}

/// A receiving server: one listener, its limits, its handler.
pub struct Server<H: Handler> {
    config: ListenerConfig,
    handler: Arc<H>,
    tls: watch::Receiver<Arc<rustls::ServerConfig>>,
    stop: watch::Receiver<bool>,
}

impl<H: Handler> Clone for Server<H> {
    fn clone(&self) -> Self {
        let (config, handler) = (self.config.clone(), self.handler.clone());
        Self { config, handler, tls: self.tls.clone(), stop: self.stop.clone() }
    }
}

impl<H: Handler> Server<H> {
    /// A server that ends when `stop` says `true` or its sender is gone.
    pub fn new(
        config: ListenerConfig,
        handler: Arc<H>,
        tls: watch::Receiver<Arc<rustls::ServerConfig>>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { config, handler, tls, stop }
    }

    /// Accepts connections until told to stop; returns when the last one has ended or the grace is over.
    pub async fn run(self, listener: TcpListener) {
        let slots = Arc::new(Slots::default());
        let mut connections = JoinSet::new();
        let mut stop = self.stop.clone();
        let mut number: u64 = 0;
        loop {
            tokio::select! {
                () = stopped(&mut stop) => break,
                Some(ended) = connections.join_next() => report(ended),
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        number += 1;
                        let address = peer.ip().to_canonical();
                        let span = tracing::info_span!("smtp", session = number, peer = %address);
                        let slot = span.in_scope(|| slots.take(address, &self.config));
                        match slot {
                            Some(slot) => {
                                let server = self.clone();
                                let task = async move {
                                    let _slot = slot;
                                    _ = stream.set_nodelay(true);
                                    server.connection(stream, address).await;
                                };
                                connections.spawn(task.instrument(span));
                            }
                            None => self.turn_away(&stream),
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "no connection can be accepted");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        drop(listener);
        let last = async {
            while let Some(ended) = connections.join_next().await {
                report(ended);
            }
        };
        if timeout(self.config.grace, last).await.is_err() {
            tracing::warn!(connections = connections.len(), "cut off: the grace is over");
            connections.shutdown().await;
        }
    }

    /// One reply, if it can be written at once, and no more.
    fn turn_away(&self, stream: &TcpStream) {
        if !self.config.implicit_tls {
            let mut reply = Vec::new();
            let style = Style { lang: self.config.session.lang, utf8: false };
            Reply::TooManyConnections.write(style, &mut reply);
            _ = stream.try_write(&reply);
        }
    }

    /// Serves one connection to its end. Public for listeners that are not TCP.
    pub async fn connection<S>(&self, stream: S, address: IpAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let deadline = Instant::now() + SESSION_TIMEOUT;
        let config = self.config.session.clone();
        let ended = if self.config.implicit_tls {
            match self.handshake(stream).await {
                Ok((mut stream, tls)) => {
                    let session = Session::new(config, address, Some(tls));
                    let mut conversation = Conversation::new(session, self.handler.clone());
                    self.talk(&mut stream, &mut conversation, deadline).await.map(drop)
                }
                Err(cut) => Err(cut),
            }
        } else {
            let session = Session::new(config, address, None);
            self.begin_in_plain(stream, session, deadline).await
        };
        match ended {
            Ok(()) => tracing::debug!("closed"),
            Err(Cut::Silent) => tracing::info!("the peer was silent for too long"),
            Err(Cut::Lost(error)) => tracing::info!(%error, "connection lost"),
            Err(Cut::Handshake(error)) => tracing::info!(%error, "handshake failed"),
        }
    }

    async fn begin_in_plain<S>(
        &self,
        mut stream: S,
        session: Session,
        deadline: Instant,
    ) -> Result<(), Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut conversation = Conversation::new(session, self.handler.clone());
        if let Ended::StartTls = self.talk(&mut stream, &mut conversation, deadline).await? {
            let (mut stream, tls) = self.handshake(stream).await?;
            conversation.session().secured(tls);
            self.talk(&mut stream, &mut conversation, deadline).await?;
        }
        Ok(())
    }

    /// A handshake with the configuration of this moment.
    // MSS #18
    async fn handshake<S>(&self, stream: S) -> Result<(Box<TlsStream<S>>, TlsInfo), Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let acceptor = TlsAcceptor::from(self.tls.borrow().clone());
        let stream = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await?;
        let stream = Box::new(stream.map_err(Cut::Handshake)?);
        let tls = tls_info(stream.get_ref().1);
        tracing::debug!(protocol = tls.protocol, cipher = tls.cipher, "TLS");
        Ok((stream, tls))
    }

    /// Speaks over one stream, plain or TLS.
    async fn talk<S>(
        &self,
        stream: &mut S,
        conversation: &mut Conversation<H>,
        deadline: Instant,
    ) -> Result<Ended, Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut stop = self.stop.clone();
        let mut buffer = Vec::new();
        let mut message = (0, deadline);
        loop {
            if *stop.borrow() {
                conversation.session().stop();
            }
            let wants = conversation.advance().await;
            write(stream, conversation.session().take_output()).await?;
            match wants {
                Wants::Write => continue,
                Wants::StartTls => return Ok(Ended::StartTls),
                Wants::Close => {
                    close(stream).await;
                    return Ok(Ended::Closed);
                }
                Wants::Read => {}
            }
            let (session, now) = (conversation.session(), Instant::now());
            let (size, until, last) = match session.receiving_body() {
                Some(number) => {
                    if message.0 != number {
                        message = (number, now + MESSAGE_TIMEOUT);
                    }
                    (BODY_READ, now + DATA_TIMEOUT, message.1)
                }
                None => (COMMAND_READ, now + COMMAND_TIMEOUT, deadline),
            };
            if buffer.len() != size {
                buffer = vec![0; size];
            }
            let read = async {
                // A peer that always has something to say would never be late otherwise.
                if now >= last { Err(Late) } else { Ok(stream.read(&mut buffer).await) }
            };
            let read = tokio::select! {
                read = timeout_at(until.min(last), read) => read.unwrap_or(Err(Late)),
                // Told once; from then on the session itself says when it is over.
                () = stopped(&mut stop), if !session.is_stopping() => {
                    session.stop();
                    continue;
                }
            };
            match read {
                Ok(Ok(0)) => return Err(Cut::Lost(std::io::ErrorKind::UnexpectedEof.into())),
                Ok(Ok(len)) => session.receive(buffer.get(..len).unwrap_or_default()),
                Ok(Err(error)) => return Err(Cut::Lost(error)),
                Err(Late) => {
                    session.timed_out();
                    write(stream, session.take_output()).await?;
                    close(stream).await;
                    return Err(Cut::Silent);
                }
            }
        }
    }
}

/// Writes and flushes a batch of replies.
async fn write<S: AsyncWrite + Unpin>(stream: &mut S, output: Vec<u8>) -> Result<(), Cut> {
    if output.is_empty() {
        return Ok(());
    }
    let written = timeout(WRITE_TIMEOUT, async {
        stream.write_all(&output).await?;
        stream.flush().await
    });
    written.await?.map_err(Cut::Lost)
}

/// Closes our side, and reads what is still under way: closing over unread octets would reset the connection and
/// take our last reply with it.
async fn close<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
    let mut buffer = [0; 1024];
    let mut left = LINGER_READ;
    let closing = async {
        stream.shutdown().await?;
        while left > 0 {
            match stream.read(&mut buffer).await? {
                0 => break,
                len => left = left.saturating_sub(len),
            }
        }
        std::io::Result::Ok(())
    };
    _ = timeout(CLOSE_TIMEOUT, closing).await;
}

/// The time for a read is over.
struct Late;

/// How speaking over one stream ended.
enum Ended {
    Closed,
    StartTls,
}

/// Why a connection ended before its time.
enum Cut {
    Silent,
    Lost(std::io::Error),
    Handshake(std::io::Error),
}

impl From<tokio::time::error::Elapsed> for Cut {
    fn from(_: tokio::time::error::Elapsed) -> Self {
        Self::Silent
    }
}

fn tls_info(connection: &rustls::ServerConnection) -> TlsInfo {
    let certificates = connection.peer_certificates().unwrap_or_default();
    let protocol = connection.protocol_version().and_then(|version| version.as_str());
    let suite = connection.negotiated_cipher_suite();
    let cipher = suite.and_then(|suite| suite.suite().as_str());
    TlsInfo {
        certificates: certificates.iter().map(|one| one.clone().into_owned()).collect(),
        protocol: protocol.unwrap_or("unknown"),
        cipher: cipher.unwrap_or("unknown"),
    }
}

/// Until the server is told to stop, or nobody can tell it any more.
async fn stopped(stop: &mut watch::Receiver<bool>) {
    _ = stop.wait_for(|stop| *stop).await;
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a connection panicked and was closed");
    }
}
