//! Comforts of writing: drafts, sending undone, photographs made a document, a conversation on paper. All without a
//! script.

use crate::world::{Answer, Browser, DOCTOR, World};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use std::io::Cursor;
use std::time::Duration;

/// A citizen's browser with a letter of Dr Martin, and the address of its conversation.
async fn begun(world: &World) -> (Browser, String) {
    world.letter("Subject: Votre bilan", "Tout va bien.").await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    (browser, thread)
}

/// Sends a page's form with a text to an address.
async fn send(browser: &Browser, page: &Answer, to: &str, text: &str) -> Answer {
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    browser.upload(to, &[("csrf", &*csrf), ("token", &*token), ("text", text)], &[]).await
}

#[tokio::test]
async fn a_draft_is_kept_with_its_conversation_until_it_is_sent() {
    let world = World::new().await;
    let (browser, thread) = begun(&world).await;
    let page = browser.get(&thread).await;
    page.says("Votre session se termine");
    let draft = format!("{thread}/draft");
    page.says(&format!("formaction=\"{draft}\""));
    let kept = send(&browser, &page, &draft, "Docteur,\r\n<b>je").await;
    assert_eq!(kept.location(), format!("{thread}#text"));
    assert!(world.queued().is_empty());
    // From another device too, and said in the list.
    let other = world.logged_in().await;
    other.get("/conversations").await.says("Brouillon");
    let page = other.get(&thread).await;
    page.says("&#60;b&#62;je</textarea>");
    page.says("Brouillon enregistré aujourd’hui");
    send(&other, &page, &format!("{thread}/reply"), "Docteur, je vais bien.").await.location();
    let page = other.get(&thread).await;
    page.says("></textarea>");
    page.hides("Supprimer le brouillon");
    other.get("/conversations").await.hides("Brouillon");
}

