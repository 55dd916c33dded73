//! Power cuts, failed and short writes: nothing acknowledged is ever lost or doubled.
//!
//! A seeded workload (accounts made and erased, messages delivered, flagged and expunged, the
//! store closed and opened again) runs on a simulated disk that forgets and reorders what was not
//! flushed. At a seeded point the power goes; the store is opened again, perhaps with another cut
//! during recovery; what was acknowledged must be there once and whole, what was not may be there
//! once or not at all, and after the peer's repetition everything is there once. `verify` must
//! find nothing.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

use domain::{MailboxKind, ManualClock};
use jiff::Timestamp;
use mailstore::disk::{Disk, Fault, SimDisk, Survival};
use mailstore::message::digest_of;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::model::message::NewMessage;
use mailstore::{
    AccountId, Actor, Embedding, OpenError, QueueId, Secret, SeededRandom, Store, StoreError,
    Transaction,
};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The few random decisions of a workload.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}

/// What is known of a step whose answer came, or did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    /// It was acknowledged.
    Done,
    /// It was tried, without an answer that it is done.
    Open,
}

/// What the peer knows of one account.
#[derive(Debug)]
struct Known {
    created: Fate,
    erased: Option<Fate>,
    /// Messages by number: delivered, and perhaps expunged.
    messages: BTreeMap<u64, (Fate, Option<Fate>)>,
}

struct World {
    disk: SimDisk,
    clock: ManualClock,
    random: Arc<SeededRandom>,
    store: Option<Store>,
    accounts: BTreeMap<String, Known>,
    next: u64,
    dice: Dice,
}

/// A message that is told apart by its number; every fifth is a file of its own.
fn message(number: u64) -> Vec<u8> {
    let lines = if number % 5 == 4 { 6000 } else { number * 7 % 60 };
    let mut octets = format!(
        "From: a@b.example\r\nMessage-ID: <{number}@b.example>\r\nSubject: {number}\r\n\r\n"
    )
    .into_bytes();
    for line in 0..lines {
        octets.extend(format!("{number} line {line}: {:>40}\r\n", number * line).bytes());
    }
    octets
}

