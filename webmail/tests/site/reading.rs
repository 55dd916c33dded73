//! Reading: the list of conversations, one conversation, its attachments, and filing one by hand.

use crate::world::{CITIZEN, DOCTOR, STRANGER, WARD, World};
use axum::http::StatusCode;

const PDF: &str = "JVBERi0xLjQKJeLjz9MKMSAwIG9iago8PD4+CmVuZG9iago=";

fn with_pdf(name: &str) -> (String, String) {
    let head = "Subject: Votre bilan\nContent-Type: multipart/mixed; boundary=x".to_owned();
    let body = format!(
        "--x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\nÀ lire.\n\
         --x\nContent-Type: application/pdf; name=\"{name}\"\nContent-Disposition: attachment; filename=\"{name}\"\n\
         Content-Transfer-Encoding: base64\n\n{PDF}\n--x--"
    );
    (head, body)
}

#[tokio::test]
async fn an_empty_list_says_what_will_come() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    let list = browser.get("/conversations").await;
    list.says("Pas encore de message");
    list.says("Espace de <b>Dominique PAT-TROIS</b>");
    list.says("<title>Messages · Espace de Dominique PAT-TROIS · Pli</title>");
    let english = browser.get("/conversations?lang=en").await;
    english.says("No message yet");
    // The choice is kept.
    browser.get("/record").await.says("Your record is still empty");
}

#[tokio::test]
async fn a_conversation_is_with_a_person_of_the_directory_and_has_no_address() {
    let world = World::new().await;
    let head = "Subject: =?utf-8?Q?XDM/1.0/DDM+CR=20d=27hospitalisation_PAT-TROIS_Dominique_28/03/1979?=\n\
                To: 279035121518989@patient.example";
    world
        .letter(
            head,
            "Bonjour,\nécrivez à marie.martin@chu.example ou urgences@chu.example,\n\
        ou au cabinet : cabinet@orange.example.\n\n> cité",
        )
        .await;
    world
        .write(
            &format!("\"Chef <b>@x</b>\" <{STRANGER}>"),
            CITIZEN,
            "Subject: <script>alert(1)</script>",
            "x",
        )
        .await;
    let browser = world.logged_in().await;
    let list = browser.get("/conversations").await;
    list.says("Dr Marie MARTIN");
    list.says("vérifié");
    list.says("médecin généraliste, Chalon-sur-Saône");
    list.says("absent de l’annuaire");
    list.says("&#60;script&#62;alert(1)");
    // Who the citizen is says the banner.
    list.says("CR d&#39;hospitalisation</p>");
    list.hides("28/03/1979");
    list.hides("XDM/1.0/DDM+");
    assert!(list.text().contains("2</span><span class=\"hidden\"> non lus"), "{}", list.text());

    let doctors = world.thread_of(DOCTOR);
    let letter = browser.get(&format!("/conversations/{doctors}")).await;
    letter.says("Identité vérifiée dans l’annuaire de santé");
    letter.says("écrivez à Dr Marie MARTIN ou [adresse masquée]");
    letter.says("cabinet@orange.example");
    letter.says("<summary>Afficher le texte cité</summary>");
    letter.hides("XDM/1.0/DDM+");
    letter.hides("28/03/1979");
    // It has been seen now.
    let list = browser.get("/conversations").await;
    assert!(list.text().contains("1</span><span class=\"hidden\"> non lus"), "{}", list.text());
}

#[tokio::test]
async fn the_senders_own_layout_is_harmless_and_in_a_frame_of_its_own() {
    let world = World::new().await;
    let head = "Subject: Mise en forme\nContent-Type: text/html; charset=utf-8";
    let body = "<h2 onclick=\"x()\">Bonjour</h2><script>alert(1)</script><svg onload=alert(2)>\n\
        <img src=https://evil.example/p.gif><a href=\"javascript:alert(3)\">ici</a>\n\
        <style>body{display:none}</style><p style=\"color:red\">marie.martin@chu.example</p>";
    world.letter(head, body).await;
    let browser = world.logged_in().await;
    let page = browser.get(&format!("/conversations/{}", world.thread_of(DOCTOR))).await;
    page.says("<div class=\"text\">Bonjour");
    page.says("sandbox=\"\"");
    let frame = crate::world::between(&page.text(), "src=\"/messages/", "\"");
    let frame = browser.get(&format!("/messages/{frame}")).await;
    assert_eq!(frame.status, StatusCode::OK);
    let policy = frame.header("content-security-policy");
    assert!(policy.contains("sandbox") && policy.contains("frame-ancestors 'self'"), "{policy}");
    frame.says("<h2>Bonjour</h2>");
    for gone in ["alert", "evil", "display:none", "<svg", "<img", "<a "] {
        frame.hides(gone);
    }
}

