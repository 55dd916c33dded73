//! One operator: its store, post, access and relay, and three listeners.

use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;

use access::{Access, AccessSettings, Courier, Notice, Sending};
use domain::{Clock, MailDomain, MailboxKind, Mode, ReversePath, Verdict};
use jiff::tz::TimeZone;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::principal::{NewPrincipal, PrincipalKind};
use mailstore::{AccountId, Actor, Faults, PrincipalId, SeededRandom, Store};
use mta::client::{Answer, LookupError, Mx, Resolver, Route, Routes, Schedule};
use mta::reception::Reception;
use mta::relay::{Relay, RelayParts};
use mta::server::config::{Role, SessionConfig};
use mta::server::handler::Handler;
use mta::server::serve::{ListenerConfig, Server};
use mta::submission::Submission;
use pki::tls::server_config;
use pki::{ClientAuth, Identity, Issued, Trust};
use post::{DsnRequest, Envelope, Origin, Post, RecipientDsn, Settings, Submitter};
use tokio::net::TcpListener;
use tokio::sync::watch;

use super::Land;

/// No test asks a name server.
struct NoDns;

impl Resolver for NoDns {
    fn mx<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<Mx>> {
        Box::pin(async { Err(LookupError::Failed) }) as Pin<Box<_>>
    }

    fn addresses<'a>(&'a self, _: &'a str) -> Answer<'a, Vec<IpAddr>> {
        Box::pin(async { Err(LookupError::Failed) }) as Pin<Box<_>>
    }
}

/// Nobody is sent a code.
#[derive(Debug)]
struct Nowhere;

impl Courier for Nowhere {
    fn send(&self, _: Notice) -> Sending<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// Where a listener is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Reception,
    StartTls,
    Implicit,
}

/// What an operator is started with; `listener` is for reception.
pub(crate) struct Plan {
    pub(crate) domain: &'static str,
    pub(crate) address: &'static str,
    pub(crate) kind: MailboxKind,
    pub(crate) issued: Issued,
    pub(crate) listener: TcpListener,
}

pub(crate) struct Operator {
    pub(crate) domain: MailDomain,
    pub(crate) store: Store,
    pub(crate) post: Post,
    pub(crate) access: Access,
    pub(crate) trust: Arc<Trust>,
    pub(crate) relay: Relay,
    relay_parts: RelayParts,
    pub(crate) account: AccountId,
    pub(crate) principal: PrincipalId,
    pub(crate) address: &'static str,
    pub(crate) faults: Arc<Faults>,
    ports: [u16; 3],
    /// End the listeners when dropped.
    _stop: watch::Sender<bool>,
    _tls: watch::Sender<Arc<rustls::ServerConfig>>,
}

pub(crate) async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

/// The way to a domain whose operator listens here.
pub(crate) fn route(listener: &TcpListener, domain: &str) -> (MailDomain, Route) {
    let at = listener.local_addr().unwrap();
    let mut route = Route::new("127.0.0.1", at.port());
    route.server_name = Some(format!("mail.{domain}"));
    (domain.parse().unwrap(), route)
}

/// A new account, whose owner's log-in name is what stands before the @.
pub(crate) async fn account(
    store: &Store,
    address: &str,
    kind: MailboxKind,
) -> (AccountId, PrincipalId) {
    let login = address.split('@').next().map(str::to_owned);
    let new = NewAccount {
        address: address.parse().unwrap(),
        kind,
        state: AccountState::Active,
        ins: None,
        traits: None,
        quota: u64::MAX,
        mailboxes: Vec::new(),
        owner: Some(NewPrincipal { kind: PrincipalKind::Person, name: "N".into(), login }),
    };
    let made = store.create_account(Actor::SYSTEM, new).await.unwrap().into_inner();
    (made.account, made.owner.unwrap())
}

fn post_of(domain: &MailDomain, store: Store, clock: Arc<dyn Clock>, trust: &Arc<Trust>) -> Post {
    let settings = Settings {
        hostname: format!("mail.{domain}").parse().unwrap(),
        own_domains: [domain.clone()].into(),
        citizen_domains: ["patient.example".parse().unwrap()].into_iter().collect(),
        mode: Mode::Test,
        product: "PLI-TEST".into(),
        max_size: 26_214_400,
    };
    let random = Arc::new(SeededRandom::new(domain.as_str().len() as u64 + 100));
    let listed = Arc::clone(trust);
    let is_listed = Arc::new(move |domain: &MailDomain| {
        listed.state().domain_list().is_some_and(|list| list.is_listed(domain))
    });
    let no_pharmacy = Arc::new(|_: &domain::MailAddress| false);
    Post::new(settings, store, clock, random, is_listed, no_pharmacy)
}

impl Operator {
    pub(crate) async fn start(
        plan: Plan,
        land: &Land,
        trust: &Arc<Trust>,
        routes: &Routes,
    ) -> Self {
        let random = Arc::new(SeededRandom::new(plan.domain.len() as u64));
        let faults = Arc::new(Faults::default());
        let clock = Arc::new(land.clock.clone());
        let store = Store::in_memory(clock, random, Vec::new(), faults.clone()).unwrap();
        Self::start_on(store, faults, plan, land, trust, routes).await
    }

