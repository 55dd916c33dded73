//! What nobody can do: read or change another's things, act through somebody's browser, break out of a page.

use crate::world::{CITIZEN, DOCTOR, ORIGIN, OTHER, World};
use axum::body::Body;
use axum::http::{Request, StatusCode, header};

#[tokio::test]
async fn what_is_anothers_is_not_found() {
    let world = World::new().await;
    let head = "Subject: Secret\nContent-Type: multipart/mixed; boundary=x";
    let body = "--x\nContent-Type: text/html\n\n<p>a</p>\n--x\nContent-Type: text/plain; name=a.txt\n\
        Content-Disposition: attachment; filename=a.txt\n\ncontenu\n--x--";
    world.letter(head, body).await;
    let own = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = own.get(&thread).await;
    let file = page.link("/messages/");
    let csrf = page.field("csrf");
    own.post(&file, &[("csrf", &csrf), ("name", "Mien"), ("kind", "other")]).await.location();
    let entry = own.get("/record").await.link("/record/");
    let paths = [
        thread.clone(),
        file.replace("/file/", "/parts/"),
        file.replace("/file/2", "/html/1"),
        file.clone(),
        entry.clone(),
        format!("{entry}/view"),
        format!("{entry}/download"),
    ];
    let other = world.logged_in_as(OTHER).await;
    let page = other.get("/account").await;
    let (others_csrf, session) = (page.field("csrf"), own.get("/account").await);
    for path in &paths {
        assert_eq!(other.get(path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
    for path in [file.clone(), format!("{entry}/take-back"), format!("{entry}/undo")] {
        let answer = other.post(&path, &[("csrf", &others_csrf), ("name", "x")]).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
    }
    let token = "0-00000000000000000000000000000000";
    let fields = [("csrf", &*others_csrf), ("token", token), ("text", "x")];
    let answer = other.upload(&format!("{thread}/reply"), &fields, &[]).await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    let to = world.thread_of(DOCTOR);
    let fields = [fields[0], fields[1], fields[2], ("to", &*to), ("subject", "x")];
    other.upload("/conversations/new", &fields, &[]).await.says("Choisissez un professionnel.");
    assert!(world.queued().is_empty());
    // Nor does anybody end another's session.
    assert!(!session.text().contains("name=\"session\""), "own devices only");
    own.get(&entry).await.says("Mien");
    for nothing in
        ["/conversations/x", "/conversations/00", "/record/../x", "/nowhere", "/messages/1/parts/9"]
    {
        assert_eq!(own.get(nothing).await.status, StatusCode::NOT_FOUND, "{nothing}");
    }
}

#[tokio::test]
async fn forms_without_their_token_or_from_elsewhere_are_refused() {
    let world = World::new().await;
    world.letter("Subject: A", "x").await;
    let browser = world.logged_in().await;
    let thread = format!("/conversations/{}", world.thread_of(DOCTOR));
    let page = browser.get(&thread).await;
    let (csrf, token) = (page.field("csrf"), page.field("token"));
    for wrong in ["", "0123"] {
        let fields = [("csrf", wrong), ("token", &*token), ("text", "x")];
        for path in [format!("{thread}/reply"), "/conversations/new".into()] {
            let answer = browser.upload(&path, &fields, &[]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
            answer.says("Par prudence, rien n’a été fait");
        }
        for path in ["/logout", "/account/end", "/account/end-others", "/record/00/undo", "/login"]
        {
            let answer = browser.post(path, &[("csrf", wrong)]).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "{path}");
        }
    }
    let body = format!("csrf={csrf}");
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
        let request = Request::post("/logout")
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(name, value);
        let answer = browser.send(request, Body::from(body.clone())).await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{name}");
    }
    assert_eq!(browser.get("/conversations").await.status, StatusCode::OK, "still logged in");
    let request = Request::post("/logout")
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header("origin", ORIGIN);
    assert_eq!(browser.send(request, Body::from(body)).await.location(), "/logout");
}

#[tokio::test]
async fn markup_in_names_subjects_and_files_is_text() {
    let world = World::new().await;
    let evil = "\"><img src=x onerror=alert(1)>";
    let head = format!("Subject: {evil}\nTo: {CITIZEN}\nContent-Type: multipart/mixed; boundary=x");
    let body = format!(
        "--x\nContent-Type: text/plain\n\n{evil} </div><script>alert(2)</script>\n\
         --x\nContent-Type: application/pdf\nContent-Disposition: attachment; filename=\"{}.pdf\"\n\n%PDF-1.4\n--x--",
        "<svg onload=alert(3)>"
    );
    world
        .write("\"<b onclick=alert(4)>Dr</b>\" <inconnu@chu.example>", CITIZEN, &head, &body)
        .await;
    let browser = world.logged_in().await;
    let thread = world.thread_of("inconnu@chu.example");
    for path in [
        "/conversations".to_owned(),
        format!("/conversations/{thread}"),
        "/conversations/new".into(),
    ] {
        let page = browser.get(&path).await;
        for raw in ["<img", "<b onclick", "<svg onload", "<script>"] {
            page.hides(raw);
        }
    }
    let page = browser.get(&format!("/conversations/{thread}")).await;
    page.says("&#60;svg onload");
    browser.get(&page.link("/messages/")).await.hides("<svg onload");
}

#[tokio::test]
async fn faults_have_pages_in_both_languages_and_name_nothing() {
    let world = World::new().await;
    let browser = world.logged_in().await;
    browser.get("/nowhere").await.says("Cette page n’existe pas");
    browser.get("/nowhere?lang=en").await.says("There is no such page");
    let answer = browser.send(Request::put("/record"), Body::empty()).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN.max(answer.status));
    let request = Request::post("/logout").header(header::CONTENT_TYPE, "text/plain");
    let answer = browser.send(request, Body::from("x")).await;
    assert!(answer.status.is_client_error());
    answer.says("<h1>");
    let request =
        Request::post("/logout").header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
    let answer = browser.send(request, Body::from(vec![b'a'; 100_000])).await;
    assert_eq!(answer.status, StatusCode::PAYLOAD_TOO_LARGE);
    answer.says("<h1>");
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_their_hash_and_the_first_page_is_light() {
    let world = World::new().await;
    let browser = world.browser();
    let door = browser.get("/login").await;
    let css = door.link("/assets/");
    let css = css.rsplit_once('/').unwrap().0.to_owned();
    let mut weight = door.octets.len();
    for name in ["pli.css", "pli.svg", "public-sans-400.woff2", "public-sans-700.woff2"] {
        let asset = browser.get(&format!("{css}/{name}")).await;
        assert_eq!(asset.status, StatusCode::OK, "{name}");
        assert!(asset.header("cache-control").contains("immutable"), "{name}");
        weight += asset.octets.len();
    }
    assert!(weight < 100_000, "the first page weighs {weight} octets");
    assert!(browser.get(&format!("{css}/letter.css")).await.text().contains("body"));
    assert_eq!(browser.get("/assets/0000/pli.css").await.status, StatusCode::NOT_FOUND);
}