#[tokio::test]
async fn an_attachment_is_downloaded_as_a_file_and_filed_by_hand() {
    let world = World::new().await;
    let (head, body) = with_pdf("bilan_été.pdf");
    world.letter(&head, &body).await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = browser.get(&thread).await;
    page.says("Document PDF");
    page.says("Pas encore dans votre dossier");
    let file = browser.get(&page.link("/messages/").replace("/file/", "/parts/")).await;
    assert_eq!(file.status, StatusCode::OK);
    assert!(file.octets.starts_with(b"%PDF-1.4"));
    assert_eq!(file.header("content-type"), "application/pdf");
    let disposition = file.header("content-disposition");
    assert!(disposition.starts_with("attachment; filename=\"bilan"), "{disposition}");
    assert!(disposition.contains("filename*=UTF-8''bilan_%C3%A9t%C3%A9.pdf"), "{disposition}");
    assert!(file.header("content-security-policy").contains("sandbox"));

    let asked = page.link("/messages/");
    let form = browser.get(&asked).await;
    form.says("bilan été");
    let csrf = form.field("csrf");
    let bad = browser.post(&asked, &[("csrf", &csrf), ("name", " "), ("kind", "biology")]).await;
    assert_eq!(bad.status, StatusCode::UNPROCESSABLE_ENTITY);
    bad.says("Le fichier n’est pas classé");
    let done =
        browser.post(&asked, &[("csrf", &csrf), ("name", "Bilan <b>"), ("kind", "biology")]).await;
    let page = browser.get(done.location().split('#').next().unwrap()).await;
    page.says("Le fichier est dans votre dossier");
    page.says("Dans votre dossier");

    let list = browser.get("/record").await;
    list.says("Bilan &#60;b&#62;");
    list.says("classé par vous");
    browser.get("/record?by=date").await.says("Bilan");
    let entry = list.link("/record/");
    let document = browser.get(&entry).await;
    document.says("Le document en PDF");
    let pdf = browser.get(&format!("{entry}/view")).await;
    assert_eq!(pdf.header("content-type"), "application/pdf");
    assert!(pdf.header("content-security-policy").contains("frame-ancestors 'self'"));
    let file = browser.get(&format!("{entry}/download")).await;
    assert!(file.header("content-disposition").starts_with("attachment; "));

    let csrf = document.field("csrf");
    let back = browser.post(&format!("{entry}/take-back"), &[("csrf", &csrf)]).await;
    browser.get(&back.location()).await.says("Ce document est retiré de votre dossier");
    browser.get("/record").await.says("Votre dossier est encore vide");
    let undone = browser.post(&format!("{entry}/undo"), &[("csrf", &csrf)]).await;
    browser.get(&undone.location()).await.says("de nouveau dans votre dossier");
    browser.get("/record").await.says("Bilan");
}

#[tokio::test]
async fn reports_are_one_sentence_of_ours_and_nobody_is_answered() {
    let world = World::new().await;
    let head = "Subject: Undelivered\nContent-Type: multipart/report; report-type=delivery-status; boundary=x";
    let body = "--x\nContent-Type: text/plain\n\n<cardiologie@chu.example> said 550\n\
        --x\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mail.chu.example\n\n\
        Final-Recipient: rfc822; cardiologie@chu.example\nAction: failed\nStatus: 5.1.1\n--x--";
    world.write("postmaster@chu.example", CITIZEN, head, body).await;
    world
        .write(WARD, CITIZEN, "Subject: Absence\nAuto-Submitted: auto-replied", "Je suis absente.")
        .await;
    let browser = world.logged_in().await;
    let report =
        browser.get(&format!("/conversations/{}", world.thread_of("postmaster@chu.example"))).await;
    report.says("Votre message n’a pas pu être remis.");
    report.says("Vous ne pouvez pas répondre ici");
    report.hides("name=\"text\"");
    let automatic = browser.get(&format!("/conversations/{}", world.thread_of(WARD))).await;
    automatic.says("Réponse automatique");
    automatic.says("CHU de Test");
    automatic.says("il n’y a personne à qui répondre");
}
