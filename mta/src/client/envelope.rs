//! What the client is asked to send: the envelope of one transaction, with its delivery report options.
//!
//! Invariants: 1 to [`MAX_RECIPIENTS`] recipients; options are within the lengths of RFC 3461 and have no control
//! character, so none of them can break a command line.
//! Failure: [`EnvelopeError`]. `Debug` prints no address.

use std::fmt;

use domain::{MailAddress, ReversePath};

pub use crate::wire::params::{MAX_ENVELOPE_ID, MAX_ORIGINAL_RECIPIENT, Ret};
pub(super) use crate::wire::xtext::{encode as xtext, encode_utf8 as utf8_xtext};
pub use post::Notify;

/// Most recipients of one transaction.
// RFC 5321 §4.5.3.1.8
pub const MAX_RECIPIENTS: usize = 100;

/// Why something cannot be part of an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeError {
    /// No recipient.
    #[error("the envelope has no recipient")]
    NoRecipient,
    /// More than [`MAX_RECIPIENTS`].
    #[error("the envelope has more than {MAX_RECIPIENTS} recipients")]
    TooManyRecipients,
    /// A delivery report option is empty, too long or has a character that it cannot have.
    #[error("a delivery report option is malformed")]
    Option,
}

/// One transaction: the same message from one sender to recipients behind one next hop.
#[derive(Clone, Debug)]
pub struct Envelope {
    pub(super) sender: ReversePath,
    pub(super) recipients: Vec<Recipient>,
    pub(super) message: MessageFacts,
    pub(super) returned: Option<Ret>,
    pub(super) envelope_id: Option<EnvelopeId>,
}

impl Envelope {
    /// An envelope without report options.
    ///
    /// # Errors
    /// No recipient, or too many.
    pub fn new(
        sender: ReversePath,
        recipients: Vec<Recipient>,
        message: MessageFacts,
    ) -> Result<Self, EnvelopeError> {
        match recipients.len() {
            0 => Err(EnvelopeError::NoRecipient),
            1..=MAX_RECIPIENTS => {
                Ok(Self { sender, recipients, message, returned: None, envelope_id: None })
            }
            _ => Err(EnvelopeError::TooManyRecipients),
        }
    }

    /// With RET and ENVID as the message's submitter gave them.
    #[must_use]
    pub fn reported(mut self, returned: Option<Ret>, envelope_id: Option<EnvelopeId>) -> Self {
        (self.returned, self.envelope_id) = (returned, envelope_id);
        self
    }

    /// The recipients, in the order of the outcomes.
    pub fn recipients(&self) -> &[Recipient] {
        &self.recipients
    }
}

/// What the extensions need to know of the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MessageFacts {
    /// Octets as sent, before dot-stuffing.
    pub size: u64,
    /// Whether any octet is above 127.
    pub eight_bit: bool,
    /// Whether a header field is written in UTF-8.
    // RFC 6532 §3
    pub utf8_headers: bool,
}

/// A recipient with its report options.
#[derive(Clone, Debug)]
pub struct Recipient {
    pub(super) address: MailAddress,
    pub(super) notify: Option<Notify>,
    pub(super) original: Option<OriginalRecipient>,
}

impl Recipient {
    /// With the NOTIFY and ORCPT of the message's submitter.
    pub fn new(
        address: MailAddress,
        notify: Option<Notify>,
        original: Option<OriginalRecipient>,
    ) -> Self {
        Self { address, notify, original }
    }

    /// The address.
    pub fn address(&self) -> &MailAddress {
        &self.address
    }

    /// When the sender wants a report.
    pub fn notify(&self) -> Option<Notify> {
        self.notify
    }
}

impl From<MailAddress> for Recipient {
    fn from(address: MailAddress) -> Self {
        Self::new(address, None, None)
    }
}

/// The value of NOTIFY.
// RFC 3461 §4.1
pub(super) fn notify_value(notify: Notify) -> String {
    let asked = [(notify.success, "SUCCESS"), (notify.failure, "FAILURE"), (notify.delay, "DELAY")];
    let words: Vec<_> =
        asked.into_iter().filter_map(|(wanted, word)| wanted.then_some(word)).collect();
    if words.is_empty() { "NEVER".to_owned() } else { words.join(",") }
}

/// The sender's own name for the envelope (ENVID), decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct EnvelopeId(String);

impl EnvelopeId {
    /// Takes the decoded value.
    ///
    /// # Errors
    /// [`EnvelopeError::Option`].
    // RFC 3461 §4.4
    pub fn new(text: &str) -> Result<Self, EnvelopeError> {
        let fits = !text.is_empty()
            && text.bytes().all(|b| (b' '..=b'~').contains(&b))
            && xtext(text).len() <= MAX_ENVELOPE_ID;
        if fits { Ok(Self(text.to_owned())) } else { Err(EnvelopeError::Option) }
    }

