//! X.509 names: read from a certificate into what the domain list compares, and written into one.
//!
//! Invariants: attributes keep the certificate's order; text types that have no one reading (T61String) are
//! refused, not guessed. [`is_for_tests`] errs to the side of *test*: a word in an authority's name is enough.
//! Failure: [`DnError`].

use domain::{AttributeType, DistinguishedName, DnError};
use rcgen::string::PrintableString;
use rcgen::{DnType, DnValue};
use x509_parser::der_parser::asn1_rs::{Any, Tag};
use x509_parser::x509::X509Name;

/// The word in the names of authorities whose certificates are for tests.
// MSS #17
const TEST: &str = "TEST";

/// The name of a parsed certificate or revocation list.
pub(crate) fn read(name: &X509Name<'_>) -> Result<DistinguishedName, DnError> {
    let mut pairs = Vec::new();
    for attribute in name.iter_attributes() {
        // Checked again by `from_pairs`; here it bounds the allocation.
        if pairs.len() > domain::dn::MAX_ATTRIBUTES {
            return Err(DnError::TooManyAttributes);
        }
        pairs.push((attribute.attr_type().to_id_string(), text(attribute.attr_value())?));
    }
    DistinguishedName::from_pairs(pairs.iter().map(|(oid, value)| (oid.as_str(), value.as_str())))
}

/// The text of an attribute value.
// RFC 5280 §4.1.2.4
fn text(value: &Any<'_>) -> Result<String, DnError> {
    match value.tag() {
        Tag::Utf8String => String::from_utf8(value.data.to_vec()).map_err(|_| DnError::NotUtf8),
        Tag::PrintableString | Tag::Ia5String | Tag::NumericString if value.data.is_ascii() => {
            String::from_utf8(value.data.to_vec()).map_err(|_| DnError::NotUtf8)
        }
        Tag::BmpString => {
            let (units, odd) = value.data.as_chunks::<2>();
            let units: Vec<u16> = units.iter().map(|unit| u16::from_be_bytes(*unit)).collect();
            String::from_utf16(&units).ok().filter(|_| odd.is_empty()).ok_or(DnError::NotUtf8)
        }
        _ => Err(DnError::NotUtf8),
    }
}

/// Whether an *authority's* name says that it issues for tests: the word `TEST` in a CN or OU, as in
/// `CN=TEST AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,OU=IGC-SANTE TEST,…`.
// MSS #17
pub fn is_for_tests(authority: &DistinguishedName) -> bool {
    [AttributeType::CommonName, AttributeType::OrganizationalUnit].iter().any(|kind| {
        authority.values(kind).any(|value| {
            value.split(|c: char| !c.is_alphanumeric()).any(|word| word.eq_ignore_ascii_case(TEST))
        })
    })
}

/// An attribute to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    Country,
    State,
    Organization,
    Unit,
    /// The IGC's authorities have two units; rcgen keeps one value a type, so the second goes by its OID.
    SecondUnit,
    CommonName,
    Surname,
    GivenName,
    Title,
}

impl Attribute {
    fn oid(self) -> &'static [u64] {
        match self {
            Self::Country => &[2, 5, 4, 6],
            Self::State => &[2, 5, 4, 8],
            Self::Organization => &[2, 5, 4, 10],
            Self::Unit | Self::SecondUnit => &[2, 5, 4, 11],
            Self::CommonName => &[2, 5, 4, 3],
            Self::Surname => &[2, 5, 4, 4],
            Self::GivenName => &[2, 5, 4, 42],
            Self::Title => &[2, 5, 4, 12],
        }
    }

    fn kind(self) -> DnType {
        match self {
            Self::SecondUnit => DnType::CustomDnType(self.oid().to_vec()),
            _ => DnType::from_oid(self.oid()),
        }
    }

    fn dotted(self) -> String {
        self.oid().iter().map(u64::to_string).collect::<Vec<_>>().join(".")
    }
}

/// A name to write: most general attribute first, checked as a [`DistinguishedName`].
pub(crate) struct NewName {
    pub(crate) for_rcgen: rcgen::DistinguishedName,
    pub(crate) name: DistinguishedName,
}

/// Makes a name of attributes in the order of the certificate.
pub(crate) fn write(attributes: &[(Attribute, &str)]) -> Result<NewName, DnError> {
    let mut for_rcgen = rcgen::DistinguishedName::new();
    let mut pairs = Vec::new();
    for (attribute, value) in attributes {
        let value = value.trim();
        // RFC 5280 appendix A.1: X520countryName is a PrintableString
        let written = match (attribute, PrintableString::try_from(value)) {
            (Attribute::Country, Ok(printable)) => DnValue::PrintableString(printable),
            _ => DnValue::Utf8String(value.to_owned()),
        };
        for_rcgen.push(attribute.kind(), written);
        pairs.push((attribute.dotted(), value));
    }
    let pairs = pairs.iter().map(|(oid, value)| (oid.as_str(), *value));
    Ok(NewName { for_rcgen, name: DistinguishedName::from_pairs(pairs)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_authorities_are_known_by_name() {
        let is_test = |name: &str| is_for_tests(&name.parse().unwrap());
        assert!(is_test("CN=TEST AC RACINE IGC-SANTE ELEMENTAIRE,OU=IGC-SANTE,C=FR"));
        assert!(is_test("CN=AC X,OU=IGC-SANTE TEST,OU=0002 187512751,O=ASIP-SANTE,C=FR"));
        assert!(!is_test(
            "CN=AC IGC-SANTE ELEMENTAIRE ORGANISATIONS,OU=IGC-SANTE,OU=0002 187512751,O=ASIP-SANTE,C=FR"
        ));
        assert!(!is_test("CN=AC ATTESTATIONS,O=TEST,C=FR"));
    }

    #[test]
    fn two_units_are_both_written() {
        let name = write(&[
            (Attribute::Country, "FR"),
            (Attribute::Unit, "0002 187512751"),
            (Attribute::SecondUnit, "IGC-SANTE"),
            (Attribute::CommonName, "AC"),
        ])
        .unwrap();
        assert_eq!(name.name, "CN=AC,OU=IGC-SANTE,OU=0002 187512751,C=FR".parse().unwrap());
        assert_eq!(name.for_rcgen.iter().count(), 4);
    }
}
