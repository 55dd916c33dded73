//! Trust: certificates, revocation lists, key files, the signed domain list.

use domain::Mode;
use jiff::Timestamp;
use pki::domain_list::{DefaultEngine, DomainList, SummaryCheck, Unverified, summary};
use pki::trust::PeerChain;
use pki::{Certificate, RevocationList, pem, pkcs12};

pub(super) const PEM_WORDS: &[&str] = &[
    "-----BEGIN CERTIFICATE-----\n",
    "-----END CERTIFICATE-----\n",
    "-----BEGIN X509 CRL-----\n",
    "-----BEGIN PRIVATE KEY-----\n",
    "-----BEGIN CERTIFICATE REQUEST-----\n",
    "Proc-Type: 4,ENCRYPTED\n",
    "MII",
    "=",
    "\r\n",
    "-----",
];
pub(super) const LIST_WORDS: &[&str] = &[
    "<Domaine>",
    "</Domaine>",
    "<Nom>",
    "<DNCertificatOperateur>",
    "<DateMAJ>",
    "<Signature xmlns=\"http://www.w3.org/2000/09/xmldsig#\">",
    "<Reference URI=\"\">",
    "<X509Certificate>",
    "&#13;",
    "<!DOCTYPE a>",
    "<!--",
    "<ResponsableContact>",
    "2026-11-22T00:00:00Z",
];

pub(super) fn certificate(octets: &[u8]) {
    if let Ok(certificate) = Certificate::from_der(octets) {
        let dn = certificate.subject().to_string();
        assert!(
            dn.parse()
                .is_ok_and(|again: domain::DistinguishedName| again == *certificate.subject()),
            "a name does not read back"
        );
        let _ = (certificate.names(), certificate.policies(), certificate.is_test_chain());
        let _ = PeerChain::read(&[certificate.der().clone()]);
    }
}

pub(super) fn crl(octets: &[u8]) {
    if let Ok(list) = RevocationList::from_der(octets) {
        let _ = list.find(list.number());
        let _ = list.is_fresh(Timestamp::UNIX_EPOCH);
    }
}

pub(super) fn pem(octets: &[u8]) {
    let _ = pem::certificates(octets);
    let _ = pem::revocation_lists(octets);
    let _ = pem::private_key(octets);
    let _ = pem::request(octets);
    let _ = pki::trust::TrustAnchors::from_pem(octets, Mode::Test);
    let _ = pki::authority::PrivateKey::from_pem(octets);
}

pub(super) fn pkcs12(octets: &[u8]) {
    let _ = pkcs12::read(octets, "sesame");
}

pub(super) fn domain_list(octets: &[u8]) {
    if let Ok(list) = DomainList::<Unverified>::parse(octets) {
        for entry in list.entries() {
            assert!(list.entries().len() > 500 || format!("{entry:?}").len() < 1 << 20, "too long");
        }
    }
    let check = SummaryCheck::SignatureOnly(Timestamp::UNIX_EPOCH, &DefaultEngine);
    let _ = summary(octets, &check);
}
