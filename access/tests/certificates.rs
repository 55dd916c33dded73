//! SASL EXTERNAL: which certificate opens which account, and which does not.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

use access::{
    Access, AccessSettings, BindError, CertificateDenied, Courier, Denied, Notice, Opened, Sending,
    Way,
};
use domain::{Clock, MailboxKind, ManualClock, Mode, Verdict};
use jiff::{SignedDuration, Timestamp};
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::principal::{Grant, NewPrincipal, PrincipalKind, Rights};
use mailstore::{
    AccountId, Actor, Faults, PrincipalId, SeededRandom, Store, StoreError, Transaction,
};
use pki::authority::{AuthorityKey, AuthorityParams, Validity};
use pki::{Authority, Issued, PeerChain, Profile, RevocationReason, Subject, Trust};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

#[derive(Debug)]
struct Nowhere;

impl Courier for Nowhere {
    fn send(&self, _: Notice) -> Sending<'_> {
        Box::pin(std::future::ready(Ok(())))
    }
}

struct World {
    dir: PathBuf,
    clock: ManualClock,
    authority: Authority,
    store: Store,
    access: Access,
}

impl Drop for World {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl World {
    fn new(name: &str) -> Self {
        let start: Timestamp = "2026-11-25T08:00:00Z".parse().unwrap();
        let clock = ManualClock::new(start);
        let dir = std::env::temp_dir().join(format!("pli-access-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let mut params =
            AuthorityParams::new("PLI", "PLI ESSAIS", Mode::Production, start).unwrap();
        params.key = AuthorityKey::Rsa2048;
        params.not_before = start - SignedDuration::from_hours(24 * 365);
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let authority = Authority::init(&dir, params, shared.clone()).unwrap();
        let random = Arc::new(SeededRandom::new(7));
        let faults = Arc::new(Faults::default());
        let store = Store::in_memory(shared.clone(), random.clone(), Vec::new(), faults).unwrap();
        let settings = AccessSettings::default();
        let access = Access::new(store.clone(), shared, random, Arc::new(Nowhere), settings);
        Self { dir, clock, authority, store, access }
    }

    fn issue(&mut self, label: &str) -> Issued {
        self.authority.issue(&profile(label), None).unwrap()
    }

    fn trust(&mut self) -> Arc<Trust> {
        let chain = [self.authority.issuing().der(), self.authority.root().der()];
        let pem = pki::pem::write_certificates(chain);
        let lists = self.authority.crl().unwrap().pem();
        Trust::load(pem.as_bytes(), lists.as_bytes(), Mode::Production).unwrap()
    }

    async fn account(&self, address: &str) -> (AccountId, PrincipalId) {
        let kind = PrincipalKind::Person;
        let new = NewAccount {
            address: address.parse().unwrap(),
            kind: MailboxKind::Application,
            state: AccountState::Active,
            ins: None,
            traits: None,
            quota: u64::MAX,
            mailboxes: Vec::new(),
            owner: Some(NewPrincipal { kind, name: "N".into(), login: None }),
        };
        let made = self.store.create_account(Actor::SYSTEM, new).await.unwrap().into_inner();
        (made.account, made.owner.unwrap())
    }

    async fn bind(
        &self,
        (home, principal): (AccountId, PrincipalId),
        issued: &Issued,
    ) -> Result<(), BindError> {
        let certificate = &issued.certificate;
        self.access.bind_certificate(Actor::SYSTEM, home, principal, certificate).await
    }

    async fn grant(&self, account: AccountId, principal: PrincipalId) {
        let work = move |tx: &mut Transaction<'_>| {
            let from = tx.now().as_second();
            let rights = Rights::ALL;
            tx.grant(principal, &Grant { rights, owner: false, from, until: Some(from + 3600) })
        };
        let done = self.store.transact::<_, StoreError, _>(Actor::SYSTEM, account, work).await;
        let _ = done.unwrap();
    }

    fn opens(&self, issued: &Issued) -> bool {
        self.access.certificate_opens(Way::Submission, &chain(issued))
    }

    fn log_in(
        &self,
        issued: &Issued,
        trust: &Trust,
        named: &str,
    ) -> Result<Opened, CertificateDenied> {
        let trust = trust.state();
        self.access.with_certificate(Way::Submission, &chain(issued), &trust, named)
    }
}

fn profile(label: &str) -> Profile {
    Profile::Application {
        subject: Subject {
            structure: "1630013605".parse().unwrap(),
            legal_name: "ESSAI".into(),
            department: "Paris (75)".into(),
        },
        label: label.into(),
        address: None,
    }
}

fn chain(issued: &Issued) -> PeerChain {
    PeerChain::read(&issued.chain).unwrap()
}

fn is_not_allowed(answer: Result<Opened, CertificateDenied>) -> bool {
    matches!(answer, Err(CertificateDenied::Denied(Denied::NotAllowed)))
}

fn untrusted(answer: Result<Opened, CertificateDenied>) -> Verdict {
    match answer {
        Err(CertificateDenied::Trust(verdict)) => verdict,
        other => panic!("{other:?}"),
    }
}

// MSS #25
#[tokio::test]
async fn an_empty_authorization_is_right_only_when_there_is_exactly_one_account() {
    let mut world = World::new("one");
    let (issued, stranger) = (world.issue("LETTERS"), world.issue("OTHER"));
    let trust = world.trust();
    let letters = world.account("letters@chu.example").await;
    let results = world.account("results@chu.example").await;
    assert!(!world.opens(&issued) && is_not_allowed(world.log_in(&issued, &trust, "")));
    world.bind(letters, &issued).await.unwrap();
    assert!(world.opens(&issued) && !world.opens(&stranger));
    let opened = world.log_in(&issued, &trust, "").unwrap();
    assert_eq!((opened.account, opened.principal), letters);
    assert!(is_not_allowed(world.log_in(&issued, &trust, "results@chu.example")));
    assert!(is_not_allowed(world.log_in(&issued, &trust, "nobody@chu.example")));
    assert!(is_not_allowed(world.log_in(&stranger, &trust, "letters@chu.example")));
    world.grant(results.0, letters.1).await;
    assert!(is_not_allowed(world.log_in(&issued, &trust, "")), "there are two now");
    for (named, account) in [("letters@chu.example", letters.0), ("RESULTS@chu.example", results.0)]
    {
        assert_eq!(world.log_in(&issued, &trust, named).unwrap().account, account);
    }
    world.clock.advance(Duration::from_secs(3600));
    assert_eq!(world.log_in(&issued, &trust, "").unwrap().account, letters.0, "one again");
}

// MSS #25
#[tokio::test]
async fn a_renewed_certificate_opens_at_once_and_no_other_principal_takes_its_name() {
    let mut world = World::new("renewed");
    let (issued, renewed) = (world.issue("LETTERS"), world.issue("LETTERS"));
    assert_ne!(issued.certificate.serial(), renewed.certificate.serial());
    let trust = world.trust();
    let letters = world.account("letters@chu.example").await;
    let results = world.account("results@chu.example").await;
    world.bind(letters, &issued).await.unwrap();
    assert_eq!(world.log_in(&renewed, &trust, "").unwrap().account, letters.0);
    assert!(matches!(world.bind(results, &renewed).await, Err(BindError::Taken)));
    world.access.unbind_certificate(Actor::SYSTEM, &issued.certificate).await.unwrap();
    assert!(!world.opens(&issued) && !world.opens(&renewed));
    world.bind(results, &renewed).await.unwrap();
    assert_eq!(world.log_in(&renewed, &trust, "").unwrap().account, results.0);
}

#[tokio::test]
async fn a_certificate_is_judged_at_log_in_by_the_trust_of_that_moment() {
    let (mut world, mut other) = (World::new("judged"), World::new("judged-other"));
    let now = world.clock.now();
    let day = SignedDuration::from_hours(24);
    let validity = Validity { not_before: now - day * 9, not_after: now - day };
    let issued = world.issue("LETTERS");
    let expired = world.authority.issue(&profile("LETTERS"), Some(validity)).unwrap();
    let revoked = world.issue("LETTERS");
    let foreign = other.issue("LETTERS");
    let letters = world.account("letters@chu.example").await;
    world.bind(letters, &issued).await.unwrap();
    let before = world.trust();
    world.log_in(&revoked, &before, "").unwrap();
    let reason = RevocationReason::KeyCompromise;
    world.authority.revoke(revoked.certificate.serial(), reason).unwrap();
    let trust = world.trust();
    world.log_in(&issued, &trust, "").unwrap();
    assert_eq!(untrusted(world.log_in(&expired, &trust, "")), Verdict::CertificateExpired);
    assert_eq!(untrusted(world.log_in(&revoked, &trust, "")), Verdict::CertificateRevoked);
    untrusted(world.log_in(&foreign, &trust, ""));
    // Until the next revocation list comes, nobody knows: temporary.
    world.clock.advance(Duration::from_secs(60 * 24 * 3600));
    let late = untrusted(world.log_in(&issued, &trust, ""));
    assert_eq!((late, late.code()), (Verdict::CrlExpired, 454));
}

#[tokio::test]
async fn a_certificate_of_a_closed_account_opens_nothing() {
    let mut world = World::new("closed");
    let issued = world.issue("LETTERS");
    let trust = world.trust();
    let letters = world.account("letters@chu.example").await;
    world.bind(letters, &issued).await.unwrap();
    let work = move |tx: &mut Transaction<'_>| tx.set_account_state(AccountState::Closed);
    let done = world.store.transact::<_, StoreError, _>(Actor::SYSTEM, letters.0, work).await;
    let _ = done.unwrap();
    assert!(!world.opens(&issued) && is_not_allowed(world.log_in(&issued, &trust, "")));
}
