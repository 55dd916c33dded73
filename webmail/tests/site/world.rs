//! One operator of citizens with its site, in memory: professionals who write, a citizen, and a browser that checks
//! every page it gets.

use access::{Access, AccessSettings, Contact, Courier, Notice, Sending};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use directory::{
    Directory, DomainOwners, Holder, Mailbox, MailboxDetails, Organisation, PostalAddress,
    Profession, Professional, Skill,
};
use domain::{
    IdentityTraits, Ins, InsReading, Lang, MailAddress, MailDomain, MailboxKind, ManualClock, Mode,
    ReversePath, Sex,
};
use http_body_util::BodyExt;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use mailstore::disk::SimDisk;
use mailstore::model::account::{AccountState, NewAccount};
use mailstore::model::mailbox::{MailboxName, SpecialUse};
use mailstore::model::principal::{Grant, NewPrincipal, PrincipalKind};
use mailstore::{AccountId, Actor, Faults, Secret, SeededRandom, Store, StoreError, Transaction};
use post::{Arrival, DsnRequest, Envelope, Origin, Peer, Post, RecipientDsn, Settings};
use search::{NoPdf, Search, SearchParts};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use tower::Service;
use webmail::serve::{Site, SiteParts};

pub(crate) const CITIZEN: &str = "279035121518989@patient.example";
pub(crate) const OTHER: &str = "255081416802538@patient.example";
pub(crate) const DOCTOR: &str = "marie.martin@chu.example";
pub(crate) const WARD: &str = "cardiologie@chu.example";
/// Not in the directory.
pub(crate) const STRANGER: &str = "inconnu@chu.example";
pub(crate) const PASSWORD: &str = "le cheval bleu du lundi";
pub(crate) const ORIGIN: &str = "https://pli.example";

/// The operator, its site, and who writes.
pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) post: Post,
    pub(crate) site: Site,
    pub(crate) search: Search,
    pub(crate) codes: Arc<Codes>,
    pub(crate) faults: Arc<Faults>,
    number: Cell<u64>,
}

impl World {
    pub(crate) async fn new() -> Self {
        let clock = ManualClock::new(Timestamp::from_second(1_800_000_000).unwrap());
        let random = Arc::new(SeededRandom::new(7));
        let faults = Arc::new(Faults::default());
        let clock_of = Arc::new(clock.clone());
        let consumers = vec![search::CONSUMER];
        let store = Store::in_memory(clock_of, random.clone(), consumers, faults.clone()).unwrap();
        let search = Search::open(SearchParts {
            store: store.clone(),
            disk: Arc::new(SimDisk::new(7)),
            dir: "/search".into(),
            operator_key: Secret::from_bytes([7; 32]),
            random: random.clone(),
            pdf: Arc::new(NoPdf),
        })
        .unwrap();
        let settings = Settings {
            hostname: "mail.patient.example".parse().unwrap(),
            own_domains: ["patient.example".parse().unwrap()].into(),
            citizen_domains: ["patient.example".parse().unwrap()].into_iter().collect(),
            mode: Mode::Test,
            product: "PLI-TEST".into(),
            max_size: 26_214_400,
        };
        let listed = Arc::new(|domain: &MailDomain| domain.as_str() == "chu.example");
        let pharmacy = Arc::new(|_: &MailAddress| false);
        let clock_of = Arc::new(clock.clone());
        let post = Post::new(settings, store.clone(), clock_of, random.clone(), listed, pharmacy);
        let codes = Arc::new(Codes::default());
        let access = Access::new(
            store.clone(),
            Arc::new(clock.clone()),
            random.clone(),
            codes.clone(),
            AccessSettings::default(),
        );
        let site = Site::new(SiteParts {
            access: access.clone(),
            post: post.clone(),
            directory: Arc::new(directory()),
            operator: "citizens".parse().unwrap(),
            origin: ORIGIN.into(),
            lang: Lang::Fr,
            zone: TimeZone::get("Europe/Paris").unwrap(),
            search: Some(search.clone()),
        });
        let world = Self { clock, post, site, search, codes, faults, number: Cell::new(1) };
        for (address, given, birth, number) in [
            (CITIZEN, "DOMINIQUE", "PAT-TROIS", "279035121518989"),
            (OTHER, "CLAUDE", "AUTRE", "255081416802538"),
        ] {
            let account = world.account(address, given, birth, number).await;
            credentials(&access, &world.post, account, address).await;
        }
        world
    }

