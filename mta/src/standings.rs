//! Who a peer is, judged by the trust in force; and not twice within a second while that stays the same.
//!
//! A judgement follows signatures up to a root, and those of the revocation lists. It depends on the certificates, on
//! the state of the trust and on the second: whoever sends many messages in one second is the same peer in all of them.
//!
//! Invariant: an answer is used within the second and under the state for which it was made, never beyond.
//! Failure: the verdict of the judgement.

use domain::Verdict;
use jiff::Timestamp;
use pki::trust::{PeerStanding, TrustState};
use pki::{PeerChain, Trust, Usage};
use rustls::pki_types::CertificateDer;
use std::sync::{Arc, Mutex, PoisonError};

/// Peers whose standing is known at the same time; more are judged each time.
const MAX_KNOWN: usize = 64;

/// The standing of peers that use their certificates in one way.
#[derive(Debug)]
pub(crate) struct Standings {
    trust: Arc<Trust>,
    usage: Usage,
    known: Mutex<Known>,
}

/// What was judged within one second under one state.
#[derive(Debug, Default)]
struct Known {
    at: (u64, i64),
    peers: Vec<Peer>,
}

/// The certificates that a peer has shown, and what was judged of them.
#[derive(Debug)]
struct Peer {
    shown: Vec<CertificateDer<'static>>,
    standing: Result<Arc<PeerStanding>, Verdict>,
}

impl Standings {
    /// By this trust, of peers that use their certificates so.
    pub(crate) fn new(trust: Arc<Trust>, usage: Usage) -> Self {
        Self { trust, usage, known: Mutex::default() }
    }

    /// Judges the certificates that a peer has shown, its own first; with the state that judged them.
    // MSS #10, MSS #11, MSS #12
    pub(crate) fn judge(
        &self,
        shown: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<(Arc<PeerStanding>, Arc<TrustState>), Verdict> {
        let state = self.trust.state();
        let at = (state.generation(), now.as_second());
        let found = {
            let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
            if known.at != at {
                *known = Known { at, peers: Vec::new() };
            }
            let found = known.peers.iter().find(|peer| peer.shown.iter().eq(shown));
            found.map(|peer| peer.standing.clone())
        };
        let standing = match found {
            Some(standing) => standing,
            None => {
                let standing = self.judge_anew(&state, shown, now);
                let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
                if known.at == at && known.peers.len() < MAX_KNOWN {
                    let shown = shown.iter().map(|one| one.clone().into_owned()).collect();
                    known.peers.push(Peer { shown, standing: standing.clone() });
                }
                standing
            }
        };
        standing.map(|standing| (standing, state))
    }

    fn judge_anew(
        &self,
        state: &TrustState,
        shown: &[CertificateDer<'_>],
        now: Timestamp,
    ) -> Result<Arc<PeerStanding>, Verdict> {
        let chain = PeerChain::read(shown).map_err(|fault| fault.verdict())?;
        let standing = state.judge_peer(&chain, self.usage, now);
        standing.map(Arc::new).map_err(|fault| fault.verdict())
    }
}
