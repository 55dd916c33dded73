//! Following what an authority publishes at an address.
//!
//! Invariants: revocation lists come before the domain list, whose signer they may have taken back.
//! Only an answer that verifies, or *not modified*, confirms that what we have is the newest.
//! Failure: an error in the log, address by address; what was there stays in force, and the next visit
//! comes soon. From [`ALARM_AFTER`] on each visit says that the domain list is out of date.

use super::http::{Fetched, Validators};
use super::remembered::Visit;
use super::{MAX_LIST, Outcome, Published, Sources, locked, named};
use hyper::Uri;
use pki::crl::MAX_CRL;
use pki::durable_file::{self, Access};
use pki::trust::{ALARM_AFTER, TrustState};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// How soon an address is visited again that gave nothing good.
const AGAIN: Duration = Duration::from_secs(5 * 60);

/// Where the list of an address is kept.
fn kept_at(data: &Path, index: usize) -> PathBuf {
    data.join(format!("revocations-{index}.crl"))
}

/// The trust with the revocation lists that were fetched last; one that no authority of now has
/// signed is left out.
pub(super) fn with_kept_revocations(
    mut state: TrustState,
    sources: &Sources,
    data: &Path,
) -> TrustState {
    for index in 0..sources.revocation_urls.len() {
        let Ok(octets) = durable_file::read(&kept_at(data, index), MAX_CRL as u64) else {
            continue;
        };
        match state.clone().with_revocation_lists(&octets) {
            Ok(with) => state = with,
            Err(error) => tracing::warn!(%error, "a revocation list that was kept is left out"),
        }
    }
    state
}

impl Published {
    /// Whether anything is fetched.
    pub(crate) fn fetches(&self) -> bool {
        self.urls().next().is_some()
    }

    fn urls(&self) -> impl Iterator<Item = &Uri> {
        self.sources.revocation_urls.iter().chain(&self.sources.domain_list_url)
    }

    /// Visits every address at each `interval`, and sooner after a failure, until told to stop.
    // MSS #4
    pub(crate) async fn follow(
        self: Arc<Self>,
        interval: Duration,
        mut stop: watch::Receiver<bool>,
    ) {
        loop {
            let wait = if self.fetch().await { interval } else { interval.min(AGAIN) };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                _ = stop.wait_for(|stop| *stop) => return,
            }
        }
    }

    /// Visits every address once; whether all gave something good.
    pub(crate) async fn fetch(&self) -> bool {
        let mut good = true;
        let mut say = |url: &Uri, outcome: Outcome<()>| {
            if let Err(error) = outcome {
                good = false;
                tracing::error!(%url, %error, "nothing new is taken; what was there stays in force");
            }
        };
        for (index, url) in self.sources.revocation_urls.iter().enumerate() {
            say(url, self.fetch_revocations(index, url).await);
        }
        if let Some(url) = &self.sources.domain_list_url {
            say(url, self.fetch_list(url).await);
        }
        if let Some(age) = self.list_age().filter(|age| *age >= ALARM_AFTER) {
            // MSS #9
            tracing::error!(
                hours = age.as_hours(),
                "the domain list is out of date: new peers are refused from the third day on"
            );
        }
        good
    }

    async fn fetch_revocations(&self, index: usize, url: &Uri) -> Outcome<()> {
        let kept = kept_at(&self.data, index);
        // Without what it stands for, *not modified* would be no answer.
        let known = match kept.exists() {
            true => locked(&self.remembered).of(url).validators,
            false => Validators::default(),
        };
        match self.fetcher.get(url, &known, MAX_CRL).await.map_err(named("the visit"))? {
            Fetched::NotModified => self.confirm(url, known),
            Fetched::File { octets, validators } => {
                if self.take_revocations(&octets).map_err(named("what came"))? {
                    tracing::info!(%url, "revocation lists were taken");
                }
                durable_file::replace(&kept, &octets, Access::Public)?;
                self.confirm(url, validators)
            }
        }
    }

    // MSS #4, MSS #6
    async fn fetch_list(&self, url: &Uri) -> Outcome<()> {
        let current = locked(&self.kept).current().map(Arc::clone);
        let known = match current {
            Some(_) => locked(&self.remembered).of(url).validators,
            None => Validators::default(),
        };
        let limit = usize::try_from(MAX_LIST)?;
        let (list, validators) = match (
            self.fetcher.get(url, &known, limit).await.map_err(named("the visit"))?,
            current,
        ) {
            (Fetched::NotModified, Some(current)) => (current, known),
            (Fetched::NotModified, None) => return Err("there is no list yet".into()),
            (Fetched::File { octets, validators }, _) => {
                let (_, list) = self.offer_list(&octets).map_err(named("what came"))?;
                (list, validators)
            }
        };
        self.trust.take_domain_list(list, self.clock.now());
        self.confirm(url, validators)
    }

    fn confirm(&self, url: &Uri, validators: Validators) -> Outcome<()> {
        let visit = Visit { confirmed: Some(self.clock.now()), validators };
        Ok(locked(&self.remembered).keep(url, visit, self.urls())?)
    }
}
