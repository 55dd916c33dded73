//! The listener: its limits, how it stops; and a body that the disk has damaged.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

use domain::{MailboxKind, SystemClock};
use imap::serve::{ListenerConfig, Server};
use imap::{Denied, LogIn, Opened, Peer};
use listener::Limits;
use mailstore::disk::{Disk, SimDisk};
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::{AccountId, Actor, Embedding, Secret, SeededRandom, Store};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(20);

/// Every password opens the account.
struct Anyone(AccountId);

impl LogIn for Anyone {
    async fn password(
        &self,
        _: &Peer,
        _: Option<&str>,
        _: &str,
        _: &str,
    ) -> Result<Opened, Denied> {
        Ok(Opened { actor: Actor::SYSTEM, account: self.0, writes: true, secret: None })
    }

    async fn external(&self, _: &Peer, _: &str) -> Result<Opened, Denied> {
        Err(Denied::Credentials)
    }

    async fn still(&self, opened: &Opened, _: &Peer, _: bool) -> Result<Opened, Denied> {
        Ok(*opened)
    }

    async fn external_opens(&self, _: &Peer) -> bool {
        false
    }
}

/// No handshake succeeds: these tests speak in plain.
#[derive(Debug)]
struct NoCertificate;

impl ResolvesServerCert for NoCertificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}

fn embedding(disk: &SimDisk, seed: u64) -> Embedding {
    Embedding {
        disk: Arc::new(disk.clone()),
        dir: PathBuf::from("/store"),
        operator_key: Secret::from_bytes([7; 32]),
        clock: Arc::new(SystemClock),
        random: Arc::new(SeededRandom::new(seed)),
        consumers: Vec::new(),
    }
}

async fn account(store: &Store) -> AccountId {
    let new = NewAccount {
        address: "jean@practice.example".parse().unwrap(),
        kind: MailboxKind::Personal,
        state: AccountState::Active,
        ins: None,
        traits: None,
        quota: u64::MAX,
        mailboxes: Vec::new(),
        owner: None,
    };
    store.create_account(Actor::SYSTEM, new).await.unwrap().account
}

/// A running listener in plain.
struct Listening {
    address: SocketAddr,
    stop: watch::Sender<bool>,
    served: JoinHandle<()>,
}

async fn listen(config: ListenerConfig) -> Listening {
    let disk = SimDisk::new(1);
    Store::create(&embedding(&disk, 1)).unwrap();
    let (store, _) = Store::open(embedding(&disk, 2)).unwrap();
    let account = account(&store).await;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(NoCertificate));
    let (_, tls) = watch::channel(Arc::new(tls));
    let (stop, stopped) = watch::channel(false);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = Server::new(config, Arc::new(Anyone(account)), store, tls, stopped);
    Listening { address, stop, served: tokio::spawn(server.run(listener)) }
}

/// Reads until a line ends.
async fn line(stream: &mut TcpStream) -> String {
    let mut text = Vec::new();
    let read = async {
        while !text.ends_with(b"\r\n") {
            text.push(stream.read_u8().await.unwrap());
        }
    };
    timeout(PATIENCE, read).await.unwrap();
    String::from_utf8(text).unwrap()
}

#[tokio::test]
async fn connections_of_one_address_are_bounded() {
    let limits = Limits { connections_per_address: 2, ..Limits::default() };
    let config = ListenerConfig { implicit_tls: false, limits };
    let listening = listen(config).await;
    let mut held = Vec::new();
    for _ in 0..2 {
        let mut stream = TcpStream::connect(listening.address).await.unwrap();
        assert!(line(&mut stream).await.starts_with("* OK [CAPABILITY IMAP4rev2 IMAP4rev1 "));
        held.push(stream);
    }
    let mut third = TcpStream::connect(listening.address).await.unwrap();
    assert!(line(&mut third).await.starts_with("* BYE [UNAVAILABLE]"));
    held[0].write_all(b"a LOGIN jean secret\r\n").await.unwrap();
    assert!(line(&mut held[0]).await.starts_with("a NO [PRIVACYREQUIRED]"));
}

#[tokio::test]
async fn a_server_that_stops_says_so() {
    let listening = listen(ListenerConfig::default()).await;
    let mut stream = TcpStream::connect(listening.address).await.unwrap();
    line(&mut stream).await;
    listening.stop.send(true).unwrap();
    assert!(line(&mut stream).await.starts_with("* BYE "));
    drop(stream);
    timeout(PATIENCE, listening.served).await.unwrap().unwrap();
}

/// A session that logs in and says something; what is answered behind the log-in.
async fn ask(store: &Store, account: AccountId, commands: &str) -> String {
    let peer = Peer { address: [127, 0, 0, 1].into(), certificates: Vec::new() };
    let login = Arc::new(Anyone(account));
    let mut session = imap::session::Session::new(store.clone(), login, peer, true);
    session.receive(format!("l LOGIN a b\r\n{commands}").as_bytes());
    let mut heard = Vec::new();
    loop {
        let wants = session.advance().await;
        heard.extend(session.take_output());
        if wants != imap::session::Wants::Write {
            let heard = String::from_utf8(heard).unwrap();
            return heard.split_once("Logged in\r\n").unwrap().1.to_owned();
        }
    }
}

// RFC 5530 §3
#[tokio::test]
async fn a_damaged_body_costs_no_other_message() {
    let disk = SimDisk::new(1);
    Store::create(&embedding(&disk, 1)).unwrap();
    let (store, _) = Store::open(embedding(&disk, 2)).unwrap();
    let account = account(&store).await;
    for _ in 0..3 {
        let body = "x".repeat(5000);
        let append = format!("a APPEND INBOX {{{}+}}\r\nA: b\r\n\r\n{body}\r\n", 8 + body.len());
        assert!(ask(&store, account, &append).await.contains("a OK [APPENDUID "));
    }
    drop(store);
    // The last octets of the last frame but its padding are the sealed body.
    let mut written = disk.list(Path::new("/store/segments")).unwrap().into_iter().rev();
    let (segment, last) = written
        .find_map(|segment| {
            let octets = disk.read_file(&segment).unwrap();
            Some((segment, octets.iter().rposition(|octet| *octet != 0)?))
        })
        .unwrap();
    disk.corrupt(&segment, last as u64 - 20, 1).unwrap();
    let (store, _) = Store::open(embedding(&disk, 3)).unwrap();
    let heard = ask(&store, account, "s EXAMINE INBOX\r\na FETCH 1:3 (UID BODY.PEEK[])\r\n").await;
    assert!(heard.contains("* 1 FETCH (UID 1 BODY[] {5008}\r\nA: b\r\n\r\nxxx"), "{heard:.200}");
    assert!(heard.contains("* 2 FETCH (") && !heard.contains("* 3 FETCH ("));
    let last = heard.trim_end().rsplit("\r\n").next().unwrap();
    assert!(last.starts_with("a NO [CONTACTADMIN]"), "{last}");
    // What is kept of it can still be listed.
    let heard =
        ask(&store, account, "s EXAMINE INBOX\r\na FETCH 3 (UID RFC822.SIZE BODYSTRUCTURE)\r\n")
            .await;
    assert!(heard.contains("* 3 FETCH (UID 3 RFC822.SIZE 5008 ") && heard.contains("a OK"));
    let heard = ask(&store, account, "s EXAMINE INBOX\r\na SEARCH BODY xxx\r\n").await;
    assert!(heard.contains("* SEARCH 1 2\r\na NO [CONTACTADMIN]"), "{heard:.200}");
}
