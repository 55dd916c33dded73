//! Sockets, TLS and timers of IMAP; the only file of it that waits for the outside.
//!
//! Invariants: connections are bounded, in all and for each address; so is what is read and written at once, and how
//! long a peer may be silent. The TLS configuration is taken anew for each handshake.
//! Failure: a connection that fails, and a session that panics, costs that connection only. When the server stops,
//! commands in hand are finished within [`ListenerConfig::grace`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use mailstore::Store;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tracing::Instrument;

use crate::login::{LogIn, Peer};
use crate::session::auth::ASK_AGAIN;
use crate::session::{Session, Wants};
use crate::slots::Slots;

/// How long a client that has logged in may be silent.
// RFC 3501 §5.4
pub const AUTOLOGOUT: Duration = Duration::from_secs(30 * 60);

/// How long a client that has not logged in may be silent.
pub const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);

/// How long the next octets of a command or a message may take to come.
pub const DATA_TIMEOUT: Duration = Duration::from_secs(180);

/// How long the peer may leave our responses unread.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(120);

/// How long a connection may last in all: then the client logs in again.
pub const LIFE: Duration = Duration::from_secs(12 * 60 * 60);

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
    /// TLS from the first octet on (port 993); else STARTTLS (port 143).
    // RFC 8314 §3.2
    pub implicit_tls: bool,
    /// Connections at the same time, default 2000.
    pub max_connections: usize,
    /// Connections at the same time from one address (IPv6: one /64), default 100.
    pub max_connections_per_address: usize,
    /// How long commands in hand may take when the server stops, default 30 seconds.
    pub grace: Duration,
}

impl Default for ListenerConfig {
    fn default() -> Self {
        Self {
            implicit_tls: false,
            max_connections: 2000,
            max_connections_per_address: 100,
            grace: Duration::from_secs(30),
        }
    }
}

/// An IMAP server: one listener, its limits, its store.
pub struct Server<L: LogIn> {
    config: ListenerConfig,
    login: Arc<L>,
    store: Store,
    tls: watch::Receiver<Arc<rustls::ServerConfig>>,
    stop: watch::Receiver<bool>,
}

impl<L: LogIn> Clone for Server<L> {
    fn clone(&self) -> Self {
        Self {
            config: self.config.clone(),
            login: self.login.clone(),
            store: self.store.clone(),
            tls: self.tls.clone(),
            stop: self.stop.clone(),
        }
    }
}

impl<L: LogIn> Server<L> {
    /// A server that ends when `stop` says `true` or its sender is gone.
    pub fn new(
        config: ListenerConfig,
        login: Arc<L>,
        store: Store,
        tls: watch::Receiver<Arc<rustls::ServerConfig>>,
        stop: watch::Receiver<bool>,
    ) -> Self {
        Self { config, login, store, tls, stop }
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
                        let span = tracing::info_span!("imap", session = number, peer = %address);
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

    /// One response, if it can be written at once, and no more.
    fn turn_away(&self, stream: &TcpStream) {
        if !self.config.implicit_tls {
            _ = stream.try_write(b"* BYE [UNAVAILABLE] Too many connections\r\n");
        }
    }

    /// Serves one connection to its end. Public for listeners that are not TCP.
    pub async fn connection<S>(&self, stream: S, address: IpAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        // Who does not let what has begun end is cut off.
        let begun = timeout(LIFE + self.config.grace, self.begin(stream, address));
        match begun.await.unwrap_or(Err(Cut::TooLong)) {
            Err(Cut::TooLong) => tracing::info!("the connection lasted too long"),
            Ok(()) => tracing::debug!("closed"),
            Err(Cut::Silent) => tracing::info!("the peer was silent for too long"),
            Err(Cut::Lost(error)) => tracing::info!(%error, "connection lost"),
            Err(Cut::Handshake(error)) => tracing::info!(%error, "handshake failed"),
        }
    }

    async fn begin<S>(&self, mut stream: S, address: IpAddr) -> Result<(), Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let end = Instant::now() + LIFE;
        let session =
            |peer, secure| Session::new(self.store.clone(), self.login.clone(), peer, secure);
        if self.config.implicit_tls {
            let (mut stream, certificates) = self.handshake(stream).await?;
            let mut session = session(Peer { address, certificates }, true);
            session.greet().await;
            return self.talk(&mut stream, &mut session, end).await.map(drop);
        }
        let mut session = session(Peer { address, certificates: Vec::new() }, false);
        session.greet().await;
        if let Ended::StartTls = self.talk(&mut stream, &mut session, end).await? {
            let (mut stream, certificates) = self.handshake(stream).await?;
            session.secured(certificates);
            self.talk(&mut stream, &mut session, end).await?;
        }
        Ok(())
    }

