//! `pli demo` from outside, by its contract: one letter goes from the hospital to the citizen's record
//! and is answered; what `demo.json` names can be used; the citizen's journey in a browser.
#![allow(clippy::print_stdout, reason = "a test that is skipped says so")]
#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests panic")]

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::Duration;

fn pli() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pli"));
    command.stdin(Stdio::null());
    command
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("pli-test-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        Self(dir)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A running demo.
struct Demo {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    dir: PathBuf,
    json: Value,
}

impl Demo {
    fn start(dir: &Path, more: &[&str]) -> Self {
        let mut child = pli()
            .args(["demo", "--base-port", "0", "--lang", "en", "--data"])
            .arg(dir)
            .args(more)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        // It says that it is ready once demo.json is there.
        loop {
            let line = lines.next().unwrap_or_else(|| panic!("the demo ended")).unwrap();
            if line.contains("is ready") {
                break;
            }
        }
        let json = serde_json::from_slice(&fs::read(dir.join("demo.json")).unwrap()).unwrap();
        Self { child, lines, dir: dir.to_owned(), json }
    }

    fn listener(&self, operator: &str, name: &str) -> &str {
        self.json["operators"][operator][name].as_str().unwrap()
    }

    /// A request to the control port: status and answer.
    fn control(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let at = self.json["control"].as_str().unwrap().strip_prefix("http://").unwrap();
        let body = body.to_string();
        let mut stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(90))).unwrap();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {at}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// SIGTERM, and the end within five seconds.
    fn end(mut self) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let began = std::time::Instant::now();
        for line in self.lines.by_ref() {
            let _ = line;
        }
        assert!(self.child.wait().unwrap().success());
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    }
}

fn sent(output: &Output) -> String {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    format!("{}{}", text(&output.stdout), text(&output.stderr))
}

#[test]
fn once_prints_the_chain_accepted_delivered_filed_answered() {
    let output =
        pli().args(["demo", "--once", "--base-port", "0", "--lang", "en"]).output().unwrap();
    let said = sent(&output);
    assert!(output.status.success(), "{said}");
    let mut rest = said.as_str();
    for link in ["accepted", "delivered", "filed", "answered"] {
        let (_, after) = rest.split_once(link).unwrap_or_else(|| panic!("no `{link}` in {said}"));
        rest = after;
    }
}

#[test]
fn a_demo_killed_while_it_makes_its_accounts_goes_on_where_it_was() {
    const ACCOUNTS: usize = 30_000;
    let folder = Folder::new("killed");
    let mut child = pli()
        .args(["demo", "--base-port", "0", "--lang", "en", "--accounts", "30000", "--data"])
        .arg(&folder.0)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    // A fast machine is ready before there is progress to tell.
    let told = lines.find_map(|line| {
        let line = line.unwrap();
        (line.contains("accounts of 30000") || line.contains("is ready")).then_some(line)
    });
    assert!(told.is_some(), "the demo ended");
    child.kill().unwrap();
    child.wait().unwrap();
    let count = || {
        let store = folder.0.join("practice/store");
        let key = folder.0.join("practice/operator.key");
        let verified =
            pli().args(["store", "verify"]).arg(store).arg("--key").arg(key).output().unwrap();
        assert!(verified.status.success(), "{}", sent(&verified));
        let said = sent(&verified);
        let (before, _) = said.split_once(" accounts").unwrap();
        before.rsplit(|c: char| !c.is_ascii_digit()).next().unwrap().parse::<usize>().unwrap()
    };
    // What is there is whole; the practice's own two mailboxes are there as well.
    let before = count();
    assert!((2..=ACCOUNTS + 2).contains(&before), "{before}");
    Demo::start(&folder.0, &["--accounts", "30000"]).end();
    assert_eq!(count(), ACCOUNTS + 2, "{before} were there after the kill");
}

