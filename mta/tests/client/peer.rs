//! A peer that does what a test says, and the certificates of a small trust domain.

use std::future::Future;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use domain::{MailAddress, MailDomain, Verdict};
use mta::client::{
    Answer, Connected, Envelope, MessageFacts, Mx, NextHop, NotConnected, PeerCheck, Recipient,
    Resolver, Terms, Timeouts, TlsFor, connect,
};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// One authority, a server `mx.b.fr` and a client.
pub(crate) struct Trust {
    roots: Arc<RootCertStore>,
    issuer: Issuer<'static, KeyPair>,
}

impl Trust {
    pub(crate) fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        // Two authorities of one name would be told apart by their signatures only.
        params.distinguished_name.push(DnType::CommonName, format!("{:?}", key.public_key_raw()));
        let root = params.self_signed(&key).unwrap();
        let mut roots = RootCertStore::empty();
        roots.add(root.der().clone()).unwrap();
        Self { roots: Arc::new(roots), issuer: Issuer::new(params, key) }
    }

    fn issue(&self, name: &str) -> (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        (vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
    }

    /// A server that demands a client certificate of this domain.
    pub(crate) fn server(&self, versions: &[&'static SupportedProtocolVersion]) -> TlsAcceptor {
        let (chain, key) = self.issue("mx.b.fr");
        let clients = WebPkiClientVerifier::builder(Arc::clone(&self.roots)).build().unwrap();
        let config = ServerConfig::builder_with_protocol_versions(versions)
            .with_client_cert_verifier(clients)
            .with_single_cert(chain, key)
            .unwrap();
        TlsAcceptor::from(Arc::new(config))
    }

    /// A client that trusts this domain, with a certificate of `of`.
    pub(crate) fn client(&self, of: &Self) -> Tls {
        let (chain, key) = of.issue("mta.a.fr");
        let config = ClientConfig::builder()
            .with_root_certificates(Arc::clone(&self.roots))
            .with_client_auth_cert(chain, key)
            .unwrap();
        Tls(Arc::new(config))
    }
}

pub(crate) struct Tls(Arc<ClientConfig>);

impl TlsFor for Tls {
    fn client_config(&self, _: &NextHop) -> Result<Arc<ClientConfig>, Verdict> {
        Ok(Arc::clone(&self.0))
    }
}

/// Both versions.
pub(crate) const ANY_TLS: &[&SupportedProtocolVersion] = rustls::ALL_VERSIONS;

/// The peer's end of a connection.
pub(crate) struct Peer<S> {
    stream: S,
    heard: Vec<u8>,
}

impl<S: AsyncReadExt + AsyncWriteExt + Unpin> Peer<S> {
    /// Says lines; a client that has hung up is not the peer's problem.
    pub(crate) async fn say(&mut self, lines: &str) {
        let octets = lines.replace('\n', "\r\n") + "\r\n";
        let _ = self.stream.write_all(octets.as_bytes()).await;
        let _ = self.stream.flush().await;
    }

    /// Octets without a line end.
    pub(crate) async fn drip(&mut self, octets: &[u8]) -> bool {
        self.stream.write_all(octets).await.is_ok() && self.stream.flush().await.is_ok()
    }

    /// Waits for one octet, whatever it is.
    pub(crate) async fn octet(&mut self) {
        let _ = self.stream.read_u8().await;
    }

    /// The next line; empty when the client has hung up.
    pub(crate) async fn hear(&mut self) -> String {
        loop {
            if let Some(end) = self.heard.iter().position(|b| *b == b'\n') {
                let line: Vec<u8> = self.heard.drain(..=end).collect();
                return String::from_utf8(line).unwrap().trim_end().to_owned();
            }
            let mut block = [0; 4096];
            match self.stream.read(&mut block).await {
                Ok(0) | Err(_) => return String::new(),
                Ok(read) => self.heard.extend_from_slice(&block[..read]),
            }
        }
    }

    /// Hears a line that begins so, and answers.
    pub(crate) async fn answer(&mut self, expected: &str, lines: &str) {
        let heard = self.hear().await;
        assert!(heard.starts_with(expected), "{heard:?} instead of {expected:?}");
        self.say(lines).await;
    }
}

impl Peer<TcpStream> {
    /// Up to the handshake.
    pub(crate) async fn starttls(
        mut self,
        acceptor: &TlsAcceptor,
    ) -> std::io::Result<Peer<TlsStream<TcpStream>>> {
        self.say("220 mx.b.fr ESMTP").await;
        self.answer("EHLO mta.a.fr", "250-mx.b.fr\n250 STARTTLS").await;
        self.answer("STARTTLS", "220 go").await;
        assert!(self.heard.is_empty(), "nothing but TLS may follow");
        let stream = acceptor.accept(self.stream).await?;
        Ok(Peer { stream, heard: Vec::new() })
    }

    /// Up to the first message.
    pub(crate) async fn ready(
        self,
        acceptor: &TlsAcceptor,
        extensions: &str,
    ) -> Peer<TlsStream<TcpStream>> {
        let mut peer = self.starttls(acceptor).await.unwrap();
        peer.answer("EHLO mta.a.fr", &format!("250-mx.b.fr\n{extensions}250 HELP")).await;
        peer
    }
}

/// Listens; each connection is dealt with by `behaviour`. Returns the next hop that leads there.
pub(crate) async fn listen<F, B>(behaviour: B) -> NextHop
where
    B: Fn(Peer<TcpStream>) -> F + Send + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(behaviour(Peer { stream, heard: Vec::new() }));
        }
    });
    hop(port)
}

/// A next hop where nobody listens.
pub(crate) async fn nobody() -> NextHop {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    hop(listener.local_addr().unwrap().port())
}

/// A configured route to a port on loopback.
fn hop(port: u16) -> NextHop {
    NextHop {
        host: Ipv4Addr::LOCALHOST.to_string(),
        port,
        server_name: "mx.b.fr".to_owned(),
        compare_name: true,
        configured: true,
    }
}

/// Nobody asks it: every hop is an address.
pub(crate) struct NoDns;

impl Resolver for NoDns {
    fn mx<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<Mx>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }

    fn addresses<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<IpAddr>> {
        Box::pin(std::future::ready(Ok(Vec::new())))
    }
}

/// Short enough for a test that waits for them, long enough for all others.
pub(crate) fn short() -> Timeouts {
    let short = Duration::from_millis(300);
    Timeouts { greeting: short, parting: short, handshake: short, ..Timeouts::default() }
}

pub(crate) async fn connect_with(
    hops: &[NextHop],
    tls: &Tls,
    check: PeerCheck<'_>,
    timeouts: Timeouts,
) -> Result<Connected, NotConnected> {
    let name: MailDomain = "mta.a.fr".parse().unwrap();
    connect(hops, &NoDns, Terms { name: &name, tls, check, login: None, timeouts }).await
}

/// Whoever holds a certificate of the trust domain will do.
pub(crate) fn anybody(chain: &[CertificateDer<'_>]) -> Result<(), Verdict> {
    if chain.is_empty() { Err(Verdict::ServerNotListed) } else { Ok(()) }
}

pub(crate) fn envelope(to: &str) -> Envelope {
    let from: MailAddress = "marie@a.fr".parse().unwrap();
    let to: MailAddress = to.parse().unwrap();
    let facts = MessageFacts { size: 10, eight_bit: false, utf8_headers: false };
    Envelope::new(from.into(), vec![Recipient::from(to)], facts).unwrap()
}
