//! Peers judged, one fault at a time. Failure: a panic.

use domain::Mode;
use jiff::SignedDuration;

use super::*;
use crate::authority::Issued;
use crate::crl::RevocationReason;
use crate::domain_list::{DefaultEngine, ListRules};
use crate::fixture::{Land, entry, person};

fn judge(trust: &Trust, issued: &Issued, usage: Usage, at: Timestamp) -> Result<(), PeerFault> {
    let peer = PeerChain::read(&issued.chain).unwrap();
    trust.state().judge_peer(&peer, usage, at).map(|_| ())
}

// MSS #10
// MSS #11
// MSS #12
// MSS #16
// MSS #20
#[test]
fn each_fault_has_its_own_name() {
    let mut land = Land::new(Mode::Production);
    let mut foreign = Land::named("AUTRE", Mode::Production);
    let good = land.issue("a.mss.example");
    let expired = land.issue_between("a.mss.example", -10, -1);
    let early = land.issue_between("a.mss.example", 1, 10);
    let revoked = land.issue("a.mss.example");
    let reason = RevocationReason::CessationOfOperation;
    land.authority.revoke(revoked.certificate.serial(), reason).unwrap();
    let person = land.authority.issue(&person(), None).unwrap();
    let stranger = foreign.issue("a.mss.example");
    let trust = land.trust(Mode::Production);
    let now = land.now();
    for (issued, usage, expected) in [
        (&good, Usage::Client, Ok(())),
        (&good, Usage::Server, Ok(())),
        (&expired, Usage::Client, Err(PeerFault::Expired)),
        (&early, Usage::Client, Err(PeerFault::NotYetValid)),
        (&revoked, Usage::Client, Err(PeerFault::Revoked)),
        (&stranger, Usage::Client, Err(PeerFault::Untrusted)),
        (&person, Usage::Client, Ok(())),
        (&person, Usage::Server, Err(PeerFault::WrongUsage)),
        (&good, Usage::ListSigner, Err(PeerFault::WrongUsage)),
    ] {
        assert_eq!(judge(&trust, issued, usage, now), expected, "{issued:?} {usage:?}");
    }
    let state = trust.state();
    let found =
        state.revocation_lists().find(revoked.certificate.issuer(), revoked.certificate.serial());
    assert_eq!(found.unwrap().reason, reason);
    assert!(matches!(PeerChain::read(&[]), Err(PeerFault::Missing)));
    assert!(matches!(PeerChain::read(&[vec![1, 2].into()]), Err(PeerFault::Malformed)));
}

#[test]
fn a_changed_octet_is_never_trusted() {
    let mut land = Land::new(Mode::Production);
    let issued = land.issue("a.mss.example");
    let trust = land.trust(Mode::Production);
    let der = issued.chain[0].to_vec();
    for place in (0..der.len()).step_by(7) {
        let mut changed = der.clone();
        changed[place] ^= 0x20;
        let Ok(peer) = PeerChain::read(&[changed.into(), issued.chain[1].clone()]) else {
            continue;
        };
        assert!(trust.state().judge_peer(&peer, Usage::Client, land.now()).is_err(), "{place}");
    }
}

// MSS #17
#[test]
fn test_land_is_let_in_in_test_mode_only() {
    let mut test = Land::new(Mode::Test);
    let issued = test.issue("a.mss.example");
    let in_test = test.trust(Mode::Test);
    assert_eq!(judge(&in_test, &issued, Usage::Client, test.now()), Ok(()));

    let mut real = Land::new(Mode::Production);
    let in_production = real.trust(Mode::Production);
    let outcome = judge(&in_production, &issued, Usage::Client, real.now());
    assert_eq!(outcome, Err(PeerFault::TestChain));
    let loaded = TrustAnchors::from_pem(test.chain_pem().as_bytes(), Mode::Production);
    assert_eq!(loaded.unwrap_err(), AnchorError::TestAuthority);
}

// MSS #21
#[test]
fn a_late_revocation_list_hides_no_other_fault() {
    let mut land = Land::new(Mode::Production);
    let good = land.issue("a.mss.example");
    let revoked = land.issue("a.mss.example");
    land.authority.revoke(revoked.certificate.serial(), RevocationReason::Unspecified).unwrap();
    let expired = land.issue_between("a.mss.example", -10, -1);
    let trust = land.trust(Mode::Production);
    let due = trust.state().revocation_due().unwrap();
    assert_eq!(due, land.now() + SignedDuration::from_hours(7 * 24));
    let just_before = due - SignedDuration::from_secs(1);
    assert_eq!(judge(&trust, &good, Usage::Client, just_before), Ok(()));
    assert_eq!(judge(&trust, &good, Usage::Client, due), Err(PeerFault::CrlExpired));
    assert_eq!(judge(&trust, &revoked, Usage::Client, due), Err(PeerFault::Revoked));
    assert_eq!(judge(&trust, &expired, Usage::Client, due), Err(PeerFault::Expired));

    let anchors = TrustAnchors::from_pem(land.chain_pem().as_bytes(), Mode::Production).unwrap();
    let without = Trust::new(TrustState::new(anchors));
    assert_eq!(judge(&without, &good, Usage::Client, land.now()), Err(PeerFault::CrlExpired));
    assert_eq!(judge(&without, &expired, Usage::Client, land.now()), Err(PeerFault::Expired));
}

