//! Forming a commit group: jobs run one after another against the committed state overlaid with
//! what the group has already written. What each of them wrote is merged, so a group that fills
//! one mailbox writes each of its records once.

use super::Job;
use super::keyring::Keyring;
use crate::body::Body;
use crate::disk::Left;
use crate::error::StoreError;
use crate::id::{AccountId, BodyId};
use crate::index::Snapshot;
use crate::key::{Consumer, Key};
use crate::keystore::SlotNumber;
use crate::log::NewBody;
use crate::log::frame::Op;
use crate::model::Record;
use crate::model::account::{LifeCycle, Registration};
use crate::random::Random;
use crate::seal::{AccountKey, NONCE_LEN, SealFault};
use crate::transaction::{Circumstances, Transaction};
use crate::view::{Overlay, View, ViewKeys};
use domain::Clock;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::num::NonZero;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

/// Jobs of one group.
const MAX_JOBS: usize = 4096;
/// A group that writes fewer values is sealed by the sequencer alone.
const SEALED_ALONE: usize = 2048;
/// Octets of names and values that one transaction may write. A group ends when it passes as
/// much, so twice this is the most that a frame's head carries.
const MAX_WRITES: usize = 4 * 1024 * 1024;
/// Octets of bodies that end a group, and that one frame carries, about.
const MAX_BODIES: u64 = 8 * 1024 * 1024;
/// Octets of names and values of a transaction that is still taken on a full disk.
const SMALL: usize = 64 * 1024;
/// Octets of bodies in memory that one transaction may bring.
const MAX_BODIES_OF_ONE: u64 = 64 * 1024 * 1024;

/// What jobs run with.
#[derive(Debug)]
pub(crate) struct Surroundings {
    pub(crate) keyring: Keyring,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) consumers: Vec<Consumer>,
}

/// A formed group, not yet written.
pub(crate) struct Group {
    /// Jobs that succeeded, in order.
    pub(crate) done: Vec<Box<dyn Job>>,
    /// Jobs that refused, or could not run.
    pub(crate) refused: Vec<(Box<dyn Job>, Result<(), StoreError>)>,
    writes: Overlay,
    pub(crate) bodies: BTreeMap<BodyId, Arc<Body>>,
    keys: HashMap<AccountId, Arc<AccountKey>>,
    pub(crate) created: Vec<(AccountId, SlotNumber)>,
    pub(crate) changed: BTreeMap<AccountId, u64>,
    /// Octets of names and values.
    weight: usize,
    /// Octets of bodies that go into the frame.
    inline: u64,
    /// How much room the disk has left.
    left: Left,
}

/// A key with its sealed value; None is a deletion.
pub(crate) type SealedWrite = (Key, Option<Vec<u8>>);

impl Group {
    /// Runs jobs from the front of `waiting` until the group is full or none is left; refuses what
    /// the room that the disk has `left` is not for.
    pub(crate) fn form(
        waiting: &mut VecDeque<Box<dyn Job>>,
        snapshot: &Arc<dyn Snapshot>,
        with: &Surroundings,
        left: Left,
    ) -> Self {
        let mut group = Self {
            done: Vec::new(),
            refused: Vec::new(),
            writes: Overlay::new(),
            bodies: BTreeMap::new(),
            keys: HashMap::new(),
            created: Vec::new(),
            changed: BTreeMap::new(),
            weight: 0,
            inline: 0,
            left,
        };
        while group.done.len() < MAX_JOBS && group.weight < MAX_WRITES && group.inline < MAX_BODIES
        {
            let Some(job) = waiting.pop_front() else { break };
            group.run(job, snapshot, with);
        }
        group
    }