impl World {
    fn new(seed: u64) -> Self {
        let disk = SimDisk::new(seed);
        let clock = ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap());
        let random = Arc::new(SeededRandom::new(seed));
        let world = Self {
            disk,
            clock,
            random,
            store: None,
            accounts: BTreeMap::new(),
            next: 0,
            dice: Dice(seed),
        };
        Store::create(&world.embedding()).unwrap();
        world
    }

    fn embedding(&self) -> Embedding {
        Embedding {
            disk: Arc::new(self.disk.clone()),
            dir: PathBuf::from("/store"),
            operator_key: Secret::from_bytes([5; 32]),
            clock: Arc::new(self.clock.clone()),
            random: Arc::clone(&self.random) as _,
            consumers: vec![mailstore::Consumer::new("documents").unwrap()],
        }
    }

    fn open(&mut self) -> Result<(), OpenError> {
        self.store = None;
        let (store, recovery) = Store::open(self.embedding())?;
        assert_eq!(recovery.damage, [], "recovery took a crash for damage");
        self.store = Some(store);
        Ok(())
    }

    fn account(&self, name: &str) -> Result<Option<AccountId>, StoreError> {
        let address = format!("{name}@patient.example").parse().unwrap();
        self.store.as_ref().unwrap().operator_view()?.account_of(&address)
    }

    /// One step of the workload. An error is the disk's or the store's.
    fn step(&mut self) -> Result<(), StoreError> {
        let names: Vec<_> = self
            .accounts
            .iter()
            .filter(|(_, known)| known.created == Fate::Done && known.erased.is_none())
            .map(|(name, _)| name.clone())
            .collect();
        let pick = names.get(usize::try_from(self.dice.roll(4)).unwrap()).cloned();
        match (self.dice.roll(16), pick) {
            (0, _) => self.open().map_err(|error| match error {
                OpenError::Failed(error) => error,
                other => io::Error::other(other).into(),
            }),
            (1, Some(name)) if names.len() > 1 => self.erase(&name),
            (2 | 3, Some(name)) => self.flag(&name),
            (4, Some(name)) => self.expunge(&name),
            (5, _) | (_, None) => self.create(),
            (_, Some(name)) => {
                let number = self.next;
                self.next += 1;
                self.deliver(&name, number)
            }
        }
    }

    fn create(&mut self) -> Result<(), StoreError> {
        let name = format!("p{}", self.accounts.len());
        let known = Known { created: Fate::Open, erased: None, messages: BTreeMap::new() };
        self.accounts.insert(name.clone(), known);
        self.make(&name)?;
        self.accounts.get_mut(&name).unwrap().created = Fate::Done;
        Ok(())
    }

    fn make(&self, name: &str) -> Result<(), StoreError> {
        let new = NewAccount {
            address: format!("{name}@patient.example").parse().unwrap(),
            kind: MailboxKind::Citizen,
            state: AccountState::Active,
            ins: None,
            traits: None,
            quota: u64::MAX,
            mailboxes: Vec::new(),
            owner: None,
        };
        let store = self.store.as_ref().unwrap();
        store.create_account_blocking(Actor::SYSTEM, new).map(drop)
    }

    fn deliver(&mut self, name: &str, number: u64) -> Result<(), StoreError> {
        let known = &mut self.accounts.get_mut(name).unwrap().messages;
        known.entry(number).or_insert((Fate::Open, None));
        self.transmit(name, number)?;
        self.accounts.get_mut(name).unwrap().messages.get_mut(&number).unwrap().0 = Fate::Done;
        Ok(())
    }

    /// What the peer does, and does again until it has an answer.
    fn transmit(&self, name: &str, number: u64) -> Result<(), StoreError> {
        let account = self.account(name)?.expect("an acknowledged account is there");
        let store = self.store.as_ref().unwrap();
        let octets = message(number);
        let mut writer = store.body_writer()?;
        octets.chunks(10_000).try_for_each(|chunk| writer.write(chunk))?;
        let body = writer.finish()?;
        let digest = Arc::new(digest_of(&octets));
        let deliver = move |tx: &mut Transaction<'_>| -> Result<(), StoreError> {
            let queue_id = QueueId::random(tx.random())?;
            if tx.accept_once(&number.to_be_bytes(), queue_id)?.is_none() {
                tx.add_message(&NewMessage {
                    mailbox: tx.inbox()?,
                    body: Arc::clone(&body),
                    digest: Arc::clone(&digest),
                    flags: Flags::NONE,
                    internal_date: tx.now(),
                })?;
            }
            Ok(())
        };
        store.begin(Actor::RECEPTION, account, deliver).wait().map(drop)
    }

    fn flag(&mut self, name: &str) -> Result<(), StoreError> {
        let account = self.account(name)?.unwrap();
        let flag = move |tx: &mut Transaction<'_>| -> Result<(), StoreError> {
            let inbox = tx.inbox()?;
            let uids: Vec<_> = tx.flags(inbox, 0, u32::MAX)?.iter().map(|f| f.uid).collect();
            tx.store_flags(inbox, &uids, FlagChange::Add(Flags::SEEN), None)?;
            Ok(())
        };
        self.store.as_ref().unwrap().begin(Actor::SYSTEM, account, flag).wait().map(drop)
    }

    /// Expunges the oldest message.
    fn expunge(&mut self, name: &str) -> Result<(), StoreError> {
        let account = self.account(name)?.unwrap();
        let store = self.store.clone().unwrap();
        let view = store.view(account)?;
        let inbox = view.inbox()?;
        let Some((uid, placement)) = view.placements(inbox, 0, u32::MAX, 1)?.pop() else {
            return Ok(());
        };
        let subject = view.message(placement.message)?.envelope.subject.unwrap();
        let number = subject.decode().trim().parse::<u64>().unwrap();
        let known = self.accounts.get_mut(name).unwrap().messages.get_mut(&number).unwrap();
        known.1 = Some(Fate::Open);
        let expunge = move |tx: &mut Transaction<'_>| tx.expunge(inbox, &[uid], true).map(drop);
        let _done = store.begin::<_, StoreError, _>(Actor::SYSTEM, account, expunge).wait()?;
        let known = self.accounts.get_mut(name).unwrap().messages.get_mut(&number).unwrap();
        known.1 = Some(Fate::Done);
        Ok(())
    }

    fn erase(&mut self, name: &str) -> Result<(), StoreError> {
        let account = self.account(name)?.unwrap();
        self.accounts.get_mut(name).unwrap().erased = Some(Fate::Open);
        self.store.as_ref().unwrap().erase_account(Actor::SYSTEM, account)?;
        self.accounts.get_mut(name).unwrap().erased = Some(Fate::Done);
        Ok(())
    }

    /// How often each message lies in an account; each must be whole.
    fn found(&self, account: AccountId) -> BTreeMap<u64, usize> {
        let store = self.store.as_ref().unwrap();
        let view = store.view(account).unwrap();
        let mut found = BTreeMap::new();
        for (_, placement) in
            view.placements(view.inbox().unwrap(), 0, u32::MAX, usize::MAX).unwrap()
        {
            let stored = view.message(placement.message).unwrap();
            let octets = store.body(&view, stored.body).unwrap().read_all().unwrap();
            let subject = stored.envelope.subject.unwrap().decode();
            let number = subject.trim().parse::<u64>().unwrap();
            assert!(octets == message(number), "message {number} is not whole");
            *found.entry(number).or_insert(0) += 1;
        }
        found
    }

    /// Holds what is there against what the peer knows.
    fn check(&self, context: &str) {
        for (name, known) in &self.accounts {
            let Some(account) = self.account(name).unwrap() else {
                let may_be_absent = known.created == Fate::Open || known.erased.is_some();
                assert!(may_be_absent, "{context}: account {name} is lost");
                continue;
            };
            assert_ne!(known.erased, Some(Fate::Done), "{context}: {name} came back");
            let found = self.found(account);
            for (number, (delivered, expunged)) in &known.messages {
                let times = found.get(number).copied().unwrap_or(0);
                let allowed = match (delivered, expunged) {
                    (Fate::Done, None) => 1..=1,
                    (_, Some(Fate::Done)) => 0..=0,
                    (Fate::Open, _) | (Fate::Done, Some(Fate::Open)) => 0..=1,
                };
                assert!(
                    allowed.contains(&times),
                    "{context}: message {number} lies there {times} times"
                );
            }
        }
    }

    /// The peer repeats what had no answer; then everything is there once.
    fn repeat(&mut self) {
        let names: Vec<_> = self.accounts.keys().cloned().collect();
        for name in names {
            if self.accounts[&name].erased.is_some() {
                continue;
            }
            if self.account(&name).unwrap().is_none() {
                self.make(&name).unwrap();
            }
            self.accounts.get_mut(&name).unwrap().created = Fate::Done;
            let open: Vec<_> = self.accounts[&name]
                .messages
                .iter()
                .filter(|(_, (delivered, expunged))| *delivered == Fate::Open && expunged.is_none())
                .map(|(number, _)| *number)
                .collect();
            for number in open {
                self.deliver(&name, number).unwrap();
            }
        }
        self.check("after the repetition");
    }

    /// Opens, checks, repeats; and what was acknowledged after the fault outlives a cut as well.
    fn end(&mut self, context: &str) {
        self.open().unwrap_or_else(|error| panic!("{context}: {error:?}"));
        self.check(context);
        self.repeat();
        self.disk.power_cut_with(Survival::None);
        self.store = None;
        self.open().unwrap_or_else(|error| panic!("{context}, second cut: {error:?}"));
        self.check("after the second cut");
        self.verify(context);
    }

    fn verify(&mut self, context: &str) {
        self.store = None;
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let embedding = self.embedding();
        let report =
            mailstore::verify::verify(&disk, &embedding.dir, &embedding.operator_key, &mut |_| {})
                .unwrap();
        assert_eq!(report.findings, [], "{context}");
    }
}

