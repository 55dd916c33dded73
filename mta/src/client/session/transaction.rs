//! What is known of one message under way: who is still in the running, and how its body is encoded.
//!
//! Invariant: one place for each recipient of the envelope; a recipient that has an outcome keeps it.
//! Failure: none.

use domain::Verdict;

use super::super::body::BodyEncoder;
use super::super::envelope::{Envelope, Recipient};
use super::super::extensions::Extensions;
use super::super::outcome::{Outcome, Problem, Reason};

/// One message on its way.
#[derive(Debug)]
pub(super) struct Transaction {
    pub(super) envelope: Envelope,
    outcomes: Vec<Option<Outcome>>,
    /// Places of the recipients that are named to the peer.
    named: Vec<usize>,
    /// Why MAIL was refused, while the answers to pipelined RCPTs still come.
    pub(super) mail_refused: Option<Problem>,
    pub(super) smtputf8: bool,
    pub(super) encoder: Option<BodyEncoder>,
    /// Octets for the next BDAT.
    pub(super) gathered: Vec<u8>,
}

impl Transaction {
    /// Judges the message against what the peer offers, before a word of it is said.
    pub(super) fn new(envelope: Envelope, offered: &Extensions) -> Self {
        let whole = refused_by_extensions(&envelope, offered);
        let judge = |recipient: &Recipient| {
            // RFC 6531 §3.2
            let alone = (recipient.address.needs_smtputf8() && !offered.smtputf8)
                .then_some(Reason::Verdict(Verdict::PeerWithoutSmtpUtf8));
            whole.or(alone).map(|reason| Problem::new(reason).outcome())
        };
        let outcomes: Vec<_> = envelope.recipients.iter().map(judge).collect();
        let open = outcomes.iter().enumerate().filter(|(_, outcome)| outcome.is_none());
        let named: Vec<usize> = open.map(|(place, _)| place).collect();
        let smtputf8 = offered.smtputf8 && needs_smtputf8(&envelope);
        Self {
            envelope,
            outcomes,
            named,
            mail_refused: None,
            smtputf8,
            encoder: None,
            gathered: Vec::new(),
        }
    }

    /// The recipient whose RCPT is the `nth`.
    pub(super) fn named(&self, nth: usize) -> Option<&Recipient> {
        self.envelope.recipients.get(*self.named.get(nth)?)
    }

    /// All that are named.
    pub(super) fn all_named(&self) -> impl Iterator<Item = &Recipient> {
        self.named.iter().filter_map(|place| self.envelope.recipients.get(*place))
    }

    /// The answer to the `nth` RCPT is a refusal.
    pub(super) fn settle(&mut self, nth: usize, outcome: Outcome) {
        let place = self.named.get(nth).and_then(|place| self.outcomes.get_mut(*place));
        if let Some(place) = place {
            place.get_or_insert(outcome);
        }
    }

    /// Whether anybody is still in the running.
    pub(super) fn is_open(&self) -> bool {
        self.outcomes.iter().any(Option::is_none)
    }

    /// Everybody's outcome; `rest` is that of whoever has none yet.
    pub(super) fn outcomes(self, rest: impl Fn() -> Outcome) -> Vec<Outcome> {
        self.outcomes.into_iter().map(|outcome| outcome.unwrap_or_else(&rest)).collect()
    }
}

/// What the whole message needs and the peer lacks.
fn refused_by_extensions(envelope: &Envelope, offered: &Extensions) -> Option<Reason> {
    let message = &envelope.message;
    // RFC 1870 §6.1
    if offered.size_limit.is_some_and(|limit| message.size > limit) {
        return Some(Reason::Verdict(Verdict::MessageTooLarge));
    }
    // RFC 6531 §3.2
    let sender = envelope.sender.address().is_some_and(|address| address.needs_smtputf8());
    if (sender || message.utf8_headers) && !offered.smtputf8 {
        return Some(Reason::Verdict(Verdict::PeerWithoutSmtpUtf8));
    }
    // RFC 6152 §3
    if message.eight_bit && !offered.eight_bit_mime {
        return Some(Reason::PeerWithout8BitMime);
    }
    None
}

fn needs_smtputf8(envelope: &Envelope) -> bool {
    let sender = envelope.sender.address().into_iter();
    let recipients = envelope.recipients.iter().map(|recipient| &recipient.address);
    envelope.message.utf8_headers
        || sender.chain(recipients).any(|address| address.needs_smtputf8())
}
