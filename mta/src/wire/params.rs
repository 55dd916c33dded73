//! The parameters of MAIL and RCPT, as values.
//!
//! Invariants: an [`EnvelopeId`] is printable ASCII; an [`OriginalRecipient`] has no control character. Both name
//! people at times: their `Debug` prints nothing.
//! Failure: the gates of the values give `None`; the text is not kept.

use std::fmt;

pub use post::Notify;

use super::xtext;

/// Longest ENVID, encoded.
// RFC 3461 §4.4
pub const MAX_ENVELOPE_ID: usize = 100;

/// Longest ORCPT, encoded.
// RFC 3461 §4.2
pub const MAX_ORIGINAL_RECIPIENT: usize = 500;

/// The type of addresses beyond ASCII.
// RFC 6533 §3
const UTF8: &str = "utf-8";

/// What MAIL may say besides the sender.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailParams {
    /// How large the message will be, in octets.
    // RFC 1870 §6
    pub size: Option<u64>,
    /// `BODY=8BITMIME` was said.
    // RFC 6152 §3
    pub eight_bit: bool,
    /// Addresses and headers may be UTF-8.
    // RFC 6531 §3.4
    pub smtputf8: bool,
    /// How much of the message a failure report brings back.
    // RFC 3461 §4.3
    pub ret: Option<Ret>,
    /// The sender's own name for this sending.
    // RFC 3461 §4.4
    pub envid: Option<EnvelopeId>,
}

/// What RCPT may say besides the recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RcptParams {
    /// When a report is wanted; nothing said is the receiver's custom.
    // RFC 3461 §4.1
    pub notify: Option<Notify>,
    /// The recipient as first written.
    // RFC 3461 §4.2
    pub orcpt: Option<OriginalRecipient>,
}

/// How much of the message a failure report brings back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ret {
    /// All of it.
    Full,
    /// Its headers.
    Headers,
}

/// The sender's own name for this sending (*ENVID*).
#[derive(Clone, PartialEq, Eq)]
pub struct EnvelopeId(String);

impl EnvelopeId {
    /// Reads the parameter's value.
    // RFC 3461 §4.4
    pub fn read(text: &str) -> Option<Self> {
        if text.is_empty() || text.len() > MAX_ENVELOPE_ID {
            return None;
        }
        xtext::decode(text).map(Self)
    }

    /// Takes the id, decoded.
    pub fn new(text: &str) -> Option<Self> {
        let printable = text.bytes().all(|b| (b' '..=b'~').contains(&b));
        let id = Self(text.to_owned());
        let fits = printable && (1..=MAX_ENVELOPE_ID).contains(&id.to_xtext().len());
        fits.then_some(id)
    }

    /// The id, decoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id as a parameter's value.
    pub fn to_xtext(&self) -> String {
        xtext::encode(&self.0)
    }
}

impl fmt::Debug for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvelopeId(…)")
    }
}

/// The recipient as first written (*ORCPT*).
#[derive(Clone, PartialEq, Eq)]
pub struct OriginalRecipient {
    kind: String,
    address: String,
}

impl OriginalRecipient {
    /// Reads the parameter's value, `type;address`.
    // RFC 3461 §4.2
    // RFC 6533 §3
    pub fn read(text: &str) -> Option<Self> {
        let (kind, address) =
            text.split_once(';').filter(|_| text.len() <= MAX_ORIGINAL_RECIPIENT)?;
        let address = match kind.eq_ignore_ascii_case(UTF8) {
            true => xtext::decode_utf8(address)?,
            false => xtext::decode(address)?,
        };
        Self::of(kind, address)
    }

    /// Takes the type of address and the address, decoded.
    pub fn new(kind: &str, address: &str) -> Option<Self> {
        let whole = Self::of(kind, address.to_owned())?;
        let fits = !address.chars().any(char::is_control)
            && (address.is_ascii() || whole.kind == UTF8)
            && whole.to_parameter().len() <= MAX_ORIGINAL_RECIPIENT;
        fits.then_some(whole)
    }

    fn of(kind: &str, address: String) -> Option<Self> {
        let atom = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        let fits = !kind.is_empty() && !address.is_empty() && kind.bytes().all(atom);
        fits.then(|| Self { kind: kind.to_ascii_lowercase(), address })
    }

    /// The type of address, lower case: `rfc822`, `utf-8` or another.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The address, decoded.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// The parameter's value in ASCII.
    pub fn to_parameter(&self) -> String {
        let address = match self.kind.as_str() {
            UTF8 => xtext::encode_utf8(&self.address),
            _ => xtext::encode(&self.address),
        };
        format!("{};{address}", self.kind)
    }

    /// The value of a report's field, in ASCII.
    // RFC 3464 §2.3.1
    // RFC 6533 §3
    pub fn to_field(&self) -> String {
        match self.kind.as_str() {
            UTF8 => self.to_parameter(),
            _ => format!("{};{}", self.kind, self.address),
        }
    }
}

impl fmt::Debug for OriginalRecipient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OriginalRecipient(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn original_recipients() {
        let read = |text: &str| OriginalRecipient::read(text);
        let one = read("RFC822;jean+2Bx@a.fr").unwrap();
        assert_eq!((one.kind(), one.address()), ("rfc822", "jean+x@a.fr"));
        assert_eq!(one.to_parameter(), "rfc822;jean+2Bx@a.fr");
        assert_eq!(read(r"utf-8;h\x{E9}@a.fr").unwrap().address(), "hé@a.fr");
        let long = format!("rfc822;{}", "a".repeat(494));
        for wrong in ["", ";", "rfc822;", ";a", "rfc822", "rf c;a", "rfc822;a=b", &long] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{one:?}"), "OriginalRecipient(…)");
    }

    #[test]
    fn envelope_ids() {
        assert_eq!(EnvelopeId::read("QQ+20314").unwrap().as_str(), "QQ 314");
        assert_eq!(EnvelopeId::read("QQ+20314").unwrap().to_xtext(), "QQ+20314");
        assert_eq!(EnvelopeId::read(""), None);
        assert_eq!(EnvelopeId::read(&"a".repeat(101)), None);
    }

    #[test]
    fn values_are_encoded() {
        assert_eq!(EnvelopeId::new("a+b=c d").unwrap().to_xtext(), "a+2Bb+3Dc+20d");
        let original = OriginalRecipient::new("RFC822", "a+b@a.fr").unwrap();
        assert_eq!(original.to_parameter(), "rfc822;a+2Bb@a.fr");
        assert_eq!(original.to_field(), "rfc822;a+b@a.fr");
        let original = OriginalRecipient::new("utf-8", "hélène+x@a.fr").unwrap();
        assert_eq!(original.to_parameter(), r"utf-8;h\x{E9}l\x{E8}ne\x{2B}x@a.fr");
        assert_eq!(original.to_field(), original.to_parameter());
    }

    #[test]
    fn values_that_could_break_a_line_are_refused() {
        for text in ["", "a\r\nDATA", "é", &"a".repeat(101), &"+".repeat(34)] {
            assert_eq!(EnvelopeId::new(text), None, "{text:?}");
        }
        for (kind, address) in [
            ("", "a@a.fr"),
            ("rfc 822", "a@a.fr"),
            ("rfc822;x", "a@a.fr"),
            ("rfc822", ""),
            ("rfc822", "é@a.fr"),
            ("utf-8", "é\r\n"),
        ] {
            assert_eq!(OriginalRecipient::new(kind, address), None, "{kind}");
        }
    }
}
