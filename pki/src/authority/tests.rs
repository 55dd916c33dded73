//! What the authority issues, as OpenSSL and we ourselves read it. Failure: a panic.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use domain::{DistinguishedName, Mode};
use jiff::SignedDuration;
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256};

use x509_parser::prelude::{FromDer, X509CertificationRequest};

use super::*;
use crate::crl::RevocationList;
use crate::fixture::{Land, entry, operator, person, run, subject, text};
use crate::pem;

#[test]
fn an_operators_certificate_has_the_national_form() {
    let mut land = Land::new(Mode::Production);
    let issued = land.issue("mail.chu.mss.example");
    let certificate = &issued.certificate;
    let expected: DistinguishedName =
        "CN=mail.chu.mss.example,OU=1630013605,O=HÔPITAL D'ESSAI,ST=Puy-de-Dôme (63),C=FR"
            .parse()
            .unwrap();
    assert_eq!(certificate.subject(), &expected);
    assert_eq!(certificate.subject().to_string(), expected.to_string());
    let issuer = "CN=AC PLI ELEMENTAIRE ORGANISATIONS,OU=PLI,OU=0002 000000000,O=PLI ESSAIS,C=FR";
    assert_eq!(certificate.issuer(), &issuer.parse().unwrap());
    assert_eq!(certificate.serial().as_be().len(), 16);
    assert_eq!(certificate.names().dns, ["mail.chu.mss.example", "localhost"]);
    assert_eq!(certificate.names().ip, [std::net::IpAddr::from([127, 0, 0, 1])]);
    let usage = certificate.extended_key_usage().unwrap();
    assert!(usage.server_auth && usage.client_auth && !usage.email_protection);
    assert!(certificate.key_usage().unwrap().digital_signature);
    assert_eq!(certificate.policies(), ["1.3.6.1.4.1.32473.1.1"]);
    assert!(!certificate.is_authority() && !certificate.is_test_chain());
    let three_years = SignedDuration::from_hours(3 * 365 * 24);
    assert_eq!(certificate.not_after(), land.now() + three_years);
    assert_eq!(issued.chain.len(), 2);
}

#[test]
fn openssl_accepts_certificates_and_lists() {
    let mut land = Land::new(Mode::Production);
    let (good, bad) = (land.issue("a.mss.example"), land.issue("b.mss.example"));
    land.authority.revoke(bad.certificate.serial(), RevocationReason::KeyCompromise).unwrap();
    let published = land.folder.path().join("published");
    land.authority.publish(&published).unwrap();
    let path = |name: &str| published.join(name).to_str().unwrap().to_owned();
    let [good, bad] = [("good", &good), ("bad", &bad)]
        .map(|(name, issued)| land.folder.write(name, pem::write_certificates(&issued.chain)));
    let at = land.now().as_second().to_string();
    let (root, chain, crl) = (path("root.pem"), path("chain.pem"), path("crl.pem"));
    let verify = |leaf: &str| {
        run(
            "openssl",
            &[
                "verify",
                "-x509_strict",
                "-attime",
                &at,
                "-crl_check_all",
                "-CAfile",
                &root,
                "-untrusted",
                &chain,
                "-CRLfile",
                &crl,
                "-purpose",
                "sslserver",
                leaf,
            ],
        )
    };
    let Some(output) = verify(&good) else { return };
    assert!(output.status.success(), "{}", text(&output));
    let output = verify(&bad).unwrap();
    assert!(!output.status.success() && text(&output).contains("revoked"), "{}", text(&output));

    let crl = path("crl.der");
    let output = run(
        "openssl",
        &["crl", "-inform", "DER", "-in", &crl, "-noout", "-text", "-CAfile", &chain],
    )
    .unwrap();
    let said = text(&output);
    assert!(said.contains("verify OK"), "{said}");
    assert!(said.contains("Key Compromise") && said.contains("X509v3 CRL Number"), "{said}");

    let output = run("openssl", &["x509", "-in", &good, "-noout", "-text"]).unwrap();
    let said = text(&output);
    for expected in [
        "X509v3 Key Usage: critical",
        "CA:FALSE",
        "Policy: 1.3.6.1.4.1.32473.1.1",
        "Public-Key: (2048 bit)",
        "sha256WithRSAEncryption",
        "Authority Key Identifier",
    ] {
        assert!(said.contains(expected), "{expected} in {said}");
    }
}

