//! Distinguished names as the domain list compares them.
//!
//! Invariants: a name is a non-empty set of (attribute type, value). Equality and hash see the set only: order
//! and grouping into RDNs do not count, blanks do not (`Paris(75)` is `Paris (75)`), composition does not (NFC),
//! case does, except for `C`. Every attribute of one must be in the other; `L` and `ST` are two types; two `OU`
//! are two members. No value is empty or has a control character (a NUL in a CN is an old trick).
//! Failure: [`DnError`] says why; nothing is guessed, so an odd entry of a list costs that entry only.

mod attribute;
mod parse;

use std::collections::BTreeSet;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

pub use self::attribute::AttributeType;
use crate::gate::text_value;

/// Longest name read, in octets.
pub const MAX_DN: usize = 4096;

/// Most attributes of a name.
pub const MAX_ATTRIBUTES: usize = 32;

/// A distinguished name (*DN du certificat de l'opérateur*).
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DistinguishedName {
    /// As given, the most specific attribute first.
    written: Vec<(AttributeType, String)>,
    /// What counts.
    compared: BTreeSet<(AttributeType, String)>,
}

/// Why a text or a list of attributes is not a distinguished name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnError {
    /// No attribute.
    #[error("the name has no attribute")]
    Empty,
    /// More than [`MAX_DN`] octets.
    #[error("the name is longer than {MAX_DN} octets")]
    TooLong,
    /// More than [`MAX_ATTRIBUTES`].
    #[error("the name has more than {MAX_ATTRIBUTES} attributes")]
    TooManyAttributes,
    /// An attribute without `=`; often a comma in a value that needs a backslash before it.
    #[error("an attribute has no '='")]
    MissingEquals,
    /// Neither a known short name nor a dotted OID.
    #[error("an attribute type is neither a known short name nor a dotted OID")]
    UnknownType,
    /// An attribute without value.
    #[error("an attribute has no value")]
    EmptyValue,
    /// A backslash before something that it cannot stand before, or at the end.
    #[error("a backslash stands before something that it cannot escape")]
    Escape,
    /// A `;`, or text after a quoted value.
    #[error("two attributes are not parted by ',' or '+'")]
    Separator,
    /// A `#` value that is not the DER form of a text.
    #[error("a '#' value is not the DER form of a text")]
    Hex,
    /// Escaped octets that are no UTF-8.
    #[error("a value is not UTF-8")]
    NotUtf8,
    /// A control character in a value.
    #[error("a value has a control character")]
    ControlCharacter,
}

impl DistinguishedName {
    /// The name of a certificate: (dotted OID, value) pairs in the order of the certificate, most general first.
    ///
    /// # Errors
    /// Any [`DnError`] but those of syntax.
    pub fn from_pairs<'a>(
        pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, DnError> {
        let mut written = Vec::new();
        for (oid, value) in pairs {
            if written.len() == MAX_ATTRIBUTES {
                return Err(DnError::TooManyAttributes);
            }
            written.push((AttributeType::from_oid(oid)?, value.trim().to_owned()));
        }
        // RFC 4514 §2.1
        written.reverse();
        Self::new(written)
    }

    fn new(written: Vec<(AttributeType, String)>) -> Result<Self, DnError> {
        if written.is_empty() {
            return Err(DnError::Empty);
        }
        if written.len() > MAX_ATTRIBUTES {
            return Err(DnError::TooManyAttributes);
        }
        let mut compared = BTreeSet::new();
        for (kind, value) in &written {
            compared.insert((kind.clone(), compared_value(kind, value)?));
        }
        let name = Self { written, compared };
        // Escapes lengthen a name: what could not be read again is refused now.
        if name.to_string().len() > MAX_DN { Err(DnError::TooLong) } else { Ok(name) }
    }

    /// The values of one attribute type as written, in order.
    pub fn values<'a>(&'a self, kind: &'a AttributeType) -> impl Iterator<Item = &'a str> {
        self.written.iter().filter(move |(other, _)| other == kind).map(|(_, value)| value.as_str())
    }

    /// The common name, if there is exactly one.
    pub fn common_name(&self) -> Option<&str> {
        let mut names = self.values(&AttributeType::CommonName);
        names.next().filter(|_| names.next().is_none())
    }

