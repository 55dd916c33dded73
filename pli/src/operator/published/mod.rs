//! What the trust domain publishes, as an operator follows it: authorities, revocation lists, the
//! domain list, and the operator's own certificate; as files, and by HTTP where an address is named.
//!
//! Invariants: what comes counts only when all of it reads and verifies; what was good stays in force
//! otherwise, with an alarm in the log. The last good domain list and the last good revocation lists
//! that were fetched are kept in the data directory, and a domain list never goes back in time.
//! Failure: at the start an error that names the file; later an alarm. An operator that fetches starts
//! without an answer as well: until there is one, nobody is trusted.

mod fetching;
mod http;
mod remembered;
#[cfg(test)]
mod tests;

use domain::{Clock, DistinguishedName, Mode};
use http::Fetcher;
use hyper::Uri;
use jiff::SignedDuration;
use pki::crl::{CrlError, RevocationList};
use pki::domain_list::{DefaultEngine, ListRules, Offer};
use pki::trust::{Revocation, TrustError, TrustState};
use pki::{DomainList, Identity, KeptList, ListRefusal, Trust, TrustAnchors, Verified};
use pki::{durable_file, tls};
use remembered::Remembered;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Octets of a file of certificates or revocation lists.
const MAX_PEM: u64 = 16 * 1024 * 1024;
/// Octets of a domain list.
const MAX_LIST: u64 = 64 * 1024 * 1024;
/// The last good domain list, in the data directory.
const KEPT_LIST: &str = "domain-list.xml";

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

/// Where the files are.
#[derive(Debug, Clone)]
pub(crate) struct Files {
    pub(crate) authorities: PathBuf,
    pub(crate) revocations: Option<PathBuf>,
    pub(crate) domain_list: Option<PathBuf>,
    pub(crate) certificate: PathBuf,
    pub(crate) key: PathBuf,
}

/// What is followed, and where it is found.
#[derive(Debug, Clone)]
pub(crate) struct Sources {
    pub(crate) files: Files,
    /// Who may sign the domain list; empty: whoever has a certificate for it.
    pub(crate) signers: Vec<DistinguishedName>,
    pub(crate) mode: Mode,
    pub(crate) domain_list_url: Option<Uri>,
    pub(crate) revocation_urls: Vec<Uri>,
    /// The authorities of HTTPS servers; none: those of the trust domain.
    pub(crate) web_authorities: Option<PathBuf>,
}

/// What is followed.
#[derive(Debug)]
pub(crate) struct Published {
    sources: Sources,
    clock: Arc<dyn Clock>,
    data: PathBuf,
    trust: Arc<Trust>,
    identity: Arc<Identity>,
    /// The octets of the authorities in force.
    authorities: Mutex<Vec<u8>>,
    kept: Mutex<KeptList>,
    remembered: Mutex<Remembered>,
    fetcher: Fetcher,
}

fn read(path: &Path, limit: u64) -> Outcome<Vec<u8>> {
    durable_file::read(path, limit)
        .map_err(|error| format!("{} could not be read: {error}", path.display()).into())
}