// MSS #21
#[test]
fn revocation_lists_only_get_newer_and_need_their_issuers_signature() {
    let mut land = Land::new(Mode::Production);
    let mut impostor = Land::new(Mode::Production);
    let old = land.authority.crl().unwrap();
    let trust = land.trust(Mode::Production);
    let generation = trust.state().generation();
    let older = trust.reload_revocation_lists(&old.issuing).unwrap_err();
    assert_eq!(older, TrustError::Crl(CrlError::Older));
    for _ in 0..5 {
        impostor.authority.crl().unwrap();
    }
    let forged = impostor.authority.crl().unwrap();
    let forged = trust.reload_revocation_lists(&forged.issuing).unwrap_err();
    assert_eq!(forged, TrustError::Crl(CrlError::Signature));
    assert_eq!(trust.state().generation(), generation);
    let newer = land.authority.crl().unwrap();
    trust.reload_revocation_lists(newer.pem().as_bytes()).unwrap();
    assert_eq!(trust.state().generation(), generation + 1);
    for cut in [0, 1, 10, newer.issuing.len() - 1] {
        assert!(RevocationList::from_der(&newer.issuing[..cut]).is_err(), "{cut}");
    }
}

#[test]
fn watchers_see_the_new_state() {
    let mut land = Land::new(Mode::Production);
    let trust = land.trust(Mode::Production);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let into = Arc::clone(&seen);
    trust.watch(move |state| into.lock().unwrap().push(state.generation()));
    trust.reload_revocation_lists(&land.authority.crl().unwrap().issuing).unwrap();
    let _ = trust.reload_revocation_lists(b"nothing").unwrap_err();
    assert_eq!(*seen.lock().unwrap(), [1]);
}

// MSS #7
// MSS #9
// MSS #13
// MSS #14
#[test]
fn a_peer_speaks_for_the_domains_of_its_dn() {
    let mut land = Land::new(Mode::Production);
    let one = land.issue("one.mss.example");
    let other = land.issue("other.mss.example");
    let nobody = land.issue("nobody.mss.example");
    let dn = |issued: &Issued| issued.certificate.subject().to_string();
    let spaced = dn(&one).replace(',', ", ").replace(" (63)", "(63)");
    land.authority
        .set_domains(vec![
            entry("Shared.MSS.example", &spaced),
            entry("shared.mss.example", &dn(&other)),
            entry("mssante.apicrypt.org", &dn(&other)),
        ])
        .unwrap();
    let trust = land.trust(Mode::Production);
    let standing = |issued: &Issued, at: Timestamp| {
        let peer = PeerChain::read(&issued.chain).unwrap();
        trust.state().judge_peer(&peer, Usage::Client, at).unwrap()
    };
    let now = land.now();
    let listed = |issued: &Issued, domain: &str, at: Timestamp| {
        trust.state().listed_for(&standing(issued, at), &domain.parse().unwrap())
    };
    assert_eq!(listed(&one, "shared.mss.example", now), Err(ListingFault::Stale));

    let xml = land.authority.domain_list().unwrap();
    let state = trust.state();
    let rules = ListRules {
        anchors: state.anchors(),
        revocation_lists: state.revocation_lists(),
        revocation: Revocation::Required,
        signers: &[],
        at: now,
        engine: &DefaultEngine,
    };
    let list = DomainList::verify(xml.as_bytes(), &rules).unwrap();
    trust.take_domain_list(Arc::new(list), now);
    assert_eq!(listed(&one, "SHARED.mss.example", now), Ok(()));
    assert_eq!(listed(&other, "shared.mss.example", now), Ok(()));
    assert_eq!(listed(&other, "mssante.apicrypt.org", now), Ok(()));
    assert_eq!(listed(&one, "mssante.apicrypt.org", now), Err(ListingFault::DomainNotPeers));
    assert_eq!(listed(&one, "gmail.com", now), Err(ListingFault::DomainNotPeers));
    assert_eq!(listed(&nobody, "shared.mss.example", now), Err(ListingFault::OperatorNotListed));

    let later = now + STALE_AFTER + SignedDuration::from_secs(1);
    assert_eq!(listed(&one, "shared.mss.example", later), Ok(()));
    assert_eq!(listed(&nobody, "shared.mss.example", later), Err(ListingFault::Stale));
}
