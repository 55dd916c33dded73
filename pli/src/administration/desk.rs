//! Where requests are answered, in the process that has the store open.

use super::request::{Answer, Request};
use super::{mailboxes, services};
use crate::config::{Config, Names};
use crate::operator::{MAX_MESSAGE, open_store};
use crate::serve::{Nowhere, key_path};
use crate::{operator_key, queue, store};
use access::{Access, AccessSettings};
use domain::{Clock, MailDomain, SystemClock};
use mailstore::{Random, Store, SystemRandom};
use mta::relay::Relay;
use post::{Post, Settings};
use std::error::Error;
use std::sync::{Arc, OnceLock};

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// What answers are made of.
pub(crate) struct Parts {
    pub(crate) names: Names,
    pub(crate) access: Access,
    pub(crate) post: Post,
    /// Of an operator that runs.
    pub(crate) relay: Option<Relay>,
}

impl Parts {
    pub(super) fn store(&self) -> &Store {
        self.post.store()
    }
}

/// Reads the configuration again.
pub(crate) type Reload = Box<dyn Fn() -> Outcome<Answer> + Send + Sync>;

/// Answers requests about one operator.
pub(crate) struct Desk {
    parts: Parts,
    reload: OnceLock<Reload>,
}

impl Desk {
    /// Of an operator that runs.
    pub(crate) fn new(parts: Parts) -> Self {
        Self { parts, reload: OnceLock::new() }
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
        let access = Access::new(
            store.clone(),
            Arc::clone(&clock),
            Arc::clone(&random),
            Arc::new(Nowhere),
            settings,
        );
        let settings = Settings {
            hostname: names.hostname.clone(),
            own_domains: names.domains.clone(),
            citizen_domains: names.citizen_domains.clone(),
            mode: names.mode,
            product: config.operator.product.clone(),
            max_size: MAX_MESSAGE,
        };
        // No message is accepted here: whom domain list and directory know is never asked.
        let nobody = Arc::new(|_: &MailDomain| false);
        let post = Post::new(settings, store, clock, random, nobody, Arc::new(|_| false));
        Ok(Self::new(Parts { names, access, post, relay: None }))
    }

    /// Says how the configuration is read again; the first that says it is heard.
    pub(crate) fn set_reload(&self, reload: Reload) {
        let _ = self.reload.set(reload);
    }

    fn reload(&self) -> Outcome<Answer> {
        match self.reload.get() {
            Some(reload) => tokio::task::block_in_place(reload),
            None => Err("no operator with a configuration file runs here".into()),
        }
    }

    /// Answers.
    pub(crate) async fn answer(&self, request: Request) -> Answer {
        let parts = &self.parts;
        let (post, relay) = (&parts.post, parts.relay.as_ref());
        let answered = match request {
            Request::AddMailbox(new) => mailboxes::add(parts, new).await,
            Request::AddCitizen(new) => mailboxes::add_citizen(parts, *new).await,
            Request::AddSecret { address, label } => {
                mailboxes::add_secret(parts, &address, &label).await
            }
            Request::BindCertificate { address, certificate } => {
                mailboxes::bind_certificate(parts, &address, &certificate).await
            }
            Request::Services(request) => services::answer(parts, request).await,
            Request::ListQueue { limit } => queue::list(post, limit),
            Request::ShowQueued { id } => queue::show(post, &id),
            Request::RetryQueued { ids } => queue::retry(post, relay, ids.as_deref()).await,
            Request::HoldQueued { ids, reason } => queue::hold(post, &ids, &reason).await,
            Request::DropQueued { ids, reason, silent } => {
                queue::drop(post, &ids, &reason, silent).await
            }
            Request::Reload => self.reload(),
            Request::VerifyStore { quiet } => store::verify_open(parts.store(), quiet).await,
        };
        answered.unwrap_or_else(|error| Answer::refused(&*error))
    }
}
