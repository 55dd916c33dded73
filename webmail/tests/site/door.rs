//! The front door: log-in by identifier, password and one-time code; sessions; leaving.

use crate::world::{CITIZEN, PASSWORD, World};
use axum::http::StatusCode;
use std::time::Duration;

const SESSION: &str = "__Host-pli-citizens";

#[tokio::test]
async fn the_door_asks_says_what_is_wrong_and_keeps_the_identifier() {
    let world = World::new().await;
    let browser = world.browser();
    assert_eq!(browser.get("/").await.location(), "/login");
    assert_eq!(browser.get("/conversations").await.location(), "/login?ended");
    assert_eq!(browser.get("/login/code").await.location(), "/login");
    browser.get("/login?ended").await.says("Votre session est terminée");
    let door = browser.get("/login").await;
    for needed in ["autocomplete=\"username\"", "autocomplete=\"current-password\"", "lang=\"en\""]
    {
        door.says(needed);
    }
    let csrf = door.field("csrf");
    let empty = browser.post("/login", &[("csrf", &csrf)]).await;
    assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY);
    empty.says("<a href=\"#identifier\">Écrivez votre identifiant.</a>");
    empty.says("<a href=\"#password\">Écrivez votre mot de passe.</a>");
    let fields = [("csrf", &*csrf), ("identifier", "<b>"), ("password", "x")];
    let wrong = browser.post("/login", &fields).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says("ne vont pas ensemble");
    wrong.says("value=\"&#60;b&#62;\"");
    // A right name with a wrong password looks the same.
    let fields = [("csrf", &*csrf), ("identifier", CITIZEN), ("password", "x")];
    browser.post("/login", &fields).await.says("ne vont pas ensemble");
    assert!(browser.cookie(SESSION).is_none());
}

#[tokio::test]
async fn a_code_is_right_wrong_or_too_late() {
    let world = World::new().await;
    let browser = world.browser();
    let csrf = browser.get("/login").await.field("csrf");
    let fields = [("csrf", &*csrf), ("identifier", CITIZEN), ("password", PASSWORD)];
    browser.post("/login", &fields).await.location();
    let page = browser.get("/login/code?lang=en").await;
    page.says("autocomplete=\"one-time-code\"");
    page.says("inputmode=\"numeric\"");
    page.says("Your one-time code");
    let code = world.codes.latest();
    let other = if code == "000000" { "000001" } else { "000000" };
    let wrong = browser.post("/login/code", &[("csrf", &csrf), ("code", other)]).await;
    assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
    wrong.says("This is not the code we sent");
    world.clock.advance(Duration::from_secs(601));
    let late = browser.post("/login/code", &[("csrf", &csrf), ("code", &code)]).await;
    late.says("This code is no longer valid");
    assert!(browser.cookie(SESSION).is_none());

    // Again, and in; blanks in a pasted code are forgiven.
    browser.post("/login", &fields).await.location();
    let code = world.codes.latest();
    let (a, b) = code.split_at(3);
    let pasted = format!(" {a} {b} ");
    let csrf = browser.get("/login/code").await.field("csrf");
    let right = browser.post("/login/code", &[("csrf", &csrf), ("code", &pasted)]).await;
    assert_eq!(right.location(), "/conversations");
    assert!(browser.cookie(SESSION).is_some());
    assert_eq!(browser.get("/login").await.location(), "/conversations");
}

#[tokio::test]
async fn guessing_is_made_slow() {
    let world = World::new().await;
    let browser = world.browser();
    let csrf = browser.get("/login").await.field("csrf");
    let fields = [("csrf", &*csrf), ("identifier", "nobody"), ("password", "x")];
    let mut last = browser.post("/login", &fields).await;
    for _ in 0..6 {
        last = browser.post("/login", &fields).await;
    }
    assert_eq!(last.status, StatusCode::TOO_MANY_REQUESTS);
    last.says("Trop d’essais de suite");
}

#[tokio::test]
async fn a_session_is_new_ends_by_itself_and_is_ended_from_elsewhere() {
    let world = World::new().await;
    let browser = world.browser();
    browser.set_cookie(SESSION, "chosen-by-somebody-else");
    let first = world.logged_in().await;
    assert_ne!(first.cookie(SESSION).unwrap(), "chosen-by-somebody-else");
    world.clock.advance(Duration::from_secs(60));
    let second = world.logged_in().await;
    let account = second.get("/account").await;
    account.says("Cet appareil");
    account.says("28 mars 1979");
    account.says(CITIZEN);
    let fields = [("csrf", account.field("csrf")), ("session", account.field("session"))];
    let fields = [(fields[0].0, &*fields[0].1), (fields[1].0, &*fields[1].1)];
    let ended = second.post("/account/end", &fields).await;
    second.get(&ended.location()).await.says("Aucun autre appareil n’est connecté");
    assert_eq!(first.get("/conversations").await.location(), "/login?ended");

    let third = world.logged_in().await;
    let csrf = second.get("/account").await.field("csrf");
    second.post("/account/end-others", &[("csrf", &csrf)]).await.location();
    assert_eq!(third.get("/conversations").await.location(), "/login?ended");

    world.clock.advance(Duration::from_secs(31 * 60));
    assert_eq!(second.get("/conversations").await.location(), "/login?ended");
}

#[tokio::test]
async fn leaving_ends_the_session_itself() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    let kept = browser.cookie(SESSION).unwrap();
    let csrf = browser.get("/conversations").await.field("csrf");
    let out = browser.post("/logout", &[("csrf", &csrf)]).await;
    browser.get(&out.location()).await.says("Vous êtes déconnecté");
    assert!(browser.cookie(SESSION).is_none());
    browser.set_cookie(SESSION, &kept);
    assert_eq!(browser.get("/conversations").await.location(), "/login?ended");
}

#[tokio::test]
async fn a_text_is_given_back_when_the_session_ended_before_sending() {
    let world = World::new().await;
    world.letter("Subject: A", "x").await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(crate::world::DOCTOR));
    let page = browser.get(&thread).await;
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    world.clock.advance(Duration::from_secs(31 * 60));
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "Une heure de travail <b>")];
    let late = browser.upload(&format!("{thread}/reply"), &fields, &[]).await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
    late.says("Votre session s’est terminée avant l’envoi");
    late.says(">Une heure de travail &#60;b&#62;</textarea>");
    assert!(world.queued().is_empty());
}
