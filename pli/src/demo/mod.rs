//! `pli demo`: a whole trust domain on loopback, in one process: an authority and three operators
//! with their people, running as `pli serve` runs them.
//!
//! Invariants: only loopback is bound; `demo.json` appears when everything it names can be used; a
//! folder that holds a demo is continued with the same identities and mail. What differs from a real
//! operator is here and nowhere else: fictitious people, known passwords, a clock that can be moved.
//! Failure: an error with its causes, exit code 1; a temporary folder is removed all the same.

mod clock;
mod contract;
mod control;
mod crowd;
mod land;
mod once;
mod people;
mod seed;
mod visitor;

use crate::args::DemoArgs;
use crate::config::{ListenSection, Names};
use crate::operator::{Addresses, Files, Listeners, Operator, Parts, Published, Sources};
use crate::outbox::Outbox;
use crate::{operator_key, serve};
use clock::DemoClock;
use contract::{Contract, Running};
use domain::{Clock, Lang, Mode};
use jiff::{SignedDuration, Timestamp};
use land::{CertificateState, Land};
use mailstore::{Random, SystemRandom};
use mta::client::{Route, Routes};
use people::PLACES;
pub(crate) use seed::{NewCitizen, NewCitizenError};
use std::error::Error;
use std::io::{self, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, watch};
use tokio::task::JoinSet;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Ports of an operator from its first, in this order.
const PORTS: u16 = 10;
/// From one operator's first port to the next one's.
const NEXT_OPERATOR: u16 = 20;
/// From the base port to the control port.
const CONTROL: u16 = 99;
/// The product reference of the demo.
const PRODUCT: &str = "PLI-DEMO";
/// Where notices lie.
const OUTBOX: &str = "outbox";
/// Revocation lists are made anew when they are older than this and something is to be done.
const PUBLISH_AFTER: SignedDuration = SignedDuration::from_hours(3 * 24);
/// How long work that fell due may take.
const SETTLE: Duration = Duration::from_secs(60);

/// `pli demo`.
pub(crate) fn run(asked: &DemoArgs) -> Result<ExitCode, Box<dyn Error + Send + Sync>> {
    let (dir, _removed_at_the_end) = match &asked.data {
        Some(dir) => {
            pki::durable_file::make_secret_directory(dir)?;
            (std::path::absolute(dir)?, None)
        }
        None => {
            let temporary = Temporary::new()?;
            (temporary.0.clone(), Some(temporary))
        }
    };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(demo(asked, &dir))
}

/// A folder that goes when the demo ends.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Result<Self, Box<dyn Error + Send + Sync>> {
        let mut tail = [0; 8];
        SystemRandom.fill(&mut tail).map_err(|_| "no randomness")?;
        let dir = std::env::temp_dir().join(format!("pli-demo-{}", hex::encode(tail)));
        pki::durable_file::make_secret_directory(&dir)?;
        Ok(Self(dir))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // What cannot be removed is left to the system's own cleaning.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

async fn demo(asked: &DemoArgs, dir: &Path) -> Outcome<ExitCode> {
    let lang: Lang = asked.lang.parse()?;
    let quiet = asked.quiet;
    let say = move |line: &str| say(quiet, line);
    say(lang.pick("Le domaine de confiance démarre…", "The trust domain is starting…"));
    let demo = Arc::new(Demo::start(asked, dir, lang).await?);
    let (stop, stopped) = watch::channel(false);
    let control = match asked.clock_control {
        true => Some(listen(asked.base_port, CONTROL).await?),
        false => None,
    };
    let at = control.as_ref().and_then(|listener| listener.local_addr().ok());
    let served =
        control.map(|listener| tokio::spawn(control::serve(listener, Arc::clone(&demo), stopped)));
    if !asked.once {
        once::first_letter(&demo).await?;
    }
    let told = serve::until_told()?;
    demo.contract(at).write(dir).map_err(|error| error.to_string())?;
    let code = if asked.once {
        say(once::heading(lang));
        once::once(&demo, &say).await
    } else {
        for line in demo.welcome() {
            say(&line);
        }
        told.await;
        say(lang.pick("La démonstration s'arrête.", "The demo is ending."));
        ExitCode::SUCCESS
    };
    stop.send_replace(true);
    if let Some(served) = served {
        let _ = served.await;
    }
    // Gone first: who looks for the demo must not find one that ends.
    let _ = std::fs::remove_file(dir.join(contract::FILE));
    if let Some(demo) = Arc::into_inner(demo) {
        demo.stop().await;
    }
    Ok(code)
}

