//! MAIL and RCPT: what can be said about them without knowing anybody.
//!
//! Invariants: the session has an [`Envelope`] exactly when the caller has a transaction; it holds one recipient
//! only when the handler took it.
//! Failure: a reply; the envelope stays as it was.

use domain::{MailAddress, ReversePath, Verdict};

use super::{Hello, Session, Step, Waiting};
use crate::server::config::Role;
use crate::server::reply::Reply;
use crate::wire::data::LineEndings;
use crate::wire::params::{MailParams, RcptParams};
use crate::wire::path::Path;

/// What the session knows of the transaction.
#[derive(Debug, Default)]
pub(super) struct Envelope {
    /// Addresses may go beyond ASCII.
    pub(super) utf8: bool,
    /// How many recipients were taken.
    pub(super) recipients: u32,
    /// How many octets of the message have come.
    pub(super) octets: u64,
    /// The message has begun with BDAT.
    pub(super) chunks: Option<LineEndings>,
}

impl Session {
    // RFC 5321 §4.1.1.2
    pub(super) fn mail(&mut self, path: Path, params: MailParams) -> Option<Step> {
        self.utf8 = params.smtputf8;
        if let Some(refusal) = self.mail_out_of_order() {
            return self.say(refusal);
        }
        let from = match path {
            Path::Null => ReversePath::Null,
            Path::Address(address) => ReversePath::Address(address),
            Path::Postmaster => return self.say(Reply::Refused(Verdict::SenderMalformed)),
        };
        // RFC 6531 §3.5
        if from.address().is_some_and(MailAddress::needs_smtputf8) && !params.smtputf8 {
            return self.say(Reply::AddressNotAscii);
        }
        // RFC 1870 §6.1
        // MSS #34
        if params.size.is_some_and(|size| size > self.config.max_message_size) {
            return self.say(Reply::Refused(Verdict::MessageTooLarge));
        }
        let envelope = Envelope { utf8: params.smtputf8, ..Envelope::default() };
        self.ask(Waiting::Mail(envelope), Step::Mail { from, params })
    }

    fn mail_out_of_order(&self) -> Option<Reply> {
        let certificate = self.peer.tls.as_ref().is_some_and(|tls| !tls.certificates.is_empty());
        match self.config.role {
            _ if self.hello == Hello::NotYet => Some(Reply::HelloFirst),
            _ if self.envelope.is_some() => Some(Reply::MailAgain),
            Role::Reception if !certificate => Some(Reply::Refused(Verdict::CertificateMissing)),
            // RFC 6409 §4.3
            Role::Submission if !self.authenticated => {
                Some(Reply::Refused(Verdict::AuthenticationRequired))
            }
            _ if self.counters.transactions >= self.config.limits.transactions => {
                Some(Reply::TooMuch)
            }
            _ => None,
        }
    }

    pub(super) fn mail_answered(&mut self, envelope: Envelope, answer: Result<(), Verdict>) {
        match answer {
            Ok(()) => {
                self.counters.transactions += 1;
                self.envelope = Some(envelope);
                self.reply(Reply::SenderTaken);
            }
            Err(verdict) => self.reply(Reply::Refused(verdict)),
        }
    }

    // RFC 5321 §4.1.1.3
    pub(super) fn rcpt(&mut self, path: Path, params: RcptParams) -> Option<Step> {
        let Some(envelope) = &self.envelope else {
            return self.say(Reply::MailFirst);
        };
        if envelope.chunks.is_some() {
            return self.say(Reply::ChunksBegun);
        }
        // RFC 5321 §4.5.3.1.10
        if envelope.recipients >= self.config.limits.recipients {
            return self.say(Reply::Refused(Verdict::TooManyRecipients));
        }
        let to = match path {
            Path::Address(address) => address,
            // RFC 5321 §4.5.1
            Path::Postmaster => self.config.postmaster.clone(),
            // MSS #35
            Path::Null => return self.say(Reply::Refused(Verdict::RecipientMalformed)),
        };
        // RFC 6531 §3.5
        if to.needs_smtputf8() && !envelope.utf8 {
            return self.say(Reply::AddressNotAscii);
        }
        self.ask(Waiting::Recipient, Step::Recipient { to, params })
    }

    pub(super) fn recipient_answered(&mut self, answer: Result<(), Verdict>) {
        match answer {
            Ok(()) => {
                if let Some(envelope) = &mut self.envelope {
                    envelope.recipients += 1;
                }
                self.reply(Reply::RecipientTaken);
            }
            Err(verdict) => self.reply(Reply::Refused(verdict)),
        }
    }
}