    async fn account(&self, address: &str, given: &str, birth: &str, number: &str) -> AccountId {
        let ins = Ins::read(number, "1.2.250.1.213.1.4.10", Mode::Test).unwrap();
        let traits = IdentityTraits::new(
            birth.parse().unwrap(),
            given.parse().unwrap(),
            given.parse().unwrap(),
            "1979-03-28".parse().unwrap(),
            Sex::Female,
            "51215".parse().unwrap(),
        );
        let new = NewAccount {
            address: address.parse().unwrap(),
            kind: MailboxKind::Citizen,
            state: AccountState::Active,
            ins: Some(InsReading::Checked(ins)),
            traits: Some(traits.unwrap()),
            quota: 1_000_000_000,
            mailboxes: vec![(MailboxName::new("Sent").unwrap(), SpecialUse::Sent)],
            owner: None,
        };
        self.post.store().create_account(Actor::SYSTEM, new).await.unwrap().into_inner().account
    }

    pub(crate) fn id(&self, address: &str) -> AccountId {
        let view = self.post.store().operator_view().unwrap();
        view.account_of(&address.parse().unwrap()).unwrap().unwrap()
    }

    /// A message from the hospital's operator; `head` are header fields behind From and Message-ID.
    pub(crate) async fn write(&self, from: &str, to: &str, head: &str, body: &str) {
        let number = self.number.replace(self.number.get() + 1);
        let text = format!("From: {from}\nMessage-ID: <{number}@chu.example>\n{head}\n\n{body}\n");
        let from = from.rsplit(['<', ' ']).next().unwrap().trim_end_matches('>');
        let domains = ["chu.example".parse().unwrap()].into();
        let origin = Origin::Peer(Peer { name: "CN=mail.chu.example".into(), domains });
        let reverse_path = match head.contains("multipart/report") {
            true => ReversePath::Null,
            false => ReversePath::Address(from.parse().unwrap()),
        };
        let to = self.post.recipient(&origin, &to.parse().unwrap(), RecipientDsn::default());
        let envelope = Envelope { reverse_path, dsn: DsnRequest::default(), smtputf8: false };
        let arrival = Arrival {
            helo: "mail.chu.example".into(),
            address: "127.0.0.1".parse().unwrap(),
            protocol: "ESMTPS",
        };
        let incoming = self.post.incoming(origin, envelope, vec![to.unwrap()], Some(arrival));
        let mut incoming = incoming.unwrap();
        incoming.write(text.replace('\n', "\r\n").as_bytes()).unwrap();
        incoming.finish().await.unwrap();
    }

    /// Dr Martin writes to the citizen.
    pub(crate) async fn letter(&self, head: &str, body: &str) {
        self.write(DOCTOR, CITIZEN, head, body).await;
    }

