//! The site as an auditor tries it: every form, sessions, what a guesser learns, limits, paths, what browsers keep.

use crate::world::{Answer, Browser, CITIZEN, DOCTOR, ORIGIN, PASSWORD, World, between};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use mailstore::model::account::AccountState;
use mailstore::{Actor, StoreError, Transaction};
use std::time::{Duration, Instant};

const SESSION: &str = "__Host-pli-citizens";
const ROUTES: &str = include_str!("../../src/routes.rs");

/// A citizen's browser, the addresses of a conversation, of an attachment that may be filed, and of an entry.
struct Place {
    browser: Browser,
    thread: String,
    file: String,
    entry: String,
    csrf: String,
    token: String,
}

impl Place {
    async fn of(world: &World) -> Self {
        let head = "Subject: A\nContent-Type: multipart/mixed; boundary=x";
        let body = "--x\nContent-Type: text/html\n\n<p>a</p>\n--x\nContent-Type: text/plain; name=a.txt\n\
            Content-Disposition: attachment; filename=a.txt\n\ncontenu\n--x\nContent-Type: text/plain\n\
            Content-Disposition: attachment; filename=b.txt\n\nautre\n--x--";
        world.letter(head, body).await;
        let browser = world.logged_in().await;
        let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
        let page = browser.get(&thread).await;
        let (csrf, token) = (page.field("csrf"), page.field("token"));
        let file = page.link("/messages/");
        browser.post(&file, &[("csrf", &csrf), ("name", "Un"), ("kind", "other")]).await.location();
        let entry = browser.get("/record").await.link("/record/");
        // The other one may be filed still.
        let page = browser.get(&thread).await.text();
        let file = page.split('"').find(|piece| piece.contains("/file/")).unwrap().to_owned();
        Self { browser, thread, file, entry, csrf, token }
    }

    /// Every address that takes a form, and whether the form has files.
    fn forms(&self) -> Vec<(String, bool)> {
        let message = between(&self.file, "/messages/", "/");
        let files =
            ["/conversations/new", "/conversations/new/draft", "/conversations/new/discard"];
        let answers = ["reply", "draft", "discard"].map(|what| format!("{}/{what}", self.thread));
        let plain = [
            "/login".into(),
            "/login/code".into(),
            "/logout".into(),
            "/account/end".into(),
            "/account/end-others".into(),
            "/session/stay".into(),
            self.file.clone(),
            format!("/messages/{message}/undo"),
            format!("{}/take-back", self.entry),
            format!("{}/undo", self.entry),
        ];
        let files = files.map(String::from).into_iter().chain(answers).map(|path| (path, true));
        files.chain(plain.map(|path| (path, false))).collect()
    }

    async fn send(&self, path: &str, with_files: bool, csrf: &str) -> Answer {
        let fields = [
            ("csrf", csrf),
            ("token", &*self.token),
            ("text", "x"),
            ("subject", "x"),
            ("name", "x"),
            ("session", "00000000000000000000000000000000"),
        ];
        match with_files {
            true => self.browser.upload(path, &fields, &[]).await,
            false => self.browser.post(path, &fields).await,
        }
    }
}

#[tokio::test]
async fn no_form_does_anything_without_its_sessions_token() {
    let world = World::new().await;
    let place = Place::of(&world).await;
    let others = world.logged_in_as(crate::world::OTHER).await;
    let others = others.get("/account").await.field("csrf");
    let forms = place.forms();
    let taken = ROUTES.matches("post(").count();
    assert_eq!(forms.len(), taken, "every address that takes a form is tried");
    let before = place.browser.get(&place.thread).await.text();
    for (path, with_files) in &forms {
        for wrong in ["", "0", &others, &place.csrf.to_uppercase()] {
            if wrong == place.csrf {
                continue;
            }
            let answer = place.send(path, *with_files, wrong).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path} {wrong:?}");
        }
    }
    let entry = place.browser.get(&place.entry).await;
    entry.says("Retirer de mon dossier");
    assert!(world.queued().is_empty());
    let strip = |page: &str| page.replace(&between(page, "name=\"token\" value=\"", "\""), "");
    let after = place.browser.get(&place.thread).await.text();
    assert_eq!(strip(&after), strip(&before));
}

