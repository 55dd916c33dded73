//! What an authority is called, and how long what it issues lasts: given once, kept with its records.
//!
//! Invariant: the names of a test authority say so, and those of another do not (nothing in a name contradicts
//! the mode). Failure: [`AuthorityError`] at [`super::Authority::init`].

use domain::{Mode, StructureId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::AuthorityError;
use crate::name::{self, Attribute, NewName};
use crate::profile::{ProfileError, check};

/// Example arc for policies: `enterprise 32473`, which is kept for documentation, stands in for the national one.
// RFC 5612 §2
const EXAMPLE_POLICIES: [u64; 8] = [1, 3, 6, 1, 4, 1, 32_473, 1];

/// Days that an issued certificate lasts.
const LEAF_DAYS: u32 = 3 * 365;

/// Days until a revocation list wants the next one.
const CRL_DAYS: u32 = 7;

/// Days that the authority itself lasts.
const AUTHORITY_DAYS: u32 = 20 * 365;

/// Size of the authority's own RSA keys; issued keys have 2048 bits like those of the national authority.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum AuthorityKey {
    /// 2048 bits.
    Rsa2048,
    /// 3072 bits.
    Rsa3072,
    /// 4096 bits; slow to make.
    Rsa4096,
}

/// What an authority is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuthorityParams {
    /// The name in `AC RACINE <name> ELEMENTAIRE` and `AC <name> ELEMENTAIRE ORGANISATIONS`, and a unit.
    pub name: String,
    /// `O` of the authority's names.
    pub organization: String,
    /// First `OU`: the register's code and the identifier, as in `0002 187512751`.
    pub registration: String,
    /// [`Mode::Test`] puts `TEST` before and into the authority's names; production refuses such chains.
    pub mode: Mode,
    /// First instant of the authority.
    pub not_before: Timestamp,
    /// Last instant of the authority.
    pub not_after: Timestamp,
    /// Days that an issued certificate lasts unless told.
    pub leaf_days: u32,
    /// Days from a revocation list to its `nextUpdate`.
    pub crl_days: u32,
    /// Where revocation lists are fetched, written into certificates.
    pub crl_url: Option<String>,
    /// Policies of issued certificates; the kind's number (1 operator, 2 application, 3 person, 4 signer of the
    /// domain list) is appended.
    pub policies: Vec<u64>,
    /// Size of the authority's own keys.
    pub key: AuthorityKey,
    /// Whose signature the domain list has: structure, legal name, département.
    pub list_signer: crate::profile::Subject,
    /// `CN` of the signer of the domain list.
    pub list_host: String,
}

impl AuthorityParams {
    /// An authority with our defaults, from `now` for twenty years.
    ///
    /// # Errors
    /// When the example identifier below is no identifier, which a test holds.
    pub fn new(
        name: &str,
        organization: &str,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Self, AuthorityError> {
        let structure: StructureId =
            "318751275100020".parse().map_err(|_| ProfileError::Text("structure"))?;
        Ok(Self {
            name: name.to_owned(),
            organization: organization.to_owned(),
            registration: "0002 000000000".to_owned(),
            mode,
            not_before: now,
            not_after: later(now, AUTHORITY_DAYS),
            leaf_days: LEAF_DAYS,
            crl_days: CRL_DAYS,
            crl_url: None,
            policies: EXAMPLE_POLICIES.to_vec(),
            key: AuthorityKey::Rsa3072,
            list_signer: crate::profile::Subject {
                structure,
                legal_name: organization.to_owned(),
                department: "Paris (75)".to_owned(),
            },
            list_host: "list.mss.example".to_owned(),
        })
    }

    pub(super) fn root_name(&self) -> Result<NewName, AuthorityError> {
        self.authority_name(&format!("AC RACINE {} ELEMENTAIRE", self.name))
    }

    pub(super) fn issuing_name(&self) -> Result<NewName, AuthorityError> {
        self.authority_name(&format!("AC {} ELEMENTAIRE ORGANISATIONS", self.name))
    }

    // MSS #17
    fn authority_name(&self, common_name: &str) -> Result<NewName, AuthorityError> {
        let (common_name, unit) = match self.mode {
            Mode::Production => (common_name.to_owned(), self.name.clone()),
            Mode::Test => (format!("TEST {common_name}"), format!("{} TEST", self.name)),
        };
        check("authority's name", &common_name)?;
        check("authority's organisation", &self.organization)?;
        check("authority's registration", &self.registration)?;
        let name = name::write(&[
            (Attribute::Country, "FR"),
            (Attribute::Organization, &self.organization),
            (Attribute::Unit, &self.registration),
            (Attribute::SecondUnit, &unit),
            (Attribute::CommonName, &common_name),
        ])
        .map_err(ProfileError::from)?;
        if name::is_for_tests(&name.name) == (self.mode == Mode::Test) {
            Ok(name)
        } else {
            Err(AuthorityError::NameContradictsMode)
        }
    }
}

/// `days` after an instant, at most the end of time.
pub(super) fn later(at: Timestamp, days: u32) -> Timestamp {
    at.checked_add(SignedDuration::from_hours(24 * i64::from(days))).unwrap_or(Timestamp::MAX)
}
