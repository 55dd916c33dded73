//! Certificate revocation lists: read, checked against their issuer, kept while a newer one is not there.
//!
//! Invariants: a list in [`RevocationLists`] has its issuer's right signature, and there is one an issuer: that
//! with the highest number seen. A list out of its time stays and is used; who asks learns that it is late.
//! Failure: [`CrlError`]; the set stays as it was.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use domain::{DistinguishedName, DnError};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use webpki::{CertRevocationList, OwnedCertRevocationList};
use x509_parser::prelude::{CertificateRevocationList, FromDer, X509Certificate};
use x509_parser::revocation_list::RevokedCertificate;

use crate::certificate::Certificate;
use crate::instant::from_seconds;
use crate::name;
use crate::serial::Serial;

/// Largest list read, in octets.
pub const MAX_CRL: usize = 48 * 1024 * 1024;

/// Most lists kept together.
pub const MAX_LISTS: usize = 64;

/// Why a certificate was taken back.
// RFC 5280 §5.3.1
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RevocationReason {
    /// Not said.
    Unspecified,
    /// Somebody else may have the key.
    KeyCompromise,
    /// Somebody else may have the authority's key.
    CaCompromise,
    /// The subject's name has changed.
    AffiliationChanged,
    /// Another certificate takes its place.
    Superseded,
    /// No longer needed.
    CessationOfOperation,
    /// For the time being.
    CertificateHold,
    /// The subject may no longer what the certificate says.
    PrivilegeWithdrawn,
    /// Somebody else may have the key of the attribute authority.
    AaCompromise,
}

impl RevocationReason {
    fn read(code: u8) -> Self {
        match code {
            1 => Self::KeyCompromise,
            2 => Self::CaCompromise,
            3 => Self::AffiliationChanged,
            4 => Self::Superseded,
            5 => Self::CessationOfOperation,
            6 => Self::CertificateHold,
            9 => Self::PrivilegeWithdrawn,
            10 => Self::AaCompromise,
            _ => Self::Unspecified,
        }
    }

    /// As rcgen's; *unspecified* is written by leaving the reason out.
    pub(crate) fn to_write(self) -> Option<rcgen::RevocationReason> {
        use rcgen::RevocationReason as Written;
        match self {
            Self::Unspecified => None,
            Self::KeyCompromise => Some(Written::KeyCompromise),
            Self::CaCompromise => Some(Written::CaCompromise),
            Self::AffiliationChanged => Some(Written::AffiliationChanged),
            Self::Superseded => Some(Written::Superseded),
            Self::CessationOfOperation => Some(Written::CessationOfOperation),
            Self::CertificateHold => Some(Written::CertificateHold),
            Self::PrivilegeWithdrawn => Some(Written::PrivilegeWithdrawn),
            Self::AaCompromise => Some(Written::AaCompromise),
        }
    }
}

/// One entry of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revocation {
    /// Since when.
    pub at: Timestamp,
    /// Why.
    pub reason: RevocationReason,
}

/// A revocation list as it came; its signature is checked by [`RevocationLists::with`].
pub struct RevocationList {
    issuer: DistinguishedName,
    number: Serial,
    this_update: Timestamp,
    next_update: Timestamp,
    entries: BTreeMap<Serial, Revocation>,
    der: Vec<u8>,
    for_webpki: CertRevocationList<'static>,
}

/// Why a revocation list is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CrlError {
    /// More than [`MAX_CRL`] octets.
    #[error("the revocation list is larger than {MAX_CRL} octets")]
    TooLarge,
    /// No DER of a full version 2 list; also delta lists.
    #[error("the octets are not a full version 2 revocation list")]
    Der,
    /// Its issuer's name cannot be read.
    #[error("the revocation list's issuer cannot be read")]
    Name(#[from] DnError),
    /// No number.
    #[error("the revocation list has no number")]
    NoNumber,
    /// No `nextUpdate`, so that nobody can tell when it is late.
    #[error("the revocation list does not say when the next one comes")]
    NoNextUpdate,
    /// No authority that we know has issued it, or the signature is wrong.
    #[error("the revocation list is not signed by an authority that we know")]
    Signature,
    /// A list with a higher number is kept.
    #[error("the revocation list is older than the one kept")]
    Older,
    /// More than [`MAX_LISTS`].
    #[error("more than {MAX_LISTS} revocation lists")]
    TooMany,
}

