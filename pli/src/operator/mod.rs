//! One operator: its store, its trust, its faces and its services, started and stopped together.
//!
//! Invariants: nothing is global; two operators in one process never meet. Sockets are bound before
//! anything starts; at the end the faces stop first, then relay and services, then the store, so that
//! what was acknowledged is on the disk.
//! Failure: an error of the start names what is in the way; later failures are the faces' own.

mod counted;
mod finding;
mod listeners;
mod log_in;
mod metrics;
mod published;
mod watched;
mod web_identity;
mod worker;

use finding::ByIndex;
pub(crate) use finding::READ_PDF;
pub(crate) use listeners::{Addresses, Listeners};
pub(crate) use published::{Files, Published, Sources};
pub(crate) use web_identity::read_web_identity;

use crate::administration::{self, Control, Desk, SOCKET};
use crate::config::Names;
use access::{Access, AccessSettings, Courier};
use counted::Counted;
use directory::{Directory, Label};
use domain::{Clock, MailAddress, MailDomain};
use kit::Runner;
use log_in::ByAccess;
use mailstore::disk::RealDisk;
use mailstore::{Embedding, OpenError, Random, Secret, Store};
use metrics::Metrics;
use mta::client::{Schedule, SystemResolver};
use mta::reception::Reception;
use mta::relay::{Relay, RelayParts};
use mta::server::config::{Role, SessionConfig};
use mta::submission::Submission;
use pki::tls::server_config;
use pki::{ClientAuth, Identity};
use post::{Post, Settings};
use search::Search;
use std::error::Error;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;
use watched::Watched;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Octets of a message.
// MSS #34
pub(crate) const MAX_MESSAGE: u64 = 26_214_400;

/// What an operator is started with.
pub(crate) struct Parts {
    pub(crate) names: Names,
    /// Where the store and the directory lie.
    pub(crate) data: PathBuf,
    pub(crate) key: Secret,
    pub(crate) published: Arc<Published>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) random: Arc<dyn Random>,
    pub(crate) product: String,
    /// Whether citizens may use mail programs.
    pub(crate) imap_for_citizens: bool,
    /// By which way one-time codes leave.
    pub(crate) courier: Arc<dyn Courier>,
    /// The certificate of the site, when browsers know another.
    pub(crate) web_identity: Option<Arc<Identity>>,
    /// Where people find the site; none: at the port it is bound to on localhost.
    pub(crate) web_origin: Option<String>,
    pub(crate) listeners: Listeners,
}

/// A running operator.
pub(crate) struct Operator {
    pub(crate) store: Store,
    pub(crate) post: Post,
    pub(crate) access: Access,
    pub(crate) directory: Arc<Directory>,
    pub(crate) published: Arc<Published>,
    pub(crate) relay: Relay,
    pub(crate) services: Arc<Runner>,
    search: Option<Search>,
    notices: documents::Notices,
    /// Where administrators' requests are answered.
    pub(crate) desk: Arc<Desk>,
    metrics: Arc<Metrics>,
    faces: watch::Sender<bool>,
    workers: watch::Sender<bool>,
    face_tasks: JoinSet<()>,
    worker_tasks: JoinSet<()>,
    /// Kept, so that faces can take another configuration.
    _tls: Vec<watch::Sender<Arc<rustls::ServerConfig>>>,
}

/// Opens the store in `data/store`, making an empty one at the first start.
pub(crate) fn open_store(
    data: &Path,
    key: Secret,
    clock: Arc<dyn Clock>,
    random: Arc<dyn Random>,
) -> Outcome<Store> {
    let dir = data.join("store");
    std::fs::create_dir_all(data)?;
    let embedding = Embedding {
        disk: Arc::new(RealDisk),
        dir: dir.clone(),
        operator_key: key,
        clock,
        random,
        consumers: vec![documents::CONSUMER, search::CONSUMER],
    };
    let (store, recovery) = match Store::open(embedding.clone()) {
        Err(OpenError::Absent) => {
            Store::create(&embedding)?;
            tracing::info!(dir = %dir.display(), "an empty store was made");
            Store::open(embedding)?
        }
        opened => opened?,
    };
    tracing::debug!(?recovery, "the store is open");
    Ok(store)
}