#[test]
fn a_persons_certificate_prints_no_name() {
    let mut land = Land::new(Mode::Test);
    let issued = land.authority.issue(&person(), None).unwrap();
    let trust = land.trust(Mode::Test);
    let peer = crate::trust::PeerChain::read(&issued.chain).unwrap();
    let standing = trust.state().judge_peer(&peer, crate::Usage::Client, land.now()).unwrap();
    let record = land.authority.issued().last().unwrap();
    let printed = format!("{issued:?} {peer:?} {standing:?} {record:?} {:?}", person());
    for name in ["MARTIN", "810100901164"] {
        let octets: String = name.bytes().map(|octet| format!("{octet:02x}")).collect();
        assert!(!printed.contains(name) && !printed.contains(&octets), "{printed}");
    }
    assert_eq!(issued.certificate.names().email, ["marie.martin@practice.mss.example"]);
    let subject = "CN=810100901164,SN=MARTIN,GN=Marie,T=Médecin,C=FR".parse().unwrap();
    assert_eq!(issued.certificate.subject(), &subject);
    assert!(issued.certificate.is_test_chain());
    let usage = issued.certificate.extended_key_usage().unwrap();
    assert!(usage.client_auth && usage.email_protection && !usage.server_auth);
}

#[test]
fn an_applications_certificate_is_for_clients_only() {
    let mut land = Land::new(Mode::Production);
    let profile = Profile::Application {
        subject: subject(),
        label: "LETTERS.CHU".to_owned(),
        address: Some("letters@chu.mss.example".parse().unwrap()),
    };
    let usage =
        land.authority.issue(&profile, None).unwrap().certificate.extended_key_usage().unwrap();
    assert!(usage.client_auth && !usage.server_auth && !usage.email_protection);
}

#[test]
fn it_opens_again_where_it_was_and_only_once() {
    let mut land = Land::new(Mode::Production);
    let issued = land.issue("a.mss.example");
    land.authority.revoke(issued.certificate.serial(), RevocationReason::Superseded).unwrap();
    land.authority.set_domains(vec![entry("a.mss.example", "CN=a,C=FR")]).unwrap();
    let first = land.authority.crl().unwrap();
    let dir = land.folder.path().join("authority");
    let clock = land.clock();
    assert!(matches!(Authority::open(&dir, Arc::clone(&clock)), Err(AuthorityError::Locked)));
    let Land { folder: _folder, authority, .. } = land;
    let (issued_before, revoked_before) =
        (authority.issued().to_vec(), authority.revoked().to_vec());
    drop(authority);
    let mut authority = Authority::open(&dir, Arc::clone(&clock)).unwrap();
    assert_eq!(authority.issued(), issued_before);
    assert_eq!(authority.revoked(), revoked_before);
    assert_eq!(authority.domains().len(), 1);
    let number =
        |lists: &AuthorityLists| RevocationList::from_der(&lists.issuing).unwrap().number().clone();
    assert!(number(&authority.crl().unwrap()) > number(&first));
    drop(authority);
    let params = AuthorityParams::new("PLI", "X", Mode::Production, clock.now()).unwrap();
    assert!(matches!(Authority::init(&dir, params, clock), Err(AuthorityError::Exists)));
}

#[test]
fn secrets_are_the_owners() {
    let land = Land::new(Mode::Production);
    let dir = land.folder.path().join("authority");
    let mode = |name: &str| std::fs::metadata(dir.join(name)).unwrap().permissions().mode() & 0o777;
    for name in ["root.key", "issuing.key", "list-signer.key", "authority.json"] {
        assert_eq!(mode(name), 0o600, "{name}");
    }
    assert_eq!(mode(""), 0o700);
}

