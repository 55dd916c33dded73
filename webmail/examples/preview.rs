//! Shows the pages to a browser on loopback, over a store in memory with a few letters: `cargo run -p webmail --example
//! preview -- 20999`. For looking at, not for use: whoever connects is the citizen of the tests.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::print_stdout,
    reason = "it stands on the tests' world"
)]

#[path = "../tests/site/world.rs"]
mod world;

use axum::http::{HeaderValue, header};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tower::Service;
use world::{CITIZEN, DOCTOR, STRANGER, WARD, World};

const PDF: &str = include_str!("../tests/site/letter.pdf.b64");

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port = std::env::args().nth(1).unwrap_or_else(|| "20999".into());
    let world = World::new().await;
    letters(&world).await;
    let browser = world.logged_in().await;
    file(&world, &browser).await;
    let cookie = format!("__Host-pli-citizens={}", browser.cookie("__Host-pli-citizens").unwrap());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.unwrap();
    println!("http://127.0.0.1:{port}/conversations/{}", world.thread_of(DOCTOR));
    println!("http://127.0.0.1:{port}/conversations/{}", world.thread_of(WARD));
    println!("http://127.0.0.1:{port}{}", browser.get("/record").await.link("/record/"));
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let (router, cookie) = (world.site.router(), cookie.clone());
        let service = service_fn(move |mut request: hyper::Request<hyper::body::Incoming>| {
            // Pages of who is not logged in are looked at through ?out.
            if !request.uri().query().unwrap_or_default().contains("out") {
                let value = HeaderValue::from_str(&cookie).unwrap();
                request.headers_mut().insert(header::COOKIE, value);
            }
            router.clone().call(request)
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
    }
}

async fn letters(world: &World) {
    let step = || world.clock.advance(Duration::from_secs(26 * 3600));
    world
        .write(
            STRANGER,
            CITIZEN,
            "Subject: Rappel de rendez-vous",
            "Votre rendez-vous est le 3 mars.",
        )
        .await;
    step();
    let head = "Subject: Suites de votre passage aux urgences";
    world.write(WARD, CITIZEN, head, "Bonjour,\n\nvotre passage est terminé.").await;
    step();
    let end = "Subject: Fin de suivi\nX-MSS-MES: FIN\nReferences: <2@chu.example>";
    world
        .write(WARD, CITIZEN, end, "Le suivi est terminé. Nous vous souhaitons une bonne santé.")
        .await;
    step();
    let head = "Subject: XDM/1.0/DDM+Compte rendu de consultation PAT-TROIS DOMINIQUE 28/03/1979\n\
        Content-Type: multipart/mixed; boundary=x";
    let body = format!(
        "--x\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n\
        Bonjour Madame,\n\nvoici le compte rendu de notre consultation, avec votre ordonnance. Prenez le\n\
        traitement le matin, pendant trois semaines, puis écrivez-moi comment vous allez.\n\n\
        Bien à vous,\nDr Martin\n\nLe 12 janvier, Dominique a écrit :\n> Bonjour docteur\n\
        --x\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"Ordonnance_du_14_janvier.pdf\"\n\
        Content-Transfer-Encoding: base64\n\n{PDF}\n\
        --x\nContent-Type: application/vnd.openxmlformats\nContent-Disposition: attachment; filename=\"conseils.docx\"\n\n\
        x\n--x--"
    );
    world.letter(head, &body).await;
    step();
    let head = "Subject: Re: Compte rendu de consultation\nReferences: <4@chu.example>\n\
        Content-Type: text/html; charset=utf-8";
    world.letter(head, "<h2>Bonjour</h2><p>Votre <b>analyse</b> est bonne.</p>").await;
}

async fn file(world: &World, browser: &world::Browser) {
    let page = browser.get(&format!("/conversations/{}", world.thread_of(DOCTOR))).await;
    let asked = page.link("/messages/");
    let csrf = page.field("csrf");
    let fields =
        [("csrf", &*csrf), ("name", "Ordonnance du 14 janvier"), ("kind", "prescriptions")];
    let asked = asked.replace("/parts/", "/file/");
    println!("{}", browser.post(&asked, &fields).await.status);
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = browser.get(&thread).await;
    let token = page.field("token");
    let fields = [("csrf", &*csrf), ("token", &*token), ("text", "Merci docteur, je vais mieux.")];
    browser.upload(&format!("{thread}/reply"), &fields, &[]).await;
}
