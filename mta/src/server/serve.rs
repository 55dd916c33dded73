//! Timers of the receiving side, and what is read; the only file of it that waits for the outside.
//!
//! Invariants: connections are bounded, in all and for each address; what is read at once, how long a peer may be
//! silent, how long a message and a session may take are bounded; replies of a batch go out in one write.
//! The TLS configuration is taken anew for each handshake, so that a swap counts from the next one on.
//! Failure: a connection that fails, and a handler that panics, costs that connection only. When the server stops,
//! transactions in hand are finished within the grace of [`ListenerConfig::limits`].

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use listener::stream::{close, write};
use listener::{Cut, Limits, Protocol, TlsInfo, stopped};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until, timeout_at};
use tokio_rustls::server::TlsStream;

use super::config::SessionConfig;
use super::conversation::{Conversation, Wants};
use super::handler::Handler;
use super::reply::{Reply, Style};
use super::session::Session;

/// How long a command may take to come, as a whole.
// RFC 5321 §4.5.3.2.7
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(300);

/// How long an answer whether a peer is still let in is good for, while nothing is known to have changed.
pub const ASK_AGAIN: Duration = Duration::from_secs(60);

/// How long the next octets of a message may take to come.
// RFC 5321 §4.5.3.2.5
pub const DATA_TIMEOUT: Duration = Duration::from_secs(180);

/// How long one message or chunk may take in all: 25 MB at 15 kB a second.
// RFC 5321 §7.8
pub const MESSAGE_TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// How long a session may take in all; a message that has begun is finished.
// RFC 5321 §7.8
pub const SESSION_TIMEOUT: Duration = Duration::from_secs(2 * 60 * 60);

/// Read at once while commands come, and all that a silent connection holds.
const COMMAND_READ: usize = 4 * 1024;

/// Read at once while a message comes: what one record of TLS holds.
// RFC 8446 §5.1
const BODY_READ: usize = 16 * 1024;

/// What a listener is told when it begins.
#[derive(Clone, Debug)]
pub struct ListenerConfig {
    /// For each session.
    pub session: Arc<SessionConfig>,
    /// TLS from the first octet on.
    // RFC 8314 §3.3
    pub implicit_tls: bool,
    /// Connections, and how long transactions in hand may take when the server stops.
    pub limits: Limits,
}

impl ListenerConfig {
    /// Defaults, STARTTLS.
    pub fn new(session: SessionConfig) -> Self {
        Self { session: Arc::new(session), implicit_tls: false, limits: Limits::default() }
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
        let (limits, stop) = (self.config.limits, self.stop.clone());
        listener::run(self, limits, listener, stop).await;
    }

    /// Serves one connection to its end. Public for listeners that are not TCP.
    pub async fn connection<S>(&self, stream: S, address: IpAddr)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let deadline = Instant::now() + SESSION_TIMEOUT;
        // From before the peer is judged, so that no change is missed.
        let mut changes = self.handler.changes();
        let config = self.config.session.clone();
        let ended = if self.config.implicit_tls {
            match self.handshake(stream).await {
                Ok((mut stream, tls)) => {
                    let session = Session::new(config, address, Some(tls));
                    let mut conversation = Conversation::new(session, self.handler.clone());
                    self.talk(&mut stream, &mut conversation, &mut changes, deadline)
                        .await
                        .map(drop)
                }
                Err(cut) => Err(cut),
            }
        } else {
            let session = Session::new(config, address, None);
            self.begin_in_plain(stream, session, &mut changes, deadline).await
        };
        match ended {
            Ok(()) => tracing::debug!("closed"),
            Err(cut) => cut.log(),
        }
    }

    async fn begin_in_plain<S>(
        &self,
        mut stream: S,
        session: Session,
        changes: &mut watch::Receiver<u64>,
        deadline: Instant,
    ) -> Result<(), Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut conversation = Conversation::new(session, self.handler.clone());
        if let Ended::StartTls =
            self.talk(&mut stream, &mut conversation, changes, deadline).await?
        {
            let (mut stream, tls) = self.handshake(stream).await?;
            conversation.session().secured(tls);
            self.talk(&mut stream, &mut conversation, changes, deadline).await?;
        }
        Ok(())
    }

    /// A handshake with the configuration of this moment.
    // MSS #18
    async fn handshake<S>(&self, stream: S) -> Result<(Box<TlsStream<S>>, TlsInfo), Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        listener::tls::handshake(&self.tls, stream).await
    }

    /// Speaks over one stream, plain or TLS.
    async fn talk<S>(
        &self,
        stream: &mut S,
        conversation: &mut Conversation<H>,
        changes: &mut watch::Receiver<u64>,
        deadline: Instant,
    ) -> Result<Ended, Cut>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send,
    {
        let mut stop = self.stop.clone();
        let mut buffer = Vec::new();
        let mut message = (0, deadline);
        let (mut silent_since, mut judged) = (Instant::now(), Instant::now());
        loop {
            if *stop.borrow() {
                conversation.session().stop();
            }
            if changes.has_changed().unwrap_or(false) || judged.elapsed() >= ASK_AGAIN {
                changes.mark_unchanged();
                judged = Instant::now();
                conversation.session().doubt();
            }
            let wants = conversation.advance().await;
            let output = conversation.session().take_output();
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
            let (session, now) = (conversation.session(), Instant::now());
            let (size, until, last) = match session.receiving_body() {
                Some(number) => {
                    if message.0 != number {
                        message = (number, now + MESSAGE_TIMEOUT);
                    }
                    (BODY_READ, silent_since + DATA_TIMEOUT, message.1)
                }
                None => (COMMAND_READ, silent_since + COMMAND_TIMEOUT, deadline),
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
                () = changed(changes) => continue,
                () = sleep_until(judged + ASK_AGAIN) => continue,
            };
            // A command has its time as a whole, whether it drips or not; each piece of a message has its own.
            if size == BODY_READ {
                silent_since = Instant::now();
            }
            match read {
                Ok(Ok(0)) => return Err(Cut::Lost(std::io::ErrorKind::UnexpectedEof.into())),
                Ok(Ok(len)) => session.receive(buffer.get(..len).unwrap_or_default()),
                Ok(Err(error)) => return Err(Cut::Lost(error)),
                Err(Late) => {
                    session.timed_out();
                    write(stream, &session.take_output()).await?;
                    close(stream).await;
                    return Err(Cut::Silent);
                }
            }
        }
    }
}

impl<H: Handler> Protocol for Server<H> {
    fn span(&self, number: u64, peer: IpAddr) -> tracing::Span {
        tracing::info_span!("smtp", session = number, peer = %peer)
    }

    fn turn_away(&self, stream: &TcpStream) {
        if !self.config.implicit_tls {
            let mut reply = Vec::new();
            let style = Style { lang: self.config.session.lang, utf8: false };
            Reply::TooManyConnections.write(style, &mut reply);
            _ = stream.try_write(&reply);
        }
    }

    async fn connection(self, stream: TcpStream, peer: IpAddr) {
        Server::connection(&self, stream, peer).await;
    }
}

/// Until what lets peers in may have changed; left as it is, so that the loop sees it.
async fn changed(changes: &watch::Receiver<u64>) {
    let mut changes = changes.clone();
    if changes.changed().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// The time for a read is over.
struct Late;

/// How speaking over one stream ended.
enum Ended {
    Closed,
    StartTls,
}
