//! What every handler reaches: the post and its store, access, the directory, the settings.
//!
//! Failure: work on the store that panics or is cut off is our fault.

use std::collections::HashSet;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use access::Access;
use directory::Directory;
use domain::{Lang, OperatorName};
use jiff::tz::TimeZone;
use mailstore::{AccountId, Store};
use post::Post;
use search::Search;
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::fault::{Fault, ours};
use crate::mail::person::People;
use crate::text::Texts;
use crate::when::When;

/// Uploads that are held in memory at the same time; others wait for their turn.
const UPLOADS: usize = 4;
/// Texts without files that are held in memory at the same time: drafts, and what is given back when a session ended.
const TEXTS: usize = 32;
/// Browser windows that are told of what arrives: of one account, from one address (behind which many people may be,
/// who need its connections for pages), and of all.
const LISTENERS_OF_ACCOUNT: usize = 8;
const LISTENERS_OF_ADDRESS: usize = 40;
const LISTENERS: usize = 1000;

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
    /// What finds words in messages, if it is there.
    pub search: Option<Search>,
}

struct Parts {
    site: SiteParts,
    uploads: Semaphore,
    texts: Semaphore,
    photos: Semaphore,
    uploading: Mutex<HashSet<AccountId>>,
    listening: Mutex<Vec<(AccountId, IpAddr)>>,
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
        Self(Arc::new(Parts {
            site,
            uploads: Semaphore::new(UPLOADS),
            texts: Semaphore::new(TEXTS),
            // An image that is decoded is large.
            photos: Semaphore::new(1),
            uploading: Mutex::default(),
            listening: Mutex::default(),
            operator,
            cookie,
        }))
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

    pub(crate) fn search(&self) -> Option<&Search> {
        self.0.site.search.as_ref()
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

    /// A turn to upload: one for each account, so that nobody holds all there are.
    pub(crate) async fn upload(&self, account: AccountId) -> Result<Upload<'_>, Fault> {
        if !self.uploading().insert(account) {
            return Err(Fault::Busy);
        }
        let mut turn = Upload { app: self, account, permit: None };
        turn.permit = Some(self.0.uploads.acquire().await.map_err(|error| ours(&error))?);
        Ok(turn)
    }

    /// A turn to have a text without files read.
    pub(crate) async fn texts(&self) -> Result<SemaphorePermit<'_>, Fault> {
        self.0.texts.acquire().await.map_err(|error| ours(&error))
    }

    /// A turn to have photographs decoded.
    pub(crate) async fn photos(&self) -> Result<SemaphorePermit<'_>, Fault> {
        self.0.photos.acquire().await.map_err(|error| ours(&error))
    }

    /// A place to listen to what arrives in an account; none when there are too many listeners.
    pub(crate) fn listen(&self, account: AccountId, from: IpAddr) -> Option<Listening> {
        let mut listening = self.listening();
        let of_account = listening.iter().filter(|(of, _)| *of == account).count();
        let of_address = listening.iter().filter(|(_, address)| *address == from).count();
        let full = of_account >= LISTENERS_OF_ACCOUNT
            || of_address >= LISTENERS_OF_ADDRESS
            || listening.len() >= LISTENERS;
        if full {
            return None;
        }
        listening.push((account, from));
        Some(Listening { app: self.clone(), of: (account, from) })
    }

    fn listening(&self) -> std::sync::MutexGuard<'_, Vec<(AccountId, IpAddr)>> {
        self.0.listening.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn uploading(&self) -> std::sync::MutexGuard<'_, HashSet<AccountId>> {
        self.0.uploading.lock().unwrap_or_else(PoisonError::into_inner)
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

/// An account's turn to upload, given back when dropped.
pub(crate) struct Upload<'a> {
    app: &'a App,
    account: AccountId,
    permit: Option<SemaphorePermit<'a>>,
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        drop(self.permit.take());
        self.app.uploading().remove(&self.account);
    }
}

/// A listener's place, given back when dropped.
pub(crate) struct Listening {
    app: App,
    of: (AccountId, IpAddr),
}

impl Drop for Listening {
    fn drop(&mut self) {
        let mut listening = self.app.listening();
        if let Some(at) = listening.iter().position(|of| *of == self.of) {
            listening.swap_remove(at);
        }
    }
}
