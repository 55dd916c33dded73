//! The store as its users see it: transactions, views, bodies, and the wake-ups of the change log.
//!
//! One thread, the *sequencer*, runs closures one after another and commits them in groups: while
//! one group is on its way to the disk, the next one gathers. Callers wait for their own commit
//! only. Dropping the last [`Store`] ends the thread after what was submitted is committed.

use crate::actor::Actor;
use crate::body::{BodyReader, BodyWriter};
use crate::engine::embedded::{self, Embedded, Embedding, OpenError};
use crate::engine::keyring::NewKey;
use crate::engine::memory::{Faults, Memory};
use crate::engine::mending::Vitals;
use crate::engine::upkeep::Pace;
use crate::engine::{Condition, Engine, Job};
use crate::error::StoreError;
use crate::id::{AccountId, BodyId};
use crate::keeper::Keeper;
use crate::key::{Consumer, Key};
use crate::log::Recovery;
use crate::random::Random;
use crate::transaction::Transaction;
use crate::view::{Overlay, View, ViewKeys};
use domain::Clock;
use std::collections::HashMap;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::{oneshot, watch};

/// The index is made durable this often.
const TICK: Duration = Duration::from_secs(1);

/// A value whose transaction is on stable storage and visible. Only the store makes one: what
/// answers `250`, `OK` or `201` takes it as the proof.
#[must_use = "a committed value is the proof that a reply may be sent"]
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed<T> {
    value: T,
    sequence: u64,
}

impl<T> Committed<T> {
    /// The value itself.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Sequence number of the commit group.
    #[must_use]
    pub fn sequence(&self) -> u64 {
        self.sequence
    }
}

impl<T> Deref for Committed<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// A commit under way.
#[derive(Debug)]
pub struct Committing<T, E>(oneshot::Receiver<Result<Committed<T>, E>>);

impl<T, E: From<StoreError>> Committing<T, E> {
    /// Waits for it.
    pub async fn done(self) -> Result<Committed<T>, E> {
        self.0.await.unwrap_or_else(|_| Err(ended().into()))
    }

    /// Waits for it on a thread that may block.
    pub fn wait(self) -> Result<Committed<T>, E> {
        self.0.blocking_recv().unwrap_or_else(|_| Err(ended().into()))
    }
}

fn ended() -> StoreError {
    StoreError::ReadOnly("its sequencer has ended")
}

struct Call<T, E, F> {
    actor: Actor,
    account: AccountId,
    new_key: Option<NewKey>,
    work: F,
    result: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<Committed<T>, E>>,
}

impl<T, E, F> Job for Call<T, E, F>
where
    T: Send,
    E: From<StoreError> + Send,
    F: FnMut(&mut Transaction<'_>) -> Result<T, E> + Send,
{
    fn account(&self) -> AccountId {
        self.account
    }

    fn new_key(&self) -> Option<&NewKey> {
        self.new_key.as_ref()
    }

    fn actor(&self) -> Actor {
        self.actor
    }

    fn run(&mut self, tx: &mut Transaction<'_>) -> bool {
        self.result.insert((self.work)(tx)).is_ok()
    }

    fn finish(self: Box<Self>, outcome: Result<u64, StoreError>) {
        let answer = match (outcome, self.result) {
            (Err(error), _) => Err(error.into()),
            (Ok(_), None) => Err(ended().into()),
            (Ok(sequence), Some(result)) => result.map(|value| Committed { value, sequence }),
        };
        // A caller that no longer waits has no need of the answer.
        let _ = self.reply.send(answer);
    }
}

/// Jobs that are to share a commit group.
#[derive(Default)]
pub struct Together(Vec<Box<dyn Job>>);

impl std::fmt::Debug for Together {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Together({})", self.0.len())
    }
}

impl Together {
    /// Adds a transaction.
    pub fn add<T, E, F>(&mut self, actor: Actor, account: AccountId, work: F) -> Committing<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        self.push(actor, account, None, work)
    }

    /// Adds a transaction; with a new key, one that makes its account.
    pub(crate) fn push<T, E, F>(
        &mut self,
        actor: Actor,
        account: AccountId,
        new_key: Option<NewKey>,
        work: F,
    ) -> Committing<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        self.0.push(Box::new(Call { actor, account, new_key, work, result: None, reply }));
        Committing(answer)
    }
}

enum Order {
    Commit(Vec<Box<dyn Job>>),
    End,
}

type Wakes = Mutex<HashMap<AccountId, watch::Sender<u64>>>;