#[tokio::test]
async fn a_draft_is_thrown_away_and_one_without_words_is_none() {
    let world = World::new().await;
    let (browser, thread) = begun(&world).await;
    let page = browser.get(&thread).await;
    send(&browser, &page, &format!("{thread}/draft"), "Docteur").await.location();
    let page = browser.get(&thread).await;
    let gone = send(&browser, &page, &format!("{thread}/discard"), "Docteur").await;
    let page = browser.get(&gone.location()).await;
    page.says("Le brouillon est supprimé");
    page.says("></textarea>");
    send(&browser, &page, &format!("{thread}/draft"), " \r\n").await.location();
    browser.get("/conversations").await.hides("Brouillon");
    let nowhere = "/conversations/00000000000000000000000000000000/draft";
    assert_eq!(send(&browser, &page, nowhere, "x").await.status, StatusCode::NOT_FOUND);
    let unsigned = [("csrf", "0"), ("token", "0-00000000000000000000000000000000"), ("text", "x")];
    let unsigned = browser.upload(&format!("{thread}/draft"), &unsigned, &[]).await;
    assert_eq!(unsigned.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_first_message_has_a_draft_with_whom_and_about_what() {
    let world = World::new().await;
    let (browser, thread) = begun(&world).await;
    let to = thread.rsplit('/').next().unwrap();
    let page = browser.get("/conversations/new").await;
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let fields = [
        ("csrf", &*csrf),
        ("token", &*token),
        ("to", to),
        ("subject", "Le sport"),
        ("text", "Puis-je"),
    ];
    browser.upload("/conversations/new/draft", &fields, &[]).await.location();
    browser.get("/conversations").await.says("Reprendre le message commencé");
    let page = browser.get("/conversations/new").await;
    page.says(&format!("value=\"{to}\" checked"));
    page.says("value=\"Le sport\"");
    page.says("Puis-je</textarea>");
}

#[tokio::test]
async fn a_draft_outlives_the_session_in_which_it_was_written() {
    let world = World::new().await;
    let (browser, thread) = begun(&world).await;
    let page = browser.get(&thread).await;
    send(&browser, &page, &format!("{thread}/draft"), "Gardé").await.location();
    world.clock.advance(Duration::from_secs(31 * 60));
    let late = send(&browser, &page, &format!("{thread}/draft"), "Gardé, et plus").await;
    assert_eq!(late.status, StatusCode::FORBIDDEN);
    late.says("Gardé, et plus</textarea>");
    world.logged_in().await.get(&thread).await.says("Gardé</textarea>");
}

#[tokio::test]
async fn what_a_script_saves_is_answered_for_it_and_not_kept_behind_the_message() {
    let world = World::new().await;
    let (browser, thread) = begun(&world).await;
    let page = browser.get(&thread).await;
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let save = async |text: &str| {
        let field = |name: &str, value: &str| {
            format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
        };
        let fields = [field("csrf", &csrf), field("token", &token), field("text", text)];
        let request = Request::post(format!("{thread}/draft"))
            .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
            .header(header::ACCEPT, "application/json");
        browser.send(request, Body::from(format!("{}--b--\r\n", fields.concat()))).await
    };
    let saved = save("Doct").await;
    assert_eq!(saved.header("content-type"), "application/json");
    assert!(
        saved.text().contains("Brouillon enregistré") && saved.text().contains("\"left\":1800")
    );
    send(&browser, &page, &format!("{thread}/reply"), "Docteur").await.location();
    assert_eq!(save("Docteu").await.status, StatusCode::OK);
    browser.get("/conversations").await.hides("Brouillon");
}

#[tokio::test]
async fn sending_is_undone_within_ten_seconds_and_the_text_is_a_draft_again() {
    let world = World::new().await;
    let (browser, thread) = begun(&world).await;
    let page = browser.get(&thread).await;
    let reply = format!("{thread}/reply");
    let text = "Docteur,\r\n\r\nç’est « trop » tôt.";
    send(&browser, &page, &reply, text).await.location();
    let now = world.post.now().as_second();
    let due = |until| post::queue::due(world.post.store(), until, 9).unwrap().len();
    assert_eq!((due(now + 10), due(now + 11)), (0, 1), "it waits");
    world.clock.advance(Duration::from_secs(10));
    // The browser was closed in between.
    let other = world.logged_in().await;
    let page = other.get(&thread).await;
    let undo = crate::world::between(&page.text(), "action=\"/messages/", "\"");
    let csrf = page.field("csrf");
    let undo = format!("/messages/{undo}");
    assert!(undo.ends_with("/undo"), "{undo}");
    let unsigned = other.post(&undo, &[("csrf", "0")]).await;
    assert_eq!(unsigned.status, StatusCode::FORBIDDEN);
    let stranger = world.logged_in_as(crate::world::OTHER).await;
    let strangers = stranger.get("/account").await.field("csrf");
    let strangers = stranger.post(&undo, &[("csrf", &strangers)]).await;
    assert_eq!(strangers.status, StatusCode::NOT_FOUND);
    let undone = other.post(&undo, &[("csrf", &csrf)]).await;
    assert_eq!(undone.location(), format!("{thread}?undone=1#text"));
    assert!(world.queued().is_empty());
    let page = other.get(&format!("{thread}?undone=1")).await;
    page.says("L’envoi est annulé");
    page.says("Docteur,\n\nç’est « trop » tôt.</textarea>");
    page.hides("class=\"letter sheet mine\"");
    // Sent again, by the same form or another one, it is a message of its own.
    send(&other, &page, &reply, text).await.location();
    assert_eq!(world.queued().len(), 1);
    let page = other.get(&thread).await;
    page.says("Annuler l’envoi");
    page.says("></textarea>");
}

#[tokio::test]
async fn the_same_form_leaves_after_it_was_undone() {
    let world = World::new().await;
    let (browser, thread) = begun(&world).await;
    let form = browser.get(&thread).await;
    let reply = format!("{thread}/reply");
    for _ in 0..3 {
        send(&browser, &form, &reply, "Bonjour").await.location();
        let page = browser.get(&thread).await;
        let undo = crate::world::between(&page.text(), "action=\"/messages/", "\"");
        let csrf = [("csrf", &*form.field("csrf"))].map(|(name, value)| (name, value.to_owned()));
        browser.post(&format!("/messages/{undo}"), &[("csrf", &csrf[0].1)]).await.location();
        assert!(world.queued().is_empty());
    }
    // The browser's own way back, to the form as it was.
    send(&browser, &form, &reply, "Bonjour").await.location();
    assert_eq!(world.queued().len(), 1);
}

#[tokio::test]
async fn after_ten_seconds_it_is_too_late_and_said_so() {
    let world = World::new().await;
    let (browser, thread) = begun(&world).await;
    let page = browser.get(&thread).await;
    send(&browser, &page, &format!("{thread}/reply"), "Bonjour").await.location();
    let page = browser.get(&thread).await;
    let undo = crate::world::between(&page.text(), "action=\"/messages/", "\"");
    world.clock.advance(Duration::from_secs(11));
    let late = browser.post(&format!("/messages/{undo}"), &[("csrf", &page.field("csrf"))]).await;
    assert_eq!(late.location(), format!("{thread}?late=1"));
    let page = browser.get(&late.location()).await;
    page.says("Trop tard");
    page.says("class=\"letter sheet mine\"");
    page.hides("Annuler l’envoi");
    assert_eq!(world.queued().len(), 1);
    // What somebody else wrote is nobody's to take back.
    let letter = crate::world::between(&page.text(), "class=\"letter sheet\" id=\"m", "\"");
    let csrf = page.field("csrf");
    let others = browser.post(&format!("/messages/{letter}/undo"), &[("csrf", &csrf)]).await;
    assert_eq!(others.location(), format!("{thread}?late=1"));
}

#[tokio::test]
async fn a_first_message_undone_is_a_draft_of_a_first_message() {
    let world = World::new().await;
    let (browser, thread) = begun(&world).await;
    let to = thread.rsplit('/').next().unwrap();
    let page = browser.get("/conversations/new").await;
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let fields = [
        ("csrf", &*csrf),
        ("token", &*token),
        ("to", to),
        ("subject", "Le sport"),
        ("text", "Oui ?"),
    ];
    let sent = browser.upload("/conversations/new", &fields, &[]).await.location();
    let page = browser.get(&sent).await;
    let undo = crate::world::between(&page.text(), "action=\"/messages/", "\"");
    let undone = browser.post(&format!("/messages/{undo}"), &[("csrf", &csrf)]).await;
    assert_eq!(undone.location(), "/conversations/new?undone=1#text");
    let page = browser.get("/conversations/new?undone=1").await;
    page.says("L’envoi est annulé");
    page.says("value=\"Le sport\"");
    page.says("Oui ?</textarea>");
    let gone = sent.split('?').next().unwrap();
    assert_eq!(browser.get(gone).await.status, StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn photographs_leave_as_one_document_if_the_citizen_says_so() {
    let world = World::new().await;
    let (browser, thread) = begun(&world).await;
    let page = browser.get(&thread).await;
    page.says("Réunir mes photos en un document PDF");
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    let mut png = Cursor::new(Vec::new());
    image::DynamicImage::new_rgb8(20, 30).write_to(&mut png, image::ImageFormat::Png).unwrap();
    let png = png.into_inner();
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "Voici."), ("pdf", "1")];
    let files = [
        ("a.png", "image/png", &*png),
        ("b.png", "image/png", &*png),
        ("c.txt", "text/plain", &b"abc"[..]),
    ];
    browser.upload(&format!("{thread}/reply"), &fields, &files).await.location();
    let message = world.queued().remove(0);
    assert!(message.contains("Photos.pdf") && message.contains("application/pdf"), "{message}");
    assert!(message.contains("c.txt") && !message.contains("image/png"), "{message}");
    // What cannot be read is said, and nothing leaves.
    let page = browser.get(&thread).await;
    let token = page.field("token");
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "Voici."), ("pdf", "1")];
    let files = [("cassée.png", "image/png", &png[..40])];
    let refused = browser.upload(&format!("{thread}/reply"), &fields, &files).await;
    assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
    refused.says("cassée.png");
    refused.says("id=\"files-problem\"");
    refused.says("<title>Erreur");
    refused.says("name=\"pdf\" value=\"1\" checked");
    assert_eq!(world.queued().len(), 1);
}

#[tokio::test]
async fn a_conversation_on_paper_has_every_word_and_nothing_to_press() {
    let world = World::new().await;
    let body = "Prenez-le le matin.\n\nLe 3 mars, Dominique a écrit :\n> Bonjour docteur";
    world.letter("Subject: Traitement", body).await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    browser.get(&thread).await.says(&format!("href=\"{thread}/print\""));
    let paper = browser.get(&format!("{thread}/print")).await;
    for word in ["Traitement", "Dr Marie MARTIN", "Prenez-le le matin.", "Bonjour docteur"] {
        paper.says(word);
    }
    paper.hides("aujourd’hui");
    paper.hides("<textarea");
    paper.hides("<details");
    let other = world.logged_in_as(crate::world::OTHER).await;
    let others = other.get(&format!("{thread}/print")).await;
    assert_eq!(others.status, StatusCode::NOT_FOUND);
    others.says("Claude AUTRE");
}