    fn run(&mut self, mut job: Box<dyn Job>, snapshot: &Arc<dyn Snapshot>, with: &Surroundings) {
        let account = job.account();
        let (key, slot) = match self.key(&*job, &**snapshot, with) {
            Ok(found) => found,
            Err(error) => return self.refused.push((job, Err(error))),
        };
        let view = View {
            account,
            keys: ViewKeys { account: Arc::clone(&key), operator: with.keyring.operator() },
            snapshot: Arc::clone(snapshot),
            group: Some(&self.writes),
            own: Overlay::new(),
            is_new: slot.is_some(),
        };
        let circumstances = Circumstances {
            actor: job.actor(),
            now: with.clock.now(),
            random: &*with.random,
            consumers: &with.consumers,
            slot,
        };
        let mut tx = Transaction::new(view, circumstances);
        // A closure that panics is a defect of its caller; nobody else is to suffer from it.
        let ran = catch_unwind(AssertUnwindSafe(|| job.run(&mut tx)));
        let makes_room = tx.makes_room;
        let (own, bodies, changed) = tx.into_parts();
        let weight: usize = own.iter().map(weight).sum();
        let bodies: BTreeMap<_, _> = bodies
            .into_iter()
            .filter(|body| !body.is_stored() && !self.bodies.contains_key(&body.id()))
            .map(|body| (body.id(), body))
            .collect();
        let inline: u64 = bodies.values().map(|body| body.inline_len()).sum();
        let outcome = match ran {
            Ok(true) if weight > MAX_WRITES || inline > MAX_BODIES_OF_ONE => {
                Err(StoreError::Limit("one transaction"))
            }
            Ok(true) if !self.fits(makes_room, weight, bodies.is_empty()) => Err(StoreError::Full),
            Ok(committed) => Ok(committed),
            Err(_) => Err(StoreError::Panicked),
        };
        if outcome.as_ref().is_ok_and(|committed| *committed) {
            self.keys.insert(account, key);
            self.created.extend(slot.map(|slot| (account, slot)));
            self.writes.extend(own);
            self.bodies.extend(bodies);
            self.weight += weight;
            self.inline += inline;
            if let Some(mod_seq) = changed {
                self.changed.insert(account, mod_seq);
            }
            self.done.push(job);
        } else {
            if let Some(slot) = slot {
                with.keyring.abandon(slot);
            }
            self.refused.push((job, outcome.map(drop)));
        }
    }

    /// Whether a transaction may be written into what the disk has left.
    fn fits(&self, makes_room: bool, weight: usize, without_bodies: bool) -> bool {
        match self.left {
            _ if weight == 0 => true,
            Left::Ample => true,
            Left::Little => without_bodies && (makes_room || weight <= SMALL),
            Left::Last => without_bodies && makes_room,
        }
    }

    /// The key of the job's account, which must live: an erasure that has begun, in this group
    /// even, ends everything else.
    fn key(
        &self,
        job: &dyn Job,
        snapshot: &dyn Snapshot,
        with: &Surroundings,
    ) -> Result<(Arc<AccountKey>, Option<SlotNumber>), StoreError> {
        let account = job.account();
        if let Some(new) = job.new_key() {
            let slot = with.keyring.create(&*with.random, account, new)?;
            return Ok((Arc::clone(&new.key), Some(slot)));
        }
        let Some(Some(written)) = self.writes.get(&Key::registry(account)) else {
            return Ok((with.keyring.key(snapshot, account)?, None));
        };
        match (Registration::decode(written)?.life_cycle, self.keys.get(&account)) {
            (LifeCycle::Live, Some(key)) => Ok((Arc::clone(key), None)),
            _ => Err(StoreError::NoSuchAccount),
        }
    }

