//! Mailboxes (folders): names, special uses, counters.
//!
//! INBOX exists in every account, is found whatever its case (RFC 9051 §5.1), and stays. Names
//! form a hierarchy by `/`; making one makes the ones above it.

use super::Record;
use super::change::{ChangeKind, Effect};
use super::expunge::{EXPUNGED_AT_ONCE, Expunge};
use super::keyword::GivenBit;
use super::placement::MAX_PLACEMENTS;
use crate::actor::Actor;
use crate::error::StoreError;
use crate::id::{AccountId, MailboxId};
use crate::key::Key;
use crate::seal::LookupOf;
use crate::store::{Committed, Store};
use crate::transaction::Transaction;
use crate::view::View;
use serde::{Deserialize, Serialize};
use std::fmt;
use unicode_normalization::UnicodeNormalization;

/// What separates the levels of a name.
pub const SEPARATOR: char = '/';
/// Octets of a name.
const MAX_NAME: usize = 1000;
/// Levels of a name.
const MAX_DEPTH: usize = 20;
/// Mailboxes of an account.
pub const MAX_MAILBOXES: u32 = 2000;

/// A mailbox's full name, in Unicode's form C.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct MailboxName(String);

impl fmt::Debug for MailboxName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MailboxName(…)")
    }
}

impl MailboxName {
    /// INBOX.
    #[must_use]
    pub fn inbox() -> Self {
        Self("INBOX".into())
    }

    /// A name as a person or a program gives it.
    pub fn new(name: &str) -> Result<Self, StoreError> {
        if name.len() > MAX_NAME {
            return Err(StoreError::MailboxName);
        }
        // RFC 9051 §5.1: names are Net-Unicode, which is in form C.
        let name: &str = &name.nfc().collect::<String>();
        let levels = || name.split(SEPARATOR);
        let bad = name.len() > MAX_NAME
            || levels().count() > MAX_DEPTH
            || levels().any(|level| level.is_empty() || level.trim() != level)
            || name.chars().any(|c| c.is_control() || c == '%' || c == '*');
        if bad {
            return Err(StoreError::MailboxName);
        }
        // RFC 9051 §5.1
        let (first, rest) = name.split_once(SEPARATOR).map_or((name, None), |(f, r)| (f, Some(r)));
        Ok(Self(match rest {
            _ if !first.eq_ignore_ascii_case("INBOX") => name.to_owned(),
            None => "INBOX".to_owned(),
            Some(rest) => format!("INBOX{SEPARATOR}{rest}"),
        }))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is INBOX itself.
    #[must_use]
    pub fn is_inbox(&self) -> bool {
        self.0 == "INBOX"
    }

    /// The name one level up.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once(SEPARATOR).map(|(parent, _)| Self(parent.to_owned()))
    }

    /// What this name has behind `ancestor/`.
    fn below(&self, ancestor: &Self) -> Option<&str> {
        self.0.strip_prefix(&ancestor.0)?.strip_prefix(SEPARATOR)
    }
}

impl TryFrom<String> for MailboxName {
    type Error = StoreError;

    fn try_from(name: String) -> Result<Self, StoreError> {
        Self::new(&name)
    }
}

impl From<MailboxName> for String {
    fn from(name: MailboxName) -> Self {
        name.0
    }
}

/// What a mailbox is for. The order of variants is the stored format: never change it.
// RFC 6154 §2
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum SpecialUse {
    /// `\Archive`
    Archive,
    /// `\Drafts`
    Drafts,
    /// `\Junk`
    Junk,
    /// `\Sent`
    Sent,
    /// `\Trash`
    Trash,
}

/// A mailbox.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mailbox {
    /// Its full name.
    pub name: MailboxName,
    /// IMAP's UIDVALIDITY.
    pub uid_validity: u32,
    /// What it is for.
    pub special_use: Option<SpecialUse>,
    /// The bits of its keywords.
    pub(super) bits: Vec<GivenBit>,
}

impl Record for Mailbox {}

impl fmt::Debug for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mailbox(uid_validity {}, …)", self.uid_validity)
    }
}