    /// The value.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for EnvelopeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EnvelopeId(…)")
    }
}

/// The recipient as its sender wrote it (ORCPT), decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct OriginalRecipient {
    kind: String,
    address: String,
}

impl OriginalRecipient {
    /// Takes the address type (`rfc822`, `utf-8`) and the decoded address.
    ///
    /// # Errors
    /// [`EnvelopeError::Option`].
    // RFC 3461 §4.2
    pub fn new(kind: &str, address: &str) -> Result<Self, EnvelopeError> {
        let atom = |c: char| c.is_ascii_alphanumeric() || c == '-';
        let whole = Self { kind: kind.to_ascii_lowercase(), address: address.to_owned() };
        let fits = !kind.is_empty()
            && kind.chars().all(atom)
            && !address.is_empty()
            && !address.chars().any(char::is_control)
            && (address.is_ascii() || whole.kind == "utf-8")
            && whole.parameter().len() <= MAX_ORIGINAL_RECIPIENT;
        if fits { Ok(whole) } else { Err(EnvelopeError::Option) }
    }

    /// Type and address for a report, in ASCII.
    // RFC 3464 §2.3.1
    // RFC 6533 §3
    pub fn field(&self) -> String {
        let address =
            if self.kind == "utf-8" { utf8_xtext(&self.address) } else { self.address.clone() };
        format!("{};{address}", self.kind)
    }

    /// Type and address for RCPT.
    pub(super) fn parameter(&self) -> String {
        let address =
            if self.kind == "utf-8" { utf8_xtext(&self.address) } else { xtext(&self.address) };
        format!("{};{address}", self.kind)
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

    fn facts() -> MessageFacts {
        MessageFacts { size: 1, eight_bit: false, utf8_headers: false }
    }

    #[test]
    fn recipients_are_counted() {
        let one: Recipient = "a@a.fr".parse::<MailAddress>().unwrap().into();
        let of = |n| Envelope::new(ReversePath::Null, vec![one.clone(); n], facts()).map(|_| ());
        assert_eq!(of(0), Err(EnvelopeError::NoRecipient));
        assert_eq!(of(100), Ok(()));
        assert_eq!(of(101), Err(EnvelopeError::TooManyRecipients));
    }

    #[test]
    fn options_are_encoded() {
        assert_eq!(xtext("a+b=c d"), "a+2Bb+3Dc+20d");
        let original = OriginalRecipient::new("RFC822", "a+b@a.fr").unwrap();
        assert_eq!(original.parameter(), "rfc822;a+2Bb@a.fr");
        assert_eq!(original.field(), "rfc822;a+b@a.fr");
        let original = OriginalRecipient::new("utf-8", "hélène+x@a.fr").unwrap();
        assert_eq!(original.parameter(), r"utf-8;h\x{E9}l\x{E8}ne\x{2B}x@a.fr");
        assert_eq!(original.field(), original.parameter());
    }

    #[test]
    fn options_that_could_break_a_line_are_refused() {
        for text in ["", "a\r\nDATA", "é", &"a".repeat(101), &"+".repeat(34)] {
            assert_eq!(EnvelopeId::new(text), Err(EnvelopeError::Option), "{text:?}");
        }
        for (kind, address) in [
            ("", "a@a.fr"),
            ("rfc 822", "a@a.fr"),
            ("rfc822;x", "a@a.fr"),
            ("rfc822", ""),
            ("rfc822", "é@a.fr"),
            ("utf-8", "é\r\n"),
        ] {
            assert_eq!(OriginalRecipient::new(kind, address), Err(EnvelopeError::Option), "{kind}");
        }
    }

    #[test]
    fn notify_is_written_as_asked() {
        assert_eq!(notify_value(Notify::NEVER), "NEVER");
        assert_eq!(notify_value(Notify::DEFAULT), "FAILURE,DELAY");
        assert_eq!(notify_value(Notify { success: true, ..Notify::NEVER }), "SUCCESS");
    }

    #[test]
    fn debug_names_nobody() {
        let original = OriginalRecipient::new("rfc822", "marie@a.fr").unwrap();
        let to = Recipient::new("marie@a.fr".parse().unwrap(), None, Some(original));
        let envelope = Envelope::new(ReversePath::Null, vec![to], facts()).unwrap();
        let envelope = envelope.reported(None, Some(EnvelopeId::new("marie-1").unwrap()));
        assert!(!format!("{envelope:?}").contains("marie"));
    }
}
