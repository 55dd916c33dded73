//! Whom an operator trusts at this moment: authorities, revocation lists, the domain list; and how a peer is judged.
//!
//! Invariants:
//! - A [`TrustState`] never changes; [`Trust`] swaps one for the next, and every judgement and every handshake
//!   reads the one in force. Its generation tells sessions that they must judge their peer again.
//! - Nothing is ever taken out by a failure: what cannot be loaded leaves what was there.
//! - Fail closed: no authority, no list, no answer but *no*.
//!
//! Failure: [`PeerFault`] and [`ListingFault`] for peers, [`TrustError`] for what is loaded.

mod anchors;
mod listing;
mod peer;
#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use domain::{MailDomain, Mode};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;

pub use self::anchors::{AnchorError, MAX_ANCHORS, TrustAnchors};
pub use self::listing::{ALARM_AFTER, ListingFault, ListingStep, STALE_AFTER};
pub use self::peer::{PeerChain, PeerFault, PeerStanding, Usage};
use crate::certificate::Certificate;
pub use crate::chain::Revocation;
use crate::chain::{self, Rules};
use crate::crl::{CrlError, RevocationList, RevocationLists};
use crate::domain_list::{DomainList, Verified};
use crate::pem::{self, PemError};

/// What is trusted, at one moment.
#[derive(Clone, Debug)]
pub struct TrustState {
    anchors: TrustAnchors,
    revocation_lists: RevocationLists,
    domain_list: Option<Arc<DomainList<Verified>>>,
    /// When the list was last known to be the authority's newest.
    domain_list_checked: Option<Timestamp>,
    generation: u64,
}

