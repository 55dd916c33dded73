//! Writing to a peer, closing, and how a connection ended.
//!
//! Invariant: a peer that does not read, or does not close, holds a connection for [`WRITE_TIMEOUT`] and
//! [`CLOSE_TIMEOUT`] at most.
//! Failure: a [`Cut`], which ends the connection.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::timeout;

/// How long the peer may leave what we write unread.
pub const WRITE_TIMEOUT: Duration = Duration::from_secs(120);

/// How long the peer may take to close its side.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Octets that are read and thrown away while the peer closes its side.
pub const LINGER_READ: usize = 1024 * 1024;

/// Why a connection ended before its time.
#[derive(Debug, thiserror::Error)]
pub enum Cut {
    /// The peer said or read nothing for longer than it may.
    #[error("the peer was silent for too long")]
    Silent,
    /// The connection is older than one may become.
    #[error("the connection lasted too long")]
    TooLong,
    /// The connection broke.
    #[error("connection lost")]
    Lost(#[source] io::Error),
    /// TLS did not come about, such as for the peer's certificate.
    #[error("handshake failed")]
    Handshake(#[source] io::Error),
}

impl Cut {
    /// A line in the log, in the connection's span.
    pub fn log(&self) {
        match self {
            Self::Silent | Self::TooLong => tracing::info!("{self}"),
            Self::Lost(error) | Self::Handshake(error) => tracing::info!(%error, "{self}"),
        }
    }
}

impl From<tokio::time::error::Elapsed> for Cut {
    fn from(_: tokio::time::error::Elapsed) -> Self {
        Self::Silent
    }
}

/// Writes and flushes a batch.
pub async fn write<S: AsyncWrite + Unpin>(stream: &mut S, output: &[u8]) -> Result<(), Cut> {
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
/// take our last words with it.
pub async fn close<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S) {
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
        io::Result::Ok(())
    };
    _ = timeout(CLOSE_TIMEOUT, closing).await;
}
