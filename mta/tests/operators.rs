//! Three operators in one process: a hospital, a practice and one of citizens, each with its own certificate, store
//! and listener, trusting each other by the signed domain list. Mail goes between them over real sockets.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

#[path = "operators/waiting.rs"]
mod waiting;

use domain::{
    Clock, DistinguishedName, MailDomain, MailboxKind, ManualClock, Mode, ReversePath, Verdict,
};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::{AccountId, Actor, Faults, SeededRandom, Store};
use mta::client::{Answer, LookupError, Mx, Resolver, Route, Routes, Schedule};
use mta::reception::Reception;
use mta::relay::{Relay, RelayParts};
use mta::server::config::{Role, SessionConfig};
use mta::server::serve::{ListenerConfig, Server};
use pki::authority::{AuthorityKey, AuthorityParams, Validity};
use pki::domain_list::{Contact, DefaultEngine, DomainEntry, ListRules};
use pki::tls::server_config;
use pki::trust::TrustState;
use pki::{Authority, ClientAuth, Identity, Issued, Profile, RevocationReason, Subject, Trust};
use post::{DsnRequest, Envelope, Origin, Post, RecipientDsn, Settings, Submitter};
use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::watch;

const LETTERS: &str = "letters@chu.example";
const MARIE: &str = "marie@practice.example";
const CITIZEN: &str = "279035121518989@patient.example";

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

fn profile(host: &str) -> Profile {
    Profile::Operator {
        subject: Subject {
            structure: "1630013605".parse().unwrap(),
            legal_name: "ESSAI".into(),
            department: "Paris (75)".into(),
        },
        host: host.into(),
        dns_names: vec!["localhost".into()],
        ip_addresses: vec![[127, 0, 0, 1].into()],
    }
}

fn entry(domain: &str, dn: &DistinguishedName) -> DomainEntry {
    DomainEntry {
        domain: domain.parse().unwrap(),
        description: String::new(),
        dn: Arc::new(dn.clone()),
        responsible: Contact::default(),
        support: Contact::default(),
        updated: None,
    }
}

/// The authority of a trust domain, and what it has published.
struct Land {
    dir: PathBuf,
    clock: ManualClock,
    authority: Authority,
}

