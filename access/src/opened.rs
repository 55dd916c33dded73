//! Which account a log-in opens, and what may be done there.
//!
//! Invariants: owning an account is a grant like any other; a grant counts in its time only; an
//! account that is closed, or whose citizen objected, opens to nobody. Failure: [`Denied`].

use crate::{Access, Denied, SecretId, tables};
use domain::{MailAddress, MailboxKind};
use mailstore::model::account::{Account, AccountState};
use mailstore::model::principal::Rights;
use mailstore::{
    AccountId, Actor, PrincipalId, ServiceKey, StoreError, Through, Transaction, View,
};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Principals of one account that a log-in by the account's address tries.
const MAX_GRANTS: usize = 64;

/// A way in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// A mail program that sends.
    Submission,
    /// A mail program that reads.
    Imap,
    /// The web pages.
    Web,
}

impl Way {
    fn through(self) -> Through {
        match self {
            Self::Submission => Through::Submission,
            Self::Imap => Through::Imap,
            Self::Web => Through::Web,
        }
    }

    /// What it is of no use without.
    fn needs(self) -> Rights {
        match self {
            Self::Submission => Rights::SEND_AS,
            Self::Imap | Self::Web => Rights::READ,
        }
    }
}

/// A log-in that succeeded: the account that it opens, and in whose name.
#[derive(Clone)]
pub struct Opened {
    /// Who acts.
    pub actor: Actor,
    /// Who authenticated.
    pub principal: PrincipalId,
    /// The account.
    pub account: AccountId,
    /// Its address.
    pub address: MailAddress,
    /// Its kind.
    pub kind: MailboxKind,
    /// What the principal may do there.
    pub rights: Rights,
    /// Addresses of other accounts in whose name the principal may send.
    pub also_as: Vec<MailAddress>,
    /// The application secret that opened it, if one did.
    pub secret: Option<SecretId>,
}

impl fmt::Debug for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Opened({:?}, {:?}, {:?})", self.account, self.kind, self.rights)
    }
}

/// Where a principal is at home, as the operator's account keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Home(AccountId);

fn home_key(principal: PrincipalId) -> ServiceKey {
    ServiceKey::new(tables::HOMES).id(*principal.as_bytes())
}

/// A principal and its home.
pub(crate) type AtHome = (PrincipalId, AccountId);

impl Access {
    /// Has the operator's account know where a principal is at home.
    pub(crate) async fn note_home(
        &self,
        actor: Actor,
        (principal, home): AtHome,
    ) -> Result<(), StoreError> {
        let key = home_key(principal);
        if self.store.operator_view()?.service_value::<Home>(&key)? == Some(Home(home)) {
            return Ok(());
        }
        let work = move |tx: &mut Transaction<'_>| tx.put_service_value(&key, &Home(home));
        self.store.transact(actor, AccountId::OPERATOR, work).await.map(drop)
    }

    pub(crate) fn home_of(
        &self,
        operator: &View<'_>,
        principal: PrincipalId,
    ) -> Result<Option<AccountId>, StoreError> {
        Ok(operator.service_value::<Home>(&home_key(principal))?.map(|Home(account)| account))
    }

    /// The principals that a log-in name may mean: its own, or those with a grant on the account of
    /// that address.
    pub(crate) fn principals_of(&self, login: &str) -> Result<Vec<AtHome>, StoreError> {
        let operator = self.store.operator_view()?;
        if let Some(found) = operator.principal_of_login(login)? {
            return Ok(vec![found]);
        }
        let Ok(address) = login.parse::<MailAddress>() else { return Ok(Vec::new()) };
        let Some(account) = operator.account_of(&address)? else { return Ok(Vec::new()) };
        let grants = self.store.view(account)?.grants()?;
        let mut found = Vec::new();
        for (principal, _) in grants.into_iter().take(MAX_GRANTS) {
            let Some(home) = self.home_of(&operator, principal)? else { continue };
            // A home that was erased must not lock the others out.
            match self.store.view(home) {
                Err(StoreError::NoSuchAccount) => continue,
                view => drop(view?),
            }
            found.push((principal, home));
        }
        Ok(found)
    }

