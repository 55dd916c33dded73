//! Sockets, TLS and timers of the site; the only file that waits for the outside.
//!
//! Invariants: TLS from the first octet; connections are bounded, in all and for each address; a header section, a
//! handshake, a request and a connection have their time. The TLS configuration is taken anew for each handshake.
//! Failure: a connection that fails, and a handler that panics, costs that connection only. When the site stops,
//! requests in hand are finished within [`GRACE`].

use std::collections::HashMap;
use std::net::IpAddr;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::Service;

pub use crate::app::SiteParts;

use crate::app::App;
use crate::routes;

/// How long a handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(30);

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

/// Connections at the same time.
pub const MAX_CONNECTIONS: usize = 2000;

/// Connections at the same time from one address.
pub const MAX_CONNECTIONS_PER_ADDRESS: usize = 100;

/// How long accepting rests when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// The address that a request comes from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller(pub(crate) IpAddr);

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
        mut stop: watch::Receiver<bool>,
    ) {
        let slots = Arc::new(Slots::default());
        let mut connections = JoinSet::new();
        loop {
            tokio::select! {
                () = stopped(&mut stop) => break,
                Some(ended) = connections.join_next() => report(ended),
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let address = peer.ip().to_canonical();
                        if let Some(slot) = Slots::take(&slots, address) {
                            let router = self.router.clone();
                            // The configuration of this moment.
                            let acceptor = TlsAcceptor::from(tls.borrow().clone());
                            let stop = stop.clone();
                            connections.spawn(async move {
                                let _slot = slot;
                                _ = stream.set_nodelay(true);
                                connection(router, acceptor, stop, stream, address).await;
                            });
                        }
                    }
                    Err(error) => {
                        tracing::warn!(%error, "no connection can be accepted");
                        sleep(ACCEPT_PAUSE).await;
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
        if timeout(GRACE, last).await.is_err() {
            tracing::warn!(connections = connections.len(), "cut off: the grace is over");
            connections.shutdown().await;
        }
    }
}

/// Serves one connection to its end.
async fn connection(
    router: Router,
    acceptor: TlsAcceptor,
    mut stop: watch::Receiver<bool>,
    stream: TcpStream,
    address: IpAddr,
) {
    let stream = match timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream)).await {
        Ok(Ok(stream)) => stream,
        Ok(Err(error)) => return tracing::debug!(%error, "handshake failed"),
        Err(_) => return tracing::debug!("the handshake took too long"),
    };
    let service = service_fn(move |mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Caller(address));
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
        () = stopped(&mut stop) => {
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

/// Who is connected: how many, and how many from each address.
#[derive(Debug, Default)]
struct Slots(Mutex<(usize, HashMap<IpAddr, usize>)>);

/// One connection's place, given back when dropped.
#[derive(Debug)]
struct Slot {
    slots: Arc<Slots>,
    address: IpAddr,
}

impl Slots {
    fn take(slots: &Arc<Self>, address: IpAddr) -> Option<Slot> {
        let address = network(address);
        let mut held = slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, of_each) = &mut *held;
        let of_this = of_each.get(&address).copied().unwrap_or_default();
        if *all >= MAX_CONNECTIONS || of_this >= MAX_CONNECTIONS_PER_ADDRESS {
            return None;
        }
        *all += 1;
        of_each.insert(address, of_this + 1);
        Some(Slot { slots: Arc::clone(slots), address })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut held = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, of_each) = &mut *held;
        *all = all.saturating_sub(1);
        match of_each.get_mut(&self.address) {
            Some(count) if *count > 1 => *count -= 1,
            _ => drop(of_each.remove(&self.address)),
        }
    }
}

/// What counts as one address: of IPv6 a /64, which one household has.
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => IpAddr::V6((address.to_bits() & !u128::from(u64::MAX)).into()),
    }
}

/// Until the site is told to stop, or nobody can tell it any more.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_are_bounded_for_each_address() {
        let slots = Arc::new(Slots::default());
        let address: IpAddr = "2001:db8::1".parse().unwrap();
        let mut held: Vec<_> = std::iter::from_fn(|| Slots::take(&slots, address)).collect();
        assert_eq!(held.len(), MAX_CONNECTIONS_PER_ADDRESS);
        assert!(Slots::take(&slots, "2001:db8::2".parse().unwrap()).is_none(), "the same /64");
        assert!(Slots::take(&slots, "2001:db8:0:1::1".parse().unwrap()).is_some());
        held.pop();
        assert!(Slots::take(&slots, address).is_some());
    }
}
