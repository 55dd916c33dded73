//! Accounts: who holds a space, in which state, with which counters.
//!
//! Three records. The *registration*, sealed under the operator's key, is what is left to read
//! when the account's own key is gone. The *account* says who it is. The *counters* are what
//! sequencing needs at every change: they are kept, never counted.

use super::Record;
use super::change::{ChangeKind, Effect};
use super::mailbox::{MailboxName, SpecialUse};
use super::principal::{Grant, NewPrincipal};
use crate::actor::Actor;
use crate::engine::keyring::NewKey;
use crate::error::StoreError;
use crate::id::{AccountId, PrincipalId};
use crate::key::Key;
use crate::keystore::SlotNumber;
use crate::seal::LookupOf;
use crate::store::{Committed, Committing, Store, Together};
use crate::transaction::Transaction;
use crate::view::View;
use domain::{IdentityTraits, InsReading, MailAddress, MailboxKind};
use serde::{Deserialize, Serialize};

/// Keys of the operator's scope that find one account: its names and its grants.
const MAX_FOUND_BY: usize = 1000;

/// What the operator knows of an account without the account's key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Registration {
    pub(crate) slot: SlotNumber,
    pub(crate) life_cycle: LifeCycle,
    /// Keys of the operator's scope that find this account.
    pub(crate) found_by: Vec<Vec<u8>>,
}

impl Record for Registration {}

impl Registration {
    /// Whether the key in this slot is the account's, and is to stay.
    pub(crate) fn names_slot(&self, slot: SlotNumber) -> bool {
        self.slot == slot && self.life_cycle == LifeCycle::Live
    }
}

/// Where an account stands between creation and erasure. The order of variants is the stored
/// format: never change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum LifeCycle {
    Live,
    /// Its key is being, or has been, destroyed; its records are being removed.
    Erasing,
    Erased,
}

/// An account's own record.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Its mail address. Never changes.
    pub address: MailAddress,
    /// Its kind. Never changes.
    pub kind: MailboxKind,
    /// Its state.
    pub state: AccountState,
    /// A citizen's INS.
    pub ins: Option<InsReading>,
    /// A citizen's identity traits.
    pub traits: Option<IdentityTraits>,
    /// When it was made, seconds since 1970.
    pub created: i64,
}

impl Record for Account {}

impl std::fmt::Debug for Account {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Account({:?}, {:?}, …)", self.kind, self.state)
    }
}

/// The state of an account (DESIGN, *Account states of a citizen*). The order of variants is the
/// stored format: never change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum AccountState {
    /// The citizen was told and may object; mail is accepted and kept unseen.
    Invited,
    /// Made without an objection, not activated; mail is accepted and kept unseen.
    Created,
    /// In use.
    Active,
    /// The citizen objected: unknown to the outside, nothing kept.
    Objected,
    /// Closed by its holder: nothing is added.
    Closed,
}

/// What an account is made of.
#[derive(Debug, Clone)]
pub struct NewAccount {
    /// Its mail address.
    pub address: MailAddress,
    /// Its kind.
    pub kind: MailboxKind,
    /// Its first state.
    pub state: AccountState,
    /// A citizen's INS.
    pub ins: Option<InsReading>,
    /// A citizen's identity traits.
    pub traits: Option<IdentityTraits>,
    /// Octets that its messages may take.
    pub quota: u64,
    /// Its mailboxes besides INBOX.
    pub mailboxes: Vec<(MailboxName, SpecialUse)>,
    /// The principal that owns it, if it is made with the account.
    pub owner: Option<NewPrincipal>,
}

/// What [`Store::create_account`] or [`Store::begin_accounts`] made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreatedAccount {
    /// The account.
    pub account: AccountId,
    /// Its owner, if one was asked for: its own rather than one from elsewhere.
    pub owner: Option<PrincipalId>,
}

/// An account being made.
pub type Creating = Committing<CreatedAccount, StoreError>;

/// What sequencing needs of an account at every change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counters {
    /// The highest modification sequence taken.
    pub mod_seq: u64,
    /// Changes up to here are no longer in the change log.
    pub floor: u64,
    /// The highest UIDVALIDITY given to a mailbox.
    pub uid_validity: u32,
    /// Mailboxes.
    pub mailboxes: u32,
    /// Subscribed names.
    pub subscriptions: u32,
    /// Messages.
    pub messages: u64,
    /// Octets of the messages, as received.
    pub octets: u64,
    /// Octets that the messages may take.
    pub quota: u64,
}

impl Record for Counters {}

impl Default for Counters {
    fn default() -> Self {
        Self {
            mod_seq: 0,
            floor: 0,
            uid_validity: 0,
            mailboxes: 0,
            subscriptions: 0,
            messages: 0,
            octets: 0,
            quota: u64::MAX,
        }
    }
}

