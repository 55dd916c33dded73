//! `verify`: reads everything a closed store consists of, changes nothing, and says what is not
//! as it should be.
//!
//! It rebuilds keys and values from the log, compares the index with them, opens every account's
//! records and every body, and checks what the records say of each other. Finding nothing, it
//! stands for: every acknowledged message is there once, whole, and counted.

mod account;
mod running;
mod stored_index;
mod stored_snapshot;

pub use running::verify_running;

use crate::body::Bodies;
use crate::disk::{Disk, Open};
use crate::engine::embedded::{self, KEYSTORE, OpenError};
use crate::engine::keyring::operator_account_key;
use crate::error::StoreError;
use crate::id::{AccountId, BodyId};
use crate::index::{Index, MemoryIndex, Snapshot};
use crate::key::Key;
use crate::keystore::{Keystore, Slot};
use crate::log::walk::{Begin, Bodies as WalkBodies, Damage, Walked, walk};
use crate::log::{self, Applied, LogError};
use crate::model::Record;
use crate::model::account::{LifeCycle, Registration};
use crate::random::SystemRandom;
use crate::seal::{AccountKey, Secret};
use crate::view::{Overlay, View, ViewKeys};
use account::Check;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use stored_index::StoredIndex;
use stored_snapshot::StoredSnapshot;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Finding {
    /// A stretch of the log does not read although valid frames follow.
    Log(Damage),
    /// The bodies of this frame do not have their checksum; each body of it tells for itself.
    FrameBodies {
        /// The frame's sequence number.
        sequence: u64,
    },
    /// The snapshot does not read, or does not hold what the frames before it add up to.
    Snapshot(&'static str),
    /// The index does not hold what the log adds up to.
    Index(&'static str),
    /// A slot of the keystore does not read.
    KeySlot(u32),
    /// An account's key does not open.
    AccountKey(AccountId),
    /// An account's records contradict each other, or do not open.
    Account {
        /// The account.
        account: AccountId,
        /// What is wrong.
        what: String,
    },
    /// A body does not open.
    Body {
        /// The account that names it.
        account: AccountId,
        /// The body.
        body: BodyId,
        /// What is wrong.
        what: &'static str,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Log(Damage { segment, offset, sequences: (first, last) }) => write!(
                f,
                "log: segment {segment} is damaged at octet {offset}; frames {first} to {last} are lost"
            ),
            Self::FrameBodies { sequence } => {
                write!(f, "log: bodies of frame {sequence} do not have their checksum")
            }
            Self::Snapshot(what) => write!(f, "snapshot: {what}"),
            Self::Index(what) => write!(f, "index: {what}; it is rebuilt when removed"),
            Self::KeySlot(slot) => write!(f, "keystore: slot {slot} does not read"),
            Self::AccountKey(account) => {
                write!(f, "keystore: the key of account {account} does not open")
            }
            Self::Account { account, what } => write!(f, "account {account}: {what}"),
            Self::Body { account, body, what } => {
                write!(f, "account {account}: body {body} {what}")
            }
        }
    }
}

/// What `verify` read and found.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Report {
    /// Frames of the log.
    pub frames: u64,
    /// Living accounts.
    pub accounts: u64,
    /// Messages.
    pub messages: u64,
    /// Bodies opened, and their octets.
    pub bodies: u64,
    /// Octets of those bodies.
    pub octets: u64,
    /// A frame that was not finished lies behind the last one, as a crash leaves it; harmless.
    pub torn_tail: bool,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// How far `verify` has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    /// Frames of the log read.
    Frames(u64),
    /// Accounts checked.
    Accounts(u64),
}

