//! The demo's trust: an authority, the operators' and people's certificates, and what is published.
//!
//! Invariants: a demo that is continued keeps its identities; certificates are valid from a year
//! before its first start to twenty years after, so that programs on wall time keep working when
//! the civil clock is moved.
//! Failure: an error with its causes; nothing is published half.

use super::people::{Desk, PLACES, Place};
use domain::{Clock, DistinguishedName, Mode};
use jiff::{SignedDuration, Timestamp};
use pki::authority::{AuthorityKey, AuthorityParams, Validity};
use pki::domain_list::{Contact, DomainEntry};
use pki::durable_file::{self, Access};
use pki::{Authority, Certificate, Identity, Issued, Profile, RevocationReason};
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;

type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;

const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How long certificates last after the start of the demo, and how long before it they began.
const YEARS_AFTER: i32 = 20;
const YEARS_BEFORE: i32 = 1;
/// Octets of a file that we wrote.
const MAX_FILE: u64 = 1024 * 1024;
/// The password of every PKCS#12 file of the demo.
pub(crate) const P12_PASSWORD: &str = "demo";

/// What can be asked of an operator's certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CertificateState {
    Valid,
    Expired,
    Revoked,
}

/// The authority and its folder.
#[derive(Debug)]
pub(crate) struct Land {
    dir: PathBuf,
    clock: Arc<dyn Clock>,
    authority: Authority,
    /// For new certificates.
    validity: Validity,
}

impl Land {
    /// Opens the demo's authority, or makes it.
    pub(crate) fn open(data: &Path, clock: &Arc<dyn Clock>) -> Outcome<Self> {
        let folder = data.join("authority");
        let authority = if folder.join("authority.json").exists() {
            Authority::open(&folder, Arc::clone(clock))?
        } else {
            let now = clock.now();
            let mut params =
                AuthorityParams::new("PLI DEMO", "PLI DEMONSTRATION", Mode::Test, now)?;
            params.key = AuthorityKey::Rsa2048;
            params.not_before = years(now, -YEARS_BEFORE)? - DAY;
            params.not_after = years(now, YEARS_AFTER)? + DAY;
            Authority::init(&folder, params, Arc::clone(clock))?
        };
        let params = authority.params();
        let validity =
            Validity { not_before: params.not_before + DAY, not_after: params.not_after - DAY };
        let dir = data.join("pki");
        std::fs::create_dir_all(dir.join("people"))?;
        Ok(Self { dir, clock: Arc::clone(clock), authority, validity })
    }

    /// The certificate and key of an operator, made when there are none yet.
    pub(crate) fn operator(&mut self, place: &Place) -> Outcome<Arc<Identity>> {
        if !self.file(place.file, "pem").exists() {
            let issued = self.authority.issue(&operator_profile(place)?, Some(self.validity))?;
            self.write(place.file, &issued)?;
        }
        self.identity(place.file)
    }

    /// The certificate and key of a professional or an application, with the PKCS#12 file.
    pub(crate) fn desk(&mut self, desk: &Desk) -> Outcome<Arc<Identity>> {
        let name = format!("people/{}", desk.local);
        if !self.file(&name, "pem").exists() {
            let place = PLACES.get(desk.place).ok_or("no such operator")?;
            let profile = match desk.person {
                Some([rpps, given, family, ..]) => Profile::Person {
                    id: format!("8{rpps}").parse()?,
                    given_name: given.to_owned(),
                    surname: family.to_owned(),
                    title: "Médecin".to_owned(),
                    addresses: vec![desk.address().parse()?],
                },
                None => Profile::Application {
                    subject: place.subject()?,
                    label: format!("{} {}", place.legal_name, desk.local),
                    address: Some(desk.address().parse()?),
                },
            };
            let issued = self.authority.issue(&profile, Some(self.validity))?;
            let p12 = pki::pkcs12::write("pli", &issued.key.der(), &issued.chain, P12_PASSWORD)?;
            durable_file::replace(&self.file(&name, "p12"), &p12, Access::Secret)?;
            self.write(&name, &issued)?;
        }
        self.identity(&name)
    }

    /// Gives an operator another certificate; the old one's files are gone. `publish` tells everybody.
    pub(crate) fn set_state(&mut self, place: &Place, state: CertificateState) -> Outcome<()> {
        let now = self.clock.now();
        let validity = match state {
            CertificateState::Valid | CertificateState::Revoked => self.validity,
            CertificateState::Expired => Validity {
                not_before: self.validity.not_before,
                not_after: now - SignedDuration::from_mins(10),
            },
        };
        let issued = self.authority.issue(&operator_profile(place)?, Some(validity))?;
        if state == CertificateState::Revoked {
            let serial = issued.certificate.serial();
            self.authority.revoke(serial, RevocationReason::KeyCompromise)?;
        }
        self.write(place.file, &issued)
    }

    /// Publishes authorities, revocation lists and the domain list of the operators' certificates.
    pub(crate) fn publish(&mut self) -> Outcome<()> {
        let entry = |place: &Place| {
            let dn = self.identity(place.file)?.certificate().subject().clone();
            self.entry(place, &dn)
        };
        let entries = PLACES.iter().map(entry).collect::<Outcome<_>>()?;
        self.authority.set_domains(entries)?;
        self.authority.publish(&self.dir)?;
        Ok(())
    }

    fn entry(&self, place: &Place, dn: &DistinguishedName) -> Outcome<DomainEntry> {
        Ok(DomainEntry {
            domain: place.domain.parse()?,
            description: place.legal_name.to_owned(),
            dn: Arc::new(dn.clone()),
            responsible: Contact("Demonstration".to_owned()),
            support: Contact(format!("postmaster@{}", place.domain)),
            updated: Some(self.clock.now()),
        })
    }

    fn file(&self, name: &str, ending: &str) -> PathBuf {
        self.dir.join(format!("{name}.{ending}"))
    }

    fn write(&self, name: &str, issued: &Issued) -> Outcome<()> {
        let key = issued.key.pem();
        durable_file::replace(&self.file(name, "key"), key.as_bytes(), Access::Secret)?;
        // The certificate last: where it is, its key is.
        let chain = pki::pem::write_certificates(&issued.chain);
        durable_file::replace(&self.file(name, "pem"), chain.as_bytes(), Access::Public)?;
        Ok(())
    }

    fn identity(&self, name: &str) -> Outcome<Arc<Identity>> {
        let chain = durable_file::read(&self.file(name, "pem"), MAX_FILE)?;
        let key = durable_file::read(&self.file(name, "key"), MAX_FILE)?;
        Ok(Identity::from_pem(&chain, &key)?)
    }

    /// The certificate of a professional or an application.
    pub(crate) fn certificate(&self, desk: &Desk) -> Outcome<Certificate> {
        Ok(self.identity(&format!("people/{}", desk.local))?.certificate())
    }
}

fn operator_profile(place: &Place) -> Outcome<Profile> {
    Ok(Profile::Operator {
        subject: place.subject()?,
        host: place.hostname(),
        dns_names: vec!["localhost".to_owned()],
        ip_addresses: vec![[127, 0, 0, 1].into()],
    })
}

fn years(at: Timestamp, years: i32) -> Outcome<Timestamp> {
    let day = SignedDuration::from_hours(24) * 365;
    Ok(at.checked_add(day * years)?)
}
