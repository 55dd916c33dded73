//! What a message says of the documents that it carries: `X-MSS-CODECDA`, `X-MSS-INS`.

use super::header::Header;
use super::{CdaError, Code};
use crate::value_sets::Confidentiality;
use domain::{Mode, PersonName, Sex};

/// The type of a document.
///
/// # Errors
/// [`CdaError`]: it is no CDA.
pub fn codes(octets: &[u8]) -> Result<Option<Code>, CdaError> {
    Header::read(octets).map(|header| header.code)
}

/// How confidential a document is; a code that is not known counts as very restricted, none as normal.
#[must_use]
pub fn confidentiality(header: &Header) -> Confidentiality {
    match &header.confidentiality {
        Some(code) => {
            Confidentiality::of_code(&code.code).unwrap_or(Confidentiality::VeryRestricted)
        }
        None => Confidentiality::Normal,
    }
}

/// The value of `X-MSS-CODECDA`: the codes of the documents, in their order. None without a document.
// MSS #47
#[must_use]
pub fn x_mss_code_cda<'a>(headers: impl IntoIterator<Item = &'a Header>) -> Option<String> {
    let plain = |code: &String| {
        !code.is_empty() && code.bytes().all(|octet| octet.is_ascii_graphic() && octet != b',')
    };
    let codes: Vec<&str> = headers
        .into_iter()
        .filter_map(|header| header.code.as_ref())
        .map(|code| &code.code)
        .filter(|code| plain(code))
        .map(String::as_str)
        .collect();
    (!codes.is_empty()).then(|| codes.join(","))
}

/// Whether a document has an INS (number and OID) and four traits: birth name, first given name, birth
/// date, sex. The birth place does not count here.
// MSS #48
#[must_use]
pub fn ins_is_complete(header: &Header, mode: Mode) -> bool {
    let patient = &header.patient;
    let name = |text: &Option<String>| {
        text.as_deref().is_some_and(|text| text.parse::<PersonName>().is_ok())
    };
    header.identity(mode).ins().is_some()
        && name(&patient.birth_name)
        && name(&patient.first_given_name)
        && patient.birth_time.as_ref().is_some_and(|time| time.date().is_some())
        && patient.sex.as_deref().is_some_and(|code| code.parse::<Sex>().is_ok())
}

/// The value of `X-MSS-INS`: `O` if every document is complete, else `N`. None without a document.
// MSS #48
#[must_use]
pub fn x_mss_ins<'a>(
    headers: impl IntoIterator<Item = &'a Header>,
    mode: Mode,
) -> Option<&'static str> {
    let mut headers = headers.into_iter().peekable();
    headers.peek()?;
    Some(if headers.all(|header| ins_is_complete(header, mode)) { "O" } else { "N" })
}