/// A mailbox's counters: kept, never counted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailboxState {
    /// The UID that the next message will get.
    pub uid_next: u32,
    /// Messages.
    pub exists: u32,
    /// Messages without `\Seen`.
    pub unseen: u32,
    /// Messages with `\Deleted`.
    pub deleted: u32,
    /// Octets of its messages.
    pub octets: u64,
    /// The highest modification sequence of its placements.
    pub highest_mod_seq: u64,
    /// The first UID that no session was told of: from here on messages are `\Recent`.
    // RFC 3501 §2.3.2
    pub recent_from: u32,
}

impl Record for MailboxState {}

impl Record for MailboxId {}

impl View<'_> {
    pub(super) fn mailbox_name_key(&self, name: &MailboxName) -> Key {
        let hash = self.lookup(LookupOf::MailboxName, name.as_str().as_bytes());
        Key::mailbox_name(self.account, hash)
    }

    /// A mailbox.
    pub fn mailbox(&self, id: MailboxId) -> Result<Mailbox, StoreError> {
        self.record(&Key::mailbox(self.account, id))?.ok_or(StoreError::NoSuchMailbox)
    }

    /// A mailbox's counters.
    pub fn mailbox_state(&self, id: MailboxId) -> Result<MailboxState, StoreError> {
        self.record(&Key::mailbox_state(self.account, id))?.ok_or(StoreError::NoSuchMailbox)
    }

    /// The mailbox of a name.
    pub fn mailbox_named(&self, name: &MailboxName) -> Result<Option<MailboxId>, StoreError> {
        self.record(&self.mailbox_name_key(name))
    }

    /// All mailboxes, in the order of their ids.
    pub fn mailboxes(&self) -> Result<Vec<(MailboxId, Mailbox)>, StoreError> {
        let mut mailboxes = Vec::new();
        for (key, value) in self.all(&Key::mailboxes(self.account))? {
            if let Some(id) = key.last_id() {
                mailboxes.push((MailboxId::from_bytes(id), Mailbox::decode(&value)?));
            }
        }
        Ok(mailboxes)
    }

    /// INBOX.
    pub fn inbox(&self) -> Result<MailboxId, StoreError> {
        self.mailbox_named(&MailboxName::inbox())?.ok_or(StoreError::NoSuchMailbox)
    }
}