    /// The account that a principal asks for: the one of `asked`, else that of the log-in name, else
    /// its home.
    pub(crate) fn open_for(
        &self,
        way: Way,
        (principal, home): AtHome,
        login: &str,
        asked: Option<&str>,
    ) -> Result<Opened, Denied> {
        let operator = self.store.operator_view()?;
        let named = |name: &str| -> Result<Option<AccountId>, Denied> {
            let Ok(address) = name.parse::<MailAddress>() else { return Ok(None) };
            Ok(operator.account_of(&address)?)
        };
        let account = match asked.filter(|asked| !asked.is_empty()) {
            Some(asked) => match named(asked)? {
                Some(account) => account,
                // A principal's own log-in name means its home.
                None if operator.principal_of_login(asked)? == Some((principal, home)) => home,
                None => return Err(Denied::NotAllowed),
            },
            None => named(login)?.unwrap_or(home),
        };
        self.open(way, principal, account)
    }

    /// What a log-in of before opens now; an error when it would not be let in any more. `secret` is
    /// the application secret that opened it, if one did: taken back, it opens nothing.
    pub fn still_open(
        &self,
        way: Way,
        principal: PrincipalId,
        account: AccountId,
        secret: Option<SecretId>,
    ) -> Result<Opened, Denied> {
        if let Some(secret) = secret
            && !self.secret_stands(principal, secret)?
        {
            return Err(Denied::Credentials);
        }
        Ok(Opened { secret, ..self.open(way, principal, account)? })
    }

    /// Opens an account to a principal.
    pub(crate) fn open(
        &self,
        way: Way,
        principal: PrincipalId,
        account: AccountId,
    ) -> Result<Opened, Denied> {
        let view = match self.store.view(account) {
            Err(StoreError::NoSuchAccount) => return Err(Denied::Credentials),
            view => view?,
        };
        let record = view.account_record()?;
        if !is_open(&record) {
            return Err(Denied::Credentials);
        }
        let now = self.clock.now();
        let grant = view.grant_of(principal)?.filter(|grant| grant.allows(way.needs(), now));
        let Some(grant) = grant else { return Err(Denied::NotAllowed) };
        let is_citizen = record.kind == MailboxKind::Citizen;
        if is_citizen && way == Way::Imap && !self.settings.citizens_may_use_imap {
            return Err(Denied::NotAllowed);
        }
        let through = way.through();
        Ok(Opened {
            actor: Actor {
                principal: Some(principal),
                account: Some(account),
                on_behalf_of: None,
                through,
            },
            principal,
            account,
            address: record.address,
            kind: record.kind,
            rights: grant.rights,
            also_as: self.also_as(principal, account)?,
            secret: None,
        })
    }

    /// Addresses of other accounts on which the principal may send.
    fn also_as(
        &self,
        principal: PrincipalId,
        but: AccountId,
    ) -> Result<Vec<MailAddress>, StoreError> {
        let now = self.clock.now();
        let mut addresses = Vec::new();
        let accounts = self.store.operator_view()?.accounts_of(principal, MAX_GRANTS + 1)?;
        for account in accounts.into_iter().filter(|account| *account != but).take(MAX_GRANTS) {
            let view = match self.store.view(account) {
                Err(StoreError::NoSuchAccount) => continue,
                view => view?,
            };
            let grant = view.grant_of(principal)?;
            if grant.is_some_and(|grant| grant.allows(Rights::SEND_AS, now)) {
                let record = view.account_record()?;
                if is_open(&record) {
                    addresses.push(record.address);
                }
            }
        }
        Ok(addresses)
    }
}

fn is_open(account: &Account) -> bool {
    match account.state {
        AccountState::Active => true,
        // A professional's account has no invitation; a citizen's is not activated yet.
        AccountState::Invited | AccountState::Created => account.kind != MailboxKind::Citizen,
        AccountState::Objected | AccountState::Closed => false,
    }
}
