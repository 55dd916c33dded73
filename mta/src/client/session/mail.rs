//! The states of a message: RSET, MAIL, RCPT, DATA or BDAT, the body and its answer.
//!
//! MAIL and all RCPT go out together where the peer offers PIPELINING; DATA waits for their answers, so that an
//! empty message never has to be sent to a peer that refused everybody. Where it offers CHUNKING the body goes in
//! BDATs of [`CHUNK`] octets, each answered before the next, so that an early refusal costs one of them.
//!
//! Failure: an answer of class 4 or 5 is the recipients' outcome and leaves the connection usable; but in the
//! middle of DATA it ends the connection, because the message cannot be taken back.

use super::super::body::BodyEncoder;
use super::super::command;
use super::super::failure::Failure;
use super::super::outcome::{Outcome, Problem};
use super::super::reply::Reply;
use super::super::status::Class;
use super::{Session, State, Step};

/// Octets of one BDAT.
pub(super) const CHUNK: usize = 256 * 1024;

impl Session {
    /// Some of the body.
    pub fn body(&mut self, octets: &[u8]) {
        let Some(transaction) = self.transaction.as_mut() else { return };
        let Some(encoder) = transaction.encoder.as_mut() else { return };
        let mut out = std::mem::take(&mut transaction.gathered);
        if encoder.encode(octets, &mut out).is_err() {
            return self.fail(Failure::BareLineEnding);
        }
        match self.state {
            State::Stream => self.steps.push_back(Step::Write(out)),
            State::Gather if out.len() >= CHUNK => {
                self.command(command::bdat(&out, false), State::Chunk);
            }
            _ => transaction.gathered = out,
        }
    }

    /// The body's end.
    pub fn body_end(&mut self) {
        let Some(transaction) = self.transaction.as_mut() else { return };
        let Some(encoder) = transaction.encoder.take() else { return };
        let mut out = std::mem::take(&mut transaction.gathered);
        if encoder.finish(&mut out).is_err() {
            return self.fail(Failure::BareLineEnding);
        }
        match self.state {
            State::Gather => self.command(command::bdat(&out, true), State::Final),
            _ => self.command(out, State::Final),
        }
    }

    /// The body cannot be read to its end.
    pub fn body_failed(&mut self) {
        if self.state != State::Ended {
            self.fail(Failure::BodyUnavailable);
        }
    }

    /// Begins the transaction, unless nobody can get the message over this peer.
    pub(super) fn open_transaction(&mut self) {
        let Some(transaction) = &self.transaction else { return };
        if !transaction.is_open() {
            return self.finish_envelope();
        }
        // RFC 5321 §4.1.1.5
        if self.served {
            return self.command(b"RSET\r\n".to_vec(), State::Rset);
        }
        self.served = true;
        self.write_envelope();
    }

    // RFC 2920 §3.1
    fn write_envelope(&mut self) {
        let Some(transaction) = &self.transaction else { return };
        let mut group = command::mail(&transaction.envelope, &self.offered, transaction.smtputf8);
        if self.offered.pipelining {
            for recipient in transaction.all_named() {
                group.extend(command::rcpt(recipient, &self.offered));
            }
        }
        self.command(group, State::Mail);
    }

    /// A reply while a message is under way.
    pub(super) fn on_mail_answer(&mut self, reply: Reply) {
        match self.state {
            State::Rset if reply.code() == 250 => self.write_envelope(),
            State::Rset => self.fail(Failure::Stale),
            State::Mail => self.on_mail(reply),
            State::Rcpt(nth) => self.on_rcpt(nth, reply),
            State::Data => self.on_data(reply),
            State::Stream => self.on_early_answer(reply),
            State::Chunk => self.on_chunk(reply),
            State::Final => self.on_final(reply),
            _ => self.unexpected(&reply),
        }
    }

    fn on_mail(&mut self, reply: Reply) {
        let pipelining = self.offered.pipelining;
        let Some(transaction) = self.transaction.as_mut() else { return };
        match reply.class() {
            Some(Class::Success) => {}
            Some(Class::Temporary | Class::Permanent) if pipelining => {
                transaction.mail_refused = Some(mail_problem(reply));
            }
            Some(Class::Temporary | Class::Permanent) => {
                return self.conclude(&mail_problem(reply));
            }
            None => return self.unexpected(&reply),
        }
        self.await_rcpt(0);
    }