    /// The attribute types in which two names differ, for the operator's log; empty when they are equal.
    pub fn differing_types(&self, other: &Self) -> BTreeSet<AttributeType> {
        self.compared.symmetric_difference(&other.compared).map(|(kind, _)| kind.clone()).collect()
    }
}

/// A value in the spelling that counts.
// MSS #8
fn compared_value(kind: &AttributeType, value: &str) -> Result<String, DnError> {
    if value.chars().any(char::is_control) {
        return Err(DnError::ControlCharacter);
    }
    let mut compared: String = value.nfc().filter(|c| !c.is_whitespace()).collect();
    if compared.is_empty() {
        return Err(DnError::EmptyValue);
    }
    if *kind == AttributeType::Country {
        compared.make_ascii_uppercase();
    }
    Ok(compared)
}

impl PartialEq for DistinguishedName {
    fn eq(&self, other: &Self) -> bool {
        self.compared == other.compared
    }
}

impl Eq for DistinguishedName {}

impl Hash for DistinguishedName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.compared.hash(state);
    }
}

impl fmt::Display for DistinguishedName {
    /// RFC 4514 text of the attributes as given.
    // RFC 4514 §2
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (kind, value)) in self.written.iter().enumerate() {
            let separator = if place == 0 { "" } else { "," };
            write!(f, "{separator}{kind}=")?;
            let last = value.chars().count().saturating_sub(1);
            for (place, c) in value.chars().enumerate() {
                let at_an_end =
                    (c == ' ' && (place == 0 || place == last)) || (c == '#' && place == 0);
                if at_an_end || matches!(c, '"' | '+' | ',' | ';' | '<' | '>' | '\\') {
                    f.write_str("\\")?;
                }
                write!(f, "{c}")?;
            }
        }
        Ok(())
    }
}

impl FromStr for DistinguishedName {
    type Err = DnError;

    /// Reads the string form, with the irregularities of the national list: blanks after commas and around
    /// values.
    // RFC 4514 §3
    fn from_str(text: &str) -> Result<Self, DnError> {
        if text.len() > MAX_DN {
            return Err(DnError::TooLong);
        }
        Self::new(parse::read(text)?)
    }
}

text_value!(DistinguishedName);

#[cfg(test)]
mod tests {
    use std::hash::DefaultHasher;

    use proptest::prelude::*;

    use super::*;

    fn dn(text: &str) -> DistinguishedName {
        text.parse().unwrap()
    }

    fn hash(dn: &DistinguishedName) -> u64 {
        let mut hasher = DefaultHasher::new();
        dn.hash(&mut hasher);
        hasher.finish()
    }

    const CNAM: &str =
        "CN=smtps1.ens.atos-infogerance.fr,OU=318003502400041,O=CNAM,ST=Paris (75),C=FR";

    #[test]
    fn what_does_not_count() {
        for same in [
            "C=FR,ST=Paris (75),O=CNAM,OU=318003502400041,CN=smtps1.ens.atos-infogerance.fr",
            "CN=smtps1.ens.atos-infogerance.fr, OU=318003502400041, O=CNAM, ST=Paris (75), C=FR",
            "CN=smtps1.ens.atos-infogerance.fr ,OU=318003502400041,O=CNAM,ST=Paris(75),C=fr",
            "cn = smtps1.ens.atos-infogerance.fr,ou=318003502400041,o=CN AM,S=\\50aris (75),c=FR",
            "CN=smtps1.ens.atos-infogerance.fr+OU=318003502400041,O=#0C04434E414D,ST=\"Paris (75)\",C=FR",
            "2.5.4.3=smtps1.ens.atos-infogerance.fr,OID.2.5.4.11=318003502400041,O=CNAM,ST=Paris (75),C=FR",
            "CN=smtps1.ens.atos-infogerance.fr,OU=318003502400041,O=CNAM,O=CNAM,ST=Paris (75),C=FR",
        ] {
            assert_eq!(dn(same), dn(CNAM), "{same}");
            assert_eq!(hash(&dn(same)), hash(&dn(CNAM)), "{same}");
        }
        assert_eq!(dn("O=CLINIQUE DE L'E\u{301}TOILE"), dn("O=CLINIQUE DE L'ÉTOILE"));
        assert_eq!(dn("O=A\\, B\\+C"), dn("O=\"A, B+C\""));
        assert_eq!(dn("O=L\\C3\\A9a"), dn("O=Léa"));
    }

