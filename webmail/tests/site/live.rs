//! What happens while a page is open: mail that arrives, and a session that goes on or ends.

use crate::world::{Browser, CITIZEN, DOCTOR, World};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use http_body_util::BodyExt;
use std::time::Duration;
use tower::Service;

const SESSION: &str = "__Host-pli-citizens";

/// Listens as a browser does; the stream of what comes.
async fn listen(world: &World, browser: &Browser) -> axum::http::Response<Body> {
    let cookie = format!("{SESSION}={}", browser.cookie(SESSION).unwrap_or_default());
    let request = Request::get("/events").header(header::COOKIE, cookie);
    world.site.router().call(request.body(Body::empty()).unwrap()).await.unwrap()
}

async fn next(stream: &mut Body) -> Option<String> {
    let frame = stream.frame().await?.unwrap();
    Some(String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap())
}

#[tokio::test]
async fn mail_that_arrives_is_said_with_nothing_of_it() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    let answer = listen(&world, &browser).await;
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "text/event-stream");
    assert_eq!(answer.headers()[header::CACHE_CONTROL], "no-store");
    let mut stream = answer.into_body();
    world.letter("Subject: Votre bilan", "Tout va bien.").await;
    assert_eq!(next(&mut stream).await.unwrap(), "data: {\"arrived\":true,\"unread\":1}\n\n");
    // Read in another window.
    browser.get(&format!("/conversations/{}", world.thread_of(DOCTOR))).await;
    assert_eq!(next(&mut stream).await.unwrap(), "data: {\"arrived\":false,\"unread\":0}\n\n");
}

#[tokio::test]
async fn listening_is_no_use_of_the_session_and_ends_with_it() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    let mut stream = listen(&world, &browser).await.into_body();
    world.clock.advance(Duration::from_secs(29 * 60));
    let mut again = listen(&world, &browser).await.into_body();
    world.clock.advance(Duration::from_secs(2 * 60));
    assert_eq!(browser.get("/conversations").await.location(), "/login?ended");
    world.write(DOCTOR, CITIZEN, "Subject: A", "x").await;
    assert!(next(&mut stream).await.is_none() && next(&mut again).await.is_none());
    assert_eq!(listen(&world, &browser).await.status(), StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn an_account_has_a_few_listeners() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    let mut open = Vec::new();
    for _ in 0..8 {
        open.push(listen(&world, &browser).await);
    }
    assert!(open.iter().all(|answer| answer.status() == StatusCode::OK));
    assert_eq!(listen(&world, &browser).await.status(), StatusCode::NO_CONTENT);
    open.pop();
    assert_eq!(listen(&world, &browser).await.status(), StatusCode::OK);
}

#[tokio::test]
async fn a_session_that_is_told_to_stay_goes_on() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    let page = browser.get("/account").await;
    page.says("data-left=\"1800\"");
    let csrf = page.field("csrf");
    world.clock.advance(Duration::from_secs(28 * 60));
    let stayed = browser.post("/session/stay", &[("csrf", &csrf)]).await;
    assert_eq!(stayed.text(), "{\"left\":1800}");
    world.clock.advance(Duration::from_secs(28 * 60));
    assert_eq!(browser.get("/account").await.status, StatusCode::OK);
    assert_eq!(browser.post("/session/stay", &[("csrf", "0")]).await.status, StatusCode::FORBIDDEN);
}
