//! Accepting connections, and ending when told to.
//!
//! Invariants: a connection is served only while it holds a place; when the server is told to stop, nothing more is
//! accepted and what has begun has [`Limits::grace`] to end.
//! Failure: when the system has no more sockets, accepting rests for a moment; a connection that panics is logged
//! and costs nobody else anything.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tracing::{Instrument, Span};

use crate::slots::{Limits, Slots};

/// How long accepting rests when the system has no more sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// What is spoken on the connections of one listener. Each connection has a clone.
pub trait Protocol: Clone + Send + Sync + 'static {
    /// The span of the connection with this number, counted from 1, in which all about it is logged.
    fn span(&self, _number: u64, _peer: IpAddr) -> Span {
        Span::none()
    }

    /// Says that there is no place, if that can be written at once.
    fn turn_away(&self, _stream: &TcpStream) {}

    /// Serves one connection to its end. It hears itself of the server's stop, and ends when it can.
    fn connection(self, stream: TcpStream, peer: IpAddr) -> impl Future<Output = ()> + Send;
}

/// Accepts connections until `stop` says `true` or its sender is gone; returns when the last one has ended or the
/// grace is over.
pub async fn run<P: Protocol>(
    protocol: P,
    limits: Limits,
    listener: TcpListener,
    mut stop: watch::Receiver<bool>,
) {
    let slots = Arc::new(Slots::new(limits));
    let mut connections = JoinSet::new();
    let mut number: u64 = 0;
    loop {
        tokio::select! {
            () = stopped(&mut stop) => break,
            Some(ended) = connections.join_next() => report(ended),
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    number += 1;
                    let peer = peer.ip().to_canonical();
                    let span = protocol.span(number, peer);
                    match span.in_scope(|| slots.take(peer)) {
                        Some(slot) => {
                            let protocol = protocol.clone();
                            let task = async move {
                                let _slot = slot;
                                _ = stream.set_nodelay(true);
                                protocol.connection(stream, peer).await;
                            };
                            connections.spawn(task.instrument(span));
                        }
                        None => protocol.turn_away(&stream),
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
    if timeout(limits.grace, last).await.is_err() {
        tracing::warn!(connections = connections.len(), "cut off: the grace is over");
        connections.shutdown().await;
    }
}

/// Until the server is told to stop, or nobody can tell it any more.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    _ = stop.wait_for(|stop| *stop).await;
}

fn report(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!("a connection panicked and was closed");
    }
}
