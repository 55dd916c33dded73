//! The sockets of an operator, bound before anything else starts, so that a port in use is an error
//! of the start and not of the first connection.

use crate::config::ListenSection;
use std::error::Error;
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// What is absent is not opened.
#[derive(Debug, Default)]
pub(crate) struct Listeners {
    pub(crate) smtp: Option<TcpListener>,
    pub(crate) submission: Option<TcpListener>,
    pub(crate) submissions: Option<TcpListener>,
    pub(crate) imap: Option<TcpListener>,
    pub(crate) imaps: Option<TcpListener>,
    pub(crate) https: Option<TcpListener>,
    pub(crate) metrics: Option<TcpListener>,
}

/// Where they ended up.
pub(crate) type Addresses = ListenSection;

async fn bind(
    name: &str,
    at: Option<SocketAddr>,
) -> Result<Option<TcpListener>, Box<dyn Error + Send + Sync>> {
    let Some(at) = at else { return Ok(None) };
    match TcpListener::bind(at).await {
        Ok(listener) => Ok(Some(listener)),
        Err(error) => Err(format!(
            "{at} cannot be opened for {name}: {error}; choose another port, or end the program \
             that has it"
        )
        .into()),
    }
}

impl Listeners {
    /// Binds what is asked for.
    pub(crate) async fn bind(asked: &ListenSection) -> Result<Self, Box<dyn Error + Send + Sync>> {
        Ok(Self {
            smtp: bind("smtp", asked.smtp).await?,
            submission: bind("submission", asked.submission).await?,
            submissions: bind("submissions", asked.submissions).await?,
            imap: bind("imap", asked.imap).await?,
            imaps: bind("imaps", asked.imaps).await?,
            https: bind("https", asked.https).await?,
            metrics: bind("metrics", asked.metrics).await?,
        })
    }

    /// The addresses, with the ports that the system gave.
    pub(crate) fn addresses(&self) -> Addresses {
        let of = |listener: &Option<TcpListener>| listener.as_ref()?.local_addr().ok();
        Addresses {
            smtp: of(&self.smtp),
            submission: of(&self.submission),
            submissions: of(&self.submissions),
            imap: of(&self.imap),
            imaps: of(&self.imaps),
            https: of(&self.https),
            metrics: of(&self.metrics),
        }
    }
}