#[derive(Debug)]
struct Shared {
    engine: Arc<dyn Engine>,
    orders: Sender<Order>,
    wakes: Arc<Wakes>,
    sequencer: Mutex<Option<JoinHandle<()>>>,
    keeper: Mutex<Option<Keeper>>,
    consumers: Vec<Consumer>,
    /// Counts commit groups that changed accounts.
    changed: watch::Sender<u64>,
}

impl Drop for Shared {
    fn drop(&mut self) {
        self.keeper.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        let _ = self.orders.send(Order::End);
        let handle = self.sequencer.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(handle) = handle {
            let _ = handle.join();
        }
    }
}

/// An operator's store. Clones share it.
#[derive(Debug, Clone)]
pub struct Store(Arc<Shared>);

impl Store {
    /// Makes an empty embedded store in a directory that holds none.
    pub fn create(embedding: &Embedding) -> Result<(), OpenError> {
        Embedded::create(embedding)
    }

    /// Opens an embedded store.
    pub fn open(embedding: Embedding) -> Result<(Self, Recovery), OpenError> {
        let consumers = embedding.consumers.clone();
        let lock = embedded::lock_present(&*embedding.disk, &embedding.dir)?;
        let (engine, recovery) = Embedded::open(embedding, lock, &|_| ())?;
        let store = Self::start(Arc::new(engine), consumers)?;
        store.settled();
        Ok((store, recovery))
    }

    /// The engine is open: erasures that had begun are carried through.
    pub(crate) fn settled(&self) {
        if self.condition() == Condition::Sound
            && let Err(error) = self.resume_erasures()
        {
            // The store is of use all the same; the next opening tries again.
            tracing::error!(error = &error as &dyn std::error::Error, "an erasure is not done");
        }
    }

    /// A store in memory, for tests, with faults to order.
    pub fn in_memory(
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        consumers: Vec<Consumer>,
        faults: Arc<Faults>,
    ) -> Result<Self, StoreError> {
        let engine = Memory::new(clock, random, consumers.clone(), faults)?;
        Self::start(Arc::new(engine), consumers)
    }

    pub(crate) fn start(
        engine: Arc<dyn Engine>,
        consumers: Vec<Consumer>,
    ) -> Result<Self, StoreError> {
        let (orders, incoming) = channel();
        let wakes = Arc::new(Wakes::default());
        let changed = watch::Sender::new(0);
        let (of_thread, wakes_of_thread) = (Arc::clone(&engine), Arc::clone(&wakes));
        let changed_of_thread = changed.clone();
        let sequencer = std::thread::Builder::new().name("sequencer".into()).spawn(move || {
            sequence(&*of_thread, &incoming, &wakes_of_thread, &changed_of_thread)
        })?;
        let sequencer = Mutex::new(Some(sequencer));
        let keeper = match engine.wants_keeper() {
            true => Some(Keeper::start(Arc::clone(&engine))?),
            false => None,
        };
        let keeper = Mutex::new(keeper);
        let shared = Shared { engine, orders, wakes, sequencer, keeper, consumers, changed };
        Ok(Self(Arc::new(shared)))
    }

    /// Writes a snapshot of the log now, up to its open segment, so that making the index anew
    /// reads few frames; false when there is nothing new to stand for. Blocks; others go on.
    pub fn write_snapshot(&self) -> Result<bool, StoreError> {
        self.0.engine.write_snapshot(&Pace::default())
    }

