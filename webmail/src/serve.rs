//! Connections and timers of the site; the only file that waits for the outside.
//!
//! Invariants: TLS from the first octet; connections are bounded, in all and for each address; a header section, a
//! handshake, a request and a connection have their time. The TLS configuration is taken anew for each handshake.
//! Failure: a connection that fails, and a handler that panics, costs that connection only. When the site stops,
//! requests in hand are finished within [`GRACE`].

use std::net::IpAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use listener::{Cut, Limits, Protocol, stopped};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tower::Service;

pub use crate::app::SiteParts;

use crate::app::App;
use crate::routes;

/// How long a header section may take, and how long a connection may be silent between requests.
// RFC 9112 §9.5
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a connection may last in all.
pub const CONNECTION_TIMEOUT: Duration = Duration::from_secs(60 * 60);

/// How long requests in hand may take when the site stops.
pub const GRACE: Duration = Duration::from_secs(5);

/// Octets of a header section.
pub const MAX_HEADER: usize = 32 * 1024;

/// Fields of a header section.
const MAX_FIELDS: usize = 64;

/// The address that a request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(pub(crate) IpAddr);

/// Says when the site stops, to answers that would go on.
#[derive(Debug, Clone)]
pub(crate) struct Stop(pub(crate) watch::Receiver<bool>);

/// The citizens' site of one operator. Clones share it.
#[derive(Debug, Clone)]
pub struct Site {
    router: Router,
}

impl Site {
    /// A site of these parts.
    #[must_use]
    pub fn new(parts: SiteParts) -> Self {
        Self { router: routes::all(App::new(parts)) }
    }

    /// The site without its sockets: for tests, and for who brings other listeners.
    pub fn router(&self) -> Router {
        self.router.clone()
    }

    /// Accepts connections until `stop` says `true` or its sender is gone; returns when the last one has ended or
    /// the grace is over.
    pub async fn run(
        self,
        listener: TcpListener,
        tls: watch::Receiver<Arc<rustls::ServerConfig>>,
        stop: watch::Receiver<bool>,
    ) {
        let pages = Pages { router: self.router, tls, stop: stop.clone() };
        let limits = Limits { grace: GRACE, ..Limits::default() };
        listener::run(pages, limits, listener, stop).await;
    }
}

/// The site on one listener.
#[derive(Clone)]
struct Pages {
    router: Router,
    tls: watch::Receiver<Arc<rustls::ServerConfig>>,
    stop: watch::Receiver<bool>,
}

impl Protocol for Pages {
    async fn connection(mut self, stream: TcpStream, peer: IpAddr) {
        let stream = match listener::tls::handshake(&self.tls, stream).await {
            Ok((stream, _)) => stream,
            Err(Cut::Handshake(error)) => return tracing::debug!(%error, "handshake failed"),
            Err(cut) => return tracing::debug!("{cut}"),
        };
        let router = self.router;
        let told = Stop(self.stop.clone());
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(Caller(peer));
            request.extensions_mut().insert(told.clone());
            router.clone().call(request)
        });
        let mut builder = http1::Builder::new();
        builder
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_buf_size(MAX_HEADER)
            .max_headers(MAX_FIELDS);
        let mut connection = pin!(builder.serve_connection(TokioIo::new(stream), service));
        let ended = tokio::select! {
            ended = connection.as_mut() => ended,
            () = stopped(&mut self.stop) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
            () = sleep(CONNECTION_TIMEOUT) => {
                connection.as_mut().graceful_shutdown();
                match timeout(GRACE, connection).await {
                    Ok(ended) => ended,
                    Err(_) => return,
                }
            }
        };
        if let Err(error) = ended {
            tracing::debug!(%error, "connection lost");
        }
    }
}
