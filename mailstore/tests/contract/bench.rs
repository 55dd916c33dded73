//! The harness: a store of either engine, what tests do with it all the time, and what the
//! embedded one must stand at the end of each test.

use crate::dump::everything;
use crate::site::Site;
use domain::{Clock, MailboxKind, ManualClock};
use jiff::Timestamp;
use mailstore::body::Body;
use mailstore::disk::Disk;
use mailstore::message::digest_of;
use mailstore::model::account::{AccountState, CreatedAccount, NewAccount};
use mailstore::model::change::ChangeKind;
use mailstore::model::flags::Flags;
use mailstore::model::keyword::Keyword;
use mailstore::model::mailbox::MailboxName;
use mailstore::model::message::{Added, NewMessage, Prepared};
use mailstore::{
    AccountId, Actor, Committed, Committing, Consumer, Faults, MailboxId, QueueId, SeededRandom,
    Store, StoreError, Together, Transaction, View,
};
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

pub(crate) const SEARCH: Consumer = consumer("search");
pub(crate) const DOCUMENTS: Consumer = consumer("documents");
/// Follows arrivals only.
pub(crate) const ARRIVALS: Consumer = consumer("arrivals").following(&[ChangeKind::Arrived]);
/// Who follows every change in every test.
pub(crate) const CONSUMERS: [Consumer; 2] = [SEARCH, DOCUMENTS];
/// Who is registered with the store.
pub(crate) const REGISTERED: [Consumer; 3] = [SEARCH, DOCUMENTS, ARRIVALS];
pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

const fn consumer(name: &'static str) -> Consumer {
    match Consumer::new(name) {
        Some(consumer) => consumer,
        None => panic!("not a consumer's name"),
    }
}

/// What must hold at the end of a test and each time the store was opened again.
pub(crate) struct Facts(Box<dyn Fn(&Store)>);

impl Facts {
    pub(crate) fn new(holds: impl Fn(&Store) + 'static) -> Self {
        Self(Box::new(holds))
    }
}

/// What a test returns: facts, or nothing but the state that it leaves.
pub(crate) trait Outcome {
    fn check(&self, store: &Store);
}

impl Outcome for () {
    fn check(&self, _: &Store) {}
}

impl Outcome for Facts {
    fn check(&self, store: &Store) {
        (self.0)(store);
    }
}

/// The clock that every test starts with.
pub(crate) fn clock() -> ManualClock {
    ManualClock::new("2026-01-05T08:00:00Z".parse::<Timestamp>().unwrap())
}

/// Runs a test on the memory engine.
pub(crate) fn in_memory<O: Outcome>(test: fn(&Bench) -> O) {
    let bench = Bench::in_memory();
    test(&bench).check(&bench);
    // Everything can be read to the end.
    everything(&bench);
}

/// Runs a test on the embedded engine, then closes, verifies, opens and rebuilds.
pub(crate) fn embedded<O: Outcome>(test: fn(&Bench) -> O) {
    let site = Site::new(clock());
    site.create().unwrap();
    let bench = Bench::at(&site);
    let outcome = test(&bench);
    outcome.check(&bench);
    let before = everything(&bench);
    drop(bench);
    site.verify_sound();
    reopened(&site, &before, &outcome, "after reopening");
    site.disk.remove(&site.index()).unwrap();
    reopened(&site, &before, &outcome, "after the index was rebuilt");
    site.verify_sound();
}

fn reopened<O: Outcome>(site: &Site, before: &[String], outcome: &O, when: &str) {
    let store = site.open();
    assert_same(before, &everything(&store), when);
    outcome.check(&store);
}

/// Two dumps must be the same; shows the first lines that differ.
pub(crate) fn assert_same(before: &[String], after: &[String], when: &str) {
    for (was, is) in before.iter().zip(after) {
        assert_eq!(was, is, "{when}");
    }
    assert_eq!(before.len(), after.len(), "{when}: more or fewer records");
}

/// A store under test, with its clock.
pub(crate) struct Bench {
    store: Store,
    pub(crate) clock: ManualClock,
    /// Faults to order, on the memory engine.
    pub(crate) faults: Arc<Faults>,
    /// Where it lies, on the embedded engine.
    pub(crate) site: Option<Site>,
}

impl Deref for Bench {
    type Target = Store;

    fn deref(&self) -> &Store {
        &self.store
    }
}

impl Bench {
    pub(crate) fn in_memory() -> Self {
        let (clock, faults) = (clock(), Arc::<Faults>::default());
        let random = Arc::new(SeededRandom::new(1));
        let consumers = REGISTERED.to_vec();
        let store =
            Store::in_memory(Arc::new(clock.clone()), random, consumers, Arc::clone(&faults));
        Self { store: store.unwrap(), clock, faults, site: None }
    }

