//! Registered names: the only words that store keys hold.
//!
//! A name is lower-case letters, at most 32, and in a key a zero octet ends it, so that no name
//! is the beginning of another's key.

use crate::model::change::ChangeKind;

const MAX_NAME: usize = 32;

const fn is_plain(name: &str) -> bool {
    let mut rest = name.as_bytes();
    if rest.is_empty() || rest.len() > MAX_NAME {
        return false;
    }
    while let [first, tail @ ..] = rest {
        if !first.is_ascii_lowercase() {
            return false;
        }
        rest = tail;
    }
    true
}

/// A registered consumer of the change log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Consumer {
    name: &'static str,
    /// One bit for each kind of change.
    kinds: u16,
}

impl Consumer {
    /// A consumer of every kind of change, by its name. None when the name cannot be one.
    #[must_use]
    pub const fn new(name: &'static str) -> Option<Self> {
        if is_plain(name) { Some(Self { name, kinds: u16::MAX }) } else { None }
    }

    /// The consumer, following changes of these kinds only: others leave no account pending for
    /// it.
    #[must_use]
    pub const fn following(self, mut kinds: &[ChangeKind]) -> Self {
        let mut bits = 0;
        while let [kind, rest @ ..] = kinds {
            bits |= 1 << (*kind as u16);
            kinds = rest;
        }
        Self { name: self.name, kinds: bits }
    }

    /// Whether changes of this kind are for it.
    #[must_use]
    pub const fn follows(self, kind: ChangeKind) -> bool {
        self.kinds & (1 << (kind as u16)) != 0
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.name
    }
}

/// A table that another crate keeps in the accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TableName(&'static str);

impl TableName {
    /// The table of a constant: a name that cannot be one does not compile.
    #[must_use]
    #[expect(clippy::unreachable, reason = "the compiler has run it")]
    pub const fn constant(name: &'static str) -> Self {
        match Self::new(name) {
            Some(table) => table,
            None => unreachable!(),
        }
    }

    /// A table by its name. None when the name cannot be one.
    #[must_use]
    pub const fn new(name: &'static str) -> Option<Self> {
        if is_plain(name) { Some(Self(name)) } else { None }
    }

    /// Its name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_plain() {
        assert!(Consumer::new("documents").is_some() && TableName::new("queue").is_some());
        for bad in ["", "Documents", "docu ments", "é", "abcdefghijklmnopqrstuvwxyzabcdefg"] {
            assert!(Consumer::new(bad).is_none() && TableName::new(bad).is_none(), "{bad}");
        }
    }
}