/// Reads a store that no process has open.
pub fn verify(
    disk: &Arc<dyn Disk>,
    dir: &Path,
    operator_key: &Secret,
    progress: &mut dyn FnMut(Progress),
) -> Result<Report, OpenError> {
    let _lock = embedded::lock_present(&**disk, dir)?;
    let manifest = log::read_manifest(&**disk, dir)?;
    let mut report = Report::default();
    let keys = MemoryIndex::default();
    let mut index = StoredIndex::open(&**disk, dir, manifest.store)?;
    let mut snapshot = StoredSnapshot::new(&**disk, dir, &manifest);
    let begun = snapshot.begin(&keys)?;
    if let Some(at) = begun {
        index.compare_at(at, &keys)?;
    }
    let mut visit = |walked: &Walked| -> Result<(), LogError> {
        let at = walked.position;
        if begun.is_none_or(|begun| at.sequence > begun.sequence) {
            keys.apply(&Applied::of(walked)?)?;
            snapshot.compare_at(at, &keys)?;
        }
        report.frames += 1;
        progress(Progress::Frames(report.frames));
        if walked.bodies_sound == Some(false) {
            let sequence = walked.info.link.sequence;
            report.findings.push(Finding::FrameBodies { sequence });
        }
        index.compare_at(at, &keys)
    };
    let end = walk(&**disk, dir, &manifest, Begin::First, WalkBodies::All, &mut visit)?;
    report.torn_tail = end.torn;
    let mut damage = manifest.damage.clone();
    let lost = log::lost_tail(&manifest, end.last, index.flushed());
    damage.extend(end.damage.into_iter().chain(lost).filter(|new| !manifest.damage.contains(new)));
    report.findings.extend(damage.into_iter().map(Finding::Log));
    report.findings.extend(snapshot.finding().map(Finding::Snapshot));
    report.findings.extend(index.finding().map(Finding::Index));

    let keystore =
        Keystore::open(&**disk, &dir.join(KEYSTORE), Open::Read, manifest.store, operator_key)
            .map_err(StoreError::from)?;
    let slots: BTreeMap<_, _> = keystore.slots().map_err(StoreError::from)?.into_iter().collect();
    let damaged = slots.iter().filter(|(_, slot)| **slot == Slot::Damaged);
    report.findings.extend(damaged.map(|(number, _)| Finding::KeySlot(*number)));
    let operator = Arc::new(operator_account_key(&keystore)?);
    let bodies = Bodies::new(Arc::clone(disk), dir, Arc::new(SystemRandom));
    let mut accounts = Accounts {
        snapshot: keys.snapshot().map_err(StoreError::from)?,
        keystore: &keystore,
        operator,
        bodies: &bodies,
    };
    accounts.check(&mut report, progress)?;
    Ok(report)
}

/// What the accounts' check reads.
struct Accounts<'a> {
    snapshot: Arc<dyn Snapshot>,
    keystore: &'a Keystore,
    operator: Arc<AccountKey>,
    bodies: &'a Bodies,
}

impl Accounts<'_> {
    fn view(&self, account: AccountId, key: &Arc<AccountKey>) -> View<'static> {
        View {
            account,
            keys: ViewKeys { account: Arc::clone(key), operator: Arc::clone(&self.operator) },
            snapshot: Arc::clone(&self.snapshot),
            group: None,
            own: Overlay::new(),
            is_new: false,
        }
    }

    fn check(
        &mut self,
        report: &mut Report,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), StoreError> {
        let operator = self.view(AccountId::OPERATOR, &self.operator);
        for (key, value) in operator.all(&Key::registry_all())? {
            let account = key.last_id().map(AccountId::from_bytes).ok_or(StoreError::Format)?;
            let Ok(registration) = Registration::decode(&value) else {
                let what = "its registration does not read".to_owned();
                report.findings.push(Finding::Account { account, what });
                continue;
            };
            if registration.life_cycle != LifeCycle::Live {
                continue;
            }
            report.accounts += 1;
            progress(Progress::Accounts(report.accounts));
            let derived = self
                .keystore
                .read(registration.slot, account)
                .ok()
                .and_then(|(secret, number)| AccountKey::derive(&secret, number).ok());
            match derived {
                None => report.findings.push(Finding::AccountKey(account)),
                Some(key) => {
                    let view = self.view(account, &Arc::new(key));
                    let open_body = |id, secret: &Secret, len, location| {
                        Ok(self.bodies.reader(id, secret, len, location)?)
                    };
                    let check = Check { open_body: &open_body };
                    if let Err(error) = check.check_account(&view, report) {
                        let what = error.to_string();
                        report.findings.push(Finding::Account { account, what });
                    }
                }
            }
        }
        Ok(())
    }
}
