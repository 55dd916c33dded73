//! One document of the record: a CDA as its narrative with its images, one of level 1 as the PDF it wraps, what is
//! kept from the citizen for now, and documents by kind and date.

use crate::world::{CITIZEN, DOCTOR, STRANGER, World};
use axum::http::StatusCode;
use clinical::value_sets::{Confidentiality, Kind};
use mailstore::{Actor, StoreError, Transaction};
use record::by_hand::sha256;
use record::{
    AttachmentFate, Author, Document, EntryId, Fate, FiledBy, MAX_FATES, Refusal, TypeCode,
    put_fates,
};
use std::time::Duration;

const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
const PDF: &str = "JVBERi0xLjQKJeLjz9MKMSAwIG9iago8PD4+CmVuZG9iago=";

fn cda(body: &str) -> String {
    format!(
        "<ClinicalDocument xmlns=\"urn:hl7-org:v3\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\
         <languageCode code=\"fr-FR\"/><component>{body}</component></ClinicalDocument>"
    )
}

fn structured() -> String {
    cda(&format!(
        "<structuredBody><component><section><title>Antécédents</title><text>\
         <table><thead><tr><th>Acte</th></tr></thead><tbody><tr><td>Appendicectomie &lt;b&gt;</td></tr></tbody></table>\
         <paragraph>Joindre {DOCTOR} <content styleCode=\"Bold\">vite</content></paragraph>\
         <renderMultiMedia referencedObject=\"i1\"><caption>Radio</caption></renderMultiMedia></text>\
         <entry><observationMedia classCode=\"OBS\" moodCode=\"EVN\" ID=\"i1\">\
         <value mediaType=\"image/png\" representation=\"B64\">{PNG}</value></observationMedia></entry>\
         </section></component></structuredBody>"
    ))
}

impl World {
    /// Files a document that came with the citizen's latest message, as the documents service does.
    async fn filed(&self, number: u8, octets: &[u8], confidentiality: Confidentiality) -> EntryId {
        let store = self.post.store();
        let mut writer = store.body_writer().unwrap();
        writer.write(octets).unwrap();
        let view = store.view(self.id(CITIZEN)).unwrap();
        let inbox = view.inbox().unwrap();
        let (_, place) = *view.placements(inbox, 1, u32::MAX, 100).unwrap().last().unwrap();
        // No page may show it; every page is looked at.
        let of = format!(" {STRANGER}");
        let document = Document {
            id: EntryId::from_bytes([number; 16]),
            unique_id: Some(format!("1.2.3.{number}")),
            set_id: None,
            version: Some(1),
            kind: Kind::Reports,
            type_code: Some(TypeCode {
                code: "11488-4".into(),
                system: Some("2.16.840.1.113883.6.1".into()),
                stated: None,
            }),
            title: format!("Compte rendu {number}{}", if number == 7 { &*of } else { "" }),
            author: Some(Author {
                name: Some(format!("Dr Marie MARTIN{of}")),
                ..Author::default()
            }),
            date: 1_790_000_000,
            act: None,
            confidentiality: vec![confidentiality],
            mime: "text/xml".into(),
            hash: sha256(octets),
            body: writer.finish().unwrap(),
            message: place.message,
            filed_by: FiledBy::Service,
            replaces: None,
        };
        let work = move |tx: &mut Transaction<'_>| {
            let entry = record::file(tx, &document, None, false)?;
            let fate = Fate::Filed { entry: entry.id, predecessor_unknown: false };
            let fate = AttachmentFate { part: vec![2], path: None, fate, hidden: false };
            put_fates(tx, document.message, &[fate])?;
            Ok::<_, StoreError>(entry.id)
        };
        store.transact(Actor::SYSTEM, self.id(CITIZEN), work).await.unwrap().into_inner()
    }
}

const ARCHIVE: (&str, &str) = (
    "Subject: XDM/1.0/DDM+CR\nContent-Type: multipart/mixed; boundary=x",
    "--x\nContent-Type: text/plain\n\nVoici.\n--x\nContent-Type: application/zip\n\
     Content-Disposition: attachment; filename=IHE_XDM.ZIP\n\nPK\n--x--",
);

