//! What the client is asked to send: the envelope of one transaction, with its delivery report options.
//!
//! Invariant: 1 to [`MAX_RECIPIENTS`] recipients. Options are values whose gates let nothing break a command line.
//! Failure: [`EnvelopeError`]. `Debug` prints no address.

use domain::{MailAddress, ReversePath};

pub use crate::wire::params::{EnvelopeId, Notify, OriginalRecipient, Ret};

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