/// Why something was not loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TrustError {
    /// The authorities.
    #[error("the authorities cannot be trusted")]
    Anchors(#[from] AnchorError),
    /// The file of revocation lists.
    #[error("the revocation lists cannot be read")]
    Pem(#[from] PemError),
    /// A revocation list.
    #[error("a revocation list cannot be taken")]
    Crl(#[from] CrlError),
}

impl TrustState {
    /// Of authorities alone: nobody has a standing until there are revocation lists, nobody is listed until there
    /// is a domain list.
    pub fn new(anchors: TrustAnchors) -> Self {
        Self {
            anchors,
            revocation_lists: RevocationLists::default(),
            domain_list: None,
            domain_list_checked: None,
            generation: 0,
        }
    }

    /// With one revocation list more, DER or PEM (of which every list is taken).
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn with_revocation_lists(mut self, octets: &[u8]) -> Result<Self, TrustError> {
        let lists = match octets.first() {
            // A DER list is a SEQUENCE.
            Some(0x30) => vec![RevocationList::from_der(octets)?],
            _ => {
                let lists = pem::revocation_lists(octets)?;
                lists.iter().map(|der| RevocationList::from_der(der)).collect::<Result<_, _>>()?
            }
        };
        for list in lists {
            self.revocation_lists = self.revocation_lists.with(list, self.anchors.authorities())?;
        }
        Ok(self)
    }

    /// With a domain list that was the authority's newest at `checked`.
    pub fn with_domain_list(mut self, list: Arc<DomainList<Verified>>, checked: Timestamp) -> Self {
        self.domain_list = Some(list);
        self.domain_list_checked = Some(checked);
        self
    }

    /// With other authorities; revocation lists that they have not signed go.
    pub fn with_anchors(mut self, anchors: TrustAnchors) -> Self {
        let mut kept = RevocationLists::default();
        for list in self.revocation_lists.iter() {
            let again = RevocationList::from_der(list.der());
            if let Ok(next) = again.and_then(|list| kept.with(list, anchors.authorities())) {
                kept = next;
            }
        }
        self.revocation_lists = kept;
        self.anchors = anchors;
        self
    }

    /// The authorities.
    pub fn anchors(&self) -> &TrustAnchors {
        &self.anchors
    }

    /// The revocation lists.
    pub fn revocation_lists(&self) -> &RevocationLists {
        &self.revocation_lists
    }

    /// The domain list, if there is one.
    pub fn domain_list(&self) -> Option<&Arc<DomainList<Verified>>> {
        self.domain_list.as_ref()
    }

    /// When the domain list was last known to be the newest.
    pub fn domain_list_checked(&self) -> Option<Timestamp> {
        self.domain_list_checked
    }

    /// Whether test land is let in.
    pub fn mode(&self) -> Mode {
        self.anchors.mode()
    }

    /// How many swaps there were before this state.
    pub fn generation(&self) -> u64 {
        self.generation
    }

    /// The first instant at which a revocation list is late; `None` when there is none. The operator renews before.
    pub fn revocation_due(&self) -> Option<Timestamp> {
        self.revocation_lists.iter().map(RevocationList::next_update).min()
    }

    /// Judges a peer's certificate: its form, its way to a root, its time, its usage, its revocation.
    ///
    /// # Errors
    /// [`PeerFault`]; [`PeerFault::CrlExpired`] only when nothing else is wrong.
    pub fn judge_peer(
        &self,
        peer: &PeerChain,
        usage: Usage,
        at: Timestamp,
    ) -> Result<PeerStanding, PeerFault> {
        self.check(peer.certificate(), peer.sent(), usage, at)?;
        let certificate = peer.certificate();
        Ok(PeerStanding {
            dn: certificate.subject().clone(),
            issuer: certificate.issuer().clone(),
            serial: certificate.serial().clone(),
            at,
        })
    }

    pub(crate) fn check(
        &self,
        certificate: &Certificate,
        sent: &[CertificateDer<'_>],
        usage: Usage,
        at: Timestamp,
    ) -> Result<(), PeerFault> {
        let rules = Rules {
            anchors: &self.anchors,
            lists: &self.revocation_lists,
            at,
            usage,
            revocation: Revocation::Required,
        };
        chain::check(&rules, certificate, sent)
    }

    /// Whether a peer may speak for a domain.
    ///
    /// # Errors
    /// [`ListingFault`].
    // MSS #7
    // MSS #9
    // MSS #13
    // MSS #14
    pub fn listed_for(&self, peer: &PeerStanding, domain: &MailDomain) -> Result<(), ListingFault> {
        let list = self.domain_list.as_ref().ok_or(ListingFault::Stale)?;
        if list.is_pair(domain, &peer.dn) {
            return Ok(());
        }
        let checked = self.domain_list_checked.unwrap_or(Timestamp::MIN);
        if peer.at.duration_since(checked) > STALE_AFTER {
            return Err(ListingFault::Stale);
        }
        match list.domains_of(&peer.dn) {
            [] => Err(ListingFault::OperatorNotListed),
            _ => Err(ListingFault::DomainNotPeers),
        }
    }
}

/// The trust in force, shared by sessions and TLS configurations.
pub struct Trust {
    state: ArcSwap<TrustState>,
    watchers: Mutex<Vec<Watcher>>,
}

type Watcher = Box<dyn Fn(&Arc<TrustState>) + Send + Sync>;

impl Trust {
    /// Begins with a state.
    pub fn new(state: TrustState) -> Arc<Self> {
        Arc::new(Self { state: ArcSwap::from_pointee(state), watchers: Mutex::default() })
    }

    /// Loads what an authority publishes: PEM of authorities, and revocation lists as PEM or DER.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn load(authorities: &[u8], lists: &[u8], mode: Mode) -> Result<Arc<Self>, TrustError> {
        let state = TrustState::new(TrustAnchors::from_pem(authorities, mode)?);
        Ok(Self::new(state.with_revocation_lists(lists)?))
    }

    /// The state in force. Keep it for one judgement, not for a session.
    pub fn state(&self) -> Arc<TrustState> {
        self.state.load_full()
    }

    /// Swaps the state for what `change` makes of it, then tells the watchers. One swap at a time: a watcher must
    /// not swap.
    ///
    /// # Errors
    /// Those of `change`; the state stays.
    pub fn change<E>(
        &self,
        change: impl FnOnce(TrustState) -> Result<TrustState, E>,
    ) -> Result<Arc<TrustState>, E> {
        let watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        let before = self.state.load_full();
        let mut next = change(TrustState::clone(&before))?;
        next.generation = before.generation.saturating_add(1);
        let next = Arc::new(next);
        self.state.store(Arc::clone(&next));
        for watcher in watchers.iter() {
            watcher(&next);
        }
        Ok(next)
    }

    /// Loads newer revocation lists.
    ///
    /// # Errors
    /// [`TrustError`]; the state stays.
    pub fn reload_revocation_lists(&self, octets: &[u8]) -> Result<Arc<TrustState>, TrustError> {
        self.change(|state| state.with_revocation_lists(octets))
    }

    /// Takes a domain list that was the authority's newest at `checked`.
    pub fn take_domain_list(
        &self,
        list: Arc<DomainList<Verified>>,
        checked: Timestamp,
    ) -> Arc<TrustState> {
        let taken: Result<_, std::convert::Infallible> =
            self.change(|state| Ok(state.with_domain_list(list, checked)));
        match taken {
            Ok(state) => state,
            Err(never) => match never {},
        }
    }

    /// Calls `watcher` after each swap; it must be quick.
    pub fn watch(&self, watcher: impl Fn(&Arc<TrustState>) + Send + Sync + 'static) {
        self.watchers.lock().unwrap_or_else(PoisonError::into_inner).push(Box::new(watcher));
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("generation", &self.state().generation)
            .finish_non_exhaustive()
    }
}
