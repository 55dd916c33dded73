//! Accepting a message, whatever brought it: reception and submission, the web pages, mail that
//! services send. So a rule exists once.
//!
//! ```text
//! Post::sender      MAIL: may this origin send from this address?      rules.rs
//! Post::recipient   RCPT: does this address take mail, and where?      recipient.rs
//! Post::incoming    octets stream in: traced, hashed, scanned, sealed  incoming.rs
//! Incoming::finish  judged; one transaction per account; Accepted      accept.rs
//! Incoming::finish_held  the same, taken back until it leaves        accept.rs, queue.rs
//!
//! Post::prepare_system   mail of services, stored with their records   system.rs
//! Post::deliver_entry    from the queue to accounts here               local.rs
//! ```
//! No sockets here. [`Accepted`] exists only for what is on stable storage: it is what a `250`
//! is made of.

mod accept;
mod author;
pub mod delivered;
mod envelope;
mod exchange;
mod facts;
mod incoming;
mod local;
mod origin;
pub mod queue;
mod recipient;
mod rules;
mod system;
mod trace;

pub use accept::Accepted;
pub use envelope::{DsnRequest, Envelope, Notify, Recipient, RecipientDsn, Route};
pub use exchange::exchange_with;
pub use facts::{Facts, MAX_HOPS};
pub use incoming::{Incoming, Message, TRACE_HEADROOM};
pub use origin::{Origin, Peer, Submitter};
pub use rules::{judge_message, judge_reverse_path};
pub use system::PreparedMail;
pub use trace::Arrival;

use domain::{CitizenDomains, Clock, MailAddress, MailDomain, Mode, ReversePath, Verdict};
use mailstore::{Random, Store, StoreError};
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use tokio::sync::Notify as Wake;

/// What an operator decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The name by which it is known in traces.
    pub hostname: MailDomain,
    /// The domains it serves.
    pub own_domains: BTreeSet<MailDomain>,
    /// The domains of citizens, the same everywhere.
    pub citizen_domains: CitizenDomains,
    /// Production, or test.
    pub mode: Mode,
    /// The product reference that submitted mail gets when it has none (*NIL*).
    pub product: String,
    /// Octets of a message.
    pub max_size: u64,
}

/// A question about an address.
pub type AddressQuestion = Arc<dyn Fn(&MailAddress) -> bool + Send + Sync>;
/// A question about a domain.
pub type DomainQuestion = Arc<dyn Fn(&MailDomain) -> bool + Send + Sync>;

/// Where an operator's messages enter.
#[derive(Clone)]
pub struct Post {
    settings: Arc<Settings>,
    store: Store,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
    /// Whether the domain list knows a domain.
    is_listed: DomainQuestion,
    /// Whether the directory flags a mailbox as a pharmacy's that takes prescriptions.
    takes_prescriptions: AddressQuestion,
    /// Rings when the queue got an entry.
    queued: Arc<Wake>,
}

impl fmt::Debug for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Post({})", self.settings.hostname)
    }
}

impl Post {
    /// The post of an operator.
    #[must_use]
    pub fn new(
        settings: Settings,
        store: Store,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        is_listed: DomainQuestion,
        takes_prescriptions: AddressQuestion,
    ) -> Self {
        let settings = Arc::new(settings);
        let queued = Arc::default();
        Self { settings, store, clock, random, is_listed, takes_prescriptions, queued }
    }

    /// Judges the reverse path, at MAIL.
    pub fn sender(&self, origin: &Origin, reverse_path: &ReversePath) -> Result<(), Verdict> {
        judge_reverse_path(origin, reverse_path, &self.settings.own_domains)
    }

    /// Waits until the queue has got an entry since the last call.
    pub async fn queued(&self) {
        self.queued.notified().await;
    }

    /// Says that the queue has got an entry: to be called when a [`PreparedMail`] is committed.
    pub fn ring(&self) {
        self.queued.notify_one();
    }

    /// The operator's store.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.store
    }

    /// The civil time.
    #[must_use]
    pub fn now(&self) -> jiff::Timestamp {
        self.clock.now()
    }

    /// Randomness for identities and jitter.
    #[must_use]
    pub fn random(&self) -> &dyn Random {
        &*self.random
    }

    /// What the operator decides.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }
}

/// Does what may wait for the disk, or takes more than a moment, beside other work.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Verdict> + Send + 'static,
) -> Result<T, Verdict> {
    tokio::task::spawn_blocking(work).await.unwrap_or(Err(Verdict::InternalFailure))
}

/// The verdict on an error of the store, which goes to the log with its causes.
#[expect(clippy::needless_pass_by_value, reason = "it is the end of the error")]
fn our_fault(error: StoreError) -> Verdict {
    let verdict = match &error {
        StoreError::OverQuota => Verdict::QuotaExceeded,
        StoreError::Full => Verdict::StorageUnavailable,
        error if error.fault() == mailstore::Fault::Temporary => Verdict::StorageUnavailable,
        StoreError::ReadOnly(_) => Verdict::StorageUnavailable,
        _ => Verdict::InternalFailure,
    };
    tracing::error!(verdict = verdict.id(), error = &error as &dyn std::error::Error, "store");
    verdict
}
