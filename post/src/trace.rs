//! The trace that we write at the beginning of a message.
//!
//! `Received` says by which way it came. The peer's name for itself is bounded and cleaned: it
//! may be anything. No recipient is named: a message may have several.

use domain::{MailDomain, ReversePath};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use mailstore::QueueId;
use std::net::IpAddr;

/// How a message came in.
#[derive(Debug, Clone)]
pub struct Arrival {
    /// The name that the peer gave in EHLO.
    pub helo: String,
    /// Its address.
    pub address: IpAddr,
    /// With which protocol (RFC 3848): `ESMTPS`, `ESMTPSA`, `HTTPS` …
    pub protocol: &'static str,
}

/// Characters of a peer's name that are shown.
const MAX_HELO: usize = 255;

/// The `Return-Path` field of a message that ends here: whom reports go to.
// RFC 5321 §4.4
pub(crate) fn return_path(reverse_path: &ReversePath) -> String {
    match reverse_path.address() {
        Some(address) => format!("Return-Path: <{address}>\r\n"),
        None => "Return-Path: <>\r\n".to_owned(),
    }
}

/// The `Received` field of a message that came in now.
// RFC 5321 §4.4
pub(crate) fn received(
    arrival: Option<&Arrival>,
    by: &MailDomain,
    id: QueueId,
    now: Timestamp,
) -> String {
    let date = date(now);
    match arrival {
        None => format!("Received: by {by} id {id};\r\n\t{date}\r\n"),
        Some(Arrival { helo, address, protocol }) => {
            let helo: String = helo.chars().filter(|c| is_shown(*c)).take(MAX_HELO).collect();
            let helo = if helo.is_empty() { "unknown".to_owned() } else { helo };
            let literal = match address {
                IpAddr::V4(v4) => format!("[{v4}]"),
                IpAddr::V6(v6) => format!("[IPv6:{v6}]"),
            };
            format!(
                "Received: from {helo} ({literal})\r\n\tby {by} with {protocol} id {id};\r\n\t{date}\r\n"
            )
        }
    }
}

/// A date as header fields have it, in UTC.
// RFC 5322 §3.3
pub(crate) fn date(now: Timestamp) -> String {
    let printer = rfc2822::DateTimePrinter::new();
    printer.zoned_to_string(&now.to_zoned(TimeZone::UTC)).unwrap_or_default()
}

/// What may stand in a domain or an address literal.
fn is_shown(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_says_who_and_how_and_when_and_lets_nothing_in() {
        let arrival = Arrival {
            helo: "mail.chu.example\r\nX-Evil: (1)".into(),
            address: "192.0.2.7".parse().unwrap(),
            protocol: "ESMTPS",
        };
        let now = Timestamp::from_second(1_800_000_000).unwrap();
        let by = "mail.practice.example".parse().unwrap();
        let trace = received(Some(&arrival), &by, QueueId::from_bytes([1; 16]), now);
        assert_eq!(
            trace,
            "Received: from mail.chu.exampleX-Evil:1 ([192.0.2.7])\r\n\
             \tby mail.practice.example with ESMTPS id 01010101010101010101010101010101;\r\n\
             \tFri, 15 Jan 2027 08:00:00 +0000\r\n"
        );
        let own = received(None, &by, QueueId::from_bytes([1; 16]), now);
        assert!(own.starts_with("Received: by mail.practice.example id 0101"));
    }
}
