//! Application secrets: what a mail program is given in place of a password.
//!
//! Invariants: 128 random bits, shown once, kept as a keyed hash with a label, so that one program's
//! can be taken back without touching the others. Failure: [`Denied`]; a secret of another principal
//! is as wrong as any.

use crate::opened::AtHome;
use crate::{Access, Denied, Opened, Way, tables};
use jiff::Timestamp;
use mailstore::{AccountId, Actor, PrincipalId, ServiceKey, StoreError, Transaction, View};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Application secrets of one principal.
pub const MAX_SECRETS: usize = 32;
/// Octets of a label.
const MAX_LABEL: usize = 100;
/// Octets of a secret that somebody sends.
const MAX_SENT: usize = 512;
/// Seconds of a day: use is noted once a day.
const DAY: i64 = 24 * 60 * 60;
/// Letters of a secret that is made: no two look alike. 26 of them have 130 bits.
const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";

/// An application secret's identity.
pub type SecretId = [u8; 16];

/// An application secret, as its owner sees it in a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppSecret {
    /// Its identity.
    pub id: SecretId,
    /// What it is for.
    pub label: String,
    /// When it was made, seconds since 1970.
    pub created: i64,
    /// The day of its last use, seconds since 1970.
    pub last_used: Option<i64>,
}

/// A secret's record and where it lies.
type KeptSecret = (ServiceKey, AppSecret);

fn of_principal(principal: PrincipalId) -> ServiceKey {
    ServiceKey::new(tables::SECRETS).id(*principal.as_bytes())
}

fn key(view: &View<'_>, principal: PrincipalId, secret: &str) -> ServiceKey {
    // People type it with blanks and capitals.
    let plain: String = secret.chars().filter(|c| !c.is_whitespace() && *c != '-').collect();
    of_principal(principal).lookup(view, &plain.to_lowercase())
}

