//! The machine-readable part: `message/delivery-status`.
//!
//! Invariants: ASCII; addresses with other letters are written as RFC 6533 asks; a peer's text stands in
//! Diagnostic-Code only, bounded. Failure: none.

use domain::MailAddress;

use super::super::reply::visible;
use super::mime::{ascii, date, field};
use super::{Action, Dsn, Event, Reader, RecipientReport};
use crate::wire::xtext::encode_utf8;

/// Longest text of a peer in a field, in characters.
const MAX_DIAGNOSTIC: usize = 500;

/// Longest label in a field, in characters; each may become ten.
const MAX_LABEL: usize = 60;

/// The groups of fields: that of the message, then one for each recipient.
// RFC 3464 §2.1
pub(super) fn delivery_status(dsn: &Dsn) -> String {
    let mut out = String::new();
    // RFC 3464 §2.2
    if let Some(id) = &dsn.original.envelope_id {
        out.push_str(&field("Original-Envelope-Id", id.as_str()));
    }
    out.push_str(&field("Reporting-MTA", &format!("dns; {}", ascii(dsn.reporting_mta.as_str()))));
    out.push_str(&field("Arrival-Date", &date(dsn.original.accepted_at)));
    for report in &dsn.recipients {
        out.push_str("\r\n");
        out.push_str(&recipient_fields(report, dsn.reader));
    }
    out
}

// RFC 3464 §2.3
fn recipient_fields(report: &RecipientReport, reader: Reader) -> String {
    let mut out = String::new();
    match reader {
        Reader::Professional => {
            if let Some(original) = &report.recipient.original {
                out.push_str(&field("Original-Recipient", &original.to_field()));
            }
            out.push_str(&field("Final-Recipient", &typed(&report.recipient.address)));
        }
        // MSS #46
        Reader::Citizen => {
            let label = report.label.as_deref().map(|label| visible(label, MAX_LABEL));
            let label = encode_utf8(label.as_deref().unwrap_or("unknown"));
            out.push_str(&field("Final-Recipient", &format!("x-pli-label;{label}")));
        }
    }
    out.push_str(&field("Action", action_word(report.action())));
    out.push_str(&field("Status", &report.status().to_string()));
    if let Some(host) = report.remote_mta.as_deref().and_then(host_name) {
        out.push_str(&field("Remote-MTA", &format!("dns; {host}")));
    }
    if let Some(diagnostic) = diagnostic(report, reader) {
        out.push_str(&field("Diagnostic-Code", &diagnostic));
    }
    if let Some(at) = report.last_attempt {
        out.push_str(&field("Last-Attempt-Date", &date(at)));
    }
    // RFC 3464 §2.3.8
    if let Event::Delayed { retried_until, .. } = &report.event {
        out.push_str(&field("Will-Retry-Until", &date(*retried_until)));
    }
    out
}

/// An address with its type.
// RFC 3464 §2.3.2
// RFC 6533 §3
fn typed(address: &MailAddress) -> String {
    if address.needs_smtputf8() {
        format!("utf-8;{}", encode_utf8(&address.to_string()))
    } else {
        format!("rfc822;{address}")
    }
}

fn action_word(action: Action) -> &'static str {
    match action {
        Action::Failed => "failed",
        Action::Delayed => "delayed",
        Action::Delivered => "delivered",
        Action::Relayed => "relayed",
    }
}

/// The peer's answer; else our own reason under a type of our own.
// RFC 3464 §2.3.6
fn diagnostic(report: &RecipientReport, reader: Reader) -> Option<String> {
    let reply = match &report.event {
        Event::Relayed { reply } => Some(reply),
        _ => report.problem().and_then(|problem| problem.reply.as_ref()),
    };
    if let Some(reply) = reply {
        let status = reply.status().map(|status| format!("{status} ")).unwrap_or_default();
        let text = match reader {
            Reader::Professional => ascii(&visible(reply.text(), MAX_DIAGNOSTIC)),
            // A server's words may name the address.
            Reader::Citizen => String::new(),
        };
        return Some(format!("smtp; {} {status}{text}", reply.code()));
    }
    let problem = report.problem()?;
    let detail = problem.detail.as_deref().map(|detail| format!(" ({})", ascii(detail)));
    Some(format!("x-pli; {}{}", problem.reason.id(), detail.unwrap_or_default()))
}

/// A host name or address as it may stand in a field.
fn host_name(host: &str) -> Option<&str> {
    let right = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b':' | b'_');
    (!host.is_empty() && host.len() <= 255 && host.bytes().all(right)).then_some(host)
}
