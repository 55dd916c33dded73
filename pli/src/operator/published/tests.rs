//! An authority's published files behind a small web server, and an operator that follows them.

use super::*;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use domain::ManualClock;
use pki::authority::{AuthorityKey, AuthorityParams};
use pki::domain_list::{Contact, DomainEntry};
use pki::trust::{ALARM_AFTER, ListingFault, STALE_AFTER};
use pki::{Authority, PeerChain, Profile, RevocationReason, Subject, Usage};
use std::collections::BTreeMap;
use std::fs;

/// What a web server gives, by path; and what it was asked.
#[derive(Clone, Default)]
struct Web {
    files: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    answers: Arc<Mutex<Vec<(String, u16)>>>,
}

async fn give(State(web): State<Web>, uri: Uri, asked: HeaderMap) -> Response {
    let path = uri.path().to_owned();
    let file = locked(&web.files).get(&path).cloned();
    let answer = match file {
        None => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        Some(octets) => {
            // The date stands for the contents here.
            let date = format!("v{}", octets.iter().map(|octet| u64::from(*octet)).sum::<u64>());
            if asked.get(header::IF_MODIFIED_SINCE).is_some_and(|known| *known == *date) {
                StatusCode::NOT_MODIFIED.into_response()
            } else {
                ([(header::LAST_MODIFIED, date)], octets).into_response()
            }
        }
    };
    locked(&web.answers).push((path, answer.status().as_u16()));
    answer
}

/// An authority, its web server, and the folder of an operator.
struct Land {
    dir: PathBuf,
    clock: ManualClock,
    authority: Authority,
    identity: Arc<Identity>,
    web: Web,
    base: String,
}

impl Drop for Land {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.dir);
    }
}

const HOUR: SignedDuration = SignedDuration::from_hours(1);

fn operator(host: &str) -> Profile {
    let structure = "1630013605".parse().unwrap();
    let subject = Subject { structure, legal_name: "CHU".into(), department: "Paris (75)".into() };
    let dns_names = vec!["localhost".into()];
    Profile::Operator { subject, host: host.into(), dns_names, ip_addresses: Vec::new() }
}

