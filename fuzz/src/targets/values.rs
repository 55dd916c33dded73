//! Values of the trust domain: what reads as one reads back as the same.

use domain::{
    BirthPlace, CitizenAddress, CitizenDomains, DistinguishedName, InsNumber, InsReading,
    MailAddress, MailDomain, Mode, PersonId, PersonName, ReversePath, StructureId,
};
use std::borrow::Cow;
use std::fmt::{Debug, Display};
use std::str::FromStr;

pub(super) const ADDRESS_WORDS: &[&str] =
    &["@", "patient.example", "xn--", "\"", "\\", "..", "[127.0.0.1]", "é", "ß", "\u{130}"];
pub(super) const DN_WORDS: &[&str] = &[
    "CN=",
    "OU=",
    "ST=Paris (75)",
    "\\,",
    "\\2c",
    "\\C3\\A9",
    "+",
    "#0401",
    "1.2.250.1=",
    ";",
    "\"",
];
pub(super) const IDENTITY_WORDS: &[&str] = &[
    "279035121518989",
    "2A",
    "2B",
    "1.2.250.1.213.1.4.10",
    "801234567897",
    "1630013605",
    "PAT-TROIS",
    "O'BRIEN",
    "51215",
    "99999",
    "\u{301}",
];

fn text(octets: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(octets)
}

/// What reads is written so that it reads as the same.
fn round<T: FromStr + Display + PartialEq + Debug>(text: &str) -> Option<T> {
    let value: T = text.parse().ok()?;
    let again = value.to_string().parse::<T>();
    assert!(again.is_ok_and(|again| again == value), "it does not read back");
    Some(value)
}

pub(super) fn address(octets: &[u8]) {
    let text = text(octets);
    let _ = round::<MailDomain>(&text);
    let _ = text.parse::<ReversePath>();
    if let Some(address) = round::<MailAddress>(&text) {
        let domains: CitizenDomains = [address.domain().clone()].into_iter().collect();
        for mode in [Mode::Test, Mode::Production] {
            let _ = CitizenAddress::read(&address, &domains, mode);
        }
        let _ = address.lookup_key();
    }
}

pub(super) fn dn(octets: &[u8]) {
    let _ = round::<DistinguishedName>(&text(octets));
}

pub(super) fn identity(octets: &[u8]) {
    let text = text(octets);
    let (number, oid) = text.split_once('^').unwrap_or((&text, "1.2.250.1.213.1.4.8"));
    for mode in [Mode::Test, Mode::Production] {
        let _ = InsReading::read(number, oid, mode);
    }
    let _ = number.parse::<InsNumber>();
    let _ = number.parse::<PersonId>();
    let _ = number.parse::<StructureId>();
    let _ = number.parse::<BirthPlace>();
    if let Ok(name) = number.parse::<PersonName>() {
        assert!(name.to_string().parse::<PersonName>().is_ok(), "a name does not read back");
    }
}
