//! How long the client waits for what.
//!
//! Invariant: a deadline holds for a whole reply, not for each octet of it, so a peer cannot hold a connection by
//! dripping. Failure: none.

use std::time::Duration;

use super::failure::Phase;

const fn minutes(minutes: u64) -> Duration {
    Duration::from_secs(minutes * 60)
}

/// The time limits; the defaults are the least that the standard allows.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// TCP connect, for each address.
    pub connect: Duration,
    /// The TLS handshake.
    pub handshake: Duration,
    /// The greeting.
    pub greeting: Duration,
    /// EHLO, STARTTLS, RSET, MAIL and RCPT, each.
    pub command: Duration,
    /// The answer to DATA.
    pub data: Duration,
    /// Each block of the body.
    pub block: Duration,
    /// The answer to the whole message.
    pub message: Duration,
    /// The answer to QUIT, and what a peer still has to say when we cannot write.
    pub parting: Duration,
}

impl Default for Timeouts {
    // RFC 5321 §4.5.3.2
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            handshake: minutes(1),
            greeting: minutes(5),
            command: minutes(5),
            data: minutes(2),
            block: minutes(3),
            message: minutes(10),
            parting: Duration::from_secs(5),
        }
    }
}

impl Timeouts {
    /// The limit of a phase.
    pub(super) fn of(&self, phase: Phase) -> Duration {
        match phase {
            Phase::Connect => self.connect,
            Phase::Greeting => self.greeting,
            Phase::Ehlo | Phase::Tls | Phase::Login | Phase::Rset | Phase::Mail | Phase::Rcpt => {
                self.command
            }
            Phase::Data => self.data,
            Phase::Body => self.block,
            // A BDAT is a block that is answered.
            Phase::Chunk => self.block,
            Phase::Final => self.message,
            Phase::Quit => self.parting,
        }
    }
}
