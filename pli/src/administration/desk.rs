//! Where requests are answered, in the process that has the store open.

use super::request::{Answer, Request};
use super::{mailboxes, services};
use crate::config::{Config, Names};
use crate::operator::open_store;
use crate::serve::{Nowhere, key_path};
use crate::{operator_key, store};
use access::{Access, AccessSettings};
use domain::{Clock, SystemClock};
use mailstore::{Random, Store, SystemRandom};
use std::error::Error;
use std::sync::Arc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What answers are made of.
pub(crate) struct Parts {
    pub(crate) names: Names,
    pub(crate) store: Store,
    pub(crate) access: Access,
}

/// Answers requests about one operator.
pub(crate) struct Desk {
    pub(super) parts: Parts,
}

impl Desk {
    /// Of an operator that runs.
    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts }
    }

    /// Of an operator that does not: opens its store, making an empty one where there is none.
    pub(crate) fn at_rest(config: &Config, names: Names) -> Outcome<Self> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let random: Arc<dyn Random> = Arc::new(SystemRandom);
        let data = &config.operator.data;
        std::fs::create_dir_all(data)?;
        let key = operator_key::read_or_make(&key_path(config), &*random)?;
        let store = open_store(data, key, Arc::clone(&clock), Arc::clone(&random))?;
        let settings = AccessSettings { citizens_may_use_imap: config.imap.citizens };
        let access = Access::new(store.clone(), clock, random, Arc::new(Nowhere), settings);
        Ok(Self { parts: Parts { names, store, access } })
    }

    /// Answers.
    pub(crate) async fn answer(&self, request: Request) -> Answer {
        let answered = match request {
            Request::AddMailbox(new) => mailboxes::add(&self.parts, new).await,
            Request::AddCitizen(new) => mailboxes::add_citizen(&self.parts, *new).await,
            Request::AddSecret { address, label } => {
                mailboxes::add_secret(&self.parts, &address, &label).await
            }
            Request::BindCertificate { address, certificate } => {
                mailboxes::bind_certificate(&self.parts, &address, &certificate).await
            }
            Request::Services(request) => services::answer(&self.parts, request).await,
            Request::VerifyStore { quiet } => store::verify_open(&self.parts.store, quiet).await,
        };
        answered.unwrap_or_else(|error| Answer::refused(&*error))
    }
}
