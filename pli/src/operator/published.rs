//! What the trust domain publishes, as an operator follows it: authorities, revocation lists, the
//! domain list, and the operator's own certificate, all as files.
//!
//! Invariants: a file counts only when all of it reads and verifies; what was good stays in force
//! otherwise, with an alarm in the log; the last good domain list is kept in the data directory and
//! never goes back in time.
//! Failure: at the start an error that names the file; later an alarm.

use domain::{Clock, DistinguishedName, Mode};
use pki::domain_list::{DefaultEngine, ListRules, Offer};
use pki::trust::{Revocation, TrustState};
use pki::{DomainList, Identity, KeptList, Trust, Verified, durable_file};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// Octets of a file of certificates or revocation lists.
const MAX_PEM: u64 = 16 * 1024 * 1024;
/// Octets of a domain list.
const MAX_LIST: u64 = 64 * 1024 * 1024;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Where the files are.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) authorities: PathBuf,
    pub(crate) revocations: PathBuf,
    pub(crate) domain_list: PathBuf,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// What is followed.
#[derive(Debug)]
pub(crate) struct Published {
    files: Files,
    signers: Vec<DistinguishedName>,
    clock: Arc<dyn Clock>,
    trust: Arc<Trust>,
    identity: Arc<Identity>,
    kept: Mutex<KeptList>,
}

fn read(path: &Path, limit: u64) -> Outcome<Vec<u8>> {
    durable_file::read(path, limit)
        .map_err(|error| format!("{} could not be read: {error}", path.display()).into())
}

fn named<E: Error>(path: &Path) -> impl Fn(E) -> Box<dyn Error + Send + Sync> {
    let path = path.display().to_string();
    move |error| {
        let mut text = format!("{path}: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(", because {error}"));
            cause = error.source();
        }
        text.into()
    }
}

impl Published {
    /// Reads everything; the last good domain list is kept at `kept`.
    pub(crate) fn open(
        files: Files,
        signers: Vec<DistinguishedName>,
        mode: Mode,
        clock: Arc<dyn Clock>,
        kept: &Path,
    ) -> Outcome<Self> {
        let authorities = read(&files.authorities, MAX_PEM)?;
        let revocations = read(&files.revocations, MAX_PEM)?;
        let trust =
            Trust::load(&authorities, &revocations, mode).map_err(named(&files.authorities))?;
        let chain = read(&files.certificate, MAX_PEM)?;
        let key = read(&files.key, MAX_PEM)?;
        let identity = Identity::from_pem(&chain, &key).map_err(named(&files.certificate))?;
        let state = trust.state();
        let rules = rules(&state, &signers, clock.now());
        let kept = KeptList::open(kept, &rules).map_err(named(kept))?;
        let published = Self { files, signers, clock, trust, identity, kept: Mutex::new(kept) };
        let read = published.read_list();
        // A list that is kept lets the operator start when the published one is not to be had.
        match (read, published.kept_list()) {
            (Ok(()), _) => {}
            (Err(error), Some(list)) => {
                tracing::error!(%error, "the domain list is not taken; the last good one serves");
                published.trust.take_domain_list(list, published.clock.now());
            }
            (Err(error), None) => return Err(error),
        }
        Ok(published)
    }

    pub(crate) fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// Reads what may have changed; each file for itself.
    pub(crate) fn reload(&self) {
        let steps: [(&str, Outcome<()>); 3] = [
            ("revocations", self.read_revocations()),
            ("domain list", self.read_list()),
            ("certificate", self.read_certificate()),
        ];
        for (what, outcome) in steps {
            if let Err(error) = outcome {
                tracing::error!(%error, "the {what} is not taken; what was there stays in force");
            }
        }
    }

    fn read_revocations(&self) -> Outcome<()> {
        let octets = read(&self.files.revocations, MAX_PEM)?;
        self.trust.reload_revocation_lists(&octets).map_err(named(&self.files.revocations))?;
        Ok(())
    }

    fn read_list(&self) -> Outcome<()> {
        let octets = read(&self.files.domain_list, MAX_LIST)?;
        let state = self.trust.state();
        let at = self.clock.now();
        let rules = rules(&state, &self.signers, at);
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let offer = kept.offer(&octets, &rules).map_err(named(&self.files.domain_list))?;
        if let Some(list) = kept.current() {
            if offer == Offer::Taken {
                tracing::info!(entries = list.entries().len(), "a domain list was taken");
            }
            self.trust.take_domain_list(Arc::clone(list), at);
        }
        Ok(())
    }

    fn read_certificate(&self) -> Outcome<()> {
        let chain = read(&self.files.certificate, MAX_PEM)?;
        let key = read(&self.files.key, MAX_PEM)?;
        let chain = pki::pem::certificates(&chain).map_err(named(&self.files.certificate))?;
        let key = pki::pem::private_key(&key).map_err(named(&self.files.key))?;
        if chain.first() != Some(self.identity.certificate().der()) {
            self.identity.replace(chain, key).map_err(named(&self.files.certificate))?;
            tracing::info!("another certificate is in use");
        }
        Ok(())
    }

    fn kept_list(&self) -> Option<Arc<DomainList<Verified>>> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.current().map(Arc::clone)
    }
}

fn rules<'a>(
    state: &'a TrustState,
    signers: &'a [DistinguishedName],
    at: jiff::Timestamp,
) -> ListRules<'a> {
    ListRules {
        anchors: state.anchors(),
        revocation_lists: state.revocation_lists(),
        revocation: Revocation::Required,
        signers,
        at,
        engine: &DefaultEngine,
    }
}
