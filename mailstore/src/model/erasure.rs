//! Erasure of an account: its key first, then its records.
//!
//! Three marks on the way, each on stable storage before the next step: *erasing* (nothing finds
//! the account any more), the key's slot overwritten (nothing can be read any more, whatever
//! copies of the log exist), *erased* (no record is left). What was interrupted is carried through
//! when it is asked for again, or when the store is next opened.
//!
//! All of it runs in the operator's own account: the erased one's key may be gone or damaged.

use super::account::{LifeCycle, Registration};
use crate::actor::Actor;
use crate::error::StoreError;
use crate::id::AccountId;
use crate::key::Key;
use crate::store::Store;
use crate::transaction::Transaction;

/// Records removed in one step.
const STEP: usize = 4096;

impl Transaction<'_> {
    /// Begins an account's erasure, unless it has begun: nothing finds it any more. Returns how
    /// far it had come.
    fn begin_erasure(&mut self, account: AccountId) -> Result<LifeCycle, StoreError> {
        let mut registration = self.registration(account)?.ok_or(StoreError::NoSuchAccount)?;
        let found = registration.life_cycle;
        self.makes_room = true;
        if found == LifeCycle::Live {
            for key in std::mem::take(&mut registration.found_by) {
                self.delete(Key::from_stored(&key));
            }
            registration.life_cycle = LifeCycle::Erasing;
            self.put(Key::registry(account), &registration)?;
            self.mark(Key::erasing(account));
        }
        Ok(found)
    }

    /// Removes some records of an account whose key is gone, and what stands beside them in the
    /// operator's scope; true when none is left. Only keys are read: values no longer open.
    fn continue_erasure(&mut self, account: AccountId) -> Result<bool, StoreError> {
        self.makes_room = true;
        let keys = self.keys(&Key::account_all(account), STEP)?;
        let more = keys.len() == STEP;
        for key in keys {
            if let Some(body) = key.body_of(account) {
                self.delete(Key::body_owner(body, account));
            }
            if let Some(due) = key.due_beside(account) {
                self.delete(due);
            }
            self.delete(key);
        }
        if more {
            return Ok(false);
        }
        for consumer in self.with.consumers {
            self.delete(Key::pending(*consumer, account));
        }
        let registration = self.registration(account)?;
        for key in registration.map(|known| known.found_by).unwrap_or_default() {
            self.delete(Key::from_stored(&key));
        }
        let life_cycle = LifeCycle::Erased;
        let erased = Registration { slot: 0, life_cycle, found_by: Vec::new() };
        self.put(Key::registry(account), &erased)?;
        self.delete(Key::erasing(account));
        Ok(true)
    }
}

impl Store {
    /// Erases an account: its key first, then its records, in steps. Blocks. When this returns,
    /// or when the store is next opened, nothing of the account can be read any more, whatever
    /// copies of the log exist. It may be asked for again.
    pub fn erase_account(&self, actor: Actor, account: AccountId) -> Result<(), StoreError> {
        if account == AccountId::OPERATOR {
            return Err(StoreError::OperatorAccount);
        }
        let begin = move |tx: &mut Transaction<'_>| tx.begin_erasure(account);
        let had_come = self.begin::<_, StoreError, _>(actor, AccountId::OPERATOR, begin).wait()?;
        match *had_come {
            LifeCycle::Erased => Ok(()),
            LifeCycle::Live | LifeCycle::Erasing => self.carry_through_erasure(account),
        }
    }

    fn carry_through_erasure(&self, account: AccountId) -> Result<(), StoreError> {
        let engine = self.engine();
        engine.destroy_key(&*engine.snapshot()?, account)?;
        loop {
            let step = move |tx: &mut Transaction<'_>| tx.continue_erasure(account);
            let step = self.begin::<_, StoreError, _>(Actor::SYSTEM, AccountId::OPERATOR, step);
            if step.wait()?.into_inner() {
                return Ok(());
            }
        }
    }

    /// At opening: carries through the erasures that had begun.
    pub(crate) fn resume_erasures(&self) -> Result<(), StoreError> {
        let view = self.operator_view()?;
        for (key, _) in view.all(&Key::erasing_all())? {
            if let Some(id) = key.last_id() {
                self.carry_through_erasure(AccountId::from_bytes(id))?;
            }
        }
        Ok(())
    }
}
