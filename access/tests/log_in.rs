//! Who gets in, by which way, and who does not: over a store in memory, with a clock that tests move.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    reason = "tests panic"
)]

use access::{
    Access, AccessSettings, CODE_LIFE, CodeAnswer, Contact, Courier, Denied, IDLE_LIFE,
    MAX_CODE_TRIES, Notice, Opened, Sending, SessionToken, Way,
};
use domain::{Clock, Lang, MailboxKind, ManualClock};
use jiff::Timestamp;
use mailstore::model::account::{AccountState, CreatedAccount, NewAccount};
use mailstore::model::principal::{Grant, NewPrincipal, PrincipalKind, Rights};
use mailstore::{
    AccountId, Actor, Faults, PrincipalId, SeededRandom, Store, StoreError, Transaction,
};
use std::net::IpAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

const MARIE: &str = "marie@practice.example";
const CITIZEN: &str = "279035121518989@patient.example";
const PASSWORD: &str = "une phrase assez longue";
const HERE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));

#[derive(Debug, Default)]
struct Outbox(Mutex<Vec<Notice>>);

impl Courier for Outbox {
    fn send(&self, notice: Notice) -> Sending<'_> {
        self.0.lock().unwrap().push(notice);
        Box::pin(std::future::ready(Ok(())))
    }
}

struct World {
    store: Store,
    clock: ManualClock,
    access: Access,
    outbox: Arc<Outbox>,
}

impl World {
    fn new(settings: AccessSettings) -> Self {
        let clock = ManualClock::new("2026-11-25T08:00:00Z".parse::<Timestamp>().unwrap());
        let shared: Arc<dyn Clock> = Arc::new(clock.clone());
        let random = Arc::new(SeededRandom::new(7));
        let faults = Arc::new(Faults::default());
        let store = Store::in_memory(shared.clone(), random.clone(), Vec::new(), faults).unwrap();
        let outbox = Arc::new(Outbox::default());
        let access = Access::new(store.clone(), shared, random, outbox.clone(), settings);
        Self { store, clock, access, outbox }
    }

    async fn account(&self, address: &str, kind: MailboxKind) -> (AccountId, PrincipalId) {
        let login = address.split('@').next().unwrap().to_owned();
        let owner =
            NewPrincipal { kind: PrincipalKind::Person, name: "N".into(), login: Some(login) };
        let new = NewAccount {
            address: address.parse().unwrap(),
            kind,
            state: AccountState::Active,
            ins: None,
            traits: None,
            quota: u64::MAX,
            mailboxes: Vec::new(),
            owner: Some(owner),
        };
        let made: CreatedAccount =
            self.store.create_account(Actor::SYSTEM, new).await.unwrap().into_inner();
        (made.account, made.owner.unwrap())
    }

    async fn secret(&self, (home, principal): (AccountId, PrincipalId)) -> String {
        self.access.add_app_secret(Actor::SYSTEM, home, principal, "test").await.unwrap()
    }

    async fn log_in(&self, way: Way, login: &str, secret: &str) -> Result<Opened, Denied> {
        self.access.with_password(way, login, None, secret, HERE).await
    }