#[tokio::test]
async fn no_form_is_taken_from_another_site_and_none_by_get() {
    let world = World::new().await;
    let place = Place::of(&world).await;
    for (path, with_files) in place.forms() {
        let kind = match with_files {
            true => "multipart/form-data; boundary=b",
            false => "application/x-www-form-urlencoded",
        };
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("sec-fetch-site", "none"),
            ("origin", "https://evil.example"),
            ("origin", "https://pli.example.evil.example"),
            ("origin", "http://pli.example"),
        ] {
            let request =
                Request::post(&path).header(header::CONTENT_TYPE, kind).header(name, value);
            let answer = place.browser.send(request, Body::from(format!("csrf={}", place.csrf)));
            assert_eq!(answer.await.status, StatusCode::FORBIDDEN, "{path} {name}: {value}");
        }
        let asked = place.browser.get(&format!("{path}?csrf={}&text=x", place.csrf)).await;
        assert!(asked.status.is_success() || asked.status.is_redirection() || asked.status == 404);
    }
    assert!(world.queued().is_empty());
    assert_eq!(place.browser.get("/account").await.status, StatusCode::OK, "still logged in");
    let request = Request::post("/session/stay")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("origin", ORIGIN);
    let answer = place.browser.send(request, Body::from(format!("csrf={}", place.csrf))).await;
    assert_eq!(answer.status, StatusCode::OK, "our own origin is ours");
}

/// Logs in with the cookies that a browser has; the answer to the code.
async fn enter(world: &World, browser: &Browser) -> Answer {
    let csrf = browser.get("/login").await.field("csrf");
    let fields = [("csrf", &*csrf), ("identifier", CITIZEN), ("password", PASSWORD)];
    browser.post("/login", &fields).await.location();
    let csrf = browser.get("/login/code").await.field("csrf");
    browser.post("/login/code", &[("csrf", &csrf), ("code", &world.codes.latest())]).await
}

#[tokio::test]
async fn a_session_that_somebody_planted_is_never_the_one_that_opens() {
    let world = World::new().await;
    // An attacker's own session and log-in, planted in the victim's browser.
    let attacker = world.logged_in_as(crate::world::OTHER).await;
    let planted = attacker.cookie(SESSION).unwrap();
    let victim = world.browser();
    let door = "0123456789abcdef0123456789abcdef";
    victim.set_cookie(&format!("{SESSION}-door"), door);
    enter(&world, &victim).await.location();
    let first = victim.cookie(SESSION).unwrap();
    assert_ne!(first, planted);
    assert!(
        victim.cookie(&format!("{SESSION}-door")).is_none(),
        "the door's token ends at the door"
    );
    assert!(victim.cookie(&format!("{SESSION}-code")).is_none());
    // Each log-in has a session of its own.
    let again = world.browser();
    enter(&world, &again).await.location();
    assert_ne!(again.cookie(SESSION).unwrap(), first);
    // Before the code there is no session, and half a cookie opens nothing.
    for wrong in ["", "x", &first[..first.len() - 2], &format!("{first}AA"), &"A".repeat(43)] {
        let browser = world.browser();
        browser.set_cookie(SESSION, wrong);
        assert_eq!(browser.get("/conversations").await.location(), "/login?ended", "{wrong}");
    }
}