    #[test]
    fn what_counts() {
        for other in [
            "CN=smtps2.ens.atos-infogerance.fr,OU=318003502400041,O=CNAM,ST=Paris (75),C=FR",
            "CN=SMTPS1.ens.atos-infogerance.fr,OU=318003502400041,O=CNAM,ST=Paris (75),C=FR",
            "CN=smtps1.ens.atos-infogerance.fr,OU=318003502400041,O=CNAM,L=Paris (75),C=FR",
            "CN=smtps1.ens.atos-infogerance.fr,OU=318003502400041,O=CNAM,ST=Paris (75)",
            "CN=smtps1.ens.atos-infogerance.fr,OU=318003502400041,OU=2,O=CNAM,ST=Paris (75),C=FR",
            "CN=smtps1.ens.atos-infogerance.fr,OU=318003502400041,O=cnam,ST=Paris (75),C=FR",
        ] {
            assert_ne!(dn(other), dn(CNAM), "{other}");
        }
        let types =
            dn(CNAM).differing_types(&dn("CN=x,OU=318003502400041,O=CNAM,L=Paris (75),C=FR"));
        let expected =
            [AttributeType::CommonName, AttributeType::Locality, AttributeType::StateOrProvince];
        assert_eq!(types, expected.into_iter().collect());
        assert!(dn(CNAM).differing_types(&dn(CNAM)).is_empty());
    }

    #[test]
    fn the_name_of_a_certificate() {
        let pairs = [
            ("2.5.4.6", "FR"),
            ("2.5.4.8", "Paris (75)"),
            ("2.5.4.10", "CNAM"),
            ("2.5.4.11", "318003502400041"),
            ("2.5.4.3", "smtps1.ens.atos-infogerance.fr"),
        ];
        let name = DistinguishedName::from_pairs(pairs).unwrap();
        assert_eq!(name, dn(CNAM));
        assert_eq!(name.to_string(), CNAM);
        assert_eq!(name.common_name(), Some("smtps1.ens.atos-infogerance.fr"));
        assert_eq!(dn("CN=a,CN=b").common_name(), None);
        assert_eq!(DistinguishedName::from_pairs([]), Err(DnError::Empty));
        assert_eq!(DistinguishedName::from_pairs([("CN", "a")]), Err(DnError::UnknownType));
        assert_eq!(
            DistinguishedName::from_pairs([("2.5.4.3", "a\0b")]),
            Err(DnError::ControlCharacter)
        );
        let many = vec![("2.5.4.11", "1"); 33];
        assert_eq!(DistinguishedName::from_pairs(many), Err(DnError::TooManyAttributes));
    }

    #[test]
    fn two_units_of_the_igc() {
        let issuer = dn(
            "CN=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,OU=IGC-SANTE,OU=0002 187512751,O=ASIP-SANTE,C=FR",
        );
        assert_eq!(issuer.values(&AttributeType::OrganizationalUnit).count(), 2);
        assert_ne!(
            issuer,
            dn("CN=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,OU=IGC-SANTE,O=ASIP-SANTE,C=FR")
        );
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(values in proptest::collection::vec("[ -~éÉ\u{a0}]{1,12}", 1..6)) {
            let pairs: Vec<_> = values.iter().map(|value| ("2.5.4.11", value.as_str())).collect();
            if let Ok(name) = DistinguishedName::from_pairs(pairs) {
                prop_assert_eq!(name.to_string().parse::<DistinguishedName>(), Ok(name));
            }
        }

        #[test]
        fn nothing_panics(text in "\\PC{0,60}", spiced in "(CN=|OU=|[#\\\\\",+;= 0-9a-fé]){0,20}") {
            let _ = text.parse::<DistinguishedName>();
            if let Ok(name) = spiced.parse::<DistinguishedName>() {
                prop_assert_eq!(name.to_string().parse::<DistinguishedName>(), Ok(name));
            }
        }
    }
}
