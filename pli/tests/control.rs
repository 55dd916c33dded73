//! Commands reach an operator that runs, by its control socket; without it the store is opened.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

mod place;

use place::Place;
use std::fs;
use std::io::{Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;

fn secret_of(said: &str) -> &str {
    said.lines().find_map(|line| line.strip_prefix("secret   ")).unwrap()
}

#[test]
fn the_same_command_line_works_while_the_operator_runs_and_while_it_does_not() {
    let place = Place::new("control");
    let add = |local: &str| {
        let address = format!("{local}@chu.example");
        place.done(&["account", "add", &address, "--kind", "PER", "--name", "Somebody"])
    };
    let first = add("first");
    assert!(first.starts_with("mailbox  first@chu.example\n"), "{first}");
    let serving = place.serve();
    let second = add("second");
    assert_ne!(secret_of(&first), secret_of(&second));
    let log_in = |local: &str, secret: &str| {
        let secret = format!("{local}@chu.example:{secret}");
        let url = format!("imaps://{}/INBOX", serving.at("imaps"));
        std::process::Command::new("curl")
            .args(["-sk", "--user", &secret, &url, "-X", "NOOP"])
            .status()
            .unwrap()
            .success()
    };
    if std::process::Command::new("curl").arg("-V").output().is_ok() {
        // What was made while it ran opens at once, and what was made before as well.
        assert!(log_in("first", secret_of(&first)) && log_in("second", secret_of(&second)));
        assert!(!log_in("first", secret_of(&second)));
    }
    let out = place.done(&["store", "verify", "data/store"]);
    assert!(out.contains("The operator runs") && out.ends_with("Nothing is wrong.\n"), "{out}");
    assert!(out.contains("2 accounts"), "{out}");
    let said = place.pli(&["account", "secret", "nobody@chu.example", "--label", "x"]);
    assert_eq!(said.code, 1);
    assert!(said.err.starts_with("pli: there is no mailbox nobody@chu.example"), "{}", said.err);
    serving.end();
    assert!(!place.path("data/control.sock").exists());
    let out = place.done(&["store", "verify", "data/store"]);
    assert!(out.contains("frames") && out.contains("2 accounts"), "{out}");
    place.done(&["account", "secret", "first@chu.example", "--label", "another"]);
}

#[test]
fn a_socket_that_a_crash_left_is_in_nobodys_way() {
    let place = Place::new("crash");
    let serving = place.serve();
    let socket = place.path("data/control.sock");
    assert_eq!(fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    drop(serving);
    assert!(socket.exists());
    place.done(&["account", "add", "a@chu.example", "--kind", "ORG", "--name", "A"]);
    let serving = place.serve();
    place.done(&["account", "add", "b@chu.example", "--kind", "ORG", "--name", "B"]);
    serving.end();
}

#[test]
fn what_is_no_request_is_refused_and_the_operator_goes_on() {
    let place = Place::new("garbage");
    let serving = place.serve();
    let call = |octets: &[u8]| {
        let mut stream = UnixStream::connect(place.path("data/control.sock")).unwrap();
        stream.write_all(octets).unwrap();
        let mut answer = Vec::new();
        let _ = stream.read_to_end(&mut answer);
        String::from_utf8_lossy(&answer).into_owned()
    };
    let unknown = br#"{"turn-into-gold":{}}"#;
    let framed = [&u32::try_from(unknown.len()).unwrap().to_be_bytes(), &unknown[..]].concat();
    assert!(call(&framed).contains("does not know this command"));
    // Four gigabytes are announced: refused, not waited for.
    assert!(call(&[0xff; 8]).contains("does not know this command"));
    place.done(&["account", "add", "a@chu.example", "--kind", "ORG", "--name", "A"]);
    serving.end();
}

#[test]
fn which_operator_is_meant_is_asked_when_nothing_says_it() {
    let place = Place::empty("nowhere");
    let said = place.pli(&["account", "secret", "a@chu.example", "--label", "x"]);
    if !std::path::Path::new("/etc/pli/pli.toml").exists() {
        assert!(said.err.starts_with("pli: which operator? Give --config"), "{}", said.err);
    }
    let said = place.pli(&["account", "secret", "a@chu.example", "--label", "x", "--data", "data"]);
    assert!(said.err.starts_with("pli: no operator runs in data"), "{}", said.err);
}
