//! Real mail programs against the server, over TLS with an authority of its own.
//!
//! `tests/clients/install` fetches those that come from PyPI and npm; a test whose program is absent says so and
//! compares nothing.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]
#![allow(clippy::print_stdout, reason = "a skipped test says so")]

mod curl;
mod imapclient;
mod imapflow;
mod mbsync;

use domain::{Clock, MailboxKind, Mode, SystemClock};
use imap::serve::{ListenerConfig, Server};
use imap::{Denied, LogIn, Opened, Peer};
use jiff::SignedDuration;
use mailstore::message::digest_of;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::flags::Flags;
use mailstore::model::mailbox::{MailboxName, SpecialUse};
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::model::placement::Placement;
use mailstore::{
    AccountId, Actor, Faults, MailboxId, Store, StoreError, SystemRandom, Transaction, View,
};
use pki::authority::{AuthorityKey, AuthorityParams};
use pki::tls::server_config;
use pki::{Authority, ClientAuth, Identity, Profile, Subject, Trust};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::sync::watch;

const ADDRESS: &str = "marie@practice.example";
const PASSWORD: &str = "sesame \"ouvre\"-toi";
/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(50);

/// One account, one password.
struct OneAccount(AccountId);

impl LogIn for OneAccount {
    async fn password(
        &self,
        _: &Peer,
        authzid: Option<&str>,
        login: &str,
        secret: &str,
    ) -> Result<Opened, Denied> {
        let named = authzid.is_none_or(|id| id.is_empty() || id == ADDRESS);
        match named && login == ADDRESS && secret == PASSWORD {
            true => {
                Ok(Opened { actor: Actor::SYSTEM, account: self.0, writes: true, secret: None })
            }
            false => Err(Denied::Credentials),
        }
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

/// A running server with one account, and a folder for what the client needs.
struct Operator {
    store: Store,
    account: AccountId,
    port: u16,
    dir: PathBuf,
    /// Ends the listener when dropped.
    _stop: watch::Sender<bool>,
    _tls: watch::Sender<Arc<rustls::ServerConfig>>,
}

impl Drop for Operator {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Operator {
    async fn start(name: &str) -> Self {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let dir = std::env::temp_dir().join(format!("pli-imap-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        std::fs::create_dir_all(&dir).unwrap();
        let tls = Arc::new(configuration(&dir, &clock));
        let (faults, random) = (Arc::new(Faults::default()), Arc::new(SystemRandom));
        let store = Store::in_memory(clock, random, Vec::new(), faults).unwrap();
        let new = NewAccount {
            address: ADDRESS.parse().unwrap(),
            kind: MailboxKind::Personal,
            state: AccountState::Active,
            ins: None,
            traits: None,
            quota: u64::MAX,
            mailboxes: vec![(MailboxName::new("Envoyés").unwrap(), SpecialUse::Sent)],
            owner: None,
        };
        let account = store.create_account(Actor::SYSTEM, new).await.unwrap().account;
        let (tls, tls_of_server) = watch::channel(tls);
        let (stop, stop_of_server) = watch::channel(false);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let config = ListenerConfig { implicit_tls: true, ..ListenerConfig::default() };
        let login = Arc::new(OneAccount(account));
        let server = Server::new(config, login, store.clone(), tls_of_server, stop_of_server);
        tokio::spawn(server.run(listener));
        Self { store, account, port, dir, _stop: stop, _tls: tls }
    }

    fn authority(&self) -> PathBuf {
        self.dir.join("authority.pem")
    }

    fn view(&self) -> View<'static> {
        self.store.view(self.account).unwrap()
    }

    fn mailbox(&self, name: &str) -> MailboxId {
        self.view().mailbox_named(&MailboxName::new(name).unwrap()).unwrap().unwrap()
    }

    /// Puts messages into a mailbox, as delivery does.
    async fn deliver(&self, mailbox: &str, messages: &[String]) {
        let mailbox = self.mailbox(mailbox);
        for messages in messages.chunks(100) {
            let mut new = Vec::new();
            for message in messages {
                let mut writer = self.store.body_writer().unwrap();
                writer.write(message.as_bytes()).unwrap();
                let body = writer.finish().unwrap();
                let content = Arc::new(Prepared::new(digest_of(message)).unwrap());
                let internal_date = SystemClock.now();
                new.push(NewMessage { mailbox, body, content, flags: Flags::NONE, internal_date });
            }
            self.change(move |tx| new.iter().try_for_each(|new| tx.add_message(new).map(drop)))
                .await;
        }
    }

    /// Changes the account, as another program of its holder does.
    async fn change<F>(&self, work: F)
    where
        F: FnMut(&mut Transaction<'_>) -> Result<(), StoreError> + Send + 'static,
    {
        self.store.transact(Actor::SYSTEM, self.account, work).await.unwrap().into_inner();
    }

    /// The messages of a mailbox as stored, with their flags.
    fn messages(&self, mailbox: &str) -> BTreeMap<String, Flags> {
        let (view, mailbox) = (self.view(), self.mailbox(mailbox));
        let placed = view.placements(mailbox, 0, u32::MAX, usize::MAX).unwrap();
        let flags = view.flags(mailbox, 0, u32::MAX).unwrap();
        let read = |(uid, placement): &(u32, Placement)| {
            let body = view.message(placement.message).unwrap().body;
            let octets = self.store.body(&view, body).unwrap().read_all().unwrap();
            let flags = flags.iter().find(|flags| flags.uid == *uid).unwrap().flags;
            (String::from_utf8(octets).unwrap(), flags)
        };
        placed.iter().map(read).collect()
    }
}

/// A server's TLS under a new authority, whose certificates are left in `authority.pem`.
fn configuration(dir: &Path, clock: &Arc<dyn Clock>) -> rustls::ServerConfig {
    let now = clock.now();
    let mut params = AuthorityParams::new("PLI", "PLI ESSAIS", Mode::Production, now).unwrap();
    params.key = AuthorityKey::Rsa2048;
    params.not_before = now - SignedDuration::from_hours(24 * 365);
    let mut authority = Authority::init(&dir.join("authority"), params, clock.clone()).unwrap();
    let profile = Profile::Operator {
        subject: Subject {
            structure: "1630013605".parse().unwrap(),
            legal_name: "ESSAI".into(),
            department: "Paris (75)".into(),
        },
        host: "mail.practice.example".into(),
        dns_names: vec!["localhost".into()],
        ip_addresses: vec![[127, 0, 0, 1].into()],
    };
    let issued = authority.issue(&profile, None).unwrap();
    let pem = pki::pem::write_certificates([authority.issuing().der(), authority.root().der()]);
    std::fs::write(dir.join("authority.pem"), &pem).unwrap();
    let lists = authority.crl().unwrap().pem();
    let trust = Trust::load(pem.as_bytes(), lists.as_bytes(), Mode::Production).unwrap();
    let identity = Identity::from_issued(&issued).unwrap();
    server_config(&identity, &trust, ClientAuth::Offered, clock).unwrap()
}

/// A message that nobody else has.
fn message(number: usize) -> String {
    format!(
        "From: Jean <jean@chu.example>\r\nTo: {ADDRESS}\r\nSubject: =?utf-8?q?R=C3=A9sultat?= {number}\r\n\
         Date: Mon, 5 Jan 2026 09:00:00 +0100\r\nMessage-ID: <m{number}@chu.example>\r\n\r\n\
         Bonjour,\r\nle compte rendu {number}.\r\n"
    )
}

/// Whether a program is there.
fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let there = std::env::split_paths(&path).any(|dir| dir.join(program).is_file());
    if !there {
        println!("skipped: {program} is not installed");
    }
    there
}

/// Where `tests/clients/install` puts what it installs, if `file` is there.
fn tool(file: &str) -> Option<PathBuf> {
    let tools = std::env::var_os("PLI_TEST_TOOLS").map(PathBuf::from).or_else(|| {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
        Some(cache?.join("pli/tools"))
    });
    let found = tools.map(|tools| tools.join(file)).filter(|path| path.exists());
    if found.is_none() {
        println!("skipped: {file} is not there; run tests/clients/install");
    }
    found
}

/// A script beside these tests.
fn script(name: &str) -> PathBuf {
    Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("tests/clients").join(name)
}

/// Runs a client to its end; what it wrote.
async fn run(command: &mut Command) -> String {
    let ended = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let ended = tokio::time::timeout(PATIENCE, ended).await.unwrap().unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    assert!(ended.status.success(), "{:?}\n{out}\n{err}", ended.status);
    out.into_owned()
}
