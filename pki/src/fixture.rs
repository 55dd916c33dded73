//! For tests: a folder that goes, an authority in it, a clock, and what they issue.
//!
//! Invariant: nothing is shared between tests. Failure: a panic, as tests do.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use domain::{Clock, ManualClock, Mode};
use jiff::{SignedDuration, Timestamp};

use crate::authority::{Authority, AuthorityKey, AuthorityParams, Issued, Validity};
use crate::domain_list::{Contact, DomainEntry};
use crate::profile::{Profile, Subject};
use crate::trust::Trust;

pub(crate) const START: &str = "2026-03-01T12:00:00Z";

/// A folder under the system's temporary one.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("pli-pki-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, contents: impl AsRef<[u8]>) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, contents).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// An authority with all that it needs.
pub(crate) struct Land {
    pub(crate) folder: Folder,
    pub(crate) clock: ManualClock,
    pub(crate) authority: Authority,
}

impl Land {
    pub(crate) fn new(mode: Mode) -> Self {
        Self::named("PLI", mode)
    }

    pub(crate) fn named(name: &str, mode: Mode) -> Self {
        let start: Timestamp = START.parse().unwrap();
        let folder = Folder::new();
        let clock = ManualClock::new(start);
        let mut params = AuthorityParams::new(name, "PLI ESSAIS", mode, start).unwrap();
        params.key = AuthorityKey::Rsa2048;
        params.not_before = start - SignedDuration::from_hours(2 * 365 * 24);
        let dir = folder.path().join("authority");
        let authority = Authority::init(&dir, params, Arc::new(clock.clone())).unwrap();
        Self { folder, clock, authority }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    pub(crate) fn issue(&mut self, host: &str) -> Issued {
        self.authority.issue(&operator(host), None).unwrap()
    }

    /// A certificate from so many days after now to so many.
    pub(crate) fn issue_between(&mut self, host: &str, from: i64, until: i64) -> Issued {
        let days = |days: i64| self.now() + SignedDuration::from_hours(24 * days);
        let validity = Validity { not_before: days(from), not_after: days(until) };
        self.authority.issue(&operator(host), Some(validity)).unwrap()
    }

    pub(crate) fn chain_pem(&self) -> String {
        let (issuing, root) = (self.authority.issuing().der(), self.authority.root().der());
        crate::pem::write_certificates([issuing, root])
    }

    pub(crate) fn trust(&mut self, mode: Mode) -> Arc<Trust> {
        let lists = self.authority.crl().unwrap().pem();
        Trust::load(self.chain_pem().as_bytes(), lists.as_bytes(), mode).unwrap()
    }
}

pub(crate) fn subject() -> Subject {
    Subject {
        structure: "1630013605".parse().unwrap(),
        legal_name: "HÔPITAL D'ESSAI".to_owned(),
        department: "Puy-de-Dôme (63)".to_owned(),
    }
}

pub(crate) fn operator(host: &str) -> Profile {
    Profile::Operator {
        subject: subject(),
        host: host.to_owned(),
        dns_names: vec!["localhost".to_owned()],
        ip_addresses: vec![[127, 0, 0, 1].into()],
    }
}

pub(crate) fn person() -> Profile {
    Profile::Person {
        id: "810100901164".parse().unwrap(),
        given_name: "Marie".to_owned(),
        surname: "MARTIN".to_owned(),
        title: "Médecin".to_owned(),
        addresses: vec!["marie.martin@practice.mss.example".parse().unwrap()],
    }
}

pub(crate) fn entry(domain: &str, dn: &str) -> DomainEntry {
    DomainEntry {
        domain: domain.parse().unwrap(),
        description: "Établissement & essai".to_owned(),
        dn: Arc::new(dn.parse().unwrap()),
        responsible: Contact("Jeanne ESSAI <01 02 03 04 05>".to_owned()),
        support: Contact("support@mss.example".to_owned()),
        updated: Some(START.parse().unwrap()),
    }
}

/// Runs a program; `None` when it is not installed.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Option<Output> {
    match Command::new(program).args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            println!("{program} is not installed: not compared");
            None
        }
        Err(error) => panic!("{program}: {error}"),
    }
}

pub(crate) fn text(output: &Output) -> String {
    let both = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&both).into_owned()
}