    /// Messages in the queue for other operators, as they will leave.
    /// Leaves so many octets of the citizen's quota.
    pub(crate) async fn leave_room(&self, octets: u64) {
        let store = self.post.store();
        let account =
            store.operator_view().unwrap().account_of(&CITIZEN.parse().unwrap()).unwrap().unwrap();
        let limit = move |tx: &mut Transaction<'_>| -> Result<(), StoreError> {
            let used = tx.counters()?.octets;
            tx.set_quota(used + octets)
        };
        let _ = store.transact(Actor::SYSTEM, account, limit).await.unwrap();
    }

    pub(crate) fn queued(&self) -> Vec<String> {
        let store = self.post.store();
        let due = post::queue::due(store, i64::MAX, 100).unwrap();
        let text = |(_, account, id)| {
            let view = store.view(account).unwrap();
            let entry = post::queue::entry(&view, id).unwrap().unwrap();
            let octets = store.body(&view, entry.body).unwrap().read_all().unwrap();
            String::from_utf8(octets).unwrap()
        };
        due.into_iter().map(text).collect()
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser { router: RefCell::new(self.site.router()), cookies: RefCell::default() }
    }
}

fn directory() -> Directory {
    let citizens: domain::CitizenDomains =
        ["patient.example".parse().unwrap()].into_iter().collect();
    let owners: DomainOwners =
        [("chu.example".parse().unwrap(), "hospital".parse().unwrap())].into_iter().collect();
    let directory = Directory::in_memory(citizens.clone(), owners);
    let mut marie = Professional::named("Marie".parse().ok(), "Martin".parse().unwrap());
    marie.title = "DR".parse().ok();
    marie.profession = Some(Profession::of_code("G15_10".parse().unwrap()));
    marie.skills = vec![Skill::of_code("SM54".parse().unwrap())];
    let house = Organisation {
        legal_name: "CHU de Test".parse().ok(),
        address: PostalAddress {
            town_line: "Chalon-sur-Saône".parse().ok(), ..Default::default()
        },
        ..Default::default()
    };
    let of = |address: &str, kind, professional, service: Option<&str>| {
        let holder = Holder { professional, organisation: Some(house.clone()) };
        let service = service.and_then(|service| service.parse().ok());
        let details = MailboxDetails { service, ..Default::default() };
        Mailbox::new(address.parse().unwrap(), kind, holder, details, &citizens).unwrap()
    };
    let mailboxes = [
        of(DOCTOR, MailboxKind::Personal, Some(marie), None),
        of(WARD, MailboxKind::Organisational, None, Some("Cardiologie")),
    ];
    directory.publish(&"hospital".parse().unwrap(), mailboxes, []).unwrap();
    directory
}

/// A browser: it keeps cookies, follows nothing by itself, and looks at every page.
pub(crate) struct Browser {
    router: RefCell<axum::Router>,
    cookies: RefCell<BTreeMap<String, String>>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: axum::http::HeaderMap,
    pub(crate) octets: Vec<u8>,
}

impl Answer {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.octets.clone()).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    pub(crate) fn location(&self) -> String {
        assert!(self.status.is_redirection(), "{} {}", self.status, self.text());
        self.header("location").to_owned()
    }

    /// The value of a form's first field of that name.
    pub(crate) fn field(&self, name: &str) -> String {
        between(&self.text(), &format!("name=\"{name}\" value=\""), "\"")
    }

    /// The first address of a link that begins so.
    pub(crate) fn link(&self, start: &str) -> String {
        format!("{start}{}", between(&self.text(), &format!("href=\"{start}"), "\""))
    }

    pub(crate) fn says(&self, text: &str) {
        assert!(self.text().contains(text), "{text:?} is missing in:\n{}", self.text());
    }

    pub(crate) fn hides(&self, text: &str) {
        assert!(!self.text().contains(text), "{text:?} is shown in:\n{}", self.text());
    }
}

pub(crate) fn between(text: &str, start: &str, end: &str) -> String {
    let (_, rest) = text.split_once(start).unwrap_or_else(|| panic!("no {start} in:\n{text}"));
    rest.split_once(end).unwrap().0.to_owned()
}

