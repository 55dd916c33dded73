//! Literals that a client announces: taken into the command, streamed as a message, or refused.
//!
//! Failure: a literal that is refused costs its command; of a client that does not wait it is skipped.

use super::append::Appending;
use super::{Expects, Session};
use crate::frame::{Announced, MAX_COMMAND, MAX_LITERAL};
use crate::grammar;
use crate::login::LogIn;

/// Octets of a literal that is sent without leave before log-in.
// RFC 7888 §5
const MAX_UNASKED: u64 = 4096;

impl<L: LogIn> Session<L> {
    /// A literal is announced.
    pub(super) fn literal(&mut self, literal: Announced) {
        let Announced { size, waits } = literal;
        if !matches!(self.expects, Expects::Command) {
            self.expects = Expects::Command;
            self.refuse("*", "No literal is expected here");
            return self.framer.refuse_literal();
        }
        if let Some(appending) = self.appending.take() {
            return self.next_message(appending, literal);
        }
        let tag = grammar::tag_of(self.framer.command()).unwrap_or_else(|| "*".into());
        if let Some(open) = &self.open
            && let Some(append) = grammar::append::first(self.framer.command())
        {
            match open.begin_append(append, size) {
                Ok(appending) => {
                    self.appending = Some(appending);
                    self.framer.take_message();
                }
                Err(answer) => {
                    answer.write(&tag, &mut self.output);
                    return self.framer.refuse_literal();
                }
            }
        } else if size > u64::from(MAX_LITERAL)
            || self.framer.command().len() as u64 + size > MAX_COMMAND as u64
            || (self.open.is_none() && !waits && size > MAX_UNASKED)
        {
            self.refuse(&tag, "The literal is too long");
            return self.framer.refuse_literal();
        } else {
            self.framer.take_literal();
        }
        if waits {
            self.output.extend_from_slice(b"+ Ready\r\n");
        }
    }

    /// One more message of an APPEND is announced.
    // RFC 3502 §6.3.11
    fn next_message(&mut self, appending: Appending, literal: Announced) {
        let tag = appending.tag.clone();
        let head = grammar::append::next(self.framer.command(), appending.is_utf8());
        let (Some(open), Some(head)) = (&self.open, head) else {
            self.refuse(&tag, "No message may follow like this");
            return self.framer.refuse_literal();
        };
        match open.append_next(appending, head, literal.size) {
            Ok(appending) => {
                self.appending = Some(appending);
                self.framer.take_message();
                if literal.waits {
                    self.output.extend_from_slice(b"+ Ready\r\n");
                }
            }
            Err(answer) => {
                answer.write(&tag, &mut self.output);
                self.framer.refuse_literal();
            }
        }
    }
}
