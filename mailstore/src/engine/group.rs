//! Forming a commit group: jobs run one after another against the committed state overlaid with
//! what the group has already written. What each of them wrote is merged, so a group that fills
//! one mailbox writes each of its records once.

use super::Job;
use super::keyring::Keyring;
use crate::body::Body;
use crate::error::StoreError;
use crate::id::{AccountId, BodyId};
use crate::index::Snapshot;
use crate::key::{Consumer, Key};
use crate::keystore::SlotNumber;
use crate::log::frame::Op;
use crate::random::Random;
use crate::seal::AccountKey;
use crate::transaction::{Circumstances, Transaction};
use crate::view::{Overlay, View, ViewKeys};
use domain::Clock;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::Arc;

/// Jobs of one group.
const MAX_JOBS: usize = 512;
/// Octets of names and values of one group, about.
const MAX_WRITES: usize = 4 * 1024 * 1024;
/// Octets of bodies of one group, about.
const MAX_BODIES: u64 = 8 * 1024 * 1024;

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
}

/// A key with its sealed value; None is a deletion.
pub(crate) type SealedWrite = (Key, Option<Vec<u8>>);

impl Group {
    /// Runs jobs from the front of `waiting` until the group is full or none is left.
    pub(crate) fn form(
        waiting: &mut VecDeque<Box<dyn Job>>,
        snapshot: &Arc<dyn Snapshot>,
        with: &Surroundings,
    ) -> Self {
        let mut group = Self {
            done: Vec::new(),
            refused: Vec::new(),
            writes: Overlay::new(),
            bodies: BTreeMap::new(),
            keys: HashMap::new(),
            created: Vec::new(),
            changed: BTreeMap::new(),
        };
        let (mut written, mut carried) = (0, 0);
        while group.done.len() < MAX_JOBS && written < MAX_WRITES && carried < MAX_BODIES {
            let Some(job) = waiting.pop_front() else { break };
            group.run(job, snapshot, with, &mut written, &mut carried);
        }
        group
    }

    fn run(
        &mut self,
        mut job: Box<dyn Job>,
        snapshot: &Arc<dyn Snapshot>,
        with: &Surroundings,
        written: &mut usize,
        carried: &mut u64,
    ) {
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
        };
        let circumstances = Circumstances {
            actor: job.actor(),
            now: with.clock.now(),
            random: &*with.random,
            consumers: &with.consumers,
            slot,
        };
        let mut tx = Transaction::new(view, circumstances);
        let committed = job.run(&mut tx);
        let (_, own, bodies, changed) = tx.into_parts();
        if !committed {
            if let Some(slot) = slot {
                with.keyring.abandon(slot);
            }
            return self.refused.push((job, Ok(())));
        }
        self.keys.insert(account, key);
        self.created.extend(slot.map(|slot| (account, slot)));
        *written += own
            .iter()
            .map(|(k, v)| k.as_bytes().len() + v.as_ref().map_or(0, Vec::len))
            .sum::<usize>();
        self.writes.extend(own);
        for body in bodies {
            if !body.is_stored() && !self.bodies.contains_key(&body.id()) {
                *carried += body.len().min(crate::body::INLINE_MAX);
                self.bodies.insert(body.id(), body);
            }
        }
        if let Some(mod_seq) = changed {
            self.changed.insert(account, mod_seq);
        }
        self.done.push(job);
    }

    fn key(
        &self,
        job: &dyn Job,
        snapshot: &dyn Snapshot,
        with: &Surroundings,
    ) -> Result<(Arc<AccountKey>, Option<SlotNumber>), StoreError> {
        let account = job.account();
        if job.creates() {
            let (slot, key) = with.keyring.create(&*with.random, account)?;
            return Ok((key, Some(slot)));
        }
        match self.keys.get(&account) {
            Some(key) => Ok((Arc::clone(key), None)),
            None => Ok((with.keyring.key(snapshot, account)?, None)),
        }
    }

    /// Seals what the group wrote.
    pub(crate) fn seal(&mut self, with: &Surroundings) -> Result<Vec<SealedWrite>, StoreError> {
        let operator = with.keyring.operator();
        let mut sealed = Vec::with_capacity(self.writes.len());
        for (key, value) in std::mem::take(&mut self.writes) {
            let value = match value {
                Some(plain) if !plain.is_empty() => {
                    let by = match key.owner() {
                        None => &operator,
                        Some(account) => {
                            self.keys.get(&account).ok_or(StoreError::NoSuchAccount)?
                        }
                    };
                    Some(by.seal(&*with.random, &key, &plain)?)
                }
                mark_or_deletion => mark_or_deletion,
            };
            sealed.push((key, value));
        }
        Ok(sealed)
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
        finish_refused(self.refused, sequence);
        self.changed.into_iter().collect()
    }

    /// Nothing of the group counts. The frame may yet turn out to be on the disk, so keys made
    /// for it stay in their slots; the next opening frees those that no account names.
    pub(crate) fn fail(self, error: &StoreError) {
        self.done.into_iter().for_each(|job| job.finish(Err(error.clone())));
        finish_refused(self.refused, 0);
    }
}

fn finish_refused(refused: Vec<(Box<dyn Job>, Result<(), StoreError>)>, sequence: u64) {
    for (job, outcome) in refused {
        job.finish(outcome.map(|()| sequence));
    }
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
