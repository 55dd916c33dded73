//! A certification authority on disk: a root, an issuing authority under it, and the signer of the domain list.
//!
//! Invariants:
//! - One process has it open (a lock on `lock`).
//! - What it has done is on stable storage in `authority.json` before a certificate or a list is handed out.
//! - Serial numbers are random, positive and of exactly 16 octets; revocation lists are numbered upwards.
//! - Keys have mode 0600, the directory 0700; the root's key is used for the issuing authority and for the
//!   root's own revocation list only.
//!
//! Failure: [`AuthorityError`]; nothing is handed out. A number may be lost, never used twice.

mod certify;
mod key;
mod params;
mod publish;
mod record;
mod request;
mod signer;
#[cfg(test)]
mod tests;

use std::fmt;
use std::fs::{File, OpenOptions};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use domain::{Clock, DistinguishedName};
use jiff::SignedDuration;
use rustls::pki_types::{CertificateDer, CertificateSigningRequestDer};

pub use self::certify::Validity;
use self::certify::{certify, certify_list_signer, requested_key};
pub use self::key::PrivateKey;
pub use self::params::{AuthorityKey, AuthorityParams};
pub use self::publish::AuthorityLists;
use self::record::Record;
pub use self::record::{IssuedRecord, RevokedRecord};
use self::signer::Signer;
use crate::certificate::{Certificate, CertificateError};
use crate::crl::RevocationReason;
use crate::domain_list::DomainEntry;
use crate::durable_file;
use crate::instant::whole_second;
use crate::profile::{Profile, ProfileError};
use crate::serial::Serial;

/// How long before its issuing a certificate or list is already in its time, for clocks that are behind.
const BACKDATE: SignedDuration = SignedDuration::from_mins(5);

const ROOT: &str = "root";
const ISSUING: &str = "issuing";
const LIST_SIGNER: &str = "list-signer";

/// A certification authority.
pub struct Authority {
    dir: PathBuf,
    clock: Arc<dyn Clock>,
    record: Record,
    root: Signer,
    issuing: Signer,
    list_signer: Signer,
    /// Released when dropped.
    _lock: File,
}

/// A certificate with its key and the way to the root.
pub struct Issued {
    /// The certificate.
    pub certificate: Certificate,
    /// Its key.
    pub key: PrivateKey,
    /// The certificate, then the issuing authority's; the root is the reader's own.
    pub chain: Vec<CertificateDer<'static>>,
}