impl Land {
    async fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("pli-fetch-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(dir.join("data")).unwrap();
        let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
        let mut params = AuthorityParams::new("P", "P", Mode::Test, clock.now()).unwrap();
        params.key = AuthorityKey::Rsa2048;
        let of = Arc::new(clock.clone());
        let mut authority = Authority::init(&dir.join("authority"), params, of).unwrap();
        let issued = authority.issue(&operator("mail.chu.example"), None).unwrap();
        fs::write(dir.join("own.pem"), pki::pem::write_certificates(&issued.chain)).unwrap();
        fs::write(dir.join("own.key"), issued.key.pem().as_bytes()).unwrap();
        let identity = Identity::from_issued(&issued).unwrap();
        let web = Web::default();
        let router = Router::new().fallback(give).with_state(web.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        let mut land = Self { dir, clock, authority, identity, web, base };
        land.publish("chu.example");
        land
    }

    /// Publishes a list that names one domain.
    fn publish(&mut self, domain: &str) {
        let entry = DomainEntry {
            domain: domain.parse().unwrap(),
            description: String::new(),
            dn: Arc::new(self.identity.certificate().subject().clone()),
            responsible: Contact("-".into()),
            support: Contact("-".into()),
            updated: None,
        };
        self.authority.set_domains(vec![entry]).unwrap();
        let public = self.dir.join("public");
        self.authority.publish(&public).unwrap();
        for name in ["crl.pem", "domain-list.xml"] {
            self.offer(name, fs::read(public.join(name)).unwrap());
        }
    }

    fn offer(&self, name: &str, octets: Vec<u8>) {
        locked(&self.web.files).insert(format!("/{name}"), octets);
    }

    fn offered(&self, name: &str) -> Vec<u8> {
        locked(&self.web.files)[&format!("/{name}")].clone()
    }

    fn sources(&self) -> Sources {
        let url = |name: &str| format!("{}/{name}", self.base).parse().unwrap();
        Sources {
            files: Files {
                authorities: self.dir.join("public/chain.pem"),
                revocations: None,
                domain_list: None,
                certificate: self.dir.join("own.pem"),
                key: self.dir.join("own.key"),
            },
            signers: Vec::new(),
            mode: Mode::Test,
            domain_list_url: Some(url("domain-list.xml")),
            revocation_urls: vec![url("crl.pem")],
            web_authorities: None,
        }
    }

    fn wait(&self, step: SignedDuration) {
        self.clock.advance(step.unsigned_abs());
    }

    fn open(&self) -> Published {
        let clock = Arc::new(self.clock.clone());
        Published::open(self.sources(), clock, &self.dir.join("data")).unwrap()
    }

    /// The status of every answer since the last time.
    fn answers(&self) -> Vec<u16> {
        locked(&self.web.answers).drain(..).map(|(_, status)| status).collect()
    }
}

fn lists(published: &Published, domain: &str) -> bool {
    let state = published.trust().state();
    state.domain_list().is_some_and(|list| list.is_listed(&domain.parse().unwrap()))
}

// MSS #4, MSS #6
#[tokio::test]
async fn a_newer_list_is_taken_and_what_is_known_is_not_sent_again() {
    let mut land = Land::new("newer").await;
    let published = land.open();
    assert!(published.trust().state().domain_list().is_none());
    assert!(published.fetch().await && lists(&published, "chu.example"));
    land.wait(HOUR);
    assert!(published.fetch().await);
    assert_eq!(land.answers(), [200, 200, 304, 304]);
    assert_eq!(published.list_age(), Some(SignedDuration::ZERO));
    land.publish("other.example");
    assert!(published.fetch().await);
    assert!(lists(&published, "other.example") && !lists(&published, "chu.example"));
}

// MSS #3, MSS #6
#[tokio::test]
async fn an_older_or_tampered_list_is_refused_and_confirms_nothing() {
    let mut land = Land::new("older").await;
    let older = land.offered("domain-list.xml");
    land.wait(HOUR);
    land.publish("other.example");
    let newer = land.offered("domain-list.xml");
    let published = land.open();
    assert!(published.fetch().await);
    land.wait(HOUR);
    let tampered = String::from_utf8(newer).unwrap().replace("other.example", "mine.example");
    for bad in [older, tampered.into_bytes(), b"<html>maintenance</html>".to_vec()] {
        land.offer("domain-list.xml", bad);
        assert!(!published.fetch().await);
        assert!(lists(&published, "other.example") && !lists(&published, "mine.example"));
        assert_eq!(published.list_age(), Some(HOUR));
    }
}

// MSS #9
#[tokio::test]
async fn an_authority_that_cannot_be_reached_leaves_the_last_good_list_for_known_peers() {
    let land = Land::new("unreachable").await;
    let published = land.open();
    assert!(published.fetch().await);
    locked(&land.web.files).clear();
    land.wait(ALARM_AFTER + HOUR);
    assert!(!published.fetch().await);
    assert_eq!(published.list_age(), Some(ALARM_AFTER + HOUR));
    // A new start changes nothing of that: it asks the disk, not the clock.
    drop(published);
    let published = land.open();
    assert!(!published.fetch().await && lists(&published, "chu.example"));
    assert_eq!(published.list_age(), Some(ALARM_AFTER + HOUR));
    land.wait(STALE_AFTER - ALARM_AFTER);
    let state = published.trust().state();
    let chain = PeerChain::read(&[land.identity.certificate().der().clone()]).unwrap();
    let standing = state.judge_peer(&chain, Usage::Client, land.clock.now()).unwrap();
    assert_eq!(state.listed_for(&standing, &"chu.example".parse().unwrap()), Ok(()));
    let new = state.listed_for(&standing, &"new.example".parse().unwrap());
    assert_eq!(new, Err(ListingFault::Stale));
}

// MSS #21
#[tokio::test]
async fn a_revocation_is_fetched_and_outlives_a_start_without_its_authority() {
    let mut land = Land::new("revoked").await;
    let published = land.open();
    assert!(published.fetch().await);
    let chain = PeerChain::read(&[land.identity.certificate().der().clone()]).unwrap();
    let now = land.clock.now();
    let judge = |published: &Published| {
        let judged = published.trust().state().judge_peer(&chain, Usage::Client, now);
        judged.map(drop)
    };
    assert_eq!(judge(&published), Ok(()));
    let serial = land.identity.certificate().serial().clone();
    land.authority.revoke(&serial, RevocationReason::KeyCompromise).unwrap();
    land.publish("chu.example");
    assert!(published.fetch().await);
    assert_eq!(judge(&published), Err(pki::PeerFault::Revoked));
    locked(&land.web.files).clear();
    drop(published);
    assert_eq!(judge(&land.open()), Err(pki::PeerFault::Revoked));
}

#[tokio::test]
async fn a_file_beside_an_address_serves_until_something_newer_was_fetched() {
    let mut land = Land::new("beside").await;
    let mut sources = land.sources();
    fs::copy(land.dir.join("public/crl.pem"), land.dir.join("crl.pem")).unwrap();
    fs::copy(land.dir.join("public/domain-list.xml"), land.dir.join("list.xml")).unwrap();
    sources.files.revocations = Some(land.dir.join("crl.pem"));
    sources.files.domain_list = Some(land.dir.join("list.xml"));
    land.wait(HOUR);
    land.publish("other.example");
    let clock = Arc::new(land.clock.clone());
    let published = Published::open(sources, clock, &land.dir.join("data")).unwrap();
    assert!(lists(&published, "chu.example"));
    assert!(published.fetch().await && lists(&published, "other.example"));
    assert!(published.reload().iter().all(|(_, step)| matches!(step, Ok(false))));
    assert!(lists(&published, "other.example"));
}

#[tokio::test]
async fn a_file_without_end_and_a_redirection_are_not_followed() {
    let land = Land::new("bounds").await;
    let fetcher = land.open().fetcher;
    land.offer("big", vec![b'x'; 4096]);
    let url = |path: &str| format!("{}/{path}", land.base).parse().unwrap();
    let known = http::Validators::default();
    let refused = fetcher.get(&url("big"), &known, 4095).await;
    assert!(matches!(refused, Err(http::FetchError::Body(4095, _))), "{refused:?}");
    assert!(fetcher.get(&url("big"), &known, 4096).await.is_ok());
    let refused = fetcher.get(&url("none"), &known, 4096).await;
    assert!(matches!(refused, Err(http::FetchError::Status(status)) if status == 503));
    let ftp = "ftp://127.0.0.1/list".parse().unwrap();
    assert!(matches!(fetcher.get(&ftp, &known, 1).await, Err(http::FetchError::Scheme)));
}

#[tokio::test]
async fn by_https_the_server_must_be_known_to_the_authorities() {
    let land = Land::new("https").await;
    let clock: Arc<dyn Clock> = Arc::new(land.clock.clone());
    let published = land.open();
    let (identity, trust) = (published.identity(), published.trust());
    let tls = tls::server_config(identity, trust, pki::ClientAuth::None, &clock).unwrap();
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(stream) = acceptor.accept(stream).await else { continue };
            let answer = |_| async {
                Ok::<_, std::convert::Infallible>(hyper::Response::new("hello".to_owned()))
            };
            let connection = hyper::server::conn::http1::Builder::new();
            let io = hyper_util::rt::TokioIo::new(stream);
            let _ = connection.serve_connection(io, hyper::service::service_fn(answer)).await;
        }
    });
    let known = http::Validators::default();
    let get = |host: &str| {
        let url = format!("https://{host}:{port}/x").parse().unwrap();
        let (fetcher, known) = (published.fetcher.clone(), known.clone());
        async move { fetcher.get(&url, &known, 64).await }
    };
    assert!(
        matches!(get("localhost").await, Ok(http::Fetched::File { octets, .. }) if octets == b"hello")
    );
    // The certificate does not name the address.
    assert!(matches!(get("127.0.0.1").await, Err(http::FetchError::Tls(_))));
}