impl Operator {
    /// Starts everything.
    pub(crate) fn start(parts: Parts) -> Outcome<Self> {
        let Parts { names, data, key, published, clock, random, product, .. } = &parts;
        let store = open_store(data, key.clone(), Arc::clone(clock), Arc::clone(random))?;
        let opened = Directory::open(
            data,
            names.citizen_domains.clone(),
            names.owners.iter().cloned().collect(),
        )?;
        for damage in &opened.damage {
            tracing::error!(?damage, "a file of the directory could not be used");
        }
        let directory = Arc::new(opened.directory);
        let trust = Arc::clone(published.trust());
        let listed = Arc::clone(&trust);
        let is_listed = Arc::new(move |domain: &MailDomain| {
            listed.state().domain_list().is_some_and(|list| list.is_listed(domain))
        });
        let pharmacies = Arc::clone(&directory);
        let takes_prescriptions = Arc::new(move |address: &MailAddress| {
            let found = pharmacies.snapshot().find(address);
            found.is_some_and(|found| found.mailbox.details().accepts_citizen_prescriptions)
        });
        let settings = Settings {
            hostname: names.hostname.clone(),
            own_domains: names.domains.clone(),
            citizen_domains: names.citizen_domains.clone(),
            mode: names.mode,
            product: product.clone(),
            max_size: MAX_MESSAGE,
        };
        let post = Post::new(
            settings,
            store.clone(),
            Arc::clone(clock),
            Arc::clone(random),
            is_listed,
            takes_prescriptions,
        );
        let access = Access::new(
            store.clone(),
            Arc::clone(clock),
            Arc::clone(random),
            Arc::clone(&parts.courier),
            AccessSettings { citizens_may_use_imap: parts.imap_for_citizens },
        );
        let labels = Arc::clone(&directory);
        let lang = names.lang;
        let relay = Relay::new(RelayParts {
            post: post.clone(),
            trust: Arc::clone(&trust),
            identity: Arc::clone(published.identity()),
            clock: Arc::clone(clock),
            routes: names.routes.clone(),
            resolver: Arc::new(SystemResolver::new().map_err(|_| "there is no name server")?),
            schedule: Schedule::default(),
            postmaster: names.postmaster.clone(),
            zone: names.zone.clone(),
            label_of: Arc::new(move |address: &MailAddress| {
                Some(Label::of(&labels.snapshot().find(address)?.mailbox).web(lang))
            }),
        });
        let documents = Arc::new(documents::Documents::new(post.clone()));
        let services = Arc::new(Runner::new(store.clone(), documents)?);
        let notices = documents::Notices::new(post.clone(), access.clone());
        let search = finding::open(data, &store, key.clone(), Arc::clone(random));
        let control = Control::bind(data)
            .map_err(|error| format!("{} cannot be made: {error}", data.join(SOCKET).display()))?;
        let desk = Arc::new(Desk::new(administration::Parts {
            names: names.clone(),
            access: access.clone(),
            post: post.clone(),
            relay: Some(relay.clone()),
        }));
        let mut operator = Self {
            notices,
            store,
            post,
            access,
            directory,
            published: Arc::clone(published),
            relay,
            services,
            search,
            desk,
            metrics: Arc::new(Metrics::new()),
            faces: watch::Sender::new(false),
            workers: watch::Sender::new(false),
            face_tasks: JoinSet::new(),
            worker_tasks: JoinSet::new(),
            _tls: Vec::new(),
        };
        let desk = Arc::clone(&operator.desk);
        operator.spawn(|stop| control.serve(desk, stop));
        operator.open_faces(parts)?;
        operator.start_workers();
        Ok(operator)
    }

    fn start_workers(&mut self) {
        let relay = self.relay.clone();
        self.keep_at_work("relay", move |stop| relay.clone().run(stop));
        let services = Arc::clone(&self.services);
        self.keep_at_work("services", move |stop| {
            let services = Arc::clone(&services);
            async move { services.run(stop).await }
        });
        let notices = self.notices.clone();
        self.keep_at_work("notices", move |stop| {
            let notices = notices.clone();
            async move { notices.run(stop).await }
        });
        if let Some(search) = self.search.clone() {
            self.keep_at_work("search", move |stop| search.clone().run(stop));
        }
    }

    fn keep_at_work<F>(
        &mut self,
        name: &'static str,
        start: impl Fn(watch::Receiver<bool>) -> F + Send + 'static,
    ) where
        F: Future<Output = ()> + Send + 'static,
    {
        let kept = worker::keep_at_work(name, self.workers.subscribe(), start);
        self.worker_tasks.spawn(kept);
    }