#[tokio::test]
async fn a_log_in_is_confirmed_once_and_by_nobody_elses_code() {
    let world = World::new().await;
    let browser = world.browser();
    let csrf = browser.get("/login").await.field("csrf");
    let fields = [("csrf", &*csrf), ("identifier", CITIZEN), ("password", PASSWORD)];
    browser.post("/login", &fields).await.location();
    let (pending, code) =
        (browser.cookie(&format!("{SESSION}-code")).unwrap(), world.codes.latest());
    browser.post("/login/code", &[("csrf", &csrf), ("code", &code)]).await.location();
    let thief = world.browser();
    let csrf = thief.get("/login").await.field("csrf");
    thief.set_cookie(&format!("{SESSION}-code"), &pending);
    let again = thief.post("/login/code", &[("csrf", &csrf), ("code", &code)]).await;
    again.says("Ce code ne vaut plus");
    assert!(thief.cookie(SESSION).is_none());
    // What never was looks the same as what is over.
    let forged = world.browser();
    let csrf = forged.get("/login").await.field("csrf");
    forged.set_cookie(&format!("{SESSION}-code"), &"A".repeat(43));
    let never = forged.post("/login/code", &[("csrf", &csrf), ("code", "123456")]).await;
    assert_eq!(never.status, again.status);
    never.says("Ce code ne vaut plus");
}

#[tokio::test]
async fn who_has_an_account_cannot_be_found_out_at_the_door() {
    let world = World::new().await;
    let closed = world.id(crate::world::OTHER);
    let work = |tx: &mut Transaction<'_>| {
        tx.set_account_state(AccountState::Closed)?;
        Ok::<_, StoreError>(())
    };
    let _ = world.post.store().transact(Actor::SYSTEM, closed, work).await.unwrap();
    let browser = world.browser();
    let csrf = browser.get("/login").await.field("csrf");
    let attempts = [
        ("nobody@patient.example", "a wrong password"),
        (CITIZEN, "a wrong password"),
        (crate::world::OTHER, "a wrong password"),
        // Right, but the account is closed.
        (crate::world::OTHER, PASSWORD),
    ];
    let mut seen = Vec::new();
    for (identifier, password) in attempts {
        let fields = [("csrf", &*csrf), ("identifier", identifier), ("password", password)];
        let answer = browser.post("/login", &fields).await;
        assert!(answer.header("set-cookie").is_empty());
        seen.push((answer.status, answer.text().replace(identifier, "")));
    }
    assert!(seen.iter().all(|one| *one == seen[0]), "all look the same");
}

#[tokio::test]
async fn a_name_that_nobody_has_takes_as_long_as_a_wrong_password() {
    let world = World::new().await;
    let browser = world.browser();
    let csrf = browser.get("/login").await.field("csrf");
    let mut took = [Duration::MAX; 2];
    // The first of each may have something to make ready; the shortest is the work itself.
    for _ in 0..4 {
        for (at, identifier) in [CITIZEN, "279035121599999@patient.example"].into_iter().enumerate()
        {
            let fields = [("csrf", &*csrf), ("identifier", identifier), ("password", "wrong")];
            let began = Instant::now();
            browser.post("/login", &fields).await;
            took[at] = took[at].min(began.elapsed());
        }
    }
    let [known, nobody] = took;
    assert!(nobody > known / 2 && known > nobody / 2, "{known:?} {nobody:?}");
}

#[tokio::test]
async fn what_is_read_of_a_form_is_bounded_in_each_direction() {
    let world = World::new().await;
    let place = Place::of(&world).await;
    let reply = format!("{}/reply", place.thread);
    let signed = [("csrf", &*place.csrf), ("token", &*place.token)];
    let long = "x".repeat(513 * 1024);
    let fields = [signed[0], signed[1], ("text", &*long)];
    let answer = place.browser.upload(&reply, &fields, &[]).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    answer.says("Rien n’est parti");
    let draft = place.browser.upload(&format!("{}/draft", place.thread), &fields, &[]).await;
    assert_eq!(draft.status, StatusCode::PAYLOAD_TOO_LARGE);
    let names: Vec<String> = (0..11).map(|number| format!("f{number}")).collect();
    let many: Vec<_> = names.iter().map(|name| (&**name, "x")).collect();
    let answer = place.browser.upload(&reply, &many, &[]).await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    let file = ("a.txt", "text/plain", &b"x"[..]);
    let fields = [signed[0], signed[1], ("text", "x")];
    let answer = place.browser.upload(&reply, &fields, &[file; 21]).await;
    assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    answer.says("ou sont trop nombreux");
    // More than is read at all: nothing of it is kept.
    let request = Request::post(&reply)
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
        .header(header::CONTENT_LENGTH, 101 * 1024 * 1024);
    let answer = place.browser.send(request, Body::from(vec![b'x'; 101 * 1024 * 1024])).await;
    assert!(answer.status.is_client_error(), "{}", answer.status);
    // A draft of what would be too long to send is cut, not refused.
    let long = "é".repeat(120_000);
    let fields = [signed[0], signed[1], ("text", &*long)];
    place.browser.upload(&format!("{}/draft", place.thread), &fields, &[]).await.location();
    assert!(world.queued().is_empty());
}