fn cut(seed: u64) {
    let mut world = World::new(seed);
    world.open().unwrap();
    let at = 1 + world.dice.roll(250);
    world.disk.cut_after(at);
    while !world.disk.is_off() {
        // An error without a cut would be a defect; the check below finds what it cost.
        if world.step().is_err() {
            assert!(world.disk.is_off(), "seed {seed}: a step failed with the power on");
        }
    }
    world.store = None;
    world.disk.power_cut();
    while world.dice.roll(3) == 0 {
        let at = 1 + world.dice.roll(40);
        world.disk.cut_after(at);
        let _ = world.open();
        world.store = None;
        world.disk.power_cut();
    }
    world.end(&format!("seed {seed}, cut at operation {at}"));
}

fn fault(seed: u64) {
    let mut world = World::new(seed);
    world.open().unwrap();
    let at = 1 + world.dice.roll(150);
    match world.dice.roll(6) {
        0 => world.disk.fail_write(at, Fault::Short),
        1 => world.disk.fail_write(at, Fault::NoSpace),
        2 => world.disk.fail_write(at, Fault::Error(io::ErrorKind::Other)),
        3 => world.disk.fail_sync(1 + at / 3),
        4 => world.disk.fail_sync_partly(1 + at / 3),
        _ => world.disk.fail_op(at, io::ErrorKind::StorageFull),
    }
    for _ in 0..80 {
        // A failed write fails one group, a failed flush all that follow until the store is
        // opened again; a failed opening leaves no store.
        let _ = world.step();
        if world.store.is_none() {
            world.open().unwrap_or_else(|error| panic!("seed {seed}: {error:?}"));
        }
    }
    let context = format!("seed {seed}, fault at {at}");
    world.store = None;
    match world.dice.roll(2) {
        0 => world.disk.power_cut(),
        _ => world.disk.kill_process(),
    }
    world.end(&context);
}

