//! Keywords: flags that people and programs name. Each mailbox gives them bits of its own.
//!
//! A mailbox has room for [`MAX_KEYWORDS`]. When all bits are given, one is given anew that no
//! placement has and nobody has asked for within the last hour: whoever was told of a bit uses it
//! at once, in the same transaction or soon after, so no two keywords meet in one bit.

use super::flags::Flags;
use super::mailbox::Mailbox;
use crate::error::StoreError;
use crate::id::MailboxId;
use crate::key::Key;
use crate::transaction::Transaction;
use serde::{Deserialize, Serialize};
use std::fmt;

/// Keywords of a mailbox.
pub const MAX_KEYWORDS: usize = 48;
/// Octets of a keyword.
const MAX_KEYWORD: usize = 128;
/// A bit that was asked for stays for so long even when no placement has it, seconds.
const KEPT_UNUSED: i64 = 3600;

/// A keyword. Case does not count.
// RFC 9051 §9, flag-keyword
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Keyword(String);

impl Keyword {
    /// A keyword: an atom of at most 128 octets.
    // RFC 9051 §9, atom
    pub fn new(keyword: &str) -> Result<Self, StoreError> {
        let atom_char = |octet: u8| octet.is_ascii_graphic() && !b"(){%*\"\\]".contains(&octet);
        let fits = (1..=MAX_KEYWORD).contains(&keyword.len());
        match fits && keyword.bytes().all(atom_char) {
            true => Ok(Self(keyword.to_owned())),
            false => Err(StoreError::Keyword),
        }
    }

    /// The keyword as it was first written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl PartialEq for Keyword {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for Keyword {}

impl fmt::Display for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Keyword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Keyword(…)")
    }
}

impl TryFrom<String> for Keyword {
    type Error = StoreError;

    fn try_from(keyword: String) -> Result<Self, StoreError> {
        Self::new(&keyword)
    }
}

impl From<Keyword> for String {
    fn from(keyword: Keyword) -> Self {
        keyword.0
    }
}

/// A bit that a mailbox has given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct GivenBit {
    pub(super) keyword: Keyword,
    /// About when it was last asked for, seconds since 1970.
    pub(super) asked: i64,
}

impl Mailbox {
    /// Its keywords, in the order of their bits.
    pub fn keywords(&self) -> impl ExactSizeIterator<Item = &Keyword> {
        self.bits.iter().map(|bit| &bit.keyword)
    }

    /// The bit of a keyword, if it has one.
    #[must_use]
    pub fn keyword_bit(&self, keyword: &Keyword) -> Option<usize> {
        self.bits.iter().position(|bit| bit.keyword == *keyword)
    }
}

impl Transaction<'_> {
    /// The bit of a keyword in a mailbox, given to it if it has none yet. To be used at once.
    pub fn keyword(&mut self, id: MailboxId, keyword: &Keyword) -> Result<usize, StoreError> {
        match self.bit(id, keyword)? {
            Some(at) => Ok(at),
            None => self.reuse_bit(id, keyword),
        }
    }

    /// The flag of a keyword in a mailbox; none when it has no bit there and there is no room.
    pub(super) fn keyword_if_room(
        &mut self,
        id: MailboxId,
        keyword: &Keyword,
    ) -> Result<Flags, StoreError> {
        Ok(self.bit(id, keyword)?.and_then(Flags::keyword).unwrap_or(Flags::NONE))
    }

    /// The bit of a keyword, or a free one.
    fn bit(&mut self, id: MailboxId, keyword: &Keyword) -> Result<Option<usize>, StoreError> {
        let now = self.now().as_second();
        let mut mailbox = self.mailbox(id)?;
        let known = mailbox.keyword_bit(keyword);
        let at = known.unwrap_or(mailbox.bits.len());
        match mailbox.bits.get_mut(at) {
            // Noted now and then only, so that not every STORE writes the mailbox.
            Some(bit) if now < bit.asked.saturating_add(KEPT_UNUSED / 2) => return Ok(known),
            Some(bit) => bit.asked = now,
            None if at < MAX_KEYWORDS => {
                mailbox.bits.push(GivenBit { keyword: keyword.clone(), asked: now });
            }
            None => return Ok(None),
        }
        self.put(Key::mailbox(self.account, id), &mailbox)?;
        Ok(Some(at))
    }

    fn reuse_bit(&mut self, id: MailboxId, keyword: &Keyword) -> Result<usize, StoreError> {
        let now = self.now().as_second();
        let mut mailbox = self.mailbox(id)?;
        let old = |bit: &GivenBit| bit.asked.saturating_add(KEPT_UNUSED) <= now;
        let full = StoreError::Limit("keywords of a mailbox");
        if !mailbox.bits.iter().any(old) {
            return Err(full);
        }
        let used = self.flags_in_use(id)?;
        let is_free = |at: usize| Flags::keyword(at).is_some_and(|flag| !used.contain(flag));
        let mut bits = mailbox.bits.iter_mut().enumerate();
        let (at, bit) = bits.find(|(at, bit)| old(bit) && is_free(*at)).ok_or(full)?;
        *bit = GivenBit { keyword: keyword.clone(), asked: now };
        self.put(Key::mailbox(self.account, id), &mailbox)?;
        Ok(at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_keyword_is_an_atom() {
        for good in ["$Forwarded", "urgent", "a", "[x", "}", &"k".repeat(128)] {
            assert_eq!(Keyword::new(good).unwrap().as_str(), good);
        }
        let long = "k".repeat(129);
        for bad in ["", "a b", "(", ")", "{", "%", "*", "\"", "\\Seen", "]", "é", "\x7f", &long] {
            assert!(Keyword::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn case_does_not_count() {
        assert_eq!(Keyword::new("$Junk").unwrap(), Keyword::new("$jUNK").unwrap());
        assert_ne!(Keyword::new("$Junk").unwrap(), Keyword::new("$NotJunk").unwrap());
    }
}
