//! What goes over the wire, in both directions, without sockets and without state of a session.
//!
//! Invariants: nothing here allocates more than a line; a line ends at CRLF and nowhere else; the end of a message
//! is CRLF.CRLF and nothing else. Failure: values that say what is wrong; the replies are the session's.

pub mod command;
pub mod data;
pub mod line;
pub mod params;
pub mod path;
pub mod xtext;