#[test]
fn a_request_gives_its_key_and_nothing_else() {
    let mut land = Land::new(Mode::Production);
    let key = KeyPair::generate_for(&PKCS_RSA_SHA256).unwrap();
    let asked = CertificateParams::new(vec!["evil.example".to_owned()]).unwrap();
    let request = asked.serialize_request(&key).unwrap();
    let chain = land.authority.sign(request.der(), &operator("a.mss.example"), None).unwrap();
    let certificate = Certificate::from_der(&chain[0]).unwrap();
    assert_eq!(certificate.names().dns, ["a.mss.example", "localhost"]);
    let (_, parsed) = X509CertificationRequest::from_der(request.der()).unwrap();
    let (_, signed) =
        <x509_parser::certificate::X509Certificate<'_> as FromDer<_>>::from_der(&chain[0]).unwrap();
    assert_eq!(parsed.certification_request_info.subject_pki.raw, signed.public_key().raw);

    let mut broken = request.der().to_vec();
    let last = broken.len() - 1;
    broken[last] ^= 1;
    let mut sign =
        |der: Vec<u8>| land.authority.sign(&der.into(), &operator("a.mss.example"), None);
    assert!(matches!(sign(broken), Err(AuthorityError::Request)));
    let elliptic = asked.serialize_request(&KeyPair::generate().unwrap()).unwrap();
    assert!(matches!(sign(elliptic.der().to_vec()), Err(AuthorityError::Request)));
    assert!(matches!(sign(vec![0x30, 0x80]), Err(AuthorityError::Request)));
}

#[test]
fn what_is_not_issued() {
    let mut land = Land::new(Mode::Production);
    let before = land.authority.issued().len();
    let end = land.authority.params().not_after;
    let beyond = Validity { not_before: land.now(), not_after: end + SignedDuration::from_secs(1) };
    let empty = Validity { not_before: land.now(), not_after: land.now() };
    for validity in [beyond, empty] {
        let outcome = land.authority.issue(&operator("a.mss.example"), Some(validity));
        assert!(matches!(outcome, Err(AuthorityError::Validity)));
    }
    for host in ["", "a b.example", &"a".repeat(65)] {
        assert!(matches!(
            land.authority.issue(&operator(host), None),
            Err(AuthorityError::Profile(_))
        ));
    }
    assert_eq!(land.authority.issued().len(), before);
    assert!(matches!(
        land.authority.revoke(&Serial::from(1), RevocationReason::Unspecified),
        Err(AuthorityError::UnknownSerial)
    ));
}

// MSS #17
#[test]
fn a_name_never_contradicts_the_mode() {
    let land = Land::new(Mode::Test);
    assert!(land.authority.root().is_test_chain() && land.authority.issuing().is_test_chain());
    let params = AuthorityParams::new("PLI TEST", "X", Mode::Production, land.now()).unwrap();
    let dir = land.folder.path().join("other");
    assert!(matches!(
        Authority::init(&dir, params, land.clock()),
        Err(AuthorityError::NameContradictsMode)
    ));
}

#[test]
fn the_signer_of_the_list_is_renewed_before_it_ends() {
    let mut land = Land::new(Mode::Production);
    land.authority.set_domains(vec![entry("a.mss.example", "CN=a,C=FR")]).unwrap();
    let signer = land.authority.list_signer.certificate.serial().clone();
    land.authority.domain_list().unwrap();
    assert_eq!(land.authority.list_signer.certificate.serial(), &signer);
    land.clock.advance(std::time::Duration::from_secs((3 * 365 - 20) * 24 * 3600));
    land.authority.domain_list().unwrap();
    assert_ne!(land.authority.list_signer.certificate.serial(), &signer);
}