impl Drop for Land {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Land {
    fn new(name: &str) -> Self {
        let start: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        let dir = std::env::temp_dir().join(format!("pli-mta-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let clock = ManualClock::new(start);
        let mut params =
            AuthorityParams::new("PLI", "PLI ESSAIS", Mode::Production, start).unwrap();
        params.key = AuthorityKey::Rsa2048;
        params.not_before = start - SignedDuration::from_hours(24 * 365);
        let authority = Authority::init(&dir, params, Arc::new(clock.clone())).unwrap();
        Self { dir, clock, authority }
    }

    fn issue(&mut self, host: &str) -> Issued {
        self.authority.issue(&profile(host), None).unwrap()
    }

    /// The trust that everybody has: anchors, revocations, the list of these pairs.
    fn trust(&mut self, pairs: &[(&str, &Issued)]) -> Arc<Trust> {
        let entries = pairs.iter().map(|(domain, of)| entry(domain, of.certificate.subject()));
        self.authority.set_domains(entries.collect()).unwrap();
        let list = self.authority.domain_list().unwrap();
        let chain = [self.authority.issuing().der(), self.authority.root().der()];
        let pem = pki::pem::write_certificates(chain);
        let lists = self.authority.crl().unwrap().pem();
        let trust = Trust::load(pem.as_bytes(), lists.as_bytes(), Mode::Production).unwrap();
        let at = self.clock.now();
        let state: Arc<TrustState> = trust.state();
        let rules = ListRules {
            anchors: state.anchors(),
            revocation_lists: state.revocation_lists(),
            revocation: pki::trust::Revocation::Required,
            signers: &[],
            at,
            engine: &DefaultEngine,
        };
        let list = pki::DomainList::verify(list.as_bytes(), &rules).unwrap();
        trust.take_domain_list(Arc::new(list), at);
        trust
    }
}

struct Operator {
    domain: MailDomain,
    post: Post,
    relay: Relay,
    account: AccountId,
    address: &'static str,
    faults: Arc<Faults>,
    /// Ends the listener when dropped.
    _stop: watch::Sender<bool>,
    _tls: watch::Sender<Arc<rustls::ServerConfig>>,
}

/// What an operator is started with.
struct Plan {
    domain: &'static str,
    address: &'static str,
    kind: MailboxKind,
    issued: Issued,
    listener: TcpListener,
}

async fn listen() -> TcpListener {
    TcpListener::bind("127.0.0.1:0").await.unwrap()
}

impl Operator {
    async fn start(plan: Plan, land: &Land, trust: &Arc<Trust>, routes: &Routes) -> Self {
        let random = Arc::new(SeededRandom::new(plan.domain.len() as u64));
        let faults = Arc::new(Faults::default());
        let clock = Arc::new(land.clock.clone());
        let store = Store::in_memory(clock, random, Vec::new(), faults.clone()).unwrap();
        Self::start_on(store, faults, plan, land, trust, routes).await
    }

    async fn start_on(
        store: Store,
        faults: Arc<Faults>,
        plan: Plan,
        land: &Land,
        trust: &Arc<Trust>,
        routes: &Routes,
    ) -> Self {
        let Plan { domain, address, kind, issued, listener } = plan;
        let clock: Arc<dyn Clock> = Arc::new(land.clock.clone());
        let random = Arc::new(SeededRandom::new(domain.len() as u64 + 100));
        let new = NewAccount {
            address: address.parse().unwrap(),
            kind,
            state: AccountState::Active,
            ins: None,
            traits: None,
            quota: u64::MAX,
            mailboxes: Vec::new(),
            owner: None,
        };
        let account = store.create_account(Actor::SYSTEM, new).await.unwrap().account;
        let domain: MailDomain = domain.parse().unwrap();
        let hostname: MailDomain = format!("mail.{domain}").parse().unwrap();
        let settings = Settings {
            hostname: hostname.clone(),
            own_domains: [domain.clone()].into(),
            citizen_domains: ["patient.example".parse().unwrap()].into_iter().collect(),
            mode: Mode::Test,
            product: "PLI-TEST".into(),
            max_size: 26_214_400,
        };
        let listed = Arc::clone(trust);
        let is_listed = Arc::new(move |domain: &MailDomain| {
            listed.state().domain_list().is_some_and(|list| list.is_listed(domain))
        });
        let post = Post::new(
            settings,
            store,
            clock.clone(),
            random,
            is_listed,
            Arc::new(|_: &domain::MailAddress| false),
        );
        let postmaster = format!("postmaster@{domain}");
        let identity = Identity::from_issued(&issued).unwrap();
        let tls = server_config(&identity, trust, ClientAuth::Offered, &clock).unwrap();
        let (tls, tls_of_server) = watch::channel(Arc::new(tls));
        let (stop, stop_of_server) = watch::channel(false);
        let session = SessionConfig::new(Role::Reception, hostname, postmaster.parse().unwrap());
        let reception = Reception::new(post.clone(), Arc::clone(trust), clock.clone());
        let server = Server::new(
            ListenerConfig::new(session),
            Arc::new(reception),
            tls_of_server,
            stop_of_server,
        );
        tokio::spawn(server.run(listener));
        let relay = Relay::new(RelayParts {
            post: post.clone(),
            trust: Arc::clone(trust),
            identity,
            clock,
            routes: routes.clone(),
            resolver: Arc::new(NoDns),
            schedule: Schedule::default(),
            postmaster: postmaster.parse().unwrap(),
            zone: TimeZone::UTC,
            label_of: Arc::new(|to: &domain::MailAddress| {
                (to.local() == "letters").then(|| "Service de cardiologie".to_owned())
            }),
        });
        Self { domain, post, relay, account, address, faults, _stop: stop, _tls: tls }
    }

    /// Submits a message and makes one attempt to relay it.
    async fn send(&self, to: &[&str], more: &str) -> Result<(), Verdict> {
        let message = format!("From: {}\r\n{more}\r\n\r\nBonjour é\r\n.\r\n", self.address);
        self.send_whole(to, message.as_bytes(), RecipientDsn::default()).await
    }

    async fn send_whole(
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
    async fn submit(&self, to: &[&str], message: &[u8], dsn: RecipientDsn) -> Result<(), Verdict> {
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

    /// The messages of the operator's account, as stored.
    fn messages(&self) -> Vec<String> {
        let store = self.post.store();
        let view = store.view(self.account).unwrap();
        let placed = view.placements(view.inbox().unwrap(), 0, u32::MAX, 100).unwrap();
        let read = |message| {
            let body = view.message(message).unwrap().body;
            String::from_utf8(store.body(&view, body).unwrap().read_all().unwrap()).unwrap()
        };
        placed.into_iter().map(|(_, placement)| read(placement.message)).collect()
    }

    fn queued(&self) -> usize {
        post::queue::due(self.post.store(), i64::MAX / 4, 100).unwrap().len()
    }
}

fn route(listener: &TcpListener, domain: &str) -> (MailDomain, Route) {
    let at = listener.local_addr().unwrap();
    let mut route = Route::new("127.0.0.1", at.port());
    route.server_name = Some(format!("mail.{domain}"));
    (domain.parse().unwrap(), route)
}

/// Three operators that trust each other.
async fn three(name: &str) -> (Land, [Operator; 3]) {
    let mut land = Land::new(name);
    let domains = ["chu.example", "practice.example", "patient.example"];
    let issued = domains.map(|domain| land.issue(&format!("mail.{domain}")));
    let pairs: Vec<_> = domains.iter().copied().zip(&issued).collect();
    let trust = land.trust(&pairs);
    let listeners = [listen().await, listen().await, listen().await];
    let routes: Routes = listeners.iter().zip(domains).map(|(l, d)| route(l, d)).collect();
    let [hospital, practice, citizens] = issued;
    let [l1, l2, l3] = listeners;
    let plan =
        |domain, address, kind, issued, listener| Plan { domain, address, kind, issued, listener };
    let operators = [
        Operator::start(
            plan(domains[0], LETTERS, MailboxKind::Application, hospital, l1),
            &land,
            &trust,
            &routes,
        )
        .await,
        Operator::start(
            plan(domains[1], MARIE, MailboxKind::Personal, practice, l2),
            &land,
            &trust,
            &routes,
        )
        .await,
        Operator::start(
            plan(domains[2], CITIZEN, MailboxKind::Citizen, citizens, l3),
            &land,
            &trust,
            &routes,
        )
        .await,
    ];
    (land, operators)
}

// MSS #16
#[tokio::test]
async fn a_letter_goes_to_a_citizen_and_a_colleague_and_the_citizen_answers() {
    let (_land, [hospital, practice, citizens]) = three("letter").await;
    assert_eq!(citizens.send(&[LETTERS], "Subject: too soon").await, Err(Verdict::CitizenFirst));
    hospital.send(&[CITIZEN, MARIE], "Subject: Lettre").await.unwrap();
    for there in [&practice, &citizens] {
        let messages = there.messages();
        assert_eq!(messages.len(), 1);
        assert!(messages[0].contains("\r\nReceived: from mail.chu.example ([127.0.0.1])"));
        assert!(messages[0].ends_with("Bonjour é\r\n.\r\n"), "{}", messages[0]);
    }
    assert_eq!(hospital.queued(), 0);
    citizens.send(&[LETTERS], "Subject: Merci").await.unwrap();
    assert!(hospital.messages()[0].contains("Subject: Merci"));
}

#[tokio::test]
async fn more_recipients_than_one_transaction_takes_are_sent_in_portions() {
    let (_land, [hospital, practice, _citizens]) = three("portions").await;
    let unknown: Vec<_> = (0..150).map(|n| format!("u{n}@practice.example")).collect();
    let mut to: Vec<_> = unknown.iter().map(String::as_str).collect();
    to.push(MARIE);
    hospital.send(&to, "Subject: Lettre").await.unwrap();
    assert_eq!((practice.messages().len(), hospital.queued()), (1, 0));
}

// MSS #35
#[tokio::test]
async fn an_unknown_recipient_comes_back_as_one_report() {
    let (_land, [hospital, _practice, _citizens]) = three("unknown").await;
    hospital.send(&["nobody@practice.example"], "Subject: Lettre").await.unwrap();
    let messages = hospital.messages();
    assert_eq!(messages.len(), 1);
    assert!(messages[0].contains("Status: 5.1.1"), "{}", messages[0]);
    assert!(messages[0].contains("Message non distribu"), "{}", messages[0]);
    assert_eq!(hospital.queued(), 0);
    // Of automatic mail too: it has a sender who does not know.
    let automatic = "Auto-Submitted: auto-generated";
    hospital.send(&["nobody@practice.example"], automatic).await.unwrap();
    assert_eq!((hospital.messages().len(), hospital.queued()), (2, 0));
}

// RFC 3461 §5.2.1
#[tokio::test]
async fn a_sender_who_asks_is_told_once_that_the_letter_lies_in_the_mailbox() {
    let (_land, [hospital, practice, _citizens]) = three("delivered").await;
    let notify = post::Notify { success: true, ..post::Notify::DEFAULT };
    let original = Some("rfc822;marie@old.example".to_owned());
    let letter = format!("From: {LETTERS}\r\nSubject: Lettre\r\n\r\nBonjour\r\n");
    let dsn = RecipientDsn { notify, original };
    hospital.send_whole(&[MARIE], letter.as_bytes(), dsn).await.unwrap();
    assert_eq!((practice.messages().len(), hospital.messages().len()), (1, 0));
    // The note becomes a report, and the report goes its way.
    for _ in 0..4 {
        practice.relay.run_due().await;
    }
    let told = hospital.messages();
    assert_eq!((told.len(), practice.queued()), (1, 0));
    for text in [
        "Return-Path: <>",
        "Subject: =?utf-8?Q?Message_remis?=",
        "Auto-Submitted: auto-replied",
        "Original-Recipient: rfc822;marie@old.example",
        "Final-Recipient: rfc822;marie@practice.example",
        "Action: delivered",
        "Status: 2.1.5",
        "Subject: Lettre",
    ] {
        assert!(told[0].contains(text), "{text}: {}", told[0]);
    }
    // Nobody asks for a report on a report.
    hospital.relay.run_due().await;
    assert_eq!((practice.messages().len(), practice.queued(), hospital.queued()), (1, 0, 0));
}

#[tokio::test]
async fn a_services_mail_to_another_account_here_is_delivered_or_waits_for_room() {
    let (land, [_hospital, mut practice, _citizens]) = three("services").await;
    let new = NewAccount {
        address: "paul@practice.example".parse().unwrap(),
        kind: MailboxKind::Personal,
        state: AccountState::Active,
        ins: None,
        traits: None,
        quota: 0,
        mailboxes: Vec::new(),
        owner: None,
    };
    let store = practice.post.store().clone();
    let paul = store.create_account(Actor::SYSTEM, new).await.unwrap().account;
    let quota = |quota| move |tx: &mut mailstore::Transaction<'_>| tx.set_quota(quota);
    let _room = store.transact(Actor::SYSTEM, paul, quota(1 << 20)).await.unwrap();
    let reverse_path = ReversePath::Address(MARIE.parse().unwrap());
    let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
    let octets = format!("From: {MARIE}\r\nSubject: Accord\r\n\r\nBonjour\r\n");
    let to = ["paul@practice.example".parse().unwrap()];
    let marie = practice.account;
    practice.post.submit_system(marie, envelope, &to, octets.as_bytes()).await.unwrap();
    // Full when the relay comes to it.
    let _full = store.transact(Actor::SYSTEM, paul, quota(0)).await.unwrap();
    practice.relay.run_due().await;
    assert_eq!((practice.queued(), practice.messages().len()), (1, 0), "it waits, nobody is told");
    let _room = store.transact(Actor::SYSTEM, paul, quota(1 << 20)).await.unwrap();
    land.clock.advance(Duration::from_secs(3600));
    practice.relay.run_due().await;
    practice.relay.run_due().await;
    assert_eq!((practice.queued(), practice.messages().len()), (0, 0));
    practice.account = paul;
    assert_eq!(practice.messages().len(), 1);
}

// MSS #46
#[tokio::test]
async fn a_citizens_report_names_the_professional_and_never_the_address() {
    let (_land, [hospital, _practice, citizens]) = three("label").await;
    hospital.send(&[CITIZEN], "Subject: Lettre").await.unwrap();
    // The hospital's mailbox is closed when the citizen answers.
    let close = |tx: &mut mailstore::Transaction<'_>| tx.set_account_state(AccountState::Closed);
    let store = hospital.post.store();
    let _closed = store.transact(Actor::SYSTEM, hospital.account, close).await.unwrap();
    citizens.send(&[LETTERS], "Subject: Merci").await.unwrap();
    let report = citizens.messages().pop().unwrap();
    assert!(report.contains("Service de cardiologie"), "{report}");
    assert!(!report.contains(LETTERS) && !report.contains("letters@"), "{report}");
}

// MSS #34
#[tokio::test]
async fn a_message_of_the_limit_passes_two_operators() {
    let (_land, [hospital, practice, _citizens]) = three("limit").await;
    let header = format!("From: {LETTERS}\r\nSubject: Images\r\n\r\n");
    let line = [b"x".repeat(62).as_slice(), b"\r\n"].concat();
    let mut message = header.into_bytes();
    while message.len() + line.len() <= 26_214_400 {
        message.extend_from_slice(&line);
    }
    message.resize(26_214_398, b'y');
    message.extend_from_slice(b"\r\n");
    hospital.send_whole(&[MARIE], &message, RecipientDsn::default()).await.unwrap();
    assert_eq!((hospital.messages().len(), hospital.queued()), (0, 0));
    assert!(practice.messages()[0].len() > 26_214_400);
}

// RFC 5321 §4.5.4.1
#[tokio::test]
async fn an_operator_that_is_down_rests_and_is_tried_by_one_message_only() {
    let mut land = Land::new("down");
    let issued = land.issue("mail.chu.example");
    let down = land.issue("mail.practice.example");
    let trust = land.trust(&[("chu.example", &issued), ("practice.example", &down)]);
    let (listener, deaf) = (listen().await, listen().await);
    let routes: Routes = [route(&deaf, "practice.example")].into();
    let tries = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tries);
    // Hangs up on everybody.
    tokio::spawn(async move {
        while let Ok((stream, _)) = deaf.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(stream);
        }
    });
    let (domain, kind) = ("chu.example", MailboxKind::Application);
    let plan = Plan { domain, address: LETTERS, kind, issued, listener };
    let hospital = Operator::start(plan, &land, &trust, &routes).await;
    hospital.send(&[MARIE], "Subject: one").await.unwrap();
    assert_eq!((tries.load(Ordering::SeqCst), hospital.queued()), (1, 1));
    hospital.send(&[MARIE], "Subject: two").await.unwrap();
    assert_eq!((tries.load(Ordering::SeqCst), hospital.queued()), (1, 2), "nobody tries");
    land.clock.advance(Duration::from_secs(90));
    hospital.relay.run_due().await;
    assert_eq!((tries.load(Ordering::SeqCst), hospital.queued()), (2, 2), "one tries");
}

// MSS #10, MSS #11, MSS #13, MSS #14
#[tokio::test]
async fn a_peer_whose_certificate_is_not_right_is_not_written_to_and_the_mail_waits() {
    for fault in ["expired", "revoked", "unlisted", "foreign"] {
        let mut land = Land::new(fault);
        let mut other = Land::new(&format!("{fault}-other"));
        let sender = land.issue("mail.chu.example");
        let peer = match fault {
            "expired" => {
                let now = land.clock.now();
                let day = SignedDuration::from_hours(24);
                let validity = Validity { not_before: now - day * 9, not_after: now - day };
                land.authority.issue(&profile("mail.practice.example"), Some(validity)).unwrap()
            }
            "foreign" => other.issue("mail.practice.example"),
            _ => land.issue("mail.practice.example"),
        };
        if fault == "revoked" {
            let reason = RevocationReason::KeyCompromise;
            land.authority.revoke(peer.certificate.serial(), reason).unwrap();
        }
        let listed = land.issue("mail.listed.example");
        let of_practice = if fault == "unlisted" { &listed } else { &peer };
        let trust = land.trust(&[("chu.example", &sender), ("practice.example", of_practice)]);
        let (l1, l2) = (listen().await, listen().await);
        let routes: Routes = [route(&l1, "chu.example"), route(&l2, "practice.example")].into();
        let hospital = Plan {
            domain: "chu.example",
            address: LETTERS,
            kind: MailboxKind::Application,
            issued: sender,
            listener: l1,
        };
        let practice = Plan {
            domain: "practice.example",
            address: MARIE,
            kind: MailboxKind::Personal,
            issued: peer,
            listener: l2,
        };
        let hospital = Operator::start(hospital, &land, &trust, &routes).await;
        let practice = Operator::start(practice, &land, &trust, &routes).await;
        hospital.send(&[MARIE], "Subject: Lettre").await.unwrap();
        assert_eq!(practice.messages(), Vec::<String>::new(), "{fault}");
        assert_eq!(hospital.queued(), 1, "{fault}: the mail waits");
        // The other way: the wrong certificate is the client's now.
        practice.send(&[LETTERS], "Subject: Lettre").await.unwrap();
        assert_eq!(hospital.messages(), Vec::<String>::new(), "{fault}");
        // After five days the sender is told.
        land.clock.advance(Duration::from_secs(5 * 24 * 3600 + 60));
        hospital.relay.run_due().await;
        let told: BTreeSet<_> = hospital.messages().into_iter().collect();
        assert_eq!((told.len(), hospital.queued()), (1, 0), "{fault}");
    }
}
