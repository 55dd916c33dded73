//! The last good list, kept on the disk.
//!
//! Invariants: the file is replaced only by a list that verifies now and is not older, and is on stable storage
//! before the new list is used. A kept list stays good when its signer's certificate ends: at opening it is checked
//! at its own date, and revocation is not asked again.
//! Failure: [`ListRefusal`]; file and list stay as they were.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::parse::{self, MAX_LIST};
use super::verify::{ListRefusal, ListRules, as_text};
use super::{DomainList, Verified};
use crate::chain::Revocation;
use crate::crl::RevocationLists;
use crate::durable_file::{self, Access};

/// The list in use and its file.
pub struct KeptList {
    path: PathBuf,
    current: Option<Kept>,
}

struct Kept {
    list: Arc<DomainList<Verified>>,
    octets: Vec<u8>,
}

/// What became of a list that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Offer {
    /// It is the new one.
    Taken,
    /// It is the one that we have.
    Unchanged,
}

impl KeptList {
    /// Opens the list at `path`; no file is no list.
    ///
    /// # Errors
    /// [`ListRefusal`] when the file is no longer a list signed by one of the authorities of `rules`.
    pub fn open(path: &Path, rules: &ListRules<'_>) -> Result<Self, ListRefusal> {
        let limit = u64::try_from(MAX_LIST).unwrap_or(u64::MAX);
        let current = match durable_file::read(path, limit) {
            Ok(octets) => {
                let no_lists = RevocationLists::default();
                let at = parse::parse(as_text(&octets)?)?.generated_at;
                let rules = ListRules {
                    at,
                    revocation: Revocation::IfKnown,
                    revocation_lists: &no_lists,
                    ..*rules
                };
                Some(Kept { list: Arc::new(DomainList::verify(&octets, &rules)?), octets })
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(error.into()),
        };
        Ok(Self { path: path.to_owned(), current })
    }

    /// Takes a list if it is better than the one that we have.
    ///
    /// # Errors
    /// [`ListRefusal`].
    // MSS #3
    // MSS #4
    // MSS #6
    pub fn offer(&mut self, octets: &[u8], rules: &ListRules<'_>) -> Result<Offer, ListRefusal> {
        let offered = DomainList::verify(octets, rules)?;
        if let Some(kept) = &self.current {
            let (current, offered) = (kept.list.generated_at(), offered.generated_at());
            if offered < current {
                return Err(ListRefusal::Rollback { current, offered });
            }
            if kept.octets == octets {
                return Ok(Offer::Unchanged);
            }
        }
        durable_file::replace(&self.path, octets, Access::Public)?;
        self.current = Some(Kept { list: Arc::new(offered), octets: octets.to_vec() });
        Ok(Offer::Taken)
    }

    /// The list in use.
    pub fn current(&self) -> Option<&Arc<DomainList<Verified>>> {
        self.current.as_ref().map(|kept| &kept.list)
    }
}

impl fmt::Debug for KeptList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeptList").field("current", &self.current()).finish_non_exhaustive()
    }
}
