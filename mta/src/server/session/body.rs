//! DATA and BDAT: the message comes in.
//!
//! Invariants: what is announced as message is used up to its end, whatever becomes of it; from the first fault on
//! the handler sees nothing more of it. A message with a CR or LF on its own never reaches its end at the handler.
//! Failure: the first fault is the reply, at the true end; a peer that sends too much of what is refused is cut off.

use domain::Verdict;

use super::{Envelope, Session, State, Step, Waiting};
use crate::server::handler::Accepted;
use crate::server::reply::Reply;
use crate::wire::data::{Decoder, LineEndings};

/// How the message comes.
#[derive(Debug)]
pub(super) enum Transfer {
    /// Up to a dot.
    Data(Decoder),
    /// Counted.
    Chunk {
        /// Octets of the chunk.
        octets: u64,
        /// Octets still to come.
        left: u64,
        /// The last chunk.
        last: bool,
    },
}

/// A message on its way.
#[derive(Debug)]
pub(super) struct Body {
    transfer: Transfer,
    /// What will be answered instead of 250.
    refusal: Option<Reply>,
    /// All of it, or of the chunk, is here.
    whole: bool,
}

impl Session {
    // RFC 5321 §4.1.1.4
    pub(super) fn data(&mut self) -> Option<Step> {
        let chunks = self.envelope.as_ref().is_some_and(|envelope| envelope.chunks.is_some());
        match self.envelope.as_ref().map(|envelope| envelope.recipients) {
            None => self.refuse_data(Reply::MailFirst),
            // RFC 3030 §2
            Some(_) if chunks => {
                self.forget_mail();
                self.refuse_data(Reply::ChunksBegun)
            }
            Some(0) => self.refuse_data(Reply::NoRecipient),
            Some(_) => {
                let transfer = Transfer::Data(Decoder::default());
                self.ask(Waiting::Begin(transfer), Step::BeginBody)
            }
        }
    }

    /// Refuses DATA. DATA is the last of its group, so what is behind it can only be a message sent without
    /// waiting; it must not be read as commands.
    // RFC 2920 §3.1
    pub(super) fn refuse_data(&mut self, refusal: Reply) -> Option<Step> {
        self.reply(refusal);
        if !self.unread().is_empty() {
            tracing::warn!("input behind a refused DATA: the session ends");
            self.end();
        }
        None
    }

    // RFC 3030 §2
    pub(super) fn bdat(&mut self, octets: u64, last: bool) -> Option<Step> {
        let max = self.config.max_octets();
        let refusal = match &self.envelope {
            None => Some(Reply::MailFirst),
            Some(Envelope { recipients: 0, .. }) => Some(Reply::NoRecipient),
            // RFC 1870 §6.2
            // MSS #34
            Some(envelope) if octets > max.saturating_sub(envelope.octets) => {
                Some(Reply::Refused(Verdict::MessageTooLarge))
            }
            Some(_) => None,
        };
        if let Some(refusal) = refusal {
            self.forget_mail();
            return self.skip_chunk(octets, refusal);
        }
        let transfer = Transfer::Chunk { octets, left: octets, last };
        match &mut self.envelope {
            Some(envelope) if envelope.chunks.is_none() => {
                envelope.chunks = Some(LineEndings::default());
                self.ask(Waiting::Begin(transfer), Step::BeginBody)
            }
            _ => {
                self.enter(transfer, None);
                None
            }
        }
    }

    /// Uses up a chunk that is refused.
    // RFC 3030 §2
    pub(super) fn skip_chunk(&mut self, octets: u64, refusal: Reply) -> Option<Step> {
        self.enter(Transfer::Chunk { octets, left: octets, last: false }, Some(refusal));
        None
    }

    fn enter(&mut self, transfer: Transfer, refusal: Option<Reply>) {
        let whole = matches!(transfer, Transfer::Chunk { left: 0, .. });
        self.counters.bodies += 1;
        self.state = State::Body(Body { transfer, refusal, whole });
    }

    pub(super) fn body_begun(&mut self, transfer: Transfer, answer: Result<(), Verdict>) {
        let refusal = answer.err().map(Reply::Refused);
        if refusal.is_some() {
            // The caller has dropped the transaction.
            self.envelope = None;
        }
        match (transfer, refusal) {
            (Transfer::Data(_), Some(refusal)) => _ = self.refuse_data(refusal),
            (Transfer::Data(decoder), None) => {
                self.enter(Transfer::Data(decoder), None);
                self.reply(Reply::SendMessage);
            }
            (chunk @ Transfer::Chunk { .. }, refusal) => self.enter(chunk, refusal),
        }
    }