impl RevocationList {
    /// Reads DER.
    ///
    /// # Errors
    /// [`CrlError`].
    // RFC 5280 §5.1
    pub fn from_der(der: &[u8]) -> Result<Self, CrlError> {
        if der.len() > MAX_CRL {
            return Err(CrlError::TooLarge);
        }
        let for_webpki = OwnedCertRevocationList::from_der(der).map_err(|_| CrlError::Der)?.into();
        let (rest, list) = CertificateRevocationList::from_der(der).map_err(|_| CrlError::Der)?;
        if !rest.is_empty() {
            return Err(CrlError::Der);
        }
        // RFC 5280 §5.2.3
        let number = list.crl_number().ok_or(CrlError::NoNumber)?;
        let next_update = list.next_update().ok_or(CrlError::NoNextUpdate)?;
        let entries = list.iter_revoked_certificates().map(read_entry).collect::<Result<_, _>>()?;
        Ok(Self {
            issuer: name::read(list.issuer())?,
            number: Serial::from_be(&number.to_bytes_be()).map_err(|_| CrlError::NoNumber)?,
            this_update: from_seconds(list.last_update().timestamp()),
            next_update: from_seconds(next_update.timestamp()),
            entries,
            der: der.to_vec(),
            for_webpki,
        })
    }

    /// Who issued it.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// Its number; a later list has a higher one.
    pub fn number(&self) -> &Serial {
        &self.number
    }

    /// When it was made.
    pub fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When the next one is due.
    pub fn next_update(&self) -> Timestamp {
        self.next_update
    }

    /// Whether the next one is not yet due.
    // MSS #21
    pub fn is_fresh(&self, at: Timestamp) -> bool {
        at < self.next_update
    }

    /// How many certificates it names.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it names none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entry of a number of this issuer.
    pub fn find(&self, serial: &Serial) -> Option<Revocation> {
        self.entries.get(serial).copied()
    }

    /// The octets.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    pub(crate) fn for_webpki(&self) -> &CertRevocationList<'static> {
        &self.for_webpki
    }

    // RFC 5280 §6.3.3 (f), (g)
    fn is_signed_by(&self, authority: &Certificate) -> bool {
        let may_sign = authority.is_authority()
            && authority.subject() == &self.issuer
            && authority.key_usage().is_none_or(|usage| usage.crl_sign);
        let signature_is_right = || {
            let (_, list) = CertificateRevocationList::from_der(&self.der).ok()?;
            let (_, authority) = X509Certificate::from_der(authority.der()).ok()?;
            list.verify_signature(authority.public_key()).ok()
        };
        may_sign && signature_is_right().is_some()
    }
}

impl fmt::Debug for RevocationList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationList")
            .field("issuer", &self.issuer.to_string())
            .field("number", &self.number)
            .field("entries", &self.entries.len())
            .field("next_update", &self.next_update)
            .finish()
    }
}

// RFC 5280 §5.3
fn read_entry(entry: &RevokedCertificate<'_>) -> Result<(Serial, Revocation), CrlError> {
    let serial = Serial::from_be(entry.raw_serial()).map_err(|_| CrlError::Der)?;
    let reason = entry
        .reason_code()
        .map_or(RevocationReason::Unspecified, |(_, code)| RevocationReason::read(code.0));
    let at = from_seconds(entry.revocation_date.timestamp());
    Ok((serial, Revocation { at, reason }))
}

/// The lists in use, one an issuer.
#[derive(Clone, Debug, Default)]
pub struct RevocationLists {
    lists: Vec<Arc<RevocationList>>,
}

impl RevocationLists {
    /// The set with one more, in place of an older one of the same issuer.
    ///
    /// # Errors
    /// [`CrlError::Signature`] when none of `authorities` has signed it, [`CrlError::Older`], [`CrlError::TooMany`].
    // MSS #21
    pub fn with<'a>(
        &self,
        list: RevocationList,
        authorities: impl IntoIterator<Item = &'a Certificate>,
    ) -> Result<Self, CrlError> {
        if !authorities.into_iter().any(|authority| list.is_signed_by(authority)) {
            return Err(CrlError::Signature);
        }
        let kept = self.lists.iter().find(|kept| kept.issuer == list.issuer);
        if kept.is_some_and(|kept| kept.number > list.number) {
            return Err(CrlError::Older);
        }
        let others = self.lists.iter().filter(|kept| kept.issuer != list.issuer).cloned();
        let mut lists: Vec<_> = others.collect();
        if lists.len() >= MAX_LISTS {
            return Err(CrlError::TooMany);
        }
        lists.push(Arc::new(list));
        Ok(Self { lists })
    }

    /// The list of an issuer.
    pub fn of(&self, issuer: &DistinguishedName) -> Option<&RevocationList> {
        self.lists.iter().find(|list| list.issuer == *issuer).map(AsRef::as_ref)
    }

    /// Whether and why a certificate was taken back, as far as we know.
    pub fn find(&self, issuer: &DistinguishedName, serial: &Serial) -> Option<Revocation> {
        self.of(issuer)?.find(serial)
    }

    /// Every list.
    pub fn iter(&self) -> impl Iterator<Item = &RevocationList> {
        self.lists.iter().map(AsRef::as_ref)
    }
}
