//! Peers that are slow, half-open or silent. Time is tokio's, which does not pass but when all wait.

use super::Land;
use crate::land::Names;
use imap::serve::{DATA_TIMEOUT, LOGIN_LIFE, LOGIN_TIMEOUT, ListenerConfig, Server};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// A server in plain; its senders are kept so that it goes on.
struct Serving {
    server: Server<Names>,
    _stop: watch::Sender<bool>,
    _tls: watch::Sender<Arc<rustls::ServerConfig>>,
}

impl Serving {
    async fn new() -> Self {
        let land = Land::new().await;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let tls = rustls::ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(rustls::server::ResolvesServerCertUsingSni::new()));
        let (tls, tls_of_server) = watch::channel(Arc::new(tls));
        let (stop, stopped) = watch::channel(false);
        let config = ListenerConfig::default();
        let server = Server::new(config, land.names(), land.store.clone(), tls_of_server, stopped);
        Self { server, _stop: stop, _tls: tls }
    }

    fn connect(&self) -> (DuplexStream, JoinHandle<()>) {
        let (here, there) = duplex(64 * 1024);
        let server = self.server.clone();
        let served = async move { server.connection(there, [127, 0, 0, 1].into()).await };
        (here, tokio::spawn(served))
    }
}

async fn heard(mut stream: DuplexStream) -> String {
    let mut heard = String::new();
    stream.read_to_string(&mut heard).await.unwrap();
    heard
}

// RFC 3501 §5.4
#[tokio::test(start_paused = true)]
async fn a_thousand_silent_peers_are_let_go_together() {
    let serving = Serving::new().await;
    let begun = Instant::now();
    let connected: Vec<_> = (0..1000).map(|_| serving.connect()).collect();
    for (stream, served) in connected {
        let heard = heard(stream).await;
        assert!(heard.ends_with("* BYE Autologout\r\n"), "{heard}");
        served.await.unwrap();
    }
    assert!(begun.elapsed() < LOGIN_TIMEOUT + Duration::from_secs(30), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_command_that_does_not_go_on_is_given_up() {
    let serving = Serving::new().await;
    for begun_with in ["a LOGIN {4}\r\nje", "a LOG", "a LOGIN {60000+}\r\nx"] {
        let (mut stream, served) = serving.connect();
        let begun = Instant::now();
        stream.write_all(begun_with.as_bytes()).await.unwrap();
        let heard = heard(stream).await;
        assert!(heard.ends_with("* BYE Autologout\r\n"), "{begun_with}: {heard}");
        served.await.unwrap();
        assert!(begun.elapsed() < DATA_TIMEOUT + Duration::from_secs(30), "{begun_with}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_drips_octets_has_a_few_minutes_to_log_in() {
    let serving = Serving::new().await;
    let (mut stream, served) = serving.connect();
    let begun = Instant::now();
    while stream.write_all(b"x").await.is_ok() && begun.elapsed() < 3 * LOGIN_LIFE {
        sleep(Duration::from_secs(20)).await;
    }
    assert!(begun.elapsed() < LOGIN_LIFE + Duration::from_secs(60), "{:?}", begun.elapsed());
    served.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_reads_nothing_is_cut_off() {
    let serving = Serving::new().await;
    let (mut stream, served) = serving.connect();
    let begun = Instant::now();
    // The answers fill what the peer would have to read.
    let asking =
        async { while stream.write_all(&b"a CAPABILITY\r\n".repeat(1000)).await.is_ok() {} };
    tokio::time::timeout(Duration::from_secs(600), asking).await.unwrap();
    served.await.unwrap();
    let patience = listener::stream::WRITE_TIMEOUT + Duration::from_secs(30);
    assert!(begun.elapsed() < patience, "{:?}", begun.elapsed());
}

// RFC 3501 §6.2.1
#[tokio::test(start_paused = true)]
async fn a_handshake_that_does_not_go_on_is_given_up() {
    let serving = Serving::new().await;
    let (mut stream, served) = serving.connect();
    let begun = Instant::now();
    stream.write_all(b"a STARTTLS\r\n").await.unwrap();
    let heard = heard(stream).await;
    assert!(heard.contains("a OK Begin TLS now\r\n"), "{heard}");
    served.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(60), "{:?}", begun.elapsed());
}
