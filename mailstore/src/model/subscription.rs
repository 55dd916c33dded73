//! Subscriptions: names of mailboxes that programs show.
//!
//! They belong to names, not to mailboxes: one stays when its mailbox is deleted or renamed, and
//! there may be none of that name (RFC 3501 §6.3.6). One record a name, so that a long list costs
//! no more to change than a short one.

use super::Record;
use super::mailbox::MailboxName;
use crate::error::StoreError;
use crate::key::Key;
use crate::transaction::Transaction;
use crate::view::View;

/// Subscribed names of an account.
pub const MAX_SUBSCRIPTIONS: u32 = 4000;

impl Record for MailboxName {}

impl View<'_> {
    /// The subscribed names, sorted.
    // RFC 3501 §6.3.6
    pub fn subscriptions(&self) -> Result<Vec<MailboxName>, StoreError> {
        let stored = self.all(&Key::subscriptions(self.account))?;
        let names: Result<Vec<_>, _> =
            stored.iter().map(|(_, value)| MailboxName::decode(value)).collect();
        let mut names = names?;
        names.sort_unstable();
        Ok(names)
    }
}

impl Transaction<'_> {
    /// Shows a name in programs, or hides it.
    pub fn subscribe(&mut self, name: &MailboxName, on: bool) -> Result<(), StoreError> {
        if self.set_subscribed(name, on)? {
            self.log_record_change()?;
        }
        Ok(())
    }

    /// Says whether that changed anything.
    pub(super) fn set_subscribed(
        &mut self,
        name: &MailboxName,
        on: bool,
    ) -> Result<bool, StoreError> {
        let key = self.subscription_key(name);
        if self.exists(&key)? == on {
            return Ok(false);
        }
        let mut counters = self.counters()?;
        if on {
            if counters.subscriptions >= MAX_SUBSCRIPTIONS {
                return Err(StoreError::Limit("subscriptions of an account"));
            }
            counters.subscriptions += 1;
            self.put(key, name)?;
        } else {
            counters.subscriptions = counters.subscriptions.saturating_sub(1);
            self.delete(key);
        }
        self.put_counters(&counters)?;
        Ok(true)
    }

    fn subscription_key(&self, name: &MailboxName) -> Key {
        let hash = self.lookup(crate::seal::LookupOf::MailboxName, name.as_str().as_bytes());
        Key::subscription(self.account, hash)
    }
}
