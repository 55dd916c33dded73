//! A certificate as it came: what we ask of it, read once.
//!
//! Invariants: at most [`MAX_CERTIFICATE`] octets, X.509 version 3, nothing after the DER; names are what the
//! domain list compares. Reading says nothing about trust: `chain` verifies the same octets with webpki.
//! `Debug` prints an organisation's DN; a person's certificate prints its serial only.
//! Failure: [`CertificateError`].

use std::fmt;
use std::net::IpAddr;

use domain::{AttributeType, DistinguishedName, DnError};
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::x509::X509Version;

use crate::instant::from_seconds;
use crate::name;
use crate::serial::Serial;

/// Largest certificate read, in octets.
pub const MAX_CERTIFICATE: usize = 16 * 1024;

/// Most alternative names, and most policies, of a certificate.
pub const MAX_NAMES: usize = 256;

/// A parsed certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    der: CertificateDer<'static>,
    subject: DistinguishedName,
    issuer: DistinguishedName,
    serial: Serial,
    not_before: Timestamp,
    not_after: Timestamp,
    names: AlternativeNames,
    key_usage: Option<KeyUsage>,
    extended_key_usage: Option<ExtendedKeyUsage>,
    policies: Vec<String>,
    is_authority: bool,
}

/// The alternative names of a subject that we use.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct AlternativeNames {
    /// DNS names as written.
    pub dns: Vec<String>,
    /// IP addresses.
    pub ip: Vec<IpAddr>,
    /// Mail addresses as written.
    pub email: Vec<String>,
}

/// What the key may be used for; absent in a certificate means no restriction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUsage {
    /// Handshakes and short-lived signatures.
    pub digital_signature: bool,
    /// Signatures that stand (*nonRepudiation*).
    pub non_repudiation: bool,
    /// Signing certificates.
    pub key_cert_sign: bool,
    /// Signing revocation lists.
    pub crl_sign: bool,
}

/// What the certificate may be used for; absent in a certificate means no restriction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtendedKeyUsage {
    /// TLS server.
    pub server_auth: bool,
    /// TLS client.
    pub client_auth: bool,
    /// S/MIME, and the signer of the domain list.
    pub email_protection: bool,
}

/// Why octets are not a certificate that we read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// More than [`MAX_CERTIFICATE`] octets.
    #[error("the certificate is larger than {MAX_CERTIFICATE} octets")]
    TooLarge,
    /// No DER of a certificate, or something after it.
    #[error("the octets are not the DER form of a certificate")]
    Der,
    /// Not version 3.
    #[error("the certificate is not X.509 version 3")]
    Version,
    /// Subject or issuer is no name that can be compared.
    #[error("a name in the certificate cannot be read")]
    Name(#[from] DnError),
    /// The serial number has more than 20 octets.
    #[error("the certificate's serial number is too long")]
    Serial,
    /// An extension cannot be read, stands twice or has too many values.
    #[error("an extension of the certificate cannot be read")]
    Extension,
}

