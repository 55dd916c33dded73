//! Registered names: the only words that store keys hold.
//!
//! A name is lower-case letters, at most 32, and in a key a zero octet ends it, so that no name
//! is the beginning of another's key.

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
pub struct Consumer(&'static str);

impl Consumer {
    /// A consumer by its name. None when the name cannot be one.
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