    /// Takes what is there of the message.
    pub(super) fn next_octets(&mut self) -> Option<Step> {
        let State::Body(body) = &mut self.state else { return None };
        if body.whole {
            return self.body_whole();
        }
        let unread = self.input.get_mut(self.at..).unwrap_or_default();
        if unread.is_empty() {
            return Some(Step::Read);
        }
        let mut bare = false;
        let (len, used) = match &mut body.transfer {
            Transfer::Data(decoder) => {
                let decoded = decoder.decode(unread);
                body.whole = decoded.end;
                bare = decoder.has_bare_line_ending();
                (decoded.len, decoded.used)
            }
            Transfer::Chunk { left, .. } => {
                let len = usize::try_from(*left).unwrap_or(usize::MAX).min(unread.len());
                *left -= len as u64;
                body.whole = *left == 0;
                let chunks = self.envelope.as_mut().and_then(|envelope| envelope.chunks.as_mut());
                if let Some(endings) = chunks {
                    endings.watch(unread.get(..len).unwrap_or_default());
                    bare = endings.has_bare();
                }
                (len, len)
            }
        };
        self.piece = self.at..self.at + len;
        self.at += used;
        self.octets_came(len as u64, used as u64, bare)
    }

    /// Judges the octets that have come, and hands them on unless something is wrong.
    fn octets_came(&mut self, len: u64, used: u64, bare: bool) -> Option<Step> {
        let max = self.config.max_octets();
        let State::Body(body) = &mut self.state else { return None };
        if body.refusal.is_none() {
            let octets = self.envelope.as_mut().map_or(u64::MAX, |envelope| {
                envelope.octets += len;
                envelope.octets
            });
            body.refusal = match octets {
                // RFC 5321 §2.3.8
                _ if bare => Some(Reply::Refused(Verdict::BareLineEnding)),
                // RFC 1870 §6.3
                // MSS #34
                octets if octets > max => Some(Reply::Refused(Verdict::MessageTooLarge)),
                _ => None,
            };
            if body.refusal.is_some() {
                self.forget_mail();
            }
        }
        let State::Body(body) = &mut self.state else { return None };
        match body.refusal {
            None if len == 0 => None,
            None => self.ask(Waiting::Body, Step::Body),
            Some(_) => {
                self.counters.discarded = self.counters.discarded.saturating_add(used);
                if self.counters.discarded > self.config.limits.discarded {
                    return self.cut_off();
                }
                None
            }
        }
    }

    /// Too much of what is refused: the fault is told now, and the connection closed.
    fn cut_off(&mut self) -> Option<Step> {
        if let State::Body(Body { refusal: Some(refusal), .. }) =
            std::mem::replace(&mut self.state, State::Commands)
        {
            self.reply(refusal);
        }
        self.end();
        None
    }

    pub(super) fn body_taken(&mut self, answer: Result<(), Verdict>) {
        if let (Err(verdict), State::Body(body)) = (answer, &mut self.state) {
            body.refusal = Some(Reply::Refused(verdict));
            // The caller has dropped the transaction.
            self.envelope = None;
        }
    }

    /// The end of the message, or of a chunk.
    fn body_whole(&mut self) -> Option<Step> {
        if self.doubtful {
            return self.ask_again();
        }
        let State::Body(body) = std::mem::replace(&mut self.state, State::Commands) else {
            return None;
        };
        if let Some(refusal) = body.refusal {
            self.forget_mail();
            return self.say(refusal);
        }
        if let Transfer::Chunk { octets, last: false, .. } = body.transfer {
            return self.say(Reply::ChunkTaken(octets));
        }
        let endings = self.envelope.as_mut().and_then(|envelope| envelope.chunks.take());
        // RFC 5321 §2.3.8
        if endings.is_some_and(LineEndings::finish) {
            self.forget_mail();
            return self.say(Reply::Refused(Verdict::BareLineEnding));
        }
        self.ask(Waiting::End, Step::EndBody)
    }

    // RFC 5321 §4.2.5
    pub(super) fn body_ended(&mut self, answer: Result<Accepted, Verdict>) {
        // The caller has dropped the transaction.
        self.envelope = None;
        match answer {
            Ok(accepted) => {
                self.counters.refusals = 0;
                self.counters.deferrals = 0;
                self.counters.idle_commands = 0;
                self.counters.discarded = 0;
                self.reply(Reply::Accepted(accepted));
            }
            Err(verdict) => self.reply(Reply::Refused(verdict)),
        }
    }
}