impl Transaction<'_> {
    /// Makes a mailbox, and the ones above it that are missing.
    pub fn create_mailbox(
        &mut self,
        name: &MailboxName,
        special_use: Option<SpecialUse>,
    ) -> Result<MailboxId, StoreError> {
        self.command(|tx| {
            let mod_seq = tx.next_mod_seq()?;
            let made = tx.make_mailboxes(name, special_use, mod_seq)?;
            let id = *made.last().ok_or(StoreError::NoSuchMailbox)?;
            tx.log_change(mod_seq, Effect::on(ChangeKind::MailboxCreated, made))?;
            Ok(id)
        })
    }

    /// Makes a mailbox, and the ones above it that are missing, the highest first; the last one
    /// returned is the mailbox itself.
    pub(super) fn make_mailboxes(
        &mut self,
        name: &MailboxName,
        special_use: Option<SpecialUse>,
        mod_seq: u64,
    ) -> Result<Vec<MailboxId>, StoreError> {
        if self.mailbox_named(name)?.is_some() {
            return Err(StoreError::MailboxExists);
        }
        let mut made = self.make_parents(name, mod_seq)?;
        made.push(self.make_mailbox(name, special_use, mod_seq)?);
        Ok(made)
    }

    /// Makes the mailboxes above a name that are missing, the highest first.
    fn make_parents(
        &mut self,
        name: &MailboxName,
        mod_seq: u64,
    ) -> Result<Vec<MailboxId>, StoreError> {
        match name.parent() {
            Some(parent) if self.mailbox_named(&parent)?.is_none() => {
                let mut made = self.make_parents(&parent, mod_seq)?;
                made.push(self.make_mailbox(&parent, None, mod_seq)?);
                Ok(made)
            }
            _ => Ok(Vec::new()),
        }
    }

    fn make_mailbox(
        &mut self,
        name: &MailboxName,
        special_use: Option<SpecialUse>,
        mod_seq: u64,
    ) -> Result<MailboxId, StoreError> {
        let id = MailboxId::random(self.random())?;
        let mut counters = self.counters()?;
        if counters.mailboxes >= MAX_MAILBOXES {
            return Err(StoreError::Limit("mailboxes of an account"));
        }
        counters.mailboxes += 1;
        // Later than every earlier one, even when the clock was set back.
        let now = u32::try_from(self.now().as_second()).unwrap_or(u32::MAX);
        counters.uid_validity = now.max(counters.uid_validity.saturating_add(1));
        let uid_validity = counters.uid_validity;
        self.put_counters(&counters)?;
        let mailbox = Mailbox { name: name.clone(), uid_validity, special_use, bits: Vec::new() };
        self.put(Key::mailbox(self.account, id), &mailbox)?;
        let name_key = self.mailbox_name_key(name);
        self.put(name_key, &id)?;
        let state = MailboxState {
            uid_next: 1,
            exists: 0,
            unseen: 0,
            deleted: 0,
            octets: 0,
            highest_mod_seq: mod_seq,
            recent_from: 1,
        };
        self.put(Key::mailbox_state(self.account, id), &state)?;
        Ok(id)
    }

    /// Gives a mailbox, and those below it, another name.
    pub fn rename_mailbox(&mut self, id: MailboxId, to: &MailboxName) -> Result<(), StoreError> {
        self.command(|tx| tx.rename(id, to))
    }

    fn rename(&mut self, id: MailboxId, to: &MailboxName) -> Result<(), StoreError> {
        let from = self.mailbox(id)?.name;
        if from.is_inbox() {
            return Err(StoreError::InboxStays);
        }
        if to.below(&from).is_some() {
            return Err(StoreError::BelowItself);
        }
        if self.mailbox_named(to)?.is_some() {
            return Err(StoreError::MailboxExists);
        }
        let mod_seq = self.next_mod_seq()?;
        let mut changed = self.make_parents(to, mod_seq)?;
        for (mailbox_id, mut mailbox) in self.mailboxes()? {
            let name = match mailbox.name.below(&from) {
                Some(rest) => MailboxName::new(&format!("{}{SEPARATOR}{rest}", to.as_str()))?,
                None if mailbox_id == id => to.clone(),
                None => continue,
            };
            let (old_key, new_key) =
                (self.mailbox_name_key(&mailbox.name), self.mailbox_name_key(&name));
            mailbox.name = name;
            self.delete(old_key);
            self.put(new_key, &mailbox_id)?;
            self.put(Key::mailbox(self.account, mailbox_id), &mailbox)?;
            changed.push(mailbox_id);
        }
        self.log_change(mod_seq, Effect::on(ChangeKind::MailboxChanged, changed))
    }

    /// Tells a session which messages are `\Recent`: those from this UID on. The next one is told
    /// of later ones only.
    // RFC 3501 §2.3.2
    pub fn claim_recent(&mut self, id: MailboxId) -> Result<u32, StoreError> {
        let mut state = self.mailbox_state(id)?;
        let recent_from = state.recent_from;
        if recent_from != state.uid_next {
            state.recent_from = state.uid_next;
            self.put(Key::mailbox_state(self.account, id), &state)?;
        }
        Ok(recent_from)
    }

    /// Deletes a mailbox and what lies in it, if that is at most [`MAX_PLACEMENTS`]: a larger one
    /// is emptied before, as [`Store::delete_mailbox`] does. INBOX and a mailbox with others below
    /// it stay.
    pub fn delete_mailbox(&mut self, id: MailboxId) -> Result<(), StoreError> {
        self.command(|tx| tx.take_down(id))
    }

    fn take_down(&mut self, id: MailboxId) -> Result<(), StoreError> {
        let name = self.check_may_go(id)?;
        let uids = self.first_uids(id, MAX_PLACEMENTS + 1)?;
        if uids.len() > MAX_PLACEMENTS {
            return Err(StoreError::Limit("messages of a mailbox that is deleted at once"));
        }
        let mod_seq = self.next_mod_seq()?;
        let mut effect = Effect::on(ChangeKind::MailboxDeleted, vec![id]);
        self.makes_room = true;
        self.take_out(id, &uids, Expunge::All, &mut Some(mod_seq), &mut effect)?;
        let name_key = self.mailbox_name_key(&name);
        self.delete(name_key);
        self.delete(Key::mailbox(self.account, id));
        self.delete(Key::mailbox_state(self.account, id));
        let mut counters = self.counters()?;
        counters.mailboxes = counters.mailboxes.saturating_sub(1);
        self.put_counters(&counters)?;
        self.log_change(mod_seq, effect)
    }

    /// The name of a mailbox that may be deleted.
    fn check_may_go(&self, id: MailboxId) -> Result<MailboxName, StoreError> {
        let name = self.mailbox(id)?.name;
        if name.is_inbox() {
            return Err(StoreError::InboxStays);
        }
        match self.mailboxes()?.iter().any(|(_, other)| other.name.below(&name).is_some()) {
            true => Err(StoreError::HasChildren),
            false => Ok(name),
        }
    }

    /// Removes some messages of a mailbox that is to be deleted; true when few are left.
    fn empty_step(&mut self, id: MailboxId) -> Result<bool, StoreError> {
        self.check_may_go(id)?;
        let uids = self.first_uids(id, EXPUNGED_AT_ONCE)?;
        if uids.len() < EXPUNGED_AT_ONCE {
            return Ok(true);
        }
        self.expunge(id, &uids, Expunge::All)?;
        Ok(false)
    }
}

