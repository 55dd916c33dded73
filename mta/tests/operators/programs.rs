//! Programs of others against our listeners: swaks and `openssl s_client`, with right, expired, revoked, unlisted,
//! foreign and missing certificates. Skipped where a program is absent.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::submission::{external, plain};
use crate::world::{DESK, Door, LAB, LETTERS, Land, MARIE, Site, application, files, operator};

/// Runs a program to its end: whether it succeeded, and all that it printed.
async fn run(program: &str, arguments: Vec<String>, input: String) -> Option<(bool, String)> {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let Ok(mut child) = command.spawn() else {
        println!("skipped: {program} is absent");
        return None;
    };
    let work = move || {
        // A program that ends before it has read all is judged by what it printed.
        let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
        child.wait_with_output().unwrap()
    };
    let output = tokio::task::spawn_blocking(work).await.unwrap();
    let printed = [output.stdout, output.stderr].concat();
    Some((output.status.success(), String::from_utf8_lossy(&printed).into_owned()))
}

fn words(text: &str) -> Vec<String> {
    text.split(' ').map(str::to_owned).collect()
}

/// A certificate's name for the test, its files, and the reply that shows it: none when there is no session.
type Case = (&'static str, Option<[String; 2]>, Option<&'static str>);

async fn swaks(
    site: &Site,
    door: Door,
    mail: &str,
    files: Option<&[String; 2]>,
) -> Option<(bool, String)> {
    let tls = if door == Door::Implicit { "--tls-on-connect" } else { "--tls" };
    let port = site.port(door);
    let mut all = words(&format!(
        "--server 127.0.0.1 --port {port} {tls} --timeout 20 --helo client.example {mail}"
    ));
    if let Some([certificate, key]) = files {
        all.extend(words(&format!("--tls-cert {certificate} --tls-key {key}")));
    }
    run("swaks", all, String::new()).await
}

async fn s_client(
    site: &Site,
    door: Door,
    files: Option<&[String; 2]>,
    input: &str,
) -> Option<String> {
    let port = site.port(door);
    let mut all = words(&format!("s_client -connect 127.0.0.1:{port} -quiet -crlf"));
    if door != Door::Implicit {
        all.extend(words("-starttls smtp"));
    }
    if let Some([certificate, key]) = files {
        all.extend(words(&format!("-cert {certificate} -key {key} -cert_chain {certificate}")));
    }
    Some(run("openssl", all, input.to_owned()).await?.1)
}

fn reception_cases(site: &mut Site) -> Vec<Case> {
    let dir = site.land.dir.clone();
    let mut other = Land::new();
    let profile = operator("mail.chu.example");
    let expired = site.land.expired(&profile);
    let revoked = site.land.issue(&profile);
    let unlisted = site.land.issue(&operator("mail.unlisted.example"));
    let foreign = other.issue(&profile);
    site.land.revoke(&revoked);
    site.publish_revocations();
    let of = |name, issued| Some(files(&dir, name, issued));
    vec![
        ("expired", of("expired", &expired), None),
        ("revoked", of("revoked", &revoked), None),
        ("foreign", of("foreign", &foreign), None),
        ("unlisted", of("unlisted", &unlisted), Some("\n<~* 5")),
        ("missing", None, Some("\n<~* 530 5.7.0")),
        ("right", of("right", &site.hospital), Some("\n<~  250 2.")),
    ]
}

// MSS #10, MSS #11, MSS #13, MSS #14
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaks_and_s_client_at_reception_with_every_certificate() {
    let mut site = Site::new().await;
    for (name, files, reply) in reception_cases(&mut site) {
        let before = site.messages_of(site.marie.0).len();
        let mail = format!("--from {LETTERS} --to {MARIE}");
        let Some((ok, printed)) = swaks(&site, Door::Reception, &mail, files.as_ref()).await else {
            return;
        };
        assert_eq!(ok, name == "right", "{name}: {printed}");
        assert_eq!(site.messages_of(site.marie.0).len() - before, usize::from(ok), "{name}");
        match reply {
            Some(reply) => assert!(printed.contains(reply), "{name}: {printed}"),
            None => assert!(!printed.contains("~> MAIL"), "{name}: {printed}"),
        }
        let input = format!("EHLO client.example\nMAIL FROM:<{LETTERS}>\nQUIT\n");
        let Some(printed) = s_client(&site, Door::Reception, files.as_ref(), &input).await else {
            return;
        };
        let said = match name {
            "right" => "250 2.1.0",
            "missing" => "530 5.7.0",
            "unlisted" => "\n5",
            _ => "alert",
        };
        assert!(printed.contains(said), "{name}: {printed}");
    }
}

// MSS #22, MSS #25
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn swaks_and_s_client_at_submission_with_every_certificate() {
    let mut site = Site::new().await;
    let mut other = Land::new();
    let dir = site.land.dir.clone();
    let expired = site.land.expired(&application("LAB"));
    let revoked = site.land.issue(&application("LAB"));
    let unlisted = site.land.issue(&application("OTHER"));
    let foreign = other.issue(&application("LAB"));
    site.land.revoke(&revoked);
    site.publish_revocations();
    let of = |name, issued| Some(files(&dir, name, issued));
    let cases = [
        ("expired", of("expired", &expired)),
        ("revoked", of("revoked", &revoked)),
        ("foreign", of("foreign", &foreign)),
        ("unlisted", of("unlisted", &unlisted)),
        ("missing", None),
        ("right", of("right", &site.lab_certificate)),
    ];
    for door in [Door::StartTls, Door::Implicit] {
        for (name, files) in &cases {
            let is_bad = ["expired", "revoked", "foreign"].contains(name);
            let secret = &site.secret;
            let mail = format!(
                "--from {MARIE} --to {DESK} --auth PLAIN --auth-user {MARIE} --auth-password {secret}"
            );
            let before = site.messages_of(site.desk.0).len();
            let Some((ok, printed)) = swaks(&site, door, &mail, files.as_ref()).await else {
                return;
            };
            assert_eq!(ok, !is_bad, "{name}: {printed}");
            assert_eq!(site.messages_of(site.desk.0).len() - before, usize::from(ok), "{name}");
            let input =
                format!("EHLO client.example\n{}\nMAIL FROM:<{LAB}>\nQUIT\n", external(LAB));
            let Some(printed) = s_client(&site, door, files.as_ref(), &input).await else {
                return;
            };
            let said = match *name {
                "right" => ["235 2.7.0", "250 2.1.0"],
                "missing" | "unlisted" => ["504 5.5.4", "530 5.7.0"],
                _ => ["alert", "alert"],
            };
            assert!(said.iter().all(|said| printed.contains(said)), "{name}: {printed}");
        }
    }
    let wrong = format!("EHLO client.example\n{}\nQUIT\n", plain(MARIE, "wrong"));
    if let Some(printed) = s_client(&site, Door::Implicit, None, &wrong).await {
        assert!(printed.contains("535 5.7.8"), "{printed}");
    }
}
