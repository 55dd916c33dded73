//! Where entries come from, and which source speaks for which domain.
//!
//! The rule: **an operator speaks for its own domains and for no other; the national extraction speaks for the
//! domains whose operator has published nothing here.** As soon as an operator's entries are there, its domains are
//! its alone, so that an old extraction cannot bring back a mailbox that was withdrawn or put on the red list. A
//! domain of several operators (a migration) is spoken for by each; for an address that two of them publish, the
//! first in order of name counts. Certificates of organisations have no domain: every source's count.
//!
//! Failure: there is none; what has no say is passed over when the directory is read, not lost, so that a change of
//! owners needs no new import.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use domain::operator::OperatorNameError;
use domain::{MailDomain, OperatorName};

/// Where entries come from; operators come before the extraction, in order of name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// An operator's own publication.
    Operator(OperatorName),
    /// The national directory's public extraction.
    National,
}

/// The extraction's name on the disk: no operator can have it, since operators are stored with a prefix.
const NATIONAL: &str = "national";

/// Before an operator's name on the disk.
const OPERATOR: &str = "operator-";

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Operator(name) => write!(f, "{OPERATOR}{name}"),
            Self::National => f.write_str(NATIONAL),
        }
    }
}

impl FromStr for Source {
    type Err = OperatorNameError;

    fn from_str(text: &str) -> Result<Self, OperatorNameError> {
        match text.strip_prefix(OPERATOR) {
            Some(name) => name.parse().map(Self::Operator),
            None if text == NATIONAL => Ok(Self::National),
            None => Err(OperatorNameError::Character),
        }
    }
}

/// Which operators run which domains, from the domain list or the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DomainOwners(BTreeMap<MailDomain, BTreeSet<OperatorName>>);

impl DomainOwners {
    /// Whether `operator` runs `domain`.
    pub fn owns(&self, operator: &OperatorName, domain: &MailDomain) -> bool {
        self.0.get(domain).is_some_and(|operators| operators.contains(operator))
    }
}

impl FromIterator<(MailDomain, OperatorName)> for DomainOwners {
    fn from_iter<I: IntoIterator<Item = (MailDomain, OperatorName)>>(pairs: I) -> Self {
        let mut owners = Self::default();
        for (domain, operator) in pairs {
            owners.0.entry(domain).or_default().insert(operator);
        }
        owners
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_disk() {
        for name in ["national", "operator-national", "operator-hopital-nord"] {
            assert_eq!(name.parse::<Source>().unwrap().to_string(), name);
        }
        for bad in ["", "nord", "operator-", "operator-../x", "National"] {
            assert!(bad.parse::<Source>().is_err(), "{bad}");
        }
        assert!(Source::Operator("z".parse().unwrap()) < Source::National);
    }
}
