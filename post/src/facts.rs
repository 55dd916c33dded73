//! What the rules need to know of a message, read from its header.
//!
//! Read once, from what the scanner kept; a header that is too long to be kept whole is refused
//! before. Values are for judging, not for showing: `Debug` prints none of them.

use domain::MailAddress;
use domain::exchange::{MES_HEADER, MessageKind};
use mailstore::message::{Address, Digest, decode};
use std::fmt;

/// `Received` fields beyond which a message is going round in circles.
// RFC 5321 §6.3
pub const MAX_HOPS: usize = 50;

/// Authors of a message; the scanner keeps more, and what it does not keep must not pass unjudged.
const MAX_AUTHORS: usize = 100;

/// Fields that the rules read, or that readers tell messages by: they stand once.
// RFC 5322 §3.6
const ONCE: [&str; 9] = [
    "From",
    "Sender",
    "Reply-To",
    "Subject",
    "Message-ID",
    "Date",
    "Content-Type",
    "Auto-Submitted",
    MES_HEADER,
];

/// The header's facts.
#[derive(Clone, PartialEq, Eq)]
pub struct Facts {
    /// The authors; empty when From is absent or names nobody that mail could reach.
    pub from: Vec<MailAddress>,
    /// Whether every mailbox in From is an address of mail.
    pub from_reads: bool,
    /// Whether a field that the rules read stands twice, or Sender is not one address: different
    /// readers would read different messages.
    pub ambiguous: bool,
    /// Who sent it, if that is somebody else.
    pub sender: Option<MailAddress>,
    /// Where answers go.
    pub reply_to: Vec<MailAddress>,
    /// Whether a person, a program or a report writes.
    pub kind: MessageKind,
    /// The value of `X-MSS-MES`.
    pub mss_mes: Option<String>,
    /// The product that the message comes from, `X-MSS-NIL`.
    pub mss_nil: Option<String>,
    /// The decoded subject.
    pub subject: Option<String>,
    /// The message's identifier without angle brackets.
    pub message_id: Option<String>,
    /// `Received` fields.
    pub hops: usize,
}

impl fmt::Debug for Facts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Facts({} authors, {:?}, {} hops, …)", self.from.len(), self.kind, self.hops)
    }
}

impl Facts {
    /// Reads them from what the scanner found.
    #[must_use]
    pub fn of(digest: &Digest) -> Self {
        let envelope = &digest.envelope;
        let (from, from_reads) = addresses(&envelope.from);
        let (sender, sender_reads) = addresses(&envelope.sender);
        let twice = ONCE.iter().any(|name| digest.fields(name).nth(1).is_some());
        let odd_sender = digest.field("Sender").is_some() && (sender.len() != 1 || !sender_reads);
        let text = |name: &str| digest.field(name).map(|value| value.decode().trim().to_owned());
        let auto_submitted = text("Auto-Submitted");
        // RFC 6522 §3
        let is_report = digest.structure.is("multipart", "report");
        Self {
            from,
            from_reads: from_reads && envelope.from.len() < MAX_AUTHORS,
            ambiguous: twice || odd_sender,
            sender: sender.into_iter().next(),
            reply_to: addresses(&envelope.reply_to).0,
            kind: MessageKind::of(is_report, auto_submitted.as_deref()),
            mss_mes: text(MES_HEADER),
            mss_nil: text("X-MSS-NIL"),
            subject: envelope.subject.as_ref().map(|subject| decode(subject.as_bytes())),
            message_id: envelope.bare_message_id(),
            hops: digest.fields("Received").count(),
        }
    }
}

/// The addresses of a field that read, and whether all do.
fn addresses(list: &[Address]) -> (Vec<MailAddress>, bool) {
    let mailboxes: Vec<_> = list.iter().filter_map(Address::addr_spec).collect();
    let read: Vec<_> = mailboxes.iter().filter_map(|address| address.parse().ok()).collect();
    let all = read.len() == mailboxes.len();
    (read, all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mailstore::message::digest_of;

    fn facts(header: &str) -> Facts {
        Facts::of(&digest_of(format!("{}\r\n\r\nbody\r\n", header.replace('\n', "\r\n"))))
    }

    #[test]
    fn authors_and_answers_are_read_and_what_is_no_address_is_said() {
        let read = facts("From: \"Martin, M.\" <m@a.example>, x@b.example\nReply-To: r@a.example");
        assert_eq!(read.from.len(), 2);
        assert!(read.from_reads);
        assert_eq!(read.reply_to, ["r@a.example".parse().unwrap()]);
        let odd = facts("From: m@a.example, nobody");
        assert_eq!((odd.from.len(), odd.from_reads), (1, false));
        assert!(facts("To: x@a.example").from.is_empty());
    }

    #[test]
    fn what_two_readers_could_read_differently_is_ambiguous() {
        let clear = "From: m@a.example\nSubject: x";
        assert!(!facts(clear).ambiguous);
        for more in [
            "Subject: y",
            "From: x@a.example",
            "X-MSS-MES: x\nX-MSS-MES: FIN",
            "Sender: x@a.example, y@a.example",
            "Sender: nobody",
            "Sender: x@a.example\nSender: y@a.example",
        ] {
            assert!(facts(&format!("{clear}\n{more}")).ambiguous, "{more}");
        }
        let many = vec!["m@a.example"; 200].join(", ");
        assert!(!facts(&format!("From: {many}")).from_reads);
    }

    #[test]
    fn reports_and_automatic_mail_are_told_from_persons() {
        assert_eq!(facts("From: a@b.example").kind, MessageKind::Ordinary);
        assert_eq!(facts("Auto-Submitted: auto-replied").kind, MessageKind::AutoSubmitted);
        let report = "Content-Type: multipart/report; report-type=delivery-status; boundary=x";
        let body = format!("{report}\r\n\r\n--x\r\n\r\nhello\r\n--x--\r\n");
        assert_eq!(Facts::of(&digest_of(body)).kind, MessageKind::Report);
    }

    #[test]
    fn facts_print_nothing_of_the_message() {
        let printed = format!("{:?}", facts("From: dupont@a.example\nSubject: grippe"));
        assert!(!printed.contains("dupont") && !printed.contains("grippe"), "{printed}");
    }
}
