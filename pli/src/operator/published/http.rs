//! Fetching one published file by HTTP or HTTPS, when it has changed.
//!
//! Invariants: an answer is bounded in octets and in time; no redirection is followed; an HTTPS
//! server's certificate must come from an authority given. What is fetched counts for nothing until
//! its own signature is checked: this file only brings octets.
//! Failure: [`FetchError`] says at which step.

use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper::header::{
    ACCEPT_ENCODING, ETAG, HOST, HeaderName, IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED,
    USER_AGENT,
};
use hyper::{HeaderMap, Request, StatusCode, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::{InvalidDnsNameError, ServerName};
use serde::{Deserialize, Serialize};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// For connection, handshake and answer together.
const PATIENCE: Duration = Duration::from_secs(120);
/// Octets of a field that is sent back to the server the next time.
const MAX_FIELD: usize = 512;
const HTTP: u16 = 80;
const HTTPS: u16 = 443;

/// What a server says of the file it gave, by which it knows the next time whether we have it.
// RFC 9110 §8.8
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Validators {
    #[serde(skip_serializing_if = "Option::is_none")]
    etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_modified: Option<String>,
}

/// What came.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fetched {
    /// We have it.
    NotModified,
    /// A file.
    File { octets: Vec<u8>, validators: Validators },
}

/// Why nothing came.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FetchError {
    #[error("the address has no host")]
    NoHost,
    #[error("the address begins with neither http:// nor https://")]
    Scheme,
    #[error("the host name is not right")]
    Name(#[from] InvalidDnsNameError),
    #[error("the server cannot be reached")]
    Connect(#[source] io::Error),
    #[error("the TLS handshake failed")]
    Tls(#[source] io::Error),
    #[error("the exchange broke off")]
    Http(#[from] hyper::Error),
    #[error("the request cannot be made")]
    Request(#[from] hyper::http::Error),
    #[error("the server answered {0}")]
    Status(StatusCode),
    #[error("the file is larger than {0} octets, or it broke off")]
    Body(usize, #[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("it took longer than {} s", PATIENCE.as_secs())]
    Late,
}

/// Fetches files.
#[derive(Clone)]
pub(crate) struct Fetcher {
    tls: TlsConnector,
}

impl std::fmt::Debug for Fetcher {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fetcher")
    }
}

impl Fetcher {
    /// That trusts HTTPS servers by this configuration.
    pub(crate) fn new(tls: rustls::ClientConfig) -> Self {
        Self { tls: TlsConnector::from(Arc::new(tls)) }
    }

    /// Fetches a file of at most `limit` octets, unless it is the one that `known` stands for.
    pub(crate) async fn get(
        &self,
        url: &Uri,
        known: &Validators,
        limit: usize,
    ) -> Result<Fetched, FetchError> {
        let fetched = tokio::time::timeout(PATIENCE, self.get_at_leisure(url, known, limit));
        fetched.await.unwrap_or(Err(FetchError::Late))
    }

    async fn get_at_leisure(
        &self,
        url: &Uri,
        known: &Validators,
        limit: usize,
    ) -> Result<Fetched, FetchError> {
        let host = url.host().ok_or(FetchError::NoHost)?;
        // An IPv6 address stands in brackets, and is asked for without.
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let connect = |port| TcpStream::connect((bare, url.port_u16().unwrap_or(port)));
        match url.scheme_str() {
            Some("http") => {
                let stream = connect(HTTP).await.map_err(FetchError::Connect)?;
                exchange(stream, url, known, limit).await
            }
            Some("https") => {
                let name = ServerName::try_from(bare.to_owned())?;
                let stream = connect(HTTPS).await.map_err(FetchError::Connect)?;
                let stream = self.tls.connect(name, stream).await.map_err(FetchError::Tls)?;
                exchange(stream, url, known, limit).await
            }
            _ => Err(FetchError::Scheme),
        }
    }
}

async fn exchange<S>(
    stream: S,
    url: &Uri,
    known: &Validators,
    limit: usize,
) -> Result<Fetched, FetchError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It ends with the sender, or when this future is given up.
    let _connection = Ends(tokio::spawn(connection));
    let path = url.path_and_query().map_or("/", |path| path.as_str());
    let authority = url.authority().ok_or(FetchError::NoHost)?;
    let mut request = Request::get(path)
        .header(HOST, authority.as_str())
        .header(USER_AGENT, concat!("Pli/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT_ENCODING, "identity");
    // RFC 9110 §13.1
    for (name, value) in [(IF_NONE_MATCH, &known.etag), (IF_MODIFIED_SINCE, &known.last_modified)] {
        if let Some(value) = value {
            request = request.header(name, value);
        }
    }
    let answer = sender.send_request(request.body(Empty::<Bytes>::new())?).await?;
    match answer.status() {
        StatusCode::NOT_MODIFIED => Ok(Fetched::NotModified),
        StatusCode::OK => {
            let validators = Validators {
                etag: field(answer.headers(), &ETAG),
                last_modified: field(answer.headers(), &LAST_MODIFIED),
            };
            let body = Limited::new(answer.into_body(), limit).collect().await;
            let octets = body.map_err(|error| FetchError::Body(limit, error))?.to_bytes().into();
            Ok(Fetched::File { octets, validators })
        }
        status => Err(FetchError::Status(status)),
    }
}

struct Ends(tokio::task::JoinHandle<Result<(), hyper::Error>>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.abort();
    }
}

fn field(headers: &HeaderMap, name: &HeaderName) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (value.len() <= MAX_FIELD).then(|| value.to_owned())
}
