//! Our own conformance suite: a test for each clause of the SMTP standards that the server implements, tagged with it,
//! written from the standard's text and held against a session without sockets. Timers, traces and what needs a store
//! are held where there is one: `tests/server/sockets.rs` and `tests/operators`.

#[cfg(test)]
#[expect(dead_code, reason = "made for the tests of the session")]
#[path = "../server/office.rs"]
mod office;
#[cfg(test)]
#[path = "../server/transcript.rs"]
mod transcript;

#[cfg(test)]
mod authentication;
#[cfg(test)]
mod commands;
#[cfg(test)]
mod extensions;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod mail;
#[cfg(test)]
mod reports;
