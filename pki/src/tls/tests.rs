//! Handshakes in memory between our configurations, and with peers that are not ours. Failure: a panic.

use domain::{ManualClock, Mode};
use rustls::pki_types::ServerName;
use rustls::{
    AlertDescription, ClientConnection, Error, HandshakeKind, ProtocolVersion, RootCertStore,
    ServerConnection,
};

use super::*;
use crate::authority::Issued;
use crate::crl::RevocationReason;
use crate::fixture::{Land, person};
use crate::trust::{PeerChain, PeerFault, Usage};

const HOST: &str = "mail.chu.mss.example";

/// Both ends after everything that could be said was said.
struct Outcome {
    client: Result<ClientConnection, Error>,
    server: Result<ServerConnection, Error>,
}

fn handshake(client: ClientConfig, server: ServerConfig, name: &str) -> Outcome {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(client), name).unwrap();
    let mut server = ServerConnection::new(Arc::new(server)).unwrap();
    let (mut client_error, mut server_error) = (None, None);
    // Each round carries one flight each way; alerts come after an error and are carried as well.
    for _ in 0..8 {
        let mut flight = Vec::new();
        while client.wants_write() {
            client.write_tls(&mut flight).unwrap();
        }
        let mut rest = flight.as_slice();
        while !rest.is_empty() && server_error.is_none() {
            server.read_tls(&mut rest).unwrap();
            server_error = server.process_new_packets().err();
        }
        let mut flight = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut flight).unwrap();
        }
        let mut rest = flight.as_slice();
        while !rest.is_empty() && client_error.is_none() {
            client.read_tls(&mut rest).unwrap();
            client_error = client.process_new_packets().err();
        }
    }
    if client_error.is_none() && server_error.is_none() {
        assert!(!client.is_handshaking() && !server.is_handshaking());
    }
    Outcome {
        client: client_error.map_or(Ok(client), Err),
        server: server_error.map_or(Ok(server), Err),
    }
}

/// A hospital that serves, and the trust that both sides share.
struct Scene {
    land: Land,
    server: Arc<Identity>,
    trust: Arc<Trust>,
}

impl Scene {
    fn new() -> Self {
        let mut land = Land::new(Mode::Production);
        let server = Identity::from_issued(&land.issue(HOST)).unwrap();
        let trust = land.trust(Mode::Production);
        Self { land, server, trust }
    }

    fn server_config(&self) -> ServerConfig {
        server_config(&self.server, &self.trust, ClientAuth::Offered, &self.land.clock()).unwrap()
    }

    fn client_config(&self, issued: &Issued) -> ClientConfig {
        let identity = Identity::from_issued(issued).unwrap();
        client_config(&identity, &self.trust, NamePolicy::Compared, &self.land.clock()).unwrap()
    }

    /// A client with this certificate comes to the hospital.
    fn comes(&self, issued: &Issued) -> Outcome {
        handshake(self.client_config(issued), self.server_config(), HOST)
    }

    /// We go to a server with this certificate, whose own trust takes everybody of the land.
    fn go_to(&self, issued: &Issued, names: NamePolicy) -> Outcome {
        let clock = self.land.clock();
        let identity = Identity::from_issued(issued).unwrap();
        let server = server_config(&identity, &self.trust, ClientAuth::Offered, &clock).unwrap();
        let client = client_config(&self.server, &self.trust, names, &clock).unwrap();
        handshake(client, server, HOST)
    }