/// What a key that finds an account leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) account: AccountId,
    pub(crate) principal: Option<PrincipalId>,
}

impl Record for Found {}

/// What the keyed hash of an INS is taken of: number and OID, so that a test number never meets
/// a real one.
fn ins_name(ins: &InsReading) -> Vec<u8> {
    let checked = if ins.checked().is_some() { "checked" } else { "unchecked" };
    format!("{checked}|{}|{}", ins.oid(), ins.as_str()).into_bytes()
}

impl View<'_> {
    /// The account's own record.
    pub fn account_record(&self) -> Result<Account, StoreError> {
        self.record(&Key::account_record(self.account))?.ok_or(StoreError::NoSuchAccount)
    }

    /// The account's counters.
    pub fn counters(&self) -> Result<Counters, StoreError> {
        self.record(&Key::counters(self.account))?.ok_or(StoreError::NoSuchAccount)
    }

    /// The highest modification sequence of the account.
    pub fn highest_mod_seq(&self) -> Result<u64, StoreError> {
        Ok(self.counters()?.mod_seq)
    }

    pub(crate) fn registration(
        &self,
        account: AccountId,
    ) -> Result<Option<Registration>, StoreError> {
        self.record(&Key::registry(account))
    }

    fn address_key(&self, address: &MailAddress) -> Key {
        let name = address.lookup_key();
        Key::address(self.operator_lookup(LookupOf::Address, name.as_str().as_bytes()))
    }

    fn ins_key(&self, ins: &InsReading) -> Key {
        Key::ins(self.operator_lookup(LookupOf::Ins, &ins_name(ins)))
    }

    /// The account of a mail address.
    pub fn account_of(&self, address: &MailAddress) -> Result<Option<AccountId>, StoreError> {
        let found: Option<Found> = self.record(&self.address_key(address))?;
        Ok(found.map(|found| found.account))
    }

    /// The account of a citizen.
    pub fn account_of_ins(&self, ins: &InsReading) -> Result<Option<AccountId>, StoreError> {
        let found: Option<Found> = self.record(&self.ins_key(ins))?;
        Ok(found.map(|found| found.account))
    }

    /// At most `limit` living accounts, after `after`, in the order of their ids.
    pub fn accounts(
        &self,
        after: Option<AccountId>,
        limit: usize,
    ) -> Result<Vec<AccountId>, StoreError> {
        let all = Key::registry_all();
        let mut from = match after {
            Some(account) => Key::registry(account).prefix_end(),
            None => all.clone(),
        };
        let mut living = Vec::new();
        while living.len() < limit {
            let pairs = self.pairs(&from, &all.prefix_end(), false, limit)?;
            let Some((last, _)) = pairs.last() else { break };
            from = last.prefix_end();
            for (key, value) in &pairs {
                let Some(id) = key.last_id() else { continue };
                if Registration::decode(value)?.life_cycle == LifeCycle::Live {
                    living.push(AccountId::from_bytes(id));
                }
            }
        }
        living.truncate(limit);
        Ok(living)
    }
}

