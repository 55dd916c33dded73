//! Attribute types of distinguished names.
//!
//! Invariant: a type that has a short name here is never kept as a dotted OID, so that equal types are equal
//! values. Failure: [`DnError::UnknownType`].

use std::fmt;

use super::DnError;

/// The type of one attribute of a name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AttributeType {
    /// `CN`.
    CommonName,
    /// `SN`.
    Surname,
    /// `serialNumber`.
    SerialNumber,
    /// `C`.
    Country,
    /// `L`.
    Locality,
    /// `ST`, also written `S`.
    StateOrProvince,
    /// `STREET`.
    Street,
    /// `O`.
    Organization,
    /// `OU`.
    OrganizationalUnit,
    /// `T`.
    Title,
    /// `GN`.
    GivenName,
    /// `UID`.
    UserId,
    /// `DC`.
    DomainComponent,
    /// `emailAddress`, also written `E`.
    EmailAddress,
    /// `organizationIdentifier`.
    OrganizationIdentifier,
    /// Any other, by its OID.
    Other(DottedOid),
}

/// An OID in dotted form, at most 64 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DottedOid(String);

impl fmt::Display for DottedOid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Type, OID, names: the first is the one we write.
// RFC 4514 §3
// RFC 4519 §2
const KNOWN: [(AttributeType, &str, &[&str]); 15] = [
    (AttributeType::CommonName, "2.5.4.3", &["CN", "commonName"]),
    (AttributeType::Surname, "2.5.4.4", &["SN", "surname"]),
    (AttributeType::SerialNumber, "2.5.4.5", &["serialNumber"]),
    (AttributeType::Country, "2.5.4.6", &["C", "countryName"]),
    (AttributeType::Locality, "2.5.4.7", &["L", "localityName"]),
    (AttributeType::StateOrProvince, "2.5.4.8", &["ST", "S", "stateOrProvinceName"]),
    (AttributeType::Street, "2.5.4.9", &["STREET", "streetAddress"]),
    (AttributeType::Organization, "2.5.4.10", &["O", "organizationName"]),
    (AttributeType::OrganizationalUnit, "2.5.4.11", &["OU", "organizationalUnitName"]),
    (AttributeType::Title, "2.5.4.12", &["T", "title"]),
    (AttributeType::GivenName, "2.5.4.42", &["GN", "G", "givenName"]),
    (AttributeType::UserId, "0.9.2342.19200300.100.1.1", &["UID", "userId"]),
    (AttributeType::DomainComponent, "0.9.2342.19200300.100.1.25", &["DC", "domainComponent"]),
    (AttributeType::EmailAddress, "1.2.840.113549.1.9.1", &["emailAddress", "E"]),
    (AttributeType::OrganizationIdentifier, "2.5.4.97", &["organizationIdentifier"]),
];

impl AttributeType {
    /// The type of a dotted OID.
    ///
    /// # Errors
    /// [`DnError::UnknownType`] when the text is no dotted OID.
    pub fn from_oid(oid: &str) -> Result<Self, DnError> {
        if let Some((kind, ..)) = KNOWN.into_iter().find(|(_, known, _)| *known == oid) {
            return Ok(kind);
        }
        let arc = |arc: &str| {
            !arc.is_empty()
                && arc.bytes().all(|b| b.is_ascii_digit())
                && (arc == "0" || !arc.starts_with('0'))
        };
        if oid.len() <= 64 && oid.contains('.') && oid.split('.').all(arc) {
            Ok(Self::Other(DottedOid(oid.to_owned())))
        } else {
            Err(DnError::UnknownType)
        }
    }

    /// The type of a short name (in any case) or a dotted OID, also one written `OID.2.5.4.3`.
    pub(super) fn from_name(name: &str) -> Result<Self, DnError> {
        for (kind, _, names) in KNOWN {
            if names.iter().any(|known| known.eq_ignore_ascii_case(name)) {
                return Ok(kind);
            }
        }
        match name.split_at_checked(4) {
            Some((prefix, oid)) if prefix.eq_ignore_ascii_case("OID.") => Self::from_oid(oid),
            _ => Self::from_oid(name),
        }
    }
}

impl fmt::Display for AttributeType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::Other(oid) = self {
            return oid.fmt(f);
        }
        let name =
            KNOWN.iter().find(|(kind, ..)| kind == self).and_then(|(_, _, names)| names.first());
        f.write_str(name.copied().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_oids_are_one_type() {
        for (kind, oid, names) in KNOWN {
            assert_eq!(AttributeType::from_oid(oid), Ok(kind.clone()));
            assert_eq!(AttributeType::from_name(&format!("oid.{oid}")), Ok(kind.clone()));
            assert_eq!(AttributeType::from_name(&kind.to_string()), Ok(kind.clone()));
            for name in names {
                assert_eq!(
                    AttributeType::from_name(&name.to_lowercase()),
                    Ok(kind.clone()),
                    "{name}"
                );
            }
        }
        assert_eq!(AttributeType::from_oid("2.5.4.13").unwrap().to_string(), "2.5.4.13");
        for bad in ["", "2", "2.", ".2", "2..5", "2.05", "X", "é", "CNé", "OID."] {
            assert_eq!(AttributeType::from_name(bad), Err(DnError::UnknownType), "{bad}");
        }
    }
}