/// An error with its causes in one line, after what it is about.
fn named<E: Error>(what: impl std::fmt::Display) -> impl Fn(E) -> Box<dyn Error + Send + Sync> {
    move |error| {
        let mut text = format!("{what}: {error}");
        let mut cause = error.source();
        while let Some(error) = cause {
            text.push_str(&format!(", because {error}"));
            cause = error.source();
        }
        text.into()
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Published {
    /// Reads everything; what is to outlive a run is kept in `data`.
    pub(crate) fn open(sources: Sources, clock: Arc<dyn Clock>, data: &Path) -> Outcome<Self> {
        let files = &sources.files;
        let authorities = read(&files.authorities, MAX_PEM)?;
        let anchors = TrustAnchors::from_pem(&authorities, sources.mode)
            .map_err(named(files.authorities.display()))?;
        let state = fetching::with_kept_revocations(TrustState::new(anchors), &sources, data);
        let chain = read(&files.certificate, MAX_PEM)?;
        let key = read(&files.key, MAX_PEM)?;
        let identity =
            Identity::from_pem(&chain, &key).map_err(named(files.certificate.display()))?;
        let path = data.join(KEPT_LIST);
        let kept = KeptList::open(&path, &rules(&state, &sources.signers, clock.now()))
            .map_err(named(path.display()))?;
        let web = match &sources.web_authorities {
            Some(path) => read(path, MAX_PEM)?,
            None => authorities.clone(),
        };
        let web = tls::fetch_config(&web, &clock)?;
        let published = Self {
            clock,
            data: data.to_owned(),
            trust: Trust::new(state),
            identity,
            authorities: Mutex::new(authorities),
            kept: Mutex::new(kept),
            remembered: Mutex::new(Remembered::open(data)),
            fetcher: Fetcher::new(web),
            sources,
        };
        published.first_revocations()?;
        published.first_list()?;
        Ok(published)
    }

    pub(crate) fn trust(&self) -> &Arc<Trust> {
        &self.trust
    }

    pub(crate) fn identity(&self) -> &Arc<Identity> {
        &self.identity
    }

    /// How long ago the domain list was last known to be the authority's newest; none: there is none.
    pub(crate) fn list_age(&self) -> Option<SignedDuration> {
        let state = self.trust.state();
        state.domain_list()?;
        Some(self.clock.now().duration_since(state.domain_list_checked()?))
    }

    fn first_revocations(&self) -> Outcome<()> {
        match self.read_revocations() {
            Err(error) if self.sources.revocation_urls.is_empty() => Err(error),
            Err(error) => {
                tracing::warn!(%error, "revocation lists come from their addresses only");
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    /// A list that is kept lets the operator start when the published one is not to be had.
    fn first_list(&self) -> Outcome<()> {
        let kept = locked(&self.kept).current().map(Arc::clone);
        if let (Some(url), Some(list)) = (&self.sources.domain_list_url, &kept) {
            let confirmed = locked(&self.remembered).of(url).confirmed;
            let confirmed = confirmed.unwrap_or(list.generated_at());
            self.trust.take_domain_list(Arc::clone(list), confirmed);
        }
        match (self.read_list(), kept) {
            (Ok(_), _) => Ok(()),
            (Err(error), _) if self.sources.domain_list_url.is_some() => {
                tracing::warn!(%error, "the domain list comes from its address only");
                Ok(())
            }
            (Err(error), Some(list)) => {
                tracing::error!(%error, "the domain list is not taken; the last good one serves");
                self.trust.take_domain_list(list, self.clock.now());
                Ok(())
            }
            (Err(error), None) => Err(error),
        }
    }

    /// Reads the files that may have changed, each for itself: what it is, and whether it did change.
    pub(crate) fn reload(&self) -> [(&'static str, Outcome<bool>); 4] {
        let steps = [
            ("authorities", self.read_authorities()),
            ("revocation lists", self.read_revocations()),
            ("domain list", self.read_list()),
            ("certificate", self.read_certificate()),
        ];
        for (what, outcome) in &steps {
            if let Err(error) = outcome {
                tracing::error!(%error, "{what}: not taken; what was there stays in force");
            }
        }
        steps
    }

    fn read_authorities(&self) -> Outcome<bool> {
        let path = &self.sources.files.authorities;
        let octets = read(path, MAX_PEM)?;
        let mut known = locked(&self.authorities);
        if *known == octets {
            return Ok(false);
        }
        let anchors =
            TrustAnchors::from_pem(&octets, self.sources.mode).map_err(named(path.display()))?;
        self.trust.change(|state| Ok::<_, TrustError>(state.with_anchors(anchors)))?;
        *known = octets;
        tracing::info!("other authorities are trusted");
        Ok(true)
    }

    fn read_revocations(&self) -> Outcome<bool> {
        let Some(path) = &self.sources.files.revocations else { return Ok(false) };
        let octets = read(path, MAX_PEM)?;
        match self.take_revocations(&octets) {
            // What was fetched meanwhile is newer than the file.
            Err(TrustError::Crl(CrlError::Older)) if !self.sources.revocation_urls.is_empty() => {
                Ok(false)
            }
            taken => taken.map_err(named(path.display())),
        }
    }

    /// Takes revocation lists; whether any is another than before.
    fn take_revocations(&self, octets: &[u8]) -> Result<bool, TrustError> {
        let before = self.trust.state();
        let after = self.trust.reload_revocation_lists(octets)?;
        let numbers = |state: &TrustState| -> Vec<Vec<u8>> {
            let mut all: Vec<_> = state
                .revocation_lists()
                .iter()
                .map(RevocationList::der)
                .map(<[u8]>::to_vec)
                .collect();
            all.sort();
            all
        };
        Ok(numbers(&before) != numbers(&after))
    }

    fn read_list(&self) -> Outcome<bool> {
        let Some(path) = &self.sources.files.domain_list else { return Ok(false) };
        let octets = read(path, MAX_LIST)?;
        let fetched = self.sources.domain_list_url.is_some();
        match self.offer_list(&octets) {
            // What was fetched meanwhile is newer than the file.
            Err(ListRefusal::Rollback { .. }) if fetched => Ok(false),
            Err(refusal) => Err(named(path.display())(refusal)),
            Ok((offer, list)) => {
                let taken = offer == Offer::Taken;
                // A file beside an address says nothing of what the authority has by now.
                if !fetched || self.trust.state().domain_list().is_none() {
                    self.trust.take_domain_list(list, self.clock.now());
                } else if taken {
                    let checked = self.trust.state().domain_list_checked();
                    let checked = checked.unwrap_or(list.generated_at());
                    self.trust.take_domain_list(list, checked);
                }
                Ok(taken)
            }
        }
    }

    /// Offers a list to the one kept: what became of it, and the list in use.
    fn offer_list(&self, octets: &[u8]) -> Result<(Offer, Arc<DomainList<Verified>>), ListRefusal> {
        let state = self.trust.state();
        let rules = rules(&state, &self.sources.signers, self.clock.now());
        let mut kept = locked(&self.kept);
        let offer = kept.offer(octets, &rules)?;
        let list = Arc::clone(kept.current().ok_or(ListRefusal::Empty)?);
        if offer == Offer::Taken {
            tracing::info!(entries = list.entries().len(), "a domain list was taken");
        }
        Ok((offer, list))
    }

    fn read_certificate(&self) -> Outcome<bool> {
        let files = &self.sources.files;
        let chain = read(&files.certificate, MAX_PEM)?;
        let key = read(&files.key, MAX_PEM)?;
        let chain = pki::pem::certificates(&chain).map_err(named(files.certificate.display()))?;
        let key = pki::pem::private_key(&key).map_err(named(files.key.display()))?;
        if chain.first() == Some(self.identity.certificate().der()) {
            return Ok(false);
        }
        self.identity.replace(chain, key).map_err(named(files.certificate.display()))?;
        tracing::info!("another certificate is in use");
        Ok(true)
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
