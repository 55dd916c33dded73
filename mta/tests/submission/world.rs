//! A practice's operator with its three SMTP listeners, the authority of its trust domain, and a client that says
//! what a test says.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use access::{Access, AccessSettings, Courier, Notice, Sending};
use domain::{Clock, MailDomain, MailboxKind, ManualClock, Mode};
use jiff::{SignedDuration, Timestamp};
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::principal::{Grant, NewPrincipal, PrincipalKind, Rights};
use mailstore::{AccountId, Actor, Faults, PrincipalId, SeededRandom, Store, StoreError};
use mta::reception::Reception;
use mta::server::config::{Role, SessionConfig};
use mta::server::handler::Handler;
use mta::server::serve::{ListenerConfig, Server};
use mta::submission::Submission;
use pki::authority::{AuthorityKey, AuthorityParams, Validity};
use pki::domain_list::{Contact, DefaultEngine, DomainEntry, ListRules};
use pki::tls::server_config;
use pki::trust::Revocation;
use pki::{Authority, ClientAuth, Identity, Issued, Profile, RevocationReason, Subject, Trust};
use post::{Post, Settings};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

pub(crate) const MARIE: &str = "marie@practice.example";
pub(crate) const DESK: &str = "cabinet@practice.example";
pub(crate) const LAB: &str = "lab@practice.example";
pub(crate) const LETTERS: &str = "letters@chu.example";

#[derive(Debug)]
struct Nowhere;

impl Courier for Nowhere {
    fn send(&self, _: Notice) -> Sending<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}

fn subject() -> Subject {
    Subject {
        structure: "1630013605".parse().unwrap(),
        legal_name: "ESSAI".into(),
        department: "Paris (75)".into(),
    }
}

pub(crate) fn operator(host: &str) -> Profile {
    let (dns_names, ip_addresses) = (vec!["localhost".into()], vec![[127, 0, 0, 1].into()]);
    Profile::Operator { subject: subject(), host: host.into(), dns_names, ip_addresses }
}

pub(crate) fn application(label: &str) -> Profile {
    Profile::Application { subject: subject(), label: label.into(), address: None }
}

/// An authority in a folder that goes with it.
pub(crate) struct Land {
    pub(crate) dir: PathBuf,
    pub(crate) clock: ManualClock,
    pub(crate) authority: Authority,
}