    /// A client without any of our rules, as a stranger's program would be.
    fn stranger(
        &self,
        provider: CryptoProvider,
        versions: &[&'static SupportedProtocolVersion],
    ) -> ClientConfig {
        let mut roots = RootCertStore::empty();
        roots.add(self.land.authority.root().der().clone()).unwrap();
        ClientConfig::builder_with_details(Arc::new(provider), time_of(&self.land.clock()))
            .with_protocol_versions(versions)
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth()
    }
}

fn refused(outcome: &Outcome, fault: PeerFault, alert: AlertDescription) {
    let server = outcome.server.as_ref().unwrap_err();
    assert_eq!(HandshakeFault::of(server), HandshakeFault::PeerCertificate(fault), "{server}");
    let client = outcome.client.as_ref().unwrap_err();
    assert_eq!(*client, Error::AlertReceived(alert));
}

// MSS #16
#[test]
fn the_right_certificates_meet_and_nothing_is_resumed() {
    let mut scene = Scene::new();
    let issued = scene.land.issue("mail.practice.mss.example");
    let (client, server) = (scene.client_config(&issued), scene.server_config());
    for _ in 0..2 {
        let outcome = handshake(client.clone(), server.clone(), HOST);
        let (client, server) = (outcome.client.unwrap(), outcome.server.unwrap());
        assert_eq!(server.handshake_kind(), Some(HandshakeKind::Full));
        assert_eq!(client.tls13_tickets_received(), 0);
        assert_eq!(client.protocol_version(), Some(ProtocolVersion::TLSv1_3));
        let peer = PeerChain::read(server.peer_certificates().unwrap()).unwrap();
        assert_eq!(peer.certificate(), &issued.certificate);
        let standing = scene.trust.state().judge_peer(&peer, Usage::Client, scene.land.now());
        assert_eq!(standing.unwrap().dn(), issued.certificate.subject());
    }
}

// MSS #10
// MSS #11
// MSS #12
// MSS #17
// MSS #20
#[test]
fn a_bad_client_gets_the_exact_alert() {
    let mut scene = Scene::new();
    let expired = scene.land.issue_between(HOST, -10, -1);
    let early = scene.land.issue_between(HOST, 1, 10);
    let revoked = scene.land.issue(HOST);
    scene
        .land
        .authority
        .revoke(revoked.certificate.serial(), RevocationReason::Unspecified)
        .unwrap();
    scene.trust = scene.land.trust(Mode::Production);
    let stranger = Land::named("AUTRE", Mode::Production).issue(HOST);
    let tester = Land::new(Mode::Test).issue(HOST);
    let signer = crate::profile::Profile::ListSigner {
        subject: crate::fixture::subject(),
        host: HOST.to_owned(),
    };
    let signer = scene.land.authority.issue(&signer, None).unwrap();
    for (issued, fault, alert) in [
        (expired, PeerFault::Expired, AlertDescription::CertificateExpired),
        (early, PeerFault::NotYetValid, AlertDescription::CertificateExpired),
        (revoked, PeerFault::Revoked, AlertDescription::CertificateRevoked),
        (stranger, PeerFault::Untrusted, AlertDescription::UnknownCA),
        (tester, PeerFault::TestChain, AlertDescription::AccessDenied),
        (signer, PeerFault::WrongUsage, AlertDescription::UnsupportedCertificate),
    ] {
        refused(&scene.comes(&issued), fault, alert);
    }
}

#[test]
fn the_client_learns_that_its_own_certificate_was_refused() {
    let mut scene = Scene::new();
    let expired = scene.land.issue_between(HOST, -10, -1);
    let outcome = scene.comes(&expired);
    assert_eq!(
        HandshakeFault::of(&outcome.client.unwrap_err()),
        HandshakeFault::OwnCertificate(PeerFault::Expired)
    );
    let wrapped = std::io::Error::other(outcome.server.unwrap_err());
    assert_eq!(
        HandshakeFault::of_io(&wrapped),
        Some(HandshakeFault::PeerCertificate(PeerFault::Expired))
    );
    assert_eq!(HandshakeFault::of_io(&std::io::Error::other("reset")), None);
}

#[test]
fn a_malformed_certificate_is_bad_certificate() {
    let mut scene = Scene::new();
    let issued = scene.land.issue(HOST);
    let crowd = vec![issued.chain[1].clone(); 20];
    let chain = [issued.chain.clone(), crowd].concat();
    let identity = Identity::new(chain, issued.key.der()).unwrap();
    let client =
        client_config(&identity, &scene.trust, NamePolicy::Ignored, &scene.land.clock()).unwrap();
    let outcome = handshake(client, scene.server_config(), HOST);
    refused(&outcome, PeerFault::Malformed, AlertDescription::BadCertificate);
}

#[test]
fn without_a_certificate_the_handshake_completes() {
    let scene = Scene::new();
    let outcome = handshake(scene.stranger(provider(), &VERSIONS), scene.server_config(), HOST);
    let server = outcome.server.unwrap();
    assert!(server.peer_certificates().is_none());
    assert_eq!(
        PeerChain::read(server.peer_certificates().unwrap_or_default()).unwrap_err(),
        PeerFault::Missing
    );
    outcome.client.unwrap();
}

#[test]
fn a_server_that_does_not_ask_gets_no_certificate() {
    let mut scene = Scene::new();
    let issued = scene.land.issue(HOST);
    let clock = scene.land.clock();
    let server = server_config(&scene.server, &scene.trust, ClientAuth::None, &clock).unwrap();
    let outcome = handshake(scene.client_config(&issued), server, HOST);
    assert!(outcome.server.unwrap().peer_certificates().is_none());
}

// MSS #21
#[test]
fn a_late_revocation_list_lets_the_handshake_pass_and_not_the_judgement() {
    let mut scene = Scene::new();
    let issued = scene.land.issue(HOST);
    scene.land.clock.advance(std::time::Duration::from_secs(8 * 24 * 3600));
    let identity = Identity::from_issued(&issued).unwrap();
    // The client's own lists are fresh.
    let fresh = scene.land.trust(Mode::Production);
    let client =
        client_config(&identity, &fresh, NamePolicy::Compared, &scene.land.clock()).unwrap();
    let outcome = handshake(client, scene.server_config(), HOST);
    outcome.client.unwrap();
    let server = outcome.server.unwrap();
    let peer = PeerChain::read(server.peer_certificates().unwrap()).unwrap();
    let judged = scene.trust.state().judge_peer(&peer, Usage::Client, scene.land.now());
    assert_eq!(judged, Err(PeerFault::CrlExpired));

    // Going out, nothing is sent without a list in its time.
    let outcome = scene.go_to(&issued, NamePolicy::Compared);
    let fault = HandshakeFault::of(&outcome.client.unwrap_err());
    assert_eq!(fault, HandshakeFault::PeerCertificate(PeerFault::CrlExpired));
    assert_eq!(fault.verdict(), domain::Verdict::CrlExpired);
}

// MSS #11
#[test]
fn a_swap_of_the_list_fails_the_next_handshake() {
    let mut scene = Scene::new();
    let issued = scene.land.issue(HOST);
    let (client, server) = (scene.client_config(&issued), scene.server_config());
    handshake(client.clone(), server.clone(), HOST).server.unwrap();
    scene
        .land
        .authority
        .revoke(issued.certificate.serial(), RevocationReason::KeyCompromise)
        .unwrap();
    let lists = scene.land.authority.crl().unwrap();
    scene.trust.reload_revocation_lists(&lists.issuing).unwrap();
    let outcome = handshake(client, server, HOST);
    refused(&outcome, PeerFault::Revoked, AlertDescription::CertificateRevoked);
}

#[test]
fn a_swap_of_the_identity_shows_in_the_next_handshake() {
    let mut scene = Scene::new();
    let client_certificate = scene.land.issue("client.mss.example");
    let (client, server) = (scene.client_config(&client_certificate), scene.server_config());
    let renewed = scene.land.issue(HOST);
    scene.server.replace(renewed.chain.clone(), renewed.key.der()).unwrap();
    let outcome = handshake(client, server, HOST);
    assert_eq!(outcome.client.unwrap().peer_certificates().unwrap(), renewed.chain);
    let wrong_key = scene.server.replace(renewed.chain, client_certificate.key.der());
    assert_eq!(wrong_key, Err(IdentityError::Key));
}

// MSS #10
// MSS #11
// MSS #12
#[test]
fn going_out_a_bad_server_is_refused() {
    let mut scene = Scene::new();
    let expired = scene.land.issue_between(HOST, -10, -1);
    let early = scene.land.issue_between(HOST, 1, 10);
    let revoked = scene.land.issue(HOST);
    scene
        .land
        .authority
        .revoke(revoked.certificate.serial(), RevocationReason::Unspecified)
        .unwrap();
    scene.trust = scene.land.trust(Mode::Production);
    let person = scene.land.authority.issue(&person(), None).unwrap();
    let stranger = Land::named("AUTRE", Mode::Production).issue(HOST);
    for (issued, fault) in [
        (&expired, PeerFault::Expired),
        (&early, PeerFault::NotYetValid),
        (&revoked, PeerFault::Revoked),
        (&stranger, PeerFault::Untrusted),
        (&person, PeerFault::WrongUsage),
    ] {
        let outcome = scene.go_to(issued, NamePolicy::Ignored);
        let found = HandshakeFault::of(&outcome.client.unwrap_err());
        assert_eq!(found, HandshakeFault::PeerCertificate(fault));
    }
}

#[test]
fn the_name_counts_where_the_route_says_so() {
    let mut scene = Scene::new();
    let other = scene.land.issue("other.mss.example");
    scene.go_to(&other, NamePolicy::Ignored).client.unwrap();
    let outcome = scene.go_to(&other, NamePolicy::Compared);
    let fault = HandshakeFault::of(&outcome.client.unwrap_err());
    assert_eq!(fault, HandshakeFault::PeerCertificate(PeerFault::NameMismatch));
    let right = scene.land.issue(HOST);
    scene.go_to(&right, NamePolicy::Compared).client.unwrap();
}

// MSS #18
// MSS #19
#[test]
fn a_peer_of_tls_1_2_with_a_gcm_suite_is_served() {
    let scene = Scene::new();
    for suite in [
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    ] {
        let provider = CryptoProvider { cipher_suites: vec![suite], ..provider() };
        let client = scene.stranger(provider, &[&TLS12]);
        let outcome = handshake(client, scene.server_config(), HOST);
        let server = outcome.server.unwrap();
        assert_eq!(server.protocol_version(), Some(ProtocolVersion::TLSv1_2));
        assert_eq!(server.negotiated_cipher_suite(), Some(suite));
        outcome.client.unwrap();
    }
}

// MSS #19
#[test]
fn a_peer_without_our_suites_is_refused() {
    let scene = Scene::new();
    let suite = cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256;
    let provider = CryptoProvider { cipher_suites: vec![suite], ..aws_lc_rs::default_provider() };
    let outcome = handshake(scene.stranger(provider, &[&TLS12]), scene.server_config(), HOST);
    let server = HandshakeFault::of(&outcome.server.unwrap_err());
    assert_eq!(server, HandshakeFault::NothingInCommon);
    let client = HandshakeFault::of(&outcome.client.unwrap_err());
    assert_eq!(client, HandshakeFault::NothingInCommon);
}

// MSS #15
#[test]
fn plain_text_is_no_handshake() {
    let scene = Scene::new();
    let mut server = ServerConnection::new(Arc::new(scene.server_config())).unwrap();
    server.read_tls(&mut b"EHLO mail.chu.mss.example\r\n".as_slice()).unwrap();
    let error = server.process_new_packets().unwrap_err();
    assert_eq!(HandshakeFault::of(&error), HandshakeFault::Protocol);
}

#[test]
fn time_is_the_clocks() {
    let mut scene = Scene::new();
    let issued = scene.land.issue_between(HOST, -10, 1);
    let (client, server) = (scene.client_config(&issued), scene.server_config());
    handshake(client.clone(), server.clone(), HOST).server.unwrap();
    let clock: &ManualClock = &scene.land.clock;
    clock.advance(std::time::Duration::from_secs(2 * 24 * 3600));
    let outcome = handshake(client, server, HOST);
    refused(&outcome, PeerFault::Expired, AlertDescription::CertificateExpired);
}
