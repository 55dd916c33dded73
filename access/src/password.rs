//! Passwords that people choose: Argon2id, at most one hashing a core at a time.
//!
//! Invariants: a name that nobody has costs as much time as a wrong password; the password is never
//! kept, printed or logged. Failure: [`PasswordError`] when it cannot be chosen; a wrong one is
//! `Denied::Credentials`.

use crate::{Access, Denied, tables};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Argon2, PasswordHasher, PasswordVerifier};
use mailstore::{AccountId, Actor, PrincipalId, ServiceKey, StoreError, Transaction, View};
use serde::{Deserialize, Serialize};
use std::sync::LazyLock;
use zeroize::Zeroizing;

/// Characters of a password, at least.
pub const MIN_PASSWORD: usize = 12;
/// Octets of a password, at most.
const MAX_PASSWORD: usize = 1024;

/// Why a password cannot be chosen.
#[derive(Debug, thiserror::Error)]
pub enum PasswordError {
    /// Too short or too long.
    #[error("a password has {MIN_PASSWORD} characters at least and {MAX_PASSWORD} octets at most")]
    Length,
    /// It could not be hashed.
    #[error("the password could not be hashed")]
    Hashing,
    /// The store.
    #[error("the password could not be kept")]
    Store(#[from] StoreError),
}

#[derive(Serialize, Deserialize)]
struct Password {
    /// The PHC form.
    hash: String,
}

fn key(principal: PrincipalId) -> ServiceKey {
    ServiceKey::new(tables::PASSWORDS).id(*principal.as_bytes())
}

/// What names without a password are checked against.
static NOBODYS: LazyLock<String> =
    LazyLock::new(|| hash(b"nobody's password", &[0; 16]).unwrap_or_default());

fn hash(password: &[u8], salt: &[u8; 16]) -> Option<String> {
    let hash = Argon2::default().hash_password_with_salt(password, salt).ok()?;
    Some(hash.to_string())
}

fn matches(password: &[u8], kept: &str) -> bool {
    let Ok(kept) = PasswordHash::new(kept) else { return false };
    Argon2::default().verify_password(password, &kept).is_ok()
}

pub(crate) fn is_set(view: &View<'_>, principal: PrincipalId) -> Result<bool, StoreError> {
    Ok(view.service_value::<Password>(&key(principal))?.is_some())
}

impl Access {
    /// Runs Argon2 away from the runtime's own threads.
    async fn hashing<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let _turn = self.hashing.acquire().await.ok()?;
        tokio::task::spawn_blocking(work).await.ok()
    }

    /// Sets the password of a principal at home in `home`.
    pub async fn set_password(
        &self,
        actor: Actor,
        home: AccountId,
        principal: PrincipalId,
        password: &str,
    ) -> Result<(), PasswordError> {
        if password.chars().count() < MIN_PASSWORD || password.len() > MAX_PASSWORD {
            return Err(PasswordError::Length);
        }
        self.note_home(actor, (principal, home)).await?;
        let salt = self.random()?;
        let chosen = Zeroizing::new(password.to_owned());
        let hash = self.hashing(move || hash(chosen.as_bytes(), &salt)).await.flatten();
        let hash = hash.ok_or(PasswordError::Hashing)?;
        let work = move |tx: &mut Transaction<'_>| {
            tx.put_service_value(&key(principal), &Password { hash: hash.clone() })
        };
        let _ = self.store.transact::<_, StoreError, _>(actor, home, work).await?;
        Ok(())
    }

    /// Whether a password is the principal's; nobody's takes the same time.
    pub(crate) async fn is_password(
        &self,
        of: Option<(PrincipalId, AccountId)>,
        password: &str,
    ) -> Result<bool, Denied> {
        let kept = match of {
            Some((principal, home)) => {
                let view = self.store.view(home)?;
                view.service_value::<Password>(&key(principal))?
            }
            None => None,
        };
        let (somebodys, kept) = match kept {
            Some(kept) => (true, kept.hash),
            None => (false, NOBODYS.clone()),
        };
        if password.len() > MAX_PASSWORD {
            return Ok(false);
        }
        let sent = Zeroizing::new(password.to_owned());
        let matched = self.hashing(move || matches(sent.as_bytes(), &kept)).await;
        Ok(matched.ok_or(Denied::Unavailable)? && somebodys)
    }
}