    /// Reads and writes one account: `work` runs in the sequencer, perhaps more than once, and
    /// does no I/O. At `Ok` everything it wrote is on stable storage and visible.
    pub async fn transact<T, E, F>(
        &self,
        actor: Actor,
        account: AccountId,
        work: F,
    ) -> Result<Committed<T>, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        self.begin(actor, account, work).done().await
    }

    /// As [`Store::transact`], without waiting yet.
    pub fn begin<T, E, F>(&self, actor: Actor, account: AccountId, work: F) -> Committing<T, E>
    where
        T: Send + 'static,
        E: From<StoreError> + Send + 'static,
        F: FnMut(&mut Transaction<'_>) -> Result<T, E> + Send + 'static,
    {
        let mut jobs = Together::default();
        let committing = jobs.add(actor, account, work);
        self.submit(jobs);
        committing
    }

    /// Submits transactions that are to share a commit group.
    pub fn submit(&self, jobs: Together) {
        // Should the sequencer have ended, the jobs are dropped and their callers told so.
        let _ = self.0.orders.send(Order::Commit(jobs.0));
    }

    /// An account as it is committed now.
    pub fn view(&self, account: AccountId) -> Result<View<'static>, StoreError> {
        let snapshot = self.0.engine.snapshot()?;
        let account_key = self.0.engine.account_key(&*snapshot, account)?;
        let operator_key = self.0.engine.operator_key()?;
        Ok(View {
            account,
            keys: ViewKeys { account: account_key, operator: operator_key },
            snapshot,
            group: None,
            own: Overlay::new(),
            is_new: false,
        })
    }

    /// The operator's own account, which also finds the others.
    pub fn operator_view(&self) -> Result<View<'static>, StoreError> {
        self.view(AccountId::OPERATOR)
    }

    /// Takes in a new body.
    pub fn body_writer(&self) -> Result<BodyWriter, StoreError> {
        self.0.engine.body_writer()
    }

    /// Opens a body that the account of `view` names.
    pub fn body(&self, view: &View<'_>, id: BodyId) -> Result<BodyReader, StoreError> {
        let reference = view.body_reference(id)?.ok_or(StoreError::NoSuchBody)?;
        let location = view.snapshot.body(id)?.ok_or(StoreError::Damaged("the place of a body"))?;
        self.0.engine.body_reader(id, &reference.secret(), reference.len, location)
    }

    /// The account's highest modification sequence, and each later one as it comes.
    pub fn subscribe(&self, account: AccountId) -> Result<watch::Receiver<u64>, StoreError> {
        let mut wakes = self.0.wakes.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.view(account)?.highest_mod_seq()?;
        if let Some(sender) = wakes.get(&account) {
            return Ok(sender.subscribe());
        }
        let (sender, receiver) = watch::channel(now);
        wakes.retain(|_, sender| sender.receiver_count() > 0);
        wakes.insert(account, sender);
        Ok(receiver)
    }

    /// Changes its value whenever any account has changed: what consumers wait for.
    #[must_use]
    pub fn changed(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    /// Accounts with changes that a consumer has not seen; at most `limit`, after `after`.
    pub fn pending(
        &self,
        consumer: Consumer,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, StoreError> {
        let all = Key::pending_all(consumer);
        let from = match after {
            Some(account) => Key::pending(consumer, account).prefix_end(),
            None => all.clone(),
        };
        let view = self.operator_view()?;
        let pairs = view.pairs(&from, &all.prefix_end(), false, limit)?;
        Ok(pairs.iter().filter_map(|(key, _)| key.last_id()).map(AccountId::from_bytes).collect())
    }

    /// Whether changes are taken.
    #[must_use]
    pub fn condition(&self) -> Condition {
        self.0.engine.condition()
    }

    /// How the store does, for metrics and alarms.
    #[must_use]
    pub fn vitals(&self) -> Vitals {
        self.0.engine.vitals()
    }

    /// Who follows the change log.
    #[must_use]
    pub fn consumers(&self) -> &[Consumer] {
        &self.0.consumers
    }

    pub(crate) fn random(&self) -> &dyn Random {
        self.0.engine.random()
    }

    pub(crate) fn engine(&self) -> &dyn Engine {
        &*self.0.engine
    }
}

/// The sequencer: gathers what was submitted, commits it, wakes who waits for changes.
fn sequence(
    engine: &dyn Engine,
    incoming: &Receiver<Order>,
    wakes: &Wakes,
    any: &watch::Sender<u64>,
) {
    let mut last_tick = Instant::now();
    let mut open = true;
    while open {
        let wait = TICK.saturating_sub(last_tick.elapsed());
        let mut jobs = Vec::new();
        match incoming.recv_timeout(wait) {
            Ok(order) => open = take(order, &mut jobs),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => open = false,
        }
        while open && let Ok(order) = incoming.try_recv() {
            open = take(order, &mut jobs);
        }
        if !jobs.is_empty() {
            // Closures are caught one by one; a panic here is a defect of the store itself. The
            // jobs are gone, their callers are told, and nothing is built on what is left.
            match catch_unwind(AssertUnwindSafe(|| engine.commit(jobs))) {
                Ok(changed) => {
                    if !changed.is_empty() {
                        any.send_modify(|groups| *groups = groups.wrapping_add(1));
                    }
                    wake(wakes, changed);
                }
                Err(_) => engine.break_off(),
            }
        }
        if !open || last_tick.elapsed() >= TICK {
            engine.tick();
            last_tick = Instant::now();
        }
    }
}

fn take(order: Order, jobs: &mut Vec<Box<dyn Job>>) -> bool {
    match order {
        Order::Commit(more) => {
            jobs.extend(more);
            true
        }
        Order::End => false,
    }
}

fn wake(wakes: &Wakes, changed: Vec<(AccountId, u64)>) {
    let wakes = wakes.lock().unwrap_or_else(PoisonError::into_inner);
    for (account, mod_seq) in changed {
        if let Some(sender) = wakes.get(&account) {
            sender.send_if_modified(|known| {
                let later = mod_seq > *known;
                *known = mod_seq.max(*known);
                later
            });
        }
    }
}
