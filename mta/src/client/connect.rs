//! From a list of hosts to a connection that is ready: addresses in order, each within its time.
//!
//! Invariants: hosts are tried one after another, at most [`MAX_ATTEMPTS`] addresses in all; a host that fails at
//! TLS or at the check of the peer is passed over like one that is down: nothing of the message has been sent.
//! Failure: that of the attempt that came furthest, because it says most.

use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::time::timeout;

use super::failure::Failure;
use super::resolver::Resolver;
use super::route::NextHop;
use super::transport::{Connection, Terms};

/// Most addresses tried in one attempt.
pub const MAX_ATTEMPTS: usize = 12;

/// A connection and where it leads.
pub struct Connected {
    /// The connection.
    pub connection: Connection,
    /// The host.
    pub hop: NextHop,
    /// Its address.
    pub address: SocketAddr,
}

/// Why no host would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotConnected {
    /// The failure that says most.
    pub failure: Failure,
    /// The host it happened with, for the report's Remote-MTA.
    pub host: Option<String>,
}

/// Connects to the first host that is ready to take messages.
///
/// # Errors
/// [`NotConnected`] when none is.
// RFC 5321 §5.1
pub async fn connect(
    hops: &[NextHop],
    resolver: &dyn Resolver,
    terms: Terms<'_>,
) -> Result<Connected, NotConnected> {
    let mut worst = NotConnected { failure: Failure::NoRoute, host: None };
    let mut attempts = 0;
    for hop in hops {
        let addresses = match hop.addresses(resolver).await {
            Ok(addresses) => addresses,
            Err(failure) => {
                worst.learn(failure, hop);
                continue;
            }
        };
        for address in addresses {
            if attempts == MAX_ATTEMPTS {
                return Err(worst);
            }
            attempts += 1;
            match try_address(hop, address, terms).await {
                Ok(connection) => return Ok(Connected { connection, hop: hop.clone(), address }),
                Err(failure) => {
                    let reason = failure.reason().id();
                    tracing::info!(host = %hop.host, %address, reason, "host passed over");
                    worst.learn(failure, hop);
                }
            }
        }
    }
    Err(worst)
}

async fn try_address(
    hop: &NextHop,
    address: SocketAddr,
    terms: Terms<'_>,
) -> Result<Connection, Failure> {
    let connecting = timeout(terms.timeouts.connect, TcpStream::connect(address)).await;
    let stream = connecting.ok().and_then(Result::ok).ok_or(Failure::Unreachable)?;
    // Commands are small and each awaits its answer.
    let _ = stream.set_nodelay(true);
    Connection::establish(stream, hop, terms).await
}

impl NotConnected {
    /// Keeps the failure that came furthest; the first of equals, which is the preferred host's.
    fn learn(&mut self, failure: Failure, hop: &NextHop) {
        if self.host.is_none() || distance(&failure) > distance(&self.failure) {
            *self = Self { failure, host: Some(hop.host.clone()) };
        }
    }
}

/// How far an attempt came.
fn distance(failure: &Failure) -> u8 {
    match failure {
        Failure::NoRoute | Failure::NullMx => 0,
        Failure::Dns => 1,
        Failure::Unreachable => 2,
        Failure::Tls(_) => 4,
        Failure::Peer(_) => 5,
        _ => 3,
    }
}