impl Drop for Land {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Land {
    pub(crate) fn new(name: &str) -> Self {
        let start: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        let dir = std::env::temp_dir().join(format!("pli-submit-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let clock = ManualClock::new(start);
        let mut params =
            AuthorityParams::new("PLI", "PLI ESSAIS", Mode::Production, start).unwrap();
        params.key = AuthorityKey::Rsa2048;
        params.not_before = start - SignedDuration::from_hours(24 * 365);
        let authority = Authority::init(&dir, params, Arc::new(clock.clone())).unwrap();
        Self { dir, clock, authority }
    }

    pub(crate) fn issue(&mut self, profile: &Profile) -> Issued {
        self.authority.issue(profile, None).unwrap()
    }

    pub(crate) fn expired(&mut self, profile: &Profile) -> Issued {
        let (now, day) = (self.clock.now(), SignedDuration::from_hours(24));
        let validity = Validity { not_before: now - day * 9, not_after: now - day };
        self.authority.issue(profile, Some(validity)).unwrap()
    }

    pub(crate) fn revoke(&mut self, issued: &Issued) {
        let reason = RevocationReason::KeyCompromise;
        self.authority.revoke(issued.certificate.serial(), reason).unwrap();
    }

    fn trust(&mut self, pairs: &[(&str, &Issued)]) -> Arc<Trust> {
        let entry = |(domain, of): &(&str, &Issued)| DomainEntry {
            domain: domain.parse().unwrap(),
            description: String::new(),
            dn: Arc::new(of.certificate.subject().clone()),
            responsible: Contact::default(),
            support: Contact::default(),
            updated: None,
        };
        self.authority.set_domains(pairs.iter().map(entry).collect()).unwrap();
        let list = self.authority.domain_list().unwrap();
        let chain = [self.authority.issuing().der(), self.authority.root().der()];
        let pem = pki::pem::write_certificates(chain);
        let lists = self.authority.crl().unwrap().pem();
        let trust = Trust::load(pem.as_bytes(), lists.as_bytes(), Mode::Production).unwrap();
        let at = self.clock.now();
        let state = trust.state();
        let rules = ListRules {
            anchors: state.anchors(),
            revocation_lists: state.revocation_lists(),
            revocation: Revocation::Required,
            signers: &[],
            at,
            engine: &DefaultEngine,
        };
        let list = pki::DomainList::verify(list.as_bytes(), &rules).unwrap();
        trust.take_domain_list(Arc::new(list), at);
        trust
    }
}

/// Where a listener is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Reception,
    StartTls,
    Implicit,
}

pub(crate) struct Site {
    pub(crate) land: Land,
    pub(crate) trust: Arc<Trust>,
    pub(crate) store: Store,
    /// The certificate of the other operator, listed for chu.example.
    pub(crate) hospital: Issued,
    /// The certificate of the laboratory's program.
    pub(crate) lab_certificate: Issued,
    pub(crate) marie: (AccountId, PrincipalId),
    pub(crate) desk: (AccountId, PrincipalId),
    pub(crate) lab: (AccountId, PrincipalId),
    /// Marie's secret.
    pub(crate) secret: String,
    ports: [u16; 3],
    /// End the listeners when dropped.
    _stop: watch::Sender<bool>,
    _tls: watch::Sender<Arc<rustls::ServerConfig>>,
}

async fn account(store: &Store, address: &str, kind: MailboxKind) -> (AccountId, PrincipalId) {
    let login = address.split('@').next().map(str::to_owned);
    let person = PrincipalKind::Person;
    let new = NewAccount {
        address: address.parse().unwrap(),
        kind,
        state: AccountState::Active,
        ins: None,
        traits: None,
        quota: u64::MAX,
        mailboxes: Vec::new(),
        owner: Some(NewPrincipal { kind: person, name: "N".into(), login }),
    };
    let made = store.create_account(Actor::SYSTEM, new).await.unwrap().into_inner();
    (made.account, made.owner.unwrap())
}

impl Site {
    pub(crate) async fn new(name: &str) -> Self {
        let mut land = Land::new(name);
        let own = land.issue(&operator("mail.practice.example"));
        let hospital = land.issue(&operator("mail.chu.example"));
        let lab_certificate = land.issue(&application("LAB"));
        let trust = land.trust(&[("practice.example", &own), ("chu.example", &hospital)]);
        let clock: Arc<dyn Clock> = Arc::new(land.clock.clone());
        let random = Arc::new(SeededRandom::new(22));
        let faults = Arc::new(Faults::default());
        let store = Store::in_memory(clock.clone(), random.clone(), Vec::new(), faults).unwrap();
        let settings = AccessSettings::default();
        let access =
            Access::new(store.clone(), clock.clone(), random.clone(), Arc::new(Nowhere), settings);
        let marie = account(&store, MARIE, MailboxKind::Personal).await;
        let desk = account(&store, DESK, MailboxKind::Practice).await;
        let lab = account(&store, LAB, MailboxKind::Application).await;
        let secret = access.add_app_secret(Actor::SYSTEM, marie.0, marie.1, "test").await.unwrap();
        let certificate = &lab_certificate.certificate;
        access.bind_certificate(Actor::SYSTEM, lab.0, lab.1, certificate).await.unwrap();
        let hostname: MailDomain = "mail.practice.example".parse().unwrap();
        let settings = Settings {
            hostname: hostname.clone(),
            own_domains: ["practice.example".parse().unwrap()].into(),
            citizen_domains: ["patient.example".parse().unwrap()].into_iter().collect(),
            mode: Mode::Test,
            product: "PLI-TEST".into(),
            max_size: 26_214_400,
        };
        let listed = Arc::clone(&trust);
        let is_listed = Arc::new(move |domain: &MailDomain| {
            listed.state().domain_list().is_some_and(|list| list.is_listed(domain))
        });
        let post = Post::new(
            settings,
            store.clone(),
            clock.clone(),
            random,
            is_listed,
            Arc::new(|_: &domain::MailAddress| false),
        );
        let identity = Identity::from_issued(&own).unwrap();
        let tls = server_config(&identity, &trust, ClientAuth::Offered, &clock).unwrap();
        let (tls, of_server) = watch::channel(Arc::new(tls));
        let (stop, stopped) = watch::channel(false);
        let reception = Arc::new(Reception::new(post.clone(), trust.clone(), clock.clone()));
        let submission = Submission::new(post, access.clone(), trust.clone(), clock);
        let submission = Arc::new(submission);
        let config = |role, implicit_tls| {
            let postmaster = "postmaster@practice.example".parse().unwrap();
            let mut config =
                ListenerConfig::new(SessionConfig::new(role, hostname.clone(), postmaster));
            config.implicit_tls = implicit_tls;
            config
        };
        let ends = || (of_server.clone(), stopped.clone());
        let ports = [
            start(config(Role::Reception, false), reception, ends()).await,
            start(config(Role::Submission, false), submission.clone(), ends()).await,
            start(config(Role::Submission, true), submission, ends()).await,
        ];
        let (_stop, _tls) = (stop, tls);
        Self {
            land,
            trust,
            store,
            hospital,
            lab_certificate,
            marie,
            desk,
            lab,
            secret,
            ports,
            _stop,
            _tls,
        }
    }

    pub(crate) fn port(&self, door: Door) -> u16 {
        self.ports[door as usize]
    }

    /// What the operator knows of revocations from now on.
    pub(crate) fn publish_revocations(&mut self) {
        let lists = self.land.authority.crl().unwrap().pem();
        self.trust.reload_revocation_lists(lists.as_bytes()).unwrap();
    }

