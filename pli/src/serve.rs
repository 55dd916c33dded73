//! `pli serve`: one operator by its configuration, until it is told to stop.
//!
//! Invariants: SIGINT and SIGTERM end it in order, within the faces' grace; SIGHUP and the clock have
//! published files read again. The operator's key is made at the first start and never printed.
//! Failure: an error of the start says what is in the way and exits 1.

use crate::args::ServeArgs;
use crate::config::{Config, DirectorySection, Names, PublisherSection, SAMPLE, WebSection};
use crate::logging::{self, Level};
use crate::operator::{Files, Listeners, Operator, Parts, Published, Sources, read_web_identity};
use crate::operator_key;
use crate::outbox::Outbox;
use crate::reload::Reloader;
use access::{Courier, CourierError, Notice, Sending};
use directory::{Directory, Limits, Source};
use domain::{Clock, OperatorName, SystemClock};
use mailstore::{Random, SystemRandom};
use pki::Identity;
use std::error::Error;
use std::fs::File;
use std::io::{self, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// How often published files are read again.
const RELOAD: Duration = Duration::from_secs(10 * 60);

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// `pli serve`.
pub(crate) fn run(asked: &ServeArgs) -> Outcome<ExitCode> {
    let Some(path) = &asked.config else {
        io::stdout().write_all(SAMPLE.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    let (config, names) = Config::read(path)?;
    let level = logging::begin(&config.log.level, config.log.format)?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(serve(path, config, names, level))
}

/// No way out for notices.
#[derive(Debug)]
pub(crate) struct Nowhere;

impl Courier for Nowhere {
    fn send(&self, _: Notice) -> Sending<'_> {
        let error = io::Error::other("notifications.maildir is not configured");
        Box::pin(std::future::ready(Err(CourierError::new(error))))
    }
}

async fn serve(path: &Path, config: Config, names: Names, level: Level) -> Outcome<ExitCode> {
    let listeners = Listeners::bind(&config.listen).await?;
    let addresses = listeners.addresses();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let published = Arc::new(published(&config, &names, &clock)?);
    let interval = Duration::from_secs(60 * u64::from(config.trust.fetch_minutes));
    let web_identity = web_identity(&config.web)?;
    let started = config.clone();
    let mut operator =
        start(config, names.clone(), &clock, random, &published, web_identity.clone(), listeners)?;
    import(&operator.directory, &started.directory);
    let reloader = Arc::new(Reloader {
        path: std::path::absolute(path)?,
        started_with: started,
        published: Arc::clone(&published),
        web_identity,
        relay: operator.relay.clone(),
        directory: Arc::clone(&operator.directory),
        level,
    });
    let asked = Arc::clone(&reloader);
    operator.desk.set_reload(Box::new(move || asked.reload()));
    if published.fetches() {
        operator.spawn(|stop| Arc::clone(&published).follow(interval, stop));
    }
    operator.spawn(|mut stop| async move {
        let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
        loop {
            let asked = tokio::select! {
                _ = hangup.recv() => true,
                () = tokio::time::sleep(RELOAD) => false,
                _ = stop.wait_for(|stop| *stop) => return,
            };
            let (published, reloader) = (Arc::clone(&published), Arc::clone(&reloader));
            let work = move || match asked {
                true => reloader.hang_up(),
                false => drop(published.reload()),
            };
            let _ = tokio::task::spawn_blocking(work).await;
        }
    });
    let mut out = io::stdout();
    for (what, at) in [
        ("smtp", addresses.smtp),
        ("submission", addresses.submission),
        ("submissions", addresses.submissions),
        ("imap", addresses.imap),
        ("imaps", addresses.imaps),
        ("https", addresses.https),
        ("metrics", addresses.metrics),
    ] {
        if let Some(at) = at {
            writeln!(out, "  {what:<12} {at}")?;
        }
    }
    writeln!(out, "{} is ready ({}).", names.name, names.hostname)?;
    out.flush()?;
    until_told()?.await;
    operator.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Waits for SIGINT or SIGTERM. Whoever is told that the program is ready may end it at once: they
/// are heard from the call on, not from the first wait.
pub(crate) fn until_told() -> io::Result<impl Future<Output = ()>> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

fn published(config: &Config, names: &Names, clock: &Arc<dyn Clock>) -> Outcome<Published> {
    let trust = &config.trust;
    let signers = trust.list_signers.iter().map(|dn| dn.parse());
    let signers = signers
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| format!("trust.list_signers: {error}"))?;
    std::fs::create_dir_all(&config.operator.data)?;
    let (domain_list_url, revocation_urls) = trust.urls()?;
    let sources = Sources {
        files: Files {
            authorities: trust.authorities.clone(),
            revocations: trust.revocations.clone(),
            domain_list: trust.domain_list.clone(),
            certificate: trust.certificate.clone(),
            key: trust.key.clone(),
        },
        signers,
        mode: names.mode,
        domain_list_url,
        revocation_urls,
        web_authorities: trust.web_authorities.clone(),
    };
    Published::open(sources, Arc::clone(clock), &config.operator.data)
}

/// Where the operator's key lies.
pub(crate) fn key_path(config: &Config) -> PathBuf {
    let beside = || config.operator.data.join("operator.key");
    config.operator.key.clone().unwrap_or_else(beside)
}

/// The certificate of the site, when browsers know another.
fn web_identity(web: &WebSection) -> Outcome<Option<Arc<Identity>>> {
    let read = read_web_identity(web)?;
    Ok(read.map(|read| Identity::new(read.chain, read.key)).transpose()?)
}

fn start(
    config: Config,
    names: Names,
    clock: &Arc<dyn Clock>,
    random: Arc<dyn Random>,
    published: &Arc<Published>,
    web_identity: Option<Arc<Identity>>,
    listeners: Listeners,
) -> Outcome<Operator> {
    let key_file = key_path(&config);
    if !key_file.exists() {
        let key_file = key_file.display();
        writeln!(io::stdout(), "The operator's key is made: {key_file}. Keep a copy apart.")?;
    }
    let key = operator_key::read_or_make(&key_file, &*random)?;
    let courier: Arc<dyn Courier> = match &config.notifications.maildir {
        Some(dir) => Arc::new(Outbox::open(dir, names.postmaster.to_string(), clock.clone())?),
        None => Arc::new(Nowhere),
    };
    let origin = config.web.origin.unwrap_or_else(|| format!("https://{}", names.hostname));
    Operator::start(Parts {
        names,
        data: config.operator.data,
        key,
        published: Arc::clone(published),
        clock: Arc::clone(clock),
        random,
        product: config.operator.product,
        imap_for_citizens: config.imap.citizens,
        courier,
        web_identity,
        web_origin: Some(origin),
        listeners,
    })
}

/// Imports what the configuration names; a file that is not usable leaves what was there.
pub(crate) fn import(directory: &Directory, from: &DirectorySection) {
    if let Some(path) = &from.extraction {
        let imported = File::open(path).map_err(Into::into).and_then(|file| {
            let report = directory.import_extraction(BufReader::new(file), Limits::default());
            report.map(drop).map_err(Into::into)
        });
        report(path, imported);
    }
    for (name, PublisherSection { file: path, .. }) in &from.operators {
        let imported = name.parse::<OperatorName>().map_err(Into::into).and_then(|name| {
            let file = File::open(path)?;
            let source = Source::Operator(name);
            let from = BufReader::new(file);
            let report = directory.import_exchange(&source, from, Limits::default());
            report.map(drop).map_err(Into::into)
        });
        report(path, imported);
    }
}

fn report(path: &std::path::Path, imported: Outcome<()>) {
    if let Err(error) = imported {
        tracing::error!(file = %path.display(), %error, "not imported; what was there stays");
    }
}
