//! Profiles of the certificates that an authority issues: subject, alternative names, usages, by kind.
//!
//! The forms follow the national authority (*IGC Santé*): `CN=<host>,OU=1<FINESS>|3<SIRET>,O=<legal name>,
//! ST=<département> (<no>),C=FR` for organisations, the national identifier as CN for persons; serial numbers
//! of 16 octets, three years, `CA:FALSE`, key usage critical.
//!
//! Invariant: what may become a certificate is checked here, before a key is made or a number is taken.
//! Failure: [`ProfileError`].

use std::fmt;
use std::net::IpAddr;

use domain::{DistinguishedName, DnError, MailAddress, PersonId, StructureId};
use rcgen::{
    CertificateParams, CrlDistributionPoint, CustomExtension, ExtendedKeyUsagePurpose, IsCa,
    KeyUsagePurpose, SanType,
};
use serde::{Deserialize, Serialize};

use crate::certificate::MAX_NAMES;
use crate::name::{self, Attribute, NewName};

/// Longest text of an attribute.
// RFC 5280 appendix A.1: ub-common-name and its like
const MAX_TEXT: usize = 64;

/// `id-ce-certificatePolicies`.
// RFC 5280 §4.2.1.4
const CERTIFICATE_POLICIES: [u64; 4] = [2, 5, 29, 32];

/// The organisation in a subject.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// `OU`: the register's digit and the identifier (*Struct_IdNat*).
    pub structure: StructureId,
    /// `O`: the legal name (*raison sociale*).
    pub legal_name: String,
    /// `ST`: the département and its number, as in `Paris (75)`.
    pub department: String,
}

/// What a certificate is for.
#[derive(Clone, PartialEq, Eq)]
pub enum Profile {
    /// An operator's server, which is also a client of the other operators.
    Operator {
        /// Who runs it.
        subject: Subject,
        /// `CN`, and the first DNS name.
        host: String,
        /// Further DNS names.
        dns_names: Vec<String>,
        /// IP addresses.
        ip_addresses: Vec<IpAddr>,
    },
    /// A program that sends or fetches mail (*ORG AUTH_CLI*).
    Application {
        /// Whose program.
        subject: Subject,
        /// `CN`: what binds structure and use.
        label: String,
        /// The mailbox's address, if one.
        address: Option<MailAddress>,
    },
    /// A professional.
    Person {
        /// `CN`: the national identifier, `8` and the RPPS.
        id: PersonId,
        /// `GN`.
        given_name: String,
        /// `SN`.
        surname: String,
        /// `T`: the profession, as in `Médecin`.
        title: String,
        /// Mail addresses.
        addresses: Vec<MailAddress>,
    },
    /// Who signs the domain list (*ORG SIGN*).
    ListSigner {
        /// Whose signature.
        subject: Subject,
        /// `CN`.
        host: String,
    },
}

/// The kinds of [`Profile`], as kept in the authority's records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// See [`Profile::Operator`].
    Operator,
    /// See [`Profile::Application`].
    Application,
    /// See [`Profile::Person`].
    Person,
    /// See [`Profile::ListSigner`].
    ListSigner,
}

/// Why a certificate cannot be issued for a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProfileError {
    /// A text of the subject is empty or longer than 64 characters.
    #[error("the subject's {0} must have 1 to {MAX_TEXT} characters")]
    Text(&'static str),
    /// The subject is no name.
    #[error("the subject is no distinguished name")]
    Name(#[from] DnError),
    /// Too many names, or one that certificates cannot carry.
    #[error("an alternative name cannot stand in a certificate")]
    AlternativeName,
}

/// What an authority puts into every certificate.
pub(crate) struct Extensions<'a> {
    pub(crate) crl_url: Option<&'a str>,
    /// Policies as OIDs; the kind's number is appended.
    pub(crate) policy_arc: &'a [u64],
}

/// A profile turned into what rcgen takes; dates and serial number are the authority's.
pub(crate) struct Draft {
    pub(crate) params: CertificateParams,
    pub(crate) subject: DistinguishedName,
    pub(crate) kind: Kind,
}

