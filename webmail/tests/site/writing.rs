//! Writing: answers, new conversations, and what is said when a message does not leave.

use crate::world::{CITIZEN, DOCTOR, WARD, World};
use axum::http::StatusCode;

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
    page.says("Votre message est parti");
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
