//! A citizen's mail address: the INS number, `@`, a citizens' domain (`279035121518989@patient.mssante.fr`).
//!
//! Invariants: the local part is 15 characters of the right shape; in production its key is right. The address
//! carries no OID: whose number it is, and under which OID, the account says.
//! Failure: [`CitizenAddressError`] keeps apart "no citizens' domain" (other rules decide) and "malformed"
//! (550 5.1.3). `Debug` prints the domain only.

use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::address::MailAddress;
use crate::ins_number::{self, InsError, InsNumber, Keyed, UncheckedInsNumber};
use crate::mail_domain::MailDomain;
use crate::mode::Mode;
use crate::verdict::Verdict;

/// The domains whose mailboxes are citizens' (configuration, the same at every operator).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CitizenDomains(BTreeSet<MailDomain>);

impl CitizenDomains {
    /// Whether `domain` is one of them.
    pub fn contains(&self, domain: &MailDomain) -> bool {
        self.0.contains(domain)
    }

    /// The domains, in order.
    pub fn iter(&self) -> impl Iterator<Item = &MailDomain> {
        self.0.iter()
    }
}

impl FromIterator<MailDomain> for CitizenDomains {
    fn from_iter<I: IntoIterator<Item = MailDomain>>(domains: I) -> Self {
        Self(domains.into_iter().collect())
    }
}

/// The number in a citizen's address, as far as it can be trusted.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CitizenNumber {
    /// The key is right.
    Checked(InsNumber),
    /// Test land: the key is wrong, the address passes all the same.
    WrongKeyInTest(UncheckedInsNumber),
}

impl CitizenNumber {
    /// The 15 characters.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Checked(number) => number.as_str(),
            Self::WrongKeyInTest(number) => number.as_str(),
        }
    }
}

/// A citizen's mail address (*adresse de messagerie de l'usager*).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CitizenAddress {
    number: CitizenNumber,
    domain: MailDomain,
}

/// Why an address is not a citizen's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CitizenAddressError {
    /// The domain is not a citizens' domain: the address is somebody else's.
    #[error("the domain is not a citizens' domain")]
    OtherDomain,
    /// The local part is no INS number.
    #[error("the local part is not an INS number")]
    Malformed(#[source] InsError),
}

impl CitizenAddressError {
    /// The refusal it leads to, if it is one.
    pub fn verdict(self) -> Option<Verdict> {
        match self {
            Self::OtherDomain => None,
            Self::Malformed(_) => Some(Verdict::RecipientMalformed),
        }
    }
}

impl CitizenAddress {
    /// Reads an address as a citizen's.
    ///
    /// # Errors
    /// The domain is not one of `domains`, or the local part is no INS number, or its key is wrong in production.
    // MSS #30
    // MSS #32
    pub fn read(
        address: &MailAddress,
        domains: &CitizenDomains,
        mode: Mode,
    ) -> Result<Self, CitizenAddressError> {
        if !domains.contains(address.domain()) {
            return Err(CitizenAddressError::OtherDomain);
        }
        let number = match (ins_number::read(address.local()), mode) {
            (Ok(Keyed::Right(number)), _) => CitizenNumber::Checked(number),
            (Ok(Keyed::Wrong(number, _)), Mode::Test) => CitizenNumber::WrongKeyInTest(number),
            (Ok(Keyed::Wrong(_, reason)), Mode::Production) | (Err(reason), _) => {
                return Err(CitizenAddressError::Malformed(reason));
            }
        };
        Ok(Self { number, domain: address.domain().clone() })
    }

    /// The address of the citizen with `number` at `domain`.
    pub fn of(number: InsNumber, domain: MailDomain) -> Self {
        Self { number: CitizenNumber::Checked(number), domain }
    }

    /// The number.
    pub fn number(&self) -> &CitizenNumber {
        &self.number
    }

    /// The citizens' domain.
    pub fn domain(&self) -> &MailDomain {
        &self.domain
    }

    /// The address for the wire.
    pub fn to_mail_address(&self) -> MailAddress {
        MailAddress::of_atom(self.number.as_str(), self.domain.clone())
    }
}

impl fmt::Display for CitizenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.number.as_str(), self.domain)
    }
}

impl fmt::Debug for CitizenAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CitizenAddress(…@{})", self.domain)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn domains() -> CitizenDomains {
        ["patient.mssante.fr".parse().unwrap()].into_iter().collect()
    }

    fn read(text: &str, mode: Mode) -> Result<CitizenAddress, CitizenAddressError> {
        CitizenAddress::read(&text.parse().unwrap(), &domains(), mode)
    }

    #[test]
    fn fourteen_and_sixteen_characters_and_a_wrong_key_are_malformed() {
        use CitizenAddressError::*;
        let table = [
            ("27903512151898", Malformed(InsError::Length { found: 14 })),
            ("2790351215189890", Malformed(InsError::Length { found: 16 })),
            ("246037433000291", Malformed(InsError::Key { expected: 53 })),
            ("marie.martin", Malformed(InsError::Length { found: 12 })),
        ];
        for (local, reason) in table {
            let found = read(&format!("{local}@patient.mssante.fr"), Mode::Production);
            assert_eq!(found, Err(reason), "{local}");
            assert_eq!(reason.verdict(), Some(Verdict::RecipientMalformed));
        }
        assert_eq!(read("279035121518989@a.fr", Mode::Test), Err(OtherDomain));
        assert_eq!(OtherDomain.verdict(), None);
    }

    #[test]
    fn a_wrong_key_passes_in_test_land_only() {
        let address = read("246037433000291@patient.mssante.fr", Mode::Test).unwrap();
        assert!(matches!(address.number(), CitizenNumber::WrongKeyInTest(_)));
        let malformed = read("246037433000@patient.mssante.fr", Mode::Test);
        assert_eq!(malformed, Err(CitizenAddressError::Malformed(InsError::Length { found: 12 })));
    }

    #[test]
    fn the_address_reads_and_writes_the_same() {
        let address = read("260052a00401281@Patient.MSSante.fr", Mode::Production).unwrap();
        assert_eq!(address.to_string(), "260052A00401281@patient.mssante.fr");
        assert_eq!(address.to_mail_address(), address.to_string().parse().unwrap());
        let number = "260052A00401281".parse().unwrap();
        assert_eq!(address, CitizenAddress::of(number, address.domain().clone()));
        assert_eq!(format!("{address:?}"), "CitizenAddress(…@patient.mssante.fr)");
        assert_eq!(format!("{:?}", address.number()), "Checked(InsNumber(…))");
    }
}
