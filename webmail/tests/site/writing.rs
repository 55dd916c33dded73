//! Writing: answers, new conversations, and what is said when a message does not leave.

use crate::world::{CITIZEN, DOCTOR, WARD, World};
use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, header};
use hyper::body::Frame;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::Notify;

#[tokio::test]
async fn on_a_full_disk_people_log_in_and_read_and_hear_that_their_answer_has_to_wait() {
    let world = World::new().await;
    world.letter("Subject: Votre bilan", "Tout va bien.").await;
    world.faults.fill_disk(true);
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = browser.get(&thread).await;
    page.says("Tout va bien.");
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "Merci.")];
    let answer = browser.upload(&format!("{thread}/reply"), &fields, &[]).await;
    answer.says("nous ne pouvons pas l’enregistrer pour l’instant");
    answer.says("Merci.");
    assert!(world.queued().is_empty());
    world.faults.fill_disk(false);
    let sent = browser.upload(&format!("{thread}/reply"), &fields, &[]).await;
    assert_eq!(sent.location(), format!("{thread}?sent=1"));
    assert_eq!(world.queued().len(), 1);
}

#[tokio::test]
async fn what_leaves_is_never_called_not_sent_although_the_space_is_full() {
    let world = World::new().await;
    world.letter("Subject: Votre bilan", "Tout va bien.").await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = browser.get(&thread).await;
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    world.leave_room(100).await;
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "Merci.")];
    let answer = browser.upload(&format!("{thread}/reply"), &fields, &[]).await;
    answer.says("Votre message n’est pas parti");
    answer.says("Votre espace est plein.");
    answer.says("Merci.");
    assert!(world.queued().is_empty());
    world.leave_room(1_000_000).await;
    let sent = browser.upload(&format!("{thread}/reply"), &fields, &[]).await;
    assert_eq!(sent.location(), format!("{thread}?sent=1"));
    assert_eq!(world.queued().len(), 1);
}

#[tokio::test]
async fn an_answer_leaves_once_and_stays_in_the_conversation() {
    let world = World::new().await;
    world.letter("Subject: Votre bilan\nTo: x@y.example", "Tout va bien.").await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = browser.get(&thread).await;
    page.says("Répondre à Dr Marie MARTIN");
    page.says("appelez le 15 ou le 112");
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let reply = format!("{thread}/reply");
    let fields =
        [("csrf", &*csrf), ("token", &*token), ("text", "Merci, à bientôt €.\r\n.\r\n<b>")];
    let files = [("été.png", "image/png", &b"\x89PNG\r\n\x1a\n\x00\xff"[..])];
    let sent = browser.upload(&reply, &fields, &files).await;
    let again = browser.upload(&reply, &fields, &files).await;
    assert_eq!(sent.location(), format!("{thread}?sent=1"));
    assert_eq!(again.location(), sent.location());

    let queued = world.queued();
    assert_eq!(queued.len(), 1, "a double submission sends once");
    let head = queued[0].split("\r\n\r\n").next().unwrap();
    for field in [
        "From: \"Dominique PAT-TROIS\" <279035121518989@patient.example>",
        "<marie.martin@chu.example>",
        "In-Reply-To: <1@chu.example>",
        "References: <1@chu.example>",
        "Subject: Re: Votre bilan",
        "X-MSS-NIL: PLI-TEST",
    ] {
        assert!(head.contains(field), "{field}\n{head}");
    }
    assert!(!head.contains("HTTP"), "where the citizen sits is nobody's business\n{head}");

    let page = browser.get(&sent.location()).await;
    page.says("Votre message part dans quelques secondes");
    page.says("Merci, à bientôt €.");
    page.says("&#60;b&#62;");
    page.says("été.png");
    assert_eq!(page.text().matches("class=\"letter sheet mine\"").count(), 1);

    // Another text with the same form is another message.
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "Encore une chose.")];
    browser.upload(&reply, &fields, &[]).await.location();
    assert_eq!(world.queued().len(), 2);
}

#[tokio::test]
async fn an_answer_goes_where_reply_to_says_if_the_sender_may_say_so() {
    let world = World::new().await;
    world.letter(&format!("Subject: A\nReply-To: {WARD}"), "x").await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = browser.get(&thread).await;
    page.says("Dr Marie MARTIN");
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "y")];
    browser.upload(&format!("{thread}/reply"), &fields, &[]).await.location();
    assert!(world.queued()[0].contains("<cardiologie@chu.example>"));

    let world = World::new().await;
    world.letter("Subject: A\nReply-To: thief@evil.example", "x").await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = browser.get(&thread).await;
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "y")];
    browser.upload(&format!("{thread}/reply"), &fields, &[]).await.location();
    let queued = world.queued();
    assert!(queued[0].contains("<marie.martin@chu.example>") && !queued[0].contains("evil"));
}