impl Certificate {
    /// Reads DER.
    ///
    /// # Errors
    /// [`CertificateError`].
    // RFC 5280 §4.1
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE {
            return Err(CertificateError::TooLarge);
        }
        let (rest, x509) = X509Certificate::from_der(der).map_err(|_| CertificateError::Der)?;
        if !rest.is_empty() {
            return Err(CertificateError::Der);
        }
        if x509.version() != X509Version::V3 {
            return Err(CertificateError::Version);
        }
        Ok(Self {
            subject: name::read(x509.subject())?,
            issuer: name::read(x509.issuer())?,
            serial: Serial::from_be(x509.raw_serial()).map_err(|_| CertificateError::Serial)?,
            not_before: from_seconds(x509.validity().not_before.timestamp()),
            not_after: from_seconds(x509.validity().not_after.timestamp()),
            names: read_alternative_names(&x509)?,
            key_usage: read_key_usage(&x509)?,
            extended_key_usage: read_extended_key_usage(&x509)?,
            policies: read_policies(&x509)?,
            is_authority: x509.is_ca(),
            der: CertificateDer::from(der.to_vec()),
        })
    }

    /// The octets.
    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// Whom it names.
    pub fn subject(&self) -> &DistinguishedName {
        &self.subject
    }

    /// Who issued it.
    pub fn issuer(&self) -> &DistinguishedName {
        &self.issuer
    }

    /// Its number at the issuer.
    pub fn serial(&self) -> &Serial {
        &self.serial
    }

    /// First instant of its time.
    pub fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// Last instant of its time.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Alternative names of the subject.
    pub fn names(&self) -> &AlternativeNames {
        &self.names
    }

    /// Key usage, if restricted.
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    /// Extended key usage, if restricted.
    pub fn extended_key_usage(&self) -> Option<ExtendedKeyUsage> {
        self.extended_key_usage
    }

    /// Certificate policies as dotted OIDs.
    pub fn policies(&self) -> &[String] {
        &self.policies
    }

    /// Whether it may issue (*CA:TRUE*).
    pub fn is_authority(&self) -> bool {
        self.is_authority
    }

    /// Whether its issuer, or for an authority its own name, is of test land.
    // MSS #17
    pub fn is_test_chain(&self) -> bool {
        name::is_for_tests(&self.issuer) || (self.is_authority && name::is_for_tests(&self.subject))
    }

    /// Whether it names a person: the subject has a surname or a given name.
    pub fn is_of_a_person(&self) -> bool {
        [AttributeType::Surname, AttributeType::GivenName]
            .iter()
            .any(|kind| self.subject.values(kind).next().is_some())
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Certificate");
        debug.field("serial", &self.serial);
        if self.is_of_a_person() {
            debug.field("subject", &"(a person)");
        } else {
            debug.field("subject", &self.subject.to_string());
        }
        debug.field("issuer", &self.issuer.to_string()).finish_non_exhaustive()
    }
}

// RFC 5280 §4.2.1.6
fn read_alternative_names(
    x509: &X509Certificate<'_>,
) -> Result<AlternativeNames, CertificateError> {
    let mut names = AlternativeNames::default();
    let extension = x509.subject_alternative_name().map_err(|_| CertificateError::Extension)?;
    let Some(extension) = extension else { return Ok(names) };
    if extension.value.general_names.len() > MAX_NAMES {
        return Err(CertificateError::Extension);
    }
    for one in &extension.value.general_names {
        match one {
            GeneralName::DNSName(dns) => names.dns.push((*dns).to_owned()),
            GeneralName::RFC822Name(email) => names.email.push((*email).to_owned()),
            GeneralName::IPAddress(octets) => {
                let four = <[u8; 4]>::try_from(*octets).map(IpAddr::from);
                let sixteen = <[u8; 16]>::try_from(*octets).map(IpAddr::from);
                names.ip.push(four.or(sixteen).map_err(|_| CertificateError::Extension)?);
            }
            _ => {}
        }
    }
    Ok(names)
}

// RFC 5280 §4.2.1.3
fn read_key_usage(x509: &X509Certificate<'_>) -> Result<Option<KeyUsage>, CertificateError> {
    let extension = x509.key_usage().map_err(|_| CertificateError::Extension)?;
    Ok(extension.map(|extension| KeyUsage {
        digital_signature: extension.value.digital_signature(),
        non_repudiation: extension.value.non_repudiation(),
        key_cert_sign: extension.value.key_cert_sign(),
        crl_sign: extension.value.crl_sign(),
    }))
}

// RFC 5280 §4.2.1.12
fn read_extended_key_usage(
    x509: &X509Certificate<'_>,
) -> Result<Option<ExtendedKeyUsage>, CertificateError> {
    let extension = x509.extended_key_usage().map_err(|_| CertificateError::Extension)?;
    Ok(extension.map(|extension| ExtendedKeyUsage {
        server_auth: extension.value.server_auth,
        client_auth: extension.value.client_auth,
        email_protection: extension.value.email_protection,
    }))
}

// RFC 5280 §4.2.1.4
fn read_policies(x509: &X509Certificate<'_>) -> Result<Vec<String>, CertificateError> {
    use x509_parser::extensions::ParsedExtension::CertificatePolicies;
    let mut policies = Vec::new();
    for extension in x509.extensions() {
        if let CertificatePolicies(found) = extension.parsed_extension() {
            if found.len() > MAX_NAMES {
                return Err(CertificateError::Extension);
            }
            policies.extend(found.iter().map(|policy| policy.policy_id.to_id_string()));
        }
    }
    Ok(policies)
}