#[tokio::test]
async fn a_structured_document_is_its_narrative_with_its_images() {
    let world = World::new().await;
    world.letter(ARCHIVE.0, ARCHIVE.1).await;
    let entry = world.filed(7, structured().as_bytes(), Confidentiality::Restricted).await;
    let browser = world.logged_in().await;

    let letter = browser.get(&format!("/conversations/{}", world.thread_of(DOCTOR))).await;
    letter.says("Compte rendu 7 [adresse masquée]");
    letter.says("Dr Marie MARTIN");
    letter.says("Dans votre dossier");
    letter.says(&format!("/record/{entry}"));

    let list = browser.get("/record").await;
    list.says("Comptes rendus");
    list.says("par Dr Marie MARTIN");
    browser.get("/record?by=date").await.says("Compte rendu 7");
    browser.get("/record?kind=reports").await.says("Compte rendu 7");
    browser.get("/record?lang=en").await.says("by Dr Marie MARTIN");
    browser.get("/record?lang=fr").await.says("<html lang=\"fr\">");

    let page = browser.get(&format!("/record/{entry}")).await;
    page.says("Antécédents");
    page.says("<th>Acte</th>");
    page.says("Appendicectomie &lt;b&gt;");
    page.says("Joindre Dr Marie MARTIN");
    page.says("lang=\"fr-FR\"");
    page.says("Restreint");
    page.says("le message du");
    let image = crate::world::between(&page.text(), "src=\"/record/", "\"");
    let image = browser.get(&format!("/record/{image}")).await;
    assert_eq!((image.status, image.header("content-type")), (StatusCode::OK, "image/png"));
    assert_eq!(
        browser.get(&format!("/record/{entry}/media/9")).await.status,
        StatusCode::NOT_FOUND
    );
    let file = browser.get(&format!("/record/{entry}/download")).await;
    assert_eq!(file.octets, structured().as_bytes());
}

#[tokio::test]
async fn a_document_of_level_1_is_the_pdf_that_it_wraps() {
    let world = World::new().await;
    world.letter(ARCHIVE.0, ARCHIVE.1).await;
    let body = format!(
        "<nonXMLBody><text mediaType=\"application/pdf\" representation=\"B64\">{PDF}</text></nonXMLBody>"
    );
    let entry = world.filed(8, cda(&body).as_bytes(), Confidentiality::Normal).await;
    let browser = world.logged_in().await;
    let page = browser.get(&format!("/record/{entry}")).await;
    page.says("Ouvrir le PDF");
    page.says("<iframe");
    let pdf = browser.get(&format!("/record/{entry}/view")).await;
    assert_eq!(pdf.header("content-type"), "application/pdf");
    assert!(pdf.octets.starts_with(b"%PDF-1.4"));
    let file = browser.get(&format!("/record/{entry}/download")).await;
    assert!(file.header("content-disposition").contains("Compte rendu 8.pdf"));
}