    /// A handshake with the configuration of this moment.
    async fn handshake<S>(&self, stream: S) -> Result<(Box<TlsStream<S>>, Certificates), Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let acceptor = TlsAcceptor::from(self.tls.borrow().clone());
        let stream = timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await?;
        let stream = Box::new(stream.map_err(Cut::Handshake)?);
        let shown = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let certificates = shown.iter().map(|one| one.clone().into_owned()).collect();
        Ok((stream, certificates))
    }

    /// Speaks over one stream, plain or TLS, until `end` at the latest.
    async fn talk<S>(
        &self,
        stream: &mut S,
        session: &mut Session<L>,
        end: Instant,
    ) -> Result<Ended, Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut stop = self.stop.clone();
        let mut buffer = Vec::new();
        let mut silent_since = Instant::now();
        loop {
            if *stop.borrow() {
                session.stop("The server stops");
            }
            if Instant::now() >= end {
                session.stop("Log in again");
            }
            let wants = session.advance().await;
            let output = session.take_output();
            if !output.is_empty() {
                write(stream, &output).await?;
                silent_since = Instant::now();
            }
            match wants {
                Wants::Write => continue,
                Wants::StartTls => return Ok(Ended::StartTls),
                Wants::Close => {
                    close(stream).await;
                    return Ok(Ended::Closed);
                }
                Wants::Read => {}
            }
            let size = if session.is_receiving_message() { BODY_READ } else { COMMAND_READ };
            if buffer.len() != size {
                buffer = vec![0; size];
            }
            let patience = match (session.is_amid_command(), session.is_open()) {
                (true, _) => DATA_TIMEOUT,
                (false, true) => AUTOLOGOUT,
                (false, false) => LOGIN_TIMEOUT,
            };
            let mut changes = session.changes_to_wait_for();
            let read = tokio::select! {
                read = timeout_at(silent_since + patience, stream.read(&mut buffer)) => read,
                () = changed(&mut changes) => continue,
                () = stopped(&mut stop), if !session.is_stopping() => continue,
                () = sleep_until(end), if !session.is_stopping() => continue,
                // A client that says nothing is asked about as well.
                () = sleep(ASK_AGAIN), if session.is_open() => continue,
            };
            silent_since = Instant::now();
            match read {
                Ok(Ok(0)) => return Err(Cut::Lost(std::io::ErrorKind::UnexpectedEof.into())),
                Ok(Ok(len)) => session.receive(buffer.get(..len).unwrap_or_default()),
                Ok(Err(error)) => return Err(Cut::Lost(error)),
                Err(_) => {
                    write(stream, b"* BYE Autologout\r\n").await?;
                    close(stream).await;
                    return Err(Cut::Silent);
                }
            }
        }
    }
}

type Certificates = Vec<CertificateDer<'static>>;

/// Writes and flushes a batch of responses.
async fn write<S: AsyncWrite + Unpin>(stream: &mut S, output: &[u8]) -> Result<(), Cut> {
    if output.is_empty() {
        return Ok(());
    }
    let written = timeout(WRITE_TIMEOUT, async {
        stream.write_all(output).await?;
        stream.flush().await
    });
    written.await?.map_err(Cut::Lost)
}

/// Closes our side, and reads what is still under way: closing over unread octets would reset the connection and
/// take our last response with it.
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

/// How speaking over one stream ended.
enum Ended {
    Closed,
    StartTls,
}

/// Why a connection ended before its time.
enum Cut {
    Silent,
    TooLong,
    Lost(std::io::Error),
    Handshake(std::io::Error),
}

impl From<tokio::time::error::Elapsed> for Cut {
    fn from(_: tokio::time::error::Elapsed) -> Self {
        Self::Silent
    }
}

/// Until the account changes; for ever when nobody waits for that.
async fn changed(changes: &mut Option<watch::Receiver<u64>>) {
    let Some(changes) = changes else { return std::future::pending().await };
    if changes.changed().await.is_err() {
        std::future::pending::<()>().await;
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
