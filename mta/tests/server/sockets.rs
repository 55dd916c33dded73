//! The driver over real streams: TLS on loopback, limits on connections, timers, stopping, a handler that panics.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use listener::stream::WRITE_TIMEOUT;
use mta::server::serve::{COMMAND_TIMEOUT, MESSAGE_TIMEOUT, SESSION_TIMEOUT};
use mta::server::{ListenerConfig, Role, Server};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, DuplexStream, duplex};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_rustls::TlsConnector;

use crate::office::{Books, Office};
use crate::transcript::config;

/// A key and a certificate that it signed itself; everybody trusts it.
pub(crate) struct Own {
    certificate: CertificateDer<'static>,
    key: PrivateKeyDer<'static>,
}

pub(crate) fn own(name: &str) -> Own {
    let made = rcgen::generate_simple_self_signed([name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    Own { certificate: made.cert.der().clone(), key }
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

fn roots(of: &Own) -> Arc<rustls::RootCertStore> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(of.certificate.clone()).unwrap();
    Arc::new(roots)
}

pub(crate) fn server_tls(server: &Own, client: &Own) -> Arc<rustls::ServerConfig> {
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(roots(client), provider())
            .allow_unauthenticated()
            .build()
            .unwrap();
    let config = rustls::ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![server.certificate.clone()], server.key.clone_key())
        .unwrap();
    Arc::new(config)
}

fn connector(server: &Own, client: &Own) -> TlsConnector {
    let config = rustls::ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots(server))
        .with_client_auth_cert(vec![client.certificate.clone()], client.key.clone_key())
        .unwrap();
    TlsConnector::from(Arc::new(config))
}

/// A running server and the means to reach and stop it.
struct Running {
    address: SocketAddr,
    books: Arc<Books>,
    tls: watch::Sender<Arc<rustls::ServerConfig>>,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
    server: Own,
    client: Own,
}

async fn running(settings: ListenerConfig) -> Running {
    let (server, client) = (own("mx.b.fr"), own("mx.a.fr"));
    let (tls, tls_now) = watch::channel(server_tls(&server, &client));
    let (stop, stop_now) = watch::channel(false);
    let office = Office::default();
    let books = office.books.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let task =
        tokio::spawn(Server::new(settings, Arc::new(office), tls_now, stop_now).run(listener));
    Running { address, books, tls, stop, task, server, client }
}

impl Running {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    async fn secure(&self, stream: TcpStream) -> tokio_rustls::client::TlsStream<TcpStream> {
        let name = ServerName::try_from("mx.b.fr").unwrap();
        connector(&self.server, &self.client).connect(name, stream).await.unwrap()
    }

    async fn stop(self) {
        self.stop.send(true).unwrap();
        self.task.await.unwrap();
    }
}

/// The lines of one reply.
pub(crate) async fn reply<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut said = String::new();
    loop {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(stream.read_u8().await.unwrap_or_else(|error| panic!("{said}{error}")));
        }
        said += std::str::from_utf8(&line).unwrap();
        if line[3] == b' ' {
            return said;
        }
    }
}

pub(crate) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut S,
    command: &str,
) -> String {
    stream.write_all(format!("{command}\r\n").as_bytes()).await.unwrap();
    stream.flush().await.unwrap();
    reply(stream).await
}

pub(crate) async fn rest<S: AsyncRead + Unpin>(stream: &mut S) -> String {
    let mut said = Vec::new();
    _ = stream.read_to_end(&mut said).await;
    String::from_utf8(said).unwrap()
}

