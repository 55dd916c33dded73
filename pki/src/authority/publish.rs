//! What the trust domain fetches from its authority: certificates, revocation lists, the domain list.
//!
//! Invariants: a revocation list's number is on stable storage before the list is made, so numbers only rise; a
//! domain list is never older than the one before. Each file is replaced as a whole.
//! Failure: [`AuthorityError`]; files published before stay.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber};
use rustls::pki_types::CertificateRevocationListDer;

use super::record::RevokedRecord;
use super::signer::Signer;
use super::{Authority, AuthorityError, BACKDATE, params};
use crate::domain_list;
use crate::durable_file::{self, Access};
use crate::instant::{to_offset, whole_second};
use crate::name::NewName;
use crate::pem;
use crate::serial::Serial;

/// The signer of the domain list gets a new certificate when the old one ends within this time.
const RENEW_BEFORE: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The revocation lists of an authority, both with one number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuthorityLists {
    /// Of the issuing authority: what operators, applications and persons have.
    pub issuing: CertificateRevocationListDer<'static>,
    /// Of the root: the issuing authority itself.
    pub root: CertificateRevocationListDer<'static>,
}

impl AuthorityLists {
    /// Both as PEM, the issuing authority's first.
    pub fn pem(&self) -> String {
        [&self.issuing, &self.root].map(|list| pem::write("X509 CRL", list).to_string()).concat()
    }
}

impl Authority {
    /// New revocation lists, numbered one higher than the last.
    ///
    /// # Errors
    /// [`AuthorityError`].
    // RFC 5280 §5
    pub fn crl(&mut self) -> Result<AuthorityLists, AuthorityError> {
        self.change(|record| record.crl_number = record.crl_number.saturating_add(1))?;
        let now = self.clock.now();
        let params = &self.record.params;
        let list = CertificateRevocationListParams {
            this_update: to_offset(now.checked_sub(BACKDATE).unwrap_or(now)),
            next_update: to_offset(params::later(now, params.crl_days)),
            crl_number: SerialNumber::from_slice(Serial::from(self.record.crl_number).as_be()),
            issuing_distribution_point: None,
            revoked_certs: self.record.revoked.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        let of_root = CertificateRevocationListParams { revoked_certs: Vec::new(), ..list.clone() };
        let sign = |list: &CertificateRevocationListParams, signer: &Signer, name: &NewName| {
            list.signed_by(&signer.issuer(name)).map(CertificateRevocationListDer::from)
        };
        Ok(AuthorityLists {
            issuing: sign(&list, &self.issuing, &params.issuing_name()?)?,
            root: sign(&of_root, &self.root, &params.root_name()?)?,
        })
    }

    /// The domain list of [`Authority::set_domains`], signed now.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn domain_list(&mut self) -> Result<String, AuthorityError> {
        let now = whole_second(self.clock.now());
        let end = self.list_signer.certificate.not_after();
        let serial = self.list_signer.certificate.serial();
        let revoked = self.record.revoked.iter().any(|revoked| revoked.serial == *serial);
        if revoked || end.duration_since(now) < RENEW_BEFORE {
            self.renew_list_signer()?;
        }
        let generated_at = self.record.list_generated_at.map_or(now, |last| last.max(now));
        self.change(|record| record.list_generated_at = Some(generated_at))?;
        self.sign_domain_list(generated_at)
    }

    fn sign_domain_list(&self, generated_at: Timestamp) -> Result<String, AuthorityError> {
        let unsigned = domain_list::write(generated_at, &self.record.domains)
            .map_err(|_| AuthorityError::List)?;
        let signer = &self.list_signer;
        domain_list::sign(&unsigned, signer.certificate.der(), |message| signer.key.sign(message))
            .map_err(|_| AuthorityError::List)
    }

    /// Writes `root.pem`, `chain.pem` (issuing authority, then root), `crl.der`, `root-crl.der`, `crl.pem` (both)
    /// and `domain-list.xml` into `dir`. The domain list comes last: who sees it can fetch what it needs.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn publish(&mut self, dir: &Path) -> Result<(), AuthorityError> {
        std::fs::create_dir_all(dir)?;
        let lists = self.crl()?;
        let domain_list = self.domain_list()?;
        let (root, issuing) = (self.root().der(), self.issuing().der());
        for (name, contents) in [
            ("root.pem", pem::write_certificates([root]).as_bytes()),
            ("chain.pem", pem::write_certificates([issuing, root]).as_bytes()),
            ("crl.der", &lists.issuing),
            ("root-crl.der", &lists.root),
            ("crl.pem", lists.pem().as_bytes()),
            ("domain-list.xml", domain_list.as_bytes()),
        ] {
            durable_file::replace(&dir.join(name), contents, Access::Public)?;
        }
        Ok(())
    }
}

// RFC 5280 §5.3.1
fn revoked(record: &RevokedRecord) -> RevokedCertParams {
    RevokedCertParams {
        serial_number: SerialNumber::from_slice(record.serial.as_be()),
        revocation_time: to_offset(record.at),
        reason_code: record.reason.to_write(),
        invalidity_date: None,
    }
}
