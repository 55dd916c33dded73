//! How long a list of the national size takes: `cargo bench -p pki --bench domain_list`.
//!
//! Prints the best and the median of a number of runs for reading alone, for verifying (which reads too), for
//! signing, and for judging a peer's certificate. Failure: a panic.

#![allow(missing_docs, clippy::unwrap_used, clippy::print_stdout, clippy::indexing_slicing)]

mod national;

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::{Clock, ManualClock, Mode};
use pki::authority::{Authority, AuthorityKey, AuthorityParams, PrivateKey};
use pki::domain_list::{DefaultEngine, DomainList, ListRules, sign};
use pki::profile::Profile;
use pki::trust::{PeerChain, Revocation, Trust, TrustAnchors, Usage};
use pki::{Certificate, RevocationLists};

const RUNS: usize = 15;

fn main() {
    let dir = std::env::temp_dir().join(format!("pli-bench-{}", std::process::id()));
    let clock = ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap());
    let mut params = AuthorityParams::new("PLI", "PLI", Mode::Production, clock.now()).unwrap();
    params.key = AuthorityKey::Rsa2048;
    let signer = Profile::ListSigner {
        subject: params.list_signer.clone(),
        host: "list.mss.example".to_owned(),
    };
    let mut authority = Authority::init(&dir, params, Arc::new(clock.clone())).unwrap();
    let issued = authority.issue(&signer, None).unwrap();
    let chain = [authority.issuing().clone(), authority.root().clone()];
    let anchors = TrustAnchors::new(chain.to_vec(), Mode::Production).unwrap();
    let rules = ListRules {
        anchors: &anchors,
        revocation_lists: &RevocationLists::default(),
        revocation: Revocation::IfKnown,
        signers: &[],
        at: clock.now(),
        engine: &DefaultEngine,
    };
    let unsigned = national::unsigned("2026-03-01T11:59:00Z");
    let by = |key: &PrivateKey| sign(&unsigned, &issued.chain[0], |message| key.sign(message));
    let signed = by(&issued.key).unwrap();
    println!("{} octets, {} entries", signed.len(), national::ENTRIES);
    measure("read", || {
        assert_eq!(
            DomainList::parse(signed.as_bytes()).unwrap().entries().len(),
            national::ENTRIES
        );
    });
    measure("verify and read", || {
        let list = DomainList::verify(signed.as_bytes(), &rules).unwrap();
        assert_eq!(list.entries().len(), national::ENTRIES);
    });
    measure("sign", || assert_eq!(by(&issued.key).unwrap().len(), signed.len()));
    let lists = authority.crl().unwrap().pem();
    let authorities = pki::pem::write_certificates(chain.iter().map(Certificate::der));
    let trust = Trust::load(authorities.as_bytes(), lists.as_bytes(), Mode::Production).unwrap();
    let operator = Profile::Operator {
        subject: authority.params().list_signer.clone(),
        host: "mail.mss.example".to_owned(),
        dns_names: Vec::new(),
        ip_addresses: Vec::new(),
    };
    let peer = PeerChain::read(&authority.issue(&operator, None).unwrap().chain).unwrap();
    measure("judge a peer 100 times", || {
        for _ in 0..100 {
            trust.state().judge_peer(&peer, Usage::Client, clock.now()).unwrap();
        }
    });
    drop(authority);
    std::fs::remove_dir_all(dir).unwrap();
}

fn measure(what: &str, mut run: impl FnMut()) {
    let mut times: Vec<Duration> = (0..RUNS)
        .map(|_| {
            let begin = Instant::now();
            run();
            begin.elapsed()
        })
        .collect();
    times.sort();
    let [best, .., _] = times.as_slice() else { return };
    let median = times.get(RUNS / 2).copied().unwrap_or_default();
    println!("{what}: best {best:.1?}, median {median:.1?} of {RUNS}");
}
