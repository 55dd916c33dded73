//! What every handler reaches: the post and its store, access, the directory, the settings.
//!
//! Failure: work on the store that panics or is cut off is our fault.

use std::sync::Arc;

use access::Access;
use directory::Directory;
use domain::{Lang, OperatorName};
use jiff::tz::TimeZone;
use mailstore::Store;
use post::Post;
use tokio::sync::Semaphore;

use crate::fault::{Fault, ours};
use crate::mail::person::People;
use crate::text::Texts;
use crate::when::When;

/// Uploads that are held in memory at the same time; others wait for their turn.
const UPLOADS: usize = 4;

/// What a site is made of.
#[derive(Debug, Clone)]
pub struct SiteParts {
    /// Who may come in.
    pub access: Access,
    /// Where messages enter; its store holds the accounts.
    pub post: Post,
    /// Who professionals are.
    pub directory: Arc<Directory>,
    /// Whose site it is: what its mail service is called, and what its cookies are named after.
    pub operator: OperatorName,
    /// Where the site is: scheme, host and port, without a slash at the end.
    pub origin: String,
    /// The language of who has not chosen one.
    pub lang: Lang,
    /// The time zone in which dates are shown.
    pub zone: TimeZone,
}

struct Parts {
    site: SiteParts,
    uploads: Semaphore,
    operator: Arc<str>,
    cookie: String,
}

/// What every handler reaches.
#[derive(Clone)]
pub(crate) struct App(Arc<Parts>);

impl App {
    pub(crate) fn new(site: SiteParts) -> Self {
        let operator = site.operator.as_str().into();
        // Sites of several operators on one host share no cookie.
        let cookie = format!("__Host-pli-{}", site.operator);
        Self(Arc::new(Parts { site, uploads: Semaphore::new(UPLOADS), operator, cookie }))
    }

    pub(crate) fn access(&self) -> &Access {
        &self.0.site.access
    }

    pub(crate) fn post(&self) -> &Post {
        &self.0.site.post
    }

    pub(crate) fn store(&self) -> &Store {
        self.0.site.post.store()
    }

    /// What the site's cookies are named after.
    pub(crate) fn cookie(&self) -> &str {
        &self.0.cookie
    }

    /// Where the site is.
    pub(crate) fn origin(&self) -> &str {
        &self.0.site.origin
    }

    /// The language of who has not chosen one.
    pub(crate) fn lang(&self) -> Lang {
        self.0.site.lang
    }

    pub(crate) fn uploads(&self) -> &Semaphore {
        &self.0.uploads
    }

    /// Who people are, in a language.
    pub(crate) fn people(&self, lang: Lang) -> People {
        let settings = self.post().settings();
        let own = settings.own_domains.iter().chain([&settings.hostname]).cloned().collect();
        People {
            directory: self.0.site.directory.snapshot(),
            texts: Texts::in_lang(lang),
            own,
            operator: Arc::clone(&self.0.operator),
        }
    }

    /// How dates are shown now.
    pub(crate) fn when(&self, lang: Lang) -> When {
        When::new(Texts::in_lang(lang), &self.0.site.zone, self.post().now())
    }

    /// Runs what reads the store or the disk where it may block.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Self) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, Fault> {
        let app = self.clone();
        let done = tokio::task::spawn_blocking(move || work(&app)).await;
        done.unwrap_or_else(|error| Err(ours(&error)))
    }
}