/// Five groups of letters.
fn written(octets: [u8; 26]) -> String {
    let letters = octets.iter().map(|octet| LETTERS.get(usize::from(octet & 31)).copied());
    let letters: Vec<char> = letters.flatten().map(char::from).collect();
    letters.chunks(6).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

impl Access {
    /// Logs a mail program in by an application secret. `authorization` names the account; empty is
    /// that of the name.
    // RFC 4616 §2
    pub async fn with_password(
        &self,
        way: Way,
        login: &str,
        authorization: Option<&str>,
        secret: &str,
        from: IpAddr,
    ) -> Result<Opened, Denied> {
        let now = self.clock.now();
        let attempt = self.throttle.begin(login, from, now).ok_or(Denied::Throttled)?;
        let found = match secret.len() {
            1..=MAX_SENT => self.holder_of(login, secret)?,
            _ => None,
        };
        let Some((at_home, used)) = found else {
            attempt.wrong();
            return Err(Denied::Credentials);
        };
        attempt.right();
        let secret = Some(used.1.id);
        self.note_use(at_home, used, now).await?;
        Ok(Opened { secret, ..self.open_for(way, at_home, login, authorization)? })
    }

    /// Whether a principal's application secret was not taken back.
    pub(crate) fn secret_stands(
        &self,
        principal: PrincipalId,
        secret: SecretId,
    ) -> Result<bool, StoreError> {
        let home = self.home_of(&self.store.operator_view()?, principal)?;
        let Some(home) = home else { return Ok(false) };
        Ok(self.app_secrets(home, principal)?.iter().any(|kept| kept.id == secret))
    }

    /// The principal of a name whose secret this is.
    fn holder_of(
        &self,
        login: &str,
        secret: &str,
    ) -> Result<Option<(AtHome, KeptSecret)>, StoreError> {
        for (principal, home) in self.principals_of(login)? {
            let view = self.store.view(home)?;
            let key = key(&view, principal, secret);
            if let Some(kept) = view.service_value::<AppSecret>(&key)? {
                return Ok(Some(((principal, home), (key, kept))));
            }
        }
        Ok(None)
    }

    async fn note_use(
        &self,
        (principal, home): AtHome,
        (key, kept): KeptSecret,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let today = now.as_second() / DAY * DAY;
        if kept.last_used == Some(today) {
            return Ok(());
        }
        let actor = Actor { principal: Some(principal), ..Actor::SYSTEM };
        let work = move |tx: &mut Transaction<'_>| {
            // It may have been taken back in between.
            if let Some(mut kept) = tx.service_value::<AppSecret>(&key)? {
                kept.last_used = Some(today);
                tx.put_service_value(&key, &kept)?;
            }
            Ok::<_, StoreError>(())
        };
        self.store.transact(actor, home, work).await.map(drop)
    }

    /// Makes an application secret; it is returned this once.
    pub async fn add_app_secret(
        &self,
        actor: Actor,
        home: AccountId,
        principal: PrincipalId,
        label: &str,
    ) -> Result<String, StoreError> {
        let secret = written(self.random()?);
        self.keep_secret(actor, (principal, home), label, &secret).await?;
        Ok(secret)
    }

    /// Keeps a secret that the caller chose: for load tests and demonstrations, whose secrets are no
    /// secrets.
    pub async fn add_known_secret(
        &self,
        actor: Actor,
        home: AccountId,
        principal: PrincipalId,
        secret: &str,
    ) -> Result<(), StoreError> {
        self.keep_secret(actor, (principal, home), "known", secret).await
    }

    async fn keep_secret(
        &self,
        actor: Actor,
        (principal, home): AtHome,
        label: &str,
        secret: &str,
    ) -> Result<(), StoreError> {
        if label.is_empty() || label.len() > MAX_LABEL {
            return Err(StoreError::Limit("the label of an application secret"));
        }
        self.note_home(actor, (principal, home)).await?;
        let (id, label, secret) = (self.random()?, label.to_owned(), secret.to_owned());
        let work = move |tx: &mut Transaction<'_>| {
            let known: Vec<(_, AppSecret)> =
                tx.service_values(&of_principal(principal), MAX_SECRETS)?;
            if known.len() >= MAX_SECRETS {
                return Err(StoreError::Limit("application secrets of a principal"));
            }
            let key = key(tx, principal, &secret);
            let created = tx.now().as_second();
            let kept = AppSecret { id, label: label.clone(), created, last_used: None };
            tx.put_service_value(&key, &kept)
        };
        self.store.transact(actor, home, work).await.map(drop)
    }

    /// The application secrets of a principal, without themselves.
    pub fn app_secrets(
        &self,
        home: AccountId,
        principal: PrincipalId,
    ) -> Result<Vec<AppSecret>, StoreError> {
        let view = self.store.view(home)?;
        let kept = view.service_values(&of_principal(principal), MAX_SECRETS)?;
        Ok(kept.into_iter().map(|(_, kept)| kept).collect())
    }

    /// Takes an application secret back; false when there is none of that identity.
    pub async fn revoke_app_secret(
        &self,
        actor: Actor,
        home: AccountId,
        principal: PrincipalId,
        id: SecretId,
    ) -> Result<bool, StoreError> {
        let work = move |tx: &mut Transaction<'_>| {
            let kept: Vec<(_, AppSecret)> =
                tx.service_values(&of_principal(principal), MAX_SECRETS)?;
            let found = kept.into_iter().find(|(_, kept)| kept.id == id);
            if let Some((key, _)) = &found {
                tx.delete_service_record(key);
            }
            Ok::<_, StoreError>(found.is_some())
        };
        Ok(self.store.transact(actor, home, work).await?.into_inner())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_written_in_groups_that_can_be_read_out() {
        let secret = written([7; 26]);
        assert_eq!(secret, "hhhhhh-hhhhhh-hhhhhh-hhhhhh-hh");
        assert_eq!(LETTERS.iter().collect::<std::collections::BTreeSet<_>>().len(), 32);
    }
}