#[tokio::test]
async fn a_closed_conversation_says_why_and_what_to_do_and_keeps_the_text() {
    let world = World::new().await;
    world.letter("Subject: Suivi", "x").await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = browser.get(&thread).await;
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    // The professional ends it while the citizen writes.
    world.letter("Subject: Suivi\nX-MSS-MES: FIN\nIn-Reply-To: <1@chu.example>", "Fin.").await;
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "Une question encore")];
    let refused = browser.upload(&format!("{thread}/reply"), &fields, &[]).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says("Vous ne pouvez pas répondre ici");
    refused.says("Une question encore");
    assert!(world.queued().is_empty());
    let page = browser.get(&thread).await;
    page.says("Le professionnel de santé a terminé cet échange.");
    page.says("appelez son cabinet ou son service");
    page.hides("name=\"text\"");
    browser.get("/conversations").await.says("Échange terminé");
    browser.get("/conversations/new").await.says("Personne à qui écrire pour l’instant");
    // A new message opens it again.
    world.letter("Subject: Suivi\nIn-Reply-To: <1@chu.example>", "y").await;
    browser.get(&thread).await.says("name=\"text\"");
}

#[tokio::test]
async fn a_new_conversation_goes_to_somebody_who_has_written() {
    let world = World::new().await;
    world.letter("Subject: A", "x").await;
    world.write(WARD, CITIZEN, "Subject: B", "x").await;
    let browser = world.logged_in().await;
    let form = browser.get("/conversations/new").await;
    form.says("CHU de Test");
    let (csrf, token) = (form.field("csrf"), form.field("token"));
    let signed = [("csrf", &*csrf), ("token", &*token)];
    let with = |more: &[(&'static str, &'static str)]| [&signed[..], more].concat();
    let nothing = browser.upload("/conversations/new", &with(&[("text", "gardé")]), &[]).await;
    assert_eq!(nothing.status, StatusCode::UNPROCESSABLE_ENTITY);
    nothing.says("Choisissez un professionnel.");
    nothing.says("Écrivez un objet.");
    nothing.says(">gardé</textarea>");
    let to = world.thread_of(WARD);
    let fields =
        [&signed[..], &[("to", &*to), ("subject", "Une question"), ("text", "Oui ?")]].concat();
    let sent = browser.upload("/conversations/new", &fields, &[]).await;
    let page = browser.get(&sent.location()).await;
    page.says("Une question");
    page.says("CHU de Test");
    assert!(world.queued()[0].contains("<cardiologie@chu.example>"));
    assert!(sent.location() != format!("/conversations/{to}?sent=1"), "it is a new conversation");
}

#[tokio::test]
async fn too_much_is_said_on_the_page_and_the_text_is_kept() {
    let world = World::new().await;
    world.letter("Subject: A", "x").await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = browser.get(&thread).await;
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "mon long texte")];
    let large = vec![0; 19_000_000];
    let files = [("a.bin", "application/octet-stream", &large[..])];
    let refused = browser.upload(&format!("{thread}/reply"), &fields, &files).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says("dépassent ensemble 18 Mo");
    refused.says(">mon long texte</textarea>");
    assert!(world.queued().is_empty());
    // As much as the form promises does leave.
    let files = [("a.bin", "application/octet-stream", &large[..18_000_000])];
    browser.upload(&format!("{thread}/reply"), &fields, &files).await.location();
    let empty = browser.upload(&format!("{thread}/reply"), &[fields[0], fields[1]], &[]).await;
    empty.says("Écrivez votre message");
}

/// A body of which nothing comes; says when it is waited for.
struct Dripping(Arc<Notify>);

impl hyper::body::Body for Dripping {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.notify_one();
        Poll::Pending
    }
}

#[tokio::test]
async fn one_citizen_holds_one_turn_to_upload() {
    let world = World::new().await;
    world.letter("Subject: A", "x").await;
    let (slow, quick) = (world.logged_in().await, world.logged_in().await);
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = quick.get(&thread).await;
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "Vite.")];
    let reply = format!("{thread}/reply");
    let waited_for = Arc::new(Notify::new());
    {
        let request = Request::post("/conversations/new")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .header("sec-fetch-site", "same-origin");
        let dripping = slow.send(request, Body::new(Dripping(Arc::clone(&waited_for))));
        let second = async {
            waited_for.notified().await;
            quick.upload(&reply, &fields, &[]).await
        };
        let second = tokio::select! {
            _ = dripping => panic!("nothing came"),
            second = second => second,
        };
        assert_eq!(second.status, StatusCode::TOO_MANY_REQUESTS);
        second.says("Un envoi est déjà en cours");
    }
    // The first one is gone, and with it its turn.
    quick.upload(&reply, &fields, &[]).await.location();
}

#[tokio::test]
async fn a_form_that_does_not_come_ends_in_its_time() {
    let world = World::new().await;
    let browsers = [world.logged_in().await, world.browser()];
    tokio::time::pause();
    for browser in browsers {
        let request = Request::post("/conversations/new")
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .header("sec-fetch-site", "same-origin");
        let answer = browser.send(request, Body::new(Dripping(Arc::default()))).await;
        assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
        answer.says("duré trop longtemps");
    }
}

#[tokio::test]
async fn without_a_session_the_text_alone_is_kept() {
    let world = World::new().await;
    let junk = "x".repeat(600 * 1024);
    let mut fields = vec![("junk", &*junk); 12];
    fields.push(("text", "mon long texte"));
    let answer = world.browser().upload("/conversations/new", &fields, &[]).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    answer.says("mon long texte");
}