    pub(crate) async fn start_on(
        store: Store,
        faults: Arc<Faults>,
        plan: Plan,
        land: &Land,
        trust: &Arc<Trust>,
        routes: &Routes,
    ) -> Self {
        let Plan { domain, address, kind, issued, listener } = plan;
        let clock: Arc<dyn Clock> = Arc::new(land.clock.clone());
        let (account, principal) = account(&store, address, kind).await;
        let domain: MailDomain = domain.parse().unwrap();
        let post = post_of(&domain, store.clone(), clock.clone(), trust);
        let identity = Identity::from_issued(&issued).unwrap();
        let random = Arc::new(SeededRandom::new(22));
        let settings = AccessSettings::default();
        let access = Access::new(store.clone(), clock.clone(), random, Arc::new(Nowhere), settings);
        let relay_parts = RelayParts {
            post: post.clone(),
            trust: Arc::clone(trust),
            identity: identity.clone(),
            clock: clock.clone(),
            routes: routes.clone(),
            resolver: Arc::new(NoDns),
            schedule: Schedule::default(),
            postmaster: format!("postmaster@{domain}").parse().unwrap(),
            zone: TimeZone::UTC,
            label_of: Arc::new(|to: &domain::MailAddress| {
                (to.local() == "letters").then(|| "Service de cardiologie".to_owned())
            }),
        };
        let tls = server_config(&identity, trust, ClientAuth::Offered, &clock).unwrap();
        let (tls, tls_now) = watch::channel(Arc::new(tls));
        let (stop, stop_now) = watch::channel(false);
        let doors = Doors { post: post.clone(), tls: tls_now, stop: stop_now };
        let reception = Reception::new(post.clone(), Arc::clone(trust), clock.clone());
        let submission =
            Submission::new(post.clone(), access.clone(), Arc::clone(trust), clock.clone());
        let submission = Arc::new(submission);
        let ports = [
            doors.open(Role::Reception, false, Arc::new(reception), listener),
            doors.open(Role::Submission, false, submission.clone(), listen().await),
            doors.open(Role::Submission, true, submission, listen().await),
        ];
        Self {
            domain,
            store,
            post,
            access,
            trust: Arc::clone(trust),
            relay: Relay::new(relay_parts.clone()),
            relay_parts,
            account,
            principal,
            address,
            faults,
            ports,
            _stop: stop,
            _tls: tls,
        }
    }

    pub(crate) fn port(&self, door: Door) -> u16 {
        self.ports[door as usize]
    }

    /// The relay of a process that begins anew on the same store.
    pub(crate) fn relay_anew(&self) -> Relay {
        Relay::new(self.relay_parts.clone())
    }

    /// Submits a message and makes one attempt to relay it.
    pub(crate) async fn send(&self, to: &[&str], more: &str) -> Result<(), Verdict> {
        let message = format!("From: {}\r\n{more}\r\n\r\nBonjour é\r\n.\r\n", self.address);
        self.send_whole(to, message.as_bytes(), RecipientDsn::default()).await
    }

    pub(crate) async fn send_whole(
        &self,
        to: &[&str],
        message: &[u8],
        dsn: RecipientDsn,
    ) -> Result<(), Verdict> {
        self.submit(to, message, dsn).await?;
        self.relay.run_due().await;
        Ok(())
    }

    /// Submits a message; it waits in the queue.
    pub(crate) async fn submit(
        &self,
        to: &[&str],
        message: &[u8],
        dsn: RecipientDsn,
    ) -> Result<(), Verdict> {
        let origin = Origin::Own(Submitter {
            actor: Actor::SYSTEM,
            account: self.account,
            address: self.address.parse().unwrap(),
            also_as: Vec::new(),
            is_citizen: self.domain.as_str() == "patient.example",
        });
        let reverse_path = ReversePath::Address(self.address.parse().unwrap());
        let mut recipients = Vec::new();
        for to in to {
            let to = to.parse().unwrap();
            recipients.push(self.post.recipient(&origin, &to, dsn.clone())?);
        }
        let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
        let mut incoming = self.post.incoming(origin, envelope, recipients, None)?;
        incoming.write(message)?;
        incoming.finish().await.map(drop)
    }

    /// Submits a short message to one recipient; it waits in the queue.
    pub(crate) async fn submit_letter(&self, to: &str, more: &str) {
        let letter = format!("From: {}\r\n{more}\r\n\r\nBonjour\r\n", self.address);
        self.submit(&[to], letter.as_bytes(), RecipientDsn::default()).await.unwrap();
    }

    /// The messages of the operator's first account, as stored.
    pub(crate) fn messages(&self) -> Vec<String> {
        self.messages_of(self.account)
    }

    pub(crate) fn messages_of(&self, account: AccountId) -> Vec<String> {
        let view = self.store.view(account).unwrap();
        let placed = view.placements(view.inbox().unwrap(), 0, u32::MAX, 1000).unwrap();
        let read = |message| {
            let body = view.message(message).unwrap().body;
            String::from_utf8(self.store.body(&view, body).unwrap().read_all().unwrap()).unwrap()
        };
        placed.into_iter().map(|(_, placement)| read(placement.message)).collect()
    }

    pub(crate) fn queued(&self) -> usize {
        post::queue::due(&self.store, i64::MAX / 4, 1000).unwrap().len()
    }
}

/// What the listeners of one operator share.
struct Doors {
    post: Post,
    tls: watch::Receiver<Arc<rustls::ServerConfig>>,
    stop: watch::Receiver<bool>,
}

impl Doors {
    fn open<H: Handler>(
        &self,
        role: Role,
        implicit_tls: bool,
        handler: Arc<H>,
        listener: TcpListener,
    ) -> u16 {
        let port = listener.local_addr().unwrap().port();
        let settings = self.post.settings();
        let domain = settings.own_domains.first().unwrap();
        let postmaster = format!("postmaster@{domain}").parse().unwrap();
        let session = SessionConfig::new(role, settings.hostname.clone(), postmaster);
        let mut config = ListenerConfig::new(session);
        config.implicit_tls = implicit_tls;
        let server = Server::new(config, handler, self.tls.clone(), self.stop.clone());
        tokio::spawn(server.run(listener));
        port
    }
}