#[tokio::test]
async fn what_is_kept_from_the_citizen_is_nowhere_until_its_time() {
    let world = World::new().await;
    world.letter(ARCHIVE.0, ARCHIVE.1).await;
    let hidden = Confidentiality::InvisibleToPatient;
    let entry = world.filed(9, structured().as_bytes(), hidden).await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let letter = browser.get(&thread).await;
    letter.hides("Compte rendu 9");
    letter.hides("/parts/2");
    let message =
        crate::world::between(&letter.text(), "<article class=\"letter sheet\" id=\"m", "\"");
    let paths = [
        format!("/record/{entry}"),
        format!("/record/{entry}/download"),
        format!("/messages/{message}/parts/2"),
    ];
    for path in &paths {
        assert_eq!(browser.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    browser.get("/record").await.says("Votre dossier est encore vide");
    world.clock.advance(Duration::from_secs(32 * 24 * 3600));
    let browser = world.logged_in().await;
    for path in &paths {
        assert_eq!(browser.get(path).await.status, StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_document_that_is_not_filed_says_why_beside_its_message() {
    let world = World::new().await;
    world.letter(ARCHIVE.0, ARCHIVE.1).await;
    let view = world.post.store().view(world.id(CITIZEN)).unwrap();
    let (_, place) = view.placements(view.inbox().unwrap(), 1, u32::MAX, 10).unwrap()[0];
    let work = move |tx: &mut Transaction<'_>| {
        let fate = Fate::NotFiled(Refusal::OtherCitizen);
        put_fates(
            tx,
            place.message,
            &[AttachmentFate { part: vec![2], path: None, fate, hidden: false }],
        )
    };
    let account = world.id(CITIZEN);
    let _ = world.post.store().transact(Actor::SYSTEM, account, work).await.unwrap();
    let browser = world.logged_in().await;
    let page = browser.get(&format!("/conversations/{}", world.thread_of(DOCTOR))).await;
    page.says("Pas classé");
    page.says("Archive de documents médicaux");
    let sentence = Fate::NotFiled(Refusal::OtherCitizen).sentences().citizen.fr;
    page.says(&sentence[..20]);
    let page = browser.get(&format!("/conversations/{}?lang=en", world.thread_of(DOCTOR))).await;
    page.says("Not filed");
}

impl World {
    /// Keeps what became of the one message's archive.
    async fn fate(&self, part: Vec<u32>, hidden: bool) {
        let view = self.post.store().view(self.id(CITIZEN)).unwrap();
        let (_, place) = view.placements(view.inbox().unwrap(), 1, u32::MAX, 10).unwrap()[0];
        let fate = Fate::NotFiled(Refusal::HashDiffers);
        let fate = AttachmentFate { part, path: Some("x".into()), fate, hidden: false };
        // The last of more than are kept decides.
        let mut fates = vec![fate; MAX_FATES + 1];
        fates[MAX_FATES].hidden = hidden;
        let work = move |tx: &mut Transaction<'_>| put_fates(tx, place.message, &fates);
        let account = self.id(CITIZEN);
        let _ = self.post.store().transact(Actor::SYSTEM, account, work).await.unwrap();
    }

    async fn statuses(&self, parts: &[&str]) -> Vec<u16> {
        let view = self.post.store().view(self.id(CITIZEN)).unwrap();
        let (_, place) = view.placements(view.inbox().unwrap(), 1, u32::MAX, 10).unwrap()[0];
        let browser = self.logged_in().await;
        browser.get(&format!("/conversations/{}", self.thread_of(DOCTOR))).await;
        let mut statuses = Vec::new();
        for part in parts {
            let path = format!("/messages/{}/parts/{part}", place.message);
            statuses.push(browser.get(&path).await.status.as_u16());
        }
        statuses
    }
}

const NESTED: &str = "--x\nContent-Type: multipart/mixed; boundary=y\n\n\
     --y\nContent-Type: text/plain\n\nVoici.\n--y\nContent-Type: application/zip\n\
     Content-Disposition: attachment; filename=IHE_XDM.ZIP\n\nPK\n--y--\n\
     --x\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=a.pdf\n\n%PDF-1.4\n--x--";

// MSS #72
#[tokio::test]
async fn a_hidden_document_that_is_not_filed_leaves_by_no_part() {
    let world = World::new().await;
    world.letter(ARCHIVE.0, NESTED).await;
    let parts = ["1", "1.2", "1.1", "2"];
    assert_eq!(world.statuses(&parts).await, [404, 404, 200, 200], "nobody has judged it yet");
    world.fate(vec![1, 2], true).await;
    assert_eq!(world.statuses(&parts).await, [404, 404, 200, 200]);
    world.fate(vec![1, 2], false).await;
    assert_eq!(world.statuses(&parts).await, [404, 200, 200, 200], "a container never leaves");
    world.fate(vec![1, 2], true).await;
    world.clock.advance(Duration::from_secs(32 * 24 * 3600));
    assert_eq!(world.statuses(&parts).await, [404, 200, 200, 200]);
}

// MSS #72
#[tokio::test]
async fn an_archive_inside_a_message_leaves_with_it_when_its_time_is_over() {
    let world = World::new().await;
    let body = "--x\nContent-Type: text/plain\n\nVoici.\n--x\nContent-Type: message/rfc822\n\
        Content-Disposition: attachment\n\nSubject: z\nContent-Type: multipart/mixed; boundary=y\n\n\
        --y\nContent-Type: text/plain\n\nz\n--y\nContent-Type: application/zip\n\
        Content-Disposition: attachment; filename=IHE_XDM.ZIP\n\nPK\n--y--\n--x--";
    world.letter(ARCHIVE.0, body).await;
    assert_eq!(world.statuses(&["2", "2.1", "2.2"]).await, [404, 200, 404]);
    world.clock.advance(Duration::from_secs(32 * 24 * 3600));
    assert_eq!(world.statuses(&["2", "2.1", "2.2"]).await, [200, 200, 200]);
}