#[test]
fn the_contract_names_what_is_there_and_a_demo_is_continued() {
    let folder = Folder::new("contract");
    let demo = Demo::start(&folder.0, &["--clock-control", "--accounts", "20"]);
    assert_eq!(demo.json["version"], 1);
    for (operator, names) in [
        ("hospital", &["smtp", "submission", "submissions", "imap", "imaps"][..]),
        ("practice", &["smtp", "submission", "submissions", "imap", "imaps"]),
        ("citizens", &["smtp", "submission", "submissions", "imap", "imaps", "https"]),
    ] {
        for name in names {
            TcpStream::connect(demo.listener(operator, name)).unwrap();
        }
        for file in ["cert", "key"] {
            let file = demo.json["operators"][operator][file].as_str().unwrap();
            assert!(demo.dir.join(file).exists(), "{file}");
        }
    }
    for file in ["ca", "domain_list", "notifications"] {
        assert!(demo.dir.join(demo.json[file].as_str().unwrap()).exists(), "{file}");
    }
    let accounts = demo.json["accounts"].as_array().unwrap().clone();
    let kinds: Vec<_> = accounts.iter().map(|one| one["kind"].as_str().unwrap()).collect();
    for (kind, number) in [("PER", 2), ("CAB", 1), ("ORG", 1), ("APP", 2), ("citizen", 5)] {
        assert_eq!(kinds.iter().filter(|known| **known == kind).count(), number, "{kind}");
    }
    for account in accounts.iter().filter(|one| one["p12"].is_string()) {
        for file in ["cert", "key", "p12"] {
            assert!(demo.dir.join(account[file].as_str().unwrap()).exists());
        }
    }
    // The list verifies with the tool that others have.
    let verified = pli()
        .args(["trust", "verify"])
        .arg(demo.dir.join("pki/domain-list.xml"))
        .arg("--ca")
        .arg(demo.dir.join("pki/chain.pem"))
        .arg("--crl")
        .arg(demo.dir.join("pki/crl.pem"))
        .output()
        .unwrap();
    assert!(verified.status.success(), "{}", sent(&verified));
    demo.end();
    assert!(!folder.0.join("demo.json").exists());
    let again = Demo::start(&folder.0, &["--clock-control"]);
    let secret = |accounts: &[Value], at: usize| accounts[at]["password"].clone();
    let now = again.json["accounts"].as_array().unwrap();
    assert_eq!(secret(now, 0), secret(&accounts, 0));
    again.end();
    for store in ["hospital", "practice", "citizens"] {
        let dir = folder.0.join(store);
        let output = pli().args(["store", "verify"]).arg(dir.join("store")).output().unwrap();
        assert!(output.status.success(), "{store}: {}", sent(&output));
    }
}

#[test]
fn the_control_port_moves_the_clock_makes_citizens_and_spoils_certificates() {
    let folder = Folder::new("control");
    let demo = Demo::start(&folder.0, &["--clock-control"]);
    let now = |demo: &Demo| -> jiff::Timestamp {
        let (status, answer) = demo.control("GET", "/clock", &Value::Null);
        assert_eq!(status, 200);
        answer["now"].as_str().unwrap().parse().unwrap()
    };
    let before = now(&demo);
    let six_weeks = 42 * 24 * 3600;
    let asked = serde_json::json!({ "advance_seconds": six_weeks });
    assert_eq!(demo.control("POST", "/clock", &asked).0, 200);
    assert!(now(&demo).duration_since(before).as_secs() >= six_weeks);
    assert_eq!(
        demo.control("POST", "/clock", &serde_json::json!({ "advance_seconds": -1 })).0,
        422
    );
    let citizen = serde_json::json!({
        "ins": "185057512345673", "ins_oid": "1.2.250.1.213.1.4.10",
        "traits": { "birth_name": "ESSAI", "first_given_name": "JEAN", "given_names": "JEAN",
                    "birth_date": "1985-05-12", "sex": "M", "birth_place": "75123" }
    });
    let (status, made) = demo.control("POST", "/citizens", &citizen);
    assert_eq!(status, 201, "{made}");
    assert!(made["login"].is_string() && made["password"].is_string());
    assert_eq!(demo.control("POST", "/citizens", &citizen).0, 409);
    let mut wrong = citizen.clone();
    wrong["ins"] = "1850575123456".into();
    assert_eq!(demo.control("POST", "/citizens", &wrong).0, 422);
    // A letter cannot leave while the citizens' operator's certificate is revoked.
    let state = |state: &str| serde_json::json!({ "state": state });
    for spoiled in ["revoked", "expired"] {
        let path = "/operators/citizens/certificate";
        assert_eq!(demo.control("POST", path, &state(spoiled)).0, 200, "{spoiled}");
        assert_eq!(demo.control("POST", path, &state("valid")).0, 200);
    }
    assert_eq!(demo.control("POST", "/operators/nobody/certificate", &state("valid")).0, 404);
    demo.end();
}

/// What `pli letter send` says when the hospital's application sends a document to an address.
fn letter(demo: &Demo, document: &Path, to: &str) -> (bool, String) {
    let accounts = demo.json["accounts"].as_array().unwrap();
    let application = accounts.iter().find(|one| one["kind"] == "APP").unwrap();
    let file = |value: &Value| demo.dir.join(value.as_str().unwrap());
    let output = pli()
        .args(["letter", "send", "--test", "--wait", "30", "--to", to, "--from"])
        .arg(application["address"].as_str().unwrap())
        .args(["--server", demo.listener("hospital", "submission")])
        .args(["--imap", demo.listener("hospital", "imaps")])
        .args(["--server-name", "mail.chu.mss.example", "--cert"])
        .arg(file(&application["cert"]))
        .arg("--key")
        .arg(file(&application["key"]))
        .arg("--authorities")
        .arg(demo.dir.join("pki/chain.pem"))
        .arg("--revocations")
        .arg(demo.dir.join("pki/crl.pem"))
        .arg(document)
        .output()
        .unwrap();
    (output.status.success(), sent(&output))
}