    fn open_faces(&mut self, parts: Parts) -> Outcome<()> {
        let Parts { names, published, clock, listeners, .. } = parts;
        let trust = published.trust();
        let offered = server_config(published.identity(), trust, ClientAuth::Offered, &clock)?;
        let offered = self.tls(offered);
        let Listeners { smtp, submission, submissions, imap, imaps, https, metrics } = listeners;
        let session = |role| {
            let mut config =
                SessionConfig::new(role, names.hostname.clone(), names.postmaster.clone());
            config.lang = names.lang;
            config
        };
        if let Some(listener) = smtp {
            let reception = Reception::new(self.post.clone(), Arc::clone(trust), clock.clone());
            let config = mta::server::serve::ListenerConfig::new(session(Role::Reception));
            self.serve_smtp(config, Arc::new(reception), &offered, listener, "smtp");
        }
        let handler = Arc::new(Submission::new(
            self.post.clone(),
            self.access.clone(),
            Arc::clone(trust),
            clock.clone(),
        ));
        for (listener, implicit_tls, name) in
            [(submission, false, "submission"), (submissions, true, "submissions")]
        {
            let Some(listener) = listener else { continue };
            let mut config = mta::server::serve::ListenerConfig::new(session(Role::Submission));
            config.implicit_tls = implicit_tls;
            self.serve_smtp(config, Arc::clone(&handler), &offered, listener, name);
        }
        let log_in = Arc::new(ByAccess::new(
            self.access.clone(),
            Arc::clone(trust),
            clock.clone(),
            Arc::clone(&self.metrics),
        ));
        for (listener, implicit_tls) in [(imap, false), (imaps, true)] {
            let Some(listener) = listener else { continue };
            let config = imap::serve::ListenerConfig {
                implicit_tls,
                ..imap::serve::ListenerConfig::default()
            };
            let server = imap::serve::Server::new(
                config,
                Arc::clone(&log_in),
                self.store.clone(),
                offered.clone(),
                self.faces.subscribe(),
            );
            let server = match &self.search {
                Some(search) => server.finding(Arc::new(ByIndex(search.clone()))),
                None => server,
            };
            self.face_tasks.spawn(server.run(listener));
        }
        if let Some(listener) = metrics {
            let watched = Watched {
                metrics: Arc::clone(&self.metrics),
                post: self.post.clone(),
                published: Arc::clone(&published),
                clock: Arc::clone(&clock),
            };
            self.face_tasks.spawn(watched::serve(listener, watched, self.faces.subscribe()));
        }
        if let Some(listener) = https {
            let port = listener.local_addr()?.port();
            let identity = parts.web_identity.as_ref().unwrap_or(published.identity());
            let tls = self.tls(server_config(identity, trust, ClientAuth::None, &clock)?);
            let site = webmail::serve::Site::new(webmail::serve::SiteParts {
                access: self.access.clone(),
                post: self.post.clone(),
                directory: Arc::clone(&self.directory),
                operator: names.name.clone(),
                origin: parts.web_origin.unwrap_or_else(|| format!("https://localhost:{port}")),
                lang: names.lang,
                zone: names.zone.clone(),
                search: self.search.clone(),
            });
            self.face_tasks.spawn(site.run(listener, tls, self.faces.subscribe()));
        }
        Ok(())
    }

    fn tls(&mut self, config: rustls::ServerConfig) -> watch::Receiver<Arc<rustls::ServerConfig>> {
        let (sender, receiver) = watch::channel(Arc::new(config));
        self._tls.push(sender);
        receiver
    }

    fn serve_smtp<H: mta::server::handler::Handler>(
        &mut self,
        config: mta::server::serve::ListenerConfig,
        handler: Arc<H>,
        tls: &watch::Receiver<Arc<rustls::ServerConfig>>,
        listener: TcpListener,
        name: &'static str,
    ) {
        let stop = self.faces.subscribe();
        let handler = Arc::new(Counted::new(handler, &self.metrics, name));
        let server = mta::server::serve::Server::new(config, handler, tls.clone(), stop);
        self.face_tasks.spawn(server.run(listener));
    }

    /// Has the workers take a task of the operator's own along, until it is told to stop.
    pub(crate) fn spawn<F>(&mut self, work: impl FnOnce(watch::Receiver<bool>) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.worker_tasks.spawn(work(self.workers.subscribe()));
    }

    /// Does what is due now: queue and services, until there is nothing left to do at this moment.
    pub(crate) async fn settle(&self) {
        loop {
            let sent = self.relay.run_due().await;
            let served = self.services.run_until_idle().await;
            let told = self.notices.run_due().await;
            if sent == 0 && served == 0 && told == 0 {
                return;
            }
        }
    }

    /// Ends everything: faces, then workers; the store closes when its last user is gone.
    pub(crate) async fn stop(mut self) {
        self.faces.send_replace(true);
        while self.face_tasks.join_next().await.is_some() {}
        self.workers.send_replace(true);
        while self.worker_tasks.join_next().await.is_some() {}
    }
}