    /// The store at a site.
    pub(crate) fn at(site: &Site) -> Self {
        let (store, clock) = (site.open(), site.clock.clone());
        Self { store, clock, faults: Arc::default(), site: Some(site.clone()) }
    }

    /// Makes an account and says what came of it.
    pub(crate) fn create(&self, new: NewAccount) -> Result<CreatedAccount, StoreError> {
        self.create_account_blocking(Actor::SYSTEM, new).map(Committed::into_inner)
    }

    /// Makes a personal account with INBOX only.
    pub(crate) fn account(&self, local: &str) -> AccountId {
        self.create(new_account(local)).unwrap().account
    }

    /// Submits a change.
    pub(crate) fn start<T, F>(&self, account: AccountId, work: F) -> Committing<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.begin(Actor::SYSTEM, account, work)
    }

    /// Commits a change that must succeed.
    #[track_caller]
    pub(crate) fn change<T, F>(&self, account: AccountId, work: F) -> T
    where
        T: Send + 'static,
        F: FnMut(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.start(account, work).wait().unwrap().into_inner()
    }

    /// Tries a change that must fail.
    #[track_caller]
    pub(crate) fn refuse<T, F>(&self, account: AccountId, work: F) -> StoreError
    where
        T: Send + std::fmt::Debug + 'static,
        F: FnMut(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    {
        self.start(account, work).wait().expect_err("it should be refused")
    }

    #[track_caller]
    pub(crate) fn seen(&self, account: AccountId) -> View<'static> {
        self.view(account).unwrap()
    }

    #[track_caller]
    pub(crate) fn inbox(&self, account: AccountId) -> MailboxId {
        self.seen(account).inbox().unwrap()
    }

    #[track_caller]
    pub(crate) fn mailbox(&self, account: AccountId, name: &str) -> MailboxId {
        let name = MailboxName::new(name).unwrap();
        self.change(account, move |tx| tx.create_mailbox(&name, None))
    }

    pub(crate) fn take_in(&self, octets: &[u8]) -> Arc<Body> {
        let mut writer = self.body_writer().unwrap();
        writer.write(octets).unwrap();
        writer.finish().unwrap()
    }

    /// A message with its body taken in, ready for transactions.
    pub(crate) fn message(&self, mailbox: MailboxId, octets: &[u8]) -> NewMessage {
        NewMessage {
            mailbox,
            body: self.take_in(octets),
            content: Arc::new(Prepared::new(digest_of(octets)).unwrap()),
            flags: Flags::NONE,
            internal_date: self.clock.now(),
        }
    }

    #[track_caller]
    pub(crate) fn deliver_to(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        octets: &[u8],
    ) -> Added {
        let new = self.message(mailbox, octets);
        self.change(account, move |tx| tx.add_message(&new))
    }

    /// Delivers to INBOX.
    #[track_caller]
    pub(crate) fn deliver(&self, account: AccountId, octets: &[u8]) -> Added {
        self.deliver_to(account, self.inbox(account), octets)
    }

    /// Delivers so many short messages, each in a transaction of its own.
    #[track_caller]
    pub(crate) fn deliver_many(
        &self,
        account: AccountId,
        mailbox: MailboxId,
        count: usize,
    ) -> Vec<Added> {
        let mut jobs = Together::default();
        let mut waiting = Vec::new();
        for number in 0..count {
            let new = self.message(mailbox, format!("Subject: {number}\r\n\r\n.\r\n").as_bytes());
            waiting.push(jobs.add(Actor::RECEPTION, account, move |tx| tx.add_message(&new)));
        }
        self.submit(jobs);
        let added = |done: Committing<Added, StoreError>| done.wait().unwrap().into_inner();
        waiting.into_iter().map(added).collect()
    }
}

/// A keyword.
pub(crate) fn keyword(text: &str) -> Keyword {
    Keyword::new(text).unwrap()
}

/// What a personal account is made of.
pub(crate) fn new_account(local: &str) -> NewAccount {
    NewAccount {
        address: format!("{local}@hopital.example").parse().unwrap(),
        kind: MailboxKind::Personal,
        state: AccountState::Active,
        ins: None,
        traits: None,
        quota: u64::MAX,
        mailboxes: Vec::new(),
        owner: None,
    }
}

/// The queue id that belongs to a number.
pub(crate) fn queue_id(number: u8) -> QueueId {
    QueueId::from_bytes([number; 16])
}

pub(crate) fn name(text: &str) -> MailboxName {
    MailboxName::new(text).unwrap()
}