impl Store {
    /// Deletes a mailbox and what lies in it, however much that is: first its messages in parts,
    /// each a transaction of its own, then the mailbox.
    pub async fn delete_mailbox(
        &self,
        actor: Actor,
        account: AccountId,
        mailbox: MailboxId,
    ) -> Result<Committed<()>, StoreError> {
        let step = move |tx: &mut Transaction<'_>| tx.empty_step(mailbox);
        while !*self.begin::<_, StoreError, _>(actor, account, step).done().await? {}
        self.begin(actor, account, move |tx| tx.delete_mailbox(mailbox)).done().await
    }

    /// As [`Store::delete_mailbox`], on a thread that may block.
    pub fn delete_mailbox_blocking(
        &self,
        actor: Actor,
        account: AccountId,
        mailbox: MailboxId,
    ) -> Result<Committed<()>, StoreError> {
        let step = move |tx: &mut Transaction<'_>| tx.empty_step(mailbox);
        while !*self.begin::<_, StoreError, _>(actor, account, step).wait()? {}
        self.begin(actor, account, move |tx| tx.delete_mailbox(mailbox)).wait()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inbox_is_found_whatever_its_case() {
        for name in ["INBOX", "inbox", "InBox"] {
            assert!(MailboxName::new(name).unwrap().is_inbox());
        }
        assert_eq!(MailboxName::new("inbox/a").unwrap().as_str(), "INBOX/a");
        assert_eq!(MailboxName::new("inboxes").unwrap().as_str(), "inboxes");
    }

    #[test]
    fn two_ways_to_write_an_accent_are_one_name() {
        let name = MailboxName::new("Re\u{301}sultats").unwrap();
        assert_eq!(name, MailboxName::new("R\u{e9}sultats").unwrap());
        assert_eq!(MailboxName::new(name.as_str()).unwrap(), name);
    }

    #[test]
    fn a_name_that_cannot_be_is_refused() {
        let deep = ["a"; 21].join("/");
        let long = "a".repeat(1001);
        for bad in ["", "/", "a/", "/a", "a//b", " a", "a\n", "a*", "a%", &deep, &long] {
            assert!(MailboxName::new(bad).is_err(), "{bad:?}");
        }
    }
}