impl Transaction<'_> {
    /// Notes another key of the operator's scope that finds this account.
    pub(super) fn found_by(&mut self, key: Key, found: Found) -> Result<(), StoreError> {
        let account = self.account;
        let mut registration = self.registration(account)?.ok_or(StoreError::NoSuchAccount)?;
        if registration.found_by.len() >= MAX_FOUND_BY {
            return Err(StoreError::Limit("principals and names of an account"));
        }
        registration.found_by.push(key.as_bytes().to_vec());
        self.put(Key::registry(account), &registration)?;
        self.put(key, &found)
    }

    /// Removes a key that finds this account.
    pub(super) fn not_found_by(&mut self, key: Key) -> Result<(), StoreError> {
        let account = self.account;
        let mut registration = self.registration(account)?.ok_or(StoreError::NoSuchAccount)?;
        registration.found_by.retain(|known| known != key.as_bytes());
        self.put(Key::registry(account), &registration)?;
        self.delete(key);
        Ok(())
    }

    /// Makes the account: one command, and so one change, the first of its log, which names its
    /// mailboxes. `owner` is a principal at home elsewhere.
    fn create_account(
        &mut self,
        new: &NewAccount,
        owner: Option<PrincipalId>,
    ) -> Result<CreatedAccount, StoreError> {
        let account = self.account;
        let slot = self.with.slot.ok_or(StoreError::NoSuchAccount)?;
        let mut names = vec![self.address_key(&new.address)];
        names.extend(new.ins.as_ref().map(|ins| self.ins_key(ins)));
        for name in &names {
            if self.exists(name)? {
                return Err(StoreError::AccountExists);
            }
        }
        let mut found_by = Vec::with_capacity(4);
        for name in names {
            found_by.push(name.as_bytes().to_vec());
            self.put(name, &Found { account, principal: None })?;
        }
        let registration = Registration { slot, life_cycle: LifeCycle::Live, found_by };
        self.put(Key::registry(account), &registration)?;
        let record = Account {
            address: new.address.clone(),
            kind: new.kind,
            state: new.state,
            ins: new.ins.clone(),
            traits: new.traits.clone(),
            created: self.now().as_second(),
        };
        self.put(Key::account_record(account), &record)?;
        self.put_counters(&Counters { quota: new.quota, ..Counters::default() })?;
        let mod_seq = self.next_mod_seq()?;
        let inbox = (MailboxName::inbox(), None);
        let others = new.mailboxes.iter().map(|(name, used_for)| (name.clone(), Some(*used_for)));
        let mut mailboxes = Vec::new();
        for (name, special_use) in std::iter::once(inbox).chain(others) {
            mailboxes.extend(self.make_mailboxes(&name, special_use, mod_seq)?);
            self.set_subscribed(&name, true)?;
        }
        let own = new.owner.as_ref().map(|principal| self.make_principal(principal)).transpose()?;
        for owner in own.into_iter().chain(owner) {
            self.put_grant(owner, &Grant::owner(self.now()))?;
        }
        self.log_change(mod_seq, Effect::on(ChangeKind::MailboxCreated, mailboxes))?;
        Ok(CreatedAccount { account, owner: own.or(owner) })
    }

    /// Changes the account's state.
    pub fn set_account_state(&mut self, state: AccountState) -> Result<(), StoreError> {
        let mut record = self.account_record()?;
        record.state = state;
        self.put(Key::account_record(self.account), &record)?;
        self.log_record_change()
    }

    /// Changes the account's quota, octets.
    pub fn set_quota(&mut self, quota: u64) -> Result<(), StoreError> {
        let mut counters = self.counters()?;
        counters.quota = quota;
        self.put_counters(&counters)?;
        self.log_record_change()
    }

    /// Takes the next modification sequence.
    pub(super) fn next_mod_seq(&mut self) -> Result<u64, StoreError> {
        let mut counters = self.counters()?;
        self.advance(&mut counters)
    }

    /// Takes the next modification sequence, and writes the counters.
    pub(super) fn advance(&mut self, counters: &mut Counters) -> Result<u64, StoreError> {
        counters.mod_seq += 1;
        self.put_counters(counters)?;
        self.changed = Some(counters.mod_seq);
        Ok(counters.mod_seq)
    }
}

impl Store {
    /// Makes an account with INBOX, its mailboxes and its owner.
    pub async fn create_account(
        &self,
        actor: Actor,
        new: NewAccount,
    ) -> Result<Committed<CreatedAccount>, StoreError> {
        self.begin_account(actor, new)?.done().await
    }

    /// As [`Store::create_account`], on a thread that may block.
    pub fn create_account_blocking(
        &self,
        actor: Actor,
        new: NewAccount,
    ) -> Result<Committed<CreatedAccount>, StoreError> {
        self.begin_account(actor, new)?.wait()
    }

    fn begin_account(&self, actor: Actor, new: NewAccount) -> Result<Creating, StoreError> {
        let account = AccountId::random(self.random())?;
        let key = NewKey::random(self.random())?;
        let mut jobs = Together::default();
        let creating = jobs.add_creating(actor, (account, key), new, None);
        self.submit(jobs);
        Ok(creating)
    }

    /// Begins to make many accounts, each a transaction of its own that succeeds or is refused for
    /// itself; as many as fit share a commit group and a flush of the keystore. `owner`, a
    /// principal at home elsewhere, owns each besides the owner that it may bring. Their keys are
    /// derived here, on every core, so the caller's thread is busy for some microseconds an
    /// account.
    ///
    /// Memory is the caller's: some kilobytes an account until its commit is done. Several
    /// thousand at once, and the next ones begun before waiting for these, keep the store busy.
    pub fn begin_accounts(
        &self,
        actor: Actor,
        owner: Option<PrincipalId>,
        new: Vec<NewAccount>,
    ) -> Result<Vec<Creating>, StoreError> {
        let ids = AccountId::random_neighbours(self.random(), new.len())?;
        let keys = NewKey::random_many(self.random(), new.len())?;
        let mut jobs = Together::default();
        let with = ids.into_iter().zip(keys).zip(new);
        let begun = with.map(|(with, new)| jobs.add_creating(actor, with, new, owner)).collect();
        self.submit(jobs);
        Ok(begun)
    }
}

impl Together {
    fn add_creating(
        &mut self,
        actor: Actor,
        (account, key): (AccountId, NewKey),
        new: NewAccount,
        owner: Option<PrincipalId>,
    ) -> Creating {
        self.push(actor, account, Some(key), move |tx| tx.create_account(&new, owner))
    }
}