    /// Seals what the group wrote, on several cores when it is much.
    pub(crate) fn seal(&mut self, with: &Surroundings) -> Result<Vec<SealedWrite>, StoreError> {
        let mut writes: Vec<SealedWrite> = std::mem::take(&mut self.writes).into_iter().collect();
        let mut nonces = vec![[0; NONCE_LEN]; writes.len()];
        with.random.fill(nonces.as_flattened_mut())?;
        let sealing = Sealing { keys: &self.keys, operator: with.keyring.operator() };
        if writes.len() < SEALED_ALONE {
            sealing.seal(&mut writes, &nonces)?;
            return Ok(writes);
        }
        let cores = thread::available_parallelism().map_or(1, NonZero::get);
        let share = writes.len().div_ceil(cores);
        thread::scope(|scope| {
            let shares = writes.chunks_mut(share).zip(nonces.chunks(share));
            let threads: Vec<_> = shares
                .map(|(writes, nonces)| scope.spawn(|| sealing.seal(writes, nonces)))
                .collect();
            threads
                .into_iter()
                .try_for_each(|sealed| sealed.join().unwrap_or(Err(StoreError::Panicked)))
        })?;
        Ok(writes)
    }

    /// The group's bodies, in portions of which each fits a frame.
    pub(crate) fn portions(&self) -> Vec<Vec<NewBody<'_>>> {
        let mut portions = vec![Vec::new()];
        let mut carried = 0;
        for body in self.bodies.values() {
            carried += body.inline_len();
            if carried > MAX_BODIES {
                portions.push(Vec::new());
                carried = body.inline_len();
            }
            if let Some(portion) = portions.last_mut() {
                portion.push(body.as_new());
            }
        }
        portions
    }

    /// The group is on stable storage and visible as frame `sequence`.
    pub(crate) fn succeed(self, sequence: u64, with: &Surroundings) -> Vec<(AccountId, u64)> {
        for (account, _) in &self.created {
            if let Some(key) = self.keys.get(account) {
                with.keyring.created(*account, key);
            }
        }
        self.bodies.values().for_each(|body| body.set_stored());
        self.done.into_iter().for_each(|job| job.finish(Ok(sequence)));
        for (job, outcome) in self.refused {
            job.finish(outcome.map(|()| sequence));
        }
        self.changed.into_iter().collect()
    }

    /// Whether there is anything to write.
    pub(crate) fn is_idle(&self) -> bool {
        self.writes.is_empty()
    }

    /// Nothing of the group counts: neither what was done nor what was refused, which may have
    /// been refused for what is now undone. The frame may yet turn out to be on the disk, so keys
    /// made for it stay in their slots; the next opening frees those that no account names.
    pub(crate) fn fail(self, error: &StoreError) {
        let refused = self.refused.into_iter().map(|(job, _)| job);
        self.done.into_iter().chain(refused).for_each(|job| job.finish(Err(error.clone())));
    }
}

/// The keys of a group's accounts.
struct Sealing<'g> {
    keys: &'g HashMap<AccountId, Arc<AccountKey>>,
    operator: Arc<AccountKey>,
}

impl Sealing<'_> {
    /// Seals values where they are; deletions and marks stay as they are.
    fn seal(
        &self,
        writes: &mut [SealedWrite],
        nonces: &[[u8; NONCE_LEN]],
    ) -> Result<(), StoreError> {
        for ((key, value), nonce) in writes.iter_mut().zip(nonces) {
            let Some(plain) = value.as_mut().filter(|plain| !plain.is_empty()) else { continue };
            let by = match key.owner() {
                None => &self.operator,
                Some(account) => self.keys.get(&account).ok_or(StoreError::NoSuchAccount)?,
            };
            *plain = by.seal_with(*nonce, key, plain).map_err(SealFault::from)?;
        }
        Ok(())
    }
}

fn weight((key, value): (&Key, &Option<Vec<u8>>)) -> usize {
    key.as_bytes().len() + value.as_ref().map_or(0, Vec::len)
}

/// The operations of a frame.
pub(crate) fn ops(sealed: &[SealedWrite]) -> Vec<Op<'_>> {
    sealed
        .iter()
        .map(|(key, value)| match value {
            Some(value) => Op::Put { key: key.as_bytes(), value },
            None => Op::Delete { key: key.as_bytes() },
        })
        .collect()
}