impl Browser {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Request::get(path), Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<String> = fields.iter().map(|(k, v)| format!("{k}={}", encoded(v))).collect();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header("sec-fetch-site", "same-origin");
        self.send(request, body.join("&").into()).await
    }

    /// A form with files: name, media type, octets.
    pub(crate) async fn upload(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        files: &[(&str, &str, &[u8])],
    ) -> Answer {
        let mut body = Vec::new();
        for (name, value) in fields {
            let part = format!(
                "--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
            );
            body.extend(part.into_bytes());
        }
        for (name, media_type, octets) in files {
            let head = format!(
                "--b\r\nContent-Disposition: form-data; name=\"files\"; filename=\"{name}\"\r\n\
                 Content-Type: {media_type}\r\n\r\n"
            );
            body.extend(head.into_bytes());
            body.extend_from_slice(octets);
            body.extend(b"\r\n");
        }
        body.extend(b"--b--\r\n");
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .header("sec-fetch-site", "same-origin");
        self.send(request, body.into()).await
    }

    pub(crate) async fn send(&self, request: axum::http::request::Builder, body: Body) -> Answer {
        let cookies: Vec<String> =
            self.cookies.borrow().iter().map(|(name, value)| format!("{name}={value}")).collect();
        let request = request.header(header::COOKIE, cookies.join("; ")).body(body).unwrap();
        let path = request.uri().path().to_owned();
        let mut router = self.router.borrow().clone();
        let response = router.call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let octets = body.collect().await.unwrap().to_bytes().to_vec();
        let answer = Answer { status: parts.status, headers: parts.headers, octets };
        self.keep_cookies(&answer);
        look(&path, &answer);
        answer
    }

    fn keep_cookies(&self, answer: &Answer) {
        for set in answer.headers.get_all(header::SET_COOKIE) {
            let set = set.to_str().unwrap();
            for needed in
                ["__Host-pli-citizens", "; Path=/", "; Secure", "; HttpOnly", "SameSite=Lax"]
            {
                assert!(set.contains(needed), "{set}");
            }
            let (name, rest) = set.split_once('=').unwrap();
            let value = rest.split(';').next().unwrap();
            if set.contains("Max-Age=0") {
                self.cookies.borrow_mut().remove(name);
            } else {
                self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
            }
        }
    }

    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        self.cookies.borrow().get(name).cloned()
    }

    pub(crate) fn set_cookie(&self, name: &str, value: &str) {
        self.cookies.borrow_mut().insert(name.to_owned(), value.to_owned());
    }
}

fn encoded(text: &str) -> String {
    let byte = |b: u8| match b {
        b if b.is_ascii_alphanumeric() => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    };
    text.bytes().map(byte).collect()
}

/// What holds for every answer there is.
fn look(path: &str, answer: &Answer) {
    let policy = answer.header("content-security-policy");
    assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
    assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
    assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
    assert!(answer.header("strict-transport-security").starts_with("max-age="), "{path}");
    if !path.starts_with("/assets/") {
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
    }
    if !answer.header("content-type").starts_with("text/html") {
        return;
    }
    assert!(!policy.contains("unsafe"), "{path}: {policy}");
    let html = answer.text();
    let lower = html.to_lowercase();
    // Names of attributes: what stands in quotes is a value.
    let unquoted = |tag: &str| tag.split('"').step_by(2).collect::<String>();
    let tags: Vec<String> =
        lower.split('<').skip(1).filter_map(|rest| rest.split('>').next()).map(unquoted).collect();
    for wrong in [" style=", " onclick=", " onload=", " onerror="] {
        assert!(!tags.iter().any(|tag| tag.contains(wrong)), "{path}: {wrong}\n{html}");
    }
    // One script, a file of ours, on pages of who is logged in; no page needs it.
    let scripts: Vec<&str> = lower.split("<script").skip(1).collect();
    assert!(scripts.len() <= 1, "{path}: {} scripts", scripts.len());
    for script in scripts {
        assert!(script.starts_with(" src=\"/assets/"), "{path}: {script}");
        assert!(script.contains("/pli.js\" defer></script>"), "{path}: {script}");
    }
    for wrong in ["<style", "=\"javascript:", "=\"http:", "=\"//"] {
        assert!(!lower.contains(wrong), "{path}: {wrong}\n{html}");
    }
    for address in [DOCTOR, WARD, STRANGER, "@chu.example", "urgences@"] {
        assert!(!lower.contains(address), "{path}: {address} is in the page\n{html}");
    }
    assert!(html.contains("<html lang=\"fr\">") || html.contains("<html lang=\"en\">"), "{path}");
    if !path.contains("/html/") {
        assert!(between(&html, "<title>", "</title>").ends_with("Pli"), "{path}");
        assert_eq!(html.matches("<h1").count(), 1, "{path}\n{html}");
        let primary = html.matches("class=\"button primary\"").count();
        assert!(primary <= 1, "{path}: {primary} primary actions");
    }
}

