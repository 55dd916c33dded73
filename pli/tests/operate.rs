//! An operator as its administrator runs it: begun from an empty folder, watched, reloaded; and what
//! its log and its metrics never hold.
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]

mod place;

use place::Place;
use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;

const WATCHED: &str = "metrics = \"127.0.0.1:0\"\n[log]\nlevel = \"debug\"\nformat = \"json\"\n";

fn get(at: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(at).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: {at}\r\nConnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn metrics_and_the_log_hold_no_word_of_a_message_and_no_address() {
    let place = Place::new("watched");
    place.configure(place::TRUST, WATCHED);
    let made = place.done(&[
        "account",
        "add",
        "marie.quenouille@chu.example",
        "--kind",
        "PER",
        "--name",
        "Marie QUENOUILLE",
    ]);
    let secret = made.lines().find_map(|line| line.strip_prefix("secret   ")).unwrap();
    let serving = place.serve();
    let metrics = serving.at("metrics").to_owned();
    assert!(get(&metrics, "/health").contains("200 OK"));
    assert!(get(&metrics, "/ready").contains("200 OK"));
    let swaks = Command::new("swaks").arg("--version").output().is_ok();
    if swaks {
        let server = serving.at("submission").to_owned();
        for to in ["marie.quenouille@chu.example", "279035121518989@chu.example"] {
            let address = "marie.quenouille@chu.example";
            let line = [
                "--server",
                &server,
                "--tls",
                "--auth",
                "PLAIN",
                "--auth-user",
                address,
                "--auth-password",
                secret,
                "--from",
                address,
                "--to",
                to,
                "--header",
                "Subject: xylophone",
                "--body",
                "the word is marzipan",
                "--hide-all",
            ];
            let _ = Command::new("swaks").args(line).status().unwrap();
        }
    } else {
        println!("skipped in part: there is no swaks");
    }
    let text = get(&metrics, "/metrics");
    for name in [
        "pli_queue_messages{state=\"waiting\"} 0",
        "pli_store_writable 1",
        "pli_domain_list_entries 1",
        "pli_certificate_expires_seconds",
        "# EOF",
    ] {
        assert!(text.contains(name), "{name} is not in {text}");
    }
    if swaks {
        let accepted = "pli_messages_accepted_total{listener=\"submission\"} 1";
        assert!(text.contains(accepted), "{text}");
        assert!(text.contains("verdict=\"recipient-unknown\"} 1"), "{text}");
        assert!(
            text.contains("pli_log_ins_total{face=\"submission\",outcome=\"opened\"} 2"),
            "{text}"
        );
    }
    let log = serving.log();
    serving.end();
    assert!(!log.is_empty());
    for line in log.lines() {
        assert!(serde_json::from_str::<serde_json::Value>(line).is_ok(), "{line}");
    }
    for word in ["xylophone", "marzipan", "quenouille", "QUENOUILLE", "279035121518989", secret] {
        assert!(!log.contains(word), "{word} is in the log: {log}");
        assert!(!text.contains(word), "{word} is in the metrics");
    }
}

#[test]
fn a_reload_takes_what_may_change_and_names_what_waits_for_a_restart() {
    let place = Place::new("reload");
    let serving = place.serve();
    let said = place.done(&["reload"]);
    assert!(said.contains("certificate        as it was"), "{said}");
    place.certify();
    place.publish();
    place.configure(place::TRUST, "[imap]\ncitizens = true\n[log]\nlevel = \"info\"\n");
    let said = place.done(&["reload"]);
    assert!(said.contains("certificate        taken"), "{said}");
    assert!(said.contains("imap.citizens has changed: it is taken at the next start"), "{said}");
    assert!(!said.contains("log.level has changed"), "{said}");
    fs::write(place.path("own.pem"), "no certificate").unwrap();
    let said = place.pli(&["reload"]);
    assert!(said.code == 1 && said.out.contains("certificate        NOT taken"), "{said:?}");
    fs::write(place.path("pli.toml"), "[operator]\nnaem = 1\n").unwrap();
    let said = place.pli(&["reload", "--data", "data"]);
    assert!(said.code == 1 && said.err.contains("did you mean `name`?"), "{said:?}");
    serving.end();
}

#[test]
fn from_an_empty_folder_to_an_operator_by_what_init_says() {
    let place = Place::empty("init");
    let said = place.pli(&["init"]);
    assert!(said.code == 1 && said.err.contains("--hostname, --domain, --structure"), "{said:?}");
    let begin = [
        "init",
        "--hostname",
        "mail.chu.example",
        "--domain",
        "chu.example",
        "--structure",
        "1630013605",
        "--legal-name",
        "CHU",
        "--department",
        "Paris (75)",
        "--product",
        "NIL-1",
        "--test",
    ];
    let said = place.done(&begin);
    let steps: Vec<_> = (1..=6).map(|step| said.find(&format!("\n{step}. ")).unwrap()).collect();
    assert!(steps.is_sorted(), "{said}");
    let again = place.pli(&begin);
    assert!(again.code == 1 && again.err.contains("is there already"), "{again:?}");
    // The administrator's authority does what the first step says.
    place.done(&["authority", "init", "authority", "--name", "P", "--organization", "P", "--test"]);
    let line = said.lines().skip_while(|line| !line.contains("pli authority sign")).take(2);
    let line: String = line.map(|line| line.trim().trim_end_matches('\\')).collect();
    let line = line.replace("AUTHORITY", "authority").replace("pli ", "exec $PLI ");
    let signed = Command::new("sh")
        .args(["-c", &line])
        .env("PLI", env!("CARGO_BIN_EXE_pli"))
        .current_dir(&place.0)
        .output()
        .unwrap();
    assert!(signed.status.success(), "{line}: {}", String::from_utf8_lossy(&signed.stderr));
    place.publish();
    let text = fs::read_to_string(place.path("pli.toml")).unwrap();
    let ports = text.lines().map(|line| match line.split_once(" = \"[::]:") {
        Some((key, _)) if !key.starts_with('#') => format!("{key} = \"127.0.0.1:0\"\n"),
        _ => format!("{line}\n"),
    });
    fs::write(place.path("pli.toml"), ports.collect::<String>()).unwrap();
    let serving = place.serve();
    let address = "postmaster@chu.example";
    place.done(&["account", "add", address, "--kind", "ORG", "--name", "Postmaster"]);
    serving.end();
}

#[test]
fn shells_get_completions() {
    let place = Place::empty("shells");
    for shell in ["bash", "zsh", "fish"] {
        assert!(place.done(&["completions", shell]).contains("queue"), "{shell}");
    }
}
