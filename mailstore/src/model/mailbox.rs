//! Mailboxes (folders): names, special uses, counters.
//!
//! INBOX exists in every account, is found whatever its case (RFC 9051 §5.1), and stays. Names
//! form a hierarchy by `/`; making one makes the ones above it.

use super::Record;
use super::change::ChangeKind;
use crate::error::StoreError;
use crate::id::MailboxId;
use crate::key::Key;
use crate::seal::LookupOf;
use crate::transaction::Transaction;
use crate::view::View;
use serde::{Deserialize, Serialize};
use std::fmt;

/// What separates the levels of a name.
pub const SEPARATOR: char = '/';
/// Octets of a name.
const MAX_NAME: usize = 1000;
/// Levels of a name.
const MAX_DEPTH: usize = 20;
/// Mailboxes of an account.
pub const MAX_MAILBOXES: u32 = 2000;
/// Keywords of a mailbox.
pub const MAX_KEYWORDS: usize = 48;
/// Octets of a keyword.
const MAX_KEYWORD: usize = 128;

/// A mailbox's full name.
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

/// What a mailbox is for.
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
    /// Whether programs show it.
    pub subscribed: bool,
    /// Keywords in use, in the order of their bits.
    pub keywords: Vec<String>,
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
}

impl Record for MailboxState {}

impl Record for MailboxId {}

impl View<'_> {
    fn mailbox_name_key(&self, name: &MailboxName) -> Key {
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
        let name_key = self.mailbox_name_key(name);
        if self.exists(&name_key)? {
            return Err(StoreError::MailboxExists);
        }
        if let Some(parent) = name.parent()
            && self.mailbox_named(&parent)?.is_none()
        {
            self.create_mailbox(&parent, None)?;
        }
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
        let mailbox = Mailbox {
            name: name.clone(),
            uid_validity,
            special_use,
            subscribed: true,
            keywords: Vec::new(),
        };
        self.put(Key::mailbox(self.account, id), &mailbox)?;
        self.put(name_key, &id)?;
        let mod_seq = self.log_change(ChangeKind::MailboxCreated, &[], &[id])?;
        let state = MailboxState {
            uid_next: 1,
            exists: 0,
            unseen: 0,
            deleted: 0,
            octets: 0,
            highest_mod_seq: mod_seq,
        };
        self.put(Key::mailbox_state(self.account, id), &state)?;
        Ok(id)
    }

    /// Gives a mailbox, and those below it, another name.
    pub fn rename_mailbox(&mut self, id: MailboxId, to: &MailboxName) -> Result<(), StoreError> {
        let from = self.mailbox(id)?.name;
        if from.is_inbox() || to.below(&from).is_some() {
            return Err(StoreError::MailboxStays);
        }
        if self.mailbox_named(to)?.is_some() {
            return Err(StoreError::MailboxExists);
        }
        if let Some(parent) = to.parent()
            && self.mailbox_named(&parent)?.is_none()
        {
            self.create_mailbox(&parent, None)?;
        }
        let mut renamed = Vec::new();
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
            renamed.push(mailbox_id);
        }
        self.log_change(ChangeKind::MailboxChanged, &[], &renamed)?;
        Ok(())
    }

    /// Shows a mailbox in programs, or hides it.
    pub fn subscribe_mailbox(&mut self, id: MailboxId, on: bool) -> Result<(), StoreError> {
        let mut mailbox = self.mailbox(id)?;
        mailbox.subscribed = on;
        self.put(Key::mailbox(self.account, id), &mailbox)?;
        self.log_change(ChangeKind::MailboxChanged, &[], &[id])?;
        Ok(())
    }

    /// Deletes a mailbox and what lies in it. INBOX and a mailbox with others below it stay.
    pub fn delete_mailbox(&mut self, id: MailboxId) -> Result<(), StoreError> {
        let name = self.mailbox(id)?.name;
        let has_children = self.mailboxes()?.iter().any(|(_, m)| m.name.below(&name).is_some());
        if name.is_inbox() || has_children {
            return Err(StoreError::MailboxStays);
        }
        self.empty_mailbox(id)?;
        for (key, _) in self.all(&Key::flag_pages(self.account, id))? {
            self.delete(key);
        }
        let name_key = self.mailbox_name_key(&name);
        self.delete(name_key);
        self.delete(Key::mailbox(self.account, id));
        self.delete(Key::mailbox_state(self.account, id));
        let mut counters = self.counters()?;
        counters.mailboxes = counters.mailboxes.saturating_sub(1);
        self.put_counters(&counters)?;
        self.log_change(ChangeKind::MailboxDeleted, &[], &[id])?;
        Ok(())
    }

    /// The bit of a keyword in a mailbox, taken if it has none yet.
    pub fn keyword(&mut self, id: MailboxId, keyword: &str) -> Result<usize, StoreError> {
        let mut mailbox = self.mailbox(id)?;
        if let Some(at) = mailbox.keywords.iter().position(|k| k.eq_ignore_ascii_case(keyword)) {
            return Ok(at);
        }
        if mailbox.keywords.len() >= MAX_KEYWORDS || keyword.len() > MAX_KEYWORD {
            return Err(StoreError::Limit("keywords of a mailbox"));
        }
        mailbox.keywords.push(keyword.to_owned());
        self.put(Key::mailbox(self.account, id), &mailbox)?;
        Ok(mailbox.keywords.len() - 1)
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
    fn a_name_that_cannot_be_is_refused() {
        let deep = ["a"; 21].join("/");
        let long = "a".repeat(1001);
        for bad in ["", "/", "a/", "/a", "a//b", " a", "a\n", "a*", "a%", &deep, &long] {
            assert!(MailboxName::new(bad).is_err(), "{bad:?}");
        }
    }
}
