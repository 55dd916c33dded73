//! Timers of IMAP, and what is read; the only file of it that waits for the outside.
//!
//! Invariants: connections are bounded, in all and for each address; so is what is read and written at once, and how
//! long a peer may be silent. The TLS configuration is taken anew for each handshake.
//! Failure: a connection that fails, and a session that panics, costs that connection only. When the server stops,
//! commands in hand are finished within the grace of [`ListenerConfig::limits`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use listener::stream::{close, write};
use listener::{Cut, Limits, Protocol, TlsInfo, stopped};
use mailstore::Store;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until, timeout, timeout_at};
use tokio_rustls::server::TlsStream;

use crate::login::{LogIn, Peer};
use crate::session::auth::ASK_AGAIN;
use crate::session::{Listings, Session, Wants};
use crate::texts::{Texts, Unindexed};

/// How long a client that has logged in may be silent.
// RFC 3501 §5.4
pub const AUTOLOGOUT: Duration = Duration::from_secs(30 * 60);

/// How long a client that has not logged in may be silent.
pub const LOGIN_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a client may take to log in, however often it says something.
pub const LOGIN_LIFE: Duration = Duration::from_secs(5 * 60);

/// How long the next octets of a command or a message may take to come.
pub const DATA_TIMEOUT: Duration = Duration::from_secs(180);

/// How long a connection may last in all: then the client logs in again.
pub const LIFE: Duration = Duration::from_secs(12 * 60 * 60);

/// Read at once while commands come, and all that a silent connection holds.
const COMMAND_READ: usize = 4 * 1024;

/// Read at once while a message comes.
const BODY_READ: usize = 64 * 1024;

/// What a listener is told when it begins.
#[derive(Clone, Copy, Debug, Default)]
pub struct ListenerConfig {
    /// TLS from the first octet on (port 993); else STARTTLS (port 143).
    // RFC 8314 §3.2
    pub implicit_tls: bool,
    /// Connections, and how long commands in hand may take when the server stops.
    pub limits: Limits,
}

/// An IMAP server: one listener, its limits, its store.
pub struct Server<L: LogIn> {
    config: ListenerConfig,
    login: Arc<L>,
    store: Store,
    listings: Arc<Listings>,
    texts: Arc<dyn Texts>,
    tls: watch::Receiver<Arc<rustls::ServerConfig>>,
    stop: watch::Receiver<bool>,
}

impl<L: LogIn> Clone for Server<L> {
    fn clone(&self) -> Self {
        Self {
            config: self.config,
            login: self.login.clone(),
            store: self.store.clone(),
            listings: self.listings.clone(),
            texts: self.texts.clone(),
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
        Self {
            config,
            login,
            store,
            listings: Arc::default(),
            texts: Arc::new(Unindexed),
            tls,
            stop,
        }
    }

    /// The server, with another way to find texts than to read every message.
    #[must_use]
    pub fn finding(self, texts: Arc<dyn Texts>) -> Self {
        Self { texts, ..self }
    }

    /// Accepts connections until told to stop; returns when the last one has ended or the grace is over.
    pub async fn run(self, listener: TcpListener) {
        let (limits, stop) = (self.config.limits, self.stop.clone());
        listener::run(self, limits, listener, stop).await;
    }

    /// Serves one connection to its end. Public for listeners that are not TCP.
    pub async fn connection<S>(&self, stream: S, address: IpAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        // Who does not let what has begun end is cut off.
        let begun = timeout(LIFE + self.config.limits.grace, self.begin(stream, address));
        match begun.await.unwrap_or(Err(Cut::TooLong)) {
            Ok(()) => tracing::debug!("closed"),
            Err(cut) => cut.log(),
        }
    }

    async fn begin<S>(&self, mut stream: S, address: IpAddr) -> Result<(), Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let end = Instant::now() + LIFE;
        let session = |peer, secure| {
            let session = Session::new(self.store.clone(), self.login.clone(), peer, secure);
            session.sharing(self.listings.clone()).finding(self.texts.clone())
        };
        if self.config.implicit_tls {
            let (mut stream, tls) = self.handshake(stream).await?;
            let mut session = session(Peer { address, certificates: tls.certificates }, true);
            session.greet().await;
            return self.talk(&mut stream, &mut session, end).await.map(drop);
        }
        let mut session = session(Peer { address, certificates: Vec::new() }, false);
        session.greet().await;
        if let Ended::StartTls = self.talk(&mut stream, &mut session, end).await? {
            let (mut stream, tls) = self.handshake(stream).await?;
            session.secured(tls.certificates);
            self.talk(&mut stream, &mut session, end).await?;
        }
        Ok(())
    }

    /// A handshake with the configuration of this moment.
    async fn handshake<S>(&self, stream: S) -> Result<(Box<TlsStream<S>>, TlsInfo), Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        listener::tls::handshake(&self.tls, stream).await
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
        let log_in_by = silent_since + LOGIN_LIFE;
        loop {
            if *stop.borrow() {
                session.stop("The server stops");
            }
            if Instant::now() >= end {
                session.stop("Log in again");
            }
            if !session.is_open() && Instant::now() >= log_in_by {
                session.stop("Nobody has logged in");
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
                    write(stream, &session.cut_off("Autologout")).await?;
                    close(stream).await;
                    return Err(Cut::Silent);
                }
            }
        }
    }
}

impl<L: LogIn> Protocol for Server<L> {
    fn span(&self, number: u64, peer: IpAddr) -> tracing::Span {
        tracing::info_span!("imap", session = number, peer = %peer)
    }

    fn turn_away(&self, stream: &TcpStream) {
        if !self.config.implicit_tls {
            _ = stream.try_write(b"* BYE [UNAVAILABLE] Too many connections\r\n");
        }
    }

    async fn connection(self, stream: TcpStream, peer: IpAddr) {
        Server::connection(&self, stream, peer).await;
    }
}

/// How speaking over one stream ended.
enum Ended {
    Closed,
    StartTls,
}

/// Until the account changes; for ever when nobody waits for that.
async fn changed(changes: &mut Option<watch::Receiver<u64>>) {
    let Some(changes) = changes else { return std::future::pending().await };
    if changes.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}
