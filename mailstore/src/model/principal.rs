//! Principals and grants: who authenticates, and which accounts open to them.
//!
//! A principal is at home in one account, where its record lies. A grant lies in the account that
//! it opens; owning one is a grant as well.

use super::Record;
use super::account::Found;
use crate::error::StoreError;
use crate::id::{AccountId, PrincipalId};
use crate::key::Key;
use crate::seal::LookupOf;
use crate::transaction::Transaction;
use crate::view::View;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Somebody or something that authenticates.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Principal {
    /// What it is.
    pub kind: PrincipalKind,
    /// The name shown to people.
    pub name: String,
    /// The name it logs in with.
    pub login: Option<String>,
}

impl Record for Principal {}

impl std::fmt::Debug for Principal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Principal({:?}, …)", self.kind)
    }
}

/// What a principal is. The order of variants is the stored format: never change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum PrincipalKind {
    /// A person.
    Person,
    /// A program.
    Application,
    /// Somebody who runs the operator.
    Administrator,
}

/// A principal to be made.
pub type NewPrincipal = Principal;

/// What a grant allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights(u8);

impl Rights {
    /// Reading messages and records.
    pub const READ: Self = Self(1);
    /// Changing flags and folders, filing, deleting.
    pub const WRITE: Self = Self(2);
    /// Sending as the account.
    pub const SEND_AS: Self = Self(4);
    /// Granting to others.
    pub const MANAGE: Self = Self(8);
    /// Everything.
    pub const ALL: Self = Self(15);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is allowed.
    #[must_use]
    pub const fn include(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// What opens an account to a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// What it allows.
    pub rights: Rights,
    /// Whether the principal owns the account.
    pub owner: bool,
    /// From when it holds, seconds since 1970.
    pub from: i64,
    /// Until when it holds, seconds since 1970.
    pub until: Option<i64>,
}

impl Record for Grant {}

impl Grant {
    /// An owner's grant.
    #[must_use]
    pub fn owner(from: Timestamp) -> Self {
        Self { rights: Rights::ALL, owner: true, from: from.as_second(), until: None }
    }

    /// Whether it allows `rights` at `now`.
    #[must_use]
    pub fn allows(&self, rights: Rights, now: Timestamp) -> bool {
        let now = now.as_second();
        self.from <= now
            && self.until.is_none_or(|until| now < until)
            && self.rights.include(rights)
    }
}

impl View<'_> {
    fn login_key(&self, login: &str) -> Key {
        let name = login.to_lowercase();
        Key::login(self.operator_lookup(LookupOf::Login, name.as_bytes()))
    }

    /// The principal of a log-in name, and the account it is at home in.
    pub fn principal_of_login(
        &self,
        login: &str,
    ) -> Result<Option<(PrincipalId, AccountId)>, StoreError> {
        let found: Option<Found> = self.record(&self.login_key(login))?;
        Ok(found.and_then(|found| Some((found.principal?, found.account))))
    }

    /// A principal at home in this account.
    pub fn principal(&self, id: PrincipalId) -> Result<Principal, StoreError> {
        self.record(&Key::principal(self.account, id))?.ok_or(StoreError::NoSuchPrincipal)
    }

    /// At most `limit` accounts that a principal has a grant in, in the order of their ids.
    pub fn accounts_of(
        &self,
        principal: PrincipalId,
        limit: usize,
    ) -> Result<Vec<AccountId>, StoreError> {
        let all = Key::principal_accounts(principal);
        let marks = self.pairs(&all, &all.prefix_end(), false, limit)?;
        Ok(marks.iter().filter_map(|(key, _)| key.last_id()).map(AccountId::from_bytes).collect())
    }

    /// The grant of a principal on this account.
    pub fn grant_of(&self, principal: PrincipalId) -> Result<Option<Grant>, StoreError> {
        self.record(&Key::grant(self.account, principal))
    }

    /// All grants on this account.
    pub fn grants(&self) -> Result<Vec<(PrincipalId, Grant)>, StoreError> {
        let mut grants = Vec::new();
        for (key, value) in self.all(&Key::grants(self.account))? {
            if let Some(id) = key.last_id() {
                grants.push((PrincipalId::from_bytes(id), Grant::decode(&value)?));
            }
        }
        Ok(grants)
    }
}

impl Transaction<'_> {
    /// Makes a principal at home in this account.
    pub fn create_principal(&mut self, new: &NewPrincipal) -> Result<PrincipalId, StoreError> {
        self.command(|tx| {
            let id = tx.make_principal(new)?;
            tx.log_record_change()?;
            Ok(id)
        })
    }

    pub(super) fn make_principal(&mut self, new: &NewPrincipal) -> Result<PrincipalId, StoreError> {
        let account = self.account;
        let id = PrincipalId::random(self.random())?;
        if let Some(login) = &new.login {
            let key = self.login_key(login);
            if self.exists(&key)? {
                return Err(StoreError::LoginExists);
            }
            self.found_by(key, Found { account, principal: Some(id) })?;
        }
        self.put(Key::principal(account, id), new)?;
        Ok(id)
    }

    /// Opens this account to a principal, or changes how.
    pub fn grant(&mut self, principal: PrincipalId, grant: &Grant) -> Result<(), StoreError> {
        self.put_grant(principal, grant)?;
        self.log_record_change()
    }

    pub(super) fn put_grant(
        &mut self,
        principal: PrincipalId,
        grant: &Grant,
    ) -> Result<(), StoreError> {
        let account = self.account;
        let mark = Key::principal_account(principal, account);
        if !self.exists(&mark)? {
            self.found_by(mark, Found { account, principal: Some(principal) })?;
        }
        self.put(Key::grant(account, principal), grant)
    }

    /// Closes this account to a principal.
    pub fn revoke(&mut self, principal: PrincipalId) -> Result<(), StoreError> {
        let account = self.account;
        self.delete(Key::grant(account, principal));
        self.not_found_by(Key::principal_account(principal, account))?;
        self.log_record_change()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_holds_for_its_time_and_its_rights() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let rights = Rights::READ.and(Rights::SEND_AS);
        let grant = Grant { rights, owner: false, from: 100, until: Some(200) };
        assert!(grant.allows(Rights::READ, at(100)) && grant.allows(Rights::SEND_AS, at(199)));
        assert!(!grant.allows(Rights::READ, at(99)) && !grant.allows(Rights::READ, at(200)));
        assert!(!grant.allows(Rights::WRITE, at(150)));
        assert!(!grant.allows(Rights::READ.and(Rights::MANAGE), at(150)));
    }
}