/// Why the authority did not do something.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// The file system refuses.
    #[error("a file of the authority cannot be read or written")]
    Io(#[from] std::io::Error),
    /// There is an authority in the directory already.
    #[error("the directory holds an authority already")]
    Exists,
    /// Another process has it open.
    #[error("another process has the authority open")]
    Locked,
    /// `authority.json` is not ours.
    #[error("the authority's record is not of this version, or damaged")]
    Record,
    /// A key file is no RSA key in PKCS#8 PEM.
    #[error("a key file is not an RSA key in PKCS#8")]
    Key,
    /// A certificate file does not read.
    #[error("a certificate of the authority cannot be read")]
    Certificate(#[from] CertificateError),
    /// A test authority without `TEST` in its names, or the reverse.
    #[error("the authority's name says test and its mode does not, or the reverse")]
    NameContradictsMode,
    /// The profile cannot become a certificate.
    #[error("the profile cannot become a certificate")]
    Profile(#[from] ProfileError),
    /// The end is not after the beginning, or the authority itself ends before.
    #[error("the time asked for is empty or ends after the authority's own")]
    Validity,
    /// The request is no PKCS#10, its own signature is wrong, or its key is not RSA of 2048 to 4096 bits.
    #[error("the request is not signed by an RSA key of 2048 to 4096 bits")]
    Request,
    /// No certificate has the number.
    #[error("no certificate of this authority has the number")]
    UnknownSerial,
    /// The certificate or list could not be made.
    #[error("the certificate or list could not be made")]
    Making(#[from] rcgen::Error),
    /// The provider has no randomness.
    #[error("no randomness")]
    Random,
    /// The domain list could not be written.
    #[error("the domain list could not be signed")]
    List,
}

impl Authority {
    /// Makes an authority in `dir`, which must hold none.
    ///
    /// # Errors
    /// [`AuthorityError`]; what was begun is made again by the next call, since the record is written last.
    pub fn init(
        dir: &Path,
        params: AuthorityParams,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, AuthorityError> {
        durable_file::make_secret_directory(dir)?;
        let lock = lock(dir)?;
        if dir.join(record::FILE).exists() {
            return Err(AuthorityError::Exists);
        }
        if params.not_after <= params.not_before {
            return Err(AuthorityError::Validity);
        }
        let (root_name, issuing_name) = (params.root_name()?, params.issuing_name()?);
        let root = Signer::root(&params, &root_name)?;
        let issuing = Signer::issuing(&params, &issuing_name, &root, &root_name)?;
        root.write(dir, ROOT)?;
        issuing.write(dir, ISSUING)?;
        let mut record = Record::new(params);
        let list_signer = certify_list_signer(&mut record, &issuing, clock.now())?;
        list_signer.write(dir, LIST_SIGNER)?;
        record.write(dir)?;
        Ok(Self { dir: dir.to_owned(), clock, record, root, issuing, list_signer, _lock: lock })
    }

    /// Opens the authority in `dir`.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn open(dir: &Path, clock: Arc<dyn Clock>) -> Result<Self, AuthorityError> {
        if !dir.join(record::FILE).exists() {
            return Err(std::io::Error::from(std::io::ErrorKind::NotFound).into());
        }
        let lock = lock(dir)?;
        Ok(Self {
            record: Record::read(dir)?,
            root: Signer::read(dir, ROOT)?,
            issuing: Signer::read(dir, ISSUING)?,
            list_signer: Signer::read(dir, LIST_SIGNER)?,
            dir: dir.to_owned(),
            clock,
            _lock: lock,
        })
    }

    /// Makes a key and certifies it; for `params.leaf_days` from now unless a validity is given.
    ///
    /// # Errors
    /// [`AuthorityError`].
    pub fn issue(
        &mut self,
        profile: &Profile,
        validity: Option<Validity>,
    ) -> Result<Issued, AuthorityError> {
        let key = PrivateKey::generate()?;
        let certificate = self.certify(profile, key.pair(), validity)?;
        Ok(Issued { chain: self.chain(&certificate), certificate, key })
    }

    /// Certifies the key of a request (PKCS#10). Only the key is taken from it: names and usages are the
    /// profile's. Returns the certificate and the issuing authority's.
    ///
    /// # Errors
    /// [`AuthorityError`].
    // RFC 2986 §4
    pub fn sign(
        &mut self,
        request: &CertificateSigningRequestDer<'_>,
        profile: &Profile,
        validity: Option<Validity>,
    ) -> Result<Vec<CertificateDer<'static>>, AuthorityError> {
        let key = requested_key(request)?;
        let certificate = self.certify(profile, &key, validity)?;
        Ok(self.chain(&certificate))
    }

    /// Takes a certificate back; one that is taken back already stays as it is.
    ///
    /// # Errors
    /// [`AuthorityError::UnknownSerial`] and those of the file system.
    pub fn revoke(
        &mut self,
        serial: &Serial,
        reason: RevocationReason,
    ) -> Result<(), AuthorityError> {
        if !self.record.issued.iter().any(|issued| issued.serial == *serial) {
            return Err(AuthorityError::UnknownSerial);
        }
        if self.record.revoked.iter().any(|revoked| revoked.serial == *serial) {
            return Ok(());
        }
        let at = whole_second(self.clock.now());
        self.change(|record| {
            record.revoked.push(RevokedRecord { serial: serial.clone(), at, reason });
        })
    }

    /// Replaces the entries of the domain list that [`Authority::publish`] signs.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn set_domains(&mut self, domains: Vec<DomainEntry>) -> Result<(), AuthorityError> {
        self.change(|record| record.domains = domains)
    }

    /// The entries of the domain list.
    pub fn domains(&self) -> &[DomainEntry] {
        &self.record.domains
    }

    /// What has been issued, in order.
    pub fn issued(&self) -> &[IssuedRecord] {
        &self.record.issued
    }

    /// What has been taken back, in order.
    pub fn revoked(&self) -> &[RevokedRecord] {
        &self.record.revoked
    }

    /// How the authority was made.
    pub fn params(&self) -> &AuthorityParams {
        &self.record.params
    }

    /// The root's certificate.
    pub fn root(&self) -> &Certificate {
        &self.root.certificate
    }

    /// The issuing authority's certificate.
    pub fn issuing(&self) -> &Certificate {
        &self.issuing.certificate
    }

    /// The subject of the signer of the domain list.
    pub fn list_signer(&self) -> &DistinguishedName {
        self.list_signer.certificate.subject()
    }

    fn chain(&self, certificate: &Certificate) -> Vec<CertificateDer<'static>> {
        vec![certificate.der().clone(), self.issuing.certificate.der().clone()]
    }

    fn certify(
        &mut self,
        profile: &Profile,
        key: &impl rcgen::PublicKeyData,
        validity: Option<Validity>,
    ) -> Result<Certificate, AuthorityError> {
        let mut record = self.record.clone();
        let now = self.clock.now();
        let certificate = certify(&mut record, &self.issuing, profile, key, validity, now)?;
        record.write(&self.dir)?;
        self.record = record;
        Ok(certificate)
    }

    /// Changes the record on the disk, then in memory.
    fn change(&mut self, change: impl FnOnce(&mut Record)) -> Result<(), AuthorityError> {
        let mut record = self.record.clone();
        change(&mut record);
        record.write(&self.dir)?;
        self.record = record;
        Ok(())
    }

    /// A fresh certificate for the signer of the domain list.
    fn renew_list_signer(&mut self) -> Result<(), AuthorityError> {
        let mut record = self.record.clone();
        let list_signer = certify_list_signer(&mut record, &self.issuing, self.clock.now())?;
        // The record first: a certificate that it does not know must never sign.
        record.write(&self.dir)?;
        self.record = record;
        list_signer.write(&self.dir, LIST_SIGNER)?;
        self.list_signer = list_signer;
        Ok(())
    }
}

impl fmt::Debug for Issued {
    // Not the chain: the octets of a person's certificate have the name in them.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Issued").field(&self.certificate).finish()
    }
}

impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = &self.issuing.certificate.subject().to_string();
        f.debug_struct("Authority").field("name", name).finish_non_exhaustive()
    }
}

fn lock(dir: &Path) -> Result<File, AuthorityError> {
    let file =
        OpenOptions::new().create(true).truncate(false).write(true).open(dir.join("lock"))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(AuthorityError::Locked),
        Err(std::fs::TryLockError::Error(error)) => Err(error.into()),
    }
}