#[tokio::test]
async fn a_message_over_tls_on_loopback() {
    let running = running(ListenerConfig::new(config(Role::Reception))).await;
    let mut stream = running.connect().await;
    assert_eq!(reply(&mut stream).await, "220 mx.b.fr ESMTP\r\n");
    assert!(ask(&mut stream, "EHLO mx.a.fr").await.contains("250-STARTTLS\r\n"));
    assert!(ask(&mut stream, "MAIL FROM:<jean@a.fr>").await.starts_with("530 5.7.0 "));
    assert!(ask(&mut stream, "STARTTLS").await.starts_with("220 2.0.0 "));
    let mut stream = running.secure(stream).await;
    assert!(!ask(&mut stream, "EHLO mx.a.fr").await.contains("STARTTLS"));
    let group = "MAIL FROM:<jean@a.fr>\r\nRCPT TO:<marie@b.fr>\r\nDATA";
    assert!(ask(&mut stream, group).await.starts_with("250 2.1.0 "));
    assert!(reply(&mut stream).await.starts_with("250 2.1.5 "));
    assert!(reply(&mut stream).await.starts_with("354 "));
    let message = "Bonjour Marie,\r\n".repeat(100_000);
    stream.write_all(message.as_bytes()).await.unwrap();
    assert!(ask(&mut stream, ".").await.starts_with("250 2.0.0 Message accepte : Q1"));
    assert!(ask(&mut stream, "QUIT").await.starts_with("221 "));
    assert_eq!(rest(&mut stream).await, "");
    let kept = running.books.kept();
    assert!(kept[0].body == message.as_bytes(), "{} octets", kept[0].body.len());
    drop(stream);
    running.stop().await;
}

#[tokio::test]
async fn submission_with_implicit_tls_and_a_certificate() {
    let mut settings = ListenerConfig::new(config(Role::Submission));
    settings.implicit_tls = true;
    let running = running(settings).await;
    let mut stream = running.secure(running.connect().await).await;
    assert!(reply(&mut stream).await.starts_with("220 "));
    assert!(ask(&mut stream, "EHLO laptop").await.contains("AUTH PLAIN EXTERNAL\r\n"));
    assert!(ask(&mut stream, "AUTH EXTERNAL =").await.starts_with("235 "));
    assert!(ask(&mut stream, "MAIL FROM:<jean@b.fr>").await.starts_with("250 "));
    drop(stream);
    running.stop().await;
}

#[tokio::test]
async fn a_new_configuration_counts_from_the_next_handshake() {
    let mut settings = ListenerConfig::new(config(Role::Reception));
    settings.implicit_tls = true;
    let mut running = running(settings).await;
    let mut before = running.secure(running.connect().await).await;
    assert!(reply(&mut before).await.starts_with("220 "));
    let renewed = own("mx.b.fr");
    running.tls.send(server_tls(&renewed, &running.client)).unwrap();
    running.server = renewed;
    let mut after = running.secure(running.connect().await).await;
    assert!(reply(&mut after).await.starts_with("220 "));
    assert!(ask(&mut before, "NOOP").await.starts_with("250 "));
    drop((before, after));
    running.stop().await;
}

#[tokio::test]
async fn too_many_connections_of_one_address() {
    let mut settings = ListenerConfig::new(config(Role::Reception));
    settings.limits.connections_per_address = 2;
    let running = running(settings).await;
    let (mut first, mut second) = (running.connect().await, running.connect().await);
    assert!(reply(&mut first).await.starts_with("220 "));
    assert!(reply(&mut second).await.starts_with("220 "));
    assert!(rest(&mut running.connect().await).await.starts_with("421 4.7.0 "));
    assert!(ask(&mut first, "QUIT").await.starts_with("221 "));
    assert_eq!(rest(&mut first).await, "");
    drop(first);
    // The place is free as soon as the connection's task has ended.
    loop {
        let said = reply(&mut running.connect().await).await;
        if said.starts_with("220 ") {
            break;
        }
        assert!(said.starts_with("421 4.7.0 "), "{said}");
        tokio::task::yield_now().await;
    }
    drop(second);
    running.stop().await;
}

#[tokio::test]
async fn a_handler_that_panics_costs_its_connection_only() {
    let running = running(ListenerConfig::new(config(Role::Reception))).await;
    let mut stream = running.connect().await;
    reply(&mut stream).await;
    ask(&mut stream, "EHLO mx.a.fr").await;
    ask(&mut stream, "STARTTLS").await;
    let mut stream = running.secure(stream).await;
    ask(&mut stream, "EHLO mx.a.fr").await;
    ask(&mut stream, "MAIL FROM:<jean@a.fr>").await;
    stream.write_all(b"RCPT TO:<panic@b.fr>\r\n").await.unwrap();
    assert_eq!(rest(&mut stream).await, "");
    assert!(reply(&mut running.connect().await).await.starts_with("220 "));
    assert_eq!(running.books.open(), 0);
    drop(stream);
    running.stop().await;
}