    /// Awaits the answer to the `nth` RCPT, written now unless it was pipelined; or goes on after the last one.
    fn await_rcpt(&mut self, nth: usize) {
        let named = self.transaction.as_ref().and_then(|transaction| transaction.named(nth));
        match named {
            Some(_) if self.offered.pipelining => self.state = State::Rcpt(nth),
            Some(recipient) => {
                let line = command::rcpt(recipient, &self.offered);
                self.command(line, State::Rcpt(nth));
            }
            None => self.finish_envelope(),
        }
    }

    fn on_rcpt(&mut self, nth: usize, reply: Reply) {
        let Some(transaction) = self.transaction.as_mut() else { return };
        match reply.class() {
            _ if transaction.mail_refused.is_some() => {}
            Some(Class::Success) => {}
            Some(_) => transaction.settle(nth, rcpt_problem(reply).outcome()),
            None => return self.unexpected(&reply),
        }
        self.await_rcpt(nth + 1);
    }

    /// After the last answer to the envelope.
    fn finish_envelope(&mut self) {
        let Some(transaction) = self.transaction.as_mut() else { return };
        if let Some(problem) = transaction.mail_refused.take() {
            return self.conclude(&problem);
        }
        if !transaction.is_open() {
            return self.conclude(&Failure::BodyUnavailable.problem());
        }
        // RFC 3030 §2
        if self.offered.chunking {
            transaction.encoder = Some(BodyEncoder::for_bdat());
            self.state = State::Gather;
        } else {
            self.command(b"DATA\r\n".to_vec(), State::Data);
        }
    }

    fn on_data(&mut self, reply: Reply) {
        let Some(transaction) = self.transaction.as_mut() else { return };
        match (reply.code(), reply.class()) {
            (354, _) => {
                transaction.encoder = Some(BodyEncoder::for_data());
                self.state = State::Stream;
            }
            (_, Some(Class::Temporary | Class::Permanent)) => {
                self.conclude(&Problem::answered(reply));
            }
            _ => self.unexpected(&reply),
        }
    }

    /// An answer in the middle of DATA.
    fn on_early_answer(&mut self, reply: Reply) {
        match reply.class() {
            Some(Class::Temporary | Class::Permanent) => {
                self.steps.clear();
                self.conclude(&Problem::answered(reply));
                self.state = State::Ended;
            }
            _ => self.unexpected(&reply),
        }
    }

    fn on_chunk(&mut self, reply: Reply) {
        match reply.class() {
            Some(Class::Success) => self.state = State::Gather,
            Some(_) => self.conclude(&Problem::answered(reply)),
            None => self.unexpected(&reply),
        }
    }

    // RFC 5321 §4.2.5
    fn on_final(&mut self, reply: Reply) {
        match reply.class() {
            Some(Class::Success) => {
                self.state = State::Idle;
                if let Some(transaction) = self.transaction.take() {
                    let delivered = || Outcome::Delivered { reply: reply.clone() };
                    self.done(transaction.outcomes(delivered));
                }
            }
            Some(_) => self.conclude(&Problem::answered(reply)),
            None => self.unexpected(&reply),
        }
    }
}

/// A refusal of MAIL. What it says of our connection or certificate is mended by people: mail stays queued.
// MSS #10, #11
fn mail_problem(reply: Reply) -> Problem {
    let about_us = reply.code() == 530
        || reply.status().is_some_and(|status| matches!(status.topic(), (7, 0 | 5 | 10)));
    if about_us { Problem::mendable(reply) } else { Problem::answered(reply) }
}

/// A refusal of RCPT. Old servers say 552 for too many recipients.
// RFC 5321 §4.5.3.1.10
fn rcpt_problem(reply: Reply) -> Problem {
    use domain::Verdict;

    use super::super::outcome::Reason;
    let topic = reply.status().map(|status| status.topic());
    match (reply.code(), topic) {
        (452, Some((5, 3))) => {
            let reason = Reason::Verdict(Verdict::TooManyRecipients);
            Problem { reply: Some(reply), ..Problem::new(reason) }
        }
        (552, None | Some((5, 3))) => Problem::mendable(reply),
        _ => Problem::answered(reply),
    }
}
