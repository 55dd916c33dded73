//! The authority of a trust domain, in a folder that goes with it, and what it publishes.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::{Clock, ManualClock, Mode};
use jiff::{SignedDuration, Timestamp};
use pki::authority::{AuthorityKey, AuthorityParams, Validity};
use pki::domain_list::{Contact, DefaultEngine, DomainEntry, ListRules};
use pki::trust::Revocation;
use pki::{Authority, Issued, Profile, RevocationReason, Subject, Trust};

fn subject() -> Subject {
    Subject {
        structure: "1630013605".parse().unwrap(),
        legal_name: "ESSAI".into(),
        department: "Paris (75)".into(),
    }
}

pub(crate) fn operator(host: &str) -> Profile {
    let (dns_names, ip_addresses) = (vec!["localhost".into()], vec![[127, 0, 0, 1].into()]);
    Profile::Operator { subject: subject(), host: host.into(), dns_names, ip_addresses }
}

pub(crate) fn application(label: &str) -> Profile {
    Profile::Application { subject: subject(), label: label.into(), address: None }
}

/// How many there were in this process: each has its own folder.
static LANDS: AtomicUsize = AtomicUsize::new(0);

pub(crate) struct Land {
    pub(crate) dir: PathBuf,
    pub(crate) clock: ManualClock,
    pub(crate) authority: Authority,
}

impl Drop for Land {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

impl Land {
    pub(crate) fn new() -> Self {
        let start: Timestamp = "2026-11-22T09:00:00Z".parse().unwrap();
        let number = LANDS.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("pli-mta-{}-{number}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        let clock = ManualClock::new(start);
        let mut params =
            AuthorityParams::new("PLI", "PLI ESSAIS", Mode::Production, start).unwrap();
        params.key = AuthorityKey::Rsa2048;
        params.not_before = start - SignedDuration::from_hours(24 * 365);
        let authority = Authority::init(&dir, params, Arc::new(clock.clone())).unwrap();
        Self { dir, clock, authority }
    }

    pub(crate) fn issue(&mut self, profile: &Profile) -> Issued {
        self.authority.issue(profile, None).unwrap()
    }

    pub(crate) fn expired(&mut self, profile: &Profile) -> Issued {
        let (now, day) = (self.clock.now(), SignedDuration::from_hours(24));
        let validity = Validity { not_before: now - day * 9, not_after: now - day };
        self.authority.issue(profile, Some(validity)).unwrap()
    }

    pub(crate) fn revoke(&mut self, issued: &Issued) {
        let reason = RevocationReason::KeyCompromise;
        self.authority.revoke(issued.certificate.serial(), reason).unwrap();
    }

    /// What everybody knows of revocations from now on.
    pub(crate) fn publish_revocations(&mut self, trust: &Trust) {
        let lists = self.authority.crl().unwrap().pem();
        trust.reload_revocation_lists(lists.as_bytes()).unwrap();
    }

    /// The trust that everybody has: anchors, revocations, the list of these pairs.
    pub(crate) fn trust(&mut self, pairs: &[(&str, &Issued)]) -> Arc<Trust> {
        let entry = |(domain, of): &(&str, &Issued)| DomainEntry {
            domain: domain.parse().unwrap(),
            description: String::new(),
            dn: Arc::new(of.certificate.subject().clone()),
            responsible: Contact::default(),
            support: Contact::default(),
            updated: None,
        };
        self.authority.set_domains(pairs.iter().map(entry).collect()).unwrap();
        let list = self.authority.domain_list().unwrap();
        let chain = [self.authority.issuing().der(), self.authority.root().der()];
        let pem = pki::pem::write_certificates(chain);
        let lists = self.authority.crl().unwrap().pem();
        let trust = Trust::load(pem.as_bytes(), lists.as_bytes(), Mode::Production).unwrap();
        let at = self.clock.now();
        let state = trust.state();
        let rules = ListRules {
            anchors: state.anchors(),
            revocation_lists: state.revocation_lists(),
            revocation: Revocation::Required,
            signers: &[],
            at,
            engine: &DefaultEngine,
        };
        let list = pki::DomainList::verify(list.as_bytes(), &rules).unwrap();
        trust.take_domain_list(Arc::new(list), at);
        trust
    }
}
