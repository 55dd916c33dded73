//! Keys of what other crates keep in an account: their part behind the account and the table tag.
//!
//! Invariant, as for every store key: a registered name, then ids, numbers, instants and keyed
//! hashes. There is no way to put a text into one but [`ServiceKey::lookup`].

use super::{TableName, second};
use crate::seal::LookupOf;
use crate::view::View;
use std::fmt;

/// The key of a service's record, or what several begin with.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceKey(Vec<u8>);

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServiceKey({})", hex::encode(&self.0))
    }
}

impl ServiceKey {
    /// All of a table.
    #[must_use]
    pub fn new(table: TableName) -> Self {
        Self([table.name().as_bytes(), &[0]].concat())
    }

    fn with(mut self, part: &[u8]) -> Self {
        self.0.extend(part);
        self
    }

    /// With an id behind it.
    #[must_use]
    pub fn id(self, id: [u8; 16]) -> Self {
        self.with(&id)
    }

    /// With a number behind it; keys sort as their numbers.
    #[must_use]
    pub fn number(self, number: u64) -> Self {
        self.with(&number.to_be_bytes())
    }

    /// With an instant behind it, seconds since 1970; what was before sorts as 1970.
    #[must_use]
    pub fn instant(self, at: i64) -> Self {
        self.with(&second(at))
    }

    /// With a text behind it, as its keyed hash under the key of the view's account.
    #[must_use]
    pub fn lookup(self, view: &View<'_>, text: &str) -> Self {
        let table = self.0.split_inclusive(|octet| *octet == 0).next().unwrap_or_default();
        let hash = view.lookup(LookupOf::Service, &[table, text.as_bytes()].concat());
        self.with(&hash.0)
    }

    /// The number or instant that it ends with.
    #[must_use]
    pub fn last_number(&self) -> Option<u64> {
        let (_, tail) = self.0.split_last_chunk::<8>()?;
        Some(u64::from_be_bytes(*tail))
    }

    /// The id that it ends with.
    #[must_use]
    pub fn last_id(&self) -> Option<[u8; 16]> {
        let (_, tail) = self.0.split_last_chunk::<16>()?;
        Some(*tail)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn from_stored(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}
