//! Looking for words: in messages, in what is attached to them, never in what is withheld.

use crate::world::{DOCTOR, OTHER, World};

const ATTACHED: &str = "Subject: Votre bilan\nContent-Type: multipart/mixed; boundary=x";

fn attached(text: &str) -> String {
    format!(
        "--x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nÀ lire.\n\
         --x\nContent-Type: text/plain; charset=utf-8\n\
         Content-Disposition: attachment; filename=\"note.txt\"\n\n{text}\n--x--"
    )
}

#[tokio::test]
async fn words_are_found_in_any_form_in_messages_and_attachments() {
    let world = World::new().await;
    world.letter("Subject: Sortie", "Vous sortez de l'hopital lundi.").await;
    world.letter(ATTACHED, &attached("glycemie normale")).await;
    let browser = world.logged_in().await;
    browser.get("/conversations").await.says("action=\"/search\"");
    // Before the index has them, and after.
    for _ in 0..2 {
        let found = browser.get("/search?q=h%C3%B4pitaux").await;
        found.says("1 message contient ces mots.");
        found.says("Sortie");
        found.says("#m");
        found.says("value=\"hôpitaux\"");
        found.hides("Votre bilan");
        let found = browser.get("/search?q=glyc%C3%A9mie+normal").await;
        found.says("Votre bilan");
        let none = browser.get("/search?q=pneumologie").await;
        none.says("Aucun message ne contient ces mots.");
        none.says("Vérifiez l’orthographe");
        let search = world.search.clone();
        tokio::task::spawn_blocking(move || search.catch_up().unwrap()).await.unwrap();
    }
    browser.get("/search?q=%3Cscript%3E&lang=en").await.says("No message contains these words.");
}

#[tokio::test]
async fn nobody_finds_what_another_received() {
    let world = World::new().await;
    world.letter("Subject: Sortie", "secretmarqueur").await;
    world.write(DOCTOR, OTHER, "Subject: Rappel", "autremarqueur").await;
    let browser = world.logged_in().await;
    browser.get("/search?q=secretmarqueur").await.says("1 message contient ces mots.");
    browser.get("/search?q=autremarqueur").await.says("Aucun message");
}

// MSS #72
#[tokio::test]
async fn what_is_withheld_is_not_looked_in() {
    let world = World::new().await;
    // An archive that nobody has judged yet counts as one with a hidden document.
    let body = "--x\nContent-Type: text/plain\n\nA lire.\n--x\nContent-Type: text/plain\n\
        Content-Disposition: attachment; filename=\"IHE_XDM.ZIP\"\n\nsecretdiagnostic\n--x--";
    world.letter(ATTACHED, body).await;
    let browser = world.logged_in().await;
    for _ in 0..2 {
        browser.get("/search?q=secretdiagnostic").await.says("Aucun message");
        browser.get("/search?q=bilan").await.says("1 message contient ces mots.");
        let search = world.search.clone();
        tokio::task::spawn_blocking(move || search.catch_up().unwrap()).await.unwrap();
    }
}