/// The national samples, by the whole way: submission with the application's certificate, mutual TLS
/// between the operators, filing, and the receipts back in the application's mailbox.
#[test]
fn the_hospitals_application_sends_every_national_sample_to_the_citizen_that_it_names() {
    let samples =
        Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("../../shared/data/cda");
    let Ok(samples) = fs::read_dir(samples) else {
        println!("skipped: the national samples are not beside the clone");
        return;
    };
    let folder = Folder::new("samples");
    let demo = Demo::start(&folder.0, &["--clock-control"]);
    let (mut filed, mut refused) = (0, 0);
    let mut paths: Vec<_> = samples.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths.iter().filter(|path| path.extension().is_some_and(|end| end == "xml")) {
        let name = path.file_name().unwrap().to_str().unwrap();
        let header = clinical::cda::Header::read(&fs::read(path).unwrap()).unwrap();
        let (ins, oid) = header.patient.ins_as_written().unwrap();
        let address = format!("{ins}@patient.mss.example");
        let traits = header.patient.traits().unwrap();
        let citizen = serde_json::json!({
            "ins": ins, "ins_oid": oid.as_str(),
            "traits": {
                "birth_name": traits.birth_name().as_str(),
                "first_given_name": traits.first_given_name().as_str(),
                "given_names": traits.given_names().as_str(),
                "birth_date": traits.birth_date().to_string(),
                "sex": traits.sex().code(),
                "birth_place": traits.birth_place().as_str(),
            }
        });
        let (status, answer) = demo.control("POST", "/citizens", &citizen);
        if name.starts_with("CSE-MDE") {
            // Its number has a wrong key under the OID of real people: nobody can have it.
            assert_eq!(status, 422, "{answer}");
            let (ok, said) = letter(&demo, path, &address);
            assert!(!ok && said.contains("550"), "{name}: {said}");
            let other = "279035121518989@patient.mss.example";
            let (ok, said) = letter(&demo, path, other);
            assert!(!ok && said.contains("delivered") && said.contains("905"), "{name}: {said}");
            refused += 1;
        } else {
            assert!(matches!(status, 201 | 409), "{name}: {answer}");
            let (ok, said) = letter(&demo, path, &address);
            assert!(ok, "{name}: {said}");
            let mut rest = said.as_str();
            for receipt in ["accepted", "delivered", "filed"] {
                let after = rest.split_once(receipt).unwrap_or_else(|| panic!("{name}: {said}"));
                rest = after.1;
            }
            filed += 1;
        }
    }
    assert_eq!((filed, refused), (12, 1));
    demo.end();
}

/// Where the programs of the browser tests lie.
fn tools() -> Option<PathBuf> {
    let named = std::env::var_os("PLI_TEST_TOOLS").map(PathBuf::from);
    let cache = || {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".cache")));
        Some(cache?.join("pli/tools"))
    };
    named.or_else(cache)
}

/// Runs a program of tests/browser against a demo, with Chromium, and prints what it says when it fails.
fn browse(name: &str, script: &str) {
    let modules = tools().map(|tools| tools.join("browser/node_modules"));
    let chromium = std::env::var("CHROMIUM").unwrap_or_else(|_| "/usr/bin/chromium".into());
    let Some(modules) = modules.filter(|modules| modules.join("playwright-core").exists()) else {
        println!("skipped: playwright-core is not installed (tests/clients/install)");
        return;
    };
    if !Path::new(&chromium).exists() {
        println!("skipped: there is no {chromium}");
        return;
    }
    let folder = Folder::new(name);
    let demo = Demo::start(&folder.0, &[]);
    let source =
        Path::new(&std::env::var("CARGO_MANIFEST_DIR").unwrap()).join("..").join("tests/browser");
    // Modules are looked for beside the script.
    let beside = folder.0.join("browser");
    fs::create_dir_all(&beside).unwrap();
    for file in fs::read_dir(&source).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), beside.join(file.file_name())).unwrap();
    }
    std::os::unix::fs::symlink(&modules, beside.join("node_modules")).unwrap();
    let pictures = std::env::var_os("PLI_TEST_PICTURES").map(PathBuf::from);
    let pictures = pictures.unwrap_or_else(|| folder.0.join("pictures"));
    let walked =
        Command::new("node").arg(beside.join(script)).arg(&demo.dir).arg(&pictures).output();
    let walked = walked.unwrap();
    assert!(walked.status.success(), "{}", sent(&walked));
    demo.end();
}

#[test]
fn a_citizen_walks_through_the_site_in_a_browser_in_both_languages() {
    browse("browser", "journey.mjs");
}

#[test]
fn nothing_of_a_hostile_letter_runs_or_loads_in_a_browser() {
    browse("evasion", "evasion.mjs");
}