    pub(crate) async fn may_send_as(&self, account: AccountId, principal: PrincipalId) {
        let rights = Rights::READ.and(Rights::SEND_AS);
        let work = move |tx: &mut mailstore::Transaction<'_>| {
            tx.grant(principal, &Grant { rights, owner: false, from: 0, until: None })
        };
        let done = self.store.transact::<_, StoreError, _>(Actor::SYSTEM, account, work).await;
        let _ = done.unwrap();
    }

    /// The messages in an account's inbox.
    pub(crate) fn messages(&self, account: AccountId) -> Vec<String> {
        let view = self.store.view(account).unwrap();
        let placed = view.placements(view.inbox().unwrap(), 0, u32::MAX, 100).unwrap();
        let read = |message| {
            let body = view.message(message).unwrap().body;
            String::from_utf8(self.store.body(&view, body).unwrap().read_all().unwrap()).unwrap()
        };
        placed.into_iter().map(|(_, placement)| read(placement.message)).collect()
    }

    /// Connects, by TLS, with a certificate or none, and says EHLO: the greeting's capabilities, or that there is no
    /// session.
    pub(crate) async fn enter(
        &self,
        door: Door,
        certificate: Option<&Issued>,
    ) -> std::io::Result<(Line, String)> {
        let stream = TcpStream::connect(("127.0.0.1", self.port(door))).await?;
        let mut plain = Line(BufReader::new(Box::new(stream)));
        if door != Door::Implicit {
            plain.reply().await?;
            plain.say("EHLO client.example").await?;
            plain.say("STARTTLS").await?;
        }
        let name = ServerName::try_from("mail.practice.example").unwrap();
        let tls = TlsConnector::from(Arc::new(client(certificate)));
        let stream = tls.connect(name, plain.0.into_inner()).await?;
        let mut line = Line(BufReader::new(Box::new(stream)));
        if door == Door::Implicit {
            line.reply().await?;
        }
        let capabilities = line.say("EHLO client.example").await?;
        Ok((line, capabilities))
    }
}

async fn start<H: Handler>(
    config: ListenerConfig,
    handler: Arc<H>,
    (tls, stop): (watch::Receiver<Arc<rustls::ServerConfig>>, watch::Receiver<bool>),
) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(Server::new(config, handler, tls, stop).run(listener));
    port
}

/// Takes any server: these tests are about the client's certificate.
#[derive(Debug)]
struct AnyServer;

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        pki::tls::provider().signature_verification_algorithms.supported_schemes()
    }
}

fn client(certificate: Option<&Issued>) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::new(pki::tls::provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyServer));
    match certificate {
        None => builder.with_no_client_auth(),
        Some(issued) => {
            builder.with_client_auth_cert(issued.chain.clone(), issued.key.der()).unwrap()
        }
    }
}

pub(crate) trait Duplex: AsyncRead + AsyncWrite + Unpin + Send {}
impl<S: AsyncRead + AsyncWrite + Unpin + Send> Duplex for S {}

/// The client's side.
pub(crate) struct Line(BufReader<Box<dyn Duplex>>);

impl Line {
    pub(crate) async fn say(&mut self, command: &str) -> std::io::Result<String> {
        self.0.write_all(format!("{command}\r\n").as_bytes()).await?;
        self.0.flush().await?;
        self.reply().await
    }

    async fn reply(&mut self) -> std::io::Result<String> {
        let mut reply = String::new();
        loop {
            let mut line = String::new();
            if self.0.read_line(&mut line).await? == 0 {
                return Err(std::io::ErrorKind::UnexpectedEof.into());
            }
            reply.push_str(&line);
            if line.as_bytes().get(3) != Some(&b'-') {
                return Ok(reply);
            }
        }
    }

    /// Holds that a command gets a reply that begins so.
    pub(crate) async fn hold(&mut self, command: &str, begins: &str) {
        let reply = self.say(command).await.unwrap();
        assert!(reply.starts_with(begins), "{command}: {reply}");
    }

    /// A whole transaction; the last reply.
    pub(crate) async fn send(&mut self, from: &str, to: &str, headers: &str) -> String {
        self.hold(&format!("MAIL FROM:<{from}>"), "250").await;
        self.hold(&format!("RCPT TO:<{to}>"), "250").await;
        self.hold("DATA", "354").await;
        self.say(&format!("{headers}\r\nSubject: Bonjour\r\n\r\nBonjour\r\n.")).await.unwrap()
    }
}

/// A certificate with its key in files, as programs want it.
pub(crate) fn files(dir: &Path, name: &str, issued: &Issued) -> [String; 2] {
    let [certificate, key] = ["crt", "key"].map(|end| dir.join(format!("{name}.{end}")));
    std::fs::write(&certificate, pki::pem::write_certificates(issued.chain.iter())).unwrap();
    std::fs::write(&key, issued.key.pem().as_bytes()).unwrap();
    [certificate, key].map(|path| path.to_str().unwrap().to_owned())
}