/// What would leave for ordinary e-mail.
#[derive(Debug, Default)]
pub(crate) struct Codes(Mutex<Vec<String>>);

impl Courier for Codes {
    fn send(&self, notice: Notice) -> Sending<'_> {
        self.0.lock().unwrap().push(notice.text);
        Box::pin(std::future::ready(Ok(())))
    }
}

impl Codes {
    /// The latest code.
    pub(crate) fn latest(&self) -> String {
        let texts = self.0.lock().unwrap();
        let digits = texts.last().unwrap().split(|c: char| !c.is_ascii_digit());
        digits.into_iter().find(|part| part.len() == 6).unwrap().to_owned()
    }
}

impl World {
    /// A browser in which a citizen has logged in.
    pub(crate) async fn logged_in(&self) -> Browser {
        self.logged_in_as(CITIZEN).await
    }

    pub(crate) async fn logged_in_as(&self, address: &str) -> Browser {
        let browser = self.browser();
        let door = browser.get("/login").await;
        let csrf = door.field("csrf");
        let fields = [("csrf", &*csrf), ("identifier", address), ("password", PASSWORD)];
        let answer = browser.post("/login", &fields).await;
        assert_eq!(answer.location(), "/login/code");
        let csrf = browser.get("/login/code").await.field("csrf");
        let code = self.codes.latest();
        let answer = browser.post("/login/code", &[("csrf", &csrf), ("code", &code)]).await;
        assert_eq!(answer.location(), "/conversations");
        browser
    }

    /// The conversation in which somebody wrote the latest message.
    pub(crate) fn thread_of(&self, from: &str) -> String {
        let view = self.post.store().view(self.id(CITIZEN)).unwrap();
        let inbox = view.inbox().unwrap();
        let all = view.placements(inbox, 1, u32::MAX, 100).unwrap();
        let messages = all.iter().rev().map(|(_, place)| view.message(place.message).unwrap());
        let wrote = |message: &mailstore::model::message::Message| {
            message.envelope.from.iter().any(|of| of.addr_spec().as_deref() == Some(from))
        };
        messages.into_iter().find(wrote).unwrap().thread.to_string()
    }
}

/// A principal that owns the account and logs in by password and code.
async fn credentials(access: &Access, post: &Post, account: AccountId, address: &str) {
    let login = address.to_owned();
    let work = move |tx: &mut Transaction<'_>| {
        let principal = tx.create_principal(&NewPrincipal {
            kind: PrincipalKind::Person,
            name: "Citoyen".into(),
            login: Some(login.clone()),
        })?;
        let now = tx.now();
        tx.grant(principal, &Grant::owner(now))?;
        Ok::<_, StoreError>(principal)
    };
    let principal = post.store().transact(Actor::SYSTEM, account, work).await.unwrap().into_inner();
    access.set_password(Actor::SYSTEM, account, principal, PASSWORD).await.unwrap();
    let contact =
        Contact { email: Some("dominique@courriel.example".into()), mobile: None, lang: Lang::Fr };
    access.set_contact(Actor::SYSTEM, account, principal, &contact).await.unwrap();
}