fn say(quiet: bool, line: &str) {
    if !quiet {
        // With standard output gone there is nobody left to tell.
        let _ = writeln!(io::stdout(), "{line}");
    }
}

/// A port at a fixed place, or a free one.
fn port(base: u16, offset: u16) -> Outcome<u16> {
    match base {
        0 => Ok(0),
        _ => Ok(base.checked_add(offset).ok_or("--base-port is too high: 65436 at most")?),
    }
}

async fn listen(base: u16, offset: u16) -> Outcome<TcpListener> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, port(base, offset)?)).await?)
}

/// A running demo.
pub(crate) struct Demo {
    dir: PathBuf,
    lang: Lang,
    clock: Arc<DemoClock>,
    land: Mutex<Land>,
    operators: [Operator; 3],
    addresses: [Addresses; 3],
    /// App secrets, in the order of the desks.
    secrets: Vec<String>,
    bench: Option<&'static str>,
    /// When the authority last published.
    published: Mutex<Timestamp>,
}

impl Demo {
    async fn start(asked: &DemoArgs, dir: &Path, lang: Lang) -> Outcome<Self> {
        let _ = std::fs::remove_file(dir.join(contract::FILE));
        let demo_clock = Arc::new(DemoClock::of(dir));
        let clock: Arc<dyn Clock> = Arc::clone(&demo_clock) as _;
        let mut land = Land::open(dir, &clock)?;
        let mut listeners = Vec::new();
        for place in 0_u16.. {
            if usize::from(place) == PLACES.len() {
                break;
            }
            listeners.push(listeners_of(asked.base_port, place).await?);
        }
        let addresses: Vec<Addresses> = listeners.iter().map(Listeners::addresses).collect();
        let addresses: [Addresses; 3] = addresses.try_into().map_err(|_| "three operators")?;
        for place in &PLACES {
            land.operator(place)?;
        }
        land.publish()?;
        let published = clock.now();
        let mut operators = Vec::new();
        for (index, listeners) in listeners.into_iter().enumerate() {
            operators.push(start_operator(index, dir, &clock, &addresses, listeners, lang)?);
        }
        let operators: [Operator; 3] = operators.try_into().map_err(|_| "three operators")?;
        let secrets = seed::seed(dir, &operators, &mut land).await?;
        let bench = match asked.accounts {
            0 => None,
            accounts => {
                let quiet = asked.quiet;
                let progress = move |made: u32| {
                    let line = match lang {
                        Lang::Fr => format!("  {made} comptes sur {accounts}"),
                        Lang::En => format!("  {made} accounts of {accounts}"),
                    };
                    say(quiet, &line);
                };
                Some(crowd::crowd(&operators, accounts, progress).await?)
            }
        };
        Ok(Self {
            dir: dir.to_owned(),
            lang,
            clock: demo_clock,
            land: Mutex::new(land),
            operators,
            addresses,
            secrets,
            bench,
            published: Mutex::new(published),
        })
    }