/// Each test takes a quarter of the seeds, so that they share the machine's cores.
fn quarter(of: u64, count: u64, run: fn(u64)) {
    (0..count).filter(|seed| seed % 4 == of).for_each(run);
}

#[test]
fn five_hundred_power_cuts_lose_and_double_nothing_acknowledged_1() {
    quarter(0, 2000, cut);
}

#[test]
fn five_hundred_power_cuts_lose_and_double_nothing_acknowledged_2() {
    quarter(1, 2000, cut);
}

#[test]
fn five_hundred_power_cuts_lose_and_double_nothing_acknowledged_3() {
    quarter(2, 2000, cut);
}

#[test]
fn five_hundred_power_cuts_lose_and_double_nothing_acknowledged_4() {
    quarter(3, 2000, cut);
}

#[test]
fn two_hundred_failed_or_short_writes_lose_and_double_nothing_acknowledged() {
    (10_000..10_200).for_each(fault);
}

#[test]
fn after_a_failed_flush_the_store_is_read_only_until_it_is_opened_again() {
    let mut world = World::new(1);
    world.open().unwrap();
    world.create().unwrap();
    world.deliver("p0", 1).unwrap();
    world.disk.fail_sync(1);
    world.deliver("p0", 2).unwrap_err();
    let refused = world.deliver("p0", 3).unwrap_err();
    assert!(matches!(refused, StoreError::ReadOnly(_)), "{refused:?}");
    let account = world.account("p0").unwrap().unwrap();
    assert_eq!(world.found(account), BTreeMap::from([(1, 1)]), "reading goes on");
    world.open().unwrap();
    world.deliver("p0", 3).unwrap();
    world.repeat();
    world.verify("after a failed flush");
}

#[test]
fn an_account_whose_erasure_was_acknowledged_has_no_key_on_the_disk_after_a_power_cut() {
    let mut world = World::new(1);
    world.open().unwrap();
    world.create().unwrap();
    let before = world.disk.read_file("/store/keystore").unwrap();
    world.erase("p0").unwrap();
    world.disk.power_cut_with(Survival::None);
    let after = world.disk.read_file("/store/keystore").unwrap();
    let used =
        |octets: &[u8]| octets.chunks(128).filter(|slot| slot.iter().any(|b| *b != 0)).count();
    // The header and the operator's own key stay.
    assert_eq!((used(&before), used(&after)), (3, 2));
}
