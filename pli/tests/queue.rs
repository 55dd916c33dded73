//! `pli queue` at an operator that runs: what waits is shown, tried again, held over a restart, and
//! taken out with a word to its sender or without.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod place;

use place::{Place, Serving};
use std::process::Command;

const SENDER: &str = "letters@chu.example";
/// The operator whose domain is listed and whose server is down.
const ROUTE: &str = "[routes.\"other.example\"]\nhost = \"127.0.0.1\"\nport = 9\n";

/// Sends a message to an operator that is down, by the submission service.
fn send(serving: &Serving, secret: &str, local: &str) -> bool {
    let to = format!("{local}@other.example");
    let server = serving.at("submission").to_owned();
    let line = [
        "--server",
        &server,
        "--tls",
        "--auth",
        "PLAIN",
        "--auth-user",
        SENDER,
        "--auth-password",
        secret,
        "--from",
        SENDER,
        "--to",
        &to,
        "--header",
        "Subject: xylophone",
        "--body",
        "the word is marzipan",
        "--hide-all",
    ];
    let sent = Command::new("swaks").args(line).output().unwrap();
    assert!(sent.status.success(), "{}", String::from_utf8_lossy(&sent.stdout));
    true
}

fn ids(list: &str) -> Vec<String> {
    list.lines().map(|line| line.split(' ').next().unwrap().to_owned()).collect()
}

/// Asks until the answer is as it has to be; the operator works meanwhile.
fn until(ask: impl Fn() -> String, right: impl Fn(&str) -> bool) -> String {
    let began = std::time::Instant::now();
    loop {
        let answer = ask();
        if right(&answer) {
            return answer;
        }
        assert!(began.elapsed().as_secs() < 30, "{answer}");
        std::thread::yield_now();
    }
}

fn secret_of(place: &Place) -> String {
    let said = place.done(&["account", "add", SENDER, "--kind", "APP", "--name", "Letters"]);
    said.lines().find_map(|line| line.strip_prefix("secret   ")).unwrap().to_owned()
}

fn inbox(serving: &Serving, secret: &str) -> String {
    let url = format!("imaps://{}/INBOX", serving.at("imaps"));
    let user = format!("{SENDER}:{secret}");
    let one = |uid: u32| {
        let url = format!("{url};UID={uid}");
        let fetched = Command::new("curl").args(["-sk", "--user", &user, &url]).output().unwrap();
        String::from_utf8_lossy(&fetched.stdout).into_owned()
    };
    (1..=2).map(one).collect()
}

#[test]
fn what_waits_is_shown_held_tried_and_dropped() {
    if Command::new("swaks").arg("--version").output().is_err() {
        println!("skipped: there is no swaks");
        return;
    }
    let place = Place::listing("queue", &["chu.example", "other.example"]);
    place.configure(place::TRUST, ROUTE);
    let secret = secret_of(&place);
    let list = || place.done(&["queue", "list"]);
    let serving = place.serve();
    assert_eq!(list(), "The queue is empty.\n");
    for local in ["one", "two"] {
        send(&serving, &secret, local);
    }
    let shown = until(list, |list| list.matches("waiting").count() == 2);
    assert!(shown.contains("peer-unreachable") && shown.contains("other.example"), "{shown}");
    // A list is no place for addresses; what is asked for by its id shows them.
    assert!(!shown.contains("one@") && !shown.contains("xylophone"), "{shown}");
    let [first, second] = &ids(&shown)[..] else { panic!("{shown}") };
    let show = place.done(&["queue", "show", first]);
    assert!(show.contains("@other.example  peer-unreachable") && show.contains(SENDER), "{show}");

    let held = place.done(&["queue", "hold", first, "--reason", "asked by the ward"]);
    assert!(held.contains("is held"), "{held}");
    let tried = place.done(&["queue", "retry", "--all"]);
    assert!(tried.contains(second) && !tried.contains(first), "{tried}");
    serving.end();
    // Commands work on the store while nobody runs, and a hold outlives the restart.
    let show = place.done(&["queue", "show", first]);
    assert!(show.contains("state     held") && show.contains("asked by the ward"), "{show}");
    let serving = place.serve();
    assert!(list().contains("held"));
    let freed = place.done(&["queue", "retry", first]);
    assert!(freed.contains("is tried at once"), "{freed}");
    until(list, |list| !list.contains("held"));

    let dropped = place.done(&["queue", "drop", first, "--reason", "sent by mistake"]);
    assert!(dropped.contains("its sender is told"), "{dropped}");
    until(list, |list| !list.contains(first.as_str()));
    let report = inbox(&serving, &secret);
    assert!(report.contains("multipart/report") && report.contains("given-up"), "{report}");
    assert!(report.contains("sent by mistake"), "{report}");
    let dropped = place.done(&["queue", "drop", second, "--silent", "--reason", "test"]);
    assert!(dropped.contains("nobody is told"), "{dropped}");
    assert_eq!(list(), "The queue is empty.\n");
    assert_eq!(inbox(&serving, &secret).matches("multipart/report").count(), 1);
    let said = place.pli(&["queue", "show", first]);
    assert!(said.code == 1 && said.err.contains("there is no message"), "{}", said.err);
    serving.end();
    assert!(place.done(&["store", "verify", "data/store"]).ends_with("Nothing is wrong.\n"));
}