    async fn grant(&self, account: AccountId, principal: PrincipalId, rights: Rights) {
        let work = move |tx: &mut Transaction<'_>| {
            let from = tx.now().as_second();
            tx.grant(principal, &Grant { rights, owner: false, from, until: Some(from + 3600) })
        };
        let _ =
            self.store.transact::<_, StoreError, _>(Actor::SYSTEM, account, work).await.unwrap();
    }

    async fn state(&self, account: AccountId, state: AccountState) {
        let work = move |tx: &mut Transaction<'_>| tx.set_account_state(state);
        let _ =
            self.store.transact::<_, StoreError, _>(Actor::SYSTEM, account, work).await.unwrap();
    }

    /// A citizen with a password and a way to be reached.
    async fn citizen(&self) -> (AccountId, PrincipalId) {
        let (home, principal) = self.account(CITIZEN, MailboxKind::Citizen).await;
        let access = &self.access;
        access.set_password(Actor::SYSTEM, home, principal, PASSWORD).await.unwrap();
        let contact =
            Contact { email: Some("d@courriel.example".into()), mobile: None, lang: Lang::Fr };
        access.set_contact(Actor::SYSTEM, home, principal, &contact).await.unwrap();
        (home, principal)
    }

    fn code(&self) -> String {
        let text = self.outbox.0.lock().unwrap().last().unwrap().text.clone();
        text.split(|c: char| !c.is_ascii_digit()).find(|word| word.len() == 6).unwrap().to_owned()
    }

    async fn session(&self) -> SessionToken {
        let pending =
            self.access.check_web_password("279035121518989", PASSWORD, HERE).await.unwrap();
        match self.access.confirm_code(&pending, &self.code()).await.unwrap() {
            CodeAnswer::LoggedIn(token) => token,
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn who_mistypes_now_and_then_is_not_made_to_wait() {
    let world = World::new(AccessSettings::default());
    world.citizen().await;
    for _ in 0..4 {
        for _ in 0..3 {
            let wrong = world.access.check_web_password("279035121518989", "wrong", HERE).await;
            assert!(matches!(wrong, Err(Denied::Credentials)), "{wrong:?}");
        }
        world.session().await;
    }
}

#[tokio::test]
async fn a_secret_opens_the_mailbox_by_name_and_by_address_however_it_is_typed() {
    let world = World::new(AccessSettings::default());
    let marie = world.account(MARIE, MailboxKind::Personal).await;
    let secret = world.secret(marie).await;
    for login in ["marie", MARIE, "MARIE@practice.example"] {
        for typed in [secret.clone(), secret.replace('-', " "), secret.to_uppercase()] {
            let opened = world.log_in(Way::Imap, login, &typed).await.unwrap();
            assert_eq!((opened.account, opened.principal), marie);
            assert_eq!(opened.actor.account, Some(marie.0));
        }
    }
}

#[tokio::test]
async fn wrong_unknown_closed_and_the_web_password_are_all_the_same_refusal() {
    let world = World::new(AccessSettings { citizens_may_use_imap: true });
    let (home, principal) = world.citizen().await;
    let secret = world.secret((home, principal)).await;
    let paul = world.account("paul@practice.example", MailboxKind::Personal).await;
    let of_paul = world.secret(paul).await;
    for (login, secret) in
        [(CITIZEN, PASSWORD), (CITIZEN, ""), (CITIZEN, &*of_paul), ("nobody", "x"), ("a@b", "x")]
    {
        let denied = world.log_in(Way::Submission, login, secret).await.unwrap_err();
        assert!(matches!(denied, Denied::Credentials), "{login}: {denied:?}");
    }
    world.clock.advance(Duration::from_secs(20 * 60));
    world.log_in(Way::Submission, CITIZEN, &secret).await.unwrap();
    for state in [AccountState::Closed, AccountState::Objected, AccountState::Created] {
        world.state(home, state).await;
        let denied = world.log_in(Way::Submission, CITIZEN, &secret).await.unwrap_err();
        assert!(matches!(denied, Denied::Credentials), "{state:?}");
    }
}

#[tokio::test]
async fn a_secret_that_is_taken_back_opens_nothing_and_the_others_stay() {
    let world = World::new(AccessSettings::default());
    let marie = world.account(MARIE, MailboxKind::Personal).await;
    let (first, second) = (world.secret(marie).await, world.secret(marie).await);
    world.log_in(Way::Imap, MARIE, &first).await.unwrap();
    let used = |world: &World| world.access.app_secrets(marie.0, marie.1).unwrap();
    let listed = used(&world);
    assert_eq!(listed.iter().filter(|kept| kept.last_used.is_some()).count(), 1);
    let id = listed.iter().find(|kept| kept.last_used.is_some()).unwrap().id;
    let still = |secret| world.access.still_open(Way::Imap, marie.1, marie.0, secret);
    assert!(still(Some(id)).is_ok());
    let revoke = || world.access.revoke_app_secret(Actor::SYSTEM, marie.0, marie.1, id);
    assert!(revoke().await.unwrap() && !revoke().await.unwrap());
    assert!(world.log_in(Way::Imap, MARIE, &first).await.is_err());
    // Nor does it hold what it opened before; the other secret's sessions go on.
    assert!(matches!(still(Some(id)), Err(Denied::Credentials)));
    let opened = world.log_in(Way::Imap, MARIE, &second).await.unwrap();
    assert!(opened.secret.is_some() && still(opened.secret).is_ok());
}

#[tokio::test]
async fn guessing_gets_slow_and_says_nothing() {
    let world = World::new(AccessSettings::default());
    let marie = world.account(MARIE, MailboxKind::Personal).await;
    let secret = world.secret(marie).await;
    let mut throttled = false;
    for _ in 0..7 {
        match world.log_in(Way::Imap, MARIE, "wrong").await.unwrap_err() {
            Denied::Throttled => throttled = true,
            denied => assert!(matches!(denied, Denied::Credentials) && !throttled),
        }
    }
    assert!(throttled);
    assert!(matches!(world.log_in(Way::Imap, MARIE, &secret).await, Err(Denied::Throttled)));
    world.clock.advance(Duration::from_secs(20 * 60));
    world.log_in(Way::Imap, MARIE, &secret).await.unwrap();
}

// MSS #27
#[tokio::test]
async fn a_grant_opens_another_mailbox_for_its_time_and_its_rights() {
    let world = World::new(AccessSettings::default());
    let marie = world.account(MARIE, MailboxKind::Personal).await;
    let (desk, _) = world.account("cabinet@practice.example", MailboxKind::Practice).await;
    let secret = world.secret(marie).await;
    let as_desk = |way| {
        world.access.with_password(way, MARIE, Some("cabinet@practice.example"), &secret, HERE)
    };
    assert!(matches!(as_desk(Way::Imap).await, Err(Denied::NotAllowed)));
    for (named, right) in [("marie", true), ("", true), ("cabinet", false), ("x@y.example", false)]
    {
        let opened = world.access.with_password(Way::Imap, MARIE, Some(named), &secret, HERE).await;
        assert_eq!(opened.map(|opened| opened.account).ok(), right.then_some(marie.0), "{named}");
    }
    world.grant(desk, marie.1, Rights::READ).await;
    assert_eq!(as_desk(Way::Imap).await.unwrap().account, desk);
    assert!(matches!(as_desk(Way::Submission).await, Err(Denied::NotAllowed)));
    assert!(world.log_in(Way::Submission, MARIE, &secret).await.unwrap().also_as.is_empty());
    world.grant(desk, marie.1, Rights::READ.and(Rights::SEND_AS)).await;
    let own = world.log_in(Way::Submission, MARIE, &secret).await.unwrap();
    assert_eq!(own.also_as, ["cabinet@practice.example".parse().unwrap()]);
    world.clock.advance(Duration::from_secs(3600));
    assert!(matches!(as_desk(Way::Imap).await, Err(Denied::NotAllowed)));
}

#[tokio::test]
async fn citizens_read_with_mail_programs_only_where_the_operator_says_so() {
    for allowed in [false, true] {
        let world = World::new(AccessSettings { citizens_may_use_imap: allowed });
        let citizen = world.citizen().await;
        let secret = world.secret(citizen).await;
        assert_eq!(world.log_in(Way::Imap, CITIZEN, &secret).await.is_ok(), allowed);
        world.log_in(Way::Submission, CITIZEN, &secret).await.unwrap();
    }
}

#[tokio::test]
async fn one_secret_serves_all_accounts_that_a_principal_is_granted() {
    let world = World::new(AccessSettings::default());
    let first = world.account("u1@practice.example", MailboxKind::Personal).await;
    let (second, _) = world.account("u2@practice.example", MailboxKind::Personal).await;
    world.access.add_known_secret(Actor::SYSTEM, first.0, first.1, "bench").await.unwrap();
    world.grant(second, first.1, Rights::ALL).await;
    let opened = world.log_in(Way::Imap, "u1@practice.example", "bench").await.unwrap();
    assert_eq!(opened.account, first.0);
    let opened = world
        .access
        .with_password(Way::Imap, "u1", Some("u2@practice.example"), "bench", HERE)
        .await
        .unwrap();
    assert_eq!(opened.account, second);
}

#[tokio::test]
async fn a_password_is_followed_by_a_code_that_works_once() {
    let world = World::new(AccessSettings::default());
    world.citizen().await;
    let access = &world.access;
    let denied = access.check_web_password(CITIZEN, "une autre phrase longue", HERE).await;
    assert!(matches!(denied, Err(Denied::Credentials)));
    let denied = access.check_web_password("nobody", PASSWORD, HERE).await;
    assert!(matches!(denied, Err(Denied::Credentials)));
    assert!(world.outbox.0.lock().unwrap().is_empty(), "no code for a wrong password");
    let pending = access.check_web_password(CITIZEN, PASSWORD, HERE).await.unwrap();
    let code = world.code();
    let wrong = if code == "000000" { "000001" } else { "000000" };
    assert!(matches!(access.confirm_code(&pending, wrong).await.unwrap(), CodeAnswer::Wrong));
    let answer = access.confirm_code(&pending, &code).await.unwrap();
    let CodeAnswer::LoggedIn(token) = answer else { panic!("{answer:?}") };
    assert!(access.session(&token).await.unwrap().is_some());
    assert!(matches!(access.confirm_code(&pending, &code).await.unwrap(), CodeAnswer::Expired));
    let notice = world.outbox.0.lock().unwrap()[0].clone();
    assert_eq!(notice.to, "d@courriel.example");
    assert!(!format!("{notice:?}{pending:?}{token:?}").contains(&code));
}

#[tokio::test]
async fn a_code_ends_with_its_time_its_tries_and_a_newer_one() {
    let world = World::new(AccessSettings::default());
    world.citizen().await;
    let access = &world.access;
    let begin = || access.check_web_password(CITIZEN, PASSWORD, HERE);
    let late = begin().await.unwrap();
    let code = world.code();
    world.clock.advance(Duration::from_secs(CODE_LIFE.unsigned_abs()));
    assert!(matches!(access.confirm_code(&late, &code).await.unwrap(), CodeAnswer::Expired));
    let tried = begin().await.unwrap();
    let code = world.code();
    for _ in 0..MAX_CODE_TRIES {
        assert!(matches!(access.confirm_code(&tried, "x").await.unwrap(), CodeAnswer::Wrong));
    }
    assert!(matches!(access.confirm_code(&tried, &code).await.unwrap(), CodeAnswer::Expired));
    let older = begin().await.unwrap();
    let code = world.code();
    let _newer = begin().await.unwrap();
    assert!(matches!(access.confirm_code(&older, &code).await.unwrap(), CodeAnswer::Expired));
}

#[tokio::test]
async fn a_session_ends_when_idle_when_old_and_when_ended() {
    let world = World::new(AccessSettings::default());
    let (home, _) = world.citizen().await;
    let access = &world.access;
    let idle = world.session().await;
    world.clock.advance(Duration::from_secs(IDLE_LIFE.unsigned_abs()));
    assert!(access.session(&idle).await.unwrap().is_none());
    let used = world.session().await;
    let mut minutes = 0;
    while access.session(&used).await.unwrap().is_some() {
        world.clock.advance(Duration::from_secs(60));
        minutes += 1;
        assert!(minutes <= 12 * 60);
    }
    assert_eq!(minutes, 12 * 60, "used all the time it lasts twelve hours");
    let ended = world.session().await;
    access.end_session(&ended).await.unwrap();
    assert!(access.session(&ended).await.unwrap().is_none());
    let closed = world.session().await;
    world.state(home, AccountState::Closed).await;
    assert!(access.session(&closed).await.unwrap().is_none());
}

#[tokio::test]
async fn a_person_sees_and_ends_sessions() {
    let world = World::new(AccessSettings::default());
    world.citizen().await;
    let access = &world.access;
    let tokens = [world.session().await, world.session().await, world.session().await];
    let own = access.session(&tokens[0]).await.unwrap().unwrap();
    let other = access.session(&tokens[1]).await.unwrap().unwrap();
    assert_ne!((own.csrf, own.id), (other.csrf, other.id));
    assert_eq!(access.sessions(&own.opened).unwrap().len(), 3);
    access.end_sessions(&own.opened, Some(other.id), None).await.unwrap();
    assert!(access.session(&tokens[1]).await.unwrap().is_none());
    access.end_sessions(&own.opened, None, Some(own.id)).await.unwrap();
    assert!(access.session(&tokens[2]).await.unwrap().is_none());
    assert!(access.session(&tokens[0]).await.unwrap().is_some());
    let read = |text: &str| SessionToken::read(text).is_some();
    assert!(!read("") && !read("x") && !read("AAAA") && !read(&"A".repeat(100)));
}

#[tokio::test]
async fn a_short_password_is_refused() {
    let world = World::new(AccessSettings::default());
    let (home, principal) = world.account(MARIE, MailboxKind::Personal).await;
    assert!(world.access.set_password(Actor::SYSTEM, home, principal, "court").await.is_err());
}

#[tokio::test]
async fn a_stolen_password_buys_no_endless_tries_of_codes() {
    let world = World::new(AccessSettings::default());
    world.citizen().await;
    for _ in 0..5 {
        world.access.check_web_password(CITIZEN, PASSWORD, HERE).await.unwrap();
    }
    let more = world.access.check_web_password("279035121518989", PASSWORD, HERE).await;
    assert!(matches!(more, Err(Denied::Throttled)));
    assert_eq!(world.outbox.0.lock().unwrap().len(), 5);
    world.clock.advance(Duration::from_secs(60));
    world.session().await;
    world.session().await;
}

#[tokio::test]
async fn nothing_that_prints_has_a_secret() {
    let world = World::new(AccessSettings::default());
    let (home, principal) = world.citizen().await;
    let secret = world.secret((home, principal)).await;
    let token = world.session().await;
    let session = world.access.session(&token).await.unwrap().unwrap();
    let listed = world.access.app_secrets(home, principal).unwrap();
    let printed = format!("{:?} {token:?} {session:?} {listed:?}", world.access);
    for hidden in [&*secret, &token.expose(), &session.csrf, "279035121518989", "courriel"] {
        assert!(!printed.contains(hidden), "{printed}");
    }
    // The list keeps what finds a secret, never the secret.
    let denied = world.log_in(Way::Submission, CITIZEN, &secret[1..]).await.unwrap_err();
    assert!(!format!("{denied:?} {denied}").contains(&secret[1..]));
}
