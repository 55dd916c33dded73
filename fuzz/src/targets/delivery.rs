//! A message from a peer on its whole way: traced, judged, stored, its documents filed, the receipt
//! composed.

use documents::{CONSUMER, Documents};
use domain::{CitizenDomains, InsReading, MailboxKind, ManualClock, Mode, ReversePath};
use jiff::Timestamp;
use kit::Runner;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::{AccountId, Actor, Faults, SeededRandom, Store};
use post::{DsnRequest, Envelope, Origin, Peer, Post, RecipientDsn, Settings};
use std::cell::RefCell;
use std::sync::Arc;

const CITIZEN: &str = "279035121518989@patient.example";
/// Inputs after which the store is made anew.
const RENEW: u32 = 20;

/// An operator of one citizen.
struct Land {
    post: Post,
    runner: Runner,
    runtime: tokio::runtime::Runtime,
    account: AccountId,
    used: u32,
}

impl Land {
    fn new() -> Option<Self> {
        let clock = Arc::new(ManualClock::new(Timestamp::from_second(1_800_000_000).ok()?));
        let random = Arc::new(SeededRandom::new(1));
        let faults = Arc::<Faults>::default();
        let store = Store::in_memory(clock.clone(), random.clone(), vec![CONSUMER], faults).ok()?;
        let citizens: CitizenDomains = "patient.example".parse().into_iter().collect();
        let settings = Settings {
            hostname: "mail.citizens.example".parse().ok()?,
            own_domains: "patient.example".parse().into_iter().collect(),
            citizen_domains: citizens,
            mode: Mode::Test,
            product: "PLI-TEST".into(),
            max_size: 26_214_400,
        };
        let new = NewAccount {
            address: CITIZEN.parse().ok()?,
            kind: MailboxKind::Citizen,
            state: AccountState::Active,
            ins: InsReading::read("279035121518989", "1.2.250.1.213.1.4.10", Mode::Test).ok(),
            traits: None,
            quota: 64 << 20,
            mailboxes: Vec::new(),
            owner: None,
        };
        let account = store.create_account_blocking(Actor::SYSTEM, new).ok()?.account;
        let listed = Arc::new(|domain: &domain::MailDomain| domain.as_str() == "chu.example");
        let post = Post::new(settings, store.clone(), clock, random, listed, Arc::new(|_| false));
        let runner = Runner::new(store, Arc::new(Documents::new(post.clone()))).ok()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().ok()?;
        Some(Self { post, runner, runtime, account, used: 0 })
    }

    fn deliver(&mut self, octets: &[u8]) -> Option<()> {
        self.used += 1;
        let name = "CN=mail.chu.example".into();
        let origin =
            Origin::Peer(Peer { name, domains: "chu.example".parse().into_iter().collect() });
        let reverse_path = ReversePath::Address("letters@chu.example".parse().ok()?);
        self.post.sender(&origin, &reverse_path).ok()?;
        let to = CITIZEN.parse().ok()?;
        let to = self.post.recipient(&origin, &to, RecipientDsn::default()).ok()?;
        let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
        let mut incoming = self.post.incoming(origin, envelope, vec![to], None).ok()?;
        incoming.write(octets).ok()?;
        let _ = self.runtime.block_on(incoming.finish());
        self.runtime.block_on(self.runner.run_until_idle());
        let view = self.post.store().view(self.account).ok()?;
        let parked = kit::parked(&view, CONSUMER, 10).ok()?;
        // A message of a peer is filed or refused: it is never more than the service can handle.
        assert!(
            parked.is_empty(),
            "a change is parked: {:?}",
            parked.first().map(|(_, one)| &one.reason)
        );
        for (_, placed) in view.placements(view.inbox().ok()?, 0, u32::MAX, 100).ok()? {
            let fates = record::fate_of_message(&view, placed.message);
            assert!(fates.is_ok(), "the fates of a message cannot be read");
        }
        Some(())
    }
}

thread_local! {
    static LAND: RefCell<Option<Land>> = const { RefCell::new(None) };
}

pub(super) fn deliver(octets: &[u8]) {
    LAND.with_borrow_mut(|land| {
        if land.as_ref().is_none_or(|land| land.used >= RENEW) {
            *land = Land::new();
        }
        land.as_mut().and_then(|land| land.deliver(octets));
    });
}
