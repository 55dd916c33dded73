//! A folder with an authority of its own and one operator, as an administrator has them.
#![allow(dead_code, reason = "each test uses its part")]

use std::fs;
use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Output, Stdio};

/// What a command said.
#[derive(Debug)]
pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A folder that goes at the end.
pub(crate) struct Place(pub(crate) PathBuf);

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// The trust, as files.
pub(crate) const TRUST: &str = r#"authorities = "trust/chain.pem"
revocations = "trust/crl.pem"
domain_list = "trust/domain-list.xml"
"#;

impl Place {
    pub(crate) fn empty(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("pli-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        Self(dir)
    }

    /// An authority that has published, an operator's certificate, and the configuration.
    pub(crate) fn new(name: &str) -> Self {
        Self::listing(name, &["chu.example"])
    }

    /// The same, with a list of these domains.
    pub(crate) fn listing(name: &str, domains: &[&str]) -> Self {
        let place = Self::empty(name);
        place.done(&[
            "authority",
            "init",
            "authority",
            "--name",
            "P",
            "--organization",
            "P",
            "--test",
        ]);
        place.certify();
        place.publish_list(domains);
        place.configure(TRUST, "");
        place
    }

    /// Has the operator's certificate issued, with a new key.
    pub(crate) fn certify(&self) {
        let line = "authority sign authority --out own.pem --key own.key operator --host \
                    mail.chu.example --dns localhost --structure 1630013605 --legal-name CHU \
                    --department";
        let words: Vec<&str> = line.split_whitespace().chain(["Paris (75)"]).collect();
        self.done(&words);
    }

    /// Publishes the operator's domain into `trust/`.
    pub(crate) fn publish(&self) {
        self.publish_list(&["chu.example"]);
    }

    fn publish_list(&self, domains: &[&str]) {
        let dn = "CN=mail.chu.example,OU=1630013605,O=CHU,ST=Paris (75),C=FR";
        let pairs =
            domains.iter().map(|domain| format!(r#"{{"domain": "{domain}", "dn": "{dn}"}}"#));
        let list = format!("[{}]", pairs.collect::<Vec<_>>().join(","));
        fs::write(self.0.join("domains.json"), list).unwrap();
        let line = "authority publish authority --out trust --domains domains.json";
        self.done(&line.split(' ').collect::<Vec<_>>());
    }

    /// Writes `pli.toml`: where the trust comes from, and what else is wanted.
    pub(crate) fn configure(&self, trust: &str, more: &str) {
        let text = format!(
            "[operator]\nname = \"chu\"\nhostname = \"mail.chu.example\"\n\
             domains = [\"chu.example\"]\ncitizen_domains = [\"patient.example\"]\n\
             product = \"PLI-TEST\"\ndata = \"data\"\ntest = true\n\
             [trust]\n{trust}certificate = \"own.pem\"\nkey = \"own.key\"\n\
             [listen]\nsmtp = \"127.0.0.1:0\"\nsubmission = \"127.0.0.1:0\"\n\
             imaps = \"127.0.0.1:0\"\n{more}"
        );
        fs::write(self.0.join("pli.toml"), text).unwrap();
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_pli"));
        command.current_dir(&self.0).stdin(Stdio::null()).env_remove("PLI_CONFIG");
        command
    }

    /// Runs a command in the folder.
    pub(crate) fn pli(&self, words: &[&str]) -> Said {
        let Output { status, stdout, stderr } = self.command().args(words).output().unwrap();
        let text = |octets| String::from_utf8(octets).unwrap();
        Said { code: status.code().unwrap(), out: text(stdout), err: text(stderr) }
    }

    /// Runs a command that succeeds in silence on standard error.
    pub(crate) fn done(&self, words: &[&str]) -> String {
        let said = self.pli(words);
        assert_eq!((said.code, said.err.as_str()), (0, ""), "{words:?}: {}", said.out);
        said.out
    }

    /// Runs the operator until it is ready.
    pub(crate) fn serve(&self) -> Serving {
        Serving::begin(self.command().args(["serve", "--config", "pli.toml"]), &self.path("log"))
    }
}

/// A running operator.
pub(crate) struct Serving {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    listeners: Vec<(String, String)>,
    log: PathBuf,
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Serving {
    fn begin(command: &mut Command, log: &Path) -> Self {
        let to = fs::OpenOptions::new().create(true).append(true).open(log).unwrap();
        let mut child = command.stdout(Stdio::piped()).stderr(to).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut listeners = Vec::new();
        let mut ready = false;
        while let Some(Ok(line)) = lines.next() {
            if line.contains("is ready") {
                ready = true;
                break;
            }
            if let Some((name, at)) = line.strip_prefix("  ").and_then(|line| line.split_once(' '))
            {
                listeners.push((name.to_owned(), at.trim().to_owned()));
            }
        }
        let log = log.to_owned();
        assert!(ready, "it did not start: {}", fs::read_to_string(&log).unwrap());
        Self { child, lines, listeners, log }
    }

    /// The address of a listener.
    pub(crate) fn at(&self, name: &str) -> &str {
        let found = self.listeners.iter().find(|(listener, _)| listener == name);
        &found.unwrap_or_else(|| panic!("no listener {name}")).1
    }

    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args([name, &pid]).status().unwrap().success());
    }

    /// SIGTERM, and its end in order.
    pub(crate) fn end(mut self) {
        self.signal("-TERM");
        for line in self.lines.by_ref() {
            let _ = line;
        }
        assert!(self.child.wait().unwrap().success());
    }
}