#[tokio::test]
async fn no_path_leads_out_of_what_is_served() {
    let world = World::new().await;
    let place = Place::of(&world).await;
    let css = place.browser.get("/login?lang=fr").await;
    let css = if css.status.is_redirection() { place.browser.get("/account").await } else { css };
    let folder = css.link("/assets/").rsplit_once('/').unwrap().0.to_owned();
    let mut paths: Vec<String> = [
        "/../etc/passwd",
        "/..%2f..%2fetc%2fpasswd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%5c..%5cetc%5cpasswd",
        "/pli.css%00.png",
        "/%252e%252e%252fetc%252fpasswd",
        "/./pli.css",
        "/pli.css/",
        "//pli.css",
    ]
    .map(|path| format!("{folder}{path}"))
    .into();
    for id in ["..", "%2e%2e", "..%2f..%2faccount", "%00", "0", "é"] {
        let id = if id == "é" { "%C3%A9" } else { id };
        for path in ["/record/{}", "/record/{}/view", "/conversations/{}", "/messages/{}/parts/1"] {
            paths.push(path.replace("{}", id));
        }
    }
    let message = between(&place.file, "/messages/", "/");
    for part in ["0", "9", "1.1.1", "-1", "1..2", "4294967296", "..%2f1", &"1.".repeat(5000)] {
        paths.push(format!("/messages/{message}/parts/{part}"));
    }
    for path in paths {
        let answer = place.browser.get(&path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(!answer.text().contains("root:"), "{path}");
    }
}

#[tokio::test]
async fn browsers_keep_nothing_of_anybodys_health_and_run_none_of_it() {
    let world = World::new().await;
    let place = Place::of(&world).await;
    let message = between(&place.file, "/messages/", "/");
    for path in [
        "/conversations".to_owned(),
        place.thread.clone(),
        format!("{}/print", place.thread),
        "/record".into(),
        "/record?by=date".into(),
        place.entry.clone(),
        format!("{}/download", place.entry),
        format!("/messages/{message}/parts/2"),
        format!("/messages/{message}/html/1"),
        "/account".into(),
    ] {
        let answer = place.browser.get(&path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        assert_eq!(answer.header("cache-control"), "no-store", "{path}");
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        let policy = answer.header("content-security-policy");
        for wrong in ["unsafe-inline", "unsafe-eval", "http:", "https:", "*", "data:"] {
            assert!(!policy.contains(wrong), "{path}: {policy}");
        }
        if path.contains("/parts/") || path.contains("/download") {
            assert!(policy.contains("sandbox"), "{path}: {policy}");
            assert!(answer.header("content-disposition").starts_with("attachment"), "{path}");
        }
        if path.contains("/html/") {
            assert!(policy.contains("sandbox") && !policy.contains("script-src"), "{policy}");
        }
    }
    // A log-out takes everything of the site out of the browser.
    let out = place.browser.post("/logout", &[("csrf", &place.csrf)]).await;
    assert_eq!(out.header("clear-site-data"), "\"cache\", \"storage\"");
    for method in ["TRACE", "PUT", "DELETE", "OPTIONS"] {
        let request = Request::builder().method(method).uri("/record");
        let answer = place.browser.send(request, Body::empty()).await;
        assert!(answer.status.is_client_error(), "{method}: {}", answer.status);
    }
}
