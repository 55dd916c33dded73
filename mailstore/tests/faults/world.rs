//! A store on a simulated disk, a seeded workload, and what the peer knows of it.

use domain::{MailboxKind, ManualClock};
use jiff::Timestamp;
use mailstore::disk::{Disk, SimDisk, Survival};
use mailstore::message::digest_of;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::expunge::Expunge;
use mailstore::model::flags::{FlagChange, Flags};
use mailstore::model::message::{NewMessage, Prepared};
use mailstore::verify::Finding;
use mailstore::{
    AccountId, Actor, Embedding, OpenError, QueueId, Secret, SeededRandom, Store, StoreError,
    Transaction,
};
use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

/// The few random decisions of a workload.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (z ^ (z >> 31)) % sides
    }
}

/// What is known of a step whose answer came, or did not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It was acknowledged.
    Done,
    /// It was tried, without an answer that it is done.
    Open,
}

/// What the peer knows of one account.
#[derive(Debug)]
pub(crate) struct Known {
    pub(crate) created: Fate,
    pub(crate) erased: Option<Fate>,
    /// Messages by number: delivered, and perhaps expunged.
    pub(crate) messages: BTreeMap<u64, (Fate, Option<Fate>)>,
}

pub(crate) struct World {
    pub(crate) disk: SimDisk,
    pub(crate) clock: ManualClock,
    pub(crate) random: Arc<SeededRandom>,
    pub(crate) store: Option<Store>,
    pub(crate) accounts: BTreeMap<String, Known>,
    pub(crate) next: u64,
    pub(crate) dice: Dice,
}

/// A message that is told apart by its number; every fifth is a file of its own, and every fifth
/// large enough that segments fill.
pub(crate) fn message(number: u64) -> Vec<u8> {
    let lines = match number % 5 {
        4 => 6000,
        2 => 3600,
        _ => number * 7 % 60,
    };
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
    pub(crate) fn new(seed: u64) -> Self {
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

    pub(crate) fn embedding(&self) -> Embedding {
        Embedding {
            disk: Arc::new(self.disk.clone()),
            dir: PathBuf::from("/store"),
            operator_key: Secret::from_bytes([5; 32]),
            clock: Arc::new(self.clock.clone()),
            random: Arc::clone(&self.random) as _,
            consumers: vec![mailstore::Consumer::new("documents").unwrap()],
        }
    }

    pub(crate) fn open(&mut self) -> Result<(), OpenError> {
        self.store = None;
        let (store, recovery) = Store::open(self.embedding())?;
        assert_eq!(recovery.damage, [], "recovery took a crash for damage");
        self.store = Some(store);
        Ok(())
    }

    pub(crate) fn account(&self, name: &str) -> Result<Option<AccountId>, StoreError> {
        let address = format!("{name}@patient.example").parse().unwrap();
        self.store.as_ref().unwrap().operator_view()?.account_of(&address)
    }

    /// The account of `u` and a number.
    pub(crate) fn numbered(&self, number: usize) -> Result<Option<AccountId>, StoreError> {
        self.account(&format!("u{number}"))
    }

    /// One step of the workload. An error is the disk's or the store's.
    pub(crate) fn step(&mut self) -> Result<(), StoreError> {
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

    pub(crate) fn create(&mut self) -> Result<(), StoreError> {
        let name = format!("p{}", self.accounts.len());
        let known = Known { created: Fate::Open, erased: None, messages: BTreeMap::new() };
        self.accounts.insert(name.clone(), known);
        self.make(&name)?;
        self.accounts.get_mut(&name).unwrap().created = Fate::Done;
        Ok(())
    }

    pub(crate) fn make(&self, name: &str) -> Result<(), StoreError> {
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

    pub(crate) fn deliver(&mut self, name: &str, number: u64) -> Result<(), StoreError> {
        let known = &mut self.accounts.get_mut(name).unwrap().messages;
        known.entry(number).or_insert((Fate::Open, None));
        self.transmit(name, number)?;
        self.accounts.get_mut(name).unwrap().messages.get_mut(&number).unwrap().0 = Fate::Done;
        Ok(())
    }

    /// What the peer does, and does again until it has an answer.
    pub(crate) fn transmit(&self, name: &str, number: u64) -> Result<(), StoreError> {
        let account = self.account(name)?.expect("an acknowledged account is there");
        let store = self.store.as_ref().unwrap();
        let octets = message(number);
        let mut writer = store.body_writer()?;
        octets.chunks(10_000).try_for_each(|chunk| writer.write(chunk))?;
        let body = writer.finish()?;
        let content = Arc::new(Prepared::new(digest_of(&octets)).unwrap());
        let deliver = move |tx: &mut Transaction<'_>| -> Result<(), StoreError> {
            let queue_id = QueueId::random(tx.random())?;
            if tx.accept_once(&number.to_be_bytes(), queue_id)?.is_none() {
                tx.add_message(&NewMessage {
                    mailbox: tx.inbox()?,
                    body: Arc::clone(&body),
                    content: Arc::clone(&content),
                    flags: Flags::NONE,
                    internal_date: tx.now(),
                })?;
            }
            Ok(())
        };
        store.begin(Actor::RECEPTION, account, deliver).wait().map(drop)
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<(), StoreError> {
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
    pub(crate) fn expunge(&mut self, name: &str) -> Result<(), StoreError> {
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
        let expunge =
            move |tx: &mut Transaction<'_>| tx.expunge(inbox, &[uid], Expunge::All).map(drop);
        let _done = store.begin::<_, StoreError, _>(Actor::SYSTEM, account, expunge).wait()?;
        let known = self.accounts.get_mut(name).unwrap().messages.get_mut(&number).unwrap();
        known.1 = Some(Fate::Done);
        Ok(())
    }

    pub(crate) fn erase(&mut self, name: &str) -> Result<(), StoreError> {
        let account = self.account(name)?.unwrap();
        self.accounts.get_mut(name).unwrap().erased = Some(Fate::Open);
        self.store.as_ref().unwrap().erase_account(Actor::SYSTEM, account)?;
        self.accounts.get_mut(name).unwrap().erased = Some(Fate::Done);
        Ok(())
    }

    /// How often each message lies in an account; each must be whole.
    pub(crate) fn found(&self, account: AccountId) -> BTreeMap<u64, usize> {
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
    pub(crate) fn check(&self, context: &str) {
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
    pub(crate) fn repeat(&mut self) {
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
    pub(crate) fn end(&mut self, context: &str) {
        self.open().unwrap_or_else(|error| panic!("{context}: {error:?}"));
        self.check(context);
        self.repeat();
        self.disk.power_cut_with(Survival::None);
        self.store = None;
        self.open().unwrap_or_else(|error| panic!("{context}, second cut: {error:?}"));
        self.check("after the second cut");
        self.verify(context);
    }

    pub(crate) fn verify(&mut self, context: &str) {
        assert_eq!(self.findings(), [], "{context}");
    }

    /// What `verify` finds in the closed store.
    pub(crate) fn findings(&mut self) -> Vec<Finding> {
        self.store = None;
        let disk: Arc<dyn Disk> = Arc::new(self.disk.clone());
        let embedding = self.embedding();
        mailstore::verify::verify(&disk, &embedding.dir, &embedding.operator_key, &mut |_| {})
            .unwrap()
            .findings
    }
}
