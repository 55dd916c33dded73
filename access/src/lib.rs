//! Who may act: log-in by application secret, by password and one-time code, or by certificate; the
//! grants that open accounts; web sessions.
//!
//! | subject | where |
//! | --- | --- |
//! | which account opens, with which rights | `opened` |
//! | application secrets, for mail programs | `secret` |
//! | certificates, for SASL EXTERNAL | `certificate` |
//! | passwords that people choose | `password` |
//! | one-time codes, between password and session | `code` |
//! | web sessions | `session` |
//! | where notices go, and telling people something | `contact` |
//! | how notices leave | `courier` |
//! | guessing made slow | `throttle` |
//!
//! Invariants: secrets that the program makes have 128 random bits and are kept as keyed hashes under
//! the account's key; passwords that people choose are kept as Argon2id; nothing of either is in a
//! `Debug` or a log. What is kept lies in the account where the principal is at home, so an erasure
//! takes it along; the operator's account holds keyed hashes that lead there.
//! Failure: [`Denied`] says nothing that helps a guesser; the store's own faults are
//! [`Denied::Unavailable`], with their causes in the log.

mod certificate;
mod code;
mod contact;
mod courier;
mod opened;
mod password;
mod secret;
mod session;
mod tables;
mod throttle;

pub use certificate::{BindError, CertificateDenied};
pub use code::{CODE_LIFE, CodeAnswer, MAX_CODE_TRIES, PendingLogIn};
pub use contact::{Contact, NotifyError};
pub use courier::{Channel, Courier, CourierError, Notice, Sending};
pub use opened::{Opened, Way};
pub use password::{MIN_PASSWORD, PasswordError};
pub use secret::{AppSecret, MAX_SECRETS, SecretId};
pub use session::{
    ABSOLUTE_LIFE, IDLE_LIFE, MAX_SESSIONS, SessionId, SessionRow, SessionToken, WebSession,
};

use domain::Clock;
use mailstore::{Random, Store, StoreError};
use std::sync::Arc;
use throttle::Throttle;
use tokio::sync::Semaphore;

/// What an operator decides about log-ins.
#[derive(Debug, Clone, Default)]
pub struct AccessSettings {
    /// Whether citizens may read with mail programs; by default they have the site.
    pub citizens_may_use_imap: bool,
}

/// Why somebody does not get in. Unknown names, wrong secrets and closed accounts look the same.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// Name or secret is wrong, or the account is not open.
    #[error("the name and the secret do not go together")]
    Credentials,
    /// They are right, but do not open what was asked for.
    #[error("this log-in does not open that mailbox in this way")]
    NotAllowed,
    /// Too many wrong tries; later again.
    #[error("too many wrong tries: later again")]
    Throttled,
    /// Our fault.
    #[error("logging in is not possible at the moment")]
    Unavailable,
}

impl From<StoreError> for Denied {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = &error as &dyn std::error::Error, "log-in");
        Self::Unavailable
    }
}

/// Who may act at one operator. Clones share it.
#[derive(Clone)]
pub struct Access {
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    courier: Arc<dyn Courier>,
    settings: AccessSettings,
    throttle: Arc<Throttle>,
    /// Argon2 runs on at most one thread a core.
    hashing: Arc<Semaphore>,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Access({:?})", self.settings)
    }
}

impl Access {
    /// Access to the accounts of a store.
    #[must_use]
    pub fn new(
        store: Store,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        courier: Arc<dyn Courier>,
        settings: AccessSettings,
    ) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let hashing = Arc::new(Semaphore::new(cores));
        let throttle = Arc::default();
        Self { store, clock, random, courier, settings, throttle, hashing }
    }

    /// Random octets.
    fn random<const N: usize>(&self) -> Result<[u8; N], StoreError> {
        let mut octets = [0; N];
        self.random.fill(&mut octets)?;
        Ok(octets)
    }
}