impl Profile {
    /// Which kind it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Operator { .. } => Kind::Operator,
            Self::Application { .. } => Kind::Application,
            Self::Person { .. } => Kind::Person,
            Self::ListSigner { .. } => Kind::ListSigner,
        }
    }

    /// The subject that a certificate of this profile has.
    ///
    /// # Errors
    /// [`ProfileError`].
    pub fn subject(&self) -> Result<DistinguishedName, ProfileError> {
        Ok(self.name()?.name)
    }

    pub(crate) fn draft(&self, extensions: &Extensions<'_>) -> Result<Draft, ProfileError> {
        let NewName { for_rcgen, name: subject } = self.name()?;
        let mut params = CertificateParams::default();
        params.distinguished_name = for_rcgen;
        params.subject_alt_names = self.alternative_names()?;
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = self.key_usages();
        params.extended_key_usages = self.extended_key_usages();
        params.use_authority_key_identifier_extension = true;
        params.crl_distribution_points = extensions
            .crl_url
            .map(|url| CrlDistributionPoint { uris: vec![url.to_owned()] })
            .into_iter()
            .collect();
        // A request names no policy: it is the authority's to give.
        if !extensions.policy_arc.is_empty() {
            let policy = [extensions.policy_arc, &[self.kind().policy()]].concat();
            params.custom_extensions.push(policies(&policy));
        }
        Ok(Draft { params, subject, kind: self.kind() })
    }

    fn name(&self) -> Result<NewName, ProfileError> {
        match self {
            Self::Operator { subject, host, .. } | Self::ListSigner { subject, host } => {
                subject.name(host)
            }
            Self::Application { subject, label, .. } => subject.name(label),
            Self::Person { id, given_name, surname, title, .. } => {
                check("given name", given_name)?;
                check("surname", surname)?;
                check("title", title)?;
                Ok(name::write(&[
                    (Attribute::Country, "FR"),
                    (Attribute::Title, title),
                    (Attribute::GivenName, given_name),
                    (Attribute::Surname, surname),
                    (Attribute::CommonName, &id.to_string()),
                ])?)
            }
        }
    }

    // RFC 5280 §4.2.1.6
    fn alternative_names(&self) -> Result<Vec<SanType>, ProfileError> {
        let dns = |host: &String| {
            let plausible = !host.is_empty()
                && host.len() <= domain::mail_domain::MAX_DOMAIN
                && host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'));
            let name = host.as_str().try_into().ok().filter(|_| plausible);
            name.map(SanType::DnsName).ok_or(ProfileError::AlternativeName)
        };
        let email = |address: &MailAddress| {
            let name = address.to_string().as_str().try_into().ok();
            name.map(SanType::Rfc822Name).ok_or(ProfileError::AlternativeName)
        };
        let names: Vec<SanType> = match self {
            Self::Operator { host, dns_names, ip_addresses, .. } => {
                let further = dns_names.iter().filter(|name| *name != host);
                let names = std::iter::once(host).chain(further).map(dns);
                let mut names = names.collect::<Result<Vec<_>, _>>()?;
                names.extend(ip_addresses.iter().copied().map(SanType::IpAddress));
                names
            }
            Self::Application { address, .. } => {
                address.iter().map(email).collect::<Result<_, _>>()?
            }
            Self::Person { addresses, .. } => {
                addresses.iter().map(email).collect::<Result<_, _>>()?
            }
            Self::ListSigner { .. } => Vec::new(),
        };
        if names.len() > MAX_NAMES { Err(ProfileError::AlternativeName) } else { Ok(names) }
    }

    // RFC 5280 §4.2.1.3
    fn key_usages(&self) -> Vec<KeyUsagePurpose> {
        match self {
            Self::Operator { .. } => {
                vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::KeyEncipherment]
            }
            Self::Application { .. } => vec![KeyUsagePurpose::DigitalSignature],
            // rcgen calls the bit by its newer name: contentCommitment is nonRepudiation.
            Self::Person { .. } | Self::ListSigner { .. } => {
                vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment]
            }
        }
    }

    // RFC 5280 §4.2.1.12
    fn extended_key_usages(&self) -> Vec<ExtendedKeyUsagePurpose> {
        use ExtendedKeyUsagePurpose::{ClientAuth, EmailProtection, ServerAuth};
        match self {
            Self::Operator { .. } => vec![ServerAuth, ClientAuth],
            Self::Application { .. } => vec![ClientAuth],
            Self::Person { .. } => vec![ClientAuth, EmailProtection],
            Self::ListSigner { .. } => vec![EmailProtection],
        }
    }
}

impl fmt::Debug for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator { host: name, .. }
            | Self::ListSigner { host: name, .. }
            | Self::Application { label: name, .. } => {
                f.debug_tuple("Profile").field(&self.kind()).field(name).finish()
            }
            Self::Person { .. } => f.write_str("Profile(Person, …)"),
        }
    }
}

impl Subject {
    fn name(&self, common_name: &str) -> Result<NewName, ProfileError> {
        check("common name", common_name)?;
        check("legal name", &self.legal_name)?;
        check("département", &self.department)?;
        Ok(name::write(&[
            (Attribute::Country, "FR"),
            (Attribute::State, &self.department),
            (Attribute::Organization, &self.legal_name),
            (Attribute::Unit, &self.structure.to_string()),
            (Attribute::CommonName, common_name),
        ])?)
    }
}

impl Kind {
    /// Last number of the kind's policy.
    fn policy(self) -> u64 {
        match self {
            Self::Operator => 1,
            Self::Application => 2,
            Self::Person => 3,
            Self::ListSigner => 4,
        }
    }
}

pub(crate) fn check(what: &'static str, text: &str) -> Result<(), ProfileError> {
    let length = text.trim().chars().count();
    if (1..=MAX_TEXT).contains(&length) { Ok(()) } else { Err(ProfileError::Text(what)) }
}

fn policies(policy: &[u64]) -> CustomExtension {
    let content = yasna::construct_der(|writer| {
        writer.write_sequence(|policies| {
            policies.next().write_sequence(|information| {
                information.next().write_oid(&yasna::models::ObjectIdentifier::from_slice(policy));
            });
        });
    });
    CustomExtension::from_oid_content(&CERTIFICATE_POLICIES, content)
}