    fn contract(&self, control: Option<SocketAddr>) -> Contract {
        Contract::of(&Running {
            addresses: &self.addresses,
            secrets: &self.secrets,
            bench: self.bench,
            control,
        })
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Moves the clock; what falls due on the way is done in order before it goes on.
    pub(crate) async fn advance(&self, seconds: u64) -> Outcome<()> {
        let step = SignedDuration::from_secs(i64::try_from(seconds)?);
        let target = self.now().checked_add(step)?;
        loop {
            self.settle().await?;
            let mut next = None::<i64>;
            for operator in &self.operators {
                let due = post::queue::due(operator.post.store(), target.as_second(), 1)?;
                let due = due.first().map(|(at, ..)| *at);
                let told = record::notices_due(operator.post.store(), target.as_second(), 1)?;
                let told = told.first().map(|(at, ..)| *at);
                next = [next, due, told].into_iter().flatten().min();
            }
            match next {
                Some(at) if at > self.now().as_second() => {
                    self.clock.advance_to(Timestamp::from_second(at)?)?;
                }
                _ => break,
            }
            self.publish_when_old().await?;
        }
        self.clock.advance_to(target)?;
        self.publish_when_old().await?;
        self.settle().await
    }

    /// Has every operator do what is due now, mail of the one for the other included.
    async fn settle(&self) -> Outcome<()> {
        let work = async {
            loop {
                for operator in &self.operators {
                    operator.settle().await;
                }
                let now = self.now().as_second();
                let mut waiting = false;
                for operator in &self.operators {
                    // What the operator's own relay is at just now counts as well.
                    waiting |= operator.relay.is_busy()
                        || !post::queue::due(operator.post.store(), now, 1)?.is_empty();
                }
                if !waiting {
                    return Ok(());
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(SETTLE, work).await.unwrap_or_else(|_| {
            Err(format!("what fell due is not done after {} s", SETTLE.as_secs()).into())
        })
    }

    async fn publish_when_old(&self) -> Outcome<()> {
        let now = self.now();
        let mut published = self.published.lock().await;
        if now.duration_since(*published) >= PUBLISH_AFTER {
            self.publish().await?;
            *published = now;
        }
        Ok(())
    }

    async fn publish(&self) -> Outcome<()> {
        self.land.lock().await.publish()?;
        for operator in &self.operators {
            // What is not taken is in the log.
            let _ = operator.published.reload();
        }
        Ok(())
    }

    /// Gives an operator another certificate; false when there is no such operator.
    pub(crate) async fn set_certificate(
        &self,
        name: &str,
        state: CertificateState,
    ) -> Outcome<bool> {
        let Some(place) = PLACES.iter().find(|place| place.name == name) else {
            return Ok(false);
        };
        self.land.lock().await.set_state(place, state)?;
        self.publish().await?;
        Ok(true)
    }

    pub(crate) async fn create_citizen(
        &self,
        asked: &NewCitizen,
    ) -> Result<seed::MadeCitizen, NewCitizenError> {
        let [_, _, citizens] = &self.operators;
        seed::create_citizen(citizens, asked).await
    }

    /// What a person needs to begin.
    fn welcome(&self) -> Vec<String> {
        let [_, _, citizens] = &self.addresses;
        let port = citizens.https.map_or(0, |at| at.port());
        let outbox = self.dir.join(OUTBOX).join("new");
        let [first, ..] = &people::CITIZENS_TABLE;
        let (ins, password) = (first.ins, people::CITIZEN_PASSWORD);
        let json = self.dir.join(contract::FILE);
        match self.lang {
            Lang::Fr => vec![
                "Le domaine de confiance est prêt : un hôpital, un cabinet, des citoyens.".into(),
                String::new(),
                format!("  Site des citoyens   https://localhost:{port}/"),
                "                      (certificat de démonstration : acceptez l'avertissement)"
                    .into(),
                format!("  Identifiant         {ins}"),
                format!("  Mot de passe        {password}"),
                format!("  Code à usage unique dans {}", outbox.display()),
                String::new(),
                "À regarder d'abord : la conversation avec le CHU, puis « Mon dossier ».".into(),
                format!("Pour les programmes : {}", json.display()),
                "Ctrl-C pour arrêter.".into(),
            ],
            Lang::En => vec![
                "The trust domain is ready: a hospital, a practice, citizens.".into(),
                String::new(),
                format!("  Citizens' site      https://localhost:{port}/"),
                "                      (a certificate of the demo: accept the warning)".into(),
                format!("  Identifier          {ins}"),
                format!("  Password            {password}"),
                format!("  One-time code in    {}", outbox.display()),
                String::new(),
                "Look first at the conversation with the hospital, then at “My record”.".into(),
                format!("For programs: {}", json.display()),
                "Ctrl-C ends it.".into(),
            ],
        }
    }

    /// All at once: each holds connections of the others.
    async fn stop(self) {
        let mut ending: JoinSet<()> = self.operators.into_iter().map(Operator::stop).collect();
        while ending.join_next().await.is_some() {}
    }
}

async fn listeners_of(base: u16, place: u16) -> Outcome<Listeners> {
    let first = place * NEXT_OPERATOR;
    let at = |offset: u16| -> Outcome<Option<SocketAddr>> {
        debug_assert!(offset < PORTS);
        Ok(Some((Ipv4Addr::LOCALHOST, port(base, first + offset)?).into()))
    };
    let asked = ListenSection {
        smtp: at(0)?,
        submission: at(1)?,
        submissions: at(2)?,
        imap: at(3)?,
        imaps: at(4)?,
        // The professionals' desk comes later; only citizens have a site.
        https: if place == 2 { at(5)? } else { None },
        metrics: at(8)?,
    };
    Listeners::bind(&asked).await.map_err(|error| error.to_string().into())
}

fn names(index: usize, addresses: &[Addresses; 3], lang: Lang) -> Outcome<Names> {
    let place = PLACES.get(index).ok_or("no such operator")?;
    let mut routes = Routes::new();
    for (place, at) in PLACES.iter().zip(addresses) {
        let at = at.smtp.ok_or("every operator receives")?;
        let mut route = Route::new(&at.ip().to_string(), at.port());
        route.server_name = Some(place.hostname());
        routes.insert(place.domain.parse()?, route);
    }
    let owners = PLACES.iter().map(|place| Ok((place.domain.parse()?, place.name.parse()?)));
    Ok(Names {
        name: place.name.parse()?,
        hostname: place.hostname().parse()?,
        domains: [place.domain.parse()?].into(),
        citizen_domains: [people::CITIZENS.parse()?].into_iter().collect(),
        postmaster: format!("postmaster@{}", place.domain).parse()?,
        mode: Mode::Test,
        lang,
        zone: jiff::tz::TimeZone::get("Europe/Paris")?,
        routes,
        owners: owners.collect::<Outcome<_>>()?,
    })
}

fn start_operator(
    index: usize,
    dir: &Path,
    clock: &Arc<dyn Clock>,
    addresses: &[Addresses; 3],
    listeners: Listeners,
    lang: Lang,
) -> Outcome<Operator> {
    let place = PLACES.get(index).ok_or("no such operator")?;
    let names = names(index, addresses, lang)?;
    let data = dir.join(place.name);
    std::fs::create_dir_all(&data)?;
    let pki = dir.join("pki");
    let files = Files {
        authorities: pki.join("chain.pem"),
        revocations: Some(pki.join("crl.pem")),
        domain_list: Some(pki.join("domain-list.xml")),
        certificate: pki.join(format!("{}.pem", place.file)),
        key: pki.join(format!("{}.key", place.file)),
    };
    let sources = Sources {
        files,
        signers: Vec::new(),
        mode: Mode::Test,
        domain_list_url: None,
        revocation_urls: Vec::new(),
        web_authorities: None,
    };
    let published = Arc::new(Published::open(sources, Arc::clone(clock), &data)?);
    let random: Arc<dyn Random> = Arc::new(SystemRandom);
    let key = operator_key::read_or_make(&data.join("operator.key"), &*random)?;
    let outbox = Outbox::open(&dir.join(OUTBOX), names.postmaster.to_string(), Arc::clone(clock))?;
    Operator::start(Parts {
        names,
        data,
        key,
        published,
        clock: Arc::clone(clock),
        random,
        product: PRODUCT.to_owned(),
        imap_for_citizens: false,
        courier: Arc::new(outbox),
        web_identity: None,
        web_origin: None,
        listeners,
    })
}
