//! What is kept between runs of what was fetched: when each address last gave the authority's newest,
//! and by what its server knows that we have it.
//!
//! Invariant: written after what it speaks of is on the disk, so that it never promises a file that is
//! not there. Failure: a file that does not read is as none: everything is fetched once more.

use super::http::Validators;
use hyper::Uri;
use jiff::Timestamp;
use pki::durable_file::{self, Access};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

const FILE: &str = "fetched.json";
const MAX_FILE: u64 = 1024 * 1024;

/// Of one address.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub(super) struct Visit {
    /// When what it gave was last known to be the newest.
    pub(super) confirmed: Option<Timestamp>,
    #[serde(flatten)]
    pub(super) validators: Validators,
}

/// Of all addresses.
#[derive(Debug)]
pub(super) struct Remembered {
    path: PathBuf,
    visits: BTreeMap<String, Visit>,
}

impl Remembered {
    pub(super) fn open(data: &Path) -> Self {
        let path = data.join(FILE);
        let octets = durable_file::read(&path, MAX_FILE).unwrap_or_default();
        let visits = serde_json::from_slice(&octets).unwrap_or_default();
        Self { path, visits }
    }

    pub(super) fn of(&self, url: &Uri) -> Visit {
        self.visits.get(&url.to_string()).cloned().unwrap_or_default()
    }

    /// Keeps what is known of an address, and of no other than those in use.
    pub(super) fn keep<'a>(
        &mut self,
        url: &Uri,
        visit: Visit,
        used: impl Iterator<Item = &'a Uri>,
    ) -> std::io::Result<()> {
        let used: Vec<String> = used.map(Uri::to_string).collect();
        self.visits.retain(|url, _| used.contains(url));
        self.visits.insert(url.to_string(), visit);
        durable_file::replace(&self.path, &serde_json::to_vec(&self.visits)?, Access::Public)
    }
}