#[tokio::test]
async fn a_server_that_stops_tells_the_idle() {
    let running = running(ListenerConfig::new(config(Role::Reception))).await;
    let mut stream = running.connect().await;
    reply(&mut stream).await;
    running.stop.send(true).unwrap();
    assert!(rest(&mut stream).await.starts_with("421 4.3.2 "));
    drop(stream);
    running.task.await.unwrap();
}

/// A connection in memory, on a clock that only tests move.
fn connection(size: usize) -> (DuplexStream, JoinHandle<()>) {
    let (server, client) = (own("mx.b.fr"), own("mx.a.fr"));
    let mut settings = ListenerConfig::new(config(Role::Reception));
    let session = Arc::get_mut(&mut settings.session).unwrap();
    session.limits.idle_commands = u32::MAX;
    let tls = watch::channel(server_tls(&server, &client)).1;
    let (stop, stop_now) = watch::channel(false);
    let server = Server::new(settings, Arc::new(Office::default()), tls, stop_now);
    let (ours, theirs) = duplex(size);
    let task = tokio::spawn(async move {
        let _stop = stop;
        server.connection(theirs, IpAddr::from([192, 0, 2, 1])).await;
    });
    (ours, task)
}

#[tokio::test(start_paused = true)]
async fn a_silent_peer_is_told_and_left() {
    let (mut stream, task) = connection(4096);
    let begin = Instant::now();
    assert!(reply(&mut stream).await.starts_with("220 "));
    assert!(rest(&mut stream).await.starts_with("421 4.4.2 "));
    assert_eq!(begin.elapsed().as_secs(), COMMAND_TIMEOUT.as_secs());
    drop(stream);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_message_that_trickles_is_cut_off() {
    let (mut stream, task) = connection(4096);
    reply(&mut stream).await;
    ask(&mut stream, "HELO mx.a.fr").await;
    // Refused, but it is to be read to its end all the same.
    stream.write_all(b"BDAT 1000000\r\n").await.unwrap();
    let begin = Instant::now();
    while begin.elapsed() < MESSAGE_TIMEOUT {
        stream.write_all(b"x").await.unwrap();
        tokio::time::advance(Duration::from_secs(100)).await;
    }
    assert!(rest(&mut stream).await.starts_with("421 4.4.2 "));
    drop(stream);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_session_does_not_last_for_ever() {
    let (mut stream, task) = connection(4096);
    reply(&mut stream).await;
    let begin = Instant::now();
    while begin.elapsed() < SESSION_TIMEOUT {
        assert!(ask(&mut stream, "NOOP").await.starts_with("250 "));
        tokio::time::advance(Duration::from_secs(100)).await;
    }
    assert!(rest(&mut stream).await.starts_with("421 4.4.2 "));
    drop(stream);
    task.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_is_left() {
    let (mut stream, task) = connection(64);
    let begin = Instant::now();
    // As many questions as the pipe and the server take; the answers stay unread.
    let flood = async { while stream.write_all(b"HELP\r\n").await.is_ok() {} };
    _ = tokio::time::timeout(2 * WRITE_TIMEOUT, flood).await;
    task.await.unwrap();
    assert!(begin.elapsed() < 2 * WRITE_TIMEOUT + Duration::from_secs(10));
}

#[tokio::test]
async fn a_connection_at_rest_is_small() {
    let (server, client) = (own("mx.b.fr"), own("mx.a.fr"));
    let settings = ListenerConfig::new(config(Role::Reception));
    let tls = watch::channel(server_tls(&server, &client)).1;
    let stop = watch::channel(false).1;
    let server = Server::new(settings, Arc::new(Office::default()), tls, stop);
    let (_, theirs) = duplex(64);
    let future = server.connection(theirs, IpAddr::from([192, 0, 2, 1]));
    assert!(std::mem::size_of_val(&future) < 12 * 1024, "{}", std::mem::size_of_val(&future));
}
